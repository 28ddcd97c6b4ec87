/* SPDX-License-Identifier: MIT */
/*
 * epoll_test.c - epoll_create1, epoll_ctl, epoll_wait and kin: triggers, errors, closing, nesting, several waiters.
 * Source: man epoll(7), epoll_ctl(2), epoll_wait(2).
 */
#include "ktap.h"

#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#ifndef SYS_epoll_pwait2
#define SYS_epoll_pwait2 441
#endif

static int make(void)
{
	int fd = (int)sys(SYS_epoll_create1, EPOLL_CLOEXEC);

	REQUIRE(fd >= 0);
	return fd;
}

static int event(unsigned value)
{
	int fd = (int)sys(SYS_eventfd2, value, EFD_NONBLOCK);

	REQUIRE(fd >= 0);
	return fd;
}

static long ctl(int ep, int op, int fd, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.u64 = 0x100000000ull + (unsigned)fd };

	return sys(SYS_epoll_ctl, ep, op, fd, &ev);
}

/* One event at most, waiting @ms. Return: its events; 0 none; -errno. Checks that the data is @fd's. */
static long next(int ep, int fd, int ms)
{
	struct epoll_event ev;
	long n = sys(SYS_epoll_pwait, ep, &ev, 1, ms, 0, 8);

	if (n == 1)
		CHECK_EQ(ev.data.u64, 0x100000000ull + (unsigned)fd);
	return n == 1 ? (long)ev.events : n;
}

static void add_one(int fd)
{
	uint64_t one = 1;

	CHECK_EQ(sys(SYS_write, fd, &one, 8), 8);
}

static void drain(int fd)
{
	uint64_t n;

	CHECK_EQ(sys(SYS_read, fd, &n, 8), 8);
}

CASE(create)
{
	int fd = make();

	CHECK_EQ(sys(SYS_fcntl, fd, F_GETFD), FD_CLOEXEC);
	CHECK_EQ(sys(SYS_fcntl, make(), F_GETFL) & O_ACCMODE, O_RDWR);
	CHECK_EQ(sys(SYS_epoll_create1, 1), -EINVAL);
	CHECK_EQ(sys(SYS_epoll_create, 0), -EINVAL);
	CHECK_EQ(sys(SYS_epoll_create, -1), -EINVAL);
	fd = (int)sys(SYS_epoll_create, 1);
	CHECK(fd >= 0);
	CHECK_EQ(sys(SYS_fcntl, fd, F_GETFD), 0);
	CHECK_EQ(sys(SYS_read, fd, &fd, 4), -EINVAL);
	CHECK_EQ(sys(SYS_write, fd, &fd, 4), -EINVAL);
}

CASE(level)
{
	int ep = make(), fd = event(0);

	CHECK_EQ(ctl(ep, EPOLL_CTL_ADD, fd, EPOLLIN), 0);
	CHECK_EQ(next(ep, fd, 0), 0);
	add_one(fd);
	CHECK_EQ(next(ep, fd, 0), EPOLLIN);
	CHECK_EQ(next(ep, fd, 0), EPOLLIN);
	drain(fd);
	CHECK_EQ(next(ep, fd, 0), 0);
	add_one(fd);
	CHECK_EQ(next(ep, fd, -1), EPOLLIN);
}

CASE(ready_when_added)
{
	int ep = make(), fd = event(1);

	CHECK_EQ(ctl(ep, EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLOUT), 0);
	CHECK_EQ(next(ep, fd, -1), EPOLLIN | EPOLLOUT);
}

