/* SPDX-License-Identifier: MIT */
/* System calls about clocks, sleeping and interval timers. */
#include <kernel/syscall_protos.h>

#include <kernel/sys_util.h>
#include <kernel/task/itimer.h>
#include <kernel/task/task.h>
#include <security/cred.h>

/*
 * CPU clocks of others have negative numbers: ~pid << 3 | 4 for one thread |
 * 0..2 for which time (clock_getcpuclockid(3), pthread_getcpuclockid(3)).
 */
#define CPU_CLOCK_THREAD 4
#define CPU_CLOCK_SELF   (-8) /* pid 0 */

static int cpu_clock_ns(int clock, ns_t *out)
{
	s32 id = ~(clock >> 3);

	if ((clock & 3) == 3)
		return -EINVAL;
	if (clock & CPU_CLOCK_THREAD) {
		struct thread *thread = id ? thread_find(id) : NULL;

		if (id && (!thread || thread->task != current_task())) {
			if (thread)
				thread_put(thread);
			return -EINVAL;
		}
		*out = sched_thread_ns(thread ? thread : current);
		if (thread)
			thread_put(thread);
	} else {
		struct task *task = id ? task_find(id) : NULL;
		struct task_usage usage;

		if (id && !task)
			return -EINVAL;
		task_usage_now(task ? task : current_task(), &usage);
		*out = usage.user_ns + usage.system_ns;
		if (task)
			task_put(task);
	}
	return 0;
}

static int clock_now(int clock, ns_t *out)
{
	if (clock < 0)
		return cpu_clock_ns(clock, out);
	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_COARSE:
	case CLOCK_REALTIME_ALARM:
	case CLOCK_TAI:
		*out = unix_time_ns();
		return 0;
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_MONOTONIC_COARSE:
	case CLOCK_BOOTTIME:
	case CLOCK_BOOTTIME_ALARM:
		*out = uptime_ns();
		return 0;
	case CLOCK_PROCESS_CPUTIME_ID:
		return cpu_clock_ns(CPU_CLOCK_SELF, out);
	case CLOCK_THREAD_CPUTIME_ID:
		return cpu_clock_ns(CPU_CLOCK_SELF | CPU_CLOCK_THREAD, out);
	default:
		return -EINVAL;
	}
}

long sys_clock_gettime(int clock, struct linux_timespec __user *tp)
{
	struct linux_timespec ts;
	ns_t now;
	int err = clock_now(clock, &now);

	if (err)
		return err;
	ts = timespec_of(now);
	return copy_to_user(tp, &ts, sizeof(ts));
}

long sys_clock_getres(int clock, struct linux_timespec __user *res)
{
	const struct linux_timespec ts = { 0, 1 };
	ns_t now;
	int err = clock_now(clock, &now);

	if (err)
		return err;
	return res ? copy_to_user(res, &ts, sizeof(ts)) : 0;
}

long sys_clock_settime(int clock, const struct linux_timespec __user *tp)
{
	ns_t now;
	int err;

	if (clock != CLOCK_REALTIME)
		return -EINVAL;
	err = timespec_copy_ns(tp, &now);
	if (err)
		return err;
	if (!cred_privileged(cred_current()))
		return -EPERM;
	unix_time_set(now);
	return 0;
}

long sys_gettimeofday(struct linux_timeval __user *utv, struct linux_timezone __user *utz)
{
	const struct linux_timezone tz = { 0, 0 };

	if (utv) {
		struct linux_timeval tv = timeval_of(unix_time_ns());

		if (copy_to_user(utv, &tv, sizeof(tv)))
			return -EFAULT;
	}
	return utz ? copy_to_user(utz, &tz, sizeof(tz)) : 0;
}

long sys_time(u64 __user *t)
{
	u64 now = unix_timestamp();

	if (t && user_write_u64(t, now))
		return -EFAULT;
	return (long)now;
}

static s64 ticks_of(ns_t ns)
{
	return (s64)(ns / (NS_PER_SEC / LINUX_USER_HZ));
}

long sys_times(struct linux_tms __user *buf)
{
	struct task *task = current_task();
	struct task_usage usage, child = task->child_usage;
	struct linux_tms tms;

	task_usage_now(task, &usage);
	tms = (struct linux_tms){ ticks_of(usage.user_ns), ticks_of(usage.system_ns),
				  ticks_of(child.user_ns), ticks_of(child.system_ns) };
	if (buf && copy_to_user(buf, &tms, sizeof(tms)))
		return -EFAULT;
	return ticks_of(uptime_ns());
}

