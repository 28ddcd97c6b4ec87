/* SPDX-License-Identifier: MIT */
/*
 * time_test.c - clocks and sleeping. Bounds are "at least" only, so that a slow machine passes too.
 */
#include "ktap.h"

#include <sys/resource.h>
#include <sys/time.h>
#include <sys/times.h>

static volatile sig_atomic_t signals_seen;

static void count_signal(int sig UNUSED)
{
	signals_seen++;
}

static int64_t clock_ns(int clock)
{
	struct timespec t = { 0, 0 };

	CHECK_EQ(sys(SYS_clock_gettime, clock, &t), 0);
	CHECK(t.tv_nsec >= 0 && t.tv_nsec < 1000000000);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

CASE(monotonic_never_goes_back)
{
	int64_t first = clock_ns(CLOCK_MONOTONIC), last = first, t;
	int i;

	for (i = 0; i < 2000; i++) {
		t = clock_ns(CLOCK_MONOTONIC);
		if (!CHECK(t >= last))
			break;
		last = t;
	}
	CHECK(last > first);
}

CASE(all_clocks_answer)
{
	static const int clocks[] = {
		CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID,
		CLOCK_MONOTONIC_RAW, CLOCK_REALTIME_COARSE, CLOCK_MONOTONIC_COARSE, CLOCK_BOOTTIME,
	};
	struct timespec t;
	size_t i;

	for (i = 0; i < COUNT(clocks); i++)
		clock_ns(clocks[i]);
	CHECK_EQ(sys(SYS_clock_gettime, 1000, &t), -EINVAL);
	CHECK_EQ(sys(SYS_clock_gettime, 16, &t), -EINVAL);
	CHECK_EQ(sys(SYS_clock_gettime, CLOCK_MONOTONIC, (void *)8), -EFAULT);
}

CASE(clock_resolution)
{
	struct timespec t = { 5, 5 };

	if (sys(SYS_clock_getres, CLOCK_MONOTONIC, &t) == -ENOSYS)
		SKIP("no clock_getres");
	CHECK_EQ(t.tv_sec, 0);
	CHECK(t.tv_nsec >= 1 && t.tv_nsec <= 10000000);
	CHECK_EQ(sys(SYS_clock_getres, CLOCK_MONOTONIC, NULL), 0);
	CHECK_EQ(sys(SYS_clock_getres, 1000, &t), -EINVAL);
}

CASE(realtime_agrees_with_gettimeofday_and_time)
{
	int64_t before = clock_ns(CLOCK_REALTIME), after;
	struct timeval tv = { 0, 0 };
	struct timezone tz = { 99, 99 };
	time_t t = 0;

	CHECK_EQ(sys(SYS_gettimeofday, &tv, &tz), 0);
	CHECK_EQ(sys(SYS_gettimeofday, NULL, NULL), 0);
	CHECK_EQ(sys(SYS_gettimeofday, (void *)8, NULL), -EFAULT);
	after = clock_ns(CLOCK_REALTIME);
	CHECK(tv.tv_usec >= 0 && tv.tv_usec < 1000000);
	CHECK(tv.tv_sec >= before / 1000000000 && tv.tv_sec <= after / 1000000000);
	CHECK(sys(SYS_time, &t) == t);
	CHECK(sys(SYS_time, NULL) >= t);
	/* time() is the coarse clock: it may lag by a tick. */
	CHECK(t + 1 >= tv.tv_sec);
	CHECK(before / 1000000000 > 1577836800);	/* after 2020: the machine's clock was read */
}

/* Only what changes nothing: the clock belongs to the whole machine. */
CASE(setting_the_clock_errors)
{
	struct timespec t = { 1, 1000000000 };
	struct timeval tv = { 1, 1000000 };
	pid_t pid;

	if (sys(SYS_clock_settime, CLOCK_REALTIME, &t) == -ENOSYS)
		SKIP("no clock_settime");
	if (sys(SYS_clock_settime, CLOCK_REALTIME, &t) == -EPERM)
		SKIP("clock_settime is filtered");
	CHECK_EQ(sys(SYS_clock_settime, CLOCK_REALTIME, &t), -EINVAL);
	CHECK_EQ(sys(SYS_clock_settime, CLOCK_MONOTONIC, &t), -EINVAL);
	CHECK_EQ(sys(SYS_clock_settime, CLOCK_REALTIME, NULL), -EFAULT);
	CHECK_EQ(sys(SYS_settimeofday, &tv, NULL), -EINVAL);
	CHECK_EQ(sys(SYS_settimeofday, (void *)8, NULL), -EFAULT);
	if (!is_root())
		return;
	IN_CHILD(pid) {
		CHECK(drop_root());
		t.tv_nsec = 0;
		tv.tv_usec = 0;
		CHECK_EQ(sys(SYS_clock_settime, CLOCK_REALTIME, &t), -EPERM);
		CHECK_EQ(sys(SYS_settimeofday, &tv, NULL), -EPERM);
	}
	CHECK_EXIT(pid, 0);
}

CASE(cpu_clock_counts_work)
{
	int64_t start = clock_ns(CLOCK_PROCESS_CPUTIME_ID), thread = clock_ns(CLOCK_THREAD_CPUTIME_ID);
	volatile unsigned work = 0;
	int64_t limit = now_ns() + 20000000;

	while (now_ns() < limit)
		work++;
	CHECK(clock_ns(CLOCK_PROCESS_CPUTIME_ID) > start);
	CHECK(clock_ns(CLOCK_THREAD_CPUTIME_ID) > thread);
}

CASE(sleeping_costs_no_cpu_time)
{
	int64_t start = clock_ns(CLOCK_PROCESS_CPUTIME_ID);

	sleep_ms(200);
	CHECK(clock_ns(CLOCK_PROCESS_CPUTIME_ID) - start < 150000000);
}

CASE(nanosleep_sleeps_at_least)
{
	struct timespec t = { 0, 30000000 }, rest = { 7, 7 };
	int64_t start = now_ns();

	CHECK_EQ(sys(SYS_nanosleep, &t, &rest), 0);
	CHECK(now_ns() - start >= 30000000);
	CHECK_EQ(rest.tv_sec, 7);	/* untouched on success */
	t.tv_nsec = 0;
	CHECK_EQ(sys(SYS_nanosleep, &t, NULL), 0);
}

CASE(nanosleep_errors)
{
	struct timespec bad = { 0, 1000000000 }, neg = { -1, 0 }, negns = { 0, -1 };

	CHECK_EQ(sys(SYS_nanosleep, &bad, NULL), -EINVAL);
	CHECK_EQ(sys(SYS_nanosleep, &neg, NULL), -EINVAL);
	CHECK_EQ(sys(SYS_nanosleep, &negns, NULL), -EINVAL);
	CHECK_EQ(sys(SYS_nanosleep, NULL, NULL), -EFAULT);
}

static void start_timer(int which, long usec, long interval)
{
	struct itimerval it = { { 0, interval }, { 0, usec } };

	CHECK_EQ(sys(SYS_setitimer, which, &it, NULL), 0);
}

CASE(nanosleep_interrupted_tells_the_rest)
{
	struct timespec t = { 20, 0 }, rest = { 0, 0 };
	int64_t start = now_ns();

	signal(SIGALRM, count_signal);	/* SA_RESTART does not apply to sleeps */
	start_timer(ITIMER_REAL, 30000, 0);
	CHECK_EQ(sys(SYS_nanosleep, &t, &rest), -EINTR);
	CHECK(now_ns() - start >= 30000000);
	CHECK_EQ(signals_seen, 1);
	CHECK(rest.tv_sec >= 1 && rest.tv_sec <= 19);
	CHECK(rest.tv_nsec >= 0 && rest.tv_nsec < 1000000000);
}

CASE(clock_nanosleep_relative_and_absolute)
{
	struct timespec t = { 0, 20000000 };
	int64_t start = now_ns(), until;

	CHECK_EQ(sys(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &t, NULL), 0);
	CHECK(now_ns() - start >= 20000000);
	until = now_ns() + 20000000;
	t = (struct timespec){ until / 1000000000, until % 1000000000 };
	CHECK_EQ(sys(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL), 0);
	CHECK(now_ns() >= until);
	CHECK_EQ(sys(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL), 0);	/* past: at once */
	until = clock_ns(CLOCK_REALTIME) + 20000000;
	t = (struct timespec){ until / 1000000000, until % 1000000000 };
	CHECK_EQ(sys(SYS_clock_nanosleep, CLOCK_REALTIME, TIMER_ABSTIME, &t, NULL), 0);
	CHECK(clock_ns(CLOCK_REALTIME) >= until);
	t = (struct timespec){ 0, 10000000 };
	CHECK_EQ(sys(SYS_clock_nanosleep, CLOCK_REALTIME, 0, &t, NULL), 0);
}

CASE(clock_nanosleep_errors)
{
	struct timespec t = { 0, 1 }, bad = { 0, 1000000000 };

	CHECK_EQ(sys(SYS_clock_nanosleep, 1000, 0, &t, NULL), -EINVAL);
	CHECK_EQ(sys(SYS_clock_nanosleep, CLOCK_THREAD_CPUTIME_ID, 0, &t, NULL), -EOPNOTSUPP);
	CHECK_EQ(sys(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &bad, NULL), -EINVAL);
	CHECK_EQ(sys(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, NULL, NULL), -EFAULT);
}

CASE(clock_nanosleep_interrupted)
{
	struct timespec t = { 20, 0 }, rest = { 0, 0 };
	int64_t until;

	signal(SIGALRM, count_signal);
	start_timer(ITIMER_REAL, 20000, 0);
	CHECK_EQ(sys(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &t, &rest), -EINTR);
	CHECK(rest.tv_sec >= 1 && rest.tv_sec <= 19);
	start_timer(ITIMER_REAL, 20000, 0);
	until = now_ns() + 20000000000;
	t = (struct timespec){ until / 1000000000, 0 };
	rest.tv_sec = 77;
	CHECK_EQ(sys(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &t, &rest), -EINTR);
	CHECK_EQ(rest.tv_sec, 77);	/* absolute: no rest */
	CHECK_EQ(signals_seen, 2);
}

/* A stop and a continue are no interruption: the sleep goes on to its end. */
CASE(nanosleep_survives_stop_and_continue)
{
	struct timespec t = { 0, 150000000 };
	int status = 0;
	pid_t pid;

	IN_CHILD(pid) {
		int64_t start = now_ns();

		CHECK_EQ(sys(SYS_nanosleep, &t, NULL), 0);
		CHECK(now_ns() - start >= 150000000);
	}
	sleep_ms(20);
	kill(pid, SIGSTOP);
	CHECK_EQ(sys(SYS_wait4, pid, &status, WUNTRACED, NULL), pid);
	CHECK(WIFSTOPPED(status));
	kill(pid, SIGCONT);
	CHECK_EXIT(pid, 0);
}

CASE(setitimer_real)
{
	struct itimerval it, old;
	int i;

	signal(SIGALRM, count_signal);
	start_timer(ITIMER_REAL, 10000, 10000);
	for (i = 0; i < 500 && signals_seen < 3; i++) {
		struct timespec t = { 0, 10000000 };

		sys(SYS_nanosleep, &t, NULL);
	}
	CHECK(signals_seen >= 3);
	memset(&it, 0, sizeof(it));
	CHECK_EQ(sys(SYS_setitimer, ITIMER_REAL, &it, &old), 0);
	CHECK_EQ(old.it_interval.tv_usec, 10000);
	CHECK_EQ(sys(SYS_setitimer, ITIMER_REAL, &it, &old), 0);
	CHECK_EQ(old.it_value.tv_sec | old.it_value.tv_usec, 0);
	it.it_value.tv_sec = 100;
	CHECK_EQ(sys(SYS_setitimer, ITIMER_REAL, &it, NULL), 0);
	if (sys(SYS_getitimer, ITIMER_REAL, &old) != -ENOSYS)
		CHECK(old.it_value.tv_sec >= 90 && old.it_value.tv_sec <= 100);
	it.it_value.tv_usec = 1000000;
	CHECK_EQ(sys(SYS_setitimer, ITIMER_REAL, &it, NULL), -EINVAL);
	CHECK_EQ(sys(SYS_setitimer, 3, &it, NULL), -EINVAL);
	CHECK_EQ(sys(SYS_setitimer, -1, &it, NULL), -EINVAL);
}

CASE(itimers_do_not_pass_fork)
{
	pid_t pid;

	start_timer(ITIMER_REAL, 60000, 0);
	signal(SIGALRM, count_signal);
	IN_CHILD(pid) {
		signal(SIGALRM, SIG_DFL);	/* would kill the child */
		sleep_ms(150);
	}
	CHECK_EXIT(pid, 0);
	CHECK_EQ(signals_seen, 1);
}

CASE(alarm_call)
{
	long ret = sys(SYS_alarm, 100);

	if (ret == -ENOSYS)
		SKIP("no alarm");
	CHECK_EQ(ret, 0);
	ret = sys(SYS_alarm, 0);
	CHECK(ret >= 90 && ret <= 100);
	CHECK_EQ(sys(SYS_alarm, 0), 0);
}

CASE(times_and_cpu_usage)
{
	struct tms t = { -1, -1, -1, -1 };
	struct rusage ru;
	volatile unsigned work = 0;
	int64_t limit;
	pid_t pid;

	if (sys(SYS_times, &t) == -ENOSYS)
		SKIP("no times");
	CHECK(t.tms_utime >= 0 && t.tms_stime >= 0 && t.tms_cutime >= 0 && t.tms_cstime >= 0);
	CHECK(sys(SYS_times, NULL) > 0);
	IN_CHILD(pid) {
		limit = now_ns() + 60000000;
		while (now_ns() < limit)
			work++;
	}
	CHECK_EXIT(pid, 0);
	sys(SYS_times, &t);
	CHECK_EQ(sys(SYS_getrusage, RUSAGE_CHILDREN, &ru), 0);
	CHECK(ru.ru_utime.tv_sec + ru.ru_utime.tv_usec + ru.ru_stime.tv_sec + ru.ru_stime.tv_usec > 0);
}

CASE(adjtimex_tells)
{
	struct {
		unsigned modes;
		long offset, freq, maxerror, esterror;
		int status;
		long constant, precision, tolerance, sec, usec, tick, more[14];
	} tx;

	memset(&tx, 0, sizeof(tx));
	CHECK(sys(SYS_adjtimex, &tx) >= 0);
	CHECK(tx.tick >= 9000 && tx.tick <= 11000);
	CHECK(labs(tx.sec - time(NULL)) <= 1);
	CHECK(sys(SYS_clock_adjtime, CLOCK_REALTIME, &tx) >= 0);
	CHECK_EQ(sys(SYS_clock_adjtime, CLOCK_MONOTONIC, &tx), -EOPNOTSUPP);
	CHECK_EQ(sys(SYS_clock_adjtime, 99, &tx), -EINVAL);
	CHECK_EQ(sys(SYS_adjtimex, 8), -EFAULT);
	if (is_root())
		REQUIRE(drop_root());
	tx.modes = 0x4000;
	CHECK_EQ(sys(SYS_adjtimex, &tx), -EPERM);
}
