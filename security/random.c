/* SPDX-License-Identifier: MIT */
/*
 * The random pool: one 256-bit key under a lock; each request takes a ChaCha20
 * block stream under that key and replaces the key by its first half before a
 * byte is given out (fast key erasure), so a later leak of memory tells nothing
 * of what went before. Requests of a few bytes (AT_RANDOM, places of mappings)
 * share two blocks: what the key leaves of them waits in `spare` and is wiped as it is given out.
 * Source: RFC 8439 §2.3 (block function).
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

#define FEW_BYTES 16u

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

/* Lock held: a new key, and what else the same two blocks hold. */
static void refill_spare_locked(void)
{
	u32 blocks[32];

	generation++;
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
		u32 block[16], words[8] = { 0 };
		size_t n = MIN(len, sizeof(words));

		memcpy(words, at, n);
		flags = spin_lock_irq(&pool_lock);
		for (u32 i = 0; i < 8; i++)
			key[i] ^= words[i];
		stream_block(key, ++generation, 0, block);
		memcpy(key, block, sizeof(key));
		spare_len = 0; /* made without what came in now */
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
