/* SPDX-License-Identifier: MIT */
/*
 * Pipes and FIFOs. Man pipe(7), fifo(7).
 */
#pragma once

#include <kernel/lib/types.h>

struct file;
struct inode;

#define PIPE_MAX_SIZE (1u << 20) /* for who is not root: /proc/sys/fs/pipe-max-size */

void pipe_init(void);

/** pipe_create - both ends, referenced; @flags: O_NONBLOCK, O_CLOEXEC ignored */
__must_check int pipe_create(u32 flags, struct file **read_end, struct file **write_end);

/** pipe_size, pipe_set_size - F_GETPIPE_SZ, F_SETPIPE_SZ: bytes it holds
 * Return: the size; -EBADF no pipe; -EBUSY holds more; -EPERM; -EINVAL; -ENOMEM */
__must_check long pipe_size(struct file *file);
__must_check long pipe_set_size(struct file *file, u64 size);

/** pipe_open_fifo - open method of FIFOs: waits for the other side as POSIX says */
__must_check int pipe_open_fifo(struct inode *inode, struct file *file);
void pipe_release_fifo(struct inode *inode);
