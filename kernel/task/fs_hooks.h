/* SPDX-License-Identifier: MIT */
/*
 * What processes need of the file system, which lies above them: defined in
 * fs/task_hooks.c (tty_session_exit() of task.h in fs/tty.c).
 */
#pragma once

#include <kernel/lib/types.h>

struct file;
struct fs_context;
struct kobject;
struct task;
struct vmobject;

void fs_hook_context_get(struct fs_context *fs);
void fs_hook_context_put(struct fs_context *fs);
/** fs_hook_context_fork - a private copy; NULL: no memory. fs_hook_context_root - the
 * first task's; NULL: no memory. */
struct fs_context *fs_hook_context_fork(struct fs_context *fs);
struct fs_context *fs_hook_context_root(void);

void fs_hook_file_get(struct file *file);
void fs_hook_file_put(struct file *file);

/** fs_hook_open_exec - a file that current may execute, referenced; @path kernel memory.
 * Return: 0; -errno as execveat(2). */
__must_check int fs_hook_open_exec(int dirfd, const char *path, u32 at_flags, struct file **out);
u64 fs_hook_file_size(struct file *file);
/** fs_hook_file_read - into kernel memory. Return: bytes; -errno. */
__must_check long fs_hook_file_read(struct file *file, u64 pos, void *buf, size_t len);
/** fs_hook_file_map - the object that shows the contents, referenced; -ENODEV */
__must_check int fs_hook_file_map(struct file *file, struct vmobject **out);
/** fs_hook_setid - *euid, *egid changed as the set-id bits of @file say. True: they were. */
bool fs_hook_setid(struct file *file, u32 *euid, u32 *egid);
/** fs_hook_pidfd - a file that names @task. 0; -ENOMEM */
__must_check int fs_hook_pidfd(struct task *task, struct kobject **out);
/** fs_hook_console - descriptors 0, 1, 2 of process 1 */
__must_check int fs_hook_console(void);

/** fs_hook_aio_exit - @task leaves its space: contexts of io_setup(2) end */
void fs_hook_aio_exit(struct task *task);
