/* SPDX-License-Identifier: MIT */
/*
 * signalfd_test.c - signalfd4: reading signals, waiting for them. Source: man signalfd(2).
 */
#include "ktap.h"

#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>

#define BIT_OF(signo) (1ull << ((signo) - 1))

static int make(uint64_t set, int flags)
{
	int fd = (int)sys(SYS_signalfd4, -1, &set, 8, flags);

	REQUIRE(fd >= 0);
	return fd;
}

static void block(uint64_t set)
{
	REQUIRE(sys(SYS_rt_sigprocmask, SIG_BLOCK, &set, 0, 8) == 0);
}

CASE(errors)
{
	uint64_t set = BIT_OF(SIGUSR1);
	int fd = make(set, SFD_CLOEXEC | SFD_NONBLOCK);
	char buf[128];

	CHECK_EQ(sys(SYS_fcntl, fd, F_GETFD), FD_CLOEXEC);
	CHECK_EQ(sys(SYS_fcntl, fd, F_GETFL), O_RDWR | O_NONBLOCK);
	CHECK_EQ(sys(SYS_fcntl, make(set, 0), F_GETFD), 0);
	CHECK_EQ(sys(SYS_signalfd4, -1, &set, 4, 0), -EINVAL);
	CHECK_EQ(sys(SYS_signalfd4, -1, &set, 8, 1), -EINVAL);
	CHECK_EQ(sys(SYS_signalfd4, -1, 0, 8, 0), -EFAULT);
	CHECK_EQ(sys(SYS_signalfd4, 777, &set, 8, 0), -EBADF);
	CHECK_EQ(sys(SYS_signalfd4, 0, &set, 8, 0), -EINVAL);
	CHECK_EQ(sys(SYS_signalfd, -1, &set, 4), -EINVAL);
	CHECK_EQ(sys(SYS_read, fd, buf, 128), -EAGAIN);
	CHECK_EQ(sys(SYS_read, fd, buf, 127), -EINVAL);
	CHECK_EQ(sys(SYS_write, fd, buf, 128), -EINVAL);
}

CASE(user_signals)
{
	struct signalfd_siginfo si[3];
	siginfo_t info = { .si_code = SI_QUEUE };
	int fd = (int)(block(BIT_OF(SIGUSR1) | BIT_OF(40)),
		       make(BIT_OF(SIGUSR1) | BIT_OF(40) | BIT_OF(SIGKILL), SFD_NONBLOCK));

	kill(getpid(), SIGUSR1);
	info.si_value.sival_ptr = (void *)0x1122334455667788;
	info.si_pid = 7;
	info.si_uid = 8;
	CHECK_EQ(sys(SYS_rt_sigqueueinfo, getpid(), 40, &info), 0);
	info.si_value.sival_int = 5;
	CHECK_EQ(sys(SYS_rt_sigqueueinfo, getpid(), 40, &info), 0);
	memset(si, 0xff, sizeof(si));
	CHECK_EQ(sys(SYS_read, fd, si, sizeof(si)), sizeof(si));
	CHECK_EQ(si[0].ssi_signo, SIGUSR1);
	CHECK_EQ(si[0].ssi_code, SI_USER);
	CHECK_EQ(si[0].ssi_pid, getpid());
	CHECK_EQ(si[0].ssi_uid, getuid());
	CHECK_EQ(si[0].ssi_addr, 0);
	CHECK_EQ(si[1].ssi_signo, 40);
	CHECK_EQ(si[1].ssi_code, SI_QUEUE);
	CHECK_EQ(si[1].ssi_pid, 7);
	CHECK_EQ(si[1].ssi_uid, 8);
	CHECK_EQ(si[1].ssi_ptr, 0x1122334455667788);
	CHECK_EQ(si[1].ssi_int, 0x55667788);
	CHECK_EQ(si[2].ssi_int, 5);
	CHECK_EQ(sys(SYS_read, fd, si, sizeof(si)), -EAGAIN);
	/* Sent to the thread. */
	CHECK_EQ(sys(SYS_tgkill, getpid(), sys(SYS_gettid), SIGUSR1), 0);
	CHECK_EQ(sys(SYS_read, fd, si, 200), 128);
	CHECK_EQ(si[0].ssi_code, SI_TKILL);
}

CASE(child_died)
{
	struct signalfd_siginfo si;
	pid_t pid;
	int fd;

	block(BIT_OF(SIGCHLD));
	fd = make(BIT_OF(SIGCHLD), 0);
	pid = fork();
	if (pid == 0) {
		sleep_ms(20);
		_exit(9);
	}
	CHECK_EQ(sys(SYS_read, fd, &si, sizeof(si)), sizeof(si));
	CHECK_EQ(si.ssi_signo, SIGCHLD);
	CHECK_EQ(si.ssi_code, CLD_EXITED);
	CHECK_EQ(si.ssi_pid, pid);
	CHECK_EQ(si.ssi_status, 9);
	CHECK_EXIT(pid, 9);
}

