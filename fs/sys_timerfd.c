/* SPDX-License-Identifier: MIT */
/* timerfd_create(2), timerfd_settime(2), timerfd_gettime(2). */
#include <kernel/syscall_protos.h>

#include <arch/uaccess.h>
#include <fs/file.h>
#include <fs/timerfd.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_fcntl.h>
#include <kernel/sys_util.h>
#include <security/cred.h>

/* Which clocks a timer may use: 0; -EINVAL; -EPERM: it would end a suspension. */
static int check_clock(int clock)
{
	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_MONOTONIC:
	case CLOCK_BOOTTIME:
		return 0;
	case CLOCK_REALTIME_ALARM:
	case CLOCK_BOOTTIME_ALARM:
		return capable(CAP_WAKE_ALARM) ? 0 : -EPERM;
	default:
		return -EINVAL;
	}
}

long sys_timerfd_create(int clock, int flags)
{
	struct file *file;
	int err;

	if (flags & ~(TFD_CLOEXEC | TFD_NONBLOCK))
		return -EINVAL;
	err = check_clock(clock);
	if (!err)
		err = timerfd_create(clock, (u32)flags, &file);
	if (err)
		return err;
	err = handle_open(&file->object, file_rights(O_RDWR),
			  flags & TFD_CLOEXEC ? HANDLE_CLOEXEC : 0);
	if (err < 0)
		file_put(file);
	return err;
}

static int timerfd_from_handle(int fd, u32 rights, struct handle_ref *ref, struct timerfd **out)
{
	struct file *file;
	int err = file_from_handle(fd, rights, ref, &file);

	if (err)
		return err;
	*out = timerfd_of(file);
	if (*out)
		return 0;
	handle_put(ref);
	return -EINVAL;
}

static int put_setting(struct linux_itimerspec __user *uspec, const struct timerfd_setting *set)
{
	const struct linux_itimerspec spec = {
		.it_interval = timespec_of(set->interval_ns),
		.it_value = timespec_of(set->value_ns),
	};

	return copy_to_user(uspec, &spec, sizeof(spec));
}

long sys_timerfd_settime(int fd, int flags, const struct linux_itimerspec __user *unew,
			 struct linux_itimerspec __user *uold)
{
	struct timerfd_setting new, old;
	struct linux_itimerspec spec;
	struct handle_ref ref;
	struct timerfd *t;
	int err;

	if (copy_from_user(&spec, unew, sizeof(spec)))
		return -EFAULT;
	if ((flags & ~(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET)) ||
	    timespec_ns(&spec.it_value, &new.value_ns) ||
	    timespec_ns(&spec.it_interval, &new.interval_ns))
		return -EINVAL;
	err = timerfd_from_handle(fd, RIGHT_CONTROL, &ref, &t);
	if (err)
		return err;
	timerfd_set(t, (u32)flags, &new, &old);
	handle_put(&ref);
	return uold ? put_setting(uold, &old) : 0;
}

long sys_timerfd_gettime(int fd, struct linux_itimerspec __user *ucur)
{
	struct timerfd_setting now;
	struct handle_ref ref;
	struct timerfd *t;
	int err = timerfd_from_handle(fd, RIGHT_STAT, &ref, &t);

	if (err)
		return err;
	timerfd_get(t, &now);
	handle_put(&ref);
	return put_setting(ucur, &now);
}
