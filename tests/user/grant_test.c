/* SPDX-License-Identifier: MIT */
/*
 * grant_test.c - descriptors as capabilities: rights, cap_dup, cap_grant, cap_revoke, cap_check, cap_list (numbers
 * 1027.. of our own). Linux has none of it: all skipped there. What has to hold: security/cap.h, kernel/abi/cap.h.
 *
 *     grant_test @model OPERATIONS SEED      random operations of several processes against a model of the tree
 */
#define KTAP_HAS_HELPER
#include "ktap.h"

#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>

enum { SYS_PLEDGE = 1025, CAP_GRANT = 1027, CAP_REVOKE, CAP_CHECK, CAP_LIST, CAP_DUP = 1045 };

/* kernel/abi/cap.h */
enum { READ = 1, WRITE = 2, EXEC = 4, SEEK = 8, CONTROL = 16, STAT = 32, MAP = 64, WAIT = 128, SIGNAL_ = 256,
       LOOKUP = 512, GRANT = 1024, DUP = 2048, ALL = 4095 };
enum { REVOKED = 2, IN_FLIGHT = 4, MAPPED = 8, OWN = 16 };
struct cap_info {
	int pid, fd;
	uint32_t type, rights, flags, reserved;
	uint64_t id, parent;
};

static void need_caps(void)
{
	if (sys(CAP_CHECK, -1, 0) != -EBADF)
		SKIP("no cap_check");
}

static int open_pidfd(pid_t pid)
{
	int fd = (int)sys(434, pid, 0);

	REQUIRE(fd >= 0);
	return fd;
}

static int temp_file(const char *text)
{
	char path[] = "/tmp/grant.XXXXXX";
	int fd = mkstemp(path);

	REQUIRE(fd >= 0);
	unlink(path);
	REQUIRE_EQ(write(fd, text, strlen(text)), strlen(text));
	return fd;
}

/* ---- processes that do what they are told: a fork of this one, so that pointers mean the same ---------------- */

struct order {
	long nr;	/* a system call, or one of: */
	long args[6];
};
enum { DO_READ_BYTE = -1, DO_FORK = -2, DO_EXIT = -3, DO_SEND_FD = -4, DO_TAKE_FD = -5 };

struct remote {
	pid_t pid;
	int pidfd;
	int ours, theirs;	/* a socket pair */
};

static void send_fd(int sock, int fd)
{
	char byte = 0, control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
			      .msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(int));
	CHECK_EQ(sys(SYS_sendmsg, sock, &msg, 0), 1);
}

/* The number it got, or -errno; @flags of recvmsg. */
static int take_fd(int sock, int flags)
{
	char byte, control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
			      .msg_controllen = sizeof(control) };
	long n = sys(SYS_recvmsg, sock, &msg, flags);
	int fd = -ENOMSG;

	if (n < 0)
		return (int)n;
	if (CMSG_FIRSTHDR(&msg))
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));
	return fd;
}

static void serve(int sock);

static long obey(int sock, const struct order *o)
{
	long ret;

	switch (o->nr) {
	case DO_READ_BYTE:
		return *(volatile char *)o->args[0];
	case DO_FORK:
		ret = fork();
		if (ret == 0)
			serve((int)o->args[0]);
		return ret;
	case DO_EXIT:
		ret = 0;
		sys(SYS_write, sock, &ret, sizeof(ret));
		_exit(0);
	case DO_SEND_FD:
		send_fd((int)o->args[0], (int)o->args[1]);
		return 0;
	case DO_TAKE_FD:
		return take_fd((int)o->args[0], (int)o->args[1]);
	default:
		return ktap_syscall(o->nr, o->args[0], o->args[1], o->args[2], o->args[3], o->args[4], o->args[5]);
	}
}

static void serve(int sock)
{
	struct order o;

	signal(SIGCHLD, SIG_IGN);	/* who is forked here is nobody's to wait for */
	while (sys(SYS_read, sock, &o, sizeof(o)) == (long)sizeof(o)) {
		long ret = obey(sock, &o);

		sys(SYS_write, sock, &ret, sizeof(ret));
	}
	_exit(0);
}

static void remote_sockets(struct remote *r)
{
	int pair[2];

	REQUIRE_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	r->ours = pair[0];
	r->theirs = pair[1];
}

static void remote_start(struct remote *r)
{
	if (!r->ours)
		remote_sockets(r);
	r->pid = fork();
	REQUIRE(r->pid >= 0);
	if (r->pid == 0)
		serve(r->theirs);
	r->pidfd = open_pidfd(r->pid);
}

static void order(struct remote *r, long nr, long a, long b, long c, long d)
{
	struct order o = { nr, { a, b, c, d } };

	REQUIRE_EQ(sys(SYS_write, r->ours, &o, sizeof(o)), sizeof(o));
}

static long answer(struct remote *r)
{
	long ret = -9999;

	REQUIRE_EQ(sys(SYS_read, r->ours, &ret, sizeof(ret)), sizeof(ret));
	return ret;
}

static long tell(struct remote *r, long nr, long a, long b, long c, long d)
{
	order(r, nr, a, b, c, d);
	return answer(r);
}
#define TELL(r, nr, a, b, c) tell((r), (nr), (long)(a), (long)(b), (long)(c), 0)

/* ---- rights --------------------------------------------------------------------------------------------------- */

CASE(check)
{
	int fd, ends[2];

	need_caps();
	fd = temp_file("text");
	CHECK_EQ(sys(CAP_CHECK, fd, 0), 0);
	CHECK_EQ(sys(CAP_CHECK, fd, READ | WRITE | SEEK | MAP | DUP | GRANT), 0);
	CHECK_EQ(sys(CAP_CHECK, fd, SIGNAL_), -EACCES);
	CHECK_EQ(sys(CAP_CHECK, fd, ALL + 1), -EINVAL);
	CHECK_EQ(sys(CAP_CHECK, 777, READ), -EBADF);
	CHECK_EQ(sys(CAP_CHECK, -1, READ), -EBADF);
	REQUIRE_EQ(pipe(ends), 0);
	CHECK_EQ(sys(CAP_CHECK, ends[0], READ), 0);
	CHECK_EQ(sys(CAP_CHECK, ends[0], WRITE), -EACCES);
	CHECK_EQ(sys(CAP_CHECK, ends[1], READ), -EACCES);
	fd = open_pidfd(getpid());
	CHECK_EQ(sys(CAP_CHECK, fd, SIGNAL_ | WAIT), 0);
	CHECK_EQ(sys(CAP_CHECK, fd, MAP), -EACCES);
}

