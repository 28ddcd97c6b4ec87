/* SPDX-License-Identifier: MIT */
/*
 * Job control: who may read a terminal, who gets its signals. POSIX.1-2017
 * §11.1.3, §11.1.4; man tty_ioctl(4), setsid(2). All links between tasks and
 * terminals change under task_tree_lock; signals are sent after it.
 */
#include <fs/tty.h>

#include <arch/uaccess.h>
#include <kernel/abi/errno.h>
#include <kernel/task/pid.h>
#include <kernel/task/task.h>
#include <security/cred.h>

/* The group's number is not given out again while a terminal remembers it. */
static void set_pgid_locked(struct tty *tty, s32 pgid)
{
	if (pgid)
		pid_use_locked(pgid);
	if (tty->pgid)
		pid_unuse_locked(tty->pgid);
	atomic_store_relaxed(&tty->pgid, pgid);
}

struct tty *tty_current(void)
{
	irqflags_t flags = spin_lock_irq(&task_tree_lock);
	struct tty *tty = current_task()->tty;

	if (tty)
		tty_get(tty);
	spin_unlock_irq(&task_tree_lock, flags);
	return tty;
}

void tty_numbers(struct task *task, u64 *dev, s32 *pgid)
{
	irqflags_t flags = spin_lock_irq(&task_tree_lock);

	*dev = task->tty ? task->tty->dev : 0;
	*pgid = task->tty ? task->tty->pgid : -1;
	spin_unlock_irq(&task_tree_lock, flags);
}

int tty_check_change(struct tty *tty, int signo)
{
	struct task *task = current_task();
	s32 front = atomic_load_relaxed(&tty->pgid), pgid = task->pgid;

	if (atomic_load_relaxed(&task->tty) != tty || !front || front == pgid)
		return 0;
	if (signal_blocked_or_ignored(signo))
		return signo == SIGTTIN ? -EIO : 0;
	if (task_pgrp_orphaned(pgid))
		return -EIO;
	(void)signal_send_pgrp(pgid, signo);
	return -ERESTARTSYS;
}

/* No task has @tty any more. TASK_TREE held. */
static void clear_tasks_locked(struct tty *tty)
{
	struct task *task;

	LIST_FOR_EACH(task, &task_list, all_link)
		if (task->tty == tty)
			task->tty = NULL;
	tty->sid = 0;
	set_pgid_locked(tty, 0);
}

static void signal_group(s32 pgid)
{
	if (!pgid)
		return;
	(void)signal_send_pgrp(pgid, SIGHUP);
	(void)signal_send_pgrp(pgid, SIGCONT);
}

void tty_drop_session(struct tty *tty, bool dead)
{
	irqflags_t flags = spin_lock_irq(&task_tree_lock);
	s32 sid = tty->sid, pgid = tty->pgid;
	struct task *leader;

	tty->dead |= dead;
	clear_tasks_locked(tty);
	spin_unlock_irq(&task_tree_lock, flags);
	leader = sid ? task_find(sid) : NULL;
	if (leader) {
		signal_send_kernel(leader, SIGHUP);
		signal_send_kernel(leader, SIGCONT);
		task_put(leader);
	}
	signal_group(pgid);
}

/* The leader @task gives its terminal up. Return: it, referenced; NULL: had none. */
static struct tty *leave(struct task *task, s32 *pgid)
{
	irqflags_t flags = spin_lock_irq(&task_tree_lock);
	struct tty *tty = task->tty;

	if (tty) {
		tty_get(tty);
		*pgid = tty->pgid;
		clear_tasks_locked(tty);
	}
	spin_unlock_irq(&task_tree_lock, flags);
	return tty;
}

/* A terminal line is hung up with its session; a pty lives on, its master knows. */
void tty_session_exit(struct task *task)
{
	s32 pgid = 0;
	struct tty *tty = leave(task, &pgid);

	if (!tty)
		return;
	if (!tty->is_pty)
		tty_hangup(tty, false);
	signal_group(pgid);
	tty_put(tty);
}

static long set_session(struct tty *tty, bool steal, bool readable)
{
	struct task *task = current_task();
	irqflags_t flags = spin_lock_irq(&task_tree_lock);
	bool root = capable(CAP_SYS_ADMIN);
	long err = 0;

	if (task->sid == task->pid && tty->sid == task->sid && task->tty == tty)
		goto out;
	err = -EPERM;
	if (task->sid != task->pid || task->tty)
		goto out;
	if (tty->sid) {
		if (!steal || !root)
			goto out;
		clear_tasks_locked(tty);
	}
	if (!readable && !root)
		goto out;
	err = -EIO;
	if (tty->dead)
		goto out;
	err = 0;
	tty->sid = task->sid;
	set_pgid_locked(tty, task->pgid);
	task->tty = tty;
out:
	spin_unlock_irq(&task_tree_lock, flags);
	return err;
}

void tty_take_session(struct tty *tty)
{
	/* Whether it may is the question; that it may not is no error of open(2). */
	if (current_task()->sid == current_task()->pid && !atomic_load_relaxed(&tty->sid))
		(void)set_session(tty, false, true);
}

static long no_tty(struct tty *tty)
{
	struct task *task = current_task();
	irqflags_t flags;
	s32 pgid = 0;

	if (atomic_load_relaxed(&task->tty) != tty)
		return -ENOTTY;
	if (task->sid == task->pid) {
		struct tty *old = leave(task, &pgid);

		signal_group(pgid);
		if (old)
			tty_put(old);
		return 0;
	}
	flags = spin_lock_irq(&task_tree_lock);
	task->tty = NULL;
	spin_unlock_irq(&task_tree_lock, flags);
	return 0;
}

static bool is_own(struct tty *tty)
{
	return atomic_load_relaxed(&current_task()->tty) == tty;
}

static long set_front(struct tty *tty, u64 arg)
{
	irqflags_t flags;
	struct task *task;
	long err;
	u32 pgid;

	err = tty_check_change(tty, SIGTTOU);
	if (err)
		return err;
	if (!is_own(tty))
		return -ENOTTY;
	if (user_read_u32(&pgid, (const void __user *)(uintptr_t)arg))
		return -EFAULT;
	if ((s32)pgid < 0)
		return -EINVAL;
	err = -ESRCH;
	flags = spin_lock_irq(&task_tree_lock);
	LIST_FOR_EACH(task, &task_list, all_link)
		if (task->pgid == (s32)pgid) {
			err = task->sid == tty->sid ? 0 : -EPERM;
			break;
		}
	if (!err)
		set_pgid_locked(tty, (s32)pgid);
	spin_unlock_irq(&task_tree_lock, flags);
	return err;
}

long tty_job_ioctl(struct tty *tty, u32 cmd, u64 arg, bool readable, bool master)
{
	void __user *uarg = (void __user *)(uintptr_t)arg;

	switch (cmd) {
	case TIOCSCTTY:
		return set_session(tty, arg == 1, readable);
	case TIOCNOTTY:
		return no_tty(tty);
	case TIOCGPGRP:
		if (!master && !is_own(tty))
			return -ENOTTY;
		return user_write_u32(uarg, (u32)atomic_load_relaxed(&tty->pgid));
	case TIOCSPGRP:
		return set_front(tty, arg);
	case TIOCGSID:
		if ((!master && !is_own(tty)) || !atomic_load_relaxed(&tty->sid))
			return -ENOTTY;
		return user_write_u32(uarg, (u32)atomic_load_relaxed(&tty->sid));
	default:
		return -ENOTTY;
	}
}
