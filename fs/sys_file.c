/* SPDX-License-Identifier: MIT */
/*
 * System calls on descriptors: open, close, copy, position, size, settings.
 * Source: man open(2), close_range(2), dup(2), lseek(2), fcntl(2), ioctl(2),
 * ftruncate(2), fallocate(2), posix_fadvise(2), memfd_create(2).
 */
#include <arch/uaccess.h>
#include <fs/dentry.h>
#include <fs/file.h>
#include <fs/inode.h>
#include <fs/inotify.h>
#include <fs/lock.h>
#include <fs/path.h>
#include <fs/pipe.h>
#include <fs/tmpfs.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_fcntl.h>
#include <kernel/abi/linux_ioctl.h>
#include <kernel/abi/linux_mman.h>
#include <kernel/abi/linux_tty.h>
#include <kernel/lib/string.h>
#include <kernel/syscall_protos.h>
#include <kernel/task/task.h>
#include <mm/kmalloc.h>
#include <security/cred.h>

#include "sys_priv.h"

/* ---- open and close ---- */

/* Combinations that Linux refuses; unknown bits are ignored as open(2) always did. */
static int check_open_flags(u32 flags)
{
	if (flags & O_PATH)
		return 0;
	if ((flags & (O_TMPFILE & ~(u32)O_DIRECTORY)) != 0)
		return (flags & (O_TMPFILE | O_CREAT)) == O_TMPFILE && (flags & O_ACCMODE) ? 0
										    : -EINVAL;
	if ((flags & (O_CREAT | O_DIRECTORY)) == (O_CREAT | O_DIRECTORY))
		return -EINVAL;
	return 0;
}

static long open_name(int dirfd, const char *name, u32 flags, u32 mode)
{
	struct file *file;
	int fd = handle_reserve(0), err;

	if (fd < 0)
		return fd;
	err = name_open(dirfd, name, flags, mode, &file);
	if (err) {
		handle_unreserve(fd);
		return err;
	}
	handle_install(fd, &file->object, file_rights(flags),
		       flags & O_CLOEXEC ? HANDLE_CLOEXEC : 0);
	return fd;
}

long sys_openat(int dirfd, const char __user *upath, int flags, u32 mode)
{
	struct path_name name;
	long ret = check_open_flags((u32)flags);

	if (!ret)
		ret = path_name_get(&name, upath);
	if (ret)
		return ret;
	ret = *name.str ? open_name(dirfd, name.str, (u32)flags, mode) : -ENOENT;
	path_name_put(&name);
	return ret;
}

long sys_close(int fd)
{
	return handle_close(fd);
}

static void cloexec_range(u32 first, u32 last)
{
	struct handle_table *table = current_task()->handles;
	struct handle_ref ref;
	u32 flags;

	for (int fd = (int)MIN(first, HANDLE_TABLE_MAX); fd <= (int)MIN(last, HANDLE_TABLE_MAX);
	     fd++) {
		fd = handle_table_next(table, fd, &ref, &flags);
		if (fd < 0)
			return;
		handle_put(&ref);
		/* Closed meanwhile by another thread: nothing to mark. */
		if ((u32)fd <= last && handle_set_flags(fd, HANDLE_CLOEXEC))
			continue;
	}
}

long sys_close_range(unsigned int first, unsigned int last, int flags)
{
	struct task *task = current_task();

	if (first > last || (flags & ~(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC)))
		return -EINVAL;
	if (flags & CLOSE_RANGE_UNSHARE) {
		struct handle_table *own, *old = task->handles;

		/* The table belongs to the process: one thread cannot leave it. */
		if (task->nr_threads > 1)
			return -EINVAL;
		own = handle_table_fork(old, task->pid);
		if (!own)
			return -ENOMEM;
		task->handles = own;
		handle_table_put(old);
	}
	if (flags & CLOSE_RANGE_CLOEXEC)
		cloexec_range(first, last);
	else
		handle_close_range(first, last);
	return 0;
}

long sys_dup(int fd)
{
	return handle_dup(fd, 0, 0);
}

long sys_dup2(int oldfd, int newfd)
{
	if (oldfd == newfd) {
		int flags = handle_get_flags(oldfd);

		return flags < 0 ? flags : newfd;
	}
	return handle_dup_to(oldfd, newfd, 0);
}

long sys_dup3(int oldfd, int newfd, int flags)
{
	if ((flags & ~O_CLOEXEC) || oldfd == newfd)
		return -EINVAL;
	return handle_dup_to(oldfd, newfd, flags & O_CLOEXEC ? HANDLE_CLOEXEC : 0);
}

