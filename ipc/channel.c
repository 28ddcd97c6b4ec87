/* SPDX-License-Identifier: MIT */
/*
 * Channels: ends, their memory, epochs, sleeping and death. Messages and calls are in
 * channel_msg.c. What follows is the protocol as a model checker should see it.
 *
 * PARTIES. Two ends E0, E1. Ring i is produced by Ei and consumed by the other. An end is
 * driven by the kernel (K: indices in the end, under chan->lock) or mapped (U: indices in
 * the owner's private memory, ring words written without any lock). K becomes U by
 * channel_map(), which hands the indices over; U becomes K only through a new epoch.
 *
 * OWNERSHIP. end->owner is the id of one address space (ids are never used twice). Every
 * call on the end from another space is -EBADF. The states of an end:
 *
 *   owned K --channel_map--> owned U     adrift K --channel_claim--> owned K
 *      |                        |          ^   |
 *      +----- channel_leave ----+----------+   |      (epoch + 1)
 *      +----- channel_close ----+--------------+--> closed (for ever)
 *
 *   fork    the child's handle table has no end (handle_table_fork), its space no ring
 *           region (REGION_RING): it holds nothing. A child that shares the table but not
 *           the space (CLONE_FILES) has another owner id: -EBADF.
 *   exec    closes every end; the space goes, and with it the id.
 *   passing SCM_RIGHTS: when the handle is sent, channel_leave():
 *             1. new memory, both rings empty       (may fail: nothing has changed)
 *             2. under the lock: swap it in, epoch + 1, owner = nobody, both ends'
 *                kernel indices 0; this end is K; threads of the old owner that wait on
 *                it end with -EBADF, callers of the peer with -EPIPE; if anything was ever
 *                sent, the peer finds CONTROL/RESET first
 *             3. the old memory's view of this end is revoked: the old owner's mapping is
 *                gone on every CPU (a touch is SIGBUS)
 *           and when it arrives, channel_claim(): owner = the receiver's space. What the
 *           peer sends in between is the receiver's. One that was sent twice, and arrives
 *           while another owns it, is taken from that one by 1..3 with the new owner.
 *           An epoch is memory: whoever still writes the old rings (the peer, which is U and
 *           has not looked at `epoch` yet; the old owner between 2 and 3) writes where
 *           nobody of the new epoch reads. The peer's calls say -ESTALE until it maps again.
 *           No message of the old owner can thus be taken for one of the new owner's.
 *
 * SLEEPING, U consumer of ring r (a producer without room: `stalled`, the same):
 *   consumer:  sleeping = 1; fence; tail == head?            channel_wait():
 *                no  -> sleeping = 0, go on                    lock
 *                yes -> channel_wait()                         sleeping != 1? unlock, return
 *   producer:  slots; tail = t (release); fence                enter the list; unlock; sleep
 *              exchange(sleeping, 0) == 1 -> channel_kick()  channel_kick(): lock; wake the
 *                                                              list; unlock
 *   Lost wake-up would need: the producer saw sleeping == 0 (so before the consumer's store)
 *   and the consumer saw the old tail (so before the producer's store): the two fences forbid
 *   it. And if the exchange took the 1, either channel_wait() sees 0 under the lock, or it
 *   had entered the list, and the kick, which comes later, finds it there.
 *
 * SLEEPING, K consumer. Under the lock it finds its ring empty and enters `receivers` or
 * `callers`. Invariant I: while somebody is in `receivers` and the producer is K, the ring is
 * empty, since whoever pushes holds the lock and delivers at once. If the producer is U, the
 * consumer sets `sleeping` and looks again before it sleeps (channel_arm_locked), under the
 * lock that the kick takes. When a K producer turns U, `sleeping` is set for the other side.
 *
 * A WAITER is answered exactly once: it is taken out of its list under the lock, by whoever
 * answers it, or by itself after a signal or time-out. The answer copies the message, wakes
 * the thread, and last stores `done`, after which the waiter's memory may be gone; a waiter
 * that wakes and does not see `done` takes the lock, which the answerer still holds.
 *
 * HAND-OFF (channel_call, channel_reply, channel_wait with RING_KICK): the answerer takes
 * the run queue of its CPU while it holds the lock, and sees that the waiter sleeps here; from
 * then on nobody else can wake it. It drops the channel's lock, and switches.
 *
 * CLOSE. closed = true; the peer's receivers, once the ring is empty, its callers and its
 * sleepers end with -EPIPE. Messages that are there can still be taken; a send is -EPIPE at
 * once. The last of the two frees the channel; mappings keep the memory of their epoch.
 *
 * HOSTILE PEER. Of shared memory the kernel reads: the peer's index and slots, by ring_ops.h
 * (each once, checked); its own end's words `sleeping` and `stalled`; for poll on a mapped end
 * its own index, as a hint. -EPROTO ends the channel. What is delivered in one hold of the
 * lock is bounded by the waiters, of which each takes one slot.
 *
 * Locks: chan->lock (CHANNEL), interrupts off -> wait queues, run queue.
 */
