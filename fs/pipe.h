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

/*
 * What splice(2) and tee(2) are made of. Bytes go by a page of the caller, which
 * pipe_put_back() may keep: then *page is NULL. @nowait: -EAGAIN instead of waiting.
 */
bool pipe_is(const struct file *file);
char *pipe_page_alloc(void);
void pipe_page_free(char *page);
/** pipe_wait_filled, pipe_wait_room - until there is something to read, or room
 * Return: bytes, of room whole pages; 0 the end: no writer; -EPIPE no reader, and
 * SIGPIPE was sent; -EAGAIN; -ERESTARTSYS */
__must_check long pipe_wait_filled(struct file *file, bool nowait);
__must_check long pipe_wait_room(struct file *file, bool nowait);
/** pipe_take - the next bytes out, at most @len and to the end of a page: how many;
 * 0 when there is none */
size_t pipe_take(struct file *file, char *page, size_t len);
/** pipe_put_back - the last @len of @taken bytes in @page, unread: before all others
 * Return: 0; -ENOMEM the pipe was filled to the brim meanwhile, and they are lost */
__must_check int pipe_put_back(struct file *file, char **page, size_t taken, size_t len);
/** pipe_peek - bytes from @pos on (*pos: the first one when it is before that), which stay
 * Return: how many; *pos moves on over them */
size_t pipe_peek(struct file *file, u32 *pos, char *page, size_t len);
u32 pipe_first(struct file *file);

/** pipe_open_fifo - open method of FIFOs: waits for the other side as POSIX says */
__must_check int pipe_open_fifo(struct inode *inode, struct file *file);
void pipe_release_fifo(struct inode *inode);
