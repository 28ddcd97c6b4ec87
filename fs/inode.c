/* SPDX-License-Identifier: MIT */
/*
 * What all inodes have in common: references, permission bits, times,
 * attributes. Who may change what follows Linux: man inode(7), chmod(2),
 * chown(2), utimensat(2), truncate(2).
 */
#include <fs/inode.h>

#include <fs/dentry.h>
#include <fs/file.h>
#include <fs/inode_cache.h>
#include <fs/inotify.h>
#include <fs/lock.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_signal.h>
#include <kernel/lib/string.h>
#include <kernel/task/task.h>
#include <kernel/time/clock.h>
#include <mm/object.h>
#include <security/cred.h>

#define DAY_NS (24 * 3600 * (s64)NS_PER_SEC)

static u64 next_ino = 1;  /* [a] */
static u32 next_dev = 1;  /* [a] minors of major 0, as Linux's anonymous devices */

u64 inode_number(void)
{
	return atomic_fetch_add(&next_ino, 1);
}

void superblock_init(struct superblock *sb, const struct fs_type *type, u64 magic)
{
	refcount_init(&sb->refs);
	sb->type = type;
	sb->magic = magic;
	sb->dev = linux_makedev(0, atomic_fetch_add(&next_dev, 1));
}

void superblock_put(struct superblock *sb)
{
	if (!refcount_put(&sb->refs))
		return;
	inotify_super_gone(sb);
	dentry_cache_drop(sb);
	inode_cache_drop(sb);
	dentry_put(sb->root);
	sb->release(sb);
}

s64 inode_now(void)
{
	return (s64)unix_time_ns();
}

void inode_init(struct inode *inode, struct superblock *sb, const struct inode_ops *ops,
		const struct file_ops *fops, u32 mode)
{
	refcount_init(&inode->refs);
	mutex_init(&inode->lock, RANK_INODE, "inode");
	inode->mode = mode;
	inode->nlink = 1;
	inode->sb = sb;
	inode->ops = ops;
	inode->fops = fops;
	inode->ino = inode_number();
	inode->atime_ns = inode_now();
	inode->mtime_ns = inode->atime_ns;
	inode->ctime_ns = inode->atime_ns;
	inode->btime_ns = inode->atime_ns;
}

void inode_own(struct inode *inode, const struct inode *dir)
{
	const struct cred *cred = cred_current();

	inode->uid = cred->fsuid;
	inode->gid = cred->fsgid;
	if (!dir || !(dir->mode & S_ISGID))
		return;
	inode->gid = dir->gid;
	if (S_ISDIR(inode->mode))
		inode->mode |= S_ISGID;
}

void inode_put(struct inode *inode)
{
	if (!inode)
		return;
	if (unlikely(atomic_load_relaxed(&inode->watches) != NULL)) {
		if (!inotify_put_inode(inode))
			return;
	} else if (!refcount_put(&inode->refs)) {
		return;
	}
	inode_release(inode);
}

void inode_release(struct inode *inode)
{
	lock_free_inode(inode);
	inode->ops->release(inode);
}

static void anon_release(struct inode *inode)
{
	PANIC_ON(true, "inode: the anonymous inode %p lost its last reference", (void *)inode);
}

static const struct inode_ops anon_ops = { .release = anon_release };
static const struct file_ops anon_fops;
static struct superblock anon_sb = { .refs = { 1 }, .magic = ANON_INODE_FS_MAGIC };
static struct inode anon_inode = {
	.refs = { 1 }, .mode = 0600, .nlink = 1, .sb = &anon_sb, .ops = &anon_ops, .ino = 1,
	.fops = &anon_fops, .lock = MUTEX_INIT(anon_inode.lock, RANK_INODE, "anon_inode"),
};

struct inode *inode_anon(void)
{
	return &anon_inode;
}

u64 inode_size(const struct inode *inode)
{
	if (inode->object)
		return atomic_load_relaxed(&inode->object->size);
	if (inode->ops->real)
		return inode_size(inode->ops->real(inode));
	return atomic_load_relaxed(&inode->size);
}

/* ---- times ---- */

void inode_touch_modified(struct inode *inode)
{
	s64 now = inode_now();

	inode->mtime_ns = now;
	inode->ctime_ns = now;
}

void inode_touch_changed(struct inode *inode)
{
	inode->ctime_ns = inode_now();
}

void inode_touch_accessed(struct inode *inode)
{
	s64 atime = inode->atime_ns;

	/* Most reads end here, without asking the clock. */
	if (atime > inode->mtime_ns && atime > inode->ctime_ns && atime > (s64)0) {
		s64 now = inode_now();

		if (now - atime < DAY_NS)
			return;
		inode->atime_ns = now;
		return;
	}
	inode->atime_ns = inode_now();
}

