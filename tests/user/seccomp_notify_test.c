/* SPDX-License-Identifier: MIT */
/*
 * seccomp_notify_test.c - user notification: a thread under a filter asks (getppid and getpgrp are told to the
 * listener), the main thread, which has no filter but the same descriptors, answers.
 * Source: man seccomp_unotify(2), seccomp(2).
 */
#include "ktap.h"

#include <poll.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>

/* uapi linux/seccomp.h, linux/filter.h: musl has neither */
struct seccomp_data {
	int nr;
	uint32_t arch;
	uint64_t instruction_pointer, args[6];
};
struct seccomp_notif {
	uint64_t id;
	uint32_t pid, flags;
	struct seccomp_data data;
};
struct seccomp_notif_resp {
	uint64_t id;
	int64_t val;
	int32_t error;
	uint32_t flags;
};
struct seccomp_notif_addfd {
	uint64_t id;
	uint32_t flags, srcfd, newfd, newfd_flags;
};
struct seccomp_notif_sizes {
	uint16_t notif, resp, data;
};
struct sock_filter {
	uint16_t code;
	uint8_t jt, jf;
	uint32_t k;
};
struct sock_fprog {
	unsigned short len;
	struct sock_filter *filter;
};
enum { SECCOMP_SET_MODE_FILTER = 1, SECCOMP_GET_ACTION_AVAIL, SECCOMP_GET_NOTIF_SIZES };
enum { SECCOMP_FILTER_FLAG_TSYNC = 1, SECCOMP_FILTER_FLAG_NEW_LISTENER = 8, SECCOMP_FILTER_FLAG_TSYNC_ESRCH = 16,
       SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV = 32 };
enum { SECCOMP_ADDFD_FLAG_SETFD = 1, SECCOMP_ADDFD_FLAG_SEND = 2, SECCOMP_USER_NOTIF_FLAG_CONTINUE = 1 };
#define SECCOMP_RET_USER_NOTIF 0x7fc00000u
#define SECCOMP_RET_ALLOW 0x7fff0000u
#define SECCOMP_IOCTL_NOTIF_RECV _IOWR('!', 0, struct seccomp_notif)
#define SECCOMP_IOCTL_NOTIF_SEND _IOWR('!', 1, struct seccomp_notif_resp)
#define SECCOMP_IOCTL_NOTIF_ID_VALID _IOW('!', 2, uint64_t)
#define SECCOMP_IOCTL_NOTIF_ADDFD _IOW('!', 3, struct seccomp_notif_addfd)
#define LOAD_WORD 0x20	/* BPF_LD | BPF_W | BPF_ABS */
#define IF_EQUAL 0x15	/* BPF_JMP | BPF_JEQ | BPF_K */
#define RETURN 0x06	/* BPF_RET | BPF_K */

struct asker {
	pthread_t thread;
	long listener, flags;		/* of seccomp(2) */
	int tid;
	int ready, stop, job;		/* futexes in spirit: polled */
	long result;
	int done;
};

static struct sock_filter filter[] = {
	{ LOAD_WORD, 0, 0, 0 },	/* the number */
	{ IF_EQUAL, 1, 0, SYS_getppid },
	{ IF_EQUAL, 0, 1, SYS_getpgrp },
	{ RETURN, 0, 0, SECCOMP_RET_USER_NOTIF },
	{ RETURN, 0, 0, SECCOMP_RET_ALLOW },
};

static long load(unsigned flags)
{
	struct sock_fprog prog = { .len = COUNT(filter), .filter = filter };

	return sys(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &prog);
}

static void nap(void)
{
	struct timespec t = { 0, 2000000 };

	nanosleep(&t, NULL);
}

static void wait_for(int *flag)
{
	while (!__atomic_load_n(flag, __ATOMIC_ACQUIRE))
		nap();
}

static void nothing(int sig UNUSED)
{
}

static void *ask(void *arg)
{
	struct asker *a = arg;

	sys(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	a->tid = (int)sys(SYS_gettid);
	a->listener = load((unsigned)a->flags);
	__atomic_store_n(&a->ready, 1, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&a->stop, __ATOMIC_ACQUIRE)) {
		if (!__atomic_exchange_n(&a->job, 0, __ATOMIC_ACQ_REL)) {
			nap();
			continue;
		}
		a->result = sys(SYS_getppid, 11, 12, 13);
		__atomic_store_n(&a->done, 1, __ATOMIC_RELEASE);
	}
	return NULL;
}

