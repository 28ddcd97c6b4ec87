/* SPDX-License-Identifier: MIT */
/*
 * Exceptions: page faults go to memory management, a program's own mistakes
 * become the signals Linux sends for them, the kernel's end in a panic with
 * one sentence, unless the instruction stands in the fix-up table.
 * Sources: Intel SDM vol. 3 ch. 6 (vectors), §4.7 (page-fault codes), §17.2.3
 * (DR6); signal and si_code: man sigaction(2), as Linux x86_64 sends them.
 */
#include "trap.h"

#include <arch/irq.h>
#include <arch/mmu.h>
#include <arch/uaccess.h>
#include <kernel/abi/linux_signal.h>
#include <kernel/core/panic.h>
#include <kernel/upcall.h>
#include <mm/kva.h>

#include "cpu_priv.h"
#include "cpuid.h"
#include "fpu.h"
#include "msr.h"
#include "regs.h"
#include "smp_priv.h"
#include "uaccess_priv.h"

/* upcall_page_fault()'s access argument, mm/aspace.h. */
enum { ACCESS_READ, ACCESS_WRITE, ACCESS_EXEC };

#define DR6_BS BIT(14) /* single step, Intel SDM vol. 3 §17.2.3 */

struct exception {
	const char *name;
	u8 signo;
	u8 code;      /* si_code when it does not depend on status words */
	bool addr_ip; /* si_addr is the instruction's */
};

/* What a program gets for its mistake. */
static const struct exception exceptions[32] = {
	[TRAP_DE] = { "divide error", SIGFPE, FPE_INTDIV, true },
	[TRAP_DB] = { "debug exception", SIGTRAP, TRAP_TRACE, true },
	[TRAP_NMI] = { "non-maskable interrupt", 0, 0, false },
	[TRAP_BP] = { "breakpoint", SIGTRAP, SI_KERNEL, false },
	[TRAP_OF] = { "overflow", SIGSEGV, SI_KERNEL, false },
	[TRAP_BR] = { "bound range exceeded", SIGSEGV, SI_KERNEL, false },
	[TRAP_UD] = { "invalid opcode", SIGILL, ILL_ILLOPN, true },
	[TRAP_NM] = { "no floating point unit", SIGKILL, SI_KERNEL, false },
	[TRAP_DF] = { "double fault", SIGSEGV, SI_KERNEL, false },
	[TRAP_TS] = { "invalid task state segment", SIGSEGV, SI_KERNEL, false },
	[TRAP_NP] = { "segment not present", SIGBUS, SI_KERNEL, false },
	[TRAP_SS] = { "stack segment fault", SIGBUS, SI_KERNEL, false },
	[TRAP_GP] = { "general protection fault", SIGSEGV, SI_KERNEL, false },
	[TRAP_PF] = { "page fault", SIGSEGV, SEGV_MAPERR, false },
	[TRAP_MF] = { "x87 floating-point error", SIGFPE, FPE_FLTUNK, true },
	[TRAP_AC] = { "alignment check", SIGBUS, BUS_ADRALN, false },
	[TRAP_MC] = { "machine check", SIGBUS, SI_KERNEL, false },
	[TRAP_XM] = { "SIMD floating-point error", SIGFPE, FPE_FLTUNK, true },
	[TRAP_VE] = { "virtualization exception", SIGSEGV, SI_KERNEL, false },
	[TRAP_CP] = { "control protection exception", SIGSEGV, SI_KERNEL, false },
};

static const char *exception_name(u64 vector)
{
	if (vector < ARRAY_SIZE(exceptions) && exceptions[vector].name)
		return exceptions[vector].name;
	return "reserved exception";
}

/* Bits of the x87 status word and MXCSR, the same in both: invalid, denormal,
 * divide by zero, overflow, underflow, precision (Intel SDM vol. 1 §8.1.3). */
