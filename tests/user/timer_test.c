/* SPDX-License-Identifier: MIT */
/*
 * timer_test.c - POSIX timers: timer_create, timer_settime, timer_gettime, timer_getoverrun, timer_delete; timers of
 * CPU time, user and system time told apart. Source: man timer_create(2), timer_settime(2), getrusage(2).
 */
#define KTAP_HAS_HELPER
#include "ktap.h"

#include <pthread.h>
#include <sys/resource.h>
#include <sys/time.h>

#define MS 1000000L
#define SEC 1000000000L

/* The kernel's, without the unions of libc's. */
struct event {
	union sigval value;
	int signo, notify, tid, pad[11];
};

static struct itimerspec spec(long value_ns, long interval_ns)
{
	return (struct itimerspec){ { interval_ns / SEC, interval_ns % SEC }, { value_ns / SEC, value_ns % SEC } };
}

static int make(int clock, int notify, int signo)
{
	struct event e = { .signo = signo, .notify = notify, .value.sival_int = 77, .tid = (int)sys(SYS_gettid) };
	int id = -1;

	REQUIRE_EQ(sys(SYS_timer_create, clock, &e, &id), 0);
	return id;
}

static long set(int id, int flags, long value_ns, long interval_ns)
{
	struct itimerspec its = spec(value_ns, interval_ns);

	return sys(SYS_timer_settime, id, flags, &its, NULL);
}

static long left_ns(int id)
{
	struct itimerspec its = spec(-1, -1);

	CHECK_EQ(sys(SYS_timer_gettime, id, &its), 0);
	return its.it_value.tv_sec * SEC + its.it_value.tv_nsec;
}

static void block(int signo)
{
	uint64_t mask = 1ull << (signo - 1);

	REQUIRE_EQ(sys(SYS_rt_sigprocmask, SIG_BLOCK, &mask, NULL, 8), 0);
}

/* Waits for @signo, at most @ms. Its number or -EAGAIN. */
static long take(int signo, siginfo_t *info, long ms)
{
	uint64_t mask = 1ull << (signo - 1);
	struct timespec t = { ms / 1000, ms % 1000 * MS };

	memset(info, 0, sizeof(*info));
	return sys(SYS_rt_sigtimedwait, &mask, info, &t, 8);
}

static int64_t clock_ns(int clock)
{
	struct timespec t = { 0, 0 };

	sys(SYS_clock_gettime, clock, &t);
	return t.tv_sec * SEC + t.tv_nsec;
}

/* Uses @ns of CPU time in user mode. */
static void spin(long ns)
{
	int64_t until = clock_ns(CLOCK_THREAD_CPUTIME_ID) + ns;

	while (clock_ns(CLOCK_THREAD_CPUTIME_ID) < until)
		for (volatile int i = 0; i < 200000; i++)
			;
}

/* The same in the kernel, as far as calls can. */
static void spin_in_kernel(long ns)
{
	static char buf[1 << 20];
	int64_t until = clock_ns(CLOCK_THREAD_CPUTIME_ID) + ns;
	int fd = open("/dev/zero", O_RDONLY);

	while (clock_ns(CLOCK_THREAD_CPUTIME_ID) < until)
		for (int i = 0; i < 8; i++)
			sys(SYS_read, fd, buf, sizeof(buf));
	close(fd);
}

CASE(create_errors)
{
	struct event e = { .notify = SIGEV_SIGNAL };
	int id = -1;

	CHECK_EQ(sys(SYS_timer_create, 10, NULL, &id), -EINVAL);
	CHECK_EQ(sys(SYS_timer_create, 12345, NULL, &id), -EINVAL);
	CHECK_EQ(sys(SYS_timer_create, CLOCK_MONOTONIC_RAW, NULL, &id), -EOPNOTSUPP);
	CHECK_EQ(sys(SYS_timer_create, CLOCK_REALTIME_COARSE, NULL, &id), -EOPNOTSUPP);
	CHECK_EQ(sys(SYS_timer_create, ~0x3fffffu << 3 | 2, NULL, &id), -EINVAL);
	CHECK_EQ(sys(SYS_timer_create, CLOCK_MONOTONIC, &e, &id), -EINVAL);
	e.signo = 65;
	CHECK_EQ(sys(SYS_timer_create, CLOCK_MONOTONIC, &e, &id), -EINVAL);
	e.signo = SIGUSR1;
	e.notify = 3;
	CHECK_EQ(sys(SYS_timer_create, CLOCK_MONOTONIC, &e, &id), -EINVAL);
	e.notify = 4;
	e.tid = 0x3fffffff;
	CHECK_EQ(sys(SYS_timer_create, CLOCK_MONOTONIC, &e, &id), -EINVAL);
	e.tid = 1;	/* not of this process */
	CHECK_EQ(sys(SYS_timer_create, CLOCK_MONOTONIC, &e, &id), -EINVAL);
	CHECK_EQ(sys(SYS_timer_create, CLOCK_MONOTONIC, NULL, NULL), -EFAULT);
	CHECK_EQ(sys(SYS_timer_create, CLOCK_MONOTONIC, 1, &id), -EFAULT);
}

