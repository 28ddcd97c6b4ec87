/* SPDX-License-Identifier: MIT */
/*
 * overlay: mounting. The options are Linux's: lowerdir=A:B:..., uppermost first,
 * upperdir=U,workdir=W (without them nothing can be changed), in which a backslash
 * keeps the next character from meaning anything; those that only turn off what is
 * not there, and userxattr.
 */
#include <fs/overlay.h>

#include <fs/mount.h>
#include <fs/path.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_fcntl.h>
#include <kernel/abi/linux_misc.h>
#include <kernel/core/log.h>
#include <kernel/lib/format.h>
#include <kernel/lib/string.h>
#include <mm/kmalloc.h>
#include <security/random.h>

#include "overlay_priv.h"

static const struct fs_type overlay_type;

/* ---- options ---- */

struct options {
	char *text;                   /* what the others point into */
	char *lower, *upper, *work;   /* still with their backslashes; NULL: not given */
	bool user_xattr;
};

/* Cut @s at the first @sep without a backslash before it. Return: what follows; NULL */
static char *cut(char *s, char sep)
{
	for (; *s; s++) {
		if (*s == '\\' && s[1]) {
			s++;
		} else if (*s == sep) {
			*s = 0;
			return s + 1;
		}
	}
	return NULL;
}

static void unescape(char *s)
{
	char *to = s;

	for (; *s; s++) {
		if (*s == '\\' && s[1])
			s++;
		*to++ = *s;
	}
	*to = 0;
}

/* Options that ask for what is the case anyway. */
static bool is_default(const char *option)
{
	static const char *const known[] = {
		"redirect_dir=off", "redirect_dir=nofollow", "index=off", "metacopy=off",
		"nfs_export=off", "xino=off", "xino=auto", "volatile", "default_permissions",
	};

	for (u32 i = 0; i < ARRAY_SIZE(known); i++)
		if (!strcmp(option, known[i]))
			return true;
	return false;
}

static int parse_option(char *option, struct options *opt)
{
	if (!strncmp(option, "lowerdir=", 9))
		opt->lower = option + 9;
	else if (!strncmp(option, "upperdir=", 9))
		opt->upper = option + 9;
	else if (!strncmp(option, "workdir=", 8))
		opt->work = option + 8;
	else if (!strcmp(option, "userxattr"))
		opt->user_xattr = true;
	else if (*option && !is_default(option))
		return -EINVAL;
	return 0;
}

static int parse(const char *data, struct options *opt)
{
	char *at, *next;
	int err = 0;

	*opt = (struct options){ .text = kstrdup(data, 0) };
	if (!opt->text)
		return -ENOMEM;
	for (at = opt->text; !err && at; at = next) {
		next = cut(at, ',');
		err = parse_option(at, opt);
	}
	if (!err && (!opt->lower || !*opt->lower || (opt->upper && !opt->work)))
		err = -EINVAL;
	return err;
}

static int keep_options(struct ovl_super *os, const struct options *opt)
{
	size_t size = strlen(opt->lower) + (opt->upper ? strlen(opt->upper) : 0) +
		      (opt->work ? strlen(opt->work) : 0) + 64;

	os->options = kmalloc(size, 0);
	if (!os->options)
		return -ENOMEM;
	if (opt->upper)
		snprintf(os->options, size, ",lowerdir=%s,upperdir=%s,workdir=%s%s", opt->lower,
			 opt->upper, opt->work, opt->user_xattr ? ",userxattr" : "");
	else
		snprintf(os->options, size, ",lowerdir=%s%s", opt->lower,
			 opt->user_xattr ? ",userxattr" : "");
	return 0;
}

static void ovl_options(struct superblock *sb, char *buf, size_t size)
{
	str_copy(buf, ovl_super_of(sb)->options, size);
}

/* ---- layers ---- */

/* What a layer has to be able to do: names that stay what they are. */
static int check_layer(struct ovl_super *os, const struct path *path)
{
	const struct ovl_super *inner;

	if (path->dentry->sb->flags & SB_UNCACHED)
		return -EINVAL;
	if (path->dentry->sb->type != &overlay_type)
		return 0;
	inner = ovl_super_of(path->dentry->sb);
	if (inner->rank == RANK_OVERLAY) /* it has one in itself */
		return -EINVAL;
	os->rank = RANK_OVERLAY;
	return 0;
}

