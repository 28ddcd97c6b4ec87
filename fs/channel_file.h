/* SPDX-License-Identifier: MIT */
/* Ends of channels as descriptors: poll, epoll, close, dup, SCM_RIGHTS, fdinfo. */
#pragma once

#include <fs/file.h>

struct channel_end;

/** channel_file_create - a file that owns @end; @flags O_NONBLOCK. On success the end is
 * closed with the file. Return: 0; -ENOMEM, the end is the caller's still. */
__must_check int channel_file_create(struct channel_end *end, u32 flags, struct file **out);

/** channel_from_handle - current's descriptor as an end of a channel and its O_* flags;
 * handle_put(ref) when done. Return: 0; -EBADF none, no channel; -EACCES it lacks RIGHT_READ
 * or RIGHT_WRITE. */
__must_check int channel_handle_slow(int fd, struct handle_ref *ref);

/* The common case at once: current is the only thread. NULL: use the other. */
static inline struct file *channel_file_lone(int fd)
{
	const struct task *task = current_task();
	const struct handle *slot;

	if (unlikely(atomic_load_relaxed(&task->nr_threads) != 1))
		return NULL;
	slot = handle_lone(task->handles, fd, RIGHT_READ | RIGHT_WRITE, KOBJECT_CHANNEL);
	return likely(slot) ? container_of(slot->object, struct file, object) : NULL;
}

__must_check static inline int channel_from_handle(int fd, struct handle_ref *ref,
						   struct channel_end **end, u32 *flags)
{
	struct file *file = channel_file_lone(fd);

	ref->counted = false;
	if (unlikely(!file)) {
		int err = channel_handle_slow(fd, ref);

		if (err)
			return err;
		file = container_of(ref->object, struct file, object);
	}
	*end = file->priv;
	*flags = atomic_load_relaxed(&file->flags);
	return 0;
}
