/* SPDX-License-Identifier: MIT */
/*
 * System calls of scheduling: classes and priorities, affinity, nice. Policy is
 * kernel/sched; here arguments are decoded and permissions asked as man
 * sched(7) and Linux's kernel/sched/syscalls.c have them.
 */
#include <kernel/syscall_protos.h>

#include <kernel/abi/linux_sched.h>
#include <kernel/sys_util.h>
#include <kernel/task/wait.h>
#include <security/cred.h>

/* ---- scheduling ---- */

long sys_sched_yield(void)
{
	sched_yield_current();
	return 0;
}

/* Thread @tid (0: current) with a reference, or NULL. */
static struct thread *thread_of(s32 tid)
{
	if (tid)
		return tid > 0 ? thread_find(tid) : NULL;
	thread_get(current);
	return current;
}

/* May current change how @thread is scheduled? */
static bool may_control(struct thread *thread)
{
	const struct cred *self = cred_current();
	struct cred *cred = task_cred(thread->task);
	bool may = cred_privileged(self) || self->euid == cred->euid || self->euid == cred->uid;

	cred_put(cred);
	return may;
}

static int set_scheduler(struct thread *thread, int policy, int priority)
{
	struct sched_entity *se = &thread->sched;
	bool rt = policy == SCHED_FIFO || policy == SCHED_RR;

	if (priority < 0 || priority > 99)
		return -EINVAL;
	if (!may_control(thread))
		return -EPERM;
	/* RLIMIT_RTPRIO lets a user go that high; else it takes root. */
	if (rt && !cred_privileged(cred_current()) && (u64)priority > task_rlimit(RLIMIT_RTPRIO) &&
	    (!se->rt_priority || priority > se->rt_priority))
		return -EPERM;
	return sched_set(thread, (u8)policy, (u8)priority, se->nice);
}

long sys_sched_setscheduler(int pid, int policy, const struct linux_sched_param __user *uparam)
{
	struct linux_sched_param param;
	struct thread *thread;
	int err;

	policy &= ~SCHED_RESET_ON_FORK; /* children of ours start as their parent is */
	if (pid < 0 || policy < 0 || policy > SCHED_DEADLINE || !uparam)
		return -EINVAL;
	if (copy_from_user(&param, uparam, sizeof(param)))
		return -EFAULT;
	thread = thread_of(pid);
	if (!thread)
		return -ESRCH;
	err = set_scheduler(thread, policy, param.sched_priority);
	thread_put(thread);
	return err;
}

long sys_sched_setparam(int pid, const struct linux_sched_param __user *uparam)
{
	struct linux_sched_param param;
	struct thread *thread;
	int err;

	if (pid < 0 || !uparam)
		return -EINVAL;
	if (copy_from_user(&param, uparam, sizeof(param)))
		return -EFAULT;
	thread = thread_of(pid);
	if (!thread)
		return -ESRCH;
	err = set_scheduler(thread, thread->sched.policy, param.sched_priority);
	thread_put(thread);
	return err;
}

long sys_sched_getscheduler(int pid)
{
	struct thread *thread;
	long policy;

	if (pid < 0)
		return -EINVAL;
	thread = thread_of(pid);
	if (!thread)
		return -ESRCH;
	policy = thread->sched.policy;
	thread_put(thread);
	return policy;
}

long sys_sched_getparam(int pid, struct linux_sched_param __user *uparam)
{
	struct linux_sched_param param;
	struct thread *thread;

	if (pid < 0 || !uparam)
		return -EINVAL;
	thread = thread_of(pid);
	if (!thread)
		return -ESRCH;
	param.sched_priority = thread->sched.rt_priority;
	thread_put(thread);
	return copy_to_user(uparam, &param, sizeof(param));
}

static long priority_limit(int policy, long rt)
{
	switch (policy) {
	case SCHED_FIFO:
	case SCHED_RR:
		return rt;
	case SCHED_NORMAL:
	case SCHED_BATCH:
	case SCHED_IDLE:
	case SCHED_DEADLINE:
		return 0;
	default:
		return -EINVAL;
	}
}

long sys_sched_get_priority_max(int policy)
{
	return priority_limit(policy, 99);
}

long sys_sched_get_priority_min(int policy)
{
	return priority_limit(policy, 1);
}

long sys_sched_rr_get_interval(int pid, struct linux_timespec __user *interval)
{
	struct linux_timespec ts;
	struct thread *thread;

	if (pid < 0)
		return -EINVAL;
	thread = thread_of(pid);
	if (!thread)
		return -ESRCH;
	ts = timespec_of(sched_rr_interval_ns(thread));
	thread_put(thread);
	return copy_to_user(interval, &ts, sizeof(ts));
}

