/* SPDX-License-Identifier: MIT */
/*
 * ptrace_test.c - tracing: stops and their order, registers, memory, system calls, steps, events, attaching and
 * letting go, job control, ends; process_vm_readv and process_vm_writev, /proc/PID/mem. Source: man ptrace(2).
 */
#define KTAP_HAS_HELPER
#include "ktap.h"

#include <pthread.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>

enum { STOP_EVENT = 128, SYSGOOD = 0x80, WALL = 0x40000000 };
enum { T_SYSGOOD = 1, T_FORK = 2, T_VFORK = 4, T_CLONE = 8, T_EXEC = 16, T_VFORKDONE = 32, T_EXIT = 64,
       T_EXITKILL = 1 << 20 };

static long trace(long request, pid_t pid, unsigned long addr, unsigned long data)
{
	return sys(SYS_ptrace, request, pid, addr, data);
}

static long peek(pid_t pid, const volatile void *addr)
{
	long word = -1;

	CHECK_EQ(trace(PTRACE_PEEKDATA, pid, (unsigned long)addr, (unsigned long)&word), 0);
	return word;
}

/* The next report about @pid: its wait status. */
static int next(pid_t pid)
{
	int status = -1;
	long ret;

	do {
		ret = sys(SYS_wait4, pid, &status, WALL, 0);
	} while (ret == -EINTR);
	return ret == pid || (pid == -1 && ret > 0) ? status : (int)ret;
}

static int stopped(int sig)
{
	return sig << 8 | 0x7f;
}

static int event(int number, int sig)
{
	return (sig | number << 8) << 8 | 0x7f;
}

/* A child that is traced and stops itself first; the parent returns when it has. */
static pid_t traced_child(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		if (sys(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0))
			_exit(99);
		sys(SYS_kill, getpid(), SIGSTOP);
		return 0;
	}
	REQUIRE(pid > 0);
	REQUIRE_EQ(next(pid), stopped(SIGSTOP));
	return pid;
}

static volatile long word = 0x1234;
static volatile long *constant;	/* two words that may only be read */

__attribute__((constructor)) static void make_constant(void)
{
	constant = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	constant[0] = 0x77;
	constant[1] = 0x88;
	mprotect((void *)constant, PAGE, PROT_READ);
}

static int of_text(int x)
{
	return x;
}

CASE(traceme_and_signals)
{
	siginfo_t info;
	pid_t pid = traced_child();

	if (!pid) {
		sys(SYS_kill, getpid(), SIGUSR1);	/* taken away by the tracer */
		sys(SYS_kill, getpid(), SIGUSR2);	/* becomes SIGTERM */
		_exit(1);
	}
	CHECK_EQ(trace(PTRACE_CONT, pid, 0, 0), 0);
	CHECK_EQ(next(pid), stopped(SIGUSR1));
	memset(&info, 0, sizeof(info));
	CHECK_EQ(trace(PTRACE_GETSIGINFO, pid, 0, (long)&info), 0);
	CHECK_EQ(info.si_signo, SIGUSR1);
	CHECK_EQ(info.si_code, SI_USER);
	CHECK_EQ(info.si_pid, pid);
	CHECK_EQ(trace(PTRACE_CONT, pid, 0, 0), 0);
	CHECK_EQ(next(pid), stopped(SIGUSR2));
	CHECK_EQ(trace(PTRACE_CONT, pid, 0, SIGTERM), 0);
	CHECK_EQ(next(pid), SIGTERM);
}

CASE(memory)
{
	long text;
	pid_t pid = traced_child();

	if (!pid)
		_exit(word == 0x5678 && constant[0] == 0x99 ? 0 : 1);
	CHECK_EQ(peek(pid, &word), 0x1234);
	CHECK_EQ(trace(PTRACE_POKEDATA, pid, (long)&word, 0x5678), 0);
	CHECK_EQ(peek(pid, &word), 0x5678);
	CHECK_EQ(word, 0x1234);
	/* Read-only memory too; ours stays as it is. */
	CHECK_EQ(trace(PTRACE_POKETEXT, pid, (long)&constant[0], 0x99), 0);
	CHECK_EQ(constant[0], 0x77);
	CHECK_EQ(peek(pid, &constant[1]), 0x88);
	text = peek(pid, (void *)of_text);
	CHECK_EQ(trace(PTRACE_POKETEXT, pid, (long)of_text, ~text), 0);
	CHECK_EQ(peek(pid, (void *)of_text), ~text);
	CHECK_EQ(of_text(5), 5);
	CHECK_EQ(trace(PTRACE_POKEDATA, pid, 0, 1), -EIO);
	CHECK_EQ(trace(PTRACE_PEEKDATA, pid, 8, (long)&word), -EIO);
	CHECK_EQ(trace(PTRACE_PEEKDATA, pid, (long)&word, 1), -EFAULT);
	CHECK_EQ(trace(PTRACE_PEEKDATA, pid, 0xffff800000000000, (long)&word), -EIO);
	CHECK_EQ(trace(PTRACE_CONT, pid, 0, 0), 0);
	CHECK_EXIT(pid, 0);
}

