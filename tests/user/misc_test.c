/* SPDX-License-Identifier: MIT */
/*
 * misc_test.c - uname, getrandom, limits, credentials, arch_prctl, prctl, sysinfo, and numbers that are no calls.
 * Calls outside the tier-1 list may be absent (ENOSYS): their cases are then skipped, never half right.
 */
#include "ktap.h"

#include <sched.h>

#include <pthread.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>

enum { ARCH_SET_GS = 0x1001, ARCH_SET_FS, ARCH_GET_FS, ARCH_GET_GS };

CASE(uname_fields)
{
	char uts[6][65];
	int i, major = 0;

	memset(uts, 0xff, sizeof(uts));
	CHECK_EQ(sys(SYS_uname, uts), 0);
	for (i = 0; i < 6; i++)
		CHECK(memchr(uts[i], 0, 65) != NULL);
	CHECK_STR(uts[0], "Linux");
	CHECK_STR(uts[4], "x86_64");
	CHECK(sscanf(uts[2], "%d.", &major) == 1 && major >= 4);
	CHECK(uts[1][0] != 0 && uts[3][0] != 0);
}

/* ---- getrandom ------------------------------------------------------------------------------------------------ */

CASE(getrandom_gives_random_bytes)
{
	unsigned char a[256], b[256], seen[256] = { 0 };
	int i, kinds = 0;

	CHECK_EQ(sys(SYS_getrandom, a, sizeof(a), 0), sizeof(a));
	CHECK_EQ(sys(SYS_getrandom, b, sizeof(b), 1 /* NONBLOCK */), sizeof(b));
	CHECK(memcmp(a, b, sizeof(a)) != 0);
	for (i = 0; i < 256; i++)
		seen[a[i]] = 1;
	for (i = 0; i < 256; i++)
		kinds += seen[i];
	CHECK(kinds > 100);	/* 162 are expected; under 100 is as likely as nothing */
	CHECK_EQ(sys(SYS_getrandom, a, 8, 4 /* INSECURE */), 8);
	CHECK_EQ(sys(SYS_getrandom, a, 8, 2 /* RANDOM */), 8);
	CHECK_EQ(sys(SYS_getrandom, a, 0, 0), 0);
}

CASE(getrandom_large_and_unaligned)
{
	static unsigned char big[100000];
	size_t i, zero_runs = 0;

	CHECK_EQ(sys(SYS_getrandom, big + 1, 99991, 0), 99991);
	CHECK_EQ(big[0], 0);
	CHECK_EQ(big[99992], 0);	/* not a byte more */
	for (i = 1; i + 8 < 99991; i += 8)
		zero_runs += memcmp(big + i, "\0\0\0\0\0\0\0\0", 8) == 0;
	CHECK_EQ(zero_runs, 0);
}

CASE(getrandom_differs_after_fork)
{
	uint64_t mine = 0, other = 0;
	int fd[2];
	pid_t pid;

	REQUIRE_EQ(pipe(fd), 0);
	IN_CHILD(pid) {
		sys(SYS_getrandom, &mine, 8, 0);
		CHECK_EQ(write(fd[1], &mine, 8), 8);
	}
	sys(SYS_getrandom, &mine, 8, 0);
	CHECK_EQ(read(fd[0], &other, 8), 8);
	CHECK(mine != other);
	CHECK_EXIT(pid, 0);
}

CASE(getrandom_errors)
{
	char c;

	CHECK_EQ(sys(SYS_getrandom, &c, 1, 8), -EINVAL);
	CHECK_EQ(sys(SYS_getrandom, &c, 1, 2 | 4), -EINVAL);
	CHECK_EQ(sys(SYS_getrandom, NULL, 8, 0), -EFAULT);
}

/* ---- limits and usage ----------------------------------------------------------------------------------------- */

