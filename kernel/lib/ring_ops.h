/* SPDX-License-Identifier: MIT */
/*
 * Operations on a FusionRing (kernel/abi/ring.h), for both ends in kernel,
 * servers and programs. The peer may be hostile and writes the same memory:
 *
 *   - each end keeps what it owns (its index, n) in its own memory and only
 *     shows it to the peer; it never believes its own line again;
 *   - the peer's index is read once into a local and checked: more than n
 *     slots in use is -EPROTO, after which the channel is to be closed;
 *   - a slot's header is read once into a local and checked; ring_pop()
 *     copies the payload out, ring_peek() leaves it where it can change.
 *
 * Publishing and sleeping (seq_cst fences F1..F4; at least one side of each
 * pair sees the other's store, so no wake-up is lost):
 *
 *   producer                          consumer
 *     slots = ...                       sleeping = 1
 *     tail = t            (release)     F2
 *     F1                                tail changed?  -> sleeping = 0, go on
 *     sleeping taken 1->0? -> kick      wait while sleeping == 1 (ring_wait)
 *
 * and the same with head, F3, F4 and `stalled` for a producer without room.
 * The waiting call must, like a futex, go to sleep only if the word is still
 * 1 when looked at under the lock that the kick takes.
 *
 * One end belongs to one thread at a time; nothing here takes a lock.
 */
#pragma once

#include <kernel/abi/errno.h>
#include <kernel/abi/ring.h>

/* The producing end, private memory. */
struct ring_tx {
	struct ring *ring;
	u32 n;
	u32 staged;    /* next free-running index to write */
	u32 published; /* what the consumer has been shown */
	u32 head;      /* the consumer's, as last read and checked */
};

/* The consuming end, private memory. */
struct ring_rx {
	struct ring *ring;
	u32 n;
	u32 head;  /* next to consume */
	u32 shown; /* head as the producer has been shown it */
	u32 tail;  /* the producer's, as last read and checked */
};

/* A slot's header, read once. */
struct ring_header {
	u16 kind;
	u16 len;
	u32 tag;
};

/**
 * ring_init - make an empty ring in zeroed memory of RING_BYTES(@n)
 * Return: 0; -EINVAL @n is no power of two in [RING_MIN, RING_MAX].
 */
static inline __must_check int ring_init(struct ring *r, u32 n, u32 epoch)
{
	if (n < RING_MIN || n > RING_MAX || (n & (n - 1)))
		return -EINVAL;
	r->tail = 0;
	r->stalled = 0;
	r->head = 0;
	r->sleeping = 0;
	r->n = n;
	r->epoch = epoch;
	r->flags = 0;
	return 0;
}

/* Attach an end to a ring made by ring_init(); @n from the kernel, not from @r. */
static inline void ring_tx_init(struct ring_tx *tx, struct ring *r, u32 n)
{
	*tx = (struct ring_tx){ .ring = r, .n = n };
}

static inline void ring_rx_init(struct ring_rx *rx, struct ring *r, u32 n)
{
	*rx = (struct ring_rx){ .ring = r, .n = n };
}

/*
 * Copy a slot out of shared memory. Behind the compiler fence nothing that was
 * copied is taken from there a second time, where it may have changed.
 */
static inline void ring_slot_copy_(struct ring_slot *dst, const struct ring_slot *src)
{
	__builtin_memcpy(dst, src, sizeof(*dst));
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
}

static inline struct ring_slot *ring_slot_at_(struct ring *r, u32 index, u32 n)
{
	return &r->slots[index & (n - 1)];
}

/* ---- producer ---- */

/**
 * ring_room - how many slots can be staged now
 * @want: do not look at the consumer's line if that many are known free
 * Return: 0..n; -EPROTO the consumer's index is impossible.
 */
static inline __must_check int ring_room(struct ring_tx *tx, u32 want)
{
	u32 free = tx->n - (tx->staged - tx->head);

	if (unlikely(free < want)) {
		/* Pairs with the release in ring_release(): slots are read. */
		u32 head = __atomic_load_n(&tx->ring->head, __ATOMIC_ACQUIRE);

		/* It may have consumed what was published, and no less than before. */
		if (tx->published - head > tx->published - tx->head)
			return -EPROTO;
		tx->head = head;
		free = tx->n - (tx->staged - head);
	}
	return (int)free;
}

/**
 * ring_claim - free slots where they lie, to be filled in and then staged
 * @want: at least 1; fewer are given where the ring is full or its end is near
 * Return: how many from *slots on (0: full); -EPROTO.
 */
