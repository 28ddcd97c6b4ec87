/* SPDX-License-Identifier: MIT */
/* What the sys_*.c files of fs/ share: the file that arguments name. */
#pragma once

#include <fs/file.h>
#include <fs/path.h>
#include <kernel/abi/linux_misc.h>
#include <kernel/lib/types.h>

struct inode;

/* The file that (dirfd, path, AT_* flags) name. Without a name of its own
 * (AT_EMPTY_PATH on a pipe) path.dentry is NULL. */
struct target {
	struct inode *inode; /* referenced itself only without path */
	struct path path;    /* referenced, or NULLs */
};

/** target_get - @lookup: LOOKUP_FOLLOW, LOOKUP_ACCESS(); what @at_flags means for it
 * besides AT_EMPTY_PATH is the caller's */
__must_check int target_get(int dirfd, const char __user *upath, u32 at_flags, u32 lookup,
			    struct target *out);
/** lookup_unless_nofollow - LOOKUP_FOLLOW, or 0 with AT_SYMLINK_NOFOLLOW in @at_flags */
static inline u32 lookup_unless_nofollow(u32 at_flags)
{
	return at_flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW;
}
/** target_get_fd - the same of a descriptor that has @rights */
__must_check int target_get_fd(int fd, u32 rights, struct target *out);
void target_put(struct target *target);
/** target_writable - -EROFS on a read-only mount */
__must_check int target_writable(const struct target *target);

/* A vector copied in once and checked; small ones live in the caller's frame. */
#define IOV_INLINE 8u
struct vector {
	struct iov_seg small[IOV_INLINE];
	struct iov_seg *seg;
	struct iov_iter it;
};
static_assert(sizeof(struct iov_seg) == sizeof(struct linux_iovec), "copied as they are");

/** vector_get - Return: 0, and vector_put() is due; -EINVAL; -EFAULT; -ENOMEM */
__must_check int vector_get(struct vector *v, const struct linux_iovec __user *uiov, int count);
void vector_put(struct vector *v);
