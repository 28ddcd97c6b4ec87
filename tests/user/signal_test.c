/* SPDX-License-Identifier: MIT */
/*
 * signal_test.c - signals: delivery, masks, flags of sigaction, what siginfo and ucontext say, alternative stacks,
 * interrupted and restarted calls, order of queueing, registers across handlers, broken frames.
 * Sources: man sigaction(2), signal(7), sigaltstack(2), sigreturn(2); psABI 3.2.2 (red zone, alignment).
 */
#include "ktap.h"

#include <poll.h>
#include <setjmp.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <ucontext.h>

#define BIT(sig) (1UL << ((sig) - 1))

/* The kernel's form of sigaction, for what libc would not pass on. */
struct kernel_sigaction {
	void *handler;
	unsigned long flags;
	void (*restorer)(void);
	uint64_t mask;
};

enum { RESTORER = 0x04000000 };

void restore_rt(void);
__asm__(".globl restore_rt\n.type restore_rt,@function\nrestore_rt:\n\tmov $15, %eax\n\tsyscall\n");

static void set_action(int sig, void *handler, unsigned long flags, uint64_t mask)
{
	struct kernel_sigaction sa = { handler, flags | RESTORER, restore_rt, mask };

	CHECK_EQ(sys(SYS_rt_sigaction, sig, &sa, NULL, 8), 0);
}

static uint64_t mask_now(void)
{
	uint64_t mask = ~0UL;

	CHECK_EQ(sys(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &mask, 8), 0);
	return mask;
}

static void set_mask(uint64_t mask)
{
	CHECK_EQ(sys(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, 8), 0);
}

static volatile sig_atomic_t count;
static volatile int order[16];
static siginfo_t last_info;
static ucontext_t last_context;
static uint64_t mask_inside;

static void counting(int sig)
{
	if (count < 16)
		order[count] = sig;
	count++;
}

static void recording(int sig, siginfo_t *info, void *context)
{
	counting(sig);
	last_info = *info;
	last_context = *(ucontext_t *)context;
	mask_inside = mask_now();
}

static void start_timer(long first_us, long interval_us)
{
	struct itimerval it = { { 0, interval_us }, { 0, first_us } };

	CHECK_EQ(sys(SYS_setitimer, ITIMER_REAL, &it, NULL), 0);
}

static void no_core(void)
{
	struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_CORE, &none);
}

/* ---- who sent it ---------------------------------------------------------------------------------------------- */

CASE(info_of_kill)
{
	set_action(SIGUSR1, recording, SA_SIGINFO, 0);
	CHECK_EQ(sys(SYS_kill, getpid(), SIGUSR1), 0);
	CHECK_EQ(count, 1);	/* delivered before kill returned */
	CHECK_EQ(last_info.si_signo, SIGUSR1);
	CHECK_EQ(last_info.si_code, SI_USER);
	CHECK_EQ(last_info.si_errno, 0);
	CHECK_EQ(last_info.si_pid, getpid());
	CHECK_EQ(last_info.si_uid, getuid());
}

CASE(info_of_tkill_and_tgkill)
{
	set_action(SIGUSR1, recording, SA_SIGINFO, 0);
	CHECK_EQ(sys(SYS_tkill, sys(SYS_gettid), SIGUSR1), 0);
	CHECK_EQ(last_info.si_code, SI_TKILL);
	CHECK_EQ(last_info.si_pid, getpid());
	last_info.si_code = 0;
	CHECK_EQ(sys(SYS_tgkill, getpid(), sys(SYS_gettid), SIGUSR1), 0);
	CHECK_EQ(last_info.si_code, SI_TKILL);
	CHECK_EQ(count, 2);
	CHECK_EQ(raise(SIGUSR1), 0);
	CHECK_EQ(count, 3);
}

CASE(info_of_the_timer)
{
	set_action(SIGALRM, recording, SA_SIGINFO, 0);
	start_timer(10000, 10000);	/* again, should the first come before pause() */
	while (!count)
		pause();
	CHECK_EQ(last_info.si_signo, SIGALRM);
	CHECK_EQ(last_info.si_code, SI_KERNEL);
}

CASE(info_of_children)
{
	struct { int how, code, status; } const kinds[] = {
		{ 0, CLD_EXITED, 5 }, { SIGTERM, CLD_KILLED, SIGTERM }, { SIGKILL, CLD_KILLED, SIGKILL },
	};
	pid_t pid;
	size_t i;

	set_action(SIGCHLD, recording, SA_SIGINFO | SA_RESTART, 0);
	for (i = 0; i < COUNT(kinds); i++) {
		count = 0;
		IN_CHILD(pid) {
			if (kinds[i].how)
				kill(getpid(), kinds[i].how);
			_exit(5);
		}
		child_status(pid);
		CHECK_EQ(count, 1);
		CHECK_EQ(last_info.si_signo, SIGCHLD);
		CHECK_EQ(last_info.si_code, kinds[i].code);
		CHECK_EQ(last_info.si_pid, pid);
		CHECK_EQ(last_info.si_uid, getuid());
		CHECK_EQ(last_info.si_status, kinds[i].status);
	}
}

/* wait4 may see a stop or continue a moment before its SIGCHLD arrives. */
static void await_code(int code)
{
	int i;

	for (i = 0; i < 5000 && last_info.si_code != code; i++)
		sleep_ms(1);
	CHECK_EQ(last_info.si_code, code);
}

CASE(info_of_stopped_children)
{
	int status;
	pid_t pid;

	set_action(SIGCHLD, recording, SA_SIGINFO | SA_RESTART, 0);
	IN_CHILD(pid) {
		for (;;)
			pause();
	}
	kill(pid, SIGSTOP);
	CHECK_EQ(sys(SYS_wait4, pid, &status, WUNTRACED, NULL), pid);
	await_code(CLD_STOPPED);
	CHECK_EQ(last_info.si_status, SIGSTOP);
	kill(pid, SIGCONT);
	CHECK_EQ(sys(SYS_wait4, pid, &status, WCONTINUED, NULL), pid);
	await_code(CLD_CONTINUED);
	CHECK_EQ(last_info.si_status, SIGCONT);
	/* SA_NOCLDSTOP: neither is told. */
	set_action(SIGCHLD, recording, SA_SIGINFO | SA_RESTART | SA_NOCLDSTOP, 0);
	count = 0;
	kill(pid, SIGSTOP);
	CHECK_EQ(sys(SYS_wait4, pid, &status, WUNTRACED, NULL), pid);
	kill(pid, SIGCONT);
	CHECK_EQ(sys(SYS_wait4, pid, &status, WCONTINUED, NULL), pid);
	CHECK_EQ(count, 0);
	kill(pid, SIGKILL);
	CHECK_KILLED(pid, SIGKILL);
	CHECK_EQ(count, 1);
}

/* ---- faults --------------------------------------------------------------------------------------------------- */

static sigjmp_buf fault_return;

static void fault(int sig, siginfo_t *info, void *context)
{
	recording(sig, info, context);
	siglongjmp(fault_return, sig);
}

/* Runs the instructions under handlers; yields the signal. */
#define FAULT_OF(instructions) \
	({ \
		int sig_ = sigsetjmp(fault_return, 1); \
		if (!sig_) \
			__asm__ volatile(instructions : : : "rax", "rcx", "rdx", "memory", "cc"); \
		sig_; \
	})

static void catch_faults(void)
{
	static const int faults[] = { SIGSEGV, SIGFPE, SIGILL, SIGBUS, SIGTRAP };
	size_t i;

	for (i = 0; i < COUNT(faults); i++)
		set_action(faults[i], fault, SA_SIGINFO, 0);
}

static unsigned long reg(int index)
{
	return (unsigned long)last_context.uc_mcontext.gregs[index];
}

