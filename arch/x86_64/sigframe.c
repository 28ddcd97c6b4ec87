/* SPDX-License-Identifier: MIT */
/*
 * The frame of a signal handler on the user stack, as Linux x86_64 lays it out
 * (drawing in kernel/abi/linux_signal.h), and the way back from it. All of it
 * belongs to the program between the two: rt_sigreturn takes from it only what
 * a program could have put into its registers itself. Selectors and privileged
 * flags are forced where the frame is left (entry.asm), which also checks rip.
 */
#include <kernel/task/signal.h>

#include <arch/context.h>
#include <arch/cpu.h>
#include <arch/uaccess.h>
#include <kernel/abi/errno.h>
#include <kernel/task/thread.h>

#include "cpuid.h"
#include "fpu.h"
#include "regs.h"

struct rt_sigframe {
	u64 pretcode; /* return address: the restorer */
	struct linux_ucontext uc;
	struct linux_siginfo info;
};
static_assert(sizeof(struct rt_sigframe) == 440, "Linux ABI");
static_assert(offsetof(struct rt_sigframe, info) == 312, "Linux ABI");

#define RED_ZONE 128u /* psABI §3.2.2 */
/* CF PF AF ZF SF TF DF OF RF AC: what a program may set by itself */
#define RFLAGS_RESTORED 0x50dd5ull

u32 cpu_hwcap(void)
{
	static u32 edx; /* CPUID leaves the guest under virtualisation: ask once */

	if (!edx)
		edx = cpuid(1, 0).edx;
	return edx;
}

u64 sigframe_min_stack(void)
{
	return sizeof(struct rt_sigframe) + fpu_state_size() + 64 + 16 + 8;
}

/* Where the frame and, above it, the FPU state go. Return: 0 if they do not fit. */
static u64 frame_place(const struct trapframe *tf, const struct linux_sigaction *action, u64 *fpu)
{
	const struct thread *t = current;
	bool bounded = signal_on_altstack(tf->rsp);
	u64 sp = tf->rsp - RED_ZONE;

	if ((action->sa_flags & SA_ONSTACK) && !bounded && t->altstack_size) {
		sp = t->altstack_sp + t->altstack_size;
		bounded = true;
	}
	*fpu = ALIGN_DOWN(sp - fpu_state_size(), 64ull);
	/* At the handler's first instruction rsp is as after a call. */
	sp = ALIGN_DOWN(*fpu - sizeof(struct rt_sigframe), 16ull) - 8;
	if (bounded && (sp <= t->altstack_sp || sp - t->altstack_sp > t->altstack_size))
		return 0;
	return sp;
}

/* Every field is written once: the frame is not cleared before. */
static void fill_sigcontext(struct linux_sigcontext *sc, const struct trapframe *tf, u64 mask)
{
	const struct thread *t = current;

	sc->r8 = tf->r8, sc->r9 = tf->r9, sc->r10 = tf->r10, sc->r11 = tf->r11;
	sc->r12 = tf->r12, sc->r13 = tf->r13, sc->r14 = tf->r14, sc->r15 = tf->r15;
	sc->rdi = tf->rdi, sc->rsi = tf->rsi, sc->rbp = tf->rbp, sc->rbx = tf->rbx;
	sc->rdx = tf->rdx, sc->rax = tf->rax, sc->rcx = tf->rcx, sc->rsp = tf->rsp;
	sc->rip = tf->rip, sc->eflags = tf->rflags;
	sc->cs = USER_CS, sc->gs = 0, sc->fs = 0, sc->ss = USER_SS;
	sc->err = t->fault_error, sc->trapno = t->fault_trapno, sc->oldmask = mask;
	sc->cr2 = t->fault_addr;
	for (u32 i = 0; i < ARRAY_SIZE(sc->reserved1); i++)
		sc->reserved1[i] = 0;
}

