/* SPDX-License-Identifier: MIT */
/*
 * The random pool: one 256-bit key under a lock; each request takes a ChaCha20
 * block stream under that key and replaces the key by its first half before a
 * byte is given out (fast key erasure), so a later leak of memory tells nothing
 * of what went before. Requests of a few bytes (AT_RANDOM, places of mappings)
 * share two blocks: what the key leaves of them waits in `spare` and is wiped as it is given out.
 * Source: RFC 8439 §2.3 (block function).
 *
 * Entropy: RDSEED and RDRAND where there are any, the TSC around slow device accesses at
 * start, whatever random_mix() gets (writes by programs), and, after each RESEED_AFTER
 * requests, the hardware's again with the time of that request, to the cycle.
 */
#include <security/random.h>

#include <arch/cpu.h>
#include <arch/time.h>
#include <kernel/core/log.h>
#include <kernel/core/spinlock.h>
#include <kernel/lib/chacha20.h>
#include <kernel/lib/string.h>

#define FEW_BYTES 16u
#define RESEED_AFTER 1024u

static u32 key[8];     /* [pool_lock] */
static u64 generation; /* [pool_lock] nonce: requests so far */
static u8 spare[96];   /* [pool_lock] made under a key that is gone */
static u32 spare_len;  /* [pool_lock] bytes at its beginning not given out yet */
static struct spinlock pool_lock = SPINLOCK_INIT(RANK_RANDOM, "random");

/* Block @counter of the stream of request @nonce. */
static void stream_block(const u32 k[8], u64 nonce, u64 counter, u32 out[16])
{
	const u32 words[3] = { (u32)(counter >> 32), (u32)nonce, (u32)(nonce >> 32) };

	chacha20_block(k, (u32)counter, words, out);
}

static void absorb_locked(const u32 words[8])
{
	u32 block[16];

	for (u32 i = 0; i < 8; i++)
		key[i] ^= words[i];
	stream_block(key, ++generation, 0, block);
	memcpy(key, block, sizeof(key));
	spare_len = 0; /* made without what came in now */
}

/* Words from the hardware, each with the time it took to get it. */
static bool gather(u64 words[4])
{
	bool hardware = false;

	for (u32 i = 0; i < 4; i++) {
		hardware = cpu_random_u64(&words[i]);
		words[i] ^= time_cycles();
	}
	return hardware;
}

/* The number of the next request. */
static u64 next_locked(void)
{
	u64 words[4];

	if (unlikely(++generation % RESEED_AFTER == 0)) {
		(void)gather(words);
		absorb_locked((const u32 *)words);
	}
	return generation;
}

/* A key for one request; the pool's own key moves on first. */
static u64 take_key(u32 out[8])
{
	u32 block[16];
	u64 nonce;
	irqflags_t flags = spin_lock_irq(&pool_lock);

	nonce = next_locked();
	stream_block(key, nonce, 0, block);
	memcpy(key, block, sizeof(key));
	memcpy(out, &block[8], 8 * sizeof(u32));
	spin_unlock_irq(&pool_lock, flags);
	return nonce;
}

/* Lock held: a new key, and what else the same two blocks hold. */
static void refill_spare_locked(void)
{
	u32 blocks[32];

	(void)next_locked();
	stream_block(key, generation, 0, &blocks[0]);
	stream_block(key, generation, 1, &blocks[16]);
	memcpy(key, blocks, sizeof(key));
	memcpy(spare, &blocks[8], sizeof(spare));
	spare_len = sizeof(spare);
}

static void few_bytes(void *buf, size_t len)
{
	irqflags_t flags = spin_lock_irq(&pool_lock);

	if (spare_len < len)
		refill_spare_locked();
	spare_len -= (u32)len;
	memcpy(buf, &spare[spare_len], len);
	memset(&spare[spare_len], 0, len);
	spin_unlock_irq(&pool_lock, flags);
}

void random_bytes(void *buf, size_t len)
{
	u32 k[8], block[16];
	char *at = buf;
	u64 nonce;

	if (len <= FEW_BYTES) {
		few_bytes(buf, len);
		return;
	}
	nonce = take_key(k);
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
		u32 words[8] = { 0 };
		size_t n = MIN(len, sizeof(words));

		memcpy(words, at, n);
		flags = spin_lock_irq(&pool_lock);
		absorb_locked(words);
		spin_unlock_irq(&pool_lock, flags);
		at += n;
		len -= n;
	} while (len);
}

void random_init(void)
{
	u64 seed[8];
	bool hardware;

	hardware = gather(&seed[0]) && gather(&seed[4]);
	seed[0] ^= time_rtc_seconds();
	random_mix(seed, sizeof(seed));
	if (!hardware)
		log_notice("random: no RDRAND, seeded from clocks alone");
}