#include <ipc/channel.h>

#include <kernel/abi/errno.h>
#include <kernel/abi/linux_mman.h>
#include <kernel/lib/string.h>
#include <mm/aspace.h>
#include <mm/kmalloc.h>
#include <mm/object.h>
#include <mm/pmm.h>
#include <mm/vmtree.h>
#include <security/cred.h>
#include <security/handle.h>

#include "channel_priv.h"

static u32 nr_live; /* atomic */

u32 channel_live(void)
{
	return atomic_load_relaxed(&nr_live);
}

/* ---- memory of an epoch ---- */

static u32 ring_pages(u32 slots)
{
	return (u32)(ALIGN_UP(RING_BYTES(slots), PAGE_SIZE) >> PAGE_SHIFT);
}

static void frames_put(struct frame *first, u32 from, u32 to)
{
	for (u32 i = from; first && i < to; i++)
		frame_put(first + i);
}

/* @pages contiguous cleared frames, each with a reference; NULL: no memory. */
static struct frame *frames_alloc(u32 pages)
{
	unsigned order = 0;
	struct frame *first;

	while (1u << order < pages)
		order++;
	first = pmm_alloc_frames(order, 0, NODE_ANY);
	frames_put(first, pages, 1u << order);
	return first;
}

/* The last of the two views is gone, or there never were two. */
static void mem_put(struct ring_mem *mem)
{
	if (!refcount_put(&mem->refs))
		return;
	for (u32 i = 0; i < 2; i++) {
		frames_put(mem->first[i], 0, mem->pages);
		frames_put(mem->info[i], 0, 1);
	}
	kfree(mem);
}

static void view_release(struct vmobject *obj)
{
	mem_put(obj->owner);
}

/* Page @index of a view: info, then the ring that this end produces, then the other. */
static int view_fill(struct vmobject *obj, u64 index, struct frame **out)
{
	const struct ring_mem *mem = obj->owner;
	u32 end = obj == mem->view[1];

	if (index == 0) {
		*out = mem->info[end];
	} else {
		bool in = index > mem->pages;

		*out = mem->first[end ^ in] + (index - 1 - (in ? mem->pages : 0));
	}
	frame_get(*out);
	return 0;
}

static const struct vmobject_ops view_ops = { .fill = view_fill, .release = view_release };

/* Return: fully made, or NULL. Its references are those of the views. */
static struct ring_mem *mem_create(u32 slots, u32 epoch, struct frame *const info[2])
{
	struct ring_mem *mem = kzalloc(sizeof(*mem), 0);
	u64 size;

	if (!mem)
		return NULL;
	refcount_init(&mem->refs);
	mem->pages = ring_pages(slots);
	size = (1 + 2ull * mem->pages) << PAGE_SHIFT;
	for (u32 i = 0; i < 2; i++) {
		mem->first[i] = frames_alloc(mem->pages);
		mem->info[i] = info[i];
		frame_get(info[i]);
		if (!mem->first[i])
			goto err_put;
		mem->ring[i] = frame_to_virt(mem->first[i]);
		if (ring_init(mem->ring[i], slots, epoch))
			goto err_put; /* cannot be: slots were checked */
	}
	mem->view[0] = vmobject_create(&view_ops, size, mem);
	if (!mem->view[0])
		goto err_put;
	mem->view[1] = vmobject_create(&view_ops, size, mem);
	if (!mem->view[1])
		goto err_view;
	refcount_get(&mem->refs); /* one for each view */
	return mem;

err_view:
	vmobject_put(mem->view[0]); /* and with it the only reference */
	return NULL;
err_put:
	mem_put(mem);
	return NULL;
}