CASE(edge)
{
	int ep = make(), fd = (int)sys(SYS_eventfd2, 0, EFD_NONBLOCK | EFD_SEMAPHORE);

	CHECK_EQ(ctl(ep, EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLET), 0);
	CHECK_EQ(next(ep, fd, 0), 0);
	add_one(fd);
	CHECK_EQ(next(ep, fd, 0), EPOLLIN);
	CHECK_EQ(next(ep, fd, 0), 0);
	add_one(fd);
	CHECK_EQ(next(ep, fd, 0), EPOLLIN);
	drain(fd);	/* one is left: no news for who reads */
	CHECK_EQ(next(ep, fd, 0), 0);
	CHECK_EQ(ctl(ep, EPOLL_CTL_MOD, fd, EPOLLIN | EPOLLET), 0);
	CHECK_EQ(next(ep, fd, 0), EPOLLIN);
	CHECK_EQ(next(ep, fd, 0), 0);
}

CASE(oneshot)
{
	int ep = make(), fd = event(1);

	CHECK_EQ(ctl(ep, EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLONESHOT), 0);
	CHECK_EQ(next(ep, fd, 0), EPOLLIN);
	add_one(fd);
	CHECK_EQ(next(ep, fd, 0), 0);
	CHECK_EQ(ctl(ep, EPOLL_CTL_MOD, fd, EPOLLIN | EPOLLONESHOT), 0);
	CHECK_EQ(next(ep, fd, 0), EPOLLIN);
	CHECK_EQ(next(ep, fd, 0), 0);
}

CASE(ctl_errors)
{
	int ep = make(), fd = event(0), file, duped;

	CHECK_EQ(ctl(ep, EPOLL_CTL_ADD, 777, EPOLLIN), -EBADF);
	CHECK_EQ(ctl(777, EPOLL_CTL_ADD, fd, EPOLLIN), -EBADF);
	CHECK_EQ(ctl(fd, EPOLL_CTL_ADD, fd, EPOLLIN), -EINVAL);
	CHECK_EQ(ctl(ep, EPOLL_CTL_ADD, ep, EPOLLIN), -EINVAL);
	CHECK_EQ(ctl(ep, 9, fd, EPOLLIN), -EINVAL);
	CHECK_EQ(ctl(ep, EPOLL_CTL_MOD, fd, EPOLLIN), -ENOENT);
	CHECK_EQ(ctl(ep, EPOLL_CTL_DEL, fd, EPOLLIN), -ENOENT);
	CHECK_EQ(sys(SYS_epoll_ctl, ep, EPOLL_CTL_ADD, fd, 0), -EFAULT);
	CHECK_EQ(ctl(ep, EPOLL_CTL_ADD, fd, EPOLLIN), 0);
	CHECK_EQ(ctl(ep, EPOLL_CTL_ADD, fd, EPOLLIN), -EEXIST);
	CHECK_EQ(sys(SYS_epoll_ctl, ep, EPOLL_CTL_DEL, fd, 0), 0);
	CHECK_EQ(ctl(ep, EPOLL_CTL_DEL, fd, 0), -ENOENT);
	duped = (int)sys(SYS_dup, fd);
	CHECK_EQ(ctl(ep, EPOLL_CTL_ADD, duped, EPOLLIN), 0);
	CHECK_EQ(ctl(ep, EPOLL_CTL_ADD, fd, EPOLLIN), 0);
	scratch();
	file = open("f", O_RDWR | O_CREAT, 0600);
	CHECK_EQ(ctl(ep, EPOLL_CTL_ADD, file, EPOLLIN), -EPERM);
	CHECK_EQ(ctl(ep, EPOLL_CTL_ADD, open(".", O_RDONLY), EPOLLIN), -EPERM);
	CHECK_EQ(ctl(ep, EPOLL_CTL_ADD, open(".", O_PATH), EPOLLIN), -EBADF);
}