CASE(prlimit_all_resources)
{
	struct rlimit limit;
	int i;

	for (i = 0; i < 16; i++) {	/* a shell's ulimit asks for all of them */
		limit.rlim_cur = 1;
		limit.rlim_max = 0;
		CHECK_EQ(sys(SYS_prlimit64, 0, i, NULL, &limit), 0);
		CHECK(limit.rlim_cur <= limit.rlim_max);
	}
	CHECK_EQ(sys(SYS_prlimit64, 0, 16, NULL, &limit), -EINVAL);
	CHECK_EQ(sys(SYS_prlimit64, 0, -1, NULL, &limit), -EINVAL);
	CHECK_EQ(sys(SYS_prlimit64, 0x3fffffff, 0, NULL, &limit), -ESRCH);
	CHECK_EQ(sys(SYS_prlimit64, getpid(), RLIMIT_NOFILE, NULL, &limit), 0);
	CHECK(limit.rlim_cur >= 64);
	CHECK_EQ(sys(SYS_prlimit64, 0, RLIMIT_STACK, NULL, &limit), 0);
	CHECK(limit.rlim_cur >= 1 << 20);
}

CASE(prlimit_sets_and_inherits)
{
	struct rlimit limit = { 100, 200 }, old, bad = { 300, 200 };
	pid_t pid;

	CHECK_EQ(sys(SYS_prlimit64, 0, RLIMIT_NOFILE, &limit, &old), 0);
	CHECK(old.rlim_cur > 100);
	CHECK_EQ(sys(SYS_prlimit64, 0, RLIMIT_NOFILE, &bad, NULL), -EINVAL);
	IN_CHILD(pid) {
		CHECK_EQ(sys(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, &limit), 0);
		CHECK(limit.rlim_cur == 100 && limit.rlim_max == 200);
		limit.rlim_cur = 200;
		CHECK_EQ(sys(SYS_prlimit64, 0, RLIMIT_NOFILE, &limit, NULL), 0);	/* soft up to hard */
		if (is_root())
			CHECK(drop_root());
		limit.rlim_max = 201;
		CHECK_EQ(sys(SYS_prlimit64, 0, RLIMIT_NOFILE, &limit, NULL), -EPERM);
	}
	CHECK_EXIT(pid, 0);
	CHECK_EQ(sys(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, &limit), 0);
	CHECK_EQ(limit.rlim_cur, 100);
}

CASE(getrusage_forms)
{
	struct rusage ru;

	memset(&ru, 0xff, sizeof(ru));
	CHECK_EQ(sys(SYS_getrusage, RUSAGE_SELF, &ru), 0);
	CHECK(ru.ru_utime.tv_usec >= 0 && ru.ru_utime.tv_usec < 1000000);
	CHECK_EQ(sys(SYS_getrusage, RUSAGE_CHILDREN, &ru), 0);
	CHECK_EQ(sys(SYS_getrusage, 1 /* THREAD */, &ru), 0);
	CHECK_EQ(sys(SYS_getrusage, 2, &ru), -EINVAL);
}

/* ---- credentials ---------------------------------------------------------------------------------------------- */

CASE(ids_agree)
{
	CHECK_EQ(sys(SYS_getuid), getuid());
	CHECK_EQ(sys(SYS_geteuid), sys(SYS_getuid));
	CHECK_EQ(sys(SYS_getegid), sys(SYS_getgid));
}

CASE(getgroups_forms)
{
	uint32_t groups[64];
	long n = sys(SYS_getgroups, 0, NULL);

	CHECK(n >= 0);
	CHECK_EQ(sys(SYS_getgroups, 64, groups), n);
	CHECK_EQ(sys(SYS_getgroups, -1, groups), -EINVAL);
	if (n > 1)
		CHECK_EQ(sys(SYS_getgroups, 1, groups), -EINVAL);
}

