/* SPDX-License-Identifier: MIT */
/* epoll_create1(2), epoll_ctl(2), epoll_wait(2) and its kin. */
#include <kernel/syscall_protos.h>

#include <arch/uaccess.h>
#include <fs/epoll.h>
#include <fs/file.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_fcntl.h>
#include <kernel/sys_util.h>
#include <kernel/task/task.h>

#define MAX_EVENTS (INT32_MAX / (int)sizeof(struct linux_epoll_event))

long sys_epoll_create1(int flags)
{
	struct file *file;
	int err;

	if (flags & ~EPOLL_CLOEXEC)
		return -EINVAL;
	err = epoll_create(&file);
	if (err)
		return err;
	err = handle_open(&file->object, file_rights(O_RDWR),
			  flags & EPOLL_CLOEXEC ? HANDLE_CLOEXEC : 0);
	if (err < 0)
		file_put(file);
	return err;
}

/* The size was a hint once; it must still be one (epoll_create(2)). */
long sys_epoll_create(int size)
{
	return size <= 0 ? -EINVAL : sys_epoll_create1(0);
}

static long control(struct file *epfile, int op, struct file *file, int fd,
		    const struct linux_epoll_event *event)
{
	struct epoll *ep = epoll_of(epfile);

	if (!file->ops->poll)
		return -EPERM;
	if (!ep || epfile == file)
		return -EINVAL;
	switch (op) {
	case EPOLL_CTL_ADD:
		return epoll_add(ep, file, fd, event);
	case EPOLL_CTL_MOD:
		return epoll_modify(ep, file, fd, event);
	case EPOLL_CTL_DEL:
		return epoll_remove(ep, file, fd);
	default:
		return -EINVAL;
	}
}

long sys_epoll_ctl(int epfd, int op, int fd, const struct linux_epoll_event __user *uevent)
{
	struct linux_epoll_event event = { 0, 0 };
	struct handle_ref epref, ref;
	struct file *epfile, *file;
	long ret;

	if (op != EPOLL_CTL_DEL && copy_from_user(&event, uevent, sizeof(event)))
		return -EFAULT;
	ret = file_from_handle(epfd, RIGHT_WAIT, &epref, &epfile);
	if (ret)
		return ret;
	ret = file_from_handle(fd, RIGHT_WAIT, &ref, &file);
	if (!ret) {
		ret = control(epfile, op, file, fd, &event);
		handle_put(&ref);
	}
	handle_put(&epref);
	return ret;
}

static long wait_fd(int epfd, struct linux_epoll_event __user *uevents, int max, ns_t deadline_ns)
{
	struct handle_ref ref;
	struct file *file;
	struct epoll *ep;
	long ret;

	if (max <= 0 || max > MAX_EVENTS)
		return -EINVAL;
	if (!user_range_ok(uevents, (size_t)max * sizeof(*uevents)))
		return -EFAULT;
	ret = file_from_handle(epfd, RIGHT_WAIT, &ref, &file);
	if (ret)
		return ret;
	ep = epoll_of(file);
	ret = ep ? epoll_wait(ep, uevents, (u32)max, deadline_ns) : -EINVAL;
	handle_put(&ref);
	return ret;
}

static __noinline long wait_masked(int epfd, struct linux_epoll_event __user *uevents, int max,
				   ns_t deadline_ns, const u64 __user *umask, size_t masksize)
{
	long ret;
	u64 mask;

	if (masksize != sizeof(mask))
		return -EINVAL;
	if (user_read_u64(&mask, umask))
		return -EFAULT;
	signal_suspend_mask(mask);
	ret = wait_fd(epfd, uevents, max, deadline_ns);
	/* After an interrupted call the old mask comes back once the handler has its frame. */
	if (ret != -EINTR)
		signal_restore_mask();
	return ret;
}

static inline ns_t deadline_of_ms(int timeout_ms)
{
	if (timeout_ms < 0)
		return NS_FOREVER;
	return timeout_ms ? uptime_ns() + (ns_t)timeout_ms * NS_PER_MS : 0;
}

long sys_epoll_wait(int epfd, struct linux_epoll_event __user *uevents, int max, int timeout_ms)
{
	return wait_fd(epfd, uevents, max, deadline_of_ms(timeout_ms));
}

long sys_epoll_pwait(int epfd, struct linux_epoll_event __user *uevents, int max, int timeout_ms,
		     const u64 __user *umask, size_t masksize)
{
	ns_t deadline_ns = deadline_of_ms(timeout_ms);

	if (umask)
		return wait_masked(epfd, uevents, max, deadline_ns, umask, masksize);
	return wait_fd(epfd, uevents, max, deadline_ns);
}

static int get_deadline(const struct linux_timespec __user *utime, ns_t *out)
{
	ns_t ns;
	int err;

	*out = NS_FOREVER;
	if (!utime)
		return 0;
	err = timespec_copy_ns(utime, &ns);
	if (!err)
		*out = ns ? deadline_after(ns) : 0;
	return err;
}

long sys_epoll_pwait2(int epfd, struct linux_epoll_event __user *uevents, int max,
		      const struct linux_timespec __user *utime, const u64 __user *umask,
		      size_t masksize)
{
	ns_t deadline_ns;
	int err = get_deadline(utime, &deadline_ns);

	if (err)
		return err;
	if (umask)
		return wait_masked(epfd, uevents, max, deadline_ns, umask, masksize);
	return wait_fd(epfd, uevents, max, deadline_ns);
}
