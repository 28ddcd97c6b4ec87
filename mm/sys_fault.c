/* SPDX-License-Identifier: MIT */
/*
 * Page faults as they come from arch/, and what mm asks of the layers above:
 * the one place where address spaces meet tasks, files and signals.
 */
#include <arch/context.h>
#include <arch/uaccess.h>
#include <fs/file.h>
#include <kernel/abi/linux_signal.h>
#include <kernel/core/log.h>
#include <kernel/task/event.h>
#include <kernel/task/task.h>
#include <kernel/upcall.h>
#include <mm/aspace.h>

#define TRAPNO_PAGE_FAULT 14 /* Intel SDM vol. 3 §6.3.1; programs see it in frames */

void aspace_file_get(struct file *file)
{
	file_get(file);
}

void aspace_file_put(struct file *file)
{
	file_put(file);
}

u64 aspace_stack_limit(void)
{
	return task_rlimit(RLIMIT_STACK);
}

bool upcall_page_fault(struct trapframe *tf, u64 va, u32 access, bool user)
{
	struct task *task = current->task;
	struct fault_result result = { SIGSEGV, SEGV_MAPERR };

	if (!task || !task->as) /* a kernel thread */
		return false;
	if (va < USER_END) {
		result = aspace_fault(task->as, va, access);
		if (likely(!result.signo)) {
			current->minor_faults++;
			return true;
		}
	}
	if (result.signo == SIGKILL) {
		if (task->unkillable)
			return true; /* init cannot go on without it: tries for ever */
		if (!atomic_load_relaxed(&task->exiting)) {
			log_notice("oom: process %d (%s) ends: no memory for %lx, and nobody else "
				   "to kill", task->pid, current->comm, va);
			event_note(EVENT_OOM, atomic_load_relaxed(&task->as->resident) * 4,
				   (u64)task->pid);
		}
		signal_send_kernel(task, SIGKILL);
		return user; /* a copy in the kernel ends with EFAULT and dies on its way out */
	}
	if (!user)
		return false;
	upcall_user_exception(result.signo, result.code, va, TRAPNO_PAGE_FAULT, tf->error);
	return true;
}
