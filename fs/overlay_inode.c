/* SPDX-License-Identifier: MIT */
/*
 * overlay: inodes: which one a name means, and its attributes.
 *
 * The key of an inode in the inode cache is what it is made of: its upper inode, or
 * the uppermost lower dentry while there is no upper one (a dentry, so that two
 * names of one lower file are two files, as they become when one is changed). Both
 * are held by the inode, so the address is nobody else's.
 *
 * st_ino is the number of the uppermost lower inode, and stays that after a copy-up:
 * the copy remembers it in the attribute "origin". Numbers are unique across the
 * kernel's file systems (inode_number()).
 */
#include "overlay_priv.h"

#include <fs/chardev.h>
#include <fs/file.h>
#include <kernel/abi/errno.h>
#include <kernel/lib/string.h>
#include <mm/kmalloc.h>
#include <mm/slab.h>

static struct slab_cache *inode_slab;
static const struct file_ops special_ops = { .read = NULL }; /* special_open() replaces it */

void ovl_inode_init_cache(void)
{
	inode_slab = slab_create("overlay_inode", sizeof(struct ovl_inode), 64);
	PANIC_ON(!inode_slab, "overlay: no memory for inodes");
}

/* ---- attributes ---- */

static u32 links_of(const struct ovl_inode *oi, const struct inode *real)
{
	if (oi->flags & OVL_DEAD)
		return 0;
	/* As Linux: nobody counts the folders in a merged one; 1 tells find(1) so. */
	if (S_ISDIR(real->mode) && (oi->lower.nr > 1 || (oi->lower.nr && ovl_upper(oi))))
		return 1;
	return atomic_load_relaxed(&real->nlink);
}

void ovl_mirror(struct ovl_inode *oi)
{
	struct inode *inode = ovl_inode_of(oi), *real = ovl_real(oi);

	if (real->ops->refresh)
		real->ops->refresh(real);
	spin_lock(&oi->mirror_lock);
	real = ovl_real(oi);
	inode_set_mode(inode, real->mode);
	inode->uid = real->uid;
	inode->gid = real->gid;
	inode->atime_ns = real->atime_ns;
	inode->mtime_ns = real->mtime_ns;
	inode->ctime_ns = real->ctime_ns;
	inode->btime_ns = real->btime_ns;
	atomic_store_relaxed(&inode->nlink, links_of(oi, real));
	if (S_ISLNK(real->mode) || S_ISDIR(real->mode))
		inode->size = inode_size(real);
	spin_unlock(&oi->mirror_lock);
}

void ovl_removed(struct ovl_inode *oi)
{
	struct inode *upper = ovl_upper(oi);

	assert_mutex_held(&ovl_super_of_inode(oi)->names_lock);
	if (!upper || S_ISDIR(upper->mode) || !atomic_load_relaxed(&upper->nlink)) {
		oi->flags |= OVL_DEAD;
		inode_cache_forget(&oi->cached);
	}
	ovl_mirror(oi);
}

static void ovl_refresh(struct inode *inode)
{
	ovl_mirror(ovl_of(inode));
}

static struct inode *ovl_real_of(const struct inode *inode)
{
	return ovl_real(ovl_of(inode));
}

static int ovl_setattr(struct inode *inode, const struct inode_attr *req)
{
	struct ovl_inode *oi = ovl_of(inode);
	struct inode_attr attr = *req;
	int err = ovl_copy_up(oi);

	if (err)
		return err;
	/* inode_set_attr() may have taken setuid away from our copy of the mode. */
	if ((attr.valid & ATTR_SIZE) && !(attr.valid & ATTR_MODE) &&
	    inode->mode != ovl_upper(oi)->mode) {
		attr.valid |= ATTR_MODE;
		attr.mode = inode->mode;
	}
	err = ovl_layer_setattr(ovl_upper(oi), &attr);
	ovl_mirror(oi);
	return err;
}

static long ovl_readlink(struct inode *inode, char *buf, size_t size)
{
	struct inode *real = ovl_real(ovl_of(inode));

	return real->ops->readlink ? real->ops->readlink(real, buf, size) : -EINVAL;
}

/* ---- extended attributes: the caller holds our inode's lock ---- */

static long ovl_getxattr(struct inode *inode, const char *name, void *buf, size_t size)
{
	struct inode *real = ovl_real(ovl_of(inode));
	long ret;

	if (!real->ops->getxattr || ovl_is_private_xattr(ovl_super_of(inode->sb), name))
		return -EOPNOTSUPP;
	mutex_lock(&real->lock);
	ret = real->ops->getxattr(real, name, buf, size);
	mutex_unlock(&real->lock);
	return ret;
}

