/* SPDX-License-Identifier: MIT */
/* /proc: tasks and the kernel's state as text. Man proc(5). */
#pragma once

#include <kernel/lib/types.h>

struct file;
struct handle_ref;
struct task;

/** procfs_init - the type "proc" */
void procfs_init(void);

/** procfs_task_from_handle - the process that an open /proc/PID is about; Linux takes
 * that folder for a pidfd where signals are sent
 * Return: 0, and handle_put(ref) is due; -EBADF no such folder */
int procfs_task_from_handle(int fd, struct handle_ref *ref, struct task **task);
/** procfs_ns_kind - CLONE_NEW* of the name space that @file is; 0: it is none */
u32 procfs_ns_kind(const struct file *file);
