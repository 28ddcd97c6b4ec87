/* SPDX-License-Identifier: MIT */
/*
 * Tasks: processes as POSIX means them. What threads share: address space,
 * handle table, file-system context, credentials, signal actions, limits.
 *
 *   ALIVE --last thread exits--> ZOMBIE --wait4--> freed
 */
#pragma once

#include <kernel/abi/linux_resource.h>
#include <kernel/abi/linux_time.h>
#include <kernel/core/mutex.h>
#include <kernel/core/refcount.h>
#include <kernel/core/waitq.h>
#include <kernel/task/pid.h>
#include <kernel/task/signal.h>
#include <kernel/task/thread.h>
#include <kernel/time/timer.h>
#include <security/audit.h>

struct aspace;
struct cred;
struct file;
struct fs_context;
struct handle_table;

enum task_state { TASK_ALIVE, TASK_ZOMBIE, TASK_DEAD };

struct task_usage {
	ns_t user_ns, system_ns;
	u64 minor_faults, major_faults, max_rss_kib;
	u64 switches_voluntary, switches_involuntary;
};

/*
 * Lock key: i immutable   t TASK_TREE lock (task_tree_lock)   s sig->lock
 *           c current task only (its threads: under t when several)   a atomic
 * Two letters: either lock to read, both to write.
 */
struct task {
	struct refcount refs;          /* its threads, its place in the tree, look-ups */
	s32 pid;                       /* [i] tid of the first thread */
	enum task_state state;         /* [t][a] */
	struct task *parent;           /* [t] */
	s32 ppid;                      /* [t][a] parent->pid, for getppid without the lock */
	struct list_head children;     /* [t] */
	struct list_head sibling;      /* [t] */
	struct list_head threads;      /* [ts] alive */
	u32 nr_threads;                /* [ts] */
	char comm[16];                 /* [t] of its first thread once that has ended */
	s32 pgid, sid;                 /* [t] */
	struct tty *tty;               /* [t] controlling terminal; fs/tty.h */
	struct list_head all_link;     /* [t] task_list */
	struct rb_node pid_node;       /* [t] */
	struct waitq child_wait;       /* wait4: children changed */
	struct waitq exit_wait;        /* pidfd: became a zombie, was waited for */

	struct aspace *as;             /* [c][t] replaced by exec; NULL: kernel task */
	struct handle_table *handles;  /* [c][t] */
	struct fs_context *fs;         /* [c][t] */
	struct cred *cred;             /* [c] immutable object, replaced as a whole */
	struct signal_state *sig;      /* [s] signal_lock(); exec may replace a shared one */
	struct sigpending pending;     /* [s] sent to the process */
	u32 nr_sigqueue;               /* [a] queued signals, for RLIMIT_SIGPENDING */
	struct file *exe;              /* [c][t] /proc/PID/exe */
	struct linux_rlimit64 rlimits[RLIM_NLIMITS]; /* [t]; single words are read racily */

	int exit_status;               /* [t] wait status word once ZOMBIE */
	int exit_signal;               /* [c] to the parent at exit, 0: none */
	bool exiting;                  /* [s][a] exit_group or a fatal signal began */
	int group_exit_status;         /* [s] */
	struct thread *exec_thread;    /* [s] waits until it is the only thread */
	bool stopped, continued;       /* [s] job control, for wait4 */
	bool stop_reported;            /* [s] */
	bool stop_dequeued;            /* [s] a stop signal is being acted on; SIGCONT clears */
	bool notify_continued;         /* [s] the parent is yet to be told */
	int stop_signo;                /* [s] */
	u32 stop_count;                /* [s] threads that have yet to stop */
	bool did_exec;                 /* [t] setpgid of a child: EACCES */
	bool is_reaper;                /* [i] init: gets orphans */
	bool unkillable;               /* [s] init: default actions do nothing */
	bool is_subreaper;             /* [t] prctl PR_SET_CHILD_SUBREAPER */
	bool dumpable, thp_disable;    /* [c] prctl */
	bool handles_shared;           /* [c] CLONE_FILES was used: exec takes a copy */
	int pdeath_signal;             /* [c] prctl, to this task when its parent dies */
	u32 personality;               /* [c] */
	struct audit_count audit;      /* kernel/sys_audit.c's */
	u32 membarrier;                /* [a] MEMBARRIER_CMD_REGISTER_* asked for */
	struct task_usage usage;       /* [t] of threads that are gone */
	struct task_usage child_usage; /* [t] of waited-for children */
	ns_t start_ns;                 /* [i] */
	struct timer alarm;            /* ITIMER_REAL */
	ns_t alarm_deadline_ns, alarm_interval_ns; /* [s] */
	ns_t cpu_timer[2][2];          /* [s] ITIMER_VIRTUAL, PROF: expiry in CPU time, interval */
	struct list_head aio_contexts; /* fs/sys_aio.c */
	struct list_head sem_undos;    /* ipc/sem.c */
	struct list_head tracees;      /* [t] struct ptrace of what it traces */
	struct ptrace *trace;          /* [t] of its first thread */
	bool traced_zombie;            /* [t] the tracer waits first */
	struct list_head timers;       /* [s] of timer_create(2) */
	u32 nr_timers, nr_cpu_timers;  /* [s] in all; of CPU time */
	s32 next_timer;                /* [s] number to try next */
	s32 oom_score_adj;             /* [a] */
	u64 ring_bytes;                /* [a] of channels that it created: RING_QUOTA_BYTES */
};