CASE(set_errors)
{
	int id = make(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGUSR1);
	struct itimerspec its = spec(SEC, 0);

	CHECK_EQ(sys(SYS_timer_settime, id, 0, NULL, NULL), -EINVAL);
	CHECK_EQ(sys(SYS_timer_settime, id, 0, 1, NULL), -EFAULT);
	CHECK_EQ(sys(SYS_timer_settime, id, 0, &its, 1), -EFAULT);
	CHECK_EQ(sys(SYS_timer_settime, id + 1000, 0, &its, NULL), -EINVAL);
	CHECK_EQ(sys(SYS_timer_settime, -1, 0, &its, NULL), -EINVAL);
	its.it_value.tv_nsec = SEC;
	CHECK_EQ(sys(SYS_timer_settime, id, 0, &its, NULL), -EINVAL);
	its = spec(SEC, 0);
	its.it_interval.tv_sec = -1;
	CHECK_EQ(sys(SYS_timer_settime, id, 0, &its, NULL), -EINVAL);
	CHECK_EQ(sys(SYS_timer_gettime, id, NULL), -EFAULT);
	CHECK_EQ(sys(SYS_timer_gettime, id + 1000, &its), -EINVAL);
	CHECK_EQ(sys(SYS_timer_getoverrun, id), 0);
	CHECK_EQ(sys(SYS_timer_getoverrun, id + 1000), -EINVAL);
	CHECK_EQ(sys(SYS_timer_delete, id), 0);
	CHECK_EQ(sys(SYS_timer_delete, id), -EINVAL);
}

CASE(once)
{
	int64_t start = now_ns();
	siginfo_t info;
	int id;

	block(SIGUSR1);
	id = make(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGUSR1);
	CHECK_EQ(left_ns(id), 0);
	CHECK_EQ(set(id, 0, 30 * MS, 0), 0);
	CHECK(left_ns(id) > 0 && left_ns(id) <= 30 * MS);
	CHECK_EQ(take(SIGUSR1, &info, 5000), SIGUSR1);
	CHECK(now_ns() - start >= 30 * MS);
	CHECK_EQ(info.si_code, SI_TIMER);
	CHECK_EQ(info.si_timerid, id);
	CHECK_EQ(info.si_overrun, 0);
	CHECK_EQ(info.si_value.sival_int, 77);
	CHECK_EQ(left_ns(id), 0);
	CHECK_EQ(take(SIGUSR1, &info, 50), -EAGAIN);
}

/* Without an event: SIGALRM with the timer's number as value. */
CASE(default_event)
{
	siginfo_t info;
	int id = -1;

	block(SIGALRM);
	REQUIRE_EQ(sys(SYS_timer_create, CLOCK_REALTIME, NULL, &id), 0);
	CHECK_EQ(set(id, 0, MS, 0), 0);
	CHECK_EQ(take(SIGALRM, &info, 5000), SIGALRM);
	CHECK_EQ(info.si_value.sival_int, id);
}

/* A signal that waits is one; the periods meanwhile are its overrun. */
CASE(overrun)
{
	siginfo_t info;
	int id;

	block(SIGRTMIN);
	id = make(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGRTMIN);
	CHECK_EQ(set(id, 0, 2 * MS, 2 * MS), 0);
	sleep_ms(30);
	CHECK(left_ns(id) <= 2 * MS);
	CHECK_EQ(take(SIGRTMIN, &info, 5000), SIGRTMIN);
	CHECK(info.si_overrun >= 10);
	CHECK_EQ(sys(SYS_timer_getoverrun, id), info.si_overrun);
	CHECK_EQ(take(SIGRTMIN, &info, 5000), SIGRTMIN);
	CHECK_EQ(sys(SYS_timer_getoverrun, id), info.si_overrun);
	/* A period far shorter than anything can be served. */
	CHECK_EQ(set(id, 0, 1, 1), 0);
	sleep_ms(10);
	CHECK_EQ(take(SIGRTMIN, &info, 5000), SIGRTMIN);
	CHECK(info.si_overrun > 1000000);
	CHECK_EQ(set(id, 0, 0, 0), 0);
	CHECK_EQ(take(SIGRTMIN, &info, 20), -EAGAIN);
	CHECK_EQ(left_ns(id), 0);
}