CASE(set_changes)
{
	uint64_t usr2 = BIT_OF(SIGUSR2);
	struct signalfd_siginfo si;
	struct pollfd p;
	int fd;

	block(BIT_OF(SIGUSR1) | usr2);
	fd = make(BIT_OF(SIGUSR1), SFD_NONBLOCK);
	kill(getpid(), SIGUSR2);
	p = (struct pollfd){ .fd = fd, .events = POLLIN | POLLOUT };
	CHECK_EQ(sys(SYS_poll, &p, 1, 0), 0);
	CHECK_EQ(sys(SYS_signalfd4, fd, &usr2, 8, 0), fd);
	CHECK_EQ(sys(SYS_poll, &p, 1, 0), 1);
	CHECK_EQ(p.revents, POLLIN);
	CHECK_EQ(sys(SYS_read, fd, &si, sizeof(si)), sizeof(si));
	CHECK_EQ(si.ssi_signo, SIGUSR2);
	kill(getpid(), SIGUSR1);
	CHECK_EQ(sys(SYS_poll, &p, 1, 0), 0);
}

CASE(poll_is_woken)
{
	int ep = (int)sys(SYS_epoll_create1, 0), fd;
	struct epoll_event ev = { .events = EPOLLIN };
	struct signalfd_siginfo si;
	pid_t pid, self = getpid();
	struct pollfd p;

	block(BIT_OF(SIGUSR1));
	fd = make(BIT_OF(SIGUSR1), 0);
	p = (struct pollfd){ .fd = fd, .events = POLLIN };
	CHECK_EQ(sys(SYS_epoll_ctl, ep, EPOLL_CTL_ADD, fd, &ev), 0);
	IN_CHILD(pid) {
		/* Read here it gives the child's signals, of which there are none. */
		CHECK_EQ(sys(SYS_poll, &p, 1, 0), 0);
		sleep_ms(20);
		kill(self, SIGUSR1);
	}
	CHECK_EQ(sys(SYS_poll, &p, 1, -1), 1);
	CHECK_EXIT(pid, 0);
	CHECK_EQ(sys(SYS_epoll_wait, ep, &ev, 1, 0), 1);
	CHECK_EQ(sys(SYS_read, fd, &si, sizeof(si)), sizeof(si));
	CHECK_EQ(si.ssi_pid, pid);
	CHECK_EQ(sys(SYS_epoll_wait, ep, &ev, 1, 0), 0);
	IN_CHILD(pid) {
		sleep_ms(20);
		kill(self, SIGUSR1);
	}
	CHECK_EQ(sys(SYS_epoll_wait, ep, &ev, 1, -1), 1);
	CHECK_EXIT(pid, 0);
}

/* The watch was set up by a process that is gone. */
CASE(watch_outlives_process)
{
	int ep = (int)sys(SYS_epoll_create1, 0), fd;
	struct epoll_event ev = { .events = EPOLLIN };
	pid_t pid;

	block(BIT_OF(SIGUSR1));
	fd = make(BIT_OF(SIGUSR1), SFD_NONBLOCK);
	IN_CHILD(pid)
		CHECK_EQ(sys(SYS_epoll_ctl, ep, EPOLL_CTL_ADD, fd, &ev), 0);
	CHECK_EXIT(pid, 0);
	CHECK_EQ(sys(SYS_epoll_wait, ep, &ev, 1, 0), 0);
	kill(getpid(), SIGUSR1);
	CHECK_EQ(sys(SYS_epoll_ctl, ep, EPOLL_CTL_MOD, fd, &ev), 0);
	CHECK_EQ(sys(SYS_epoll_wait, ep, &ev, 1, 0), 1);
	sys(SYS_close, fd);
	CHECK_EQ(sys(SYS_epoll_wait, ep, &ev, 1, 0), 0);
}

static int thread_fd;

static void *reader(void *arg)
{
	struct signalfd_siginfo si;

	if (sys(SYS_read, thread_fd, &si, sizeof(si)) != sizeof(si) || si.ssi_signo != SIGUSR1)
		return NULL;
	return arg;
}

CASE(thread_reads)
{
	pthread_t t;
	void *ret;

	block(BIT_OF(SIGUSR1));
	thread_fd = make(BIT_OF(SIGUSR1), 0);
	REQUIRE(pthread_create(&t, NULL, reader, &thread_fd) == 0);
	sleep_ms(20);
	kill(getpid(), SIGUSR1);
	REQUIRE(pthread_join(t, &ret) == 0);
	CHECK(ret == &thread_fd);
}
