/* SPDX-License-Identifier: MIT */
/*
 * System calls of scheduling: classes and priorities, affinity, nice. Policy is
 * kernel/sched; here arguments are decoded and permissions asked as man
 * sched(7) and Linux's kernel/sched/syscalls.c have them.
 */
#include <kernel/syscall_protos.h>

#include <arch/mmu.h>
#include <arch/percpu.h>
#include <arch/smp.h>
#include <kernel/abi/linux_misc.h>
#include <kernel/abi/linux_sched.h>
#include <kernel/sys_util.h>
#include <kernel/task/rseq.h>
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
	bool may = cred_capable(self, CAP_SYS_NICE) ||
		   self->euid == cred->euid || self->euid == cred->uid;

	cred_put(cred);
	return may;
}

static int set_nice(struct thread *thread, int nice)
{
	const struct sched_entity *se = &thread->sched;

	if (!may_control(thread))
		return -EPERM;
	/* RLIMIT_NICE: the ceiling is 20 minus its value (getrlimit(2)). */
	if (nice < se->nice && !capable(CAP_SYS_NICE) &&
	    20 - (s64)MIN(task_rlimit(RLIMIT_NICE), 40ull) > nice)
		return -EACCES;
	return sched_set(thread, se->policy, se->rt_priority, (s8)nice);
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
	if (rt && !capable(CAP_SYS_NICE) && (u64)priority > task_rlimit(RLIMIT_RTPRIO) &&
	    (!se->rt_priority || priority > se->rt_priority))
		return -EPERM;
	return sched_set(thread, (u8)policy, (u8)priority, se->nice);
}

/* Only who may change anything takes the mark off again (sched(7)). */
static int set_reset_on_fork(struct thread *thread, bool on)
{
	if (thread->sched.reset_on_fork && !on && !capable(CAP_SYS_NICE))
		return -EPERM;
	atomic_store_relaxed(&thread->sched.reset_on_fork, on);
	return 0;
}

