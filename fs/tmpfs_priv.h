/* SPDX-License-Identifier: MIT */
/* What the tmpfs*.c files share: its inodes and superblocks. */
#pragma once

#include <fs/inode.h>
#include <fs/tmpfs.h>
#include <kernel/lib/rbtree.h>

/* What one inode, and each name beyond its first, counts against nr_inodes, in
 * bytes, as Linux's tmpfs counts; user.* attributes count by their size. */
#define TMPFS_INODE_SPACE 1024u

struct tmpfs_super {
	struct superblock sb;
	u64 max_pages;   /* [a] 0: no limit */
	u64 used_pages;  /* [a] */
	u64 max_inodes;  /* [a] 0: no limit */
	u64 used_space;  /* [a] bytes of TMPFS_INODE_SPACE an inode */
	u32 mode, uid, gid; /* [i] of the root, as the options gave them */
	bool size_set, inodes_set; /* [a] the limits were asked for, so they are shown */
	bool attributes; /* [i] keeps xattrs (ramfs does not) */
};

struct tmpfs_inode {
	struct inode inode;
	struct rb_tree names, order;    /* [n] folders */
	u64 next_seq;                   /* [n] */
	u32 live;                       /* [a] entries, | DIR_DEAD */
	u32 target_len;
	char *target;                   /* [i] symlinks; the name of a memfd */
	struct rb_tree xattrs;          /* [n] fs/xattr.h */
	u32 seals;                      /* [n][a] F_SEAL_* */
};

static inline struct tmpfs_inode *tmpfs_of(struct inode *inode)
{
	return container_of(inode, struct tmpfs_inode, inode);
}

static inline struct tmpfs_super *tmpfs_super_of(struct superblock *sb)
{
	return container_of(sb, struct tmpfs_super, sb);
}

extern const struct inode_ops tmpfs_inode_ops;
extern const struct file_ops tmpfs_file_ops, tmpfs_dir_ops;

/** tmpfs_new - an inode in no folder. -ENOSPC: no memory, or over nr_inodes */
__must_check int tmpfs_new(struct superblock *sb, const struct inode *dir, u32 mode, u64 rdev,
			   struct inode **out);
/** tmpfs_space_take - @bytes more of the room for inodes; false: there is none */
__must_check bool tmpfs_space_take(struct tmpfs_super *ts, u64 bytes);
void tmpfs_space_give(struct tmpfs_super *ts, u64 bytes);

#define TMPFS_MAX_BYTES 0x7fffffffffffffffull /* Linux's MAX_LFS_FILESIZE */

/* tmpfs_seal.c; the inode is locked */
/** tmpfs_seals_size - may the size become @size? -EPERM */
__must_check int tmpfs_seals_size(struct inode *inode, u64 size);
/** tmpfs_seals_write - how much of @len bytes may be written at @pos: > 0; -EPERM */
__must_check long tmpfs_seals_write(struct inode *inode, u64 pos, u64 len);

/* tmpfs_dir.c */
void tmpfs_dir_init(struct tmpfs_inode *ti);
void tmpfs_dir_free(struct tmpfs_inode *ti);
int tmpfs_lookup(struct inode *dir, const struct fs_name *name, struct inode **out);
int tmpfs_create(struct inode *dir, const struct fs_name *name, u32 mode, u64 rdev,
		 struct inode **out);
int tmpfs_symlink(struct inode *dir, const struct fs_name *name, const char *target,
		  struct inode **out);
long tmpfs_readlink(struct inode *inode, char *buf, size_t size);
int tmpfs_link(struct inode *dir, const struct fs_name *name, struct inode *inode);
int tmpfs_unlink(struct inode *dir, const struct fs_name *name, struct inode *inode);
int tmpfs_rename(struct inode *from_dir, const struct fs_name *from, struct inode *inode,
		 struct inode *to_dir, const struct fs_name *to, struct inode *target, u32 flags);
int tmpfs_tmpfile(struct inode *dir, u32 mode, struct inode **out);

/* tmpfs_options.c */
struct tmpfs_options {
	u64 max_pages, max_inodes;
	u32 mode, uid, gid;
	bool size_set, inodes_set;
};
/** tmpfs_parse - @data into *opt, whose members are the defaults. -EINVAL */
__must_check int tmpfs_parse(const char *data, struct tmpfs_options *opt);
/** tmpfs_default_pages - half of memory, the limit of pages and of inodes */
u64 tmpfs_default_pages(void);
/** tmpfs_show_options - as Linux: what differs from the defaults */
void tmpfs_show_options(struct superblock *sb, char *buf, size_t size);
