/* SPDX-License-Identifier: MIT */
/*
 * Sleeping mutual exclusion. Uncontended: one compare-exchange each way.
 * Waiters are served first come, first served. Thread context only.
 */
#pragma once

#include <arch/atomic.h>
#include <kernel/core/lockdep.h>
#include <kernel/core/lockrank.h>
#include <kernel/core/spinlock.h>
#include <kernel/lib/list.h>

struct thread;

#define MUTEX_WAITERS 1ull

struct mutex {
	u64 owner;             /* [a] struct thread *, | MUTEX_WAITERS */
	struct spinlock wait_lock;
	struct list_head waiters; /* [wait_lock] */
	u8 rank;               /* [i] */
	const char *name;      /* [i] */
};

static inline void mutex_init(struct mutex *mutex, enum lock_rank rank, const char *name)
{
	*mutex = (struct mutex){ .rank = (u8)rank, .name = name };
	spin_init(&mutex->wait_lock, RANK_WAITQ, name);
	list_init(&mutex->waiters);
}
#define MUTEX_INIT(var, rank_, name_)                                       \
	{ .wait_lock = SPINLOCK_INIT(RANK_WAITQ, name_),                    \
	  .waiters = { &(var).waiters, &(var).waiters }, .rank = (rank_), .name = (name_) }

void mutex_lock_slow(struct mutex *mutex);
void mutex_unlock_slow(struct mutex *mutex);

static inline void mutex_lock(struct mutex *mutex)
{
	u64 free = 0;

	if (CONFIG_DEBUG) {
		lockdep_may_sleep(mutex->name);
		lockdep_mutex_acquire(mutex, (enum lock_rank)mutex->rank);
	}
	if (unlikely(!atomic_cmpxchg(&mutex->owner, &free, (u64)(uintptr_t)current)))
		mutex_lock_slow(mutex);
}

__must_check bool mutex_trylock(struct mutex *mutex);

static inline void mutex_unlock(struct mutex *mutex)
{
	u64 mine = (u64)(uintptr_t)current;

	if (CONFIG_DEBUG)
		lockdep_mutex_release(mutex);
	if (unlikely(!atomic_cmpxchg(&mutex->owner, &mine, 0ull)))
		mutex_unlock_slow(mutex);
}

/** mutex_lock_pair - two mutexes of one rank, in address order; a == b is fine */
void mutex_lock_pair(struct mutex *a, struct mutex *b);
void mutex_unlock_pair(struct mutex *a, struct mutex *b);

static inline void assert_mutex_held(const struct mutex *mutex)
{
	ASSERT((mutex->owner & ~MUTEX_WAITERS) == (u64)(uintptr_t)current);
}
