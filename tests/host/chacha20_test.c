/* SPDX-License-Identifier: MIT */
/* The test vector of RFC 8439 §2.3.2. */
#include <kernel/lib/chacha20.h>

#include "test.h"

TEST(chacha20_rfc8439)
{
	static const u32 nonce[3] = { 0x09000000, 0x4a000000, 0x00000000 };
	static const u32 want[16] = {
		0xe4e7f110, 0x15593bd1, 0x1fdd0f50, 0xc47120a3, 0xc7f4d1c7, 0x0368c033,
		0x9aaa2204, 0x4e6cd4c3, 0x466482d2, 0x09aa9f07, 0x05d7c214, 0xa2028bd9,
		0xd19c12b5, 0xb94e16de, 0xe883d0cb, 0x4e3c50a2,
	};
	u32 key[8], out[16];

	for (u32 i = 0; i < 8; i++)
		key[i] = 0x03020100 + i * 0x04040404;
	chacha20_block(key, 1, nonce, out);
	for (u32 i = 0; i < 16; i++)
		CHECK_EQ(out[i], want[i]);
}
