/* SPDX-License-Identifier: MIT */
/*
 * Mounts: which superblock shows at which name. (parent mount, mount point) is
 * the place; the same superblock may be mounted more than once. And the table
 * of file system types.
 *
 * Changes hold mount_mutex (RANK_MOUNT) and then dentry_tree_lock: either of
 * them suffices to read. A mount that was taken away keeps its parent pointers,
 * so that what is still open in it has a path.
 */
#pragma once

#include <fs/inode.h>
#include <kernel/abi/linux_misc.h>
#include <kernel/core/mutex.h>
#include <kernel/core/refcount.h>
#include <kernel/lib/list.h>

struct dentry;
struct path;
struct seq;

enum fs_type_flags {
	FS_NODEV = 1, /* needs no device: /proc/filesystems */
};

struct fs_type {
	const char *name;
	u32 flags;
	/** mount - *out = referenced superblock; @data: options, "" if none */
	int (*mount)(const struct fs_type *type, const char *data, struct superblock **out);
};

/** fs_type_register - before the first mount; at most 16 */
void fs_type_register(const struct fs_type *type);
const struct fs_type *fs_type_find(const char *name);
/** fs_type_at - n-th, NULL past the end */
const struct fs_type *fs_type_at(u32 n);

/* Lock key: i immutable, m mount_mutex and dentry_tree_lock,
 * t dentry_tree_lock. */
struct mount {
	struct refcount refs;
	u32 id;                     /* [i] */
	u32 flags;                  /* [m] MS_RDONLY, NOSUID, NODEV, NOEXEC */
	struct superblock *sb;      /* [i] referenced */
	struct dentry *root;        /* [i] referenced */
	struct mount *parent;       /* [m] referenced; NULL: the root mount */
	struct dentry *mountpoint;  /* [m] referenced */
	bool attached;              /* [m] */
	u32 crossings;              /* [t] how often a walk came in, */
	u32 expire_at;              /* [m] and the number that lets MNT_EXPIRE remove it */
	struct list_head link;      /* [m] all mounts, oldest first */
	struct mount *copy;         /* [m] while a tree is being bound */
	bool unbindable;            /* [m] MS_UNBINDABLE */
	char *source;               /* [i] first field of /proc/mounts */
};

/** mount_init - the root mount, a tmpfs. Panics when there is no memory. */
void mount_init(void);
struct mount *mount_root(void);
static inline void mount_get(struct mount *mount)
{
	refcount_get(&mount->refs);
}
void mount_release(struct mount *mount); /* the last reference is gone */
static inline void mount_put(struct mount *mount)
{
	if (unlikely(refcount_put(&mount->refs)))
		mount_release(mount);
}

static inline bool mount_read_only(const struct mount *mount)
{
	return ((mount->flags & MS_RDONLY) || (mount->sb->flags & SB_RDONLY));
}

/** mount_at - what is mounted on (@mount, @dentry) uppermost, referenced; NULL */
struct mount *mount_at(struct mount *mount, struct dentry *dentry);
/** mount_add - mount @type at @where. @flags MS_*. */
__must_check int mount_add(const struct fs_type *type, const char *source, const char *data,
			   u32 flags, const struct path *where);
/** mount_bind - show what is at @from at @where too; @recursive: with what is mounted
 * below it */
__must_check int mount_bind(const struct path *from, const struct path *where, bool recursive);
/** mount_move - the mount at @from, with all below it, to @where */
__must_check int mount_move(const struct path *from, const struct path *where);
/** mount_remount - @flags: MS_BIND: of this mount alone, else of the file system too,
 * with its options @data */
__must_check int mount_remount(const struct path *where, u32 flags, const char *data);
/** mount_propagation - MS_PRIVATE, SHARED, SLAVE or UNBINDABLE: there is one name space
 * of mounts, and mounts do not propagate in it, so only the last one means anything */
__must_check int mount_propagation(const struct path *where, u32 flags);
/** mount_pivot - pivot_root(2), but for the tasks' roots: mount @new becomes what
 * @root's is now, and that one is mounted at @put_old */
__must_check int mount_pivot(const struct path *root, const struct path *new,
			     const struct path *put_old);
/** mount_remove - umount2(2): -EINVAL no mount root, -EBUSY in use */
__must_check int mount_remove(const struct path *where, u32 flags);

/** mount_show, mount_show_info - lines of /proc/mounts and mountinfo as seen from @root */
void mount_show(struct seq *seq, const struct path *root);
void mount_show_info(struct seq *seq, const struct path *root);
