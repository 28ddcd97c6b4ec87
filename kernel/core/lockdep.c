/* SPDX-License-Identifier: MIT */
/*
 * Lock-order checker of the debug build (STYLE.md §6). Spinlocks held are
 * kept per CPU, mutexes per thread; both lists are outermost first. Ranks
 * that interrupt handlers use must never be taken with interrupts on.
 *
 * The checker takes no lock and allocates nothing. Before the first thread
 * exists (current is NULL) mutexes are not tracked.
 */
#include <kernel/core/lockdep.h>

#include <arch/atomic.h>
#include <arch/irq.h>
#include <arch/percpu.h>
#include <kernel/core/mutex.h>
#include <kernel/core/sched_hooks.h>
#include <kernel/core/spinlock.h>

enum rank_usage { USED_IN_IRQ = 1, TAKEN_IRQS_ON = 2 };

static u8 rank_usage[NR_RANKS];                    /* atomic */
static u8 reported[NR_RANKS][(NR_RANKS + 7) / 8];  /* atomic: pairs said already */
static u32 error_count, expected_count;            /* atomic */

u32 lockdep_errors(void)
{
	return atomic_load_relaxed(&error_count);
}

void lockdep_expect(u32 n)
{
	atomic_store_relaxed(&expected_count, n);
}

/* Whether this error is to be said: counts it, and swallows expected ones. */
static bool lockdep_count(void)
{
	u32 expected = atomic_load_relaxed(&expected_count);

	atomic_add_relaxed(&error_count, 1);
	while (expected)
		if (atomic_cmpxchg(&expected_count, &expected, expected - 1))
			return false;
	return true;
}

static void report_order(const char *held, u32 held_rank, const char *name, u32 rank)
{
	u8 bit = (u8)BIT(rank % 8);

	if (atomic_load_relaxed(&expected_count) == 0 &&
	    (atomic_fetch_or(&reported[held_rank][rank / 8], bit) & bit))
		return;
	if (lockdep_count())
		bug_report("lock order: %s (rank %u) taken while %s (rank %u) is held", name, rank,
			   held, held_rank);
}

static void check_irq_use(const struct spinlock *lock)
{
	u8 use = irq_in_handler() ? USED_IN_IRQ : irq_enabled() ? TAKEN_IRQS_ON : 0;
	u8 old;

	if (!use || (atomic_load_relaxed(&rank_usage[lock->rank]) & use))
		return;
	old = atomic_fetch_or(&rank_usage[lock->rank], use);
	if ((old | use) == (USED_IN_IRQ | TAKEN_IRQS_ON) && lockdep_count())
		bug_report("lock %s (rank %u) is used by interrupt handlers and taken with "
			   "interrupts on", lock->name, lock->rank);
}

/* The list changes with interrupts off: a handler's own locks would else be
 * written into the slot that is being filled, and stay there. */
void lockdep_spin_note(struct spinlock *lock)
{
	struct cpu *cpu = this_cpu();
	irqflags_t flags = irq_save();

	if (cpu->spin_depth < ARRAY_SIZE(cpu->held))
		cpu->held[cpu->spin_depth] = lock;
	cpu->spin_depth++;
	irq_restore(flags);
}

void lockdep_spin_acquire(struct spinlock *lock, enum lock_rank rank)
{
	struct cpu *cpu = this_cpu();

	if (!panic_in_progress()) {
		if (lock->cpu == cpu->id && lockdep_count())
			panic("spinlock %s: taken twice by CPU %u", lock->name, cpu->id);
		if (cpu->spin_depth && cpu->spin_depth <= ARRAY_SIZE(cpu->held)) {
			const struct spinlock *top = cpu->held[cpu->spin_depth - 1];

			if (top->rank >= rank)
				report_order(top->name, top->rank, lock->name, rank);
		}
		check_irq_use(lock);
	}
	lockdep_spin_note(lock);
}

/* Drop @ptr from the list @held of *@n, wherever it stands. */
static void held_remove(void **held, u32 *n, u32 max, const void *ptr)
{
	u32 i = MIN(*n, max);

	while (i-- > 0) {
		if (held[i] != ptr)
			continue;
		for (; i + 1 < MIN(*n, max); i++)
			held[i] = held[i + 1];
		break;
	}
	(*n)--;
}

void lockdep_spin_release(struct spinlock *lock)
{
	struct cpu *cpu = this_cpu();
	irqflags_t flags = irq_save();

	if (cpu->spin_depth == 0)
		bug_report("spinlock %s: released but not held", lock->name);
	else
		held_remove(cpu->held, &cpu->spin_depth, ARRAY_SIZE(cpu->held), lock);
	irq_restore(flags);
}

void lockdep_mutex_note(struct mutex *mutex)
{
	struct held_mutexes *held = sched_held();

	if (!held)
		return;
	if (held->n < LOCKDEP_MAX_HELD)
		held->mutex[held->n] = mutex;
	held->n++;
}

void lockdep_mutex_acquire(struct mutex *mutex, enum lock_rank rank)
{
	const struct held_mutexes *held = sched_held();

	if (held && held->n && held->n <= LOCKDEP_MAX_HELD) {
		const struct mutex *top = held->mutex[held->n - 1];

		if (top->rank >= rank)
			report_order(top->name, top->rank, mutex->name, rank);
	}
	lockdep_mutex_note(mutex);
}

void lockdep_mutex_release(struct mutex *mutex)
{
	struct held_mutexes *held = sched_held();

	if (held && held->n)
		held_remove((void **)held->mutex, &held->n, LOCKDEP_MAX_HELD, mutex);
}

void lockdep_may_sleep(const char *what)
{
	struct cpu *cpu = this_cpu();
	const struct spinlock *top;

	if (!CONFIG_DEBUG || !cpu->thread || panic_in_progress())
		return;
	if (cpu->spin_depth) {
		top = cpu->held[MIN(cpu->spin_depth, (u32)ARRAY_SIZE(cpu->held)) - 1];
		if (lockdep_count())
			bug_report("%s may sleep while spinlock %s is held", what, top->name);
	} else if (cpu->irq_depth && lockdep_count()) {
		bug_report("%s may sleep in an interrupt handler", what);
	}
}

void lockdep_user_copy(void)
{
	const struct held_mutexes *held = sched_held();

	if (!CONFIG_DEBUG || !held)
		return;
	lockdep_may_sleep("a user copy");
	for (u32 i = 0; i < MIN(held->n, (u32)LOCKDEP_MAX_HELD); i++)
		if (held->mutex[i]->rank >= RANK_ASPACE && lockdep_count())
			bug_report("user copy while %s is held, which page faults need",
				   held->mutex[i]->name);
}

void lockdep_return_to_user(void)
{
	const struct held_mutexes *held = sched_held();

	if (!CONFIG_DEBUG)
		return;
	if (this_cpu()->spin_depth && lockdep_count())
		bug_report("return to user with %u spinlocks held", this_cpu()->spin_depth);
	if (held->n && lockdep_count())
		bug_report("return to user with mutex %s held", held->mutex[0]->name);
}