static u8 fpe_code(u32 pending)
{
	if (pending & 0x01)
		return FPE_FLTINV;
	if (pending & 0x04)
		return FPE_FLTDIV;
	if (pending & 0x08)
		return FPE_FLTOVF;
	if (pending & 0x12)
		return FPE_FLTUND;
	return pending & 0x20 ? FPE_FLTRES : FPE_FLTUNK;
}

static u8 exception_code(const struct trapframe *tf, u64 dr6)
{
	u16 fsw, fcw;
	u32 mxcsr;

	switch (tf->vector) {
	case TRAP_DB:
		return dr6 & DR6_BS ? TRAP_TRACE : TRAP_HWBKPT;
	case TRAP_MF:
		fpu_status(&fsw, &fcw, &mxcsr);
		return fpe_code(fsw & ~fcw);
	case TRAP_XM:
		fpu_status(&fsw, &fcw, &mxcsr);
		return fpe_code(mxcsr & ~(mxcsr >> 7));
	default:
		return exceptions[tf->vector].code;
	}
}

static u64 dr6_take(void)
{
	u64 dr6;

	__asm__ volatile("movq %%dr6, %0" : "=r"(dr6));
	__asm__ volatile("movq %0, %%dr6" ::"r"(0xffff0ff0ull)); /* its reset value */
	return dr6;
}

static void user_exception(struct trapframe *tf)
{
	const struct exception *e = &exceptions[tf->vector];
	u64 dr6 = tf->vector == TRAP_DB ? dr6_take() : 0;
	u8 code = exception_code(tf, dr6);

	irq_enable();
	upcall_user_exception(e->signo ? e->signo : SIGSEGV, code, e->addr_ip ? tf->rip : 0,
			      (u32)tf->vector, tf->error);
	irq_disable();
}

void trap_bad_rip(struct trapframe *tf)
{
	tf->rip = 0;
	irq_enable();
	upcall_user_exception(SIGSEGV, SI_KERNEL, 0, TRAP_GP, 0);
	irq_disable();
}

/* Whose address that is, for the sentence of a panic. */
static const char *region_name(u64 va)
{
	if (va < PAGE_SIZE)
		return "near NULL";
	if (va < USER_END)
		return "a user address, touched outside uaccess";
	if (va < DIRECT_MAP_BASE)
		return "not an address the kernel uses";
	if (va < DIRECT_MAP_BASE + PHYS_MAX)
		return "the direct map";
	if (va >= KVA_BASE && va < KVA_END)
		return "the stacks and device maps: a guard page?";
	return va >= KERNEL_BASE ? "the kernel image" : "not mapped by the kernel";
}

static u32 access_of(u64 error)
{
	if (error & PF_FETCH)
		return ACCESS_EXEC;
	return error & PF_WRITE ? ACCESS_WRITE : ACCESS_READ;
}

static __noreturn void kernel_page_fault_panic(struct trapframe *tf, u64 va)
{
	static const char *const verbs[] = { "read", "write to", "execute" };

	panic_at(tf, "kernel tried to %s %#llx, which is %s (%s%s)", verbs[access_of(tf->error)],
		 (unsigned long long)va, tf->error & PF_PRESENT ? "protected" : "not mapped",
		 region_name(va), tf->error & PF_RSVD ? "; reserved bits set in a page table" : "");
}

/* Only uaccess may fault in the kernel: what stands in the fix-up table. */
static void kernel_page_fault(struct trapframe *tf, u64 va)
{
	u64 fixup = extable_fixup(tf->rip);
	bool smap_violation = cpu_has(CPU_SMAP) && !(tf->rflags & RFLAGS_AC);

	if (!fixup || (smap_violation && va < USER_END))
		kernel_page_fault_panic(tf, va);
	if (va < USER_END && !uaccess_is_nofault(tf->rip)) {
		bool ints = tf->rflags & RFLAGS_IF;
		bool again;

		if (ints)
			irq_enable();
		again = upcall_page_fault(tf, va, access_of(tf->error), false);
		irq_disable();
		if (again)
			return;
	}
	tf->rip = fixup;
}

