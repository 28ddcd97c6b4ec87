/* SPDX-License-Identifier: MIT */
/* libexo: the calls, and mapped rings (contract in exo.h). */
#include "exo.h"

#include <sched.h>
#include <time.h>
#include <unistd.h>

#include <kernel/abi/syscall_nr.h>

#define SPIN_MAX 4096u
#define SPIN_MIN 16u

static long call4(long nr, long a, long b, long c, long d)
{
	register long r10 __asm__("r10") = d;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "0"(nr), "D"(a), "S"(b), "d"(c), "r"(r10)
			 : "rcx", "r11", "memory");
	return ret;
}

int exo_channel(int end[2], unsigned slots)
{
	return (int)call4(EXO_NR_channel_create, (long)end, slots, 0, 0);
}

long exo_send(int end, const struct ring_slot *messages, unsigned n, uint64_t timeout_ns)
{
	return call4(EXO_NR_channel_send, end, (long)messages, n, (long)timeout_ns);
}

long exo_recv(int end, struct ring_slot *messages, unsigned n, uint64_t timeout_ns)
{
	return call4(EXO_NR_channel_recv, end, (long)messages, n, (long)timeout_ns);
}

int exo_call(int end, struct ring_slot *message, uint64_t timeout_ns)
{
	static uint32_t last_tag;

	/* Never that of a call that was given up and may still be answered. */
	message->tag = __atomic_add_fetch(&last_tag, 1, __ATOMIC_RELAXED);
	return (int)call4(EXO_NR_channel_call, end, (long)message, (long)timeout_ns, 0);
}

int exo_reply(int end, struct ring_slot *message, uint64_t timeout_ns)
{
	return (int)call4(EXO_NR_channel_reply, end, (long)message, 0, (long)timeout_ns);
}

int exo_reply_only(int end, const struct ring_slot *message)
{
	return (int)call4(EXO_NR_channel_reply, end, (long)message, CHANNEL_REPLY_ONLY, 0);
}

/* ---- mapped rings ---- */

/* Spinning is for a peer on another CPU. */
static uint32_t spin_start(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) > 1 ? SPIN_MIN * 4
										   : 0;
}

static int attach(struct exo_ring *ring)
{
	struct channel_view view;
	long err = call4(EXO_NR_channel_map, ring->fd, (long)&view, 0, 0);

	if (err)
		return (int)err;
	ring->peer = (const struct channel_peer *)view.peer;
	ring->epoch = view.epoch;
	ring_tx_init(&ring->tx, (struct ring *)view.out, view.slots);
	ring_rx_init(&ring->rx, (struct ring *)view.in, view.slots);
	ring->tx.staged = ring->tx.published = view.tail;
	ring->tx.head = view.tail - view.slots; /* nothing known to be free: it is read first */
	ring->rx.head = ring->rx.shown = ring->rx.tail = view.head;
	return 0;
}

int exo_ring_open(struct exo_ring *ring, int end)
{
	*ring = (struct exo_ring){ .fd = end, .spin = spin_start() };
	pthread_mutex_init(&ring->send_lock, NULL);
	pthread_mutex_init(&ring->recv_lock, NULL);
	return attach(ring);
}

int exo_ring_renew(struct exo_ring *ring)
{
	int err = 0;

	pthread_mutex_lock(&ring->send_lock);
	pthread_mutex_lock(&ring->recv_lock);
	if (__atomic_load_n(&ring->peer->epoch, __ATOMIC_ACQUIRE) != ring->epoch)
		err = attach(ring);
	pthread_mutex_unlock(&ring->recv_lock);
	pthread_mutex_unlock(&ring->send_lock);
	return err;
}

