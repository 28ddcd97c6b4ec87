/* SPDX-License-Identifier: MIT */
/*
 * Inodes: files as their file system knows them, names apart; and superblocks:
 * one instance of a file system each.
 *
 *   dentry (name) --\                    /-- struct vmobject: contents of a
 *   dentry (name) ----> struct inode ---<    regular file; mmap shows the same
 *   struct file    --/        |          \-- priv: what the file system adds
 *                      struct superblock
 *
 * An inode lives while somebody holds a reference: its dentries, open files
 * and, in a file system without a disk, each directory entry that names it.
 * The lock of a directory protects its names; that of a file, its size
 * (truncation against writes) and attributes. Two inode locks are only ever
 * held as a pair, so nlink and a directory's liveness are atomic words.
 */
#pragma once

#include <kernel/abi/linux_stat.h>
#include <kernel/core/mutex.h>
#include <kernel/core/refcount.h>
#include <kernel/lib/types.h>

struct cred;
struct dentry;
struct file;
struct file_locks;
struct file_ops;
struct fs_type;
struct inode;
struct path;
struct superblock;
struct vmobject;
struct watch;

/* A name of one path component: not terminated, but followed by at least 7 bytes
 * that may be read (dentry.h hashes and compares words). */
struct fs_name {
	const char *str;
	u32 len;
};

enum inode_attr_valid {
	ATTR_MODE = 1,
	ATTR_UID = 2,
	ATTR_GID = 4,
	ATTR_SIZE = 8,
	ATTR_ATIME = 16,
	ATTR_MTIME = 32,
	ATTR_ATIME_SET = 64, /* to a given time: the owner's right alone */
	ATTR_MTIME_SET = 128,
	ATTR_OPEN = 256,     /* O_TRUNC: permission was checked by open */
};

struct inode_attr {
	u32 valid; /* enum inode_attr_valid */
	u32 mode, uid, gid;
	u64 size;
	s64 atime_ns, mtime_ns;
};

/* NULL members: -EPERM for what changes names, -EINVAL for readlink. @dir is
 * locked by the caller where a name is looked up or changed. */
struct inode_ops {
	/** lookup - *out = referenced inode called @name; -ENOENT */
	int (*lookup)(struct inode *dir, const struct fs_name *name, struct inode **out);
	/** create - a new inode of @mode's type, referenced; @name is free */
	int (*create)(struct inode *dir, const struct fs_name *name, u32 mode, u64 rdev,
		      struct inode **out);
	int (*symlink)(struct inode *dir, const struct fs_name *name, const char *target,
		       struct inode **out);
	int (*link)(struct inode *dir, const struct fs_name *name, struct inode *inode);
	/** unlink - files and folders; -ENOTEMPTY */
	int (*unlink)(struct inode *dir, const struct fs_name *name, struct inode *inode);
	/** rename - @target: what @to is called by now, or NULL; swapped with @inode
	 * by RENAME_EXCHANGE, else replaced. RENAME_WHITEOUT: leaves a whiteout.
	 * Both folders are locked. */
	int (*rename)(struct inode *from_dir, const struct fs_name *from, struct inode *inode,
		      struct inode *to_dir, const struct fs_name *to, struct inode *target,
		      u32 flags);
	/** tmpfile - a regular file of @mode without a name, nlink 0, referenced */
	int (*tmpfile)(struct inode *dir, u32 mode, struct inode **out);
	/** readlink - the text into @buf, not terminated; its length, at most @size */
	long (*readlink)(struct inode *inode, char *buf, size_t size);
	/** follow - magic links: where it leads, referenced; not by text */
	int (*follow)(struct inode *inode, struct path *out);
	/** permission - replaces the check of mode bits */
	int (*permission)(struct inode *inode, const struct cred *cred, u32 mask);
	/** setattr - inode locked, rights checked; size too is the file system's.
	 * NULL: -EPERM. Most call inode_apply_attr(). */
	int (*setattr)(struct inode *inode, const struct inode_attr *attr);
	/** getxattr - the value into @buf; its length; only that when @size is 0.
	 * -ENODATA, -ERANGE, -EOPNOTSUPP. These three: inode locked, rights checked.
	 * NULL: there are none. */
	long (*getxattr)(struct inode *inode, const char *name, void *buf, size_t size);
	/** setxattr - @flags XATTR_*; @value NULL removes it */
	int (*setxattr)(struct inode *inode, const char *name, const void *value, size_t size,
			u32 flags);
	/** listxattr - names, each NUL-ended; without @all none of "trusted." */
	long (*listxattr)(struct inode *inode, char *buf, size_t size, bool all);
	/** refresh - bring mode, uid, nlink up to date before they are shown */
	void (*refresh)(struct inode *inode);
	/** real - whose contents these are (fs/overlay.c): size and blocks; not referenced */
	struct inode *(*real)(const struct inode *inode);
	/** open - @file is set up with inode->fops; may replace ops and set priv */
	int (*open)(struct inode *inode, struct file *file);
	/** release - last reference: free everything, @inode too. May sleep. */
	void (*release)(struct inode *inode);
};

enum inode_flags {
	INODE_LINKABLE = 1, /* O_TMPFILE without O_EXCL: may be given its first name */
};

