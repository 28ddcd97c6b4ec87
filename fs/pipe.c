/* SPDX-License-Identifier: MIT */
/*
 * Pipes: a ring of pages, written at head and read at tail.
 *
 *            tail                    head        free-running byte counters;
 *             v                        v         used = head - tail <= capacity
 *   | ....xxxx|xxxxxxxx|xxxxxxxx|xxxxx...|       page of a byte: pos / 4096 mod n
 *
 * Pages appear when bytes are written to them and go when they were read; one
 * is kept, and a drained pipe starts again on the page it is on: so a stream
 * of small messages never allocates. Writes of up to PIPE_BUF bytes go in as a
 * whole. User copies happen under the pipe's lock; wake-ups after it.
 *
 * Source: man pipe(7), fifo(7), fcntl(2); POSIX.1-2017 write().
 */
#include <fs/pipe.h>

#include <fs/file.h>
#include <fs/inode.h>
#include <fs/path.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_fcntl.h>
#include <kernel/abi/linux_poll.h>
#include <kernel/abi/linux_signal.h>
#include <kernel/abi/linux_tty.h>
#include <kernel/lib/string.h>
#include <kernel/task/task.h>
#include <arch/uaccess.h>
#include <mm/kmalloc.h>
#include <mm/pmm.h>
#include <mm/slab.h>
#include <security/cred.h>

#define DEFAULT_PAGES 16u
#define MAX_PAGES     (PIPE_MAX_SIZE / (u32)PAGE_SIZE)

/* Lock key: l pipe->lock, o lock of the FIFO's inode. */
struct pipe {
	struct mutex lock;       /* RANK_PIPE */
	u32 head, tail;          /* [l] racy reads decide who sleeps */
	u32 nr_pages;            /* [l] power of two */
	u32 readers, writers;    /* [l] open files */
	u32 reader_opens, writer_opens; /* [l] ever: FIFO opens wait for a change */
	u32 files;               /* [o] open files of a FIFO, opening ones too */
	char **pages;            /* [l] first_pages, or allocated */
	char *spare;             /* [l] one page kept */
	struct waitq readable, writable;
	char *first_pages[DEFAULT_PAGES];
};

/* What pipe(2) makes. */
struct pipe_inode {
	struct inode inode;
	struct pipe pipe;
};

static struct slab_cache *pipe_cache;
static struct superblock pipe_sb = { .refs = { 1 }, .magic = PIPEFS_MAGIC };
static const struct file_ops pipe_fops;

static inline u32 pipe_used(const struct pipe *pipe)
{
	return atomic_load_relaxed(&pipe->head) - atomic_load_relaxed(&pipe->tail);
}

/* A page that is partly read still counts as full: head never comes round to it. */
static inline u32 pipe_room(const struct pipe *pipe)
{
	u32 first = atomic_load_relaxed(&pipe->tail) & ~(u32)(PAGE_SIZE - 1);

	return pipe->nr_pages * (u32)PAGE_SIZE - (atomic_load_relaxed(&pipe->head) - first);
}

static inline char **page_slot(struct pipe *pipe, u32 pos)
{
	return &pipe->pages[(pos >> PAGE_SHIFT) & (pipe->nr_pages - 1)];
}

/* ---- life ---- */

static void pipe_setup(struct pipe *pipe)
{
	mutex_init(&pipe->lock, RANK_PIPE, "pipe");
	waitq_init(&pipe->readable, "pipe_readable");
	waitq_init(&pipe->writable, "pipe_writable");
	pipe->nr_pages = DEFAULT_PAGES;
	pipe->pages = pipe->first_pages;
}

static char *alloc_page(void)
{
	char *page = pmm_has_room(PMM_BUFFERS) ? pmm_alloc_page(0) : NULL;

	if (page)
		pmm_account(virt_to_frame(page), PMM_BUFFERS, 1);
	return page;
}

static void free_page(char *page)
{
	if (!page)
		return;
	pmm_account(virt_to_frame(page), PMM_BUFFERS, -1);
	pmm_free_page(page);
}

static void pipe_clear(struct pipe *pipe)
{
	for (u32 i = 0; i < pipe->nr_pages; i++)
		free_page(pipe->pages[i]);
	free_page(pipe->spare);
	if (pipe->pages != pipe->first_pages)
		kfree(pipe->pages);
}

