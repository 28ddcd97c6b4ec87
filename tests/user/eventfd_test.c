/* SPDX-License-Identifier: MIT */
/*
 * eventfd_test.c - eventfd2: counting, semaphores, blocking, poll. Source: man eventfd(2).
 */
#include "ktap.h"

#include <poll.h>
#include <sys/eventfd.h>

static int make(unsigned value, int flags)
{
	int fd = (int)sys(SYS_eventfd2, value, flags);

	REQUIRE(fd >= 0);
	return fd;
}

CASE(counts_and_empties)
{
	int fd = make(3, EFD_NONBLOCK);
	uint64_t n = 4;

	CHECK_EQ(sys(SYS_write, fd, &n, 8), 8);
	CHECK_EQ(sys(SYS_read, fd, &n, 8), 8);
	CHECK_EQ(n, 7);
	CHECK_EQ(sys(SYS_read, fd, &n, 8), -EAGAIN);
}

CASE(semaphore)
{
	int fd = make(2, EFD_NONBLOCK | EFD_SEMAPHORE);
	uint64_t n;

	CHECK_EQ(sys(SYS_read, fd, &n, 8), 8);
	CHECK_EQ(n, 1);
	CHECK_EQ(sys(SYS_read, fd, &n, 8), 8);
	CHECK_EQ(n, 1);
	CHECK_EQ(sys(SYS_read, fd, &n, 8), -EAGAIN);
}

CASE(errors)
{
	int fd = make(0, EFD_NONBLOCK);
	uint64_t n = ~0ull;

	CHECK_EQ(sys(SYS_eventfd2, 0, 4), -EINVAL);
	CHECK_EQ(sys(SYS_write, fd, &n, 8), -EINVAL);
	CHECK_EQ(sys(SYS_write, fd, &n, 4), -EINVAL);
	CHECK_EQ(sys(SYS_read, fd, &n, 4), -EINVAL);
	CHECK_EQ(sys(SYS_write, fd, NULL, 8), -EFAULT);
	n = ~0ull - 1;
	CHECK_EQ(sys(SYS_write, fd, &n, 8), 8);
	n = 1;
	CHECK_EQ(sys(SYS_write, fd, &n, 8), -EAGAIN);
}

CASE(poll_and_flags)
{
	int fd = make(0, EFD_CLOEXEC);
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT };
	uint64_t n = 1;

	CHECK_EQ(sys(SYS_fcntl, fd, F_GETFD), FD_CLOEXEC);
	CHECK_EQ(sys(SYS_poll, &p, 1, 0), 1);
	CHECK_EQ(p.revents, POLLOUT);
	CHECK_EQ(sys(SYS_write, fd, &n, 8), 8);
	CHECK_EQ(sys(SYS_poll, &p, 1, 0), 1);
	CHECK_EQ(p.revents, POLLIN | POLLOUT);
}

CASE(reader_is_woken)
{
	int fd = make(0, 0);
	uint64_t n = 9;
	pid_t pid;

	IN_CHILD(pid) {
		sleep_ms(20);
		CHECK_EQ(sys(SYS_write, fd, &n, 8), 8);
	}
	n = 0;
	CHECK_EQ(sys(SYS_read, fd, &n, 8), 8);
	CHECK_EQ(n, 9);
	CHECK_EXIT(pid, 0);
}
