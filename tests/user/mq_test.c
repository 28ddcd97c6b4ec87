/* SPDX-License-Identifier: MIT */
/*
 * mq_test.c - POSIX message queues by their system calls. Source: man mq_overview(7), mq_open(3), mq_send(3),
 * mq_receive(3), mq_notify(3), mq_getsetattr(2). The kernel wants names without the slash.
 */
#include "ktap.h"

#include <mqueue.h>
#include <poll.h>
#include <sys/resource.h>

#define BAD ((void *)0x10)

struct attr {
	long flags, maxmsg, msgsize, curmsgs, pad[4];
};

static char name[64];

static int make(long maxmsg, long msgsize, int flags)
{
	struct attr a = { .maxmsg = maxmsg, .msgsize = msgsize };
	int fd;

	snprintf(name, sizeof(name), "ktap.%d.%s", getpid(), ktap_current);
	fd = (int)sys(SYS_mq_open, name, O_RDWR | O_CREAT | O_EXCL | flags, 0600, &a);
	if (fd == -ENOSYS)
		SKIP("no message queues");
	REQUIRE(fd >= 0);
	return fd;
}

static void done(void)
{
	CHECK_EQ(sys(SYS_mq_unlink, name), 0);
}

static long send_text(int fd, const char *text, unsigned prio)
{
	return sys(SYS_mq_timedsend, fd, text, strlen(text) + 1, prio, NULL);
}

CASE(names_and_flags)
{
	int fd = make(4, 32, 0), other;
	struct attr a = { .maxmsg = 0, .msgsize = 10 };

	CHECK_EQ(sys(SYS_fcntl, fd, F_GETFD), FD_CLOEXEC);
	CHECK_EQ(sys(SYS_mq_open, name, O_RDWR | O_CREAT | O_EXCL, 0600, NULL), -EEXIST);
	other = (int)sys(SYS_mq_open, name, O_RDONLY, 0, NULL);
	CHECK(other >= 0);
	CHECK_EQ(send_text(other, "x", 0), -EBADF);
	CHECK_EQ(sys(SYS_mq_open, "ktap.not.there", O_RDWR, 0, NULL), -ENOENT);
	CHECK_EQ(sys(SYS_mq_open, "", O_RDWR | O_CREAT, 0600, NULL), -ENOENT);
	CHECK_EQ(sys(SYS_mq_open, "a/b", O_RDWR | O_CREAT, 0600, NULL), -EACCES);
	CHECK_EQ(sys(SYS_mq_open, BAD, O_RDWR, 0, NULL), -EFAULT);
	CHECK_EQ(sys(SYS_mq_open, name, O_RDWR, 0, BAD), -EFAULT);
	CHECK_EQ(sys(SYS_mq_open, "ktap.bad", O_RDWR | O_CREAT, 0600, &a), -EINVAL);
	done();
	CHECK_EQ(sys(SYS_mq_unlink, name), -ENOENT);
	CHECK_EQ(sys(SYS_mq_unlink, BAD), -EFAULT);
	CHECK_EQ(send_text(fd, "still works", 0), 0);
}

CASE(order_by_priority)
{
	int fd = make(8, 32, O_NONBLOCK);
	char text[32];
	unsigned prio = 77;
	struct attr a;

	CHECK_EQ(sys(SYS_mq_timedreceive, fd, text, 32, &prio, NULL), -EAGAIN);
	CHECK_EQ(send_text(fd, "low", 1), 0);
	CHECK_EQ(send_text(fd, "high", 9), 0);
	CHECK_EQ(send_text(fd, "low too", 1), 0);
	CHECK_EQ(send_text(fd, "", 0), 0);
	CHECK_EQ(sys(SYS_mq_getsetattr, fd, NULL, &a), 0);
	CHECK_EQ(a.curmsgs, 4);
	CHECK_EQ(a.maxmsg, 8);
	CHECK_EQ(a.msgsize, 32);
	CHECK_EQ(a.flags, O_NONBLOCK);
	CHECK_EQ(sys(SYS_mq_timedreceive, fd, text, 32, &prio, NULL), 5);
	CHECK_STR(text, "high");
	CHECK_EQ(prio, 9);
	CHECK_EQ(sys(SYS_mq_timedreceive, fd, text, 32, &prio, NULL), 4);
	CHECK_EQ(sys(SYS_mq_timedreceive, fd, text, 32, NULL, NULL), 8);
	CHECK_STR(text, "low too");
	CHECK_EQ(sys(SYS_mq_timedreceive, fd, text, 32, &prio, NULL), 1);
	CHECK_EQ(prio, 0);
	done();
}

