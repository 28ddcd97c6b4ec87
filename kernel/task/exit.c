/* SPDX-License-Identifier: MIT */
/*
 * The end of threads and processes.
 *
 *   thread_exit: user-visible words (robust futexes, clear_child_tid), leave the
 *   task; the last one gives back what the process held, hands its children to
 *   a reaper, becomes a ZOMBIE and tells the parent; then the CPU is given away
 *   for ever. The parent's wait, or nobody (SIGCHLD ignored), frees the number.
 */
#include <kernel/task/task.h>

#include <arch/uaccess.h>
#include <kernel/task/fs_hooks.h>
#include <ipc/futex.h>
#include <ipc/sem.h>
#include <kernel/abi/linux_wait.h>
#include <kernel/core/panic.h>
#include <kernel/lib/string.h>
#include <kernel/task/event.h>
#include <mm/aspace.h>
#include <kernel/task/posix_timer.h>
#include <kernel/task/ptrace.h>
#include <security/cred.h>
#include <security/handle.h>

#include "task_priv.h"

/* The fs layer supplies it together with the terminal. */
__weak void tty_session_exit(__unused struct task *task)
{
}

void thread_release_user_words(struct thread *thread)
{
	futex_exit_robust();
	futex_exit_pi();
	/* Nobody else can look at a space that has one user. */
	if (thread->clear_child_tid && refcount_read(&thread->task->as->refs) +
						       (s32)thread->task->nr_threads > 2) {
		(void)!user_write_u32(thread->clear_child_tid, 0);
		(void)!futex_wake_user(thread->clear_child_tid, 1);
	}
	thread->clear_child_tid = NULL;
}

/*
 * Leave the task. Return: true when this was its last thread.
 */
static bool leave_task(struct thread *thread, int status)
{
	struct task *task = thread->task;
	irqflags_t flags = spin_lock_irq(&task_tree_lock), sigflags;
	struct signal_state *sig = signal_lock(task, &sigflags);
	bool stopped = signal_thread_exit_locked(thread);
	bool last;

	task_usage_add_thread(&task->usage, thread);
	thread_unlink_locked(thread);
	sigpending_flush(task, &thread->pending);
	last = task->nr_threads == 0;
	if (last && !task->exiting && task != kernel_task) {
		task->exiting = true;
		task->group_exit_status = status;
	}
	if (task->nr_threads == 1 && task->exec_thread)
		sched_wake(task->exec_thread, BIT(THREAD_SLEEP) | BIT(THREAD_BLOCK));
	signal_unlock(sig, sigflags);
	if (thread->ptrace)
		ptrace_thread_gone_locked(thread, task->exiting ? task->group_exit_status : status);
	/* The leader's number is the process's, which its parent gives back. */
	if (thread->tid != task->pid)
		pid_unuse_locked(thread->tid);
	else
		memcpy(task->comm, thread->comm, sizeof(task->comm));
	spin_unlock_irq(&task_tree_lock, flags);
	if (stopped)
		signal_notify_parent(task, CLD_STOPPED);
	return last;
}

static void release_resources(struct task *task)
{
	struct handle_table *handles = task->handles;
	struct fs_context *fs = task->fs;
	struct aspace *as = task->as;
	struct file *exe = task->exe;
	irqflags_t flags;

	timer_cancel(&task->alarm);
	posix_timer_delete_all(task);
	sem_exit(task);
	fs_hook_aio_exit(task);
	flags = spin_lock_irq(&task_tree_lock);
	if (as)
		task->usage.max_rss_kib =
			MAX(task->usage.max_rss_kib,
			    atomic_load_relaxed(&as->resident) * PAGE_SIZE / 1024);
	task->as = NULL;
	task->handles = NULL;
	task->fs = NULL;
	task->exe = NULL;
	spin_unlock_irq(&task_tree_lock, flags);
	if (as)
		aspace_put(as);
	if (handles)
		handle_table_put(handles);
	if (fs)
		fs_hook_context_put(fs);
	if (exe)
		fs_hook_file_put(exe);
}

static void send_chld_locked(struct task *task, struct task *parent, int signo)
{
	int status = task->exit_status;
	struct linux_siginfo info = { .si_signo = signo };
	struct task_usage usage = task->usage;

	info.chld.si_pid = task->pid;
	info.chld.si_uid = task->cred->uid;
	info.si_code = (status & 0x7f) ? CLD_KILLED : CLD_EXITED;
	info.chld.si_status = (status & 0x7f) ? status & 0x7f : status >> 8;
	info.chld.si_utime = (s64)(usage.user_ns / (1000000000ull / LINUX_USER_HZ));
	info.chld.si_stime = (s64)(usage.system_ns / (1000000000ull / LINUX_USER_HZ));
	(void)signal_send_task(parent, &info);
}

