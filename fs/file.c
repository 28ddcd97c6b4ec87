/* SPDX-License-Identifier: MIT */
/*
 * Open files, iterators over buffers, and what regular files share: reading
 * and writing through the memory object.
 */
#include <fs/file.h>

#include <arch/uaccess.h>
#include <fs/dentry.h>
#include <fs/epoll.h>
#include <fs/fs_context.h>
#include <fs/inotify.h>
#include <fs/lock.h>
#include <fs/mount.h>
#include <fs/path.h>
#include <fs/tmpfs.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_fcntl.h>
#include <kernel/abi/linux_poll.h>
#include <kernel/lib/format.h>
#include <kernel/lib/string.h>
#include <kernel/task/task.h>
#include <mm/object.h>
#include <mm/slab.h>

static struct slab_cache *file_cache;

/* O_PATH: no operation works on it. */
static const struct file_ops path_fops = { .read = NULL };

static void file_release(struct kobject *obj);
static void file_closed(struct kobject *obj);
static int file_leave(struct kobject *obj);
static int file_arrive(struct kobject *obj, u32 rights, struct task *task);

static const struct kobject_ops file_kobject_ops = {
	.release = file_release,
	.closed = file_closed,
	.leave = file_leave,
	.arrive = file_arrive,
};

void file_init(void)
{
	file_cache = slab_create("file", sizeof(struct file), 64);
	PANIC_ON(!file_cache, "fs: no memory for open files");
}

struct file *file_from_object(struct kobject *obj)
{
	return obj->type == KOBJECT_FILE || obj->type == KOBJECT_CHANNEL
		       ? container_of(obj, struct file, object)
		       : NULL;
}

/* Without a reference on @inode. */
static inline struct file *alloc_bare(struct inode *inode, const struct file_ops *ops, u32 flags)
{
	struct file *file = slab_alloc(file_cache, 0);

	if (!file)
		return NULL;
	*file = (struct file){ 0 };
	kobject_init(&file->object, &file_kobject_ops, KOBJECT_FILE);
	mutex_init(&file->pos_lock, RANK_FILE_POS, "file_pos");
	file->inode = inode;
	file->ops = ops;
	file->flags = flags;
	list_init(&file->watches);
	return file;
}

struct file *file_alloc(struct inode *inode, const struct file_ops *ops, u32 flags)
{
	struct file *file = alloc_bare(inode, ops, flags);

	if (file)
		inode_get(inode);
	return file;
}

static void file_release(struct kobject *obj)
{
	struct file *file = container_of(obj, struct file, object);

	/* Nobody can begin to watch it now; pairs with the unlock in item_unlink(). */
	if (unlikely(atomic_load_acquire(&file->watches.next) != &file->watches))
		epoll_file_released(file);
	lock_release_file(file);
	if (inotify_anyone() && file->dentry && file->ops != &path_fops)
		inotify_tell_close(file);
	if (file->ops->release)
		file->ops->release(file);
	if (file->kflags & FILE_WRITER)
		inode_put_write(file->inode);
	if (file->kflags & FILE_EXEC)
		inode_allow_write(file->inode);
	if (file->dentry) {
		dentry_put(file->dentry); /* and with it the inode */
		mount_put(file->mount); /* last: with it may go the file system of the inode */
	} else {
		inode_put(file->inode);
	}
	slab_free(file_cache, file);
}

static void file_closed(struct kobject *obj)
{
	struct file *file = container_of(obj, struct file, object);

	lock_closed(file);
	if (file->ops->closed)
		file->ops->closed(file);
}

static int file_leave(struct kobject *obj)
{
	struct file *file = container_of(obj, struct file, object);

	return file->ops->leave ? file->ops->leave(file) : 0;
}

static int file_arrive(struct kobject *obj, u32 rights, struct task *task)
{
	struct file *file = container_of(obj, struct file, object);

	return file->ops->arrive ? file->ops->arrive(file, rights, task) : 0;
}

static void set_path(struct file *file, const struct path *path)
{
	file->mount = path->mount;
	file->dentry = path->dentry;
}

/* What of O_* stays in F_GETFL. */
#define OPEN_ONLY (O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC)