CASE(limits_and_errors)
{
	int fd = make(2, 16, O_NONBLOCK);
	struct timespec bad = { 0, 1000000000 };
	struct attr a = { .flags = O_NONBLOCK | 1 };
	char text[64] = "";

	CHECK_EQ(sys(SYS_mq_timedsend, fd, text, 17, 0, NULL), -EMSGSIZE);
	CHECK_EQ(sys(SYS_mq_timedsend, fd, text, 1, 32768, NULL), -EINVAL);
	CHECK_EQ(sys(SYS_mq_timedsend, fd, BAD, 1, 0, NULL), -EFAULT);
	CHECK_EQ(sys(SYS_mq_timedsend, fd, text, 1, 0, &bad), -EINVAL);
	CHECK_EQ(sys(SYS_mq_timedsend, fd, text, 1, 0, BAD), -EFAULT);
	CHECK_EQ(sys(SYS_mq_timedsend, 0, text, 1, 0, NULL), -EBADF);
	CHECK_EQ(sys(SYS_mq_timedsend, 777, text, 1, 0, NULL), -EBADF);
	CHECK_EQ(sys(SYS_mq_timedreceive, fd, text, 15, NULL, NULL), -EMSGSIZE);
	CHECK_EQ(sys(SYS_mq_getsetattr, fd, &a, NULL), -EINVAL);
	CHECK_EQ(sys(SYS_mq_getsetattr, fd, BAD, NULL), -EFAULT);
	CHECK_EQ(sys(SYS_mq_getsetattr, fd, NULL, BAD), -EFAULT);
	CHECK_EQ(sys(SYS_mq_getsetattr, 0, NULL, &a), -EBADF);
	CHECK_EQ(send_text(fd, "1", 0), 0);
	CHECK_EQ(send_text(fd, "2", 0), 0);
	CHECK_EQ(send_text(fd, "3", 0), -EAGAIN);
	CHECK_EQ(sys(SYS_mq_timedreceive, fd, BAD, 16, NULL, NULL), -EFAULT);
	done();
}

CASE(time_outs)
{
	int fd = make(1, 16, 0);
	struct timespec t;
	int64_t start = now_ns();
	char text[16];

	clock_gettime(CLOCK_REALTIME, &t);
	t.tv_nsec += 30000000;
	if (t.tv_nsec >= 1000000000) {
		t.tv_nsec -= 1000000000;
		t.tv_sec++;
	}
	CHECK_EQ(sys(SYS_mq_timedreceive, fd, text, 16, NULL, &t), -ETIMEDOUT);
	CHECK(now_ns() - start >= 25000000);
	CHECK_EQ(send_text(fd, "full", 0), 0);
	CHECK_EQ(sys(SYS_mq_timedsend, fd, text, 1, 0, &t), -ETIMEDOUT);
	done();
}

CASE(between_processes)
{
	int a = make(2, 16, 0), b;
	char first[64], text[16];
	pid_t pid;

	snprintf(first, sizeof(first), "%s", name);
	strcat(name, ".back");
	b = (int)sys(SYS_mq_open, name, O_RDWR | O_CREAT, 0600, NULL);
	REQUIRE(b >= 0);
	IN_CHILD(pid) {
		static char big[8192];

		for (int i = 0; i < 300; i++) {
			CHECK_EQ(sys(SYS_mq_timedreceive, a, text, 16, NULL, NULL), 5);
			CHECK_EQ(send_text(b, "pong", 0), 0);
		}
		CHECK_EQ(sys(SYS_mq_timedreceive, b, big, sizeof(big) - 1, NULL, NULL), -EMSGSIZE);
	}
	for (int i = 0; i < 300; i++) {
		static char big[8192];

		CHECK_EQ(send_text(a, "ping", 0), 0);
		CHECK_EQ(sys(SYS_mq_timedreceive, b, big, sizeof(big), NULL, NULL), 5);
	}
	CHECK_EXIT(pid, 0);
	done();
	strcpy(name, first);
	done();
}

CASE(poll_sees_it)
{
	int fd = make(1, 16, 0);
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT };
	char text[16];

	CHECK_EQ(poll(&p, 1, 0), 1);
	CHECK_EQ(p.revents, POLLOUT);
	CHECK_EQ(send_text(fd, "x", 0), 0);
	CHECK_EQ(poll(&p, 1, 0), 1);
	CHECK_EQ(p.revents, POLLIN);
	CHECK_EQ(sys(SYS_mq_timedreceive, fd, text, 16, NULL, NULL), 2);
	done();
}

