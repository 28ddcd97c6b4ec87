/* SPDX-License-Identifier: MIT */
/*
 * splice(2), tee(2), vmsplice(2): bytes between a pipe and another file, a page at a time.
 * What left a pipe and was not taken by the other side goes back to its front, so
 * nothing is lost to a full disk, a signal or a reader that went away.
 *
 * The pages are copied, not moved: SPLICE_F_MOVE and SPLICE_F_GIFT are hints.
 *
 * Source: man splice(2), tee(2).
 */
#include <arch/mmu.h>
#include <arch/uaccess.h>
#include <fs/file.h>
#include <fs/inode.h>
#include <fs/pipe.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_fcntl.h>
#include <kernel/abi/linux_misc.h>
#include <kernel/sched/sched.h>
#include <kernel/syscall_protos.h>
#include <kernel/task/task.h>

#include "sys_priv.h"

#define SPLICE_ALL (u32)(SPLICE_F_MOVE | SPLICE_F_NONBLOCK | SPLICE_F_MORE | SPLICE_F_GIFT)

struct splice {
	struct file *in, *out;
	u64 *in_pos, *out_pos; /* NULL: the file's own */
	bool nowait;           /* on pipes */
	bool raced;            /* others took what was there: no answer, again */
	char *page;
};

/* Positions given are the caller's, so pos_lock is for the file's own. */
static long move(struct file *file, struct iov_iter *it, u64 *pos, bool write)
{
	bool own = !pos && (file->kflags & FILE_SEEKABLE);
	u64 none = 0;
	long n;

	if (own)
		mutex_lock(&file->pos_lock);
	if (!pos)
		pos = own ? &file->pos : &none;
	n = write ? file_write_iter(file, it, pos) : file_read_iter(file, it, pos);
	if (own)
		mutex_unlock(&file->pos_lock);
	return n;
}

/* Out of a pipe, to a pipe or to something else; @len bytes at most. */
static long from_pipe(struct splice *s, size_t len)
{
	bool to_pipe = pipe_is(s->out);
	struct iov_iter it;
	size_t taken;
	long n;

	n = pipe_wait_filled(s->in, s->nowait);
	if (n > 0 && to_pipe)
		n = pipe_wait_room(s->out, s->nowait);
	if (n <= 0)
		return n;
	if (to_pipe)
		len = MIN(len, (size_t)n);
	taken = pipe_take(s->in, s->page, MIN(len, (size_t)PAGE_SIZE));
	s->raced = !taken;
	if (!taken)
		return -EAGAIN;
	iov_iter_init_kernel(&it, s->page, taken);
	it.nowait = to_pipe; /* there was room; if not any more, they go back */
	n = move(s->out, &it, s->out_pos, true);
	s->raced = to_pipe && n == -EAGAIN;
	if (n < (long)taken) {
		int err = pipe_put_back(s->in, &s->page, taken, taken - (size_t)MAX(n, 0));

		if (err && n <= 0)
			n = err;
	}
	return n;
}

/* From a file that is no pipe into one. What was read goes in whole: other writers
 * may have taken the room, but then it is waited for. */
static long to_pipe(struct splice *s, size_t len)
{
	long room = pipe_wait_room(s->out, s->nowait);
	u64 pos = s->in_pos ? *s->in_pos : 0, none = 0;
	struct iov_iter it;
	long n;

	if (room <= 0)
		return room;
	len = MIN(len, (size_t)room);
	iov_iter_init_kernel(&it, s->page, MIN(len, (size_t)PAGE_SIZE));
	n = move(s->in, &it, s->in_pos ? &pos : NULL, false);
	if (n <= 0)
		return n;
	iov_iter_init_kernel(&it, s->page, (size_t)n);
	n = file_write_iter(s->out, &it, &none);
	if (n > 0 && s->in_pos)
		*s->in_pos += (u64)n;
	return n;
}

/* Until @len, or until it would have to wait with something done. */
static long splice_loop(struct splice *s, size_t len)
{
	size_t done = 0;
	long n = 0;

	while (done < len) {
		n = pipe_is(s->in) ? from_pipe(s, len - done) : to_pipe(s, len - done);
		if (s->raced && s->page && !s->nowait && !signal_pending())
			continue;
		if (n <= 0)
			break;
		done += (size_t)n;
		s->nowait = true;
		if (signal_pending())
			break;
		/* Kept by the pipe that it went back to. */
		if (!s->page)
			break;
		/* A file that gives less than asked may wait at its next read. */
		if (!pipe_is(s->in) && (n < (long)PAGE_SIZE || !S_ISREG(s->in->inode->mode)))
			break;
		sched_point();
	}
	return done ? (long)done : n;
}

/* What may stand at the other end, as far as Linux has a way for it. */
static bool other_end(const struct file *file)
{
	u32 mode = file->inode->mode;

	return pipe_is(file) || S_ISREG(mode) || S_ISSOCK(mode) || S_ISCHR(mode);
}

static int offset_in(u64 __user *uoffset, const struct file *file, u64 *pos)
{
	int err;

	if (!uoffset)
		return 0;
	if (pipe_is(file))
		return -ESPIPE;
	if (!(file->kflags & FILE_SEEKABLE))
		return -EINVAL;
	err = user_read_u64(pos, uoffset);
	if (err)
		return err;
	return (s64)*pos < 0 ? -EINVAL : 0;
}

static int splice_check(const struct splice *s)
{
	if (!pipe_is(s->in) && !pipe_is(s->out))
		return -EINVAL;
	if (!other_end(s->in) || !other_end(s->out))
		return -EINVAL;
	if (pipe_is(s->in) && pipe_is(s->out) && s->in->priv == s->out->priv)
		return -EINVAL;
	return !pipe_is(s->out) && (s->out->flags & O_APPEND) ? -EINVAL : 0;
}

