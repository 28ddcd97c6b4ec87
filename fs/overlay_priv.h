/* SPDX-License-Identifier: MIT */
/*
 * What the overlay*.c files share.
 *
 *   upper/          lowers[0]/      lowers[1]/          what is seen
 *     a               a, b            b, c                a (upper), b (0), c (1)
 *     c = whiteout                                        a, b
 *     d/ opaque       d/ x                                d/ without x
 *     e/ f            e/ g            e/ h                e/ f g h: a merged folder
 *
 * An overlay's inode stands for one file of the merged tree and outlives a copy-up:
 * `upper` is set once, and from then on all goes there. Layers are acted on through
 * their dentries (overlay_layer.c), so that their own name caches stay right; who
 * changes them directly meanwhile gets undefined names, but breaks nothing.
 *
 * Locks, outermost first; an overlay that has another as a layer uses the outer of
 * the two sets of ranks:
 *
 *   the overlay's inodes (VFS)      RANK_OVERLAY + 0
 *     os->copy_lock                 + 1   one copy-up at a time
 *       os->names_lock              + 2   what is called what: look-up, change, listing,
 *                                         and which of its layers an inode has
 *         inodes of the layers      the other set, or RANK_INODE
 *     oi->mirror_lock               spinlock: copying attributes, innermost
 *
 * Differs from Linux: fstat of a removed file that was never copied up says 0 links.
 * As there: a file opened for reading before its copy-up and mapped shared keeps
 * showing what it was; folders that are not the upper layer's alone are not renamed
 * (EXDEV: programs copy them); hard links of a lower layer are separate files once
 * one of them was changed.
 *
 * Source: Linux Documentation/filesystems/overlayfs.rst; man mount(8), "overlay".
 */
#pragma once

#include <fs/dentry.h>
#include <fs/inode_cache.h>
#include <fs/overlay.h>
#include <kernel/abi/linux_dirent.h>

#define OVL_MAX_LOWERS 64u
#define OVL_MAX_DEPTH  2u /* as Linux: one overlay in another */
/* An entry of a layer that says: nothing here (Linux's WHITEOUT_DEV). */
#define OVL_WHITEOUT_MODE (S_IFCHR | 0)

/* Room for a name that dentry_hash() reads in words. */
#define OVL_NAME_SIZE (NAME_MAX + 9)

/* Folders of some layers, uppermost first; or one file. Each is referenced. */
struct ovl_stack {
	u32 nr;
	struct dentry **at;   /* allocated when there is more than one */
	struct dentry *one;
};

static inline struct dentry *ovl_stack_at(const struct ovl_stack *stack, u32 i)
{
	return stack->at ? stack->at[i] : stack->one;
}

enum ovl_flags {
	OVL_IMPURE = 1,  /* [n] a folder of the upper layer alone with entries that are not */
	OVL_DEAD = 2,    /* [n] it has no name any more */
};

/* Lock key: i immutable   n names_lock   a atomic. */
struct ovl_inode {
	struct cached_inode cached;  /* first */
	struct inode *upper;         /* [a] referenced; NULL until it is copied up */
	struct dentry *upper_dir;    /* [a] folders: referenced; set before upper */
	struct ovl_stack lower;      /* [i] what it is made of below the upper layer */
	u32 flags;                   /* [n] enum ovl_flags */
	struct spinlock mirror_lock; /* the attributes of cached.inode are written under it */
};

struct ovl_super {
	struct superblock sb;
	struct mutex copy_lock, names_lock;
	struct dentry *upper, *work; /* [i] referenced; NULL: nothing can be changed */
	struct ovl_stack lower;      /* [i] the roots of the lower layers */
	struct inode *root_inode;    /* [i] its root dentry's */
	char *options;               /* [i] as /proc/mounts shows them */
	const char *prefix;          /* [i] of our xattrs: "trusted.overlay." */
	u32 rank;                    /* [i] RANK_OVERLAY or three more */
	u32 next_temp;               /* [a] names in the work folder */
};

static inline struct ovl_inode *ovl_of(const struct inode *inode)
{
	return (struct ovl_inode *)(uintptr_t)container_of(inode, struct ovl_inode, cached.inode);
}

static inline struct inode *ovl_inode_of(struct ovl_inode *oi)
{
	return &oi->cached.inode;
}

static inline struct ovl_super *ovl_super_of(const struct superblock *sb)
{
	return (struct ovl_super *)(uintptr_t)container_of(sb, struct ovl_super, sb);
}

static inline struct ovl_super *ovl_super_of_inode(const struct ovl_inode *oi)
{
	return ovl_super_of(oi->cached.inode.sb);
}

/* Pairs with the release in publish_upper(): the copy is complete. */
static inline struct inode *ovl_upper(const struct ovl_inode *oi)
{
	return atomic_load_acquire(&oi->upper);
}

/* The inode that has the attributes and contents now. */
static inline struct inode *ovl_real(const struct ovl_inode *oi)
{
	struct inode *upper = ovl_upper(oi);

	return upper ? upper : dentry_inode(ovl_stack_at(&oi->lower, 0));
}

