/* SPDX-License-Identifier: MIT */
/*
 * POSIX timers (man timer_create(2)). Each owns the queue entry of its signal,
 * so that it can be sent at any time, and has it queued at most once:
 *
 *   armed --fires--> queued --dequeued, or discarded--> armed again (periodic)
 *                       |                               or idle
 *                       periods that go by meanwhile are the signal's overrun
 *
 * Hence even a period of a nanosecond costs no more interrupts than the process
 * takes signals. A signal that is ignored is not queued: then the next try comes
 * no sooner than IGNORED_NS later.
 *
 * Timers of clocks of time are kernel timers; those of CPU time are looked at by
 * the tick of the process's threads (thread->cpu_tick). All of a timer but what
 * is immutable is under sig->lock of its task, which fired() takes.
 */
#include <kernel/task/posix_timer.h>

#include <kernel/abi/errno.h>
#include <kernel/abi/linux_time.h>
#include <kernel/task/itimer.h>
#include <kernel/task/task.h>
#include <kernel/time/clock.h>
#include <mm/kmalloc.h>

#include "task_priv.h"

#define IGNORED_NS (10 * NS_PER_MS)
#define TIMERS_MAX 65536u /* of a process, besides RLIMIT_SIGPENDING */

enum time_line { LINE_UPTIME, LINE_WALL, LINE_TASK, LINE_TASK_USER, LINE_THREAD };

/* Lock key: i immutable, s the task's sig->lock. */
struct posix_timer {
	struct list_head link;     /* [s] task->timers */
	struct task *task;         /* [i] */
	s32 id;                    /* [i] */
	s32 clock_tid;             /* [i] LINE_THREAD */
	enum time_line line;       /* [i] */
	int notify;                /* [i] SIGEV_* */
	s32 notify_tid;            /* [i] SIGEV_THREAD_ID */
	struct timer timer;        /* [s] LINE_UPTIME, LINE_WALL */
	bool absolute;             /* [s] set to a time, not for a while */
	ns_t wall_ns;              /* [s] that time, to follow the wall clock */
	ns_t deadline_ns;          /* [s] on its line (LINE_WALL: uptime); 0: not armed */
	ns_t interval_ns;          /* [s] */
	ns_t seen_ns;              /* [s] CPU time when it fired */
	s32 overrun;               /* [s] of the last signal */
	struct sigqueue queued;    /* [s] linked: the signal is on its way */
};

static bool is_cpu_line(enum time_line line)
{
	return line >= LINE_TASK;
}

/* ---- clocks ---- */

/* Clocks of CPU time with numbers of their own: sys_time.c, CPU_CLOCK_*. */
static int cpu_line(int clock, enum time_line *line, s32 *tid)
{
	s32 id = ~(clock >> 3);
	struct thread *thread;
	bool own;

	if ((clock & 3) == 3)
		return -EOPNOTSUPP;
	if (!(clock & 4)) {
		*line = (clock & 3) == 1 ? LINE_TASK_USER : LINE_TASK;
		return !id || id == current_task()->pid ? 0 : -EINVAL;
	}
	*line = LINE_THREAD;
	*tid = id ? id : current->tid;
	thread = thread_find(*tid);
	own = thread && thread->task == current_task();
	if (thread)
		thread_put(thread);
	return own ? 0 : -EINVAL;
}

static int line_of(int clock, enum time_line *line, s32 *tid)
{
	*tid = 0;
	switch (clock) {
	case CLOCK_MONOTONIC:
	case CLOCK_BOOTTIME:
		*line = LINE_UPTIME;
		return 0;
	case CLOCK_REALTIME:
	case CLOCK_TAI:
		*line = LINE_WALL;
		return 0;
	case CLOCK_PROCESS_CPUTIME_ID:
		*line = LINE_TASK;
		return 0;
	case CLOCK_THREAD_CPUTIME_ID:
		*line = LINE_THREAD;
		*tid = current->tid;
		return 0;
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_MONOTONIC_COARSE:
	case CLOCK_REALTIME_COARSE:
	case CLOCK_REALTIME_ALARM: /* there is no battery clock that wakes */
	case CLOCK_BOOTTIME_ALARM:
		return -EOPNOTSUPP;
	}
	return clock < 0 ? cpu_line(clock, line, tid) : -EINVAL;
}

