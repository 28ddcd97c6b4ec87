/* SPDX-License-Identifier: MIT */
/*
 * overlay: changing names. Where a lower layer shows something, its place in the
 * upper layer is never empty: there is what hides it, a file of ours, an opaque
 * folder or a whiteout, and one is replaced by the other in one step, by renaming
 * out of the work folder:
 *
 *   make over a whiteout    work/#n --rename-->   upper/name          (files)
 *                           work/#n <-exchange->  upper/name          (folders)
 *   remove                  work/whiteout --rename or exchange--> upper/name
 *   rename away             leaves a whiteout (RENAME_WHITEOUT)
 *
 * A step that fails half way leaves the tree as it looked before.
 */
#include "overlay_priv.h"

#include <kernel/abi/errno.h>
#include <kernel/abi/linux_fcntl.h>

/* ---- new names ---- */

static int make_whiteout(struct dentry *dir, const struct fs_name *name)
{
	static const struct ovl_new whiteout = { .mode = OVL_WHITEOUT_MODE };
	struct inode_attr owner = { .valid = ATTR_UID | ATTR_GID };
	struct dentry *dentry;
	int err = ovl_layer_make(dir, name, &whiteout, &dentry);

	if (err)
		return err;
	err = ovl_layer_setattr(dentry_inode(dentry), &owner);
	dentry_put(dentry);
	return err;
}

/* In a folder with S_ISGID what is made gets its group; the work folder has not the bit. */
static int inherit(struct inode *dir, struct inode *inode)
{
	struct inode_attr attr = { .valid = ATTR_GID, .gid = dir->gid };

	if (!(dir->mode & S_ISGID))
		return 0;
	if (S_ISDIR(inode->mode)) {
		attr.valid |= ATTR_MODE;
		attr.mode = inode->mode | S_ISGID;
	}
	return ovl_layer_setattr(inode, &attr);
}

/* @what in place of the whiteout @name in @dir. */
static int make_over_whiteout(struct ovl_super *os, struct dentry *dir, const struct fs_name *name,
			      const struct ovl_new *what, struct dentry **out)
{
	bool folder = S_ISDIR(what->mode) && !what->link;
	char buf[OVL_NAME_SIZE];
	struct fs_name temp = ovl_temp_name(os, buf);
	int err = ovl_layer_make(os->work, &temp, what, out);

	if (err)
		return err;
	if (!what->link)
		err = inherit(dir->inode, dentry_inode(*out));
	if (!err && folder)
		err = ovl_set_opaque(os, dentry_inode(*out));
	if (!err)
		err = ovl_layer_rename(os->work, &temp, dir, name, folder ? RENAME_EXCHANGE : 0);
	if (!err && !folder)
		return 0;
	/* What is in the work folder now: the failure, or the whiteout. */
	ovl_layer_discard(os->work, &temp);
	if (err)
		dentry_put(*out);
	return err;
}

/* @name is not seen in @dir, whose inode lock and names_lock are held. */
static int make(struct ovl_inode *dir, const struct fs_name *name, const struct ovl_new *what,
		struct dentry **out)
{
	struct ovl_super *os = ovl_super_of_inode(dir);
	struct dentry *old;
	int err;

	if (dir->flags & OVL_DEAD)
		return -ENOENT;
	err = ovl_layer_lookup(dir->upper_dir, name, &old);
	if (err)
		return err;
	if (!old) {
		err = ovl_layer_make(dir->upper_dir, name, what, out);
	} else {
		err = ovl_is_whiteout(os, dentry_inode(old)) ? 0 : -EIO;
		dentry_put(old);
		if (!err)
			err = make_over_whiteout(os, dir->upper_dir, name, what, out);
	}
	ovl_mirror(dir);
	return err;
}

/* The overlay's inode of @made, which is of the upper layer alone. */
static int adopt(struct ovl_super *os, struct dentry *made, struct inode **out)
{
	struct ovl_found found = { .upper = dentry_inode(made) };

	inode_get(found.upper);
	if (inode_is_dir(found.upper)) {
		dentry_get(made);
		found.upper_dir = made;
	}
	return ovl_get_inode(os, &found, out);
}

static int make_new(struct inode *dir, const struct fs_name *name, const struct ovl_new *what,
		    struct inode **out)
{
	struct ovl_super *os = ovl_super_of(dir->sb);
	struct dentry *made;
	int err = ovl_copy_up(ovl_of(dir));

	if (err)
		return err;
	mutex_lock(&os->names_lock);
	err = make(ovl_of(dir), name, what, &made);
	if (!err) {
		err = adopt(os, made, out);
		if (err)
			ovl_layer_discard(ovl_of(dir)->upper_dir, name);
		dentry_put(made);
	}
	mutex_unlock(&os->names_lock);
	return err;
}

