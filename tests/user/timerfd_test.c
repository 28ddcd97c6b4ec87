/* SPDX-License-Identifier: MIT */
/*
 * timerfd_test.c - timerfd_create, timerfd_settime, timerfd_gettime. Source: man timerfd_create(2).
 */
#include "ktap.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>

#define MS 1000000L

static int make(int clock, int flags)
{
	int fd = (int)sys(SYS_timerfd_create, clock, flags);

	REQUIRE(fd >= 0);
	return fd;
}

static long set(int fd, int flags, long value_ns, long interval_ns)
{
	struct itimerspec its = {
		{ interval_ns / 1000000000, interval_ns % 1000000000 },
		{ value_ns / 1000000000, value_ns % 1000000000 },
	};

	return sys(SYS_timerfd_settime, fd, flags, &its, 0);
}

static long left_ns(int fd)
{
	struct itimerspec its;

	CHECK_EQ(sys(SYS_timerfd_gettime, fd, &its), 0);
	return its.it_value.tv_sec * 1000000000L + its.it_value.tv_nsec;
}

CASE(create_errors)
{
	struct itimerspec its = { { 0, 0 }, { 1, 0 } }, bad = { { 0, 0 }, { 0, 1000000000 } },
			  worse = { { 0, -1 }, { 1, 0 } };
	int fd = make(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK), other = make(CLOCK_BOOTTIME, 0);

	CHECK_EQ(sys(SYS_fcntl, fd, F_GETFD), FD_CLOEXEC);
	CHECK_EQ(sys(SYS_fcntl, fd, F_GETFL), O_RDWR | O_NONBLOCK);
	CHECK_EQ(sys(SYS_fcntl, other, F_GETFD), 0);
	CHECK_EQ(sys(SYS_timerfd_create, CLOCK_MONOTONIC, 1), -EINVAL);
	CHECK_EQ(sys(SYS_timerfd_create, CLOCK_PROCESS_CPUTIME_ID, 0), -EINVAL);
	CHECK_EQ(sys(SYS_timerfd_create, -3, 0), -EINVAL);
	CHECK_EQ(sys(SYS_timerfd_settime, fd, 4, &its, 0), -EINVAL);
	CHECK_EQ(sys(SYS_timerfd_settime, fd, 0, &bad, 0), -EINVAL);
	CHECK_EQ(sys(SYS_timerfd_settime, fd, 0, &worse, 0), -EINVAL);
	CHECK_EQ(sys(SYS_timerfd_settime, fd, 0, 0, 0), -EFAULT);
	CHECK_EQ(sys(SYS_timerfd_settime, 0, 0, &its, 0), -EINVAL);
	CHECK_EQ(sys(SYS_timerfd_settime, 777, 0, &its, 0), -EBADF);
	CHECK_EQ(sys(SYS_timerfd_gettime, 777, &its), -EBADF);
	CHECK_EQ(sys(SYS_timerfd_gettime, 0, &its), -EINVAL);
	CHECK_EQ(sys(SYS_timerfd_gettime, fd, 0), -EFAULT);
	CHECK_EQ(sys(SYS_write, fd, &its, 8), -EINVAL);
	CHECK_EQ(sys(SYS_read, fd, &its, 7), -EINVAL);
	CHECK_EQ(sys(SYS_read, fd, &its, 8), -EAGAIN);
}

CASE(once)
{
	int fd = make(CLOCK_MONOTONIC, 0);
	int64_t start = now_ns();
	uint64_t n = 0;

	CHECK_EQ(left_ns(fd), 0);
	CHECK_EQ(set(fd, 0, 30 * MS, 0), 0);
	CHECK(left_ns(fd) > 0 && left_ns(fd) <= 30 * MS);
	CHECK_EQ(sys(SYS_read, fd, &n, 8), 8);
	CHECK_EQ(n, 1);
	CHECK(now_ns() - start >= 30 * MS);
	CHECK_EQ(left_ns(fd), 0);
}

CASE(periods_add_up)
{
	struct itimerspec old;
	int fd = make(CLOCK_MONOTONIC, TFD_NONBLOCK);
	struct itimerspec off = { { 0, 0 }, { 0, 0 } };
	uint64_t n = 0, more;
	int64_t start = now_ns(), passed;

	CHECK_EQ(set(fd, 0, 10 * MS, 10 * MS), 0);
	sleep_ms(55);
	CHECK_EQ(sys(SYS_read, fd, &n, 8), 8);
	passed = (now_ns() - start) / (10 * MS);
	CHECK(n >= 5 && (int64_t)n <= passed);
	CHECK(left_ns(fd) <= 10 * MS);
	sleep_ms(30);
	CHECK_EQ(sys(SYS_read, fd, &more, 8), 8);
	CHECK((int64_t)(n + more) <= (now_ns() - start) / (10 * MS));
	CHECK(more >= 2);
	CHECK_EQ(sys(SYS_timerfd_settime, fd, 0, &off, &old), 0);
	CHECK_EQ(old.it_interval.tv_nsec, 10 * MS);
	CHECK_EQ(old.it_interval.tv_sec, 0);
	sleep_ms(20);
	CHECK_EQ(sys(SYS_read, fd, &n, 8), -EAGAIN);
	CHECK_EQ(left_ns(fd), 0);
}

