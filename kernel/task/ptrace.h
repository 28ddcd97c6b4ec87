/* SPDX-License-Identifier: MIT */
/*
 * ptrace(2): a process, the tracer, is told of what threads of others do, and
 * looks into and changes them while they are stopped for it. A thread that is not
 * traced has thread->ptrace NULL and passes here nowhere.
 */
#pragma once

#include <kernel/abi/linux_ptrace.h>
#include <kernel/abi/linux_signal.h>
#include <kernel/lib/list.h>
#include <kernel/lib/types.h>

struct task;
struct thread;
struct trapframe;
struct wait_request;
struct wait_result;

/* Lock key: i immutable, t TASK_TREE, s sig->lock of the traced task; ts: either to
 * read, both to write. */
struct ptrace {
	struct list_head link;     /* [t] tracer->tracees */
	struct task *tracer;       /* [ts] */
	struct task *task;         /* [i] referenced */
	struct thread *thread;     /* [ts] NULL: it has ended */
	s32 tid;                   /* [t] its number, which stays in use */
	bool seized;               /* [i] PTRACE_SEIZE */
	u32 options;               /* [s] PTRACE_O_* */
	bool dead;                 /* [t] the end is to be told: status */
	int status;                /* [t] wait status word */
	bool reported;             /* [s] the stop was told by wait */
	bool listening;            /* [s] PTRACE_LISTEN: a stop as of job control */
	bool trap;                 /* [s] a stop is due at the next occasion */
	bool calls;                /* [s] stop at system calls */
	bool step;                 /* [s] after one instruction */
	bool has_info;             /* [s] info is of the signal of this stop */
	u8 op;                     /* [s] PTRACE_SYSCALL_INFO_* */
	int code;                  /* [s] of the stop: signal | event << 8 */
	u64 message;               /* [s] PTRACE_GETEVENTMSG */
	struct linux_siginfo info; /* [s] */
};

/* ---- what the traced thread passes; all: current, no locks ---- */

/** ptrace_syscall_enter, ptrace_syscall_exit - with WORK_SYSCALL set. @tf may be changed.
 * Return (enter): false: the call is not to be made, rax stands in @tf */
__must_check bool ptrace_syscall_enter(struct trapframe *tf);
void ptrace_syscall_exit(struct trapframe *tf);
/** ptrace_signal - @info was taken for delivery. Return: the signal to deliver, 0: none;
 * *info is its */
int ptrace_signal(int signo, struct linux_siginfo *info);
/** ptrace_trap_stop - a stop that was asked for, or (@group) of the whole process.
 * Return: false: not traced any more. */
bool ptrace_trap_stop(bool group);
/** ptrace_event - tell of PTRACE_EVENT_@event, if the tracer wants that */
void ptrace_event(int event, u64 message);
/** ptrace_seccomp - a filter wants the tracer asked about this call. Return: it was */
bool ptrace_seccomp(u32 data);
/** ptrace_exec - execve() has taken place; @old_tid: number before */
void ptrace_exec(s32 old_tid);
/** ptrace_step_begin_handler - a handler is about to be entered: its frame is not to
 * show that the thread is stepped. Return: it is; ptrace_step_handler() after. */
bool ptrace_step_begin_handler(void);
void ptrace_step_handler(void);

/* ---- new and ending threads ---- */

/** ptrace_clone_event - PTRACE_EVENT_* that a clone() of current with @flags is; 0: none.
 * @auto_attach: the child will be traced too */
int ptrace_clone_event(u64 flags, bool *auto_attach);
/** ptrace_alloc - for ptrace_inherit_locked(); NULL: no memory */
struct ptrace *ptrace_alloc(void);
void ptrace_free(struct ptrace *pt);
/** ptrace_inherit_locked - @child, linked but not started, is traced as current is. Takes
 * @pt over, or frees it when current is not traced any more. TASK_TREE held. */
void ptrace_inherit_locked(struct ptrace *pt, struct thread *child);
/** ptrace_thread_gone_locked - current has left its task; TASK_TREE held */
void ptrace_thread_gone_locked(struct thread *thread, int status);
/** ptrace_task_gone_locked - the task is a zombie. Return: true when the tracer is told
 * first: its parent later, by task_notify_exit_locked(). TASK_TREE held. */
bool ptrace_task_gone_locked(struct task *task);
/** ptrace_release_all_locked - the tracer ends; @dead: tasks that nobody waits for, as of
 * exit.c. TASK_TREE held. */
void ptrace_release_all_locked(struct task *tracer, struct list_head *dead);
/** ptrace_exec_rename_locked - current has taken its process's number; TASK_TREE held */
void ptrace_exec_rename_locked(struct thread *thread);

/* ---- the tracer ---- */

/** ptrace_wait_locked - look for what current's task traces. Return: 1 found; 0 nothing
 * now; -ECHILD nothing matches. *reap: see wait.c. TASK_TREE held. */
int ptrace_wait_locked(const struct wait_request *req, struct wait_result *out,
		       struct task **reap);
/** ptrace_is_own_locked - does current's task trace @task's first thread? */
bool ptrace_is_own_locked(const struct task *task);

/** ptrace_may_access - may current look into @task (ptrace(2), "access mode checking")? */
bool ptrace_may_access(struct task *task);
/** ptrace_traceme, ptrace_attach - Return: 0; -EPERM; -ESRCH; -ENOMEM */
__must_check int ptrace_traceme(void);
__must_check int ptrace_attach(s32 tid, bool seize, u32 options);
__must_check int ptrace_interrupt(s32 tid);
__must_check int ptrace_listen(s32 tid);
enum ptrace_resume { PTRACE_RESUME_CONT, PTRACE_RESUME_SYSCALL, PTRACE_RESUME_STEP };
__must_check int ptrace_continue(s32 tid, enum ptrace_resume how, int signo);
__must_check int ptrace_detach(s32 tid, int signo);
__must_check int ptrace_kill(s32 tid);

/** ptrace_with_stopped - call @fn on a thread that current traces and that is stopped, its
 * registers in memory, under locks. Return: -ESRCH, or what @fn returns. */
__must_check int ptrace_with_stopped(s32 tid, int (*fn)(struct ptrace *pt, void *arg), void *arg);

bool ptrace_tracer_is_current(s32 tid);
/** ptrace_continued_locked - SIGCONT for a stopped process with traced @thread; sig->lock */
void ptrace_continued_locked(struct thread *thread);
/** ptrace_trap_due_locked - is current, traced, to call ptrace_trap_stop()? sig->lock */
bool ptrace_trap_due_locked(struct thread *thread);
/** ptrace_tracer_of - its number, 0: nobody */
s32 ptrace_tracer_of(struct thread *thread);
