/* SPDX-License-Identifier: MIT */
/*
 * Files in memory.
 *
 *   folder:  tmpfs_dir.c     file: tmpfs_file.c     symlink: target text
 *
 * Nothing here has a second place to go to, so nothing is ever dirty: an inode
 * and its pages live as long as they have a name or a user. What bounds them is
 * the superblock: pages (size=), and inodes, further names and user attributes
 * (nr_inodes=), counted before they are made.
 */
#include <fs/tmpfs.h>

#include <fs/chardev.h>
#include <fs/dentry.h>
#include <fs/file.h>
#include <fs/mount.h>
#include <fs/xattr.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_fcntl.h>
#include <kernel/lib/string.h>
#include <mm/kmalloc.h>
#include <mm/object.h>
#include <mm/slab.h>

#include "tmpfs_priv.h"

static struct slab_cache *inode_cache;
static const struct file_ops special_ops = { .read = NULL }; /* special_open() replaces it */

/* ---- what there is room for ---- */

bool tmpfs_space_take(struct tmpfs_super *ts, u64 bytes)
{
	u64 limit = atomic_load_relaxed(&ts->max_inodes) * TMPFS_INODE_SPACE;

	if (atomic_fetch_add(&ts->used_space, bytes) + bytes <= limit || !limit)
		return true;
	(void)atomic_fetch_sub(&ts->used_space, bytes);
	return false;
}

void tmpfs_space_give(struct tmpfs_super *ts, u64 bytes)
{
	(void)atomic_fetch_sub(&ts->used_space, bytes);
}

/* Also when memory itself is short: nobody can take a file's pages back. */
static int object_charge(struct vmobject *obj, s64 pages)
{
	struct inode *inode = obj->owner;
	struct tmpfs_super *ts = tmpfs_super_of(inode->sb);
	u64 used = atomic_fetch_add(&ts->used_pages, (u64)pages) + (u64)pages;
	u64 max = atomic_load_relaxed(&ts->max_pages);

	if (pages < 0 || ((!max || used <= max) && pmm_has_room(PMM_CACHE)))
		return 0;
	(void)atomic_fetch_sub(&ts->used_pages, (u64)pages);
	return -ENOSPC;
}

static const struct vmobject_ops object_ops = { .charge = object_charge };

/* ---- inodes ---- */

int tmpfs_new(struct superblock *sb, const struct inode *dir, u32 mode, u64 rdev,
	      struct inode **out)
{
	const struct file_ops *fops = &special_ops;
	struct tmpfs_inode *ti;

	if (!tmpfs_space_take(tmpfs_super_of(sb), TMPFS_INODE_SPACE))
		return -ENOSPC;
	ti = slab_alloc(inode_cache, MEM_ZERO);
	if (!ti)
		goto err_space;
	if (S_ISREG(mode)) {
		fops = &tmpfs_file_ops;
		ti->inode.object = vmobject_create(&object_ops, 0, &ti->inode);
		if (!ti->inode.object)
			goto err_free;
	} else if (S_ISDIR(mode)) {
		fops = &tmpfs_dir_ops;
	}
	inode_init(&ti->inode, sb, &tmpfs_inode_ops, fops, mode);
	inode_own(&ti->inode, dir);
	ti->inode.rdev = rdev;
	if (S_ISDIR(mode))
		tmpfs_dir_init(ti);
	ti->seals = F_SEAL_SEAL; /* of memfds alone some may be added */
	*out = &ti->inode;
	return 0;
err_free:
	slab_free(inode_cache, ti);
err_space:
	tmpfs_space_give(tmpfs_super_of(sb), TMPFS_INODE_SPACE);
	return -ENOSPC;
}

/* Attributes whose room any user could fill count; the others only root sets. */
static u64 xattr_space(const char *name, size_t size)
{
	return strncmp(name, "user.", 5) ? 0 : xattrs_space(name, size);
}

static void tmpfs_release(struct inode *inode)
{
	struct tmpfs_inode *ti = tmpfs_of(inode);
	struct tmpfs_super *ts = tmpfs_super_of(inode->sb);
	u64 space = TMPFS_INODE_SPACE + xattrs_free(&ti->xattrs, xattr_space);

	if (inode->object) {
		/* A sleeper on a futex may still hold it: it must not charge any more. */
		if (refcount_read(&inode->object->refs) > 1)
			vmobject_resize(inode->object, 0);
		vmobject_put(inode->object);
	}
	if (S_ISDIR(inode->mode))
		tmpfs_dir_free(ti);
	special_release(inode);
	kfree(ti->target);
	tmpfs_space_give(ts, space);
	slab_free(inode_cache, ti);
}

