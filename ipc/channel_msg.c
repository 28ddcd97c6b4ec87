/* SPDX-License-Identifier: MIT */
/*
 * Messages and calls on ends that the kernel drives (protocol: head of channel.c).
 *
 * A call and its reply, both threads on one CPU, take no queue:
 *
 *   caller  channel_call: the peer's receiver R is there    server  asleep in channel_reply
 *             slot -> R, enter callers, switch to R  ------>          returns with the slot
 *                                                                     channel_reply:
 *           returns with the reply  <------------------------         slot -> caller, enter
 *                                                                     receivers, switch to it
 *
 * Circles. A call that finds no receiver notes for whom it waits (thread->calls_tid) and
 * follows these notes under one mutex: if they lead to itself, -EDEADLK. A call that finds
 * one cannot close a circle: the receiver waits for nobody. For whom a call waits is known
 * when its request is received, or the server has one thread; until then nobody can have
 * been called on its behalf.
 */
#include "channel_priv.h"

#include <kernel/abi/errno.h>
#include <kernel/core/mutex.h>
#include <kernel/lib/string.h>

#define CALL_CHAIN_MAX 64u

/* Which call waits for which. Taken alone. */
static struct mutex calls_lock = MUTEX_INIT(calls_lock, RANK_CHANNEL_CALLS, "channel_calls");

static inline struct channel_wait *first_of(const struct list_head *list)
{
	return container_of(list->next, struct channel_wait, link);
}

/* ---- what came goes to who waits ---- */

static inline struct channel_wait *caller_of(const struct channel_end *end, u32 tag)
{
	struct channel_wait *w;

	LIST_FOR_EACH(w, &end->callers, link)
		if (likely(w->tag == tag))
			return w;
	return NULL;
}

void channel_room_locked(struct channel_end *end)
{
	struct channel_end *peer = end->peer;

	if (peer->map_epoch && ring_should_unstall(&end->rx))
		while (!list_empty(&peer->sleepers))
			channel_finish_locked(first_of(&peer->sleepers), 0);
	if (!waitq_empty(&peer->wait))
		waitq_wake_all(&peer->wait);
}

/* @server has got *@slot from @end's ring: if it is a call, then that waits for @server. */
static inline void note_call_locked(struct channel_end *end, const struct ring_slot *slot,
				    const struct thread *server)
{
	struct channel_wait *w = caller_of(end->peer, slot->tag);

	if (w)
		atomic_store_relaxed(&w->thread->calls_tid, server->tid);
}

/* One message to @w. Return: false: it was not what it seemed to be. */
static bool deliver_one_locked(struct channel_end *end, struct channel_wait *w, bool call)
{
	if (ring_pop(&end->rx, w->slot) != 1 || (call && w->slot->tag != w->tag))
		return false;
	if (!call)
		note_call_locked(end, w->slot, w->thread);
	end->messages++;
	channel_finish_locked(w, 0);
	return true;
}

void channel_deliver_locked(struct channel_end *end)
{
	struct ring_header header;
	const u8 *payload;
	bool any = false;
	int got = 0;

	while (!list_empty(&end->callers) || !list_empty(&end->receivers)) {
		struct channel_wait *w;
		bool call;

		got = ring_peek(&end->rx, &header, &payload);
		if (got <= 0)
			break;
		w = caller_of(end, header.tag);
		call = w != NULL;
		if (!call && list_empty(&end->receivers))
			break; /* stands in the way until somebody receives it */
		if (!call)
			w = first_of(&end->receivers);
		if (!deliver_one_locked(end, w, call)) {
			got = -EPROTO;
			break;
		}
		any = true;
	}
	if (any) {
		ring_release(&end->rx);
		channel_room_locked(end);
	}
	if (got < 0)
		(void)channel_fail_locked(end);
}