/* Looking at the timer does not take its ticks away. */
CASE(looking_keeps_ticks)
{
	int fd = make(CLOCK_MONOTONIC, TFD_NONBLOCK);
	uint64_t n;

	CHECK_EQ(set(fd, 0, 5 * MS, 5 * MS), 0);
	sleep_ms(22);
	left_ns(fd);
	CHECK_EQ(sys(SYS_read, fd, &n, 8), 8);
	CHECK(n >= 4);
	/* A new setting does. */
	sleep_ms(12);
	CHECK_EQ(set(fd, 0, 1000 * MS, 0), 0);
	CHECK_EQ(sys(SYS_read, fd, &n, 8), -EAGAIN);
	CHECK(left_ns(fd) > 500 * MS);
}

CASE(tiny_period)
{
	int fd = make(CLOCK_MONOTONIC, 0);
	uint64_t n;

	CHECK_EQ(set(fd, 0, 1, 1), 0);
	sleep_ms(5);
	CHECK_EQ(sys(SYS_read, fd, &n, 8), 8);
	CHECK(n >= 5 * MS);
}

static void absolute(int clock)
{
	int fd = make(clock, 0);
	struct timespec now, after;
	uint64_t n;
	long due;

	sys(SYS_clock_gettime, clock, &now);
	due = now.tv_sec * 1000000000L + now.tv_nsec + 20 * MS;
	CHECK_EQ(set(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, due, 0), 0);
	CHECK(left_ns(fd) <= 20 * MS);
	CHECK_EQ(sys(SYS_read, fd, &n, 8), 8);
	CHECK_EQ(n, 1);
	sys(SYS_clock_gettime, clock, &after);
	CHECK(after.tv_sec * 1000000000L + after.tv_nsec >= due);
	/* What has passed expires at once. */
	CHECK_EQ(set(fd, TFD_TIMER_ABSTIME, 1, 0), 0);
	CHECK_EQ(sys(SYS_read, fd, &n, 8), 8);
	CHECK_EQ(n, 1);
}

CASE(absolute_monotonic)
{
	absolute(CLOCK_MONOTONIC);
}

CASE(absolute_realtime)
{
	absolute(CLOCK_REALTIME);
}

CASE(absolute_boottime)
{
	absolute(CLOCK_BOOTTIME);
}

CASE(poll_and_epoll)
{
	int fd = make(CLOCK_MONOTONIC, 0), ep = (int)sys(SYS_epoll_create1, 0);
	struct epoll_event ev = { .events = EPOLLIN | EPOLLET };
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT };
	uint64_t n;

	CHECK_EQ(sys(SYS_epoll_ctl, ep, EPOLL_CTL_ADD, fd, &ev), 0);
	CHECK_EQ(sys(SYS_poll, &p, 1, 0), 0);
	CHECK_EQ(set(fd, 0, 20 * MS, 0), 0);
	CHECK_EQ(sys(SYS_poll, &p, 1, -1), 1);
	CHECK_EQ(p.revents, POLLIN);
	CHECK_EQ(sys(SYS_epoll_wait, ep, &ev, 1, -1), 1);
	CHECK_EQ(ev.events, EPOLLIN);
	CHECK_EQ(sys(SYS_epoll_wait, ep, &ev, 1, 0), 0);
	CHECK_EQ(sys(SYS_read, fd, &n, 8), 8);
	CHECK_EQ(sys(SYS_poll, &p, 1, 0), 0);
	CHECK_EQ(set(fd, 0, 5 * MS, 0), 0);
	CHECK_EQ(sys(SYS_epoll_wait, ep, &ev, 1, -1), 1);
}

/* The wall clock jumps: not on the host, where that is everybody's. */
CASE(clock_set_cancels)
{
	struct timespec now, later;
	int fd = make(CLOCK_REALTIME, TFD_NONBLOCK), plain = make(CLOCK_REALTIME, TFD_NONBLOCK);
	uint64_t n;
	long due;

	if (!on_exo())
		SKIP("would set the host's clock");
	sys(SYS_clock_gettime, CLOCK_REALTIME, &now);
	due = (now.tv_sec + 50) * 1000000000L;
	CHECK_EQ(set(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, due, 0), 0);
	CHECK_EQ(set(plain, TFD_TIMER_ABSTIME, due, 0), 0);
	CHECK_EQ(sys(SYS_read, fd, &n, 8), -EAGAIN);
	later = now;
	later.tv_sec += 100;
	CHECK_EQ(sys(SYS_clock_settime, CLOCK_REALTIME, &later), 0);
	CHECK_EQ(sys(SYS_read, fd, &n, 8), -ECANCELED);
	sleep_ms(5);
	CHECK_EQ(sys(SYS_read, plain, &n, 8), 8);
	CHECK_EQ(sys(SYS_clock_settime, CLOCK_REALTIME, &now), 0);
}