CASE(dup_reduces)
{
	int file, fd, ends[2];
	struct stat st;
	char c = 'x';

	need_caps();
	file = temp_file("text");
	CHECK_EQ(sys(CAP_DUP, file, ALL, 0), -EACCES);		/* SIGNAL is not among them */
	CHECK_EQ(sys(CAP_DUP, file, ALL + 1, 0), -EINVAL);
	CHECK_EQ(sys(CAP_DUP, file, READ, 1), -EINVAL);
	CHECK_EQ(sys(CAP_DUP, 777, READ, 0), -EBADF);
	fd = (int)sys(CAP_DUP, file, READ | SEEK, 0);
	REQUIRE(fd >= 0);
	CHECK_EQ(sys(CAP_CHECK, fd, READ | SEEK), 0);
	CHECK_EQ(sys(CAP_CHECK, fd, WRITE), -EACCES);
	CHECK_EQ(sys(SYS_pread64, fd, &c, 1, 0), 1);
	CHECK_EQ(c, 't');
	CHECK_EQ(sys(SYS_write, fd, &c, 1), -EACCES);
	CHECK_EQ(sys(SYS_fstat, fd, &st), -EACCES);
	CHECK_EQ(sys(SYS_ftruncate, fd, 0), -EACCES);
	CHECK_EQ(sys(SYS_fchmod, fd, 0600), -EACCES);
	CHECK_EQ(sys(SYS_flock, fd, 2), -EACCES);
	CHECK_EQ(sys(SYS_mmap, 0, PAGE, PROT_READ, MAP_SHARED, fd, 0), -EACCES);
	CHECK_EQ(sys(SYS_dup, fd), -EACCES);
	CHECK_EQ(sys(SYS_dup2, fd, 100), -EACCES);
	CHECK_EQ(sys(SYS_fcntl, fd, F_DUPFD, 0), -EACCES);
	CHECK_EQ(sys(CAP_DUP, fd, READ, 0), -EACCES);
	CHECK_EQ(sys(SYS_fcntl, fd, F_GETFD), 0);
	CHECK_EQ(sys(SYS_lseek, fd, 1, SEEK_SET), 1);
	CHECK_EQ(sys(SYS_lseek, file, 0, SEEK_CUR), 1);		/* one open file */
	CHECK_EQ(sys(SYS_fcntl, sys(CAP_DUP, file, READ, O_CLOEXEC), F_GETFD), FD_CLOEXEC);
	fd = (int)sys(CAP_DUP, file, WRITE | DUP, 0);
	CHECK_EQ(sys(SYS_read, fd, &c, 1), -EACCES);
	CHECK_EQ(sys(SYS_write, fd, &c, 1), 1);
	CHECK_EQ(sys(SYS_pwrite64, fd, &c, 1, 0), -EACCES);
	CHECK_EQ(sys(SYS_read, sys(SYS_dup, fd), &c, 1), -EACCES);	/* a copy has no more */
	/* What an open did not give stays EBADF, as on Linux. */
	REQUIRE_EQ(pipe(ends), 0);
	CHECK_EQ(sys(SYS_write, ends[0], &c, 1), -EBADF);
	fd = (int)sys(CAP_DUP, ends[0], STAT, 0);
	CHECK_EQ(sys(SYS_read, fd, &c, 1), -EACCES);
	CHECK_EQ(sys(SYS_write, fd, &c, 1), -EBADF);
	CHECK_EQ(sys(SYS_fstat, fd, &st), 0);
}

CASE(sockets_too)
{
	int pair[2], r, w;
	char c = 'x';

	need_caps();
	REQUIRE_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	r = (int)sys(CAP_DUP, pair[0], READ, 0);
	w = (int)sys(CAP_DUP, pair[1], WRITE, 0);
	CHECK_EQ(sys(SYS_sendto, r, &c, 1, 0, 0, 0), -EACCES);
	CHECK_EQ(sys(SYS_write, r, &c, 1), -EACCES);
	CHECK_EQ(sys(SYS_shutdown, r, SHUT_RD), -EACCES);
	CHECK_EQ(sys(SYS_recvfrom, w, &c, 1, MSG_DONTWAIT, 0, 0), -EACCES);
	CHECK_EQ(sys(SYS_sendto, w, &c, 1, 0, 0, 0), 1);
	CHECK_EQ(sys(SYS_recvfrom, r, &c, 1, 0, 0, 0), 1);
}

CASE(fork_leaves_what_cannot_be_copied)
{
	int file, fd, status;
	struct pollfd p;
	pid_t pid;

	need_caps();
	file = temp_file("text");
	fd = (int)sys(CAP_DUP, file, READ, 0);
	p = (struct pollfd){ fd, POLLIN, 0 };
	CHECK_EQ(poll(&p, 1, 0), 1);
	CHECK_EQ(p.revents, POLLNVAL);		/* no WAIT */
	pid = fork();
	if (pid == 0)
		_exit(sys(CAP_CHECK, fd, READ) == -EBADF && sys(CAP_CHECK, file, READ) == 0 ? 0 : 1);
	status = child_status(pid);
	CHECK_EQ(status, 0);
}

CASE(a_process_is_one)
{
	struct remote r = { 0 };
	siginfo_t info;
	int fd;

	need_caps();
	remote_start(&r);
	fd = (int)sys(CAP_DUP, r.pidfd, WAIT, 0);
	CHECK_EQ(sys(424, fd, SIGKILL, 0, 0), -EACCES);
	CHECK_EQ(sys(CAP_GRANT, fd, 0, READ), -EACCES);
	CHECK_EQ(sys(CAP_LIST, fd, 0, 0), -EACCES);
	CHECK_EQ(sys(424, sys(CAP_DUP, r.pidfd, SIGNAL_, 0), SIGKILL, 0, 0), 0);
	CHECK_EQ(sys(SYS_waitid, 3, sys(CAP_DUP, r.pidfd, SIGNAL_, 0), &info, WEXITED, 0), -EACCES);
	CHECK_EQ(sys(SYS_waitid, 3, fd, &info, WEXITED, 0), 0);
	CHECK_EQ(sys(CAP_GRANT, r.pidfd, 0, READ), -ESRCH);
}

