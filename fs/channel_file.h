/* SPDX-License-Identifier: MIT */
/* Ends of channels as descriptors: poll, epoll, close, dup, SCM_RIGHTS, fdinfo. */
#pragma once

#include <fs/file.h>

struct channel_end;

/** channel_file_create - a file that owns @end; @flags O_NONBLOCK. On success the end is
 * closed with the file. Return: 0; -ENOMEM, the end is the caller's still. */
__must_check int channel_file_create(struct channel_end *end, u32 flags, struct file **out);

/** channel_from_handle - current's descriptor as an end of a channel that current's space
 * owns; handle_put(ref) when done. Return: 0; -EBADF none, no channel, another's;
 * -EACCES it lacks RIGHT_READ or RIGHT_WRITE. */
__must_check int channel_from_handle(int fd, struct handle_ref *ref, struct channel_end **end,
				     u32 *flags);
