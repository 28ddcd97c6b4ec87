/* SPDX-License-Identifier: MIT */
/* pidfd_open(2); pidfd_send_signal(2) is with the other signals. */
#include <kernel/syscall_protos.h>

#include <fs/file.h>
#include <fs/pidfd.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_misc.h>
#include <kernel/task/task.h>

/* @pid is nobody: of no thread either? */
static int no_task(s32 pid)
{
	struct thread *thread = thread_find(pid);

	if (!thread)
		return -ESRCH;
	thread_put(thread);
	return -ENOENT;
}

long sys_pidfd_open(int pid, unsigned int flags)
{
	struct task *task;
	struct file *file;
	int err;

	if ((flags & ~(u32)PIDFD_NONBLOCK) || pid <= 0)
		return -EINVAL;
	task = task_find(pid);
	if (!task)
		return no_task(pid);
	err = pidfd_create(task, flags, &file);
	task_put(task);
	if (err)
		return err;
	err = handle_open(&file->object, RIGHTS_PIDFD, HANDLE_CLOEXEC);
	if (err < 0)
		file_put(file);
	return err;
}
