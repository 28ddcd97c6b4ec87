/* SPDX-License-Identifier: MIT */
/*
 * Wait queues (contract and drawing in waitq.h). A waiter's memory belongs to
 * the sleeping thread; wakers touch it only under wq->lock, and finish takes
 * that lock, so it never goes away under a waker.
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
	irqflags_t flags;

	if (!waiter->wq)
		return;
	flags = spin_lock_irq(&waiter->wq->lock);
	list_del(&waiter->link);
	spin_unlock_irq(&waiter->wq->lock, flags);
	waiter->wq = NULL;
}

bool waitq_wake_thread(struct waiter *waiter)
{
	return sched_wake_sleeper(waiter->thread);
}

void waitq_prepare(struct waitq *wq, struct waiter *waiter, bool interruptible)
{
	irqflags_t flags;

	*waiter = (struct waiter){ .thread = current, .wake = waitq_wake_thread,
				   .exclusive = true };
	flags = spin_lock_irq(&wq->lock);
	waitq_link(wq, waiter);
	spin_unlock_irq(&wq->lock, flags);
	/* A full fence: the state is seen before the condition is read. */
	sched_mark_asleep(interruptible);
}

void waitq_finish(struct waiter *waiter)
{
	sched_mark_awake();
	waitq_remove(waiter);
}

static void waitq_wake(struct waitq *wq, bool all, u32 news)
{
	struct list_head *link, *next;
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
		if (waiter->wake(waiter) && waiter->exclusive && !all)
			break;
	}
	spin_unlock_irq(&wq->lock, flags);
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