static void pipe_inode_release(struct inode *inode)
{
	struct pipe_inode *pi = container_of(inode, struct pipe_inode, inode);

	pipe_clear(&pi->pipe);
	slab_free(pipe_cache, pi);
}

static int pipe_setattr(struct inode *inode, const struct inode_attr *attr)
{
	inode_apply_attr(inode, attr);
	return 0;
}

/* Through /proc/PID/fd: one more end. */
static int pipe_reopen(struct inode *inode, struct file *file)
{
	return pipe_open_fifo(inode, file);
}

static const struct inode_ops pipe_inode_ops = {
	.setattr = pipe_setattr,
	.open = pipe_reopen,
	.release = pipe_inode_release,
};

void pipe_init(void)
{
	superblock_init(&pipe_sb, NULL, PIPEFS_MAGIC);
	pipe_cache = slab_create("pipe", sizeof(struct pipe_inode), 64);
	PANIC_ON(!pipe_cache, "fs: no memory for pipes");
}

static struct file *open_end(struct pipe_inode *pi, u32 flags)
{
	struct file *file = file_alloc(&pi->inode, &pipe_fops, flags);

	if (file)
		file->priv = &pi->pipe;
	return file;
}

int pipe_create(u32 flags, struct file **read_end, struct file **write_end)
{
	struct pipe_inode *pi = slab_alloc(pipe_cache, MEM_ZERO);
	int err = -ENOMEM;

	if (!pi)
		return err;
	inode_init(&pi->inode, &pipe_sb, &pipe_inode_ops, &pipe_fops, S_IFIFO | 0600);
	inode_own(&pi->inode, NULL);
	pipe_setup(&pi->pipe);
	pi->inode.priv = &pi->pipe;
	flags &= O_NONBLOCK;
	*read_end = open_end(pi, flags | O_RDONLY);
	if (!*read_end)
		goto out;
	pi->pipe.readers = 1;
	pi->pipe.reader_opens = 1;
	*write_end = open_end(pi, flags | O_WRONLY);
	if (!*write_end) {
		file_put(*read_end);
		goto out;
	}
	pi->pipe.writers = 1;
	pi->pipe.writer_opens = 1;
	err = 0;
out:
	inode_put(&pi->inode); /* the files hold it */
	return err;
}

/* ---- bytes ---- */

static void wake(struct waitq *wq)
{
	/* Releasing the lock was a full fence, so an empty look is final. */
	if (!waitq_empty(wq))
		waitq_wake_all(wq);
}

/* Move up to @len bytes out. Return: bytes, short at a fault. */
static size_t take_bytes(struct pipe *pipe, struct iov_iter *it, size_t len)
{
	size_t done = 0;

	while (done < len) {
		u32 off = pipe->tail & (u32)(PAGE_SIZE - 1);
		size_t n = MIN(len - done, (size_t)PAGE_SIZE - off);
		char **slot = page_slot(pipe, pipe->tail);
		size_t got = iov_iter_copy_to(it, *slot + off, n);

		done += got;
		pipe->tail += (u32)got;
		if (pipe->tail == pipe->head) {
			/* Drained: on with this page from its start. */
			pipe->tail = (pipe->tail - 1) & ~(u32)(PAGE_SIZE - 1);
			pipe->head = pipe->tail;
			break;
		}
		if (got < n)
			break;
		if (off + n == PAGE_SIZE) {
			free_page(pipe->spare);
			pipe->spare = *slot;
			*slot = NULL;
		}
	}
	return done;
}

/* Move up to @len bytes, for which there is room, in. Return: bytes, short at a
 * fault or when memory ends (*err). */
static size_t put_bytes(struct pipe *pipe, struct iov_iter *it, size_t len, int *err)
{
	size_t done = 0;

	while (done < len) {
		u32 off = pipe->head & (u32)(PAGE_SIZE - 1);
		size_t n = MIN(len - done, (size_t)PAGE_SIZE - off);
		char **slot = page_slot(pipe, pipe->head);
		size_t got;

		if (unlikely(!*slot)) {
			*slot = pipe->spare ? pipe->spare : alloc_page();
			pipe->spare = NULL;
			if (!*slot) {
				*err = -ENOMEM;
				break;
			}
		}
		got = iov_iter_copy_from(it, *slot + off, n);
		done += got;
		pipe->head += (u32)got;
		if (got < n) {
			*err = -EFAULT;
			break;
		}
	}
	return done;
}