/* ---- granting ------------------------------------------------------------------------------------------------- */

CASE(grant)
{
	struct remote r = { 0 };
	char text[8] = "";
	int file, ro;
	long fd;

	need_caps();
	remote_start(&r);
	file = temp_file("text");
	fd = sys(CAP_GRANT, r.pidfd, file, READ | SEEK);
	REQUIRE(fd >= 0);
	CHECK_EQ(TELL(&r, CAP_CHECK, fd, READ | SEEK, 0), 0);
	CHECK_EQ(TELL(&r, CAP_CHECK, fd, WRITE, 0), -EACCES);
	CHECK_EQ(TELL(&r, SYS_pread64, fd, text, 4), 4);
	CHECK_EQ(TELL(&r, SYS_write, fd, text, 4), -EACCES);
	CHECK_EQ(TELL(&r, SYS_dup, fd, 0, 0), -EACCES);
	/* Errors change nothing. */
	CHECK_EQ(sys(CAP_GRANT, r.pidfd, 777, READ), -EBADF);
	CHECK_EQ(sys(CAP_GRANT, 777, file, READ), -EBADF);
	CHECK_EQ(sys(CAP_GRANT, file, file, READ), -EBADF);	/* no process */
	CHECK_EQ(sys(CAP_GRANT, r.pidfd, file, SIGNAL_), -EACCES);
	CHECK_EQ(sys(CAP_GRANT, r.pidfd, file, 1ull << 40), -EINVAL);
	ro = (int)sys(CAP_DUP, file, READ, 0);
	CHECK_EQ(sys(CAP_GRANT, r.pidfd, ro, READ), -EACCES);	/* no GRANT */
	ro = (int)sys(CAP_DUP, file, READ | GRANT, 0);
	CHECK_EQ(sys(CAP_GRANT, r.pidfd, ro, READ | WRITE), -EACCES);
	CHECK_EQ(TELL(&r, CAP_CHECK, fd + 1, 0, 0), -EBADF);
	CHECK_EQ(sys(CAP_GRANT, r.pidfd, ro, READ), fd + 1);
}

CASE(grant_to_itself)
{
	int self, file, fd;

	need_caps();
	self = open_pidfd(getpid());
	file = temp_file("text");
	fd = (int)sys(CAP_GRANT, self, file, READ | GRANT);
	REQUIRE(fd >= 0);
	CHECK_EQ(sys(CAP_REVOKE, file), 1);
	CHECK_EQ(sys(CAP_CHECK, fd, 0), -EBADF);
	CHECK_EQ(sys(CAP_CHECK, file, READ), 0);
	CHECK_EQ(sys(CAP_REVOKE, file), 0);
	CHECK_EQ(sys(CAP_REVOKE, fd), -EBADF);
	CHECK_EQ(sys(CAP_GRANT, self, fd, 0), -EBADF);
}

CASE(grant_has_limits)
{
	struct remote r = { 0 };
	struct rlimit few = { 40, 40 };
	int file, n = 0;
	long fd;

	need_caps();
	remote_start(&r);
	file = temp_file("text");
	CHECK_EQ(TELL(&r, SYS_setrlimit, RLIMIT_NOFILE, &few, 0), 0);
	while ((fd = sys(CAP_GRANT, r.pidfd, file, READ)) >= 0 && n < 100)
		n++;
	CHECK_EQ(fd, -EMFILE);
	CHECK(n > 20 && n < 40);
	CHECK_EQ(sys(CAP_REVOKE, file), n);
	CHECK_EQ(sys(CAP_GRANT, r.pidfd, file, READ), -EMFILE);	/* dead ones keep their numbers */
	CHECK_EQ(TELL(&r, SYS_close, 39, 0, 0), 0);
	CHECK_EQ(sys(CAP_GRANT, r.pidfd, file, READ), 39);
}

CASE(grant_asks_permission)
{
	struct remote r = { 0 };
	int file, status;
	pid_t pid;

	need_caps();
	if (!is_root())
		SKIP("not root");
	remote_start(&r);
	file = temp_file("text");
	pid = fork();
	if (pid == 0) {
		drop_root();
		CHECK_EQ(sys(CAP_GRANT, r.pidfd, file, READ), -EPERM);
		CHECK_EQ(sys(CAP_LIST, r.pidfd, 0, 0), -EPERM);
		_exit(ktap_failures);
	}
	status = child_status(pid);
	CHECK_EQ(status, 0);
	/* A pledged process gets only what it may receive. */
	CHECK_EQ(TELL(&r, SYS_PLEDGE, "stdio recvfd", 0, 0), 0);
	CHECK(sys(CAP_GRANT, r.pidfd, file, READ) >= 0);
	CHECK_EQ(TELL(&r, SYS_PLEDGE, "stdio", 0, 0), 0);
	CHECK_EQ(sys(CAP_GRANT, r.pidfd, file, READ), -EPERM);
}

/* The receiver's table grows under the eyes of its only thread, which takes no lock. */
CASE(grant_while_the_table_is_read)
{
	struct remote r = { 0 };
	int file, i, n = 0;
	struct rlimit many = { 4096, 4096 };
	pid_t pid;

	need_caps();
	file = temp_file("text");
	REQUIRE_EQ(sys(SYS_setrlimit, RLIMIT_NOFILE, &many), 0);
	pid = fork();
	if (pid == 0) {
		char c = 0;

		for (i = 0; i < 1000000 && sys(CAP_CHECK, 2000, 0) != 0; i++)
			if (sys(SYS_pread64, file, &c, 1, 0) != 1 || c != 't')
				_exit(1);
		_exit(sys(CAP_CHECK, 2000, READ) == 0 ? 0 : 2);
	}
	r.pidfd = open_pidfd(pid);
	for (i = 0; i < 3000 && n <= 2000; i++)
		n = (int)sys(CAP_GRANT, r.pidfd, file, READ);
	CHECK(n > 2000);
	CHECK_EXIT(pid, 0);
}

/* ---- revoking ------------------------------------------------------------------------------------------------- */