extern struct spinlock task_tree_lock;    /* RANK_TASK_TREE, irq-safe */
extern struct list_head task_list;        /* [task_tree_lock] every task */
extern struct task *kernel_task;
extern struct task *init_task;

static inline struct task *current_task(void)
{
	return current->task;
}

void task_init(void); /* kernel_task; current becomes its first thread */
void task_get(struct task *task);
void task_put(struct task *task);
/** task_find - by pid, with a reference, or NULL. Zombies are found too. */
struct task *task_find(s32 pid);
/** task_next - the first task with pid >= @pid, with a reference, or NULL (/proc) */
struct task *task_next(s32 pid);
/** task_alloc - ALIVE, in no list, one reference, sig and cred not set; NULL: no memory */
struct task *task_alloc(s32 pid);
/** task_link_locked - into the tree below @parent; task_tree_lock held. Takes over
 * the caller's reference. The pid's use count is the task's from here on. */
void task_link_locked(struct task *task, struct task *parent);
/** task_release_locked - a zombie leaves the tree and gives its pid back. The caller
 * drops the tree's reference with task_put() after unlocking. */
void task_release_locked(struct task *task);
/** task_set_pgid_locked, task_set_sid_locked - with the numbers' use counts */
void task_set_pgid_locked(struct task *task, s32 pgid);
void task_set_sid_locked(struct task *task, s32 sid);
/** task_pgrp_exists - does process group @pgid have a member (in session @sid, 0: any)? */
bool task_pgrp_exists(s32 pgid, s32 sid);
/** task_pgrp_orphaned - no member has a parent in the same session but another group */
bool task_pgrp_orphaned(s32 pgid);
/** task_cred - @task's credentials with a reference */
struct cred *task_cred(struct task *task);
/** task_usage_now - all threads, dead and alive */
void task_usage_now(struct task *task, struct task_usage *out);
/** task_usage_thread - of one thread alone */
void task_usage_thread(struct thread *thread, struct task_usage *out);
/** task_aspace - @task's space with a reference, NULL when it has none any more.
 * task_handles, task_fs - the same for others than current (/proc). */
struct aspace *task_aspace(struct task *task);
struct handle_table *task_handles(struct task *task);
struct fs_context *task_fs(struct task *task);
struct file *task_exe(struct task *task);

/** task_start_init - process 1: loads boot_options.init, or panics with a sentence */
void task_start_init(void);

/** task_threads_max - how many threads there may be in all, from the memory there is
 * (/proc/sys/kernel/threads-max) */
u32 task_threads_max(void);
/** task_rlimit - soft limit of current's task */
u64 task_rlimit(u32 resource);

/** task_exit_group - end the whole process. @status: wait status word */
__noreturn void task_exit_group(int status);
/** task_doom - the same, but the caller goes on until it returns to user mode and ends
 * there: for places that hold references. Nothing can catch it. */
void task_doom(int status);

/** task_live - tasks alive or zombie: leak checks */
u32 task_live(void);

/** tty_session_exit - fs/tty.c: the session leader @task dies or leaves its terminal */
void tty_session_exit(struct task *task);