int ovl_create(struct inode *dir, const struct fs_name *name, u32 mode, u64 rdev,
	       struct inode **out)
{
	/* A whiteout would hide itself. */
	if (S_ISCHR(mode) && !rdev)
		return -EPERM;
	return make_new(dir, name, &(struct ovl_new){ .mode = mode, .rdev = rdev }, out);
}

int ovl_symlink(struct inode *dir, const struct fs_name *name, const char *target,
		struct inode **out)
{
	return make_new(dir, name, &(struct ovl_new){ .mode = S_IFLNK, .target = target }, out);
}

static int mark_impure(struct ovl_super *os, struct ovl_inode *dir, struct ovl_inode *oi)
{
	if (!ovl_is_pure(dir) || (dir->flags & OVL_IMPURE) ||
	    ovl_inode_of(oi)->ino == ovl_upper(oi)->ino)
		return 0;
	dir->flags |= OVL_IMPURE;
	return ovl_xattr_set(os, ovl_upper(dir), "impure", "y", 1);
}

int ovl_link(struct inode *dir, const struct fs_name *name, struct inode *inode)
{
	struct ovl_super *os = ovl_super_of(dir->sb);
	struct ovl_inode *oi = ovl_of(inode);
	struct ovl_new what = { .mode = inode->mode };
	struct dentry *made;
	int err = ovl_copy_up(oi);

	if (!err)
		err = ovl_copy_up(ovl_of(dir));
	if (err)
		return err;
	what.link = ovl_upper(oi);
	/* O_TMPFILE: what the overlay was told is the layer's to know. */
	if (atomic_load_relaxed(&inode->flags) & INODE_LINKABLE)
		(void)atomic_fetch_or(&what.link->flags, (u32)INODE_LINKABLE);
	mutex_lock(&os->names_lock);
	err = mark_impure(os, ovl_of(dir), oi);
	if (!err)
		err = make(ovl_of(dir), name, &what, &made);
	if (!err) {
		dentry_put(made);
		(void)atomic_fetch_and(&inode->flags, ~(u32)INODE_LINKABLE);
		ovl_mirror(oi);
	}
	mutex_unlock(&os->names_lock);
	return err;
}

int ovl_tmpfile(struct inode *dir, u32 mode, struct inode **out)
{
	struct ovl_super *os = ovl_super_of(dir->sb);
	struct ovl_found found = { 0 };
	struct inode *upper_dir;
	int err = ovl_copy_up(ovl_of(dir));

	if (err)
		return err;
	upper_dir = ovl_upper(ovl_of(dir));
	if (!upper_dir->ops->tmpfile)
		return -EOPNOTSUPP;
	err = upper_dir->ops->tmpfile(upper_dir, mode, &found.upper);
	if (err)
		return err;
	mutex_lock(&os->names_lock);
	err = ovl_get_inode(os, &found, out);
	mutex_unlock(&os->names_lock);
	return err;
}

/* ---- removal ---- */

/* Nothing of @oi, an empty folder, may show through once its whiteouts are gone. */
static int empty_upper(struct ovl_super *os, struct ovl_inode *oi)
{
	int err = ovl_is_empty(oi);

	if (err || !ovl_upper(oi))
		return err;
	if (oi->lower.nr)
		err = ovl_set_opaque(os, ovl_upper(oi));
	return err ? err : ovl_clear_whiteouts(oi);
}

/* A whiteout takes the place of @name, which the upper layer has. */
static int replace_by_whiteout(struct ovl_super *os, struct dentry *dir,
			       const struct fs_name *name, bool folder)
{
	char buf[OVL_NAME_SIZE];
	struct fs_name temp = ovl_temp_name(os, buf);
	int err = make_whiteout(os->work, &temp);

	if (err)
		return err;
	err = ovl_layer_rename(os->work, &temp, dir, name, folder ? RENAME_EXCHANGE : 0);
	if (err) {
		ovl_layer_discard(os->work, &temp);
		return err;
	}
	if (!folder)
		return 0;
	err = ovl_layer_unlink(os->work, &temp);
	if (err && !ovl_layer_rename(os->work, &temp, dir, name, RENAME_EXCHANGE))
		ovl_layer_discard(os->work, &temp);
	return err;
}

static int remove_name(struct ovl_super *os, struct ovl_inode *dir, const struct fs_name *name,
		       struct ovl_inode *oi)
{
	bool folder = S_ISDIR(ovl_inode_of(oi)->mode);
	int hidden = ovl_lower_has(dir, name);
	int err = MIN(hidden, 0);

	if (!err && folder)
		err = empty_upper(os, oi);
	if (err)
		return err;
	if (!hidden)
		return ovl_layer_unlink(dir->upper_dir, name);
	if (!ovl_upper(oi))
		return make_whiteout(dir->upper_dir, name);
	return replace_by_whiteout(os, dir->upper_dir, name, folder);
}

