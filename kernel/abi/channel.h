/* SPDX-License-Identifier: MIT */
/*
 * Channels as programs see them: arguments and results of the calls channel_* and
 * ring_* (kernel/syscall.tbl), and the page that tells who the peer is. The rings
 * themselves: kernel/abi/ring.h. The easy way to all of it: user/libexo/exo.h.
 */
#pragma once

#include <kernel/lib/types.h>

/* Where rings and regions are shown; nothing else is placed there once a process has
 * mapped one. */
#define RING_WINDOW_START 0x50000000ull
#define RING_WINDOW_END   0x60000000ull

/* Bytes of rings that the channels a process has created may take: then -ENOBUFS. */
#define RING_QUOTA_BYTES (64ull << 20)

#define CHANNEL_FOREVER (~0ull) /* timeout_ns: no time-out. 0: do not wait */

#define CHANNEL_REPLY_ONLY 1u /* channel_reply: do not wait for the next request */

/* ring_wait, ring_kick: for what */
#define RING_FOR_NEWS 1u /* wait while `sleeping` of the ring in is 1 */
#define RING_FOR_ROOM 2u /* wait while `stalled` of the ring out is 1 */
#define RING_KICK     4u /* ring_wait: wake the peer first, and lend it this CPU */

enum channel_state {
	CHANNEL_OPEN = 1,
	CHANNEL_CLOSED = 2, /* the peer closed it or died */
	CHANNEL_BROKEN = 3, /* one side wrote what cannot be: -EPROTO */
	CHANNEL_MOVING = 4, /* the peer's end is on its way to another process; nobody's */
};

/*
 * Who the peer is, in a page that the kernel writes and the process can only read.
 * It is stamped when the end gets its owner, and again for promises made later. To
 * read it whole: take `epoch` before and after.
 */
struct channel_peer {
	u32 state;  /* enum channel_state */
	u32 epoch;  /* of the rings now; not yours? channel_map() again */
	s32 pid;
	u32 uid, gid, euid, egid;
	u32 rights; /* of its handle: RIGHT_* */
	u64 pledge; /* promises, 0: none made */
	u8 comm[16];
};
static_assert(sizeof(struct channel_peer) == 56, "shared format");
static_assert(offsetof(struct channel_peer, pledge) == 32, "shared format");

/* Result of channel_map. */
struct channel_view {
	u64 peer;  /* const struct channel_peer * */
	u64 out;   /* struct ring *: this end produces */
	u64 in;    /* struct ring *: this end consumes */
	u32 slots; /* of each */
	u32 epoch;
	u32 tail;  /* index in `out` at which to go on, 0 in a new epoch */
	u32 head;  /* the same in `in` */
};
static_assert(sizeof(struct channel_view) == 40, "shared format");
