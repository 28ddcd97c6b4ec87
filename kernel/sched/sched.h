/* SPDX-License-Identifier: MIT */
/*
 * The scheduler: a run queue per CPU, real-time classes (FIFO, RR) above the
 * fair class. Threads are switched where they block, at sched_point(), and on
 * return to user when THREAD_WORK_RESCHED is set.
 */
#pragma once

#include <kernel/config.h>
#include <kernel/core/waitq.h>
#include <kernel/lib/list.h>
#include <kernel/lib/rbtree.h>
#include <kernel/lib/types.h>

struct thread;

/*
 * User and system time are told apart by samples, so that entries to the kernel cost
 * nothing: the time since the last one counts as spent where the timer interrupt
 * found the thread. The sums give the proportion, the clock the total.
 */
struct sched_sample {
	ns_t until_ns;        /* of sum_exec: what is accounted for */
	ns_t user, system;    /* weights */
};

/* Lives in struct thread. Lock key: q run-queue lock of thread->cpu. */
struct sched_entity {
	struct rb_node node;      /* [q] in the fair tree, by vruntime */
	struct list_head rt_link; /* [q] in a real-time list */
	u64 vruntime;             /* [q] weighted nanoseconds */
	u64 lent_vruntime;        /* [q] while lent: its own, */
	u64 lent_from;            /* [q] and the caller's at the call */
	ns_t exec_start;          /* [q] when last put on the CPU or accounted */
	ns_t sum_exec;            /* [q] run in all */
	struct sched_sample sample; /* [q] where it ran */
	ns_t told_user_ns, told_system_ns; /* [TASK_TREE] times told do not go back */
	u64 switches_voluntary, switches_involuntary; /* [q] */
	u64 affinity[(NR_CPUS + 63) / 64]; /* [q] CPUs allowed */
	u32 weight;               /* [q] of nice; cfs_math.h */
	u8 policy;                /* [q] SCHED_* of the Linux ABI */
	u8 rt_priority;           /* [q] 1..99, else 0 */
	u8 boost;                 /* [q] inherited, 0: none; runs as FIFO at it */
	u8 lent_prio;             /* [q] of the real-time thread that it serves, else 0 */
	u8 prio;                  /* [q] the highest of the three: what counts here */
	s8 nice;                  /* [q] -20..19 */
	bool queued;              /* [q] in a tree or list; never while running */
	bool reset_on_fork;       /* [q] children start in the fair class */
	bool lent;                /* [q] it serves a call on its caller's time */
};

/** sched_init - boot CPU's queue; the caller (current) becomes its idle thread */
void sched_init(void);
/** sched_init_cpu - the same on another CPU, from upcall_cpu_online() */
void sched_init_cpu(void);
/** sched_idle_loop - never returns */
__noreturn void sched_idle_loop(void);

/** sched_init_entity - a fresh thread's: fair class, nice 0, all CPUs */
void sched_init_entity(struct sched_entity *se);
/** sched_start - a new thread becomes runnable for the first time */
void sched_start(struct thread *thread);
/** sched_wake - make @thread runnable if it is asleep; @state_mask: BIT(state)s it
 * may be woken from. Any context. Return: true when it was asleep. */
bool sched_wake(struct thread *thread, u32 state_mask);
enum sched_handoff {
	HANDOFF_CALL,  /* current's time is lent until the reply */
	HANDOFF_REPLY, /* the loan ends */
};
#define HANDOFF_REFUSED 1
/**
 * sched_handoff - run @next, which sleeps, in current's place (head of core.c), and sleep
 * interruptibly. @lock: protects @next's sleep; held with interrupts off since @flags, and
 * given up once nobody else can wake @next; *@sure is set to 1 before that.
 * Return: as sched_block(); HANDOFF_REFUSED it cannot be: @lock is held, wake @next instead.
 */
__must_check int sched_handoff(struct thread *next, enum sched_handoff why, ns_t deadline_ns,
			       struct spinlock *lock, u32 *sure, irqflags_t flags);
/** sched_end_loan - what @thread was lent ends, without a reply that gives it back */
void sched_end_loan(struct thread *thread);
/** sched_pull_sleeper - let @thread wake up on this CPU, if it sleeps elsewhere and may run
 * here. Interrupts off. */
void sched_pull_sleeper(struct thread *thread);
/** sched_block_timeout - fn of thread->block_timer */
struct timer;
void sched_block_timeout(struct timer *timer);
/** sched_yield_current - sched_yield(2) */
void sched_yield_current(void);
/** sched_exit - current is dead: switch away for ever. Frees nothing itself:
 * the next thread calls thread_reap() on it. */
__noreturn void sched_exit(void);
/** sched_point - let others run if the slice is over; thread context, no locks.
 * Long kernel loops call it. */
void sched_point(void);
/** sched_preempt - current gives way to whom the queue prefers; return to user */
void sched_preempt(void);
/** sched_kick_user - make sure @thread passes upcall_return_to_user() soon,
 * wherever it runs (IPI when on another CPU). After setting work bits. */
void sched_kick_user(struct thread *thread);
/** sched_tick - from upcall_timer(): ends slices, and takes a sample of where current's
 * time goes. @user: to user mode. Interrupts off.
 * Return: when it wants to be called again, NS_FOREVER: not at all. */
ns_t sched_tick(bool user);
/** sched_resched_ipi - another CPU has queued a thread here. Interrupts off. */
void sched_resched_ipi(void);
/** sched_thread_started - tail of a new thread's first switch; upcall_thread_start() */
void sched_thread_started(struct thread *prev);

/** sched_set - policy, priority, nice of @thread. Return: 0; -EINVAL. */
__must_check int sched_set(struct thread *thread, u8 policy, u8 rt_priority, s8 nice);
/** sched_boost - @thread inherits real-time priority @prio, 0: none any more.
 * Return: the priority it runs at */
u8 sched_boost(struct thread *thread, u8 prio);
/** sched_priority - the real-time priority it runs at, 0: in the fair class; racy */
u8 sched_priority(const struct thread *thread);
/** sched_set_affinity - Return: 0; -EINVAL no online CPU in the mask. Migrates. */
__must_check int sched_set_affinity(struct thread *thread,
				    const u64 mask[(NR_CPUS + 63) / 64]);
/** sched_fork - @child starts with @parent's class, fair share behind it */
void sched_fork(struct thread *child, const struct thread *parent);

/** sched_thread_ns - CPU time of @thread so far, running slice included */
ns_t sched_thread_ns(const struct thread *thread);
/** sched_thread_split - the same, user and system time apart; task_tree_lock held */
void sched_thread_split(struct thread *thread, ns_t *user_ns, ns_t *system_ns);
/** sched_rr_interval_ns - sched_rr_get_interval(2) */
ns_t sched_rr_interval_ns(const struct thread *thread);

struct sched_cpu_stats {
	u64 user_ns, system_ns, idle_ns, switches;
	u32 runnable;
};
/** sched_cpu_stats - of @cpu; all zero when it is not online */
void sched_cpu_stats(u32 cpu, struct sched_cpu_stats *out);
/** sched_loadavg - three averages, fixed point 1/2048 (FSHIFT 11) */
void sched_loadavg(u64 out[3]);