/* Why nothing more can be sent, or come: 0, -ESTALE, -EPIPE. */
static int gone(const struct exo_ring *ring)
{
	uint32_t epoch = __atomic_load_n(&ring->peer->epoch, __ATOMIC_ACQUIRE);
	uint32_t state = __atomic_load_n(&ring->peer->state, __ATOMIC_RELAXED);

	if (state == CHANNEL_CLOSED || state == CHANNEL_BROKEN)
		return -EPIPE;
	return epoch == ring->epoch ? 0 : -ESTALE;
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint64_t deadline_of(uint64_t timeout_ns)
{
	return timeout_ns == 0 || timeout_ns == EXO_FOREVER ? timeout_ns : now_ns() + timeout_ns;
}

/* Sleep for @what, until @deadline. Return: 0 look again; -errno. */
static int sleep_for(struct exo_ring *ring, unsigned what, uint64_t deadline)
{
	uint64_t now, left = EXO_FOREVER;

	if (deadline == 0)
		return -EAGAIN;
	if (deadline != EXO_FOREVER) {
		now = now_ns();
		if (now >= deadline)
			return -ETIMEDOUT;
		left = deadline - now;
	}
	return (int)call4(EXO_NR_ring_wait, ring->fd, what, (long)left, 0);
}

static void kick(struct exo_ring *ring)
{
	call4(EXO_NR_ring_kick, ring->fd, 0, 0, 0); /* a peer that is gone is found out next */
}

static int wait_for_room(struct exo_ring *ring, uint64_t deadline)
{
	int err = ring_stall_prepare(&ring->tx);

	if (err <= 0)
		return err;
	err = sleep_for(ring, RING_FOR_ROOM, deadline);
	ring_stall_finish(&ring->tx);
	return err;
}

/* Stage and publish what there is room for. Return: how many, at least 1; -errno. */
static long publish_some(struct exo_ring *ring, const struct ring_slot *messages, unsigned n,
			 uint64_t deadline)
{
	for (;;) {
		int pushed, err = gone(ring);

		if (err)
			return err;
		pushed = ring_push_batch(&ring->tx, messages, n);
		if (pushed) {
			if (pushed > 0)
				ring_publish(&ring->tx);
			return pushed;
		}
		err = wait_for_room(ring, deadline);
		if (err)
			return err;
	}
}

static int check(const struct ring_slot *messages, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (messages[i].len > RING_PAYLOAD)
			return -EMSGSIZE;
	return 0;
}

long exo_ring_send(struct exo_ring *ring, const struct ring_slot *messages, unsigned n,
		   uint64_t timeout_ns)
{
	long sent = check(messages, n);

	if (sent || !n)
		return sent;
	pthread_mutex_lock(&ring->send_lock);
	sent = publish_some(ring, messages, n, deadline_of(timeout_ns));
	if (sent > 0 && ring_should_kick(&ring->tx))
		kick(ring);
	pthread_mutex_unlock(&ring->send_lock);
	return sent;
}

/* Is there news, or will there be soon? Adapts: what paid is tried for longer. */
static int spin(struct exo_ring *ring)
{
	int used = ring_used(&ring->rx, 1);

	for (uint32_t i = 0; used == 0 && i < ring->spin; i++) {
		__builtin_ia32_pause();
		used = ring_used(&ring->rx, 1);
	}
	if (ring->spin && used > 0 && ring->spin < SPIN_MAX)
		ring->spin += ring->spin / 8;
	else if (ring->spin > SPIN_MIN && used == 0)
		ring->spin -= ring->spin / 4;
	return used;
}

/* Return: >0 there is news; -errno. *kick_first: RING_KICK is owed, the peer gets this CPU. */
static int wait_for_news(struct exo_ring *ring, uint64_t deadline, unsigned *kick_first)
{
	for (;;) {
		int used = spin(ring), err;

		if (used)
			return used;
		err = gone(ring);
		if (err)
			return err;
		err = ring_sleep_prepare(&ring->rx);
		if (err < 0)
			return err;
		if (err == 0)
			continue;
		err = sleep_for(ring, RING_FOR_NEWS | *kick_first, deadline);
		*kick_first = 0;
		ring_sleep_finish(&ring->rx);
		used = ring_used(&ring->rx, 1);
		if (used)
			return used;
		if (err)
			return err;
	}
}

static int take(struct exo_ring *ring, struct ring_slot *messages, unsigned n)
{
	unsigned taken = 0;
	int got = 1;

	while (taken < n && (got = ring_pop(&ring->rx, &messages[taken])) > 0)
		taken++;
	ring_release(&ring->rx);
	if (ring_should_unstall(&ring->rx))
		kick(ring);
	return taken ? (int)taken : got;
}

long exo_ring_recv(struct exo_ring *ring, struct ring_slot *messages, unsigned n,
		   uint64_t timeout_ns)
{
	unsigned no_kick = 0;
	long got;

	pthread_mutex_lock(&ring->recv_lock);
	got = ring_used(&ring->rx, 1);
	if (got == 0)
		got = wait_for_news(ring, deadline_of(timeout_ns), &no_kick);
	if (got > 0)
		got = take(ring, messages, n);
	pthread_mutex_unlock(&ring->recv_lock);
	return got;
}

int exo_ring_call(struct exo_ring *ring, struct ring_slot *message, uint64_t timeout_ns)
{
	uint64_t deadline = deadline_of(timeout_ns);
	unsigned kick_first;
	uint32_t tag;
	long got = check(message, 1);

	if (got)
		return (int)got;
	pthread_mutex_lock(&ring->recv_lock);
	pthread_mutex_lock(&ring->send_lock);
	tag = message->tag = ++ring->next_tag;
	got = publish_some(ring, message, 1, deadline);
	kick_first = got > 0 && ring_should_kick(&ring->tx) ? RING_KICK : 0;
	pthread_mutex_unlock(&ring->send_lock);
	/* Where there is another CPU the answer may come before we sleep: it is woken now. */
	if (kick_first && ring->spin) {
		kick(ring);
		kick_first = 0;
	}
	while (got > 0) {
		got = wait_for_news(ring, deadline, &kick_first);
		if (got > 0)
			got = take(ring, message, 1);
		if (got > 0 && message->tag == tag)
			break;
	}
	pthread_mutex_unlock(&ring->recv_lock);
	return got > 0 ? 0 : (int)got;
}
