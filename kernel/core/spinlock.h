/* SPDX-License-Identifier: MIT */
/*
 * Test-and-set spinlocks: one exchange to take, one store to drop. Not fair by
 * design: with more virtual CPUs than the host has, a first-come first-served
 * lock waits for the one CPU that the host is not running. Every lock has a
 * rank (lockrank.h) and a name; the debug build checks order, recursion and
 * time held. A lock that an interrupt handler takes is taken by everyone with
 * the _irq forms.
 */
#pragma once

#include <arch/atomic.h>
#include <arch/cpu.h>
#include <arch/irq.h>
#include <kernel/core/jitter.h>
#include <kernel/core/lockdep.h>
#include <kernel/core/lockrank.h>
#include <kernel/lib/types.h>

struct spinlock {
	u8 locked; /* [a] 0 or 1 */
	u8 rank;   /* [i] enum lock_rank */
	cpu_t cpu; /* holder, for reports and assert_held */
	const char *name;
};

#define SPINLOCK_INIT(rank_, name_) { .rank = (rank_), .cpu = NR_CPUS, .name = (name_) }

static inline void spin_init(struct spinlock *lock, enum lock_rank rank, const char *name)
{
	*lock = (struct spinlock)SPINLOCK_INIT((u8)rank, name);
}

/* Contended path: spins until it has the lock, reports a holder that stays too long (debug). */
void spin_wait(struct spinlock *lock);

static inline void spin_lock(struct spinlock *lock)
{
	jitter();
	if (CONFIG_DEBUG)
		lockdep_spin_acquire(lock, (enum lock_rank)lock->rank);
	if (unlikely(atomic_xchg(&lock->locked, (u8)1)))
		spin_wait(lock);
	if (CONFIG_DEBUG)
		lock->cpu = this_cpu()->id;
}

/** spin_trylock - true when taken; order is not checked, since it cannot wait */
__must_check bool spin_trylock(struct spinlock *lock);

static inline void spin_unlock(struct spinlock *lock)
{
	if (CONFIG_DEBUG) {
		lock->cpu = NR_CPUS;
		lockdep_spin_release(lock);
	}
	/* Pairs with the acquire in spin_lock() and spin_wait(). */
	atomic_store_release(&lock->locked, (u8)0);
	jitter();
}

__must_check static inline irqflags_t spin_lock_irq(struct spinlock *lock)
{
	irqflags_t flags = irq_save();

	spin_lock(lock);
	return flags;
}

static inline void spin_unlock_irq(struct spinlock *lock, irqflags_t flags)
{
	spin_unlock(lock);
	irq_restore(flags);
}

/** spin_lock_pair - two locks of one rank, in address order; a == b is fine */
void spin_lock_pair(struct spinlock *a, struct spinlock *b);
void spin_unlock_pair(struct spinlock *a, struct spinlock *b);

static inline void assert_spin_held(const struct spinlock *lock)
{
	ASSERT(lock->cpu == this_cpu()->id);
}