/*
 * Small messages, the common case: all of it lies on one page, which is there.
 * Return: bytes; 0 when it is not so simple, or faults: then the long way.
 */
static inline size_t take_small(struct pipe *pipe, const struct iov_iter *it)
{
	u32 tail = pipe->tail, off = tail & (u32)(PAGE_SIZE - 1);
	size_t n = MIN(it->left, (size_t)(pipe->head - tail));
	u64 base;

	/* Not to the page's very end: then it changes hands. */
	if (!iov_iter_flat(it, &base) || off + n >= PAGE_SIZE ||
	    user_copy_out((void __user *)(uintptr_t)base, *page_slot(pipe, tail) + off, n))
		return 0;
	tail += (u32)n;
	if (tail == pipe->head) { /* drained: on with this page from its start */
		tail &= ~(u32)(PAGE_SIZE - 1);
		pipe->head = tail;
	}
	pipe->tail = tail;
	return n;
}

static inline size_t put_small(struct pipe *pipe, const struct iov_iter *it)
{
	u32 head = pipe->head, off = head & (u32)(PAGE_SIZE - 1);
	char *page = *page_slot(pipe, head);
	size_t n = it->left;
	u64 base;

	/* Where the page is there, there is room on it. */
	if (!page || !iov_iter_flat(it, &base) || n > PAGE_SIZE - off ||
	    (!off && pipe_used(pipe)) ||
	    user_copy_in(page + off, (const void __user *)(uintptr_t)base, n))
		return 0;
	pipe->head = head + (u32)n;
	return n;
}

/* Who finds nothing and may wait does so without having had the lock.
 * Return: 0, locked and not empty; else not locked: 1 no writer is left; -EAGAIN;
 * -ERESTARTSYS. */
static inline int lock_filled(struct pipe *pipe, bool nowait)
{
	for (;;) {
		int err;

		if (pipe_used(pipe) || nowait || !atomic_load_relaxed(&pipe->writers)) {
			mutex_lock(&pipe->lock);
			if (likely(pipe_used(pipe)))
				return 0;
			err = pipe->writers ? -EAGAIN : 1;
			mutex_unlock(&pipe->lock);
			if (nowait || err > 0)
				return err;
		}
		err = WAITQ_WAIT(&pipe->readable,
				 pipe_used(pipe) || !atomic_load_relaxed(&pipe->writers), true,
				 NS_FOREVER);
		if (err)
			return err;
	}
}

static long pipe_read(struct file *file, struct iov_iter *it, __unused u64 *pos)
{
	struct pipe *pipe = file->priv;
	size_t done;
	u32 room;
	int err;

	if (!it->left)
		return 0;
	err = lock_filled(pipe, (file->flags & O_NONBLOCK) || it->nowait);
	if (err)
		return MIN(err, 0);
	done = take_small(pipe, it);
	if (likely(done)) {
		bool drained = !pipe_used(pipe);

		mutex_unlock(&pipe->lock);
		if (drained) /* else no page came free, and writers wait on */
			wake(&pipe->writable);
		return (long)done;
	}
	room = pipe_room(pipe);
	done = take_bytes(pipe, it, MIN(it->left, (size_t)pipe_used(pipe)));
	room = pipe_room(pipe) - room; /* grows by pages only */
	mutex_unlock(&pipe->lock);
	if (room)
		wake(&pipe->writable);
	return done ? (long)done : -EFAULT;
}

static long broken_pipe(size_t done)
{
	struct linux_siginfo info = { .si_signo = SIGPIPE, .si_code = SI_USER };

	info.rt.si_pid = current_task()->pid;
	info.rt.si_uid = cred_current()->uid;
	(void)signal_send_thread(current, &info);
	return done ? (long)done : -EPIPE;
}

