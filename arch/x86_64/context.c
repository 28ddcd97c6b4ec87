/* SPDX-License-Identifier: MIT */
/*
 * Thread contexts. A switched-out thread's kernel stack ends with the six
 * registers context_switch_stack() keeps and where it goes on; a new thread's
 * stack is laid out the same by hand:
 *
 *   user thread                         kernel thread
 *   kstack + KSTACK_SIZE                kstack + KSTACK_SIZE
 *     struct trapframe                    16 bytes of zero: end of trace
 *     pad (8)                             return address: start_kernel
 *     return address: start_user          rbp rbx r12=fn r13=arg r14 r15
 *     rbp rbx r12 r13 r14 r15  <- rsp
 */
#include <arch/context.h>

#include <arch/irq.h>
#include <arch/mmu.h>
#include <arch/uaccess.h>
#include <kernel/abi/errno.h>
#include <kernel/core/panic.h>
#include <kernel/lib/string.h>
#include <kernel/task/thread.h>
#include <mm/kva.h>

#include "context_priv.h"
#include "cpu_priv.h"
#include "cpuid.h"
#include "fpu.h"
#include "msr.h"
#include "regs.h"

/* What context_switch_stack() pops, then returns to. */
struct switch_frame {
	u64 r15, r14, r13, r12, rbx, rbp;
	u64 rip;
};

static u64 kstack_top(const struct thread *thread)
{
	return thread->kstack + KSTACK_SIZE;
}

static struct trapframe *frame_of(const struct thread *thread)
{
	return (struct trapframe *)(uintptr_t)(kstack_top(thread) - sizeof(struct trapframe));
}

struct trapframe *context_frame(struct thread *thread)
{
	struct trapframe *tf = frame_of(thread);

	/* Whoever asks may write: no SYSRET for this frame (syscall_entry.asm). */
	if (tf->vector == VECTOR_SYSCALL)
		tf->vector = 0;
	return tf;
}

u64 context_syscall_nr(void)
{
	return (u32)frame_of(current)->orig_rax;
}

bool context_in_syscall(const struct thread *thread)
{
	return frame_of(thread)->orig_rax != ~0ull;
}

void context_init_kernel(struct thread *thread, void (*fn)(void *arg), void *arg)
{
	struct switch_frame *frame = (void *)(uintptr_t)(kstack_top(thread) - 16 - sizeof(*frame));

	memset(&thread->arch, 0, sizeof(thread->arch));
	thread->arch.fpu_cpu = NR_CPUS;
	memset(frame, 0, sizeof(*frame) + 16);
	frame->r12 = (u64)(uintptr_t)fn;
	frame->r13 = (u64)(uintptr_t)arg;
	frame->rip = (u64)(uintptr_t)context_start_kernel;
	thread->arch.rsp = (u64)(uintptr_t)frame;
}

int context_init_user(struct thread *thread, const struct trapframe *tf, struct thread *parent)
{
	struct switch_frame *frame =
		(void *)(uintptr_t)(kstack_top(thread) - sizeof(*tf) - 8 - sizeof(*frame));

	memset(&thread->arch, 0, sizeof(thread->arch));
	thread->arch.fpu_cpu = NR_CPUS;
	memset(frame, 0, sizeof(*frame) + 8);
	frame->rip = (u64)(uintptr_t)context_start_user;
	thread->arch.rsp = (u64)(uintptr_t)frame;
	*frame_of(thread) = *tf;
	if (!parent)
		return 0;
	ASSERT(parent == current);
	thread->arch.fs_base = context_get_fs_base();
	thread->arch.gs_base = context_get_gs_base();
	return fpu_fork(thread);
}

void context_fini(struct thread *thread)
{
	fpu_free(thread);
}

void context_start_failed(void)
{
	panic("context: a kernel thread's function returned");
}

/* The user's GS.base waits in KERNEL_GS_BASE while the kernel runs; swapgs is
 * quicker than the MSR. Interrupts off; an NMI between does not trust GS.base. */
