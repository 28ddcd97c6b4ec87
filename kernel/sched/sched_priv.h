/* SPDX-License-Identifier: MIT */
/* What the files of the scheduler share: the run queue. */
#pragma once

#include <arch/percpu.h>
#include <kernel/abi/linux_sched.h>
#include <kernel/core/spinlock.h>
#include <kernel/sched/cfs_math.h>
#include <kernel/sched/sched.h>
#include <kernel/task/thread.h>

#define RT_PRIORITIES 100u
#define RT_SLICE_NS   (100ull * 1000000)
/* Where a thread spends its time is looked at this often. */
#define SAMPLE_NS     (10ull * 1000000)
/* CPU-time timers of a task (ITIMER_PROF, RLIMIT_CPU) are looked at this often. */
#define CPU_TICK_NS   (4ull * 1000000)

struct cfs_queue {
	struct rb_tree tree;  /* runnable, not running, by vruntime */
	u64 min_vruntime;     /* never goes back */
	u64 weight;           /* of the threads in the tree */
	u32 nr;
};

struct rt_queue {
	u64 bitmap[(RT_PRIORITIES + 63) / 64]; /* lists that are not empty */
	struct list_head lists[RT_PRIORITIES];
	u32 nr;
};

/* Lock key: l lock, i immutable, a atomic reads without the lock. */
struct runq {
	struct spinlock lock;  /* RANK_RUNQ, irq-safe; passed on by a switch */
	struct cpu *cpu;       /* [i] */
	struct thread *curr;   /* [l] */
	struct thread *idle;   /* [i] */
	struct cfs_queue cfs;  /* [l] */
	struct rt_queue rt;    /* [l] */
	u32 nr_queued;         /* [l][a] in both classes, curr not counted */
	u32 nr_blocked;        /* [l][a] sleep uninterruptibly; may wrap per CPU, the
	                          sum over CPUs is right (load average) */
	ns_t slice_end_ns;     /* [l] of curr */
	u64 switches;          /* [l] */
	ns_t user, system;     /* [l] weights of all samples here: struct sched_sample */
};

DECLARE_PERCPU(struct runq, sched_runq);

static inline struct runq *this_runq(void)
{
	return percpu_ptr(sched_runq);
}

static inline struct runq *cpu_runq(cpu_t cpu)
{
	return percpu_ptr_of(sched_runq, cpu_table[cpu]);
}

static inline bool sched_is_rt(const struct thread *thread)
{
	return thread->sched.prio != 0;
}

static inline bool cpu_allowed(const struct thread *thread, cpu_t cpu)
{
	return thread->sched.affinity[cpu / 64] >> (cpu % 64) & 1;
}

enum enqueue_why {
	ENQUEUE_WAKE,    /* was asleep */
	ENQUEUE_NEW,     /* first time */
	ENQUEUE_PREEMPT, /* was running and would go on */
	ENQUEUE_YIELD,   /* was running and lets others pass */
	ENQUEUE_MOVE,    /* from another place, nothing else changed */
};

/* cfs.c */
void cfs_init(struct cfs_queue *q);
/** cfs_insert - @thread among the others of the tree */
void cfs_insert(struct cfs_queue *q, struct thread *thread);
static inline struct thread *cfs_first(const struct runq *rq)
{
	return RB_ENTRY_OR_NULL(rb_first(&rq->cfs.tree), struct thread, sched.node);
}

/* The virtual time that @thread comes in with. */
static inline void cfs_set_time(const struct runq *rq, struct sched_entity *se,
				enum enqueue_why why)
{
	const struct thread *first;

	switch (why) {
	case ENQUEUE_WAKE:
	case ENQUEUE_NEW:
		se->vruntime = cfs_place(se->vruntime, rq->cfs.min_vruntime,
					 why == ENQUEUE_NEW, se->weight);
		break;
	case ENQUEUE_YIELD:
		/* Not before the one that would be next; equals queue behind it. */
		first = cfs_first(rq);
		if (first)
			se->vruntime = cfs_max(se->vruntime, first->sched.vruntime);
		break;
	case ENQUEUE_PREEMPT:
	case ENQUEUE_MOVE:
		break;
	}
}