static long pipe_write(struct file *file, struct iov_iter *it, __unused u64 *pos)
{
	struct pipe *pipe = file->priv;
	size_t done = 0;
	int err = 0;

	if (!it->left)
		return 0;
	mutex_lock(&pipe->lock);
	if (likely(pipe->readers)) {
		done = put_small(pipe, it);
		if (likely(done)) {
			mutex_unlock(&pipe->lock);
			wake(&pipe->readable);
			return (long)done;
		}
	}
	for (;;) {
		size_t need = it->left + done <= PIPE_BUF ? it->left : 1;
		size_t room = pipe_room(pipe);

		if (!pipe->readers) {
			mutex_unlock(&pipe->lock);
			return broken_pipe(done);
		}
		if (room >= need) {
			done += put_bytes(pipe, it, MIN(it->left, room), &err);
			if (err || !it->left)
				break;
			continue;
		}
		if ((file->flags & O_NONBLOCK) || it->nowait) {
			err = -EAGAIN;
			break;
		}
		mutex_unlock(&pipe->lock);
		wake(&pipe->readable);
		err = WAITQ_WAIT(&pipe->writable,
				 pipe_room(pipe) >= need || !atomic_load_relaxed(&pipe->readers),
				 true, NS_FOREVER);
		if (err)
			return done ? (long)done : err;
		mutex_lock(&pipe->lock);
	}
	mutex_unlock(&pipe->lock);
	if (done)
		wake(&pipe->readable);
	return done ? (long)done : err;
}

static u32 pipe_poll(struct file *file, struct poll_table *table)
{
	struct pipe *pipe = file->priv;
	u32 access = file->flags & O_ACCMODE, mask = 0;

	if (access != O_WRONLY) {
		poll_wait(table, &pipe->readable);
		if (pipe_used(pipe))
			mask |= POLLIN | POLLRDNORM;
		if (!atomic_load_relaxed(&pipe->writers) &&
		    atomic_load_relaxed(&pipe->writer_opens) != (u32)file->pos)
			mask |= POLLHUP;
	}
	if (access != O_RDONLY) {
		poll_wait(table, &pipe->writable);
		if (pipe_room(pipe) >= PIPE_BUF)
			mask |= POLLOUT | POLLWRNORM;
		if (!atomic_load_relaxed(&pipe->readers))
			mask |= POLLERR;
	}
	return mask;
}

static long pipe_ioctl(struct file *file, u32 cmd, u64 arg)
{
	if (cmd != FIONREAD)
		return -ENOTTY;
	return user_write_u32((void __user *)(uintptr_t)arg, pipe_used(file->priv));
}

static void drop_ends(struct pipe *pipe, u32 access)
{
	mutex_lock(&pipe->lock);
	if (access != O_WRONLY)
		pipe->readers--;
	if (access != O_RDONLY)
		pipe->writers--;
	mutex_unlock(&pipe->lock);
	wake(&pipe->readable);
	wake(&pipe->writable);
}

/* The last file of a FIFO takes the pipe with it. */
static void put_fifo(struct inode *inode, struct pipe *pipe)
{
	bool last;

	mutex_lock(&inode->lock);
	last = --pipe->files == 0;
	if (last)
		inode->priv = NULL;
	mutex_unlock(&inode->lock);
	if (last) {
		pipe_clear(pipe);
		kfree(pipe);
	}
}

static bool is_fifo(const struct inode *inode)
{
	return inode->ops != &pipe_inode_ops;
}

static void pipe_file_release(struct file *file)
{
	drop_ends(file->priv, file->flags & O_ACCMODE);
	if (is_fifo(file->inode))
		put_fifo(file->inode, file->priv);
}

static const struct file_ops pipe_fops = {
	.read = pipe_read,
	.write = pipe_write,
	.poll = pipe_poll,
	.ioctl = pipe_ioctl,
	.release = pipe_file_release,
};

/* ---- FIFOs ---- */

static struct pipe *get_fifo(struct inode *inode)
{
	struct pipe *pipe;

	mutex_lock(&inode->lock);
	pipe = inode->priv;
	if (!pipe) {
		pipe = kzalloc(sizeof(*pipe), 0);
		if (pipe)
			pipe_setup(pipe);
		inode->priv = pipe;
	}
	if (pipe)
		pipe->files++;
	mutex_unlock(&inode->lock);
	return pipe;
}

/* Wait until the other side was opened, even if it was closed again since;
 * @seen: how often it had been. */
