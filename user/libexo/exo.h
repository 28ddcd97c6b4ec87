/* SPDX-License-Identifier: MIT */
/*
 * libexo: Exo-OS's own calls for C programs. Read this and you can use channels.
 *
 * A CHANNEL carries messages of up to 56 bytes between two processes, both ways. It has two
 * ends, which are descriptors: poll, epoll, close and SCM_RIGHTS work on them. fork and exec
 * do not keep one; to give an end to another process, send it over a UNIX socket.
 *
 *     int end[2];
 *     exo_channel(end, 0);                    // 0: room for 256 messages each way
 *     ... pass end[1] ...
 *
 *     struct ring_slot m = exo_message("ping", 4);
 *     if (exo_call(end[0], &m, EXO_FOREVER) == 0)   // the client: asks, and has the answer
 *             puts((char *)m.payload);
 *
 *     struct ring_slot m;                     // the server
 *     int err = exo_recv(end[1], &m, 1, EXO_FOREVER) == 1 ? 0 : -1;
 *     while (err >= 0) {
 *             ... look at m, make it the answer: leave m.tag as it is ...
 *             err = exo_reply(end[1], &m, EXO_FOREVER);   // answers, and waits for the next
 *     }
 *
 * Every function returns what its comment says, or -errno: -EPIPE the other side is gone,
 * -EBADF no such end, or another process's, -EAGAIN it would have to wait, -ETIMEDOUT,
 * -EINTR a signal, -EMSGSIZE more than 56 bytes, -EPROTO the other side broke the rules.
 *
 * Busy on both sides? exo_ring_open() maps the rings: then messages cost no system call while
 * nobody sleeps. A mapped end is used with exo_ring_*() alone.
 *
 * Threads: all functions may be called from several threads at once.
 */
#pragma once

#include <kernel/abi/channel.h>
#include <kernel/lib/ring_ops.h>

#include <pthread.h>
#include <stdint.h>
#include <string.h>

#define EXO_FOREVER CHANNEL_FOREVER /* time-outs are in nanoseconds; 0: do not wait */

/** exo_message - @len bytes, at most 56, as a message; its tag is 0 */
static inline struct ring_slot exo_message(const void *data, size_t len)
{
	struct ring_slot slot = { .kind = RING_INLINE };

	slot.len = (uint16_t)(len < RING_PAYLOAD ? len : RING_PAYLOAD);
	memcpy(slot.payload, data, slot.len);
	return slot;
}

/** exo_channel - a channel; @slots: power of two, 16..4096, 0: 256. Return: 0 and both
 * ends; -ENOBUFS too many by this process; -EMFILE; -ENOMEM. */
int exo_channel(int end[2], unsigned slots);

/** exo_send - @n messages at once. Return: how many there was room for, at least 1 */
long exo_send(int end, const struct ring_slot *messages, unsigned n, uint64_t timeout_ns);
/** exo_recv - up to @n messages. Return: how many, at least 1; -EPIPE none will come */
long exo_recv(int end, struct ring_slot *messages, unsigned n, uint64_t timeout_ns);

/** exo_call - send *@message, wait for the answer, which replaces it. Several threads may call
 * on one end: it gives each call a tag of its own. @timeout_ns: not 0. Return: 0; -EDEADLK
 * the server waits, perhaps through others, for this thread. */
int exo_call(int end, struct ring_slot *message, uint64_t timeout_ns);
/** exo_reply - *@message answers the call with its tag; then wait for the next message,
 * into *@message. Return: 0; 1: the same, but the caller had given up. */
int exo_reply(int end, struct ring_slot *message, uint64_t timeout_ns);
/** exo_reply_only - answer, and do not wait. Return: 0; 1 as above. */
int exo_reply_only(int end, const struct ring_slot *message);

/* ---- mapped rings ---- */

struct exo_ring {
	int fd;
	uint32_t epoch;
	uint32_t spin;    /* how often the ring is looked at before sleeping; adapts */
	uint32_t next_tag;
	const struct channel_peer *peer; /* who is there: the kernel's word, read-only */
	struct ring_tx tx;
	struct ring_rx rx;
	pthread_mutex_t send_lock, recv_lock;
};

/** exo_ring_open - map @end, which stays the caller's to close. Return: 0; -EBUSY mapped
 * already, or a thread waits on it; -ENOBUFS no room for it at 0x50000000. */
int exo_ring_open(struct exo_ring *ring, int end);
/** exo_ring_renew - after -ESTALE: the other end has a new owner, and what was on its way is
 * lost. Map the new rings. Return: 0; -errno. */
int exo_ring_renew(struct exo_ring *ring);

/** exo_ring_send, exo_ring_recv, exo_ring_call - as above, without the kernel if it can be.
 * Return: as above; -ESTALE a new epoch. Calls choose their tags themselves; what else comes
 * while one waits is lost, so use one channel for calls and another for news. */
long exo_ring_send(struct exo_ring *ring, const struct ring_slot *messages, unsigned n,
		   uint64_t timeout_ns);
long exo_ring_recv(struct exo_ring *ring, struct ring_slot *messages, unsigned n,
		   uint64_t timeout_ns);
int exo_ring_call(struct exo_ring *ring, struct ring_slot *message, uint64_t timeout_ns);