long sys_sched_setscheduler(int pid, int policy, const struct linux_sched_param __user *uparam)
{
	struct linux_sched_param param;
	struct thread *thread;
	bool reset = policy > 0 && (policy & SCHED_RESET_ON_FORK);
	int err;

	policy &= ~SCHED_RESET_ON_FORK;
	if (pid < 0 || policy < 0 || policy > SCHED_DEADLINE || !uparam)
		return -EINVAL;
	if (copy_from_user(&param, uparam, sizeof(param)))
		return -EFAULT;
	thread = thread_of(pid);
	if (!thread)
		return -ESRCH;
	err = set_scheduler(thread, policy, param.sched_priority);
	if (!err)
		err = set_reset_on_fork(thread, reset);
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
	if (thread->sched.reset_on_fork)
		policy |= SCHED_RESET_ON_FORK;
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

/* A structure shorter than the first version's or with more than is known: what there is. */
static int attr_too_big(struct linux_sched_attr __user *uattr)
{
	return user_write_u32(user_field(uattr, size), sizeof(*uattr)) ? -EFAULT : -E2BIG;
}

static int attr_get(struct linux_sched_attr __user *uattr, struct linux_sched_attr *attr)
{
	u32 size;

	if (user_read_u32(&size, user_field(uattr, size)))
		return -EFAULT;
	if (!size)
		size = SCHED_ATTR_SIZE_VER0;
	if (size < SCHED_ATTR_SIZE_VER0 || size > PAGE_SIZE)
		return attr_too_big(uattr);
	*attr = (struct linux_sched_attr){ 0 };
	if (copy_from_user(attr, uattr, MIN(size, (u32)sizeof(*attr))))
		return -EFAULT;
	for (u32 at = sizeof(*attr); at < size; at++) {
		u8 byte;

		if (copy_from_user(&byte, (const char __user *)uattr + at, 1))
			return -EFAULT;
		if (byte)
			return attr_too_big(uattr);
	}
	return 0;
}

/* The classes with a nice value take it from the same structure. */
static int set_attr(struct thread *thread, struct linux_sched_attr *attr)
{
	const struct sched_entity *se = &thread->sched;
	int policy = (int)attr->sched_policy, err;
	bool fair;

	if (attr->sched_flags & SCHED_FLAG_KEEP_POLICY)
		policy = se->policy;
	fair = policy != SCHED_FIFO && policy != SCHED_RR;
	if (attr->sched_flags & SCHED_FLAG_KEEP_PARAMS) {
		attr->sched_priority = se->rt_priority;
		attr->sched_nice = se->nice;
	}
	err = set_scheduler(thread, policy, (int)attr->sched_priority);
	if (!err && fair)
		err = set_nice(thread, MAX(MIN(attr->sched_nice, 19), -20));
	if (!err)
		err = set_reset_on_fork(thread, attr->sched_flags & SCHED_FLAG_RESET_ON_FORK);
	return err;
}

long sys_sched_setattr(int pid, struct linux_sched_attr __user *uattr, unsigned int flags)
{
	const u64 known = SCHED_FLAG_RESET_ON_FORK | SCHED_FLAG_KEEP_POLICY |
			  SCHED_FLAG_KEEP_PARAMS;
	struct linux_sched_attr attr;
	struct thread *thread;
	int err;

	if (!uattr || pid < 0 || flags)
		return -EINVAL;
	err = attr_get(uattr, &attr);
	if (err)
		return err;
	if ((s32)attr.sched_policy < 0 || (attr.sched_flags & ~known))
		return -EINVAL;
	thread = thread_of(pid);
	if (!thread)
		return -ESRCH;
	err = set_attr(thread, &attr);
	thread_put(thread);
	return err;
}

long sys_sched_getattr(int pid, void __user *uattr, unsigned int len, unsigned int flags)
{
	struct linux_sched_attr attr = { 0 };
	const struct sched_entity *se;
	struct thread *thread;

	if (!uattr || pid < 0 || flags || len < SCHED_ATTR_SIZE_VER0 || len > PAGE_SIZE)
		return -EINVAL;
	thread = thread_of(pid);
	if (!thread)
		return -ESRCH;
	se = &thread->sched;
	attr.size = MIN(len, (u32)sizeof(attr));
	attr.sched_policy = se->policy;
	attr.sched_flags = se->reset_on_fork ? SCHED_FLAG_RESET_ON_FORK : 0;
	if (se->rt_priority)
		attr.sched_priority = se->rt_priority;
	else
		attr.sched_nice = se->nice;
	thread_put(thread);
	return copy_to_user(uattr, &attr, attr.size);
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

/* ---- priority of input and output ---- */

static int check_ioprio(int ioprio)
{
	int level = ioprio & ((1 << IOPRIO_CLASS_SHIFT) - 1);

	switch (ioprio >> IOPRIO_CLASS_SHIFT) {
	case IOPRIO_CLASS_RT:
		return capable(CAP_SYS_ADMIN) || capable(CAP_SYS_NICE) ? 0 : -EPERM;
	case IOPRIO_CLASS_BE:
	case IOPRIO_CLASS_IDLE:
		return 0;
	case IOPRIO_CLASS_NONE:
		return level ? -EINVAL : 0;
	}
	return -EINVAL;
}

static int apply_ioprio(struct thread *thread, void *arg)
{
	if (!may_control(thread))
		return -EPERM;
	atomic_store_relaxed(&thread->ioprio, *(u16 *)arg);
	return 0;
}

static bool valid_prio_kind(int which)
{
	return which >= IOPRIO_WHO_PROCESS && which <= IOPRIO_WHO_USER;
}

long sys_ioprio_set(int which, int who, int ioprio)
{
	u16 value = (u16)ioprio;
	int err = ioprio < 0 || ioprio > UINT16_MAX ? -EINVAL : check_ioprio(ioprio);

	if (err)
		return err;
	if (!valid_prio_kind(which))
		return -EINVAL;
	return for_each_prio(which - IOPRIO_WHO_PROCESS, who, apply_ioprio, &value);
}

/* Of several the best: a lower number. Who never chose is in the middle, or lower
 * or higher as the nice value says (ioprio_set(2), NOTES). */
static int best_ioprio(struct thread *thread, void *arg)
{
	u16 *best = arg, now = atomic_load_relaxed(&thread->ioprio);

	if (!now)
		now = (IOPRIO_CLASS_BE << IOPRIO_CLASS_SHIFT) |
		      (u16)((thread->sched.nice + 20) / 5);
	*best = MIN(*best, now);
	return 0;
}

long sys_ioprio_get(int which, int who)
{
	u16 best = UINT16_MAX;
	struct thread *thread;
	long err;

	if (!valid_prio_kind(which))
		return -EINVAL;
	if (which != IOPRIO_WHO_PROCESS) {
		err = for_each_prio(which - IOPRIO_WHO_PROCESS, who, best_ioprio, &best);
		return err ? err : best;
	}
	/* One thread's is told as it was set. */
	thread = thread_of(who);
	if (!thread)
		return -ESRCH;
	best = atomic_load_relaxed(&thread->ioprio);
	thread_put(thread);
	return best;
}

/* ---- membarrier ---- */

#define MEMBARRIER_REGISTER                                                               \
	(MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED |                                       \
	 MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED |                                      \
	 MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE |                            \
	 MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ)
#define MEMBARRIER_KNOWN                                                                  \
	(MEMBARRIER_REGISTER | MEMBARRIER_CMD_GLOBAL | MEMBARRIER_CMD_GLOBAL_EXPEDITED |  \
	 MEMBARRIER_CMD_PRIVATE_EXPEDITED | MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE |  \
	 MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ |                                          \
	 MEMBARRIER_CMD_GET_REGISTRATIONS)

static void no_work(__unused void *arg)
{
}

/* A thread of the space @arg that runs here leaves its critical section. */
static void restart_section(void *arg)
{
	if (current->task->as == arg)
		rseq_moved(current);
}

/*
 * Every other CPU takes an interrupt, which is a full fence, and goes back to user mode
 * by IRET, which serialises it (Intel SDM vol. 3 §8.3). One that runs no thread of this
 * process now has passed a fence in the switch.
 */
static long barrier_everywhere(void)
{
	struct cpumask others = { { 0 } };
	struct cpu *cpu;

	atomic_fence();
	FOR_EACH_CPU(cpu)
		others.bits[cpu->id / 64] |= BIT(cpu->id % 64);
	smp_call(&others, no_work, NULL);
	return 0;
}

/* @cpu: that one alone; negative: all. The caller is in this call, so in no section. */
static long restart_sections(int cpu)
{
	struct cpumask mask = { { 0 } };
	struct cpu *each;

	atomic_fence();
	FOR_EACH_CPU(each)
		if (cpu < 0 || each->id == (cpu_t)cpu)
			mask.bits[each->id / 64] |= BIT(each->id % 64);
	smp_call(&mask, restart_section, current_task()->as);
	return 0;
}

long sys_membarrier(int cmd, unsigned int flags, int cpu)
{
	u32 *registered = &current_task()->membarrier;

	if (flags && (flags != MEMBARRIER_CMD_FLAG_CPU ||
		      cmd != MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ))
		return -EINVAL;
	switch (cmd) {
	case MEMBARRIER_CMD_QUERY:
		return MEMBARRIER_KNOWN;
	case MEMBARRIER_CMD_GET_REGISTRATIONS:
		return atomic_load_relaxed(registered);
	case MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED:
	case MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED:
	case MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE:
	case MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ:
		atomic_fetch_or(registered, (u32)cmd);
		return 0;
	case MEMBARRIER_CMD_GLOBAL:
	case MEMBARRIER_CMD_GLOBAL_EXPEDITED:
		return barrier_everywhere();
	case MEMBARRIER_CMD_PRIVATE_EXPEDITED:
	case MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE:
		/* The registration's bit is the next one. */
		return atomic_load_relaxed(registered) & ((u32)cmd << 1) ? barrier_everywhere()
									  : -EPERM;
	case MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ:
		if (!(atomic_load_relaxed(registered) & ((u32)cmd << 1)))
			return -EPERM;
		return restart_sections(flags & MEMBARRIER_CMD_FLAG_CPU ? cpu : -1);
	}
	return -EINVAL;
}
