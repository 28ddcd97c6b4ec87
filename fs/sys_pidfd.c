/* SPDX-License-Identifier: MIT */
/* pidfd_open(2), pidfd_getfd(2); pidfd_send_signal(2) is with the other signals. */
#include <kernel/syscall_protos.h>

#include <fs/file.h>
#include <fs/pidfd.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_misc.h>
#include <kernel/task/ptrace.h>
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

/* Descriptor @fd of @task, open for current too, as after SCM_RIGHTS. */
static int take_descriptor(struct task *task, int fd)
{
	struct handle_table *table;
	struct handle_ref ref;
	u32 flags;
	int new;

	if (!ptrace_may_access(task))
		return -EPERM;
	table = task_handles(task);
	if (!table)
		return -ESRCH;
	new = fd < 0 ? -1 : handle_table_next(table, fd, &ref, &flags);
	handle_table_put(table);
	if (new >= 0 && new != fd)
		handle_put(&ref);
	if (new < 0 || new != fd)
		return -EBADF;
	kobject_get(ref.object);
	new = handle_open(ref.object, ref.rights, HANDLE_CLOEXEC);
	if (new < 0)
		kobject_put(ref.object);
	handle_put(&ref);
	return new;
}

long sys_pidfd_getfd(int pidfd, int fd, unsigned int flags)
{
	struct handle_ref ref;
	struct task *task;
	int err;

	if (flags)
		return -EINVAL;
	err = pidfd_from_handle(pidfd, 0, &ref, &task, NULL);
	if (err)
		return err;
	err = take_descriptor(task, fd);
	handle_put(&ref);
	return err;
}
