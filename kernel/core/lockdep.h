/* SPDX-License-Identifier: MIT */
/*
 * The order checker of the debug build: ranks rise, no sleep and no user copy
 * under a spinlock, nothing held on return to user. Spinlocks held are a
 * matter of the CPU (struct cpu.held), mutexes of the thread (thread->held).
 * A violation is reported once per pair by bug_report() and the run goes on.
 */
#pragma once

#include <kernel/core/lockrank.h>
#include <kernel/core/panic.h>
#include <kernel/lib/types.h>

struct spinlock;
struct mutex;

void lockdep_spin_acquire(struct spinlock *lock, enum lock_rank rank);
/** lockdep_spin_note - held without an order check (trylock, second of a pair) */
void lockdep_spin_note(struct spinlock *lock);
void lockdep_spin_release(struct spinlock *lock);
void lockdep_mutex_acquire(struct mutex *mutex, enum lock_rank rank);
void lockdep_mutex_note(struct mutex *mutex);
void lockdep_mutex_release(struct mutex *mutex);

/** lockdep_may_sleep - call at every place that may block; reports when a
 * spinlock is held, interrupts are off or a handler runs. @what: who asks. */
void lockdep_may_sleep(const char *what);

/** lockdep_user_copy - the same, plus no mutex of rank ASPACE or inner */
void lockdep_user_copy(void);

/** lockdep_return_to_user - nothing may be held */
void lockdep_return_to_user(void);

/** lockdep_errors - reports made so far; tests of the checker read it and
 * silence expected ones with lockdep_expect(n) */
u32 lockdep_errors(void);
void lockdep_expect(u32 n);