static int tmpfs_setattr(struct inode *inode, const struct inode_attr *attr)
{
	if ((attr->valid & ATTR_MODE) && (tmpfs_of(inode)->seals & F_SEAL_EXEC) &&
	    ((inode->mode ^ attr->mode) & 0111))
		return -EPERM;
	if (attr->valid & ATTR_SIZE) {
		int err = tmpfs_seals_size(inode, attr->size);

		if (err)
			return err;
		if (attr->size > TMPFS_MAX_BYTES)
			return -EFBIG;
		vmobject_resize(inode->object, attr->size);
	}
	inode_apply_attr(inode, attr);
	return 0;
}

/* ---- attributes: fs/xattr.c has the right to them checked ---- */

static bool has_attributes(const struct inode *inode, const char *name)
{
	return tmpfs_super_of(inode->sb)->attributes &&
	       (!strncmp(name, "user.", 5) || !strncmp(name, "trusted.", 8) ||
		!strncmp(name, "security.", 9));
}

static long tmpfs_getxattr(struct inode *inode, const char *name, void *buf, size_t size)
{
	if (!has_attributes(inode, name))
		return -EOPNOTSUPP;
	return xattrs_get(&tmpfs_of(inode)->xattrs, name, buf, size);
}

static int tmpfs_setxattr(struct inode *inode, const char *name, const void *value, size_t size,
			  u32 flags)
{
	struct tmpfs_super *ts = tmpfs_super_of(inode->sb);
	u64 space = value ? xattr_space(name, size) : 0;
	size_t old_size = 0;
	bool replaced = false;
	int err;

	if (!has_attributes(inode, name))
		return -EOPNOTSUPP;
	if (!tmpfs_space_take(ts, space))
		return -ENOSPC;
	err = xattrs_set(&tmpfs_of(inode)->xattrs, name, value, size, flags, &replaced, &old_size);
	if (err) {
		tmpfs_space_give(ts, space);
		return err;
	}
	if (replaced)
		tmpfs_space_give(ts, xattr_space(name, old_size));
	inode_touch_changed(inode);
	return 0;
}

static long tmpfs_listxattr(struct inode *inode, char *buf, size_t size, bool all)
{
	return xattrs_list(&tmpfs_of(inode)->xattrs, buf, size, all);
}

const struct inode_ops tmpfs_inode_ops = {
	.lookup = tmpfs_lookup,
	.create = tmpfs_create,
	.symlink = tmpfs_symlink,
	.link = tmpfs_link,
	.unlink = tmpfs_unlink,
	.rename = tmpfs_rename,
	.readlink = tmpfs_readlink,
	.tmpfile = tmpfs_tmpfile,
	.getxattr = tmpfs_getxattr,
	.setxattr = tmpfs_setxattr,
	.listxattr = tmpfs_listxattr,
	.setattr = tmpfs_setattr,
	.open = special_open,
	.release = tmpfs_release,
};

/* ---- superblocks ---- */

static void tmpfs_statfs(struct superblock *sb, struct linux_statfs *st)
{
	struct tmpfs_super *ts = tmpfs_super_of(sb);
	u64 used = atomic_load_relaxed(&ts->used_pages);
	u64 inodes = (atomic_load_relaxed(&ts->used_space) + TMPFS_INODE_SPACE - 1) /
		     TMPFS_INODE_SPACE;

	if (ts->max_pages) {
		st->f_blocks = ts->max_pages;
		st->f_bfree = ts->max_pages > used ? ts->max_pages - used : 0;
		st->f_bavail = st->f_bfree;
	}
	if (ts->max_inodes) {
		st->f_files = ts->max_inodes;
		st->f_ffree = ts->max_inodes - MIN(ts->max_inodes, inodes);
	}
}

static void tmpfs_super_release(struct superblock *sb)
{
	kfree(tmpfs_super_of(sb));
}

/* As Linux: limits may move, but not below what is used, nor come or go. */
static int tmpfs_remount(struct superblock *sb, const char *data)
{
	struct tmpfs_super *ts = tmpfs_super_of(sb);
	struct tmpfs_options opt = { .max_pages = ts->max_pages, .max_inodes = ts->max_inodes };
	int err = tmpfs_parse(data, &opt);

	if (err)
		return err;
	if (opt.size_set && (!opt.max_pages != !ts->max_pages ||
			     opt.max_pages < atomic_load_relaxed(&ts->used_pages)))
		return -EINVAL;
	if (opt.inodes_set && (!opt.max_inodes != !ts->max_inodes ||
			       opt.max_inodes * TMPFS_INODE_SPACE <
				       atomic_load_relaxed(&ts->used_space)))
		return -EINVAL;
	/* No failure past this point. */
	atomic_store_relaxed(&ts->max_pages, opt.max_pages);
	atomic_store_relaxed(&ts->max_inodes, opt.max_inodes);
	ts->size_set |= opt.size_set;
	ts->inodes_set |= opt.inodes_set;
	return 0;
}

