/* SPDX-License-Identifier: MIT */
/*
 * Wait queues: threads that sleep until a condition may have become true.
 *
 *   waiter                                  waker
 *   waitq_prepare(wq, &w, intr)             make the condition true
 *   if (condition) goto finish              waitq_wake_all(wq)
 *   sched_block(deadline)  <- sleeps only while still marked asleep
 *   waitq_finish(&w)
 *
 * prepare marks the thread asleep before the condition is read, and wake marks
 * it awake, so no wake-up is lost. A thread may stand in several queues (poll).
 */
#pragma once

#include <kernel/core/sched_hooks.h>
#include <kernel/core/spinlock.h>
#include <kernel/lib/list.h>

struct thread;

struct waitq {
	struct spinlock lock;     /* RANK_WAITQ, irq-safe */
	struct list_head waiters; /* [lock] */
	u32 news;                 /* [lock] POLL* bits that this wake is about, 0: any */
};

struct waiter;
/* What a wake does to one waiter; default waitq_wake_thread. Under wq->lock.
 * Return: true when this waiter counts as woken (for wake_one). */
typedef bool (*waitq_wake_fn)(struct waiter *waiter);

struct waiter {
	struct list_head link;
	struct waitq *wq;      /* [a] NULL when in no queue */
	struct thread *thread;
	waitq_wake_fn wake;
	bool exclusive;        /* woken one at a time, at the tail */
	bool claimed;          /* [lock] by the waker, see waitq.c */
	struct waiter *next_claimed; /* the waker's */
};

#define WAITQ_INIT(var)                                                      \
	{ .lock = SPINLOCK_INIT(RANK_WAITQ, #var),                           \
	  .waiters = { &(var).waiters, &(var).waiters } }

void waitq_init(struct waitq *wq, const char *name);

/** waitq_add - put @waiter (thread, wake set) into @wq; marks nothing asleep */
void waitq_add(struct waitq *wq, struct waiter *waiter);
void waitq_remove(struct waiter *waiter);
bool waitq_wake_thread(struct waiter *waiter);

/** waitq_prepare - enter @wq and mark current asleep, @interruptible by signals */
void waitq_prepare(struct waitq *wq, struct waiter *waiter, bool interruptible);
/** waitq_finish - mark current awake and leave the queue */
void waitq_finish(struct waiter *waiter);

/** waitq_wake_one, waitq_wake_all - any context */
void waitq_wake_one(struct waitq *wq);
void waitq_wake_all(struct waitq *wq);
/** waitq_wake_poll - wake all, telling which POLL* bits came true: a queue for
 * readers and writers alike need not alarm the ones with news for the others */
void waitq_wake_poll(struct waitq *wq, u32 news);
/** waitq_empty - racy look, for skipping a wake after a full fence */
static inline bool waitq_empty(const struct waitq *wq)
{
	return atomic_load_relaxed(&wq->waiters.next) == &wq->waiters;
}

/**
 * WAITQ_WAIT - sleep until @cond is true
 * @deadline_ns: absolute monotonic time, or NS_FOREVER
 * Value: 0; -ERESTARTSYS a signal is pending (interruptible only); -ETIMEDOUT.
 * @cond is evaluated with current marked asleep: it must not sleep itself.
 */
#define WAITQ_WAIT(wq_, cond_, interruptible_, deadline_ns_)                    \
	({                                                                      \
		int wait_err_ = 0;                                              \
		while (!(cond_)) {                                              \
			struct waiter waiter_;                                  \
			waitq_prepare((wq_), &waiter_, (interruptible_));       \
			if (!(cond_))                                           \
				wait_err_ = sched_block(deadline_ns_);          \
			waitq_finish(&waiter_);                                 \
			if (wait_err_) {                                        \
				if (cond_)                                      \
					wait_err_ = 0;                          \
				break;                                          \
			}                                                       \
		}                                                               \
		wait_err_;                                                      \
	})