CASE(fault_memory)
{
	catch_faults();
	CHECK_EQ(FAULT_OF("movl $1, 0x10"), SIGSEGV);
	CHECK_EQ(last_info.si_code, SEGV_MAPERR);
	CHECK_EQ(last_info.si_addr, 0x10);
	CHECK_EQ(reg(REG_TRAPNO), 14);
	CHECK_EQ(reg(REG_ERR), 6);	/* write, user, not present */
	CHECK_EQ(reg(REG_CR2), 0x10);
	CHECK_EQ(FAULT_OF("movl 0x20, %%eax"), SIGSEGV);
	CHECK_EQ(reg(REG_ERR), 4);
	CHECK_EQ(FAULT_OF("mov $0x4040, %%eax; jmp *%%rax"), SIGSEGV);
	CHECK_EQ(reg(REG_RIP), 0x4040);
	CHECK_EQ(last_info.si_addr, 0x4040);
}

CASE(fault_divide)
{
	const unsigned char *at;

	catch_faults();
	CHECK_EQ(FAULT_OF("xor %%edx, %%edx; mov $1, %%eax; xor %%ecx, %%ecx; idivl %%ecx"), SIGFPE);
	CHECK_EQ(last_info.si_code, FPE_INTDIV);
	at = (const unsigned char *)reg(REG_RIP);
	CHECK_EQ(last_info.si_addr, at);
	CHECK(at[0] == 0xf7 && at[1] == 0xf9);	/* points at the idiv */
	CHECK_EQ(reg(REG_TRAPNO), 0);
}

CASE(fault_instructions)
{
	catch_faults();
	CHECK_EQ(FAULT_OF("ud2"), SIGILL);
	CHECK_EQ(last_info.si_code, ILL_ILLOPN);
	CHECK_EQ(last_info.si_addr, reg(REG_RIP));
	CHECK_EQ(FAULT_OF("hlt"), SIGSEGV);
	CHECK_EQ(last_info.si_code, SI_KERNEL);
	CHECK_EQ(last_info.si_addr, 0);
	CHECK_EQ(reg(REG_TRAPNO), 13);
	CHECK_EQ(FAULT_OF("cli"), SIGSEGV);
	CHECK_EQ(FAULT_OF("mov %%cr3, %%rax"), SIGSEGV);
	CHECK_EQ(FAULT_OF("mov $0xc0000080, %%ecx; rdmsr"), SIGSEGV);
	CHECK_EQ(FAULT_OF("mov $0x60, %%edx; inb %%dx, %%al"), SIGSEGV);
	CHECK_EQ(FAULT_OF("int $0x20"), SIGSEGV);
	CHECK_EQ(FAULT_OF("int $0x0e"), SIGSEGV);	/* no faking of a page fault */
}

CASE(fault_traps)
{
	catch_faults();
	CHECK_EQ(FAULT_OF("int3"), SIGTRAP);
	CHECK_EQ(last_info.si_code, SI_KERNEL);
	CHECK_EQ(*(unsigned char *)(reg(REG_RIP) - 1), 0xcc);	/* after it */
	CHECK_EQ(FAULT_OF("pushf; orl $0x100, (%%rsp); popf; nop; nop"), SIGTRAP);
	CHECK_EQ(last_info.si_code, 2 /* TRAP_TRACE */);
}

CASE(fault_sse)
{
	static const float zero = 0, one = 1;
	unsigned mxcsr = 0x1f80 & ~0x200u;	/* divide by zero unmasked */

	catch_faults();
	if (!sigsetjmp(fault_return, 1)) {
		__asm__ volatile("ldmxcsr %0; movss %1, %%xmm0; divss %2, %%xmm0"
				 : : "m"(mxcsr), "m"(one), "m"(zero) : "xmm0");
		SKIP("this processor raises no SIMD exceptions (QEMU's TCG)");
	}
	mxcsr = 0x1f80;
	__asm__ volatile("ldmxcsr %0" : : "m"(mxcsr));
	CHECK_EQ(last_info.si_signo, SIGFPE);
	CHECK_EQ(last_info.si_code, FPE_FLTDIV);
}

/* A handler may step over the instruction. */
static void skip_ud2(int sig UNUSED, siginfo_t *info UNUSED, void *context)
{
	ucontext_t *uc = context;

	uc->uc_mcontext.gregs[REG_RIP] += 2;
	uc->uc_mcontext.gregs[REG_RAX] = 0x1122334455667788;
	count++;
}

CASE(handler_changes_registers)
{
	unsigned long rax = 0;

	set_action(SIGILL, skip_ud2, SA_SIGINFO, 0);
	__asm__ volatile("ud2" : "+a"(rax));
	CHECK_EQ(rax, 0x1122334455667788);
	CHECK_EQ(count, 1);
}

/* A fault whose signal is blocked or ignored kills all the same. */
CASE(fault_blocked_or_ignored_kills)
{
	pid_t pid;

	no_core();
	IN_CHILD(pid) {
		catch_faults();
		set_mask(BIT(SIGSEGV));
		*(volatile int *)16 = 1;
	}
	CHECK_KILLED(pid, SIGSEGV);
	IN_CHILD(pid) {
		signal(SIGSEGV, SIG_IGN);
		*(volatile int *)16 = 1;
	}
	CHECK_KILLED(pid, SIGSEGV);
	IN_CHILD(pid) {
		signal(SIGILL, SIG_IGN);
		__asm__ volatile("ud2");
	}
	CHECK_KILLED(pid, SIGILL);
}

/* ---- flags of sigaction --------------------------------------------------------------------------------------- */

CASE(mask_inside_the_handler)
{
	set_action(SIGUSR1, recording, SA_SIGINFO, BIT(SIGUSR2) | BIT(SIGHUP) | BIT(SIGKILL));
	set_mask(BIT(SIGTERM));
	kill(getpid(), SIGUSR1);
	CHECK_EQ(mask_inside, BIT(SIGTERM) | BIT(SIGUSR1) | BIT(SIGUSR2) | BIT(SIGHUP));
	CHECK_EQ(mask_now(), BIT(SIGTERM));
	CHECK_EQ(*(uint64_t *)&last_context.uc_sigmask, BIT(SIGTERM));
	set_action(SIGUSR1, recording, SA_SIGINFO | SA_NODEFER, 0);
	kill(getpid(), SIGUSR1);
	CHECK_EQ(mask_inside, BIT(SIGTERM));
}

static void nesting(int sig)
{
	counting(sig);
	if (count < 5)
		kill(getpid(), SIGUSR1);
	order[0] = order[0] > count ? order[0] : count;
}

CASE(nodefer_nests_and_default_defers)
{
	set_action(SIGUSR1, nesting, SA_NODEFER, 0);
	kill(getpid(), SIGUSR1);
	CHECK_EQ(count, 5);
	count = 0;
	set_action(SIGUSR1, nesting, 0, 0);
	kill(getpid(), SIGUSR1);	/* each next one comes when the handler before has returned */
	CHECK_EQ(count, 5);
}

/* Libraries pass flags as a sign-extended int: the upper half is garbage. */
CASE(reset_hand_and_sign_extension)
{
	struct kernel_sigaction old;
	pid_t pid;

	set_action(SIGUSR1, counting, 0xffffffff80000000 | SA_RESTART, 0);
	CHECK_EQ(sys(SYS_rt_sigaction, SIGUSR1, NULL, &old, 8), 0);
	CHECK_EQ((uint32_t)old.flags, 0x80000000 | SA_RESTART | RESTORER);
	CHECK(old.handler == (void *)counting);
	kill(getpid(), SIGUSR1);
	CHECK_EQ(count, 1);
	CHECK_EQ(sys(SYS_rt_sigaction, SIGUSR1, NULL, &old, 8), 0);
	CHECK(old.handler == SIG_DFL);
	IN_CHILD(pid) {
		kill(getpid(), SIGUSR1);
	}
	CHECK_KILLED(pid, SIGUSR1);
}

