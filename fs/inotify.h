/* SPDX-License-Identifier: MIT */
/*
 * inotify(7): who changes files says so by the hooks below. While nobody watches
 * anything a hook is one test of one word.
 */
#pragma once

#include <arch/atomic.h>
#include <kernel/abi/linux_inotify.h>
#include <kernel/lib/types.h>

struct dentry;
struct file;
struct fs_name;
struct inode;
struct inode_attr;
struct superblock;

extern u32 inotify_watching; /* [a] watches of all */

/* Settings of /proc/sys/fs/inotify. */
extern u32 inotify_max_queued_events, inotify_max_user_instances, inotify_max_user_watches;

void inotify_init(void);

/* ---- hooks ---- */

static inline bool inotify_anyone(void)
{
	return unlikely(atomic_load_relaxed(&inotify_watching) != 0);
}

void inotify_tell_dentry(struct dentry *dentry, u32 event);
void inotify_tell_name(struct inode *dir, u32 event, const struct fs_name *name, bool is_dir);
void inotify_tell_inode(struct inode *inode, u32 event);
void inotify_tell_close(struct file *file);
void inotify_tell_attr(struct dentry *dentry, const struct inode_attr *attr);

/** inotify_dentry - something happened to what @dentry (NULL: nothing) names: tells
 * who watches it, and who watches the folder it is in */
static inline void inotify_dentry(struct dentry *dentry, u32 event)
{
	if (inotify_anyone() && dentry)
		inotify_tell_dentry(dentry, event);
}

/** inotify_name - @name was made or removed in @dir */
static inline void inotify_name(struct inode *dir, u32 event, const struct fs_name *name,
				bool is_dir)
{
	if (inotify_anyone())
		inotify_tell_name(dir, event, name, is_dir);
}

/** inotify_inode - for who watches @inode itself alone */
static inline void inotify_inode(struct inode *inode, u32 event)
{
	if (inotify_anyone())
		inotify_tell_inode(inode, event);
}

/** inotify_attr - @attr was set */
static inline void inotify_attr(struct dentry *dentry, const struct inode_attr *attr)
{
	if (inotify_anyone() && dentry)
		inotify_tell_attr(dentry, attr);
}

/** inotify_move - one half of a rename (or of an exchange, each way): @inode is now
 * @to in @to_dir, where it replaced @target (or NULL) */
void inotify_move(struct inode *inode, struct inode *from_dir, const struct fs_name *from,
		  struct inode *to_dir, const struct fs_name *to, struct inode *target);

/** inotify_put_inode - drop a reference on an inode that has watches, which hold one
 * themselves: when only that is left and it has no name, they go with it.
 * Return: true when this was the last reference of all. */
__must_check bool inotify_put_inode(struct inode *inode);
/** inotify_super_gone - @sb is unmounted: its watches end */
void inotify_super_gone(struct superblock *sb);

/* ---- the calls ---- */

__must_check int inotify_create(u32 flags, struct file **out);
/** inotify_is - @file is of inotify_create() */
bool inotify_is(const struct file *file);
/** inotify_add - watch @inode. Return: its watch descriptor; -EEXIST -ENOSPC -ENOMEM */
__must_check int inotify_add(struct file *file, struct inode *inode, u32 mask);
/** inotify_remove - -EINVAL: no such watch */
__must_check int inotify_remove(struct file *file, s32 wd);
