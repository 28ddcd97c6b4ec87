/* SPDX-License-Identifier: MIT */
/*
 * ktap.h - the frame of the user-level tests: cases, checks, KTAP version 1 on standard output.
 *
 * A program is a list of CASE(name) { ... } bodies. Each case runs in a process of its own (and a process group of
 * its own), so what it maps, opens, ignores or breaks dies with it, a crash is one failed case, and a hang is ended by
 * the parent after KTAP_TIMEOUT seconds (environment, default 60). A failing check prints file, line and values as
 * a "# " line and the case goes on; REQUIRE ends it.
 *
 *     prog              run all cases      prog -l        list them
 *     prog NAME...      run these          prog -n NAME   in this very process, without fork (for debuggers)
 *     prog @WORD ...    re-executed by a test: calls ktap_helper()
 *
 * System calls are made by sys(), which returns what the kernel returned (-errno and all): no libc wrapper stands
 * between the test and the kernel. Depends on: fork, wait4, write, exit_group; if rt_sigtimedwait works there is a
 * time limit, otherwise none.
 */
#pragma once

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define UNUSED __attribute__((unused))
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define PAGE 4096UL

/* ---- system calls without libc ------------------------------------------------------------------------------- */

static inline long ktap_syscall(long nr, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long ret;

	__asm__ volatile("syscall" : "=a"(ret)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}

#define KTAP_SYS0(n) ktap_syscall(n, 0, 0, 0, 0, 0, 0)
#define KTAP_SYS1(n, a) ktap_syscall(n, (long)(a), 0, 0, 0, 0, 0)
#define KTAP_SYS2(n, a, b) ktap_syscall(n, (long)(a), (long)(b), 0, 0, 0, 0)
#define KTAP_SYS3(n, a, b, c) ktap_syscall(n, (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define KTAP_SYS4(n, a, b, c, d) ktap_syscall(n, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)
#define KTAP_SYS5(n, a, b, c, d, e) ktap_syscall(n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), 0)
#define KTAP_SYS6(n, a, b, c, d, e, f) \
	ktap_syscall(n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
#define KTAP_PICK(_0, _1, _2, _3, _4, _5, _6, name, ...) name
/* sys(SYS_read, fd, buf, len): result or -errno. Every argument is widened to 64 bits here. */
#define sys(...) \
	KTAP_PICK(__VA_ARGS__, KTAP_SYS6, KTAP_SYS5, KTAP_SYS4, KTAP_SYS3, KTAP_SYS2, KTAP_SYS1, KTAP_SYS0, ) \
	(__VA_ARGS__)

/* ---- output --------------------------------------------------------------------------------------------------- */

static const char *ktap_program UNUSED;	/* last part of argv[0] */
static char ktap_self[512] UNUSED;	/* absolute path of this program, for tests that execute it */
static const char *ktap_current;	/* running case */
static unsigned ktap_number UNUSED;	/* its number in the plan */
static int ktap_failures;		/* failed checks in this process; atomic, tests have threads */
static bool ktap_verbose UNUSED;

enum { KTAP_EXIT_SKIP = 77 };

/* One line, one write(): lines of several processes do not mix. */
__attribute__((format(printf, 1, 2)))
static void ktap_print(const char *format, ...)
{
	char line[1024];
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (len >= (int)sizeof(line)) {
		len = sizeof(line) - 1;
		line[len - 1] = '\n';
	}
	sys(SYS_write, 1, line, len);
}

#define NOTE(format, ...) ktap_print("# " format "\n", ##__VA_ARGS__)

static inline bool ktap_check(bool ok, const char *text, const char *file, int line)
{
	if (!ok) {
		__atomic_add_fetch(&ktap_failures, 1, __ATOMIC_RELAXED);
		ktap_print("# %s: %s:%d: failed: %s (errno %d)\n", ktap_current, file, line, text, errno);
	}
	return ok;
}

static inline bool ktap_check_eq(long a, long b, const char *ta, const char *tb, const char *file, int line)
{
	if (a != b) {
		__atomic_add_fetch(&ktap_failures, 1, __ATOMIC_RELAXED);
		ktap_print("# %s: %s:%d: %s = %ld (0x%lx), expected %s = %ld (0x%lx)\n", ktap_current, file, line,
			   ta, a, (unsigned long)a, tb, b, (unsigned long)b);
	}
	return a == b;
}

static inline bool ktap_check_err(long ret, int error, int want, const char *text, const char *file, int line)
{
	if (ret != -1 || error != want) {
		__atomic_add_fetch(&ktap_failures, 1, __ATOMIC_RELAXED);
		ktap_print("# %s: %s:%d: %s = %ld errno %d, expected -1 errno %d\n", ktap_current, file, line, text,
			   ret, error, want);
	}
	return ret == -1 && error == want;
}

static inline bool ktap_check_str(const char *a, const char *b, const char *ta, const char *file, int line)
{
	bool same = a && strcmp(a, b) == 0;

	if (!same) {
		__atomic_add_fetch(&ktap_failures, 1, __ATOMIC_RELAXED);
		ktap_print("# %s: %s:%d: %s = \"%s\", expected \"%s\"\n", ktap_current, file, line, ta,
			   a ? a : "(null)", b);
	}
	return same;
}

/* All of them yield a bool, so that a test can stop where going on makes no sense. */
#define CHECK(cond) ktap_check((cond), #cond, __FILE__, __LINE__)
#define CHECK_EQ(a, b) ktap_check_eq((long)(a), (long)(b), #a, #b, __FILE__, __LINE__)
#define CHECK_STR(a, b) ktap_check_str((a), (b), #a, __FILE__, __LINE__)
#define CHECK_ERR(call, want) \
	({ errno = 0; long ret_ = (long)(call); ktap_check_err(ret_, errno, (want), #call, __FILE__, __LINE__); })
#define REQUIRE(cond) do { if (!CHECK(cond)) _exit(1); } while (0)
#define REQUIRE_EQ(a, b) do { if (!CHECK_EQ(a, b)) _exit(1); } while (0)

/* Ends the case as skipped; must be called in the case's own process, not in a child of it. */
#define SKIP(reason) \
	do { ktap_print("ok %u %s # SKIP %s\n", ktap_number, ktap_current, (reason)); _exit(KTAP_EXIT_SKIP); } while (0)

#ifndef KTAP_NO_MAIN	/* fuzz_syscalls has a main of its own */

/* ---- cases ---------------------------------------------------------------------------------------------------- */

struct ktap_case {
	const char *name;
	void (*run)(void);
	struct ktap_case *next;
};

static struct ktap_case *ktap_first, **ktap_last = &ktap_first;

#define CASE(ident) \
	static void case_##ident(void); \
	static struct ktap_case reg_##ident = { #ident, case_##ident, NULL }; \
	__attribute__((constructor)) static void add_##ident(void) \
	{ \
		*ktap_last = &reg_##ident; \
		ktap_last = &reg_##ident.next; \
	} \
	static void case_##ident(void)

/* Defined by programs that execute themselves with "@WORD" as first argument. */
static int ktap_helper(int argc, char **argv);
#ifndef KTAP_HAS_HELPER
static int ktap_helper(int argc UNUSED, char **argv UNUSED)
{
	return 2;
}
#endif
#endif

/* ---- help for tests ------------------------------------------------------------------------------------------- */

/* Runs the following block in a child; the child ends with 0 when all its checks passed, else 1. */
#define IN_CHILD(pid) \
	for ((pid) = ktap_fork(); (pid) == 0; _exit(ktap_failures ? 1 : 0))

static inline pid_t ktap_fork(void)
{
	pid_t pid = fork();	/* the library's: it keeps the thread id of the caller */

	if (pid == 0)
		ktap_failures = 0;
	return pid;
}

/* Status of child @pid, or -1. */
static inline int child_status(pid_t pid)
{
	int status = -1;
	long ret;

	do {
		ret = sys(SYS_wait4, pid, &status, 0, 0);
	} while (ret == -EINTR);
	return ret == pid ? status : -1;
}

/* The child must have exited with this code / been killed by this signal. */
#define CHECK_EXIT(pid, code) CHECK_EQ(child_status(pid), (code) << 8)
#define CHECK_KILLED(pid, sig) CHECK_EQ(child_status(pid) & 0x7f, (sig))

static inline void sleep_ms(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	while (sys(SYS_nanosleep, &t, &t) == -EINTR)
		;
}

static inline int64_t now_ns(void)
{
	struct timespec t = { 0, 0 };

	sys(SYS_clock_gettime, CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* True on Exo-OS: the version string of uname says so. */
static inline bool on_exo(void)
{
	char uts[6][65];

	return sys(SYS_uname, uts) == 0 && (strstr(uts[3], "exo") || strstr(uts[2], "exo"));
}

/* "<TMPDIR or /tmp>/ktap.PID": the scratch directory of the case that runs in process @pid. */
static inline void ktap_scratch_path(char *path, size_t size, pid_t pid)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(path, size, "%s/ktap.%d", tmp && *tmp ? tmp : "/tmp", (int)pid);
}

/*
 * Makes the scratch directory, open to all users, and goes there. The parent removes it after the case. A container
 * may keep the place from its users; Exo-OS may not.
 */
static inline void scratch(void)
{
	char path[256];

	umask(022);
	ktap_scratch_path(path, sizeof(path), getpid());
	if (mkdir(path, 0777) < 0 && errno == EACCES && !on_exo())
		SKIP("no place for its files here");
	REQUIRE(chmod(path, 0777) == 0);
	REQUIRE(chdir(path) == 0);
}

/* Writes a file of @len bytes; false when that failed. */
static inline bool put_file(const char *path, const void *data, size_t len, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
	bool ok = fd >= 0 && write(fd, data, len) == (ssize_t)len;

	if (fd >= 0)
		close(fd);
	return ok && chmod(path, mode) == 0;
}

static inline bool is_root(void)
{
	return geteuid() == 0;
}

/* Becomes an ordinary user for good; false where the kernel has no credential calls. */
static inline bool drop_root(void)
{
	const int nobody = 65534;

	return sys(SYS_setgroups, 0, 0) == 0 && sys(SYS_setresgid, nobody, nobody, nobody) == 0 &&
	       sys(SYS_setresuid, nobody, nobody, nobody) == 0;
}

static inline void remove_tree(const char *path)
{
	struct dirent *entry;
	char below[4096];
	DIR *dir;

	if (unlink(path) == 0 || rmdir(path) == 0)
		return;
	chmod(path, 0700);
	dir = opendir(path);
	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		if (snprintf(below, sizeof(below), "%s/%s", path, entry->d_name) < (int)sizeof(below))
			remove_tree(below);
	}
	closedir(dir);
	rmdir(path);
}

#ifndef KTAP_NO_MAIN

/* ---- running -------------------------------------------------------------------------------------------------- */

static void ktap_default_signals(void)
{
	sigset_t none;
	int sig;

	for (sig = 1; sig < 32; sig++)
		signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Waits for the case; 1 when it took too long and was killed, 0 otherwise. SIGCHLD is blocked here. */
static int ktap_await(pid_t pid, int *status)
{
	const char *limit = getenv("KTAP_TIMEOUT");
	struct timespec timeout = { limit ? atoi(limit) : 60, 0 };
	uint64_t sigchld = 1UL << (SIGCHLD - 1);
	long ret;

	for (;;) {
		ret = sys(SYS_wait4, pid, status, WNOHANG, 0);
		if (ret == pid)
			return 0;
		ret = sys(SYS_rt_sigtimedwait, &sigchld, 0, &timeout, 8);
		if (ret == -EAGAIN) {
			kill(-pid, SIGKILL);
			kill(pid, SIGKILL);
			*status = child_status(pid);
			return 1;
		}
		if (ret < 0 && ret != -EINTR) {
			*status = child_status(pid);
			return 0;
		}
	}
}

/* Runs one case in a child; true when it passed or was skipped. */
static bool ktap_run(struct ktap_case *c)
{
	char path[256];
	int status = -1, late;
	pid_t pid;

	ktap_current = c->name;
	if (ktap_verbose)
		ktap_print("# run %s\n", c->name);
	pid = ktap_fork();
	if (pid == 0) {
		setpgid(0, 0);
		ktap_default_signals();
		c->run();
		_exit(ktap_failures ? 1 : 0);
	}
	if (pid < 0) {
		ktap_print("not ok %u %s # fork: %d\n", ktap_number, c->name, pid);
		return false;
	}
	late = ktap_await(pid, &status);
	kill(-pid, SIGKILL);	/* what the case left running */
	ktap_scratch_path(path, sizeof(path), pid);
	if (access(path, F_OK) == 0)
		remove_tree(path);
	if (!late && status == KTAP_EXIT_SKIP << 8)
		return true;
	if (!late && status == 0) {
		ktap_print("ok %u %s\n", ktap_number, c->name);
		return true;
	}
	if (late)
		ktap_print("# %s: timed out\n", c->name);
	else if (WIFSIGNALED(status))
		ktap_print("# %s: killed by signal %d\n", c->name, WTERMSIG(status));
	ktap_print("not ok %u %s\n", ktap_number, c->name);
	return false;
}

static void ktap_find_self(const char *argv0)
{
	const char *slash = strrchr(argv0, '/');
	size_t len = 0;

	ktap_program = slash ? slash + 1 : argv0;
	if (slash && argv0[0] != '/' && getcwd(ktap_self, sizeof(ktap_self) / 2)) {
		len = strlen(ktap_self);
		ktap_self[len++] = '/';
	}
	if (slash)
		snprintf(ktap_self + len, sizeof(ktap_self) - len, "%s", argv0);
	else if (readlink("/proc/self/exe", ktap_self, sizeof(ktap_self) - 1) < 0)
		snprintf(ktap_self, sizeof(ktap_self), "%s", argv0);
}

static bool ktap_selected(const struct ktap_case *c, char **names)
{
	if (!*names)
		return true;
	for (; *names; names++)
		if (!strcmp(*names, c->name))
			return true;
	return false;
}

int main(int argc, char **argv)
{
	bool in_process = false, list = false, all_ok = true;
	struct ktap_case *c;
	unsigned count = 0;
	sigset_t sigchld;

	ktap_find_self(argc > 0 ? argv[0] : "");
	if (argc > 1 && argv[1][0] == '@')
		return ktap_helper(argc, argv);
	for (argv++; argc > 1 && *argv && (*argv)[0] == '-'; argv++) {
		in_process |= !strcmp(*argv, "-n");
		list |= !strcmp(*argv, "-l");
		ktap_verbose |= !strcmp(*argv, "-v");
	}
	for (c = ktap_first; c; c = c->next) {
		count += ktap_selected(c, argv);
		if (list)
			ktap_print("%s\n", c->name);
	}
	if (list)
		return 0;
	sigemptyset(&sigchld);
	sigaddset(&sigchld, SIGCHLD);
	signal(SIGCHLD, SIG_DFL);
	sigprocmask(SIG_BLOCK, &sigchld, NULL);
	ktap_print("KTAP version 1\n1..%u\n", count);
	for (c = ktap_first; c; c = c->next) {
		if (!ktap_selected(c, argv))
			continue;
		ktap_number++;
		if (!in_process) {
			all_ok &= ktap_run(c);
			continue;
		}
		ktap_current = c->name;
		ktap_failures = 0;
		c->run();
		ktap_print("%s %u %s\n", ktap_failures ? "not ok" : "ok", ktap_number, c->name);
		all_ok &= !ktap_failures;
	}
	return all_ok ? 0 : 1;
}

#endif
