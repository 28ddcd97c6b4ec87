/* SPDX-License-Identifier: MIT */
/*
 * System calls on names and folders, and mounts.
 * Source: man mkdir(2), mknod(2), unlink(2), link(2), symlink(2), readlink(2),
 * rename(2), getdents(2), getcwd(2), chdir(2), chroot(2), umask(2), mount(2),
 * umount(2).
 */
#include <arch/uaccess.h>
#include <fs/dentry.h>
#include <fs/file.h>
#include <fs/fs_context.h>
#include <fs/inode.h>
#include <fs/inotify.h>
#include <fs/mount.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_dirent.h>
#include <kernel/abi/linux_fcntl.h>
#include <kernel/abi/linux_misc.h>
#include <kernel/lib/string.h>
#include <kernel/syscall_protos.h>
#include <kernel/task/task.h>
#include <mm/kmalloc.h>
#include <security/cred.h>

#include "sys_priv.h"

/* ---- new names ---- */

long sys_mkdirat(int dirfd, const char __user *upath, u32 mode)
{
	struct path_name name;
	int err = path_name_get(&name, upath);

	if (err)
		return err;
	err = name_create(dirfd, name.str, S_IFDIR | (mode & 01777), 0);
	path_name_put(&name);
	return err;
}

static int mknod_type(u32 mode)
{
	switch (mode & S_IFMT) {
	case 0:
	case S_IFREG:
	case S_IFCHR:
	case S_IFBLK:
	case S_IFIFO:
	case S_IFSOCK:
		return 0;
	case S_IFDIR:
		return -EPERM;
	default:
		return -EINVAL;
	}
}

long sys_mknodat(int dirfd, const char __user *upath, u32 mode, unsigned int dev)
{
	u32 type = mode & S_IFMT ? mode & S_IFMT : S_IFREG;
	u64 rdev = type == S_IFCHR || type == S_IFBLK ? dev : 0;
	struct path_name name;
	int err = mknod_type(mode);

	if (!err)
		err = path_name_get(&name, upath);
	if (err)
		return err;
	err = name_create(dirfd, name.str, type | (mode & 07777), rdev);
	path_name_put(&name);
	return err;
}

long sys_symlinkat(const char __user *utarget, int dirfd, const char __user *upath)
{
	struct path_name target, name;
	int err = path_name_get(&target, utarget);

	if (err)
		return err;
	err = path_name_get(&name, upath);
	if (!err) {
		err = name_symlink(target.str, dirfd, name.str);
		path_name_put(&name);
	}
	path_name_put(&target);
	return err;
}

long sys_linkat(int olddir, const char __user *uold, int newdir, const char __user *unew, int flags)
{
	struct path_name name;
	struct target old;
	int err;

	if (flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	/* Giving a descriptor a name could get around its folder's permissions. */
	if ((flags & AT_EMPTY_PATH) && !capable(CAP_DAC_READ_SEARCH))
		return -ENOENT;
	err = target_get(olddir, uold, (u32)flags,
			 flags & AT_SYMLINK_FOLLOW ? LOOKUP_FOLLOW : 0, &old);
	if (err)
		return err;
	err = path_name_get(&name, unew);
	if (!err) {
		err = old.path.dentry ? name_link(&old.path, newdir, name.str) : -EXDEV;
		path_name_put(&name);
	}
	target_put(&old);
	return err;
}

long sys_unlinkat(int dirfd, const char __user *upath, int flags)
{
	struct path_name name;
	int err;

	if (flags & ~AT_REMOVEDIR)
		return -EINVAL;
	err = path_name_get(&name, upath);
	if (err)
		return err;
	err = name_unlink(dirfd, name.str, flags & AT_REMOVEDIR);
	path_name_put(&name);
	return err;
}

long sys_renameat2(int olddir, const char __user *uold, int newdir, const char __user *unew,
		   int flags)
{
	struct path_name old, new;
	int err;

	if ((flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE | RENAME_WHITEOUT)) ||
	    ((flags & RENAME_EXCHANGE) && (flags & (RENAME_NOREPLACE | RENAME_WHITEOUT))))
		return -EINVAL;
	if ((flags & RENAME_WHITEOUT) && !capable(CAP_MKNOD))
		return -EPERM;
	err = path_name_get(&old, uold);
	if (err)
		return err;
	err = path_name_get(&new, unew);
	if (!err) {
		err = name_rename(olddir, old.str, newdir, new.str, (u32)flags);
		path_name_put(&new);
	}
	path_name_put(&old);
	return err;
}