static void start(struct asker *a, unsigned more)
{
	memset(a, 0, sizeof(*a));
	a->flags = SECCOMP_FILTER_FLAG_NEW_LISTENER | more;
	REQUIRE_EQ(pthread_create(&a->thread, NULL, ask, a), 0);
	wait_for(&a->ready);
	REQUIRE(a->listener >= 0);
}

static void let_ask(struct asker *a)
{
	a->done = 0;
	__atomic_store_n(&a->job, 1, __ATOMIC_RELEASE);
}

static void finish(struct asker *a)
{
	__atomic_store_n(&a->stop, 1, __ATOMIC_RELEASE);
	pthread_join(a->thread, NULL);
}

static long receive(struct asker *a, struct seccomp_notif *n)
{
	memset(n, 0, sizeof(*n));
	return sys(SYS_ioctl, a->listener, SECCOMP_IOCTL_NOTIF_RECV, n);
}

static long answer(struct asker *a, uint64_t id, int64_t val, int error, unsigned flags)
{
	struct seccomp_notif_resp r = { id, val, error, flags };

	return sys(SYS_ioctl, a->listener, SECCOMP_IOCTL_NOTIF_SEND, &r);
}

static long valid(struct asker *a, uint64_t id)
{
	return sys(SYS_ioctl, a->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id);
}

static long give(struct asker *a, uint64_t id, int fd, unsigned flags, unsigned newfd, unsigned newfd_flags)
{
	struct seccomp_notif_addfd add = { id, flags, (unsigned)fd, newfd, newfd_flags };

	return sys(SYS_ioctl, a->listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add);
}

static short ready(struct asker *a, int ms)
{
	struct pollfd p = { (int)a->listener, POLLIN | POLLOUT, 0 };

	return (short)(sys(SYS_poll, &p, 1, ms) < 0 ? -1 : p.revents);
}

CASE(answers)
{
	struct seccomp_notif n;
	struct asker a;

	start(&a, 0);
	let_ask(&a);
	REQUIRE_EQ(receive(&a, &n), 0);
	CHECK_EQ(n.pid, a.tid);
	CHECK_EQ(n.flags, 0);
	CHECK_EQ(n.data.nr, SYS_getppid);
	CHECK_EQ(n.data.arch, 0xc000003e);
	CHECK(n.data.args[0] == 11 && n.data.args[1] == 12 && n.data.args[2] == 13);
	CHECK_EQ(valid(&a, n.id), 0);
	CHECK_EQ(valid(&a, n.id + 1), -ENOENT);
	CHECK_EQ(answer(&a, n.id, 4711, 0, 0), 0);
	wait_for(&a.done);
	CHECK_EQ(a.result, 4711);
	CHECK_EQ(valid(&a, n.id), -ENOENT);
	CHECK_EQ(answer(&a, n.id, 1, 0, 0), -ENOENT);

	let_ask(&a);
	REQUIRE_EQ(receive(&a, &n), 0);
	CHECK_EQ(answer(&a, n.id, 0, -EDOM, 0), 0);
	wait_for(&a.done);
	CHECK_EQ(a.result, -EDOM);

	let_ask(&a);
	REQUIRE_EQ(receive(&a, &n), 0);
	CHECK_EQ(answer(&a, n.id, 1, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE), -EINVAL);
	CHECK_EQ(answer(&a, n.id, 0, -1, SECCOMP_USER_NOTIF_FLAG_CONTINUE), -EINVAL);
	CHECK_EQ(answer(&a, n.id, 0, 0, 2), -EINVAL);
	CHECK_EQ(answer(&a, n.id, 0, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE), 0);
	wait_for(&a.done);
	CHECK_EQ(a.result, getppid());
	finish(&a);
}