CASE(sigaction_errors_and_old_value)
{
	struct kernel_sigaction sa = { counting, RESTORER | SA_SIGINFO, restore_rt, BIT(SIGHUP) | BIT(64) }, old;

	CHECK_EQ(sys(SYS_rt_sigaction, SIGKILL, &sa, NULL, 8), -EINVAL);
	CHECK_EQ(sys(SYS_rt_sigaction, SIGSTOP, &sa, NULL, 8), -EINVAL);
	CHECK_EQ(sys(SYS_rt_sigaction, 0, &sa, NULL, 8), -EINVAL);
	CHECK_EQ(sys(SYS_rt_sigaction, 65, &sa, NULL, 8), -EINVAL);
	CHECK_EQ(sys(SYS_rt_sigaction, SIGUSR1, &sa, NULL, 16), -EINVAL);
	CHECK_EQ(sys(SYS_rt_sigaction, SIGUSR1, (void *)8, NULL, 8), -EFAULT);
	CHECK_EQ(sys(SYS_rt_sigaction, SIGKILL, NULL, &old, 8), 0);	/* asking is allowed */
	CHECK_EQ(sys(SYS_rt_sigaction, 64, &sa, NULL, 8), 0);
	CHECK_EQ(sys(SYS_rt_sigaction, 64, NULL, &old, 8), 0);
	CHECK(old.handler == (void *)counting && old.restorer == restore_rt);
	CHECK_EQ(old.mask, BIT(SIGHUP) | BIT(64));
}

/* ---- masks ---------------------------------------------------------------------------------------------------- */

CASE(sigprocmask_forms_and_errors)
{
	uint64_t set = BIT(SIGUSR1), old;

	set_mask(0);
	CHECK_EQ(sys(SYS_rt_sigprocmask, SIG_BLOCK, &set, &old, 8), 0);
	CHECK_EQ(old, 0);
	set = BIT(SIGUSR2);
	CHECK_EQ(sys(SYS_rt_sigprocmask, SIG_BLOCK, &set, &old, 8), 0);
	CHECK_EQ(old, BIT(SIGUSR1));
	CHECK_EQ(mask_now(), BIT(SIGUSR1) | BIT(SIGUSR2));
	CHECK_EQ(sys(SYS_rt_sigprocmask, SIG_UNBLOCK, &set, NULL, 8), 0);
	CHECK_EQ(mask_now(), BIT(SIGUSR1));
	set_mask(~0UL);
	CHECK_EQ(mask_now(), ~(BIT(SIGKILL) | BIT(SIGSTOP)));	/* these two never block */
	CHECK_EQ(sys(SYS_rt_sigprocmask, 3, &set, NULL, 8), -EINVAL);
	CHECK_EQ(sys(SYS_rt_sigprocmask, 3, NULL, &old, 8), 0);	/* without a set, "how" is not looked at */
	CHECK_EQ(sys(SYS_rt_sigprocmask, SIG_BLOCK, &set, NULL, 4), -EINVAL);
	CHECK_EQ(sys(SYS_rt_sigprocmask, SIG_BLOCK, (void *)8, NULL, 8), -EFAULT);
}

CASE(blocked_signals_wait_and_coalesce)
{
	uint64_t pending = 0;

	set_action(SIGUSR1, counting, 0, 0);
	set_mask(BIT(SIGUSR1));
	kill(getpid(), SIGUSR1);
	kill(getpid(), SIGUSR1);
	CHECK_EQ(count, 0);
	if (sys(SYS_rt_sigpending, &pending, 8) != -ENOSYS)
		CHECK_EQ(pending, BIT(SIGUSR1));
	set_mask(0);
	CHECK_EQ(count, 1);
}

/* Real-time signals queue, lowest number first, each in order; ordinary ones come before. */
CASE(real_time_order)
{
	int rt = 40, i;

	for (i = 0; i < 3; i++)
		set_action(rt + i, counting, 0, ~0UL);
	set_action(SIGUSR1, counting, 0, ~0UL);
	set_mask(~0UL);
	CHECK_EQ(sys(SYS_tgkill, getpid(), getpid(), rt + 2), 0);
	CHECK_EQ(sys(SYS_tgkill, getpid(), getpid(), rt), 0);
	CHECK_EQ(sys(SYS_tgkill, getpid(), getpid(), rt), 0);
	CHECK_EQ(sys(SYS_tgkill, getpid(), getpid(), rt + 1), 0);
	CHECK_EQ(sys(SYS_tgkill, getpid(), getpid(), rt), 0);
	CHECK_EQ(sys(SYS_tgkill, getpid(), getpid(), SIGUSR1), 0);
	set_mask(0);
	CHECK_EQ(count, 6);
	/* The handlers mask everything, so they run one after the other in queue order. */
	CHECK_EQ(order[0], SIGUSR1);
	CHECK_EQ(order[1], rt);
	CHECK_EQ(order[2], rt);
	CHECK_EQ(order[3], rt);
	CHECK_EQ(order[4], rt + 1);
	CHECK_EQ(order[5], rt + 2);
}

static int values[8];

static void take_value(int sig UNUSED, siginfo_t *info, void *context UNUSED)
{
	if (info->si_code == SI_QUEUE && count < 8)
		values[count++] = info->si_value.sival_int;
}

CASE(queued_values)
{
	union sigval v;
	int i;

	set_action(50, take_value, SA_SIGINFO, 0);
	set_mask(BIT(50));
	for (i = 0; i < 5; i++) {
		v.sival_int = 100 + i;
		if (sigqueue(getpid(), 50, v) != 0 && errno == ENOSYS)
			SKIP("no rt_sigqueueinfo");
	}
	set_mask(0);
	CHECK_EQ(count, 5);
	for (i = 0; i < 5; i++)
		CHECK_EQ(values[i], 100 + i);
}

CASE(fork_clears_pending_keeps_mask_and_handlers)
{
	struct kernel_sigaction sa;
	uint64_t pending = 1;
	pid_t pid;

	set_action(SIGUSR1, counting, 0, 0);
	set_mask(BIT(SIGUSR1));
	kill(getpid(), SIGUSR1);
	IN_CHILD(pid) {
		CHECK_EQ(mask_now(), BIT(SIGUSR1));
		if (sys(SYS_rt_sigpending, &pending, 8) != -ENOSYS)
			CHECK_EQ(pending, 0);
		sys(SYS_rt_sigaction, SIGUSR1, NULL, &sa, 8);
		CHECK(sa.handler == (void *)counting);
		set_mask(0);
		CHECK_EQ(count, 0);
		signal(SIGUSR1, SIG_DFL);	/* the child's table is its own */
	}
	CHECK_EXIT(pid, 0);
	set_mask(0);
	CHECK_EQ(count, 1);
}

CASE(ignoring_discards_pending)
{
	set_mask(BIT(SIGUSR1));
	set_action(SIGUSR1, counting, 0, 0);
	kill(getpid(), SIGUSR1);
	signal(SIGUSR1, SIG_IGN);
	set_action(SIGUSR1, counting, 0, 0);
	set_mask(0);
	CHECK_EQ(count, 0);
}

/* ---- waiting for signals -------------------------------------------------------------------------------------- */

CASE(sigsuspend)
{
	uint64_t mask = ~BIT(SIGUSR1);

	set_action(SIGUSR1, recording, SA_SIGINFO, 0);
	set_mask(BIT(SIGUSR1) | BIT(SIGTERM));
	kill(getpid(), SIGUSR1);
	CHECK_EQ(count, 0);
	CHECK_EQ(sys(SYS_rt_sigsuspend, &mask, 8), -EINTR);
	CHECK_EQ(count, 1);
	CHECK_EQ(mask_inside & BIT(SIGHUP), BIT(SIGHUP));	/* the temporary mask held in the handler */
	CHECK_EQ(mask_now(), BIT(SIGUSR1) | BIT(SIGTERM));
	CHECK_EQ(sys(SYS_rt_sigsuspend, &mask, 7), -EINVAL);
	CHECK_EQ(sys(SYS_rt_sigsuspend, (void *)8, 8), -EFAULT);
}

CASE(pause_returns_after_a_handler)
{
	set_action(SIGALRM, counting, SA_RESTART, 0);
	start_timer(10000, 10000);
	CHECK_EQ(sys(SYS_pause), -EINTR);
	CHECK(count >= 1);
}

