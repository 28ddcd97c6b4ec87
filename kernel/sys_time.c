/* SPDX-License-Identifier: MIT */
/*
 * Clocks, sleeping and interval timers. There are two time lines, uptime and
 * the wall clock, which is uptime plus an offset, and CPU time. Coarse clocks
 * are the exact ones, suspended time does not exist (BOOTTIME), and no leap
 * seconds are known (TAI).
 */
#include <kernel/syscall_protos.h>

#include <arch/percpu.h>
#include <arch/uaccess.h>
#include <fs/timerfd.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_time.h>
#include <kernel/sys_util.h>
#include <kernel/task/itimer.h>
#include <kernel/task/posix_timer.h>
#include <kernel/task/task.h>
#include <security/cred.h>

/*
 * Clocks of others' CPU time have negative numbers, which C libraries make:
 * ~id << 3 | 4 if id is a thread's | which time (man clock_getres(2)).
 */
#define CPU_CLOCK_THREAD 4
#define CPU_CLOCK_USER   1
#define CPU_CLOCK_WHICH  3 /* 0 user and system, 1 user, 2 scheduled; 3: a descriptor */

static ns_t task_cpu_ns(struct task *task, int which)
{
	struct task_usage usage;

	task_usage_now(task, &usage);
	return usage.user_ns + (which == CPU_CLOCK_USER ? 0 : usage.system_ns);
}

/* Threads of other processes are nobody's business. */
static int thread_clock(s32 tid, ns_t *out)
{
	struct thread *thread = thread_find(tid);
	int err = 0;

	if (!thread)
		return -EINVAL;
	if (thread->task == current_task())
		*out = sched_thread_ns(thread);
	else
		err = -EINVAL;
	thread_put(thread);
	return err;
}

static int task_clock(s32 pid, int which, ns_t *out)
{
	struct task *task = task_find(pid);

	if (!task)
		return -EINVAL;
	*out = task_cpu_ns(task, which);
	task_put(task);
	return 0;
}

static int cpu_clock(int clock, ns_t *out)
{
	s32 id = ~(clock >> 3);

	if ((clock & CPU_CLOCK_WHICH) == 3)
		return -EINVAL;
	if (clock & CPU_CLOCK_THREAD)
		return thread_clock(id ? id : current->tid, out);
	return task_clock(id ? id : current_task()->pid, clock & CPU_CLOCK_WHICH, out);
}

/* What @clock shows. Return: 0; -EINVAL there is no such clock. */
static int clock_read(int clock, ns_t *out)
{
	switch (clock) {
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_MONOTONIC_COARSE:
	case CLOCK_BOOTTIME:
	case CLOCK_BOOTTIME_ALARM:
		*out = uptime_ns();
		return 0;
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_COARSE:
	case CLOCK_REALTIME_ALARM:
	case CLOCK_TAI:
		*out = unix_time_ns();
		return 0;
	case CLOCK_PROCESS_CPUTIME_ID:
		*out = task_cpu_ns(current_task(), 0);
		return 0;
	case CLOCK_THREAD_CPUTIME_ID:
		*out = sched_thread_ns(current);
		return 0;
	}
	return clock < 0 ? cpu_clock(clock, out) : -EINVAL;
}

/* Clamped as timespec_ns() does. Return: 0; -EINVAL. */
static int timeval_ns(const struct linux_timeval *tv, ns_t *out)
{
	struct linux_timespec ts = { tv->tv_sec, 0 };

	if ((u64)tv->tv_usec >= NS_PER_SEC / NS_PER_US)
		return -EINVAL;
	ts.tv_nsec = tv->tv_usec * (s64)NS_PER_US;
	return timespec_ns(&ts, out);
}

/* ---- Asking and setting -------------------------------------------------- */

long sys_clock_gettime(int clock, struct linux_timespec __user *tp)
{
	struct linux_timespec ts;
	ns_t now;

	/* The clock that is asked most goes the short way. */
	if (likely(clock == CLOCK_MONOTONIC))
		now = uptime_ns();
	else if (clock_read(clock, &now))
		return -EINVAL;
	ts = timespec_of(now);
	return copy_to_user(tp, &ts, sizeof(ts));
}

