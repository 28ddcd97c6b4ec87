/* SPDX-License-Identifier: MIT */
/* ChaCha20 [pure]: words of the state numbered as in RFC 8439 §2.3. */
#include <kernel/lib/chacha20.h>

static inline u32 rotl(u32 x, u32 n)
{
	return x << n | x >> (32 - n);
}

/* Always inline: the numbers are constants then, and the words stay in registers. */
static inline __attribute__((always_inline)) void quarter_round(u32 *x, u32 a, u32 b, u32 c, u32 d)
{
	x[a] += x[b];
	x[d] = rotl(x[d] ^ x[a], 16);
	x[c] += x[d];
	x[b] = rotl(x[b] ^ x[c], 12);
	x[a] += x[b];
	x[d] = rotl(x[d] ^ x[a], 8);
	x[c] += x[d];
	x[b] = rotl(x[b] ^ x[c], 7);
}

void chacha20_block(const u32 key[8], u32 counter, const u32 nonce[3], u32 out[16])
{
	const u32 init[16] = { /* "expand 32-byte k" */
			       0x61707865, 0x3320646e, 0x79622d32, 0x6b206574,
			       key[0], key[1], key[2], key[3], key[4], key[5], key[6], key[7],
			       counter, nonce[0], nonce[1], nonce[2] };

	u32 x[16];

	for (u32 i = 0; i < 16; i++)
		x[i] = init[i];
	for (u32 round = 0; round < 10; round++) {
		quarter_round(x, 0, 4, 8, 12);
		quarter_round(x, 1, 5, 9, 13);
		quarter_round(x, 2, 6, 10, 14);
		quarter_round(x, 3, 7, 11, 15);
		quarter_round(x, 0, 5, 10, 15);
		quarter_round(x, 1, 6, 11, 12);
		quarter_round(x, 2, 7, 8, 13);
		quarter_round(x, 3, 4, 9, 14);
	}
	for (u32 i = 0; i < 16; i++)
		out[i] = x[i] + init[i];
}