CASE(setgroups_rules)
{
	uint32_t want[3] = { 30, 10, 20 }, got[8];
	pid_t pid;

	if (sys(SYS_setgroups, 0, 0) == -ENOSYS)
		SKIP("no setgroups");
	if (!is_root()) {
		CHECK_EQ(sys(SYS_setgroups, 3, want), -EPERM);
		return;
	}
	CHECK_EQ(sys(SYS_setgroups, 3, want), 0);
	CHECK_EQ(sys(SYS_getgroups, 8, got), 3);
	CHECK_EQ(got[0] + got[1] + got[2], 60);
	CHECK_EQ(sys(SYS_getgroups, 2, got), -EINVAL);
	CHECK_EQ(sys(SYS_setgroups, 65537, want), -EINVAL);
	CHECK_EQ(sys(SYS_setgroups, 3, NULL), -EFAULT);
	IN_CHILD(pid) {
		CHECK_EQ(sys(SYS_getgroups, 0, NULL), 3);
		CHECK(drop_root());
		CHECK_EQ(sys(SYS_getgroups, 0, NULL), 0);
		CHECK_EQ(sys(SYS_setgroups, 0, NULL), -EPERM);
	}
	CHECK_EXIT(pid, 0);
}

CASE(set_ids_as_root)
{
	uint32_t r, e, s;
	pid_t pid;

	if (!is_root())
		SKIP("needs root");
	if (sys(SYS_getresuid, &r, &e, &s) == -ENOSYS)
		SKIP("no getresuid");
	IN_CHILD(pid) {
		CHECK_EQ(sys(SYS_setresuid, 100, 200, 300), 0);
		CHECK_EQ(sys(SYS_getresuid, &r, &e, &s), 0);
		CHECK(r == 100 && e == 200 && s == 300);
		CHECK_EQ(sys(SYS_getuid), 100);
		CHECK_EQ(sys(SYS_geteuid), 200);
		CHECK_EQ(sys(SYS_setresuid, -1, 300, -1), 0);	/* any of the three */
		CHECK_EQ(sys(SYS_setresuid, -1, 0, -1), -EPERM);
		CHECK_EQ(sys(SYS_setuid, 0), -EPERM);
		CHECK_EQ(sys(SYS_setuid, 100), 0);	/* effective only */
		CHECK_EQ(sys(SYS_getresuid, &r, &e, &s), 0);
		CHECK(r == 100 && e == 100 && s == 300);
	}
	CHECK_EXIT(pid, 0);
	IN_CHILD(pid) {
		CHECK_EQ(sys(SYS_setresgid, 100, 200, 300), 0);
		CHECK_EQ(sys(SYS_getresgid, &r, &e, &s), 0);
		CHECK(r == 100 && e == 200 && s == 300);
		CHECK_EQ(sys(SYS_setgid, 5), 0);	/* still root: all three */
		CHECK_EQ(sys(SYS_getresgid, &r, &e, &s), 0);
		CHECK(r == 5 && e == 5 && s == 5);
		CHECK_EQ(sys(SYS_setuid, 7), 0);
		CHECK_EQ(sys(SYS_getresuid, &r, &e, &s), 0);
		CHECK(r == 7 && e == 7 && s == 7);
		CHECK_EQ(sys(SYS_setuid, 0), -EPERM);
		CHECK_EQ(sys(SYS_setgid, 0), -EPERM);
		CHECK_EQ(sys(SYS_setgid, 5), 0);
	}
	CHECK_EXIT(pid, 0);
}

CASE(set_ids_without_privilege)
{
	long uid = getuid();

	if (is_root())
		SKIP("is root");
	if (sys(SYS_setuid, uid) == -ENOSYS)
		SKIP("no setuid");
	CHECK_EQ(sys(SYS_setuid, uid), 0);
	CHECK_EQ(sys(SYS_setuid, uid + 1), -EPERM);
	CHECK_EQ(sys(SYS_setresuid, -1, -1, -1), 0);
	CHECK_EQ(sys(SYS_setresuid, uid + 1, -1, -1), -EPERM);
	CHECK_EQ(sys(SYS_setgid, getgid() + 1), -EPERM);
	CHECK_EQ(sys(SYS_setuid, -1), -EINVAL);
}

/* ---- arch_prctl, prctl ---------------------------------------------------------------------------------------- */