static long put_link_text(const struct path *path, void __user *ubuf, size_t size)
{
	char *buf = kmalloc(PATH_MAX, 0);
	long len;

	if (!buf)
		return -ENOMEM;
	len = name_readlink(path, buf, PATH_MAX);
	if (len > 0) {
		len = MIN(len, (long)size);
		if (copy_to_user(ubuf, buf, (size_t)len))
			len = -EFAULT;
	}
	kfree(buf);
	return len;
}

long sys_readlinkat(int dirfd, const char __user *upath, void __user *buf, int size)
{
	struct target target;
	long ret;

	if (size <= 0)
		return -EINVAL;
	/* An empty path is the link that O_PATH|O_NOFOLLOW opened. */
	ret = target_get(dirfd, upath, AT_EMPTY_PATH, 0, &target);
	if (ret)
		return ret;
	if (!target.path.dentry || !S_ISLNK(target.inode->mode))
		ret = -EINVAL;
	else
		ret = put_link_text(&target.path, buf, (size_t)size);
	target_put(&target);
	return ret;
}

/* ---- listing ---- */

/* Records are gathered in a page and copied out together. */
struct dents {
	struct dir_sink sink;
	char __user *at;
	size_t left;      /* of the user's buffer, gathered records taken off */
	char *page;
	size_t gathered;
	u64 flushed_pos;  /* where to go on after what the user has */
	u64 pos;          /* after what is gathered */
	int err;          /* why the last entry was refused */
};

static bool dents_flush(struct dents *d)
{
	if (user_copy_out(d->at, d->page, d->gathered)) {
		d->err = -EFAULT;
		return false;
	}
	d->at += d->gathered;
	d->gathered = 0;
	d->flushed_pos = d->pos;
	return true;
}

/* Words, of which the last overlaps the one before: few steps for short names. */
static inline void name_copy(char *dst, const char *src, size_t len)
{
	size_t at = 0;

	if (len >= 8) {
		for (; at + 8 < len; at += 8)
			__builtin_memcpy(dst + at, src + at, 8);
		__builtin_memcpy(dst + len - 8, src + len - 8, 8);
		return;
	}
	for (; at < len; at++)
		dst[at] = src[at];
}

/* One more record; there is room for its @size bytes in the page. */
static inline bool dents_put(struct dents *d, const char *name, size_t len, u64 ino, u8 dtype,
			     u64 next_pos, size_t size)
{
	struct linux_dirent64 *e = (struct linux_dirent64 *)(void *)(d->page + d->gathered);

	((u64 *)e)[size / 8 - 1] = 0; /* the padding, and the NUL in it */
	e->d_ino = ino;
	e->d_off = (s64)next_pos;
	e->d_reclen = (u16)size;
	e->d_type = dtype;
	name_copy(e->d_name, name, len);
	d->gathered += size;
	d->left -= size;
	d->pos = next_pos;
	return true;
}

/* The page is full. Apart, so that most records need no register saved. */
static __noinline bool dents_put_flushed(struct dents *d, const char *name, size_t len, u64 ino,
					 u8 dtype, u64 next_pos, size_t size)
{
	return dents_flush(d) && dents_put(d, name, len, ino, dtype, next_pos, size);
}

static bool dents_emit(struct dir_sink *sink, const char *name, size_t len, u64 ino, u8 dtype,
		       u64 next_pos)
{
	struct dents *d = container_of(sink, struct dents, sink);
	size_t size = ALIGN_UP(offsetof(struct linux_dirent64, d_name) + len + 1, (size_t)8);

	if (unlikely(size > d->left)) {
		d->err = -EINVAL;
		return false;
	}
	if (unlikely(size > PAGE_SIZE - d->gathered))
		return dents_put_flushed(d, name, len, ino, dtype, next_pos, size);
	return dents_put(d, name, len, ino, dtype, next_pos, size);
}

/* The same in the records of getdents(2). */
static bool dents_emit_old(struct dir_sink *sink, const char *name, size_t len, u64 ino, u8 dtype,
			   u64 next_pos)
{
	struct dents *d = container_of(sink, struct dents, sink);
	size_t size = ALIGN_UP(offsetof(struct linux_dirent, d_name) + len + 2, (size_t)8);
	struct linux_dirent *e;

	if (size > d->left) {
		d->err = -EINVAL;
		return false;
	}
	if (size > PAGE_SIZE - d->gathered && !dents_flush(d))
		return false;
	e = (struct linux_dirent *)(void *)(d->page + d->gathered);
	memset(e, 0, size);
	e->d_ino = ino;
	e->d_off = (s64)next_pos;
	e->d_reclen = (u16)size;
	memcpy(e->d_name, name, len);
	((u8 *)e)[size - 1] = dtype;
	d->gathered += size;
	d->left -= size;
	d->pos = next_pos;
	return true;
}

