/* SPDX-License-Identifier: MIT */
/*
 * The heart of the scheduler: choosing, switching, blocking, waking.
 *
 * The lock of the CPU's run queue is held across a switch and released by the
 * thread that is switched to. Hence whoever holds the lock of thread->cpu's
 * queue and sees the thread neither running there nor queued knows that its
 * registers are saved: it may be queued anywhere.
 *
 *   blocker (current)                      waker
 *   state = SLEEP   (waitq_prepare)        condition = true
 *   condition? no                          lock queue of thread->cpu
 *   lock own queue                         state asleep?
 *   state still asleep? then switch          it is rq->curr: state = RUNNING
 *                                            else: READY, enqueue
 *
 * A time-out is one more waker. Lock order: RUNQ, then TIMER (arming a slice).
 *
 * A hand-off is a switch without the queue: current goes to sleep, and one that sleeps
 * on this CPU runs on in its place, for the rest of its slice. Of fair threads the
 * one that is called runs on the caller's virtual time, and hands it back with the
 * reply; one that a real-time thread calls has the caller's priority until then.
 */
#include "sched_priv.h"

#include <arch/context.h>
#include <arch/irq.h>
#include <arch/smp.h>
#include <kernel/abi/errno.h>
#include <kernel/task/rseq.h>
#include <kernel/task/signal.h>
#include <kernel/task/task.h>
#include <kernel/time/clock.h>
#include <mm/aspace.h>

#define ASLEEP_STATES \
	(BIT(THREAD_SLEEP) | BIT(THREAD_BLOCK) | BIT(THREAD_STOPPED) | BIT(THREAD_TRACED))

DEFINE_PERCPU(struct runq, sched_runq);

/* What counts of the priority that is its own, inherited, lent. */
static void set_prio(struct sched_entity *se)
{
	u8 own = MAX(se->rt_priority, se->boost);

	se->prio = MAX(own, se->lent_prio);
}

/* ---- queues ---- */

static void init_runq(void)
{
	struct runq *rq = this_runq();
	struct thread *idle = current;

	spin_init(&rq->lock, RANK_RUNQ, "runq");
	rq->cpu = this_cpu();
	rq->curr = rq->idle = idle;
	cfs_init(&rq->cfs);
	rt_init(&rq->rt);
	idle->cpu = rq->cpu->id;
	idle->state = THREAD_RUNNING;
	idle->on_cpu = true;
	idle->sched.exec_start = uptime_ns();
	rq->cpu->idle = idle;
	timer_init_cpu();
	balance_cpu_online(rq->cpu);
}

void sched_init(void)
{
	init_runq();
	load_init();
}

void sched_init_cpu(void)
{
	init_runq();
}

void sched_init_entity(struct sched_entity *se)
{
	*se = (struct sched_entity){ .policy = SCHED_NORMAL, .weight = CFS_NICE_0_WEIGHT };
	list_init(&se->rt_link);
	for (u32 i = 0; i < ARRAY_SIZE(se->affinity); i++)
		se->affinity[i] = ~0ull;
}

/* Locks the queue of the CPU where @thread is; interrupts are off. */
static inline struct runq *lock_runq_of(const struct thread *thread)
{
	for (;;) {
		cpu_t cpu = atomic_load_acquire(&thread->cpu);
		struct runq *rq = cpu_runq(cpu);

		spin_lock(&rq->lock);
		if (likely(thread->cpu == cpu))
			return rq;
		spin_unlock(&rq->lock);
	}
}

static inline void slice_begin_locked(struct runq *rq, ns_t now)
{
	const struct thread *curr = rq->curr;

	if (curr == rq->idle)
		return;
	if (sched_is_rt(curr))
		rq->slice_end_ns = curr->sched.policy == SCHED_RR ? now + RT_SLICE_NS : NS_FOREVER;
	else
		rq->slice_end_ns = now + cfs_slice_of(rq, curr);
}

/* Somebody waits behind curr: its slice has to end. */
static void slice_arm_locked(struct runq *rq)
{
	if (rq->cpu == this_cpu())
		timer_arm_sooner(rq->slice_end_ns);
}

static __always_inline void enqueue(struct runq *rq, struct thread *thread, enum enqueue_why why)
{
	thread->state = THREAD_READY;
	thread->sched.queued = true;
	if (sched_is_rt(thread))
		rt_enqueue(rq, thread, why);
	else
		cfs_enqueue(rq, thread, why);
	/* Pairs with the acquire in idle_once(). */
	atomic_store_release(&rq->nr_queued, rq->nr_queued + 1);
}

