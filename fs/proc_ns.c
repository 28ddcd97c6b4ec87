/* SPDX-License-Identifier: MIT */
/*
 * procfs: /proc/PID/ns. There is one name space of each kind, the first, and every
 * process is in it: what these links are for is to be compared. The numbers are
 * those of Linux's first name spaces (include/linux/proc_ns.h), since programs know
 * them. Man namespaces(7).
 */
#include "proc_priv.h"

#include <fs/dentry.h>
#include <fs/file.h>
#include <fs/mount.h>
#include <fs/path.h>
#include <fs/procfs.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_sched.h>
#include <kernel/lib/format.h>
#include <kernel/lib/string.h>
#include <mm/kmalloc.h>

static const struct {
	const char *name, *kind;
	u32 number;
	u32 clone_flag;
} spaces[] = {
	{ "cgroup", "cgroup", 0xeffffffb, CLONE_NEWCGROUP },
	{ "ipc", "ipc", 0xefffffff, CLONE_NEWIPC },
	{ "mnt", "mnt", 0xeffffff8, CLONE_NEWNS },
	{ "net", "net", 0xeffffff9, CLONE_NEWNET },
	{ "pid", "pid", 0xeffffffc, CLONE_NEWPID },
	{ "pid_for_children", "pid", 0xeffffffc, CLONE_NEWPID },
	{ "time", "time", 0xeffffffa, CLONE_NEWTIME },
	{ "time_for_children", "time", 0xeffffffa, CLONE_NEWTIME },
	{ "user", "user", 0xeffffffd, CLONE_NEWUSER },
	{ "uts", "uts", 0xeffffffe, CLONE_NEWUTS },
};

static u32 index_of(const struct proc_inode *pi)
{
	return (u32)(pi->entry - proc_ns_children);
}

static long read_ns(struct proc_inode *pi, char *buf, size_t size)
{
	u32 i = index_of(pi);
	char text[40];
	size_t len = (size_t)snprintf(text, sizeof(text), "%s:[%u]", spaces[i].kind,
				      spaces[i].number);

	len = MIN(len, size);
	memcpy(buf, text, len);
	return (long)len;
}

/* What a link leads to: a file that only can be looked at. */
static void ns_release(struct inode *inode)
{
	kfree(inode);
}

static const struct inode_ops ns_iops = { .release = ns_release };
static const struct file_ops ns_fops = { .anon_name = "[ns]" };
static struct superblock ns_sb = { .refs = { 1 }, .magic = NSFS_MAGIC };

static int follow_ns(struct proc_inode *pi, struct path *out)
{
	struct inode *inode = kzalloc(sizeof(*inode), 0);

	if (!inode)
		return -ENOMEM;
	inode_init(inode, &ns_sb, &ns_iops, &ns_fops, S_IFREG | 0444);
	inode->ino = spaces[index_of(pi)].number;
	out->dentry = dentry_alloc_root(&ns_sb, inode);
	if (!out->dentry)
		return -ENOMEM;
	out->mount = mount_root();
	mount_get(out->mount);
	return 0;
}

u32 procfs_ns_kind(const struct file *file)
{
	for (u32 i = 0; file->inode->sb == &ns_sb && i < ARRAY_SIZE(spaces); i++)
		if (spaces[i].number == file->inode->ino)
			return spaces[i].clone_flag;
	return 0;
}

#define NS(name_) \
	{ .name = (name_), .mode = S_IFLNK | 0777, .guarded = true, .readlink = read_ns, \
	  .follow = follow_ns }

/* In the order of spaces[]. */
const struct proc_entry proc_ns_children[] = {
	NS("cgroup"), NS("ipc"), NS("mnt"), NS("net"), NS("pid"), NS("pid_for_children"),
	NS("time"), NS("time_for_children"), NS("user"), NS("uts"), { .name = NULL }
};
static_assert(ARRAY_SIZE(proc_ns_children) == ARRAY_SIZE(spaces) + 1, "one by one");