CASE(sigtimedwait)
{
	struct timespec t = { 0, 20000000 }, bad = { 0, 1000000000 }, zero = { 0, 0 };
	uint64_t set = BIT(SIGUSR1) | BIT(SIGUSR2);
	int64_t start = now_ns();
	siginfo_t info;

	set_action(SIGUSR1, counting, 0, 0);
	set_mask(set);
	CHECK_EQ(sys(SYS_rt_sigtimedwait, &set, &info, &t, 8), -EAGAIN);
	CHECK(now_ns() - start >= 20000000);
	CHECK_EQ(sys(SYS_rt_sigtimedwait, &set, &info, &zero, 8), -EAGAIN);
	kill(getpid(), SIGUSR2);
	kill(getpid(), SIGUSR1);
	CHECK_EQ(sys(SYS_rt_sigtimedwait, &set, &info, NULL, 8), SIGUSR1);
	CHECK_EQ(info.si_signo, SIGUSR1);
	CHECK_EQ(info.si_code, SI_USER);
	CHECK_EQ(info.si_pid, getpid());
	CHECK_EQ(sys(SYS_rt_sigtimedwait, &set, NULL, &zero, 8), SIGUSR2);
	CHECK_EQ(sys(SYS_rt_sigtimedwait, &set, NULL, &zero, 8), -EAGAIN);
	CHECK_EQ(count, 0);
	CHECK_EQ(sys(SYS_rt_sigtimedwait, &set, NULL, &bad, 8), -EINVAL);
	CHECK_EQ(sys(SYS_rt_sigtimedwait, &set, NULL, &zero, 4), -EINVAL);
	CHECK_EQ(sys(SYS_rt_sigtimedwait, (void *)8, NULL, &zero, 8), -EFAULT);
	set_action(SIGALRM, counting, SA_RESTART, 0);
	start_timer(10000, 10000);
	CHECK_EQ(sys(SYS_rt_sigtimedwait, &set, NULL, NULL, 8), -EINTR);	/* by another signal */
}

CASE(sigtimedwait_woken_by_another_process)
{
	uint64_t set = BIT(SIGUSR1);
	siginfo_t info;
	pid_t pid;

	set_mask(set);
	IN_CHILD(pid) {
		sleep_ms(20);
		CHECK_EQ(kill(getppid(), SIGUSR1), 0);
	}
	CHECK_EQ(sys(SYS_rt_sigtimedwait, &set, &info, NULL, 8), SIGUSR1);
	CHECK_EQ(info.si_pid, pid);
	CHECK_EXIT(pid, 0);
}

/* ---- interrupted calls ---------------------------------------------------------------------------------------- */

static int restart_pipe[2];

/* The third signal ends the wait, so that a restarted call returns at all. */
static void third_writes(int sig)
{
	counting(sig);
	if (count == 3)
		(void)!write(restart_pipe[1], "r", 1);
}

CASE(read_interrupted_and_restarted)
{
	char c;

	REQUIRE_EQ(pipe(restart_pipe), 0);
	set_action(SIGALRM, counting, 0, 0);
	start_timer(10000, 10000);
	CHECK_EQ(sys(SYS_read, restart_pipe[0], &c, 1), -EINTR);
	start_timer(0, 0);
	count = 0;
	set_action(SIGALRM, third_writes, SA_RESTART, 0);
	start_timer(10000, 10000);
	CHECK_EQ(sys(SYS_read, restart_pipe[0], &c, 1), 1);
	CHECK(count >= 3);
}

static pid_t restart_child;

static void third_kills(int sig)
{
	counting(sig);
	if (count == 3)
		kill(restart_child, SIGKILL);
}

CASE(wait_interrupted_and_restarted)
{
	int status;

	IN_CHILD(restart_child) {
		for (;;)
			pause();
	}
	set_action(SIGALRM, counting, 0, 0);
	start_timer(10000, 10000);
	CHECK_EQ(sys(SYS_wait4, restart_child, &status, 0, NULL), -EINTR);
	start_timer(0, 0);
	count = 0;
	set_action(SIGALRM, third_kills, SA_RESTART, 0);
	start_timer(10000, 10000);
	CHECK_EQ(sys(SYS_wait4, restart_child, &status, 0, NULL), restart_child);
	CHECK(count >= 3);
}

/* These end with EINTR whatever SA_RESTART says (man signal(7)). */
CASE(calls_that_never_restart)
{
	struct pollfd p = { .fd = -1 };
	struct timespec t = { 30, 0 };
	struct timeval tv = { 30, 0 };

	set_action(SIGALRM, counting, SA_RESTART, 0);
	start_timer(10000, 10000);
	CHECK_EQ(sys(SYS_poll, &p, 1, 30000), -EINTR);
	CHECK_EQ(sys(SYS_poll, NULL, 0, -1), -EINTR);
	CHECK_EQ(sys(SYS_select, 0, NULL, NULL, NULL, &tv), -EINTR);
	CHECK(tv.tv_sec < 30);
	CHECK_EQ(sys(SYS_nanosleep, &t, NULL), -EINTR);
	CHECK_EQ(sys(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &t, NULL), -EINTR);
	CHECK_EQ(sys(SYS_pselect6, 0, NULL, NULL, NULL, NULL, NULL), -EINTR);
	CHECK_EQ(sys(SYS_ppoll, NULL, 0, NULL, NULL, 8), -EINTR);
}

/* A signal without handler that is ignored disturbs nobody. */
CASE(ignored_signals_interrupt_nothing)
{
	pid_t pid;
	int fd[2];
	char c;

	signal(SIGUSR1, SIG_IGN);
	REQUIRE_EQ(pipe(fd), 0);
	IN_CHILD(pid) {
		sleep_ms(10);
		kill(getppid(), SIGUSR1);
		kill(getppid(), SIGWINCH);	/* ignored by default */
		kill(getppid(), SIGURG);
		kill(getppid(), SIGCONT);
		sleep_ms(10);
		(void)!write(fd[1], "x", 1);
	}
	CHECK_EQ(sys(SYS_read, fd[0], &c, 1), 1);
	CHECK_EXIT(pid, 0);
}

CASE(partial_write_is_not_lost)
{
	static char big[300000];
	int fd[2];
	long ret;

	REQUIRE_EQ(pipe(fd), 0);
	set_action(SIGALRM, counting, SA_RESTART, 0);
	start_timer(20000, 20000);
	ret = sys(SYS_write, fd[1], big, sizeof(big));	/* blocks when the pipe is full */
	CHECK(ret >= 4096 && ret < (long)sizeof(big));	/* what went in counts, no EINTR */
	CHECK_EQ(sys(SYS_write, fd[1], big, 0), 0);
}

/* ---- default actions, stop and continue ----------------------------------------------------------------------- */

CASE(default_actions)
{
	static const int ends[] = { SIGHUP, SIGINT, SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGUSR1, SIGSEGV,
				    SIGUSR2, SIGPIPE, SIGALRM, SIGTERM, SIGXCPU, SIGXFSZ, SIGVTALRM, SIGPROF, SIGIO,
				    SIGSYS, 34, 64 };
	static const int ignored[] = { SIGCHLD, SIGURG, SIGWINCH, SIGCONT };
	static const int stops[] = { SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU };
	int status;
	pid_t pid;
	size_t i;

	no_core();
	for (i = 0; i < COUNT(ends); i++) {
		IN_CHILD(pid) {
			sys(SYS_kill, sys(SYS_getpid), ends[i]);
		}
		CHECK_KILLED(pid, ends[i]);
	}
	IN_CHILD(pid) {
		for (i = 0; i < COUNT(ignored); i++)
			sys(SYS_kill, sys(SYS_getpid), ignored[i]);
	}
	CHECK_EXIT(pid, 0);
	for (i = 0; i < COUNT(stops); i++) {
		IN_CHILD(pid) {
			sys(SYS_kill, sys(SYS_getpid), stops[i]);
		}
		CHECK_EQ(sys(SYS_wait4, pid, &status, WUNTRACED, NULL), pid);
		CHECK_EQ(status, stops[i] << 8 | 0x7f);
		kill(pid, SIGCONT);
		CHECK_EXIT(pid, 0);
	}
}