static inline __must_check int ring_claim(struct ring_tx *tx, u32 want, struct ring_slot **slots)
{
	int room = ring_room(tx, want);
	u32 at = tx->staged & (tx->n - 1);

	*slots = &tx->ring->slots[at];
	if (unlikely(room <= 0))
		return room;
	want = MIN(want, (u32)room);
	return (int)MIN(want, tx->n - at);
}

/** ring_stage - @count slots that ring_claim() gave are filled in */
static inline void ring_stage(struct ring_tx *tx, u32 count)
{
	tx->staged += count;
}

/**
 * ring_push_batch - stage up to @count slots, invisible until ring_publish()
 * Return: how many were staged (0: full); -EPROTO.
 */
static inline __must_check int ring_push_batch(struct ring_tx *tx, const struct ring_slot *slots,
					       u32 count)
{
	struct ring_slot *to = tx->ring->slots; /* locals: stores to slots change nothing of tx */
	u32 at = tx->staged, mask = tx->n - 1;
	int room = ring_room(tx, count);

	if (room < 0)
		return room;
	count = MIN(count, (u32)room);
	for (u32 i = 0; i < count; i++)
		to[at++ & mask] = slots[i];
	tx->staged = at;
	return (int)count;
}

/** ring_push - stage one slot. Return: 0; -EAGAIN full; -EPROTO. */
static inline __must_check int ring_push(struct ring_tx *tx, const struct ring_slot *slot)
{
	if (unlikely(tx->staged - tx->head == tx->n)) {
		int room = ring_room(tx, 1);

		if (room <= 0)
			return room ? room : -EAGAIN;
	}
	*ring_slot_at_(tx->ring, tx->staged++, tx->n) = *slot;
	return 0;
}

/** ring_publish - show all staged slots to the consumer */
static inline void ring_publish(struct ring_tx *tx)
{
	/* Pairs with the acquire in ring_used(). */
	__atomic_store_n(&tx->ring->tail, tx->staged, __ATOMIC_RELEASE);
	tx->published = tx->staged;
}

/* Take a waiting word of the peer back to 0: true if we owe it a kick. */
static inline bool ring_take_waiter_(u32 *word)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST); /* F1, F3 */
	return __atomic_load_n(word, __ATOMIC_RELAXED) &&
	       __atomic_exchange_n(word, 0, __ATOMIC_RELAXED);
}

/** ring_should_kick - after ring_publish(): must the consumer be woken? */
static inline bool ring_should_kick(struct ring_tx *tx)
{
	return ring_take_waiter_(&tx->ring->sleeping);
}

/**
 * ring_stall_prepare - the producer wants to wait for room
 * Return: 1 wait while ring->stalled is 1; 0 there is room; -EPROTO.
 */
static inline __must_check int ring_stall_prepare(struct ring_tx *tx)
{
	int room;

	__atomic_store_n(&tx->ring->stalled, 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_SEQ_CST); /* F4 */
	room = ring_room(tx, 1);
	if (!room)
		return 1;
	__atomic_store_n(&tx->ring->stalled, 0, __ATOMIC_RELAXED);
	return room < 0 ? room : 0;
}

/** ring_stall_finish - after the wait, however it ended */
static inline void ring_stall_finish(struct ring_tx *tx)
{
	__atomic_store_n(&tx->ring->stalled, 0, __ATOMIC_RELAXED);
}

/* ---- consumer ---- */

/**
 * ring_used - how many slots are there to consume
 * @want: do not look at the producer's line if that many are known
 * Return: 0..n; -EPROTO the producer's index is impossible.
 */
static inline __must_check int ring_used(struct ring_rx *rx, u32 want)
{
	u32 used = rx->tail - rx->head;

	if (used < want) {
		/* Pairs with the release in ring_publish(). */
		u32 tail = __atomic_load_n(&rx->ring->tail, __ATOMIC_ACQUIRE);

		/* From `shown` on, where the producer counts from: it cannot be more than n
		 * ahead, and never takes published slots back. (So tail - head <= n, too.) */
		if (unlikely(tail - rx->shown > rx->n || tail - rx->shown < rx->tail - rx->shown))
			return -EPROTO;
		rx->tail = tail;
		used = tail - rx->head;
	}
	return (int)used;
}

/* A header is one word: kind, len, tag from the low end. */
typedef u64 __attribute__((may_alias)) ring_word_t_;