int file_open(struct inode *inode, const struct path *path, u32 flags, struct file **out)
{
	u32 access = flags & O_ACCMODE;
	struct file *file;
	int err = 0;

	if (flags & O_PATH) {
		file = alloc_bare(inode, &path_fops, flags & ~(u32)OPEN_ONLY);
		if (!file)
			return -ENOMEM;
		set_path(file, path);
		*out = file;
		return 0;
	}
	file = alloc_bare(inode, inode->fops, (flags & ~(u32)OPEN_ONLY) | O_LARGEFILE);
	if (!file)
		return -ENOMEM;
	if (path)
		set_path(file, path);
	else
		inode_get(inode);
	if (S_ISREG(inode->mode) || S_ISDIR(inode->mode))
		file->kflags |= FILE_SEEKABLE;
	if (access != O_RDONLY && S_ISREG(inode->mode)) {
		err = inode_get_write(inode);
		if (!err)
			file->kflags |= FILE_WRITER;
	}
	if (!err && inode->ops->open) {
		/* open() may look at O_NOCTTY. */
		file->flags |= flags & O_NOCTTY;
		err = inode->ops->open(inode, file);
		file->flags &= ~(u32)O_NOCTTY;
	}
	if (!err) {
		*out = file;
		return 0;
	}
	file->ops = &path_fops; /* nothing was opened: nothing to release */
	if (path) {
		file->dentry = NULL; /* stays the caller's */
		inode_get(inode);
	}
	file_put(file);
	return err;
}

/* O_PATH is no descriptor to who wants more than a name. To read and write is EBADF when
 * the file was not opened so, as on Linux, and EACCES when that right was taken away. */
static int refused(int fd, u32 rights, int err)
{
	struct handle_ref ref;
	u32 flags;

	if (handle_get(fd, 0, KOBJECT_FILE, &ref))
		return err;
	flags = atomic_load_relaxed(&file_from_object(ref.object)->flags);
	if (flags & O_PATH)
		err = -EBADF;
	else if (!(rights & (RIGHT_READ | RIGHT_WRITE) & ~file_rights(flags)))
		err = -EACCES;
	handle_put(&ref);
	return err;
}

int file_handle_slow(int fd, u32 rights, struct handle_ref *ref)
{
	int err = handle_get(fd, rights, 0, ref);

	if (unlikely(err))
		return refused(fd, rights, err);
	if (likely(file_from_object(ref->object)))
		return 0;
	handle_put(ref);
	return -EBADF;
}

u32 file_rights(u32 flags)
{
	static const u16 access[4] = { RIGHT_READ, RIGHT_WRITE, RIGHT_READ | RIGHT_WRITE, 0 };
	u32 name = RIGHT_STAT | RIGHT_LOOKUP | RIGHT_GRANT | RIGHT_DUP;

	if (flags & O_PATH)
		return name | RIGHT_EXEC;
	return name | access[flags & O_ACCMODE] | RIGHT_EXEC | RIGHT_SEEK | RIGHT_CONTROL |
	       RIGHT_MAP | RIGHT_WAIT;
}

long file_cannot_read(struct file *file)
{
	return inode_is_dir(file->inode) ? -EISDIR : -EINVAL;
}

long file_read_watched(struct file *file, struct iov_iter *it, u64 *pos)
{
	long n = file->ops->read(file, it, pos);

	if (n > 0)
		inotify_dentry(file->dentry, IN_ACCESS);
	return n;
}

long file_write_watched(struct file *file, struct iov_iter *it, u64 *pos)
{
	long n = file->ops->write(file, it, pos);

	if (n > 0)
		inotify_dentry(file->dentry, IN_MODIFY);
	return n;
}

u32 file_poll(struct file *file, struct poll_table *table)
{
	if (!file->ops->poll)
		return POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;
	return file->ops->poll(file, table);
}

s64 file_seek(struct file *file, s64 off, int whence, u64 size)
{
	s64 base;

	switch (whence) {
	case SEEK_SET:
		base = 0;
		break;
	case SEEK_CUR:
		base = (s64)file->pos;
		break;
	case SEEK_END:
		base = (s64)size;
		break;
	default:
		return -EINVAL;
	}
	if (__builtin_add_overflow(base, off, &base))
		return -EOVERFLOW;
	if (base < 0)
		return -EINVAL;
	file->pos = (u64)base;
	return base;
}

s64 file_seek_dir(struct file *file, s64 off, int whence)
{
	return file_seek(file, off, whence, 0);
}

long file_read_kernel(struct file *file, u64 pos, void *buf, size_t len)
{
	struct iov_iter it;

	iov_iter_init_kernel(&it, buf, len);
	return file_read_iter(file, &it, &pos);
}