/* ---- permission ---- */

int inode_permission(struct inode *inode, const struct cred *cred, u32 mask)
{
	u32 mode = inode->mode;
	u32 bits = mode;

	if (unlikely(inode->ops->permission != NULL))
		return inode->ops->permission(inode, cred, mask);
	if (cred_capable(cred, CAP_DAC_OVERRIDE)) {
		if ((mask & MAY_EXEC) && !S_ISDIR(mode) && !(mode & 0111))
			return -EACCES;
		return 0;
	}
	if (inode->uid == cred->fsuid)
		bits >>= 6;
	else if (((mode >> 3 ^ mode) & mask) && /* else it does not matter */
		 (inode->gid == cred->fsgid || cred_in_group(cred, inode->gid)))
		bits >>= 3;
	if (likely(!(mask & ~bits)))
		return 0;
	/* What CAP_DAC_READ_SEARCH allows: to read all, to search folders. */
	mask &= MAY_READ | MAY_WRITE | MAY_EXEC;
	if (cred_capable(cred, CAP_DAC_READ_SEARCH) &&
	    (mask == MAY_READ || (S_ISDIR(mode) && !(mask & MAY_WRITE))))
		return 0;
	return -EACCES;
}

bool inode_owner_or_root(const struct inode *inode, const struct cred *cred)
{
	return cred->fsuid == inode->uid || cred_capable(cred, CAP_FOWNER);
}

static bool in_group(const struct cred *cred, u32 gid)
{
	return gid == cred->fsgid || cred_in_group(cred, gid);
}

static int check_owner_change(struct inode *inode, const struct inode_attr *attr,
			      const struct cred *cred)
{
	if (cred_capable(cred, CAP_CHOWN))
		return 0;
	if ((attr->valid & ATTR_UID) && (cred->fsuid != inode->uid || attr->uid != inode->uid))
		return -EPERM;
	if ((attr->valid & ATTR_GID) &&
	    (cred->fsuid != inode->uid || (attr->gid != inode->gid && !in_group(cred, attr->gid))))
		return -EPERM;
	return 0;
}

static int check_size_change(struct inode *inode, const struct inode_attr *attr,
			     const struct cred *cred)
{
	if (S_ISDIR(inode->mode))
		return -EISDIR;
	if (!S_ISREG(inode->mode))
		return -EINVAL;
	if (!(attr->valid & ATTR_OPEN)) {
		int err = inode_permission(inode, cred, MAY_WRITE);

		if (err)
			return err;
	}
	if (attr->size > inode_size(inode) && attr->size > task_rlimit(RLIMIT_FSIZE)) {
		signal_send_kernel(current_task(), SIGXFSZ);
		return -EFBIG;
	}
	return 0;
}

static int check_attr(struct inode *inode, const struct inode_attr *attr, const struct cred *cred)
{
	u32 set_times = ATTR_ATIME_SET | ATTR_MTIME_SET;
	int err = 0;

	if (attr->valid & (ATTR_UID | ATTR_GID))
		err = check_owner_change(inode, attr, cred);
	if (!err && (attr->valid & (ATTR_MODE | set_times)) && !inode_owner_or_root(inode, cred))
		err = -EPERM;
	/* Both to now: whoever may write may do it too. */
	if (!err && (attr->valid & (ATTR_ATIME | ATTR_MTIME)) && !(attr->valid & set_times) &&
	    !(attr->valid & ATTR_SIZE) && !inode_owner_or_root(inode, cred))
		err = inode_permission(inode, cred, MAY_WRITE);
	if (!err && (attr->valid & ATTR_SIZE))
		err = check_size_change(inode, attr, cred);
	return err;
}

int inode_set_attr(struct inode *inode, const struct inode_attr *req)
{
	const struct cred *cred = cred_current();
	struct inode_attr attr = *req;
	int err;

	mutex_lock(&inode->lock);
	err = check_attr(inode, &attr, cred);
	if (!err && !inode->ops->setattr)
		err = -EPERM;
	if (err)
		goto out;
	/* chown takes setuid away, and setgid where it means "run as" (group x);
	 * not from folders. chmod to a foreign group keeps no setgid. */
	if ((attr.valid & (ATTR_UID | ATTR_GID)) && !S_ISDIR(inode->mode)) {
		attr.mode = inode->mode & ~(u32)S_ISUID;
		if (attr.mode & S_IXGRP)
			attr.mode &= ~(u32)S_ISGID;
		attr.valid |= ATTR_MODE;
	} else if ((attr.valid & ATTR_MODE) && !cred_capable(cred, CAP_FSETID) &&
		   !in_group(cred, inode->gid)) {
		attr.mode &= ~(u32)S_ISGID;
	}
	if ((attr.valid & ATTR_SIZE) && !cred_capable(cred, CAP_FSETID))
		inode_drop_setid(inode);
	err = inode->ops->setattr(inode, &attr);
out:
	mutex_unlock(&inode->lock);
	return err;
}

