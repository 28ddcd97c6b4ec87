/* SPDX-License-Identifier: MIT */
/* inotify_init1(2), inotify_add_watch(2), inotify_rm_watch(2). */
#include <kernel/syscall_protos.h>

#include <fs/file.h>
#include <fs/inotify.h>
#include <fs/path.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_fcntl.h>
#include <security/cred.h>

#define KNOWN_BITS (IN_ALL_EVENTS | IN_ONLYDIR | IN_DONT_FOLLOW | IN_EXCL_UNLINK | \
		    IN_MASK_CREATE | IN_MASK_ADD | IN_ISDIR | IN_ONESHOT | IN_UNMOUNT | \
		    IN_Q_OVERFLOW | IN_IGNORED)

long sys_inotify_init1(int flags)
{
	struct file *file;
	int err;

	if (flags & ~(IN_NONBLOCK | IN_CLOEXEC))
		return -EINVAL;
	err = inotify_create((u32)flags, &file);
	if (err)
		return err;
	err = handle_open(&file->object, file_rights(O_RDONLY),
			  flags & IN_CLOEXEC ? HANDLE_CLOEXEC : 0);
	if (err < 0)
		file_put(file);
	return err;
}

static int add_watch(struct file *file, const char __user *upath, u32 mask)
{
	u32 lookup = (mask & IN_DONT_FOLLOW ? 0 : LOOKUP_FOLLOW) |
		     (mask & IN_ONLYDIR ? LOOKUP_DIRECTORY : 0);
	struct path path;
	int err = path_lookup_user(AT_FDCWD, upath, lookup, &path);

	if (err)
		return err;
	err = inode_permission(path_inode(&path), cred_current(), MAY_READ);
	if (!err)
		err = inotify_add(file, path_inode(&path), mask);
	path_put(&path);
	return err;
}

long sys_inotify_add_watch(int fd, const char __user *path, u32 mask)
{
	struct handle_ref ref;
	struct file *file;
	int err;

	if (!(mask & KNOWN_BITS))
		return -EINVAL;
	err = file_from_handle(fd, RIGHT_CONTROL, &ref, &file);
	if (err)
		return err;
	if (((mask & IN_MASK_ADD) && (mask & IN_MASK_CREATE)) || !inotify_is(file))
		err = -EINVAL;
	else
		err = add_watch(file, path, mask);
	handle_put(&ref);
	return err;
}

long sys_inotify_rm_watch(int fd, int wd)
{
	struct handle_ref ref;
	struct file *file;
	int err = file_from_handle(fd, RIGHT_CONTROL, &ref, &file);

	if (err)
		return err;
	err = inotify_is(file) ? inotify_remove(file, wd) : -EINVAL;
	handle_put(&ref);
	return err;
}
