/* SPDX-License-Identifier: MIT */
/*
 * overlay: copy-up. A copy is made in the work folder, complete with contents and
 * attributes, and then moved to its place: nobody sees half of one.
 *
 *   work/#1f  --data, xattrs, owner, mode, times-->  --rename-->  upper/a/b/name
 *
 * Where that place is the lower dentry tells: as nothing of a lower layer is ever
 * renamed, its path in the layer is its path in the overlay. Folders above that
 * have no upper copy get one first, from the top. What was removed is copied too when
 * somebody who holds it open changes it: without a name.
 */
#include "overlay_priv.h"

#include <fs/file.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_fcntl.h>
#include <kernel/core/log.h>
#include <kernel/lib/string.h>
#include <kernel/sched/sched.h>
#include <mm/kmalloc.h>

#define CHUNK 16384u

/* ---- contents ---- */

/* The next stretch of data of @from at or behind @pos; -ENXIO when there is none. */
static s64 next_data(struct file *from, u64 pos)
{
	s64 ret = from->ops->seek ? from->ops->seek(from, (s64)pos, SEEK_DATA) : -EINVAL;

	return ret == -EINVAL ? (s64)pos : ret;
}

static long write_all(struct file *to, char *buf, size_t len, u64 pos)
{
	struct iov_iter it;
	long n = 0;

	iov_iter_init_kernel(&it, buf, len);
	while (it.left && n >= 0) {
		n = to->ops->write(to, &it, &pos);
		if (n == 0)
			n = -EIO;
	}
	return n < 0 ? n : (long)len;
}

static long copy_chunk(struct file *from, struct file *to, char *buf, u64 pos)
{
	struct iov_iter it;
	u64 at = pos;
	long n;

	iov_iter_init_kernel(&it, buf, CHUNK);
	n = from->ops->read(from, &it, &at);
	return n > 0 ? write_all(to, buf, (size_t)n, pos) : n;
}

static int copy_stretches(struct file *from, struct file *to, char *buf, u64 size)
{
	u64 pos = 0;
	long n = 0;

	while (pos < size) {
		s64 data = next_data(from, pos);

		if (data < 0)
			return data == -ENXIO ? 0 : (int)data;
		pos = (u64)data;
		n = copy_chunk(from, to, buf, pos);
		if (n <= 0)
			break;
		pos += (u64)n;
		sched_point();
	}
	return (int)MIN(n, 0l);
}

static int copy_data(struct inode *lower, struct inode *upper)
{
	u64 size = inode_size(lower);
	struct file *from, *to;
	char *buf;
	int err;

	if (!size)
		return 0;
	err = file_open(lower, NULL, O_RDONLY, &from);
	if (err)
		return err;
	err = file_open(upper, NULL, O_WRONLY, &to);
	if (err)
		goto err_from;
	buf = kmalloc(CHUNK, 0);
	err = -ENOMEM;
	if (buf && from->ops->read && to->ops->write)
		err = copy_stretches(from, to, buf, size);
	kfree(buf);
	file_put(to);
	/* A hole at the end. */
	if (!err && inode_size(upper) < size)
		err = ovl_layer_setattr(upper, &(struct inode_attr){ .valid = ATTR_SIZE,
								    .size = size });
err_from:
	file_put(from);
	return err;
}

/* ---- attributes ---- */

static int copy_xattr(struct inode *lower, struct inode *upper, const char *name)
{
	void *value;
	long len;
	int err = -ENOMEM;

	mutex_lock(&lower->lock);
	len = lower->ops->getxattr(lower, name, NULL, 0);
	value = len >= 0 ? kmalloc((size_t)MAX(len, 1l), 0) : NULL;
	if (value && len)
		len = lower->ops->getxattr(lower, name, value, (size_t)len);
	mutex_unlock(&lower->lock);
	if (value && len >= 0) {
		mutex_lock(&upper->lock);
		err = upper->ops->setxattr(upper, name, value, (size_t)len, 0);
		mutex_unlock(&upper->lock);
	}
	kfree(value);
	return len < 0 ? (int)len : err;
}

static int copy_xattrs(const struct ovl_super *os, struct inode *lower, struct inode *upper)
{
	char *list = NULL;
	long len;
	int err = 0;

	if (!lower->ops->listxattr || !lower->ops->getxattr || !upper->ops->setxattr)
		return 0;
	mutex_lock(&lower->lock);
	len = lower->ops->listxattr(lower, NULL, 0, true);
	if (len > 0) {
		list = kmalloc((size_t)len, 0);
		len = list ? lower->ops->listxattr(lower, list, (size_t)len, true) : -ENOMEM;
	}
	mutex_unlock(&lower->lock);
	for (const char *name = list; len > 0 && !err && name < list + len;
	     name += strlen(name) + 1)
		if (!ovl_is_private_xattr(os, name))
			err = copy_xattr(lower, upper, name);
	kfree(list);
	return len < 0 ? (int)len : err;
}