static int ovl_setxattr(struct inode *inode, const char *name, const void *value, size_t size,
			u32 flags)
{
	struct ovl_inode *oi = ovl_of(inode);
	struct inode *upper;
	int err;

	if (ovl_is_private_xattr(ovl_super_of(inode->sb), name))
		return -EOPNOTSUPP;
	/* What is not there is not worth a copy. */
	if (!value && ovl_getxattr(inode, name, NULL, 0) == -ENODATA)
		return -ENODATA;
	err = ovl_copy_up(oi);
	if (err)
		return err;
	upper = ovl_upper(oi);
	if (!upper->ops->setxattr)
		return -EOPNOTSUPP;
	mutex_lock(&upper->lock);
	err = upper->ops->setxattr(upper, name, value, size, flags);
	mutex_unlock(&upper->lock);
	ovl_mirror(oi);
	return err;
}

/* Of @len bytes of names in @list those that are not our own, into @buf. */
static long filter_names(const struct ovl_super *os, const char *list, size_t len, char *buf,
			 size_t size)
{
	size_t out = 0;

	for (const char *name = list; name < list + len; name += strlen(name) + 1) {
		size_t n = strlen(name) + 1;

		if (ovl_is_private_xattr(os, name))
			continue;
		if (size && size - out < n)
			return -ERANGE;
		if (size)
			memcpy(buf + out, name, n);
		out += n;
	}
	return (long)out;
}

static long ovl_listxattr(struct inode *inode, char *buf, size_t size, bool all)
{
	struct inode *real = ovl_real(ovl_of(inode));
	char *list = NULL;
	long len;

	if (!real->ops->listxattr)
		return 0;
	mutex_lock(&real->lock);
	len = real->ops->listxattr(real, NULL, 0, all);
	if (len > 0) {
		list = kmalloc((size_t)len, 0);
		len = list ? real->ops->listxattr(real, list, (size_t)len, all) : -ENOMEM;
	}
	mutex_unlock(&real->lock);
	if (len > 0)
		len = filter_names(ovl_super_of(inode->sb), list, (size_t)len, buf, size);
	kfree(list);
	return len;
}

/* ---- what a name means ---- */

/* Return: 0 go on below; 1 this was the last layer to look at; -errno. */
static int add_lower(const struct ovl_super *os, struct dentry *dentry, u32 room,
		     struct ovl_found *found)
{
	struct inode *inode = dentry_inode(dentry);
	bool dir = inode_is_dir(inode), first = !found->upper && !found->lower.nr;
	bool opaque = dir && ovl_is_opaque(os, inode);

	if ((!dir && !first) || ovl_is_whiteout(os, inode)) {
		dentry_put(dentry);
		return 1;
	}
	if (!found->lower.at && dir && room > 1) {
		found->lower.at = kcalloc(room, sizeof(struct dentry *), 0);
		if (!found->lower.at) {
			dentry_put(dentry);
			return -ENOMEM;
		}
	}
	if (found->lower.at)
		found->lower.at[found->lower.nr] = dentry;
	else
		found->lower.one = dentry;
	found->lower.nr++;
	return !dir || opaque;
}

/* Return: as add_lower(). */
static int find_upper(const struct ovl_super *os, struct ovl_inode *dir,
		      const struct fs_name *name, struct ovl_found *found)
{
	struct dentry *dentry;
	struct inode *inode;
	int err;

	if (!ovl_upper(dir))
		return 0;
	err = ovl_layer_lookup(dir->upper_dir, name, &dentry);
	if (err || !dentry)
		return err;
	inode = dentry_inode(dentry);
	if (ovl_is_whiteout(os, inode)) {
		dentry_put(dentry);
		return 1;
	}
	inode_get(inode);
	found->upper = inode;
	if (!inode_is_dir(inode)) {
		dentry_put(dentry);
		return 1;
	}
	found->upper_dir = dentry;
	return ovl_is_opaque(os, inode);
}

static void found_put(struct ovl_found *found)
{
	if (found->upper_dir)
		dentry_put(found->upper_dir);
	inode_put(found->upper);
	ovl_stack_put(&found->lower);
}

static int find(const struct ovl_super *os, struct ovl_inode *dir, const struct fs_name *name,
		struct ovl_found *found)
{
	int stop;

	*found = (struct ovl_found){ 0 };
	stop = find_upper(os, dir, name, found);
	for (u32 i = 0; !stop && i < dir->lower.nr; i++) {
		struct dentry *dentry;

		stop = ovl_layer_lookup(ovl_stack_at(&dir->lower, i), name, &dentry);
		if (!stop && dentry)
			stop = add_lower(os, dentry, dir->lower.nr - i, found);
	}
	if (stop >= 0 && !found->upper && !found->lower.nr)
		stop = -ENOENT;
	if (stop < 0)
		found_put(found);
	return MIN(stop, 0);
}

/* ---- the inode of it ---- */

struct origin {
	u64 dev, ino;
};

