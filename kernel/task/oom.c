/* SPDX-License-Identifier: MIT */
/*
 * Out of memory. A request that found no frame comes to oom_relieve(), under
 * whatever mutexes it holds:
 *
 *   choose    the process whose end brings back most (pages, page tables, regions,
 *             handles, stacks), moved by oom_score_adj as on Linux; never init,
 *             the kernel, who shares init's memory, or oom_score_adj -1000
 *   kill      it and all that share its memory; say in the log who asked, what
 *             there is, who was chosen and with which numbers
 *   reap      a kernel thread unmaps all the victim has, without waiting for its
 *             threads: they may be blocked on anything, even on what the asker holds
 *   wait      askers try again when the reaper is done, or after a while that grows; a
 *             victim that does not end is given a second, then there is another;
 *             after RELIEF_TRIES the asker gets its error
 *
 * Only one victim at a time, and one asker that looks for it: a thousand may ask at once.
 *
 * Locks: task_tree_lock for all state here; the reaper takes as->lock (ASPACE)
 * with nothing else held.
 */
#include <kernel/task/oom.h>

#include <kernel/core/log.h>
#include <kernel/core/panic.h>
#include <kernel/lib/string.h>
#include <kernel/task/event.h>
#include <kernel/task/task.h>
#include <kernel/time/clock.h>
#include <mm/aspace.h>
#include <mm/oom.h>
#include <mm/pmm.h>
#include <security/handle.h>

#include "task_priv.h"

#define MAX_ORDER    3u                       /* larger blocks: fragmentation, not need */
#define STEP_NS      (2 * (NS_PER_SEC / 1000)) /* the first wait; doubled up to 32 times that */
#define STEP_SHIFT   5u
#define PATIENCE_NS  NS_PER_SEC               /* for one victim */
#define RELIEF_TRIES 100u                     /* of one request: about six seconds */
#define GRAINS       64u                      /* differences below 1/64 of memory: equal */
#define HANDLES_PER_PAGE 16u                  /* a slot, an open file, a share of an inode */
#define PAGES_PER_THREAD 5u                   /* stack, registers, struct thread */

/* Lock key: t task_tree_lock. */
static struct {
	struct aspace *space; /* [t] referenced: for the reaper to take */
	ns_t since;           /* [t] when the last victim was chosen */
	bool looking;         /* [a] somebody scans the processes */
} oom;
static struct waitq reaper_wq = WAITQ_INIT(reaper_wq), relief_wq = WAITQ_INIT(relief_wq);

/* What is said about a kill, gathered under the lock and logged without it. */
struct report {
	s32 pid, asker_pid;
	char comm[16], asker[16];
	u64 pages, tables, handles, threads;
	s32 adj;
	s64 points;
};

static const char *name_of(const struct task *task)
{
	return list_empty(&task->threads)
		       ? task->comm
		       : LIST_FIRST_ENTRY(&task->threads, struct thread, task_link)->comm;
}

static s64 points_locked(const struct task *task)
{
	s64 adj = atomic_load_relaxed(&task->oom_score_adj);
	struct pmm_stats stats;
	s64 points;

	if (!task->as || task->unkillable || adj == OOM_ADJ_MIN ||
	    (init_task && task->as == init_task->as))
		return OOM_NEVER;
	pmm_stats(NODE_ANY, &stats);
	points = (s64)aspace_weight(task->as) + task->nr_threads * PAGES_PER_THREAD;
	if (task->handles)
		points += handle_table_weight(task->handles) / HANDLES_PER_PAGE;
	return points + adj * (s64)stats.total / OOM_ADJ_MAX;
}

s64 oom_points(struct task *task)
{
	irqflags_t flags = spin_lock_irq(&task_tree_lock);
	s64 points = points_locked(task);

	spin_unlock_irq(&task_tree_lock, flags);
	return points;
}

/*
 * The one to go; NULL: nobody. Of about equals the youngest: it has least to lose, and
 * of a crowd it is rarely the shell. *dying: somebody is on the way out with memory.
 */
static struct task *choose_locked(bool *dying)
{
	struct task *task, *best = NULL;
	s64 most = OOM_NEVER, grain;
	struct pmm_stats stats;

	pmm_stats(NODE_ANY, &stats);
	grain = (s64)stats.total / GRAINS + 1;

	*dying = false;
	LIST_FOR_EACH(task, &task_list, all_link) {
		s64 points = points_locked(task);

		if (points == OOM_NEVER || aspace_is_reaped(task->as))
			continue;
		if (task->exiting) {
			*dying = true;
			continue;
		}
		if (points / grain >= most) {
			most = points / grain;
			best = task;
		}
	}
	return best;
}

