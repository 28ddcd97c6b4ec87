/* SPDX-License-Identifier: MIT */
/*
 * badptr_test.c - every tier-1 call that takes a pointer, with pointers of every bad kind: EFAULT, no signal, no
 * effect. A row of the table is one pointer argument of one call; the other arguments are good.
 */
#include "ktap.h"

#include <poll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/statfs.h>
#include <sys/time.h>
#include <sys/uio.h>

static char *page;		/* one good page, then an unmapped one */
static char *read_only;		/* readable, not writable */
static char *no_access;		/* PROT_NONE */
static int pipe_fd[2], file_fd, zero_fd, dir_fd;

static void prepare(void)
{
	page = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	read_only = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	no_access = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	REQUIRE(page != MAP_FAILED && read_only != MAP_FAILED && no_access != MAP_FAILED);
	REQUIRE_EQ(munmap(page + PAGE, PAGE), 0);
	scratch();
	REQUIRE_EQ(pipe(pipe_fd), 0);
	file_fd = open("f", O_RDWR | O_CREAT, 0600);
	zero_fd = open("/dev/zero", O_RDWR);
	dir_fd = open(".", O_RDONLY);
	REQUIRE(file_fd >= 0 && zero_fd >= 0 && dir_fd >= 0);
	REQUIRE_EQ(write(file_fd, "0123456789", 10), 10);
	REQUIRE_EQ(write(pipe_fd[1], "0123456789", 10), 10);
	REQUIRE_EQ(symlink("f", "l"), 0);
}

enum kind { IN, OUT, PATH };

/* A call with one doubtful pointer: @size bytes of it are looked at. */
struct row {
	const char *name;
	enum kind kind;
	size_t size;
	bool null_ok;		/* NULL means something else there */
	long (*call)(void *p);
};

#define ROW(name, kind, size, null_ok, ...) \
	static long call_##name(void *p) { return sys(__VA_ARGS__); }