void sched_enqueue_locked(struct runq *rq, struct thread *thread, enum enqueue_why why)
{
	enqueue(rq, thread, why);
}

static inline void dequeue(struct runq *rq, struct thread *thread)
{
	if (sched_is_rt(thread))
		rt_dequeue(rq, thread);
	else
		cfs_dequeue(rq, thread);
	thread->sched.queued = false;
	atomic_store_relaxed(&rq->nr_queued, rq->nr_queued - 1);
}

void sched_dequeue_locked(struct runq *rq, struct thread *thread)
{
	dequeue(rq, thread);
}

void sched_resched_locked(struct runq *rq)
{
	if (rq->curr != rq->idle) {
		if (rq->curr->work & THREAD_WORK_RESCHED)
			return;
		atomic_fetch_or(&rq->curr->work, THREAD_WORK_RESCHED);
	}
	if (rq->cpu != this_cpu())
		smp_send_resched(rq->cpu->id);
}

/* Charge curr for the time since the last call. */
static __always_inline void account_locked(struct runq *rq, ns_t now)
{
	struct thread *curr = rq->curr;
	ns_t delta = now - curr->sched.exec_start;

	curr->sched.exec_start = now;
	curr->sched.sum_exec += delta;
	if (curr != rq->idle && !sched_is_rt(curr))
		cfs_account(rq, curr, delta);
}

static inline bool preempts(const struct runq *rq, const struct thread *thread)
{
	const struct thread *curr = rq->curr;
	ns_t since;

	if (curr == rq->idle)
		return true;
	if (sched_is_rt(thread) || sched_is_rt(curr))
		return thread->sched.prio > curr->sched.prio;
	/* curr is not charged yet for the time since its last accounting. */
	since = uptime_ns() - curr->sched.exec_start;
	return cfs_preempts(thread, curr,
			    curr->sched.vruntime + cfs_scale(since, curr->sched.weight));
}

/* @thread has come into @rq: run it at once, or see to it that it is run. */
static inline void check_preempt_locked(struct runq *rq, const struct thread *thread)
{
	if (preempts(rq, thread))
		sched_resched_locked(rq);
	else if (rq->cpu == this_cpu())
		slice_arm_locked(rq);
	else if (rq->nr_queued == 1)
		/* That CPU had no slice to end: let it arm its timer. */
		smp_send_resched(rq->cpu->id);
}

/* Queue @thread, which is in no queue, on @cpu. @rq is locked; releases it. */
static void place_unlock(struct runq *rq, struct thread *thread, cpu_t cpu, enum enqueue_why why)
{
	struct runq *to = rq;

	if (cpu != rq->cpu->id) {
		to = cpu_runq(cpu);
		cfs_migrate(thread, rq, to);
		/* READY and not queued: other lockers leave it alone. */
		thread->state = THREAD_READY;
		atomic_store_release(&thread->cpu, cpu);
		rseq_moved(thread);
		spin_unlock(&rq->lock);
		spin_lock(&to->lock);
	}
	sched_enqueue_locked(to, thread, why);
	check_preempt_locked(to, thread);
	spin_unlock(&to->lock);
}

/* ---- switching ---- */

static void finish_switch(struct thread *prev)
{
	struct runq *rq = this_runq();
	bool dead = prev->state == THREAD_DEAD;

	/* Pairs with the acquire in sched_kick_user(). */
	atomic_store_release(&prev->on_cpu, false);
	if (unlikely(prev->moving)) {
		prev->moving = false;
		place_unlock(rq, prev, balance_new_cpu(prev), ENQUEUE_MOVE);
		return;
	}
	spin_unlock(&rq->lock);
	if (unlikely(dead))
		thread_reap(prev);
}

void sched_thread_started(struct thread *prev)
{
	finish_switch(prev);
}

/* Takes the thread to run next out of its queue. */
static inline struct thread *pick_locked(struct runq *rq)
{
	struct thread *next = rq->rt.nr ? rt_first(rq) : cfs_first(rq);

	if (!next)
		return rq->idle;
	dequeue(rq, next);
	return next;
}

/*
 * Run @next, which is in no queue; current was accounted for up to @now, and queued
 * before, or is asleep, or dead.
 * Lock held, interrupts off; returns when current runs again, lock released.
 */
