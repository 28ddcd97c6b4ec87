/* SPDX-License-Identifier: MIT */
/*
 * rare_calls_test.c - calls that few programs make: setns, vhangup, kcmp, vmsplice, pidfd_getfd, process_madvise,
 * pkey_alloc, pkey_free, pkey_mprotect, and madvise's advice for pages that are not used soon.
 */
#include "ktap.h"

#include <sched.h>
#include <sys/mman.h>
#include <sys/uio.h>

enum { NR_PIDFD_OPEN = 434, NR_PIDFD_GETFD = 438, NR_PROCESS_MADVISE = 440 };
enum { NR_PKEY_MPROTECT = 329, NR_PKEY_ALLOC = 330, NR_PKEY_FREE = 331 };
enum { KCMP_FILE, KCMP_VM, KCMP_FILES, KCMP_FS, KCMP_SIGHAND };
enum { COLD = 20, PAGEOUT = 21, WILLNEED = 3, DONTNEED = 4, F_NONBLOCK = 2 };
enum { NEW_UTS = 0x04000000, NEW_NET = 0x40000000, NEW_NS = 0x20000, NEW_USER = 0x10000000, NEW_TIME = 0x80 };

static int ns_file(const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/ns/%s", name);
	return open(path, O_RDONLY);
}

CASE(setns_into_ones_own)
{
	int uts = ns_file("uts"), user = ns_file("user"), plain = open("/", O_RDONLY), pidfd;
	char cwd[64];

	REQUIRE(uts >= 0 && user >= 0);
	CHECK_EQ(sys(SYS_setns, -1, 0), -EBADF);
	CHECK_EQ(sys(SYS_setns, plain, 0), -EINVAL);
	CHECK_EQ(sys(SYS_setns, uts, NEW_NET), -EINVAL);
	CHECK_EQ(sys(SYS_setns, user, 0), -EINVAL);
	if (!is_root()) {
		CHECK_EQ(sys(SYS_setns, uts, 0), -EPERM);
		return;
	}
	CHECK_EQ(sys(SYS_setns, uts, 0), 0);
	CHECK_EQ(sys(SYS_setns, uts, NEW_UTS), 0);
	CHECK_EQ(sys(SYS_setns, ns_file("ipc"), 0), 0);
	CHECK_EQ(sys(SYS_setns, ns_file("pid"), 0), 0);
	scratch();
	CHECK_EQ(sys(SYS_setns, ns_file("mnt"), NEW_NS), 0);
	CHECK(getcwd(cwd, sizeof(cwd)) != NULL);
	CHECK_STR(cwd, "/");	/* at the root of its mounts */
	pidfd = (int)sys(NR_PIDFD_OPEN, getpid(), 0);
	CHECK_EQ(sys(SYS_setns, pidfd, 0), -EINVAL);
	CHECK_EQ(sys(SYS_setns, pidfd, 1), -EINVAL);
	CHECK_EQ(sys(SYS_setns, pidfd, NEW_UTS), 0);
	CHECK_EQ(sys(SYS_setns, pidfd, NEW_USER), -EINVAL);
	REQUIRE(drop_root());
	CHECK_EQ(sys(SYS_setns, uts, 0), -EPERM);
}

/* Only of a session of its own, which has no terminal: the test's is not to be lost. */
CASE(vhangup_without_a_terminal)
{
	pid_t pid;

	IN_CHILD(pid) {
		sys(SYS_setsid);
		if (is_root()) {
			CHECK_EQ(sys(SYS_vhangup), 0);
			REQUIRE(drop_root());
		}
		CHECK_EQ(sys(SYS_vhangup), -EPERM);
	}
	CHECK_EXIT(pid, 0);
}

CASE(vhangup_of_a_pty)
{
	int master = open("/dev/ptmx", O_RDWR | O_NOCTTY), n = 0, unlock = 0;
	char path[32];
	pid_t pid;

	if (!is_root())
		SKIP("not root");
	REQUIRE(master >= 0);
	REQUIRE_EQ(sys(SYS_ioctl, master, 0x80045430 /* TIOCGPTN */, &n), 0);
	REQUIRE_EQ(sys(SYS_ioctl, master, 0x40045431 /* TIOCSPTLCK */, &unlock), 0);
	snprintf(path, sizeof(path), "/dev/pts/%d", n);
	IN_CHILD(pid) {
		int slave;

		sys(SYS_setsid);
		signal(SIGHUP, SIG_IGN);
		slave = open(path, O_RDWR);	/* the controlling terminal */
		REQUIRE(slave >= 0);
		CHECK_EQ(sys(SYS_write, slave, "x", 1), 1);
		CHECK_EQ(sys(SYS_vhangup), 0);
		CHECK_EQ(sys(SYS_write, slave, "x", 1), -EIO);
		CHECK_EQ(sys(SYS_read, slave, path, 1), 0);
		CHECK_EQ(open("/dev/tty", O_RDWR), -1);
	}
	CHECK_EXIT(pid, 0);
}