#define ROWS \
	/* files */ \
	ROW(read_file, OUT, 8, false, SYS_read, (lseek(file_fd, 0, SEEK_SET), file_fd), p, 8) \
	ROW(read_zero, OUT, 8, false, SYS_read, zero_fd, p, 8) \
	ROW(read_pipe, OUT, 8, false, SYS_read, pipe_fd[0], p, 8) \
	ROW(pread64, OUT, 8, false, SYS_pread64, file_fd, p, 8, 0) \
	ROW(write_file, IN, 8, false, SYS_write, file_fd, p, 8) \
	ROW(write_pipe, IN, 8, false, SYS_write, pipe_fd[1], p, 8) \
	ROW(pwrite64, IN, 8, false, SYS_pwrite64, file_fd, p, 8, 0) \
	ROW(writev, IN, 16, false, SYS_writev, pipe_fd[1], p, 1) \
	ROW(open, PATH, 2, false, SYS_open, p, O_RDONLY) \
	ROW(openat, PATH, 2, false, SYS_openat, AT_FDCWD, p, O_RDWR | O_CREAT, 0600) \
	ROW(stat_path, PATH, 2, false, SYS_stat, p, page) \
	ROW(stat_buf, OUT, 144, false, SYS_stat, "f", p) \
	ROW(lstat_path, PATH, 2, false, SYS_lstat, p, page) \
	ROW(lstat_buf, OUT, 144, false, SYS_lstat, "f", p) \
	ROW(fstat, OUT, 144, false, SYS_fstat, file_fd, p) \
	ROW(newfstatat_path, PATH, 2, false, SYS_newfstatat, dir_fd, p, page, 0) \
	ROW(newfstatat_buf, OUT, 144, false, SYS_newfstatat, dir_fd, "f", p, 0) \
	ROW(access, PATH, 2, false, SYS_access, p, F_OK) \
	ROW(faccessat, PATH, 2, false, SYS_faccessat, dir_fd, p, F_OK) \
	ROW(chdir, PATH, 2, false, SYS_chdir, p) \
	ROW(chmod, PATH, 2, false, SYS_chmod, p, 0600) \
	ROW(chown, PATH, 2, false, SYS_chown, p, -1, -1) \
	ROW(mkdir, PATH, 2, false, SYS_mkdir, p, 0700) \
	ROW(rmdir, PATH, 2, false, SYS_rmdir, p) \
	ROW(unlink, PATH, 2, false, SYS_unlink, p) \
	ROW(link_old, PATH, 2, false, SYS_link, p, "new") \
	ROW(link_new, PATH, 2, false, SYS_link, "f", p) \
	ROW(symlink_target, PATH, 2, false, SYS_symlink, p, "new") \
	ROW(symlink_name, PATH, 2, false, SYS_symlink, "f", p) \
	ROW(rename_old, PATH, 2, false, SYS_rename, p, "new") \
	ROW(rename_new, PATH, 2, false, SYS_rename, "f", p) \
	ROW(readlink_path, PATH, 2, false, SYS_readlink, p, page, 8) \
	ROW(readlink_buf, OUT, 1, false, SYS_readlink, "l", p, 8) \
	ROW(statfs_path, PATH, 2, false, SYS_statfs, p, page) \
	ROW(statfs_buf, OUT, 120, false, SYS_statfs, "f", p) \
	ROW(utimensat_path, PATH, 2, false, SYS_utimensat, AT_FDCWD, p, NULL, 0) \
	ROW(utimensat_times, IN, 32, true, SYS_utimensat, AT_FDCWD, "f", p, 0) \
	ROW(getcwd, OUT, 8, false, SYS_getcwd, p, 4096) \
	ROW(getdents64, OUT, 24, false, SYS_getdents64, (lseek(dir_fd, 0, SEEK_SET), dir_fd), p, 4096) \
	ROW(fcntl_getlk, IN, 32, false, SYS_fcntl, file_fd, F_GETLK, p) \
	ROW(fcntl_setlk, IN, 32, false, SYS_fcntl, file_fd, F_SETLK, p) \
	ROW(execve_path, PATH, 2, false, SYS_execve, p, NULL, NULL) \
	/* pipes and polling */ \
	ROW(pipe, OUT, 8, false, SYS_pipe, p) \
	ROW(pipe2, OUT, 8, false, SYS_pipe2, p, O_CLOEXEC) \
	ROW(poll, IN, 8, false, SYS_poll, p, 1, 0) \
	ROW(select_read, IN, 8, true, SYS_select, 3, p, NULL, NULL, page) \
	ROW(select_time, IN, 16, true, SYS_select, 0, NULL, NULL, NULL, p) \
	ROW(pselect6_write, IN, 8, true, SYS_pselect6, 3, NULL, p, NULL, page, NULL) \
	ROW(pselect6_time, IN, 16, true, SYS_pselect6, 0, NULL, NULL, NULL, p, NULL) \
	ROW(pselect6_mask, IN, 16, true, SYS_pselect6, 0, NULL, NULL, NULL, page, p) \
	ROW(ioctl_fionread, OUT, 4, false, SYS_ioctl, pipe_fd[0], 0x541b, p) \
	/* signals */ \
	ROW(rt_sigaction_new, IN, 32, true, SYS_rt_sigaction, SIGUSR1, p, NULL, 8) \
	ROW(rt_sigaction_old, OUT, 32, true, SYS_rt_sigaction, SIGUSR1, NULL, p, 8) \
	ROW(rt_sigprocmask_new, IN, 8, true, SYS_rt_sigprocmask, SIG_BLOCK, p, NULL, 8) \
	ROW(rt_sigprocmask_old, OUT, 8, true, SYS_rt_sigprocmask, SIG_BLOCK, NULL, p, 8) \
	ROW(rt_sigtimedwait_set, IN, 8, false, SYS_rt_sigtimedwait, p, NULL, page, 8) \
	ROW(rt_sigtimedwait_time, IN, 16, true, SYS_rt_sigtimedwait, page, NULL, p, 8) \
	ROW(rt_sigsuspend, IN, 8, false, SYS_rt_sigsuspend, p, 8) \
	ROW(sigaltstack_new, IN, 24, true, SYS_sigaltstack, p, NULL) \
	ROW(sigaltstack_old, OUT, 24, true, SYS_sigaltstack, NULL, p) \
	ROW(setitimer_new, IN, 32, true, SYS_setitimer, ITIMER_VIRTUAL, p, NULL) \
	ROW(setitimer_old, OUT, 32, true, SYS_setitimer, ITIMER_VIRTUAL, page, p) \
	/* time, processes, the rest */ \
	ROW(nanosleep, IN, 16, false, SYS_nanosleep, p, NULL) \
	ROW(clock_nanosleep, IN, 16, false, SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, p, NULL) \
	ROW(clock_gettime, OUT, 16, false, SYS_clock_gettime, CLOCK_MONOTONIC, p) \
	ROW(futex_wait, IN, 4, false, SYS_futex, p, 0, 1, page, NULL, 0) \
	ROW(futex_time, IN, 16, true, SYS_futex, page, 0, 0, p, NULL, 0) \
	ROW(getrandom, OUT, 8, false, SYS_getrandom, p, 8, 0) \
	ROW(getrusage, OUT, 144, false, SYS_getrusage, RUSAGE_SELF, p) \
	ROW(prlimit64_new, IN, 16, true, SYS_prlimit64, 0, RLIMIT_CORE, p, NULL) \
	ROW(prlimit64_old, OUT, 16, true, SYS_prlimit64, 0, RLIMIT_CORE, NULL, p) \
	ROW(uname, OUT, 390, false, SYS_uname, p) \
	ROW(arch_prctl_get, OUT, 8, false, SYS_arch_prctl, 0x1003, p)