int posix_timer_clock_ok(int clock)
{
	enum time_line line;
	s32 tid;

	return line_of(clock, &line, &tid);
}

/* Thread @tid of @task; sig->lock held. */
static struct thread *thread_locked(struct task *task, s32 tid)
{
	struct thread *thread;

	LIST_FOR_EACH(thread, &task->threads, task_link)
		if (thread->tid == tid)
			return thread;
	return NULL;
}

/* What the time lines of @task show; taken before sig->lock, which is the inner one. */
struct line_times {
	ns_t uptime, task_cpu, task_user;
};

static struct line_times times_of(struct task *task, bool cpu)
{
	struct line_times times = { .uptime = uptime_ns() };
	struct task_usage usage;

	if (cpu) {
		task_usage_now(task, &usage);
		times.task_cpu = usage.user_ns + usage.system_ns;
		times.task_user = usage.user_ns;
	}
	return times;
}

static ns_t now_locked(const struct posix_timer *pt, const struct line_times *times)
{
	const struct thread *thread;

	switch (pt->line) {
	case LINE_TASK:
		return times->task_cpu;
	case LINE_TASK_USER:
		return times->task_user;
	case LINE_THREAD:
		thread = thread_locked(pt->task, pt->clock_tid);
		return thread ? sched_thread_ns(thread) : 0;
	case LINE_UPTIME:
	case LINE_WALL:
		break;
	}
	return times->uptime;
}

/* ---- firing ---- */

/* Moves the deadline by whole periods past @now. Return: how many more than one. */
static u64 forward_locked(struct posix_timer *pt, ns_t now)
{
	u64 missed = now > pt->deadline_ns ? (now - pt->deadline_ns) / pt->interval_ns : 0;

	pt->deadline_ns += (missed + 1) * pt->interval_ns;
	return missed;
}

static void start_locked(struct posix_timer *pt, ns_t deadline_ns)
{
	if (!is_cpu_line(pt->line) && pt->notify != SIGEV_NONE)
		timer_start(&pt->timer, deadline_ns);
}

static void expire_locked(struct posix_timer *pt, struct signal_state *sig, ns_t now)
{
	struct thread *thread = NULL;
	bool sent;

	if (pt->notify == SIGEV_NONE)
		return;
	if (pt->notify & SIGEV_THREAD_ID)
		thread = thread_locked(pt->task, pt->notify_tid);
	pt->seen_ns = now;
	pt->queued.info.timer.si_overrun = 0;
	sent = (thread || !(pt->notify & SIGEV_THREAD_ID)) &&
	       signal_queue_own_locked(pt->task, sig, thread, &pt->queued);
	if (!pt->interval_ns) {
		pt->deadline_ns = 0;
	} else if (!sent) {
		forward_locked(pt, now);
		start_locked(pt, MAX(pt->deadline_ns, now + IGNORED_NS));
	}
}

/* Interrupt context. Set anew or disarmed meanwhile it has nothing to say yet. */
static void fired(struct timer *timer)
{
	struct posix_timer *pt = container_of(timer, struct posix_timer, timer);
	ns_t now = uptime_ns();
	irqflags_t flags;
	struct signal_state *sig = signal_lock(pt->task, &flags);

	if (pt->deadline_ns && !list_linked(&pt->queued.link)) {
		if (now >= pt->deadline_ns)
			expire_locked(pt, sig, now);
		else
			timer_start(&pt->timer, pt->deadline_ns);
	}
	signal_unlock(sig, flags);
}

void posix_timer_taken_locked(struct sigqueue *q)
{
	struct posix_timer *pt = container_of(q, struct posix_timer, queued);
	ns_t now = is_cpu_line(pt->line) ? pt->seen_ns : uptime_ns();

	pt->overrun = 0;
	if (!pt->interval_ns || !pt->deadline_ns)
		return;
	pt->overrun = (s32)MIN(forward_locked(pt, now), (u64)INT32_MAX);
	q->info.timer.si_overrun = pt->overrun;
	start_locked(pt, pt->deadline_ns);
}

