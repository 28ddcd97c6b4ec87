/* SPDX-License-Identifier: MIT */
/* pidfd: a process as a file, whatever becomes of its number. */
#pragma once

#include <kernel/lib/types.h>
#include <security/handle.h>

struct file;
struct task;

/** pidfd_create - a file that holds a reference to @task; @flags PIDFD_NONBLOCK. 0; -ENOMEM */
__must_check int pidfd_create(struct task *task, u32 flags, struct file **out);
/** pidfd_from_handle - current's descriptor as a process; handle_put(ref) when done
 * @flags: its O_* flags, NULL: not wanted. Return: 0; -EBADF none, or no pidfd; -EACCES. */
__must_check int pidfd_from_handle(int fd, u32 rights, struct handle_ref *ref, struct task **task,
				   u32 *flags);