CASE(wait_errors)
{
	struct epoll_event ev[4];
	int ep = make(), fd = event(1);

	CHECK_EQ(sys(SYS_epoll_pwait, ep, ev, 0, 0, 0, 8), -EINVAL);
	CHECK_EQ(sys(SYS_epoll_pwait, ep, ev, -1, 0, 0, 8), -EINVAL);
	CHECK_EQ(sys(SYS_epoll_pwait, fd, ev, 1, 0, 0, 8), -EINVAL);
	CHECK_EQ(sys(SYS_epoll_pwait, 777, ev, 1, 0, 0, 8), -EBADF);
	CHECK_EQ(sys(SYS_epoll_pwait, ep, ev, 1, 0, ev, 4), -EINVAL);
	CHECK_EQ(sys(SYS_epoll_pwait, ep, ev, 1, 0, 8, 8), -EFAULT);
	CHECK_EQ(sys(SYS_epoll_wait, ep, 8, 1, 0), 0);
	CHECK_EQ(ctl(ep, EPOLL_CTL_ADD, fd, EPOLLIN), 0);
	CHECK_EQ(sys(SYS_epoll_wait, ep, 8, 1, 0), -EFAULT);
	CHECK_EQ(sys(SYS_epoll_wait, ep, -4096L, 1, 0), -EFAULT);
	CHECK_EQ(next(ep, fd, 0), EPOLLIN);	/* nothing was lost */
}

CASE(exclusive)
{
	int ep = make(), inner = make(), fd = event(1);

	CHECK_EQ(ctl(ep, EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLEXCLUSIVE | EPOLLONESHOT), -EINVAL);
	CHECK_EQ(ctl(ep, EPOLL_CTL_ADD, inner, EPOLLIN | EPOLLEXCLUSIVE), -EINVAL);
	CHECK_EQ(ctl(ep, EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLEXCLUSIVE), 0);
	CHECK_EQ(ctl(ep, EPOLL_CTL_MOD, fd, EPOLLIN), -EINVAL);
	CHECK_EQ(ctl(ep, EPOLL_CTL_MOD, fd, EPOLLIN | EPOLLEXCLUSIVE), -EINVAL);
	CHECK_EQ(next(ep, fd, 0), EPOLLIN);
}

CASE(pipe_ends)
{
	int ep = make(), end[2];
	char c = 'x';

	REQUIRE(sys(SYS_pipe2, end, O_NONBLOCK) == 0);
	CHECK_EQ(ctl(ep, EPOLL_CTL_ADD, end[0], EPOLLIN | EPOLLET), 0);
	CHECK_EQ(next(ep, end[0], 0), 0);
	CHECK_EQ(sys(SYS_write, end[1], &c, 1), 1);
	CHECK_EQ(next(ep, end[0], 0), EPOLLIN);
	CHECK_EQ(next(ep, end[0], 0), 0);
	CHECK_EQ(sys(SYS_read, end[0], &c, 1), 1);
	sys(SYS_close, end[1]);
	CHECK_EQ(next(ep, end[0], 0), EPOLLHUP);
	CHECK_EQ(next(ep, end[0], 0), 0);
}

CASE(hangup_unasked)
{
	int ep = make(), end[2];

	REQUIRE(sys(SYS_pipe2, end, 0) == 0);
	CHECK_EQ(ctl(ep, EPOLL_CTL_ADD, end[0], 0), 0);
	CHECK_EQ(ctl(ep, EPOLL_CTL_ADD, end[1], 0), 0);
	CHECK_EQ(next(ep, end[0], 0), 0);
	sys(SYS_close, end[1]);
	CHECK_EQ(next(ep, end[0], 0), EPOLLHUP);
}

CASE(many_in_turn)
{
	struct epoll_event ev[8];
	int ep = make(), fd[6];
	unsigned seen = 0;
	size_t i;
	long n;

	for (i = 0; i < COUNT(fd); i++) {
		fd[i] = event(1);
		CHECK_EQ(ctl(ep, EPOLL_CTL_ADD, fd[i], EPOLLIN), 0);
	}
	CHECK_EQ(sys(SYS_epoll_wait, ep, ev, 8, 0), 6);
	/* Level-triggered ones take turns: two at a time show all six in three calls. */
	for (i = 0; i < 3; i++) {
		n = sys(SYS_epoll_wait, ep, ev, 2, 0);
		CHECK_EQ(n, 2);
		while (n-- > 0)
			seen |= 1u << (ev[n].data.u64 & 31);
	}
	CHECK_EQ(__builtin_popcount(seen), 6);
	drain(fd[3]);
	CHECK_EQ(sys(SYS_epoll_wait, ep, ev, 8, 0), 5);
}