static void page_fault(struct trapframe *tf)
{
	u64 va = cr2_read(); /* before anything else can fault */

	if (!frame_from_user(tf)) {
		kernel_page_fault(tf, va);
		return;
	}
	irq_enable();
	if (!upcall_page_fault(tf, va, access_of(tf->error), true))
		upcall_user_exception(SIGSEGV, SEGV_MAPERR, va, TRAP_PF, tf->error);
	irq_disable();
}

static void kernel_exception(struct trapframe *tf)
{
	u64 fixup = extable_fixup(tf->rip);

	if (fixup && (tf->vector == TRAP_GP || tf->vector == TRAP_SS)) {
		tf->rip = fixup;
		return;
	}
	switch (tf->vector) {
	case TRAP_BP:
		panic_at(tf, "breakpoint instruction in the kernel");
	case TRAP_NM:
		panic_at(tf, "the kernel used the floating point unit");
	case TRAP_GP:
	case TRAP_SS:
	case TRAP_TS:
	case TRAP_NP:
		panic_at(tf, "%s in the kernel: %s (error code %#llx)",
			 exception_name(tf->vector),
			 tf->error ? "bad selector" : "non-canonical address or bad register value",
			 (unsigned long long)tf->error);
	default:
		panic_at(tf, "%s in the kernel", exception_name(tf->vector));
	}
}

void trap_dispatch(struct trapframe *tf)
{
	if (tf->vector == TRAP_PF)
		page_fault(tf);
	else if (tf->vector >= VECTOR_IRQ_FIRST)
		irq_dispatch(tf);
	else if (!frame_from_user(tf))
		kernel_exception(tf);
	else if (tf->vector != TRAP_NM || !fpu_trap())
		user_exception(tf);
}

/* Intel SDM vol. 3 §15.3.2: bank registers; the count stands in MCG_CAP. */
#define MSR_MCG_CAP    0x179
#define MSR_MC0_STATUS 0x401
#define MC_VALID       BIT(63)

static __noreturn void machine_check(struct trapframe *tf)
{
	u32 banks = (u32)msr_read(MSR_MCG_CAP) & 0xff;

	for (u32 i = 0; i < banks; i++) {
		u64 status = msr_read(MSR_MC0_STATUS + 4 * i);

		if (status & MC_VALID)
			panic_at(tf, "machine check: bank %u reports %#llx", i,
				 (unsigned long long)status);
	}
	panic_at(tf, "machine check: no bank says why");
}

static __noreturn void double_fault(struct trapframe *tf)
{
	u64 top = this_cpu()->kstack_top;
	u64 low = top - KSTACK_SIZE;
	/* The fault's own push is what failed: up to a few frames below. */
	bool overflow = tf->rsp < low + 256 && tf->rsp > low - 4096;

	panic_at(tf, "double fault: %s (rsp %#llx, stack %#llx..%#llx, last page fault at %#llx)",
		 overflow ? "the kernel stack overflowed" : "an exception could not be delivered",
		 (unsigned long long)tf->rsp, (unsigned long long)low, (unsigned long long)top,
		 (unsigned long long)cr2_read());
}

void trap_paranoid(struct trapframe *tf)
{
	switch (tf->vector) {
	case TRAP_NMI:
		/* Others come from a watchdog or a button: counted, no lock taken. */
		if (!smp_nmi(tf))
			cpu_local(this_cpu())->nmi_count++;
		break;
	case TRAP_DB:
		/* A debug trap held back over `mov ss` by a program's SYSCALL or int
		 * (CVE-2018-8897), or TF set in the kernel: drop it. */
		(void)dr6_take();
		tf->rflags &= ~RFLAGS_TF;
		break;
	case TRAP_MC:
		machine_check(tf);
	default:
		double_fault(tf);
	}
}
