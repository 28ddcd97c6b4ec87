/* SPDX-License-Identifier: MIT */
/*
 * What the architecture calls upward about threads and time (kernel/upcall.h).
 */
#include <kernel/upcall.h>

#include <arch/cpu.h>
#include <arch/irq.h>
#include <kernel/abi/errno.h>
#include <kernel/core/lockdep.h>
#include <kernel/core/panic.h>
#include <kernel/sched/sched.h>
#include <kernel/task/event.h>
#include <kernel/task/itimer.h>
#include <kernel/task/rseq.h>
#include <kernel/task/task.h>
#include <kernel/time/timer.h>
#include <mm/kmalloc.h>

void upcall_thread_start(struct thread *prev)
{
	sched_thread_started(prev);
}

void upcall_timer(bool user)
{
	ns_t next;

	timer_run_expired();
	if (current->cpu_tick)
		itimer_cpu_tick(current->task);
	next = sched_tick(user);
	timer_rearm(next);
}

void upcall_resched(void)
{
	sched_resched_ipi();
}

void upcall_cpu_online(void)
{
	struct thread *idle = kmalloc(sizeof(*idle), 0);

	PANIC_ON(!idle, "cpu %u: no memory for its idle thread", this_cpu()->id);
	thread_init_boot(idle);
	sched_init_cpu();
	atomic_store_release(&this_cpu()->online, true);
	sched_idle_loop();
}

/* pselect and ppoll end with their temporary mask in place: it stays for a handler
 * only when the call was interrupted (signal-safety of pselect(2)). */
static void restore_unless_interrupted(const struct trapframe *tf)
{
	s64 ret = (s64)tf->rax;

	if (ret != -EINTR && ret != -ERESTARTNOHAND && ret != -ERESTARTSYS &&
	    ret != -ERESTART_RESTARTBLOCK)
		signal_restore_mask();
}

static void start_work(struct trapframe *tf)
{
	atomic_fetch_and(&current->work, ~(u32)THREAD_WORK_START);
	current->on_start(tf);
}

void upcall_return_to_user(struct trapframe *tf)
{
	struct thread *thread = current;
	u32 work;

	while ((work = atomic_load_relaxed(&thread->work) & 0xff)) {
		irq_enable();
		if (work & THREAD_WORK_START)
			start_work(tf);
		if (work & THREAD_WORK_RESTORE)
			restore_unless_interrupted(tf);
		if (work & THREAD_WORK_RESCHED)
			sched_preempt();
		if (work & THREAD_WORK_RSEQ)
			rseq_resume(tf);
		if (work & (THREAD_WORK_INTERRUPT | THREAD_WORK_RESTORE))
			signal_deliver(tf);
		irq_disable();
	}
	if (CONFIG_DEBUG)
		lockdep_return_to_user();
}

void upcall_user_exception(int signo, int code, u64 addr, u32 trapno, u64 error)
{
	struct linux_siginfo info = { .si_signo = signo, .si_code = code };

	info.fault.si_addr = addr;
	current->fault_trapno = trapno;
	current->fault_error = error;
	current->fault_addr = addr;
	event_fault(signo, code, addr);
	signal_force(&info);
}