int ovl_unlink(struct inode *dir, const struct fs_name *name, struct inode *inode)
{
	struct ovl_super *os = ovl_super_of(dir->sb);
	int err = ovl_copy_up(ovl_of(dir));

	if (err)
		return err;
	mutex_lock(&os->names_lock);
	err = remove_name(os, ovl_of(dir), name, ovl_of(inode));
	if (!err)
		ovl_removed(ovl_of(inode));
	ovl_mirror(ovl_of(dir));
	mutex_unlock(&os->names_lock);
	return err;
}

/* ---- rename ---- */

struct ovl_rename {
	struct ovl_super *os;
	struct ovl_inode *from_dir, *to_dir, *oi, *target; /* target: NULL none */
	const struct fs_name *from, *to;
	bool exchange;
	int from_hides, to_hides; /* a lower layer shows something by that name */
};

/* All that a rename moves is in the upper layer, and folders in no other. */
static int rename_copy_up(const struct ovl_rename *r)
{
	int err;

	if (S_ISDIR(ovl_inode_of(r->oi)->mode) && !ovl_is_pure(r->oi))
		return -EXDEV;
	if (r->exchange && S_ISDIR(ovl_inode_of(r->target)->mode) && !ovl_is_pure(r->target))
		return -EXDEV;
	err = ovl_copy_up(r->oi);
	if (!err)
		err = ovl_copy_up(r->from_dir);
	if (!err)
		err = ovl_copy_up(r->to_dir);
	return !err && r->exchange ? ovl_copy_up(r->target) : err;
}

/* A folder that comes where a lower layer has one shall not merge with it. */
static int rename_opaque(const struct ovl_rename *r)
{
	int err = 0;

	if (r->to_hides && S_ISDIR(ovl_inode_of(r->oi)->mode))
		err = ovl_set_opaque(r->os, ovl_upper(r->oi));
	if (!err && r->exchange && r->from_hides && S_ISDIR(ovl_inode_of(r->target)->mode))
		err = ovl_set_opaque(r->os, ovl_upper(r->target));
	return err;
}

static int rename_prepare(struct ovl_rename *r)
{
	int err;

	if ((r->from_dir->flags | r->to_dir->flags | r->oi->flags) & OVL_DEAD)
		return -ENOENT;
	r->from_hides = ovl_lower_has(r->from_dir, r->from);
	r->to_hides = ovl_lower_has(r->to_dir, r->to);
	if (r->from_hides < 0 || r->to_hides < 0)
		return MIN(r->from_hides, r->to_hides);
	err = rename_opaque(r);
	if (!err && r->target && !r->exchange && S_ISDIR(ovl_inode_of(r->target)->mode))
		err = empty_upper(r->os, r->target);
	if (!err)
		err = mark_impure(r->os, r->to_dir, r->oi);
	if (!err && r->exchange)
		err = mark_impure(r->os, r->from_dir, r->target);
	return err;
}

static int rename_upper(const struct ovl_rename *r)
{
	struct dentry *from_dir = r->from_dir->upper_dir, *to_dir = r->to_dir->upper_dir, *old;
	u32 flags = r->from_hides ? RENAME_WHITEOUT : 0;
	bool swap = false;
	int err;

	if (r->exchange)
		return ovl_layer_rename(from_dir, r->from, to_dir, r->to, RENAME_EXCHANGE);
	/* A folder cannot replace a whiteout, but change places with it. */
	if (S_ISDIR(ovl_inode_of(r->oi)->mode)) {
		err = ovl_layer_lookup(to_dir, r->to, &old);
		if (err)
			return err;
		swap = old && !inode_is_dir(dentry_inode(old));
		if (old)
			dentry_put(old);
	}
	if (!swap)
		return ovl_layer_rename(from_dir, r->from, to_dir, r->to, flags);
	err = ovl_layer_rename(from_dir, r->from, to_dir, r->to, RENAME_EXCHANGE);
	if (!err && !r->from_hides)
		ovl_layer_discard(from_dir, r->from);
	return err;
}

int ovl_rename(struct inode *from_dir, const struct fs_name *from, struct inode *inode,
	       struct inode *to_dir, const struct fs_name *to, struct inode *target, u32 flags)
{
	struct ovl_rename r = {
		.os = ovl_super_of(from_dir->sb), .from_dir = ovl_of(from_dir),
		.to_dir = ovl_of(to_dir), .oi = ovl_of(inode),
		.target = target ? ovl_of(target) : NULL, .from = from, .to = to,
		.exchange = flags & RENAME_EXCHANGE,
	};
	int err = flags & RENAME_WHITEOUT ? -EINVAL : rename_copy_up(&r);

	if (err)
		return err;
	mutex_lock(&r.os->names_lock);
	err = rename_prepare(&r);
	if (!err)
		err = rename_upper(&r);
	if (!err && r.target && !r.exchange)
		ovl_removed(r.target);
	if (!err && r.exchange)
		ovl_mirror(r.target);
	ovl_mirror(r.oi);
	ovl_mirror(r.from_dir);
	ovl_mirror(r.to_dir);
	mutex_unlock(&r.os->names_lock);
	return err;
}
