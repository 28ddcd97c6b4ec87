/* SPDX-License-Identifier: MIT */
/*
 * Rings between two real processes: messages with contents that say which they are, sleeping
 * on futexes as channel_wait() and channel_kick() do, and either side killed at any moment.
 * RING_STRESS=N in the environment makes it N messages instead of a few; make verify takes 1e8.
 */
#include <kernel/lib/ring_ops.h>

#include "test.h"

#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SLOTS = 64, BATCH = 7 };

/* What both sides and the test itself see; the ring follows in a page of its own. */
struct shared {
	u64 messages; /* to be sent */
	u64 received; /* by the consumer, written once in a while */
	u64 seed;
	u32 dead;     /* the other side is: nobody waits any more */
	u8 pad[4096 - 28];
	struct ring ring;
};

static u64 mix(u64 x)
{
	x ^= x >> 33;
	x *= 0xff51afd7ed558ccdull;
	return x ^ x >> 29;
}

static void fill(struct ring_slot *s, u64 number, u64 seed)
{
	u64 words[7];

	*s = (struct ring_slot){ .kind = RING_INLINE, .len = RING_PAYLOAD, .tag = (u32)number };
	for (u64 i = 0; i < 7; i++)
		words[i] = mix(number * 7 + i + seed);
	memcpy(s->payload, words, sizeof(words));
}

static void futex(u32 *word, int op, u32 value)
{
	(void)!syscall(SYS_futex, word, op, value, NULL, NULL, 0);
}

static void wait_word(struct shared *sh, u32 *word)
{
	while (__atomic_load_n(word, __ATOMIC_ACQUIRE) == 1 &&
	       !__atomic_load_n(&sh->dead, __ATOMIC_ACQUIRE))
		futex(word, FUTEX_WAIT, 1);
}

/* Exit status: 0 all sent; 1 broken; 2 the consumer is dead. */
static int producer(struct shared *sh)
{
	struct ring_tx tx;
	u64 sent = 0;

	ring_tx_init(&tx, &sh->ring, SLOTS);
	while (sent < sh->messages) {
		int room = ring_room(&tx, BATCH);

		if (room < 0)
			return 1;
		if (!room) {
			int wait = ring_stall_prepare(&tx);

			if (__atomic_load_n(&sh->dead, __ATOMIC_ACQUIRE))
				return 2;
			if (wait < 0)
				return 1;
			if (wait)
				wait_word(sh, &sh->ring.stalled);
			ring_stall_finish(&tx);
			continue;
		}
		for (int i = 0; i < room && i < BATCH && sent < sh->messages; i++, sent++) {
			struct ring_slot s;

			fill(&s, sent, sh->seed);
			if (ring_push(&tx, &s))
				return 1;
		}
		ring_publish(&tx);
		if (ring_should_kick(&tx))
			futex(&sh->ring.sleeping, FUTEX_WAKE, 1);
	}
	return 0;
}

/* The same; 2: the producer is dead, all that it had published was right. */
static int consumer(struct shared *sh)
{
	struct ring_rx rx;
	u64 next = 0;

	ring_rx_init(&rx, &sh->ring, SLOTS);
	while (next < sh->messages) {
		bool dead = __atomic_load_n(&sh->dead, __ATOMIC_ACQUIRE);
		struct ring_slot s, want;
		int got = ring_pop(&rx, &s);

		if (got < 0)
			return 1;
		if (got) {
			fill(&want, next++, sh->seed);
			if (memcmp(&s, &want, sizeof(s)))
				return 1;
			if (next % BATCH)
				continue;
		}
		ring_release(&rx);
		__atomic_store_n(&sh->received, next, __ATOMIC_RELAXED);
		if (ring_should_unstall(&rx))
			futex(&sh->ring.stalled, FUTEX_WAKE, 1);
		if (got)
			continue;
		if (dead)
			return 2;
		got = ring_sleep_prepare(&rx);
		if (got < 0)
			return 1;
		if (got)
			wait_word(sh, &sh->ring.sleeping);
		ring_sleep_finish(&rx);
	}
	__atomic_store_n(&sh->received, next, __ATOMIC_RELAXED);
	return 0;
}

static struct shared *new_ring(u64 messages)
{
	size_t bytes = sizeof(struct shared) + SLOTS * sizeof(struct ring_slot);
	struct shared *sh = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
				 -1, 0);

	REQUIRE(sh != MAP_FAILED);
	REQUIRE(ring_init(&sh->ring, SLOTS, 1) == 0);
	sh->messages = messages;
	sh->seed = test_rand_below(1u << 30);
	return sh;
}

static pid_t start(int (*side)(struct shared *), struct shared *sh)
{
	pid_t pid = fork();

	REQUIRE(pid >= 0);
	if (pid == 0)
		_exit(side(sh));
	return pid;
}

static int status_of(pid_t pid)
{
	int status = -1;

	REQUIRE(waitpid(pid, &status, 0) == pid);
	return status;
}

static u64 wanted(u64 few)
{
	const char *text = getenv("RING_STRESS");

	return text ? strtoull(text, NULL, 0) : few;
}

TEST(ring_two_processes)
{
	struct shared *sh = new_ring(wanted(200000));
	pid_t c = start(consumer, sh), p = start(producer, sh);

	CHECK_EQ(status_of(p), 0);
	CHECK_EQ(status_of(c), 0);
	CHECK_EQ(sh->received, sh->messages);
	munmap(sh, sizeof(*sh) + SLOTS * sizeof(struct ring_slot));
}

/* As the kernel tells of a death: nobody sleeps on, and nobody falls asleep. */
static void tell_death(struct shared *sh)
{
	__atomic_store_n(&sh->dead, 1, __ATOMIC_SEQ_CST);
	__atomic_store_n(&sh->ring.sleeping, 0, __ATOMIC_SEQ_CST);
	__atomic_store_n(&sh->ring.stalled, 0, __ATOMIC_SEQ_CST);
	futex(&sh->ring.sleeping, FUTEX_WAKE, 1);
	futex(&sh->ring.stalled, FUTEX_WAKE, 1);
}

/* One side dies at any moment; the other finds all that was published, and ends. */
static void kill_one(bool kill_producer)
{
	struct shared *sh = new_ring(~0ull);
	pid_t c = start(consumer, sh), p = start(producer, sh);
	struct timespec nap = { 0, (long)test_rand_below(2000000) };

	nanosleep(&nap, NULL);
	kill(kill_producer ? p : c, SIGKILL);
	CHECK_EQ(status_of(kill_producer ? p : c), SIGKILL);
	tell_death(sh);
	CHECK_EQ(status_of(kill_producer ? c : p), 2 << 8);
	munmap(sh, sizeof(*sh) + SLOTS * sizeof(struct ring_slot));
}

TEST(ring_either_side_killed)
{
	u64 rounds = wanted(4000000) / 100000;

	for (u64 i = 0; i < rounds && i < 1000; i++)
		kill_one(i & 1);
}
