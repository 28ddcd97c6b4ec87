/* SPDX-License-Identifier: MIT */
/*
 * The calls channel_* and ring_*: descriptors, user memory and time-outs; what they do is
 * in ipc/channel.h. Slots are copied from user memory once, and checked there.
 */
#include <kernel/syscall_protos.h>

#include <fs/channel_file.h>
#include <ipc/channel.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_fcntl.h>
#include <kernel/abi/ring.h>
#include <kernel/sys_util.h>
#include <mm/kmalloc.h>

#define BATCH_STACK 4u   /* slots that need no allocation */
#define BATCH_MAX   256u /* taken in one call */

static ns_t deadline_of(u64 timeout_ns)
{
	if (likely(timeout_ns == CHANNEL_FOREVER))
		return NS_FOREVER;
	return timeout_ns ? deadline_after(timeout_ns) : 0;
}

static int install(struct channel_end *end, u32 flags, int fd)
{
	struct file *file;
	int err = channel_file_create(end, flags, &file);

	if (!err)
		handle_install(fd, &file->object, file_rights(O_RDWR), HANDLE_CLOEXEC);
	return err;
}

/* The second end; @fd[0] has the first, which goes with its handle. */
static int install_second(struct channel_end *end, u32 flags, const int fd[2])
{
	int err = install(end, flags, fd[1]);

	if (err)
		channel_close(end);
	return err;
}

long sys_channel_create(int __user *ufds, unsigned int slots, int flags)
{
	struct channel_end *a, *b;
	int fd[2], err;

	if ((u32)flags & ~(u32)(O_NONBLOCK | O_CLOEXEC))
		return -EINVAL;
	err = channel_create(current_task(), slots, &a, &b);
	if (err)
		return err;
	err = fd[0] = handle_reserve(0);
	if (err < 0)
		goto err_close;
	err = fd[1] = handle_reserve(0);
	if (err < 0)
		goto err_first;
	err = copy_to_user(ufds, fd, sizeof(fd));
	if (!err)
		err = install(a, (u32)flags, fd[0]);
	if (err)
		goto err_second;
	err = install_second(b, (u32)flags, fd);
	if (err) {
		handle_unreserve(fd[1]);
		(void)!handle_close(fd[0]);
	}
	return err;

err_second:
	handle_unreserve(fd[1]);
err_first:
	handle_unreserve(fd[0]);
err_close:
	channel_close(a);
	channel_close(b);
	return err;
}

long sys_channel_call(int fd, struct ring_slot __user *uslot, u64 timeout_ns)
{
	struct channel_end *end;
	struct handle_ref ref;
	struct ring_slot slot;
	u32 flags;
	int err;

	if (unlikely(!timeout_ns))
		return -EINVAL;
	err = channel_from_handle(fd, &ref, &end, &flags);
	if (unlikely(err))
		return err;
	err = copy_from_user(&slot, uslot, sizeof(slot));
	if (likely(!err)) {
		err = channel_call(end, &slot, deadline_of(timeout_ns));
		if (likely(!err))
			err = copy_to_user(uslot, &slot, sizeof(slot));
	}
	handle_put(&ref);
	return err;
}

long sys_channel_reply(int fd, struct ring_slot __user *uslot, unsigned int how, u64 timeout_ns)
{
	struct channel_end *end;
	struct handle_ref ref;
	struct ring_slot slot;
	u32 flags;
	int err;

	if (unlikely(how & ~CHANNEL_REPLY_ONLY))
		return -EINVAL;
	err = channel_from_handle(fd, &ref, &end, &flags);
	if (unlikely(err))
		return err;
	err = copy_from_user(&slot, uslot, sizeof(slot));
	if (likely(!err)) {
		err = channel_reply(end, &slot, how, deadline_of(timeout_ns));
		/* Again would be a second reply. */
		if (unlikely(err == -ERESTARTSYS))
			err = -EINTR;
		if (likely(err >= 0 && !(how & CHANNEL_REPLY_ONLY)) &&
		    copy_to_user(uslot, &slot, sizeof(slot)))
			err = -EFAULT;
	}
	handle_put(&ref);
	return err;
}

