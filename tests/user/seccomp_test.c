/* SPDX-License-Identifier: MIT */
/*
 * seccomp_test.c - seccomp(2): modes, what a filter may hold, every verdict, several filters, threads, fork and exec.
 * Source: man seccomp(2), prctl(2). The last case makes random programs, right and wrong, and has a machine of its own
 * to say what must become of them.
 */
#define KTAP_HAS_HELPER
#include "ktap.h"

#include <pthread.h>
#include <sys/prctl.h>

/* uapi linux/filter.h, linux/bpf_common.h, linux/seccomp.h: musl has none of them */
struct sock_filter {
	uint16_t code;
	uint8_t jt, jf;
	uint32_t k;
};
struct sock_fprog {
	unsigned short len;
	struct sock_filter *filter;
};
struct seccomp_data {
	int nr;
	uint32_t arch;
	uint64_t instruction_pointer, args[6];
};
#define BPF_STMT(code, k) { (uint16_t)(code), 0, 0, (k) }
#define BPF_JUMP(code, k, jt, jf) { (uint16_t)(code), (jt), (jf), (k) }
#define BPF_CLASS(code) ((code) & 7)
#define BPF_OP(code) ((code) & 0xf0)
#define BPF_SRC(code) ((code) & 8)
#define BPF_MODE(code) ((code) & 0xe0)
enum { BPF_LD, BPF_LDX, BPF_ST, BPF_STX, BPF_ALU, BPF_JMP, BPF_RET, BPF_MISC };
enum { BPF_W = 0, BPF_H = 8, BPF_B = 0x10, BPF_IMM = 0, BPF_ABS = 0x20, BPF_IND = 0x40, BPF_MEM = 0x60, BPF_LEN = 0x80,
       BPF_MSH = 0xa0, BPF_K = 0, BPF_X = 8, BPF_A = 0x10, BPF_TAX = 0, BPF_TXA = 0x80 };
enum { BPF_ADD = 0, BPF_SUB = 0x10, BPF_MUL = 0x20, BPF_DIV = 0x30, BPF_OR = 0x40, BPF_AND = 0x50, BPF_LSH = 0x60,
       BPF_RSH = 0x70, BPF_NEG = 0x80, BPF_MOD = 0x90, BPF_XOR = 0xa0 };
enum { BPF_JA = 0, BPF_JEQ = 0x10, BPF_JGT = 0x20, BPF_JGE = 0x30, BPF_JSET = 0x40 };
enum { SECCOMP_MODE_STRICT = 1, SECCOMP_MODE_FILTER };
enum { SECCOMP_SET_MODE_STRICT, SECCOMP_SET_MODE_FILTER, SECCOMP_GET_ACTION_AVAIL };
enum { SECCOMP_FILTER_FLAG_TSYNC = 1, SECCOMP_FILTER_FLAG_NEW_LISTENER = 8, SECCOMP_FILTER_FLAG_TSYNC_ESRCH = 16 };
#define SECCOMP_RET_KILL_PROCESS 0x80000000u
#define SECCOMP_RET_KILL_THREAD 0u
#define SECCOMP_RET_TRAP 0x00030000u
#define SECCOMP_RET_ERRNO 0x00050000u
#define SECCOMP_RET_USER_NOTIF 0x7fc00000u
#define SECCOMP_RET_TRACE 0x7ff00000u
#define SECCOMP_RET_LOG 0x7ffc0000u
#define SECCOMP_RET_ALLOW 0x7fff0000u

#define NR_NONE 999	/* no such call: harmless, and ENOSYS when it is allowed */
#define ARCH 0xc000003e

#define NR BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0)
#define RET(value) BPF_STMT(BPF_RET | BPF_K, (value))
#define ON(number, value) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (number), 0, 1), RET(value)
#define ALLOW SECCOMP_RET_ALLOW
#define DENY(err) (SECCOMP_RET_ERRNO | (err))

