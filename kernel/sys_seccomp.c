/* SPDX-License-Identifier: MIT */
/*
 * seccomp(2) and what its filters' verdicts do. The filters themselves are
 * security/seccomp.c's.
 *
 * A thread's filter changes under its task's signal lock, by itself or by a
 * sibling (TSYNC). It reads its own without a lock: whatever replaces a filter
 * keeps it alive, being on top of it.
 *
 * What becomes of calls that a listener answers is sys_seccomp_notify.c's.
 * Sources: man seccomp(2), prctl(2).
 */
#include <kernel/sys_seccomp.h>

#include <arch/context.h>
#include <arch/uaccess.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_wait.h>
#include <kernel/sys_seccomp_notify.h>
#include <kernel/syscall_protos.h>
#include <kernel/syscall_table.h>
#include <kernel/task/event.h>
#include <kernel/task/ptrace.h>
#include <kernel/task/task.h>
#include <mm/kmalloc.h>
#include <security/audit.h>
#include <security/cred.h>
#include <security/seccomp.h>

/* ---- verdicts ---- */

static void fill_data(struct linux_seccomp_data *data, const struct trapframe *tf)
{
	*data = (struct linux_seccomp_data){
		.nr = (s32)tf->orig_rax,
		.arch = AUDIT_ARCH_X86_64,
		.instruction_pointer = tf->rip,
		.args = { tf->rdi, tf->rsi, tf->rdx, tf->r10, tf->r8, tf->r9 },
	};
}

static void audit(const struct linux_seccomp_data *data, const char *what)
{
	const char *name = syscall_name((u32)data->nr);

	audit_say("audit: seccomp: %s[%d] %s (%d) %s, ip 0x%llx", current->comm, current->tid,
		  name ? name : "unknown call", data->nr, what,
		  (unsigned long long)data->instruction_pointer);
}

/* The program is told by SIGSYS; the call returns its own number, as if not made. */
static void trap(const struct linux_seccomp_data *data, u32 verdict)
{
	struct linux_siginfo info = {
		.si_signo = SIGSYS,
		.si_errno = verdict & SECCOMP_RET_DATA,
		.si_code = SYS_SECCOMP,
		.sys = { data->instruction_pointer, data->nr, data->arch },
	};

	signal_force(&info);
}

static void kill(const struct linux_seccomp_data *data, bool process)
{
	event_denied(EVENT_BY_SECCOMP, (u32)data->nr, 0);
	audit(data, process ? "kills the process" : "kills the thread");
	if (!process && atomic_load_relaxed(&current_task()->nr_threads) > 1)
		thread_exit(linux_wait_signaled(SIGSYS, false));
	task_exit_group(linux_wait_signaled(SIGSYS, false));
}

/* The tracer, if it asked for that, sees the call and may change or skip it. */
static bool ask_tracer(const struct trapframe *tf, u32 verdict, u64 *result)
{
	if (!ptrace_seccomp(verdict & SECCOMP_RET_DATA)) {
		*result = -(u64)ENOSYS;
		return false;
	}
	*result = tf->rax;
	return (s32)tf->orig_rax >= 0;
}

static bool act(const struct trapframe *tf, const struct linux_seccomp_data *data, u32 verdict,
		const struct seccomp_filter *match, u64 *result)
{
	static const u32 errno_max = 4095;
	bool log = match && match->log;

	switch (verdict & SECCOMP_RET_ACTION_FULL) {
	case SECCOMP_RET_ALLOW:
		return true;
	case SECCOMP_RET_LOG:
		audit(data, "is allowed");
		return true;
	case SECCOMP_RET_ERRNO:
		event_denied(EVENT_BY_SECCOMP, (u32)data->nr, 0);
		if (log)
			audit(data, "is refused");
		*result = -(u64)MIN(verdict & SECCOMP_RET_DATA, errno_max);
		return false;
	case SECCOMP_RET_TRAP:
		event_denied(EVENT_BY_SECCOMP, (u32)data->nr, 0);
		if (log)
			audit(data, "is trapped");
		trap(data, verdict);
		*result = (u64)(s64)data->nr;
		return false;
	case SECCOMP_RET_TRACE:
		return ask_tracer(tf, verdict, result);
	case SECCOMP_RET_USER_NOTIF:
		return seccomp_notify_ask(match->notify, data, result);
	case SECCOMP_RET_KILL_THREAD:
		kill(data, false);
		return false;
	}
	kill(data, true); /* also every action that does not exist */
	return false;
}

