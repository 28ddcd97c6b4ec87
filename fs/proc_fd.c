/* SPDX-License-Identifier: MIT */
/* procfs: the descriptors of a process, /proc/PID/fd and fdinfo. */
#include "proc_priv.h"

#include <fs/dentry.h>
#include <fs/file.h>
#include <fs/mount.h>
#include <fs/path.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_fcntl.h>
#include <kernel/lib/format.h>
#include <kernel/lib/string.h>
#include <mm/kmalloc.h>
#include <security/cap.h>
#include <security/handle.h>

typedef unsigned long long ull; /* for printf */

/* Descriptor @fd of @task, counted. Return: false: none. */
static bool get_handle(struct task *task, s32 fd, struct handle_ref *ref, u32 *flags)
{
	struct handle_table *table = task_handles(task);
	int found;

	if (!table)
		return false;
	found = handle_table_next(table, fd, ref, flags);
	handle_table_put(table);
	if (found >= 0 && found != fd)
		handle_put(ref);
	return found == fd;
}

static bool find_fd(struct proc_inode *dir, u32 number, struct proc_inode *child)
{
	struct handle_ref ref;
	u32 flags;

	if (!get_handle(dir->task, (s32)number, &ref, &flags))
		return false;
	handle_put(&ref);
	child->fd = (s32)number;
	return true;
}

static bool next_fd(struct proc_inode *dir, u32 *number)
{
	struct handle_table *table = task_handles(dir->task);
	struct handle_ref ref;
	u32 flags;
	int fd;

	if (!table)
		return false;
	fd = handle_table_next(table, (int)*number, &ref, &flags);
	handle_table_put(table);
	if (fd < 0)
		return false;
	handle_put(&ref);
	*number = (u32)fd;
	return true;
}

static long object_text(struct kobject *obj, char *buf, size_t size)
{
	static const char *const names[] = {
		[KOBJECT_PROCESS] = "[pidfd]", [KOBJECT_CHANNEL] = "[channel]",
		[KOBJECT_MEMORY] = "[memory]", [KOBJECT_IRQ] = "[irq]", [KOBJECT_MMIO] = "[mmio]",
		[KOBJECT_IOPORT] = "[ioport]", [KOBJECT_NODE_QUOTA] = "[node]",
	};
	struct file *file = file_from_object(obj);
	char *text, *tmp = kmalloc(PATH_MAX, 0);
	long len;

	if (!tmp)
		return -ENOMEM;
	text = tmp;
	if (file)
		text = file_path(file, tmp, PATH_MAX);
	else
		snprintf(tmp, PATH_MAX, "anon_inode:%s", names[obj->type]);
	len = text ? (long)MIN(strlen(text), size) : -ENAMETOOLONG;
	if (len > 0)
		memcpy(buf, text, (size_t)len);
	kfree(tmp);
	return len;
}

static long read_fd(struct proc_inode *pi, char *buf, size_t size)
{
	struct handle_ref ref;
	u32 flags;
	long len;

	if (!get_handle(pi->task, pi->fd, &ref, &flags))
		return -ENOENT;
	len = object_text(ref.object, buf, size);
	handle_put(&ref);
	return len;
}

/* Where @file is. A nameless one gets a dentry of its own, outside of any tree. */
static int path_of_file(struct file *file, struct path *out)
{
	if (file->dentry) {
		*out = (struct path){ file->mount, file->dentry };
		path_get(out);
		return 0;
	}
	inode_get(file->inode);
	out->dentry = dentry_alloc_root(file->inode->sb, file->inode);
	if (!out->dentry)
		return -ENOMEM;
	out->mount = mount_root();
	mount_get(out->mount);
	return 0;
}

/* Opening a handle again makes one with all rights, and one that nobody can revoke: no
 * way for those with fewer rights than their open gave, and for granted ones. */
#define RIGHTS_KEPT (RIGHT_READ | RIGHT_WRITE | RIGHT_CONTROL | RIGHT_GRANT | RIGHT_DUP)
static bool is_limited(struct proc_inode *pi, const struct handle_ref *ref, struct file *file)
{
	struct handle_table *table = task_handles(pi->task);
	struct cap_info info = { .parent = 0 };
	u32 children;

	if (table) {
		(void)!cap_describe(table, pi->fd, &info, &children);
		handle_table_put(table);
	}
	return info.parent || (file_rights(atomic_load_relaxed(&file->flags)) & RIGHTS_KEPT &
			       ~ref->rights);
}

static int follow_fd(struct proc_inode *pi, struct path *out)
{
	struct handle_ref ref;
	struct file *file;
	u32 flags;
	int err;

	if (!get_handle(pi->task, pi->fd, &ref, &flags))
		return -ENOENT;
	file = file_from_object(ref.object);
	if (file && is_limited(pi, &ref, file))
		err = -EACCES;
	else
		err = file ? path_of_file(file, out) : -ENXIO;
	handle_put(&ref);
	return err;
}

/* Only of handles that were granted, or granted from. */
static void show_derivation(struct seq *seq, struct proc_inode *pi)
{
	struct handle_table *table = task_handles(pi->task);
	struct cap_info info;
	u32 children;

	if (table && cap_describe(table, pi->fd, &info, &children))
		seq_printf(seq, "cap:\t%llu\nparent:\t%llu\nchildren:\t%u\n", (ull)info.id,
			   (ull)info.parent, children);
	if (table)
		handle_table_put(table);
}

static int show_fdinfo(struct seq *seq, struct proc_inode *pi)
{
	struct handle_ref ref;
	struct file *file;
	u32 flags;

	if (!get_handle(pi->task, pi->fd, &ref, &flags))
		return -ENOENT;
	file = file_from_object(ref.object);
	if (file) {
		u32 open_flags = atomic_load_relaxed(&file->flags);

		if (flags & HANDLE_CLOEXEC)
			open_flags |= O_CLOEXEC;
		seq_printf(seq, "pos:\t%llu\nflags:\t0%o\nmnt_id:\t%u\nino:\t%llu\n",
			   (ull)(file->kflags & FILE_SEEKABLE ? file->pos : 0), open_flags,
			   file->mount ? file->mount->id : 0, (ull)file->inode->ino);
		if (file->ops->fdinfo)
			file->ops->fdinfo(file, seq);
	}
	seq_printf(seq, "rights:\t%#x\n", ref.rights);
	show_derivation(seq, pi);
	handle_put(&ref);
	return 0;
}

static const struct proc_entry fd_entry = {
	.name = "fd", .mode = S_IFLNK | 0700, .guarded = true, .readlink = read_fd,
	.follow = follow_fd,
};
static const struct proc_entry fdinfo_entry = {
	.name = "fdinfo", .mode = S_IFREG | 0400, .guarded = true, .show = show_fdinfo,
};
const struct proc_dir proc_fd_dir = { &fd_entry, find_fd, next_fd, NULL };
const struct proc_dir proc_fdinfo_dir = { &fdinfo_entry, find_fd, next_fd, NULL };
