/* SPDX-License-Identifier: MIT */
/*
 * What a task sees of the tree: root, working directory, umask; shared by
 * CLONE_FS. And opening files from inside the kernel.
 */
#pragma once

#include <kernel/core/mutex.h>
#include <kernel/core/refcount.h>
#include <kernel/lib/types.h>

struct boot_info;
struct file;
struct fs_context;

/** fs_context_root - of the first task: "/" of the root mount. NULL: no memory */
struct fs_context *fs_context_root(void);
void fs_context_get(struct fs_context *fs);
void fs_context_put(struct fs_context *fs);
/** fs_context_fork - private copy. NULL: out of memory. */
struct fs_context *fs_context_fork(struct fs_context *fs);

/** fs_open - open @path (kernel memory) for current; @flags O_*; @dirfd as openat
 * Return: 0 and a referenced file; -errno. */
__must_check int fs_open(int dirfd, const char *path, u32 flags, u32 mode, struct file **out);
/** fs_open_exec - the same for execve: checks a regular file with x permission
 * (-EACCES), denies writers while it runs is left to -ETXTBSY of open */
__must_check int fs_open_exec(int dirfd, const char *path, u32 at_flags, struct file **out);
/** fs_setid - euid/egid that executing @file gives by its S_ISUID/S_ISGID bits */
bool fs_setid(struct file *file, u32 *euid, u32 *egid);

/** fs_init - root tmpfs, initrd unpacked (and its memory freed), devfs, procfs
 * registered, console opened lazily. Panics with a sentence on a bad initrd. */
void fs_init(const struct boot_info *info);
/** fs_open_console - handles 0, 1, 2 of process 1: /dev/console */
__must_check int fs_open_console(void);
