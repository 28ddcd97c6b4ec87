/* SPDX-License-Identifier: MIT */
/*
 * pidfd_test.c - pidfd_open, pidfd_send_signal, waitid(P_PIDFD), CLONE_PIDFD, polling for the end of a process.
 * Source: man pidfd_open(2), pidfd_send_signal(2), waitid(2), clone(2).
 */
#include "ktap.h"

#include <poll.h>
#include <sched.h>
#include <sys/epoll.h>

#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_clone3
#define SYS_clone3 435
#endif
#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x1000
#endif
#define PIDFD P_PIDFD_NR
enum { P_PIDFD_NR = 3, NONBLOCK = 04000 };

static int open_pid(pid_t pid, unsigned flags)
{
	int fd = (int)sys(SYS_pidfd_open, pid, flags);

	REQUIRE(fd >= 0);
	return fd;
}

/* A child that waits to be killed. */
static pid_t sleeper(void)
{
	pid_t pid = fork();

	REQUIRE(pid >= 0);
	if (pid == 0)
		for (;;)
			sys(SYS_pause);
	return pid;
}

CASE(open_errors)
{
	int fd = open_pid(getpid(), 0);
	char c;

	CHECK_EQ(sys(SYS_fcntl, fd, F_GETFD), FD_CLOEXEC);
	CHECK_EQ(sys(SYS_fcntl, open_pid(getpid(), NONBLOCK), F_GETFL) & NONBLOCK, NONBLOCK);
	CHECK_EQ(sys(SYS_pidfd_open, 0, 0), -EINVAL);
	CHECK_EQ(sys(SYS_pidfd_open, -1, 0), -EINVAL);
	CHECK_EQ(sys(SYS_pidfd_open, getpid(), 1), -EINVAL);
	CHECK_EQ(sys(SYS_pidfd_open, 0x7fffffff, 0), -ESRCH);
	CHECK_EQ(sys(SYS_read, fd, &c, 1), -EINVAL);
	CHECK_EQ(sys(SYS_write, fd, &c, 1), -EINVAL);
}

CASE(send_signal)
{
	pid_t pid = sleeper();
	int fd = open_pid(pid, 0), status;
	siginfo_t info = { .si_signo = SIGTERM, .si_code = SI_USER };

	CHECK_EQ(sys(SYS_pidfd_send_signal, fd, 0, 0, 0), 0);
	CHECK_EQ(sys(SYS_pidfd_send_signal, fd, 65, 0, 0), -EINVAL);
	CHECK_EQ(sys(SYS_pidfd_send_signal, fd, SIGTERM, 0, 64), -EINVAL);
	CHECK_EQ(sys(SYS_pidfd_send_signal, 0, SIGTERM, 0, 0), -EBADF);
	CHECK_EQ(sys(SYS_pidfd_send_signal, 777, SIGTERM, 0, 0), -EBADF);
	CHECK_EQ(sys(SYS_pidfd_send_signal, fd, SIGTERM, 8, 0), -EFAULT);
	CHECK_EQ(sys(SYS_pidfd_send_signal, fd, SIGTERM, &info, 0), -EPERM);
	CHECK_EQ(sys(SYS_pidfd_send_signal, fd, SIGINT, &info, 0), -EINVAL);
	info.si_code = SI_QUEUE;
	CHECK_EQ(sys(SYS_pidfd_send_signal, fd, SIGTERM, &info, 0), 0);
	status = child_status(pid);
	CHECK_EQ(status, SIGTERM);
	CHECK_EQ(sys(SYS_pidfd_send_signal, fd, SIGTERM, 0, 0), -ESRCH);
}

/* An open /proc/PID names the process as well; what is below it does not. */
CASE(send_signal_by_proc_folder)
{
	pid_t pid = sleeper();
	char path[40];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d", pid);
	fd = open(path, O_RDONLY | O_DIRECTORY);
	REQUIRE(fd >= 0);
	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	CHECK_EQ(sys(SYS_pidfd_send_signal, open(path, O_RDONLY), 0, NULL, 0), -EBADF);
	CHECK_EQ(sys(SYS_pidfd_send_signal, open("/", O_RDONLY), 0, NULL, 0), -EBADF);
	CHECK_EQ(sys(SYS_pidfd_send_signal, fd, 0, NULL, 0), 0);
	CHECK_EQ(sys(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0), 0);
	CHECK_KILLED(pid, SIGKILL);
	CHECK_EQ(sys(SYS_pidfd_send_signal, fd, 0, NULL, 0), -ESRCH);
}

CASE(zombie_takes_signals)
{
	pid_t pid = fork();
	struct pollfd p;

	if (pid == 0)
		_exit(3);
	p = (struct pollfd){ .fd = open_pid(pid, 0), .events = POLLIN };
	CHECK_EQ(sys(SYS_poll, &p, 1, -1), 1);
	CHECK_EQ(p.revents, POLLIN);
	CHECK_EQ(sys(SYS_pidfd_send_signal, p.fd, SIGTERM, 0, 0), 0);
	CHECK_EQ(open_pid(pid, 0) >= 0, 1);
	CHECK_EXIT(pid, 3);
	CHECK_EQ(sys(SYS_poll, &p, 1, 0), 1);
	CHECK_EQ(p.revents & POLLIN, POLLIN);
	CHECK_EQ(sys(SYS_pidfd_open, pid, 0), -ESRCH);
}