static void no_new_privs(void)
{
	REQUIRE_EQ(sys(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
}

static long load_n(const struct sock_filter *insns, size_t n, unsigned flags)
{
	struct sock_fprog prog = { (unsigned short)n, (struct sock_filter *)insns };

	return sys(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &prog);
}

#define LOAD_FLAGS(flags, ...) \
	({ const struct sock_filter f_[] = { __VA_ARGS__ }; load_n(f_, COUNT(f_), (flags)); })
#define LOAD(...) LOAD_FLAGS(0, __VA_ARGS__)
/* One filter: @value for @number, all else is allowed. */
#define FILTER(number, value) LOAD(NR, ON((number), (value)), RET(ALLOW))

static long mode(void)
{
	return sys(SYS_prctl, PR_GET_SECCOMP, 0, 0, 0, 0);
}

/* Status of a child that has run @body with no_new_privs. */
#define DIES(sig, ...) \
	do { \
		pid_t pid_ = ktap_fork(); \
		if (pid_ == 0) { \
			no_new_privs(); \
			__VA_ARGS__; \
			_exit(99); \
		} \
		CHECK_SIGNAL(pid_, (sig)); \
	} while (0)
static int wait_status(pid_t pid)
{
	int status = -1;

	CHECK_EQ(sys(SYS_wait4, pid, &status, 0, NULL), pid);
	return status;
}
#define CHECK_SIGNAL(pid, sig) \
	do { \
		int status_ = wait_status(pid); \
		CHECK(WIFSIGNALED(status_)); \
		CHECK_EQ(WTERMSIG(status_), (sig)); \
	} while (0)
#define CHECK_CHILD(pid) CHECK_EQ(wait_status(pid), 0)

/* ---- the call itself ------------------------------------------------------------------------------------------ */

CASE(arguments)
{
	static const unsigned actions[] = { SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_KILL_THREAD, SECCOMP_RET_TRAP,
					    SECCOMP_RET_ERRNO, SECCOMP_RET_TRACE, SECCOMP_RET_LOG, SECCOMP_RET_ALLOW };
	unsigned bad = 0x12340000;
	size_t i;

	CHECK_EQ(mode(), 0);
	CHECK_EQ(sys(SYS_seccomp, 77, 0, NULL), -EINVAL);
	CHECK_EQ(sys(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 1, NULL), -EINVAL);
	CHECK_EQ(sys(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 0, 8), -EINVAL);
	CHECK_EQ(sys(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0x8000, NULL), -EINVAL);
	CHECK_EQ(sys(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, NULL), -EFAULT);
	CHECK_EQ(sys(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, -1), -EFAULT);
	/* Threads or a listener: which of the two would the result be? */
	CHECK_EQ(sys(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
		     SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_NEW_LISTENER, NULL), -EINVAL);
	for (i = 0; i < COUNT(actions); i++)
		CHECK_EQ(sys(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &actions[i]), 0);
	CHECK_EQ(sys(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &bad), -EOPNOTSUPP);
	CHECK_EQ(sys(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 1, &actions[0]), -EINVAL);
	CHECK_EQ(sys(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, NULL), -EFAULT);
	CHECK_EQ(sys(SYS_prctl, PR_SET_SECCOMP, 7, 0, 0, 0), -EINVAL);
	CHECK_EQ(mode(), 0);
}

CASE(needs_no_new_privs_or_privilege)
{
	pid_t pid;

	IN_CHILD(pid) {
		if (geteuid() == 0)
			REQUIRE_EQ(sys(SYS_setresuid, 1000, 1000, 1000), 0);
		CHECK_EQ(FILTER(NR_NONE, DENY(5)), -EACCES);
		CHECK_EQ(LOAD(RET(ALLOW), NR), -EACCES);	/* asked before the program is looked at */
		CHECK_EQ(load_n((void *)8, 1, 0), -EACCES);
		CHECK_EQ(load_n(NULL, 0, 0), -EINVAL);	/* but not before its length */
		CHECK_EQ(load_n(NULL, 4097, 0), -EINVAL);
		no_new_privs();
		CHECK_EQ(load_n((void *)8, 1, 0), -EFAULT);
		CHECK_EQ(FILTER(NR_NONE, DENY(5)), 0);
		CHECK_EQ(sys(NR_NONE), -5);
		CHECK_EQ(mode(), 2);
	}
	CHECK_CHILD(pid);
}

CASE(by_prctl)
{
	const struct sock_filter insns[] = { NR, ON(NR_NONE, DENY(7)), RET(ALLOW) };
	struct sock_fprog prog = { COUNT(insns), (struct sock_filter *)insns };

	no_new_privs();
	CHECK_EQ(sys(SYS_prctl, PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL, 0, 0), -EFAULT);
	CHECK_EQ(sys(SYS_prctl, PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog, 0, 0), 0);
	CHECK_EQ(sys(NR_NONE), -7);
	CHECK_EQ(mode(), 2);
}

CASE(strict)
{
	pid_t pid = ktap_fork();

	if (pid == 0) {
		if (sys(SYS_prctl, PR_SET_SECCOMP, SECCOMP_MODE_STRICT, 0, 0, 0))
			_exit(9);
		sys(SYS_write, 1, "", 0);
		sys(SYS_exit, 5);
	}
	CHECK_EQ(wait_status(pid), 5 << 8);
	DIES(SIGKILL, sys(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 0, NULL); sys(SYS_getpid));
	DIES(SIGKILL, sys(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 0, NULL); sys(SYS_exit_group, 0));
	DIES(SIGKILL, sys(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 0, NULL); sys(NR_NONE));
	DIES(SIGKILL, sys(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 0, NULL); sys(SYS_read + 0x40000000, 0, 0, 0));
}

/* A mode is for ever. */
CASE(mode_never_changes)
{
	no_new_privs();
	CHECK_EQ(FILTER(NR_NONE, DENY(1)), 0);
	CHECK_EQ(sys(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 0, NULL), -EINVAL);
	CHECK_EQ(sys(SYS_prctl, PR_SET_SECCOMP, SECCOMP_MODE_STRICT, 0, 0, 0), -EINVAL);
	CHECK_EQ(mode(), 2);
}

/* ---- verdicts ------------------------------------------------------------------------------------------------- */

CASE(errno_and_its_limit)
{
	no_new_privs();
	CHECK_EQ(LOAD(NR, ON(NR_NONE, DENY(0)), ON(NR_NONE + 1, DENY(4095)), ON(NR_NONE + 2, DENY(0xffff)),
		      ON(SYS_getppid, DENY(11)), RET(ALLOW)), 0);
	CHECK_EQ(sys(NR_NONE), 0);
	CHECK_EQ(sys(NR_NONE + 1), -4095);
	CHECK_EQ(sys(NR_NONE + 2), -4095);
	CHECK_EQ(sys(NR_NONE + 3), -ENOSYS);
	CHECK_EQ(sys(SYS_getppid), -11);
}

CASE(kills)
{
	DIES(SIGSYS, FILTER(NR_NONE, SECCOMP_RET_KILL_PROCESS); sys(NR_NONE));
	DIES(SIGSYS, FILTER(NR_NONE, SECCOMP_RET_KILL_THREAD); sys(NR_NONE));
	DIES(SIGSYS, FILTER(NR_NONE, 0x12345678); sys(NR_NONE));	/* no such action */
	DIES(SIGSYS, FILTER(NR_NONE, 0xffffffff); sys(NR_NONE));
	/* A handler does not help, nor does blocking. */
	DIES(SIGSYS, signal(SIGSYS, SIG_IGN); FILTER(NR_NONE, SECCOMP_RET_KILL_PROCESS); sys(NR_NONE));
}

static void *call_it(void *arg UNUSED)
{
	sys(NR_NONE);
	return NULL;
}

CASE(kill_thread_leaves_the_others)
{
	pthread_t thread;
	pid_t pid;

	IN_CHILD(pid) {
		int i;

		no_new_privs();
		REQUIRE_EQ(FILTER(NR_NONE, SECCOMP_RET_KILL_THREAD), 0);
		REQUIRE_EQ(pthread_create(&thread, NULL, call_it, NULL), 0);
		for (i = 0; i < 1000; i++) {	/* gone from /proc: it cannot be joined */
			char path[64];

			snprintf(path, sizeof(path), "/proc/self/task/%d", getpid() + 1);
			if (access(path, F_OK))
				break;
			sys(SYS_sched_yield);
		}
		usleep(20000);
	}
	CHECK_CHILD(pid);
	DIES(SIGSYS, FILTER(NR_NONE, SECCOMP_RET_KILL_PROCESS); pthread_create(&thread, NULL, call_it, NULL); pause());
}

static siginfo_t trapped;
static long trapped_rax;

static void on_sigsys(int sig UNUSED, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	trapped = *info;
	trapped_rax = uc->uc_mcontext.gregs[REG_RAX];
	uc->uc_mcontext.gregs[REG_RAX] = 4242;	/* what the call is to return */
}

CASE(trap_tells_all)
{
	struct sigaction action = { .sa_sigaction = on_sigsys, .sa_flags = SA_SIGINFO };

	no_new_privs();
	REQUIRE_EQ(sigaction(SIGSYS, &action, NULL), 0);
	REQUIRE_EQ(FILTER(NR_NONE, SECCOMP_RET_TRAP | 0x1234), 0);
	CHECK_EQ(sys(NR_NONE, 1, 2, 3), 4242);
	CHECK_EQ(trapped.si_signo, SIGSYS);
	CHECK_EQ(trapped.si_code, 1);	/* SYS_SECCOMP */
	CHECK_EQ(trapped.si_errno, 0x1234);
	CHECK_EQ(trapped.si_syscall, NR_NONE);
	CHECK_EQ(trapped.si_arch, ARCH);
	CHECK(trapped.si_call_addr != NULL);
	CHECK_EQ(((unsigned char *)trapped.si_call_addr)[-2], 0x0f);	/* behind the syscall instruction */
	CHECK_EQ(((unsigned char *)trapped.si_call_addr)[-1], 0x05);
	CHECK_EQ(trapped_rax, NR_NONE);
	DIES(SIGSYS, signal(SIGSYS, SIG_DFL); FILTER(NR_NONE, SECCOMP_RET_TRAP); sys(NR_NONE));
	DIES(SIGSYS, signal(SIGSYS, SIG_IGN); FILTER(NR_NONE, SECCOMP_RET_TRAP); sys(NR_NONE));
}

CASE(no_tracer_no_listener)
{
	no_new_privs();
	CHECK_EQ(LOAD(NR, ON(SYS_getppid, SECCOMP_RET_TRACE), ON(SYS_getuid, SECCOMP_RET_USER_NOTIF), ON(SYS_getgid,
	    SECCOMP_RET_LOG),
		      RET(ALLOW)), 0);
	CHECK_EQ(sys(SYS_getppid), -ENOSYS);
	CHECK_EQ(sys(SYS_getuid), -ENOSYS);
	CHECK_EQ(sys(SYS_getgid), getgid());
}

/* ---- what a filter sees --------------------------------------------------------------------------------------- */

#define WORD(at) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (at))
/* With NR_NONE the word at @at must be @want: else error 1. */
#define SEES(at, want) \
	do { \
		pid_t pid_; \
		IN_CHILD(pid_) { \
			no_new_privs(); \
			REQUIRE_EQ(LOAD(NR, BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NR_NONE, 1, 0), RET(ALLOW), WORD(at), \
					BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)(want), 0, 1), RET(DENY(100)), \
					RET(DENY(1))), 0); \
			CHECK_EQ(sys(NR_NONE, 0x1111222233334444, 0x5555666677778888, 3, 4, 5, -6), -100); \
		} \
		CHECK_CHILD(pid_); \
	} while (0)