struct event {
	union sigval value;
	int signo, notify, pad[12];
};

CASE(notification)
{
	int fd = make(4, 16, 0);
	struct event e = { .notify = SIGEV_SIGNAL, .signo = SIGUSR1, .value.sival_int = 99 };
	uint64_t mask = 1ull << (SIGUSR1 - 1);
	struct timespec soon = { 0, 20000000 }, late = { 5, 0 };
	siginfo_t info;
	char text[16];
	pid_t pid;

	sys(SYS_rt_sigprocmask, SIG_BLOCK, &mask, NULL, 8);
	CHECK_EQ(sys(SYS_mq_notify, fd, &e), 0);
	CHECK_EQ(sys(SYS_mq_notify, fd, &e), -EBUSY);
	IN_CHILD(pid) {
		CHECK_EQ(sys(SYS_mq_notify, fd, &e), -EBUSY);
		CHECK_EQ(send_text(fd, "news", 0), 0);
		CHECK_EQ(send_text(fd, "more", 0), 0);
	}
	CHECK_EXIT(pid, 0);
	CHECK_EQ(sys(SYS_rt_sigtimedwait, &mask, &info, &late, 8), SIGUSR1);
	CHECK_EQ(info.si_code, SI_MESGQ);
	CHECK_EQ(info.si_value.sival_int, 99);
	CHECK_EQ(info.si_pid, pid);
	CHECK_EQ(sys(SYS_rt_sigtimedwait, &mask, &info, &soon, 8), -EAGAIN);	/* once */
	/* Not while there is something to read. */
	CHECK_EQ(sys(SYS_mq_notify, fd, &e), 0);
	CHECK_EQ(send_text(fd, "third", 0), 0);
	CHECK_EQ(sys(SYS_rt_sigtimedwait, &mask, &info, &soon, 8), -EAGAIN);
	for (int i = 0; i < 3; i++)
		CHECK(sys(SYS_mq_timedreceive, fd, text, 16, NULL, NULL) > 0);
	CHECK_EQ(send_text(fd, "again", 0), 0);
	CHECK_EQ(sys(SYS_rt_sigtimedwait, &mask, &info, &late, 8), SIGUSR1);
	CHECK_EQ(sys(SYS_mq_notify, fd, &e), 0);
	CHECK_EQ(sys(SYS_mq_notify, fd, NULL), 0);	/* taken back */
	CHECK_EQ(sys(SYS_mq_notify, fd, &e), 0);
	e.notify = 77;
	CHECK_EQ(sys(SYS_mq_notify, fd, &e), -EINVAL);
	e.notify = SIGEV_SIGNAL;
	e.signo = 100;
	CHECK_EQ(sys(SYS_mq_notify, fd, &e), -EINVAL);
	CHECK_EQ(sys(SYS_mq_notify, fd, BAD), -EFAULT);
	CHECK_EQ(sys(SYS_mq_notify, 0, NULL), -EBADF);
	done();
}

CASE(permissions)
{
	int fd;
	pid_t pid;

	if (!is_root())
		SKIP("needs root");
	fd = make(4, 16, 0);
	IN_CHILD(pid) {
		REQUIRE(drop_root());
		CHECK_EQ(sys(SYS_mq_open, name, O_RDONLY, 0, NULL), -EACCES);
		CHECK_EQ(sys(SYS_mq_unlink, name), -EPERM);
		CHECK_EQ(send_text(fd, "open already", 0), 0);
	}
	CHECK_EXIT(pid, 0);
	done();
}

/* By the C library: name with slash. */
CASE(library)
{
	struct mq_attr a = { .mq_maxmsg = 3, .mq_msgsize = 20 };
	unsigned prio;
	char text[20];
	mqd_t q;

	snprintf(name, sizeof(name), "/ktap.lib.%d", getpid());
	q = mq_open(name, O_RDWR | O_CREAT, 0600, &a);
	REQUIRE(q != (mqd_t)-1);
	CHECK_EQ(mq_send(q, "abc", 4, 5), 0);
	CHECK_EQ(mq_receive(q, text, sizeof(text), &prio), 4);
	CHECK_EQ(prio, 5);
	CHECK_EQ(mq_close(q), 0);
	CHECK_EQ(mq_unlink(name), 0);
}