static void mem_drop(struct ring_mem *mem)
{
	struct vmobject *view[2] = { mem->view[0], mem->view[1] };

	vmobject_put(view[0]);
	vmobject_put(view[1]);
}

/* ---- who the peer is ---- */

/* The page that @end's owner may read. */
static struct channel_peer *info_page(const struct channel_end *end)
{
	return frame_to_virt(end->chan->info[end->index]);
}

/* Let the owners see the epoch; @end's sees @state. */
static void tell_locked(const struct channel_end *end, enum channel_state state)
{
	struct channel_peer *info = info_page(end);

	info->state = state;
	/* Last: who reads the old one before and after has read the rest whole. */
	atomic_store_release(&info->epoch, end->chan->epoch);
}

/* What the peer of an end of @task's may read. */
static void stamp_of(struct task *task, u32 rights, struct channel_peer *out)
{
	struct cred *cred = task_cred(task);

	*out = (struct channel_peer){
		.pid = task->pid, .uid = cred->uid, .gid = cred->gid, .euid = cred->euid,
		.egid = cred->egid, .rights = rights,
		.pledge = task == current_task() ? current->pledge : 0,
	};
	memcpy(out->comm, task->comm, sizeof(out->comm));
	cred_put(cred);
}

static void stamp_locked(struct channel_end *end, const struct channel_peer *stamp)
{
	struct channel_peer *info = info_page(end->peer);

	end->pledge = stamp->pledge;
	end->owner_pid = stamp->pid;
	info->pid = stamp->pid;
	info->uid = stamp->uid;
	info->gid = stamp->gid;
	info->euid = stamp->euid;
	info->egid = stamp->egid;
	info->rights = stamp->rights;
	info->pledge = stamp->pledge;
	memcpy(info->comm, stamp->comm, sizeof(info->comm));
}

void channel_promise_locked(struct channel_end *end)
{
	end->pledge = current->pledge;
	atomic_store_relaxed(&info_page(end->peer)->pledge, end->pledge);
}

/* ---- creation and end ---- */

static void end_init(struct channel *chan, u32 index)
{
	struct channel_end *end = &chan->end[index];

	end->chan = chan;
	end->peer = &chan->end[!index];
	end->index = index;
	list_init(&end->receivers);
	list_init(&end->callers);
	list_init(&end->sleepers);
	waitq_init(&end->wait, "channel");
}

/* Both ends' own indices for the memory of this epoch, which is empty. */
static void attach_locked(struct channel *chan)
{
	for (u32 i = 0; i < 2; i++) {
		ring_tx_init(&chan->end[i].tx, chan->mem->ring[i], chan->slots);
		ring_rx_init(&chan->end[i].rx, chan->mem->ring[!i], chan->slots);
	}
}

static void free_channel(struct channel *chan)
{
	if (chan->mem)
		mem_drop(chan->mem);
	for (u32 i = 0; i < 2; i++)
		frames_put(chan->info[i], 0, 1);
	if (chan->payer) {
		atomic_add_relaxed(&chan->payer->ring_bytes, -chan->paid);
		task_put(chan->payer);
	}
	kfree(chan);
	(void)atomic_fetch_sub(&nr_live, 1u);
}

/* Return: 0; -ENOBUFS. */
static int pay(struct channel *chan, struct task *task)
{
	u64 bytes = (2ull * ring_pages(chan->slots) + 2) << PAGE_SHIFT, old;

	if (!task)
		return 0;
	old = atomic_fetch_add(&task->ring_bytes, bytes);
	if (old + bytes > RING_QUOTA_BYTES) {
		atomic_add_relaxed(&task->ring_bytes, -bytes);
		return -ENOBUFS;
	}
	task_get(task);
	chan->payer = task;
	chan->paid = bytes;
	return 0;
}

static struct channel *alloc_channel(u32 slots)
{
	struct channel *chan = kzalloc(sizeof(*chan), 0);

	if (!chan)
		return NULL;
	atomic_add_relaxed(&nr_live, 1u);
	spin_init(&chan->lock, RANK_CHANNEL, "channel");
	chan->slots = slots;
	chan->epoch = 1;
	chan->open = 2;
	end_init(chan, 0);
	end_init(chan, 1);
	return chan;
}