CASE(stop_and_continue)
{
	int *shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0), status, seen;
	pid_t pid;

	IN_CHILD(pid) {
		set_action(SIGCONT, counting, 0, 0);
		set_action(SIGUSR1, counting, 0, 0);
		for (;;) {
			__atomic_add_fetch(&shared[0], 1, __ATOMIC_SEQ_CST);
			shared[1] = count;
		}
	}
	while (__atomic_load_n(&shared[0], __ATOMIC_SEQ_CST) == 0)
		sleep_ms(1);
	kill(pid, SIGSTOP);
	CHECK_EQ(sys(SYS_wait4, pid, &status, WUNTRACED, NULL), pid);
	seen = __atomic_load_n(&shared[0], __ATOMIC_SEQ_CST);
	kill(pid, SIGUSR1);	/* waits until it goes on */
	sleep_ms(20);
	CHECK_EQ(__atomic_load_n(&shared[0], __ATOMIC_SEQ_CST), seen);
	kill(pid, SIGCONT);
	while (__atomic_load_n(&shared[1], __ATOMIC_SEQ_CST) < 2)
		sleep_ms(1);	/* both handlers ran */
	kill(pid, SIGKILL);
	CHECK_KILLED(pid, SIGKILL);
}

/* Continue drops pending stops, stop drops a pending continue. */
CASE(stop_and_continue_cancel_each_other)
{
	pid_t pid;

	IN_CHILD(pid) {
		set_action(SIGCONT, counting, 0, 0);
		set_mask(BIT(SIGTSTP) | BIT(SIGCONT));
		kill(getpid(), SIGTSTP);
		kill(getpid(), SIGCONT);
		set_mask(0);	/* would stop for good here */
		CHECK_EQ(count, 1);
	}
	CHECK_EXIT(pid, 0);
}

/* ---- stacks and frames ---------------------------------------------------------------------------------------- */

static char alt[65536] __attribute__((aligned(16)));
static volatile int inside_alt;
static int seen_flags;
static long set_inside;

static void on_alt(int sig)
{
	char here;
	stack_t ss = { .ss_flags = SS_DISABLE };

	inside_alt += &here >= alt && &here < alt + sizeof(alt);
	set_inside = sys(SYS_sigaltstack, &ss, NULL);
	sys(SYS_sigaltstack, NULL, &ss);
	seen_flags = ss.ss_flags;
	counting(sig);
	if (count == 1)
		kill(getpid(), SIGUSR2);
}

CASE(alternative_stack)
{
	stack_t ss = { .ss_sp = alt, .ss_size = sizeof(alt) }, old;

	CHECK_EQ(sys(SYS_sigaltstack, NULL, &old), 0);
	CHECK_EQ(old.ss_flags, SS_DISABLE);
	CHECK_EQ(sys(SYS_sigaltstack, &ss, NULL), 0);
	CHECK_EQ(sys(SYS_sigaltstack, NULL, &old), 0);
	CHECK(old.ss_sp == alt && old.ss_size == sizeof(alt) && old.ss_flags == 0);
	set_action(SIGUSR1, on_alt, SA_ONSTACK, 0);
	set_action(SIGUSR2, on_alt, SA_ONSTACK, 0);	/* nested: goes on below, not from the top again */
	kill(getpid(), SIGUSR1);
	CHECK_EQ(count, 2);
	CHECK_EQ(inside_alt, 2);
	CHECK_EQ(seen_flags, SS_ONSTACK);
	CHECK_EQ(set_inside, -EPERM);
	set_action(SIGUSR2, on_alt, 0, 0);	/* without the flag: the ordinary stack */
	inside_alt = 0;
	kill(getpid(), SIGUSR2);
	CHECK_EQ(inside_alt, 0);
}

CASE(alternative_stack_errors)
{
	stack_t ss = { .ss_sp = alt, .ss_size = 1000 };

	CHECK_EQ(sys(SYS_sigaltstack, &ss, NULL), -ENOMEM);
	ss.ss_size = sizeof(alt);
	ss.ss_flags = 0x100;
	CHECK_EQ(sys(SYS_sigaltstack, &ss, NULL), -EINVAL);
	ss.ss_flags = SS_DISABLE;
	CHECK_EQ(sys(SYS_sigaltstack, &ss, NULL), 0);
	CHECK_EQ(sys(SYS_sigaltstack, (void *)8, NULL), -EFAULT);
	CHECK_EQ(sys(SYS_sigaltstack, NULL, NULL), 0);
}

CASE(longjmp_out_of_a_handler)
{
	int i, sig;

	catch_faults();
	for (i = 0; i < 50; i++) {
		set_mask(BIT(SIGTERM));
		sig = sigsetjmp(fault_return, 1);
		if (!sig)
			*(volatile int *)16 = 1;
		CHECK_EQ(sig, SIGSEGV);
		CHECK_EQ(mask_now(), BIT(SIGTERM));
	}
}

void entry_probe(int sig);
__asm__(".globl entry_probe\n"
	"entry_probe:\n\t"
	"mov %rsp, entry_rsp(%rip)\n\t"
	"pushf\n\tpopq entry_flags(%rip)\n\t"
	"ret\n");
unsigned long entry_rsp, entry_flags;

CASE(handler_entry_state)
{
	set_action(SIGUSR1, (void *)(uintptr_t)entry_probe, 0, 0);
	__asm__ volatile("std; mov $39, %%eax; syscall; mov %%eax, %%edi; mov $10, %%esi; mov $62, %%eax; syscall; cld"
			 : : : "rax", "rcx", "r11", "rdi", "rsi", "memory", "cc");
	CHECK_EQ(entry_rsp % 16, 8);	/* as after a call */
	CHECK_EQ(entry_flags & 0x400, 0);	/* direction flag clear */
	CHECK_EQ(entry_flags & 0x200, 0x200);
}

static void clobber(int sig)
{
	volatile char below[4096];
	size_t i;

	counting(sig);
	for (i = 0; i < sizeof(below); i++)
		below[i] = (char)0xee;
	__asm__ volatile("xor %%eax, %%eax; not %%rax; mov %%rax, %%rcx; mov %%rax, %%rdx; mov %%rax, %%rsi; "
			 "mov %%rax, %%rdi; mov %%rax, %%r8; mov %%rax, %%r9; mov %%rax, %%r10; mov %%rax, %%r11; "
			 "pcmpeqb %%xmm0, %%xmm0; pcmpeqb %%xmm1, %%xmm1; pcmpeqb %%xmm7, %%xmm7; "
			 "pcmpeqb %%xmm15, %%xmm15; fninit; fldpi; fldpi; fstp %%st(0); fstp %%st(0)"
			 : : : "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "memory", "cc",
			       "xmm0", "xmm1", "xmm7", "xmm15");
}

CASE(red_zone_is_kept)
{
	unsigned long sum = 0;

	set_action(SIGUSR1, clobber, 0, 0);
	__asm__ volatile("mov $39, %%eax\n\tsyscall\n\tmov %%eax, %%edi\n\tmov $10, %%esi\n\t"
			 "movq $0x1111, -8(%%rsp)\n\tmovq $0x2222, -64(%%rsp)\n\tmovq $0x3333, -128(%%rsp)\n\t"
			 "mov $62, %%eax\n\tsyscall\n\t"
			 "mov -8(%%rsp), %0\n\tadd -64(%%rsp), %0\n\tadd -128(%%rsp), %0"
			 : "=&r"(sum) : : "rax", "rcx", "r11", "rdi", "rsi", "memory");
	CHECK_EQ(sum, 0x6666);
	CHECK_EQ(count, 1);
}

