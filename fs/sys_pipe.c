/* SPDX-License-Identifier: MIT */
/* pipe2(2), eventfd2(2): new objects as descriptors. */
#include <kernel/syscall_protos.h>

#include <arch/uaccess.h>
#include <fs/eventfd.h>
#include <fs/file.h>
#include <fs/pipe.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_fcntl.h>
#include <kernel/abi/linux_poll.h>

static u32 handle_flags_of(u32 flags)
{
	return flags & O_CLOEXEC ? HANDLE_CLOEXEC : 0;
}

long sys_pipe2(int __user *ufds, int flags)
{
	struct file *end[2];
	int fd[2], err;

	if (flags & ~(O_CLOEXEC | O_NONBLOCK))
		return -EINVAL;
	err = pipe_create((u32)flags & O_NONBLOCK, &end[0], &end[1]);
	if (err)
		return err;
	fd[0] = handle_reserve(0);
	err = fd[0];
	if (err < 0)
		goto err_put;
	fd[1] = handle_reserve(0);
	err = fd[1];
	if (err < 0)
		goto err_unreserve_first;
	err = copy_to_user(ufds, fd, sizeof(fd));
	if (err)
		goto err_unreserve;
	/* No failure past this point. */
	handle_install(fd[0], &end[0]->object, file_rights(O_RDONLY), handle_flags_of((u32)flags));
	handle_install(fd[1], &end[1]->object, file_rights(O_WRONLY), handle_flags_of((u32)flags));
	return 0;

err_unreserve:
	handle_unreserve(fd[1]);
err_unreserve_first:
	handle_unreserve(fd[0]);
err_put:
	file_put(end[0]);
	file_put(end[1]);
	return err;
}

long sys_eventfd2(unsigned int value, int flags)
{
	struct file *file;
	int err = eventfd_create(value, (u32)flags, &file);

	if (err)
		return err;
	err = handle_open(&file->object, file_rights(O_RDWR), handle_flags_of((u32)flags));
	if (err < 0)
		file_put(file);
	return err;
}