/* The page of the clock is everybody's: a tracer gets no copy of it to write to. */
CASE(clock_page_is_not_written)
{
	unsigned long vvar = 0;
	char line[512];
	FILE *maps = fopen("/proc/self/maps", "r");
	pid_t pid;

	while (maps && fgets(line, sizeof(line), maps))
		if (strstr(line, "[vvar]"))
			vvar = strtoul(line, NULL, 16);
	if (maps)
		fclose(maps);
	if (!vvar)
		SKIP("no [vvar]");
	pid = traced_child();
	if (pid == 0)
		_exit(0);
	CHECK_EQ(trace(PTRACE_POKEDATA, pid, vvar + 64, 0), -EIO);
	CHECK_EQ(trace(PTRACE_CONT, pid, 0, SIGKILL), 0);
	CHECK_EQ(next(pid), SIGKILL);
}

CASE(registers)
{
	struct user_regs_struct r, again;
	struct iovec iov = { &r, sizeof(r) };
	long ax = 0;
	pid_t pid = fork();

	if (!pid) {
		long ret;

		sys(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0);
		__asm__ volatile("mov $0x1111, %%r12\n\tmov $0x2222, %%rax\n\tint3\n\tmov %%rax, %0"
				 : "=r"(ret) :: "rax", "r12", "memory");
		_exit(ret == 0x3333 ? 0 : 1);
	}
	REQUIRE_EQ(next(pid), stopped(SIGTRAP));
	CHECK_EQ(trace(PTRACE_GETREGS, pid, 0, (long)&r), 0);
	CHECK_EQ(r.r12, 0x1111);
	CHECK_EQ(r.rax, 0x2222);
	CHECK_EQ((long)r.orig_rax, -1);
	CHECK_EQ(r.cs, 0x33);
	CHECK_EQ(r.ss, 0x2b);
	CHECK_EQ(peek(pid, (void *)(r.rip - 1)) & 0xff, 0xcc);
	CHECK_EQ(trace(PTRACE_GETREGSET, pid, 1, (long)&iov), 0);
	CHECK_EQ(iov.iov_len, sizeof(r));
	CHECK_EQ(trace(PTRACE_PEEKUSER, pid, offsetof(struct user_regs_struct, rax), (long)&ax), 0);
	CHECK_EQ(ax, 0x2222);
	CHECK_EQ(trace(PTRACE_POKEUSER, pid, offsetof(struct user_regs_struct, rax), 0x4444), 0);
	CHECK_EQ(trace(PTRACE_GETREGS, pid, 0, (long)&again), 0);
	CHECK_EQ(again.rax, 0x4444);
	r.cs = 0x10;
	CHECK_EQ(trace(PTRACE_SETREGS, pid, 0, (long)&r), -EIO);
	r.cs = 0x33;
	r.fs_base = 0xffff800000000000;
	CHECK_EQ(trace(PTRACE_SETREGS, pid, 0, (long)&r), -EIO);
	r.fs_base = again.fs_base;
	r.rax = 0x3333;
	r.eflags |= 0x3000;	/* IOPL: silently not */
	CHECK_EQ(trace(PTRACE_SETREGS, pid, 0, (long)&r), 0);
	CHECK_EQ(trace(PTRACE_GETREGS, pid, 0, (long)&again), 0);
	CHECK_EQ(again.eflags & 0x3000, 0);
	CHECK_EQ(trace(PTRACE_PEEKUSER, pid, 3, (long)&ax), -EIO);
	CHECK_EQ(trace(PTRACE_PEEKUSER, pid, 1024, (long)&ax), -EIO);
	CHECK_EQ(trace(PTRACE_PEEKUSER, pid, 848, (long)&ax), 0);
	CHECK_EQ(ax, 0);
	CHECK_EQ(trace(PTRACE_GETREGS, pid, 0, 1), -EFAULT);
	CHECK_EQ(trace(PTRACE_GETREGSET, pid, 0x999, (long)&iov), -EINVAL);
	iov.iov_len = 16;
	CHECK_EQ(trace(PTRACE_GETREGSET, pid, 1, (long)&iov), 0);
	CHECK_EQ(iov.iov_len, 16);
	CHECK_EQ(trace(PTRACE_CONT, pid, 0, 0), 0);
	CHECK_EXIT(pid, 0);
}

