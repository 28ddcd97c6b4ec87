/* SPDX-License-Identifier: MIT */
/*
 * Calls of our own on descriptors as capabilities: cap_grant, cap_revoke, cap_check,
 * cap_list, cap_dup. What they mean: security/cap.h.
 */
#include <kernel/syscall_protos.h>

#include <arch/uaccess.h>
#include <fs/file.h>
#include <fs/inode.h>
#include <fs/pidfd.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_fcntl.h>
#include <kernel/task/ptrace.h>
#include <kernel/task/task.h>
#include <mm/kmalloc.h>
#include <security/cap.h>
#include <security/pledge.h>

#define LIST_MAX 65536u /* entries that one cap_list() tells at most */

static int check_rights(u64 rights)
{
	return rights & ~(u64)RIGHT_ALL ? -EINVAL : 0;
}

/* May every thread of @task get descriptors that it did not open? */
static bool may_receive(struct task *task)
{
	irqflags_t flags;
	struct signal_state *sig = signal_lock(task, &flags);
	struct thread *thread;
	bool may = true;

	LIST_FOR_EACH(thread, &task->threads, task_link)
		may &= !thread->pledge || (thread->pledge & PLEDGE_RECVFD);
	signal_unlock(sig, flags);
	return may;
}

/* OpenBSD's rule for sendfd: a folder opens a way around promises on paths. */
static int check_folder(int fd)
{
	struct handle_ref ref;
	struct file *file;
	int err = 0;

	if (likely(!pledge_current()) || handle_get(fd, 0, 0, &ref))
		return 0; /* a bad one is cap_grant()'s to tell */
	file = file_from_object(ref.object);
	if (file && inode_is_dir(file->inode))
		err = pledge_violated(0, true);
	handle_put(&ref);
	return err;
}

/* The grant itself, of an object that may have an owner who changes: an end of a channel. */
static long grant_to(struct task *task, struct handle_table *table, int fd, u32 rights)
{
	u64 limit = atomic_load_relaxed(&task->rlimits[RLIMIT_NOFILE].rlim_cur);
	struct handle_ref ref;
	long ret = handle_get(fd, RIGHT_GRANT, 0, &ref);

	if (ret)
		return ret;
	if (ref.object->ops->leave)
		ret = ref.object->ops->leave(ref.object);
	if (!ret)
		ret = cap_grant(table, (u32)MIN(limit, (u64)HANDLE_TABLE_MAX), fd, rights);
	/* A task that ends meanwhile closes what it got. */
	if (ref.object->ops->arrive)
		(void)!ref.object->ops->arrive(ref.object, rights, ret < 0 ? current_task() : task);
	handle_put(&ref);
	return ret;
}

long sys_cap_grant(int process, int handle, u64 rights)
{
	struct handle_table *table;
	struct handle_ref ref;
	struct task *task;
	long ret = check_rights(rights);

	if (!ret)
		ret = pidfd_from_handle(process, RIGHT_CONTROL, &ref, &task, NULL);
	if (ret)
		return ret;
	ret = signal_check(task, 0);
	if (!ret)
		ret = check_folder(handle);
	if (!ret && !may_receive(task))
		ret = -EPERM;
	table = ret ? NULL : task_handles(task);
	if (table) {
		ret = grant_to(task, table, handle, (u32)rights);
		handle_table_put(table);
	} else if (!ret) {
		ret = -ESRCH;
	}
	handle_put(&ref);
	return ret;
}

long sys_cap_revoke(int handle)
{
	return cap_revoke(handle);
}

long sys_cap_check(int handle, u64 rights)
{
	struct handle_ref ref;
	int err = check_rights(rights);

	if (!err)
		err = handle_get(handle, 0, 0, &ref);
	if (err)
		return err;
	if (rights & ~(u64)ref.rights)
		err = -EACCES;
	handle_put(&ref);
	return err;
}

/* The table of @process, a pidfd or CAP_SELF, with a reference. */
static int table_of(int process, struct handle_table **out)
{
	struct handle_ref ref;
	struct task *task;
	int err;

	if (process == CAP_SELF) {
		*out = task_handles(current_task());
		return 0;
	}
	err = pidfd_from_handle(process, RIGHT_STAT, &ref, &task, NULL);
	if (err)
		return err;
	if (!ptrace_may_access(task)) {
		err = -EPERM;
	} else {
		*out = task_handles(task);
		err = *out ? 0 : -ESRCH;
	}
	handle_put(&ref);
	return err;
}

long sys_cap_list(int process, void __user *ulist, size_t len)
{
	u32 max = (u32)MIN(len / sizeof(struct cap_info), (size_t)LIST_MAX);
	struct cap_info *list = NULL;
	struct handle_table *table;
	long ret = table_of(process, &table);
	u32 n;

	if (ret)
		return ret;
	if (max)
		list = kcalloc(max, sizeof(*list), 0);
	if (max && !list) {
		ret = -ENOMEM;
	} else {
		n = cap_list(table, list, max);
		ret = copy_to_user(ulist, list, MIN(n, max) * sizeof(*list));
		if (!ret)
			ret = n;
	}
	kfree(list);
	handle_table_put(table);
	return ret;
}

long sys_cap_dup(int handle, u64 rights, unsigned int flags)
{
	struct handle_copy copy;
	int err = check_rights(rights);

	if (flags & ~(u32)O_CLOEXEC)
		err = -EINVAL;
	if (!err)
		err = handle_copy_get(handle, RIGHT_DUP, &copy);
	if (err)
		return err;
	if (rights & ~(u64)copy.rights) {
		handle_copy_put(&copy);
		return -EACCES;
	}
	cap_copy_limit(&copy, (u32)rights);
	return handle_open_copy(0, &copy, flags & O_CLOEXEC ? HANDLE_CLOEXEC : 0);
}