/* Two threads that take turns, the common case, find the tree empty and leave it so. */
static inline void cfs_enqueue(struct runq *rq, struct thread *thread, enum enqueue_why why)
{
	struct cfs_queue *q = &rq->cfs;

	cfs_set_time(rq, &thread->sched, why);
	if (!q->nr)
		rb_insert_first(&q->tree, &thread->sched.node);
	else
		cfs_insert(q, thread);
	q->weight += thread->sched.weight;
	q->nr++;
}

static inline void cfs_dequeue(struct runq *rq, struct thread *thread)
{
	struct cfs_queue *q = &rq->cfs;

	q->weight -= thread->sched.weight;
	if (--q->nr)
		rb_erase(&q->tree, &thread->sched.node);
	else
		rb_erase_last(&q->tree, &thread->sched.node);
}

/** cfs_account - @curr has run for @delta_ns more */
static inline void cfs_account(struct runq *rq, struct thread *curr, ns_t delta_ns)
{
	const struct thread *first = cfs_first(rq);
	u64 min = curr->sched.vruntime += cfs_scale(delta_ns, curr->sched.weight);

	if (first && cfs_before(first->sched.vruntime, min))
		min = first->sched.vruntime;
	rq->cfs.min_vruntime = cfs_max(rq->cfs.min_vruntime, min);
}

/** cfs_preempts - shall @woken run at once? @curr_vruntime: of @curr up to now */
static inline bool cfs_preempts(const struct thread *woken, const struct thread *curr,
				u64 curr_vruntime)
{
	u64 grain = cfs_scale(CFS_WAKE_GRAIN_NS, woken->sched.weight);

	if (woken->sched.policy != SCHED_NORMAL)
		return false;
	return curr->sched.policy == SCHED_IDLE ||
	       cfs_before(woken->sched.vruntime + grain, curr_vruntime);
}

static inline ns_t cfs_slice_of(const struct runq *rq, const struct thread *thread)
{
	return cfs_slice(thread->sched.weight, rq->cfs.weight + thread->sched.weight);
}

/** cfs_migrate - @thread's virtual time as of @to instead of @from */
void cfs_migrate(struct thread *thread, const struct runq *from, const struct runq *to);

/* rt.c */
void rt_init(struct rt_queue *q);
void rt_enqueue(struct runq *rq, struct thread *thread, enum enqueue_why why);
void rt_dequeue(struct runq *rq, struct thread *thread);
struct thread *rt_first(const struct runq *rq);

/* core.c; rq->lock held */
void sched_enqueue_locked(struct runq *rq, struct thread *thread, enum enqueue_why why);
void sched_dequeue_locked(struct runq *rq, struct thread *thread);
/** sched_resched_locked - make rq's CPU choose again soon */
void sched_resched_locked(struct runq *rq);
void sched_switch_idle(struct runq *rq);

/* balance.c */
extern u64 sched_idle_mask[(NR_CPUS + 63) / 64]; /* atomic: CPUs in the idle loop */
void balance_cpu_online(struct cpu *cpu);
/** balance_wake_cpu - where a woken @thread, last on @last, shall run */
cpu_t balance_choose_wake_cpu(const struct thread *thread, cpu_t last);
static inline cpu_t balance_wake_cpu(const struct thread *thread, cpu_t last)
{
	return nr_cpus_online == 1 ? last : balance_choose_wake_cpu(thread, last);
}
/** balance_new_cpu - where a new thread shall start */
cpu_t balance_new_cpu(const struct thread *thread);
/** balance_pull - take a thread from the fullest queue. Interrupts off, no lock.
 * Return: true when this CPU has one now. */
bool balance_pull(struct runq *rq);

/* load.c */
void load_init(void);