void posix_timer_cpu_tick(struct task *task, const struct task_usage *usage)
{
	const struct line_times times = { 0, usage->user_ns + usage->system_ns, usage->user_ns };
	struct posix_timer *pt;
	irqflags_t flags;
	struct signal_state *sig = signal_lock(task, &flags);

	LIST_FOR_EACH(pt, &task->timers, link) {
		ns_t now;

		if (!is_cpu_line(pt->line) || !pt->deadline_ns || list_linked(&pt->queued.link))
			continue;
		now = now_locked(pt, &times);
		if (now >= pt->deadline_ns)
			expire_locked(pt, sig, now);
	}
	signal_unlock(sig, flags);
}

/* ---- setting ---- */

static struct posix_timer *find_locked(struct task *task, s32 id)
{
	struct posix_timer *pt;

	LIST_FOR_EACH(pt, &task->timers, link)
		if (pt->id == id)
			return pt;
	return NULL;
}

static void get_locked(const struct posix_timer *pt, ns_t now, struct posix_timer_setting *out)
{
	ns_t deadline = pt->deadline_ns;
	bool waits = pt->notify == SIGEV_NONE || list_linked(&pt->queued.link);

	out->interval_ns = pt->interval_ns;
	out->value_ns = 0;
	if (!deadline)
		return;
	if (now >= deadline && pt->interval_ns && waits)
		deadline += ((now - deadline) / pt->interval_ns + 1) * pt->interval_ns;
	if (deadline > now)
		out->value_ns = deadline - now;
	else if (pt->notify != SIGEV_NONE)
		out->value_ns = 1; /* armed: it fires at once */
}

/* Where @value_ns is on the timer's line; never 0. */
static ns_t deadline_of(const struct posix_timer *pt, ns_t value_ns, ns_t now)
{
	ns_t offset = pt->line == LINE_WALL ? clock_wall_offset_ns() : 0;

	if (!pt->absolute)
		return now + value_ns; /* both below 2^63: sys_util.h */
	return value_ns > offset ? value_ns - offset : 1;
}

static void set_locked(struct posix_timer *pt, bool absolute,
		       const struct posix_timer_setting *new, ns_t now)
{
	timer_stop(&pt->timer);
	pt->deadline_ns = 0; /* a signal that is on its way arms nothing */
	signal_unqueue_own_locked(&pt->queued);
	pt->absolute = absolute;
	pt->wall_ns = new->value_ns;
	pt->interval_ns = new->interval_ns;
	pt->overrun = 0;
	if (!new->value_ns)
		return;
	pt->deadline_ns = deadline_of(pt, new->value_ns, now);
	start_locked(pt, pt->deadline_ns);
}

int posix_timer_set(s32 id, bool absolute, const struct posix_timer_setting *new,
		    struct posix_timer_setting *old)
{
	struct task *task = current_task();
	struct line_times times = times_of(task, true);
	irqflags_t flags;
	struct signal_state *sig = signal_lock(task, &flags);
	struct posix_timer *pt = find_locked(task, id);
	bool cpu = pt && is_cpu_line(pt->line);

	if (pt) {
		ns_t now = now_locked(pt, &times);

		get_locked(pt, now, old);
		set_locked(pt, absolute, new, now);
	}
	signal_unlock(sig, flags);
	if (cpu)
		itimer_limit_changed(task);
	return pt ? 0 : -EINVAL;
}

int posix_timer_get(s32 id, struct posix_timer_setting *out)
{
	struct task *task = current_task();
	struct line_times times = times_of(task, true);
	irqflags_t flags;
	struct signal_state *sig = signal_lock(task, &flags);
	struct posix_timer *pt = find_locked(task, id);

	if (pt)
		get_locked(pt, now_locked(pt, &times), out);
	signal_unlock(sig, flags);
	return pt ? 0 : -EINVAL;
}

int posix_timer_overrun(s32 id)
{
	struct task *task = current_task();
	irqflags_t flags;
	struct signal_state *sig = signal_lock(task, &flags);
	struct posix_timer *pt = find_locked(task, id);
	int ret = pt ? pt->overrun : -EINVAL;

	signal_unlock(sig, flags);
	return ret;
}

