/* SPDX-License-Identifier: MIT */
/* Shared by channel.c (objects, memory, sleeping) and channel_msg.c (messages, calls). */
#pragma once

#include <ipc/channel.h>
#include <kernel/core/spinlock.h>
#include <kernel/lib/list.h>
#include <kernel/lib/ring_ops.h>
#include <kernel/task/task.h>
#include <mm/aspace.h>

struct frame;
struct vmobject;

/*
 * The memory of one epoch. Each end sees it through an object of its own, so that one
 * can lose it without the other:  page 0 info | ring out | ring in
 */
struct ring_mem {
	struct refcount refs;      /* of the two views */
	u32 pages;                 /* [i] of one ring */
	struct frame *first[2];    /* [i] of ring 0, 1: contiguous frames */
	struct frame *info[2];     /* [i] of end 0, 1 */
	struct ring *ring[2];      /* [i] the kernel's own view */
	struct vmobject *view[2];  /* [i] what end 0, 1 maps */
};

/* A thread that sleeps in a call, on its stack. */
struct channel_wait {
	struct list_head link;   /* [l] receivers, callers or sleepers of its end */
	struct thread *thread;   /* [i] */
	struct ring_slot *slot;  /* [l] kernel memory: where the message goes */
	u32 tag;                 /* [i] callers: of the reply */
	u32 done;                /* [l][a] written last: then it is out of the list */
	int result;              /* [l] */
};

/* Lock key: l chan->lock, i immutable, a atomic. */
struct channel_end {
	struct channel *chan;       /* [i] */
	struct channel_end *peer;   /* [i] */
	u32 index;                  /* [i] 0, 1; produces into the ring of that number */
	u32 map_epoch;              /* [l] that its owner has mapped; 0: the kernel drives it */
	u64 owner;                  /* [l][a] aspace->id; 0: nobody's, or the kernel's */
	s32 owner_pid;              /* [l][a] */
	s32 server_tid;             /* [l][a] the thread that receives; 0 none yet, -1 several */
	struct list_head receivers; /* [l] wait for any message; the ring has none then */
	struct list_head callers;   /* [l] wait for the reply with their tag */
	struct ring_tx tx;          /* [l] of an end that the kernel drives */
	struct ring_rx rx;          /* [l] the same */
	struct list_head sleepers;  /* [l] in channel_wait() */
	struct waitq wait;          /* polls, and senders that want room */
	u64 pledge;                 /* [l] as its peer was told */
	int error;                  /* [l] what every call on it says from now on, or 0 */
	bool closed;                /* [l] */
	bool kernel;                /* [i] of the kernel itself, in whatever thread */
	u64 messages, kicks, kicks_avoided, calls, handoffs; /* [l] */
};

struct channel {
	struct spinlock lock;       /* RANK_CHANNEL, interrupts off */
	struct channel_end end[2];
	u32 open;                   /* [l] ends that are not closed */
	u32 slots;                  /* [i] of each ring */
	u32 epoch;                  /* [l] from 1 */
	struct ring_mem *mem;       /* [l] of this epoch */
	struct frame *info[2];      /* [i] page that end 0, 1 may read */
	struct task *payer;         /* [i] referenced, NULL: the kernel */
	u64 paid;                   /* [i] bytes */
};

/** channel_owned_locked - does @end belong to current's space? */
static inline bool channel_owned_locked(const struct channel_end *end)
{
	return likely(end->kernel || end->owner == current_task()->as->id);
}

/** channel_gone_locked - why @end can neither send nor call, or 0 */
static inline int channel_gone_locked(const struct channel_end *end)
{
	if (likely(!end->error && !end->peer->closed && !end->peer->error))
		return 0;
	return end->error ? end->error : -EPIPE;
}

/* @w is in no list any more. */
static inline void channel_unlink(struct channel_wait *w)
{
	w->link.prev->next = w->link.next;
	w->link.next->prev = w->link.prev;
}

static inline void channel_enter_locked(struct channel_wait *w, struct list_head *list)
{
	w->thread = current;
	w->done = 0;
	list_add_tail(&w->link, list);
}

/* @w has its answer and is in no list. Its thread wakes to find the lock held; `done` is the
 * last that is written: then @w may be gone. */
static inline void channel_wake_locked(struct channel_wait *w)
{
	(void)sched_wake_sleeper(w->thread);
	/* Pairs with the acquires of those who sleep. */
	atomic_store_release(&w->done, 1u);
}

/** channel_finish_locked - @w is answered, its message copied: out of its list, awake */
void channel_finish_locked(struct channel_wait *w, int result);

/** channel_sleep - enter @list and sleep until done. The lock is held and given up.
 * Return: w->result, or -ETIMEDOUT, -ERESTARTSYS and it has left */
__must_check int channel_sleep(struct channel_end *end, struct channel_wait *w,
			       struct list_head *list, ns_t deadline_ns, irqflags_t flags);
/** channel_sleep_locked - the same for one that is in its list */
__must_check int channel_sleep_locked(struct channel_end *end, struct channel_wait *w,
				      ns_t deadline_ns, irqflags_t flags);
/** channel_sleep_on - and for one that has slept already, with @err, and has no lock */
__must_check int channel_sleep_on(struct channel_end *end, struct channel_wait *w, int err,
				  ns_t deadline_ns);

/* @to, of the peer, has its message: its thread runs, @w, which is in its list, sleeps until it
 * is done. The lock is held and given up. Return: as channel_sleep() */
static inline int channel_hand_off(struct channel_end *end, struct channel_wait *w,
				   struct channel_wait *to, enum sched_handoff why,
				   ns_t deadline_ns, irqflags_t flags)
{
	int err;

	channel_unlink(to);
	to->result = 0;
	end->handoffs++;
	err = sched_handoff(to->thread, why, deadline_ns, &end->chan->lock, &to->done, flags);
	/* Pairs with the releases in channel_wake_locked(), the run queue's. */
	if (likely(atomic_load_acquire(&w->done)))
		return w->result;
	if (likely(err != HANDOFF_REFUSED))
		return channel_sleep_on(end, w, err, deadline_ns);
	end->handoffs--;
	channel_wake_locked(to);
	if (why == HANDOFF_REPLY)
		sched_end_loan(current);
	return channel_sleep_locked(end, w, deadline_ns, flags);
}

/** channel_deliver_locked - messages in @end's ring go to who waits for them */
void channel_deliver_locked(struct channel_end *end);
/** channel_arm_locked - a mapped peer kicks from now on; what came before is delivered */
void channel_arm_locked(struct channel_end *end);
/** channel_news_locked - @end's ring has more: its waiters are told */
void channel_news_locked(struct channel_end *end);
/** channel_room_locked - @end has taken slots: its peer, if it waits for room, is told */
void channel_room_locked(struct channel_end *end);
/** channel_fail_locked - @end has found what cannot be; -EPROTO for it, -EPIPE for its peer */
int channel_fail_locked(struct channel_end *end);
/** channel_promise_locked - the peer can read what current has promised by now */
void channel_promise_locked(struct channel_end *end);