/* ---- sleeping ---- */

static int sleep_until(ns_t deadline)
{
	int err;

	do {
		sched_mark_asleep(true);
		err = sched_block(deadline);
	} while (!err);
	sched_mark_awake();
	return err == -ETIMEDOUT ? 0 : err;
}

/* args[0]: where the rest of a relative sleep is written, or 0 */
static long sleep_restart(struct restart_block *block)
{
	struct linux_timespec __user *rem =
		(struct linux_timespec __user *)(uintptr_t)block->args[0];
	int err = sleep_until(block->deadline_ns);

	if (!err)
		return 0;
	if (rem) {
		ns_t now = uptime_ns();
		struct linux_timespec ts =
			timespec_of(block->deadline_ns > now ? block->deadline_ns - now : 0);

		if (copy_to_user(rem, &ts, sizeof(ts)))
			return -EFAULT;
	}
	current->restart = *block;
	current->restart.fn = sleep_restart;
	return -ERESTART_RESTARTBLOCK;
}

static long sleep_absolute(int clock, ns_t at)
{
	bool wall = clock == CLOCK_REALTIME || clock == CLOCK_TAI;
	int err;

	/* A wall clock that was set meanwhile moves the deadline. */
	do
		err = sleep_until(wall ? deadline_of_wall(at) : at);
	while (!err && wall && unix_time_ns() < at);
	return err == -ERESTARTSYS ? -ERESTARTNOHAND : err;
}

long sys_clock_nanosleep(int clock, int flags, const struct linux_timespec __user *req,
			 struct linux_timespec __user *rem)
{
	struct restart_block block = { .args = { (u64)(uintptr_t)rem } };
	ns_t ns;
	int err;

	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_MONOTONIC:
	case CLOCK_BOOTTIME:
	case CLOCK_TAI:
		break;
	case CLOCK_PROCESS_CPUTIME_ID:
		return -EOPNOTSUPP; /* sleeping by CPU time */
	default:
		return -EINVAL;
	}
	err = timespec_copy_ns(req, &ns);
	if (err)
		return err;
	if (flags & TIMER_ABSTIME)
		return sleep_absolute(clock, ns);
	block.deadline_ns = deadline_after(ns);
	return sleep_restart(&block);
}

/* ---- interval timers ---- */

static int itimer_from(const struct linux_timeval *tv, ns_t *out)
{
	struct linux_timespec ts = { tv->tv_sec, tv->tv_usec * (s64)NS_PER_US };

	return (u64)tv->tv_usec >= 1000000 ? -EINVAL : timespec_ns(&ts, out);
}

static int itimer_copy_out(struct linux_itimerval __user *out, const struct itimer_state *state)
{
	const struct linux_itimerval val = { timeval_of(state->interval_ns),
					     timeval_of(state->left_ns) };

	return copy_to_user(out, &val, sizeof(val));
}

long sys_getitimer(int which, struct linux_itimerval __user *cur)
{
	struct itimer_state state;

	if (which < ITIMER_REAL || which > ITIMER_PROF)
		return -EINVAL;
	itimer_get(which, &state);
	return itimer_copy_out(cur, &state);
}

long sys_setitimer(int which, const struct linux_itimerval __user *new,
		   struct linux_itimerval __user *old)
{
	struct itimer_state state = { 0 }, before;
	struct linux_itimerval val;

	/* Linux takes a NULL for a timer of 0. */
	if (new) {
		if (copy_from_user(&val, new, sizeof(val)))
			return -EFAULT;
		if (itimer_from(&val.it_value, &state.left_ns) ||
		    itimer_from(&val.it_interval, &state.interval_ns))
			return -EINVAL;
	}
	if (which < ITIMER_REAL || which > ITIMER_PROF)
		return -EINVAL;
	itimer_set(which, &state, &before);
	return old ? itimer_copy_out(old, &before) : 0;
}

long sys_alarm(unsigned int seconds)
{
	const struct itimer_state state = { seconds * NS_PER_SEC, 0 };
	struct itimer_state before;
	u64 left;

	itimer_set(ITIMER_REAL, &state, &before);
	/* Rounded, but a pending alarm is never 0 (alarm(2)). */
	left = (before.left_ns + NS_PER_SEC / 2) / NS_PER_SEC;
	return before.left_ns && !left ? 1 : (long)left;
}
