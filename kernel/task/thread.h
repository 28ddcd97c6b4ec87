/* SPDX-License-Identifier: MIT */
/*
 * Threads: what the scheduler runs. Every thread belongs to a task; kernel
 * threads to kernel_task.
 *
 *   NEW --sched_start--> READY <--> RUNNING --sched_exit--> DEAD --reap--> freed
 *                          ^           |
 *                          +--wake-- SLEEP (interruptible), BLOCK (not),
 *                                    STOPPED (job control), TRACED (ptrace)
 */
#pragma once

#include <arch/context.h>
#include <kernel/abi/linux_signal.h>
#include <kernel/core/refcount.h>
#include <kernel/core/sched_hooks.h>
#include <kernel/sched/sched.h>
#include <kernel/time/timer.h>
#include <mm/mempolicy.h>

struct task;
struct ptrace;     /* kernel/task/ptrace.h */
struct seccomp_filter;
struct vfork_wait; /* kernel/task/fork.c */

enum thread_state {
	THREAD_NEW,
	THREAD_READY,
	THREAD_RUNNING,
	THREAD_SLEEP,
	THREAD_BLOCK,
	THREAD_STOPPED,
	THREAD_TRACED,
	THREAD_DEAD,
};

/* Reasons to take the slow way back to user, or into a system call. */
enum thread_work {
	THREAD_WORK_RESCHED = 1,
	THREAD_WORK_SIGNAL = 2,   /* may have a deliverable signal */
	THREAD_WORK_EXIT = 4,     /* the task is exiting or exec kills this thread */
	THREAD_WORK_STOP = 8,     /* job control: stop before running on */
	THREAD_WORK_START = 16,   /* first run: thread->on_start */
	THREAD_WORK_RESTORE = 32, /* saved_blocked is to come back */
	THREAD_WORK_RSEQ = 64,    /* kernel/task/rseq.h: interrupted, or on another CPU */
	/* Looked at by the entry path of a system call (arch/x86_64/syscall_entry.asm). */
	THREAD_WORK_SYSCALL = 256, /* a tracer: every call is slow */
	THREAD_WORK_SECCOMP = 512, /* slow unless thread->seccomp allows it by number */
	THREAD_WORK_PLEDGE = 1024, /* slow unless thread->pledge permits it by number */
	THREAD_WORK_UNVEIL = 2048, /* its fs_context has unveil rules */
};
#define THREAD_WORK_WATCHED (THREAD_WORK_SYSCALL | THREAD_WORK_SECCOMP | THREAD_WORK_PLEDGE)
/* Looked at by every walk of a path. */
#define THREAD_WORK_PATHS (THREAD_WORK_PLEDGE | THREAD_WORK_UNVEIL)
/* What ends an interruptible sleep. */
#define THREAD_WORK_INTERRUPT (THREAD_WORK_SIGNAL | THREAD_WORK_EXIT | THREAD_WORK_STOP)

struct sigqueue; /* kernel/task/signal.c: one queued signal */

/* Signals waiting for a thread or for a whole process. */
struct sigpending {
	u64 mask;                /* bit signo-1 */
	struct list_head queue;  /* struct sigqueue, oldest first */
};

/* How to go on with a call that a signal interrupted (restart_syscall). */
struct restart_block {
	long (*fn)(struct restart_block *block);
	ns_t deadline_ns;
	u64 args[4];
};

/*
 * Lock key: i immutable after creation   c own thread only   a atomic
 *           q run-queue lock of ->cpu     s task->sig.lock
 */
struct thread {
	struct arch_thread arch;      /* [c] or stopped */
	u32 work;                     /* [a] enum thread_work; entry.asm reads it */
	enum thread_state state;      /* [q][a] */
	vaddr_t kstack;               /* [i] lowest address */
	struct task *task;            /* [i] */
	s32 tid;                      /* [i] */
	cpu_t cpu;                    /* [q] where it is queued or runs */
	bool on_cpu;                  /* [a] its registers are in a CPU */
	struct refcount refs;
	struct list_head task_link;   /* [TASK_TREE and s] task->threads */
	struct rb_node tid_node;      /* [TASK_TREE] look-up by tid */
	struct sched_entity sched;
	char comm[16];                /* [c] written by owner; racy reads are fine */
	struct timer block_timer;     /* [c] time-out of sched_block() */
	bool block_timed_out;         /* [a] */
	bool moving;                  /* [q] queued elsewhere once switched out */
	bool cpu_tick;                /* [a] its task has CPU-time timers */
	bool in_vfork;                /* [a] waits for a vfork child: killable */

