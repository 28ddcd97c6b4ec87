/* SPDX-License-Identifier: MIT */
/*
 * fault_test.c - the Nth allocation in the kernel fails, for every N that a piece of work makes: each call gives a
 * clean error (or a process dies of it), nothing stays behind, and the same work without a failure goes well.
 * Needs /proc/self/fail-nth of Exo-OS's debug builds and root.
 */
#define KTAP_HAS_HELPER
#include "ktap.h"

#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/uio.h>

enum {
	NTH_MAX = 3000,		/* no work here makes so many allocations */
	SLACK_KIB = 512,	/* caches and pools may grow by so much */
};

static int ktap_helper(int argc UNUSED, char **argv UNUSED)
{
	return 0;
}

/* No descriptor stays open: opening one would be an allocation that counts. */
static bool arm(unsigned nth)
{
	char text[16];
	int fd = open("/proc/self/fail-nth", O_WRONLY), n = snprintf(text, sizeof(text), "%u", nth);
	bool ok = fd >= 0 && write(fd, text, (size_t)n) == n;

	if (fd >= 0 && nth == 0)
		close(fd);
	return ok;	/* armed: the process's end closes it */
}

/* Allocations that were still to come, or -1. */
static long left(void)
{
	char text[16] = "";
	int fd = open("/proc/self/fail-nth", O_RDONLY);
	ssize_t n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;

	if (fd >= 0)
		close(fd);
	return n > 0 ? strtol(text, NULL, 10) : -1;
}

static long free_kib(void)
{
	char text[2048] = "";
	const char *at;
	int fd = open("/proc/meminfo", O_RDONLY);
	ssize_t n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;

	if (fd >= 0)
		close(fd);
	at = n > 0 ? strstr(text, "MemFree:") : NULL;
	return at ? strtol(at + 8, NULL, 10) : -1;
}

/* What a call may say when memory is out; ENOSPC is tmpfs' word for it. */
static long may_fail(long ret, const char *what)
{
	static const short clean[] = { ENOMEM, EAGAIN, ENFILE, ENOBUFS, ENOSPC, ENOSYS };
	size_t i;

	for (i = 0; ret < 0 && i < COUNT(clean) && ret != -clean[i]; i++)
		;
	if (ret < 0 && i == COUNT(clean)) {
		ktap_failures++;
		NOTE("%s: %ld", what, ret);
	}
	return ret;
}
#define TRY(...) may_fail(sys(__VA_ARGS__), #__VA_ARGS__)

/* Runs @work once for every allocation it makes, each time in a child where that one fails. A child may be killed
 * by the kernel for want of memory, never by anything else. */
static void sweep(void (*work)(void))
{
	long before = -1, after, rest = 0;
	unsigned nth;
	int status;
	pid_t pid;

	if (!on_exo() || access("/proc/self/fail-nth", W_OK) != 0 || !is_root())
		SKIP("needs /proc/self/fail-nth of Exo-OS and root");
	scratch();
	for (nth = 1; nth < NTH_MAX && rest == 0; nth++) {
		if (nth == 3)
			before = free_kib();	/* pools have taken their size */
		IN_CHILD(pid) {
			REQUIRE(arm(nth));
			work();
		}
		status = child_status(pid);
		rest = left();
		REQUIRE(arm(0));
		if (!CHECK(status == 0 || status == SIGKILL || status == SIGBUS || status == SIGSEGV))
			NOTE("allocation %u: status %#x", nth, (unsigned)status);
	}
	CHECK(rest > 0);
	CHECK_EQ(status, 0);	/* of the last one, in which none failed */
	after = free_kib();
	NOTE("%u allocations; free before %ld KiB, after %ld KiB", nth - 2, before, after);
	CHECK(before < 0 || before - after < SLACK_KIB);
}

static void fork_work(void)
{
	long pid = sys(SYS_fork);

	if (pid == 0)
		sys(SYS_exit_group, 0);
	if (may_fail(pid, "fork") > 0)
		TRY(SYS_wait4, pid, NULL, 0, NULL);
}

CASE(fork)
{
	sweep(fork_work);
}

static void exec_work(void)
{
	char *argv[] = { (char *)"n", (char *)"@exit", NULL }, *envp[] = { NULL };

	TRY(SYS_execve, ktap_self, argv, envp);
}

CASE(exec)
{
	sweep(exec_work);
}

static void file_work(void)
{
	char buf[64];
	long fd, dup, dir;

	fd = TRY(SYS_open, "f", O_RDWR | O_CREAT, 0600);
	if (fd < 0)
		return;
	TRY(SYS_pwrite64, fd, "x", 1, 5000);
	TRY(SYS_pread64, fd, buf, 64, 4990);
	dup = TRY(SYS_fcntl, fd, F_DUPFD, 200);
	if (dup >= 0)
		TRY(SYS_close, dup);
	TRY(SYS_ftruncate, fd, 0);
	TRY(SYS_close, fd);
	dir = TRY(SYS_mkdir, "d", 0700);
	if (dir == 0 && TRY(SYS_rename, "f", "d/g") == 0) {
		if (TRY(SYS_symlink, "d/g", "l") == 0) {
			TRY(SYS_readlink, "l", buf, 64);
			while (TRY(SYS_unlink, "l") != 0)
				;
		}
		while (TRY(SYS_unlink, "d/g") != 0)
			;
	} else {
		while (TRY(SYS_unlink, "f") != 0)
			;
	}
	while (dir == 0 && TRY(SYS_rmdir, "d") != 0)
		;
}

