/* SPDX-License-Identifier: MIT */
/* Numbers are not reused while they are borne; threads leave nothing behind. */
#include <kernel/core/ktest.h>

#include <kernel/abi/errno.h>
#include <kernel/core/waitq.h>
#include <kernel/task/task.h>
#include <kernel/time/clock.h>

static struct waitq churn_wq = WAITQ_INIT(churn_wq);
static u32 churned; /* atomic */

KTEST(pid, in_use_until_the_last_bearer_is_gone)
{
	irqflags_t flags;
	int pid = pid_alloc();

	KREQUIRE(pid > 0);
	KCHECK_EQ(pid_reserve(pid), -EBUSY);
	flags = spin_lock_irq(&task_tree_lock);
	pid_use_locked(pid); /* as a process group of that number would */
	pid_unuse_locked(pid);
	spin_unlock_irq(&task_tree_lock, flags);
	KCHECK_EQ(pid_reserve(pid), -EBUSY);
	pid_unuse(pid);
	KCHECK_EQ(pid_reserve(pid), 0);
	pid_unuse(pid);
}

KTEST(pid, goes_round)
{
	int first = pid_alloc(), pid = 0;

	KREQUIRE(first > 0);
	for (u32 i = 0; i < PID_MAX; i++) {
		pid = pid_alloc();
		KREQUIRE(pid > 0);
		KREQUIRE(pid != first);
		pid_unuse(pid);
	}
	pid_unuse(first);
}

static void churn(__unused void *arg)
{
	atomic_fetch_add(&churned, 1);
	waitq_wake_all(&churn_wq);
}

KTEST(thread, churn_leaves_nothing)
{
	atomic_store_relaxed(&churned, 0);
	for (u32 i = 0; i < 300; i++) {
		KREQUIRE(thread_create_kernel("churn", churn, NULL));
		if (i % 10 == 9)
			KREQUIRE(!WAITQ_WAIT(&churn_wq, atomic_load_acquire(&churned) == i + 1,
					     false, uptime_ns() + 30 * NS_PER_SEC));
	}
}

static u32 looked; /* atomic: the thread may end */

static void looked_at(__unused void *arg)
{
	while (!atomic_load_acquire(&looked))
		sched_yield_current();
	churn(NULL);
}

KTEST(thread, found_by_number_while_it_lives)
{
	struct thread *thread, *found;
	s32 tid;

	atomic_store_relaxed(&churned, 0);
	atomic_store_relaxed(&looked, 0);
	thread = thread_create_kernel("looked_at", looked_at, NULL);
	KREQUIRE(thread);
	tid = thread->tid;
	found = thread_find(tid);
	KCHECK(found == thread);
	atomic_store_release(&looked, 1);
	KCHECK(!WAITQ_WAIT(&churn_wq, atomic_load_acquire(&churned) == 1, false,
			   uptime_ns() + 30 * NS_PER_SEC));
	/* The reference keeps the memory, not the number. */
	for (u32 i = 0; i < 1000 && (thread = thread_find(tid)); i++) {
		thread_put(thread);
		(void)!WAITQ_WAIT(&churn_wq, false, false, uptime_ns() + NS_PER_MS);
	}
	KCHECK(!thread);
	if (found)
		thread_put(found);
}