bool task_notify_exit_locked(struct task *task)
{
	struct task *parent = task->parent;
	irqflags_t flags;
	struct signal_state *sig;
	bool autoreap = false, quiet = false;

	if (task->exit_signal == SIGCHLD) {
		const struct linux_sigaction *action;

		sig = signal_lock(parent, &flags);
		action = &sig->actions[SIGCHLD - 1];
		autoreap = action->sa_handler == LINUX_SIG_IGN ||
			   (action->sa_flags & SA_NOCLDWAIT);
		quiet = action->sa_handler == LINUX_SIG_IGN;
		signal_unlock(sig, flags);
	}
	if (task->exit_signal && !quiet)
		send_chld_locked(task, parent, task->exit_signal);
	waitq_wake_all(&parent->child_wait);
	return autoreap;
}

void task_orphan_check_locked(struct task *task, const struct task *leaving)
{
	struct task *member;
	s32 pgid = task->pgid;
	bool stopped = false;

	LIST_FOR_EACH(member, &task_list, all_link)
		if (member->pgid == pgid && atomic_load_relaxed(&member->stopped))
			stopped = true;
	if (!stopped || !task_pgrp_orphaned_locked(pgid, leaving))
		return;
	LIST_FOR_EACH(member, &task_list, all_link)
		if (member->pgid == pgid && member->state == TASK_ALIVE) {
			signal_send_kernel(member, SIGHUP);
			signal_send_kernel(member, SIGCONT);
		}
}

static struct task *reaper_of_locked(struct task *task)
{
	struct task *t;

	for (t = task->parent; t && t != kernel_task; t = t->parent)
		if ((t->is_subreaper || t->is_reaper) && t->state == TASK_ALIVE && !t->exiting)
			return t;
	return init_task;
}

/* Children that nobody waits for any more are put on @dead. */
static void give_away_children_locked(struct task *task, struct list_head *dead)
{
	struct task *reaper = reaper_of_locked(task), *child, *next;

	LIST_FOR_EACH_SAFE(child, next, &task->children, sibling) {
		child->parent = reaper;
		atomic_store_relaxed(&child->ppid, reaper->pid);
		list_move_tail(&child->sibling, &reaper->children);
		if (child->pdeath_signal && child->state == TASK_ALIVE)
			signal_send_kernel(child, child->pdeath_signal);
		/* A new parent gets the usual signal (clone(2)). */
		child->exit_signal = SIGCHLD;
		if (child->state == TASK_ZOMBIE && !child->traced_zombie &&
		    task_notify_exit_locked(child)) {
			task_release_locked(child);
			list_add_tail(&child->all_link, dead);
		}
		if (child->pgid != task->pgid && child->sid == task->sid)
			task_orphan_check_locked(child, NULL);
	}
}

/* The last thread is here: the process becomes a zombie, or vanishes. */
static void end_task(struct task *task)
{
	struct list_head dead = LIST_HEAD_INIT(dead);
	irqflags_t flags = spin_lock_irq(&task_tree_lock);
	struct task *t, *next;

	ptrace_release_all_locked(task, &dead);
	give_away_children_locked(task, &dead);
	if (task->parent->pgid != task->pgid && task->parent->sid == task->sid)
		task_orphan_check_locked(task, task);
	task->exit_status = task->group_exit_status;
	atomic_store_release(&task->state, TASK_ZOMBIE);
	waitq_wake_all(&task->exit_wait);
	if (!ptrace_task_gone_locked(task) && task_notify_exit_locked(task)) {
		task_release_locked(task);
		list_add_tail(&task->all_link, &dead);
	}
	spin_unlock_irq(&task_tree_lock, flags);
	/* Current keeps its own task by its thread's reference. */
	LIST_FOR_EACH_SAFE(t, next, &dead, all_link) {
		list_del(&t->all_link);
		task_put(t);
	}
}

static void panic_init_died(int status)
{
	if (status & 0x7f)
		panic("init was killed by signal %d: nothing is left to run", status & 0x7f);
	panic("init ended with status %d: nothing is left to run", status >> 8);
}

void thread_exit(int status)
{
	struct thread *thread = current;
	struct task *task = thread->task;
	bool last;

	if (thread->ptrace)
		ptrace_event(PTRACE_EVENT_EXIT, (u64)status);
	if (task->as)
		thread_release_user_words(thread);
	vfork_release(thread);
	last = leave_task(thread, status);
	if (last && task != kernel_task) {
		if (task->is_reaper)
			panic_init_died(task->group_exit_status);
		/* All its threads are gone: nobody adds to its usage any more. */
		event_note(EVENT_EXIT, (u64)(u32)task->group_exit_status,
			   task->usage.user_ns + task->usage.system_ns);
		if (task->sid == task->pid)
			tty_session_exit(task);
		release_resources(task);
		end_task(task);
	}
	sched_exit();
}

/* All threads but @except are told to end. Return: the status the process ends with. */
static int begin_exit_group(int status, struct thread *except)
{
	struct task *task = current_task();
	irqflags_t flags;
	struct signal_state *sig = signal_lock(task, &flags);

	if (task->exiting) {
		status = task->group_exit_status;
	} else {
		atomic_store_release(&task->exiting, true);
		task->group_exit_status = status;
		signal_kill_threads_locked(task, except);
	}
	signal_unlock(sig, flags);
	return status;
}

void task_exit_group(int status)
{
	thread_exit(begin_exit_group(status, current));
}

void task_doom(int status)
{
	(void)begin_exit_group(status, NULL);
}