CASE(floating_point)
{
	static struct user_fpregs_struct fp __attribute__((aligned(16)));
	static char xstate[8192] __attribute__((aligned(64)));
	struct iovec iov = { xstate, sizeof(xstate) };
	pid_t pid = fork();

	if (!pid) {
		unsigned long in = 0x1122334455667788, out = 0;

		sys(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0);
		__asm__ volatile("movq %1, %%xmm3\n\tint3\n\tmovq %%xmm3, %0" : "=r"(out) : "r"(in) : "xmm3");
		_exit(out == 0x99aabbcc ? 0 : 1);
	}
	REQUIRE_EQ(next(pid), stopped(SIGTRAP));
	CHECK_EQ(trace(PTRACE_GETFPREGS, pid, 0, (long)&fp), 0);
	CHECK_EQ(fp.xmm_space[3 * 4], 0x55667788);
	CHECK_EQ(fp.xmm_space[3 * 4 + 1], 0x11223344);
	CHECK_EQ(fp.cwd, 0x37f);
	fp.xmm_space[3 * 4] = 0x99aabbcc;
	fp.xmm_space[3 * 4 + 1] = 0;
	CHECK_EQ(trace(PTRACE_SETFPREGS, pid, 0, (long)&fp), 0);
	if (trace(PTRACE_GETREGSET, pid, 0x202, (long)&iov) == 0) {
		CHECK(iov.iov_len >= 576);
		CHECK_EQ(*(unsigned *)(xstate + 160 + 48), 0x99aabbcc);
		CHECK_EQ(xstate[464] & 3, 3);	/* which components: x87 and SSE at least */
		CHECK_EQ(trace(PTRACE_SETREGSET, pid, 0x202, (long)&iov), 0);
		xstate[512 + 8] = 1;	/* a compacted form: refused */
		CHECK_EQ(trace(PTRACE_SETREGSET, pid, 0x202, (long)&iov), -EINVAL);
	}
	fp.mxcsr = 0xffffffff;
	CHECK_EQ(trace(PTRACE_SETFPREGS, pid, 0, (long)&fp), -EINVAL);
	CHECK_EQ(trace(PTRACE_CONT, pid, 0, 0), 0);
	CHECK_EXIT(pid, 0);
}

struct call_info {
	uint8_t op, pad[3];
	uint32_t arch;
	uint64_t ip, sp;
	union {
		struct {
			uint64_t nr, args[6];
		} entry;
		struct {
			int64_t rval;
			uint8_t is_error;
		} exit;
	};
};

CASE(system_calls)
{
	struct call_info info;
	struct user_regs_struct r;
	pid_t pid = traced_child();

	if (!pid) {
		long a = sys(SYS_getppid), b, c;

		b = sys(SYS_getpid);
		c = sys(SYS_close, 777);
		_exit(a == 4242 && b == -ENOSYS && c == -EBADF ? 0 : 1);
	}
	CHECK_EQ(trace(PTRACE_SETOPTIONS, pid, 0, T_SYSGOOD), 0);
	CHECK_EQ(trace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), (long)&info), 24);
	CHECK_EQ(info.op, 0);
	do { /* the end of kill() comes first */
		CHECK_EQ(trace(PTRACE_SYSCALL, pid, 0, 0), 0);
		REQUIRE_EQ(next(pid), stopped(SIGTRAP | SYSGOOD));
		CHECK_EQ(trace(PTRACE_GETREGS, pid, 0, (long)&r), 0);
	} while (r.orig_rax != SYS_getppid);
	CHECK_EQ((long)r.rax, -ENOSYS);
	CHECK_EQ(trace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), (long)&info), 80);
	CHECK_EQ(info.op, 1);
	CHECK_EQ(info.arch, 0xc000003e);
	CHECK_EQ(info.entry.nr, SYS_getppid);
	CHECK_EQ(info.ip, r.rip);
	CHECK_EQ(trace(PTRACE_SYSCALL, pid, 0, 0), 0);
	REQUIRE_EQ(next(pid), stopped(SIGTRAP | SYSGOOD));
	CHECK_EQ(trace(PTRACE_GETREGS, pid, 0, (long)&r), 0);
	CHECK_EQ(r.rax, getpid());
	CHECK_EQ(r.orig_rax, SYS_getppid);
	CHECK_EQ(trace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), (long)&info), 33);
	CHECK_EQ(info.op, 2);
	CHECK_EQ(info.exit.rval, getpid());
	CHECK_EQ(info.exit.is_error, 0);
	r.rax = 4242;		/* another result */
	CHECK_EQ(trace(PTRACE_SETREGS, pid, 0, (long)&r), 0);
	CHECK_EQ(trace(PTRACE_SYSCALL, pid, 0, 0), 0);
	REQUIRE_EQ(next(pid), stopped(SIGTRAP | SYSGOOD));
	CHECK_EQ(trace(PTRACE_POKEUSER, pid, offsetof(struct user_regs_struct, orig_rax), -1), 0); /* not at all */
	CHECK_EQ(trace(PTRACE_SYSCALL, pid, 0, 0), 0);
	REQUIRE_EQ(next(pid), stopped(SIGTRAP | SYSGOOD));
	CHECK_EQ(trace(PTRACE_SYSCALL, pid, 0, 0), 0);
	REQUIRE_EQ(next(pid), stopped(SIGTRAP | SYSGOOD));
	CHECK_EQ(trace(PTRACE_SYSCALL, pid, 0, 0), 0);
	REQUIRE_EQ(next(pid), stopped(SIGTRAP | SYSGOOD));
	CHECK_EQ(trace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), (long)&info), 33);
	CHECK_EQ(info.exit.rval, -EBADF);
	CHECK_EQ(info.exit.is_error, 1);
	CHECK_EQ(trace(PTRACE_CONT, pid, 0, 0), 0);
	CHECK_EXIT(pid, 0);
}

