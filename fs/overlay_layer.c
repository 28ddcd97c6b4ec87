/* SPDX-License-Identifier: MIT */
/*
 * overlay: acting on layers. Everything goes through the layer's dentries, under
 * the locks of its folders, as if a program did it; only rights are not asked
 * again, since the overlay's own inodes were.
 */
#include "overlay_priv.h"

#include <fs/path.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_fcntl.h>
#include <kernel/core/log.h>
#include <kernel/lib/format.h>
#include <kernel/lib/string.h>
#include <mm/kmalloc.h>

#define XATTR_BUF 64 /* the longest of our names */

int ovl_layer_lookup(struct dentry *dir, const struct fs_name *name, struct dentry **out)
{
	struct dentry *dentry;
	int err = dentry_lookup(dir, name, dentry_hash(dir, name), &dentry);

	*out = NULL;
	if (err)
		return err == -ENOENT ? 0 : err;
	if (dentry_inode(dentry))
		*out = dentry;
	else
		dentry_put(dentry);
	return 0;
}

static int make_locked(struct inode *dir, const struct fs_name *name, const struct ovl_new *what,
		       struct inode **out)
{
	int err;

	if (what->link) {
		err = dir->ops->link ? dir->ops->link(dir, name, what->link) : -EPERM;
		if (!err)
			inode_get(what->link);
		*out = what->link;
		return err;
	}
	if (S_ISLNK(what->mode))
		return dir->ops->symlink ? dir->ops->symlink(dir, name, what->target, out) : -EPERM;
	return dir->ops->create ? dir->ops->create(dir, name, what->mode, what->rdev, out) : -EPERM;
}

int ovl_layer_make(struct dentry *dir, const struct fs_name *name, const struct ovl_new *what,
		   struct dentry **out)
{
	struct inode *inode;
	struct dentry *dentry;
	int err;

	mutex_lock(&dir->inode->lock);
	err = dentry_lookup_locked(dir, name, dentry_hash(dir, name), &dentry);
	if (err)
		goto out;
	if (dentry_inode(dentry))
		err = -EEXIST;
	else
		err = make_locked(dir->inode, name, what, &inode);
	if (err) {
		dentry_put(dentry);
	} else {
		dentry_instantiate(dentry, inode);
		*out = dentry;
	}
out:
	mutex_unlock(&dir->inode->lock);
	return err;
}

int ovl_layer_unlink(struct dentry *dir, const struct fs_name *name)
{
	struct inode *folder = dir->inode, *inode;
	struct dentry *dentry;
	int err;

	mutex_lock(&folder->lock);
	err = dentry_lookup_locked(dir, name, dentry_hash(dir, name), &dentry);
	if (err) {
		mutex_unlock(&folder->lock);
		return err;
	}
	inode = dentry_inode(dentry);
	if (!inode)
		err = -ENOENT;
	else if (dentry->flags & DENTRY_MOUNTED)
		err = -EBUSY;
	else
		err = folder->ops->unlink ? folder->ops->unlink(folder, name, inode) : -EPERM;
	if (!err)
		dentry_kill(dentry);
	mutex_unlock(&folder->lock);
	dentry_put(dentry);
	return err;
}

void ovl_layer_discard(struct dentry *dir, const struct fs_name *name)
{
	int err = ovl_layer_unlink(dir, name);

	if (err)
		log_warn("overlay: %.*s stays in the work folder: error %d", (int)name->len,
			 name->str, -err);
}

static int check_rename(const struct name_place *from, const struct name_place *to, u32 flags)
{
	if (!dentry_inode(from->dentry) || ((flags & RENAME_EXCHANGE) && !dentry_inode(to->dentry)))
		return -ENOENT;
	if ((flags & RENAME_NOREPLACE) && dentry_inode(to->dentry))
		return -EEXIST;
	/* Somebody moved folders of the layer: no knots. */
	if (dentry_is_below(to->dir, from->dentry) || dentry_is_below(from->dir, to->dentry))
		return -EIO;
	return 0;
}