bool seccomp_enter(const struct trapframe *tf, u64 *result)
{
	const struct seccomp_filter *filter = atomic_load_acquire(&current->seccomp), *match;
	struct linux_seccomp_data data;
	u32 verdict;

	if (seccomp_allows(filter, (u32)tf->orig_rax))
		return true;
	fill_data(&data, tf);
	if (filter == &seccomp_strict) {
		event_denied(EVENT_BY_SECCOMP, (u32)data.nr, 0);
		audit(&data, "kills the thread (strict mode)");
		thread_exit(linux_wait_signaled(SIGKILL, false));
	}
	verdict = seccomp_verdict(filter, &data, &match);
	return act(tf, &data, verdict, match, result);
}

/* ---- setting ---- */

long seccomp_mode(void)
{
	return seccomp_filter_mode(current->seccomp);
}

/* @filter's reference becomes the thread's; the old one's is dropped. Signal lock held. */
static void put_on_locked(struct thread *thread, struct seccomp_filter *filter)
{
	struct seccomp_filter *old = thread->seccomp;

	atomic_store_release(&thread->seccomp, filter);
	atomic_fetch_or(&thread->work, THREAD_WORK_SECCOMP);
	seccomp_filter_put(old); /* never the last one: @filter stands on it */
}

static long set_strict(void)
{
	irqflags_t flags;
	struct signal_state *sig = signal_lock(current_task(), &flags);
	long err = 0;

	if (!current->seccomp) {
		seccomp_filter_get(&seccomp_strict);
		put_on_locked(current, &seccomp_strict);
	} else if (current->seccomp != &seccomp_strict) {
		err = -EINVAL;
	}
	signal_unlock(sig, flags);
	return err;
}

/* The first other thread that could not take over current's next filter, or NULL. */
static struct thread *sync_obstacle_locked(void)
{
	struct thread *thread;

	LIST_FOR_EACH(thread, &current_task()->threads, task_link)
		if (thread != current && (thread->seccomp == &seccomp_strict ||
					  !seccomp_is_ancestor(thread->seccomp, current->seccomp)))
			return thread;
	return NULL;
}

static void sync_locked(struct seccomp_filter *filter)
{
	struct thread *thread;

	LIST_FOR_EACH(thread, &current_task()->threads, task_link) {
		if (thread == current)
			continue;
		seccomp_filter_get(filter);
		put_on_locked(thread, filter);
		if (current->no_new_privs)
			thread->no_new_privs = true;
	}
}

/* Put @filter, made on top of @below, on current (and its siblings).
 * Return: 0; -EAGAIN another thread put one on current meanwhile; else the call's result. */
static long attach(struct seccomp_filter *filter, const struct seccomp_filter *below, u32 fl)
{
	struct thread *obstacle = NULL;
	irqflags_t flags;
	struct signal_state *sig = signal_lock(current_task(), &flags);
	long ret = 0;

	if (current->seccomp != below) {
		ret = -EAGAIN;
	} else if (fl & SECCOMP_FILTER_FLAG_TSYNC) {
		obstacle = sync_obstacle_locked();
		if (obstacle)
			ret = fl & SECCOMP_FILTER_FLAG_TSYNC_ESRCH ? -ESRCH : obstacle->tid;
	}
	if (!ret) {
		seccomp_filter_get(filter);
		put_on_locked(current, filter);
		if (fl & SECCOMP_FILTER_FLAG_TSYNC)
			sync_locked(filter);
	}
	signal_unlock(sig, flags);
	return ret;
}

static struct seccomp_filter *current_filter(void)
{
	irqflags_t flags;
	struct signal_state *sig = signal_lock(current_task(), &flags);
	struct seccomp_filter *filter = current->seccomp;

	seccomp_filter_get(filter);
	signal_unlock(sig, flags);
	return filter;
}

static long create_and_attach(const struct linux_sock_filter *insns, u32 len, u32 flags,
			      struct seccomp_notify *notify)
{
	struct seccomp_filter *filter, *below;
	long ret;

	do {
		below = current_filter();
		ret = below == &seccomp_strict ? -EINVAL : 0;
		if (!ret && notify && seccomp_has_listener(below))
			ret = -EBUSY;
		if (!ret)
			ret = seccomp_filter_create(insns, len, below,
						    flags & SECCOMP_FILTER_FLAG_LOG, &filter);
		if (!ret) {
			if (notify)
				refcount_get(&notify->refs);
			filter->notify = notify;
			ret = attach(filter, below, flags);
			seccomp_filter_put(filter);
		}
		seccomp_filter_put(below);
	} while (ret == -EAGAIN);
	return ret;
}

