/* SPDX-License-Identifier: MIT */
#include <kernel/lib/sort.h>

#include "test.h"

#define N 200

struct rec {
	u8 key;
	u8 id[2]; /* an odd size, and what says that no element was lost */
};

static unsigned compares;

static int by_key(const void *a, const void *b)
{
	compares++;
	return ((const struct rec *)a)->key - ((const struct rec *)b)->key;
}

TEST(sort_random)
{
	for (int round = 0; round < 2000; round++) {
		size_t n = test_rand_below(N), keys = 1 + test_rand_below(256);
		struct rec *r = test_alloc(n * sizeof(*r));
		u8 key_of[N];
		bool seen[N] = { false };

		for (size_t i = 0; i < n; i++) {
			u8 key = (u8)(round % 3 ? test_rand_below(keys) : i * keys / N);

			r[i] = (struct rec){ key, { (u8)i, 7 } };
			key_of[i] = key;
		}
		compares = 0;
		sort(r, n, sizeof(*r), by_key);
		CHECK(compares <= 2 * n * 8); /* 2 n log2 n */
		for (size_t i = 0; i < n; i++) {
			CHECK(!i || r[i - 1].key <= r[i].key);
			CHECK_EQ(r[i].id[1], 7);
			CHECK(!seen[r[i].id[0]]);
			seen[r[i].id[0]] = true;
			CHECK_EQ(r[i].key, key_of[r[i].id[0]]);
		}
	}
}
