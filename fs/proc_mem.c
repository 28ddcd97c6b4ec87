/* SPDX-License-Identifier: MIT */
/*
 * /proc/PID/mem: the memory of a process as a file, offsets are addresses (proc(5)).
 * Who may is asked at each access, since exec changes what the file shows. Writes go
 * to read-only private memory too, as a tracer's do.
 */
#include "proc_priv.h"

#include <arch/mmu.h>
#include <fs/file.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_fcntl.h>
#include <kernel/task/ptrace.h>
#include <kernel/task/task.h>
#include <mm/aspace.h>
#include <mm/kmalloc.h>

/* Return: 1 and *out referenced; 0 the process has no memory any more; -EACCES. */
static int space_of(struct file *file, struct aspace **out)
{
	struct task *task = proc_of(file->inode)->task;

	if (!ptrace_may_access(task))
		return -EACCES;
	*out = task_aspace(task);
	return *out != NULL;
}

/* One piece: bytes, 0 at the end of @it, -EIO nothing there, -EFAULT. */
static long move(struct aspace *as, struct iov_iter *it, u64 va, char *page, bool write)
{
	size_t n = MIN(it->left, (size_t)PAGE_SIZE);
	long moved;

	if (!n)
		return 0;
	if (!write) {
		moved = aspace_access(as, va, page, n, false);
		if (moved <= 0)
			return -EIO;
		return iov_iter_copy_to(it, page, (size_t)moved) == (size_t)moved ? moved : -EFAULT;
	}
	if (iov_iter_copy_from(it, page, n) != n)
		return -EFAULT;
	moved = aspace_poke(as, va, page, n);
	return moved <= 0 ? -EIO : moved;
}

static long transfer(struct file *file, struct iov_iter *it, u64 *pos, bool write)
{
	struct aspace *as;
	char *page;
	long n, done = 0;
	int ret = space_of(file, &as);

	if (ret <= 0)
		return ret;
	page = kmalloc(PAGE_SIZE, 0);
	if (!page) {
		aspace_put(as);
		return -ENOMEM;
	}
	while ((n = move(as, it, *pos, page, write)) > 0) {
		done += n;
		*pos += (u64)n;
	}
	kfree(page);
	aspace_put(as);
	return done ? done : n;
}

static long mem_read(struct file *file, struct iov_iter *it, u64 *pos)
{
	return transfer(file, it, pos, false);
}

static long mem_write(struct file *file, struct iov_iter *it, u64 *pos)
{
	return transfer(file, it, pos, true);
}

/* Addresses of the upper half are offsets too: no sign is looked at. */
static s64 mem_seek(struct file *file, s64 off, int whence)
{
	switch (whence) {
	case SEEK_SET:
		file->pos = (u64)off;
		return off;
	case SEEK_CUR:
		file->pos += (u64)off;
		return (s64)file->pos;
	}
	return -EINVAL;
}

const struct file_ops proc_mem_fops = { .read = mem_read, .write = mem_write, .seek = mem_seek };