long sys_clock_getres(int clock, struct linux_timespec __user *res)
{
	const struct linux_timespec ts = { 0, 1 };
	ns_t now;
	int err = clock_read(clock, &now);

	if (err)
		return err;
	return res ? copy_to_user(res, &ts, sizeof(ts)) : 0;
}

long sys_gettimeofday(struct linux_timeval __user *utv, struct linux_timezone __user *utz)
{
	const struct linux_timezone tz = { 0, 0 };
	struct linux_timeval tv = timeval_of(unix_time_ns());

	if (utv && copy_to_user(utv, &tv, sizeof(tv)))
		return -EFAULT;
	return utz ? copy_to_user(utz, &tz, sizeof(tz)) : 0;
}

long sys_time(u64 __user *t)
{
	u64 now = unix_timestamp();

	if (t && user_write_u64(t, now))
		return -EFAULT;
	return (long)now;
}

/* The clock may not be set to before uptime 0, since offsets are not negative. */
static long set_wall(ns_t now)
{
	if (!capable(CAP_SYS_TIME))
		return -EPERM;
	if (now < uptime_ns())
		return -EINVAL;
	unix_time_set(now);
	timerfd_wall_clock_set();
	posix_timer_wall_clock_set();
	return 0;
}

long sys_clock_settime(int clock, const struct linux_timespec __user *tp)
{
	ns_t now;
	int err;

	if (clock != CLOCK_REALTIME)
		return -EINVAL;
	err = timespec_copy_ns(tp, &now);
	return err ? err : set_wall(now);
}

long sys_settimeofday(const struct linux_timeval __user *utv,
		      const struct linux_timezone __user *utz)
{
	struct linux_timezone tz;
	struct linux_timeval tv;
	ns_t now;
	int err;

	if (utv && copy_from_user(&tv, utv, sizeof(tv)))
		return -EFAULT;
	if (utz && copy_from_user(&tz, utz, sizeof(tz)))
		return -EFAULT;
	if (!utv)
		return capable(CAP_SYS_TIME) ? 0 : -EPERM;
	err = timeval_ns(&tv, &now);
	return err ? err : set_wall(now);
}

static s64 ticks_of(ns_t ns)
{
	return (s64)(ns / (NS_PER_SEC / LINUX_USER_HZ));
}

long sys_times(struct linux_tms __user *buf)
{
	struct task *task = current_task();
	struct task_usage mine, children;
	struct linux_tms tms;
	irqflags_t flags;

	task_usage_now(task, &mine);
	flags = spin_lock_irq(&task_tree_lock);
	children = task->child_usage;
	spin_unlock_irq(&task_tree_lock, flags);
	tms = (struct linux_tms){ ticks_of(mine.user_ns), ticks_of(mine.system_ns),
				  ticks_of(children.user_ns), ticks_of(children.system_ns) };
	if (buf && copy_to_user(buf, &tms, sizeof(tms)))
		return -EFAULT;
	return ticks_of(uptime_ns());
}

/* ---- Sleeping ------------------------------------------------------------ */

/* Return: 0; -EINVAL no such clock; -EOPNOTSUPP it wakes nobody, as on Linux. */
static int clock_can_sleep(int clock)
{
	ns_t now;

	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_MONOTONIC:
	case CLOCK_BOOTTIME:
	case CLOCK_TAI:
	case CLOCK_PROCESS_CPUTIME_ID:
		return 0;
	}
	if (clock >= 0)
		return clock_read(clock, &now) ? -EINVAL : -EOPNOTSUPP;
	return clock & CPU_CLOCK_THREAD ? -EOPNOTSUPP : clock_read(clock, &now);
}

static bool is_cpu_clock(int clock)
{
	return clock < 0 || clock == CLOCK_PROCESS_CPUTIME_ID;
}

/*
 * When to look again if @left is missing: that much later, but CPU time may
 * pass on all CPUs at once, and on none, so at most once a millisecond.
 */