static void fill_report_locked(struct report *r, struct task *victim)
{
	*r = (struct report){
		.pid = victim->pid, .asker_pid = current_task()->pid,
		.pages = atomic_load_relaxed(&victim->as->resident),
		.tables = atomic_load_relaxed(&victim->as->mmu.table_pages),
		.handles = victim->handles ? handle_table_weight(victim->handles) : 0,
		.threads = victim->nr_threads,
		.adj = victim->oom_score_adj, .points = points_locked(victim),
	};
	memcpy(r->comm, name_of(victim), sizeof(r->comm) - 1);
	memcpy(r->asker, current->comm, sizeof(r->asker) - 1);
}

/* All that share the memory end; the reaper gets to work. */
static void kill_locked(struct task *victim)
{
	struct aspace *as = victim->as;
	struct task *task;

	atomic_store_relaxed(&as->doomed, true);
	oom.since = uptime_ns();
	if (!oom.space) {
		aspace_get(as);
		oom.space = as;
	}
	LIST_FOR_EACH(task, &task_list, all_link)
		if (task->as == as)
			signal_send_kernel(task, SIGKILL);
}

static void log_kill(const struct report *r, u32 order)
{
	struct pmm_stats s;

	pmm_stats(NODE_ANY, &s);
	log_notice("oom: process %d (%s) asked for %lu KiB; of %lu KiB %lu are free, %lu files, "
		   "%lu slabs, %lu page tables", r->asker_pid, r->asker, 4ul << order, s.total * 4,
		   s.free * 4, s.cache * 4, s.slab * 4, s.tables * 4);
	log_notice("oom: killed process %d (%s): %lu KiB, %lu of page tables, %lu handles, "
		   "%lu threads, oom_score_adj %d, in all %ld KiB", r->pid, r->comm,
		   r->pages * 4, r->tables * 4, r->handles, r->threads, r->adj, r->points * 4);
}

bool oom_may_dig(void)
{
	const struct task *task = current ? current_task() : NULL;

	return !task || !task->as || atomic_load_relaxed(&task->exiting);
}

/* Is the last victim still expected to bring something? */
static bool still_hoping_locked(void)
{
	const struct task *task;

	if (uptime_ns() - oom.since >= PATIENCE_NS)
		return false;
	LIST_FOR_EACH(task, &task_list, all_link)
		if (task->as && atomic_load_relaxed(&task->as->doomed))
			return true;
	return false;
}

static void pause_step(u32 tries)
{
	struct waiter waiter;

	waitq_prepare(&relief_wq, &waiter, false);
	(void)!sched_block(uptime_ns() + (STEP_NS << MIN(tries, STEP_SHIFT)));
	waitq_finish(&waiter);
}

/* Return: true: there is somebody whose memory comes back. */
static bool find_victim(u32 order, u32 tries)
{
	irqflags_t flags = spin_lock_irq(&task_tree_lock);
	bool wait = still_hoping_locked(), dying;
	struct task *victim = NULL;
	struct report report;

	if (!wait) {
		victim = choose_locked(&dying);
		wait = dying && (!victim || tries < 3); /* it may be enough */
	}
	if (victim && !wait) {
		fill_report_locked(&report, victim);
		kill_locked(victim);
	}
	spin_unlock_irq(&task_tree_lock, flags);
	if (wait || !victim)
		return wait;
	log_kill(&report, order);
	if (event_wanted())
		event_emit_for(EVENT_OOM, report.pid, report.comm, report.pages * 4,
			       (u64)report.asker_pid);
	waitq_wake_all(&reaper_wq);
	return true;
}

bool oom_relieve(u32 order, u32 tries)
{
	struct task *self = current ? current_task() : NULL;
	bool hope = true;

	if (order > MAX_ORDER || !self || !init_task || tries > RELIEF_TRIES)
		return false;
	if (!atomic_xchg(&oom.looking, true)) {
		hope = find_victim(order, tries);
		atomic_store_release(&oom.looking, false);
	}
	if (!hope || atomic_load_relaxed(&self->exiting) ||
	    (self->as && atomic_load_relaxed(&self->as->doomed)))
		return false;
	pause_step(tries);
	return true;
}

static struct aspace *next_space(void)
{
	irqflags_t flags = spin_lock_irq(&task_tree_lock);
	struct aspace *as = oom.space;

	oom.space = NULL;
	spin_unlock_irq(&task_tree_lock, flags);
	return as;
}

static void reaper(__unused void *arg)
{
	struct aspace *as;

	for (;;) {
		(void)!WAITQ_WAIT(&reaper_wq, atomic_load_relaxed(&oom.space), false, NS_FOREVER);
		as = next_space();
		if (!as)
			continue;
		/* Its lock may be held by who waits for memory right now. */
		for (ns_t end = uptime_ns() + PATIENCE_NS; !aspace_reap(as) && uptime_ns() < end;)
			pause_step(0);
		aspace_put(as);
		waitq_wake_all(&relief_wq);
	}
}

void oom_init(void)
{
	PANIC_ON(!thread_create_kernel("oom_reaper", reaper, NULL),
		 "oom: no memory for a thread");
}