CASE(data)
{
	SEES(0, NR_NONE);
	SEES(4, ARCH);
	SEES(16, 0x33334444);
	SEES(20, 0x11112222);
	SEES(24, 0x77778888);
	SEES(28, 0x55556666);
	SEES(32, 3);
	SEES(40, 4);
	SEES(48, 5);
	SEES(56, -6);
	SEES(60, -1);
}

CASE(other_abis_are_seen_by_number)
{
	no_new_privs();
	CHECK_EQ(LOAD(NR, BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1), RET(DENY(33)), RET(ALLOW)), 0);
	CHECK_EQ(sys(SYS_getpid + 0x40000000), -33);
	CHECK_EQ(sys(-1), -33);
	CHECK_EQ(sys(SYS_getpid), getpid());
}

/* ---- what may be loaded --------------------------------------------------------------------------------------- */

#define REFUSED(...) CHECK_EQ(LOAD(__VA_ARGS__), -EINVAL)
#define ACCEPTED(...) \
	do { \
		pid_t pid_; \
		IN_CHILD(pid_) { \
			no_new_privs(); \
			CHECK_EQ(LOAD(__VA_ARGS__), 0); \
		} \
		CHECK_CHILD(pid_); \
	} while (0)

CASE(programs_refused)
{
	static struct sock_filter many[4097];

	no_new_privs();
	REFUSED(NR);						/* no return at the end */
	REFUSED(RET(ALLOW), NR);
	REFUSED(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 64), RET(ALLOW));	/* outside the data */
	REFUSED(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 2), RET(ALLOW));		/* not aligned */
	REFUSED(BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 0), RET(ALLOW));
	REFUSED(BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0), RET(ALLOW));
	REFUSED(BPF_STMT(BPF_LD | BPF_W | BPF_IND, 0), RET(ALLOW));
	REFUSED(BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0), RET(ALLOW));
	REFUSED(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0xfffff000), RET(ALLOW));	/* ancillary data */
	REFUSED(BPF_STMT(BPF_ALU | BPF_DIV | BPF_K, 0), RET(ALLOW));
	REFUSED(BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, 3), RET(ALLOW));
	REFUSED(BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, 32), RET(ALLOW));
	REFUSED(BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 33), RET(ALLOW));
	REFUSED(BPF_STMT(BPF_ST, 16), RET(ALLOW));
	REFUSED(BPF_STMT(BPF_LD | BPF_MEM, 0), RET(ALLOW));			/* read before written */
	REFUSED(NR, BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, 1), BPF_STMT(BPF_ST, 3), BPF_STMT(BPF_LD | BPF_MEM, 3),
	    RET(ALLOW));
	REFUSED(BPF_STMT(BPF_JMP | BPF_JA, 1), RET(ALLOW));			/* out of the program */
	REFUSED(BPF_STMT(BPF_JMP | BPF_JA, 0xffffffff), RET(ALLOW));
	REFUSED(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, 1), RET(ALLOW));
	REFUSED(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 1, 255, 0), RET(ALLOW));
	REFUSED(BPF_STMT(BPF_RET | BPF_X, 0));
	REFUSED(BPF_STMT(0xffff, 0), RET(ALLOW));
	CHECK_EQ(load_n(many, COUNT(many), 0), -EINVAL);
	CHECK_EQ(mode(), 0);
}

