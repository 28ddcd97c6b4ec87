/* SPDX-License-Identifier: MIT */
/* Pipes and FIFOs: pipe(7), fifo(7). Two files over one ring of pages. */
#pragma once

#include <kernel/lib/types.h>

struct file;
struct inode;

#define PIPE_DEFAULT_SIZE (64u << 10)
#define PIPE_MAX_SIZE     (1u << 20) /* for unprivileged users: /proc/sys/fs/pipe-max-size */

/** pipe_create - both ends, referenced. @flags: O_NONBLOCK for both.
 * Return: 0; -ENOMEM. */
__must_check int pipe_create(struct file *out[2], u32 flags);

/**
 * pipe_open - open(2) of S_IFIFO @inode, whatever file system it is in: file_open()
 * calls it once @file has flags and inode. Replaces file->ops. Waits for the other
 * end as fifo(7) says. inode->priv is the pipe while anybody has it open.
 * Return: 0; -ENXIO; -ERESTARTSYS; -ENOMEM.
 */
__must_check int pipe_open(struct inode *inode, struct file *file);

/** pipe_get_size, pipe_set_size - F_GETPIPE_SZ, F_SETPIPE_SZ. Return: bytes;
 * -EBADF no pipe; -EINVAL; -EPERM; -EBUSY; -ENOMEM. */
__must_check long pipe_get_size(struct file *file);
__must_check long pipe_set_size(struct file *file, u64 size);