int ovl_layer_rename(struct dentry *from_dir, const struct fs_name *from, struct dentry *to_dir,
		     const struct fs_name *to, u32 flags)
{
	struct name_place old = { from_dir, *from, NULL }, new = { to_dir, *to, NULL };
	int err;

	mutex_lock_pair(&from_dir->inode->lock, &to_dir->inode->lock);
	err = dentry_lookup_locked(from_dir, from, dentry_hash(from_dir, from), &old.dentry);
	if (!err)
		err = dentry_lookup_locked(to_dir, to, dentry_hash(to_dir, to), &new.dentry);
	if (!err)
		err = check_rename(&old, &new, flags);
	if (!err)
		err = name_move(&old, &new, flags);
	mutex_unlock_pair(&from_dir->inode->lock, &to_dir->inode->lock);
	if (old.dentry)
		dentry_put(old.dentry);
	if (new.dentry)
		dentry_put(new.dentry);
	return err;
}

int ovl_layer_setattr(struct inode *inode, const struct inode_attr *attr)
{
	int err;

	if (!inode->ops->setattr)
		return -EPERM;
	mutex_lock(&inode->lock);
	err = inode->ops->setattr(inode, attr);
	mutex_unlock(&inode->lock);
	return err;
}

/* ---- our own attributes ---- */

long ovl_xattr_get(const struct ovl_super *os, struct inode *inode, const char *name, void *buf,
		   size_t size)
{
	char full[XATTR_BUF];
	long ret;

	if (!inode->ops->getxattr)
		return -EOPNOTSUPP;
	snprintf(full, sizeof(full), "%s%s", os->prefix, name);
	mutex_lock(&inode->lock);
	ret = inode->ops->getxattr(inode, full, buf, size);
	mutex_unlock(&inode->lock);
	return ret;
}

int ovl_xattr_set(const struct ovl_super *os, struct inode *inode, const char *name,
		  const void *value, size_t size)
{
	char full[XATTR_BUF];
	int err;

	if (!inode->ops->setxattr)
		return -EOPNOTSUPP;
	snprintf(full, sizeof(full), "%s%s", os->prefix, name);
	mutex_lock(&inode->lock);
	err = inode->ops->setxattr(inode, full, value, size, 0);
	mutex_unlock(&inode->lock);
	return err;
}

bool ovl_is_private_xattr(const struct ovl_super *os, const char *name)
{
	return !strncmp(name, os->prefix, strlen(os->prefix));
}

/* Linux 6.7 added the second form, for layers made where no device node may be. */
bool ovl_is_whiteout(const struct ovl_super *os, struct inode *inode)
{
	if (S_ISCHR(inode->mode))
		return inode->rdev == 0;
	return S_ISREG(inode->mode) && !inode_size(inode) &&
	       ovl_xattr_get(os, inode, "whiteout", NULL, 0) >= 0;
}

bool ovl_is_opaque(const struct ovl_super *os, struct inode *inode)
{
	char value;

	return ovl_xattr_get(os, inode, "opaque", &value, 1) == 1 && value == 'y';
}

int ovl_set_opaque(const struct ovl_super *os, struct inode *inode)
{
	return ovl_xattr_set(os, inode, "opaque", "y", 1);
}

/* ---- helpers ---- */

struct fs_name ovl_temp_name(struct ovl_super *os, char *buf)
{
	int len = snprintf(buf, OVL_NAME_SIZE, "#%x", atomic_fetch_add(&os->next_temp, 1));

	return (struct fs_name){ buf, (u32)len };
}

void ovl_stack_put(struct ovl_stack *stack)
{
	for (u32 i = 0; i < stack->nr; i++)
		dentry_put(ovl_stack_at(stack, i));
	kfree(stack->at);
	*stack = (struct ovl_stack){ 0 };
}
