/* SPDX-License-Identifier: MIT */
/*
 * System calls that move bytes. Source: man read(2), readv(2), pread(2),
 * sendfile(2), copy_file_range(2).
 */
#include <arch/uaccess.h>
#include <fs/file.h>
#include <fs/inode.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_fcntl.h>
#include <kernel/abi/linux_misc.h>
#include <kernel/lib/string.h>
#include <kernel/sched/sched.h>
#include <kernel/syscall_protos.h>
#include <kernel/task/task.h>
#include <mm/kmalloc.h>

#include "sys_priv.h"

#define COPY_CHUNK  (32u << 10)

typedef long (*rw_fn)(struct file *file, struct iov_iter *it, u64 *pos);

/* At the file's own position, which moves. */
static inline long rw_here(struct file *file, struct iov_iter *it, rw_fn fn)
{
	u64 none = 0;
	long n;

	if (!(file->kflags & FILE_SEEKABLE))
		return fn(file, it, &none);
	mutex_lock(&file->pos_lock);
	n = fn(file, it, &file->pos);
	mutex_unlock(&file->pos_lock);
	return n;
}

static inline long rw_user(struct file *file, u64 base, size_t len, rw_fn fn)
{
	struct iov_iter it;

	if (unlikely(!user_range_ok((void __user *)base, len)))
		return -EFAULT;
	iov_iter_init_user(&it, base, MIN(len, LINUX_MAX_RW_COUNT));
	return rw_here(file, &it, fn);
}

static __noinline long rw_shared(int fd, u64 base, size_t len, u32 right, rw_fn fn)
{
	struct handle_ref ref;
	struct file *file;
	long ret = file_from_handle(fd, right, &ref, &file);

	if (unlikely(ret))
		return ret;
	ret = rw_user(file, base, len, fn);
	handle_put(&ref);
	return ret;
}

static inline long rw_buffer(int fd, u64 base, size_t len, u32 right, rw_fn fn)
{
	struct file *file = file_lone(fd, right);

	if (unlikely(!file))
		return rw_shared(fd, base, len, right, fn);
	return rw_user(file, base, len, fn);
}

long sys_read(int fd, void __user *buf, size_t len)
{
	return rw_buffer(fd, (u64)(uintptr_t)buf, len, RIGHT_READ, file_read_iter);
}

long sys_write(int fd, const void __user *buf, size_t len)
{
	return rw_buffer(fd, (u64)(uintptr_t)buf, len, RIGHT_WRITE, file_write_iter);
}

/* At a given position; the file's own stays. */
static inline long rw_at(struct file *file, const struct handle_ref *ref, struct iov_iter *it,
			 s64 pos, rw_fn fn)
{
	u64 at = (u64)pos;

	if (pos < 0)
		return -EINVAL;
	if (!file->ops->seek)
		return -ESPIPE;
	if (!(ref->rights & RIGHT_SEEK))
		return -EACCES;
	return fn(file, it, &at);
}

static inline long prw_buffer(int fd, u64 base, size_t len, s64 pos, u32 right, rw_fn fn)
{
	struct handle_ref ref;
	struct iov_iter it;
	struct file *file;
	long ret;

	if (pos < 0)
		return -EINVAL;
	ret = file_from_handle(fd, right, &ref, &file);
	if (unlikely(ret))
		return ret;
	ret = -EFAULT;
	if (likely(user_range_ok((void __user *)base, len))) {
		iov_iter_init_user(&it, base, MIN(len, LINUX_MAX_RW_COUNT));
		ret = rw_at(file, &ref, &it, pos, fn);
	}
	handle_put(&ref);
	return ret;
}

long sys_pread64(int fd, void __user *buf, size_t len, s64 offset)
{
	return prw_buffer(fd, (u64)(uintptr_t)buf, len, offset, RIGHT_READ, file_read_iter);
}

long sys_pwrite64(int fd, const void __user *buf, size_t len, s64 offset)
{
	return prw_buffer(fd, (u64)(uintptr_t)buf, len, offset, RIGHT_WRITE, file_write_iter);
}

/* ---- vectors ---- */

static int vector_check(struct vector *v, u32 nr)
{
	size_t left = LINUX_MAX_RW_COUNT, total = 0;

	for (u32 i = 0; i < nr; i++) {
		struct iov_seg *seg = &v->seg[i];

		if ((s64)seg->len < 0)
			return -EINVAL;
		if (!user_range_ok((void __user *)seg->base, seg->len))
			return -EFAULT;
		seg->len = MIN(seg->len, left);
		left -= seg->len;
		total += seg->len;
	}
	v->it = (struct iov_iter){ .seg = v->seg, .nr_seg = nr, .left = total };
	iov_iter_advance(&v->it, 0); /* past empty ones */
	return 0;
}

void vector_put(struct vector *v)
{
	if (v->seg != v->small)
		kfree(v->seg);
}