/* Room for @n slots: @few or allocated. NULL: no memory. */
static struct ring_slot *buffer_get(struct ring_slot few[BATCH_STACK], u32 n)
{
	return n <= BATCH_STACK ? few : kmalloc(n * sizeof(*few), 0);
}

static void buffer_put(struct ring_slot *buf, const struct ring_slot *few)
{
	if (buf != few)
		kfree(buf);
}

long sys_channel_send(int fd, const struct ring_slot __user *uslots, unsigned int n, u64 timeout_ns)
{
	struct ring_slot few[BATCH_STACK], *buf;
	struct channel_end *end;
	struct handle_ref ref;
	u32 flags;
	long ret = channel_from_handle(fd, &ref, &end, &flags);

	if (ret)
		return ret;
	n = MIN(n, BATCH_MAX);
	buf = buffer_get(few, n);
	ret = -ENOMEM;
	if (buf) {
		ret = copy_from_user(buf, uslots, n * sizeof(*buf));
		if (!ret)
			ret = channel_send(end, buf, n,
					   flags & O_NONBLOCK ? 0 : deadline_of(timeout_ns));
		buffer_put(buf, few);
	}
	handle_put(&ref);
	return ret == -ERESTARTSYS && timeout_ns != CHANNEL_FOREVER ? -EINTR : ret;
}

long sys_channel_recv(int fd, struct ring_slot __user *uslots, unsigned int n, u64 timeout_ns)
{
	struct ring_slot few[BATCH_STACK], *buf;
	struct channel_end *end;
	struct handle_ref ref;
	u32 flags;
	long ret = channel_from_handle(fd, &ref, &end, &flags);

	if (ret)
		return ret;
	n = MIN(n, BATCH_MAX);
	buf = buffer_get(few, n);
	ret = -ENOMEM;
	if (buf) {
		ret = channel_recv(end, buf, n, flags & O_NONBLOCK ? 0 : deadline_of(timeout_ns));
		if (ret > 0 && copy_to_user(uslots, buf, (size_t)ret * sizeof(*buf)))
			ret = -EFAULT;
		buffer_put(buf, few);
	}
	handle_put(&ref);
	return ret == -ERESTARTSYS && timeout_ns != CHANNEL_FOREVER ? -EINTR : ret;
}

long sys_channel_map(int fd, struct channel_view __user *uview)
{
	struct channel_view view = { 0 };
	struct channel_end *end;
	struct handle_ref ref;
	u32 flags;
	int err = channel_from_handle(fd, &ref, &end, &flags);

	if (err)
		return err;
	/* First: what is shown cannot be taken back. */
	err = copy_to_user(uview, &view, sizeof(view));
	if (!err)
		err = channel_map(end, &view);
	if (!err)
		err = copy_to_user(uview, &view, sizeof(view));
	handle_put(&ref);
	return err;
}

long sys_ring_wait(int fd, unsigned int what, u64 timeout_ns)
{
	struct channel_end *end;
	struct handle_ref ref;
	u32 flags;
	int err;

	if ((what & ~(RING_FOR_NEWS | RING_FOR_ROOM | RING_KICK)) ||
	    !(what & (RING_FOR_NEWS | RING_FOR_ROOM)))
		return -EINVAL;
	err = channel_from_handle(fd, &ref, &end, &flags);
	if (unlikely(err))
		return err;
	err = channel_wait(end, what, deadline_of(timeout_ns));
	handle_put(&ref);
	/* Not again: the kick is done, and the program looks at its ring anyway. */
	return unlikely(err == -ERESTARTSYS) ? -EINTR : err;
}

long sys_ring_kick(int fd)
{
	struct channel_end *end;
	struct handle_ref ref;
	u32 flags;
	int err = channel_from_handle(fd, &ref, &end, &flags);

	if (unlikely(err))
		return err;
	err = channel_kick(end);
	handle_put(&ref);
	return err;
}
