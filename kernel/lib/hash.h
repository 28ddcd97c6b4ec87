/* SPDX-License-Identifier: MIT */
/*
 * Hashes for tables in memory. hash_u64() mixes keys that nobody chooses
 * (addresses, numbers of ours). What a program chooses, such as file names,
 * goes through hash_bytes() with a secret key, so that it cannot aim at one
 * bucket: SipHash-1-3 (Aumasson, Bernstein, "SipHash", 2012; the variant with
 * 1 and 3 rounds that language run-times use for this purpose).
 */
#pragma once

#include <kernel/lib/types.h>

/** hash_u64 - mix all bits into all bits (the finaliser of SplitMix64) */
static inline u64 hash_u64(u64 x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;
	return x ^ x >> 31;
}

static inline u64 hash_rotl_(u64 x, unsigned n)
{
	return x << n | x >> (64 - n);
}

static inline void hash_sip_round_(u64 v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = hash_rotl_(v[1], 13) ^ v[0];
	v[3] = hash_rotl_(v[3], 16) ^ v[2];
	v[0] = hash_rotl_(v[0], 32);
	v[2] += v[1];
	v[0] += v[3];
	v[1] = hash_rotl_(v[1], 17) ^ v[2];
	v[3] = hash_rotl_(v[3], 21) ^ v[0];
	v[2] = hash_rotl_(v[2], 32);
}

static inline void hash_sip_word_(u64 v[4], u64 m)
{
	v[3] ^= m;
	hash_sip_round_(v);
	v[0] ^= m;
}

/** hash_bytes - keyed hash of @len bytes */
static inline u64 hash_bytes(const void *data, size_t len, const u64 key[2])
{
	const u8 *p = data;
	u64 last = (u64)len << 56;
	u64 v[4] = {
		key[0] ^ 0x736f6d6570736575ull, key[1] ^ 0x646f72616e646f6dull,
		key[0] ^ 0x6c7967656e657261ull, key[1] ^ 0x7465646279746573ull,
	};

	for (; len >= 8; len -= 8, p += 8) {
		u64 m;

		__builtin_memcpy(&m, p, 8);
		hash_sip_word_(v, m);
	}
	while (len--)
		last |= (u64)p[len] << (8 * len);
	hash_sip_word_(v, last);
	v[2] ^= 0xff;
	hash_sip_round_(v);
	hash_sip_round_(v);
	hash_sip_round_(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}