CASE(arch_prctl_forms)
{
	unsigned long fs = 0, gs = 1, word = 0;
	uint64_t block[2] = { 0x1234, 0x5678 };

	CHECK_EQ(sys(SYS_arch_prctl, ARCH_GET_FS, &fs), 0);
	CHECK(fs != 0);
	__asm__ volatile("mov %%fs:0, %0" : "=r"(word));
	CHECK_EQ(word, fs);	/* both libraries keep the pointer at its start */
	CHECK_EQ(sys(SYS_arch_prctl, ARCH_SET_GS, block), 0);
	CHECK_EQ(sys(SYS_arch_prctl, ARCH_GET_GS, &gs), 0);
	CHECK_EQ(gs, block);
	__asm__ volatile("mov %%gs:8, %0" : "=r"(word));
	CHECK_EQ(word, 0x5678);
	sleep_ms(5);	/* survives a switch */
	__asm__ volatile("mov %%gs:0, %0" : "=r"(word));
	CHECK_EQ(word, 0x1234);
	CHECK_EQ(sys(SYS_arch_prctl, ARCH_SET_GS, 0x0100000000000000), -EPERM);
	CHECK_EQ(sys(SYS_arch_prctl, ARCH_SET_FS, 0xffff800000000000), -EPERM);
	CHECK_EQ(sys(SYS_arch_prctl, ARCH_GET_FS, NULL), -EFAULT);
	CHECK_EQ(sys(SYS_arch_prctl, 0x9999, &fs), -EINVAL);
}

CASE(gs_base_is_inherited)
{
	uint64_t block[2] = { 77, 78 };
	unsigned long word;
	pid_t pid;

	CHECK_EQ(sys(SYS_arch_prctl, ARCH_SET_GS, block), 0);
	IN_CHILD(pid) {
		__asm__ volatile("mov %%gs:8, %0" : "=r"(word));
		CHECK_EQ(word, 78);
	}
	CHECK_EXIT(pid, 0);
}

CASE(prctl_names)
{
	char name[17];

	memset(name, 'x', sizeof(name));
	if (sys(SYS_prctl, PR_GET_NAME, name, 0, 0, 0) == -ENOSYS)
		SKIP("no prctl");
	CHECK(memchr(name, 0, 16) != NULL);
	CHECK_EQ(sys(SYS_prctl, PR_SET_NAME, "a name of more than 15", 0, 0, 0), 0);
	CHECK_EQ(sys(SYS_prctl, PR_GET_NAME, name, 0, 0, 0), 0);
	CHECK_STR(name, "a name of more ");
	CHECK_EQ(sys(SYS_prctl, PR_SET_NAME, "", 0, 0, 0), 0);
	CHECK_EQ(sys(SYS_prctl, PR_GET_NAME, name, 0, 0, 0), 0);
	CHECK_STR(name, "");
	CHECK_EQ(sys(SYS_prctl, 999999, 0, 0, 0, 0), -EINVAL);
}

