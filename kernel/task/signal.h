/* SPDX-License-Identifier: MIT */
/*
 * Signals as Linux has them: per-thread and per-process pending sets, queued
 * real-time signals, actions shared by CLONE_SIGHAND.
 */
#pragma once

#include <arch/irq.h>
#include <kernel/abi/linux_signal.h>
#include <kernel/core/refcount.h>
#include <kernel/core/spinlock.h>
#include <kernel/lib/types.h>

struct sigpending;
struct task;
struct thread;
struct waitq;
struct trapframe;

/* Shared by the threads of a task, and by tasks after CLONE_SIGHAND. */
struct signal_state {
	struct refcount refs;                    /* tasks */
	struct spinlock lock;                    /* RANK_SIGNAL, irq-safe */
	struct linux_sigaction actions[64];      /* [lock] signo - 1; flags: 32 bits */
	u64 given;                               /* [lock] the others are all zero */
	struct signal_state *retired;            /* [i] replaced by exec, still referenced:
	                                            a sender may be waiting for its lock */
};

/** signal_lock - lock the state that @task has now (exec may replace a shared one) */
struct signal_state *signal_lock(struct task *task, irqflags_t *flags);
void signal_unlock(struct signal_state *sig, irqflags_t flags);

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

/** signal_interrupt - calls that wait in @task begin again as if a signal had come that
 * nobody handles: what they were told to wait for may be gone */
void signal_interrupt(struct task *task);
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

/** signal_restore_mask - what signal_suspend_mask() saved comes back */
void signal_restore_mask(void);

/** signal_state_alloc - all default, one reference. NULL: no memory */
struct signal_state *signal_state_alloc(void);
void signal_state_put(struct signal_state *sig);
/** signal_state_copy_locked - the actions of @from into fresh @to */
void signal_state_copy_locked(struct signal_state *to, const struct signal_state *from);
void sigpending_init(struct sigpending *pending);
/** sigpending_flush - drop all that is queued; no lock if nobody else sees it */
void sigpending_flush(struct task *task, struct sigpending *pending);
/** signal_exec - caught signals to default, altstack off; current is alone.
 * @fresh: replaces a state shared with other tasks, NULL: was not shared. */
void signal_exec(struct signal_state *fresh);
/** signal_kill_threads_locked - every thread of @task but @except must exit.
 * Locks: the task's sig->lock. */
void signal_kill_threads_locked(struct task *task, struct thread *except);
/** signal_thread_exit_locked - current leaves: its part in a stop, its signals.
 * Return: true when the task has stopped by that: signal_notify_parent() it. */
bool signal_thread_exit_locked(struct thread *thread);
/** signal_notify_parent - SIGCHLD for stop or continue. @code: CLD_STOPPED, ... */
void signal_notify_parent(struct task *task, int code);
/** signal_action - rt_sigaction(2) after its checks; either may be NULL */
void signal_action(int signo, const struct linux_sigaction *act, struct linux_sigaction *old);
/** signal_pending_mask - blocked signals that wait for current (rt_sigpending) */
u64 signal_pending_mask(void);
/** signal_wait - take a signal of @set, waiting until @deadline_ns (0: do not wait).
 * Return: its number; -EAGAIN time-out; -EINTR another signal came. */
__must_check int signal_wait(u64 set, ns_t deadline_ns, struct linux_siginfo *info);

/** signal_news - woken when a signal is queued for @task or a thread of it; shared with
 * other tasks, so look again. It outlives every task: a watch may be left behind. */
struct waitq *signal_news(const struct task *task);
/** signal_waiting - signals queued for current, blocked or not; racy */
u64 signal_waiting(void);

/** signal_check - may current send @signo to @task (kill(2))? 0; -EPERM */
__must_check int signal_check(struct task *task, int signo);
/** signal_user_info - what kill(2) tells */
void signal_user_info(struct linux_siginfo *info, int signo, int code);

/** signal_deliver - on return to user: stop, die, or set up a handler frame;
 * handles ERESTART* results in @tf. */
void signal_deliver(struct trapframe *tf);

/** signal_on_altstack - is user stack pointer @sp on current's alternate stack? */
bool signal_on_altstack(u64 sp);
/** signal_altstack_get - as sigaltstack(2) tells it with stack pointer @sp */
void signal_altstack_get(struct linux_stack_t *out, u64 sp);
/** signal_altstack_set - Return: 0; -EPERM @sp is on it; -EINVAL; -ENOMEM too small */
__must_check int signal_altstack_set(const struct linux_stack_t *new, u64 sp);

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
/** sigframe_min_stack - AT_MINSIGSTKSZ: room that a handler's frame takes */
u64 sigframe_min_stack(void);
