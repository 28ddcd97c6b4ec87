/* SPDX-License-Identifier: MIT */
/* The running task as security/ sees it (security/task_hooks.h, cred.h). */
#include <security/task_hooks.h>

#include <arch/atomic.h>
#include <kernel/task/task.h>
#include <security/cred.h>
#include <security/handle.h>

struct handle_table *task_hook_handles(void)
{
	return current_task()->handles;
}

struct handle_table *task_hook_handles_shared(bool *multithreaded)
{
	const struct task *task = current_task();

	*multithreaded = atomic_load_relaxed(&task->nr_threads) > 1;
	return task->handles;
}

void task_hook_interrupt(u64 number)
{
	irqflags_t flags = spin_lock_irq(&task_tree_lock);
	struct task *task;

	LIST_FOR_EACH(task, &task_list, all_link)
		if (task->handles && atomic_load_relaxed(&task->handles->revocation) >= number)
			signal_interrupt(task);
	spin_unlock_irq(&task_tree_lock, flags);
}

u64 task_hook_nofile_limit(void)
{
	return task_rlimit(RLIMIT_NOFILE);
}

struct cred *cred_current(void)
{
	return current_task()->cred;
}

void cred_commit(struct cred *cred)
{
	struct task *task = current_task();
	struct cred *old;
	irqflags_t flags = spin_lock_irq(&task_tree_lock);

	old = task->cred;
	task->cred = cred;
	/*
	 * Other threads read their credentials without lock or reference: what
	 * is replaced under their eyes lives as long as what replaces it.
	 */
	if (task->nr_threads > 1) {
		cred->replaced = old;
		old = NULL;
	}
	spin_unlock_irq(&task_tree_lock, flags);
	if (old)
		cred_put(old);
}
