/* SPDX-License-Identifier: MIT */
/*
 * The contended half of mutexes. The owner word holds the owner's thread
 * pointer; its low bit says that somebody waits, which sends unlock the slow
 * way. Unlock hands the mutex to the oldest waiter, so nobody starves.
 *
 *   free --cmpxchg--> owned --waiter sets bit--> owned|W
 *    ^                  |                           |
 *    +----cmpxchg-------+      handed to the first waiter: owner' or owner'|W
 */
#include <kernel/core/mutex.h>

#include <kernel/core/sched_hooks.h>

struct mutex_waiter {
	struct list_head link; /* [wait_lock] */
	struct thread *thread;
	bool granted;          /* atomic */
};

/*
 * Under wait_lock: take a free mutex, or set the waiters' bit of an owned one.
 * Return: true when taken.
 */
static bool mutex_take_or_mark(struct mutex *mutex)
{
	u64 owner = atomic_load_relaxed(&mutex->owner);

	for (;;) {
		u64 next = owner ? owner | MUTEX_WAITERS : (u64)(uintptr_t)current;

		if (atomic_cmpxchg(&mutex->owner, &owner, next))
			return !owner;
	}
}

void mutex_lock_slow(struct mutex *mutex)
{
	struct mutex_waiter waiter = { .thread = current };
	irqflags_t flags = spin_lock_irq(&mutex->wait_lock);

	if (mutex_take_or_mark(mutex)) {
		spin_unlock_irq(&mutex->wait_lock, flags);
		return;
	}
	list_add_tail(&waiter.link, &mutex->waiters);
	spin_unlock_irq(&mutex->wait_lock, flags);

	for (;;) {
		sched_mark_asleep(false);
		/* Pairs with the release in mutex_unlock_slow(). */
		if (atomic_load_acquire(&waiter.granted))
			break;
		/* Cannot fail: no deadline, and BLOCK ignores signals. */
		(void)!sched_block(NS_FOREVER);
	}
	sched_mark_awake();
	/* The granter touches the waiter under wait_lock until it has woken us. */
	flags = spin_lock_irq(&mutex->wait_lock);
	spin_unlock_irq(&mutex->wait_lock, flags);
}

void mutex_unlock_slow(struct mutex *mutex)
{
	irqflags_t flags = spin_lock_irq(&mutex->wait_lock);
	struct list_head *first = list_first(&mutex->waiters);
	struct mutex_waiter *waiter;
	u64 next;

	if (!first) { /* the bit was set by one that then took it itself */
		atomic_store_release(&mutex->owner, 0ull);
		spin_unlock_irq(&mutex->wait_lock, flags);
		return;
	}
	waiter = container_of(first, struct mutex_waiter, link);
	list_del(first);
	next = (u64)(uintptr_t)waiter->thread;
	atomic_store_release(&mutex->owner,
			     list_empty(&mutex->waiters) ? next : next | MUTEX_WAITERS);
	atomic_store_release(&waiter->granted, true);
	sched_wake_sleeper(waiter->thread);
	spin_unlock_irq(&mutex->wait_lock, flags);
}

bool mutex_trylock(struct mutex *mutex)
{
	u64 free = 0;

	if (!atomic_cmpxchg(&mutex->owner, &free, (u64)(uintptr_t)current))
		return false;
	if (CONFIG_DEBUG)
		lockdep_mutex_note(mutex);
	return true;
}

void mutex_lock_pair(struct mutex *a, struct mutex *b)
{
	struct mutex *first = a < b ? a : b, *second = a < b ? b : a;
	u64 free = 0;

	mutex_lock(first);
	if (first == second)
		return;
	if (CONFIG_DEBUG)
		lockdep_mutex_note(second);
	if (!atomic_cmpxchg(&second->owner, &free, (u64)(uintptr_t)current))
		mutex_lock_slow(second);
}

void mutex_unlock_pair(struct mutex *a, struct mutex *b)
{
	struct mutex *first = a < b ? a : b, *second = a < b ? b : a;

	if (first != second)
		mutex_unlock(second);
	mutex_unlock(first);
}
