/* SPDX-License-Identifier: MIT */
/*
 * Ring operations: against a naive queue, against a hostile peer, and with two
 * threads that sleep and wake each other (host.mk runs this under TSan too).
 */
#include <kernel/lib/ring_ops.h>

#include "test.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct pair {
	struct ring *ring;
	struct ring_tx tx;
	struct ring_rx rx;
};

static struct pair make_ring(u32 n)
{
	struct pair p;
	size_t bytes = ALIGN_UP(RING_BYTES(n), 64);

	p.ring = aligned_alloc(64, bytes);
	memset(p.ring, 0, bytes);
	REQUIRE(ring_init(p.ring, n, 1) == 0);
	ring_tx_init(&p.tx, p.ring, n);
	ring_rx_init(&p.rx, p.ring, n);
	return p;
}

/* Start both ends and the shared indices just before they wrap. */
static void near_wrap(struct pair *p)
{
	u32 at = 0u - 5;

	p->ring->tail = p->ring->head = at;
	p->tx.staged = p->tx.published = p->tx.head = at;
	p->rx.head = p->rx.shown = p->rx.tail = at;
}

static struct ring_slot message(u32 number)
{
	struct ring_slot s = { .kind = RING_INLINE, .len = 4, .tag = number };

	memcpy(s.payload, &number, 4);
	return s;
}

TEST(ring_init_sizes)
{
	static struct ring r;

	CHECK_EQ(ring_init(&r, 0, 0), -EINVAL);
	CHECK_EQ(ring_init(&r, 8, 0), -EINVAL);
	CHECK_EQ(ring_init(&r, 24, 0), -EINVAL);
	CHECK_EQ(ring_init(&r, 8192, 0), -EINVAL);
	CHECK_EQ(ring_init(&r, 16, 7), 0);
	CHECK_EQ(r.epoch, 7);
	CHECK_EQ(RING_BYTES(16), 192 + 16 * 64);
}

static u32 sent_at(const struct pair *p)
{
	return p->tx.staged & 15;
}

TEST(ring_random_model)
{
	struct pair p = make_ring(16);
	u32 sent = 0, visible = 0, got = 0, released = 0;

	near_wrap(&p);
	for (int round = 0; round < 100000; round++) {
		struct ring_slot s[20];
		struct ring_header h = { 0 };
		const u8 *payload = NULL;
		u32 n, room;

		switch (test_rand_below(8)) {
		case 0:
			s[0] = message(sent);
			room = 16 - (sent - released);
			n = (u32)ring_push(&p.tx, s);
			CHECK_EQ((int)n, room ? 0 : -EAGAIN);
			sent += room != 0;
			break;
		case 1:
			n = (u32)test_rand_below(20);
			for (u32 i = 0; i < n; i++)
				s[i] = message(sent + i);
			room = 16 - (sent - released);
			CHECK_EQ(ring_push_batch(&p.tx, s, n), MIN(n, room));
			sent += MIN(n, room);
			break;
		case 2:
			ring_publish(&p.tx);
			visible = sent;
			break;
		case 3:
			CHECK_EQ(ring_pop(&p.rx, s), got != visible);
			if (got == visible)
				break;
			CHECK_EQ(s[0].tag, got);
			CHECK_MEM(s[0].payload, &got, 4);
			got++;
			break;
		case 4:
			CHECK_EQ(ring_peek(&p.rx, &h, &payload), got != visible);
			if (got == visible)
				break;
			CHECK_EQ(h.tag, got);
			CHECK_EQ(h.len, 4);
			CHECK_MEM(payload, &got, 4);
			ring_consume(&p.rx);
			got++;
			break;
		case 5:
			ring_release(&p.rx);
			released = got;
			break;
		case 6: {
			struct ring_slot *slots;

			n = 1 + (u32)test_rand_below(20);
			room = 16 - (sent - released);
			n = MIN(n, room);
			n = MIN(n, 16 - sent_at(&p));
			CHECK_EQ(ring_claim(&p.tx, n ? n : 1, &slots), n);
			n = n ? (u32)test_rand_below(n + 1) : 0; /* not all need be staged */
			for (u32 i = 0; i < n; i++)
				slots[i] = message(sent + i);
			ring_stage(&p.tx, n);
			sent += n;
			break;
		}
		case 7: {
			const struct ring_slot *slots;

			n = MIN(visible - got, 16 - (p.rx.head & 15));
			/* What it knows of may be less, never more, and never nothing. */
			room = (u32)ring_peek_batch(&p.rx, &slots);
			CHECK(room <= n && !room == !n);
			for (u32 i = 0; i < room; i++) {
				CHECK(ring_header_read(&slots[i], &h));
				CHECK_EQ(h.tag, got + i);
			}
			ring_consume_batch(&p.rx, room);
			got += room;
			break;
		}
		}
	}
	CHECK(got > 10000);
	free(p.ring);
}

