/* SPDX-License-Identifier: MIT */
#include <kernel/lib/hash.h>

#include "test.h"

/* Flipping any input bit flips about half of the output bits. */
TEST(hash_u64_avalanche)
{
	for (unsigned bit = 0; bit < 64; bit++) {
		unsigned flips = 0;

		for (int i = 0; i < 256; i++) {
			u64 x = test_rand();

			flips += (unsigned)__builtin_popcountll(hash_u64(x) ^ hash_u64(x ^ BIT(bit)));
		}
		CHECK(flips > 256 * 28 && flips < 256 * 36);
	}
}

/*
 * Reference values by CPython 3.11, whose hash() of bytes is SipHash-1-3 with
 * the key 0, 0 under PYTHONHASHSEED=0: hash(bytes(range(n))).
 */
TEST(hash_bytes_reference)
{
	static const struct {
		size_t n;
		u64 hash;
	} want[] = {
		{ 1, 0x68a914128e01e473ull },
		{ 2, 0x010bac45c41e3669ull },
		{ 7, 0x2f098ab0c751325aull },
		{ 8, 0xead411e67ebe2eeaull },
		{ 9, 0x75927f9d95124362ull },
		{ 15, 0xf30eb725bb91c9eaull },
		{ 16, 0x8972188433a5c5b7ull },
		{ 63, 0x385d3e39e5f37359ull },
	};
	u8 data[64];

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (u8)i;
	for (size_t i = 0; i < ARRAY_SIZE(want); i++)
		CHECK_EQ(hash_bytes(data, want[i].n, (u64[2]){ 0, 0 }), want[i].hash);
	CHECK(hash_bytes(data, 8, (u64[2]){ 1, 0 }) != hash_bytes(data, 8, (u64[2]){ 0, 1 }));
}
