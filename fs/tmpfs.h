/* SPDX-License-Identifier: MIT */
/*
 * tmpfs: files in memory objects. Also ramfs (no limit), devtmpfs (one
 * instance, filled by devfs.c) and the nameless files of memfd_create().
 */
#pragma once

#include <fs/inode.h>

struct file;

/** tmpfs_init - caches and types; before the first mount */
void tmpfs_init(void);

/** tmpfs_create_super - an empty file system of @type; @max_pages 0: no limit */
__must_check int tmpfs_create_super(const struct fs_type *type, u64 magic, u64 max_pages,
				    struct superblock **out);
/** tmpfs_limits_again - of @sb: the defaults for what memory there is now. For the root,
 * which is mounted while the initrd's memory is not given to the allocator yet. */
void tmpfs_limits_again(struct superblock *sb);
/** tmpfs_memfd - a file in no folder, referenced; @name is for the reader of /proc
 * only. NULL: out of memory. */
struct inode *tmpfs_memfd(const char *name);
const char *tmpfs_memfd_name(struct inode *inode);

/* Seals (tmpfs_seal.c). */
/** tmpfs_init_seals - of a new memfd: @open: some may be added; @no_exec: not to be executed */
void tmpfs_init_seals(struct inode *inode, bool open, bool no_exec);
/** tmpfs_get_seals - fcntl(F_GET_SEALS); tmpfs_add_seals - F_ADD_SEALS. Return: seals or
 * 0; -EINVAL no such file; -EPERM -EBUSY. */
long tmpfs_get_seals(struct inode *inode);
__must_check int tmpfs_add_seals(struct file *file, u32 seals);
/** tmpfs_seals - F_SEAL_* in force, none for other files */
u32 tmpfs_seals(struct inode *inode);