CASE(programs_accepted)
{
	ACCEPTED(RET(ALLOW));
	ACCEPTED(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 60), RET(ALLOW));
	ACCEPTED(BPF_STMT(BPF_LD | BPF_IMM, ALLOW), BPF_STMT(BPF_RET | BPF_A, 0));
	ACCEPTED(BPF_STMT(BPF_ST, 15), BPF_STMT(BPF_LDX | BPF_MEM, 15), RET(ALLOW));
	ACCEPTED(NR, BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, 1), BPF_STMT(BPF_ST, 3), BPF_STMT(BPF_STX, 3),
	    BPF_STMT(BPF_LD | BPF_MEM, 3),
		 BPF_STMT(BPF_MISC | BPF_TAX, 0), RET(ALLOW));
	ACCEPTED(BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 64, 1, 0), RET(0),
	    RET(ALLOW));
	ACCEPTED(BPF_STMT(BPF_LDX | BPF_W | BPF_LEN, 0), BPF_STMT(BPF_MISC | BPF_TXA, 0),
		 BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 64, 1, 0), RET(0), RET(ALLOW));
}

CASE(division_by_a_zero_register_kills)
{
	DIES(SIGSYS, LOAD(NR, BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NR_NONE, 1, 0), RET(ALLOW),
	    BPF_STMT(BPF_LDX | BPF_IMM, 0),
			  BPF_STMT(BPF_ALU | BPF_DIV | BPF_X, 0), RET(ALLOW)); sys(NR_NONE));
}

