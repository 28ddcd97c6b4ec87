/* SPDX-License-Identifier: MIT */
/*
 * What the sleeping primitives of kernel/core need from the scheduler, which
 * lies above them: declared here, defined in kernel/sched/hooks.c and core.c.
 */
#pragma once

#include <kernel/lib/types.h>

struct mutex;
struct thread;

#define LOCKDEP_MAX_HELD 16

/* Mutexes a thread holds, outermost first (debug builds keep it). */
struct held_mutexes {
	u32 n; /* may exceed the array: the rest is not tracked */
	struct mutex *mutex[LOCKDEP_MAX_HELD];
};

/** sched_held - of the running thread; NULL before the first one exists */
struct held_mutexes *sched_held(void);

/** sched_fail_alloc - fault injection counts the running thread's allocations */
bool sched_fail_alloc(void);

/** sched_mark_asleep - the running thread is about to sleep: a wake from now on
 * cancels it. A full fence. sched_mark_awake - not after all, or not any more. */
void sched_mark_asleep(bool interruptible);
void sched_mark_awake(void);

/** sched_wake_sleeper - wake @thread from either kind of sleep. Any context.
 * Return: true when it was asleep. */
bool sched_wake_sleeper(struct thread *thread);

/**
 * sched_block - give the CPU away while the running thread is marked asleep
 * @deadline_ns: absolute monotonic time, or NS_FOREVER
 * Return: 0 woken (or was awake already; a wake for an earlier sleep may come
 * late, so look again whether what was waited for is there); -ETIMEDOUT; -ERESTARTSYS a signal is
 * pending and the sleep is interruptible.
 */
#define NS_FOREVER (~0ull)
__must_check int sched_block(ns_t deadline_ns);