void tmpfs_limits_again(struct superblock *sb)
{
	struct tmpfs_super *ts = tmpfs_super_of(sb);

	if (!ts->size_set)
		atomic_store_relaxed(&ts->max_pages, tmpfs_default_pages());
	if (!ts->inodes_set)
		atomic_store_relaxed(&ts->max_inodes, tmpfs_default_pages());
}

static int create_super(const struct fs_type *type, u64 magic, const struct tmpfs_options *opt,
			struct superblock **out)
{
	struct tmpfs_super *ts = kzalloc(sizeof(*ts), 0);
	struct inode *root;

	if (!ts)
		return -ENOMEM;
	superblock_init(&ts->sb, type, magic);
	ts->max_pages = opt->max_pages;
	ts->max_inodes = opt->max_inodes;
	ts->size_set = opt->size_set;
	ts->inodes_set = opt->inodes_set;
	ts->mode = opt->mode;
	ts->uid = opt->uid;
	ts->gid = opt->gid;
	ts->attributes = magic != RAMFS_MAGIC;
	ts->sb.statfs = tmpfs_statfs;
	ts->sb.options = tmpfs_show_options;
	ts->sb.remount = tmpfs_remount;
	ts->sb.release = tmpfs_super_release;
	if (!tmpfs_new(&ts->sb, NULL, S_IFDIR | opt->mode, 0, &root)) {
		root->uid = opt->uid;
		root->gid = opt->gid;
		ts->sb.root = dentry_alloc_root(&ts->sb, root);
	}
	if (!ts->sb.root) {
		kfree(ts);
		return -ENOMEM;
	}
	*out = &ts->sb;
	return 0;
}

int tmpfs_create_super(const struct fs_type *type, u64 magic, u64 max_pages,
		       struct superblock **out)
{
	struct tmpfs_options opt = { .max_pages = max_pages, .mode = 0755 };

	return create_super(type, magic, &opt, out);
}

static int tmpfs_mount(const struct fs_type *type, const char *data, struct superblock **out)
{
	struct tmpfs_options opt = { .max_pages = tmpfs_default_pages(), .mode = 01777 };
	int err;

	opt.max_inodes = opt.max_pages;
	err = tmpfs_parse(data, &opt);
	return err ? err : create_super(type, TMPFS_MAGIC, &opt, out);
}

/* No limits: ramfs(5) knows only the mode, and ignores the rest. */
static int ramfs_mount(const struct fs_type *type, const char *data, struct superblock **out)
{
	struct tmpfs_options opt = { .mode = 0755 };

	if (tmpfs_parse(data, &opt))
		return -EINVAL;
	opt.max_pages = 0;
	opt.max_inodes = 0;
	return create_super(type, RAMFS_MAGIC, &opt, out);
}

static const struct fs_type tmpfs_type = { "tmpfs", FS_NODEV, tmpfs_mount };
static const struct fs_type ramfs_type = { "ramfs", FS_NODEV, ramfs_mount };

static struct superblock *memfd_super;

struct inode *tmpfs_memfd(const char *name)
{
	struct inode *inode;

	if (tmpfs_new(memfd_super, NULL, S_IFREG | 0777, 0, &inode))
		return NULL;
	inode->nlink = 0;
	tmpfs_of(inode)->target = kstrdup(name, 0);
	if (tmpfs_of(inode)->target)
		return inode;
	inode_put(inode);
	return NULL;
}

const char *tmpfs_memfd_name(struct inode *inode)
{
	return tmpfs_of(inode)->target;
}

void tmpfs_init(void)
{
	int err;

	inode_cache = slab_create("tmpfs_inode", sizeof(struct tmpfs_inode), 64);
	PANIC_ON(!inode_cache, "tmpfs: no memory for inodes");
	fs_type_register(&tmpfs_type);
	fs_type_register(&ramfs_type);
	err = tmpfs_create_super(&tmpfs_type, TMPFS_MAGIC, tmpfs_default_pages(), &memfd_super);
	PANIC_ON(err, "tmpfs: no memory for the file system of memfds");
}
