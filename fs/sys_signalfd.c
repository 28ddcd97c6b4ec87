/* SPDX-License-Identifier: MIT */
/* signalfd4(2). */
#include <kernel/syscall_protos.h>

#include <arch/uaccess.h>
#include <fs/file.h>
#include <fs/signalfd.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_fcntl.h>
#include <kernel/abi/linux_signal.h>

static long create(u64 set, int flags)
{
	struct file *file;
	int err = signalfd_create(set, (u32)flags, &file);

	if (err)
		return err;
	err = handle_open(&file->object, file_rights(O_RDWR),
			  flags & SFD_CLOEXEC ? HANDLE_CLOEXEC : 0);
	if (err < 0)
		file_put(file);
	return err;
}

long sys_signalfd4(int fd, const u64 __user *umask, size_t size, int flags)
{
	struct handle_ref ref;
	struct file *file;
	u64 set;
	int err;

	if (size != sizeof(set))
		return -EINVAL;
	if (user_read_u64(&set, umask))
		return -EFAULT;
	if (flags & ~(SFD_CLOEXEC | SFD_NONBLOCK))
		return -EINVAL;
	if (fd == -1)
		return create(set, flags);
	err = file_from_handle(fd, RIGHT_CONTROL, &ref, &file);
	if (err)
		return err;
	err = signalfd_change(file, set);
	handle_put(&ref);
	return err ? err : fd;
}