ROWS
#undef ROW
#define ROW(name, kind, size, null_ok, ...) { #name, kind, size, null_ok, call_##name },

static const struct row rows[] = { ROWS };

/* An array of times at the start of the page that makes every wait there end at once. */
static void clear_page(void)
{
	memset(page, 0, PAGE);
}

static void try_row(const struct row *row, void *p, const char *what)
{
	long ret;

	clear_page();
	errno = 0;
	ret = row->call(p);
	if (ret != -EFAULT)
		NOTE("%s with %s: %ld", row->name, what, ret);
	CHECK_EQ(ret, -EFAULT);
}

CASE(null_pointers)
{
	size_t i;

	prepare();
	for (i = 0; i < COUNT(rows); i++)
		if (!rows[i].null_ok)
			try_row(&rows[i], NULL, "NULL");
}

CASE(unmapped_and_inaccessible)
{
	size_t i;

	prepare();
	for (i = 0; i < COUNT(rows); i++) {
		try_row(&rows[i], (void *)64, "page zero");
		try_row(&rows[i], page + PAGE, "unmapped");
		try_row(&rows[i], no_access, "PROT_NONE");
	}
}

CASE(kernel_half_and_not_canonical)
{
	static const unsigned long bad[] = { 0xffff800000000000, 0xffffffff80000000, 0xfffffffffffffff0, 0x800000000000,
					     0x7ffffffff000, 0x8000000000000000, 0x123456789abcdef0 };
	char what[32];
	size_t i, k;

	prepare();
	for (i = 0; i < COUNT(rows); i++)
		for (k = 0; k < COUNT(bad); k++) {
			snprintf(what, sizeof(what), "%#lx", bad[k]);
			try_row(&rows[i], (void *)bad[k], what);
		}
}

/* Structures may stand at any address. rt_sigsuspend would wait for ever. */
CASE(good_but_not_aligned)
{
	size_t i, at;
	long ret;

	prepare();
	for (at = 1; at <= 7; at += 2)
		for (i = 0; i < COUNT(rows); i++) {
			if (rows[i].kind == PATH || !strcmp(rows[i].name, "rt_sigsuspend"))
				continue;
			clear_page();
			ret = rows[i].call(page + at);
			if (ret == -EFAULT)
				NOTE("%s at %zu", rows[i].name, at);
			CHECK(ret != -EFAULT);
		}
}

/* The last byte wanted lies in an unmapped page. */
CASE(straddling_a_page_end)
{
	size_t i;
	long ret;

	prepare();
	for (i = 0; i < COUNT(rows); i++) {
		if (rows[i].size < 2)
			continue;
		if (rows[i].kind == PATH) {	/* a name without its NUL */
			clear_page();
			page[PAGE - 1] = 'f';
			CHECK_EQ(rows[i].call(page + PAGE - 1), -EFAULT);
			continue;
		}
		clear_page();
		ret = rows[i].call(page + PAGE - rows[i].size + 1);

		/* Plain reads and writes may do what fits: Linux says how much. */
		if (ret > 0 && ret < (long)rows[i].size)
			continue;
		if (!strcmp(rows[i].name, "getcwd") || !strcmp(rows[i].name, "getdents64") ||
		    !strcmp(rows[i].name, "futex_wait") || !strcmp(rows[i].name, "select_read") ||
		    !strcmp(rows[i].name, "pselect6_write"))
			continue;	/* their size is not fixed, or alignment comes first */
		if (ret != -EFAULT)
			NOTE("%s: %ld", rows[i].name, ret);
		CHECK_EQ(ret, -EFAULT);
	}
}

CASE(results_into_read_only_memory)
{
	size_t i;

	prepare();
	for (i = 0; i < COUNT(rows); i++)
		if (rows[i].kind == OUT)
			try_row(&rows[i], read_only, "read-only");
	for (i = 0; i < PAGE; i++)
		if (read_only[i])
			break;
	CHECK_EQ(i, PAGE);
}