static long kcmp(pid_t a, pid_t b, int type, long x, long y)
{
	return sys(SYS_kcmp, a, b, type, x, y);
}

CASE(kcmp_forms)
{
	pid_t me = getpid(), pid;
	int fds[2], copy;
	long ret;

	if (kcmp(me, me, KCMP_VM, 0, 0) == -ENOSYS)
		SKIP("no kcmp");
	REQUIRE(pipe(fds) == 0);
	copy = dup(fds[0]);
	CHECK_EQ(kcmp(me, me, KCMP_VM, 0, 0), 0);
	CHECK_EQ(kcmp(me, me, KCMP_FILE, fds[0], copy), 0);
	ret = kcmp(me, me, KCMP_FILE, fds[0], fds[1]);
	CHECK(ret == 1 || ret == 2);
	CHECK_EQ(kcmp(me, me, KCMP_FILE, fds[1], fds[0]), 3 - ret);
	CHECK_EQ(kcmp(me, me, KCMP_FILE, fds[0], 999), -EBADF);
	CHECK_EQ(kcmp(me, me, 99, 0, 0), -EINVAL);
	CHECK_EQ(kcmp(me, 999999, KCMP_VM, 0, 0), -ESRCH);
	IN_CHILD(pid) {
		pid_t parent = getppid();

		CHECK_EQ(kcmp(getpid(), parent, KCMP_FILE, fds[0], copy), 0);
		CHECK(kcmp(getpid(), parent, KCMP_VM, 0, 0) > 0);
		CHECK(kcmp(getpid(), parent, KCMP_FILES, 0, 0) > 0);
		CHECK(kcmp(getpid(), parent, KCMP_FS, 0, 0) > 0);
		CHECK(kcmp(getpid(), parent, KCMP_SIGHAND, 0, 0) > 0);
		if (is_root() && drop_root())
			CHECK_EQ(kcmp(getpid(), parent, KCMP_VM, 0, 0), -EPERM);
	}
	CHECK_EXIT(pid, 0);
}

CASE(vmsplice_both_ways)
{
	char in[] = "to the pipe", more[] = ", in two pieces", out[64] = "", rest[64] = "";
	struct iovec give[2] = { { in, strlen(in) }, { more, strlen(more) } };
	struct iovec take[2] = { { out, 6 }, { rest, sizeof(rest) } };
	long all = (long)(strlen(in) + strlen(more));
	int fds[2], file;

	REQUIRE(pipe(fds) == 0);
	CHECK_EQ(sys(SYS_vmsplice, fds[1], give, 2, 0), all);
	CHECK_EQ(sys(SYS_vmsplice, fds[0], take, 2, 0), all);
	CHECK_STR(out, "to the");
	CHECK_STR(rest, " pipe, in two pieces");
	CHECK_EQ(sys(SYS_vmsplice, fds[0], take, 2, F_NONBLOCK), -EAGAIN);
	CHECK_EQ(sys(SYS_vmsplice, fds[1], give, 0, 0), 0);
	CHECK_EQ(sys(SYS_vmsplice, fds[1], give, 2, 0x100), -EINVAL);
	CHECK_EQ(sys(SYS_vmsplice, fds[1], give, 2000, 0), -EINVAL);
	CHECK_EQ(sys(SYS_vmsplice, fds[1], (void *)8, 1, 0), -EFAULT);
	CHECK_EQ(sys(SYS_vmsplice, -1, give, 1, 0), -EBADF);
	file = open("/dev/null", O_RDWR);
	CHECK_EQ(sys(SYS_vmsplice, file, give, 1, 0), -EBADF);
}

CASE(pidfd_getfd_takes)
{
	int fds[2], ready[2], pidfd, fd;
	char byte = 0;
	pid_t pid, other;

	REQUIRE(pipe(fds) == 0 && pipe(ready) == 0);
	pid = fork();
	if (pid == 0) {
		int mine = dup2(fds[1], 100);

		CHECK_EQ(write(ready[1], &mine, 1), 1);
		pause();
		_exit(0);
	}
	close(fds[1]);
	CHECK_EQ(read(ready[0], &byte, 1), 1);
	pidfd = (int)sys(NR_PIDFD_OPEN, pid, 0);
	REQUIRE(pidfd >= 0);
	fd = (int)sys(NR_PIDFD_GETFD, pidfd, 100, 0);
	if (!CHECK(fd >= 0))
		goto out;
	CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	CHECK_EQ(write(fd, "y", 1), 1);
	CHECK(read(fds[0], &byte, 1) == 1 && byte == 'y');
	CHECK_EQ(sys(NR_PIDFD_GETFD, pidfd, 99, 0), -EBADF);
	CHECK_EQ(sys(NR_PIDFD_GETFD, pidfd, -1, 0), -EBADF);
	CHECK_EQ(sys(NR_PIDFD_GETFD, pidfd, 100, 1), -EINVAL);
	CHECK_EQ(sys(NR_PIDFD_GETFD, fds[0], 100, 0), -EBADF);
	IN_CHILD(other)
		if (is_root() && drop_root())
			CHECK_EQ(sys(NR_PIDFD_GETFD, pidfd, 100, 0), -EPERM);
	CHECK_EXIT(other, 0);
out:
	kill(pid, SIGKILL);
	CHECK_KILLED(pid, SIGKILL);
}

