/* SPDX-License-Identifier: MIT */
/*
 * The register state of threads: the frame a trap or system call leaves on
 * the kernel stack, and what a switch saves. Layouts are known to nasm through
 * arch/x86_64/offsets.c.
 */
#pragma once

#include <kernel/lib/types.h>

struct linux_user_regs;
struct thread;
struct mmu_space;

/*
 * Pushed by every entry, in this order upwards in memory. orig_rax is the
 * system call number (as Linux's orig_rax) or ~0 outside a call; `vector` and
 * `error` are of the exception. The five last words are the CPU's IRET frame
 * (Intel SDM vol. 3 §6.14.2).
 */
struct trapframe {
	u64 r15, r14, r13, r12, rbp, rbx;
	u64 r11, r10, r9, r8;
	u64 rax, rcx, rdx, rsi, rdi;
	u64 orig_rax;
	u64 vector, error;
	u64 rip, cs, rflags, rsp, ss;
};
static_assert(sizeof(struct trapframe) == 23 * 8, "known to entry.asm");

/* Lives inside struct thread. Own thread, or its creator before it runs. */
struct arch_thread {
	u64 rsp;      /* kernel stack pointer while switched out */
	u64 fs_base;  /* user's, valid while switched out */
	u64 gs_base;  /* user's GS, in KERNEL_GS_BASE while running */
	void *fpu;    /* XSAVE area, 64-byte aligned; NULL until first use */
	cpu_t fpu_cpu; /* CPU whose registers may still hold it, or NR_CPUS */
};

/** context_frame - the user registers of @thread as its last entry saved them
 * Context: @thread is current, or stopped. User threads only. Whoever asks may
 * change them, so that this return to user mode restores them all (IRETQ). */
struct trapframe *context_frame(struct thread *thread);

/** context_syscall_nr - the number of the system call that current is in; unlike
 * context_frame() it leaves the quick way back to user mode open */
u64 context_syscall_nr(void);

/** context_in_syscall - whether @thread's last entry was a system call, which no handler
 * has interrupted since; any thread with a kernel stack, user threads only */
bool context_in_syscall(const struct thread *thread);

/** context_log - every register of @tf and the control registers as log lines */
void context_log(const struct trapframe *tf);

/** context_init_kernel - first switch to @thread calls fn(arg), interrupts on */
void context_init_kernel(struct thread *thread, void (*fn)(void *arg), void *arg);

/**
 * context_init_user - first switch to @thread returns to user mode with @frame
 * (through upcall_return_to_user(), so signals and work are seen first).
 * Copies FS/GS base and FPU state from @parent when that is not NULL.
 * Return: 0; -ENOMEM no memory for the FPU state.
 */
__must_check int context_init_user(struct thread *thread, const struct trapframe *frame,
				   struct thread *parent);

/** context_fini - free what the architecture holds for a dead @thread */
void context_fini(struct thread *thread);

/** context_exec - make current's registers those of a fresh image: all zero
 * but rip = @entry and rsp = @sp, FPU state initial, FS and GS base 0 */
void context_exec(vaddr_t entry, vaddr_t sp);

/**
 * context_switch - run @next instead of @prev; returns in @prev's next run
 * @space: address space of @next, NULL to keep whatever is loaded (kernel
 * threads); CR3 is not written when it shows @space already.
 * Return: the thread that ran before this one was switched back to.
 * Context: interrupts off, run queue lock held; passes it on.
 */
struct thread *context_switch(struct thread *prev, struct thread *next, struct mmu_space *space);

/** context_set_fs/gs_base - arch_prctl for current; -EPERM outside user range */
__must_check int context_set_fs_base(u64 base);
__must_check int context_set_gs_base(u64 base);
u64 context_get_fs_base(void);
u64 context_get_gs_base(void);
/** context_set_child_tls - FS base of a thread that has not run yet (CLONE_SETTLS) */
void context_set_child_tls(struct thread *thread, u64 base);

/*
 * For a tracer (kernel/task/ptrace.h): registers of @thread, which is stopped and
 * switched out. The FPU state is XSAVE's standard form, its first 512 bytes FXSAVE's.
 */
void context_regs_get(struct thread *thread, struct linux_user_regs *out);
/** context_regs_set - Return: 0; -EIO a value that user mode cannot have */
__must_check int context_regs_set(struct thread *thread, const struct linux_user_regs *regs);
/** context_step - trap after the next instruction. Return: it was switched on by this */
bool context_step(struct thread *thread, bool on);
/** context_xstate_size - bytes of the whole FPU state; 0: there is no XSAVE */
size_t context_xstate_size(void);
/** context_fpu_get, context_fpu_set - its first @len bytes, at most the whole
 * Return (set): 0; -EINVAL no state of the CPU; -ENOMEM. */
void context_fpu_get(struct thread *thread, void *buf, size_t len);
__must_check int context_fpu_set(struct thread *thread, const void *buf, size_t len);
