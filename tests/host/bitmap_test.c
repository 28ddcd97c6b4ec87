/* SPDX-License-Identifier: MIT */
/* Against an array of bool. */
#include <kernel/lib/bitmap.h>

#include "test.h"

#define MAX_BITS 300

static bool model[MAX_BITS];

static size_t find(size_t nbits, size_t from, bool value)
{
	while (from < nbits && model[from] != value)
		from++;
	return MIN(from, nbits);
}

static size_t find_run(size_t nbits, size_t from, size_t n)
{
	for (; from + n <= nbits; from++) {
		size_t i = 0;

		while (i < n && !model[from + i])
			i++;
		if (i == n)
			return from;
	}
	return nbits;
}

TEST(bitmap_random)
{
	for (int round = 0; round < 3000; round++) {
		size_t nbits = 1 + test_rand_below(MAX_BITS), weight = 0, bit, seen = 0;
		u64 *map = test_alloc(BITMAP_WORDS(nbits) * 8); /* exact, for ASan */

		/* Bits behind the end are noise that nothing may look at. */
		test_rand_fill(map, BITMAP_WORDS(nbits) * 8);
		bitmap_clear_range(map, 0, nbits);
		for (size_t i = 0; i < nbits; i++)
			model[i] = false;
		for (int op = 0; op < 12; op++) {
			size_t start = test_rand_below(nbits);
			size_t n = test_rand_below(nbits - start + 1) >> test_rand_below(5);
			bool set = test_rand_below(2);

			if (set)
				bitmap_set_range(map, start, n);
			else
				bitmap_clear_range(map, start, n);
			for (size_t i = 0; i < n; i++)
				model[start + i] = set;
			bitmap_set(map, start);
			model[start] = true;
			start = test_rand_below(nbits);
			bitmap_clear(map, start);
			model[start] = false;
		}
		for (size_t i = 0; i < nbits; i++) {
			CHECK_EQ(bitmap_test(map, i), model[i]);
			weight += model[i];
		}
		CHECK_EQ(bitmap_weight(map, nbits), weight);
		for (int k = 0; k < 20; k++) {
			size_t from = test_rand_below(nbits + 2), n = 1 + test_rand_below(70);

			CHECK_EQ(bitmap_next_set(map, nbits, from), find(nbits, MIN(from, nbits), true));
			CHECK_EQ(bitmap_next_zero(map, nbits, from), find(nbits, MIN(from, nbits), false));
			CHECK_EQ(bitmap_find_zeros(map, nbits, from, n), find_run(nbits, from, n));
		}
		BITMAP_FOR_EACH(bit, map, nbits)
			seen++;
		CHECK_EQ(seen, weight);
	}
}
