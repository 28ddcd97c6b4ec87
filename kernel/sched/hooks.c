/* SPDX-License-Identifier: MIT */
/*
 * The scheduler as kernel/core sees it (contract in core/sched_hooks.h). The
 * state changes are exchanges, so that they order against wakers; who wakes
 * reads the state under the run-queue lock (sched_wake).
 */
#include <kernel/core/sched_hooks.h>

#include <kernel/core/jitter.h>
#include <kernel/sched/sched.h>
#include <kernel/task/thread.h>

struct held_mutexes *sched_held(void)
{
	struct thread *thread = current;

	return thread ? &thread->held : NULL;
}

void sched_mark_asleep(bool interruptible)
{
	jitter();
	(void)atomic_xchg(&current->state, interruptible ? THREAD_SLEEP : THREAD_BLOCK);
}

void sched_mark_awake(void)
{
	(void)atomic_xchg(&current->state, THREAD_RUNNING);
}

bool sched_wake_sleeper(struct thread *thread)
{
	return sched_wake(thread, BIT(THREAD_SLEEP) | BIT(THREAD_BLOCK));
}

bool sched_fail_alloc(void)
{
	return current && current->fail_alloc;
}
