/* SPDX-License-Identifier: MIT */
/* A panic's lines about the running thread (kernel/core/panic_hooks.h). */
#include <kernel/core/panic_hooks.h>

#include <arch/context.h>
#include <arch/percpu.h>
#include <kernel/core/log.h>
#include <kernel/core/mutex.h>
#include <kernel/core/sched_hooks.h>
#include <kernel/syscall_table.h>
#include <kernel/task/task.h>

static void describe_syscall(struct thread *thread)
{
	const struct trapframe *tf = context_frame(thread);
	const char *name = syscall_name(tf->orig_rax);

	if (tf->orig_rax == ~0ull) /* came by an exception or interrupt */
		return;
	log_write(LOG_EMERG, "in system call %s (%lld): %#llx %#llx %#llx %#llx %#llx %#llx",
		  name ? name : "?", (long long)tf->orig_rax, (unsigned long long)tf->rdi,
		  (unsigned long long)tf->rsi, (unsigned long long)tf->rdx,
		  (unsigned long long)tf->r10, (unsigned long long)tf->r8,
		  (unsigned long long)tf->r9);
}

static void describe_mutexes(void)
{
	const struct held_mutexes *held = sched_held();

	for (u32 i = 0; CONFIG_DEBUG && held && i < MIN(held->n, (u32)LOCKDEP_MAX_HELD); i++)
		log_write(LOG_EMERG, "holds mutex %s", held->mutex[i]->name);
}

void panic_describe_thread(void)
{
	struct thread *thread = current;

	if (!thread) {
		log_write(LOG_EMERG, "no thread yet");
		return;
	}
	log_write(LOG_EMERG, "thread %d \"%.15s\" of task %d", thread->tid, thread->comm,
		  thread->task ? thread->task->pid : -1);
	if (thread->task && thread->task->as)
		describe_syscall(thread);
	describe_mutexes();
}
