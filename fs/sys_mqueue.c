/* SPDX-License-Identifier: MIT */
/* POSIX message queues: decode, then fs/mqueue.c. Man mq_overview(7). */
#include <kernel/syscall_protos.h>

#include <fs/file.h>
#include <fs/fs_context.h>
#include <fs/mqueue.h>
#include <kernel/abi/linux_fcntl.h>
#include <kernel/sys_util.h>
#include <kernel/task/task.h>
#include <mm/kmalloc.h>

#include "sys_priv.h"

#define NAME_ROOM 258u /* of the longest name, and one that is too long */

static int copy_name(char name[NAME_ROOM], const char __user *uname)
{
	long n = user_copy_string(name, uname, NAME_ROOM);

	return n < 0 ? (int)n : 0;
}

long sys_mq_open(const char __user *uname, int flags, u32 mode,
		 const struct linux_mq_attr __user *uattr)
{
	struct linux_mq_attr attr;
	char name[NAME_ROOM];
	struct file *file;
	int ret;

	if (uattr && copy_from_user(&attr, uattr, sizeof(attr)))
		return -EFAULT;
	ret = copy_name(name, uname);
	if (ret)
		return ret;
	mode &= ~fs_context_umask_of(current_task()->fs);
	ret = mqueue_open(name, (u32)flags, mode, uattr ? &attr : NULL, &file);
	if (ret)
		return ret;
	ret = handle_open(&file->object, file_rights(file->flags),
			  HANDLE_CLOEXEC); /* always, as POSIX has it */
	if (ret < 0)
		file_put(file);
	return ret;
}

long sys_mq_unlink(const char __user *uname)
{
	char name[NAME_ROOM];
	int err = copy_name(name, uname);

	return err ? err : mqueue_unlink(name);
}

/* Time-outs are times of day. */
static int get_deadline(const struct linux_timespec __user *timeout, ns_t *deadline_ns)
{
	int err;

	*deadline_ns = NS_FOREVER;
	if (!timeout)
		return 0;
	err = timespec_copy_ns(timeout, deadline_ns);
	if (!err)
		*deadline_ns = deadline_of_wall(*deadline_ns);
	return err;
}

long sys_mq_timedsend(int fd, const void __user *text, size_t len, unsigned int prio,
		      const struct linux_timespec __user *timeout)
{
	struct linux_mq_attr attr;
	struct handle_ref ref;
	struct mq_msg *msg;
	struct file *file;
	ns_t deadline_ns;
	int err;

	if (prio >= MQ_PRIO_MAX)
		return -EINVAL;
	err = get_deadline(timeout, &deadline_ns);
	if (err)
		return err;
	err = file_from_handle(fd, 0, &ref, &file);
	if (err)
		return err;
	/* Not more memory than the queue's longest message takes. */
	err = mqueue_attr(file, NULL, &attr);
	if (!err && len > (u64)attr.mq_msgsize)
		err = (file->flags & O_ACCMODE) == O_RDONLY ? -EBADF : -EMSGSIZE;
	if (!err)
		err = mqueue_msg_alloc(text, len, prio, &msg);
	if (!err) {
		err = mqueue_send(file, msg, len, deadline_ns);
		if (err)
			mqueue_msg_free(msg);
	}
	handle_put(&ref);
	return err;
}

long sys_mq_timedreceive(int fd, void __user *text, size_t len, u32 __user *prio,
			 const struct linux_timespec __user *timeout)
{
	struct handle_ref ref;
	struct mq_msg *msg;
	struct file *file;
	ns_t deadline_ns;
	long ret = get_deadline(timeout, &deadline_ns);

	if (ret)
		return ret;
	ret = file_from_handle(fd, 0, &ref, &file);
	if (ret)
		return ret;
	ret = mqueue_receive(file, len, deadline_ns, &msg);
	if (!ret) {
		ret = mqueue_msg_copy(msg, text, prio);
		mqueue_msg_free(msg);
	}
	handle_put(&ref);
	return ret;
}

long sys_mq_notify(int fd, const struct linux_sigevent __user *uevent)
{
	struct linux_sigevent event;
	struct handle_ref ref;
	struct file *file;
	int err;

	if (uevent) {
		if (copy_from_user(&event, uevent, sizeof(event)))
			return -EFAULT;
		/* SIGEV_THREAD is made of a netlink socket, which is not there. */
		if (event.sigev_notify != SIGEV_NONE && event.sigev_notify != SIGEV_SIGNAL)
			return -EINVAL;
		if (event.sigev_notify == SIGEV_SIGNAL &&
		    (event.sigev_signo < 1 || event.sigev_signo > LINUX_NSIG))
			return -EINVAL;
	}
	err = file_from_handle(fd, 0, &ref, &file);
	if (err)
		return err;
	err = mqueue_notify(file, uevent ? &event : NULL);
	handle_put(&ref);
	return err;
}

long sys_mq_getsetattr(int fd, const struct linux_mq_attr __user *unew,
		       struct linux_mq_attr __user *uold)
{
	struct linux_mq_attr new = { 0 }, old;
	struct handle_ref ref;
	struct file *file;
	bool nonblock;
	int err;

	if (unew && copy_from_user(&new, unew, sizeof(new)))
		return -EFAULT;
	if (new.mq_flags & ~(s64)O_NONBLOCK)
		return -EINVAL;
	nonblock = new.mq_flags & O_NONBLOCK;
	err = file_from_handle(fd, 0, &ref, &file);
	if (err)
		return err;
	err = mqueue_attr(file, unew ? &nonblock : NULL, &old);
	if (!err && uold)
		err = copy_to_user(uold, &old, sizeof(old));
	handle_put(&ref);
	return err;
}