CASE(revoke_reaches_everywhere)
{
	struct remote a = { 0 }, b = { 0 }, c = { 0 };
	int file, sock[2], got, peeked;
	long fa, fdup, fb, fcopy, freduced;
	char byte;

	need_caps();
	file = temp_file("text");
	REQUIRE_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, sock), 0);
	remote_start(&b);
	remote_sockets(&c);
	remote_start(&a);
	fa = sys(CAP_GRANT, a.pidfd, file, ALL & ~SIGNAL_);
	fb = TELL(&a, CAP_GRANT, b.pidfd, fa, READ | SEEK | GRANT | DUP);
	REQUIRE(fa >= 0 && fb >= 0);
	fdup = TELL(&a, SYS_dup, fa, 0, 0);
	freduced = TELL(&b, CAP_DUP, fb, READ, 0);
	fcopy = TELL(&b, SYS_dup2, fb, 200, 0);
	c.pid = (pid_t)TELL(&a, DO_FORK, c.theirs, 0, 0);
	REQUIRE(c.pid > 0);
	CHECK_EQ(TELL(&a, DO_SEND_FD, sock[0], fa, 0), 0);	/* two are on their way */
	CHECK_EQ(TELL(&b, DO_SEND_FD, sock[0], fb, 0), 0);
	peeked = take_fd(sock[1], MSG_PEEK);
	CHECK_EQ(TELL(&c, SYS_pread64, fa, &byte, 1), 1);
	CHECK_EQ(TELL(&b, SYS_pread64, fcopy, &byte, 1), 1);
	CHECK_EQ(sys(CAP_CHECK, peeked, READ), 0);
	/* a: fa, fdup; b: fb, freduced, fcopy; c: fa, fdup; two on their way; peeked */
	CHECK_EQ(sys(CAP_REVOKE, file), 10);
	CHECK_EQ(TELL(&a, SYS_pread64, fa, &byte, 1), -EBADF);
	CHECK_EQ(TELL(&a, CAP_CHECK, fdup, 0, 0), -EBADF);
	CHECK_EQ(TELL(&b, CAP_CHECK, fb, 0, 0), -EBADF);
	CHECK_EQ(TELL(&b, CAP_CHECK, freduced, 0, 0), -EBADF);
	CHECK_EQ(TELL(&b, SYS_pread64, fcopy, &byte, 1), -EBADF);
	CHECK_EQ(TELL(&c, CAP_CHECK, fa, 0, 0), -EBADF);
	CHECK_EQ(TELL(&c, SYS_dup, fdup, 0, 0), -EBADF);
	CHECK_EQ(sys(CAP_CHECK, peeked, 0), -EBADF);
	got = take_fd(sock[1], 0);
	CHECK(got >= 0);	/* a number, and dead */
	CHECK_EQ(sys(CAP_CHECK, got, 0), -EBADF);
	CHECK_EQ(close(got), 0);
	CHECK_EQ(sys(CAP_CHECK, take_fd(sock[1], 0), 0), -EBADF);
	CHECK_EQ(sys(SYS_pread64, file, &byte, 1, 0), 1);
	/* The number stays in use until it is closed, once. */
	CHECK(TELL(&a, SYS_dup, a.theirs, 0, 0) != fa);
	CHECK_EQ(TELL(&a, SYS_close, fa, 0, 0), 0);
	CHECK_EQ(TELL(&a, SYS_close, fa, 0, 0), -EBADF);
	CHECK_EQ(TELL(&a, SYS_dup, a.theirs, 0, 0), fa);
}

CASE(revoke_spares_siblings)
{
	struct remote a = { 0 }, b = { 0 };
	int file, copy;
	long fa, fb, fdup;

	need_caps();
	file = temp_file("text");
	copy = dup(file);
	remote_start(&b);
	remote_start(&a);
	fa = sys(CAP_GRANT, a.pidfd, file, READ | GRANT | DUP);
	fdup = TELL(&a, SYS_dup, fa, 0, 0);
	fb = TELL(&a, CAP_GRANT, b.pidfd, fa, READ);
	REQUIRE(fa >= 0 && fb >= 0 && fdup >= 0);
	CHECK_EQ(sys(CAP_REVOKE, copy), 0);		/* nothing was granted from the copy */
	CHECK_EQ(TELL(&a, CAP_REVOKE, fdup, 0, 0), 0);
	CHECK_EQ(TELL(&b, CAP_CHECK, fb, READ, 0), 0);
	CHECK_EQ(TELL(&a, CAP_REVOKE, fa, 0, 0), 1);
	CHECK_EQ(TELL(&b, CAP_CHECK, fb, READ, 0), -EBADF);
	CHECK_EQ(TELL(&a, CAP_CHECK, fa, READ, 0), 0);
	CHECK_EQ(sys(CAP_REVOKE, file), 2);
}

CASE(who_closes_leaves_its_children_to_its_parent)
{
	struct remote a = { 0 }, b = { 0 };
	int file;
	long fa, fb;

	need_caps();
	file = temp_file("text");
	remote_start(&b);
	remote_start(&a);
	fa = sys(CAP_GRANT, a.pidfd, file, READ | GRANT);
	fb = TELL(&a, CAP_GRANT, b.pidfd, fa, READ);
	REQUIRE(fa >= 0 && fb >= 0);
	CHECK_EQ(TELL(&a, DO_EXIT, 0, 0, 0), 0);
	CHECK_EXIT(a.pid, 0);
	CHECK_EQ(TELL(&b, CAP_CHECK, fb, READ, 0), 0);
	CHECK_EQ(sys(CAP_REVOKE, file), 1);
	CHECK_EQ(TELL(&b, CAP_CHECK, fb, READ, 0), -EBADF);
}