void channel_arm_locked(struct channel_end *end)
{
	int armed;

	if (likely(!end->peer->map_epoch) || end->map_epoch || end->error ||
	    (list_empty(&end->receivers) && list_empty(&end->callers)))
		return;
	armed = ring_sleep_prepare(&end->rx);
	if (armed < 0)
		(void)channel_fail_locked(end);
	if (armed)
		return;
	channel_deliver_locked(end);
	/* Whatever came meanwhile is kicked for: the producer sees this, or we its tail. */
	if (!end->error && ring_sleep_prepare(&end->rx) == 0) {
		channel_deliver_locked(end);
		atomic_store_relaxed(&end->rx.ring->sleeping, 1u);
		atomic_fence();
		channel_deliver_locked(end);
	}
}

void channel_news_locked(struct channel_end *end)
{
	if (!end->map_epoch && !end->error) {
		channel_deliver_locked(end);
		channel_arm_locked(end);
	}
	if (!waitq_empty(&end->wait))
		waitq_wake_all(&end->wait);
}

/* Slots that @end has pushed are seen, and their consumer is told. */
static void publish_locked(struct channel_end *end)
{
	struct channel_end *peer = end->peer;

	ring_publish(&end->tx);
	if (peer->map_epoch) {
		if (!ring_should_kick(&end->tx)) {
			end->kicks_avoided++;
			return;
		}
		end->kicks++;
		while (!list_empty(&peer->sleepers))
			channel_finish_locked(first_of(&peer->sleepers), 0);
	}
	channel_news_locked(peer);
}

/* ---- send and receive ---- */

static int check_slot(const struct ring_slot *slot)
{
	if (unlikely(slot->len > RING_PAYLOAD))
		return -EMSGSIZE;
	return likely(slot->kind == RING_INLINE) ? 0 : -EINVAL;
}

/* May @end, which the kernel drives, be used? */
static inline int usable_locked(struct channel_end *end)
{
	if (unlikely(!channel_owned_locked(end)))
		return -EBADF;
	if (unlikely(end->map_epoch))
		return -EBUSY;
	if (unlikely(end->pledge != current->pledge) && !end->kernel)
		channel_promise_locked(end);
	return 0;
}

/* Return: slots taken; 0 full; -errno. */
static long push_locked(struct channel_end *end, const struct ring_slot *slots, u32 n)
{
	int err = usable_locked(end), pushed;

	if (!err)
		err = channel_gone_locked(end);
	if (err)
		return err;
	pushed = ring_push_batch(&end->tx, slots, n);
	if (pushed < 0)
		return channel_fail_locked(end);
	if (pushed)
		publish_locked(end);
	return pushed;
}

/* Asked by a thread that is marked asleep. */
static bool room_or_gone(struct channel_end *end)
{
	return channel_ready(end) & (CHANNEL_OUT | CHANNEL_GONE);
}

long channel_send(struct channel_end *end, const struct ring_slot *slots, u32 n, ns_t deadline_ns)
{
	struct channel *chan = end->chan;

	for (u32 i = 0; i < n; i++) {
		int err = check_slot(&slots[i]);

		if (err)
			return err;
	}
	for (;;) {
		irqflags_t flags = spin_lock_irq(&chan->lock);
		long sent = push_locked(end, slots, n);
		int err;

		spin_unlock_irq(&chan->lock, flags);
		if (sent || !n)
			return sent;
		if (!deadline_ns)
			return -EAGAIN;
		err = WAITQ_WAIT(&end->wait, room_or_gone(end), true, deadline_ns);
		if (err)
			return err;
	}
}

/* Return: slots; 0 none; -errno. */
static int take_locked(struct channel_end *end, struct ring_slot *slots, u32 n)
{
	u32 taken = 0;
	int got = 1;

	if (unlikely(end->error))
		return end->error;
	while (taken < n && (got = ring_pop(&end->rx, &slots[taken])) > 0)
		note_call_locked(end, &slots[taken++], current);
	if (taken) {
		end->messages += taken;
		ring_release(&end->rx);
		channel_room_locked(end);
		if (unlikely(!list_empty(&end->callers)))
			channel_deliver_locked(end); /* a reply may have stood behind it */
	}
	if (unlikely(got < 0))
		got = channel_fail_locked(end);
	if (taken)
		return (int)taken;
	return got < 0 ? got : channel_gone_locked(end);
}

