/* SPDX-License-Identifier: MIT */
/*
 * tmpfs: files in memory objects. Also ramfs (no limit), devtmpfs (one
 * instance, filled by devfs.c) and the nameless files of memfd_create().
 */
#pragma once

#include <fs/inode.h>

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
