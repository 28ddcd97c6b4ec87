/* SPDX-License-Identifier: MIT */
/* [pure] Bitmap ranges and searches, a word at a time. */
#include <kernel/lib/bitmap.h>

/* Bits [from, 64) of a word; from < 64. */
static u64 mask_from(size_t from)
{
	return ~0ull << from;
}

/* Set or clear [start, start + n), a word with its mask at a time. */
static void for_range(u64 *map, size_t start, size_t n, bool set)
{
	while (n) {
		size_t off = start % 64;
		size_t take = MIN(n, 64 - off);
		u64 mask = mask_from(off) & (~0ull >> (64 - off - take));

		if (set)
			map[start / 64] |= mask;
		else
			map[start / 64] &= ~mask;
		start += take;
		n -= take;
	}
}

void bitmap_set_range(u64 *map, size_t start, size_t n)
{
	for_range(map, start, n, true);
}

void bitmap_clear_range(u64 *map, size_t start, size_t n)
{
	for_range(map, start, n, false);
}

/* @flip is 0 to look for ones, ~0 to look for zeros. */
static size_t next(const u64 *map, size_t nbits, size_t from, u64 flip)
{
	size_t i;
	u64 w;

	if (from >= nbits)
		return nbits;
	i = from / 64;
	w = (map[i] ^ flip) & mask_from(from % 64);
	while (!w) {
		if (++i >= BITMAP_WORDS(nbits))
			return nbits;
		w = map[i] ^ flip;
	}
	return MIN(i * 64 + (size_t)__builtin_ctzll(w), nbits);
}

size_t bitmap_next_set(const u64 *map, size_t nbits, size_t from)
{
	return next(map, nbits, from, 0);
}

size_t bitmap_next_zero(const u64 *map, size_t nbits, size_t from)
{
	return next(map, nbits, from, ~0ull);
}

size_t bitmap_find_zeros(const u64 *map, size_t nbits, size_t from, size_t n)
{
	for (;;) {
		size_t start = bitmap_next_zero(map, nbits, from);
		size_t end;

		if (start >= nbits || nbits - start < n)
			return nbits;
		end = bitmap_next_set(map, start + n, start);
		if (end == start + n)
			return start;
		from = end + 1;
	}
}

/* The builtin would call a function of libgcc, which is not linked: sums of bits
 * in fields of 2, 4 and 8, the bytes added up by the multiplication. */
static size_t word_weight(u64 x)
{
	x -= x >> 1 & 0x5555555555555555ull;
	x = (x & 0x3333333333333333ull) + (x >> 2 & 0x3333333333333333ull);
	x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0full;
	return x * 0x0101010101010101ull >> 56;
}

size_t bitmap_weight(const u64 *map, size_t nbits)
{
	size_t sum = 0;

	for (size_t i = 0; i < nbits / 64; i++)
		sum += word_weight(map[i]);
	if (nbits % 64)
		sum += word_weight(map[nbits / 64] & ~mask_from(nbits % 64));
	return sum;
}
