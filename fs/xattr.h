/* SPDX-License-Identifier: MIT */
/*
 * Extended attributes: who may see and set them, and a set of them in memory
 * for file systems that keep theirs there.
 */
#pragma once

#include <kernel/lib/types.h>

struct inode;
struct rb_tree;

/** xattr_get, xattr_set, xattr_remove, xattr_list - for current, with its rights
 * checked as Linux does; see inode_ops. They take the inode lock.
 * Return: bytes or 0; -EOPNOTSUPP -ENODATA -ERANGE -EPERM -EACCES -EEXIST ... */
__must_check long xattr_get(struct inode *inode, const char *name, void *buf, size_t size);
__must_check int xattr_set(struct inode *inode, const char *name, const void *value, size_t size,
			   u32 flags);
__must_check int xattr_remove(struct inode *inode, const char *name);
__must_check long xattr_list(struct inode *inode, char *buf, size_t size);

/* The set: an rb tree, so that thousands on one file harm nobody but their owner.
 * The caller locks. */
__must_check long xattrs_get(const struct rb_tree *set, const char *name, void *buf, size_t size);
/** xattrs_set - @value NULL removes. *replaced: there was one, of *old_size bytes */
__must_check int xattrs_set(struct rb_tree *set, const char *name, const void *value, size_t size,
			    u32 flags, bool *replaced, size_t *old_size);
__must_check long xattrs_list(const struct rb_tree *set, char *buf, size_t size, bool all);
/** xattrs_space - memory that an attribute takes */
u64 xattrs_space(const char *name, size_t size);
/** xattrs_free - all of them. Return: the sum of what @space says of each */
u64 xattrs_free(struct rb_tree *set, u64 (*space)(const char *name, size_t size));