CASE(prctl_switches)
{
	int val = -1;
	pid_t pid;

	IN_CHILD(pid) {
		CHECK_EQ(sys(SYS_prctl, PR_SET_PDEATHSIG, 65, 0, 0, 0), -EINVAL);
		CHECK_EQ(sys(SYS_prctl, PR_SET_PDEATHSIG, SIGUSR1, 0, 0, 0), 0);
		CHECK_EQ(sys(SYS_prctl, PR_GET_PDEATHSIG, &val, 0, 0, 0), 0);
		CHECK_EQ(val, SIGUSR1);
		CHECK_EQ(sys(SYS_prctl, PR_SET_DUMPABLE, 3, 0, 0, 0), -EINVAL);
		CHECK_EQ(sys(SYS_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0), 0);
		CHECK_EQ(sys(SYS_prctl, PR_GET_DUMPABLE, 0, 0, 0, 0), 0);
		CHECK_EQ(sys(SYS_prctl, PR_GET_NO_NEW_PRIVS, 1, 0, 0, 0), -EINVAL);
		CHECK_EQ(sys(SYS_prctl, PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0), -EINVAL);
		CHECK_EQ(sys(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
		CHECK_EQ(sys(SYS_prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
		CHECK_EQ(sys(SYS_prctl, PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
		CHECK_EQ(sys(SYS_prctl, PR_GET_CHILD_SUBREAPER, &val, 0, 0, 0), 0);
		CHECK_EQ(val, 1);
		CHECK(sys(SYS_prctl, PR_CAPBSET_READ, 0, 0, 0, 0) >= 0);
		CHECK_EQ(sys(SYS_prctl, PR_CAPBSET_READ, 200, 0, 0, 0), -EINVAL);
		CHECK_EQ(sys(SYS_prctl, PR_SET_TIMERSLACK, 1234, 0, 0, 0), 0);
		CHECK_EQ(sys(SYS_prctl, PR_GET_TIMERSLACK, 0, 0, 0, 0), 1234);
	}
	CHECK_EXIT(pid, 0);
}

/* The grandchild hears of its parent's death. */
CASE(prctl_pdeathsig_is_sent)
{
	sigset_t set;
	int fd[2], info = 0;
	pid_t pid;

	REQUIRE_EQ(pipe(fd), 0);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	IN_CHILD(pid) {
		int ready[2];
		char c;

		REQUIRE_EQ(pipe(ready), 0);
		if (fork() == 0) {
			int sig = 0;

			sys(SYS_prctl, PR_SET_PDEATHSIG, SIGUSR2, 0, 0, 0);
			(void)!write(ready[1], "x", 1);
			sigwait(&set, &sig);
			(void)!write(fd[1], &sig, sizeof(sig));
			_exit(0);
		}
		CHECK_EQ(read(ready[0], &c, 1), 1);
	}
	CHECK_EXIT(pid, 0);
	CHECK_EQ(read(fd[0], &info, sizeof(info)), sizeof(info));
	CHECK_EQ(info, SIGUSR2);
}

CASE(personality_is_kept)
{
	long old = sys(SYS_personality, 0xffffffff);

	if (old == -ENOSYS)
		SKIP("no personality");
	CHECK(old >= 0);
	if (sys(SYS_personality, old | 0x0040000 /* ADDR_NO_RANDOMIZE */) < 0)
		SKIP("personality is filtered");
	CHECK_EQ(sys(SYS_personality, 0xffffffff), old | 0x0040000);
}

/* The old value comes back whether or not the new one took. */
CASE(file_system_ids)
{
	long uid = geteuid(), gid = getegid();
	pid_t pid;

	if (sys(SYS_setfsuid, -1) == -ENOSYS)
		SKIP("no setfsuid");
	CHECK_EQ(sys(SYS_setfsuid, -1), uid);
	CHECK_EQ(sys(SYS_setfsgid, -1), gid);
	IN_CHILD(pid) {
		if (is_root())
			CHECK(drop_root());
		uid = geteuid();
		gid = getegid();
		CHECK_EQ(sys(SYS_setfsuid, 0), uid);
		CHECK_EQ(sys(SYS_setfsuid, -1), uid);
		CHECK_EQ(sys(SYS_setfsgid, 0), gid);
		CHECK_EQ(sys(SYS_setfsgid, -1), gid);
	}
	CHECK_EXIT(pid, 0);
}

CASE(names_are_checked)
{
	long ret = sys(SYS_sethostname, "x", -1);
	pid_t pid;

	CHECK(ret == -EINVAL || ret == -EPERM);	/* a container's root may not */
	ret = sys(SYS_setdomainname, "x", 65);
	CHECK(ret == -EINVAL || ret == -EPERM || ret == -ENOSYS);
	if (!is_root())
		return;
	IN_CHILD(pid) {
		CHECK(drop_root());
		CHECK_EQ(sys(SYS_sethostname, "x", 1), -EPERM);
		CHECK_EQ(sys(SYS_reboot, 0xfee1dead, 672274793, 0, NULL), -EPERM);
	}
	CHECK_EXIT(pid, 0);
}

CASE(reading_the_log)
{
	static char text[1 << 17];
	long n = sys(SYS_syslog, 3 /* READ_ALL */, text, sizeof(text)), few;

	if (n < 0)
		SKIP("no syslog");
	CHECK(n <= (long)sizeof(text));
	CHECK(n == 0 || text[0] == '<');
	few = sys(SYS_syslog, 3, text, 400);
	CHECK(few >= 0 && few <= 400);
	CHECK(few == 0 || (text[0] == '<' && text[few - 1] == '\n'));
	CHECK(sys(SYS_syslog, 10 /* SIZE_BUFFER */, NULL, 0) > 0);
	CHECK_EQ(sys(SYS_syslog, 3, NULL, 10), -EINVAL);
}

CASE(sysinfo_fields)
{
	struct sysinfo si;

	memset(&si, 0, sizeof(si));
	if (sys(SYS_sysinfo, &si) == -ENOSYS)
		SKIP("no sysinfo");
	CHECK(si.mem_unit >= 1);
	CHECK(si.totalram > 0 && si.freeram > 0 && si.freeram < si.totalram);
	CHECK(si.procs >= 1);
}

CASE(sched_yield_returns)
{
	long ret = sys(SYS_sched_yield);

	CHECK(ret == 0 || ret == -ENOSYS);
}

CASE(getcpu_forms)
{
	unsigned cpu = ~0u, node = ~0u;

	CHECK_EQ(sys(SYS_getcpu, &cpu, &node, NULL), 0);
	CHECK(cpu < 4096 && node < 1024);
	CHECK_EQ(sys(SYS_getcpu, NULL, NULL, NULL), 0);
	CHECK_EQ(sys(SYS_getcpu, &cpu, NULL, &node), 0);	/* the third is not looked at */
	CHECK_EQ(sys(SYS_getcpu, 8, NULL, NULL), -EFAULT);
	CHECK_EQ(sys(SYS_getcpu, NULL, 8, NULL), -EFAULT);
}

/* ---- numbers that are no calls -------------------------------------------------------------------------------- */

/* Not 335 and 336: there a recent Linux answers with SIGILL (its tracing return probes). */
CASE(unknown_numbers)
{
	static const long numbers[] = { 350,  400,  511,   700,        1023,
					4095, 4096, 65536, 0x3fffffff, 0x7fffffff,
					-1,   -2,   -38,   -4096,      (long)0x7fffffffffffffff };
	size_t i;

	for (i = 0; i < COUNT(numbers); i++)
		CHECK_EQ(sys(numbers[i], 1, 2, 3, 4, 5, 6), -ENOSYS);
}

/* Linux looks at the low 32 bits of the number only. */
CASE(upper_half_of_the_number)
{
	long ret = sys(0xdeadbeef00000000 + SYS_getpid);

	CHECK(ret == getpid() || ret == -ENOSYS);
}

/* Calls of later tiers: refused with ENOSYS or done, nothing else (see abi/README.md, "Wrong error codes"). */
CASE(optional_calls_refuse_properly)
{
	char buf[64];
	long ret;

	ret = sys(334 /* rseq */, NULL, 0, 0, 0);
	CHECK(ret == -ENOSYS || ret == -EINVAL);
	ret = sys(439 /* faccessat2 */, AT_FDCWD, "/", F_OK, 0);
	CHECK(ret == -ENOSYS || ret == 0);
	ret = sys(332 /* statx */, AT_FDCWD, "/", 0, 0, NULL);
	CHECK(ret == -ENOSYS || ret == -EFAULT);
	ret = sys(191 /* getxattr */, "/", "user.nothing", buf, sizeof(buf));
	CHECK(ret == -EOPNOTSUPP || ret == -ENODATA || ret == -ENOSYS);
	ret = sys(273 /* set_robust_list */, buf, 24);
	CHECK(ret == -ENOSYS || ret == 0);
	sys(273, NULL, 24);
}

/* Only rcx, r11 and rax change over a system call. */
CASE(registers_over_a_call)
{
	long bad;

	__asm__ volatile(
		"mov $1, %%rbx\n\tmov $2, %%rdx\n\tmov $3, %%rsi\n\tmov $4, %%rdi\n\tmov $5, %%r8\n\t"
		"mov $6, %%r9\n\tmov $7, %%r10\n\tmov $8, %%r12\n\tmov $9, %%r13\n\tmov $10, %%r14\n\t"
		"mov $11, %%r15\n\tmov $39, %%eax\n\tsyscall\n\t"
		"sub $1, %%rbx\n\tsub $2, %%rdx\n\tsub $3, %%rsi\n\tsub $4, %%rdi\n\tsub $5, %%r8\n\t"
		"sub $6, %%r9\n\tsub $7, %%r10\n\tsub $8, %%r12\n\tsub $9, %%r13\n\tsub $10, %%r14\n\t"
		"sub $11, %%r15\n\tmov %%rbx, %%rax\n\tor %%rdx, %%rax\n\tor %%rsi, %%rax\n\tor %%rdi, %%rax\n\t"
		"or %%r8, %%rax\n\tor %%r9, %%rax\n\tor %%r10, %%rax\n\tor %%r12, %%rax\n\tor %%r13, %%rax\n\t"
		"or %%r14, %%rax\n\tor %%r15, %%rax"
		: "=a"(bad)
		:
		: "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14",
		  "r15", "memory", "cc");
	CHECK_EQ(bad, 0);
}

/* Nothing of the kernel's leaks through registers: rcx is the return address, r11 the flags. */
CASE(rcx_and_r11_after_a_call)
{
	unsigned long rcx, r11, here;

	__asm__ volatile("mov $39, %%eax\n\tsyscall\n1:\tlea 1b(%%rip), %2\n\tmov %%rcx, %0\n\tmov %%r11, %1"
			 : "=&r"(rcx), "=&r"(r11), "=&r"(here) : : "rax", "rcx", "r11", "memory");
	CHECK_EQ(rcx, here);
	CHECK_EQ(r11 & 0x200, 0x200);
	CHECK(r11 < 0x400000);
}

CASE(flags_over_a_call)
{
	unsigned long flags;

	__asm__ volatile("std\n\tstc\n\tmov $39, %%eax\n\tsyscall\n\tpushf\n\tpop %0\n\tcld"
			 : "=&r"(flags) : : "rax", "rcx", "r11", "memory", "cc");
	CHECK_EQ(flags & 0x401, 0x401);	/* direction and carry as they were */
}

static int unsharing_child(void *arg UNUSED)
{
	if (sys(SYS_unshare, 0x600) != 0)	/* CLONE_FS | CLONE_FILES */
		return 1;
	chdir("/");
	close(0);
	return 0;
}

CASE(unshare_what_clone_shared)
{
	static char stack[65536] __attribute__((aligned(16)));
	char before[256], after[256];
	int fd, status = -1;
	pid_t pid;

	CHECK_EQ(sys(SYS_unshare, 0), 0);
	CHECK_EQ(sys(SYS_unshare, 1), -EINVAL);
	CHECK_EQ(sys(SYS_unshare, 0x200), 0);
	CHECK_EQ(sys(SYS_unshare, 0x400), 0);
	scratch();
	fd = open("/dev/null", O_RDONLY);
	dup2(fd, 0);
	REQUIRE(getcwd(before, sizeof(before)));
	pid = clone(unsharing_child, stack + sizeof(stack), 0x700 | SIGCHLD, NULL);	/* VM, FS, FILES */
	CHECK_EQ(sys(SYS_wait4, pid, &status, 0, 0), pid);
	CHECK_EQ(status, 0);
	REQUIRE(getcwd(after, sizeof(after)));
	CHECK_STR(after, before);
	CHECK(fcntl(0, F_GETFD) >= 0);
	if (is_root())
		REQUIRE(drop_root());
	CHECK_EQ(sys(SYS_unshare, 0x20000), -EPERM);	/* CLONE_NEWNS */
}