/* Return: whether the user has got anything. */
static long list_entries(struct file *file, struct dents *d)
{
	const char __user *start = d->at;
	long ret;

	mutex_lock(&file->pos_lock);
	d->pos = file->pos;
	d->flushed_pos = d->pos;
	ret = file->ops->readdir(file, &d->sink);
	if (!ret)
		inotify_dentry(file->dentry, IN_ACCESS);
	if (d->gathered && !dents_flush(d))
		file->pos = d->flushed_pos; /* the rest comes again */
	mutex_unlock(&file->pos_lock);
	if (d->at != start)
		return d->at - start;
	return ret ? ret : d->err;
}

static long list_handle(int fd, struct dents *d)
{
	struct handle_ref ref;
	struct file *file;
	long ret = file_from_handle(fd, RIGHT_READ, &ref, &file);

	if (ret)
		return ret;
	if (!file->ops->readdir) {
		ret = -ENOTDIR;
	} else if (file->dentry->flags & DENTRY_DEAD) {
		ret = -ENOENT;
	} else {
		d->page = pmm_alloc_page(0);
		ret = d->page ? list_entries(file, d) : -ENOMEM;
		if (d->page)
			pmm_free_page(d->page);
	}
	handle_put(&ref);
	return ret;
}

long sys_getdents64(int fd, void __user *buf, unsigned int len)
{
	struct dents d = { .sink = { dents_emit }, .at = buf, .left = len };

	return list_handle(fd, &d);
}

long sys_getdents(int fd, void __user *buf, unsigned int len)
{
	struct dents d = { .sink = { dents_emit_old }, .at = buf, .left = len };

	return list_handle(fd, &d);
}

/* ---- where a task is ---- */

long sys_getcwd(void __user *ubuf, size_t size)
{
	struct fs_context *fs = current_task()->fs;
	char *buf = kmalloc(PATH_MAX + 16, 0), *text;
	struct path root, cwd;
	bool unreachable;
	long ret;

	if (!buf)
		return -ENOMEM;
	fs_context_get_root(fs, &root);
	fs_context_get_cwd(fs, &cwd);
	text = path_string(&cwd, &root, buf + 16, PATH_MAX, &unreachable);
	if (cwd.dentry->flags & DENTRY_DEAD) {
		ret = -ENOENT;
	} else if (!text) {
		ret = -ENAMETOOLONG;
	} else {
		if (unreachable) {
			text -= 13;
			memcpy(text, "(unreachable)", 13);
		}
		ret = (long)strlen(text) + 1;
		if ((size_t)ret > size)
			ret = -ERANGE;
		else if (copy_to_user(ubuf, text, (size_t)ret))
			ret = -EFAULT;
	}
	path_put(&cwd);
	path_put(&root);
	kfree(buf);
	return ret;
}

static int may_enter(struct inode *inode)
{
	if (!inode_is_dir(inode))
		return -ENOTDIR;
	return inode_permission(inode, cred_current(), MAY_EXEC);
}

long sys_chdir(const char __user *upath)
{
	struct path path;
	int err = path_lookup_user(AT_FDCWD, upath, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &path);

	if (err)
		return err;
	err = may_enter(path_inode(&path));
	if (!err)
		fs_context_set_cwd(&path);
	path_put(&path);
	return err;
}

long sys_fchdir(int fd)
{
	struct target target;
	int err = target_get_fd(fd, RIGHT_LOOKUP, &target);

	if (err)
		return err;
	err = may_enter(target.inode);
	if (!err)
		fs_context_set_cwd(&target.path);
	target_put(&target);
	return err;
}

long sys_chroot(const char __user *upath)
{
	struct path path;
	int err = path_lookup_user(AT_FDCWD, upath, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &path);

	if (err)
		return err;
	err = may_enter(path_inode(&path));
	if (!err && !capable(CAP_SYS_CHROOT))
		err = -EPERM;
	if (!err)
		fs_context_set_root(&path);
	path_put(&path);
	return err;
}

long sys_umask(u32 mask)
{
	return (long)fs_context_set_umask(mask);
}

/* ---- mounts ---- */

