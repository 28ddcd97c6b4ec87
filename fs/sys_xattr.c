/* SPDX-License-Identifier: MIT */
/*
 * System calls on extended attributes: names and values are copied here, rights
 * and the rest are xattr.c's. Man setxattr(2), getxattr(2), listxattr(2),
 * removexattr(2).
 */
#include <arch/uaccess.h>
#include <fs/inotify.h>
#include <fs/xattr.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_fcntl.h>
#include <kernel/syscall_protos.h>
#include <mm/kmalloc.h>

#include "sys_priv.h"

struct xattr_name {
	char text[XATTR_NAME_MAX + 1];
};

static int get_name(struct xattr_name *name, const char __user *uname)
{
	long len = user_copy_string(name->text, uname, sizeof(name->text));

	if (!len || len == -ENAMETOOLONG)
		return -ERANGE;
	return (int)MIN(len, 0l);
}

/* ---- set ---- */

struct set_args {
	struct xattr_name name;
	void *value;
	size_t size;
	u32 flags;
};

/* On success set->value is the caller's to free. */
static int get_set_args(struct set_args *set, const char __user *uname, const void __user *uvalue,
			size_t size, int flags)
{
	int err;

	if (flags & ~(XATTR_CREATE | XATTR_REPLACE))
		return -EINVAL;
	err = get_name(&set->name, uname);
	if (err)
		return err;
	if (size > XATTR_SIZE_MAX)
		return -E2BIG;
	set->size = size;
	set->flags = (u32)flags;
	set->value = kmalloc(size ? size : 1, 0);
	if (!set->value)
		return -ENOMEM;
	err = size ? copy_from_user(set->value, uvalue, size) : 0;
	if (err)
		kfree(set->value);
	return err;
}

static int do_set(struct target *target, const struct set_args *set)
{
	int err = target_writable(target);

	if (!err)
		err = xattr_set(target->inode, set->name.text, set->value, set->size, set->flags);
	if (!err)
		inotify_dentry(target->path.dentry, IN_ATTRIB);
	target_put(target);
	return err;
}

static long set_path(const char __user *upath, u32 lookup, const char __user *uname,
		     const void __user *uvalue, size_t size, int flags)
{
	struct set_args set;
	struct target target;
	int err = get_set_args(&set, uname, uvalue, size, flags);

	if (err)
		return err;
	err = target_get(AT_FDCWD, upath, 0, lookup, &target);
	if (!err)
		err = do_set(&target, &set);
	kfree(set.value);
	return err;
}

long sys_setxattr(const char __user *path, const char __user *name, const void __user *value,
		  size_t size, int flags)
{
	return set_path(path, LOOKUP_FOLLOW | LOOKUP_ACCESS(PATH_ATTR), name, value, size, flags);
}

long sys_lsetxattr(const char __user *path, const char __user *name, const void __user *value,
		   size_t size, int flags)
{
	return set_path(path, LOOKUP_ACCESS(PATH_ATTR), name, value, size, flags);
}

long sys_fsetxattr(int fd, const char __user *name, const void __user *value, size_t size,
		   int flags)
{
	struct set_args set;
	struct target target;
	int err = get_set_args(&set, name, value, size, flags);

	if (err)
		return err;
	err = target_get_fd(fd, RIGHT_CONTROL, &target);
	if (!err)
		err = do_set(&target, &set);
	kfree(set.value);
	return err;
}

/* ---- get ---- */

static long do_get(struct inode *inode, const char *name, void __user *uvalue, size_t size)
{
	void *buf = NULL;
	long ret;

	size = MIN(size, (size_t)XATTR_SIZE_MAX);
	if (size) {
		buf = kmalloc(size, 0);
		if (!buf)
			return -ENOMEM;
	}
	ret = xattr_get(inode, name, buf, size);
	if (ret > 0 && buf && copy_to_user(uvalue, buf, (size_t)ret))
		ret = -EFAULT;
	kfree(buf);
	return ret;
}