/* All filters together have a limit, and what is over it changes nothing. Linux counts them as it translates them. */
CASE(length_of_all_filters)
{
	static struct sock_filter filter[4096];
	size_t i;
	long ret = 0;

	no_new_privs();
	for (i = 0; i < COUNT(filter); i++)
		filter[i] = (struct sock_filter)RET(ALLOW);
	CHECK_EQ(FILTER(NR_NONE, DENY(5)), 0);
	for (i = 0; i < 9 && ret == 0; i++)
		ret = load_n(filter, 4096, 0);
	CHECK_EQ(ret, -ENOMEM);
	CHECK(i >= 4);
	CHECK_EQ(sys(NR_NONE), -5);
	CHECK_EQ(mode(), 2);
}

/* ---- several filters, threads, fork, exec --------------------------------------------------------------------- */

CASE(the_strongest_verdict_counts)
{
	pid_t pid;

	IN_CHILD(pid) {
		no_new_privs();
		CHECK_EQ(FILTER(NR_NONE, DENY(1)), 0);
		CHECK_EQ(FILTER(NR_NONE, ALLOW), 0);
		CHECK_EQ(sys(NR_NONE), -1);		/* an older one still counts */
		CHECK_EQ(FILTER(NR_NONE, DENY(2)), 0);
		CHECK_EQ(sys(NR_NONE), -2);		/* a tie: the newest one's data */
		CHECK_EQ(FILTER(NR_NONE, SECCOMP_RET_LOG), 0);
		CHECK_EQ(sys(NR_NONE), -2);
	}
	CHECK_CHILD(pid);
	DIES(SIGSYS, FILTER(NR_NONE, SECCOMP_RET_KILL_THREAD); FILTER(NR_NONE, SECCOMP_RET_TRAP);
	     signal(SIGSYS, SIG_IGN); sys(NR_NONE));
}

CASE(numbers_that_all_allow)
{
	no_new_privs();
	CHECK_EQ(LOAD(NR, ON(SYS_getuid, ALLOW), ON(SYS_getgid, DENY(3)), RET(ALLOW)), 0);
	CHECK_EQ(LOAD(NR, ON(SYS_getuid, DENY(4)), RET(ALLOW)), 0);
	CHECK_EQ(sys(SYS_getuid), -4);
	CHECK_EQ(sys(SYS_getgid), -3);
	CHECK_EQ(sys(SYS_getpid), getpid());
	/* An old form and a general one are two numbers. */
	CHECK_EQ(LOAD(NR, ON(SYS_open, DENY(5)), RET(ALLOW)), 0);
	CHECK_EQ(sys(SYS_open, "/", O_RDONLY), -5);
	CHECK(sys(SYS_openat, AT_FDCWD, "/", O_RDONLY) >= 0);
}

static int ktap_helper(int argc, char **argv)
{
	if (argc > 2 && strcmp(argv[1], "@call") == 0)
		return sys(NR_NONE) == -atoi(argv[2]) && mode() == 2 ? 0 : 1;
	return 2;
}