static char *anon_path(struct file *file, char *buf, size_t size)
{
	u32 type = file->inode->mode & S_IFMT;

	if (type == S_IFIFO)
		snprintf(buf, size, "pipe:[%llu]", (unsigned long long)file->inode->ino);
	else if (type == S_IFSOCK)
		snprintf(buf, size, "socket:[%llu]", (unsigned long long)file->inode->ino);
	else if (type == S_IFREG)
		snprintf(buf, size, "/memfd:%s (deleted)", tmpfs_memfd_name(file->inode));
	else
		snprintf(buf, size, "anon_inode:%s",
			 file->ops->anon_name ? file->ops->anon_name : "[unknown]");
	return buf;
}

char *file_path(struct file *file, char *buf, size_t size)
{
	static const char deleted[] = " (deleted)";
	struct path path = { file->mount, file->dentry }, root;
	size_t tail = 0;
	bool unreachable;
	char *text;

	/* Opened again through /proc/PID/fd a nameless file has a dentry in no tree. */
	if (!file->dentry || (file->dentry->parent == file->dentry &&
			      file->dentry->sb != file->mount->sb))
		return anon_path(file, buf, size);
	if (size < sizeof(deleted))
		return NULL;
	if (file->dentry->flags & DENTRY_DEAD)
		tail = sizeof(deleted) - 1;
	fs_context_get_root(current_task()->fs, &root);
	text = path_string(&path, &root, buf, size - tail, &unreachable);
	path_put(&root);
	if (text && tail)
		memcpy(buf + size - tail - 1, deleted, sizeof(deleted));
	return text;
}

/* ---- iterators ---- */

void iov_iter_init_kernel(struct iov_iter *it, void *buf, size_t len)
{
	iov_iter_init_user(it, (u64)(uintptr_t)buf, len);
	it->kernel = true;
}

enum iov_op { IOV_FROM, IOV_TO, IOV_CLEAR };

/* Return: bytes not done. */
static size_t iov_piece(const struct iov_iter *it, u64 va, void *buf, size_t len, enum iov_op op)
{
	void *ptr = (void *)(uintptr_t)va;

	if (unlikely(it->kernel)) {
		if (op == IOV_FROM)
			memcpy(buf, ptr, len);
		else if (op == IOV_TO)
			memcpy(ptr, buf, len);
		else
			memset(ptr, 0, len);
		return 0;
	}
	if (op == IOV_FROM)
		return user_copy_in(buf, ptr, len);
	if (op == IOV_TO)
		return user_copy_out(ptr, buf, len);
	return user_clear(ptr, len);
}

static __noinline size_t iov_move(struct iov_iter *it, char *buf, size_t len, enum iov_op op)
{
	size_t done = 0;

	len = MIN(len, it->left);
	while (done < len) {
		size_t n = MIN(len - done, it->seg->len - it->seg_off);
		size_t bad = iov_piece(it, it->seg->base + it->seg_off, buf ? buf + done : NULL, n,
				       op);

		done += n - bad;
		iov_iter_advance(it, n - bad);
		if (bad)
			break;
	}
	return done;
}

/* One user buffer with room for it all, as read(2) and write(2) have. */
static inline bool iov_simple(const struct iov_iter *it, size_t len)
{
	return likely(!it->kernel && len <= it->left && len <= it->seg->len - it->seg_off &&
		      it->nr_seg == 1);
}

static inline size_t iov_simple_done(struct iov_iter *it, size_t done)
{
	it->left -= done;
	it->seg_off += done;
	return done;
}

static inline void *iov_here(const struct iov_iter *it)
{
	return (void *)(uintptr_t)(it->seg->base + it->seg_off);
}

size_t iov_iter_copy_from(struct iov_iter *it, void *dst, size_t len)
{
	if (iov_simple(it, len))
		return iov_simple_done(it, len - user_copy_in(dst, iov_here(it), len));
	return iov_move(it, dst, len, IOV_FROM);
}

size_t iov_iter_copy_to(struct iov_iter *it, const void *src, size_t len)
{
	if (iov_simple(it, len))
		return iov_simple_done(it, len - user_copy_out(iov_here(it), src, len));
	return iov_move(it, (char *)(uintptr_t)src, len, IOV_TO);
}

size_t iov_iter_clear(struct iov_iter *it, size_t len)
{
	return iov_move(it, NULL, len, IOV_CLEAR);
}
