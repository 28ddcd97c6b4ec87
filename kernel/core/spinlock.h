/* SPDX-License-Identifier: MIT */
/*
 * Ticket spinlocks. Every lock has a rank (lockrank.h) and a name; the debug
 * build checks order, recursion and time held. A lock that an interrupt
 * handler takes is taken by everyone with the _irq forms.
 */
#pragma once

#include <arch/atomic.h>
#include <arch/cpu.h>
#include <arch/irq.h>
#include <kernel/core/lockdep.h>
#include <kernel/core/lockrank.h>
#include <kernel/lib/types.h>

struct spinlock {
	u16 next;  /* [a] ticket handed out next */
	u16 owner; /* [a] ticket that may hold it */
	u8 rank;   /* [i] enum lock_rank */
	cpu_t cpu; /* holder, for reports and assert_held */
	const char *name;
};

#define SPINLOCK_INIT(rank_, name_) { .rank = (rank_), .cpu = NR_CPUS, .name = (name_) }

static inline void spin_init(struct spinlock *lock, enum lock_rank rank, const char *name)
{
	*lock = (struct spinlock)SPINLOCK_INIT((u8)rank, name);
}

/* Contended path: spins, reports a holder that stays too long (debug). */
void spin_wait(struct spinlock *lock, u16 ticket);

static inline void spin_lock(struct spinlock *lock)
{
	u16 ticket;

	if (CONFIG_DEBUG)
		lockdep_spin_acquire(lock, (enum lock_rank)lock->rank);
	ticket = atomic_fetch_add(&lock->next, 1);
	if (unlikely(atomic_load_acquire(&lock->owner) != ticket))
		spin_wait(lock, ticket);
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
	atomic_store_release(&lock->owner, (u16)(lock->owner + 1));
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
