/* SPDX-License-Identifier: MIT */
/* What the files of kernel/task share. */
#pragma once

#include <kernel/task/task.h>

/* A signal in a queue. One of a timer is part of it and never freed by itself. */
struct sigqueue {
	struct list_head link;
	struct sigpending *where; /* [sig->lock] of a timer's, while linked */
	bool timer;               /* [i] struct posix_timer around it */
	struct linux_siginfo info;
};

/** signal_queue_own_locked - queue a timer's @q for @thread, or @task (NULL). sig->lock held.
 * Return: false: dropped, since it is ignored. */
bool signal_queue_own_locked(struct task *task, struct signal_state *sig, struct thread *thread,
			     struct sigqueue *q);
/** signal_unqueue_own_locked - take a timer's signal back, if it is queued */
void signal_unqueue_own_locked(struct sigqueue *q);
/** posix_timer_taken_locked - a timer's signal left its queue */
void posix_timer_taken_locked(struct sigqueue *q);
/** posix_timer_cpu_tick - look at the timers of CPU time of @task. Interrupt context. */
void posix_timer_cpu_tick(struct task *task, const struct task_usage *usage);

struct task *task_find_locked(s32 pid);
/** signal_init - caches and queues, before the first task but the kernel's */
void signal_init(void);
bool task_pgrp_orphaned_locked(s32 pgid, const struct task *except);
void task_usage_add_thread(struct task_usage *usage, struct thread *thread);
void task_usage_add(struct task_usage *sum, const struct task_usage *usage);
void task_usage_now_locked(struct task *task, struct task_usage *out);

/** task_alarm_fired - fn of task->alarm (itimer.c) */
void task_alarm_fired(struct timer *timer);

/** task_orphan_check_locked - the group of @task lost a tie to another group of its session:
 * when it is orphaned now and has stopped members they get SIGHUP and SIGCONT.
 * @leaving: a task that does not count any more, or NULL. TASK_TREE held. */
void task_orphan_check_locked(struct task *task, const struct task *leaving);

/* A parent that sleeps in vfork(2); on its stack, under task_tree_lock. */
struct vfork_wait {
	struct thread *parent;
	bool done;
};
/** vfork_release - current has a space of its own, or none: let its parent go on */
void vfork_release(struct thread *thread);

/** task_notify_exit_locked - tell the parent of zombie @task. TASK_TREE held. Return: it
 * does not want to wait: the caller releases the task */
bool task_notify_exit_locked(struct task *task);

/** thread_release_user_words - robust futexes and clear_child_tid of current, which
 * leaves its space (exit, exec) */
void thread_release_user_words(struct thread *thread);