	u64 blocked;                  /* [c] signal mask, read by senders under [s] */
	u64 real_blocked;             /* [c] mask before sigtimedwait opened it, or 0 */
	u64 saved_blocked;            /* [c] restored after sigsuspend and the like */
	bool restore_blocked;         /* [c] saved_blocked is to be restored */
	struct sigpending pending;    /* [s] sent to this thread */
	u64 altstack_sp, altstack_size; /* [c] sigaltstack(2) */
	u32 altstack_flags;           /* [c] */
	struct restart_block restart; /* [c] */
	s32 calls_tid;                /* [a] who shall answer its channel_call(), else 0 */
	struct pi_lock *pi_owned;     /* ipc/futex_pi.c, under its mutex */
	struct pi_waiter *pi_waiting; /* the same */
	struct ptrace *ptrace;        /* [TASK_TREE and s] who traces it, or NULL */
	struct linux_siginfo *trace_info; /* [s] of the stop, on its own stack */
	int trace_signo;              /* [s] the tracer's answer to a stop */
	bool trace_stopped;           /* [a] stopped for the tracer; set by itself under s */
	u32 fault_trapno;             /* [c] of the last fault, for sigcontext */
	u64 fault_error, fault_addr;  /* [c] */

	u32 __user *clear_child_tid;  /* [c] zeroed and woken at exit */
	u32 __user *set_child_tid;    /* [c] written at the first run */
	void __user *robust_list;     /* [c] */
	size_t robust_list_len;       /* [c] */

	u64 rseq;                     /* [c] rseq(2): user address of its area, 0: none */
	u32 rseq_len, rseq_signature; /* [c] */
	cpu_t rseq_cpu;               /* [c] what the area tells, or NR_CPUS */

	struct mempolicy mempolicy;   /* [c] set_mempolicy(2) */
	u64 interleave;               /* [c] pages taken by it so far */
	u64 minor_faults, major_faults; /* [c] */
	u16 ioprio;                   /* [a] ioprio_set(2); there is no disk to order yet */
	u64 timer_slack_ns;           /* [c] prctl; timers are exact all the same. 0: default */
	u64 last_syscall;             /* [c] for panics and /proc/PID/syscall */
	u64 said_nr;                  /* [c] last unknown call of this program, + 1 */
	struct vfork_wait *vfork;     /* [TASK_TREE] the parent that waits until exec or exit */
	void (*on_start)(struct trapframe *tf); /* [i] before the first return to user */
	void (*kernel_fn)(void *arg); /* [i] of a kernel thread */
	void *kernel_arg;             /* [i] */

	struct held_mutexes held;     /* [c] debug builds */
	u64 pledge, pledge_exec;      /* [s][a] promises (security/pledge.h); 0: none made */
	u64 pledge_later;             /* [s][a] of the program after the next; 0: as that one's */
	struct seccomp_filter *seccomp; /* [cs] written under both; &seccomp_strict: strict mode */
	bool no_new_privs;            /* [cs] */
	bool fail_alloc;              /* [c] fault injection counts this thread */
};

/** thread_create_kernel - a kernel thread, started; it ends when fn returns. NULL when
 * out of memory. */
struct thread *thread_create_kernel(const char *name, void (*fn)(void *arg), void *arg);

/** thread_init_boot - this CPU's idle thread, of kernel_task, becomes current
 * Context: each CPU once, before sched_init() or sched_init_cpu(). */
void thread_init_boot(struct thread *thread);

/** thread_alloc - thread in state NEW for @task (reference taken) with a stack,
 * not in any list. @tid: its number, taken over on success only.
 * Return: 0; -ENOMEM. */
__must_check int thread_alloc(struct task *task, s32 tid, struct thread **out);
/** thread_free_new - undo thread_alloc() of a thread that never ran */
void thread_free_new(struct thread *thread);
/** thread_link_locked - publish: tid look-up, task list. No failure.
 * Locks: task_tree_lock and the task's sig->lock. thread_unlink_locked undoes it. */
void thread_link_locked(struct thread *thread);
void thread_unlink_locked(struct thread *thread);
/** thread_rename_locked - @thread takes over number @tid (exec); the same locks */
void thread_rename_locked(struct thread *thread, s32 tid);

void thread_get(struct thread *thread);
/** thread_put - last reference frees it */
void thread_put(struct thread *thread);
/** thread_reap - called by the thread that runs after a DEAD one on its CPU */
void thread_reap(struct thread *thread);
/** thread_find - by tid, with a reference, or NULL */
struct thread *thread_find(s32 tid);

/** thread_exit - end current: clears tid word, leaves its task; the last one ends
 * the task with @status (wait status word) */
__noreturn void thread_exit(int status);

/** thread_live - threads alive: leak checks */
u32 thread_live(void);