CASE(advice_for_cold_pages)
{
	char *p = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	REQUIRE(p != MAP_FAILED);
	memset(p, 7, 8 * PAGE);
	CHECK_EQ(sys(SYS_madvise, p, 8 * PAGE, COLD), 0);
	CHECK_EQ(sys(SYS_madvise, p, 8 * PAGE, PAGEOUT), 0);
	CHECK_EQ(p[5 * PAGE], 7);
	CHECK_EQ(sys(SYS_madvise, p + 1, PAGE, COLD), -EINVAL);
	REQUIRE(munmap(p + 2 * PAGE, PAGE) == 0);
	CHECK_EQ(sys(SYS_madvise, p, 8 * PAGE, COLD), -ENOMEM);
	if (mlock(p, PAGE) == 0)
		CHECK_EQ(sys(SYS_madvise, p, PAGE, COLD), -EINVAL);
}

CASE(process_madvise)
{
	char *p = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct iovec list[2] = { { p, PAGE }, { p + 4 * PAGE, 2 * PAGE } }, bad[2] = { { p, PAGE }, { p + 1, PAGE } };
	int pidfd = (int)sys(NR_PIDFD_OPEN, getpid(), 0), other;
	pid_t pid, looker;

	REQUIRE(p != MAP_FAILED && pidfd >= 0);
	memset(p, 1, 8 * PAGE);
	CHECK_EQ(sys(NR_PROCESS_MADVISE, pidfd, list, 2, COLD, 0), 3 * PAGE);
	CHECK_EQ(sys(NR_PROCESS_MADVISE, pidfd, list, 2, WILLNEED, 0), 3 * PAGE);
	CHECK_EQ(sys(NR_PROCESS_MADVISE, pidfd, bad, 2, COLD, 0), PAGE);
	CHECK_EQ(sys(NR_PROCESS_MADVISE, pidfd, bad + 1, 1, COLD, 0), -EINVAL);
	CHECK_EQ(sys(NR_PROCESS_MADVISE, pidfd, list, 2, COLD, 1), -EINVAL);
	CHECK_EQ(sys(NR_PROCESS_MADVISE, pidfd, list, 2, 99, 0), -EINVAL);
	CHECK_EQ(sys(NR_PROCESS_MADVISE, -1, list, 2, COLD, 0), -EBADF);
	CHECK_EQ(sys(NR_PROCESS_MADVISE, pidfd, (void *)8, 2, COLD, 0), -EFAULT);
	pid = fork();
	if (pid == 0) {
		pause();
		_exit(0);
	}
	other = (int)sys(NR_PIDFD_OPEN, pid, 0);
	CHECK_EQ(sys(NR_PROCESS_MADVISE, other, list, 2, DONTNEED, 0), -EINVAL);
	if (is_root()) {
		CHECK_EQ(sys(NR_PROCESS_MADVISE, other, list, 2, PAGEOUT, 0), 3 * PAGE);
		IN_CHILD(looker)
			if (drop_root())
				CHECK_EQ(sys(NR_PROCESS_MADVISE, other, list, 2, COLD, 0), -EACCES);
		CHECK_EXIT(looker, 0);
	} else {
		CHECK_EQ(sys(NR_PROCESS_MADVISE, other, list, 2, COLD, 0), -EPERM);
	}
	kill(pid, SIGKILL);
	CHECK_KILLED(pid, SIGKILL);
}

CASE(protection_keys)
{
	void *p = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	long key;

	CHECK_EQ(sys(NR_PKEY_ALLOC, 1, 0), -EINVAL);
	CHECK_EQ(sys(NR_PKEY_ALLOC, 0, 8), -EINVAL);
	key = sys(NR_PKEY_ALLOC, 0, 0);
	CHECK(key > 0 || key == -EINVAL || key == -ENOSPC);	/* not every CPU has them */
	CHECK_EQ(sys(NR_PKEY_MPROTECT, p, PAGE, PROT_READ | PROT_WRITE, -1), 0);
	*(char *)p = 1;
	CHECK_EQ(sys(NR_PKEY_MPROTECT, p, PAGE, PROT_READ, 15), -EINVAL);
	CHECK_EQ(sys(NR_PKEY_FREE, 15), -EINVAL);
	if (key > 0) {
		CHECK_EQ(sys(NR_PKEY_MPROTECT, p, PAGE, PROT_READ, key), 0);
		CHECK_EQ(sys(NR_PKEY_FREE, key), 0);
	}
}