/* Lock key: i immutable   n inode lock   a atomic   Racy reads of [n] are fine. */
struct inode {
	struct refcount refs;
	u32 mode;                     /* [n] type bits [i]; inode_set_mode() */
	u32 uid, gid;                 /* [n] */
	u32 nlink;                    /* [a] */
	u32 flags;                    /* [a] enum inode_flags */
	s32 write_count;              /* [a] > 0 open for writing, < 0 being executed */
	struct watch *watches;        /* [a] fs/inotify.c: NULL nobody watches */
	u64 ino;                      /* [i] */
	u64 rdev;                     /* [i] linux_makedev() */
	struct superblock *sb;        /* [i] */
	const struct inode_ops *ops;  /* [i] */
	const struct file_ops *fops;  /* [i] */
	s64 atime_ns, mtime_ns, ctime_ns, btime_ns; /* [n] since 1970 */
	struct mutex lock;            /* RANK_INODE */
	u64 size;                     /* [n] when there is no object */
	struct vmobject *object;      /* [i] contents; its size is the file's */
	struct file_locks *locks;     /* [a] set once; fs/lock.c */
	void *priv;                   /* [i] of ops; a FIFO's pipe [n] */
};

enum superblock_flags {
	SB_UNCACHED = 1, /* names are looked up anew each time (procfs) */
	SB_RDONLY = 2,   /* [a] nobody writes, by whatever mount */
};

struct superblock {
	struct refcount refs;
	const struct fs_type *type;   /* [i] */
	u64 dev;                      /* [i] st_dev */
	u32 flags;                    /* [a] enum superblock_flags */
	u64 magic;                    /* [i] statfs f_type */
	struct dentry *root;          /* [i] */
	/** statfs - f_blocks, f_files, ...; the rest is filled in. NULL: zeros */
	void (*statfs)(struct superblock *sb, struct linux_statfs *st);
	/** options - ",size=..." for /proc/mounts; NULL: none */
	void (*options)(struct superblock *sb, char *buf, size_t size);
	/** remount - new options; -EINVAL. NULL: there are none to change */
	int (*remount)(struct superblock *sb, const char *data);
	void (*release)(struct superblock *sb); /* frees priv and sb */
	void *priv;
};

/** superblock_init - refs 1 and a device number of its own */
void superblock_init(struct superblock *sb, const struct fs_type *type, u64 magic);
static inline void superblock_get(struct superblock *sb)
{
	refcount_get(&sb->refs);
}
void superblock_put(struct superblock *sb);

/** inode_init - refs 1, nlink 1, times now, owner root; holds no reference on
 * @sb: its user does (a mount, or the file system for its own pseudo files) */
void inode_init(struct inode *inode, struct superblock *sb, const struct inode_ops *ops,
		const struct file_ops *fops, u32 mode);
/** inode_own - a new inode's owner: current's fs ids, S_ISGID folders give their
 * group (and S_ISGID to folders) */
void inode_own(struct inode *inode, const struct inode *dir);
/** inode_number - next unused number for file systems that keep none */
u64 inode_number(void);
static inline void inode_get(struct inode *inode)
{
	refcount_get(&inode->refs);
}
void inode_put(struct inode *inode);
/** inode_release - what inode_put() does with the last reference; for caches, which
 * take it away themselves */
void inode_release(struct inode *inode);
/** inode_anon - the shared inode of nameless files (eventfd); not referenced */
struct inode *inode_anon(void);

static inline bool inode_is_dir(const struct inode *inode)
{
	return S_ISDIR(inode->mode);
}
u64 inode_size(const struct inode *inode);
s64 inode_now(void);
void inode_touch_modified(struct inode *inode); /* mtime and ctime */
void inode_touch_changed(struct inode *inode);  /* ctime */
/** inode_touch_accessed - as relatime: only when older than mtime or a day */
void inode_touch_accessed(struct inode *inode);

#define MAY_EXEC  1u
#define MAY_WRITE 2u
#define MAY_READ  4u
/** inode_permission - may @cred do @mask (MAY_*) by owner, group, other?
 * Return: 0; -EACCES. User 0 may all but execute what nobody may. */
__must_check int inode_permission(struct inode *inode, const struct cred *cred, u32 mask);
/** inode_owner_or_root - utime, chmod, O_NOATIME */
bool inode_owner_or_root(const struct inode *inode, const struct cred *cred);

/** inode_set_attr - chmod, chown, utimensat, truncate for current: checks rights
 * and limits, drops setuid bits as Linux; takes the inode lock
 * Return: 0; -EPERM -EACCES -EINVAL -EISDIR -EFBIG -ETXTBSY ... */
__must_check int inode_set_attr(struct inode *inode, const struct inode_attr *attr);
/** inode_set_mode - type and mode of an inode that others may know; lock held */
void inode_set_mode(struct inode *inode, u32 mode);
/** inode_apply_attr - store checked values but the size; lock held */
void inode_apply_attr(struct inode *inode, const struct inode_attr *attr);
/** inode_drop_setid - after a write by other than root; lock held */
void inode_drop_setid(struct inode *inode);
void inode_stat(struct inode *inode, struct linux_stat *st);

/** inode_get_write, inode_put_write - count writers against executions.
 * Return: 0; -ETXTBSY. inode_deny_write, inode_allow_write: the other side. */
__must_check int inode_get_write(struct inode *inode);
void inode_put_write(struct inode *inode);
__must_check int inode_deny_write(struct inode *inode);
void inode_allow_write(struct inode *inode);