static u64 number_of(const struct ovl_super *os, const struct ovl_inode *oi)
{
	struct origin origin;

	if (oi->lower.nr)
		return dentry_inode(ovl_stack_at(&oi->lower, 0))->ino;
	if (S_ISDIR(oi->upper->mode) ||
	    ovl_xattr_get(os, oi->upper, "origin", &origin, sizeof(origin)) != sizeof(origin))
		return oi->upper->ino;
	for (u32 i = 0; i < os->lower.nr; i++)
		if (ovl_stack_at(&os->lower, i)->sb->dev == origin.dev)
			return origin.ino;
	return oi->upper->ino;
}

static const struct file_ops *ops_of(u32 mode)
{
	if (S_ISDIR(mode))
		return &ovl_dir_ops;
	return S_ISREG(mode) ? &ovl_file_ops : &special_ops;
}

static struct ovl_inode *new_inode(struct ovl_super *os, const struct ovl_found *found)
{
	struct ovl_inode *oi = slab_alloc(inode_slab, MEM_ZERO);
	struct inode *inode, *real;

	if (!oi)
		return NULL;
	oi->upper = found->upper;
	oi->upper_dir = found->upper_dir;
	oi->lower = found->lower;
	inode = ovl_inode_of(oi);
	real = ovl_real(oi);
	inode_init(inode, &os->sb, &ovl_inode_ops, ops_of(real->mode), real->mode);
	mutex_init(&inode->lock, (enum lock_rank)os->rank, "overlay_inode");
	spin_init(&oi->mirror_lock, RANK_INODE_CACHE, "overlay_mirror");
	inode_cache_setup(&oi->cached, inode_slab);
	inode->ino = number_of(os, oi);
	inode->rdev = real->rdev;
	if (found->upper_dir && !oi->lower.nr &&
	    ovl_xattr_get(os, found->upper, "impure", NULL, 0) >= 0)
		oi->flags |= OVL_IMPURE;
	ovl_mirror(oi);
	return oi;
}

int ovl_get_inode(struct ovl_super *os, struct ovl_found *found, struct inode **out)
{
	u64 key = found->upper ? (u64)(uintptr_t)found->upper
			       : (u64)(uintptr_t)ovl_stack_at(&found->lower, 0);
	struct ovl_inode *oi;

	assert_mutex_held(&os->names_lock);
	*out = inode_cache_find(&os->sb, key);
	if (*out) {
		found_put(found);
		return 0;
	}
	oi = new_inode(os, found);
	if (!oi) {
		found_put(found);
		return -ENOMEM;
	}
	inode_cache_insert(&oi->cached, key);
	*out = ovl_inode_of(oi);
	return 0;
}

int ovl_get_child(struct ovl_inode *dir, const struct fs_name *name, struct inode **out)
{
	struct ovl_super *os = ovl_super_of_inode(dir);
	struct ovl_found found;
	int err = find(os, dir, name, &found);

	return err ? err : ovl_get_inode(os, &found, out);
}

int ovl_lower_has(struct ovl_inode *dir, const struct fs_name *name)
{
	const struct ovl_super *os = ovl_super_of_inode(dir);

	for (u32 i = 0; i < dir->lower.nr; i++) {
		struct dentry *dentry;
		int has, err = ovl_layer_lookup(ovl_stack_at(&dir->lower, i), name, &dentry);

		if (err)
			return err;
		if (!dentry)
			continue;
		has = !ovl_is_whiteout(os, dentry_inode(dentry));
		dentry_put(dentry);
		return has;
	}
	return 0;
}

static int ovl_lookup(struct inode *dir, const struct fs_name *name, struct inode **out)
{
	struct ovl_super *os = ovl_super_of(dir->sb);
	int err;

	mutex_lock(&os->names_lock);
	err = ovl_get_child(ovl_of(dir), name, out);
	mutex_unlock(&os->names_lock);
	return err;
}

static void ovl_release(struct inode *inode)
{
	struct ovl_inode *oi = ovl_of(inode);

	special_release(inode);
	if (oi->upper_dir)
		dentry_put(oi->upper_dir);
	inode_put(oi->upper);
	ovl_stack_put(&oi->lower);
	inode_cache_free(&oi->cached);
}

const struct inode_ops ovl_inode_ops = {
	.lookup = ovl_lookup,
	.create = ovl_create,
	.symlink = ovl_symlink,
	.link = ovl_link,
	.unlink = ovl_unlink,
	.rename = ovl_rename,
	.tmpfile = ovl_tmpfile,
	.readlink = ovl_readlink,
	.setattr = ovl_setattr,
	.getxattr = ovl_getxattr,
	.setxattr = ovl_setxattr,
	.listxattr = ovl_listxattr,
	.refresh = ovl_refresh,
	.real = ovl_real_of,
	.open = ovl_open,
	.release = ovl_release,
};