/* Registers of a loop that is interrupted anywhere, not at a call. */
CASE(general_registers_are_kept)
{
	unsigned long bad = 0;

	set_action(SIGALRM, clobber, 0, 0);
	start_timer(2000, 2000);
	while (count < 10) {
		__asm__ volatile("mov $0x101, %%rax\n\tmov $0x102, %%rbx\n\tmov $0x103, %%rcx\n\tmov $0x104, %%rdx\n\t"
				 "mov $0x105, %%rsi\n\tmov $0x106, %%rdi\n\tmov $0x107, %%r8\n\tmov $0x108, %%r9\n\t"
				 "mov $0x109, %%r10\n\tmov $0x10a, %%r11\n\tmov $0x10b, %%r12\n\tmov $0x10c, %%r13\n\t"
				 "mov $0x10d, %%r14\n\tmov $0x10e, %%r15\n\tpush $20000\n\tstc\n"
				 "1:\tpushf\n\tdecq 8(%%rsp)\n\tjz 2f\n\tpopf\n\tjmp 1b\n"
				 "2:\tpopf\n\tlea 8(%%rsp), %%rsp\n\tjnc 3f\n\t"
				 "sub $0x101, %%rax\n\tjnz 3f\n\tsub $0x102, %%rbx\n\tjnz 3f\n\t"
				 "sub $0x103, %%rcx\n\tjnz 3f\n\tsub $0x104, %%rdx\n\tjnz 3f\n\t"
				 "sub $0x105, %%rsi\n\tjnz 3f\n\tsub $0x106, %%rdi\n\tjnz 3f\n\t"
				 "sub $0x107, %%r8\n\tjnz 3f\n\tsub $0x108, %%r9\n\tjnz 3f\n\t"
				 "sub $0x109, %%r10\n\tjnz 3f\n\tsub $0x10a, %%r11\n\tjnz 3f\n\t"
				 "sub $0x10b, %%r12\n\tjnz 3f\n\tsub $0x10c, %%r13\n\tjnz 3f\n\t"
				 "sub $0x10d, %%r14\n\tjnz 3f\n\tsub $0x10e, %%r15\n"
				 "3:\tsetnz %%al\n\tmovzbl %%al, %%eax"
				 : "=a"(bad) : : "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12",
				   "r13", "r14", "r15", "memory", "cc");
		if (!CHECK_EQ(bad, 0))
			break;
	}
}

CASE(floating_point_state_is_kept)
{
	uint64_t in[4] = { 0x1122334455667788, 1, 0xfedcba9876543210, 2 }, out[4] = { 0 };
	double x87 = 1.5, back = 0;
	unsigned mxcsr = 0x1f80 | 0x6000, mxcsr_back = 0;	/* round to zero */
	unsigned short cw = 0x0f7f, cw_back = 0;

	set_action(SIGUSR1, clobber, 0, 0);
	__asm__ volatile(
		"fldcw %6\n\tldmxcsr %7\n\tfldl %8\n\tmovdqu %9, %%xmm1\n\tmovdqu 16+%9, %%xmm15\n\t"
		"mov $39, %%eax\n\tsyscall\n\tmov %%eax, %%edi\n\tmov $10, %%esi\n\tmov $62, %%eax\n\tsyscall\n\t"
		"movdqu %%xmm1, %0\n\tmovdqu %%xmm15, 16+%0\n\tfstpl %1\n\tstmxcsr %2\n\tfnstcw %3\n\tfninit"
		: "=m"(out), "=m"(back), "=m"(mxcsr_back), "=m"(cw_back), "+m"(count), "+m"(order)
		: "m"(cw), "m"(mxcsr), "m"(x87), "m"(in)
		: "rax", "rcx", "r11", "rdi", "rsi", "xmm1", "xmm15", "memory");
	CHECK(memcmp(in, out, sizeof(in)) == 0);
	CHECK(back == 1.5);
	CHECK_EQ(mxcsr_back & 0x6000, 0x6000);
	CHECK_EQ(cw_back, cw);
	CHECK_EQ(count, 1);
	mxcsr = 0x1f80;
	__asm__ volatile("ldmxcsr %0" : : "m"(mxcsr));
}

static void change_xmm3(int sig, siginfo_t *info UNUSED, void *context)
{
	ucontext_t *uc = context;
	int i;

	counting(sig);
	if (!CHECK(uc->uc_mcontext.fpregs != NULL))
		return;
	CHECK_EQ(uc->uc_mcontext.fpregs->_xmm[3].element[0], 0x3333);
	for (i = 0; i < 4; i++)
		uc->uc_mcontext.fpregs->_xmm[3].element[i] = (uint32_t)(0xa0 + i);
}

CASE(handler_changes_floating_point_state)
{
	uint32_t in[4] = { 0x3333, 0, 0, 0 }, out[4];

	set_action(SIGUSR1, change_xmm3, SA_SIGINFO, 0);
	__asm__ volatile(
		"movdqu %1, %%xmm3\n\t"
		"mov $39, %%eax\n\tsyscall\n\tmov %%eax, %%edi\n\tmov $10, %%esi\n\tmov $62, %%eax\n\tsyscall\n\t"
		"movdqu %%xmm3, %0"
		: "=m"(out)
		: "m"(in)
		: "rax", "rcx", "r11", "rdi", "rsi", "xmm3", "memory");
	CHECK(out[0] == 0xa0 && out[1] == 0xa1 && out[2] == 0xa2 && out[3] == 0xa3);
}

