/* SPDX-License-Identifier: MIT */
/*
 * Open files: what a handle of type KOBJECT_FILE names. Regular files, folders,
 * pipes, terminals, event descriptors are all struct file with other file_ops. So are
 * ends of channels, whose handles are KOBJECT_CHANNEL (channel_file.c).
 */
#pragma once

#include <fs/inotify.h>
#include <fs/poll.h>
#include <kernel/core/mutex.h>
#include <kernel/lib/types.h>
#include <kernel/task/task.h>
#include <security/handle.h>

struct dentry;
struct dir_sink;
struct file;
struct inode;
struct linux_stat;
struct mount;
struct path;
struct seq;
struct vmobject;

/* A user buffer in pieces (readv, writev). Segments were checked against the
 * user range and sum up to at most 0x7ffff000 as Linux's MAX_RW_COUNT. When
 * kernel is set the one segment is kernel memory (exec, copies between files). */
struct iov_seg {
	u64 base, len;
};

struct iov_iter {
	const struct iov_seg *seg; /* the current one */
	struct iov_seg one;        /* where seg points for a single buffer */
	u32 nr_seg;                /* left, the current one too */
	size_t seg_off; /* consumed of seg[0] */
	size_t left;    /* bytes left in all */
	bool kernel;
	bool append;    /* RWF_APPEND: at the end, as O_APPEND */
	bool nowait;    /* RWF_NOWAIT: as O_NONBLOCK */
};

/** iov_iter_in/out - copy from or to the iterator, moving it on.
 * Return: bytes copied, short at a fault. */
size_t iov_iter_copy_from(struct iov_iter *it, void *dst, size_t len);
size_t iov_iter_copy_to(struct iov_iter *it, const void *src, size_t len);
size_t iov_iter_clear(struct iov_iter *it, size_t len);
static inline void iov_iter_init_user(struct iov_iter *it, u64 base, size_t len)
{
	it->one = (struct iov_seg){ base, len };
	it->seg = &it->one;
	it->nr_seg = 1;
	it->seg_off = 0;
	it->left = len;
	it->kernel = false;
	it->append = false;
	it->nowait = false;
}
void iov_iter_init_kernel(struct iov_iter *it, void *buf, size_t len);

/** iov_iter_segment - *base = where the next bytes go or come from, in one piece;
 * its length. For methods that move memory themselves, then iov_iter_advance(). */
static inline size_t iov_iter_segment(const struct iov_iter *it, u64 *base)
{
	*base = it->seg->base + it->seg_off;
	return MIN(it->left, it->seg->len - it->seg_off);
}

/** iov_iter_flat - *base of an iterator that is one user buffer: what read(2) and
 * write(2) give. Methods may copy to or from there at once, without advancing. */
static inline bool iov_iter_flat(const struct iov_iter *it, u64 *base)
{
	*base = it->seg->base + it->seg_off;
	return it->nr_seg == 1 && !it->kernel;
}

static inline void iov_iter_advance(struct iov_iter *it, size_t len)
{
	it->left -= len;
	it->seg_off += len;
	while (it->seg_off == it->seg->len && it->nr_seg > 1) {
		it->seg++;
		it->nr_seg--;
		it->seg_off = 0;
	}
}

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
	/** fallocate - FALLOC_FL_* @mode checked to be known; NULL: EOPNOTSUPP, ENODEV */
	int (*fallocate)(struct file *file, u32 mode, u64 off, u64 len);
	void (*closed)(struct file *file);  /* a handle was closed */
	void (*release)(struct file *file); /* last reference */
	int (*leave)(struct file *file); /* this and the next as in struct kobject_ops */
	int (*arrive)(struct file *file, u32 rights, struct task *task);
	const char *anon_name; /* of nameless files, for /proc/PID/fd: "[eventfd]" */
	void (*fdinfo)(struct file *file, struct seq *seq); /* more lines of fdinfo */
};

enum file_kflags {
	FILE_SEEKABLE = 1, /* read and write use and move pos, under pos_lock */
	FILE_WRITER = 2,   /* counted by inode_get_write() */
	FILE_EXEC = 4,     /* counted by inode_deny_write() */
};

/* Lock key: i immutable, p pos_lock, a atomic. */
struct file {
	struct kobject object;       /* first: handles name it */
	const struct file_ops *ops;  /* [i] */
	struct inode *inode;         /* [i] every file has one: the dentry's, or referenced */
	struct dentry *dentry;       /* [i] referenced; NULL for nameless files */
	struct mount *mount;         /* [i] referenced with dentry */
	u32 flags;                   /* [a] O_* (access mode, APPEND, NONBLOCK, ...) */
	u32 kflags;                  /* [i] enum file_kflags; set before it is published */
	struct mutex pos_lock;       /* RANK_FILE_POS */
	u64 pos;                     /* [p] */
	s32 owner_pid;               /* [a] F_SETOWN: pid, or -pgid */
	void *priv;                  /* [i] of ops */
	struct list_head watches;    /* items of epolls; fs/epoll.c */
};