int vector_get(struct vector *v, const struct linux_iovec __user *uiov, int count)
{
	u32 nr = (u32)count;
	int err;

	if (nr > UIO_MAXIOV)
		return -EINVAL;
	v->seg = v->small;
	v->small[0] = (struct iov_seg){ 0, 0 };
	if (nr > IOV_INLINE)
		v->seg = kmalloc(nr * sizeof(*v->seg), 0);
	if (!v->seg)
		return -ENOMEM;
	err = copy_from_user(v->seg, uiov, nr * sizeof(*v->seg));
	if (!err)
		err = vector_check(v, nr);
	if (err)
		vector_put(v);
	return err;
}

/* Flags of preadv2(2). Memory is as durable as it gets: these ask for nothing. */
#define RWF_IGNORED (RWF_HIPRI | RWF_DSYNC | RWF_SYNC)

static int vector_flags(struct vector *v, const struct file *file, u32 right, u32 rwf)
{
	if (rwf & ~(RWF_IGNORED | RWF_NOWAIT | RWF_APPEND))
		return -EOPNOTSUPP;
	/* Where else a call may wait nothing knows of the flag. */
	if ((rwf & RWF_NOWAIT) && !S_ISFIFO(file->inode->mode))
		return -EOPNOTSUPP;
	v->it.nowait = rwf & RWF_NOWAIT;
	v->it.append = (rwf & RWF_APPEND) && right == RIGHT_WRITE;
	return 0;
}

static long rw_vector(int fd, const struct linux_iovec __user *uiov, int count, const s64 *pos,
		      u32 right, u32 rwf, rw_fn fn)
{
	struct handle_ref ref;
	struct vector v;
	struct file *file;
	long ret = file_from_handle(fd, right, &ref, &file);

	if (ret)
		return ret;
	ret = vector_get(&v, uiov, count);
	if (ret)
		goto out;
	ret = vector_flags(&v, file, right, rwf);
	if (!ret)
		ret = pos ? rw_at(file, &ref, &v.it, *pos, fn) : rw_here(file, &v.it, fn);
	vector_put(&v);
out:
	handle_put(&ref);
	return ret;
}

long sys_readv(int fd, const struct linux_iovec __user *iov, int count)
{
	return rw_vector(fd, iov, count, NULL, RIGHT_READ, 0, file_read_iter);
}

long sys_writev(int fd, const struct linux_iovec __user *iov, int count)
{
	return rw_vector(fd, iov, count, NULL, RIGHT_WRITE, 0, file_write_iter);
}

/* On a 64-bit machine the low word holds all of the offset. */
static long rw_vector_at(int fd, const struct linux_iovec __user *iov, int count, u64 offset,
			 u32 right, u32 rwf, rw_fn fn)
{
	s64 pos = (s64)offset;

	if (pos < 0)
		return -EINVAL;
	return rw_vector(fd, iov, count, &pos, right, rwf, fn);
}

long sys_preadv(int fd, const struct linux_iovec __user *iov, int count, u64 offset,
		__unused unsigned long offset_hi)
{
	return rw_vector_at(fd, iov, count, offset, RIGHT_READ, 0, file_read_iter);
}

long sys_pwritev(int fd, const struct linux_iovec __user *iov, int count, u64 offset,
		 __unused unsigned long offset_hi)
{
	return rw_vector_at(fd, iov, count, offset, RIGHT_WRITE, 0, file_write_iter);
}

long sys_preadv2(int fd, const struct linux_iovec __user *iov, int count, u64 offset,
		 __unused unsigned long offset_hi, int flags)
{
	if (offset == ~0ull)
		return rw_vector(fd, iov, count, NULL, RIGHT_READ, (u32)flags, file_read_iter);
	return rw_vector_at(fd, iov, count, offset, RIGHT_READ, (u32)flags, file_read_iter);
}

long sys_pwritev2(int fd, const struct linux_iovec __user *iov, int count, u64 offset,
		  __unused unsigned long offset_hi, int flags)
{
	if (offset == ~0ull)
		return rw_vector(fd, iov, count, NULL, RIGHT_WRITE, (u32)flags, file_write_iter);
	return rw_vector_at(fd, iov, count, offset, RIGHT_WRITE, (u32)flags, file_write_iter);
}

/* ---- from file to file, through one kernel buffer ---- */

static u64 get_pos(struct file *file)
{
	u64 pos;

	mutex_lock(&file->pos_lock);
	pos = file->pos;
	mutex_unlock(&file->pos_lock);
	return pos;
}

static void set_pos(struct file *file, u64 pos)
{
	mutex_lock(&file->pos_lock);
	file->pos = pos;
	mutex_unlock(&file->pos_lock);
}

/* One buffer's worth. @to NULL: at the file's own position.
 * Return: bytes that reached @out; 0 at the end; -errno. */