CASE(closing_removes)
{
	int ep = make(), fd = event(1), duped = (int)sys(SYS_dup, fd), end[2];

	CHECK_EQ(ctl(ep, EPOLL_CTL_ADD, fd, EPOLLIN), 0);
	sys(SYS_close, fd);
	CHECK_EQ(next(ep, fd, 0), EPOLLIN);	/* the file is still open */
	CHECK_EQ(ctl(ep, EPOLL_CTL_DEL, fd, 0), -EBADF);
	sys(SYS_close, duped);
	CHECK_EQ(next(ep, fd, 0), 0);
	REQUIRE(sys(SYS_pipe2, end, 0) == 0);
	CHECK_EQ(ctl(ep, EPOLL_CTL_ADD, end[0], EPOLLIN), 0);
	sys(SYS_close, end[0]);
	sys(SYS_close, end[1]);
	CHECK_EQ(next(ep, end[0], 0), 0);
	/* The epoll first, what it watched afterwards. */
	fd = event(0);
	CHECK_EQ(ctl(ep, EPOLL_CTL_ADD, fd, EPOLLIN), 0);
	sys(SYS_close, ep);
	add_one(fd);
	sys(SYS_close, fd);
}

CASE(fork_shares)
{
	int ep = make(), fd = event(0);
	pid_t pid;

	CHECK_EQ(ctl(ep, EPOLL_CTL_ADD, fd, EPOLLIN), 0);
	IN_CHILD(pid) {
		sys(SYS_close, fd);	/* the parent has it still */
		CHECK_EQ(next(ep, fd, -1), EPOLLIN);
	}
	sleep_ms(20);
	add_one(fd);
	CHECK_EXIT(pid, 0);
	CHECK_EQ(next(ep, fd, 0), EPOLLIN);
}

CASE(nested)
{
	int outer = make(), inner = make(), fd = event(0);
	struct pollfd p = { .fd = outer, .events = POLLIN };

	CHECK_EQ(ctl(outer, EPOLL_CTL_ADD, inner, EPOLLIN), 0);
	CHECK_EQ(ctl(inner, EPOLL_CTL_ADD, fd, EPOLLIN), 0);
	CHECK_EQ(sys(SYS_poll, &p, 1, 0), 0);
	add_one(fd);
	CHECK_EQ(sys(SYS_poll, &p, 1, 0), 1);
	CHECK_EQ(p.revents, POLLIN);
	CHECK_EQ(next(outer, inner, 0), EPOLLIN);
	CHECK_EQ(next(inner, fd, 0), EPOLLIN);
	CHECK_EQ(next(outer, inner, 0), EPOLLIN);
	drain(fd);
	CHECK_EQ(sys(SYS_poll, &p, 1, 0), 0);
	CHECK_EQ(next(outer, inner, 0), 0);
	add_one(fd);
	sys(SYS_close, inner);
	CHECK_EQ(next(outer, inner, 0), 0);
}

CASE(nested_edge)
{
	int outer = make(), inner = make(), fd = event(0);

	CHECK_EQ(ctl(outer, EPOLL_CTL_ADD, inner, EPOLLIN | EPOLLET), 0);
	CHECK_EQ(ctl(inner, EPOLL_CTL_ADD, fd, EPOLLIN), 0);
	add_one(fd);
	CHECK_EQ(next(outer, inner, 0), EPOLLIN);
	CHECK_EQ(next(outer, inner, 0), 0);
	CHECK_EQ(next(inner, fd, 0), EPOLLIN);
	CHECK_EQ(next(outer, inner, 0), 0);
	add_one(fd);
	CHECK_EQ(next(outer, inner, 0), EPOLLIN);
}

