/* SPDX-License-Identifier: MIT */
/*
 * Channels: a pair of single-producer single-consumer rings (kernel/abi/ring.h,
 * kernel/lib/ring_ops.h) between two ends, and the object that maps them, wakes
 * sleepers, hands calls over and tells of death.
 *
 *   end 0 ---ring 0--> end 1        each end is a handle of type KOBJECT_CHANNEL
 *         <--ring 1---              (fs/channel_file.c), pollable
 *
 * An end is driven by the kernel, with the functions below, or, once its owner has
 * mapped it, by the owner in user mode; the two kinds of end talk to each other. The
 * protocol in full: head of channel.c.
 *
 * Slots may be a user's: lengths and kinds are checked here. All but close and poll say
 * -EBADF to a process that does not own the end.
 */
#pragma once

#include <kernel/abi/channel.h>
#include <kernel/core/waitq.h>
#include <kernel/lib/types.h>

struct channel_end;
struct ring_slot;
struct task;

/** channel_create - two ends that belong to @owner, whose quota pays; NULL: to the
 * kernel, which may use them from any thread. @slots: power of two, 16..4096, 0: 256
 * Return: 0; -EINVAL; -ENOMEM; -ENOBUFS over RING_QUOTA_BYTES. */
__must_check int channel_create(struct task *owner, u32 slots, struct channel_end **a,
				struct channel_end **b);

/** channel_close - @end is gone: its peer gets -EPIPE once it has taken what is there.
 * The caller's reference goes with it. */
void channel_close(struct channel_end *end);

/** channel_send - publish up to @n slots, one wake-up at most. Waits for room for one
 * until @deadline_ns, 0: not at all. Return: slots taken; -EAGAIN full; -EMSGSIZE a length;
 * -EINVAL a kind; -EPIPE peer gone; -EPROTO; -EBUSY mapped; -ETIMEDOUT; -ERESTARTSYS. */
__must_check long channel_send(struct channel_end *end, const struct ring_slot *slots, u32 n,
			       ns_t deadline_ns);

/** channel_recv - take up to @n slots, each read once; waits for one as above.
 * Return: slots; -EAGAIN empty; -EPIPE peer gone and all taken; the others as above. */
__must_check long channel_recv(struct channel_end *end, struct ring_slot *slots, u32 n,
			       ns_t deadline_ns);

/** channel_call - send *@slot and wait for the slot with its tag, which replaces it. The
 * peer's thread, if it waits and may run here, runs at once on the caller's time.
 * @deadline_ns: not 0.
 * Return: 0; -EDEADLK the peer waits, through whatever chain, for current; -EINTR,
 * -ETIMEDOUT the request is out, its reply will be dropped; the others as above. */
__must_check int channel_call(struct channel_end *end, struct ring_slot *slot, ns_t deadline_ns);

/** channel_reply - *@slot goes to the caller that waits for its tag, who runs at once;
 * then the next message is waited for, into *@slot (not with CHANNEL_REPLY_ONLY).
 * Return: 0; 1 the same, but nobody waited for the reply any more: it was dropped;
 * -EAGAIN no message yet and @deadline_ns is 0; the others as channel_recv(). */
__must_check int channel_reply(struct channel_end *end, struct ring_slot *slot, u32 flags,
			       ns_t deadline_ns);

/** channel_map - show the rings of this epoch in current's window; from now on the owner
 * drives @end. Return: 0 and *view; -EBUSY mapped, or a thread waits; -ENOBUFS the
 * window is full; -ENOMEM; -EPIPE. */
__must_check int channel_map(struct channel_end *end, struct channel_view *view);

/** channel_wait - ring_wait(): sleep while the words of @what (RING_*) are 1.
 * Return: 0; -ESTALE a new epoch; -EPIPE; -EINVAL not mapped; -ETIMEDOUT; -ERESTARTSYS. */
__must_check int channel_wait(struct channel_end *end, u32 what, ns_t deadline_ns);

/** channel_kick - ring_kick(): the peer's waiters look again. Return: 0; -EPIPE; -ESTALE */
__must_check int channel_kick(struct channel_end *end);

/** channel_leave - @end goes to another process: the mapping is taken away, a new epoch begins,
 * and nobody owns it until it arrives. May sleep. Return: 0; -EBADF not current's; -ENOMEM. */
__must_check int channel_leave(struct channel_end *end);
/** channel_claim - @end has come to @task with a handle of @rights: it is the owner, as the peer
 * can read. May sleep. Return: 0; -ENOMEM, -ESRCH it has ended: nothing has changed. */
__must_check int channel_claim(struct channel_end *end, u32 rights, struct task *task);

enum channel_news { CHANNEL_IN = 1, CHANNEL_OUT = 2, CHANNEL_GONE = 4 };

/** channel_ready - enum channel_news bits that hold now; to be asked again after
 * channel_waitq() was woken, which this arranges for */
u32 channel_ready(struct channel_end *end);
struct waitq *channel_waitq(struct channel_end *end);

struct channel_stats {
	u32 slots, used_in, used_out, epoch, state;
	s32 peer_pid;
	bool mapped, sleeping;
	u64 messages, kicks, kicks_avoided, calls, handoffs;
};
void channel_stats(struct channel_end *end, struct channel_stats *out);

/** channel_live - channels alive: leak checks */
u32 channel_live(void);
