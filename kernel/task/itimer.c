/* SPDX-License-Identifier: MIT */
/*
 * Interval timers. ITIMER_REAL is a kernel timer; ITIMER_VIRTUAL, ITIMER_PROF
 * and RLIMIT_CPU count CPU time of the whole process: while one is armed its
 * threads run with a tick (thread->cpu_tick) that compares, and that looks at the
 * CPU-time timers of timer_create(2) too.
 */
#include <kernel/task/itimer.h>

#include <kernel/abi/linux_time.h>
#include <kernel/task/task.h>
#include <kernel/time/clock.h>

#include "task_priv.h"

/* Interrupt context. */
void task_alarm_fired(struct timer *timer)
{
	struct task *task = container_of(timer, struct task, alarm);
	irqflags_t flags;
	struct signal_state *sig = signal_lock(task, &flags);
	ns_t next = 0;

	if (task->alarm_interval_ns) {
		ns_t now = uptime_ns();

		/* Periods that were missed give one signal, as on Linux. */
		next = task->alarm_deadline_ns + task->alarm_interval_ns;
		if (next <= now)
			next = now + task->alarm_interval_ns -
			       (now - task->alarm_deadline_ns) % task->alarm_interval_ns;
	}
	task->alarm_deadline_ns = next;
	if (next)
		timer_start(&task->alarm, next);
	signal_unlock(sig, flags);
	signal_send_kernel(task, SIGALRM);
}

static ns_t cpu_time_of(struct task *task, int which)
{
	struct task_usage usage;

	task_usage_now(task, &usage);
	return usage.user_ns + (which == ITIMER_VIRTUAL ? 0 : usage.system_ns);
}

static void set_cpu_tick(struct task *task, bool on)
{
	irqflags_t flags = spin_lock_irq(&task_tree_lock);
	struct thread *thread;

	LIST_FOR_EACH(thread, &task->threads, task_link)
		atomic_store_relaxed(&thread->cpu_tick, on);
	spin_unlock_irq(&task_tree_lock, flags);
	/* The tick starts when a thread is switched to, or now for current. */
	flags = irq_save();
	if (on && task == current_task())
		timer_arm_sooner(uptime_ns() + NS_PER_MS);
	irq_restore(flags);
}

static bool wants_tick(const struct task *task)
{
	return task->cpu_timer[0][0] || task->cpu_timer[1][0] || task->nr_cpu_timers ||
	       task->rlimits[RLIMIT_CPU].rlim_cur != RLIM64_INFINITY;
}

void itimer_limit_changed(struct task *task)
{
	set_cpu_tick(task, wants_tick(task));
}

static ns_t left_until(ns_t deadline, ns_t now)
{
	if (!deadline)
		return 0;
	/* An armed timer never reads 0. */
	return deadline > now ? deadline - now : NS_PER_US;
}

static void get_locked(struct task *task, int which, ns_t now, struct itimer_state *out)
{
	if (which == ITIMER_REAL) {
		out->left_ns = left_until(task->alarm_deadline_ns, now);
		out->interval_ns = task->alarm_interval_ns;
	} else {
		const ns_t *t = task->cpu_timer[which - ITIMER_VIRTUAL];

		out->left_ns = left_until(t[0], now);
		out->interval_ns = t[1];
	}
}

static ns_t now_of(struct task *task, int which)
{
	return which == ITIMER_REAL ? uptime_ns() : cpu_time_of(task, which);
}

void itimer_get(int which, struct itimer_state *out)
{
	struct task *task = current_task();
	ns_t now = now_of(task, which);
	irqflags_t flags;
	struct signal_state *sig = signal_lock(task, &flags);

	get_locked(task, which, now, out);
	signal_unlock(sig, flags);
}

void itimer_set(int which, const struct itimer_state *new, struct itimer_state *old)
{
	struct task *task = current_task();
	ns_t now = now_of(task, which);
	struct itimer_state before;
	struct signal_state *sig;
	irqflags_t flags;

	/* Not under the lock, which the timer's fn takes. */
	if (which == ITIMER_REAL)
		timer_cancel(&task->alarm);
	sig = signal_lock(task, &flags);
	get_locked(task, which, now, &before);
	if (which == ITIMER_REAL) {
		task->alarm_deadline_ns = new->left_ns ? now + new->left_ns : 0;
		task->alarm_interval_ns = new->interval_ns;
		if (new->left_ns)
			timer_start(&task->alarm, task->alarm_deadline_ns);
	} else {
		ns_t *t = task->cpu_timer[which - ITIMER_VIRTUAL];

		t[0] = new->left_ns ? now + new->left_ns : 0;
		t[1] = new->interval_ns;
	}
	signal_unlock(sig, flags);
	if (which != ITIMER_REAL)
		set_cpu_tick(task, wants_tick(task));
	if (old)
		*old = before;
}

/* One CPU-time timer at @now. Return: true when it is due; it is set on. */
static bool cpu_timer_due(ns_t timer[2], ns_t now)
{
	if (!timer[0] || now < timer[0])
		return false;
	timer[0] = timer[1] ? now + timer[1] : 0;
	return true;
}

void itimer_cpu_tick(struct task *task)
{
	struct linux_rlimit64 *limit = &task->rlimits[RLIMIT_CPU];
	struct signal_state *sig;
	struct task_usage usage;
	bool virtual, prof, soft, hard;
	irqflags_t flags;
	ns_t now, second;

	task_usage_now(task, &usage);
	now = usage.user_ns + usage.system_ns;
	second = now / NS_PER_SEC;
	soft = second >= limit->rlim_cur;
	hard = second >= limit->rlim_max;
	sig = signal_lock(task, &flags);
	virtual = cpu_timer_due(task->cpu_timer[0], usage.user_ns);
	prof = cpu_timer_due(task->cpu_timer[1], now);
	signal_unlock(sig, flags);
	if (task->nr_cpu_timers)
		posix_timer_cpu_tick(task, &usage);
	if (virtual)
		signal_send_kernel(task, SIGVTALRM);
	if (prof)
		signal_send_kernel(task, SIGPROF);
	if (hard)
		signal_send_kernel(task, SIGKILL);
	else if (soft) {
		signal_send_kernel(task, SIGXCPU);
		/* Again each second (setrlimit(2)): the soft limit moves on. */
		atomic_store_relaxed(&limit->rlim_cur, second + 1);
	}
}
