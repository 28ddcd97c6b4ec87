/* SPDX-License-Identifier: MIT */
/*
 * The contended half of spinlocks, and pairs. A holder that stays for long
 * is reported once by the debug build: 2 s of cycles at 1 GHz or more is far
 * beyond any critical section.
 */
#include <kernel/core/spinlock.h>

#include <arch/time.h>

#define SPIN_REPORT_CYCLES 4000000000ull

void spin_wait(struct spinlock *lock)
{
	u64 start = time_cycles();
	bool reported = false;

	/* Look without writing, so that waiters share the line while it is held.
	 * Pairs with the release in spin_unlock(). */
	do {
		while (atomic_load_relaxed(&lock->locked)) {
			cpu_relax();
			if (CONFIG_DEBUG && !reported &&
			    time_cycles() - start > SPIN_REPORT_CYCLES) {
				reported = true;
				if (!panic_in_progress())
					bug_report("spinlock %s: held too long by CPU %u",
						   lock->name, lock->cpu);
			}
		}
	} while (atomic_xchg(&lock->locked, (u8)1));
}

bool spin_trylock(struct spinlock *lock)
{
	if (atomic_load_relaxed(&lock->locked) || atomic_xchg(&lock->locked, (u8)1))
		return false;
	if (CONFIG_DEBUG) {
		lockdep_spin_note(lock);
		lock->cpu = this_cpu()->id;
	}
	return true;
}

void spin_lock_pair(struct spinlock *a, struct spinlock *b)
{
	struct spinlock *first = a < b ? a : b, *second = a < b ? b : a;

	spin_lock(first);
	if (first == second)
		return;
	if (CONFIG_DEBUG)
		lockdep_spin_note(second);
	if (atomic_xchg(&second->locked, (u8)1))
		spin_wait(second);
	if (CONFIG_DEBUG)
		second->cpu = this_cpu()->id;
}

void spin_unlock_pair(struct spinlock *a, struct spinlock *b)
{
	struct spinlock *first = a < b ? a : b, *second = a < b ? b : a;

	if (first != second)
		spin_unlock(second);
	spin_unlock(first);
}
