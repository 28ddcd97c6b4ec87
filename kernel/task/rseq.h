/* SPDX-License-Identifier: MIT */
/*
 * Restartable sequences: a thread keeps, in an area it registered, the address of
 * a description of the critical section it is in; if it is interrupted there by
 * another thread on its CPU, by a move to another CPU or by a signal, it goes on
 * at the section's abort address. The area also tells the CPU and node.
 */
#pragma once

#include <kernel/task/thread.h>

struct trapframe;

/** rseq_register - rseq(2) for current. Return: 0; -EINVAL -EPERM -EBUSY -EFAULT. */
__must_check int rseq_register(u64 area, u32 len, u32 signature);
/** rseq_unregister - the same arguments again. Return: 0; -EINVAL -EPERM -EFAULT. */
__must_check int rseq_unregister(u64 area, u32 len, u32 signature);

/** rseq_resume - current goes back to @tf in user mode after THREAD_WORK_RSEQ: abort
 * what it was in, tell the CPU. Interrupts on; may queue SIGSEGV. */
void rseq_resume(struct trapframe *tf);

/** rseq_signal - a handler is about to interrupt @tf; before its frame is made */
void rseq_signal(struct trapframe *tf);

/** rseq_fork - what @child has of its parent's registration */
void rseq_fork(struct thread *child, const struct thread *parent, bool shares_memory);
/** rseq_exec - a new program has none */
static inline void rseq_exec(struct thread *thread)
{
	thread->rseq = 0;
}

/** rseq_moved - @thread goes on on another CPU, or is to be interrupted wherever it is */
static inline void rseq_moved(struct thread *thread)
{
	if (unlikely(thread->rseq))
		atomic_fetch_or(&thread->work, (u32)THREAD_WORK_RSEQ);
}

/**
 * rseq_switched_out - another thread runs now on the CPU of @thread. One that is in
 * a system call is in no critical section, which must not make any (rseq(2)), so
 * that programs which registered and sleep in calls pay for a look only.
 */
static inline void rseq_switched_out(struct thread *thread)
{
	if (unlikely(thread->rseq) && !context_in_syscall(thread))
		atomic_fetch_or(&thread->work, (u32)THREAD_WORK_RSEQ);
}
