/* SPDX-License-Identifier: MIT */
#include <kernel/lib/crc32.h>

#include "test.h"

/* Bit by bit, as the definition says. */
static u32 naive(u32 crc, const u8 *p, size_t len)
{
	crc = ~crc;
	while (len--) {
		crc ^= *p++;
		for (int i = 0; i < 8; i++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
	}
	return ~crc;
}

TEST(crc32_random)
{
	u8 data[100];

	CHECK_EQ(crc32_update(0, "123456789", 9), 0xcbf43926u); /* its check value */
	CHECK_EQ(crc32_update(0, "", 0), 0);
	for (int round = 0; round < 2000; round++) {
		size_t len = test_rand_below(sizeof(data) + 1), cut = test_rand_below(len + 1);
		u32 want;

		test_rand_fill(data, len);
		want = naive(0, data, len);
		CHECK_EQ(crc32_update(0, data, len), want);
		CHECK_EQ(crc32_update(crc32_update(0, data, cut), data + cut, len - cut), want);
	}
}