/* After all those failures: nothing was made, read away, blocked or opened. */
CASE(no_effects)
{
	char buf[16];
	uint64_t mask = 1;
	int before, after;
	size_t i;
	static const char *const must_not_exist[] = { "new", "F" };

	prepare();
	before = (int)sys(SYS_dup, 0);
	close(before);
	for (i = 0; i < COUNT(rows); i++) {
		rows[i].call((void *)0xffff800000000000);
		rows[i].call(page + PAGE);
		if (rows[i].kind == OUT)
			rows[i].call(read_only);
	}
	after = (int)sys(SYS_dup, 0);
	CHECK_EQ(after, before);	/* pipe and pipe2 gave their descriptors back */
	for (i = 0; i < COUNT(must_not_exist); i++)
		CHECK_EQ(sys(SYS_access, must_not_exist[i], F_OK), -ENOENT);
	CHECK_EQ(sys(SYS_access, "f", F_OK), 0);
	CHECK_EQ(sys(SYS_pread64, file_fd, buf, 16, 0), 10);
	CHECK(memcmp(buf, "0123456789", 10) == 0);
	CHECK_EQ(sys(SYS_read, pipe_fd[0], buf, 16), 10);	/* a failed read takes nothing */
	CHECK(memcmp(buf, "0123456789", 10) == 0);
	CHECK_EQ(sys(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &mask, 8), 0);
	CHECK_EQ(mask, 0);
}

CASE(vectors_with_bad_parts)
{
	struct iovec v[3] = { { (char *)"ab", 2 }, { (void *)8, 2 }, { (char *)"cd", 2 } };
	char buf[16];
	long ret;

	prepare();
	sys(SYS_read, pipe_fd[0], buf, 16);
	ret = sys(SYS_writev, pipe_fd[1], v, 3);
	CHECK(ret == 2 || ret == -EFAULT);	/* the part before may be written */
	ret = sys(SYS_writev, file_fd, v + 1, 2);
	CHECK_EQ(ret, -EFAULT);
	v[0].iov_base = (void *)0xffff800000000000;
	CHECK_EQ(sys(SYS_writev, pipe_fd[1], v, 1), -EFAULT);
	v[0].iov_base = NULL;
	v[0].iov_len = 0;
	CHECK_EQ(sys(SYS_writev, pipe_fd[1], v, 1), 0);
}

CASE(partial_reads_and_writes)
{
	long ret;

	prepare();
	CHECK_EQ(sys(SYS_pwrite64, file_fd, page, PAGE, 0), PAGE);
	ret = sys(SYS_pread64, file_fd, page + PAGE - 100, 200, 0);
	CHECK(ret == 100 || ret == -EFAULT);
	ret = sys(SYS_pwrite64, file_fd, page + PAGE - 100, 200, 0);
	CHECK(ret == 100 || ret == -EFAULT);
	ret = sys(SYS_write, pipe_fd[1], page + PAGE - 100, 200);
	CHECK(ret == 100 || ret == -EFAULT);
	ret = sys(SYS_getrandom, page + PAGE - 100, 200, 0);
	CHECK(ret == 100 || ret == -EFAULT);
	/* Lengths that wrap around the address space. */
	CHECK_EQ(sys(SYS_write, pipe_fd[1], page, -1L), -EFAULT);
	CHECK_EQ(sys(SYS_read, zero_fd, page, -1L), -EFAULT);
}

/* wait4 writes its status last: a bad pointer loses it, but the child is gone (as on Linux). */
CASE(wait4_status_pointer)
{
	pid_t pid;

	IN_CHILD(pid) {
		_exit(1);
	}
	CHECK_EQ(sys(SYS_wait4, pid, (void *)8, 0, NULL), -EFAULT);
	CHECK_EQ(sys(SYS_wait4, pid, NULL, 0, NULL), -ECHILD);
}

/* The kernel must not write above its own memory through set_tid_address either: the thread's end ignores it. */
CASE(clear_tid_pointer_at_exit)
{
	static const unsigned long bad[] = { 1, 64, 0xffff800000000000, 0xffffffff80000000, 0x123456789abcdef0 };
	size_t i;
	pid_t pid;

	for (i = 0; i < COUNT(bad); i++) {
		IN_CHILD(pid) {
			sys(SYS_set_tid_address, bad[i]);
			sys(SYS_exit, 3);
		}
		CHECK_EXIT(pid, 3);
	}
}

CASE(clone_pointers)
{
	static const unsigned long bad[] = { 64, 0xffff800000000000, 0x123456789abcdef0 };
	enum { CHILD_SETTID = 0x1000000, PARENT_SETTID = 0x100000 };
	size_t i;
	long pid;

	for (i = 0; i < COUNT(bad); i++) {
		pid = sys(SYS_clone, CHILD_SETTID | SIGCHLD, 0, 0, bad[i], 0);
		if (pid == 0)
			_exit(4);
		if (CHECK(pid > 0))
			CHECK_EXIT(pid, 4);	/* Linux ignores it */
		pid = sys(SYS_clone, PARENT_SETTID | SIGCHLD, 0, bad[i], 0, 0);
		if (pid == 0)
			_exit(5);
		CHECK(pid == -EFAULT || pid > 0);
		if (pid > 0)
			CHECK_EXIT(pid, 5);
	}
}