CASE(nested_limits)
{
	int ep[6];
	size_t i;

	for (i = 0; i < COUNT(ep); i++)
		ep[i] = make();
	for (i = 0; i < 4; i++)
		CHECK_EQ(ctl(ep[i], EPOLL_CTL_ADD, ep[i + 1], EPOLLIN), 0);
	CHECK_EQ(ctl(ep[4], EPOLL_CTL_ADD, ep[0], EPOLLIN), -ELOOP);
	CHECK_EQ(ctl(ep[1], EPOLL_CTL_ADD, ep[0], EPOLLIN), -ELOOP);
	CHECK_EQ(ctl(ep[4], EPOLL_CTL_ADD, ep[5], EPOLLIN), -ELOOP);
	CHECK_EQ(ctl(ep[5], EPOLL_CTL_ADD, ep[0], EPOLLIN), -ELOOP);
	CHECK_EQ(ctl(ep[0], EPOLL_CTL_DEL, ep[1], 0), 0);
	CHECK_EQ(ctl(ep[4], EPOLL_CTL_ADD, ep[5], EPOLLIN), 0);
	i = (size_t)event(0);
	CHECK_EQ(ctl(ep[5], EPOLL_CTL_ADD, (int)i, EPOLLIN), 0);
	add_one((int)i);
	CHECK_EQ(next(ep[1], ep[2], 0), EPOLLIN);
}

CASE(timeouts)
{
	struct timespec t = { 0, 30000000 }, bad = { 0, 1000000000 }, zero = { 0, 0 };
	struct epoll_event ev;
	int64_t start = now_ns();
	int ep = make();

	CHECK_EQ(sys(SYS_epoll_wait, ep, &ev, 1, 30), 0);
	CHECK(now_ns() - start >= 30000000);
	start = now_ns();
	CHECK_EQ(sys(SYS_epoll_pwait2, ep, &ev, 1, &t, 0, 8), 0);
	CHECK(now_ns() - start >= 30000000);
	CHECK_EQ(sys(SYS_epoll_pwait2, ep, &ev, 1, &bad, 0, 8), -EINVAL);
	CHECK_EQ(sys(SYS_epoll_pwait2, ep, &ev, 1, &zero, 0, 8), 0);
	CHECK_EQ(sys(SYS_epoll_pwait2, ep, &ev, 1, 8, 0, 8), -EFAULT);
}

static volatile int handled;

static void on_signal(int signo UNUSED)
{
	handled++;
}

CASE(signals)
{
	struct sigaction act = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	uint64_t usr1 = 1ull << (SIGUSR1 - 1), none = 0, now;
	struct epoll_event ev;
	int ep = make();
	pid_t pid, self = getpid();

	sigaction(SIGUSR1, &act, NULL);
	IN_CHILD(pid) {
		sleep_ms(30);
		kill(self, SIGUSR1);
	}
	CHECK_EQ(sys(SYS_epoll_wait, ep, &ev, 1, -1), -EINTR);	/* SA_RESTART or not */
	CHECK_EQ(handled, 1);
	CHECK_EXIT(pid, 0);
	/* Blocked outside, let in while it waits. */
	CHECK_EQ(sys(SYS_rt_sigprocmask, SIG_BLOCK, &usr1, 0, 8), 0);
	kill(self, SIGUSR1);
	CHECK_EQ(sys(SYS_epoll_pwait, ep, &ev, 1, 20, 0, 8), 0);
	CHECK_EQ(handled, 1);
	CHECK_EQ(sys(SYS_epoll_pwait, ep, &ev, 1, -1, &none, 8), -EINTR);
	CHECK_EQ(handled, 2);
	CHECK_EQ(sys(SYS_rt_sigprocmask, SIG_BLOCK, 0, &now, 8), 0);
	CHECK_EQ(now, usr1);
}

/* ---- threads ---- */

enum { WAITERS = 4, ROUNDS = 200 };

struct shared {
	int ep, fd, done;
	int taken;
};

