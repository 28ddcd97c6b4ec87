/* SPDX-License-Identifier: MIT */
/*
 * tmpfs: seals of memfds (fcntl(2), "File Sealing"): what from now on nobody can do
 * to a file. They are read and added under the inode's lock, which every change of
 * the file takes; a mapping that is made while F_SEAL_WRITE is added either is seen
 * here, and the seal refused, or is made without the right to write (region_added()).
 */
#include "tmpfs_priv.h"

#include <fs/file.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_fcntl.h>
#include <mm/aspace.h>
#include <mm/object.h>

#define SEALS_WRITE (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)
#define SEALS_ALL   (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | SEALS_WRITE | F_SEAL_EXEC)

/* Files of ramfs cannot be sealed. */
static struct tmpfs_inode *sealable(struct inode *inode)
{
	if (inode->ops != &tmpfs_inode_ops || !S_ISREG(inode->mode) ||
	    !tmpfs_super_of(inode->sb)->attributes)
		return NULL;
	return tmpfs_of(inode);
}

u32 tmpfs_seals(struct inode *inode)
{
	struct tmpfs_inode *ti = sealable(inode);

	return ti ? atomic_load_relaxed(&ti->seals) : 0;
}

long tmpfs_get_seals(struct inode *inode)
{
	return sealable(inode) ? (long)tmpfs_seals(inode) : -EINVAL;
}

int tmpfs_add_seals(struct file *file, u32 seals)
{
	struct inode *inode = file->inode;
	struct tmpfs_inode *ti = sealable(inode);
	int err = 0;

	if ((file->flags & O_ACCMODE) == O_RDONLY)
		return -EPERM;
	if (seals & ~(u32)SEALS_ALL || !ti)
		return -EINVAL;
	mutex_lock(&inode->lock);
	if (ti->seals & F_SEAL_SEAL)
		err = -EPERM;
	/* What may be executed for ever must stay what it is. */
	if ((seals & F_SEAL_EXEC) && (inode->mode & 0111))
		seals |= F_SEAL_SHRINK | F_SEAL_GROW | SEALS_WRITE;
	if (!err && (seals & ~ti->seals & F_SEAL_WRITE) && !vmobject_seal(inode->object))
		err = -EBUSY;
	if (!err)
		atomic_store_relaxed(&ti->seals, ti->seals | seals);
	mutex_unlock(&inode->lock);
	return err;
}

void tmpfs_init_seals(struct inode *inode, bool open, bool no_exec)
{
	struct tmpfs_inode *ti = tmpfs_of(inode);

	if (no_exec)
		inode->mode &= ~0111u;
	ti->seals = (open ? 0 : F_SEAL_SEAL) | (no_exec ? F_SEAL_EXEC : 0);
}

int tmpfs_seals_size(struct inode *inode, u64 size)
{
	u32 seals = tmpfs_of(inode)->seals;
	u64 old = inode->object->size;

	if ((size < old && (seals & F_SEAL_SHRINK)) || (size > old && (seals & F_SEAL_GROW)))
		return -EPERM;
	return 0;
}

/* A page at a time, as Linux: of what goes beyond the end the pages before it count. */
long tmpfs_seals_write(struct inode *inode, u64 pos, u64 len)
{
	u32 seals = tmpfs_of(inode)->seals;
	u64 size = inode->object->size, end;

	if (likely(!(seals & ~(u32)F_SEAL_SEAL)))
		return (long)len;
	if (seals & SEALS_WRITE)
		return -EPERM;
	if (!(seals & F_SEAL_GROW) || pos + len <= size)
		return (long)len;
	end = ALIGN_DOWN(size, PAGE_SIZE);
	return end > pos ? (long)(end - pos) : -EPERM;
}