static __always_inline void switch_to(struct runq *rq, struct thread *next, ns_t now)
{
	struct thread *prev = rq->curr;
	struct aspace *as;

	if (prev->work & THREAD_WORK_RESCHED)
		atomic_fetch_and(&prev->work, ~(u32)THREAD_WORK_RESCHED);
	atomic_store_relaxed(&rq->curr, next);
	next->state = THREAD_RUNNING;
	next->sched.exec_start = now;
	slice_begin_locked(rq, now);
	if (rq->nr_queued || next->cpu_tick)
		timer_arm_sooner(next->cpu_tick ? MIN(rq->slice_end_ns, now + CPU_TICK_NS)
						: rq->slice_end_ns);
	else if (prev == rq->idle)
		timer_arm_sooner(now + SAMPLE_NS); /* the tick goes on by itself */
	if (next == prev) {
		spin_unlock(&rq->lock);
		return;
	}
	rq->switches++;
	rseq_switched_out(prev);
	next->on_cpu = true;
	as = next->task->as;
	finish_switch(context_switch(prev, next, as ? &as->mmu : NULL));
}

/* Run whom the queue prefers. */
static __noinline void switch_locked(struct runq *rq, ns_t now)
{
	switch_to(rq, pick_locked(rq), now);
}

static void account_and_switch_locked(struct runq *rq)
{
	ns_t now = uptime_ns();

	account_locked(rq, now);
	switch_locked(rq, now);
}

void sched_switch_idle(struct runq *rq)
{
	spin_lock(&rq->lock);
	account_and_switch_locked(rq);
}

/* Among fair threads alone: current changes places with the first one at once, so that
 * the tree never holds both. Return: that one; NULL: it is not so simple. */
static inline struct thread *change_places(struct runq *rq, struct thread *curr,
					   enum enqueue_why why)
{
	struct thread *first = cfs_first(rq);

	if (rq->rt.nr || sched_is_rt(curr) || curr == rq->idle)
		return NULL;
	cfs_set_time(rq, &curr->sched, why);
	if (cfs_before(curr->sched.vruntime, first->sched.vruntime))
		return NULL; /* it goes on */
	dequeue(rq, first);
	enqueue(rq, curr, ENQUEUE_MOVE);
	return first;
}

static void requeue_current(enum enqueue_why why)
{
	irqflags_t flags = irq_save();
	struct runq *rq = this_runq();
	struct thread *curr = current, *next;
	ns_t now;

	spin_lock(&rq->lock);
	if (unlikely(!cpu_allowed(curr, rq->cpu->id) && curr != rq->idle)) {
		/* finish_switch() queues it elsewhere, its registers saved. */
		curr->state = THREAD_READY;
		curr->moving = true;
		account_and_switch_locked(rq);
	} else if (rq->nr_queued) {
		now = uptime_ns();
		account_locked(rq, now);
		/* The round of an RR thread is over: behind its equals. */
		if (why == ENQUEUE_PREEMPT && curr->sched.policy == SCHED_RR &&
		    now >= rq->slice_end_ns)
			why = ENQUEUE_YIELD;
		curr->sched.switches_involuntary++;
		next = change_places(rq, curr, why);
		if (likely(next)) {
			switch_to(rq, next, now);
		} else {
			sched_enqueue_locked(rq, curr, why);
			switch_locked(rq, now);
		}
	} else {
		atomic_fetch_and(&curr->work, ~(u32)THREAD_WORK_RESCHED);
		spin_unlock(&rq->lock);
	}
	irq_restore(flags);
}

void sched_preempt(void)
{
	requeue_current(ENQUEUE_PREEMPT);
}

void sched_point(void)
{
	if (unlikely(current->work & THREAD_WORK_RESCHED))
		sched_preempt();
}

void sched_yield_current(void)
{
	if (atomic_load_relaxed(&this_runq()->nr_queued))
		requeue_current(ENQUEUE_YIELD);
}

void sched_exit(void)
{
	struct runq *rq;

	irq_disable();
	rq = this_runq();
	spin_lock(&rq->lock);
	current->state = THREAD_DEAD;
	account_and_switch_locked(rq);
	panic("sched: a dead thread was run");
}

/* ---- blocking and waking ---- */

static inline bool interrupted(const struct thread *thread)
{
	return atomic_load_acquire(&thread->work) & THREAD_WORK_INTERRUPT;
}