static int copy_attr(struct inode *lower, struct inode *upper)
{
	struct inode_attr attr = {
		.valid = ATTR_MODE | ATTR_UID | ATTR_GID | ATTR_ATIME | ATTR_ATIME_SET |
			 ATTR_MTIME | ATTR_MTIME_SET,
		.mode = lower->mode, .uid = lower->uid, .gid = lower->gid,
		.atime_ns = lower->atime_ns, .mtime_ns = lower->mtime_ns,
	};

	return ovl_layer_setattr(upper, &attr);
}

/* Its number outlives the copy, where the file was one: see number_of(). */
static int note_origin(const struct ovl_super *os, struct inode *lower, struct inode *upper)
{
	u64 origin[2] = { lower->sb->dev, lower->ino };

	if (S_ISDIR(lower->mode) || atomic_load_relaxed(&lower->nlink) != 1)
		return 0;
	return ovl_xattr_set(os, upper, "origin", origin, sizeof(origin));
}

static int fill_copy(const struct ovl_super *os, struct inode *lower, struct inode *upper)
{
	int err = S_ISREG(lower->mode) ? copy_data(lower, upper) : 0;

	if (!err)
		err = copy_xattrs(os, lower, upper);
	if (!err)
		err = note_origin(os, lower, upper);
	return err ? err : copy_attr(lower, upper);
}

/* ---- one copy ---- */

/* An empty one of @lower's kind in the work folder. */
static int make_copy(struct ovl_super *os, struct inode *lower, const struct fs_name *temp,
		     struct dentry **out)
{
	struct ovl_new what = { .mode = lower->mode, .rdev = lower->rdev };
	char *target = NULL;
	long len = 0;
	int err;

	if (S_ISLNK(lower->mode)) {
		target = kzalloc(PATH_MAX, 0);
		if (!target)
			return -ENOMEM;
		len = lower->ops->readlink(lower, target, PATH_MAX - 1);
		what.target = target;
	}
	err = len < 0 ? (int)len : ovl_layer_make(os->work, temp, &what, out);
	kfree(target);
	return err;
}

/* To its place below @parent, whose times stay: to the user nothing happened there. */
static int place_copy(struct ovl_super *os, const struct fs_name *temp, struct ovl_inode *parent,
		      const struct fs_name *name)
{
	struct inode *dir = parent->upper_dir->inode;
	struct inode_attr times = {
		.valid = ATTR_ATIME | ATTR_ATIME_SET | ATTR_MTIME | ATTR_MTIME_SET,
		.atime_ns = dir->atime_ns, .mtime_ns = dir->mtime_ns,
	};
	int err = ovl_layer_rename(os->work, temp, parent->upper_dir, name, RENAME_NOREPLACE);

	if (err)
		return err == -EEXIST ? -EIO : err;
	err = ovl_layer_setattr(dir, &times);
	if (err)
		log_warn("overlay: the times of a folder changed: error %d", -err);
	ovl_mirror(parent);
	return 0;
}

static void publish_upper(struct ovl_inode *oi, struct dentry *copy)
{
	struct inode *upper = dentry_inode(copy), *inode = ovl_inode_of(oi);

	inode_get(upper);
	if (S_ISDIR(upper->mode)) {
		dentry_get(copy);
		oi->upper_dir = copy;
	} else if (atomic_load_relaxed(&ovl_real(oi)->nlink) > 1) {
		inode->ino = upper->ino; /* the other names keep the old file */
	}
	/* Pairs with the acquire in ovl_upper(). */
	atomic_store_release(&oi->upper, upper);
	if (!(oi->flags & OVL_DEAD))
		inode_cache_rekey(&oi->cached, (u64)(uintptr_t)upper);
	ovl_mirror(oi);
}