/* Where readdir puts entries. */
struct dir_sink {
	/** emit - false: full, stop, and give this entry again next time.
	 * @next_pos: value of lseek that continues after this entry. */
	bool (*emit)(struct dir_sink *sink, const char *name, size_t len, u64 ino, u8 dtype,
		     u64 next_pos);
};

/** file_init - the cache of files, before the first one */
void file_init(void);
/** file_alloc - a file over @inode (reference taken); NULL: out of memory */
struct file *file_alloc(struct inode *inode, const struct file_ops *ops, u32 flags);
/** file_open - open what @path names, permissions being granted: -ENXIO, -ENOMEM, ...
 * On success the references of @path are the file's.
 * @path NULL: @inode has no name (a pipe through /proc/PID/fd) */
__must_check int file_open(struct inode *inode, const struct path *path, u32 flags,
			   struct file **out);
/** file_from_object - @obj as a file, or NULL when it is none */
struct file *file_from_object(struct kobject *obj);
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
__must_check int file_handle_slow(int fd, u32 rights, struct handle_ref *ref);
static inline const struct handle *file_slot_lone(int fd, u32 rights)
{
	const struct task *task = current_task();

	if (unlikely(atomic_load_relaxed(&task->nr_threads) != 1))
		return NULL;
	return handle_lone(task->handles, fd, rights, KOBJECT_FILE);
}

/* The common case at once: current is the only thread, and @fd a file with @rights. */
static inline bool file_handle_lone(int fd, u32 rights, struct handle_ref *ref)
{
	const struct handle *slot = file_slot_lone(fd, rights);

	if (unlikely(!slot))
		return false;
	*ref = (struct handle_ref){ slot->object, slot->rights, false };
	return true;
}

/** file_lone - the same without a reference to give back: good until current closes
 * it. NULL: use file_from_handle() */
static inline struct file *file_lone(int fd, u32 rights)
{
	const struct handle *slot = file_slot_lone(fd, rights);
	struct file *file;

	if (unlikely(!slot))
		return NULL;
	file = container_of(slot->object, struct file, object);
	ASSUME(file);
	return file;
}

__must_check static inline int file_from_handle(int fd, u32 rights, struct handle_ref *ref,
						struct file **out)
{
	int err;

	if (unlikely(!file_handle_lone(fd, rights, ref))) {
		err = file_handle_slow(fd, rights, ref);
		if (err)
			return err;
	}
	*out = container_of(ref->object, struct file, object);
	return 0;
}

/** file_read_iter, file_write_iter - move bytes at *pos through ops; limits are the
 * caller's. Return: bytes; -EINVAL no such method; -errno */
long file_cannot_read(struct file *file); /* which error says so */
long file_read_watched(struct file *file, struct iov_iter *it, u64 *pos); /* and tell */
long file_write_watched(struct file *file, struct iov_iter *it, u64 *pos);
__must_check static inline long file_read_iter(struct file *file, struct iov_iter *it, u64 *pos)
{
	if (unlikely(!file->ops->read))
		return file_cannot_read(file);
	if (inotify_anyone())
		return file_read_watched(file, it, pos);
	return file->ops->read(file, it, pos);
}

__must_check static inline long file_write_iter(struct file *file, struct iov_iter *it, u64 *pos)
{
	if (unlikely(!file->ops->write))
		return -22; /* EINVAL */
	if (inotify_anyone())
		return file_write_watched(file, it, pos);
	return file->ops->write(file, it, pos);
}
/** file_poll - POLL* bits; always ready when ops have no poll */
u32 file_poll(struct file *file, struct poll_table *table);

/** file_seek - SEEK_SET, CUR, END for a file of @size; moves file->pos
 * (pos_lock held). Return: the new position; -EINVAL. */
s64 file_seek(struct file *file, s64 off, int whence, u64 size);
/** file_seek_dir - for folders: any position readdir gave; the default of folders */
s64 file_seek_dir(struct file *file, s64 off, int whence);

/** file_rights - handle rights that an open with O_* @flags gives */
u32 file_rights(u32 flags);

/** file_read_kernel - pread into kernel memory (exec, #!). Bytes or -errno. */
__must_check long file_read_kernel(struct file *file, u64 pos, void *buf, size_t len);

/** file_path - absolute path of @file for /proc and getcwd, built backwards into
 * @buf; " (deleted)" appended as Linux. Return: pointer into buf, NULL too long. */
char *file_path(struct file *file, char *buf, size_t size);