/* A folder of the upper layer alone: it may be renamed. */
static inline bool ovl_is_pure(const struct ovl_inode *oi)
{
	return ovl_upper(oi) && !oi->lower.nr;
}

extern const struct inode_ops ovl_inode_ops;
extern const struct file_ops ovl_file_ops, ovl_dir_ops;

/* ---- overlay_layer.c: names and attributes of layers ---- */

/** ovl_layer_lookup - *out: referenced, or NULL when there is no such name */
__must_check int ovl_layer_lookup(struct dentry *dir, const struct fs_name *name,
				  struct dentry **out);
/* What is to be made: a file of @mode's type; a symlink to @target; a name of @link. */
struct ovl_new {
	u32 mode;
	u64 rdev;
	const char *target;
	struct inode *link;
};
__must_check int ovl_layer_make(struct dentry *dir, const struct fs_name *name,
				const struct ovl_new *what, struct dentry **out);
__must_check int ovl_layer_unlink(struct dentry *dir, const struct fs_name *name);
/** ovl_layer_discard - unlink what is of no use any more; says so when that fails */
void ovl_layer_discard(struct dentry *dir, const struct fs_name *name);
/** ovl_layer_rename - @flags RENAME_*; -EIO when a folder would come below itself */
__must_check int ovl_layer_rename(struct dentry *from_dir, const struct fs_name *from,
				  struct dentry *to_dir, const struct fs_name *to, u32 flags);
__must_check int ovl_layer_setattr(struct inode *inode, const struct inode_attr *attr);
/** ovl_xattr_get, ovl_xattr_set - one of the overlay's own, by what follows the prefix */
__must_check long ovl_xattr_get(const struct ovl_super *os, struct inode *inode, const char *name,
				void *buf, size_t size);
__must_check int ovl_xattr_set(const struct ovl_super *os, struct inode *inode, const char *name,
			       const void *value, size_t size);
bool ovl_is_private_xattr(const struct ovl_super *os, const char *name);
bool ovl_is_whiteout(const struct ovl_super *os, struct inode *inode);
bool ovl_is_opaque(const struct ovl_super *os, struct inode *inode);
__must_check int ovl_set_opaque(const struct ovl_super *os, struct inode *inode);
/** ovl_temp_name - an unused one for the work folder, in @buf of OVL_NAME_SIZE */
struct fs_name ovl_temp_name(struct ovl_super *os, char *buf);
void ovl_stack_put(struct ovl_stack *stack);

/* ---- overlay_inode.c ---- */

/* What a name was found to be; the references pass to the inode made of it. */
struct ovl_found {
	struct inode *upper;
	struct dentry *upper_dir;
	struct ovl_stack lower;
};
/** ovl_get_inode - the one inode of @found, referenced. names_lock held. */
__must_check int ovl_get_inode(struct ovl_super *os, struct ovl_found *found, struct inode **out);
/** ovl_get_child - what is called @name in @dir; -ENOENT. names_lock held. */
__must_check int ovl_get_child(struct ovl_inode *dir, const struct fs_name *name,
			       struct inode **out);
/** ovl_lower_has - does a lower layer of @dir show something as @name? names_lock held.
 * Return: 1, 0, -errno */
__must_check int ovl_lower_has(struct ovl_inode *dir, const struct fs_name *name);
/** ovl_mirror - the attributes of the real inode into the overlay's. Who changed the
 * real one calls this afterwards: then nothing older can come after it. */
void ovl_mirror(struct ovl_inode *oi);
/** ovl_removed - a name of @oi went; names_lock held */
void ovl_removed(struct ovl_inode *oi);
void ovl_inode_init_cache(void);

/* ---- overlay_copy.c ---- */

/** ovl_copy_up - from now on the upper layer has it. Not with names_lock held.
 * Return: 0; -EROFS no upper layer; -ENOSPC; -EIO the layers changed underneath */
__must_check int ovl_copy_up(struct ovl_inode *oi);

/* ---- overlay_dir.c: see inode_ops ---- */
int ovl_create(struct inode *dir, const struct fs_name *name, u32 mode, u64 rdev,
	       struct inode **out);
int ovl_symlink(struct inode *dir, const struct fs_name *name, const char *target,
		struct inode **out);
int ovl_link(struct inode *dir, const struct fs_name *name, struct inode *inode);
int ovl_unlink(struct inode *dir, const struct fs_name *name, struct inode *inode);
int ovl_rename(struct inode *from_dir, const struct fs_name *from, struct inode *inode,
	       struct inode *to_dir, const struct fs_name *to, struct inode *target, u32 flags);
int ovl_tmpfile(struct inode *dir, u32 mode, struct inode **out);

/* ---- overlay_readdir.c ---- */

/** ovl_is_empty - 0 when the merged folder shows nothing; -ENOTEMPTY. names_lock held. */
__must_check int ovl_is_empty(struct ovl_inode *dir);
/** ovl_clear_whiteouts - of @dir's upper folder. names_lock held. */
__must_check int ovl_clear_whiteouts(struct ovl_inode *dir);

/* ---- overlay_file.c ---- */
int ovl_open(struct inode *inode, struct file *file);