TEST(ring_sleep_flags)
{
	struct pair p = make_ring(16);
	struct ring_slot s = message(1);

	CHECK(!ring_should_kick(&p.tx));
	CHECK_EQ(ring_sleep_prepare(&p.rx), 1);
	CHECK(ring_should_kick(&p.tx));
	CHECK(!ring_should_kick(&p.tx)); /* one kick a sleep */
	CHECK_EQ(ring_push(&p.tx, &s), 0);
	CHECK_EQ(ring_sleep_prepare(&p.rx), 1); /* staged is not published */
	ring_sleep_finish(&p.rx);
	ring_publish(&p.tx);
	CHECK_EQ(ring_sleep_prepare(&p.rx), 0);
	CHECK(!ring_should_kick(&p.tx));

	for (int i = 1; i < 16; i++)
		CHECK_EQ(ring_push(&p.tx, &s), 0);
	ring_publish(&p.tx);
	CHECK_EQ(ring_push(&p.tx, &s), -EAGAIN);
	CHECK_EQ(ring_stall_prepare(&p.tx), 1);
	CHECK_EQ(ring_pop(&p.rx, &s), 1);
	ring_release(&p.rx);
	CHECK(ring_should_unstall(&p.rx));
	CHECK(!ring_should_unstall(&p.rx));
	CHECK_EQ(ring_stall_prepare(&p.tx), 0);
	CHECK(!ring_should_unstall(&p.rx));
	free(p.ring);
}

TEST(ring_hostile_producer)
{
	struct pair p = make_ring(16);
	struct ring_slot s = message(1), out;
	struct ring_header h;
	const u8 *payload;

	p.ring->tail = 17;
	CHECK_EQ(ring_pop(&p.rx, &out), -EPROTO);
	CHECK_EQ(ring_sleep_prepare(&p.rx), -EPROTO);
	CHECK_EQ(p.ring->sleeping, 0);
	p.ring->tail = 0xffffffff;
	CHECK_EQ(ring_peek(&p.rx, &h, &payload), -EPROTO);
	p.ring->tail = 0;

	/* Used slots that were not given back yet may not be published again. */
	for (int i = 0; i < 16; i++)
		CHECK_EQ(ring_push(&p.tx, &s), 0);
	ring_publish(&p.tx);
	for (int i = 0; i < 16; i++)
		CHECK_EQ(ring_pop(&p.rx, &out), 1);
	p.ring->tail = 20;
	CHECK_EQ(ring_pop(&p.rx, &out), -EPROTO);
	p.ring->tail = 15; /* and nothing may be taken back */
	CHECK_EQ(ring_pop(&p.rx, &out), -EPROTO);
	free(p.ring);
}

TEST(ring_hostile_consumer)
{
	struct pair p = make_ring(16);
	struct ring_slot s = message(1);

	for (int i = 0; i < 16; i++)
		CHECK_EQ(ring_push(&p.tx, &s), 0);
	ring_publish(&p.tx);
	p.ring->head = 17; /* beyond what was published */
	CHECK_EQ(ring_push(&p.tx, &s), -EPROTO);
	CHECK_EQ(ring_stall_prepare(&p.tx), -EPROTO);
	CHECK_EQ(p.ring->stalled, 0);
	p.ring->head = 4;
	CHECK_EQ(ring_push_batch(&p.tx, (struct ring_slot[5]){ s, s, s, s, s }, 5), 4);
	p.ring->head = 3; /* backwards */
	CHECK_EQ(ring_push(&p.tx, &s), -EPROTO);
	p.ring->head = 18; /* staged is not published */
	CHECK_EQ(ring_push(&p.tx, &s), -EPROTO);
	free(p.ring);
}

TEST(ring_hostile_header)
{
	struct pair p = make_ring(16);
	struct ring_slot s = message(1), out;
	struct ring_header h;
	const u8 *payload;

	CHECK_EQ(ring_push(&p.tx, &s), 0);
	ring_publish(&p.tx);
	for (u32 kind = 0; kind < 7; kind++) {
		for (u32 n = 54; n < 59; n++) {
			bool ok = kind >= RING_INLINE && kind <= RING_CONTROL && n <= RING_PAYLOAD;
			struct ring_rx again = p.rx;

			p.ring->slots[0].kind = (u16)kind;
			p.ring->slots[0].len = (u16)n;
			CHECK_EQ(ring_peek(&again, &h, &payload), ok ? 1 : -EPROTO);
			CHECK_EQ(ring_pop(&again, &out), ok ? 1 : -EPROTO);
		}
	}
	free(p.ring);
}

