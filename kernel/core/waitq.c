/* SPDX-License-Identifier: MIT */
/*
 * Wait queues (contract and drawing in waitq.h). A waiter's memory belongs to
 * the sleeping thread; wakers touch it only under wq->lock, and remove takes
 * that lock, so it never goes away under a waker.
 *
 * A waker that wakes the thread of a plain waiter spares it that lock: it claims
 * the waiter, takes it out of the queue, and after unlocking clears waiter->wq,
 * the last thing it touches of waiter and queue. Who finds a waiter claimed but not
 * cleared waits for those few instructions.
 */
#include <kernel/core/waitq.h>

#include <arch/percpu.h>

void waitq_init(struct waitq *wq, const char *name)
{
	spin_init(&wq->lock, RANK_WAITQ, name);
	list_init(&wq->waiters);
	wq->news = 0;
}

static void waitq_link(struct waitq *wq, struct waiter *waiter)
{
	waiter->wq = wq;
	if (waiter->exclusive)
		list_add_tail(&waiter->link, &wq->waiters);
	else
		list_add(&waiter->link, &wq->waiters);
}

void waitq_add(struct waitq *wq, struct waiter *waiter)
{
	irqflags_t flags = spin_lock_irq(&wq->lock);

	waitq_link(wq, waiter);
	spin_unlock_irq(&wq->lock, flags);
	/* The caller reads its condition next: pairs with wakers' store, lock. */
	atomic_fence();
}

void waitq_remove(struct waiter *waiter)
{
	/* Pairs with the release in let_go(). */
	struct waitq *wq = atomic_load_acquire(&waiter->wq);
	irqflags_t flags;
	bool claimed;

	if (!wq)
		return;
	flags = spin_lock_irq(&wq->lock);
	claimed = waiter->claimed;
	if (!claimed)
		list_del(&waiter->link);
	spin_unlock_irq(&wq->lock, flags);
	while (claimed && atomic_load_acquire(&waiter->wq))
		cpu_relax();
	waiter->wq = NULL;
}

bool waitq_wake_thread(struct waiter *waiter)
{
	return sched_wake_sleeper(waiter->thread);
}

void waitq_prepare(struct waitq *wq, struct waiter *waiter, bool interruptible)
{
	irqflags_t flags;

	/* Field by field: next_claimed is the waker's, and this is a hot path. */
	waiter->wq = wq;
	waiter->thread = current;
	waiter->wake = waitq_wake_thread;
	waiter->exclusive = true;
	waiter->claimed = false;
	flags = spin_lock_irq(&wq->lock);
	list_add_tail(&waiter->link, &wq->waiters);
	spin_unlock_irq(&wq->lock, flags);
	/* A full fence: the state is seen before the condition is read. */
	sched_mark_asleep(interruptible);
}

void waitq_finish(struct waiter *waiter)
{
	sched_mark_awake();
	waitq_remove(waiter);
}

/* Wake one waiter; a plain one goes to *claimed. Return: whether it counts as woken. */
static inline bool wake_locked(struct waiter *waiter, struct waiter **claimed)
{
	if (waiter->wake != waitq_wake_thread)
		return waiter->wake(waiter);
	if (!sched_wake_sleeper(waiter->thread))
		return false;
	list_del(&waiter->link);
	waiter->claimed = true;
	waiter->next_claimed = *claimed;
	*claimed = waiter;
	return true;
}

/* Their threads may go on, and queue and waiters away, with each store. */
static inline void let_go(struct waiter *claimed)
{
	while (claimed) {
		struct waiter *next = claimed->next_claimed;

		/* Pairs with the acquires in waitq_remove(). */
		atomic_store_release(&claimed->wq, NULL);
		claimed = next;
	}
}

static void waitq_wake(struct waitq *wq, bool all, u32 news)
{
	struct list_head *link, *next;
	struct waiter *claimed = NULL;
	irqflags_t flags;

	/* Orders the caller's store to the condition before the look. */
	atomic_fence();
	if (waitq_empty(wq))
		return;
	flags = spin_lock_irq(&wq->lock);
	wq->news = news;
	for (link = wq->waiters.next; link != &wq->waiters; link = next) {
		struct waiter *waiter = container_of(link, struct waiter, link);

		next = link->next;
		if (wake_locked(waiter, &claimed) && waiter->exclusive && !all)
			break;
	}
	spin_unlock(&wq->lock);
	let_go(claimed);
	irq_restore(flags);
}

void waitq_wake_one(struct waitq *wq)
{
	waitq_wake(wq, false, 0);
}

void waitq_wake_all(struct waitq *wq)
{
	waitq_wake(wq, true, 0);
}

void waitq_wake_poll(struct waitq *wq, u32 news)
{
	waitq_wake(wq, true, news);
}