static ns_t next_look(int clock, ns_t left)
{
	if (is_cpu_clock(clock))
		left = MAX(left / nr_cpus_online, NS_PER_MS);
	return deadline_after(left);
}

/*
 * Sleep until @clock shows @until. A wall clock that is set forward is noticed
 * only at the time at which it would have got there by itself.
 * Return: 0; -ERESTARTSYS.
 */
static int sleep_until(int clock, ns_t until)
{
	ns_t now;
	int err;

	for (;;) {
		/* The process whose time it is has gone: nothing to wait for. */
		if (clock_read(clock, &now) || now >= until)
			return 0;
		sched_mark_asleep(true);
		err = sched_block(next_look(clock, until - now));
		sched_mark_awake();
		if (err == -ERESTARTSYS)
			return err;
	}
}

static long sleep_on(struct restart_block *block);

/* args: clock, where the rest is told (0: nowhere). A relative sleep. */
static long sleep_for(int clock, ns_t until, u64 urem)
{
	ns_t now, left = 0;
	struct linux_timespec rem;

	if (!sleep_until(clock, until))
		return 0;
	if (!clock_read(clock, &now) && now < until)
		left = until - now;
	rem = timespec_of(left);
	if (urem && copy_to_user((void __user *)(uintptr_t)urem, &rem, sizeof(rem)))
		return -EFAULT;
	current->restart = (struct restart_block){
		.fn = sleep_on, .deadline_ns = until, .args = { (u64)(s64)clock, urem },
	};
	return -ERESTART_RESTARTBLOCK;
}

static long sleep_on(struct restart_block *block)
{
	return sleep_for((int)block->args[0], block->deadline_ns, block->args[1]);
}

long sys_clock_nanosleep(int clock, int flags, const struct linux_timespec __user *req,
			 struct linux_timespec __user *rem)
{
	ns_t time, now;
	int err = clock_can_sleep(clock);

	if (err)
		return err;
	err = timespec_copy_ns(req, &time);
	if (err)
		return err;
	if (flags & TIMER_ABSTIME)
		return sleep_until(clock, time) ? -ERESTARTNOHAND : 0;
	/* How long does not depend on whether somebody sets the wall clock. */
	if (clock == CLOCK_REALTIME || clock == CLOCK_TAI)
		clock = CLOCK_MONOTONIC;
	err = clock_read(clock, &now);
	/* No overflow: both are clamped to half the range. */
	return err ? err : sleep_for(clock, now + time, (u64)(uintptr_t)rem);
}

/* ---- Interval timers ------------------------------------------------------ */

static bool itimer_valid(int which)
{
	return which == ITIMER_REAL || which == ITIMER_VIRTUAL || which == ITIMER_PROF;
}

static int put_itimer(struct linux_itimerval __user *out, const struct itimer_state *state)
{
	struct linux_itimerval val = { timeval_of(state->interval_ns),
				       timeval_of(state->left_ns) };

	return copy_to_user(out, &val, sizeof(val));
}

long sys_getitimer(int which, struct linux_itimerval __user *cur)
{
	struct itimer_state state;

	if (!itimer_valid(which))
		return -EINVAL;
	itimer_get(which, &state);
	return put_itimer(cur, &state);
}

/* No new value means off, as on Linux. */
long sys_setitimer(int which, const struct linux_itimerval __user *new,
		   struct linux_itimerval __user *old)
{
	struct itimer_state state = { 0, 0 }, before;
	struct linux_itimerval val;

	if (new) {
		if (copy_from_user(&val, new, sizeof(val)))
			return -EFAULT;
		if (timeval_ns(&val.it_value, &state.left_ns) ||
		    timeval_ns(&val.it_interval, &state.interval_ns))
			return -EINVAL;
	}
	if (!itimer_valid(which))
		return -EINVAL;
	itimer_set(which, &state, &before);
	return old ? put_itimer(old, &before) : 0;
}