CASE(fork_and_exec_inherit)
{
	char *argv[] = { (char *)"t", (char *)"@call", (char *)"44", NULL };
	pid_t pid;

	no_new_privs();
	CHECK_EQ(FILTER(NR_NONE, DENY(44)), 0);
	IN_CHILD(pid) {
		CHECK_EQ(sys(NR_NONE), -44);
		CHECK_EQ(FILTER(NR_NONE + 1, DENY(45)), 0);
		CHECK_EQ(sys(NR_NONE + 1), -45);
	}
	CHECK_CHILD(pid);
	CHECK_EQ(sys(NR_NONE + 1), -ENOSYS);	/* the child's own stays there */
	pid = ktap_fork();
	if (pid == 0) {
		execv(ktap_self, argv);
		_exit(9);
	}
	CHECK_CHILD(pid);
	CHECK_EQ(sys(SYS_prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
	CHECK_EQ(sys(SYS_prctl, PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0), -EINVAL);
}

static pthread_barrier_t barrier;
static long thread_results[3];

static void *probe(void *arg)
{
	long *result = arg;

	if (result == &thread_results[2]) {	/* one that has a filter of its own */
		no_new_privs();
		FILTER(NR_NONE + 9, DENY(9));
	}
	result[0] = sys(SYS_gettid);
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	result[0] = sys(NR_NONE);
	return NULL;
}

CASE(threads_keep_their_own)
{
	pthread_t thread;

	no_new_privs();
	pthread_barrier_init(&barrier, NULL, 2);
	REQUIRE_EQ(pthread_create(&thread, NULL, probe, &thread_results[0]), 0);
	pthread_barrier_wait(&barrier);
	CHECK_EQ(FILTER(NR_NONE, DENY(3)), 0);
	pthread_barrier_wait(&barrier);
	pthread_join(thread, NULL);
	CHECK_EQ(thread_results[0], -ENOSYS);
	CHECK_EQ(sys(NR_NONE), -3);
}

CASE(tsync_reaches_all)
{
	pthread_t thread[2];
	int i;

	no_new_privs();
	CHECK_EQ(FILTER(NR_NONE + 1, DENY(1)), 0);	/* inherited by the threads: an ancestor */
	pthread_barrier_init(&barrier, NULL, 3);
	for (i = 0; i < 2; i++)
		REQUIRE_EQ(pthread_create(&thread[i], NULL, probe, &thread_results[i]), 0);
	pthread_barrier_wait(&barrier);
	CHECK_EQ(LOAD_FLAGS(SECCOMP_FILTER_FLAG_TSYNC, NR, ON(NR_NONE, DENY(5)), RET(ALLOW)), 0);
	pthread_barrier_wait(&barrier);
	for (i = 0; i < 2; i++) {
		pthread_join(thread[i], NULL);
		CHECK_EQ(thread_results[i], -5);
	}
}

CASE(tsync_names_who_cannot)
{
	pthread_t thread;
	long tid;

	no_new_privs();
	pthread_barrier_init(&barrier, NULL, 2);
	REQUIRE_EQ(pthread_create(&thread, NULL, probe, &thread_results[2]), 0);
	pthread_barrier_wait(&barrier);
	tid = thread_results[2];
	CHECK_EQ(LOAD_FLAGS(SECCOMP_FILTER_FLAG_TSYNC, NR, ON(NR_NONE, DENY(5)), RET(ALLOW)), tid);
	CHECK_EQ(LOAD_FLAGS(SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_TSYNC_ESRCH, NR, ON(NR_NONE, DENY(5)),
			    RET(ALLOW)), -ESRCH);
	CHECK_EQ(sys(NR_NONE), -ENOSYS);	/* nothing happened */
	CHECK_EQ(mode(), 0);
	pthread_barrier_wait(&barrier);
	pthread_join(thread, NULL);
}

/* The number of filters and the mode, as /proc tells them. */
CASE(status_in_proc)
{
	char text[8192], *at;
	ssize_t n;
	int fd;

	no_new_privs();
	CHECK_EQ(FILTER(NR_NONE, DENY(5)), 0);
	CHECK_EQ(FILTER(NR_NONE, DENY(5)), 0);
	fd = open("/proc/self/status", O_RDONLY);
	if (fd < 0)
		SKIP("no /proc");
	n = read(fd, text, sizeof(text) - 1);
	REQUIRE(n > 0);
	text[n] = 0;
	at = strstr(text, "\nNoNewPrivs:\t");
	CHECK(at && at[13] == '1');
	at = strstr(text, "\nSeccomp:\t");
	CHECK(at && at[10] == '2');
	at = strstr(text, "\nSeccomp_filters:\t");
	CHECK(at && atoi(at + 18) >= 2);
}

/* ---- random programs ------------------------------------------------------------------------------------------ */

static uint64_t dice_state = 1;

static uint32_t dice(uint32_t n)
{
	uint64_t z = dice_state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return (uint32_t)((z ^ (z >> 31)) % n);
}

enum { MAX_INSNS = 24 };

static const uint16_t opcodes[] = {
	BPF_LD | BPF_W | BPF_ABS, BPF_LD | BPF_W | BPF_ABS, BPF_LD | BPF_IMM, BPF_LDX | BPF_IMM,
	    BPF_LD | BPF_W | BPF_LEN,
	BPF_LDX | BPF_W | BPF_LEN, BPF_LD | BPF_MEM, BPF_LDX | BPF_MEM, BPF_ST, BPF_STX, BPF_ST, BPF_STX,
	BPF_ALU | BPF_ADD | BPF_K, BPF_ALU | BPF_ADD | BPF_X, BPF_ALU | BPF_SUB | BPF_K, BPF_ALU | BPF_SUB | BPF_X,
	BPF_ALU | BPF_MUL | BPF_K, BPF_ALU | BPF_MUL | BPF_X, BPF_ALU | BPF_DIV | BPF_K, BPF_ALU | BPF_DIV | BPF_X,
	BPF_ALU | BPF_AND | BPF_K, BPF_ALU | BPF_AND | BPF_X, BPF_ALU | BPF_OR | BPF_K, BPF_ALU | BPF_OR | BPF_X,
	BPF_ALU | BPF_XOR | BPF_K, BPF_ALU | BPF_XOR | BPF_X, BPF_ALU | BPF_LSH | BPF_K, BPF_ALU | BPF_LSH | BPF_X,
	BPF_ALU | BPF_RSH | BPF_K, BPF_ALU | BPF_RSH | BPF_X, BPF_ALU | BPF_NEG, BPF_MISC | BPF_TAX, BPF_MISC | BPF_TXA,
	BPF_JMP | BPF_JA, BPF_JMP | BPF_JEQ | BPF_K, BPF_JMP | BPF_JEQ | BPF_X, BPF_JMP | BPF_JGT | BPF_K,
	BPF_JMP | BPF_JGT | BPF_X, BPF_JMP | BPF_JGE | BPF_K, BPF_JMP | BPF_JGE | BPF_X, BPF_JMP | BPF_JSET | BPF_K,
	BPF_JMP | BPF_JSET | BPF_X, BPF_RET | BPF_K, BPF_RET | BPF_A,
};

/* Mostly right programs: one operand in forty is anything at all. */
static unsigned make_program(struct sock_filter *f)
{
	unsigned n = 1 + dice(MAX_INSNS - 2), i;

	for (i = 0; i < n; i++) {
		unsigned left = n - i;	/* and the last return stands behind */

		f[i] = (struct sock_filter){ opcodes[dice(COUNT(opcodes))], 0, 0, dice(64) };
		if (f[i].code == (BPF_LD | BPF_W | BPF_ABS))
			f[i].k &= ~3u;
		else if (BPF_CLASS(f[i].code) == BPF_ST || BPF_CLASS(f[i].code) == BPF_STX || BPF_MODE(f[i].code) ==
		    BPF_MEM)
			f[i].k &= 3;
		else if ((f[i].code & 0xe7) == (BPF_ALU | 0x60))
			f[i].k &= 31;
		else if (f[i].code == (BPF_JMP | BPF_JA))
			f[i].k = dice(left);
		else if (BPF_CLASS(f[i].code) == BPF_JMP) {
			f[i].jt = (unsigned char)dice(left);
			f[i].jf = (unsigned char)dice(left);
		}
		if (dice(40) == 0)
			f[i].k = dice(0xffffffff);
		if (dice(200) == 0)
			f[i].code = (uint16_t)dice(0x10000);
	}
	f[n] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_A, 0);
	return n + 1;
}

static bool known(uint16_t code)
{
	size_t i;

	for (i = 0; i < COUNT(opcodes); i++)
		if (opcodes[i] == code)
			return true;
	return false;
}

/* What seccomp(2) and bpf(4) say of a program; paths are followed one by one, so it shares no idea with a kernel. */
static bool right_path(const struct sock_filter *f, unsigned n, unsigned at, unsigned written, unsigned *steps)
{
	for (; (*steps)++ < 20000; at++) {
		const struct sock_filter *i = &f[at];

		if (i->code == BPF_ST || i->code == BPF_STX)
			written |= 1u << i->k;
		else if ((i->code == (BPF_LD | BPF_MEM) || i->code == (BPF_LDX | BPF_MEM)) && !(written >> i->k & 1))
			return false;
		else if (i->code == (BPF_JMP | BPF_JA))
			at += i->k;
		else if (BPF_CLASS(i->code) == BPF_JMP) {
			if (!right_path(f, n, at + 1 + i->jt, written, steps))
				return false;
			at += i->jf;
		}
		if (at + 1 >= n)
			return true;
	}
	return true;
}

static bool right(const struct sock_filter *f, unsigned n)
{
	unsigned i, steps = 0;

	for (i = 0; i < n; i++) {
		unsigned class = BPF_CLASS(f[i].code);

		if (!known(f[i].code) ||
		    (f[i].code == (BPF_LD | BPF_W | BPF_ABS) && (f[i].k >= 64 || f[i].k % 4)) ||
		    ((class == BPF_ST || class == BPF_STX || f[i].code == (BPF_LD | BPF_MEM) ||
		      f[i].code == (BPF_LDX | BPF_MEM)) && f[i].k >= 16) ||
		    (f[i].code == (BPF_ALU | BPF_DIV | BPF_K) && f[i].k == 0) ||
		    ((f[i].code == (BPF_ALU | BPF_LSH | BPF_K) || f[i].code == (BPF_ALU | BPF_RSH | BPF_K)) &&
		    f[i].k > 31))
			return false;
		if (f[i].code == (BPF_JMP | BPF_JA) && f[i].k >= n - i - 1)
			return false;
		if (class == BPF_JMP && f[i].code != (BPF_JMP | BPF_JA) && (i + 1 + f[i].jt >= n ||
		    i + 1 + f[i].jf >= n))
			return false;
	}
	if (BPF_CLASS(f[n - 1].code) != BPF_RET)
		return false;
	/* Code that nothing reaches counts as reached by what stands before it: as the kernel does, after a return. */
	return right_path(f, n, 0, 0, &steps);
}

static uint32_t result_of(const struct sock_filter *f, const struct seccomp_data *data)
{
	uint32_t a = 0, x = 0, m[16] = { 0 }, w[16];

	memcpy(w, data, sizeof(w));
	for (;; f++) {
		uint32_t v = BPF_SRC(f->code) == BPF_X ? x : f->k;

		switch (BPF_CLASS(f->code)) {
		case BPF_LD:
			a = BPF_MODE(f->code) == BPF_ABS ? w[f->k / 4] : BPF_MODE(f->code) == BPF_LEN ? 64 :
			    BPF_MODE(f->code) == BPF_MEM ? m[f->k] : f->k;
			break;
		case BPF_LDX:
			x = BPF_MODE(f->code) == BPF_LEN ? 64 : BPF_MODE(f->code) == BPF_MEM ? m[f->k] : f->k;
			break;
		case BPF_ST:
			m[f->k] = a;
			break;
		case BPF_STX:
			m[f->k] = x;
			break;
		case BPF_MISC:
			if (f->code == (BPF_MISC | BPF_TAX))
				x = a;
			else
				a = x;
			break;
		case BPF_RET:
			return f->code == (BPF_RET | BPF_A) ? a : f->k;
		case BPF_JMP:
			switch (BPF_OP(f->code)) {
			case BPF_JA: f += f->k; break;
			case BPF_JEQ: f += a == v ? f->jt : f->jf; break;
			case BPF_JGT: f += a > v ? f->jt : f->jf; break;
			case BPF_JGE: f += a >= v ? f->jt : f->jf; break;
			default: f += a & v ? f->jt : f->jf; break;
			}
			break;
		default:
			switch (BPF_OP(f->code)) {
			case BPF_ADD: a += v; break;
			case BPF_SUB: a -= v; break;
			case BPF_MUL: a *= v; break;
			case BPF_DIV:
				if (!v)
					return 0;
				a /= v;
				break;
			case BPF_AND: a &= v; break;
			case BPF_OR: a |= v; break;
			case BPF_XOR: a ^= v; break;
			case BPF_LSH: a <<= v & 31; break;
			case BPF_RSH: a >>= v & 31; break;
			default: a = -a; break;
			}
		}
	}
}

/* The result, folded into what an errno can show, for NR_NONE; all else is allowed before the program is reached. */
static unsigned wrap(struct sock_filter *to, const struct sock_filter *f, unsigned n)
{
	unsigned i, at = 0;

	to[at++] = (struct sock_filter)NR;
	to[at++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NR_NONE, 1, 0);
	to[at++] = (struct sock_filter)RET(ALLOW);
	to[at++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_IMM, 0);
	for (i = 0; i < n; i++)
		to[at++] = f[i];
	return at;
}

/* Returns become jumps to an end that makes ERRNO of the low bits of the result. */
static unsigned end_in_errno(struct sock_filter *f, unsigned n)
{
	unsigned i, end = n;

	for (i = 3; i < n; i++)	/* behind wrap()'s own return */
		if (f[i].code == (BPF_RET | BPF_A))
			f[i] = (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, end - i - 1);
		else if (f[i].code == (BPF_RET | BPF_K))
			f[i].k = DENY(f[i].k & 0xfff);
	f[n++] = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xfff);
	f[n++] = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_OR | BPF_K, SECCOMP_RET_ERRNO);
	f[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_A, 0);
	return n;
}