CASE(absolute_times)
{
	static const int clocks[] = { CLOCK_MONOTONIC, CLOCK_REALTIME, CLOCK_BOOTTIME };
	siginfo_t info;

	block(SIGUSR2);
	for (unsigned i = 0; i < COUNT(clocks); i++) {
		int id = make(clocks[i], SIGEV_SIGNAL, SIGUSR2);
		int64_t until = clock_ns(clocks[i]) + 20 * MS;

		CHECK_EQ(set(id, TIMER_ABSTIME, until, 0), 0);
		CHECK(left_ns(id) > 0 && left_ns(id) <= 20 * MS);
		CHECK_EQ(take(SIGUSR2, &info, 5000), SIGUSR2);
		CHECK(clock_ns(clocks[i]) >= until);
		CHECK_EQ(set(id, TIMER_ABSTIME, 1, 0), 0);	/* long ago */
		CHECK_EQ(take(SIGUSR2, &info, 5000), SIGUSR2);
		CHECK_EQ(sys(SYS_timer_delete, id), 0);
	}
}

CASE(old_setting)
{
	int id = make(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGUSR1);
	struct itimerspec its = spec(500 * SEC, 3 * SEC), old;

	CHECK_EQ(sys(SYS_timer_settime, id, 0, &its, NULL), 0);
	its = spec(0, 0);
	CHECK_EQ(sys(SYS_timer_settime, id, 0, &its, &old), 0);
	CHECK(old.it_value.tv_sec >= 499 || old.it_value.tv_nsec > 0);
	CHECK_EQ(old.it_interval.tv_sec, 3);
	CHECK_EQ(sys(SYS_timer_settime, id, 0, &its, &old), 0);
	CHECK_EQ(old.it_value.tv_sec, 0);
	CHECK_EQ(old.it_value.tv_nsec, 0);
}

/* SIGEV_NONE: the timer can be looked at only. */
CASE(silent)
{
	int id = make(CLOCK_MONOTONIC, SIGEV_NONE, 0);

	CHECK_EQ(set(id, 0, 5 * MS, 0), 0);
	sleep_ms(10);
	CHECK_EQ(left_ns(id), 0);
	CHECK_EQ(set(id, 0, 5 * MS, 100 * SEC), 0);
	sleep_ms(10);
	CHECK(left_ns(id) > 90 * SEC);
}

static volatile int handled_by;

static void note_thread(int signo UNUSED)
{
	handled_by = (int)sys(SYS_gettid);
}

static void *own_timer(void *arg)
{
	int id = make(CLOCK_MONOTONIC, SIGEV_SIGNAL | 4, SIGUSR1);

	CHECK_EQ(set(id, 0, 5 * MS, 0), 0);
	for (int i = 0; i < 500 && !handled_by; i++)
		sleep_ms(10);
	CHECK_EQ(handled_by, sys(SYS_gettid));
	return arg;
}

CASE(to_one_thread)
{
	struct sigaction sa = { .sa_handler = note_thread };
	pthread_t t;

	REQUIRE(sigaction(SIGUSR1, &sa, NULL) == 0);
	REQUIRE(pthread_create(&t, NULL, own_timer, NULL) == 0);
	pthread_join(t, NULL);
	CHECK(handled_by != 0);
}

CASE(handler_interrupts_a_sleep)
{
	struct sigaction sa = { .sa_handler = note_thread };
	struct timespec t = { 20, 0 };
	int id = make(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGUSR1);

	REQUIRE(sigaction(SIGUSR1, &sa, NULL) == 0);
	CHECK_EQ(set(id, 0, 10 * MS, 0), 0);
	CHECK_EQ(sys(SYS_nanosleep, &t, NULL), -EINTR);
	CHECK(handled_by != 0);
}

/* Two timers of one standard signal: each has its own entry. */
CASE(each_timer_queues)
{
	int a, b, seen = 0;
	siginfo_t info;

	block(SIGUSR1);
	a = make(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGUSR1);
	b = make(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGUSR1);
	CHECK_EQ(set(a, 0, MS, 0), 0);
	CHECK_EQ(set(b, 0, 2 * MS, 0), 0);
	sleep_ms(20);
	for (int i = 0; i < 2; i++) {
		CHECK_EQ(take(SIGUSR1, &info, 5000), SIGUSR1);
		seen |= info.si_timerid == a ? 1 : info.si_timerid == b ? 2 : 4;
	}
	CHECK_EQ(seen, 3);
	CHECK_EQ(take(SIGUSR1, &info, 0), -EAGAIN);
}

/* What is pending from a deleted timer may be lost, but is not a use of freed memory. */
CASE(deleted_while_pending)
{
	siginfo_t info;

	block(SIGUSR1);
	for (int i = 0; i < 50; i++) {
		int id = make(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGUSR1);

		CHECK_EQ(set(id, 0, 1, 1000), 0);
		if (i & 1)
			sleep_ms(1);
		CHECK_EQ(sys(SYS_timer_delete, id), 0);
	}
	(void)take(SIGUSR1, &info, 10);
	CHECK_EQ(take(SIGUSR1, &info, 10), -EAGAIN);
}

