/* SPDX-License-Identifier: MIT */
/*
 * Rows of rings (kernel/lib/ring_ops.h) and channels. The ring alone is measured
 * in memory that a fork shares, with futexes where the kernel's calls will be:
 * that is what Linux can run too.
 */
#include "bench.h"

#include <kernel/abi/syscall_nr.h>
#include <kernel/lib/ring_ops.h>
#include <user/libexo/exo.h>

#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define SLOTS    RING_DEFAULT
#define MESSAGES 1024u /* of one sample */
#define BATCH    16u

/* musl-gcc does not see the kernel's headers. Linux: uapi/linux/futex.h. */
#define FUTEX_WAIT 0
#define FUTEX_WAKE 1

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

/* A child that gets @fd by message and runs @serve on it. Return: its pid; -errno. */
static pid_t fork_with_fd(int fd, void (*serve)(int fd))
{
	char byte = 0, control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
			      .msg_controllen = sizeof(control) };
	struct cmsghdr *head = CMSG_FIRSTHDR(&msg);
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		return ok(-1);
	pid = fork();
	if (pid == 0) {
		if (recvmsg(pair[1], &msg, 0) == 1 && CMSG_FIRSTHDR(&msg)) {
			memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));
			serve(fd);
		}
		_exit(1);
	}
	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(head), &fd, sizeof(fd));
	if (pid > 0 && sendmsg(pair[0], &msg, 0) != 1)
		pid = ok(-1);
	close(pair[0]);
	close(pair[1]);
	return pid < 0 ? ok(-1) : pid;
}

/* ---- channels: a server in a process of its own, on this CPU ---- */

static int channel_end = -1;
static struct ring_slot request = { .kind = RING_INLINE, .len = 40 };
static struct exo_ring client;

static long raw4(long nr, long a, long b, long c, long d)
{
	register long r10 __asm__("r10") = d;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "0"(nr), "D"(a), "S"(b), "d"(c), "r"(r10)
			 : "rcx", "r11", "memory");
	return ret;
}

static void serve_calls(int end)
{
	struct ring_slot slot;
	long ret = exo_recv(end, &slot, 1, EXO_FOREVER);

	while (ret >= 0)
		ret = raw4(EXO_NR_channel_reply, end, (long)&slot, 0, -1);
}

static void serve_ring(int end)
{
	struct ring_slot slot;
	struct exo_ring server;

	if (exo_ring_open(&server, end))
		return;
	/* Answers and sleeps in one call, as a server on the caller's CPU does. */
	for (;;) {
		unsigned kick = 0;

		while (ring_pop(&server.rx, &slot) == 1) {
			if (ring_push(&server.tx, &slot))
				return;
			ring_publish(&server.tx);
			kick = ring_should_kick(&server.tx) ? RING_KICK : 0;
		}
		ring_release(&server.rx);
		if (ring_sleep_prepare(&server.rx) == 1 &&
		    raw3(EXO_NR_ring_wait, end, RING_FOR_NEWS | kick, -1) < 0)
			return;
		ring_sleep_finish(&server.rx);
	}
}

/* One end goes to a child, which serves it. */
static int setup_server(void (*serve)(int end))
{
	int end[2], err = exo_channel(end, 0);
	pid_t pid;

	if (err)
		return err;
	pid = fork_with_fd(end[1], serve);
	if (pid < 0)
		return (int)pid;
	consumer = pid;
	close(end[1]);
	channel_end = end[0];
	return 0;
}

static int setup_call(void)
{
	return setup_server(serve_calls);
}

static int setup_kick(void)
{
	int err = setup_server(serve_ring);

	return err ? err : exo_ring_open(&client, channel_end);
}

static void done_channel(void)
{
	if (channel_end >= 0)
		close(channel_end);
	channel_end = -1;
	done_ring();
}

static int op_call(void)
{
	return (int)raw3(EXO_NR_channel_call, channel_end, (long)&request, -1);
}

static int op_kick(void)
{
	struct ring_slot got;
	unsigned kick;

	if (ring_push(&client.tx, &request))
		return -EPROTO;
	ring_publish(&client.tx);
	kick = ring_should_kick(&client.tx) ? RING_KICK : 0;
	while (ring_sleep_prepare(&client.rx) == 1) {
		long err = raw3(EXO_NR_ring_wait, channel_end, RING_FOR_NEWS | kick, -1);

		if (err < 0)
			return (int)err;
		kick = 0;
	}
	if (ring_pop(&client.rx, &got) != 1)
		return -EPROTO;
	ring_release(&client.rx);
	return 0;
}

/* Rows of regions: they begin with a region, and end there while there are none. */
static int setup_region(void)
{
	long err = raw3(EXO_NR_ring_alloc, -1, 4096, 0);

	return err == -ENOSYS ? (int)err : -EOPNOTSUPP;
}

static int op_region(void)
{
	return -EOPNOTSUPP;
}

#define ROW_RING(n, s, o) \
	{ .name = n, .setup = s, .op = o, .done = done_ring, .samples = 40, .per_sample = MESSAGES }
#define ROW_CHANNEL(n, s, o) \
	{ .name = n, .setup = s, .op = o, .done = done_channel, .samples = 2000, .per_sample = 1 }
#define ROW_REGION(n) \
	{ .name = n, .setup = setup_region, .op = op_region, .samples = 1, .per_sample = 1 }

const struct row rows_ring[] = {
	ROW_RING("ring_futex_msg", setup_blocking, op_blocking),
	ROW_RING("ring_spin_msg_2cpu", setup_spinning, op_spinning),
	ROW_RING("ring_msg", setup_ring, op_message),
	ROW_RING("ring_msg_batch16", setup_ring, op_batch),
	ROW_CHANNEL("ring_kick_wait_rt", setup_kick, op_kick),
	ROW_CHANNEL("channel_call_rt", setup_call, op_call),
	ROW_REGION("region_share_1m"),
	ROW_REGION("region_move_64k"),
	ROW_REGION("region_move_1m"),
};
const unsigned rows_ring_nr = sizeof(rows_ring) / sizeof(rows_ring[0]);
