/* SPDX-License-Identifier: MIT */
/*
 * The FusionRing in shared memory: one producer, one consumer, one page or
 * more. kernel/lib/ring_ops.h has the operations and the orderings.
 *
 *   line 0   tail, stalled                written by the producer only *
 *   line 1   head, sleeping               written by the consumer only *
 *   line 2   n, epoch, flags              written before it is shared
 *   then     n slots of one cache line
 *
 * Indices are free-running: tail - head slots are in use, 0 when empty, n when
 * full; slot i lies at i % n.
 * (*) The side that wakes the other takes the other's `sleeping` or `stalled`
 * back to 0, so one sleep is kicked once.
 */
#pragma once

#include <kernel/lib/types.h>

#define RING_LINE    64u
#define RING_MIN     16u
#define RING_DEFAULT 256u
#define RING_MAX     4096u
#define RING_PAYLOAD 56u

/* enum ring_kind, stored in ring_slot.kind */
enum ring_kind {
	RING_INLINE = 1,  /* payload is the message */
	RING_REGION = 2,  /* struct ring_region: the data lie elsewhere */
	RING_HANDLE = 3,  /* struct ring_handle: a capability travels along */
	RING_CONTROL = 4, /* struct ring_control: from the channel itself */
};
#define RING_KIND_LAST RING_CONTROL

struct ring_slot {
	u16 kind;
	u16 len; /* bytes of payload in use, at most RING_PAYLOAD */
	u32 tag; /* the sender's; a reply carries the tag of its request */
	u8 payload[RING_PAYLOAD];
} __aligned(8); /* a cache line in a ring, which begins a page; not so on stacks */
static_assert(sizeof(struct ring_slot) == 64, "one cache line");
static_assert(offsetof(struct ring_slot, payload) == 8, "shared format");

struct ring {
	u32 tail;
	u32 stalled; /* the producer waits for room */
	u8 pad0[RING_LINE - 8];

	u32 head;
	u32 sleeping; /* the consumer waits for news */
	u8 pad1[RING_LINE - 8];

	u32 n; /* slots, a power of two */
	u32 epoch;
	u32 flags; /* none yet: 0 */
	u8 pad2[RING_LINE - 12];

	struct ring_slot slots[];
};
static_assert(offsetof(struct ring, tail) == 0, "shared format");
static_assert(offsetof(struct ring, stalled) == 4, "shared format");
static_assert(offsetof(struct ring, head) == 64, "shared format");
static_assert(offsetof(struct ring, sleeping) == 68, "shared format");
static_assert(offsetof(struct ring, n) == 128, "shared format");
static_assert(offsetof(struct ring, epoch) == 132, "shared format");
static_assert(offsetof(struct ring, flags) == 136, "shared format");
static_assert(offsetof(struct ring, slots) == 3 * RING_LINE, "shared format");

/* Bytes of a ring of @n slots. */
#define RING_BYTES(n) (sizeof(struct ring) + (size_t)(n) * sizeof(struct ring_slot))

enum ring_region_mode {
	RING_SHARE = 1, /* receiver reads, sender may keep writing */
	RING_LEND = 2,  /* receiver reads, sender promises not to write */
	RING_MOVE = 3,  /* the sender's mapping is gone */
};

/* Payload of RING_REGION. */
struct ring_region {
	u64 va; /* the same in both processes */
	u64 len;
	u32 mode; /* enum ring_region_mode */
	u32 id;   /* of the region within the channel */
	u8 body[32]; /* the message that goes with it */
};
static_assert(sizeof(struct ring_region) == RING_PAYLOAD, "shared format");
static_assert(offsetof(struct ring_region, body) == 24, "shared format");

/* Payload of RING_HANDLE, as the receiver sees it. */
struct ring_handle {
	s32 fd;
	u32 rights;
	u8 body[48];
};
static_assert(sizeof(struct ring_handle) == RING_PAYLOAD, "shared format");
static_assert(offsetof(struct ring_handle, body) == 8, "shared format");

enum ring_control_what {
	RING_CTL_RESET = 1,  /* a new epoch begins */
	RING_CTL_CLOSED = 2, /* the other side closed its end */
	RING_CTL_ERROR = 3,  /* `error` says what happened to message `tag` */
};

/* Payload of RING_CONTROL. */
struct ring_control {
	u32 what;  /* enum ring_control_what */
	s32 error; /* -errno or 0 */
	u32 epoch;
	u32 tag;
};
static_assert(sizeof(struct ring_control) == 16, "shared format");