static void fill_frame(struct rt_sigframe *frame, const struct trapframe *tf,
		       const struct sigframe_request *req, u64 fpu)
{
	const struct thread *t = current;
	struct linux_ucontext *uc = &frame->uc;

	frame->pretcode = req->action->sa_restorer;
	uc->uc_flags = UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS |
		       (fpu_state_size() > sizeof(struct linux_fpstate) ? UC_FP_XSTATE : 0);
	uc->uc_link = 0;
	uc->uc_stack = (struct linux_stack_t){ t->altstack_sp, (s32)t->altstack_flags, 0,
					       t->altstack_size };
	fill_sigcontext(&uc->uc_mcontext, tf, req->old_mask);
	uc->uc_mcontext.fpstate = fpu;
	uc->uc_sigmask = req->old_mask;
	frame->info = *req->info;
}

int sigframe_setup(struct trapframe *tf, const struct sigframe_request *req)
{
	const struct linux_sigaction *action = req->action;
	struct thread *t = current;
	struct rt_sigframe frame;
	u64 fpu, sp = frame_place(tf, action, &fpu);

	if (!sp || !(action->sa_flags & SA_RESTORER))
		return -EFAULT;
	fill_frame(&frame, tf, req, fpu);
	if (copy_to_user((void __user *)(uintptr_t)sp, &frame, sizeof(frame)) ||
	    fpu_save_user((void __user *)(uintptr_t)fpu))
		return -EFAULT;

	if (t->altstack_flags & SS_AUTODISARM) {
		t->altstack_sp = t->altstack_size = 0;
		t->altstack_flags = SS_DISABLE;
	}
	tf->rdi = (u64)req->signo;
	tf->rsi = sp + offsetof(struct rt_sigframe, info);
	tf->rdx = sp + offsetof(struct rt_sigframe, uc);
	tf->rax = 0; /* no vector registers in a variadic call (psABI §3.5.7) */
	tf->rip = action->sa_handler;
	tf->rsp = sp;
	tf->rflags &= ~(RFLAGS_DF | RFLAGS_TF | RFLAGS_RF);
	tf->orig_rax = ~0ull;
	return 0;
}

static void take_sigcontext(struct trapframe *tf, const struct linux_sigcontext *sc)
{
	tf->r8 = sc->r8, tf->r9 = sc->r9, tf->r10 = sc->r10, tf->r11 = sc->r11;
	tf->r12 = sc->r12, tf->r13 = sc->r13, tf->r14 = sc->r14, tf->r15 = sc->r15;
	tf->rdi = sc->rdi, tf->rsi = sc->rsi, tf->rbp = sc->rbp, tf->rbx = sc->rbx;
	tf->rdx = sc->rdx, tf->rax = sc->rax, tf->rcx = sc->rcx, tf->rsp = sc->rsp;
	tf->rip = sc->rip;
	tf->rflags = (tf->rflags & ~RFLAGS_RESTORED) | (sc->eflags & RFLAGS_RESTORED);
	tf->cs = USER_CS, tf->ss = USER_SS;
	tf->orig_rax = ~0ull; /* not in a call: nothing to restart */
	tf->vector = tf->error = 0;
}

int sigframe_restore(struct trapframe *tf, u64 *mask)
{
	/* The handler's RET has taken the return address. */
	const struct rt_sigframe __user *frame =
		(const struct rt_sigframe __user *)(uintptr_t)(tf->rsp - 8);
	struct linux_ucontext uc;
	u64 fpu;

	if (copy_from_user(&uc, user_field(frame, uc), sizeof(uc)))
		return -EFAULT;
	/* 32-bit code segments do not exist here. */
	if ((uc.uc_mcontext.cs | 3) != USER_CS)
		return -EFAULT;
	fpu = uc.uc_mcontext.fpstate;
	if (fpu_load_user((const void __user *)(uintptr_t)fpu))
		return -EFAULT;
	take_sigcontext(tf, &uc.uc_mcontext);
	*mask = uc.uc_sigmask;
	/* As Linux: a bad stack is not the program's way back's fault. */
	(void)!signal_altstack_set(&uc.uc_stack, tf->rsp);
	return 0;
}
