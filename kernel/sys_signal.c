/* SPDX-License-Identifier: MIT */
/* System calls about signals: decode, then kernel/task/signal.c. */
#include <kernel/syscall_protos.h>

#include <arch/context.h>
#include <fs/pidfd.h>
#include <fs/procfs.h>
#include <kernel/sys_util.h>
#include <kernel/task/task.h>
#include <security/cred.h>

static bool valid_signal(int sig)
{
	return sig >= 1 && sig <= LINUX_NSIG;
}

/* ---- sending ---- */

/* @sig 0 only asks whether it would be allowed. */
static int send_checked(struct task *task, const struct linux_siginfo *info)
{
	int err = signal_check(task, info->si_signo);

	if (!err && info->si_signo)
		err = signal_send_task(task, info);
	return err;
}

/*
 * kill(2) of a group (@pgid) or of all but init and the caller (0). Tasks are
 * visited one by one with a reference, so that nothing is sent under the lock
 * that a slow permission check would hold.
 */
static int send_many(s32 pgid, const struct linux_siginfo *info)
{
	struct task *task, *self = current_task();
	bool found = false, sent = false;
	int err = 0;

	for (s32 pid = 1; (task = task_next(pid)); task_put(task)) {
		int one;

		pid = task->pid + 1;
		if (pgid ? task->pgid != pgid : task->unkillable || task == self)
			continue;
		found = true;
		one = send_checked(task, info);
		if (!one)
			sent = true;
		else
			err = one;
	}
	if (!found)
		return -ESRCH;
	return sent ? 0 : err;
}

static int send_pid(s32 pid, const struct linux_siginfo *info)
{
	struct task *task;
	int err;

	/* To itself anybody may send, and is there. */
	if (pid == current_task()->pid)
		return info->si_signo ? signal_send_task(current_task(), info) : 0;
	task = task_find(pid);
	if (!task)
		return -ESRCH;
	err = send_checked(task, info);
	task_put(task);
	return err;
}

long sys_kill(int pid, int sig)
{
	struct linux_siginfo info;

	if (sig && !valid_signal(sig))
		return -EINVAL;
	signal_user_info(&info, sig, SI_USER);
	if (pid > 0)
		return send_pid(pid, &info);
	if (pid == 0)
		return send_many(current_task()->pgid, &info);
	if (pid == -1)
		return send_many(0, &info);
	return pid == INT32_MIN ? -ESRCH : send_many(-pid, &info);
}

/* @tgid 0: any process. */
static int send_thread(s32 tgid, s32 tid, const struct linux_siginfo *info)
{
	struct thread *thread;
	int err;

	if (info->si_signo && !valid_signal(info->si_signo))
		return -EINVAL;
	thread = thread_find(tid);
	if (!thread)
		return -ESRCH;
	if (tgid && thread->task->pid != tgid)
		err = -ESRCH;
	else
		err = signal_check(thread->task, info->si_signo);
	if (!err && info->si_signo)
		err = signal_send_thread(thread, info);
	thread_put(thread);
	return err;
}

long sys_tgkill(int tgid, int tid, int sig)
{
	struct linux_siginfo info;

	if (tgid <= 0 || tid <= 0)
		return -EINVAL;
	signal_user_info(&info, sig, SI_TKILL);
	return send_thread(tgid, tid, &info);
}

long sys_tkill(int tid, int sig)
{
	struct linux_siginfo info;

	if (tid <= 0)
		return -EINVAL;
	signal_user_info(&info, sig, SI_TKILL);
	return send_thread(0, tid, &info);
}

/* A sender may not pretend to be the kernel or kill(2), but to itself. */
static bool pretends(const struct linux_siginfo *info)
{
	return info->si_code >= 0 || info->si_code == SI_TKILL;
}

static int copy_info(struct linux_siginfo *info, const struct linux_siginfo __user *uinfo, int sig,
		     bool to_self)
{
	if (copy_from_user(info, uinfo, sizeof(*info)))
		return -EFAULT;
	if (!to_self && pretends(info))
		return -EPERM;
	info->si_signo = sig;
	return 0;
}

long sys_rt_sigqueueinfo(int pid, int sig, const struct linux_siginfo __user *uinfo)
{
	struct linux_siginfo info;
	int err = copy_info(&info, uinfo, sig, pid == current_task()->pid);

	if (err)
		return err;
	if (sig && !valid_signal(sig))
		return -EINVAL;
	return send_pid(pid, &info);
}

long sys_rt_tgsigqueueinfo(int tgid, int tid, int sig, const struct linux_siginfo __user *uinfo)
{
	struct linux_siginfo info;
	int err = copy_info(&info, uinfo, sig, tgid == current_task()->pid);

	if (err)
		return err;
	if (tgid <= 0 || tid <= 0)
		return -EINVAL;
	return send_thread(tgid, tid, &info);
}

static int send_pidfd(struct task *task, int sig, const struct linux_siginfo __user *uinfo)
{
	struct linux_siginfo info;

	if (uinfo) {
		if (copy_from_user(&info, uinfo, sizeof(info)))
			return -EFAULT;
		if (info.si_signo != sig)
			return -EINVAL;
		if (task != current_task() && pretends(&info))
			return -EPERM;
	} else {
		signal_user_info(&info, sig, SI_USER);
	}
	if (atomic_load_acquire(&task->state) == TASK_DEAD)
		return -ESRCH;
	if (sig && !valid_signal(sig))
		return -EINVAL;
	return send_checked(task, &info);
}

