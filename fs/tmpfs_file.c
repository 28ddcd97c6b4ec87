/* SPDX-License-Identifier: MIT */
/*
 * tmpfs: contents of files, which are memory objects. Every page an object takes
 * or gives back is counted against the limit by object_charge() (tmpfs.c), whether
 * a write, a fault or a punch made the change.
 */
#include "tmpfs_priv.h"

#include <fs/file.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_fcntl.h>
#include <kernel/abi/linux_signal.h>
#include <kernel/task/task.h>
#include <mm/object.h>
#include <mm/pmm.h>

static long read_piece(struct vmobject *obj, u64 pos, struct iov_iter *it, size_t max)
{
	u64 base;
	size_t len = MIN(max, iov_iter_segment(it, &base));
	void *buf = (void *)(uintptr_t)base;
	long n = it->kernel ? vmobject_read_kernel(obj, pos, buf, len)
			    : vmobject_read(obj, pos, buf, len);

	if (n > 0)
		iov_iter_advance(it, (size_t)n);
	return n;
}

/* From several buffers, or the kernel's. Return: bytes; -errno. */
static __noinline long read_pieces(struct inode *inode, struct iov_iter *it, u64 pos)
{
	u64 size = inode_size(inode), at = pos;
	long n = 0;

	while (it->left && at < size) {
		n = read_piece(inode->object, at, it, (size_t)MIN((u64)it->left, size - at));
		if (n <= 0)
			break;
		at += (u64)n;
	}
	return at == pos ? n : (long)(at - pos);
}

static long tmpfs_read(struct file *file, struct iov_iter *it, u64 *pos)
{
	struct inode *inode = file->inode;
	u64 base;
	long n;

	if (likely(iov_iter_flat(it, &base)))
		n = vmobject_read(inode->object, *pos, (void __user *)(uintptr_t)base, it->left);
	else
		n = read_pieces(inode, it, *pos);
	if (!(file->flags & O_NOATIME))
		inode_touch_accessed(inode);
	if (n > 0)
		*pos += (u64)n;
	return n;
}

static long write_piece(struct vmobject *obj, u64 pos, struct iov_iter *it, size_t max)
{
	u64 base;
	size_t len = MIN(max, iov_iter_segment(it, &base));
	void *buf = (void *)(uintptr_t)base;
	long n = it->kernel ? vmobject_write_kernel(obj, pos, buf, len)
			    : vmobject_write(obj, pos, buf, len);

	if (n > 0)
		iov_iter_advance(it, (size_t)n);
	return n;
}

/* How much of a write at @pos the limits allow. Return: > 0; -EFBIG; -ENOSPC */
static long write_limit(struct inode *inode, u64 pos, size_t len)
{
	struct tmpfs_super *ts = tmpfs_super_of(inode->sb);
	u64 max_size = MIN(task_rlimit(RLIMIT_FSIZE), TMPFS_MAX_BYTES);
	u64 pages, room;

	if (unlikely(pos + len > max_size)) {
		if (pos >= max_size) {
			if (max_size < TMPFS_MAX_BYTES)
				signal_send_kernel(current_task(), SIGXFSZ);
			return -EFBIG;
		}
		len = (size_t)(max_size - pos);
	}
	pages = (pos + len + PAGE_SIZE - 1) / PAGE_SIZE - pos / PAGE_SIZE;
	room = atomic_load_relaxed(&ts->used_pages);
	room = ts->max_pages > room ? ts->max_pages - room : 0;
	if (likely(!ts->max_pages || pages <= room))
		return (long)len;
	if (vmobject_seek(inode->object, pos, true) >= pos + len)
		return (long)len; /* all there already */
	room = room * PAGE_SIZE;
	return room ? (long)MIN((u64)len, room) : -ENOSPC;
}

