/* SPDX-License-Identifier: MIT */
/*
 * Open files: what a handle of type KOBJECT_FILE names. Regular files, folders,
 * pipes, terminals, event descriptors are all struct file with other file_ops.
 */
#pragma once

#include <fs/poll.h>
#include <kernel/core/mutex.h>
#include <kernel/lib/types.h>
#include <security/handle.h>

struct dentry;
struct dir_sink;
struct file;
struct inode;
struct linux_stat;
struct mount;
struct path;
struct vmobject;

/* A user buffer in pieces (readv, writev). Segments were checked against the
 * user range and sum up to at most 0x7ffff000 as Linux's MAX_RW_COUNT. When
 * kernel is set the one segment is kernel memory (exec, copies between files). */
struct iov_iter {
	struct { u64 base, len; } *seg, one;
	u32 nr_seg;
	size_t seg_off; /* consumed of seg[0] */
	size_t left;    /* bytes left in all */
	bool kernel;
};

/** iov_iter_in/out - copy from or to the iterator, moving it on.
 * Return: bytes copied, short at a fault. */
size_t iov_iter_copy_from(struct iov_iter *it, void *dst, size_t len);
size_t iov_iter_copy_to(struct iov_iter *it, const void *src, size_t len);
size_t iov_iter_clear(struct iov_iter *it, size_t len);
void iov_iter_init_user(struct iov_iter *it, u64 base, size_t len);
void iov_iter_init_kernel(struct iov_iter *it, void *buf, size_t len);

/* NULL members: -EINVAL for read/write/mmap, ENOTTY for ioctl, always ready for
 * poll, ESPIPE for seek. @pos: in and out; ops of unseekable files ignore it. */
struct file_ops {
	long (*read)(struct file *file, struct iov_iter *it, u64 *pos);
	long (*write)(struct file *file, struct iov_iter *it, u64 *pos);
	s64 (*seek)(struct file *file, s64 off, int whence);
	long (*ioctl)(struct file *file, u32 cmd, u64 arg);
	u32 (*poll)(struct file *file, struct poll_table *table);
	/** mmap - the object to map, referenced; -ENODEV when it cannot be */
	int (*mmap)(struct file *file, struct vmobject **out);
	int (*readdir)(struct file *file, struct dir_sink *sink);
	int (*fsync)(struct file *file);
	void (*closed)(struct file *file);  /* a handle was closed */
	void (*release)(struct file *file); /* last reference */
};

/* Lock key: i immutable, p pos_lock, a atomic. */
struct file {
	struct kobject object;       /* first: handles name it */
	const struct file_ops *ops;  /* [i] */
	struct inode *inode;         /* [i] referenced; every file has one (fstat) */
	struct dentry *dentry;       /* [i] referenced; NULL for nameless files */
	struct mount *mount;         /* [i] referenced with dentry */
	u32 flags;                   /* [a] O_* (access mode, APPEND, NONBLOCK, ...) */
	struct mutex pos_lock;       /* RANK_FILE_POS */
	u64 pos;                     /* [p] */
	void *priv;                  /* [i] of ops */
};

/* Where readdir puts entries. */
struct dir_sink {
	/** emit - false: full, stop, and give this entry again next time.
	 * @next_pos: value of lseek that continues after this entry. */
	bool (*emit)(struct dir_sink *sink, const char *name, size_t len, u64 ino, u8 dtype,
		     u64 next_pos);
};

/** file_alloc - a file over @inode (reference taken); NULL: out of memory */
struct file *file_alloc(struct inode *inode, const struct file_ops *ops, u32 flags);
static inline void file_get(struct file *file)
{
	kobject_get(&file->object);
}
static inline void file_put(struct file *file)
{
	kobject_put(&file->object);
}

/** file_from_handle - current's descriptor as a file. -EBADF also for O_PATH ones
 * when READ or WRITE is asked. Release with handle_put(ref). */
__must_check int file_from_handle(int fd, u32 rights, struct handle_ref *ref, struct file **out);

/** file_rights - handle rights that an open with O_* @flags gives */
u32 file_rights(u32 flags);

/** file_read_kernel - pread into kernel memory (exec, #!). Bytes or -errno. */
__must_check long file_read_kernel(struct file *file, u64 pos, void *buf, size_t len);

/** file_path - absolute path of @file for /proc and getcwd, built backwards into
 * @buf; " (deleted)" appended as Linux. Return: pointer into buf, NULL too long. */
char *file_path(struct file *file, char *buf, size_t size);