/* A call that waits in a handle when it dies ends so; others go on as if nothing had been. */
CASE(revoke_ends_calls)
{
	struct remote r[4] = { { 0 } };
	struct epoll_event event;
	struct timespec nap = { 0, 300000000 };
	int ends[2], ep, i;
	static struct pollfd p;
	long fd[4];
	int64_t began;

	need_caps();
	REQUIRE_EQ(pipe(ends), 0);
	ep = epoll_create1(0);
	for (i = 0; i < 4; i++) {
		remote_start(&r[i]);
		fd[i] = sys(CAP_GRANT, r[i].pidfd, i == 2 ? ep : ends[0], READ | WAIT | CONTROL);
		REQUIRE(fd[i] >= 0);
	}
	p = (struct pollfd){ (int)fd[1], POLLIN, 0 };
	order(&r[0], SYS_read, fd[0], (long)&event, 1, 0);
	/* The child's own copy of p is what it has at the fork: give it the number. */
	CHECK_EQ(TELL(&r[1], SYS_pread64, sys(CAP_GRANT, r[1].pidfd, temp_file((char[]){ (char)fd[1], 0 }),
					      READ | SEEK), &p.fd, 1), 1);
	p.events = POLLIN;
	order(&r[2], SYS_epoll_wait, fd[2], (long)&event, 1, -1);
	began = now_ns();
	order(&r[3], SYS_nanosleep, (long)&nap, 0, 0, 0);
	sleep_ms(100);
	CHECK_EQ(sys(CAP_REVOKE, ends[0]), 3);
	CHECK_EQ(sys(CAP_REVOKE, ep), 1);
	CHECK_EQ(answer(&r[0]), -EBADF);
	i = (int)answer(&r[2]);
	CHECK(i == -EBADF || i == -EINTR);	/* epoll_wait is never begun again: EINTR once */
	CHECK_EQ(TELL(&r[2], SYS_epoll_wait, fd[2], &event, 1), -EBADF);
	CHECK_EQ(answer(&r[3]), 0);
	CHECK(now_ns() - began >= 300000000);
	CHECK_EQ(TELL(&r[3], SYS_read, fd[3], &event, 1), -EBADF);
}

static void *read_forever(void *arg)
{
	long *fd = arg;
	char c;

	return (void *)sys(SYS_read, fd[0], &c, 1);
}

CASE(revoke_ends_polls_and_threads)
{
	int ends[2], self, status;
	struct pollfd p;
	pthread_t thread;
	void *result;
	long fd[1];
	pid_t pid;

	need_caps();
	REQUIRE_EQ(pipe(ends), 0);
	self = open_pidfd(getpid());
	fd[0] = sys(CAP_GRANT, self, ends[0], READ | WAIT | DUP);
	REQUIRE(fd[0] >= 0);
	pid = fork();	/* has a sibling of it */
	if (pid == 0) {
		p = (struct pollfd){ (int)fd[0], POLLIN, 0 };
		_exit(poll(&p, 1, 10000) == 1 && p.revents == POLLNVAL ? 0 : 1);
	}
	REQUIRE_EQ(pthread_create(&thread, NULL, read_forever, fd), 0);
	sleep_ms(100);
	CHECK_EQ(sys(CAP_REVOKE, ends[0]), 2);
	pthread_join(thread, &result);
	CHECK_EQ((long)result, -EBADF);
	status = child_status(pid);
	CHECK_EQ(status, 0);
}

/* ---- mappings ------------------------------------------------------------------------------------------------- */

static volatile char *map_fd(int fd, int flags, size_t len)
{
	return (volatile char *)sys(SYS_mmap, 0, len, PROT_READ | (flags & MAP_PRIVATE ? PROT_WRITE : 0), flags, fd, 0);
}

/* Child that maps what it was granted, closes it, and touches pages until it dies. */
static pid_t toucher(int file, int flags, bool forks, int *told)
{
	int ready[2];
	pid_t pid;
	char c;

	REQUIRE_EQ(pipe(ready), 0);
	pid = fork();
	REQUIRE(pid >= 0);
	if (pid == 0) {
		volatile char *m;
		long fd;

		signal(SIGBUS, SIG_DFL);
		fd = sys(CAP_GRANT, sys(434, getpid(), 0), file, READ | MAP);
		if (fd < 0)
			_exit(10);
		/* As if another had granted it: this copy of the parent is revoked below. */
		m = map_fd((int)fd, flags, 2 * PAGE);
		if ((long)m < 0 && (long)m > -4096)
			_exit(11);
		if (flags & MAP_PRIVATE)
			m[0] = 'c';		/* a page of its own, gone as well */
		if (m[PAGE] != 0)
			_exit(12);
		close((int)fd);
		if (forks && fork() == 0) {
			struct timespec t = { 0, 1000000 };

			for (;;) {
				(void)m[0];
				nanosleep(&t, NULL);
			}
		}
		write(ready[1], "x", 1);
		if (read(told[0], &c, 1) != 1)
			_exit(13);
		if (sys(CAP_REVOKE, file) != 0)	/* no handle is left, the mapping is */
			_exit(14);
		(void)m[PAGE];
		_exit(15);
	}
	REQUIRE_EQ(read(ready[0], &c, 1), 1);
	return pid;
}

CASE(revoke_takes_mappings)
{
	int file, told[2], i;
	pid_t pid;

	need_caps();
	file = temp_file("text");
	REQUIRE_EQ(ftruncate(file, 2 * PAGE), 0);
	REQUIRE_EQ(pipe(told), 0);
	for (i = 0; i < 4; i++) {
		pid = toucher(file, i & 1 ? MAP_PRIVATE : MAP_SHARED, i & 2, told);
		CHECK_EQ(write(told[1], "x", 1), 1);
		CHECK_KILLED(pid, SIGBUS);
	}
}

static volatile char *shared_map;
static int touched;

static void *touch(void *arg UNUSED)
{
	for (;;)
		__atomic_store_n(&touched, touched + 1 + shared_map[PAGE], __ATOMIC_RELAXED);
	return NULL;
}

/* Across processes, with a thread on another CPU that uses the mapping all the time. */
CASE(revoke_takes_a_mapping_in_use)
{
	struct remote r = { 0 };
	int file, ready[2], i;
	char c;
	pid_t pid;

	need_caps();
	file = temp_file("text");
	REQUIRE_EQ(ftruncate(file, 2 * PAGE), 0);
	for (i = 0; i < 5; i++) {
		long fd = 0;

		REQUIRE_EQ(pipe(ready), 0);
		pid = fork();
		if (pid == 0) {
			pthread_t thread;

			REQUIRE_EQ(read(ready[0], &c, 1), 1);
			shared_map = map_fd(c, MAP_SHARED, 2 * PAGE);
			REQUIRE_EQ(pthread_create(&thread, NULL, touch, NULL), 0);
			while (!__atomic_load_n(&touched, __ATOMIC_RELAXED))
				sched_yield();
			write(ready[1], "x", 1);
			for (;;)
				sys(SYS_pause);
		}
		r.pidfd = open_pidfd(pid);
		fd = sys(CAP_GRANT, r.pidfd, file, READ | MAP);
		REQUIRE(fd >= 0 && fd < 128);
		c = (char)fd;
		REQUIRE_EQ(write(ready[1], &c, 1), 1);
		sleep_ms(30);
		CHECK_EQ(sys(CAP_REVOKE, file), 1);
		CHECK_KILLED(pid, SIGBUS);
		close(ready[0]);
		close(ready[1]);
		close(r.pidfd);
	}
}