long sys_pidfd_send_signal(int pidfd, int sig, const struct linux_siginfo __user *uinfo,
			   unsigned int flags)
{
	struct handle_ref ref;
	struct task *task;
	int err;

	if (flags)
		return -EINVAL;
	err = pidfd_from_handle(pidfd, RIGHT_SIGNAL, &ref, &task, NULL);
	if (err == -EBADF)
		err = procfs_task_from_handle(pidfd, &ref, &task);
	if (err)
		return err;
	err = send_pidfd(task, sig, uinfo);
	handle_put(&ref);
	return err;
}

/* ---- actions and masks ---- */

long sys_rt_sigaction(int sig, const struct linux_sigaction __user *act,
		      struct linux_sigaction __user *old, size_t sigsetsize)
{
	struct linux_sigaction new, before;

	if (sigsetsize != LINUX_SIGSET_SIZE)
		return -EINVAL;
	if (act && copy_from_user(&new, act, sizeof(new)))
		return -EFAULT;
	if (!valid_signal(sig) || (act && (sig == SIGKILL || sig == SIGSTOP)))
		return -EINVAL;
	/* Flags are an int that some libraries sign-extend; unknown ones are
	 * cleared, so that programs can probe (sigaction(2), SA_UNSUPPORTED). */
	if (act)
		new.sa_flags &= SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_ONSTACK | SA_RESTART |
				SA_NODEFER | SA_RESETHAND | SA_RESTORER | SA_EXPOSE_TAGBITS;
	signal_action(sig, act ? &new : NULL, old ? &before : NULL);
	return old ? copy_to_user(old, &before, sizeof(before)) : 0;
}

long sys_rt_sigprocmask(int how, const u64 __user *set, u64 __user *old, size_t sigsetsize)
{
	u64 before = current->blocked, mask;

	if (sigsetsize != LINUX_SIGSET_SIZE)
		return -EINVAL;
	if (set) {
		if (user_read_u64(&mask, set))
			return -EFAULT;
		switch (how) {
		case SIG_BLOCK:
			mask |= before;
			break;
		case SIG_UNBLOCK:
			mask = before & ~mask;
			break;
		case SIG_SETMASK:
			break;
		default:
			return -EINVAL;
		}
		signal_set_mask(mask);
	}
	return old ? user_write_u64(old, before) : 0;
}

long sys_rt_sigpending(u64 __user *set, size_t sigsetsize)
{
	if (sigsetsize > LINUX_SIGSET_SIZE)
		return -EINVAL;
	u64 mask = signal_pending_mask();

	return copy_to_user(set, &mask, sigsetsize);
}

long sys_rt_sigsuspend(const u64 __user *umask, size_t sigsetsize)
{
	u64 mask;

	if (sigsetsize != LINUX_SIGSET_SIZE)
		return -EINVAL;
	if (user_read_u64(&mask, umask))
		return -EFAULT;
	signal_suspend_mask(mask);
	do
		sched_mark_asleep(true);
	while (sched_block(NS_FOREVER) != -ERESTARTSYS);
	sched_mark_awake();
	return -ERESTARTNOHAND;
}

long sys_rt_sigtimedwait(const u64 __user *uset, struct linux_siginfo __user *uinfo,
			 const struct linux_timespec __user *timeout, size_t sigsetsize)
{
	struct linux_siginfo info;
	ns_t deadline = NS_FOREVER;
	u64 set;
	int sig;

	if (sigsetsize != LINUX_SIGSET_SIZE)
		return -EINVAL;
	if (user_read_u64(&set, uset))
		return -EFAULT;
	if (timeout) {
		int err = timespec_copy_ns(timeout, &deadline);

		if (err)
			return err;
		if (deadline)
			deadline = deadline_after(deadline);
	}
	sig = signal_wait(set, deadline, &info);
	if (sig > 0 && uinfo && copy_to_user(uinfo, &info, sizeof(info)))
		return -EFAULT;
	return sig;
}

long sys_sigaltstack(const struct linux_stack_t __user *unew, struct linux_stack_t __user *uold)
{
	u64 sp = context_frame(current)->rsp;
	struct linux_stack_t new, old;
	int err;

	if (unew && copy_from_user(&new, unew, sizeof(new)))
		return -EFAULT;
	signal_altstack_get(&old, sp);
	if (unew) {
		err = signal_altstack_set(&new, sp);
		if (err)
			return err;
	}
	return uold ? copy_to_user(uold, &old, sizeof(old)) : 0;
}

long sys_rt_sigreturn(void)
{
	const struct linux_siginfo info = { .si_signo = SIGSEGV, .si_code = SI_KERNEL };
	struct trapframe *tf = context_frame(current);
	u64 mask;

	/* What a handler interrupted is over, whatever it was going to restart. */
	current->restart.fn = NULL;
	if (sigframe_restore(tf, &mask))
		signal_force(&info);
	else
		signal_set_mask(mask);
	return (long)tf->rax;
}

long sys_restart_syscall(void)
{
	struct restart_block block = current->restart;

	if (!block.fn)
		return -EINTR;
	current->restart.fn = NULL;
	return block.fn(&block);
}