/* A string that may be NULL. */
static int copy_option(const char __user *ustr, char *buf, size_t size)
{
	long len;

	buf[0] = 0;
	if (!ustr)
		return 0;
	len = user_copy_string(buf, ustr, size);
	return len == -ENAMETOOLONG ? -EINVAL : (int)MIN(len, 0l);
}

struct mount_args {
	bool typed; /* not NULL */
	char type[32];
	char source[256];
	char data[PATH_MAX]; /* at most a page, as Linux */
};

#define MS_PROPAGATION (MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE)
#define MS_MAGIC       0xc0ed0000ul /* what old programs put into the upper half */

static int set_propagation(const struct path *where, unsigned long flags)
{
	u32 kind = flags & MS_PROPAGATION;

	if ((kind & (kind - 1)) || (flags & ~(MS_PROPAGATION | MS_REC | MS_SILENT)))
		return -EINVAL;
	return mount_propagation(where, (u32)flags);
}

static int do_mount(const char __user *usource, const struct path *where, unsigned long flags,
		    const struct mount_args *args)
{
	const struct fs_type *type;
	struct path from;
	int err;

	if (flags & MS_REMOUNT)
		return mount_remount(where, (u32)flags, args->data);
	if (flags & MS_PROPAGATION && !(flags & MS_BIND))
		return set_propagation(where, flags);
	if (flags & (MS_BIND | MS_MOVE)) {
		err = path_lookup_user(AT_FDCWD, usource, LOOKUP_FOLLOW, &from);
		if (err)
			return err == -EFAULT && !usource ? -EINVAL : err;
		err = flags & MS_BIND ? mount_bind(&from, where, flags & MS_REC)
				      : mount_move(&from, where);
		path_put(&from);
		return err;
	}
	if (!args->typed)
		return -EINVAL;
	type = fs_type_find(args->type);
	if (!type)
		return -ENODEV;
	return mount_add(type, *args->source ? args->source : "none", args->data, (u32)flags,
			 where);
}

long sys_mount(const char __user *source, const char __user *target, const char __user *fstype,
	       unsigned long flags, const char __user *data)
{
	struct mount_args *args;
	struct path where;
	int err;

	args = kmalloc(sizeof(*args), 0);
	if (!args)
		return -ENOMEM;
	if ((flags & 0xffff0000ul) == MS_MAGIC)
		flags &= 0xffff;
	args->typed = fstype != NULL;
	err = copy_option(fstype, args->type, sizeof(args->type));
	if (err == -EINVAL)
		err = -ENODEV; /* longer than the name of any type */
	if (!err)
		err = copy_option(source, args->source, sizeof(args->source));
	if (!err)
		err = copy_option(data, args->data, sizeof(args->data));
	if (!err)
		err = path_lookup_user(AT_FDCWD, target, LOOKUP_FOLLOW, &where);
	if (!err) {
		err = -EPERM;
		if (capable(CAP_SYS_ADMIN))
			err = do_mount(source, &where, flags, args);
		path_put(&where);
	}
	kfree(args);
	return err;
}

static int pivot(const struct path *new, const struct path *put_old)
{
	struct path root;
	int err;

	fs_context_get_root(current_task()->fs, &root);
	err = mount_pivot(&root, new, put_old);
	if (!err)
		fs_context_replace_all(&root, new);
	path_put(&root);
	return err;
}

long sys_pivot_root(const char __user *unew, const char __user *uold)
{
	struct path new, old;
	int err;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	err = path_lookup_user(AT_FDCWD, unew, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &new);
	if (err)
		return err;
	err = path_lookup_user(AT_FDCWD, uold, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &old);
	if (!err) {
		err = pivot(&new, &old);
		path_put(&old);
	}
	path_put(&new);
	return err;
}

long sys_umount2(const char __user *target, int flags)
{
	u32 lookup = flags & UMOUNT_NOFOLLOW ? 0 : LOOKUP_FOLLOW;
	struct path where;
	int err;

	if (flags & ~(MNT_FORCE | MNT_DETACH | MNT_EXPIRE | UMOUNT_NOFOLLOW))
		return -EINVAL;
	if ((flags & MNT_EXPIRE) && (flags & (MNT_FORCE | MNT_DETACH)))
		return -EINVAL;
	err = path_lookup_user(AT_FDCWD, target, lookup, &where);
	if (err)
		return err;
	err = capable(CAP_SYS_ADMIN) ? mount_remove(&where, (u32)flags) : -EPERM;
	path_put(&where);
	return err;
}