/* Return: 0, or with SECCOMP_FILTER_FLAG_NEW_LISTENER the listener's number; -errno */
static long attach_with_listener(const struct linux_sock_filter *insns, u32 len, u32 flags)
{
	struct seccomp_listener listener;
	long ret;

	if (!(flags & SECCOMP_FILTER_FLAG_NEW_LISTENER))
		return create_and_attach(insns, len, flags, NULL);
	ret = seccomp_listener_prepare(&listener,
				       flags & SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
	if (ret)
		return ret;
	ret = create_and_attach(insns, len, flags, listener.notify);
	if (ret) {
		seccomp_listener_drop(&listener);
		return ret;
	}
	return seccomp_listener_install(&listener);
}

static bool flags_agree(u32 flags)
{
	static const u32 known = SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_LOG |
				 SECCOMP_FILTER_FLAG_SPEC_ALLOW | SECCOMP_FILTER_FLAG_TSYNC_ESRCH |
				 SECCOMP_FILTER_FLAG_NEW_LISTENER |
				 SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
	static const u32 both = SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_NEW_LISTENER;

	if (flags & ~known)
		return false;
	/* The result is a number of a thread, or of the listener. */
	if ((flags & both) == both && !(flags & SECCOMP_FILTER_FLAG_TSYNC_ESRCH))
		return false;
	return !(flags & SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV) ||
	       (flags & SECCOMP_FILTER_FLAG_NEW_LISTENER);
}

static long set_filter(u32 flags, const void __user *uprog)
{
	struct linux_sock_filter *insns;
	struct linux_sock_fprog prog;
	size_t size;
	long ret;

	if (!flags_agree(flags))
		return -EINVAL;
	if (copy_from_user(&prog, uprog, sizeof(prog)))
		return -EFAULT;
	if (prog.len == 0 || prog.len > BPF_MAXINSNS)
		return -EINVAL;
	if (!current->no_new_privs && !capable(CAP_SYS_ADMIN))
		return -EACCES;
	size = prog.len * sizeof(*insns);
	insns = kmalloc(size, 0);
	if (!insns)
		return -ENOMEM;
	ret = -EFAULT;
	if (!copy_from_user(insns, (const void __user *)(uintptr_t)prog.filter, size))
		ret = attach_with_listener(insns, prog.len, flags);
	kfree(insns);
	return ret;
}

static long action_available(const void __user *uaction)
{
	u32 action;

	if (user_read_u32(&action, uaction))
		return -EFAULT;
	switch (action) {
	case SECCOMP_RET_KILL_PROCESS:
	case SECCOMP_RET_KILL_THREAD:
	case SECCOMP_RET_TRAP:
	case SECCOMP_RET_ERRNO:
	case SECCOMP_RET_USER_NOTIF:
	case SECCOMP_RET_TRACE:
	case SECCOMP_RET_LOG:
	case SECCOMP_RET_ALLOW:
		return 0;
	}
	return -EOPNOTSUPP;
}

static long notif_sizes(void __user *usizes)
{
	static const struct linux_seccomp_notif_sizes sizes = {
		.notif = sizeof(struct linux_seccomp_notif),
		.resp = sizeof(struct linux_seccomp_notif_resp),
		.data = sizeof(struct linux_seccomp_data),
	};

	return copy_to_user(usizes, &sizes, sizeof(sizes));
}

long seccomp_prctl_set(u64 mode, const void __user *prog)
{
	switch (mode) {
	case SECCOMP_MODE_STRICT:
		return set_strict();
	case SECCOMP_MODE_FILTER:
		return set_filter(0, prog);
	}
	return -EINVAL;
}

long sys_seccomp(unsigned int op, unsigned int flags, vaddr_t args)
{
	void __user *ptr = (void __user *)args;

	switch (op) {
	case SECCOMP_SET_MODE_STRICT:
		return flags || ptr ? -EINVAL : set_strict();
	case SECCOMP_SET_MODE_FILTER:
		return set_filter(flags, ptr);
	case SECCOMP_GET_ACTION_AVAIL:
		return flags ? -EINVAL : action_available(ptr);
	case SECCOMP_GET_NOTIF_SIZES:
		return flags ? -EINVAL : notif_sizes(ptr);
	}
	return -EINVAL;
}
