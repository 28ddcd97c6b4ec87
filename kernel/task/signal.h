/* SPDX-License-Identifier: MIT */
/*
 * Signals as Linux has them: per-thread and per-process pending sets, queued
 * real-time signals, actions shared by CLONE_SIGHAND.
 */
#pragma once

#include <kernel/abi/linux_signal.h>
#include <kernel/core/refcount.h>
#include <kernel/core/spinlock.h>
#include <kernel/lib/types.h>

struct task;
struct thread;
struct trapframe;

/* Shared by the threads of a task, and by tasks after CLONE_SIGHAND. */
struct signal_state {
	struct refcount refs;
	struct spinlock lock;                    /* RANK_SIGNAL, irq-safe */
	struct linux_sigaction actions[64];      /* [lock] signo - 1 */
};

#define SIGMASK(signo) (1ull << ((signo) - 1))

/** signal_send_task, signal_send_thread - queue @info (si_signo says which); no
 * permission check. Any context; takes sig->lock. The target must be referenced
 * or current. Return: 0; -EAGAIN a real-time queue is full (RLIMIT_SIGPENDING). */
int signal_send_task(struct task *task, const struct linux_siginfo *info);
int signal_send_thread(struct thread *thread, const struct linux_siginfo *info);

/** signal_send_pgrp - kernel-made signal (SI_KERNEL) to a process group: tty.
 * Return: number of processes it reached. */
u32 signal_send_pgrp(s32 pgid, int signo);
/** signal_send_kernel - SI_KERNEL @signo to @task */
void signal_send_kernel(struct task *task, int signo);
/** signal_force - synchronous fault of current: unblocked, default action when
 * blocked or ignored (force_sig_info) */
void signal_force(const struct linux_siginfo *info);

/** signal_pending - current has a deliverable signal: interruptible sleeps end */
bool signal_pending(void);
bool signal_pending_thread(const struct thread *thread);

/** signal_set_mask - current's blocked set; KILL and STOP are taken out */
void signal_set_mask(u64 mask);

/** signal_suspend_mask - block @mask until a handler has been set up, then the old
 * mask comes back (sigsuspend, pselect, ppoll) */
void signal_suspend_mask(u64 mask);

/** signal_ignored - would @signo be dropped by @task right now (SIGTTIN rules) */
bool signal_ignored(struct task *task, int signo);
bool signal_blocked_or_ignored(int signo); /* for current */

/** signal_deliver - on return to user: stop, die, or set up a handler frame;
 * handles ERESTART* results in @tf. */
void signal_deliver(struct trapframe *tf);

/* The architecture's half (arch/x86_64/sigframe.c), called by signal.c. */
struct sigframe_request {
	int signo;
	const struct linux_sigaction *action;
	const struct linux_siginfo *info;
	u64 old_mask;
};
/** sigframe_setup - push a Linux rt_sigframe and enter the handler. Return: 0;
 * -EFAULT the stack is unusable (the caller forces SIGSEGV). */
__must_check int sigframe_setup(struct trapframe *tf, const struct sigframe_request *req);
/** sigframe_restore - rt_sigreturn: registers, FPU, mask from the frame at rsp.
 * Return: 0; -EFAULT bad frame. */
__must_check int sigframe_restore(struct trapframe *tf, u64 *mask);
