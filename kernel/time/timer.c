/* SPDX-License-Identifier: MIT */
/*
 * The timer queues of the CPUs. The hardware is programmed lazily: an earlier
 * deadline is armed at once, a cancelled one is left to fire for nothing, since
 * most time-outs are cancelled and start again with a later deadline.
 *
 * A timer's fn runs without the queue lock; timer->running tells timer_cancel()
 * to wait for it. Once running is false the timer's memory is the owner's again.
 */
#include <kernel/time/timer.h>

#include <arch/cpu.h>
#include <arch/irq.h>
#include <arch/time.h>
#include <kernel/core/spinlock.h>
#include <kernel/core/waitq.h>
#include <kernel/time/clock.h>

struct timer_cpu {
	struct spinlock lock; /* RANK_TIMER, irq-safe */
	struct timer_queue queue; /* [lock] */
	ns_t armed_ns;        /* own CPU, interrupts off: what the hardware waits for */
};

static DEFINE_PERCPU(struct timer_cpu, timer_cpu);

void timer_init_cpu(void)
{
	struct timer_cpu *tc = percpu_ptr(timer_cpu);

	spin_init(&tc->lock, RANK_TIMER, "timer");
	timer_queue_init(&tc->queue);
	tc->armed_ns = NS_FOREVER;
}

void timer_init(struct timer *timer, void (*fn)(struct timer *timer))
{
	*timer = (struct timer){ .fn = fn };
}

static void arm(struct timer_cpu *tc, ns_t deadline_ns)
{
	ns_t now = uptime_ns();

	tc->armed_ns = deadline_ns;
	if (deadline_ns == NS_FOREVER)
		time_arm(NS_FOREVER);
	else
		time_arm(deadline_ns > now ? deadline_ns - now : 0);
}

void timer_arm_sooner(ns_t deadline_ns)
{
	struct timer_cpu *tc = percpu_ptr(timer_cpu);

	if (deadline_ns < tc->armed_ns)
		arm(tc, deadline_ns);
}

ns_t timer_first(struct cpu *cpu)
{
	struct timer_cpu *tc = percpu_ptr_of(timer_cpu, cpu);
	irqflags_t flags = spin_lock_irq(&tc->lock);
	ns_t first = timer_queue_first(&tc->queue);

	spin_unlock_irq(&tc->lock, flags);
	return first;
}

void timer_rearm(ns_t slice_deadline_ns)
{
	struct timer_cpu *tc = percpu_ptr(timer_cpu);
	ns_t first;

	/* No other CPU inserts into this queue and a removal only makes the
	 * deadline too early, so a look under the lock may be stale safely. */
	spin_lock(&tc->lock);
	first = timer_queue_first(&tc->queue);
	spin_unlock(&tc->lock);
	arm(tc, MIN(first, slice_deadline_ns));
}

bool timer_stop(struct timer *timer)
{
	irqflags_t flags = irq_save();
	struct cpu *cpu;
	bool armed = false;

	while ((cpu = atomic_load_acquire(&timer->cpu))) {
		struct timer_cpu *tc = percpu_ptr_of(timer_cpu, cpu);

		spin_lock(&tc->lock);
		if (timer->cpu == cpu) {
			timer_queue_remove(&tc->queue, &timer->entry);
			atomic_store_release(&timer->cpu, NULL);
			armed = true;
		}
		spin_unlock(&tc->lock);
	}
	irq_restore(flags);
	return armed;
}

bool timer_cancel(struct timer *timer)
{
	bool armed = timer_stop(timer);

	/* Pairs with the release in timer_run_expired(). */
	while (unlikely(atomic_load_acquire(&timer->running)))
		cpu_relax();
	/* fn may have armed itself again. */
	return timer_stop(timer) || armed;
}

void timer_start(struct timer *timer, ns_t deadline_ns)
{
	irqflags_t flags = irq_save();
	struct timer_cpu *tc = percpu_ptr(timer_cpu);
	bool first;

	if (atomic_load_relaxed(&timer->cpu))
		timer_stop(timer);
	spin_lock(&tc->lock);
	timer->entry.deadline_ns = deadline_ns;
	first = timer_queue_insert(&tc->queue, &timer->entry);
	atomic_store_release(&timer->cpu, this_cpu());
	spin_unlock(&tc->lock);
	if (first)
		timer_arm_sooner(deadline_ns);
	irq_restore(flags);
}

void timer_run_expired(void)
{
	struct timer_cpu *tc = percpu_ptr(timer_cpu);
	ns_t now = uptime_ns();

	/* The hardware is one-shot: whatever fn starts must arm it again. */
	tc->armed_ns = NS_FOREVER;
	for (;;) {
		struct timer_entry *entry;
		struct timer *timer;

		spin_lock(&tc->lock);
		entry = timer_queue_pop(&tc->queue, now);
		timer = entry ? container_of(entry, struct timer, entry) : NULL;
		if (timer) {
			atomic_store_relaxed(&timer->running, true);
			atomic_store_release(&timer->cpu, NULL);
		}
		spin_unlock(&tc->lock);
		if (!timer)
			return;
		timer->fn(timer);
		/* Pairs with the acquire in timer_cancel(). */
		atomic_store_release(&timer->running, false);
	}
}
