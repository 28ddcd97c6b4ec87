/* SPDX-License-Identifier: MIT */
/*
 * Threads: what the scheduler runs. Every thread belongs to a task; kernel
 * threads to kernel_task.
 *
 *   NEW --sched_start--> READY <--> RUNNING --sched_exit--> DEAD --reap--> freed
 *                          ^           |
 *                          +--wake-- SLEEP (interruptible), BLOCK (not),
 *                                    STOPPED (job control)
 */
#pragma once

#include <arch/context.h>
#include <kernel/abi/linux_signal.h>
#include <kernel/core/refcount.h>
#include <kernel/core/sched_hooks.h>
#include <kernel/sched/sched.h>
#include <kernel/time/timer.h>

struct task;

enum thread_state {
	THREAD_NEW,
	THREAD_READY,
	THREAD_RUNNING,
	THREAD_SLEEP,
	THREAD_BLOCK,
	THREAD_STOPPED,
	THREAD_DEAD,
};

/* Reasons to take the slow way back to user, or into a system call. */
enum thread_work {
	THREAD_WORK_RESCHED = 1,
	THREAD_WORK_SIGNAL = 2,
	THREAD_WORK_EXIT = 4,     /* the task is exiting or exec kills this thread */
	THREAD_WORK_STOP = 8,
	THREAD_WORK_SYSCALL = 256, /* trace, seccomp or pledge: every call is slow */
};

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
	struct list_head task_link;   /* [TASK_TREE] task->threads */
	struct rb_node tid_node;      /* [TASK_TREE] look-up by tid */
	struct sched_entity sched;
	char comm[16];                /* [c] written by owner; racy reads are fine */
	struct timer block_timer;     /* [c] time-out of sched_block() */
	bool block_timed_out;         /* [a] */
	bool wake_pending;            /* [q] */

	u64 blocked;                  /* [c] signal mask, read by senders under [s] */
	u64 saved_blocked;            /* [c] restored after sigsuspend and the like */
	bool restore_blocked;         /* [c] saved_blocked is to be restored */
	struct sigpending pending;    /* [s] sent to this thread */
	u64 altstack_sp, altstack_size; /* [c] sigaltstack(2) */
	u32 altstack_flags;           /* [c] */
	struct restart_block restart; /* [c] */
	int forced_signo;             /* [s] */

	u32 __user *clear_child_tid;  /* [c] zeroed and woken at exit */
	u32 __user *set_child_tid;    /* [c] written at the first run */
	void __user *robust_list;     /* [c] */
	size_t robust_list_len;       /* [c] */

	ns_t user_ns, system_ns;      /* [c] accounted at entry and exit */
	u64 minor_faults, major_faults; /* [c] */
	u64 last_syscall;             /* [c] for panics and /proc/PID/syscall */
	struct thread *vfork_parent;  /* [TASK_TREE] waits until exec or exit */

	struct held_mutexes held;     /* [c] debug builds */
	u64 pledge, pledge_exec;      /* [c] promises; 0: none made */
	bool fail_alloc;              /* [c] fault injection counts this thread */
};

/** thread_create_kernel - a kernel thread, started. NULL when out of memory. */
struct thread *thread_create_kernel(const char *name, void (*fn)(void *arg), void *arg);

/** thread_alloc - thread in state NEW for @task, stack and tid given, not in any
 * list. Return: 0; -ENOMEM; -EAGAIN no tid. */
__must_check int thread_alloc(struct task *task, struct thread **out);
/** thread_link - publish: tid look-up, task list. No failure. */
void thread_link(struct thread *thread);

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