int sched_block(ns_t deadline_ns)
{
	struct thread *curr = current;
	bool timed = deadline_ns != NS_FOREVER;
	enum thread_state state;
	irqflags_t flags;
	struct runq *rq;
	int err = 0;
	ns_t now;

	if (CONFIG_DEBUG)
		lockdep_may_sleep("sched_block");
	if (timed) {
		if (uptime_ns() >= deadline_ns) {
			curr->state = THREAD_RUNNING;
			return -ETIMEDOUT;
		}
		curr->block_timed_out = false;
		timer_start(&curr->block_timer, deadline_ns);
	}
	flags = irq_save();
	rq = this_runq();
	spin_lock(&rq->lock);
	state = curr->state;
	if (state == THREAD_SLEEP && interrupted(curr))
		curr->state = THREAD_RUNNING;
	if (BIT(curr->state) & ASLEEP_STATES) {
		curr->sched.switches_voluntary++;
		if (state == THREAD_BLOCK)
			atomic_store_relaxed(&rq->nr_blocked, rq->nr_blocked + 1);
		now = uptime_ns();
		account_locked(rq, now);
		switch_to(rq, pick_locked(rq), now);
	} else {
		spin_unlock(&rq->lock);
	}
	irq_restore(flags);
	if (timed) {
		timer_cancel(&curr->block_timer);
		if (atomic_load_acquire(&curr->block_timed_out))
			err = -ETIMEDOUT;
	}
	if (state == THREAD_SLEEP && interrupted(curr))
		err = -ERESTARTSYS;
	return err;
}

/* ---- hand-off ---- */

void sched_pull_sleeper(struct thread *thread)
{
	cpu_t here = this_cpu()->id;
	struct runq *rq;

	if (likely(atomic_load_relaxed(&thread->cpu) == here) || !cpu_allowed(thread, here))
		return;
	rq = lock_runq_of(thread);
	/* Asleep and not running there: its registers are saved. */
	if (thread->state == THREAD_SLEEP && thread != rq->curr && rq->cpu->id != here) {
		cfs_migrate(thread, rq, this_runq());
		atomic_store_release(&thread->cpu, here);
	}
	spin_unlock(&rq->lock);
}

/* A caller of @prio lends it. Lock of the queue of @se held; it is in no queue. */
static void lend_priority(struct sched_entity *se, u8 prio)
{
	se->lent_prio = prio;
	set_prio(se);
}

/* @from calls @to, which may serve one call at a time: what a second one lends is not taken. */
static inline void lend(struct sched_entity *from, struct sched_entity *to)
{
	if (unlikely(to->lent))
		return;
	if (unlikely(from->prio | to->prio)) {
		if (from->prio > to->prio) {
			to->lent = true;
			to->lent_vruntime = to->lent_from = to->vruntime;
			lend_priority(to, from->prio);
		}
		return;
	}
	to->lent = true;
	to->lent_vruntime = to->vruntime;
	to->lent_from = to->vruntime = from->vruntime;
}

/* The loan of @se ends. Return: the virtual time that it has used. */
static inline u64 end_loan(struct sched_entity *se)
{
	u64 used = se->vruntime - se->lent_from;

	se->lent = false;
	se->vruntime = se->lent_vruntime;
	if (unlikely(se->lent_prio))
		lend_priority(se, 0);
	return used;
}

/* May current give this CPU to @next? Lock of this CPU's queue held. */
static inline bool can_hand_off(const struct runq *rq, const struct thread *curr,
				const struct thread *next)
{
	return next->cpu == rq->cpu->id && next->state == THREAD_SLEEP &&
	       !(curr->work & (THREAD_WORK_RESCHED | THREAD_WORK_INTERRUPT)) &&
	       cpu_allowed(next, rq->cpu->id);
}

/* What sched_block() does with a deadline; apart, since few have one. */
static __noinline void handoff_timer_start(struct thread *curr, ns_t deadline_ns)
{
	curr->block_timed_out = false;
	timer_start(&curr->block_timer, deadline_ns);
}

static __noinline int handoff_timer_cancel(struct thread *curr)
{
	timer_cancel(&curr->block_timer);
	if (atomic_load_acquire(&curr->block_timed_out))
		return -ETIMEDOUT;
	return interrupted(curr) ? -ERESTARTSYS : 0;
}

