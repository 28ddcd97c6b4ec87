/* SPDX-License-Identifier: MIT */
/*
 * pledge_matrix_test.c - every call with every single promise: refused at the gate where kernel/syscall.tbl does not
 * give it that promise, let in where it does. And what the table says of calls that OpenBSD has too is compared with
 * what pledge(2) says there. Linux has no pledge: all skipped.
 */
#include "ktap.h"

#include <sys/mman.h>
#include <sys/time.h>
#include <syscall_shapes.h>

#define SYS_PLEDGE 1025
#define ALWAYS (1ull << 63)

static void need_pledge(void)
{
	if (sys(SYS_PLEDGE, NULL, NULL) != 0)
		SKIP("no pledge");
}

/* Calls that with arguments of all ones do something, or do not come back. */
static bool is_left_out(int nr)
{
	static const short nrs[] = {
		SYS_rt_sigreturn, SYS_pause, SYS_clone, SYS_fork, SYS_vfork, SYS_exit, SYS_exit_group, SYS_vhangup,
		SYS_setitimer, SYS_alarm, SYS_munlockall, SYS_sync, 1024 /* the console of our own calls */,
	};
	size_t i;

	for (i = 0; i < COUNT(nrs); i++)
		if (nrs[i] == nr)
			return true;
	return false;
}

/* security/pledge.c looks at their arguments too, and may refuse these. */
static bool has_rules(int nr)
{
	static const short nrs[] = {
		SYS_mmap, SYS_mprotect, SYS_ioctl, SYS_socket, SYS_sendto, SYS_socketpair, SYS_setsockopt, SYS_clone,
		SYS_kill, SYS_fcntl, SYS_rt_sigqueueinfo, SYS_prctl, SYS_tkill, SYS_tgkill, SYS_rt_tgsigqueueinfo,
		SYS_prlimit64, SYS_pkey_mprotect, SYS_clone3, SYS_setrlimit, SYS_getrlimit, SYS_fchmod, SYS_fchown,
		SYS_sendmsg, SYS_sendmmsg, SYS_recvmsg, SYS_recvmmsg, SYS_seccomp,
		SYS_futex /* ENOSYS for such an operation */,
	};
	size_t i;

	for (i = 0; i < COUNT(nrs); i++)
		if (nrs[i] == nr)
			return true;
	return false;
}

/* Told by the child, which may not be allowed to write. */
static struct report {
	int at;		/* index of the call being made */
	unsigned wrong;
	struct { int index; long ret; } first[16];
} *report;

static void try_all(const char *words, uint64_t promised)
{
	size_t i;

	if (sys(SYS_PLEDGE, words, NULL) != 0)
		sys(SYS_exit_group, 3);
	for (i = 0; i < COUNT(syscall_shapes); i++) {
		const struct syscall_shape *s = &syscall_shapes[i];
		bool in = s->pledge & (promised | ALWAYS);
		long ret;

		if (is_left_out(s->nr))
			continue;
		report->at = (int)i;
		ret = ktap_syscall(s->nr, -1, -1, -1, -1, -1, -1);
		if ((in && has_rules(s->nr)) || in == (ret != -ENOSYS))
			continue;
		if (report->wrong < COUNT(report->first)) {
			report->first[report->wrong].index = (int)i;
			report->first[report->wrong].ret = ret;
		}
		report->wrong++;
	}
	sys(SYS_exit_group, 0);
}

static void check_promise(const char *words, uint64_t promised)
{
	int status = 0;
	unsigned i;
	pid_t pid;

	memset(report, 0, sizeof(*report));
	pid = (pid_t)ktap_fork();
	if (pid == 0)
		try_all(words, promised);
	sys(SYS_wait4, pid, &status, 0, NULL);
	if (!CHECK_EQ(status, 0))
		NOTE("\"%s\": status %#x at %s", words, status, syscall_shapes[report->at].name);
	CHECK_EQ(report->wrong, 0);
	for (i = 0; i < report->wrong && i < COUNT(report->first); i++)
		NOTE("\"%s\": %s gives %ld", words, syscall_shapes[report->first[i].index].name,
		    report->first[i].ret);
}

CASE(every_call_with_every_promise)
{
	char words[64];
	size_t n;

	need_pledge();
	report = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	REQUIRE(report != MAP_FAILED);
	for (n = 0; n < COUNT(shape_promises); n++) {
		snprintf(words, sizeof(words), "%s error", shape_promises[n]);
		if (strcmp(shape_promises[n], "error") != 0)
			check_promise(words, 1ull << n);
	}
	check_promise("error", 0);
}

