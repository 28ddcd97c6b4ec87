/* SPDX-License-Identifier: MIT */
/*
 * eventfd: a 64-bit counter that writes add to and reads take. The counter is
 * one atomic word; only who must wait looks at the queue.
 */
#include <fs/eventfd.h>

#include <arch/uaccess.h>
#include <fs/file.h>
#include <fs/inode.h>
#include <fs/seq.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_fcntl.h>
#include <kernel/abi/linux_poll.h>
#include <mm/kmalloc.h>

#define COUNT_MAX (~0ull - 1)

struct eventfd {
	u64 count;     /* [a] */
	bool semaphore; /* [i] reads take 1 */
	struct waitq wait;
};

static void wake(struct eventfd *event, u32 news)
{
	/* The exchange of the counter was a full fence. */
	if (!waitq_empty(&event->wait))
		waitq_wake_poll(&event->wait, news);
}

/* Return: false when there is nothing. */
static bool take(struct eventfd *event, u64 *out)
{
	u64 old = atomic_load_relaxed(&event->count);

	do {
		if (!old)
			return false;
		*out = event->semaphore ? 1 : old;
	} while (!atomic_cmpxchg(&event->count, &old, old - *out));
	return true;
}

static bool add(struct eventfd *event, u64 n)
{
	u64 old = atomic_load_relaxed(&event->count);

	do {
		if (n > COUNT_MAX - old)
			return false;
	} while (!atomic_cmpxchg(&event->count, &old, old + n));
	return true;
}

static long eventfd_read(struct file *file, struct iov_iter *it, __unused u64 *pos)
{
	struct eventfd *event = file->priv;
	u64 n, base;

	if (it->left < sizeof(n))
		return -EINVAL;
	while (!take(event, &n)) {
		int err;

		if (file->flags & O_NONBLOCK)
			return -EAGAIN;
		err = WAITQ_WAIT(&event->wait, atomic_load_relaxed(&event->count), true,
				 NS_FOREVER);
		if (err)
			return err;
	}
	wake(event, POLLOUT | POLLWRNORM);
	if (likely(iov_iter_flat(it, &base)))
		return user_write_u64((void __user *)(uintptr_t)base, n) ? -EFAULT
									 : (long)sizeof(n);
	return iov_iter_copy_to(it, &n, sizeof(n)) == sizeof(n) ? (long)sizeof(n) : -EFAULT;
}

static long eventfd_write(struct file *file, struct iov_iter *it, __unused u64 *pos)
{
	struct eventfd *event = file->priv;
	u64 n, base;

	if (it->left < sizeof(n))
		return -EINVAL;
	if (likely(iov_iter_flat(it, &base))) {
		if (user_read_u64(&n, (const void __user *)(uintptr_t)base))
			return -EFAULT;
	} else if (iov_iter_copy_from(it, &n, sizeof(n)) != sizeof(n)) {
		return -EFAULT;
	}
	if (n == ~0ull)
		return -EINVAL;
	while (!add(event, n)) {
		int err;

		if (file->flags & O_NONBLOCK)
			return -EAGAIN;
		err = WAITQ_WAIT(&event->wait, n <= COUNT_MAX - atomic_load_relaxed(&event->count),
				 true, NS_FOREVER);
		if (err)
			return err;
	}
	wake(event, POLLIN | POLLRDNORM);
	return sizeof(n);
}

static u32 eventfd_poll(struct file *file, struct poll_table *table)
{
	struct eventfd *event = file->priv;
	u64 count;

	poll_wait(table, &event->wait);
	count = atomic_load_relaxed(&event->count);
	return (count ? POLLIN | POLLRDNORM : 0) |
	       (count < COUNT_MAX ? POLLOUT | POLLWRNORM : 0);
}

static void eventfd_release(struct file *file)
{
	kfree(file->priv);
}

static void eventfd_fdinfo(struct file *file, struct seq *seq)
{
	struct eventfd *event = file->priv;

	seq_printf(seq, "eventfd-count: %16llx\n",
		   (unsigned long long)atomic_load_relaxed(&event->count));
}

static const struct file_ops eventfd_fops = {
	.read = eventfd_read,
	.write = eventfd_write,
	.poll = eventfd_poll,
	.release = eventfd_release,
	.anon_name = "[eventfd]",
	.fdinfo = eventfd_fdinfo,
};

int eventfd_create(u32 value, u32 flags, struct file **out)
{
	struct eventfd *event;

	if (flags & ~(u32)(EFD_SEMAPHORE | EFD_CLOEXEC | EFD_NONBLOCK))
		return -EINVAL;
	event = kzalloc(sizeof(*event), 0);
	if (!event)
		return -ENOMEM;
	event->count = value;
	event->semaphore = flags & EFD_SEMAPHORE;
	waitq_init(&event->wait, "eventfd");
	*out = file_alloc(inode_anon(), &eventfd_fops, O_RDWR | (flags & EFD_NONBLOCK));
	if (!*out) {
		kfree(event);
		return -ENOMEM;
	}
	(*out)->priv = event;
	return 0;
}

bool eventfd_is(const struct file *file)
{
	return file->ops == &eventfd_fops;
}

void eventfd_signal(struct file *file)
{
	struct eventfd *event = file->priv;

	if (add(event, 1))
		wake(event, POLLIN | POLLRDNORM);
}
