/* SPDX-License-Identifier: MIT */
/*
 * The random pool: one 256-bit key under a lock; each request takes a ChaCha20
 * block stream under that key and replaces the key by its first half before a
 * byte is given out (fast key erasure), so a later leak of memory tells nothing
 * of what went before. Source: RFC 8439 §2.3 (block function).
 *
 * Entropy: RDRAND where there is one, the TSC around slow device accesses at
 * start, and whatever random_mix() gets (interrupt times, writes by programs).
 */
#include <security/random.h>

#include <arch/cpu.h>
#include <arch/time.h>
#include <kernel/core/log.h>
#include <kernel/core/spinlock.h>
#include <kernel/lib/string.h>

static u32 key[8];     /* [pool_lock] */
static u64 generation; /* [pool_lock] nonce: requests so far */
static struct spinlock pool_lock = SPINLOCK_INIT(RANK_RANDOM, "random");

static u32 rotl(u32 x, u32 n)
{
	return x << n | x >> (32 - n);
}

static void quarter(u32 *x, u32 a, u32 b, u32 c, u32 d)
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

/* One 64-byte block of the stream of @k at @counter. */
static void chacha_block(const u32 k[8], u64 nonce, u64 counter, u32 out[16])
{
	const u32 init[16] = { 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574,
			       k[0], k[1], k[2], k[3], k[4], k[5], k[6], k[7],
			       (u32)counter, (u32)(counter >> 32), (u32)nonce,
			       (u32)(nonce >> 32) };

	memcpy(out, init, sizeof(init));
	for (u32 round = 0; round < 10; round++) {
		quarter(out, 0, 4, 8, 12);
		quarter(out, 1, 5, 9, 13);
		quarter(out, 2, 6, 10, 14);
		quarter(out, 3, 7, 11, 15);
		quarter(out, 0, 5, 10, 15);
		quarter(out, 1, 6, 11, 12);
		quarter(out, 2, 7, 8, 13);
		quarter(out, 3, 4, 9, 14);
	}
	for (u32 i = 0; i < 16; i++)
		out[i] += init[i];
}

/* A key for one request; the pool's own key moves on first. */
static u64 take_key(u32 out[8])
{
	u32 block[16];
	u64 nonce;
	irqflags_t flags = spin_lock_irq(&pool_lock);

	nonce = ++generation;
	chacha_block(key, nonce, 0, block);
	memcpy(key, block, sizeof(key));
	memcpy(out, &block[8], 8 * sizeof(u32));
	spin_unlock_irq(&pool_lock, flags);
	return nonce;
}

void random_bytes(void *buf, size_t len)
{
	u32 k[8], block[16];
	u64 nonce = take_key(k);
	char *at = buf;

	for (u64 counter = 1; len; counter++) {
		size_t n = MIN(len, sizeof(block));

		chacha_block(k, nonce, counter, block);
		memcpy(at, block, n);
		at += n;
		len -= n;
	}
}

u64 random_u64(void)
{
	u64 value;

	random_bytes(&value, sizeof(value));
	return value;
}

void random_mix(const void *buf, size_t len)
{
	const u8 *at = buf;
	irqflags_t flags;

	/* Absorb 32 bytes at a time: xor into the key, then stir. */
	do {
		u32 block[16], words[8] = { 0 };
		size_t n = MIN(len, sizeof(words));

		memcpy(words, at, n);
		flags = spin_lock_irq(&pool_lock);
		for (u32 i = 0; i < 8; i++)
			key[i] ^= words[i];
		chacha_block(key, ++generation, 0, block);
		memcpy(key, block, sizeof(key));
		spin_unlock_irq(&pool_lock, flags);
		at += n;
		len -= n;
	} while (len);
}

void random_init(void)
{
	bool hardware = false;
	u64 seed[8];

	for (u32 i = 0; i < ARRAY_SIZE(seed); i++) {
		hardware = cpu_random_u64(&seed[i]);
		seed[i] ^= time_cycles();
	}
	seed[0] ^= time_rtc_seconds();
	random_mix(seed, sizeof(seed));
	if (!hardware)
		log_notice("random: no RDRAND, seeded from clocks alone");
}