static long write_locked(struct inode *inode, struct iov_iter *it, u64 pos)
{
	struct vmobject *obj = inode->object;
	u64 old_size = obj->size, at = pos;
	long n = tmpfs_seals_write(inode, pos, it->left);
	u64 end, base;

	if (n > 0)
		n = write_limit(inode, pos, (size_t)n);
	if (n < 0)
		return n;
	end = pos + (u64)n;
	inode_drop_setid(inode);
	if (end > old_size)
		vmobject_resize(obj, end);
	if (likely(iov_iter_flat(it, &base))) {
		n = vmobject_write(obj, at, (void __user *)(uintptr_t)base, (size_t)n);
		at += n > 0 ? (u64)n : 0;
	} else {
		while (at < end) {
			n = write_piece(obj, at, it, (size_t)(end - at));
			if (n <= 0)
				break;
			at += (u64)n;
		}
	}
	if (at < end && end > old_size)
		vmobject_resize(obj, MAX(at, old_size));
	if (at == pos)
		return n == -ENOMEM ? -ENOSPC : n;
	inode_touch_modified(inode);
	return (long)(at - pos);
}

static long tmpfs_write(struct file *file, struct iov_iter *it, u64 *pos)
{
	struct inode *inode = file->inode;
	long n;

	if (!it->left)
		return 0;
	mutex_lock(&inode->lock);
	if ((file->flags & O_APPEND) || it->append)
		*pos = inode->object->size;
	n = write_locked(inode, it, *pos);
	mutex_unlock(&inode->lock);
	if (n > 0)
		*pos += (u64)n;
	return n;
}

static s64 tmpfs_seek(struct file *file, s64 off, int whence)
{
	struct inode *inode = file->inode;
	u64 size = inode_size(inode), at;

	if (whence != SEEK_DATA && whence != SEEK_HOLE)
		return file_seek(file, off, whence, size);
	if (off < 0 || (u64)off >= size)
		return -ENXIO;
	at = vmobject_seek(inode->object, (u64)off, whence == SEEK_HOLE);
	if (whence == SEEK_DATA && at >= size)
		return -ENXIO;
	file->pos = at;
	return (s64)at;
}

static int tmpfs_mmap(struct file *file, struct vmobject **out)
{
	vmobject_get(file->inode->object);
	*out = file->inode->object;
	return 0;
}

static int tmpfs_fsync(__unused struct file *file)
{
	return 0; /* memory is all the storage there is */
}

/* Pages for [off, end) that are within the size. */
static int fill_range(struct inode *inode, u64 off, u64 end)
{
	int err = 0;

	for (u64 i = off / PAGE_SIZE; !err && i * PAGE_SIZE < end; i++) {
		struct frame *frame;

		err = vmobject_page(inode->object, i, true, &frame);
		if (!err)
			frame_put(frame);
		sched_point();
	}
	return err == -ENOMEM ? -ENOSPC : err;
}

static int tmpfs_fallocate(struct file *file, u32 mode, u64 off, u64 len)
{
	struct inode *inode = file->inode;
	u64 end = off + len;
	bool keep = mode & FALLOC_FL_KEEP_SIZE;
	u64 size, old_size;
	int err = 0;

	if (mode & ~(FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE))
		return -EOPNOTSUPP; /* as Linux's tmpfs: no ZERO_RANGE */
	mutex_lock(&inode->lock);
	old_size = inode->object->size;
	size = keep ? old_size : MAX(old_size, end);
	if (mode & FALLOC_FL_PUNCH_HOLE) {
		err = tmpfs_of(inode)->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE) ? -EPERM : 0;
		if (!err)
			vmobject_punch(inode->object, off, MIN(end, old_size));
	} else if (end > old_size) {
		err = tmpfs_seals_size(inode, end);
	}
	if (!err && size > old_size && size > task_rlimit(RLIMIT_FSIZE))
		err = -EFBIG;
	if (!err && size > old_size)
		vmobject_resize(inode->object, size);
	/* An object has no pages beyond its end: with KEEP_SIZE none are set aside there. */
	if (!err && !(mode & FALLOC_FL_PUNCH_HOLE))
		err = fill_range(inode, off, MIN(end, size));
	if (err && size > old_size)
		vmobject_resize(inode->object, old_size);
	if (!err)
		inode_touch_modified(inode);
	mutex_unlock(&inode->lock);
	return err;
}

const struct file_ops tmpfs_file_ops = {
	.read = tmpfs_read,
	.write = tmpfs_write,
	.seek = tmpfs_seek,
	.mmap = tmpfs_mmap,
	.fsync = tmpfs_fsync,
	.fallocate = tmpfs_fallocate,
};