/* *out: the folder at @name, with a reference on it and on its file system. The mount
 * may go; the layer stays. */
static int get_folder(struct ovl_super *os, const char *name, bool writable, struct dentry **out)
{
	struct path_name padded;
	struct path path;
	int err = path_name_kernel(&padded, name);

	if (err)
		return err;
	err = path_lookup(AT_FDCWD, padded.str, LOOKUP_FOLLOW, &path);
	path_name_put(&padded);
	if (err)
		return err;
	err = inode_is_dir(path_inode(&path)) ? check_layer(os, &path) : -ENOTDIR;
	if (!err && writable &&
	    (mount_read_only(path.mount) || path.dentry->sb->type == &overlay_type))
		err = -EINVAL;
	if (!err) {
		superblock_get(path.dentry->sb);
		dentry_get(path.dentry);
		*out = path.dentry;
	}
	path_put(&path);
	return err;
}

static void put_folder(struct dentry *dentry)
{
	struct superblock *sb;

	if (!dentry)
		return;
	sb = dentry->sb;
	dentry_put(dentry);
	superblock_put(sb);
}

static u32 count_lowers(const char *text)
{
	u32 n = 1;

	for (; *text; text++) {
		if (*text == '\\' && text[1])
			text++;
		else if (*text == ':')
			n++;
	}
	return n;
}

static int get_lowers(struct ovl_super *os, char *text)
{
	u32 n = count_lowers(text);
	char *next;
	int err = 0;

	if (n > OVL_MAX_LOWERS)
		return -EINVAL;
	os->lower.at = kcalloc(n, sizeof(struct dentry *), MEM_ZERO);
	if (!os->lower.at)
		return -ENOMEM;
	for (; !err && text; text = next) {
		next = cut(text, ':');
		unescape(text);
		err = *text ? get_folder(os, text, false, &os->lower.at[os->lower.nr]) : -EINVAL;
		os->lower.nr += !err;
	}
	return err;
}

static bool overlap(struct dentry *a, struct dentry *b)
{
	return dentry_is_below(a, b) || dentry_is_below(b, a);
}

/* No layer within another: a change of one would be one of the other. */
static int check_overlap(const struct ovl_super *os)
{
	for (u32 i = 0; i < os->lower.nr; i++) {
		struct dentry *lower = ovl_stack_at(&os->lower, i);

		if (os->upper && (overlap(lower, os->upper) || overlap(lower, os->work)))
			return -ELOOP;
		for (u32 k = 0; k < i; k++)
			if (overlap(lower, ovl_stack_at(&os->lower, k)))
				return -ELOOP;
	}
	return 0;
}

/* ---- the work folder ---- */

/* "work" in the folder that was given. What an overlay before left in it is in nobody's
 * way: names in it begin at a number drawn at each mount. */
static int make_work(struct ovl_super *os, struct dentry *base)
{
	static const char text[16] = "work";
	struct fs_name name = { text, 4 };
	struct ovl_new what = { .mode = S_IFDIR };
	int err = ovl_layer_lookup(base, &name, &os->work);

	if (!err && !os->work)
		err = ovl_layer_make(base, &name, &what, &os->work);
	if (!err && !inode_is_dir(os->work->inode))
		err = -EINVAL;
	if (!err)
		superblock_get(os->work->sb);
	return err;
}

static int get_upper(struct ovl_super *os, struct options *opt)
{
	struct dentry *base = NULL;
	int err;

	unescape(opt->upper);
	unescape(opt->work);
	err = get_folder(os, opt->upper, true, &os->upper);
	if (!err)
		err = get_folder(os, opt->work, true, &base);
	if (!err && (base->sb != os->upper->sb || overlap(base, os->upper)))
		err = -EINVAL;
	/* Opaque folders and origins are kept in attributes. */
	if (!err && ovl_xattr_set(os, base->inode, "test", "y", 1))
		err = -EINVAL;
	if (!err)
		err = ovl_xattr_set(os, base->inode, "test", NULL, 0);
	if (!err)
		err = make_work(os, base);
	put_folder(base);
	return err;
}