/* A pipe without O_NONBLOCK at the other end of one that has it is not waited for. */
static bool no_waiting(const struct splice *s, u32 flags)
{
	if (flags & SPLICE_F_NONBLOCK)
		return true;
	if (pipe_is(s->in) && pipe_is(s->out))
		return (s->in->flags | s->out->flags) & O_NONBLOCK;
	return pipe_is(s->out) && (s->out->flags & O_NONBLOCK);
}

static long splice_files(struct file *in, u64 __user *uin, struct file *out, u64 __user *uout,
			 size_t len, u32 flags)
{
	u64 in_pos, out_pos;
	struct splice s = { .in = in, .out = out };
	long n = offset_in(uin, in, &in_pos);

	if (!n)
		n = offset_in(uout, out, &out_pos);
	if (!n)
		n = splice_check(&s);
	if (n)
		return n;
	s.in_pos = uin ? &in_pos : NULL;
	s.out_pos = uout ? &out_pos : NULL;
	s.nowait = no_waiting(&s, flags);
	s.page = pipe_page_alloc();
	if (!s.page)
		return -ENOMEM;
	n = splice_loop(&s, len);
	pipe_page_free(s.page);
	if (n > 0 && uin && user_write_u64(uin, in_pos))
		n = -EFAULT;
	if (n > 0 && uout && user_write_u64(uout, out_pos))
		n = -EFAULT;
	return n;
}

/* Both files of a call; @flags and @len are looked at first. */
static long with_files(int in_fd, int out_fd, struct handle_ref refs[2], struct file *files[2])
{
	long err = file_from_handle(in_fd, RIGHT_READ, &refs[0], &files[0]);

	if (err)
		return err;
	err = file_from_handle(out_fd, RIGHT_WRITE, &refs[1], &files[1]);
	if (err)
		handle_put(&refs[0]);
	return err;
}

long sys_splice(int in_fd, u64 __user *in_offset, int out_fd, u64 __user *out_offset, size_t len,
		int flags)
{
	struct handle_ref refs[2];
	struct file *files[2];
	long n;

	if (!len)
		return 0;
	if ((u32)flags & ~SPLICE_ALL)
		return -EINVAL;
	n = with_files(in_fd, out_fd, refs, files);
	if (n)
		return n;
	len = MIN(len, LINUX_MAX_RW_COUNT);
	n = splice_files(files[0], in_offset, files[1], out_offset, len, (u32)flags);
	handle_put(&refs[1]);
	handle_put(&refs[0]);
	return n;
}

/* ---- tee ---- */

static long tee_loop(struct file *in, struct file *out, size_t len, bool nowait, char *page)
{
	u32 pos = pipe_first(in);
	size_t done = 0;
	long n = pipe_wait_filled(in, nowait);

	if (n > 0)
		n = pipe_wait_room(out, nowait);
	while (n > 0 && done < len) {
		struct iov_iter it;
		u64 none = 0;
		size_t got = pipe_peek(in, &pos, page, MIN(len - done, (size_t)PAGE_SIZE));

		if (!got)
			break;
		iov_iter_init_kernel(&it, page, got);
		it.nowait = true;
		n = file_write_iter(out, &it, &none);
		if (n > 0)
			done += (size_t)n;
		if (n < (long)got)
			break;
	}
	return done ? (long)done : n;
}

long sys_tee(int in_fd, int out_fd, size_t len, int flags)
{
	struct handle_ref refs[2];
	struct file *files[2];
	bool nowait;
	char *page;
	long n;

	if ((u32)flags & ~SPLICE_ALL)
		return -EINVAL;
	if (!len)
		return 0;
	n = with_files(in_fd, out_fd, refs, files);
	if (n)
		return n;
	n = -EINVAL;
	if (!pipe_is(files[0]) || !pipe_is(files[1]) || files[0]->priv == files[1]->priv)
		goto out;
	nowait = (flags & SPLICE_F_NONBLOCK) || ((files[0]->flags | files[1]->flags) & O_NONBLOCK);
	n = -ENOMEM;
	page = pipe_page_alloc();
	if (page) {
		n = tee_loop(files[0], files[1], MIN(len, LINUX_MAX_RW_COUNT), nowait, page);
		pipe_page_free(page);
	}
out:
	handle_put(&refs[1]);
	handle_put(&refs[0]);
	return n;
}

/* ---- vmsplice ---- */

/* Copied: what the program changes later is not seen by the reader, which it may be. */
long sys_vmsplice(int fd, const struct linux_iovec __user *iov, unsigned long count,
		  unsigned int flags)
{
	struct handle_ref ref;
	struct file *file;
	struct vector v;
	u64 none = 0;
	bool write;
	long n;

	if (flags & ~SPLICE_ALL)
		return -EINVAL;
	n = file_from_handle(fd, 0, &ref, &file);
	if (n)
		return n;
	write = ref.rights & RIGHT_WRITE;
	n = -EBADF;
	if (!pipe_is(file) || !(ref.rights & (RIGHT_READ | RIGHT_WRITE)))
		goto out;
	n = vector_get(&v, iov, (int)MIN(count, (unsigned long)INT32_MAX));
	if (n)
		goto out;
	v.it.nowait = flags & SPLICE_F_NONBLOCK;
	if (v.it.left)
		n = write ? file_write_iter(file, &v.it, &none)
			  : file_read_iter(file, &v.it, &none);
	vector_put(&v);
out:
	handle_put(&ref);
	return n;
}