int sched_handoff(struct thread *next, enum sched_handoff why, ns_t deadline_ns,
		  struct spinlock *lock, u32 *sure, irqflags_t flags)
{
	struct runq *rq = this_runq();
	struct thread *curr = current;
	struct sched_entity *se = &curr->sched;
	struct aspace *as;
	ns_t now;

	spin_lock(&rq->lock);
	if (unlikely(!can_hand_off(rq, curr, next))) {
		spin_unlock(&rq->lock);
		return HANDOFF_REFUSED;
	}
	/* With the queue locked nobody else can wake @next. */
	*sure = 1;
	spin_unlock(lock);
	if (unlikely(deadline_ns != NS_FOREVER))
		handoff_timer_start(curr, deadline_ns);
	atomic_store_relaxed(&curr->state, THREAD_SLEEP);
	se->switches_voluntary++;
	now = uptime_ns();
	account_locked(rq, now);
	if (why == HANDOFF_CALL)
		lend(se, &next->sched);
	else if (likely(se->lent))
		next->sched.vruntime += end_loan(se);
	atomic_store_relaxed(&rq->curr, next);
	next->state = THREAD_RUNNING;
	next->sched.exec_start = now;
	if (unlikely(next->cpu_tick))
		timer_arm_sooner(now + CPU_TICK_NS);
	rq->switches++;
	next->on_cpu = true;
	as = next->task->as;
	finish_switch(context_switch(curr, next, as ? &as->mmu : NULL));
	irq_restore(flags);
	if (unlikely(deadline_ns != NS_FOREVER))
		return handoff_timer_cancel(curr);
	return unlikely(interrupted(curr)) ? -ERESTARTSYS : 0;
}

void sched_block_timeout(struct timer *timer)
{
	struct thread *thread = container_of(timer, struct thread, block_timer);

	atomic_store_release(&thread->block_timed_out, true);
	sched_wake(thread, BIT(THREAD_SLEEP) | BIT(THREAD_BLOCK));
}

bool sched_wake(struct thread *thread, u32 state_mask)
{
	irqflags_t flags = irq_save();
	struct runq *rq = lock_runq_of(thread);
	enum thread_state state = thread->state;
	bool asleep = BIT(state) & state_mask & ASLEEP_STATES;
	cpu_t cpu = rq->cpu->id, to;

	if (!asleep)
		goto out_unlock;
	if (thread == rq->curr) {
		thread->state = THREAD_RUNNING;
		goto out_unlock;
	}
	if (state == THREAD_BLOCK)
		atomic_store_relaxed(&rq->nr_blocked, rq->nr_blocked - 1);
	to = balance_wake_cpu(thread, cpu);
	if (unlikely(to != cpu)) {
		place_unlock(rq, thread, to, ENQUEUE_WAKE);
		goto out;
	}
	enqueue(rq, thread, ENQUEUE_WAKE);
	check_preempt_locked(rq, thread);
out_unlock:
	spin_unlock(&rq->lock);
out:
	irq_restore(flags);
	return asleep;
}

void sched_start(struct thread *thread)
{
	irqflags_t flags = irq_save();
	struct runq *rq = this_runq();

	spin_lock(&rq->lock);
	atomic_store_relaxed(&thread->cpu, rq->cpu->id);
	thread->sched.vruntime = rq->cfs.min_vruntime;
	place_unlock(rq, thread, balance_new_cpu(thread), ENQUEUE_NEW);
	irq_restore(flags);
}

void sched_kick_user(struct thread *thread)
{
	irqflags_t flags = irq_save();
	cpu_t cpu = atomic_load_acquire(&thread->cpu);

	/* Racy on purpose: a thread that moves enters the kernel by doing so. */
	if (cpu != this_cpu()->id && atomic_load_acquire(&thread->on_cpu))
		smp_send_resched(cpu);
	irq_restore(flags);
}

void sched_resched_ipi(void)
{
	struct runq *rq = this_runq();

	spin_lock(&rq->lock);
	if (rq->curr != rq->idle && rq->nr_queued)
		slice_arm_locked(rq);
	spin_unlock(&rq->lock);
}

/* Curr was accounted for up to now. */
static void sample_locked(struct runq *rq, bool user)
{
	struct sched_entity *se = &rq->curr->sched;
	ns_t delta = se->sum_exec - se->sample.until_ns;

	se->sample.until_ns = se->sum_exec;
	if (user) {
		se->sample.user += delta;
		rq->user += delta;
	} else {
		se->sample.system += delta;
		rq->system += delta;
	}
}

