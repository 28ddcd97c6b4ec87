/* SPDX-License-Identifier: MIT */
/* Memory that is broken in the ways that chips and boards are, and the test that finds it. */
#include <kernel/lib/memtest.h>

#include "test.h"

#include <stdlib.h>

#define WORDS 4096u
#define BASE  0x12340000ull

enum fault { NONE, STUCK_LOW, STUCK_HIGH, ALIASED, COUPLED };

/* Memory as the chips hold it, after something was written. */
static void decay(u64 *p, enum fault fault, size_t at)
{
	switch (fault) {
	case NONE:
		break;
	case STUCK_LOW:
		p[at] &= ~(1ull << 17);
		break;
	case STUCK_HIGH:
		p[at] |= 1ull << 63;
		break;
	case ALIASED: /* an address line that is not connected */
		p[at ^ 1024] = p[at];
		break;
	case COUPLED: /* two data lines that touch */
		p[at] = (p[at] & ~3ull) | ((p[at] & 3) == 3 ? 3 : 0);
		break;
	}
}

/* All passes, as mm/memtest.c makes them. Return: wrong words. */
static u64 run(enum fault fault, size_t at, size_t *first)
{
	u64 *p = malloc(WORDS * sizeof(*p)), wrong = 0;

	*first = WORDS;
	for (u32 k = 0; k < NR_MEMTEST_PATTERNS; k++) {
		memtest_fill(p, WORDS, BASE, (enum memtest_pattern)k);
		for (u32 step = 0; step < 2; step++) {
			decay(p, fault, at);
			for (size_t i = 0;; i++) {
				i = memtest_check(p, i, WORDS, BASE, (enum memtest_pattern)k, step,
						  !step);
				if (i == WORDS)
					break;
				*first = MIN(*first, i);
				wrong++;
				p[i] = ~memtest_word((enum memtest_pattern)k, BASE + 8 * i);
			}
		}
	}
	free(p);
	return wrong;
}

TEST(memtest_good)
{
	size_t first;

	CHECK_EQ(run(NONE, 0, &first), 0);
	CHECK_EQ(first, WORDS);
}

TEST(memtest_bad)
{
	size_t first, at = test_rand() % WORDS;

	for (enum fault f = STUCK_LOW; f <= COUPLED; f++) {
		CHECK(run(f, at, &first) > 0);
		CHECK_EQ(first, f == ALIASED ? at ^ 1024 : at);
	}
}

TEST(memtest_words_differ)
{
	for (u64 i = 1; i < 1000; i++) {
		CHECK(memtest_word(MEMTEST_NOISE, BASE + 8 * i) != memtest_word(MEMTEST_NOISE, BASE));
		CHECK_EQ(memtest_word(MEMTEST_ADDRESS, BASE + 8 * i), BASE + 8 * i);
	}
}
