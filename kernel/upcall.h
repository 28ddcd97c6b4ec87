/* SPDX-License-Identifier: MIT */
/*
 * What arch/ may call upward, and nothing else. The architecture decodes the
 * hardware's event into these words; policy lives above.
 */
#pragma once

#include <kernel/lib/types.h>

struct trapframe;
struct boot_info;
struct thread;

/** kernel_main - boot CPU, on the boot stack, C environment ready, COM1 works.
 * @info stays valid for ever. */
__noreturn void kernel_main(const struct boot_info *info);

/** upcall_kbench - measure inside the kernel, on the boot word `kbench`: process 1,
 * its descriptors open, before its program. May sleep. */
void upcall_kbench(void);

/** upcall_cpu_online - another CPU, its struct cpu set up, interrupts off; becomes
 * its idle thread, and sets this_cpu()->online when it can take part */
__noreturn void upcall_cpu_online(void);

/**
 * upcall_page_fault - a fault at @va; @access: enum fault_access; @user: from
 * user mode. Called with interrupts on if they were on at the fault.
 * Return: true when the access may be tried again (resolved, or a signal is
 * queued); false: not resolvable in the kernel (then the fix-up table decides).
 */
bool upcall_page_fault(struct trapframe *tf, u64 va, u32 access, bool user);

/** upcall_user_exception - queue signal @signo, si_code @code, si_addr @addr to
 * current, forced as Linux's force_sig_fault(). Interrupts on. */
void upcall_user_exception(int signo, int code, u64 addr, u32 trapno, u64 error);

/**
 * upcall_thread_start - a new thread runs for the first time, coming from @prev
 * (what context_switch() returned). Called on its own stack before anything else,
 * interrupts off; releases the run queue lock that the switch passed on.
 */
void upcall_thread_start(struct thread *prev);

/** upcall_timer - this CPU's armed deadline has passed. Interrupts off.
 * @user: the interrupt came in user mode */
void upcall_timer(bool user);

/** upcall_resched - a reschedule IPI came. Interrupts off. */
void upcall_resched(void);

/**
 * upcall_return_to_user - before any return to user mode when thread->work is not
 * 0: reschedules, delivers signals, restarts calls. Interrupts are on and off
 * again at the return, work is 0 then.
 */
void upcall_return_to_user(struct trapframe *tf);

/** upcall_syscall_slow - the whole of a system call that the entry's fast path
 * does not take: unknown or legacy number, tracing, filters. Returns rax. */
u64 upcall_syscall_slow(struct trapframe *tf);