ns_t sched_tick(bool user)
{
	struct runq *rq = this_runq();
	ns_t now = uptime_ns(), again = NS_FOREVER;

	spin_lock(&rq->lock);
	if (rq->curr != rq->idle) {
		account_locked(rq, now);
		sample_locked(rq, user);
		again = now + SAMPLE_NS;
		if (rq->nr_queued) {
			if (now >= rq->slice_end_ns) {
				sched_resched_locked(rq);
				slice_begin_locked(rq, now);
			}
			again = MIN(again, rq->slice_end_ns);
		}
		if (rq->curr->cpu_tick)
			again = MIN(again, now + CPU_TICK_NS);
	}
	spin_unlock(&rq->lock);
	return again;
}

/* ---- settings ---- */

static void apply_class(struct sched_entity *se, u8 policy, u8 rt_priority, s8 nice)
{
	se->policy = policy;
	se->rt_priority = rt_priority;
	set_prio(se);
	se->nice = nice;
	se->weight = policy == SCHED_IDLE ? CFS_IDLE_WEIGHT : cfs_weight(nice);
}

/* How @thread is scheduled is about to change: out of its queue, with its time so far. */
static bool change_begin_locked(struct runq *rq, struct thread *thread)
{
	bool queued = thread->sched.queued;

	if (queued)
		sched_dequeue_locked(rq, thread);
	else if (thread == rq->curr)
		account_locked(rq, uptime_ns());
	return queued;
}

static void change_end_locked(struct runq *rq, struct thread *thread, bool queued, bool was_rt)
{
	if (was_rt && !sched_is_rt(thread))
		thread->sched.vruntime = rq->cfs.min_vruntime;
	if (queued) {
		sched_enqueue_locked(rq, thread, ENQUEUE_MOVE);
		check_preempt_locked(rq, thread);
	} else if (thread == rq->curr && rq->nr_queued) {
		sched_resched_locked(rq);
	}
}

void sched_end_loan(struct thread *thread)
{
	struct sched_entity *se = &thread->sched;
	irqflags_t flags;
	struct runq *rq;

	if (likely(!atomic_load_relaxed(&se->lent)))
		return;
	flags = irq_save();
	rq = lock_runq_of(thread);
	if (se->lent) {
		bool queued = change_begin_locked(rq, thread), was_rt = sched_is_rt(thread);
		u64 used = end_loan(se);

		se->vruntime += used;
		change_end_locked(rq, thread, queued, was_rt);
	}
	spin_unlock(&rq->lock);
	irq_restore(flags);
}

u8 sched_boost(struct thread *thread, u8 prio)
{
	irqflags_t flags = irq_save();
	struct runq *rq = lock_runq_of(thread);
	struct sched_entity *se = &thread->sched;

	if (se->boost != prio) {
		bool queued = change_begin_locked(rq, thread), was_rt = sched_is_rt(thread);

		se->boost = prio;
		set_prio(se);
		change_end_locked(rq, thread, queued, was_rt);
	}
	prio = se->prio;
	spin_unlock(&rq->lock);
	irq_restore(flags);
	return prio;
}

u8 sched_priority(const struct thread *thread)
{
	return atomic_load_relaxed(&thread->sched.prio);
}

int sched_set(struct thread *thread, u8 policy, u8 rt_priority, s8 nice)
{
	bool rt = policy == SCHED_FIFO || policy == SCHED_RR, queued, was_rt;
	irqflags_t flags;
	struct runq *rq;

	if (!rt && policy != SCHED_NORMAL && policy != SCHED_BATCH && policy != SCHED_IDLE)
		return -EINVAL;
	if (nice < -20 || nice > 19 || rt != (rt_priority != 0) || rt_priority >= RT_PRIORITIES)
		return -EINVAL;
	flags = irq_save();
	rq = lock_runq_of(thread);
	queued = change_begin_locked(rq, thread);
	was_rt = sched_is_rt(thread);
	apply_class(&thread->sched, policy, rt_priority, nice);
	change_end_locked(rq, thread, queued, was_rt);
	spin_unlock(&rq->lock);
	irq_restore(flags);
	return 0;
}

static bool mask_has_online(const u64 *mask)
{
	struct cpu *cpu;

	FOR_EACH_CPU(cpu)
		if (mask[cpu->id / 64] >> (cpu->id % 64) & 1)
			return true;
	return false;
}