long sys_sched_setaffinity(int pid, size_t len, const void __user *umask)
{
	u64 mask[(NR_CPUS + 63) / 64] = { 0 };
	struct thread *thread;
	int err;

	if (copy_from_user(mask, umask, MIN(len, sizeof(mask))))
		return -EFAULT;
	thread = thread_of(pid);
	if (!thread)
		return -ESRCH;
	err = may_control(thread) ? sched_set_affinity(thread, mask) : -EPERM;
	thread_put(thread);
	return err;
}

long sys_sched_getaffinity(int pid, size_t len, void __user *umask)
{
	u64 mask[(NR_CPUS + 63) / 64] = { 0 };
	struct thread *thread;
	struct cpu *cpu;
	size_t n = MIN(len, sizeof(mask));

	/* Whole words, and room for all CPUs there are. */
	if (len % sizeof(u64) || len * 8 < nr_cpus_online)
		return -EINVAL;
	thread = thread_of(pid);
	if (!thread)
		return -ESRCH;
	FOR_EACH_CPU(cpu)
		mask[cpu->id / 64] |= thread->sched.affinity[cpu->id / 64] & BIT(cpu->id % 64);
	thread_put(thread);
	return copy_to_user(umask, mask, n) ? -EFAULT : (long)n;
}

/* ---- nice ---- */

static bool prio_selects(const struct task *task, int which, int who)
{
	switch (which) {
	case PRIO_PGRP:
		return task->pgid == (who ? who : current_task()->pgid);
	case PRIO_USER:
		return task->cred->uid == (who ? (u32)who : cred_current()->uid);
	default:
		return false;
	}
}

/* The next task after *pid that getpriority(2)'s arguments name, referenced. */
static struct task *next_selected(int which, int who, s32 *pid)
{
	struct task *task;

	while ((task = task_next(*pid))) {
		irqflags_t flags = spin_lock_irq(&task_tree_lock);
		bool found = prio_selects(task, which, who);

		spin_unlock_irq(&task_tree_lock, flags);
		*pid = task->pid + 1;
		if (found)
			return task;
		task_put(task);
	}
	return NULL;
}

/* The first thread of @task, referenced; NULL when it has none. */
static struct thread *main_thread(struct task *task)
{
	irqflags_t flags = spin_lock_irq(&task_tree_lock);
	struct thread *thread = LIST_FIRST_ENTRY(&task->threads, struct thread, task_link);

	if (thread)
		thread_get(thread);
	spin_unlock_irq(&task_tree_lock, flags);
	return thread;
}

static int set_nice(struct thread *thread, int nice)
{
	const struct sched_entity *se = &thread->sched;

	if (!may_control(thread))
		return -EPERM;
	/* RLIMIT_NICE: the ceiling is 20 minus its value (getrlimit(2)). */
	if (nice < se->nice && !cred_privileged(cred_current()) &&
	    20 - (s64)MIN(task_rlimit(RLIMIT_NICE), 40ull) > nice)
		return -EACCES;
	return sched_set(thread, se->policy, se->rt_priority, (s8)nice);
}

/* Calls @fn on each thread named. Return: -ESRCH none; else the last error or 0. */
static int for_each_prio(int which, int who, int (*fn)(struct thread *thread, void *arg),
			 void *arg)
{
	int err = -ESRCH, one;
	struct thread *thread;
	struct task *task;

	if (which < PRIO_PROCESS || which > PRIO_USER)
		return -EINVAL;
	if (which == PRIO_PROCESS) {
		thread = thread_of(who);
		if (!thread)
			return -ESRCH;
		err = fn(thread, arg);
		thread_put(thread);
		return err;
	}
	for (s32 pid = 1; (task = next_selected(which, who, &pid)); task_put(task)) {
		thread = main_thread(task);
		if (!thread)
			continue;
		one = fn(thread, arg);
		if (one || err == -ESRCH)
			err = one;
		thread_put(thread);
	}
	return err;
}

static int apply_nice(struct thread *thread, void *arg)
{
	return set_nice(thread, *(int *)arg);
}

static int lowest_nice(struct thread *thread, void *arg)
{
	int *best = arg;

	*best = MIN(*best, thread->sched.nice);
	return 0;
}

long sys_setpriority(int which, int who, int nice)
{
	nice = MAX(MIN(nice, 19), -20);
	return for_each_prio(which, who, apply_nice, &nice);
}

/* The system call says 20 - nice, so that it is positive (getpriority(2), NOTES). */
long sys_getpriority(int which, int who)
{
	int nice = 19, err = for_each_prio(which, who, lowest_nice, &nice);

	return err ? err : 20 - nice;
}