/* Current receives from @end: a call to it waits for current. */
static inline void note_server(struct channel_end *end)
{
	if (unlikely(end->server_tid != current->tid))
		end->server_tid = end->server_tid ? -1 : current->tid;
}

long channel_recv(struct channel_end *end, struct ring_slot *slots, u32 n, ns_t deadline_ns)
{
	struct channel *chan = end->chan;
	struct channel_wait w;
	irqflags_t flags = spin_lock_irq(&chan->lock);
	int got = usable_locked(end);

	if (!got)
		got = take_locked(end, slots, n);
	if (!got && n && deadline_ns) {
		sched_end_loan(current); /* it answers no call any more */
		note_server(end);
		w.slot = slots;
		got = channel_sleep(end, &w, &end->receivers, deadline_ns, flags);
		return got ? got : 1;
	}
	spin_unlock_irq(&chan->lock, flags);
	return got || !n ? got : -EAGAIN;
}

/* ---- calls ---- */

/* Whom a call on @end waits for, as far as it is known: 0 not. */
static s32 server_of(const struct channel_end *end)
{
	s32 tid = atomic_load_relaxed(&end->server_tid), pid;
	struct task *task;

	if (tid)
		return tid > 0 ? tid : 0;
	pid = atomic_load_relaxed(&end->owner_pid);
	task = pid ? task_find(pid) : NULL;
	if (!task)
		return 0;
	tid = atomic_load_relaxed(&task->nr_threads) == 1 ? pid : 0;
	task_put(task);
	return tid;
}

/* Current is going to wait for the server of @end. Return: 0; -EDEADLK. */
static int enter_call(const struct channel_end *end)
{
	s32 tid = server_of(end);
	int err = 0;

	mutex_lock(&calls_lock);
	atomic_store_relaxed(&current->calls_tid, tid);
	for (u32 i = 0; tid > 0 && i < CALL_CHAIN_MAX; i++) {
		struct thread *thread;

		if (tid == current->tid) {
			err = -EDEADLK;
			break;
		}
		thread = thread_find(tid);
		if (!thread)
			break;
		tid = atomic_load_relaxed(&thread->calls_tid);
		thread_put(thread);
	}
	if (err)
		atomic_store_relaxed(&current->calls_tid, 0);
	mutex_unlock(&calls_lock);
	return err;
}

/* Nobody receives now: through the ring. */
static __noinline int call_slow(struct channel_end *end, struct ring_slot *slot, ns_t deadline_ns)
{
	struct channel *chan = end->chan;
	struct channel_wait w = { .slot = slot, .tag = slot->tag };
	irqflags_t flags;
	long sent;
	int err = enter_call(end->peer);

	if (err)
		return err;
	for (;;) {
		flags = spin_lock_irq(&chan->lock);
		/* Among the callers first: the reply may come with the push. */
		channel_enter_locked(&w, &end->callers);
		sent = push_locked(end, slot, 1);
		if (sent > 0)
			break;
		if (!w.done)
			channel_unlink(&w);
		spin_unlock_irq(&chan->lock, flags);
		err = (int)sent;
		if (!err)
			err = WAITQ_WAIT(&end->wait, room_or_gone(end), true, deadline_ns);
		if (err)
			goto out;
	}
	spin_unlock_irq(&chan->lock, flags);
	err = channel_sleep_on(end, &w, 0, deadline_ns);
out:
	atomic_store_relaxed(&current->calls_tid, 0);
	return err == -ERESTARTSYS ? -EINTR : err;
}

/* The call was given up: what its server does now is on its own time. */
static __noinline int give_up(int err)
{
	s32 tid = atomic_load_relaxed(&current->calls_tid);
	struct thread *server = tid > 0 ? thread_find(tid) : NULL;

	if (server) {
		sched_end_loan(server);
		thread_put(server);
	}
	atomic_store_relaxed(&current->calls_tid, 0);
	return err == -ERESTARTSYS ? -EINTR : err;
}