/* Each step is one instruction, also over a system call and into a handler. */
CASE(single_steps)
{
	struct user_regs_struct r;
	unsigned long at[8];
	pid_t pid = fork();

	if (!pid) {
		sys(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0);
		__asm__ volatile("int3\n\tnop\n\tmov $39, %%eax\n\tsyscall\n\tnop\n\tnop"
				 ::: "rax", "rcx", "r11", "memory");
		_exit(5);
	}
	REQUIRE_EQ(next(pid), stopped(SIGTRAP));
	for (unsigned i = 0; i < 6; i++) {
		siginfo_t info;

		CHECK_EQ(trace(PTRACE_GETREGS, pid, 0, (long)&r), 0);
		CHECK_EQ(r.eflags & 0x100, 0);
		at[i] = r.rip;
		CHECK_EQ(trace(PTRACE_SINGLESTEP, pid, 0, 0), 0);
		REQUIRE_EQ(next(pid), stopped(SIGTRAP));
		CHECK_EQ(trace(PTRACE_GETSIGINFO, pid, 0, (long)&info), 0);
		CHECK_EQ(info.si_signo, SIGTRAP);
	}
	CHECK_EQ(at[1] - at[0], 1);
	CHECK_EQ(at[2] - at[1], 5);
	CHECK_EQ(at[3] - at[2], 2);
	CHECK_EQ(at[4] - at[3], 1);
	CHECK_EQ(trace(PTRACE_CONT, pid, 0, 0), 0);
	CHECK_EXIT(pid, 5);
}

static volatile int handled;

static void handler(int sig)
{
	handled = sig;
}

CASE(step_into_a_handler)
{
	struct user_regs_struct r;
	pid_t pid;

	signal(SIGUSR1, handler);
	pid = traced_child();
	if (!pid) {
		sys(SYS_kill, getpid(), SIGUSR1);
		_exit(handled == SIGUSR1 ? 0 : 1);
	}
	CHECK_EQ(trace(PTRACE_CONT, pid, 0, 0), 0);
	CHECK_EQ(next(pid), stopped(SIGUSR1));
	CHECK_EQ(trace(PTRACE_SINGLESTEP, pid, 0, SIGUSR1), 0);
	CHECK_EQ(next(pid), stopped(SIGTRAP));
	CHECK_EQ(trace(PTRACE_GETREGS, pid, 0, (long)&r), 0);
	CHECK_EQ(r.rip, (unsigned long)handler);
	CHECK_EQ(r.rdi, SIGUSR1);
	CHECK_EQ(trace(PTRACE_CONT, pid, 0, 0), 0);
	CHECK_EXIT(pid, 0);
}

CASE(fork_is_followed)
{
	unsigned long child = 0;
	pid_t pid = traced_child();

	if (!pid) {
		pid_t c = fork();
		int status;

		if (!c)
			_exit(7);
		_exit(waitpid(c, &status, 0) == c && status == 7 << 8 ? 3 : 4);
	}
	CHECK_EQ(trace(PTRACE_SETOPTIONS, pid, 0, T_FORK | T_EXIT), 0);
	CHECK_EQ(trace(PTRACE_CONT, pid, 0, 0), 0);
	CHECK_EQ(next(pid), event(PTRACE_EVENT_FORK, SIGTRAP));
	CHECK_EQ(trace(PTRACE_GETEVENTMSG, pid, 0, (long)&child), 0);
	REQUIRE(child > 0);
	CHECK_EQ(next((pid_t)child), stopped(SIGSTOP));
	CHECK_EQ(trace(PTRACE_CONT, (pid_t)child, 0, 0), 0);
	CHECK_EQ(next((pid_t)child), event(PTRACE_EVENT_EXIT, SIGTRAP));
	CHECK_EQ(trace(PTRACE_CONT, (pid_t)child, 0, 0), 0);
	CHECK_EQ(next((pid_t)child), 7 << 8);
	/* We have waited; only now its parent can. */
	CHECK_EQ(trace(PTRACE_CONT, pid, 0, 0), 0);
	int status = next(pid);

	if (status == stopped(SIGCHLD)) {
		CHECK_EQ(trace(PTRACE_CONT, pid, 0, SIGCHLD), 0);
		status = next(pid);
	}
	CHECK_EQ(status, event(PTRACE_EVENT_EXIT, SIGTRAP));
	CHECK_EQ(trace(PTRACE_GETEVENTMSG, pid, 0, (long)&child), 0);
	CHECK_EQ(child, 3 << 8);
	CHECK_EQ(trace(PTRACE_CONT, pid, 0, 0), 0);
	CHECK_EQ(next(pid), 3 << 8);
}

static int ktap_helper(int argc UNUSED, char **argv UNUSED)
{
	return 6;
}