static u64 gs_base_read(void)
{
	u64 base;

	if (!cpu_has(CPU_FSGSBASE))
		return msr_read(MSR_KERNEL_GS_BASE);
	__asm__ volatile("swapgs; rdgsbase %0; swapgs" : "=r"(base)::"memory");
	return base;
}

static void gs_base_write(u64 base)
{
	if (cpu_has(CPU_FSGSBASE))
		__asm__ volatile("swapgs; wrgsbase %0; swapgs" ::"r"(base) : "memory");
	else
		msr_write(MSR_KERNEL_GS_BASE, base);
}

static u64 fs_base_read(void)
{
	u64 base;

	if (!cpu_has(CPU_FSGSBASE))
		return msr_read(MSR_FS_BASE);
	__asm__ volatile("rdfsbase %0" : "=r"(base));
	return base;
}

static void fs_base_write(u64 base)
{
	if (cpu_has(CPU_FSGSBASE))
		__asm__ volatile("wrfsbase %0" ::"r"(base));
	else
		msr_write(MSR_FS_BASE, base);
}

static __noinline void bases_switch_msr(struct arch_thread *prev, const struct arch_thread *next)
{
	prev->fs_base = fs_base_read();
	prev->gs_base = gs_base_read();
	if (prev->fs_base != next->fs_base)
		fs_base_write(next->fs_base);
	if (prev->gs_base != next->gs_base)
		gs_base_write(next->gs_base);
}

/* Programs change the bases by themselves (WRFSBASE, or a selector load, which
 * clears one): the registers are the truth while a thread runs. */
static inline void bases_switch(struct arch_thread *prev, const struct arch_thread *next)
{
	u64 fs, gs, next_gs = next->gs_base;

	if (unlikely(!cpu_has(CPU_FSGSBASE))) {
		bases_switch_msr(prev, next);
		return;
	}
	__asm__ volatile("rdfsbase %0\n\t"
			 "swapgs\n\t"
			 "rdgsbase %1\n\t"
			 "wrgsbase %2\n\t"
			 "swapgs"
			 : "=&r"(fs), "=&r"(gs)
			 : "r"(next_gs)
			 : "memory");
	prev->fs_base = fs;
	prev->gs_base = gs;
	__asm__ volatile("wrfsbase %0" ::"r"(next->fs_base));
}

struct thread *context_switch(struct thread *prev, struct thread *next, struct mmu_space *space)
{
	struct cpu *cpu = this_cpu();

	if (unlikely(cpu->fpu_live))
		fpu_switch_out(prev);
	bases_switch(&prev->arch, &next->arch);
	if (space && space != cpu->space)
		mmu_activate(space);
	cpu->thread = next;
	cpu->kstack_top = kstack_top(next);
	cpu_local(cpu)->tss.rsp[0] = kstack_top(next);
	return context_switch_stack(&prev->arch.rsp, next->arch.rsp, prev);
}

void context_exec(vaddr_t entry, vaddr_t sp)
{
	struct trapframe *tf = frame_of(current);
	irqflags_t flags;

	*tf = (struct trapframe){
		.orig_rax = ~0ull,
		.rip = entry,
		.cs = USER_CS,
		.rflags = RFLAGS_IF | RFLAGS_ONE,
		.rsp = sp,
		.ss = USER_SS,
	};
	fpu_reset();
	flags = irq_save();
	fs_base_write(0);
	gs_base_write(0);
	irq_restore(flags);
}

int context_set_fs_base(u64 base)
{
	if (base >= USER_END)
		return -EPERM;
	fs_base_write(base);
	return 0;
}

int context_set_gs_base(u64 base)
{
	irqflags_t flags;

	if (base >= USER_END)
		return -EPERM;
	flags = irq_save();
	gs_base_write(base);
	irq_restore(flags);
	return 0;
}

u64 context_get_fs_base(void)
{
	return fs_base_read();
}

u64 context_get_gs_base(void)
{
	irqflags_t flags = irq_save();
	u64 base = gs_base_read();

	irq_restore(flags);
	return base;
}

void context_set_child_tls(struct thread *thread, u64 base)
{
	thread->arch.fs_base = base;
}