int channel_create(struct task *owner, u32 slots, struct channel_end **a, struct channel_end **b)
{
	struct channel_peer stamp;
	struct channel *chan;
	irqflags_t flags;
	int err;

	if (!slots)
		slots = RING_DEFAULT;
	if (slots < RING_MIN || slots > RING_MAX || (slots & (slots - 1)))
		return -EINVAL;
	chan = alloc_channel(slots);
	if (!chan)
		return -ENOMEM;
	err = pay(chan, owner);
	if (err)
		goto err_free;
	err = -ENOMEM;
	chan->info[0] = frames_alloc(1);
	chan->info[1] = frames_alloc(1);
	if (!chan->info[0] || !chan->info[1])
		goto err_free;
	chan->mem = mem_create(slots, chan->epoch, chan->info);
	if (!chan->mem)
		goto err_free;
	/* No failure past this point. */
	stamp_of(owner ? owner : kernel_task, RIGHT_READ | RIGHT_WRITE, &stamp);
	flags = spin_lock_irq(&chan->lock);
	attach_locked(chan);
	for (u32 i = 0; i < 2; i++) {
		struct channel_end *end = &chan->end[i];

		end->owner = owner ? owner->as->id : 0;
		end->kernel = !owner;
		stamp_locked(end, &stamp);
		tell_locked(end, CHANNEL_OPEN);
	}
	spin_unlock_irq(&chan->lock, flags);
	*a = &chan->end[0];
	*b = &chan->end[1];
	return 0;

err_free:
	free_channel(chan);
	return err;
}

static void finish_all_locked(struct list_head *list, int result)
{
	while (!list_empty(list))
		channel_finish_locked(container_of(list->next, struct channel_wait, link), result);
}

/* Nobody waits on @end any longer. */
static void dismiss_locked(struct channel_end *end, int result)
{
	finish_all_locked(&end->receivers, result);
	finish_all_locked(&end->callers, result);
	finish_all_locked(&end->sleepers, result);
	waitq_wake_all(&end->wait);
}

void channel_close(struct channel_end *end)
{
	struct channel *chan = end->chan;
	irqflags_t flags = spin_lock_irq(&chan->lock);
	bool last = --chan->open == 0;

	end->closed = true;
	dismiss_locked(end, -EBADF);
	if (!last) {
		chan->epoch++;
		if (end->peer->map_epoch == chan->epoch - 1)
			end->peer->map_epoch = chan->epoch; /* its memory stays */
		tell_locked(end->peer, CHANNEL_CLOSED);
		dismiss_locked(end->peer, -EPIPE);
	}
	spin_unlock_irq(&chan->lock, flags);
	if (last)
		free_channel(chan);
}

int channel_fail_locked(struct channel_end *end)
{
	if (!end->error) {
		end->error = -EPROTO;
		tell_locked(end, CHANNEL_BROKEN);
		tell_locked(end->peer, CHANNEL_BROKEN);
		dismiss_locked(end, -EPROTO);
		dismiss_locked(end->peer, -EPIPE);
	}
	return end->error;
}

/* ---- passing ---- */

/* The peer is told that what it sent may be lost, if it ever sent or was sent anything. */
static void reset_locked(struct channel_end *end, bool used)
{
	struct ring_slot slot = { .kind = RING_CONTROL, .len = sizeof(struct ring_control) };
	struct ring_control what = { .what = RING_CTL_RESET, .epoch = end->chan->epoch };

	if (!used)
		return;
	memcpy(slot.payload, &what, sizeof(what));
	if (ring_push(&end->tx, &slot)) /* an empty ring has room */
		return;
	ring_publish(&end->tx);
	channel_news_locked(end->peer);
}

/* Return: the old memory. */
static struct ring_mem *begin_epoch_locked(struct channel_end *end, struct ring_mem *mem)
{
	struct channel *chan = end->chan;
	struct ring_mem *old = chan->mem;
	bool used = end->map_epoch || end->peer->map_epoch || end->tx.staged || end->rx.head ||
		    end->peer->tx.staged;