CASE(exec_and_vfork)
{
	char *argv[] = { ktap_self, (char *)"@x", NULL }, *envp[] = { NULL };
	unsigned long child = 0;
	pid_t pid = traced_child();

	if (!pid) {
		int status = 0;
		pid_t c = vfork();

		if (!c) {
			sys(SYS_execve, ktap_self, argv, envp);
			_exit(9);
		}
		while (waitpid(c, &status, 0) < 0)
			;
		_exit(status == 6 << 8 ? 0 : 1);
	}
	CHECK_EQ(trace(PTRACE_SETOPTIONS, pid, 0, T_VFORK | T_VFORKDONE | T_EXEC), 0);
	CHECK_EQ(trace(PTRACE_CONT, pid, 0, 0), 0);
	CHECK_EQ(next(pid), event(PTRACE_EVENT_VFORK, SIGTRAP));
	CHECK_EQ(trace(PTRACE_GETEVENTMSG, pid, 0, (long)&child), 0);
	CHECK_EQ(next((pid_t)child), stopped(SIGSTOP));
	CHECK_EQ(trace(PTRACE_CONT, pid, 0, 0), 0);
	CHECK_EQ(trace(PTRACE_CONT, (pid_t)child, 0, 0), 0);
	CHECK_EQ(next((pid_t)child), event(PTRACE_EVENT_EXEC, SIGTRAP));
	CHECK_EQ(next(pid), event(PTRACE_EVENT_VFORK_DONE, SIGTRAP));
	CHECK_EQ(trace(PTRACE_CONT, (pid_t)child, 0, 0), 0);
	CHECK_EQ(next((pid_t)child), 6 << 8);
	CHECK_EQ(trace(PTRACE_CONT, pid, 0, 0), 0);
	int status = next(pid);

	if (status == stopped(SIGCHLD)) {
		CHECK_EQ(trace(PTRACE_CONT, pid, 0, SIGCHLD), 0);
		status = next(pid);
	}
	CHECK_EQ(status, 0);
}

/* Without options exec is a SIGTRAP. */
CASE(plain_exec)
{
	char *argv[] = { ktap_self, (char *)"@x", NULL }, *envp[] = { NULL };
	pid_t pid = traced_child();

	if (!pid) {
		sys(SYS_execve, ktap_self, argv, envp);
		_exit(9);
	}
	CHECK_EQ(trace(PTRACE_CONT, pid, 0, 0), 0);
	CHECK_EQ(next(pid), stopped(SIGTRAP));
	CHECK_EQ(trace(PTRACE_CONT, pid, 0, 0), 0);
	CHECK_EXIT(pid, 6);
}

static void *thread_main(void *arg)
{
	return arg;
}

CASE(threads_are_followed)
{
	unsigned long tid = 0;
	int status, seen = 0;
	pid_t pid = traced_child();

	if (!pid) {
		pthread_t t;

		pthread_create(&t, NULL, thread_main, NULL);
		pthread_join(t, NULL);
		_exit(8);
	}
	CHECK_EQ(trace(PTRACE_SETOPTIONS, pid, 0, T_CLONE), 0);
	CHECK_EQ(trace(PTRACE_CONT, pid, 0, 0), 0);
	CHECK_EQ(next(pid), event(PTRACE_EVENT_CLONE, SIGTRAP));
	CHECK_EQ(trace(PTRACE_GETEVENTMSG, pid, 0, (long)&tid), 0);
	REQUIRE(tid && (pid_t)tid != pid);
	CHECK_EQ(next((pid_t)tid), stopped(SIGSTOP));
	CHECK_EQ(trace(PTRACE_CONT, (pid_t)tid, 0, 0), 0);
	CHECK_EQ(trace(PTRACE_CONT, pid, 0, 0), 0);
	for (int i = 0; i < 2; i++) {
		long ret = sys(SYS_wait4, -1, &status, WALL, 0);

		/* The thread was joined, but may still have been on its way out when all were ended. */
		CHECK(status == 8 << 8 || (ret != pid && status == 0));
		seen |= ret == pid ? 1 : ret == (long)tid ? 2 : 4;
	}
	CHECK_EQ(seen, 3);
}

/* A filter that asks the tracer about one call. */
CASE(seccomp_asks)
{
	static struct {
		uint16_t code;
		uint8_t jt, jf;
		uint32_t k;
	} filter[] = {
		{ 0x20, 0, 0, 0 },			/* load the number */
		{ 0x15, 0, 1, SYS_getppid },
		{ 0x06, 0, 0, 0x7ff00000 | 55 },	/* SECCOMP_RET_TRACE */
		{ 0x06, 0, 0, 0x7fff0000 },		/* SECCOMP_RET_ALLOW */
	};
	struct {
		unsigned short len;
		void *filter;
	} prog = { COUNT(filter), filter };
	unsigned long message = 0;
	struct user_regs_struct r;
	pid_t pid = traced_child();

	if (!pid) {
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, 2, &prog))
			_exit(77);
		_exit(sys(SYS_getppid) > 0 && sys(SYS_getppid) == 4343 ? 0 : 1);
	}
	CHECK_EQ(trace(PTRACE_SETOPTIONS, pid, 0, 0x80), 0);
	CHECK_EQ(trace(PTRACE_CONT, pid, 0, 0), 0);
	CHECK_EQ(next(pid), event(7, SIGTRAP));
	CHECK_EQ(trace(PTRACE_GETEVENTMSG, pid, 0, (long)&message), 0);
	CHECK_EQ(message, 55);
	CHECK_EQ(trace(PTRACE_CONT, pid, 0, 0), 0);
	CHECK_EQ(next(pid), event(7, SIGTRAP));
	CHECK_EQ(trace(PTRACE_GETREGS, pid, 0, (long)&r), 0);
	CHECK_EQ(r.orig_rax, SYS_getppid);
	r.orig_rax = -1;
	r.rax = 4343;
	CHECK_EQ(trace(PTRACE_SETREGS, pid, 0, (long)&r), 0);
	CHECK_EQ(trace(PTRACE_CONT, pid, 0, 0), 0);
	CHECK_EXIT(pid, 0);
}