long sys_memfd_create(const char __user *uname, int flags)
{
	char name[250]; /* 249 characters, as Linux */
	struct inode *inode;
	struct file *file;
	long len = user_copy_string(name, uname, sizeof(name));
	int fd;

	if (len < 0)
		return len == -ENAMETOOLONG ? -EINVAL : len;
	if ((u32)flags & ~(MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL | MFD_EXEC) ||
	    ((u32)flags & (MFD_NOEXEC_SEAL | MFD_EXEC)) == (MFD_NOEXEC_SEAL | MFD_EXEC))
		return -EINVAL;
	inode = tmpfs_memfd(name);
	if (!inode)
		return -ENOMEM;
	tmpfs_init_seals(inode, (u32)flags & (MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL),
			 (u32)flags & MFD_NOEXEC_SEAL);
	fd = file_open(inode, NULL, O_RDWR, &file);
	inode_put(inode);
	if (fd)
		return fd;
	fd = handle_open(&file->object, file_rights(O_RDWR),
			 (u32)flags & MFD_CLOEXEC ? HANDLE_CLOEXEC : 0);
	if (fd < 0)
		file_put(file);
	return fd;
}

/* ---- position and size ---- */

long sys_lseek(int fd, s64 offset, int whence)
{
	struct handle_ref ref;
	struct file *file;
	long ret = file_from_handle(fd, 0, &ref, &file);

	if (ret)
		return ret;
	if (file->flags & O_PATH) {
		ret = -EBADF;
	} else if (!file->ops->seek) {
		ret = -ESPIPE;
	} else if (!(ref.rights & RIGHT_SEEK)) {
		ret = -EACCES;
	} else {
		mutex_lock(&file->pos_lock);
		ret = file->ops->seek(file, offset, whence);
		mutex_unlock(&file->pos_lock);
	}
	handle_put(&ref);
	return ret;
}

static int truncate_inode(struct inode *inode, s64 length)
{
	struct inode_attr attr = { .valid = ATTR_SIZE, .size = (u64)length };

	return inode_set_attr(inode, &attr);
}

long sys_truncate(const char __user *upath, s64 length)
{
	struct target target;
	int err;

	if (length < 0)
		return -EINVAL;
	err = target_get(AT_FDCWD, upath, 0, LOOKUP_FOLLOW | LOOKUP_ACCESS(PATH_WRITE), &target);
	if (err)
		return err;
	if (S_ISDIR(target.inode->mode))
		err = -EISDIR;
	else if (!S_ISREG(target.inode->mode))
		err = -EINVAL;
	if (!err)
		err = target_writable(&target);
	if (!err)
		err = inode_permission(target.inode, cred_current(), MAY_WRITE);
	if (!err)
		err = inode_get_write(target.inode);
	if (!err) {
		err = truncate_inode(target.inode, length);
		inode_put_write(target.inode);
	}
	if (!err)
		inotify_dentry(target.path.dentry, IN_MODIFY);
	target_put(&target);
	return err;
}

long sys_ftruncate(int fd, s64 length)
{
	struct handle_ref ref;
	struct file *file;
	int err;

	if (length < 0)
		return -EINVAL;
	err = file_from_handle(fd, RIGHT_CONTROL, &ref, &file);
	if (err)
		return err;
	if (!S_ISREG(file->inode->mode) || !(ref.rights & RIGHT_WRITE)) {
		err = -EINVAL;
	} else {
		/* What open allowed stays allowed whatever the mode is now. */
		struct inode_attr attr = { .valid = ATTR_SIZE | ATTR_OPEN, .size = (u64)length };

		err = inode_set_attr(file->inode, &attr);
		if (!err)
			inotify_dentry(file->dentry, IN_MODIFY);
	}
	handle_put(&ref);
	return err;
}

static int do_fallocate(struct file *file, u32 mode, s64 off, s64 len)
{
	u32 punch = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;

	if (S_ISFIFO(file->inode->mode))
		return -ESPIPE;
	if (S_ISDIR(file->inode->mode))
		return -EISDIR;
	if (!S_ISREG(file->inode->mode))
		return -ENODEV;
	if (off > 0x7fffffffffffffff - len)
		return -EFBIG;
	if (mode & ~(punch | FALLOC_FL_ZERO_RANGE))
		return -EOPNOTSUPP;
	if ((mode & FALLOC_FL_PUNCH_HOLE) && mode != punch)
		return -EOPNOTSUPP;
	if (!file->ops->fallocate)
		return -EOPNOTSUPP;
	return file->ops->fallocate(file, mode, (u64)off, (u64)len);
}

long sys_fallocate(int fd, int mode, s64 offset, s64 len)
{
	struct handle_ref ref;
	struct file *file;
	int err;

	if (offset < 0 || len <= 0)
		return -EINVAL;
	err = file_from_handle(fd, RIGHT_WRITE, &ref, &file);
	if (err)
		return err;
	err = do_fallocate(file, (u32)mode, offset, len);
	if (!err)
		inotify_dentry(file->dentry, IN_MODIFY);
	handle_put(&ref);
	return err;
}

