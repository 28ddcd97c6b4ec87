/* SPDX-License-Identifier: MIT */
/*
 * Rows of rings (kernel/lib/ring_ops.h) and channels. The ring alone is measured
 * in memory that a fork shares, with futexes where the kernel's calls will be:
 * that is what Linux can run too.
 */
#include "bench.h"

#include <kernel/lib/ring_ops.h>

#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define SLOTS    RING_DEFAULT
#define MESSAGES 1024u /* of one sample */
#define BATCH    16u

/* musl-gcc does not see the kernel's headers. Linux: uapi/linux/futex.h. */
#define FUTEX_WAIT 0
#define FUTEX_WAKE 1

/* kernel/syscall.tbl */
#define SYS_channel_create 1031

static struct ring *ring;
static struct ring_tx tx;
static struct ring_rx rx;
static const struct ring_slot message = { .kind = RING_INLINE, .len = RING_PAYLOAD };
static pid_t consumer;

static void wait_while_1(u32 *word)
{
	syscall(SYS_futex, word, FUTEX_WAIT, 1, NULL, NULL, 0);
}

static void kick(u32 *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static int setup_ring(void)
{
	ring = mmap(NULL, RING_BYTES(SLOTS), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		    -1, 0);
	if (ring == MAP_FAILED) {
		ring = NULL;
		return -ENOMEM;
	}
	ring_tx_init(&tx, ring, SLOTS);
	ring_rx_init(&rx, ring, SLOTS);
	return ring_init(ring, SLOTS, 1);
}

static void done_ring(void)
{
	if (consumer > 0) {
		kill(consumer, SIGKILL);
		waitpid(consumer, NULL, 0);
	}
	consumer = 0;
	if (ring)
		munmap(ring, RING_BYTES(SLOTS));
	ring = NULL;
}

/* Takes all there is. An end is its thread's own: while it works, in a local copy. */
static void drain(void)
{
	struct ring_rx r = rx;
	struct ring_slot got;

	while (ring_pop(&r, &got) > 0)
		;
	ring_release(&r);
	rx = r;
}

static void consume_blocking(void)
{
	for (;;) {
		drain();
		if (ring_should_unstall(&rx))
			kick(&ring->stalled);
		if (ring_sleep_prepare(&rx) == 1)
			wait_while_1(&ring->sleeping);
		ring_sleep_finish(&rx);
	}
}

static void consume_spinning(void)
{
	for (;;)
		drain();
}

static int fork_consumer(void (*consume)(void))
{
	int err = setup_ring();

	if (err)
		return err;
	consumer = fork();
	if (consumer == 0)
		consume();
	return ok(consumer);
}

static int setup_blocking(void)
{
	return fork_consumer(consume_blocking);
}

static int setup_spinning(void)
{
	int err = fork_consumer(consume_spinning);

	return err ? err : pin_apart(consumer);
}

static int op_blocking(void)
{
	struct ring_tx t = tx;

	for (unsigned i = 0; i < MESSAGES; i++) {
		while (ring_push(&t, &message) == -EAGAIN) {
			if (ring_should_kick(&t))
				kick(&ring->sleeping);
			if (ring_stall_prepare(&t) == 1)
				wait_while_1(&ring->stalled);
			ring_stall_finish(&t);
		}
		ring_publish(&t);
	}
	if (ring_should_kick(&t))
		kick(&ring->sleeping);
	tx = t;
	return 0;
}

static int op_spinning(void)
{
	for (unsigned i = 0; i < MESSAGES; i++) {
		while (ring_push(&tx, &message) == -EAGAIN)
			;
		ring_publish(&tx);
	}
	return 0;
}

/* Both sides busy: nobody sleeps, each message is published and taken by itself. */
static int op_message(void)
{
	struct ring_tx t = tx;
	struct ring_rx r = rx;
	struct ring_slot got;

	for (unsigned i = 0; i < MESSAGES; i++) {
		if (ring_push(&t, &message))
			return -EPROTO;
		ring_publish(&t);
		if (ring_should_kick(&t) || ring_pop(&r, &got) != 1)
			return -EPROTO;
		ring_release(&r);
	}
	tx = t;
	rx = r;
	return 0;
}

/* The sum of a message's bytes as words, or 1 of one that must not be: read where it lies. */
static inline u64 sum_of(const struct ring_slot *slot)
{
	struct ring_header h;
	u64 w[RING_PAYLOAD / 8];

	if (!ring_header_read(slot, &h))
		return 1;
	memcpy(w, slot->payload, sizeof(w));
	return w[0] + w[1] + w[2] + w[3] + w[4] + w[5] + w[6];
}

/* Written into the ring and read in it, 56 bytes each: nothing is copied on the way. */
static int op_batch(void)
{
	struct ring_tx t = tx;
	struct ring_rx r = rx;
	u64 sum = 0;

	for (unsigned i = 0; i < MESSAGES / BATCH; i++) {
		const struct ring_slot *full;
		struct ring_slot *free;

		/* SLOTS is a multiple of BATCH: never less than one. */
		if (ring_claim(&t, BATCH, &free) != (int)BATCH)
			return -EPROTO;
		for (unsigned j = 0; j < BATCH; j++)
			free[j] = message;
		ring_stage(&t, BATCH);
		ring_publish(&t);
		if (ring_should_kick(&t) || ring_peek_batch(&r, &full) != (int)BATCH)
			return -EPROTO;
		for (unsigned j = 0; j < BATCH; j++)
			sum += sum_of(&full[j]);
		ring_consume_batch(&r, BATCH);
		ring_release(&r);
	}
	tx = t;
	rx = r;
	return sum ? -EPROTO : 0;
}

/* Rows of the kernel's channels: they begin with a channel, and end there while
 * there are none. */
static int setup_channel(void)
{
	int fds[2];
	long err = raw3(SYS_channel_create, (long)fds, SLOTS, 0);

	return err < 0 ? (int)err : -EOPNOTSUPP;
}

static int op_channel(void)
{
	return -EOPNOTSUPP;
}

#define ROW_RING(n, s, o) \
	{ .name = n, .setup = s, .op = o, .done = done_ring, .samples = 40, .per_sample = MESSAGES }
#define ROW_CHANNEL(n) \
	{ .name = n, .setup = setup_channel, .op = op_channel, .samples = 1, .per_sample = 1 }

const struct row rows_ring[] = {
	ROW_RING("ring_futex_msg", setup_blocking, op_blocking),
	ROW_RING("ring_spin_msg_2cpu", setup_spinning, op_spinning),
	ROW_RING("ring_msg", setup_ring, op_message),
	ROW_RING("ring_msg_batch16", setup_ring, op_batch),
	ROW_CHANNEL("ring_kick_wait_rt"),
	ROW_CHANNEL("channel_call_rt"),
	ROW_CHANNEL("region_share_1m"),
	ROW_CHANNEL("region_move_64k"),
	ROW_CHANNEL("region_move_1m"),
};
const unsigned rows_ring_nr = sizeof(rows_ring) / sizeof(rows_ring[0]);