void posix_timer_wall_clock_set(void)
{
	irqflags_t flags = spin_lock_irq(&task_tree_lock), sigflags;
	struct posix_timer *pt;
	struct task *task;

	LIST_FOR_EACH(task, &task_list, all_link) {
		struct signal_state *sig = signal_lock(task, &sigflags);

		LIST_FOR_EACH(pt, &task->timers, link)
			if (pt->line == LINE_WALL && pt->absolute && pt->deadline_ns &&
			    !list_linked(&pt->queued.link)) {
				pt->deadline_ns = deadline_of(pt, pt->wall_ns, 0);
				start_locked(pt, pt->deadline_ns);
			}
		signal_unlock(sig, sigflags);
	}
	spin_unlock_irq(&task_tree_lock, flags);
}

/* ---- making and deleting ---- */

/* Lowest number that is not in use from task->next_timer on. -EAGAIN: too many. */
static int add_locked(struct posix_timer *pt)
{
	struct task *task = pt->task;
	u64 limit = task->rlimits[RLIMIT_SIGPENDING].rlim_cur;

	if (task->nr_timers >= TIMERS_MAX || atomic_load_relaxed(&task->nr_sigqueue) >= limit)
		return -EAGAIN;
	if ((pt->notify & SIGEV_THREAD_ID) && !thread_locked(task, pt->notify_tid))
		return -EINVAL;
	while (find_locked(task, task->next_timer))
		task->next_timer = (task->next_timer + 1) & INT32_MAX;
	pt->id = task->next_timer;
	task->next_timer = (task->next_timer + 1) & INT32_MAX;
	task->nr_timers++;
	if (is_cpu_line(pt->line))
		task->nr_cpu_timers++;
	atomic_fetch_add(&task->nr_sigqueue, 1);
	list_add_tail(&pt->link, &task->timers);
	return 0;
}

int posix_timer_create(int clock, const struct linux_sigevent *event)
{
	struct posix_timer *pt = kzalloc(sizeof(*pt), 0);
	struct task *task = current_task();
	struct signal_state *sig;
	irqflags_t flags;
	int err;

	if (!pt)
		return -ENOMEM;
	err = line_of(clock, &pt->line, &pt->clock_tid);
	if (err)
		goto err_free;
	pt->task = task;
	pt->notify = event->sigev_notify;
	pt->notify_tid = event->sigev_tid;
	timer_init(&pt->timer, fired);
	list_init(&pt->queued.link);
	pt->queued.timer = true;
	pt->queued.info = (struct linux_siginfo){ .si_signo = event->sigev_signo,
						  .si_code = SI_TIMER };
	pt->queued.info.timer.si_value = event->sigev_value;
	sig = signal_lock(task, &flags);
	err = add_locked(pt);
	pt->queued.info.timer.si_tid = pt->id;
	signal_unlock(sig, flags);
	if (err)
		goto err_free;
	return pt->id;

err_free:
	kfree(pt);
	return err;
}

static void remove_locked(struct posix_timer *pt)
{
	struct task *task = pt->task;

	pt->deadline_ns = 0;
	signal_unqueue_own_locked(&pt->queued);
	list_del(&pt->link);
	task->nr_timers--;
	if (is_cpu_line(pt->line))
		task->nr_cpu_timers--;
	atomic_fetch_sub(&task->nr_sigqueue, 1);
}

int posix_timer_delete(s32 id)
{
	struct task *task = current_task();
	irqflags_t flags;
	struct signal_state *sig = signal_lock(task, &flags);
	struct posix_timer *pt = find_locked(task, id);

	if (pt)
		remove_locked(pt);
	signal_unlock(sig, flags);
	if (!pt)
		return -EINVAL;
	timer_cancel(&pt->timer);
	kfree(pt);
	return 0;
}

void posix_timer_delete_all(struct task *task)
{
	while (task->nr_timers) {
		irqflags_t flags;
		struct signal_state *sig = signal_lock(task, &flags);
		struct posix_timer *pt = LIST_FIRST_ENTRY(&task->timers, struct posix_timer, link);

		if (pt)
			remove_locked(pt);
		signal_unlock(sig, flags);
		if (!pt)
			return;
		timer_cancel(&pt->timer);
		kfree(pt);
	}
	task->next_timer = 0;
}