/* Files are in memory: there is nothing to read ahead. */
long sys_readahead(int fd, __unused s64 offset, __unused size_t count)
{
	struct handle_ref ref;
	struct file *file;
	int err = file_from_handle(fd, RIGHT_READ, &ref, &file);

	if (err)
		return err;
	if (!S_ISREG(file->inode->mode) && !S_ISBLK(file->inode->mode))
		err = -EINVAL;
	handle_put(&ref);
	return err;
}

long sys_fadvise64(int fd, __unused s64 offset, size_t len, int advice)
{
	struct handle_ref ref;
	struct file *file;
	int err = file_from_handle(fd, RIGHT_CONTROL, &ref, &file);

	if (err)
		return err;
	if (S_ISFIFO(file->inode->mode))
		err = -ESPIPE;
	else if ((s64)len < 0 || advice < POSIX_FADV_NORMAL || advice > POSIX_FADV_NOREUSE)
		err = -EINVAL;
	handle_put(&ref);
	return err; /* files are in memory: there is nothing to advise */
}

/* ---- to the storage ---- */

long sys_fsync(int fd)
{
	struct handle_ref ref;
	struct file *file;
	int err = file_from_handle(fd, RIGHT_CONTROL, &ref, &file);

	if (err)
		return err;
	err = file->ops->fsync ? file->ops->fsync(file) : -EINVAL;
	handle_put(&ref);
	return err;
}

long sys_fdatasync(int fd)
{
	return sys_fsync(fd);
}

long sys_sync(void)
{
	return 0; /* no file system here keeps anything elsewhere */
}

long sys_syncfs(int fd)
{
	struct handle_ref ref;
	struct file *file;
	int err = file_from_handle(fd, RIGHT_CONTROL, &ref, &file);

	if (err)
		return err;
	handle_put(&ref);
	return 0;
}

long sys_sync_file_range(int fd, s64 offset, s64 len, unsigned int flags)
{
	struct handle_ref ref;
	struct file *file;
	int err = file_from_handle(fd, RIGHT_CONTROL, &ref, &file);

	if (err)
		return err;
	if ((flags & ~7u) || offset < 0 || len < 0 || offset > 0x7fffffffffffffff - len)
		err = -EINVAL;
	else if (!S_ISREG(file->inode->mode) && !S_ISDIR(file->inode->mode) &&
		 !S_ISBLK(file->inode->mode))
		err = -ESPIPE;
	handle_put(&ref);
	return err;
}

/* ---- fcntl ---- */

#define SETFL_MASK (O_APPEND | O_NONBLOCK | O_ASYNC | O_DIRECT | O_NOATIME)

static int set_flags(struct file *file, u32 flags)
{
	u32 old = atomic_load_relaxed(&file->flags);

	if ((flags & ~old & O_NOATIME) && !inode_owner_or_root(file->inode, cred_current()))
		return -EPERM;
	while (!atomic_cmpxchg(&file->flags, &old, (old & ~(u32)SETFL_MASK) | (flags & SETFL_MASK)))
		;
	return 0;
}

static int fcntl_lock(struct file *file, u32 cmd, void __user *uflock)
{
	struct linux_flock flock;
	int err = copy_from_user(&flock, uflock, sizeof(flock));

	if (!err)
		err = lock_fcntl(file, cmd, &flock);
	if (!err && (cmd == F_GETLK || cmd == F_OFD_GETLK))
		err = copy_to_user(uflock, &flock, sizeof(flock));
	return err;
}

/* F_SETOWN_EX: like F_SETOWN, with the kind of id told. */
struct owner_ex {
	s32 type, pid;
};

static long fcntl_owner(struct file *file, u32 cmd, unsigned long arg)
{
	void __user *uex = (void __user *)arg;
	s32 owner = atomic_load_relaxed(&file->owner_pid);
	struct owner_ex ex;
	int err;

	switch (cmd) {
	case F_SETOWN:
		if ((s32)arg == (s32)0x80000000)
			return -EINVAL;
		atomic_store_relaxed(&file->owner_pid, (s32)arg);
		return 0;
	case F_GETOWN:
		return owner;
	case F_GETOWN_EX:
		ex.type = owner < 0 ? F_OWNER_PGRP : F_OWNER_PID;
		ex.pid = owner < 0 ? -owner : owner;
		return copy_to_user(uex, &ex, sizeof(ex));
	default:
		err = copy_from_user(&ex, uex, sizeof(ex));
		if (err)
			return err;
		if (ex.type < F_OWNER_TID || ex.type > F_OWNER_PGRP || ex.pid < 0)
			return -EINVAL;
		atomic_store_relaxed(&file->owner_pid, ex.type == F_OWNER_PGRP ? -ex.pid : ex.pid);
		return 0;
	}
}