static int wait_partner(struct pipe *pipe, bool reader, u32 seen)
{
	u32 *count = reader ? &pipe->writers : &pipe->readers;
	u32 *opens = reader ? &pipe->writer_opens : &pipe->reader_opens;

	return WAITQ_WAIT(reader ? &pipe->readable : &pipe->writable,
			  atomic_load_relaxed(count) || atomic_load_relaxed(opens) != seen, true,
			  NS_FOREVER);
}

/* Count @file's ends. Return: 0; -ENXIO a FIFO's writer that will not wait, and no
 * reader. *wait: the other side is not there. *seen: how often it was opened. */
static int add_ends(struct pipe *pipe, struct file *file, bool fifo, bool *wait, u32 *seen)
{
	u32 access = file->flags & O_ACCMODE;
	bool nonblock = file->flags & O_NONBLOCK;
	int err = 0;

	mutex_lock(&pipe->lock);
	*wait = fifo && !nonblock && access != O_RDWR &&
		!(access == O_RDONLY ? pipe->writers : pipe->readers);
	*seen = access == O_RDONLY ? pipe->writer_opens : pipe->reader_opens;
	if (fifo && nonblock && access == O_WRONLY && !pipe->readers) {
		err = -ENXIO;
		goto out;
	}
	/* A reader that came before any writer sees no hang-up until one has been. */
	if (nonblock && access == O_RDONLY && !pipe->writers)
		file->pos = pipe->writer_opens;
	if (access != O_WRONLY) {
		pipe->readers++;
		pipe->reader_opens++;
	}
	if (access != O_RDONLY) {
		pipe->writers++;
		pipe->writer_opens++;
	}
out:
	mutex_unlock(&pipe->lock);
	return err;
}

int pipe_open_fifo(struct inode *inode, struct file *file)
{
	u32 access = file->flags & O_ACCMODE, seen;
	bool fifo = is_fifo(inode), wait;
	struct pipe *pipe = fifo ? get_fifo(inode) : inode->priv;
	int err;

	if (!pipe)
		return -ENOMEM;
	err = add_ends(pipe, file, fifo, &wait, &seen);
	if (err)
		goto err_put;
	wake(&pipe->readable);
	wake(&pipe->writable);
	if (wait)
		err = wait_partner(pipe, access == O_RDONLY, seen);
	if (err)
		goto err_drop;
	file->priv = pipe;
	file->ops = &pipe_fops;
	return 0;

err_drop:
	drop_ends(pipe, access);
err_put:
	if (fifo)
		put_fifo(inode, pipe);
	return err;
}

void pipe_release_fifo(struct inode *inode)
{
	ASSERT(!inode->priv); /* open files hold the inode */
	(void)inode;
}

/* ---- size ---- */

long pipe_size(struct file *file)
{
	struct pipe *pipe = file->priv;

	if (file->ops != &pipe_fops)
		return -EBADF;
	return (long)pipe->nr_pages * (long)PAGE_SIZE;
}

/* @nr pages, a power of two and enough for what it holds. Locked. */
static int resize(struct pipe *pipe, u32 nr)
{
	char **pages = kcalloc(nr, sizeof(*pages), MEM_ZERO);

	if (!pages)
		return -ENOMEM;
	/* Pages with bytes move to where the new size looks for them. */
	for (u32 pos = pipe->tail & ~(u32)(PAGE_SIZE - 1); (s32)(pipe->head - pos) > 0;
	     pos += (u32)PAGE_SIZE) {
		pages[(pos >> PAGE_SHIFT) & (nr - 1)] = *page_slot(pipe, pos);
		*page_slot(pipe, pos) = NULL;
	}
	for (u32 i = 0; i < pipe->nr_pages; i++)
		free_page(pipe->pages[i]);
	if (pipe->pages != pipe->first_pages)
		kfree(pipe->pages);
	pipe->pages = pages;
	pipe->nr_pages = nr;
	return 0;
}

long pipe_set_size(struct file *file, u64 size)
{
	struct pipe *pipe = file->priv;
	u32 nr = 1;
	int err;

	if (file->ops != &pipe_fops)
		return -EBADF;
	if (size > (1u << 31))
		return -EINVAL;
	while ((u64)nr * PAGE_SIZE < size)
		nr *= 2;
	if (nr > MAX_PAGES && !capable(CAP_SYS_RESOURCE))
		return -EPERM;
	mutex_lock(&pipe->lock);
	if (pipe_used(pipe) > nr * PAGE_SIZE - (pipe->tail & (PAGE_SIZE - 1)))
		err = -EBUSY;
	else
		err = resize(pipe, nr);
	mutex_unlock(&pipe->lock);
	if (err)
		return err;
	wake(&pipe->writable);
	return (long)nr * (long)PAGE_SIZE;
}