	chan->epoch++;
	mem->ring[0]->epoch = mem->ring[1]->epoch = chan->epoch;
	chan->mem = mem;
	attach_locked(chan);
	end->map_epoch = 0;
	tell_locked(end, info_page(end)->state);
	tell_locked(end->peer, info_page(end->peer)->state);
	dismiss_locked(end, -EBADF);
	finish_all_locked(&end->peer->callers, -EPIPE);
	finish_all_locked(&end->peer->sleepers, -ESTALE);
	reset_locked(end, used);
	waitq_wake_all(&end->peer->wait);
	return old;
}

static void take_over_locked(struct channel_end *end, u64 owner, const struct channel_peer *stamp,
			     enum channel_state state)
{
	const struct channel_wait *w;

	end->server_tid = 0;
	atomic_store_relaxed(&end->owner, owner);
	stamp_locked(end, stamp);
	LIST_FOR_EACH(w, &end->peer->callers, link)
		atomic_store_relaxed(&w->thread->calls_tid, stamp->pid);
	if (!end->peer->closed && !end->error && !end->peer->error)
		tell_locked(end->peer, state);
}

/* A new epoch for @end, which had an owner, and has @owner now. Return: 0; -ENOMEM. */
static int move(struct channel_end *end, u64 owner, const struct channel_peer *stamp,
		enum channel_state state)
{
	struct channel *chan = end->chan;
	struct ring_mem *mem = mem_create(chan->slots, 0, chan->info), *old;
	irqflags_t flags;

	if (!mem)
		return -ENOMEM;
	/* No failure past this point. */
	flags = spin_lock_irq(&chan->lock);
	old = begin_epoch_locked(end, mem);
	take_over_locked(end, owner, stamp, state);
	spin_unlock_irq(&chan->lock, flags);
	vmobject_revoke(old->view[end->index]);
	mem_drop(old);
	return 0;
}

int channel_leave(struct channel_end *end)
{
	static const struct channel_peer nobody;
	u64 owner = atomic_load_relaxed(&end->owner);

	if (!owner)
		return 0;
	return owner == current_task()->as->id ? move(end, 0, &nobody, CHANNEL_MOVING) : -EBADF;
}

int channel_claim(struct channel_end *end, u32 rights, struct task *task)
{
	struct aspace *as = task_aspace(task);
	struct channel_peer stamp;
	irqflags_t flags;
	bool adrift;
	u64 owner;

	if (!as)
		return -ESRCH;
	owner = as->id;
	aspace_put(as);
	if (atomic_load_relaxed(&end->owner) == owner)
		return 0;
	stamp_of(task, rights, &stamp);
	flags = spin_lock_irq(&end->chan->lock);
	adrift = !end->owner;
	if (adrift)
		take_over_locked(end, owner, &stamp, CHANNEL_OPEN);
	spin_unlock_irq(&end->chan->lock, flags);
	return adrift ? 0 : move(end, owner, &stamp, CHANNEL_OPEN);
}

/* ---- mapping ---- */

/* Return: 0 and the view of @end, referenced; the owner drives it from now on. */
static int begin_map(struct channel_end *end, struct channel_view *view, struct vmobject **obj)
{
	struct channel *chan = end->chan;
	irqflags_t flags = spin_lock_irq(&chan->lock);
	int err = channel_owned_locked(end) ? end->error : -EBADF;

	if (!err && (end->map_epoch == chan->epoch || !list_empty(&end->receivers) ||
		     !list_empty(&end->callers)))
		err = -EBUSY;
	if (!err) {
		end->map_epoch = chan->epoch;
		*obj = chan->mem->view[end->index];
		vmobject_get(*obj);
		*view = (struct channel_view){
			.slots = chan->slots, .epoch = chan->epoch,
			.tail = end->tx.staged, .head = end->rx.head,
		};
		/* From now on this end kicks only who asks for it. */
		atomic_store_relaxed(&end->tx.ring->sleeping, 1u);
		atomic_store_relaxed(&end->rx.ring->stalled, 1u);
	}
	spin_unlock_irq(&chan->lock, flags);
	return err;
}

/* It could not be shown: the kernel goes on where it was. */
static void cancel_map(struct channel_end *end, u32 epoch)
{
	irqflags_t flags = spin_lock_irq(&end->chan->lock);

	if (end->map_epoch == epoch)
		end->map_epoch = 0;
	spin_unlock_irq(&end->chan->lock, flags);
}