static void verdict_of(const struct sock_filter *f, unsigned n)
{
	struct seccomp_data data = { .nr = NR_NONE, .arch = ARCH };
	struct sock_filter all[MAX_INSNS + 16];
	unsigned len = wrap(all, f, n), i;
	uint32_t want;
	pid_t pid;

	len = end_in_errno(all, len);
	for (i = 0; i < 6; i++)
		data.args[i] = (uint64_t)dice(0xffffffff) << 32 | dice(0xffffffff);
	for (i = 0; i < len; i++)	/* where the call is made from differs */
		if (all[i].code == (BPF_LD | BPF_W | BPF_ABS) && (all[i].k == 8 || all[i].k == 12))
			all[i].k = 16;
	want = result_of(all, &data);
	pid = ktap_fork();
	if (pid == 0) {
		no_new_privs();
		if (load_n(all, len, 0))
			_exit(98);
		_exit(sys(NR_NONE, data.args[0], data.args[1], data.args[2], data.args[3], data.args[4],
		    data.args[5]) ==
		      -(long)(want & 0xfff) ? 0 : 97);
	}
	if (want == 0)
		CHECK_SIGNAL(pid, SIGSYS);	/* division by zero */
	else
		CHECK_CHILD(pid);
}

CASE(random_programs)
{
	struct sock_filter f[MAX_INSNS];
	unsigned round, accepted = 0;
	pid_t pid;

	for (round = 0; round < 400 && !ktap_failures; round++) {
		unsigned n;

		dice_state = round * 7919 + 1;
		n = make_program(f);
		if (right(f, n)) {
			accepted++;
			verdict_of(f, n);
		} else {
			pid = ktap_fork();
			if (pid == 0) {
				no_new_privs();
				_exit(load_n(f, n, 0) == -EINVAL ? 0 : 1);
			}
			CHECK_CHILD(pid);
		}
		if (ktap_failures)
			NOTE("round %u, %u instructions", round, n);
	}
	CHECK(accepted > 60);
}