CASE(flags_and_sizes)
{
	struct seccomp_notif_sizes sizes = { 0 };
	uint32_t action = SECCOMP_RET_USER_NOTIF;
	struct seccomp_notif n;
	struct asker a;
	long fd;

	CHECK_EQ(sys(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes), 0);
	CHECK_EQ(sizes.notif, sizeof(struct seccomp_notif));
	CHECK_EQ(sizes.resp, sizeof(struct seccomp_notif_resp));
	CHECK_EQ(sizes.data, sizeof(struct seccomp_data));
	CHECK_EQ(sys(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 1, &sizes), -EINVAL);
	CHECK_EQ(sys(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, (void *)8), -EFAULT);
	CHECK_EQ(sys(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action), 0);

	start(&a, 0);
	CHECK_EQ(sys(SYS_fcntl, a.listener, F_GETFD), FD_CLOEXEC);
	memset(&n, 0, sizeof(n));
	n.pid = 1;
	CHECK_EQ(sys(SYS_ioctl, a.listener, SECCOMP_IOCTL_NOTIF_RECV, &n), -EINVAL);
	CHECK_EQ(sys(SYS_ioctl, a.listener, SECCOMP_IOCTL_NOTIF_RECV, (void *)8), -EFAULT);
	CHECK_EQ(sys(SYS_ioctl, a.listener, SECCOMP_IOCTL_NOTIF_SEND, (void *)8), -EFAULT);
	CHECK_EQ(sys(SYS_ioctl, a.listener, SECCOMP_IOCTL_NOTIF_ID_VALID, (void *)8), -EFAULT);
	CHECK_EQ(sys(SYS_ioctl, a.listener, 0x12345678, 0), -EINVAL);
	CHECK_EQ(answer(&a, 1, 0, 0, 0), -ENOENT);
	CHECK_EQ(give(&a, 1, 0, 0, 0, 0), -ENOENT);
	CHECK_EQ(give(&a, 1, 0, 4, 0, 0), -EINVAL);
	CHECK_EQ(give(&a, 1, 0, 0, 7, 0), -EINVAL);
	CHECK_EQ(give(&a, 1, 0, 0, 0, O_NONBLOCK), -EINVAL);
	CHECK_EQ(give(&a, 1, 999, 0, 0, 0), -EBADF);
	finish(&a);

	sys(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	CHECK_EQ(load(SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_TSYNC), -EINVAL);
	CHECK_EQ(load(SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV), -EINVAL);
	fd = load(SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_TSYNC_ESRCH);
	CHECK(fd > 0);
	CHECK_EQ(load(SECCOMP_FILTER_FLAG_NEW_LISTENER), -EBUSY);
	CHECK_EQ(sys(SYS_close, fd), 0);
	fd = load(SECCOMP_FILTER_FLAG_NEW_LISTENER);
	CHECK(fd > 0);
}

CASE(readiness)
{
	struct seccomp_notif n;
	struct asker a;

	start(&a, 0);
	CHECK_EQ(ready(&a, 0), 0);
	let_ask(&a);
	CHECK_EQ(ready(&a, 5000), POLLIN);
	REQUIRE_EQ(receive(&a, &n), 0);
	CHECK_EQ(ready(&a, 5000), POLLOUT);
	CHECK_EQ(answer(&a, n.id, 1, 0, 0), 0);
	wait_for(&a.done);
	CHECK_EQ(ready(&a, 0), 0);
	finish(&a);
	CHECK_EQ(ready(&a, 5000), POLLHUP);	/* nobody has the filter any more */
}

CASE(nobody_listens)
{
	struct seccomp_notif n;
	struct asker a;
	int i;

	for (i = 0; i < 2; i++) {	/* closed before it was received, and after */
		start(&a, 0);
		let_ask(&a);
		CHECK_EQ(ready(&a, 5000), POLLIN);
		if (i)
			CHECK_EQ(receive(&a, &n), 0);
		CHECK_EQ(sys(SYS_close, a.listener), 0);
		wait_for(&a.done);
		CHECK_EQ(a.result, -ENOSYS);
		let_ask(&a);
		wait_for(&a.done);
		CHECK_EQ(a.result, -ENOSYS);
		finish(&a);
	}
}

CASE(signals_interrupt)
{
	struct sigaction sa = { .sa_handler = nothing };
	struct seccomp_notif n, again;
	struct asker a;

	sigaction(SIGUSR1, &sa, NULL);
	start(&a, 0);
	let_ask(&a);
	REQUIRE_EQ(receive(&a, &n), 0);
	sys(SYS_tgkill, getpid(), a.tid, SIGUSR1);
	wait_for(&a.done);
	CHECK_EQ(a.result, -EINTR);
	CHECK_EQ(valid(&a, n.id), -ENOENT);
	CHECK_EQ(answer(&a, n.id, 1, 0, 0), -ENOENT);

	sa.sa_flags = SA_RESTART;
	sigaction(SIGUSR1, &sa, NULL);
	let_ask(&a);
	REQUIRE_EQ(receive(&a, &n), 0);
	sys(SYS_tgkill, getpid(), a.tid, SIGUSR1);
	REQUIRE_EQ(receive(&a, &again), 0);	/* it asks anew */
	CHECK(again.id != n.id);
	CHECK_EQ(answer(&a, again.id, 5, 0, 0), 0);
	wait_for(&a.done);
	CHECK_EQ(a.result, 5);
	finish(&a);
}

/* What was received goes on all the same. */
CASE(only_death_interrupts)
{
	struct sigaction sa = { .sa_handler = nothing };
	struct seccomp_notif n;
	struct asker a;
	int i;

	sigaction(SIGUSR1, &sa, NULL);
	start(&a, SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
	let_ask(&a);
	REQUIRE_EQ(receive(&a, &n), 0);
	sys(SYS_tgkill, getpid(), a.tid, SIGUSR1);
	for (i = 0; i < 20; i++)
		nap();
	CHECK_EQ(__atomic_load_n(&a.done, __ATOMIC_ACQUIRE), 0);
	CHECK_EQ(valid(&a, n.id), 0);
	CHECK_EQ(answer(&a, n.id, 6, 0, 0), 0);
	wait_for(&a.done);
	CHECK_EQ(a.result, 6);
	finish(&a);
}

static bool same_file(long a, long b)
{
	struct stat x, y;

	return sys(SYS_fstat, a, &x) == 0 && sys(SYS_fstat, b, &y) == 0 && x.st_ino == y.st_ino && x.st_dev == y.st_dev;
}

CASE(descriptors_are_given)
{
	struct seccomp_notif n;
	struct asker a;
	int p[2];
	long fd;

	REQUIRE_EQ(pipe(p), 0);
	start(&a, 0);
	let_ask(&a);
	REQUIRE_EQ(receive(&a, &n), 0);
	fd = give(&a, n.id, p[0], 0, 0, O_CLOEXEC);
	CHECK(fd > p[1]);
	CHECK(same_file(fd, p[0]));
	CHECK_EQ(sys(SYS_fcntl, fd, F_GETFD), FD_CLOEXEC);
	CHECK_EQ(give(&a, n.id, p[1], SECCOMP_ADDFD_FLAG_SETFD, 100, 0), 100);
	CHECK(same_file(100, p[1]));
	CHECK_EQ(sys(SYS_fcntl, 100, F_GETFD), 0);
	CHECK_EQ(give(&a, n.id, p[0], SECCOMP_ADDFD_FLAG_SETFD, 100, 0), 100);	/* in its place */
	CHECK(same_file(100, p[0]));
	CHECK_EQ(__atomic_load_n(&a.done, __ATOMIC_ACQUIRE), 0);
	fd = give(&a, n.id, p[1], SECCOMP_ADDFD_FLAG_SEND, 0, 0);
	CHECK(fd > 0);
	wait_for(&a.done);
	CHECK_EQ(a.result, fd);
	CHECK(same_file(fd, p[1]));
	CHECK_EQ(give(&a, n.id, p[1], 0, 0, 0), -ENOENT);
	finish(&a);
}

/* Many at once, answered in another order. */
CASE(several_ask)
{
	struct seccomp_notif n[4];
	struct asker a;
	long result[4];
	pid_t pid[4];
	int i, status;

	start(&a, 0);
	sys(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	CHECK_EQ(sys(SYS_close, a.listener), 0);
	finish(&a);
	a.listener = load(SECCOMP_FILTER_FLAG_NEW_LISTENER);
	REQUIRE(a.listener >= 0);
	for (i = 0; i < 4; i++) {
		pid[i] = (pid_t)ktap_fork();
		if (pid[i] == 0)
			_exit((int)sys(SYS_getpgrp, i));
	}
	for (i = 0; i < 4; i++)
		REQUIRE_EQ(receive(&a, &n[i]), 0);
	for (i = 3; i >= 0; i--)
		CHECK_EQ(answer(&a, n[i].id, 40 + (int64_t)n[i].data.args[0], 0, 0), 0);
	for (i = 0; i < 4; i++) {
		CHECK_EQ(sys(SYS_wait4, pid[i], &status, 0, NULL), pid[i]);
		result[i] = WEXITSTATUS(status);
		CHECK_EQ(result[i], 40 + i);
	}
	/* One that is killed while it waits leaves nothing behind. */
	pid[0] = (pid_t)ktap_fork();
	if (pid[0] == 0)
		_exit((int)sys(SYS_getpgrp));
	REQUIRE_EQ(receive(&a, &n[0]), 0);
	kill(pid[0], SIGKILL);
	CHECK_EQ(sys(SYS_wait4, pid[0], &status, 0, NULL), pid[0]);
	CHECK_EQ(status, SIGKILL);
	CHECK_EQ(valid(&a, n[0].id), -ENOENT);
}
