/* SPDX-License-Identifier: MIT */
/*
 * pidfd_open(2). The file refers to the task itself, which stays as a shell
 * when it has been waited for: the number may be another's then.
 */
#include <fs/pidfd.h>

#include <fs/file.h>
#include <fs/inode.h>
#include <fs/seq.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_fcntl.h>
#include <kernel/abi/linux_misc.h>
#include <kernel/abi/linux_poll.h>
#include <kernel/task/task.h>

static u32 pidfd_poll(struct file *file, struct poll_table *table)
{
	struct task *task = file->priv;

	poll_wait(table, &task->exit_wait);
	switch (atomic_load_acquire(&task->state)) {
	case TASK_ALIVE:
		return 0;
	case TASK_ZOMBIE:
		return POLLIN | POLLRDNORM;
	case TASK_DEAD:
		break;
	}
	return POLLIN | POLLRDNORM | POLLHUP;
}

static void pidfd_release(struct file *file)
{
	task_put(file->priv);
}

static void pidfd_fdinfo(struct file *file, struct seq *seq)
{
	const struct task *task = file->priv;
	s32 pid = atomic_load_relaxed(&task->state) == TASK_DEAD ? -1 : task->pid;

	seq_printf(seq, "Pid:\t%d\nNSpid:\t%d\n", pid, pid);
}

static const struct file_ops pidfd_fops = {
	.poll = pidfd_poll,
	.release = pidfd_release,
	.anon_name = "[pidfd]",
	.fdinfo = pidfd_fdinfo,
};

int pidfd_create(struct task *task, u32 flags, struct file **out)
{
	*out = file_alloc(inode_anon(), &pidfd_fops, O_RDWR | (flags & PIDFD_NONBLOCK));
	if (!*out)
		return -ENOMEM;
	task_get(task);
	(*out)->priv = task;
	return 0;
}

int pidfd_from_handle(int fd, u32 rights, struct handle_ref *ref, struct task **task, u32 *flags)
{
	struct file *file;
	int err = file_from_handle(fd, 0, ref, &file);

	if (err)
		return err;
	if (file->ops != &pidfd_fops)
		err = -EBADF;
	else if (rights & ~ref->rights)
		err = -EACCES;
	if (err) {
		handle_put(ref);
		return err;
	}
	*task = file->priv;
	if (flags)
		*flags = file->flags;
	return 0;
}