static int show(struct vmobject *obj, u32 first, u32 pages, u32 prot, u64 *out)
{
	struct map_request req = {
		.len = (u64)pages << PAGE_SHIFT, .offset = (u64)first << PAGE_SHIFT,
		.prot = prot, .max_prot = prot, .object = obj, .window = true,
		.map_flags = MAP_SHARED, .region_flags = REGION_RING,
		.rlimit_as = task_rlimit(RLIMIT_AS),
	};

	return aspace_map(current_task()->as, &req, out);
}

int channel_map(struct channel_end *end, struct channel_view *view)
{
	u32 pages = ring_pages(end->chan->slots);
	struct vmobject *obj = NULL;
	int err = begin_map(end, view, &obj);

	if (err)
		return err;
	err = show(obj, 0, 1, PROT_READ, &view->peer);
	if (!err) {
		err = show(obj, 1, 2 * pages, PROT_READ | PROT_WRITE, &view->out);
		if (err)
			(void)!aspace_unmap(current_task()->as, view->peer, PAGE_SIZE);
	}
	vmobject_put(obj);
	if (err)
		cancel_map(end, view->epoch);
	view->in = view->out + ((u64)pages << PAGE_SHIFT);
	return err;
}

/* ---- sleeping ---- */

void channel_finish_locked(struct channel_wait *w, int result)
{
	channel_unlink(w);
	w->result = result;
	channel_wake_locked(w);
}

int channel_sleep_locked(struct channel_end *end, struct channel_wait *w, ns_t deadline_ns,
			 irqflags_t flags)
{
	struct channel *chan = end->chan;
	int err = 0;

	for (;;) {
		channel_arm_locked(end);
		if (w->done || err)
			break;
		sched_mark_asleep(true);
		spin_unlock_irq(&chan->lock, flags);
		err = sched_block(deadline_ns);
		sched_mark_awake();
		if (likely(atomic_load_acquire(&w->done)))
			return w->result;
		flags = spin_lock_irq(&chan->lock);
	}
	if (!w->done) {
		channel_unlink(w);
		w->result = err;
	}
	spin_unlock_irq(&chan->lock, flags);
	return w->result;
}

int channel_sleep(struct channel_end *end, struct channel_wait *w, struct list_head *list,
		  ns_t deadline_ns, irqflags_t flags)
{
	channel_enter_locked(w, list);
	return channel_sleep_locked(end, w, deadline_ns, flags);
}

int channel_sleep_on(struct channel_end *end, struct channel_wait *w, int err, ns_t deadline_ns)
{
	irqflags_t flags = spin_lock_irq(&end->chan->lock);

	if (!w->done && !err)
		return channel_sleep_locked(end, w, deadline_ns, flags);
	if (!w->done) {
		channel_unlink(w);
		w->result = err;
	}
	spin_unlock_irq(&end->chan->lock, flags);
	return w->result;
}

/* Do the words that channel_wait() is asked about all say wait? */
static bool words_say_wait(const struct channel_end *end, u32 what)
{
	if ((what & RING_FOR_NEWS) && atomic_load_relaxed(&end->rx.ring->sleeping) != 1)
		return false;
	return !(what & RING_FOR_ROOM) || atomic_load_relaxed(&end->tx.ring->stalled) == 1;
}

/* The peer looks again; all but @first, of its sleepers, are woken. */
static void kick_locked(struct channel_end *end, const struct channel_wait *first)
{
	struct channel_end *peer = end->peer;
	struct channel_wait *w, *next;

	end->kicks++;
	channel_news_locked(peer);
	LIST_FOR_EACH_SAFE(w, next, &peer->sleepers, link)
		if (w != first)
			channel_finish_locked(w, 0);
}

static int mapped_locked(const struct channel_end *end)
{
	if (!channel_owned_locked(end))
		return -EBADF;
	if (!end->map_epoch)
		return -EINVAL;
	if (end->map_epoch != end->chan->epoch)
		return -ESTALE;
	return channel_gone_locked(end);
}

int channel_kick(struct channel_end *end)
{
	irqflags_t flags = spin_lock_irq(&end->chan->lock);
	int err = mapped_locked(end);

	if (!err)
		kick_locked(end, NULL);
	spin_unlock_irq(&end->chan->lock, flags);
	return err;
}