CASE(files)
{
	sweep(file_work);
}

static void event_work(void)
{
	struct epoll_event e = { .events = EPOLLIN };
	struct pollfd p[40];
	int fd[2], i;
	long ep, ev;

	if (TRY(SYS_pipe2, fd, 0) == 0) {
		TRY(SYS_write, fd[1], "x", 1);
		for (i = 0; i < 40; i++)
			p[i] = (struct pollfd) { .fd = fd[0], .events = POLLIN };
		TRY(SYS_poll, p, 40, 0);
		ep = TRY(SYS_epoll_create1, 0);
		if (ep >= 0 && TRY(SYS_epoll_ctl, ep, EPOLL_CTL_ADD, fd[0], &e) == 0)
			TRY(SYS_epoll_wait, ep, &e, 1, 0);
	}
	ev = TRY(SYS_eventfd2, 1, 0);
	if (ev >= 0)
		TRY(SYS_read, ev, p, 8);
}

CASE(pipes_and_events)
{
	sweep(event_work);
}

static void memory_work(void)
{
	long p = TRY(SYS_mmap, NULL, 64 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), q;
	int i;

	if (p < 0)
		return;
	for (i = 0; i < 64; i += 7)
		((volatile char *)p)[(unsigned long)i * PAGE] = 1;
	for (i = 1; i < 64; i += 2)
		TRY(SYS_mprotect, p + (long)PAGE * i, PAGE, PROT_READ);
	TRY(SYS_madvise, p, 64 * PAGE, MADV_DONTNEED);
	q = TRY(SYS_mremap, p, PAGE, 9 * PAGE, MREMAP_MAYMOVE);
	if (q > 0)
		TRY(SYS_munmap, q + (long)PAGE * 3, PAGE);
	TRY(SYS_munmap, p + (long)PAGE * 3, PAGE * 10);
	q = TRY(SYS_mmap, NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (q > 0)
		*(volatile char *)q = 1;
}

CASE(memory)
{
	sweep(memory_work);
}

static void read_all(const char *path)
{
	static char buf[65536];
	long fd = TRY(SYS_openat, AT_FDCWD, path, O_RDONLY);

	if (fd < 0)
		return;
	while (TRY(SYS_read, fd, buf, sizeof(buf)) > 0)
		;
	TRY(SYS_close, fd);
}

/* Where memory comes from, what is told of it, sealed files, memory given to pipes. */
static void policy_work(void)
{
	long p = TRY(SYS_mmap, NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), fd;
	char text[] = "given";
	struct iovec give = { text, 5 };
	void *pages[2] = { (void *)p, (void *)(p + 4 * (long)PAGE) };
	int nodes[2] = { 0, 0 }, status[2], fds[2];
	unsigned long mask = 1;

	if (p < 0)
		return;
	TRY(SYS_mbind, p + 4 * (long)PAGE, 4 * PAGE, 1 /* MPOL_PREFERRED */, &mask, 17, 0);
	for (int i = 0; i < 16; i += 3)
		((volatile char *)p)[(unsigned long)i * PAGE] = 1;
	TRY(SYS_mbind, p, 16 * PAGE, 2 /* MPOL_BIND */, &mask, 17, 2 /* MPOL_MF_MOVE */);
	TRY(SYS_move_pages, 0, 2, pages, nodes, status, 2);
	TRY(SYS_migrate_pages, 0, 17, &mask, &mask);
	read_all("/proc/self/smaps");
	read_all("/proc/self/numa_maps");
	read_all("/proc/locks");
	fd = TRY(SYS_memfd_create, "sealed", 2 /* MFD_ALLOW_SEALING */);
	if (fd >= 0) {
		TRY(SYS_write, fd, "x", 1);
		TRY(SYS_fcntl, fd, 1033 /* F_ADD_SEALS */, 8 /* F_SEAL_WRITE */);
		TRY(SYS_close, fd);
	}
	if (TRY(SYS_pipe2, fds, 0) == 0) {
		TRY(SYS_vmsplice, fds[1], &give, 1, 0);
		TRY(SYS_close, fds[0]);
		TRY(SYS_close, fds[1]);
	}
}

CASE(policies)
{
	sweep(policy_work);
}

static void signal_work(void)
{
	struct timespec now = { 0, 0 };
	uint64_t set = 1UL << (SIGRTMIN - 1);
	int i;

	sys(SYS_rt_sigprocmask, SIG_BLOCK, &set, NULL, 8);
	for (i = 0; i < 3; i++)
		TRY(SYS_tkill, sys(SYS_gettid), SIGRTMIN);
	for (i = 0; i < 3; i++)
		TRY(SYS_rt_sigtimedwait, &set, NULL, &now, 8);
	TRY(SYS_sched_yield);
}

CASE(signals)
{
	sweep(signal_work);
}

static void *thread_body(void *arg)
{
	return arg;
}

static void thread_work(void)
{
	pthread_t t;
	int err = pthread_create(&t, NULL, thread_body, NULL);

	if (may_fail(-err, "pthread_create") == 0)
		pthread_join(t, NULL);
}

CASE(threads)
{
	sweep(thread_work);
}