static pid_t sleeper(void)
{
	pid_t pid = fork();

	if (!pid)
		for (;;)
			sleep_ms(1000);
	sleep_ms(20);
	return pid;
}

static char state_of(pid_t pid, int *tracer)
{
	char path[64], text[2048], *p;
	int fd;
	long n;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	fd = open(path, O_RDONLY);
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return '?';
	text[n] = 0;
	p = strstr(text, "TracerPid:");
	*tracer = p ? atoi(p + 10) : -1;
	p = strstr(text, "State:\t");
	return p ? p[7] : '?';
}

CASE(attach_and_detach)
{
	pid_t pid = sleeper();
	int tracer = -1;

	CHECK_EQ(trace(PTRACE_CONT, pid, 0, 0), -ESRCH);	/* not ours yet */
	CHECK_EQ(trace(PTRACE_ATTACH, pid, 0, 0), 0);
	CHECK_EQ(trace(PTRACE_ATTACH, pid, 0, 0), -EPERM);
	CHECK_EQ(next(pid), stopped(SIGSTOP));
	CHECK_EQ(state_of(pid, &tracer), 't');
	CHECK_EQ(tracer, getpid());
	CHECK_EQ(trace(PTRACE_DETACH, pid, 0, 0), 0);
	sleep_ms(20);
	CHECK_EQ(state_of(pid, &tracer), 'S');
	CHECK_EQ(tracer, 0);
	CHECK_EQ(trace(PTRACE_DETACH, pid, 0, 0), -ESRCH);
	kill(pid, SIGKILL);
	CHECK_KILLED(pid, SIGKILL);
}

CASE(seize_interrupt_listen)
{
	siginfo_t info;
	pid_t pid = sleeper();
	int tracer;

	CHECK_EQ(trace(PTRACE_SEIZE, pid, 1, 0), -EIO);
	CHECK_EQ(trace(PTRACE_SEIZE, pid, 0, 1 << 30), -EIO);
	CHECK_EQ(trace(PTRACE_SEIZE, pid, 0, T_SYSGOOD), 0);
	sleep_ms(20);
	CHECK_EQ(state_of(pid, &tracer), 'S');
	CHECK_EQ(trace(PTRACE_GETEVENTMSG, pid, 0, (long)&info), -ESRCH);	/* runs */
	CHECK_EQ(trace(PTRACE_INTERRUPT, pid, 0, 0), 0);
	CHECK_EQ(next(pid), event(STOP_EVENT, SIGTRAP));
	CHECK_EQ(trace(PTRACE_GETSIGINFO, pid, 0, (long)&info), 0);
	CHECK_EQ(trace(PTRACE_CONT, pid, 0, 0), 0);
	/* A stop of job control can be seen and left in force. */
	kill(pid, SIGSTOP);
	CHECK_EQ(next(pid), stopped(SIGSTOP));
	CHECK_EQ(trace(PTRACE_LISTEN, pid, 0, 0), -EIO);
	CHECK_EQ(trace(PTRACE_CONT, pid, 0, SIGSTOP), 0);
	CHECK_EQ(next(pid), event(STOP_EVENT, SIGSTOP));
	CHECK_EQ(trace(PTRACE_GETSIGINFO, pid, 0, (long)&info), 0);
	CHECK_EQ(info.si_signo, SIGSTOP);
	CHECK_EQ(info.si_code, STOP_EVENT << 8 | SIGSTOP);
	CHECK_EQ(trace(PTRACE_LISTEN, pid, 0, 0), 0);
	sleep_ms(20);
	CHECK_EQ(sys(SYS_wait4, pid, NULL, WNOHANG | WALL, 0), 0);
	kill(pid, SIGCONT);
	CHECK_EQ(next(pid), event(STOP_EVENT, SIGTRAP));
	CHECK_EQ(trace(PTRACE_CONT, pid, 0, 0), 0);
	CHECK_EQ(next(pid), stopped(SIGCONT));
	CHECK_EQ(trace(PTRACE_DETACH, pid, 0, SIGTERM), 0);
	CHECK_KILLED(pid, SIGTERM);
}