int channel_call(struct channel_end *end, struct ring_slot *slot, ns_t deadline_ns)
{
	struct channel *chan = end->chan;
	struct channel_end *peer = end->peer;
	struct channel_wait w, *server;
	irqflags_t flags;
	int err = check_slot(slot);

	if (unlikely(err))
		return err;
	flags = spin_lock_irq(&chan->lock);
	err = usable_locked(end);
	if (unlikely(err || list_empty(&peer->receivers))) {
		if (!err)
			err = channel_gone_locked(end);
		spin_unlock_irq(&chan->lock, flags);
		return err ? err : call_slow(end, slot, deadline_ns);
	}
	/* Somebody receives: the ring is empty, and both ends are alive. */
	server = first_of(&peer->receivers);
	*server->slot = *slot;
	peer->messages++;
	end->calls++;
	w.slot = slot;
	w.tag = slot->tag;
	channel_enter_locked(&w, &end->callers);
	atomic_store_relaxed(&current->calls_tid, peer->server_tid);
	if (unlikely(nr_cpus_online > 1))
		sched_pull_sleeper(server->thread);
	err = channel_hand_off(end, &w, server, HANDOFF_CALL, deadline_ns, flags);
	if (unlikely(err))
		return give_up(err);
	atomic_store_relaxed(&current->calls_tid, 0);
	return 0;
}

/* The reply in *@slot for a peer that has no call of its tag: a mapped one finds it in its
 * ring, of others the call was cancelled. Return: 0; 1 dropped; -errno. */
static int reply_uncalled_locked(struct channel_end *end, const struct ring_slot *slot)
{
	long sent;

	if (!end->peer->map_epoch)
		return channel_gone_locked(end) ? channel_gone_locked(end) : 1;
	sent = push_locked(end, slot, 1);
	if (sent > 0)
		return 0;
	return sent ? (int)sent : -EAGAIN;
}

/* There is nothing, for sure, and the peer is there: a quick look. */
static inline bool ring_empty_locked(const struct channel_end *end)
{
	const struct channel_end *peer = end->peer;

	return !peer->map_epoch && end->rx.head == peer->tx.staged && !channel_gone_locked(end);
}

/* After the reply, to @caller or nobody: take the next message, or sleep until it comes. */
static inline int next_request(struct channel_end *end, struct channel_wait *caller,
			       struct ring_slot *slot, ns_t deadline_ns, irqflags_t flags)
{
	struct channel *chan = end->chan;
	struct channel_wait w;
	int got = likely(ring_empty_locked(end)) ? 0 : take_locked(end, slot, 1);

	if (got || !deadline_ns) {
		if (caller)
			channel_finish_locked(caller, 0);
		spin_unlock_irq(&chan->lock, flags);
		sched_end_loan(current);
		return got > 0 ? 0 : got ? got : -EAGAIN;
	}
	note_server(end);
	w.slot = slot;
	channel_enter_locked(&w, &end->receivers);
	if (likely(caller))
		return channel_hand_off(end, &w, caller, HANDOFF_REPLY, deadline_ns, flags);
	sched_end_loan(current);
	return channel_sleep_locked(end, &w, deadline_ns, flags);
}

int channel_reply(struct channel_end *end, struct ring_slot *slot, u32 reply_flags,
		  ns_t deadline_ns)
{
	struct channel *chan = end->chan;
	struct channel_wait *caller;
	irqflags_t flags;
	int err = check_slot(slot), late = 0;

	if (unlikely(err))
		return err;
	flags = spin_lock_irq(&chan->lock);
	err = usable_locked(end);
	if (unlikely(err))
		goto err_unlock;
	caller = caller_of(end->peer, slot->tag);
	if (likely(caller)) {
		*caller->slot = *slot;
		end->peer->messages++;
	} else {
		late = reply_uncalled_locked(end, slot);
		if (late < 0) {
			err = late;
			goto err_unlock;
		}
	}
	if (unlikely(reply_flags & CHANNEL_REPLY_ONLY)) {
		if (caller)
			channel_finish_locked(caller, 0);
		spin_unlock_irq(&chan->lock, flags);
		sched_end_loan(current);
		return late;
	}
	err = next_request(end, caller, slot, deadline_ns, flags);
	return err ? err : late;

err_unlock:
	spin_unlock_irq(&chan->lock, flags);
	return err;
}
