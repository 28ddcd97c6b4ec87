/* SPDX-License-Identifier: MIT */
/*
 * Where threads run. A new thread goes to the idlest CPU of this node; a woken
 * one back to where it ran, or to an idle CPU if that one is busy (same node
 * first); an idle CPU pulls from the fullest queue, near nodes first.
 */
#include "sched_priv.h"

#include <arch/irq.h>
#include <arch/smp.h>
#include <kernel/task/rseq.h>
#include <mm/numa.h>

#define MASK_WORDS ((NR_CPUS + 63) / 64)

u64 sched_idle_mask[MASK_WORDS];
static u64 node_mask[NR_NODES][MASK_WORDS]; /* atomic: online CPUs of each node */

void balance_cpu_online(struct cpu *cpu)
{
	atomic_fetch_or(&node_mask[cpu->node][cpu->id / 64], BIT(cpu->id % 64));
}

/* The first idle CPU in @thread's affinity and in @within (NULL: any), or NR_CPUS. */
static cpu_t find_idle(const struct thread *thread, const u64 *within)
{
	for (u32 w = 0; w < MASK_WORDS; w++) {
		u64 m = atomic_load_relaxed(&sched_idle_mask[w]) & thread->sched.affinity[w];

		if (within)
			m &= atomic_load_relaxed(&within[w]);
		if (m)
			return w * 64 + (cpu_t)__builtin_ctzll(m);
	}
	return NR_CPUS;
}

/* The allowed online CPU with the fewest runnable threads, in @node if given. */
static cpu_t find_least(const struct thread *thread, node_t node)
{
	cpu_t best = NR_CPUS;
	u32 best_nr = ~0u;
	struct cpu *cpu;

	FOR_EACH_CPU(cpu) {
		struct runq *rq = cpu_runq(cpu->id);
		u32 nr = atomic_load_relaxed(&rq->nr_queued) +
			 (atomic_load_relaxed(&rq->curr) != rq->idle);

		if (!cpu_allowed(thread, cpu->id) || (node < NR_NODES && cpu->node != node))
			continue;
		if (nr < best_nr) {
			best_nr = nr;
			best = cpu->id;
		}
	}
	return best;
}

cpu_t balance_choose_wake_cpu(const struct thread *thread, cpu_t last)
{
	cpu_t cpu;

	if (cpu_allowed(thread, last)) {
		if (atomic_load_relaxed(&cpu_runq(last)->curr) == cpu_runq(last)->idle)
			return last;
		cpu = find_idle(thread, node_mask[cpu_table[last]->node]);
		if (cpu == NR_CPUS)
			cpu = find_idle(thread, NULL);
		return cpu == NR_CPUS ? last : cpu;
	}
	cpu = find_least(thread, NR_NODES);
	return cpu == NR_CPUS ? last : cpu;
}

cpu_t balance_new_cpu(const struct thread *thread)
{
	cpu_t cpu;

	if (nr_cpus_online == 1)
		return this_cpu()->id;
	cpu = find_least(thread, this_cpu()->node);
	if (cpu == NR_CPUS)
		cpu = find_least(thread, NR_NODES);
	return cpu == NR_CPUS ? this_cpu()->id : cpu;
}

/* A thread that waits in @rq and may run on @cpu: the one that would run last in
 * the fair class, since it has waited to no avail, else a real-time one. */
static struct thread *find_movable(const struct runq *rq, cpu_t cpu)
{
	struct rb_node *node;

	for (node = rb_last(&rq->cfs.tree); node; node = rb_prev(node)) {
		struct thread *thread = RB_ENTRY(node, struct thread, sched.node);

		if (cpu_allowed(thread, cpu))
			return thread;
	}
	for (u32 prio = RT_PRIORITIES; rq->rt.nr && prio-- > 0;) {
		struct thread *thread;

		LIST_FOR_EACH(thread, &rq->rt.lists[prio], sched.rt_link)
			if (cpu_allowed(thread, cpu))
				return thread;
	}
	return NULL;
}

static bool pull_from(struct runq *rq, struct runq *victim)
{
	struct thread *thread;

	spin_lock_pair(&rq->lock, &victim->lock);
	/* A CPU about to leave its idle loop keeps its only thread. */
	thread = victim->curr == victim->idle && victim->nr_queued < 2
			 ? NULL
			 : find_movable(victim, rq->cpu->id);
	if (thread) {
		sched_dequeue_locked(victim, thread);
		cfs_migrate(thread, victim, rq);
		atomic_store_release(&thread->cpu, rq->cpu->id);
		rseq_moved(thread);
		sched_enqueue_locked(rq, thread, ENQUEUE_MOVE);
	}
	spin_unlock_pair(&rq->lock, &victim->lock);
	return thread != NULL;
}

bool balance_pull(struct runq *rq)
{
	if (nr_cpus_online == 1)
		return false;
	for (u32 n = 0; n < numa_node_count(); n++) {
		node_t node = numa_fallback(rq->cpu->node, n);
		struct runq *victim = NULL;
		u32 most = 0;
		struct cpu *cpu;

		FOR_EACH_CPU(cpu) {
			u32 nr = atomic_load_relaxed(&cpu_runq(cpu->id)->nr_queued);

			if (cpu != rq->cpu && cpu->node == node && nr > most) {
				most = nr;
				victim = cpu_runq(cpu->id);
			}
		}
		if (victim && pull_from(rq, victim))
			return true;
	}
	return false;
}
