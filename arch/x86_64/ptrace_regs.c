/* SPDX-License-Identifier: MIT */
/*
 * Registers of a stopped thread for its tracer (contract: arch/context.h). What is set
 * is held to what the thread could have set itself; where the frame is left (entry.asm)
 * selectors and flags are forced once more, and rip is checked.
 * Source: man ptrace(2); <sys/user.h>.
 */
#include <arch/context.h>

#include <arch/irq.h>
#include <arch/uaccess.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_ptrace.h>
#include <kernel/task/thread.h>

#include "fpu.h"
#include "regs.h"

void context_regs_get(struct thread *thread, struct linux_user_regs *out)
{
	const struct trapframe *tf = context_frame(thread);

	*out = (struct linux_user_regs){
		.r15 = tf->r15, .r14 = tf->r14, .r13 = tf->r13, .r12 = tf->r12,
		.rbp = tf->rbp, .rbx = tf->rbx, .r11 = tf->r11, .r10 = tf->r10,
		.r9 = tf->r9, .r8 = tf->r8, .rax = tf->rax, .rcx = tf->rcx,
		.rdx = tf->rdx, .rsi = tf->rsi, .rdi = tf->rdi, .orig_rax = tf->orig_rax,
		.rip = tf->rip, .cs = USER_CS, .eflags = tf->rflags, .rsp = tf->rsp,
		.ss = USER_SS, .fs_base = thread->arch.fs_base, .gs_base = thread->arch.gs_base,
	};
}

int context_regs_set(struct thread *thread, const struct linux_user_regs *r)
{
	struct trapframe *tf = context_frame(thread);

	if (r->cs != USER_CS || r->ss != USER_SS || r->fs_base >= USER_END ||
	    r->gs_base >= USER_END)
		return -EIO;
	*tf = (struct trapframe){
		.r15 = r->r15, .r14 = r->r14, .r13 = r->r13, .r12 = r->r12,
		.rbp = r->rbp, .rbx = r->rbx, .r11 = r->r11, .r10 = r->r10,
		.r9 = r->r9, .r8 = r->r8, .rax = r->rax, .rcx = r->rcx,
		.rdx = r->rdx, .rsi = r->rsi, .rdi = r->rdi, .orig_rax = r->orig_rax,
		.rip = r->rip, .cs = USER_CS, .rsp = r->rsp, .ss = USER_SS,
		.rflags = (r->eflags & RFLAGS_USER_MASK) | RFLAGS_IF | RFLAGS_ONE,
	};
	thread->arch.fs_base = r->fs_base;
	thread->arch.gs_base = r->gs_base;
	return 0;
}

bool context_step(struct thread *thread, bool on)
{
	struct trapframe *tf = context_frame(thread);
	bool was = tf->rflags & RFLAGS_TF;

	if (on)
		tf->rflags |= RFLAGS_TF;
	else
		tf->rflags &= ~RFLAGS_TF;
	return on && !was;
}

size_t context_xstate_size(void)
{
	return fpu_export_size();
}

void context_fpu_get(struct thread *thread, void *buf, size_t len)
{
	fpu_export(thread, buf, len);
}

int context_fpu_set(struct thread *thread, const void *buf, size_t len)
{
	return fpu_import(thread, buf, len);
}
