/* SPDX-License-Identifier: MIT */
/*
 * Bitmaps in arrays of u64: bit i is bit i % 64 of word i / 64. Nothing here
 * is atomic. Searches take the number of bits and return it when they find
 * nothing; bits of the last word beyond it are ignored.
 */
#pragma once

#include <kernel/lib/types.h>

#define BITMAP_WORDS(nbits) (((nbits) + 63) / 64)
/* Declares u64 name[] with room for nbits. */
#define BITMAP_DECLARE(name, nbits) u64 name[BITMAP_WORDS(nbits)]

static inline void bitmap_set(u64 *map, size_t bit)
{
	map[bit / 64] |= BIT(bit % 64);
}

static inline void bitmap_clear(u64 *map, size_t bit)
{
	map[bit / 64] &= ~BIT(bit % 64);
}

static inline bool bitmap_test(const u64 *map, size_t bit)
{
	return map[bit / 64] >> (bit % 64) & 1;
}

/* Set or clear the bits [start, start + n). */
void bitmap_set_range(u64 *map, size_t start, size_t n);
void bitmap_clear_range(u64 *map, size_t start, size_t n);

/** bitmap_next_set, bitmap_next_zero - first such bit in [from, nbits) */
size_t bitmap_next_set(const u64 *map, size_t nbits, size_t from);
size_t bitmap_next_zero(const u64 *map, size_t nbits, size_t from);

/** bitmap_find_zeros - start of the first run of @n > 0 zero bits in [from, nbits) */
size_t bitmap_find_zeros(const u64 *map, size_t nbits, size_t from, size_t n);

/** bitmap_weight - how many of the first @nbits are set */
size_t bitmap_weight(const u64 *map, size_t nbits);

#define BITMAP_FOR_EACH(bit, map, nbits)                                  \
	for ((bit) = bitmap_next_set(map, nbits, 0); (bit) < (nbits);     \
	     (bit) = bitmap_next_set(map, nbits, (bit) + 1))