/* An ignored signal does not stop the timer. */
CASE(ignored_and_then_not)
{
	struct sigaction sa = { .sa_handler = note_thread };
	int id;

	signal(SIGUSR1, SIG_IGN);
	id = make(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGUSR1);
	CHECK_EQ(set(id, 0, MS, MS), 0);
	sleep_ms(10);
	CHECK_EQ(handled_by, 0);
	REQUIRE(sigaction(SIGUSR1, &sa, NULL) == 0);
	for (int i = 0; i < 500 && !handled_by; i++)
		sleep_ms(10);
	CHECK(handled_by != 0);
}

CASE(not_inherited)
{
	struct itimerspec its;
	int id = make(CLOCK_MONOTONIC, SIGEV_NONE, 0);
	pid_t pid;

	IN_CHILD(pid) {
		CHECK_EQ(sys(SYS_timer_gettime, id, &its), -EINVAL);
	}
	CHECK_EXIT(pid, 0);
	CHECK_EQ(sys(SYS_timer_gettime, id, &its), 0);
}

/* prog @gone ID: no timer of that number is left after exec. */
static int ktap_helper(int argc, char **argv)
{
	struct itimerspec its;

	return argc != 3 || sys(SYS_timer_gettime, atoi(argv[2]), &its) != -EINVAL;
}

CASE(gone_after_exec)
{
	int id = make(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGKILL);
	char number[16], *argv[] = { ktap_self, (char *)"@gone", number, NULL }, *envp[] = { NULL };

	snprintf(number, sizeof(number), "%d", id);
	CHECK_EQ(set(id, 0, 100 * SEC, 0), 0);
	sys(SYS_execve, ktap_self, argv, envp);
	CHECK(false);
}

static void cpu_timer(int clock)
{
	siginfo_t info;
	int64_t start;
	int id;

	block(SIGUSR1);
	start = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	id = make(clock, SIGEV_SIGNAL, SIGUSR1);
	CHECK_EQ(set(id, 0, 50 * MS, 0), 0);
	CHECK(left_ns(id) > 0 && left_ns(id) <= 50 * MS);
	CHECK_EQ(take(SIGUSR1, &info, 100), -EAGAIN);	/* asleep: no CPU time passes */
	spin(120 * MS);
	CHECK_EQ(take(SIGUSR1, &info, 0), SIGUSR1);
	CHECK_EQ(info.si_timerid, id);
	CHECK(clock_ns(CLOCK_PROCESS_CPUTIME_ID) - start >= 50 * MS);
	CHECK_EQ(left_ns(id), 0);
}

CASE(process_cpu_time)
{
	cpu_timer(CLOCK_PROCESS_CPUTIME_ID);
}

CASE(thread_cpu_time)
{
	cpu_timer(CLOCK_THREAD_CPUTIME_ID);
}

static volatile int virtual_signals;

static void count_virtual(int signo UNUSED)
{
	virtual_signals++;
}

/* ITIMER_VIRTUAL does not run while the kernel works, ITIMER_PROF does. */
CASE(virtual_time_is_user_time)
{
	struct sigaction sa = { .sa_handler = count_virtual, .sa_flags = SA_RESTART };
	struct itimerval its = { { 0, 0 }, { 0, 150000 } }, left;

	REQUIRE(sigaction(SIGVTALRM, &sa, NULL) == 0);
	CHECK_EQ(sys(SYS_setitimer, ITIMER_VIRTUAL, &its, NULL), 0);
	spin_in_kernel(300 * MS);
	CHECK_EQ(virtual_signals, 0);
	CHECK_EQ(sys(SYS_getitimer, ITIMER_VIRTUAL, &left), 0);
	CHECK(left.it_value.tv_usec > 0);
	for (int i = 0; i < 20 && !virtual_signals; i++)
		spin(50 * MS);
	CHECK_EQ(virtual_signals, 1);
}

static long us(struct timeval t)
{
	return t.tv_sec * 1000000L + t.tv_usec;
}

CASE(user_and_system_time)
{
	struct rusage a, b, c;

	REQUIRE_EQ(sys(SYS_getrusage, RUSAGE_SELF, &a), 0);
	spin(300 * MS);
	REQUIRE_EQ(sys(SYS_getrusage, RUSAGE_SELF, &b), 0);
	CHECK(us(b.ru_utime) - us(a.ru_utime) > 200000);
	spin_in_kernel(600 * MS);
	REQUIRE_EQ(sys(SYS_getrusage, RUSAGE_SELF, &c), 0);
	CHECK(us(c.ru_stime) - us(b.ru_stime) > 300000);
	CHECK(us(c.ru_utime) - us(b.ru_utime) < 300000);
	CHECK(us(c.ru_utime) >= us(b.ru_utime));
}