/* ---- superblocks ---- */

static void ovl_statfs(struct superblock *sb, struct linux_statfs *st)
{
	const struct ovl_super *os = ovl_super_of(sb);
	struct superblock *layer = os->upper ? os->upper->sb : ovl_stack_at(&os->lower, 0)->sb;

	if (layer->statfs)
		layer->statfs(layer, st);
}

static void free_super(struct ovl_super *os)
{
	for (u32 i = 0; i < os->lower.nr; i++)
		put_folder(os->lower.at[i]);
	kfree(os->lower.at);
	put_folder(os->upper);
	put_folder(os->work);
	kfree(os->options);
	kfree(os);
}

static void ovl_super_release(struct superblock *sb)
{
	free_super(ovl_super_of(sb));
}

static struct ovl_super *alloc_super(const struct options *opt)
{
	struct ovl_super *os = kzalloc(sizeof(*os), 0);

	if (!os)
		return NULL;
	superblock_init(&os->sb, &overlay_type, OVERLAYFS_SUPER_MAGIC);
	os->sb.statfs = ovl_statfs;
	os->sb.options = ovl_options;
	os->sb.release = ovl_super_release;
	os->rank = RANK_OVERLAY + 3;
	os->next_temp = (u32)random_u64();
	os->prefix = opt->user_xattr ? "user.overlay." : "trusted.overlay.";
	if (!opt->upper)
		os->sb.flags |= SB_RDONLY;
	return os;
}

static int make_root(struct ovl_super *os)
{
	struct ovl_found found = { 0 };
	struct inode *root;
	int err = -ENOMEM;

	found.lower.at = kcalloc(os->lower.nr, sizeof(struct dentry *), 0);
	if (!found.lower.at)
		return -ENOMEM;
	for (; found.lower.nr < os->lower.nr; found.lower.nr++) {
		found.lower.at[found.lower.nr] = os->lower.at[found.lower.nr];
		dentry_get(found.lower.at[found.lower.nr]);
	}
	if (os->upper) {
		found.upper = os->upper->inode;
		inode_get(found.upper);
		found.upper_dir = os->upper;
		dentry_get(found.upper_dir);
	}
	mutex_lock(&os->names_lock);
	err = ovl_get_inode(os, &found, &root);
	mutex_unlock(&os->names_lock);
	if (err)
		return err;
	os->root_inode = root;
	os->sb.root = dentry_alloc_root(&os->sb, root);
	if (os->sb.root)
		return 0;
	inode_cache_drop(&os->sb);
	return -ENOMEM;
}

static int set_up(struct ovl_super *os, struct options *opt)
{
	int err = keep_options(os, opt);

	if (!err)
		err = get_lowers(os, opt->lower);
	if (!err && opt->upper)
		err = get_upper(os, opt);
	else if (!err && os->lower.nr == 1)
		err = -EINVAL; /* nothing is laid over anything */
	if (!err)
		err = check_overlap(os);
	mutex_init(&os->copy_lock, (enum lock_rank)(os->rank + 1), "overlay_copy");
	mutex_init(&os->names_lock, (enum lock_rank)(os->rank + 2), "overlay_names");
	return err ? err : make_root(os);
}

static int ovl_mount(__unused const struct fs_type *type, const char *data,
		     struct superblock **out)
{
	struct ovl_super *os = NULL;
	struct options opt;
	int err = parse(data, &opt);

	if (!err) {
		os = alloc_super(&opt);
		err = os ? set_up(os, &opt) : -ENOMEM;
	}
	kfree(opt.text);
	if (!err)
		*out = &os->sb;
	else if (os)
		free_super(os);
	return err;
}

static const struct fs_type overlay_type = { "overlay", FS_NODEV, ovl_mount };

void overlay_init(void)
{
	ovl_inode_init_cache();
	fs_type_register(&overlay_type);
}