static bool have_avx(void)
{
	unsigned a = 1, b, c, d, lo = 0, hi;

	__asm__("cpuid" : "+a"(a), "=b"(b), "=c"(c), "=d"(d) : "c"(0));
	if ((c & (1u << 27)) == 0 || (c & (1u << 28)) == 0)
		return false;
	__asm__("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
	return (lo & 6) == 6;
}

static void clobber_ymm(int sig)
{
	counting(sig);
	__asm__ volatile("vpxor %%xmm0, %%xmm0, %%xmm0\n\tvpxor %%xmm9, %%xmm9, %%xmm9\n\tvzeroall"
			 :
			 :
			 : "memory", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7",
			   "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
}

/* Where the processor has AVX and XCR0 lets programs use it, the upper halves must live through handlers. */
CASE(avx_state_is_kept)
{
	uint64_t in[4] = { 1, 2, 0x123456789abcdef0, 4 }, out[4] = { 0 };

	if (!have_avx())
		SKIP("no AVX");
	set_action(SIGUSR1, clobber_ymm, 0, 0);
	__asm__ volatile(
		"vmovdqu %1, %%ymm9\n\t"
		"mov $39, %%eax\n\tsyscall\n\tmov %%eax, %%edi\n\tmov $10, %%esi\n\tmov $62, %%eax\n\tsyscall\n\t"
		"vmovdqu %%ymm9, %0\n\tvzeroupper"
		: "=m"(out)
		: "m"(in)
		: "rax", "rcx", "r11", "rdi", "rsi", "xmm9", "memory");
	CHECK_EQ(count, 1);
	CHECK(memcmp(in, out, sizeof(in)) == 0);
}

enum fpu_change {
	FPU_XMM, FPU_NO_MAGIC1, FPU_NO_MAGIC2, FPU_MXCSR, FPU_RESERVED, FPU_COMPACT, FPU_UNKNOWN, FPU_CHANGES
};
static enum fpu_change fpu_change;

/* Offsets in an XSAVE image: Intel SDM vol. 1 13.4.2; the software's bytes from 464 on. */
static void change_fpu_image(int sig, siginfo_t *info UNUSED, void *context)
{
	ucontext_t *uc = context;
	char *image = (char *)uc->uc_mcontext.fpregs;
	uint32_t *sw = (uint32_t *)(image + 464);
	uint64_t *header = (uint64_t *)(image + 512);

	counting(sig);
	uc->uc_mcontext.fpregs->_xmm[3].element[0] = 0xbeef;
	switch (fpu_change) {
	case FPU_NO_MAGIC1: sw[0] = 0; break;
	case FPU_NO_MAGIC2: *(uint32_t *)(image + sw[4]) = 0; break;
	case FPU_MXCSR: uc->uc_mcontext.fpregs->mxcsr = 0xffffffff; break;
	case FPU_RESERVED: header[2] = 1; break;
	case FPU_COMPACT: header[1] = 1; break;
	case FPU_UNKNOWN: header[0] |= 1UL << 61; break;
	case FPU_XMM:
	case FPU_CHANGES: break;
	}
}

/* What XRSTOR would refuse ends the program; an image without the magic numbers is FXSAVE's. */
CASE(floating_point_images_that_are_odd)
{
	static const bool deadly[FPU_CHANGES] = { [FPU_MXCSR] = true, [FPU_RESERVED] = true, [FPU_COMPACT] = true,
						    [FPU_UNKNOWN] = true };
	pid_t pid;

	if (!have_avx())
		SKIP("no XSAVE");
	for (fpu_change = FPU_XMM; fpu_change < FPU_CHANGES; fpu_change++) {
		IN_CHILD(pid) {
			uint32_t in[4] = { 0x3333, 1, 2, 3 }, out[4], mxcsr = 0;

			set_action(SIGUSR1, change_fpu_image, SA_SIGINFO, 0);
			__asm__ volatile("movdqu %2, %%xmm3\n\tmov $39, %%eax\n\tsyscall\n\tmov %%eax, %%edi\n\t"
					 "mov $10, %%esi\n\tmov $62, %%eax\n\tsyscall\n\t"
					 "stmxcsr %1\n\tmovdqu %%xmm3, %0"
					 : "=m"(out), "=m"(mxcsr)
					 : "m"(in)
					 : "rax", "rcx", "r11", "rdi", "rsi", "xmm3", "memory");
			CHECK(out[0] == 0xbeef && out[3] == 3);
			CHECK_EQ(mxcsr >> 16, 0);
			CHECK_EQ(count, 1);
		}
		if (deadly[fpu_change])
			CHECK_KILLED(pid, SIGSEGV);
		else
			CHECK_EXIT(pid, 0);
	}
}

/* The frame, and the image on its own, land on pages that nobody has touched. */
CASE(frames_on_fresh_pages)
{
	uint64_t in[2] = { 0x1122334455667788, 1 }, out[2] = { 0 };
	stack_t ss = { .ss_size = 64 * PAGE };
	size_t shift;

	for (shift = 0; shift < PAGE; shift += 192) {
		char *stack = mmap(NULL, ss.ss_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		REQUIRE(stack != MAP_FAILED);
		ss.ss_sp = stack;
		ss.ss_size = 64 * PAGE - shift;
		CHECK_EQ(sys(SYS_sigaltstack, &ss, NULL), 0);
		set_action(SIGUSR1, clobber, SA_ONSTACK, 0);
		__asm__ volatile("movdqu %1, %%xmm7\n\tmov $39, %%eax\n\tsyscall\n\tmov %%eax, %%edi\n\t"
				 "mov $10, %%esi\n\tmov $62, %%eax\n\tsyscall\n\tmovdqu %%xmm7, %0"
				 : "=m"(out)
				 : "m"(in)
				 : "rax", "rcx", "r11", "rdi", "rsi", "xmm7", "memory");
		if (!CHECK(!memcmp(in, out, sizeof(in))))
			break;
		munmap(stack, 64 * PAGE);
	}
	CHECK(count > 20);
}

/* Two processes with different values in the registers, switched many times. */
CASE(floating_point_state_is_per_process)
{
	bool avx = have_avx();
	pid_t pid[3];
	int i, k;

	for (i = 0; i < 3; i++)
		IN_CHILD(pid[i]) {
			uint64_t in[4] = { (uint64_t)i + 1, 2, 3, (uint64_t)i * 7 }, out[4];

			for (k = 0; k < 50; k++) {
				if (avx)
					__asm__ volatile("vmovdqu %1, %%ymm9\n\tmov $24, %%eax\n\tsyscall\n\t"
							 "vmovdqu %%ymm9, %0\n\tvzeroupper" : "=m"(out) : "m"(in)
							 : "rax", "rcx", "r11", "xmm9", "memory");
				else
					__asm__ volatile(
						"movdqu %1, %%xmm9\n\tmovdqu 16+%1, %%xmm8\n\t"
						"mov $24, %%eax\n\tsyscall\n\t"
						"movdqu %%xmm9, %0\n\tmovdqu %%xmm8, 16+%0"
						: "=m"(out)
						: "m"(in)
						: "rax", "rcx", "r11", "xmm8", "xmm9", "memory");
				CHECK(memcmp(in, out, sizeof(in)) == 0);
			}
		}
	for (i = 0; i < 3; i++)
		CHECK_EXIT(pid[i], 0);
}

CASE(fork_copies_floating_point_state)
{
	double value = 0;
	long pid;

	__asm__ volatile("pcmpeqb %%xmm5, %%xmm5\n\tmov $57, %%eax\n\tsyscall\n\tmovq %%xmm5, %1"
			 : "=&a"(pid), "=m"(value) : : "rcx", "r11", "xmm5", "memory");
	if (pid == 0)
		_exit(*(uint64_t *)&value == ~0UL ? 0 : 1);
	CHECK_EXIT(pid, 0);
}

/* ---- broken frames: the program dies, the machine does not ---------------------------------------------------- */

enum breakage { RIP_NONCANONICAL, RIP_KERNEL, CS_ZERO, SS_ODD, RSP_NONCANONICAL, FPREGS_BAD, FPREGS_ODD, BREAKAGES };
static enum breakage breakage;

static void break_frame(int sig UNUSED, siginfo_t *info UNUSED, void *context)
{
	ucontext_t *uc = context;
	greg_t *g = uc->uc_mcontext.gregs;

	signal(SIGSEGV, SIG_DFL);
	switch (breakage) {
	case RIP_NONCANONICAL: g[REG_RIP] = 0x800000000000; break;
	case RIP_KERNEL: g[REG_RIP] = (greg_t)0xffffffff80000000; break;
	case CS_ZERO: g[REG_CSGSFS] = 0; break;
	case SS_ODD: g[REG_CSGSFS] = (g[REG_CSGSFS] & 0x0000ffffffffffff) | 0x7fL << 48; break;
	case RSP_NONCANONICAL: g[REG_RSP] = (greg_t)0x8000000000000000; break;
	case FPREGS_BAD: uc->uc_mcontext.fpregs = (void *)0xffff800000000000; break;
	case FPREGS_ODD: uc->uc_mcontext.fpregs = (void *)((char *)uc->uc_mcontext.fpregs + 4096 * 1024); break;
	case BREAKAGES: break;
	}
}

CASE(broken_frames)
{
	int status;
	pid_t pid;

	no_core();
	for (breakage = 0; breakage < BREAKAGES; breakage++) {
		IN_CHILD(pid) {
			set_action(SIGUSR1, break_frame, SA_SIGINFO, 0);
			kill(getpid(), SIGUSR1);
			pause();
		}
		if (breakage == SS_ODD) {	/* Linux repairs a bad SS quietly: the child then waits for ever */
			sleep_ms(20);
			kill(pid, SIGKILL);
		}
		status = child_status(pid);
		if (!WIFSIGNALED(status))
			NOTE("breakage %d gave status 0x%x", (int)breakage, status);
		CHECK(WIFSIGNALED(status));
		if (breakage != SS_ODD && breakage != RSP_NONCANONICAL)
			CHECK_EQ(WTERMSIG(status), SIGSEGV);
	}
}

/* Flags that a program may not set are not set by sigreturn either. */
static void wild_flags(int sig UNUSED, siginfo_t *info UNUSED, void *context)
{
	((ucontext_t *)context)->uc_mcontext.gregs[REG_EFL] = 0x3000 | 0x200000 | 0x1;	/* IOPL 3, ID, carry; no IF */
}

CASE(flags_from_the_frame_are_filtered)
{
	unsigned long flags;

	set_action(SIGUSR1, wild_flags, SA_SIGINFO, 0);
	__asm__ volatile(
		"mov $39, %%eax\n\tsyscall\n\tmov %%eax, %%edi\n\tmov $10, %%esi\n\tmov $62, %%eax\n\tsyscall\n\t"
		"pushf\n\tpop %0"
		: "=&r"(flags)
		:
		: "rax", "rcx", "r11", "rdi", "rsi", "memory", "cc");
	CHECK_EQ(flags & 0x3000, 0);
	CHECK_EQ(flags & 0x200, 0x200);
	CHECK_EQ(flags & 1, 1);
}

CASE(sigreturn_without_a_frame)
{
	pid_t pid;

	no_core();
	IN_CHILD(pid) {
		__asm__ volatile("xor %%esp, %%esp\n\tmov $15, %%eax\n\tsyscall\n\thlt" : : : "memory");
	}
	CHECK_KILLED(pid, SIGSEGV);
}

CASE(no_stack_for_the_handler)
{
	pid_t pid;

	no_core();
	IN_CHILD(pid) {
		set_action(SIGUSR1, counting, 0, 0);
		set_action(SIGSEGV, counting, 0, 0);
		__asm__ volatile("mov $39, %%eax\n\tsyscall\n\tmov %%eax, %%edi\n\tmov $10, %%esi\n\tmov $62, %%eax\n\t"
				 "mov $64, %%esp\n\tsyscall\n\thlt" : : : "memory");
	}
	CHECK_KILLED(pid, SIGSEGV);
}

/* A storm from another process while the target computes: each result right, nothing lost at the end. */
CASE(storm)
{
	pid_t pid;
	volatile double sum;
	int i, k;

	set_action(SIGUSR1, clobber, 0, 0);
	IN_CHILD(pid) {
		for (i = 0; i < 500; i++)
			kill(getppid(), SIGUSR1);
	}
	for (k = 0; k < 200; k++) {
		sum = 0;
		for (i = 0; i < 200; i++)
			sum += i * 0.5;
		if (!CHECK(sum == 9950.0))
			break;
	}
	CHECK_EXIT(pid, 0);
	CHECK(count >= 1);
}

/* ---- queueing to one thread, restarted calls ------------------------------------------------------------------ */

static siginfo_t queued_info;

static void keep_info(int sig UNUSED, siginfo_t *info, void *context UNUSED)
{
	queued_info = *info;
}

CASE(rt_tgsigqueueinfo_forms)
{
	long pid = getpid(), tid = sys(SYS_gettid);
	siginfo_t info;

	set_action(SIGUSR1, keep_info, SA_SIGINFO, 0);
	memset(&info, 0, sizeof(info));
	info.si_signo = SIGUSR2;	/* the argument counts */
	info.si_code = SI_QUEUE;
	info.si_pid = 4711;	/* told as the sender says */
	info.si_uid = 12;
	info.si_value.sival_int = 99;
	CHECK_EQ(sys(SYS_rt_tgsigqueueinfo, pid, tid, SIGUSR1, &info), 0);
	CHECK_EQ(queued_info.si_signo, SIGUSR1);
	CHECK_EQ(queued_info.si_code, SI_QUEUE);
	CHECK_EQ(queued_info.si_pid, 4711);
	CHECK_EQ(queued_info.si_uid, 12);
	CHECK_EQ(queued_info.si_value.sival_int, 99);
	info.si_code = 5;	/* only to oneself may one claim to be the kernel */
	CHECK_EQ(sys(SYS_rt_tgsigqueueinfo, pid, tid, SIGUSR1, &info), 0);
	CHECK_EQ(queued_info.si_code, 5);
	CHECK_EQ(sys(SYS_rt_tgsigqueueinfo, getppid(), getppid(), SIGUSR1, &info), -EPERM);
	info.si_code = SI_TKILL;
	CHECK_EQ(sys(SYS_rt_sigqueueinfo, getppid(), 0, &info), -EPERM);
	info.si_code = SI_QUEUE;
	CHECK_EQ(sys(SYS_rt_tgsigqueueinfo, pid, tid, 0, &info), 0);	/* 0 only looks */
	CHECK_EQ(sys(SYS_rt_tgsigqueueinfo, pid, tid, 65, &info), -EINVAL);
	CHECK_EQ(sys(SYS_rt_tgsigqueueinfo, 0, tid, SIGUSR1, &info), -EINVAL);
	CHECK_EQ(sys(SYS_rt_tgsigqueueinfo, pid, -1, SIGUSR1, &info), -EINVAL);
	CHECK_EQ(sys(SYS_rt_tgsigqueueinfo, pid, getppid(), SIGUSR1, &info), -ESRCH);	/* no thread of it */
	CHECK_EQ(sys(SYS_rt_tgsigqueueinfo, pid, tid, SIGUSR1, NULL), -EFAULT);
}

/* A stop goes on with restart_syscall inside: the rest of the time, not all of it again. */
CASE(sleep_goes_on_after_a_stop)
{
	struct timespec t = { 0, 400000000 };
	int64_t start;
	pid_t pid;

	IN_CHILD(pid) {
		start = now_ns();
		CHECK_EQ(sys(SYS_nanosleep, &t, NULL), 0);	/* no EINTR */
		CHECK(now_ns() - start >= 400000000 && now_ns() - start < 5000000000l);
		start = now_ns();
		CHECK_EQ(sys(SYS_poll, NULL, 0, 300), 0);
		CHECK(now_ns() - start >= 290000000);
	}
	sleep_ms(100);
	kill(pid, SIGSTOP);
	sleep_ms(50);
	kill(pid, SIGCONT);
	sleep_ms(450);
	kill(pid, SIGSTOP);
	sleep_ms(50);
	kill(pid, SIGCONT);
	CHECK_EXIT(pid, 0);
	CHECK_EQ(sys(SYS_restart_syscall), -EINTR);	/* nothing to go on with */
}

/* ---- signals during vfork ------------------------------------------------------------------------------------- */

/* The parent waits unmoved by handlers; its signals arrive when the child has gone. */
CASE(vfork_delays_signals_of_the_parent)
{
	volatile int seen_inside = -1;
	long pid;

	set_action(SIGUSR1, counting, 0, 0);
	count = 0;
	pid = vfork();
	if (!pid) {
		sys(SYS_kill, sys(SYS_getppid), SIGUSR1);
		sleep_ms(50);
		seen_inside = count;	/* memory is shared: the handler has not run */
		_exit(3);
	}
	CHECK_EQ(seen_inside, 0);
	CHECK_EXIT((pid_t)pid, 3);
	CHECK_EQ(count, 1);
}

/* Both can be killed while they share the memory. */
CASE(vfork_and_kill)
{
	int *shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status;
	pid_t pid;
	long child;

	IN_CHILD(pid) {	/* the child of vfork dies by a signal: the parent goes on */
		child = vfork();
		if (!child) {
			sys(SYS_kill, sys(SYS_getpid), SIGKILL);
			_exit(1);
		}
		CHECK_KILLED((pid_t)child, SIGKILL);
	}
	CHECK_EXIT(pid, 0);
	IN_CHILD(pid) {	/* the waiting parent is killed: the child goes on */
		child = vfork();
		if (!child) {
			shared[0] = (int)sys(SYS_getpid);
			sleep_ms(200);
			shared[1] = 1;
			_exit(0);
		}
	}
	while (!__atomic_load_n(&shared[0], __ATOMIC_ACQUIRE))
		sleep_ms(1);
	kill(pid, SIGKILL);
	status = child_status(pid);
	CHECK_EQ(status & 0x7f, SIGKILL);
	CHECK_EQ(shared[1], 0);		/* at once, not after the child */
	for (status = 0; status < 2000 && !__atomic_load_n(&shared[1], __ATOMIC_ACQUIRE); status++)
		sleep_ms(2);
	CHECK_EQ(shared[1], 1);
}

/* A stop of the waiting parent is seen when it is over, as on Linux; the child runs meanwhile. */
CASE(vfork_child_is_stopped)
{
	int *shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid;
	long child;

	IN_CHILD(pid) {
		child = vfork();
		if (!child) {
			__atomic_store_n(&shared[0], (int)sys(SYS_getpid), __ATOMIC_RELEASE);
			sys(SYS_kill, sys(SYS_getpid), SIGSTOP);
			_exit(4);
		}
		CHECK_EXIT((pid_t)child, 4);
	}
	while (!__atomic_load_n(&shared[0], __ATOMIC_ACQUIRE))
		sleep_ms(1);
	sleep_ms(100);
	CHECK_EQ(sys(SYS_wait4, pid, NULL, WNOHANG, NULL), 0);	/* still waits for the stopped one */
	kill(shared[0], SIGCONT);
	CHECK_EXIT(pid, 0);
}
