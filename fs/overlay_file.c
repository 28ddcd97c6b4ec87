/* SPDX-License-Identifier: MIT */
/*
 * overlay: open regular files. Each has a file of the layer behind it that does the
 * work. One that was opened for reading before its inode was copied up gets the
 * upper layer's file at its next read, so that what others write is read.
 */
#include "overlay_priv.h"

#include <fs/chardev.h>
#include <fs/file.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_fcntl.h>
#include <mm/kmalloc.h>

struct ovl_file {
	struct file *real;  /* [i] as opened */
	struct file *upper; /* [a] since a copy-up; set once */
};

int ovl_open(struct inode *inode, struct file *file)
{
	struct ovl_inode *oi = ovl_of(inode);
	struct ovl_file *of;
	int err = 0;

	if (!S_ISREG(inode->mode))
		return special_open(inode, file);
	if ((file->flags & O_ACCMODE) != O_RDONLY)
		err = ovl_copy_up(oi);
	if (err)
		return err;
	of = kzalloc(sizeof(*of), 0);
	if (!of)
		return -ENOMEM;
	err = file_open(ovl_real(oi), NULL, file->flags, &of->real);
	if (err)
		kfree(of);
	else
		file->priv = of;
	return err;
}

static void ovl_file_release(struct file *file)
{
	struct ovl_file *of = file->priv;

	file_put(of->real);
	if (of->upper)
		file_put(of->upper);
	kfree(of);
}

static __noinline int open_upper(struct file *file, struct inode *upper, struct file **out)
{
	struct ovl_file *of = file->priv;
	struct file *opened, *none = NULL;
	int err = file_open(upper, NULL, of->real->flags, &opened);

	if (err)
		return err;
	if (atomic_cmpxchg(&of->upper, &none, opened)) {
		*out = opened;
	} else {
		file_put(opened); /* another thread was first */
		*out = none;
	}
	return 0;
}

static inline int real_file(struct file *file, struct file **out)
{
	struct ovl_file *of = file->priv;
	struct inode *real = ovl_real(ovl_of(file->inode));

	*out = of->real;
	if (likely(of->real->inode == real))
		return 0;
	*out = atomic_load_acquire(&of->upper);
	return *out ? 0 : open_upper(file, real, out);
}

static long ovl_read(struct file *file, struct iov_iter *it, u64 *pos)
{
	struct file *real;
	int err = real_file(file, &real);

	if (err)
		return err;
	return real->ops->read ? real->ops->read(real, it, pos) : -EINVAL;
}

/* Our lock keeps the copy of the attributes in step, and appends in order. */
static long ovl_write(struct file *file, struct iov_iter *it, u64 *pos)
{
	struct inode *inode = file->inode;
	struct file *real;
	long n = real_file(file, &real);

	if (n)
		return n;
	if (!real->ops->write)
		return -EINVAL;
	if (file->flags & O_APPEND)
		it->append = true; /* F_SETFL told us, not the file behind */
	mutex_lock(&inode->lock);
	n = real->ops->write(real, it, pos);
	ovl_mirror(ovl_of(inode));
	mutex_unlock(&inode->lock);
	return n;
}

static s64 ovl_seek(struct file *file, s64 off, int whence)
{
	struct file *real;
	s64 ret;

	if (whence != SEEK_DATA && whence != SEEK_HOLE)
		return file_seek(file, off, whence, inode_size(file->inode));
	ret = real_file(file, &real);
	if (!ret)
		ret = real->ops->seek ? real->ops->seek(real, off, whence) : -EINVAL;
	if (ret >= 0)
		file->pos = (u64)ret;
	return ret;
}

static int ovl_mmap(struct file *file, struct vmobject **out)
{
	struct file *real;
	int err = real_file(file, &real);

	if (err)
		return err;
	return real->ops->mmap ? real->ops->mmap(real, out) : -ENODEV;
}

static int ovl_fsync(struct file *file)
{
	struct file *real;
	int err = real_file(file, &real);

	return err || !real->ops->fsync ? err : real->ops->fsync(real);
}

static int ovl_fallocate(struct file *file, u32 mode, u64 off, u64 len)
{
	struct inode *inode = file->inode;
	struct file *real;
	int err = real_file(file, &real);

	if (err)
		return err;
	if (!real->ops->fallocate)
		return -EOPNOTSUPP;
	mutex_lock(&inode->lock);
	err = real->ops->fallocate(real, mode, off, len);
	ovl_mirror(ovl_of(inode));
	mutex_unlock(&inode->lock);
	return err;
}

const struct file_ops ovl_file_ops = {
	.read = ovl_read,
	.write = ovl_write,
	.seek = ovl_seek,
	.mmap = ovl_mmap,
	.fsync = ovl_fsync,
	.fallocate = ovl_fallocate,
	.release = ovl_file_release,
};
