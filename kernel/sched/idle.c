/* SPDX-License-Identifier: MIT */
/*
 * The idle thread of a CPU: looks for work in its own queue, then in others',
 * then halts. The idle bit is set before the last look, and a waker reads it
 * after it has queued, so that one of the two sees the other.
 */
#include "sched_priv.h"

#include <arch/cpu.h>
#include <arch/irq.h>

static void idle_once(struct runq *rq)
{
	cpu_t id = rq->cpu->id;

	irq_disable();
	if (!atomic_load_relaxed(&rq->nr_queued) && !balance_pull(rq)) {
		atomic_fetch_or(&sched_idle_mask[id / 64], BIT(id % 64));
		if (!atomic_load_acquire(&rq->nr_queued))
			cpu_wait_for_interrupt();
		atomic_fetch_and(&sched_idle_mask[id / 64], ~BIT(id % 64));
		irq_disable();
	}
	if (atomic_load_relaxed(&rq->nr_queued))
		sched_switch_idle(rq);
	irq_enable();
}

void sched_idle_loop(void)
{
	struct runq *rq = this_runq();

	for (;;)
		idle_once(rq);
}