static long get_path(const char __user *upath, u32 lookup, const char __user *uname,
		     void __user *uvalue, size_t size)
{
	struct xattr_name name;
	struct target target;
	long ret = get_name(&name, uname);

	if (!ret)
		ret = target_get(AT_FDCWD, upath, 0, lookup, &target);
	if (ret)
		return ret;
	ret = do_get(target.inode, name.text, uvalue, size);
	target_put(&target);
	return ret;
}

long sys_getxattr(const char __user *path, const char __user *name, void __user *value, size_t size)
{
	return get_path(path, LOOKUP_FOLLOW, name, value, size);
}

long sys_lgetxattr(const char __user *path, const char __user *name, void __user *value,
		   size_t size)
{
	return get_path(path, 0, name, value, size);
}

long sys_fgetxattr(int fd, const char __user *uname, void __user *value, size_t size)
{
	struct xattr_name name;
	struct target target;
	long ret = get_name(&name, uname);

	if (!ret)
		ret = target_get_fd(fd, RIGHT_CONTROL, &target);
	if (ret)
		return ret;
	ret = do_get(target.inode, name.text, value, size);
	target_put(&target);
	return ret;
}

/* ---- list ---- */

static long do_list(struct target *target, char __user *ulist, size_t size)
{
	char *buf = NULL;
	long ret = -ENOMEM;

	size = MIN(size, (size_t)XATTR_LIST_MAX);
	if (size)
		buf = kmalloc(size, 0);
	if (buf || !size)
		ret = xattr_list(target->inode, buf, size);
	if (ret > 0 && buf && copy_to_user(ulist, buf, (size_t)ret))
		ret = -EFAULT;
	else if (ret == -ERANGE && size == XATTR_LIST_MAX)
		ret = -E2BIG; /* no buffer would do */
	kfree(buf);
	target_put(target);
	return ret;
}

long sys_listxattr(const char __user *path, void __user *list, size_t size)
{
	struct target target;
	int err = target_get(AT_FDCWD, path, 0, LOOKUP_FOLLOW, &target);

	return err ? err : do_list(&target, list, size);
}

long sys_llistxattr(const char __user *path, void __user *list, size_t size)
{
	struct target target;
	int err = target_get(AT_FDCWD, path, 0, 0, &target);

	return err ? err : do_list(&target, list, size);
}

long sys_flistxattr(int fd, void __user *list, size_t size)
{
	struct target target;
	int err = target_get_fd(fd, RIGHT_CONTROL, &target);

	return err ? err : do_list(&target, list, size);
}

/* ---- remove ---- */

static int do_remove(struct target *target, const char *name)
{
	int err = target_writable(target);

	if (!err)
		err = xattr_remove(target->inode, name);
	if (!err)
		inotify_dentry(target->path.dentry, IN_ATTRIB);
	target_put(target);
	return err;
}

static long remove_path(const char __user *upath, u32 lookup, const char __user *uname)
{
	struct xattr_name name;
	struct target target;
	int err = get_name(&name, uname);

	if (!err)
		err = target_get(AT_FDCWD, upath, 0, lookup, &target);
	return err ? err : do_remove(&target, name.text);
}

long sys_removexattr(const char __user *path, const char __user *name)
{
	return remove_path(path, LOOKUP_FOLLOW | LOOKUP_ACCESS(PATH_ATTR), name);
}

long sys_lremovexattr(const char __user *path, const char __user *name)
{
	return remove_path(path, LOOKUP_ACCESS(PATH_ATTR), name);
}

long sys_fremovexattr(int fd, const char __user *uname)
{
	struct xattr_name name;
	struct target target;
	int err = get_name(&name, uname);

	if (!err)
		err = target_get_fd(fd, RIGHT_CONTROL, &target);
	return err ? err : do_remove(&target, name.text);
}