/* Folder notification itself is not there: so there is none to take away, which is
 * what a mask without events asks. */
static long fcntl_notify(const struct file *file, u32 mask)
{
	if (!S_ISDIR(file->inode->mode))
		return -ENOTDIR;
	return mask & ~DN_MULTISHOT ? -EINVAL : 0;
}

static long fcntl_file(struct file *file, u32 cmd, unsigned long arg)
{
	if (cmd == F_GETFL)
		return (long)file->flags;
	if (file->flags & O_PATH)
		return -EBADF;
	switch (cmd) {
	case F_SETFL:
		return set_flags(file, (u32)arg);
	case F_GETLK:
	case F_SETLK:
	case F_SETLKW:
	case F_OFD_GETLK:
	case F_OFD_SETLK:
	case F_OFD_SETLKW:
		return fcntl_lock(file, cmd, (void __user *)arg);
	case F_SETOWN:
	case F_GETOWN:
	case F_SETOWN_EX:
	case F_GETOWN_EX:
		return fcntl_owner(file, cmd, arg);
	case F_GETPIPE_SZ:
		return pipe_size(file);
	case F_SETPIPE_SZ:
		return pipe_set_size(file, arg);
	case F_NOTIFY:
		return fcntl_notify(file, (u32)arg);
	case F_ADD_SEALS:
		return tmpfs_add_seals(file, (u32)arg);
	case F_GET_SEALS:
		return tmpfs_get_seals(file->inode);
	default:
		return -EINVAL;
	}
}

static long dup_from(int fd, unsigned long min, u32 flags)
{
	int old = handle_get_flags(fd);

	if (old < 0)
		return old;
	return min > HANDLE_TABLE_MAX ? -EINVAL : handle_dup(fd, (int)min, flags);
}

long sys_fcntl(int fd, int cmd, unsigned long arg)
{
	struct handle_ref ref;
	struct file *file;
	long ret;

	switch (cmd) {
	case F_DUPFD:
		return dup_from(fd, arg, 0);
	case F_DUPFD_CLOEXEC:
		return dup_from(fd, arg, HANDLE_CLOEXEC);
	case F_GETFD:
		ret = handle_get_flags(fd);
		return ret < 0 ? ret : (ret & HANDLE_CLOEXEC ? FD_CLOEXEC : 0);
	case F_SETFD:
		return handle_set_flags(fd, arg & FD_CLOEXEC ? HANDLE_CLOEXEC : 0);
	default:
		break;
	}
	ret = file_from_handle(fd, 0, &ref, &file);
	if (ret)
		return ret;
	if (!(ref.rights & RIGHT_CONTROL) && !(file->flags & O_PATH) && cmd != F_GETFL)
		ret = -EACCES;
	else
		ret = fcntl_file(file, (u32)cmd, arg);
	handle_put(&ref);
	return ret;
}

long sys_flock(int fd, int op)
{
	struct handle_ref ref;
	struct file *file;
	int err = file_from_handle(fd, RIGHT_CONTROL, &ref, &file);

	if (err)
		return err;
	err = lock_flock(file, (u32)op);
	handle_put(&ref);
	return err;
}

/* ---- ioctl: what every file knows, then its own ---- */

static long set_nonblock(struct file *file, const void __user *uon)
{
	u32 on;
	int err = user_read_u32(&on, uon);

	if (err)
		return err;
	if (on)
		(void)atomic_fetch_or(&file->flags, (u32)O_NONBLOCK);
	else
		(void)atomic_fetch_and(&file->flags, ~(u32)O_NONBLOCK);
	return 0;
}

static long file_ioctl(struct file *file, u32 cmd, unsigned long arg)
{
	void __user *uptr = (void __user *)arg;

	if (cmd == FIONBIO)
		return set_nonblock(file, uptr);
	if (S_ISREG(file->inode->mode) && cmd == FIONREAD)
		return user_write_u32(uptr, (u32)(inode_size(file->inode) - file->pos));
	if ((S_ISREG(file->inode->mode) || S_ISDIR(file->inode->mode)) && cmd == FIGETBSZ)
		return user_write_u32(uptr, (u32)PAGE_SIZE);
	if (file->ops->ioctl)
		return file->ops->ioctl(file, cmd, arg);
	return -ENOTTY;
}

long sys_ioctl(int fd, unsigned int cmd, unsigned long arg)
{
	struct handle_ref ref;
	struct file *file;
	long ret = file_from_handle(fd, RIGHT_CONTROL, &ref, &file);

	if (ret)
		return ret;
	if (cmd == FIOCLEX || cmd == FIONCLEX)
		ret = handle_set_flags(fd, cmd == FIOCLEX ? HANDLE_CLOEXEC : 0);
	else
		ret = file_ioctl(file, cmd, arg);
	handle_put(&ref);
	return ret;
}