/* @w sleeps, and the peer's @first runs in its place. The lock is held and given up. */
static int swap(struct channel_end *end, struct channel_wait *w, struct channel_wait *first,
		ns_t deadline_ns, irqflags_t flags)
{
	channel_enter_locked(w, &end->sleepers);
	return channel_hand_off(end, w, first, HANDOFF_REPLY, deadline_ns, flags);
}

int channel_wait(struct channel_end *end, u32 what, ns_t deadline_ns)
{
	struct channel *chan = end->chan;
	struct channel_end *peer = end->peer;
	struct channel_wait w, *first = NULL;
	irqflags_t flags;
	int err;

	flags = spin_lock_irq(&chan->lock);
	err = mapped_locked(end);
	if (err)
		goto out_unlock;
	if (words_say_wait(end, what) && deadline_ns) {
		if ((what & RING_KICK) && !list_empty(&peer->sleepers))
			first = container_of(peer->sleepers.next, struct channel_wait, link);
	} else {
		err = words_say_wait(end, what) ? -EAGAIN : 0;
		deadline_ns = 0;
	}
	if (what & RING_KICK)
		kick_locked(end, first);
	if (!deadline_ns)
		goto out_unlock;
	if (first)
		return swap(end, &w, first, deadline_ns, flags);
	return channel_sleep(end, &w, &end->sleepers, deadline_ns, flags);

out_unlock:
	spin_unlock_irq(&chan->lock, flags);
	return err;
}

/* ---- poll ---- */

/* Of a mapped end its own index is as its owner last showed it: a hint. */
static bool news_locked(struct channel_end *end)
{
	struct ring *ring = end->rx.ring;

	if (!end->map_epoch) {
		int used = end->peer->map_epoch ? ring_sleep_prepare(&end->rx) != 1
						: ring_used(&end->rx, 1);

		return used != 0; /* what cannot be is told by the call that follows */
	}
	if (end->map_epoch != end->chan->epoch)
		return true;
	atomic_store_relaxed(&ring->sleeping, 1u);
	atomic_fence();
	return atomic_load_relaxed(&ring->tail) != atomic_load_relaxed(&ring->head);
}

static bool room_locked(struct channel_end *end)
{
	struct ring *ring = end->tx.ring;
	u32 used;

	if (!end->map_epoch)
		return end->peer->map_epoch ? ring_stall_prepare(&end->tx) != 1
					    : ring_room(&end->tx, 1) != 0;
	atomic_store_relaxed(&ring->stalled, 1u);
	atomic_fence();
	used = atomic_load_relaxed(&ring->tail) - atomic_load_relaxed(&ring->head);
	return used < end->chan->slots;
}

u32 channel_ready(struct channel_end *end)
{
	irqflags_t flags = spin_lock_irq(&end->chan->lock);
	u32 ready = (news_locked(end) ? CHANNEL_IN : 0) | (room_locked(end) ? CHANNEL_OUT : 0) |
		    (channel_gone_locked(end) ? CHANNEL_GONE : 0);

	channel_arm_locked(end); /* for those who wait: the look may have disarmed it */
	spin_unlock_irq(&end->chan->lock, flags);
	return ready;
}

struct waitq *channel_waitq(struct channel_end *end)
{
	return &end->wait;
}

void channel_stats(struct channel_end *end, struct channel_stats *out)
{
	irqflags_t flags = spin_lock_irq(&end->chan->lock);
	const struct ring *in = end->rx.ring, *tx = end->tx.ring;

	*out = (struct channel_stats){
		.slots = end->chan->slots,
		.used_in = atomic_load_relaxed(&in->tail) - atomic_load_relaxed(&in->head),
		.used_out = atomic_load_relaxed(&tx->tail) - atomic_load_relaxed(&tx->head),
		.epoch = end->chan->epoch,
		.state = info_page(end)->state,
		.peer_pid = end->peer->owner_pid,
		.mapped = end->map_epoch == end->chan->epoch,
		.sleeping = !list_empty(&end->receivers) || !list_empty(&end->sleepers),
		.messages = end->messages, .kicks = end->kicks,
		.kicks_avoided = end->kicks_avoided, .calls = end->calls,
		.handoffs = end->handoffs,
	};
	spin_unlock_irq(&end->chan->lock, flags);
}