int sched_set_affinity(struct thread *thread, const u64 mask[(NR_CPUS + 63) / 64])
{
	irqflags_t flags;
	struct runq *rq;

	if (!mask_has_online(mask))
		return -EINVAL;
	flags = irq_save();
	rq = lock_runq_of(thread);
	for (u32 i = 0; i < ARRAY_SIZE(thread->sched.affinity); i++)
		thread->sched.affinity[i] = mask[i];
	if (cpu_allowed(thread, rq->cpu->id)) {
		spin_unlock(&rq->lock);
	} else if (thread->sched.queued) {
		sched_dequeue_locked(rq, thread);
		place_unlock(rq, thread, balance_new_cpu(thread), ENQUEUE_MOVE);
	} else {
		if (thread == rq->curr)
			sched_resched_locked(rq);
		spin_unlock(&rq->lock);
	}
	irq_restore(flags);
	if (thread == current)
		sched_preempt();
	return 0;
}

void sched_fork(struct thread *child, const struct thread *parent)
{
	struct sched_entity *se = &child->sched;

	if (!parent->sched.reset_on_fork)
		apply_class(se, parent->sched.policy, parent->sched.rt_priority,
			    parent->sched.nice);
	else if (parent->sched.rt_priority)
		apply_class(se, SCHED_NORMAL, 0, 0);
	else
		apply_class(se, parent->sched.policy, 0, MAX(parent->sched.nice, (s8)0));
	for (u32 i = 0; i < ARRAY_SIZE(se->affinity); i++)
		se->affinity[i] = parent->sched.affinity[i];
}

ns_t sched_thread_ns(const struct thread *thread)
{
	irqflags_t flags = irq_save();
	struct runq *rq = lock_runq_of(thread);
	ns_t ns = thread->sched.sum_exec;

	if (thread == rq->curr)
		ns += uptime_ns() - thread->sched.exec_start;
	spin_unlock(&rq->lock);
	irq_restore(flags);
	return ns;
}

/* @total * @part / @whole without overflow. */
static ns_t share(ns_t total, ns_t part, ns_t whole)
{
	while (whole >= 1u << 24) {
		whole >>= 1;
		part >>= 1;
	}
	return whole ? total / whole * part + total % whole * part / whole : 0;
}

void sched_thread_split(struct thread *thread, ns_t *user_ns, ns_t *system_ns)
{
	struct sched_entity *se = &thread->sched;
	ns_t total = sched_thread_ns(thread);
	ns_t system = share(total, se->sample.system, se->sample.system + se->sample.user);

	assert_spin_held(&task_tree_lock);
	/* Neither goes back when the proportion changes. */
	system = MAX(system, se->told_system_ns);
	if (system + se->told_user_ns > total)
		system = total > se->told_user_ns ? total - se->told_user_ns : 0;
	se->told_system_ns = system;
	se->told_user_ns = MAX(se->told_user_ns, total - system);
	*system_ns = system;
	*user_ns = se->told_user_ns;
}

ns_t sched_rr_interval_ns(const struct thread *thread)
{
	irqflags_t flags = irq_save();
	struct runq *rq = lock_runq_of(thread);
	ns_t ns = 0;

	if (thread->sched.policy == SCHED_RR)
		ns = RT_SLICE_NS;
	else if (!sched_is_rt(thread))
		ns = cfs_slice_of(rq, thread);
	spin_unlock(&rq->lock);
	irq_restore(flags);
	return ns;
}

void sched_cpu_stats(u32 cpu, struct sched_cpu_stats *out)
{
	irqflags_t flags;
	struct runq *rq;
	ns_t now;

	*out = (struct sched_cpu_stats){ 0 };
	if (cpu >= NR_CPUS || !cpu_table[cpu] || !cpu_table[cpu]->online)
		return;
	rq = cpu_runq(cpu);
	flags = spin_lock_irq(&rq->lock);
	now = uptime_ns();
	out->idle_ns = rq->idle->sched.sum_exec;
	if (rq->curr == rq->idle)
		out->idle_ns += now - rq->idle->sched.exec_start;
	out->user_ns = now > out->idle_ns ? now - out->idle_ns : 0;
	out->system_ns = share(out->user_ns, rq->system, rq->system + rq->user);
	out->user_ns -= out->system_ns;
	out->switches = rq->switches;
	out->runnable = rq->nr_queued + (rq->curr != rq->idle);
	spin_unlock_irq(&rq->lock, flags);
}