static long copy_chunk(struct file *in, u64 *from, struct file *out, u64 *to, void *buf,
		       size_t len)
{
	u64 at = *from;
	struct iov_iter it;
	long got, put;

	iov_iter_init_kernel(&it, buf, len);
	got = file_read_iter(in, &it, &at);
	if (got <= 0)
		return got;
	iov_iter_init_kernel(&it, buf, (size_t)got);
	put = to ? file_write_iter(out, &it, to) : rw_here(out, &it, file_write_iter);
	if (put > 0)
		*from += (u64)put;
	return put;
}

static long copy_between(struct file *in, u64 *from, struct file *out, u64 *to, size_t count)
{
	size_t done = 0;
	void *buf;
	long n = 0;

	count = MIN(count, LINUX_MAX_RW_COUNT);
	buf = kmalloc(MIN(count, (size_t)COPY_CHUNK), 0);
	if (!buf)
		return -ENOMEM;
	while (done < count) {
		size_t want = MIN(count - done, (size_t)COPY_CHUNK);

		n = copy_chunk(in, from, out, to, buf, want);
		if (n <= 0)
			break;
		done += (size_t)n;
		if (signal_pending())
			break;
		sched_point();
	}
	kfree(buf);
	return done ? (long)done : n;
}

/* An offset argument: NULL means the file's position. */
static int offset_get(const u64 __user *uoffset, struct file *file, u64 *pos)
{
	int err;

	if (!uoffset) {
		*pos = get_pos(file);
		return 0;
	}
	err = user_read_u64(pos, uoffset);
	if (err)
		return err;
	return (s64)*pos < 0 ? -EINVAL : 0;
}

static int offset_put(u64 __user *uoffset, struct file *file, u64 pos)
{
	if (uoffset)
		return user_write_u64(uoffset, pos);
	set_pos(file, pos);
	return 0;
}

long sys_sendfile(int out_fd, int in_fd, u64 __user *uoffset, size_t count)
{
	struct handle_ref in_ref, out_ref;
	struct file *in, *out;
	u64 pos;
	long n = file_from_handle(in_fd, RIGHT_READ, &in_ref, &in);

	if (n)
		return n;
	n = file_from_handle(out_fd, RIGHT_WRITE, &out_ref, &out);
	if (n)
		goto out_in;
	n = offset_get(uoffset, in, &pos);
	if (n)
		goto out_both;
	/* Only what can be read again at a position may be half sent. */
	if (!S_ISREG(in->inode->mode) || !in->ops->seek || (out->flags & O_APPEND))
		n = S_ISREG(in->inode->mode) || !uoffset ? -EINVAL : -ESPIPE;
	else if (count)
		n = copy_between(in, &pos, out, NULL, count);
	if (n > 0 && offset_put(uoffset, in, pos))
		n = -EFAULT;
out_both:
	handle_put(&out_ref);
out_in:
	handle_put(&in_ref);
	return n;
}

/* What the files are comes before what the descriptors may (a folder is EISDIR). */
static int copy_range_check(const struct handle_ref *in_ref, u64 from,
			    const struct handle_ref *out_ref, u64 to, size_t len)
{
	struct file *in = file_from_object(in_ref->object);
	struct file *out = file_from_object(out_ref->object);

	if (S_ISDIR(in->inode->mode) || S_ISDIR(out->inode->mode))
		return -EISDIR;
	if (!S_ISREG(in->inode->mode) || !S_ISREG(out->inode->mode) || !in->ops->seek)
		return -EINVAL;
	if (!(in_ref->rights & RIGHT_READ) || !(out_ref->rights & RIGHT_WRITE) ||
	    (out->flags & O_APPEND))
		return -EBADF;
	if (from + len < from || to + len < to)
		return -EOVERFLOW;
	if (in->inode == out->inode && from < to + len && to < from + len)
		return -EINVAL;
	return 0;
}

long sys_copy_file_range(int in_fd, u64 __user *in_offset, int out_fd, u64 __user *out_offset,
			 size_t len, unsigned int flags)
{
	struct handle_ref in_ref, out_ref;
	struct file *in, *out;
	u64 from, to;
	long n;

	if (flags)
		return -EINVAL;
	n = file_from_handle(in_fd, RIGHT_CONTROL, &in_ref, &in);
	if (n)
		return n;
	n = file_from_handle(out_fd, RIGHT_CONTROL, &out_ref, &out);
	if (n)
		goto out_in;
	n = offset_get(in_offset, in, &from);
	if (!n)
		n = offset_get(out_offset, out, &to);
	len = MIN(len, LINUX_MAX_RW_COUNT);
	if (!n)
		n = copy_range_check(&in_ref, from, &out_ref, to, len);
	if (!n && len)
		n = copy_between(in, &from, out, &to, len);
	if (n > 0 && (offset_put(in_offset, in, from) || offset_put(out_offset, out, to)))
		n = -EFAULT;
	handle_put(&out_ref);
out_in:
	handle_put(&in_ref);
	return n;
}