void inode_set_mode(struct inode *inode, u32 mode)
{
	u32 old = inode->mode;

	atomic_store_relaxed(&inode->mode, mode);
	/* Somebody may not search it any more. */
	if (S_ISDIR(mode) && (old & ~mode & 0111))
		dentry_modes_changed();
}

void inode_apply_attr(struct inode *inode, const struct inode_attr *attr)
{
	s64 now = inode_now();

	assert_mutex_held(&inode->lock);
	if (attr->valid & ATTR_MODE)
		inode_set_mode(inode, (inode->mode & S_IFMT) | (attr->mode & 07777));
	if (attr->valid & ATTR_UID)
		inode->uid = attr->uid;
	if (attr->valid & ATTR_GID)
		inode->gid = attr->gid;
	if (attr->valid & ATTR_ATIME)
		inode->atime_ns = attr->valid & ATTR_ATIME_SET ? attr->atime_ns : now;
	if (attr->valid & (ATTR_MTIME | ATTR_SIZE))
		inode->mtime_ns = attr->valid & ATTR_MTIME_SET ? attr->mtime_ns : now;
	inode->ctime_ns = now;
}

void inode_drop_setid(struct inode *inode)
{
	if (likely(!(inode->mode & (S_ISUID | S_ISGID))) || capable(CAP_FSETID))
		return;
	inode->mode &= ~(u32)S_ISUID;
	if (inode->mode & S_IXGRP)
		inode->mode &= ~(u32)S_ISGID;
}

static inline void put_time(s64 ns, u64 *sec, u64 *nsec)
{
	u64 s = (u64)ns / NS_PER_SEC;

	if (unlikely(ns < 0)) /* before 1970: round down */
		s = (u64)((ns + 1) / (s64)NS_PER_SEC - 1);
	*sec = s;
	/* Unsigned: the product may lie below what a signed word holds. */
	*nsec = (u64)ns - s * NS_PER_SEC;
}

void inode_stat(struct inode *inode, struct linux_stat *st)
{
	const struct inode *real = inode->ops->real ? inode->ops->real(inode) : inode;
	struct vmobject *obj = real->object;

	if (inode->ops->refresh)
		inode->ops->refresh(inode);
	st->st_dev = inode->sb->dev;
	st->st_ino = inode->ino;
	st->st_nlink = atomic_load_relaxed(&inode->nlink);
	st->st_mode = inode->mode;
	st->st_uid = inode->uid;
	st->st_gid = inode->gid;
	st->pad0 = 0;
	st->st_rdev = inode->rdev;
	st->st_size = (s64)inode_size(inode);
	st->st_blksize = 4096;
	st->st_blocks = obj ? (s64)(atomic_load_relaxed(&obj->nr_pages) * 8) : 0;
	put_time(inode->atime_ns, &st->st_atime, &st->st_atime_nsec);
	put_time(inode->mtime_ns, &st->st_mtime, &st->st_mtime_nsec);
	if (likely(inode->ctime_ns == inode->mtime_ns)) {
		st->st_ctime = st->st_mtime;
		st->st_ctime_nsec = st->st_mtime_nsec;
	} else {
		put_time(inode->ctime_ns, &st->st_ctime, &st->st_ctime_nsec);
	}
	st->unused[0] = 0;
	st->unused[1] = 0;
	st->unused[2] = 0;
}

/* ---- writers against executions ---- */

/* One word counts both: writers upwards, executions downwards, never mixed. */
static int count_write(struct inode *inode, s32 step)
{
	s32 old = atomic_load_relaxed(&inode->write_count);

	do {
		if (step > 0 ? old < 0 : old > 0)
			return -ETXTBSY;
	} while (!atomic_cmpxchg(&inode->write_count, &old, old + step));
	return 0;
}

int inode_get_write(struct inode *inode)
{
	return count_write(inode, 1);
}

void inode_put_write(struct inode *inode)
{
	(void)atomic_fetch_sub(&inode->write_count, 1);
}

int inode_deny_write(struct inode *inode)
{
	return count_write(inode, -1);
}

void inode_allow_write(struct inode *inode)
{
	(void)atomic_fetch_add(&inode->write_count, 1);
}