/* Random indices from a peer: never more than n slots, no access outside. */
TEST(ring_random_indices)
{
	struct pair p = make_ring(16);

	for (int i = 0; i < 16; i++)
		p.ring->slots[i] = message(0);
	for (int round = 0; round < 50000; round++) {
		struct ring_slot s = message(0);
		int n = 0, r;

		p.ring->tail = (u32)test_rand() >> test_rand_below(32);
		p.ring->head = (u32)test_rand() >> test_rand_below(32);
		while ((r = ring_pop(&p.rx, &s)) == 1)
			n++;
		CHECK(n <= 16);
		if (test_rand_below(2))
			p.rx.shown = p.rx.head;
		for (n = 0; ring_push(&p.tx, &s) == 0; n++)
			;
		CHECK(n <= 16);
		p.tx.published = p.tx.staged;
	}
	free(p.ring);
}

/* ---- two threads; the condition variable stands for the kernel ---- */

#define MESSAGES 200000u

struct stream {
	struct pair p;
	pthread_mutex_t lock;
	pthread_cond_t woken;
	u64 kicks, sleeps;
};

/* ring_wait: sleep while *word is 1, looked at under the lock of the kick. */
static void stream_wait(struct stream *st, u32 *word)
{
	pthread_mutex_lock(&st->lock);
	while (__atomic_load_n(word, __ATOMIC_RELAXED) == 1)
		pthread_cond_wait(&st->woken, &st->lock);
	st->sleeps++;
	pthread_mutex_unlock(&st->lock);
}

static void stream_kick(struct stream *st)
{
	pthread_mutex_lock(&st->lock);
	st->kicks++;
	pthread_cond_broadcast(&st->woken);
	pthread_mutex_unlock(&st->lock);
}

static void *failed(const char *why)
{
	return (void *)(uintptr_t)why;
}

static void *produce(void *arg)
{
	struct stream *st = arg;
	struct ring_tx *tx = &st->p.tx;
	u32 next = 0;

	while (next < MESSAGES) {
		struct ring_slot s[7];
		u32 want = MIN(1 + next % 7, MESSAGES - next);
		int n;

		for (u32 i = 0; i < want; i++)
			s[i] = message(next + i);
		n = ring_push_batch(tx, s, want);
		if (n < 0)
			return failed("producer: EPROTO");
		next += (u32)n;
		ring_publish(tx);
		if (ring_should_kick(tx))
			stream_kick(st);
		if (n == 0 && ring_stall_prepare(tx) == 1)
			stream_wait(st, &tx->ring->stalled);
	}
	return NULL;
}

static void *consume(void *arg)
{
	struct stream *st = arg;
	struct ring_rx *rx = &st->p.rx;
	struct ring_slot s;
	u32 next = 0;

	while (next < MESSAGES) {
		int r = ring_pop(rx, &s);

		if (r < 0)
			return failed("consumer: EPROTO");
		if (r == 1) {
			if (s.tag != next || memcmp(s.payload, &next, 4))
				return failed("consumer: wrong message");
			next++;
			if (next % 5)
				continue;
		}
		ring_release(rx);
		if (ring_should_unstall(rx))
			stream_kick(st);
		if (r == 0 && ring_sleep_prepare(rx) == 1)
			stream_wait(st, &rx->ring->sleeping);
	}
	return NULL;
}

TEST(ring_two_threads)
{
	struct stream st = { .lock = PTHREAD_MUTEX_INITIALIZER,
			     .woken = PTHREAD_COND_INITIALIZER };
	pthread_t producer, consumer;
	void *error[2];

	st.p = make_ring(16);
	REQUIRE(pthread_create(&producer, NULL, produce, &st) == 0);
	REQUIRE(pthread_create(&consumer, NULL, consume, &st) == 0);
	pthread_join(producer, &error[0]);
	pthread_join(consumer, &error[1]);
	for (int i = 0; i < 2; i++)
		if (!CHECK(error[i] == NULL))
			test_note("%s", (char *)error[i]);
	test_note("%llu sleeps, %llu kicks", (unsigned long long)st.sleeps,
		  (unsigned long long)st.kicks);
	free(st.p.ring);
}