CASE(poll_and_epoll)
{
	int ep = (int)sys(SYS_epoll_create1, 0);
	struct epoll_event ev = { .events = EPOLLIN | EPOLLET };
	pid_t pid = sleeper();
	struct pollfd p = { .fd = open_pid(pid, 0), .events = POLLIN | POLLOUT };

	CHECK_EQ(sys(SYS_epoll_ctl, ep, EPOLL_CTL_ADD, p.fd, &ev), 0);
	CHECK_EQ(sys(SYS_poll, &p, 1, 0), 0);
	CHECK_EQ(sys(SYS_epoll_wait, ep, &ev, 1, 0), 0);
	kill(pid, SIGKILL);
	CHECK_EQ(sys(SYS_epoll_wait, ep, &ev, 1, -1), 1);
	CHECK_EQ(ev.events & EPOLLIN, EPOLLIN);
	CHECK_EQ(sys(SYS_poll, &p, 1, -1), 1);
	CHECK_EQ(p.revents, POLLIN);
	CHECK_KILLED(pid, SIGKILL);
}

CASE(wait_by_pidfd)
{
	siginfo_t info = { 0 };
	pid_t pid = fork(), other = sleeper();
	int fd;

	if (pid == 0) {
		sleep_ms(20);
		_exit(5);
	}
	fd = open_pid(pid, 0);
	CHECK_EQ(sys(SYS_waitid, PIDFD, -1, &info, WEXITED, 0), -EINVAL);
	CHECK_EQ(sys(SYS_waitid, PIDFD, 777, &info, WEXITED, 0), -EBADF);
	CHECK_EQ(sys(SYS_waitid, PIDFD, 0, &info, WEXITED, 0), -EBADF);
	CHECK_EQ(sys(SYS_waitid, PIDFD, open_pid(getpid(), 0), &info, WEXITED, 0), -ECHILD);
	CHECK_EQ(sys(SYS_waitid, PIDFD, open_pid(other, NONBLOCK), &info, WEXITED, 0), -EAGAIN);
	CHECK_EQ(sys(SYS_waitid, PIDFD, open_pid(other, 0), &info, WEXITED | WNOHANG, 0), 0);
	CHECK_EQ(info.si_pid, 0);
	CHECK_EQ(sys(SYS_waitid, PIDFD, fd, &info, WEXITED, 0), 0);
	CHECK_EQ(info.si_pid, pid);
	CHECK_EQ(info.si_code, CLD_EXITED);
	CHECK_EQ(info.si_status, 5);
	CHECK_EQ(sys(SYS_waitid, PIDFD, fd, &info, WEXITED, 0), -ECHILD);
	kill(other, SIGKILL);
	CHECK_KILLED(other, SIGKILL);
}

CASE(clone_gives_one)
{
	int fd = -1;
	siginfo_t info = { 0 };
	long pid = sys(SYS_clone, CLONE_PIDFD | SIGCHLD, 0, &fd, 0, 0);

	if (pid == 0)
		sys(SYS_exit_group, 4);
	REQUIRE(pid > 0);
	CHECK(fd >= 0);
	CHECK_EQ(sys(SYS_fcntl, fd, F_GETFD), FD_CLOEXEC);
	CHECK_EQ(sys(SYS_waitid, PIDFD, fd, &info, WEXITED, 0), 0);
	CHECK_EQ(info.si_pid, pid);
	CHECK_EQ(info.si_status, 4);
	CHECK_EQ(sys(SYS_clone, CLONE_PIDFD | CLONE_PARENT_SETTID | SIGCHLD, 0, &fd, 0, 0), -EINVAL);
	CHECK_EQ(sys(SYS_clone, CLONE_PIDFD | 0x400000 | SIGCHLD, 0, &fd, 0, 0), -EINVAL);
	CHECK_EQ(sys(SYS_clone, CLONE_PIDFD | SIGCHLD, 0, 8, 0, 0), -EFAULT);
	CHECK_EQ(sys(SYS_waitid, P_ALL, 0, &info, WEXITED | WNOHANG, 0), -ECHILD);
}

CASE(clone3_gives_one)
{
	int fd = -1;
	siginfo_t info = { 0 };
	uint64_t args[11] = { CLONE_PIDFD, (uintptr_t)&fd, 0, 0, SIGCHLD };
	long pid = sys(SYS_clone3, args, 88);

	if (pid == 0)
		sys(SYS_exit_group, 6);
	REQUIRE(pid > 0);
	CHECK_EQ(sys(SYS_waitid, PIDFD, fd, &info, WEXITED, 0), 0);
	CHECK_EQ(info.si_pid, pid);
	CHECK_EQ(info.si_status, 6);
}

/* The number may be given to another: the descriptor still means the first. */
CASE(number_is_not_meant)
{
	pid_t pid = fork(), next = 0;
	int fd, i;

	if (pid == 0)
		_exit(0);
	fd = open_pid(pid, 0);
	CHECK_EXIT(pid, 0);
	for (i = 0; i < 50 && next != pid; i++) {
		next = fork();
		if (next == 0)
			_exit(0);
		CHECK_EQ(sys(SYS_pidfd_send_signal, fd, 0, 0, 0), -ESRCH);
		CHECK_EXIT(next, 0);
	}
}
