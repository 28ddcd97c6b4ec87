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
#include <kernel/lib/chacha20.h>
#include <kernel/lib/string.h>

static u32 key[8];     /* [pool_lock] */
static u64 generation; /* [pool_lock] nonce: requests so far */
static struct spinlock pool_lock = SPINLOCK_INIT(RANK_RANDOM, "random");

/* Block @counter of the stream of request @nonce. */
static void stream_block(const u32 k[8], u64 nonce, u64 counter, u32 out[16])
{
	const u32 words[3] = { (u32)(counter >> 32), (u32)nonce, (u32)(nonce >> 32) };

	chacha20_block(k, (u32)counter, words, out);
}

/* A key for one request; the pool's own key moves on first. */
static u64 take_key(u32 out[8])
{
	u32 block[16];
	u64 nonce;
	irqflags_t flags = spin_lock_irq(&pool_lock);

	nonce = ++generation;
	stream_block(key, nonce, 0, block);
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

		stream_block(k, nonce, counter, block);
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
		stream_block(key, ++generation, 0, block);
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