static inline u64 ring_header_word_(const struct ring_slot *slot)
{
	return __atomic_load_n((const ring_word_t_ *)(const void *)slot, __ATOMIC_RELAXED);
}

/*
 * kind in 1..4 and len in 0..56, at once: with 1 taken off the kind only its two lowest
 * bits may be left (0 borrows, and all of them are), and with 7 put on the length, to
 * 63, its six lowest. 64 bits, so that a length near 2^16 keeps its carry.
 */
static inline bool ring_header_ok_(u64 word)
{
	static_assert(RING_KIND_LAST == 4 && RING_PAYLOAD == 56, "the masks below");
	return !(((word & 0xffffffff) + (7ull << 16) - 1) & ~((63ull << 16) | 3));
}

/** ring_header_read - of @slot in shared memory, once. Return: false: -EPROTO is due. */
static inline __must_check bool ring_header_read(const struct ring_slot *slot,
						 struct ring_header *h)
{
	u64 word = ring_header_word_(slot);

	h->kind = (u16)word;
	h->len = (u16)(word >> 16);
	h->tag = (u32)(word >> 32);
	return ring_header_ok_(word);
}

/**
 * ring_peek_batch - slots to consume where they lie, each for ring_header_read()
 * @slots: shared memory that the peer may still change; copy before checking
 * Return: how many from *slots on (fewer where the ring's end is near; 0: empty); -EPROTO.
 */
static inline __must_check int ring_peek_batch(struct ring_rx *rx, const struct ring_slot **slots)
{
	int used = ring_used(rx, 1);
	u32 at = rx->head & (rx->n - 1);

	*slots = &rx->ring->slots[at];
	return used <= 0 ? used : (int)MIN((u32)used, rx->n - at);
}

/**
 * ring_peek - the next slot where it lies
 * @payload: shared memory that the peer may still change; copy before checking
 * Return: 1; 0 empty; -EPROTO impossible index or header.
 */
static inline __must_check int ring_peek(struct ring_rx *rx, struct ring_header *h,
					 const u8 **payload)
{
	const struct ring_slot *s = ring_slot_at_(rx->ring, rx->head, rx->n);
	int used = ring_used(rx, 1);

	if (used <= 0)
		return used;
	*payload = s->payload;
	return ring_header_read(s, h) ? 1 : -EPROTO;
}

/** ring_consume - step over the slot that ring_peek() showed */
static inline void ring_consume(struct ring_rx *rx)
{
	rx->head++;
}

/** ring_consume_batch - over @count of those that ring_peek_batch() showed */
static inline void ring_consume_batch(struct ring_rx *rx, u32 count)
{
	rx->head += count;
}

/** ring_release - give all consumed slots back to the producer */
static inline void ring_release(struct ring_rx *rx)
{
	/* Pairs with the acquire in ring_room(). */
	__atomic_store_n(&rx->ring->head, rx->head, __ATOMIC_RELEASE);
	rx->shown = rx->head;
}

/**
 * ring_pop - copy the next slot out and step over it; ring_release() later
 * Return: 1; 0 empty; -EPROTO impossible index or header.
 */
static inline __must_check int ring_pop(struct ring_rx *rx, struct ring_slot *out)
{
	if (rx->tail == rx->head) {
		int used = ring_used(rx, 1);

		if (used <= 0)
			return used;
	}
	ring_slot_copy_(out, ring_slot_at_(rx->ring, rx->head, rx->n));
	if (unlikely(!ring_header_ok_(ring_header_word_(out))))
		return -EPROTO;
	ring_consume(rx);
	return 1;
}

/**
 * ring_sleep_prepare - the consumer wants to wait for news
 * Return: 1 wait while ring->sleeping is 1; 0 there is news; -EPROTO.
 */
static inline __must_check int ring_sleep_prepare(struct ring_rx *rx)
{
	int used;

	__atomic_store_n(&rx->ring->sleeping, 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_SEQ_CST); /* F2 */
	used = ring_used(rx, 1);
	if (!used)
		return 1;
	__atomic_store_n(&rx->ring->sleeping, 0, __ATOMIC_RELAXED);
	return used < 0 ? used : 0;
}

/** ring_sleep_finish - after the wait, however it ended */
static inline void ring_sleep_finish(struct ring_rx *rx)
{
	__atomic_store_n(&rx->ring->sleeping, 0, __ATOMIC_RELAXED);
}

/** ring_should_unstall - after ring_release(): must the producer be woken? */
static inline bool ring_should_unstall(struct ring_rx *rx)
{
	return ring_take_waiter_(&rx->ring->stalled);
}