/* Without "error" the first call that is refused is the last: SIGABRT, which nothing catches. */
CASE(every_refused_call_kills)
{
	unsigned killed = 0, wrong = 0;
	size_t i;

	need_pledge();
	for (i = 0; i < COUNT(syscall_shapes); i++) {
		const struct syscall_shape *s = &syscall_shapes[i];
		int status = 0;
		pid_t pid;

		if (s->pledge & ALWAYS)
			continue;
		pid = (pid_t)ktap_fork();
		if (pid == 0) {
			signal(SIGABRT, SIG_IGN);
			sys(SYS_PLEDGE, "", NULL);
			ktap_syscall(s->nr, -1, -1, -1, -1, -1, -1);
			sys(SYS_exit_group, 0);
		}
		sys(SYS_wait4, pid, &status, 0, NULL);
		killed += status == SIGABRT;
		if (status != SIGABRT && wrong++ < 10)
			NOTE("%s: status %#x", s->name, status);
	}
	CHECK_EQ(wrong, 0);
	NOTE("%u calls", killed);
}

/*
 * What OpenBSD's pledge(2) and the table of its kern_pledge.c give a promise, for calls that Linux has by that name.
 * Where a path or another argument decides (open, stat, kill, ...) the number alone is let in by stdio, there and here.
 */
static const struct {
	const char *promise, *calls;
} openbsd[] = {
	{ "stdio", "clock_getres clock_gettime close dup dup2 dup3 fcntl fstat fsync ftruncate getegid geteuid getgid "
		   "getgroups getitimer getpgid getpgrp getpid getppid getresgid getresuid getrlimit getsid "
		   "gettimeofday getuid lseek madvise mmap mprotect munmap nanosleep pipe pipe2 poll pread64 preadv "
		   "pwrite64 pwritev read readv recvfrom recvmsg select sendmsg sendto setitimer shutdown "
		   "rt_sigaction rt_sigprocmask rt_sigreturn socketpair umask wait4 waitid write writev fchdir "
		   "open openat stat lstat newfstatat access faccessat readlink readlinkat kill getsockopt "
		   "setsockopt" },	/* of the last two lines the arguments decide */
	{ "rpath", "chdir getcwd" },
	{ "wpath", "truncate" },
	{ "cpath", "rename rmdir renameat link linkat symlink symlinkat unlink unlinkat mkdir mkdirat" },
	{ "dpath", "mknod mknodat" },
	{ "inet", "socket listen bind connect accept4 accept getpeername getsockname" },
	{ "unix", "socket listen bind connect accept4 accept getpeername getsockname" },
	{ "fattr", "utime utimes utimensat futimesat chmod fchmod fchmodat" },
	{ "chown", "chown fchown lchown fchownat" },
	{ "flock", "flock" },
	{ "proc", "fork vfork getpriority setpriority setpgid setsid" },
	{ "exec", "execve" },
	{ "settime", "settimeofday" },
	{ "id", "setuid setreuid setgid setregid setresuid setresgid setgroups getpriority setpriority" },
	{ "unveil", "unveil" },
};
/* Not without the promise of the page, whatever else is promised. */
static const struct {
	const char *call, *promises;
} only_by[] = {
	{ "execve", "exec" }, { "flock", "flock" }, { "settimeofday", "settime" },
	{ "mkdir", "cpath tmppath" }, { "unlink", "cpath tmppath" }, { "rename", "cpath" }, { "link", "cpath" },
	{ "symlink", "cpath" }, { "mknod", "dpath" }, { "setuid", "id" }, { "setgroups", "id" }, { "setsid", "proc" },
	{ "setpgid", "proc" }, { "chroot", "id" }, { "mount", "" }, { "reboot", "" }, { "ptrace", "" },
	{ "bpf", "" }, { "init_module", "" }, { "swapon", "" }, { "pivot_root", "" },
};

static uint64_t bit_of(const char *word, size_t len)
{
	size_t n;

	for (n = 0; n < COUNT(shape_promises); n++)
		if (strlen(shape_promises[n]) == len && memcmp(shape_promises[n], word, len) == 0)
			return 1ull << n;
	return 0;
}

static const struct syscall_shape *find_call(const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < COUNT(syscall_shapes); i++)
		if (strlen(syscall_shapes[i].name) == len && memcmp(syscall_shapes[i].name, name, len) == 0)
			return &syscall_shapes[i];
	return NULL;
}

CASE(table_agrees_with_openbsd)
{
	const struct syscall_shape *call;
	size_t i, len, compared = 0;
	const char *at;

	need_pledge();
	for (i = 0; i < COUNT(openbsd); i++)
		for (at = openbsd[i].calls; *at; at += len + (at[len] == ' ')) {
			len = strcspn(at, " ");
			call = find_call(at, len);
			if (!call)
				continue;
			compared++;
			if (!CHECK(call->pledge & (bit_of(openbsd[i].promise, strlen(openbsd[i].promise)) | ALWAYS)))
				NOTE("%.*s is %s's on OpenBSD", (int)len, at, openbsd[i].promise);
		}
	for (i = 0; i < COUNT(only_by); i++) {
		uint64_t may = 0;

		call = find_call(only_by[i].call, strlen(only_by[i].call));
		if (!call)
			continue;
		for (at = only_by[i].promises; *at; at += len + (at[len] == ' ')) {
			len = strcspn(at, " ");
			may |= bit_of(at, len);
		}
		if (!CHECK(!(call->pledge & ~may)))
			NOTE("%s by other promises than \"%s\"", only_by[i].call, only_by[i].promises);
	}
	CHECK(compared > 100);
}