/* ---- splice and tee ---- */

bool pipe_is(const struct file *file)
{
	return file->ops == &pipe_fops;
}

char *pipe_page_alloc(void)
{
	return alloc_page();
}

void pipe_page_free(char *page)
{
	free_page(page);
}

long pipe_wait_filled(struct file *file, bool nowait)
{
	struct pipe *pipe = file->priv;
	int err = lock_filled(pipe, nowait);
	long used;

	if (err)
		return MIN(err, 0);
	used = (long)pipe_used(pipe);
	mutex_unlock(&pipe->lock);
	return used;
}

long pipe_wait_room(struct file *file, bool nowait)
{
	struct pipe *pipe = file->priv;

	for (;;) {
		u32 room = pipe_room(pipe);
		int err;

		if (!atomic_load_relaxed(&pipe->readers))
			return broken_pipe(0);
		if (room)
			return (long)room;
		if (nowait)
			return -EAGAIN;
		err = WAITQ_WAIT(&pipe->writable,
				 pipe_room(pipe) || !atomic_load_relaxed(&pipe->readers), true,
				 NS_FOREVER);
		if (err)
			return err;
	}
}

size_t pipe_take(struct file *file, char *page, size_t len)
{
	struct pipe *pipe = file->priv;
	struct iov_iter it;

	mutex_lock(&pipe->lock);
	len = MIN(len, (size_t)pipe_used(pipe));
	len = MIN(len, (size_t)PAGE_SIZE - (pipe->tail & (u32)(PAGE_SIZE - 1)));
	iov_iter_init_kernel(&it, page, len);
	if (len)
		take_bytes(pipe, &it, len);
	mutex_unlock(&pipe->lock);
	wake(&pipe->writable);
	return len;
}

/* Where the page they were on has been left, the caller's takes its place. */
static int put_back_page(struct pipe *pipe, char **page, const char *from, u32 len)
{
	u32 before = pipe->tail - (u32)PAGE_SIZE;
	int err = 0;

	if (pipe->head - before > pipe->nr_pages * (u32)PAGE_SIZE)
		err = resize(pipe, pipe->nr_pages * 2);
	if (err)
		return err;
	memmove(*page + PAGE_SIZE - len, from, len);
	free_page(*page_slot(pipe, before)); /* holds no bytes */
	*page_slot(pipe, before) = *page;
	*page = NULL;
	pipe->tail -= len;
	return 0;
}

int pipe_put_back(struct file *file, char **page, size_t taken, size_t len)
{
	struct pipe *pipe = file->priv;
	const char *from = *page + taken - len;
	int err = 0;
	u32 off, n;

	mutex_lock(&pipe->lock);
	off = pipe->tail & (u32)(PAGE_SIZE - 1);
	n = MIN(off, (u32)len);
	if (n)
		memcpy(*page_slot(pipe, pipe->tail) + off - n, from + len - n, n);
	pipe->tail -= n;
	if (n < len)
		err = put_back_page(pipe, page, from, (u32)len - n);
	mutex_unlock(&pipe->lock);
	wake(&pipe->readable);
	return err;
}

u32 pipe_first(struct file *file)
{
	struct pipe *pipe = file->priv;

	return atomic_load_relaxed(&pipe->tail);
}

size_t pipe_peek(struct file *file, u32 *pos, char *page, size_t len)
{
	struct pipe *pipe = file->priv;
	u32 off;

	mutex_lock(&pipe->lock);
	if ((s32)(*pos - pipe->tail) < 0)
		*pos = pipe->tail;
	off = *pos & (u32)(PAGE_SIZE - 1);
	len = MIN(len, (size_t)(pipe->head - *pos));
	len = MIN(len, (size_t)PAGE_SIZE - off);
	if (len)
		memcpy(page, *page_slot(pipe, *pos) + off, len);
	mutex_unlock(&pipe->lock);
	*pos += (u32)len;
	return len;
}