static void *taker(void *arg)
{
	struct shared *s = arg;
	struct epoll_event ev;
	uint64_t n;

	for (;;) {
		if (sys(SYS_epoll_wait, s->ep, &ev, 1, -1) != 1)
			return arg;
		if (ev.data.fd == s->done)
			return NULL;
		if (sys(SYS_read, s->fd, &n, 8) == 8)
			__atomic_add_fetch(&s->taken, 1, __ATOMIC_SEQ_CST);
	}
}

static void share_out(uint32_t flags)
{
	struct shared s = { .ep = make(), .done = event(0),
			    .fd = (int)sys(SYS_eventfd2, 0, EFD_NONBLOCK | EFD_SEMAPHORE) };
	struct epoll_event ev = { .events = EPOLLIN | flags, .data.fd = s.fd };
	pthread_t t[WAITERS];
	void *bad;
	size_t i;

	CHECK_EQ(sys(SYS_epoll_ctl, s.ep, EPOLL_CTL_ADD, s.fd, &ev), 0);
	ev = (struct epoll_event){ .events = EPOLLIN, .data.fd = s.done };
	CHECK_EQ(sys(SYS_epoll_ctl, s.ep, EPOLL_CTL_ADD, s.done, &ev), 0);
	for (i = 0; i < WAITERS; i++)
		REQUIRE(pthread_create(&t[i], NULL, taker, &s) == 0);
	for (i = 0; i < ROUNDS; i++) {
		add_one(s.fd);
		if (i % 16 == 0)
			sleep_ms(1);
	}
	for (i = 0; i < 5000 && __atomic_load_n(&s.taken, __ATOMIC_SEQ_CST) < ROUNDS && !flags; i++)
		sleep_ms(1);
	add_one(s.done);	/* level: everybody sees it */
	for (i = 0; i < WAITERS; i++) {
		REQUIRE(pthread_join(t[i], &bad) == 0);
		CHECK(!bad);
	}
	if (!flags)
		CHECK_EQ(s.taken, ROUNDS);
}

CASE(several_waiters)
{
	share_out(0);
}

CASE(several_waiters_edge)
{
	share_out(EPOLLET);
}

static int churn_ep[3];

static void *churner(void *arg)
{
	unsigned seed = (unsigned)(uintptr_t)arg;
	int i;

	for (i = 0; i < 3000; i++) {
		int fd = event(1), ep = churn_ep[(seed + (unsigned)i) % 3], own = make();

		sys(SYS_close, own);
		ctl(ep, EPOLL_CTL_ADD, fd, EPOLLIN);
		if (i % 3 == 0)
			ctl(ep, EPOLL_CTL_DEL, fd, 0);
		if (i % 7 == 0)
			ctl(churn_ep[i % 2], EPOLL_CTL_ADD, churn_ep[i % 2 + 1], EPOLLIN);
		if (i % 7 == 3)
			ctl(churn_ep[i % 2], EPOLL_CTL_DEL, churn_ep[i % 2 + 1], 0);
		sys(SYS_close, fd);
	}
	return NULL;
}

/* Adding, removing, closing and waiting at once: nothing is left behind and nothing hangs. */
CASE(churn)
{
	struct epoll_event ev[4];
	pthread_t t[3];
	size_t i;

	for (i = 0; i < 3; i++)
		churn_ep[i] = make();
	for (i = 0; i < 3; i++)
		REQUIRE(pthread_create(&t[i], NULL, churner, (void *)i) == 0);
	for (i = 0; i < 2000; i++)
		CHECK(sys(SYS_epoll_wait, churn_ep[i % 3], ev, 4, 0) >= 0);
	for (i = 0; i < 3; i++)
		pthread_join(t[i], NULL);
	ctl(churn_ep[0], EPOLL_CTL_DEL, churn_ep[1], 0);
	ctl(churn_ep[1], EPOLL_CTL_DEL, churn_ep[2], 0);
	for (i = 0; i < 3; i++)
		CHECK_EQ(sys(SYS_epoll_wait, churn_ep[i], ev, 4, 0), 0);
}