CASE(mappings_of_others_stay)
{
	int file, self, fd;
	volatile char *mine, *theirs;

	need_caps();
	file = temp_file("text");
	self = open_pidfd(getpid());
	fd = (int)sys(CAP_GRANT, self, file, READ | MAP | GRANT);
	theirs = map_fd(fd, MAP_SHARED, PAGE);
	mine = map_fd(file, MAP_SHARED, PAGE);
	CHECK_EQ(mine[0], 't');
	CHECK_EQ(theirs[0], 't');
	CHECK_EQ(sys(SYS_munmap, theirs, PAGE), 0);
	CHECK_EQ(sys(CAP_REVOKE, fd), 0);	/* its children: none */
	CHECK_EQ(sys(CAP_REVOKE, file), 1);
	CHECK_EQ(mine[0], 't');
	CHECK_EQ(sys(SYS_mmap, 0, PAGE, PROT_READ, MAP_SHARED, fd, 0), -EBADF);
}

/* ---- telling -------------------------------------------------------------------------------------------------- */

static const struct cap_info *find(const struct cap_info *list, long n, int pid, int fd)
{
	long i;

	for (i = 0; i < n; i++)
		if (list[i].pid == pid && list[i].fd == fd)
			return &list[i];
	return NULL;
}

CASE(list)
{
	struct cap_info list[64];
	const struct cap_info *p, *c;
	struct remote r = { 0 };
	int file;
	long fd, n;

	need_caps();
	remote_start(&r);
	file = temp_file("text");
	n = sys(CAP_LIST, -1, list, sizeof(list));
	REQUIRE(n > 3 && n < 60);
	p = find(list, n, getpid(), file);
	REQUIRE(p != NULL);
	CHECK_EQ(p->id, 0);
	CHECK_EQ(p->flags, OWN);
	CHECK_EQ(p->type, 1);
	fd = sys(CAP_GRANT, r.pidfd, file, READ | STAT);
	CHECK_EQ(sys(CAP_LIST, -1, 0, 0), n + 1);
	CHECK_EQ(sys(CAP_LIST, -1, 8, sizeof(list[0])), -EFAULT);
	CHECK_EQ(sys(CAP_LIST, 777, list, sizeof(list)), -EBADF);
	CHECK_EQ(sys(CAP_LIST, -1, list, sizeof(list)), n + 1);
	p = find(list, n + 1, getpid(), file);
	c = find(list, n + 1, r.pid, (int)fd);
	REQUIRE(p && c);
	CHECK(p->id != 0);
	CHECK_EQ(p->parent, 0);
	CHECK_EQ(c->parent, p->id);
	CHECK_EQ(c->rights, READ | STAT);
	CHECK_EQ(c->flags, 0);
	n = sys(CAP_LIST, r.pidfd, list, sizeof(list));	/* seen from below */
	p = find(list, n, getpid(), file);
	c = find(list, n, r.pid, (int)fd);
	REQUIRE(p && c);
	CHECK_EQ(p->flags, 0);
	CHECK_EQ(c->flags, OWN);
	CHECK_EQ(sys(CAP_REVOKE, file), 1);
	n = sys(CAP_LIST, r.pidfd, list, sizeof(list));
	c = find(list, n, r.pid, (int)fd);
	REQUIRE(c != NULL);
	CHECK_EQ(c->flags, OWN | REVOKED);
	CHECK_EQ(c->rights, 0);
	CHECK(!find(list, n, getpid(), file));
}

static bool fdinfo_has(int fd, const char *text)
{
	char path[64], buf[1024];
	ssize_t n;
	int info;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	info = open(path, O_RDONLY);
	n = read(info, buf, sizeof(buf) - 1);
	close(info);
	buf[n < 0 ? 0 : n] = '\0';
	return strstr(buf, text) != NULL;
}

