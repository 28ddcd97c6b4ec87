/* SPDX-License-Identifier: MIT */
/* [pure] See memtest.h. */
#include <kernel/lib/memtest.h>

/* Finaliser of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014, figure 15). */
static u64 mix(u64 x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;
	return x ^ x >> 31;
}

u64 memtest_word(enum memtest_pattern pattern, paddr_t pa)
{
	switch (pattern) {
	case MEMTEST_ADDRESS:
		return pa;
	case MEMTEST_STRIPES:
		return 0x5555555555555555ull;
	case MEMTEST_NOISE:
		return mix(pa);
	case NR_MEMTEST_PATTERNS:
		break;
	}
	return 0;
}

void memtest_fill(u64 *p, size_t n, paddr_t pa, enum memtest_pattern pattern)
{
	for (size_t i = 0; i < n; i++)
		p[i] = memtest_word(pattern, pa + 8 * i);
}

size_t memtest_check(u64 *p, size_t from, size_t n, paddr_t pa, enum memtest_pattern pattern,
		     bool inverse, bool rewrite)
{
	u64 flip = inverse ? ~0ull : 0;

	for (size_t i = from; i < n; i++) {
		u64 want = memtest_word(pattern, pa + 8 * i) ^ flip;

		if (p[i] != want)
			return i;
		if (rewrite)
			p[i] = ~want;
	}
	return n;
}