/* @parent has an upper copy; NULL: @oi has no name any more. copy_lock held. */
static int copy_one(struct ovl_super *os, struct ovl_inode *oi, struct ovl_inode *parent,
		    const struct fs_name *name)
{
	struct inode *lower = ovl_real(oi);
	char buf[OVL_NAME_SIZE];
	struct fs_name temp = ovl_temp_name(os, buf);
	struct dentry *copy;
	int err = make_copy(os, lower, &temp, &copy);

	if (err)
		return err;
	err = fill_copy(os, lower, dentry_inode(copy));
	if (err) {
		ovl_layer_discard(os->work, &temp);
		goto out;
	}
	mutex_lock(&os->names_lock);
	if (oi->flags & OVL_DEAD || !parent) {
		err = ovl_layer_unlink(os->work, &temp);
	} else {
		err = place_copy(os, &temp, parent, name);
		if (err)
			ovl_layer_discard(os->work, &temp);
	}
	if (!err)
		publish_upper(oi, copy);
	mutex_unlock(&os->names_lock);
out:
	dentry_put(copy);
	return err;
}

/* ---- the way to it ---- */

/* The dentries from below a layer's root down to @to. */
struct way {
	u32 nr;
	struct dentry **at;
};

static bool is_layer_root(const struct ovl_super *os, const struct dentry *dentry)
{
	for (u32 i = 0; i < os->lower.nr; i++)
		if (ovl_stack_at(&os->lower, i) == dentry)
			return true;
	return false;
}

/* Their number, 0 when no root of a layer is above; up to @room of the last into @at,
 * referenced. */
static u32 climb(const struct ovl_super *os, struct dentry *to, struct dentry **at, u32 room)
{
	struct dentry *dentry = to;
	u32 n = 0;

	spin_lock(&dentry_tree_lock);
	while (!is_layer_root(os, dentry) && dentry->parent != dentry) {
		n++;
		if (n <= room) {
			dentry_get(dentry);
			at[room - n] = dentry;
		}
		dentry = dentry->parent;
	}
	if (!is_layer_root(os, dentry))
		n = 0;
	spin_unlock(&dentry_tree_lock);
	return n;
}

static void way_put(struct way *way)
{
	for (u32 i = 0; i < way->nr; i++)
		if (way->at[i])
			dentry_put(way->at[i]);
	kfree(way->at);
}

static int way_get(const struct ovl_super *os, struct dentry *to, struct way *way)
{
	u32 n = climb(os, to, NULL, 0);

	if (!n)
		return -EIO;
	way->nr = n;
	way->at = kcalloc(n, sizeof(struct dentry *), MEM_ZERO);
	if (!way->at)
		return -ENOMEM;
	if (climb(os, to, way->at, n) == n)
		return 0;
	way_put(way); /* somebody moved folders of the layer just now */
	return -EIO;
}

static int copy_dir(struct ovl_super *os, struct ovl_inode *parent, const struct fs_name *name,
		    struct inode **out)
{
	int err;

	mutex_lock(&os->names_lock);
	err = ovl_get_child(parent, name, out);
	mutex_unlock(&os->names_lock);
	if (err)
		return err == -ENOENT ? -EIO : err;
	if (!inode_is_dir(*out))
		err = -EIO;
	else if (!ovl_upper(ovl_of(*out)))
		err = copy_one(os, ovl_of(*out), parent, name);
	if (err)
		inode_put(*out);
	return err;
}

static int copy_with_parents(struct ovl_super *os, struct ovl_inode *oi)
{
	struct inode *dir = os->root_inode, *next;
	char *buf = kmalloc(OVL_NAME_SIZE, 0);
	struct fs_name name;
	struct way way;
	int err;

	if (!buf)
		return -ENOMEM;
	err = way_get(os, ovl_stack_at(&oi->lower, 0), &way);
	if (err)
		goto out;
	inode_get(dir);
	for (u32 i = 0; !err && i + 1 < way.nr; i++) {
		name = dentry_copy_name(way.at[i], buf);
		err = copy_dir(os, ovl_of(dir), &name, &next);
		if (!err) {
			inode_put(dir);
			dir = next;
		}
	}
	name = dentry_copy_name(way.at[way.nr - 1], buf);
	if (!err)
		err = copy_one(os, oi, ovl_of(dir), &name);
	inode_put(dir);
	way_put(&way);
out:
	kfree(buf);
	return err;
}

int ovl_copy_up(struct ovl_inode *oi)
{
	struct ovl_super *os = ovl_super_of_inode(oi);
	int err = 0;

	if (ovl_upper(oi))
		return 0;
	if (!os->upper)
		return -EROFS;
	mutex_lock(&os->copy_lock);
	if (!ovl_upper(oi))
		err = oi->flags & OVL_DEAD ? copy_one(os, oi, NULL, NULL)
					   : copy_with_parents(os, oi);
	mutex_unlock(&os->copy_lock);
	return err;
}
