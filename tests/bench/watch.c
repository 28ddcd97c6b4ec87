/* SPDX-License-Identifier: MIT */
/*
 * Rows of a process that is watched: what pledge, a seccomp filter and unveil add to a
 * call. None of them can be taken back, so each row is in a process of its own.
 */
#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <kernel/abi/linux_seccomp.h>

#define SYS_PLEDGE 1025
#define SYS_UNVEIL 1026
#define TARGET "/tmp/bench.dat"
#define NAMES 12 /* of the 20 paths; the others are folders */

static int make_target(void)
{
	int fd = open(TARGET, O_RDWR | O_CREAT, 0644);

	return fd < 0 ? -errno : ok(close(fd));
}

static void remove_target(void)
{
	unlink(TARGET);
}

static int op_getppid(void)
{
	return raw3(SYS_getppid, 0, 0, 0) < 0;
}

static int op_open_close(void)
{
	int fd = open(TARGET, O_RDONLY);

	return fd < 0 ? -errno : ok(close(fd));
}

/* ---- pledge ---- */

static int setup_pledge(void)
{
	int err = make_target();

	return err ? err : (int)raw3(SYS_PLEDGE, (long)"stdio rpath", 0, 0);
}

/* ---- seccomp: a list of 50 numbers, and what is not on it fails ---- */

static int setup_filter(void)
{
	static const unsigned short calls[50] = {
		SYS_read, SYS_write, SYS_close, SYS_fstat, SYS_lseek, SYS_mmap, SYS_mprotect,
		SYS_munmap, SYS_brk, SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_rt_sigreturn,
		SYS_ioctl, SYS_pread64, SYS_pwrite64, SYS_readv, SYS_writev, SYS_access, SYS_pipe,
		SYS_sched_yield, SYS_mremap, SYS_madvise, SYS_dup, SYS_dup2, SYS_nanosleep,
		SYS_getpid, SYS_exit, SYS_wait4, SYS_uname, SYS_fcntl, SYS_getcwd, SYS_gettimeofday,
		SYS_getrlimit, SYS_getrusage, SYS_sysinfo, SYS_times, SYS_getuid, SYS_getgid,
		SYS_geteuid, SYS_getegid, SYS_getpgrp, SYS_sigaltstack, SYS_arch_prctl, SYS_gettid,
		SYS_futex, SYS_clock_gettime, SYS_exit_group, SYS_openat, SYS_getrandom, SYS_getppid,
	};
	struct linux_sock_filter code[1 + 50 + 2], *at = code;
	struct linux_sock_fprog prog = { .filter = (u64)(uintptr_t)code };

	*at++ = (struct linux_sock_filter){ BPF_LD | BPF_W | BPF_ABS, 0, 0, 0 }; /* the number */
	for (unsigned i = 0; i < 50; i++)
		*at++ = (struct linux_sock_filter){ BPF_JMP | BPF_JEQ | BPF_K, (u8)(50 - i), 0,
						    calls[i] };
	*at++ = (struct linux_sock_filter){ BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | EPERM };
	*at++ = (struct linux_sock_filter){ BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW };
	prog.len = (u16)(at - code);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	return ok(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog));
}

/* ---- unveil: 20 paths, /tmp among them, or the file itself ---- */

static const char *veil_path(int i, char buf[64])
{
	snprintf(buf, 64, i < NAMES ? "/tmp/bench.name%d" : "/tmp/bench.dir%d", i);
	return buf;
}

static int setup_veil_and(const char *last)
{
	char path[64];
	int err = make_target();

	/* Before the first rule hides /tmp. */
	for (int i = NAMES; i < 20; i++)
		if (mkdir(veil_path(i, path), 0755) < 0 && errno != EEXIST)
			return -errno;
	for (int i = 1; i < 20 && !err; i++)
		err = (int)raw3(SYS_UNVEIL, (long)veil_path(i, path), (long)"r", 0);
	if (!err)
		err = (int)raw3(SYS_UNVEIL, (long)last, (long)"r", 0);
	return err;
}

static int setup_veil(void)
{
	return setup_veil_and("/tmp");
}

static int setup_veil_name(void)
{
	return setup_veil_and(TARGET);
}

/* By the parent, which sees them. */
static void remove_veil(void)
{
	char path[64];

	for (int i = NAMES; i < 20; i++)
		rmdir(veil_path(i, path));
	remove_target();
}

static int setup_veil_pledge(void)
{
	int err = setup_veil();

	return err ? err : (int)raw3(SYS_PLEDGE, (long)"stdio rpath", 0, 0);
}

#define ROW_WATCH(n, s, o, d) \
	{ .name = n, .setup = s, .op = o, .done = d, .samples = 200, .per_sample = 1, \
	  .alone = true }

const struct row rows_watch[] = {
	ROW_WATCH("getppid_raw_pledge", setup_pledge, op_getppid, remove_target),
	ROW_WATCH("getppid_raw_filter50", setup_filter, op_getppid, NULL),
	ROW_WATCH("open_close_pledge", setup_pledge, op_open_close, remove_target),
	ROW_WATCH("open_close_unveil20", setup_veil, op_open_close, remove_veil),
	ROW_WATCH("open_close_unveil20_name", setup_veil_name, op_open_close, remove_veil),
	ROW_WATCH("open_close_both", setup_veil_pledge, op_open_close, remove_veil),
};
const unsigned rows_watch_nr = sizeof(rows_watch) / sizeof(rows_watch[0]);