CASE(proc_tells_and_is_no_way_around)
{
	int file, self, fd;
	char path[64];

	need_caps();
	file = temp_file("text");
	self = open_pidfd(getpid());
	CHECK(fdinfo_has(file, "rights:\t0xeff\n"));
	CHECK(!fdinfo_has(file, "cap:"));
	fd = (int)sys(CAP_GRANT, self, file, READ | STAT);
	CHECK(fdinfo_has(file, "children:\t1\n"));
	CHECK(fdinfo_has(file, "parent:\t0\n"));
	CHECK(fdinfo_has(fd, "rights:\t0x21\n"));
	CHECK(!fdinfo_has(fd, "parent:\t0\n"));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	CHECK(open(path, O_RDWR) >= 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	CHECK_ERR(open(path, O_RDONLY), EACCES);
	CHECK_ERR(open(path, O_RDWR), EACCES);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", (int)sys(CAP_DUP, file, READ | GRANT | DUP | CONTROL, 0));
	CHECK_ERR(open(path, O_RDWR), EACCES);
}

static void run_tool(const char *options, char *out, size_t size)
{
	char command[64];
	size_t n = 0;
	FILE *f;

	snprintf(command, sizeof(command), "/bin/caps %s %d", options, getpid());
	f = popen(command, "r");
	REQUIRE(f != NULL);
	n = fread(out, 1, size - 1, f);
	out[n] = '\0';
	CHECK_EQ(pclose(f), 0);
}

CASE(tool_draws_the_tree)
{
	static char out[16384];
	char want[128];
	int file, self, fd;

	need_caps();
	file = temp_file("text");
	self = open_pidfd(getpid());
	run_tool("", out, sizeof(out));
	CHECK(strstr(out, "nothing was granted to it or by it\n") != NULL);
	fd = (int)sys(CAP_GRANT, self, file, READ | STAT);
	run_tool("", out, sizeof(out));
	snprintf(want, sizeof(want), "\n%d:%d rwxkctmp-lgd  /tmp/grant.", getpid(), file);
	CHECK(strstr(out, want) != NULL);
	snprintf(want, sizeof(want), "\n    `-- %d:%d r----t------  /tmp/grant.", getpid(), fd);
	CHECK(strstr(out, want) != NULL);
	run_tool("--json", out, sizeof(out));
	snprintf(want, sizeof(want), "{\"pid\": %d, \"fd\": %d, \"type\": \"file\", \"rights\": \"r----t------\"",
		 getpid(), fd);
	CHECK(strstr(out, want) != NULL);
	CHECK_EQ(sys(CAP_REVOKE, file), 1);
	run_tool("", out, sizeof(out));
	CHECK(strstr(out, "  revoked\n") != NULL);
}

CASE(bad_arguments)
{
	int i, nr;

	need_caps();
	for (nr = CAP_GRANT; nr <= CAP_LIST; nr++)
		for (i = 0; i < 64; i++)
			CHECK(sys(nr, i * 7919 - 200, (long)(~0ul << i), 1ul << i) < 0 || nr != CAP_GRANT);
	CHECK_EQ(sys(CAP_LIST, -1, -1L, 1 << 20), -EFAULT);
	CHECK_EQ(sys(CAP_LIST, -2, 0, 0), -EBADF);
	CHECK(sys(CAP_LIST, -1, 0, 0) > 0);
}

/* ---- a model --------------------------------------------------------------------------------------------------- */

enum { PROCS = 4, HANDLES = 600 };

struct model_handle {
	bool used, revoked;
	int proc, fd;
	unsigned rights;
	int parent;	/* index; -1: none */
};

static struct model {
	struct remote r[PROCS];
	struct model_handle h[HANDLES];
	int links[PROCS][2];	/* each process's mailbox for descriptors */
	uint64_t rng;
	unsigned count[8];
} model;

static unsigned below(unsigned n)
{
	model.rng = model.rng * 6364136223846793005ull + 1442695040888963407ull;
	return (unsigned)(model.rng >> 33) % n;
}

static int model_new(int proc, long fd, unsigned rights, int parent)
{
	int i;

	for (i = 0; i < HANDLES; i++)
		if (!model.h[i].used) {
			model.h[i] = (struct model_handle){ true, false, proc, (int)fd, rights, parent };
			return i;
		}
	return -1;
}

static int model_free(void)
{
	int i, n = 0;

	for (i = 0; i < HANDLES; i++)
		n += !model.h[i].used;
	return n;
}

/* A random handle, mostly a live one; -1: there is none. */
static int pick(void)
{
	int i = (int)below(HANDLES), n;

	for (n = 0; n < HANDLES; n++, i = (i + 1) % HANDLES)
		if (model.h[i].used && (!model.h[i].revoked || below(20) == 0))
			return i;
	return -1;
}

static void model_drop(int i)
{
	int k;

	for (k = 0; k < HANDLES; k++)
		if (model.h[k].used && model.h[k].parent == i)
			model.h[k].parent = model.h[i].parent;
	model.h[i].used = false;
}

static int model_revoke(int i)
{
	int k, n = 0;

	for (k = 0; k < HANDLES; k++)
		if (model.h[k].used && model.h[k].parent == i) {
			n += 1 + model_revoke(k);
			model.h[k].revoked = true;
			model.h[k].parent = -1;
		}
	return n;
}

static long want_dup(const struct model_handle *h, unsigned need)
{
	return h->revoked ? -EBADF : h->rights & need ? 0 : -EACCES;
}

static unsigned some_rights(unsigned of)
{
	unsigned r = of & (below(4) ? ~0u : below(ALL + 1));

	return below(16) ? r : r | 1u << below(12);
}

static void do_open(void)
{
	int p = (int)below(PROCS);
	long fd = TELL(&model.r[p], SYS_eventfd2, 0, 0, 0);

	REQUIRE(fd >= 0);
	model_new(p, fd, ALL & ~SIGNAL_, -1);
}

static void do_copy(int i)
{
	struct model_handle *h = &model.h[i];
	struct remote *r = &model.r[h->proc];
	unsigned rights = below(2) ? h->rights : some_rights(h->rights);
	long want = want_dup(h, DUP), fd;

	if (!want && (rights & ~h->rights))
		want = -EACCES;
	fd = rights == h->rights ? TELL(r, SYS_dup, h->fd, 0, 0) : TELL(r, CAP_DUP, h->fd, rights, 0);
	if (want)
		REQUIRE_EQ(fd, want);
	else
		REQUIRE(fd >= 0);
	if (!want)
		model_new(h->proc, fd, rights, h->parent);
}

static void do_grant(int i)
{
	struct model_handle *h = &model.h[i];
	int to = (int)below(PROCS);
	unsigned rights = some_rights(h->rights);
	long want = want_dup(h, GRANT), fd;

	if (!want && (rights & ~h->rights))
		want = -EACCES;
	fd = TELL(&model.r[h->proc], CAP_GRANT, model.r[to].pidfd, h->fd, rights);
	if (want)
		REQUIRE_EQ(fd, want);
	else
		REQUIRE(fd >= 0);
	if (!want)
		model_new(to, fd, rights, i);
}

static void do_send(int i)
{
	struct model_handle *h = &model.h[i];
	int to = (int)below(PROCS), n = 0;
	long fd;

	if (want_dup(h, DUP))
		return;
	CHECK_EQ(TELL(&model.r[h->proc], DO_SEND_FD, model.links[to][0], h->fd, 0), 0);
	n = model_new(to, -1, h->rights, h->parent);
	if (below(4) == 0 && h->parent >= 0) {	/* revoked on its way */
		int parent = h->parent, killed = model_revoke(parent);

		REQUIRE_EQ(TELL(&model.r[model.h[parent].proc], CAP_REVOKE, model.h[parent].fd, 0, 0), killed);
	}
	fd = TELL(&model.r[to], DO_TAKE_FD, model.links[to][1], 0, 0);
	REQUIRE(fd >= 0);
	model.h[n].fd = (int)fd;
}

static void do_close(int i)
{
	struct model_handle *h = &model.h[i];

	REQUIRE_EQ(TELL(&model.r[h->proc], SYS_close, h->fd, 0, 0), 0);
	model_drop(i);
}

static void do_revoke(int i)
{
	struct model_handle *h = &model.h[i];
	bool dead = h->revoked;
	int n = dead ? 0 : model_revoke(i);

	REQUIRE_EQ(TELL(&model.r[h->proc], CAP_REVOKE, h->fd, 0, 0), dead ? -EBADF : n);
}

/* Process @p begins as a copy of @parent. */
static void start_from(int p, int parent)
{
	struct remote *r = &model.r[p];
	long pid = TELL(&model.r[parent], DO_FORK, r->theirs, 0, 0);
	int i;

	REQUIRE(pid > 0);
	r->pid = (pid_t)pid;
	for (i = 0; i < HANDLES; i++)
		if (model.h[i].used && model.h[i].proc == parent && !model.h[i].revoked && (model.h[i].rights & DUP))
			REQUIRE(model_new(p, model.h[i].fd, model.h[i].rights, model.h[i].parent) >= 0);
}

/* Every process has every pidfd under the number 900 + p. */
static void know_all(void)
{
	int p, q;

	for (p = 0; p < PROCS; p++)
		for (q = 0; q < PROCS; q++) {
			long fd = TELL(&model.r[p], 434, model.r[q].pid, 0, 0);

			REQUIRE(fd >= 0);
			REQUIRE_EQ(TELL(&model.r[p], SYS_dup2, fd, 900 + q, 0), 900 + q);
			REQUIRE_EQ(TELL(&model.r[p], SYS_close, fd, 0, 0), 0);
			model.r[q].pidfd = 900 + q;
		}
}

static void do_exit(int p)
{
	int i, live = 0, parent;

	/* The fork may double what there is. */

	for (i = 0; i < HANDLES; i++)
		live += model.h[i].used;
	if (live > HANDLES / 2)
		return;
	do
		parent = (int)below(PROCS);
	while (parent == p);
	CHECK_EQ(TELL(&model.r[p], DO_EXIT, 0, 0, 0), 0);
	while (sys(SYS_kill, model.r[p].pid, 0) == 0 && sys(SYS_wait4, model.r[p].pid, 0, WNOHANG, 0) <= 0)
		sched_yield();
	for (i = 0; i < HANDLES; i++)
		if (model.h[i].used && model.h[i].proc == p)
			model_drop(i);
	start_from(p, parent);
	know_all();
}

static void verify(int p)
{
	static struct cap_info list[4096];
	long n = TELL(&model.r[p], CAP_LIST, -1, list, sizeof(list)), i, k;

	/* It lies in that process's memory; fetch it. */
	struct iovec here = { list, (size_t)n * sizeof(list[0]) }, there = here;

	REQUIRE(n > 0 && n <= (long)COUNT(list));
	REQUIRE_EQ(sys(SYS_process_vm_readv, model.r[p].pid, &here, 1, &there, 1, 0), here.iov_len);
	for (i = 0; i < HANDLES; i++) {
		const struct model_handle *h = &model.h[i], *parent;
		const struct cap_info *info;

		if (!h->used || h->proc != p)
			continue;
		info = find(list, n, model.r[p].pid, h->fd);
		REQUIRE(info != NULL);
		REQUIRE_EQ(info->flags, h->revoked ? OWN | REVOKED : OWN);
		REQUIRE_EQ(info->rights, h->revoked ? 0 : h->rights);
		parent = h->parent < 0 ? NULL : &model.h[h->parent];
		REQUIRE_EQ(info->parent != 0, parent != NULL);
		for (k = 0; parent && k < n; k++)
			if (list[k].id == info->parent)
				break;
		if (parent) {
			REQUIRE(k < n);
			REQUIRE_EQ(list[k].pid, model.r[parent->proc].pid);
			REQUIRE_EQ(list[k].fd, parent->fd);
		}
		REQUIRE_EQ(TELL(&model.r[p], CAP_CHECK, h->fd, h->rights, 0), h->revoked ? -EBADF : 0);
	}
}

static void run_model(unsigned operations, uint64_t seed)
{
	struct rlimit many = { 1024, 1024 };
	uint64_t cpu = 1;
	unsigned n;
	int p, i;

	memset(&model, 0, sizeof(model));
	model.rng = seed;
	sys(SYS_sched_setaffinity, 0, sizeof(cpu), &cpu);	/* they work in turn */
	REQUIRE_EQ(sys(SYS_setrlimit, RLIMIT_NOFILE, &many), 0);
	for (p = 0; p < PROCS; p++) {
		REQUIRE_EQ(socketpair(AF_UNIX, SOCK_DGRAM, 0, model.links[p]), 0);
		remote_sockets(&model.r[p]);
	}
	for (p = 0; p < PROCS; p++)
		remote_start(&model.r[p]);
	know_all();
	for (n = 0; n < operations; n++) {
		unsigned what = below(100);

		i = pick();
		if (model_free() < HANDLES / 3 && what < 70 && i >= 0)
			do_close(i);
		else if (i < 0 || what < 10)
			do_open();
		else if (what < 40)
			do_grant(i);
		else if (what < 55)
			do_copy(i);
		else if (what < 65)
			do_send(i);
		else if (what < 85)
			do_close(i);
		else if (what < 97)
			do_revoke(i);
		else if (what < 98)
			do_exit((int)below(PROCS));
		else
			verify((int)below(PROCS));
		if (ktap_failures) {
			NOTE("after %u operations, seed %llu", n, (unsigned long long)seed);
			return;
		}
	}
	for (p = 0; p < PROCS; p++)
		verify(p);
}

CASE(random_operations)
{
	need_caps();
	run_model(2000, 20261122);
}

static int ktap_helper(int argc, char **argv)
{
	if (argc < 4 || strcmp(argv[1], "@model"))
		return 2;
	ktap_current = "model";
	run_model((unsigned)strtoul(argv[2], NULL, 0), strtoull(argv[3], NULL, 0));
	ktap_print("KTAP version 1\n1..1\n%s 1 model\n", ktap_failures ? "not ok" : "ok");
	return ktap_failures != 0;
}