CASE(interrupt_without_seize)
{
	pid_t pid = traced_child();

	if (!pid)
		_exit(0);
	CHECK_EQ(trace(PTRACE_INTERRUPT, pid, 0, 0), -EIO);
	CHECK_EQ(trace(PTRACE_SETOPTIONS, pid, 0, 1 << 30), -EINVAL);
	CHECK_EQ(trace(PTRACE_CONT, pid, 0, 65), -EIO);
	CHECK_EQ(trace(0x7777, pid, 0, 0), -EIO);
	CHECK_EQ(trace(PTRACE_KILL, pid, 0, 0), 0);
	CHECK_KILLED(pid, SIGKILL);
}

CASE(refused)
{
	CHECK_EQ(trace(PTRACE_ATTACH, getpid(), 0, 0), -EPERM);
	CHECK_EQ(trace(PTRACE_ATTACH, 0x3fffffff, 0, 0), -ESRCH);
	CHECK_EQ(trace(PTRACE_CONT, 1, 0, 0), -ESRCH);
	CHECK_EQ(trace(0x7777, 1, 0, 0), -ESRCH);
	if (is_root()) {
		pid_t pid = sleeper(), tester;

		IN_CHILD(tester) {
			long w = 0;
			struct iovec iov = { &w, 8 }, there = { (void *)&word, 8 };

			REQUIRE(drop_root());
			CHECK_EQ(trace(PTRACE_ATTACH, pid, 0, 0), -EPERM);
			CHECK_EQ(trace(PTRACE_SEIZE, pid, 0, 0), -EPERM);
			CHECK_EQ(sys(SYS_process_vm_readv, pid, &iov, 1, &there, 1, 0), -EPERM);
		}
		CHECK_EXIT(tester, 0);
		kill(pid, SIGKILL);
		CHECK_KILLED(pid, SIGKILL);
	}
}

/* A tracer that ends lets go, or takes its tracees with it. */
CASE(tracer_ends)
{
	pid_t pid = sleeper(), tracer;
	int tracer_pid = -1;

	IN_CHILD(tracer) {
		CHECK_EQ(trace(PTRACE_SEIZE, pid, 0, 0), 0);
		CHECK_EQ(trace(PTRACE_INTERRUPT, pid, 0, 0), 0);
		CHECK_EQ(next(pid), event(STOP_EVENT, SIGTRAP));
	}
	CHECK_EXIT(tracer, 0);
	sleep_ms(20);
	CHECK_EQ(state_of(pid, &tracer_pid), 'S');
	CHECK_EQ(tracer_pid, 0);
	IN_CHILD(tracer) {
		CHECK_EQ(trace(PTRACE_SEIZE, pid, 0, T_EXITKILL), 0);
	}
	CHECK_EXIT(tracer, 0);
	CHECK_KILLED(pid, SIGKILL);
}

/* Traced by somebody else: the tracer is told of the end first, then the parent. */
CASE(parent_waits_after_the_tracer)
{
	int go[2], ready[2];
	pid_t pid, tracer;
	char c;

	REQUIRE(pipe(go) == 0 && pipe(ready) == 0);
	pid = fork();
	if (!pid) {
		close(go[1]);
		read(go[0], &c, 1);
		_exit(4);
	}
	IN_CHILD(tracer) {
		close(go[1]);
		CHECK_EQ(trace(PTRACE_SEIZE, pid, 0, 0), 0);
		write(ready[1], "x", 1);
		sleep_ms(100);
		CHECK_EQ(next(pid), 4 << 8);
		CHECK_EQ(sys(SYS_wait4, pid, NULL, WALL, 0), -ECHILD);
	}
	read(ready[0], &c, 1);
	close(go[1]);
	sleep_ms(30);
	CHECK_EQ(sys(SYS_wait4, pid, NULL, WNOHANG, 0), 0);
	CHECK_EXIT(pid, 4);
	CHECK_EXIT(tracer, 0);
}

CASE(killed_while_stopped)
{
	pid_t pid = traced_child();

	if (!pid)
		_exit(0);
	kill(pid, SIGKILL);
	CHECK_KILLED(pid, SIGKILL);
	CHECK_EQ(trace(PTRACE_CONT, pid, 0, 0), -ESRCH);
}

CASE(signal_mask_and_info)
{
	uint64_t mask = 0;
	siginfo_t info;
	pid_t pid = traced_child();

	if (!pid) {
		sys(SYS_kill, getpid(), SIGUSR1);
		_exit(2);
	}
	CHECK_EQ(trace(PTRACE_GETSIGMASK, pid, 8, (long)&mask), 0);
	CHECK_EQ(trace(PTRACE_GETSIGMASK, pid, 4, (long)&mask), -EINVAL);
	CHECK_EQ(mask & (1 << (SIGUSR1 - 1)), 0);
	mask |= 1 << (SIGUSR1 - 1);
	CHECK_EQ(trace(PTRACE_SETSIGMASK, pid, 8, (long)&mask), 0);
	CHECK_EQ(trace(PTRACE_CONT, pid, 0, 0), 0);
	CHECK_EXIT(pid, 2);	/* blocked: not even seen */

	pid = traced_child();
	if (!pid) {
		signal(SIGUSR1, handler);
		sys(SYS_kill, getpid(), SIGUSR1);
		_exit(handled == SIGUSR1 ? 0 : 1);
	}
	CHECK_EQ(trace(PTRACE_CONT, pid, 0, 0), 0);
	CHECK_EQ(next(pid), stopped(SIGUSR1));
	CHECK_EQ(trace(PTRACE_GETSIGINFO, pid, 0, (long)&info), 0);
	info.si_code = SI_QUEUE;
	CHECK_EQ(trace(PTRACE_SETSIGINFO, pid, 0, (long)&info), 0);
	CHECK_EQ(trace(PTRACE_SETSIGINFO, pid, 0, 1), -EFAULT);
	CHECK_EQ(trace(PTRACE_CONT, pid, 0, SIGUSR1), 0);
	CHECK_EXIT(pid, 0);
}