/* What was left, in whole seconds, rounded, but not 0 if it was armed. */
long sys_alarm(unsigned int seconds)
{
	struct itimer_state state = { seconds * NS_PER_SEC, 0 }, before;
	ns_t left;

	itimer_set(ITIMER_REAL, &state, &before);
	left = (before.left_ns + NS_PER_SEC / 2) / NS_PER_SEC;
	return (long)(before.left_ns && !left ? 1 : left);
}

/* ---- POSIX timers --------------------------------------------------------- */

/* Linux's rules for what is to happen; the thread is looked up later. */
static bool event_valid(const struct linux_sigevent *event)
{
	bool signo = event->sigev_signo >= 1 && event->sigev_signo <= LINUX_NSIG;

	switch (event->sigev_notify) {
	case SIGEV_NONE:
		return true;
	case SIGEV_SIGNAL:
	case SIGEV_THREAD: /* of the C library's own making */
	case SIGEV_THREAD_ID:
		return signo;
	}
	return false;
}

long sys_timer_create(int clock, const struct linux_sigevent __user *uevent, int __user *uid)
{
	struct linux_sigevent event = { .sigev_signo = SIGALRM, .sigev_notify = SIGEV_SIGNAL };
	int id = posix_timer_clock_ok(clock);

	if (id)
		return id;
	if (uevent && copy_from_user(&event, uevent, sizeof(event)))
		return -EFAULT;
	if (!event_valid(&event))
		return -EINVAL;
	id = posix_timer_create(clock, &event);
	if (id < 0)
		return id;
	if (!user_write_u32((u32 __user *)uid, (u32)id))
		return 0;
	(void)!posix_timer_delete(id);
	return -EFAULT;
}

static int put_itimerspec(struct linux_itimerspec __user *out,
			  const struct posix_timer_setting *setting)
{
	struct linux_itimerspec its = { timespec_of(setting->interval_ns),
					timespec_of(setting->value_ns) };

	return copy_to_user(out, &its, sizeof(its));
}

long sys_timer_settime(int id, int flags, const struct linux_itimerspec __user *unew,
		       struct linux_itimerspec __user *uold)
{
	struct posix_timer_setting new, old;
	struct linux_itimerspec its;
	int err;

	if (!unew)
		return -EINVAL;
	if (copy_from_user(&its, unew, sizeof(its)))
		return -EFAULT;
	if (timespec_ns(&its.it_value, &new.value_ns) ||
	    timespec_ns(&its.it_interval, &new.interval_ns))
		return -EINVAL;
	err = posix_timer_set(id, flags & TIMER_ABSTIME, &new, &old);
	if (err)
		return err;
	return uold ? put_itimerspec(uold, &old) : 0;
}

long sys_timer_gettime(int id, struct linux_itimerspec __user *cur)
{
	struct posix_timer_setting now;
	int err = posix_timer_get(id, &now);

	return err ? err : put_itimerspec(cur, &now);
}

long sys_timer_getoverrun(int id)
{
	return posix_timer_overrun(id);
}

long sys_timer_delete(int id)
{
	return posix_timer_delete(id);
}

/* ---- adjtimex -------------------------------------------------------------- */

/* The clock runs as it was calibrated; nobody steers it, and it says so. */
long sys_clock_adjtime(int clock, struct linux_timex __user *utx)
{
	struct linux_timex tx;
	ns_t now;

	if (copy_from_user(&tx, utx, sizeof(tx)))
		return -EFAULT;
	if (clock_read(clock, &now))
		return -EINVAL;
	if (clock != CLOCK_REALTIME)
		return -EOPNOTSUPP;
	if (tx.modes && tx.modes != ADJ_OFFSET_SS_READ)
		return capable(CAP_SYS_TIME) ? -EOPNOTSUPP : -EPERM;
	tx = (struct linux_timex){
		.modes = tx.modes, .maxerror = 16000000, .esterror = 16000000,
		.status = STA_UNSYNC, .constant = 2, .precision = 1, .tolerance = 32768000,
		.time = timeval_of(now), .tick = 10000,
	};
	return copy_to_user(utx, &tx, sizeof(tx)) ? -EFAULT : TIME_ERROR;
}