CASE(waitid_tells_a_trap)
{
	siginfo_t info;
	pid_t pid = fork();

	if (!pid) {
		sys(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0);
		__asm__ volatile("int3");
		_exit(0);
	}
	memset(&info, 0, sizeof(info));
	CHECK_EQ(sys(SYS_waitid, P_PID, pid, &info, WSTOPPED | WNOWAIT, NULL), 0);
	CHECK_EQ(info.si_code, CLD_TRAPPED);
	CHECK_EQ(info.si_status, SIGTRAP);
	CHECK_EQ(info.si_pid, pid);
	CHECK_EQ(next(pid), stopped(SIGTRAP));
	CHECK_EQ(sys(SYS_wait4, pid, NULL, WNOHANG | WALL, 0), 0);	/* told once */
	CHECK_EQ(trace(PTRACE_CONT, pid, 0, 0), 0);
	CHECK_EXIT(pid, 0);
}

CASE(process_vm)
{
	long values[4] = { 0 };
	struct iovec local[2] = { { &values[0], 8 }, { &values[1], 16 } };
	struct iovec remote[2] = { { (void *)constant, 16 }, { (void *)&word, 8 } };
	struct iovec bad = { (void *)8, 8 };
	pid_t pid = traced_child();

	if (!pid)
		_exit(word == 5 ? 0 : 1);
	CHECK_EQ(sys(SYS_process_vm_readv, pid, local, 2, remote, 2, 0), 24);
	CHECK_EQ(values[0], 0x77);
	CHECK_EQ(values[1], 0x88);
	CHECK_EQ(values[2], 0x1234);
	values[0] = 5;
	CHECK_EQ(sys(SYS_process_vm_writev, pid, local, 1, &remote[1], 1, 0), 8);
	CHECK_EQ(sys(SYS_process_vm_writev, pid, local, 1, remote, 1, 0), -EFAULT);	/* read-only */
	CHECK_EQ(sys(SYS_process_vm_readv, pid, local, 2, &bad, 1, 0), -EFAULT);
	CHECK_EQ(sys(SYS_process_vm_readv, pid, &bad, 1, remote, 1, 0), -EFAULT);
	CHECK_EQ(sys(SYS_process_vm_readv, pid, local, 2, remote, 2, 1), -EINVAL);
	CHECK_EQ(sys(SYS_process_vm_readv, pid, local, 2000, remote, 2, 0), -EINVAL);
	CHECK_EQ(sys(SYS_process_vm_readv, pid, 1, 1, remote, 2, 0), -EFAULT);
	CHECK_EQ(sys(SYS_process_vm_readv, 0x3fffffff, local, 2, remote, 2, 0), -ESRCH);
	CHECK_EQ(sys(SYS_process_vm_readv, pid, local, 0, remote, 2, 0), 0);
	CHECK_EQ(trace(PTRACE_CONT, pid, 0, 0), 0);
	CHECK_EXIT(pid, 0);
}

CASE(proc_mem)
{
	char path[64];
	long value = 0;
	pid_t pid = traced_child();
	int fd;

	if (!pid)
		_exit(word == 6 && constant[0] == 9 ? 0 : 1);
	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	fd = open(path, O_RDWR);
	REQUIRE(fd >= 0);
	CHECK_EQ(sys(SYS_pread64, fd, &value, 8, &word), 8);
	CHECK_EQ(value, 0x1234);
	value = 6;
	CHECK_EQ(sys(SYS_pwrite64, fd, &value, 8, &word), 8);
	value = 9;
	CHECK_EQ(sys(SYS_pwrite64, fd, &value, 8, &constant[0]), 8);
	CHECK_EQ(sys(SYS_pread64, fd, &value, 8, 8), -EIO);
	CHECK_EQ(sys(SYS_lseek, fd, &word, SEEK_SET), &word);
	CHECK_EQ(sys(SYS_read, fd, &value, 8), 8);
	CHECK_EQ(value, 6);
	CHECK_EQ(trace(PTRACE_CONT, pid, 0, 0), 0);
	CHECK_EXIT(pid, 0);
	CHECK_EQ(sys(SYS_pread64, fd, &value, 8, &word), 0);	/* gone */
}
