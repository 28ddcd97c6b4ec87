/* SPDX-License-Identifier: MIT */
/*
 * Extended attributes. Who may do what: man xattr(7), and what Linux's
 * xattr_permission() does where the page is silent:
 *
 *   user.*      files and folders only; the mode bits decide; in a sticky folder's
 *               own case its owner alone may set
 *   trusted.*   privileged alone; to others they are not there
 *   security.*  all may read, the privileged may set
 */
#include <fs/xattr.h>

#include <fs/inode.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_fcntl.h>
#include <kernel/lib/rbtree.h>
#include <kernel/lib/string.h>
#include <mm/kmalloc.h>
#include <security/cred.h>

struct xattr {
	struct rb_node node;
	u32 size;
	u32 name_len;
	char data[]; /* name, NUL, value */
};

/* ---- rights ---- */

static bool has_prefix(const char *name, const char *prefix)
{
	return !strncmp(name, prefix, strlen(prefix));
}

static int user_permission(const struct inode *inode, const struct cred *cred, u32 mask)
{
	if (!S_ISREG(inode->mode) && !S_ISDIR(inode->mode))
		return mask & MAY_WRITE ? -EPERM : -ENODATA;
	if (S_ISDIR(inode->mode) && (inode->mode & S_ISVTX) && (mask & MAY_WRITE) &&
	    !inode_owner_or_root(inode, cred))
		return -EPERM;
	return 0;
}

static int may_access(struct inode *inode, const char *name, u32 mask)
{
	const struct cred *cred = cred_current();
	int err = 0;

	if (has_prefix(name, "security.") || has_prefix(name, "system."))
		return 0;
	if (has_prefix(name, "trusted.")) {
		if (cred_capable(cred, CAP_SYS_ADMIN))
			return 0;
		return mask & MAY_WRITE ? -EPERM : -ENODATA;
	}
	if (has_prefix(name, "user."))
		err = user_permission(inode, cred, mask);
	return err ? err : inode_permission(inode, cred, mask);
}

/* A class without a name in it. */
static bool is_empty_name(const char *name)
{
	return !strcmp(name, "user.") || !strcmp(name, "trusted.") || !strcmp(name, "security.");
}

/* What only file capabilities need: a value of the known forms (uapi linux/capability.h,
 * struct vfs_cap_data and vfs_ns_cap_data). */
static bool is_capability(const void *value, size_t size)
{
	u32 magic;

	if (size < sizeof(magic))
		return false;
	memcpy(&magic, value, sizeof(magic));
	return (magic >> 24 == 2 && size == 20) || (magic >> 24 == 3 && size == 24);
}

static int may_set_security(const char *name, const void *value, size_t size)
{
	u32 cap = CAP_SYS_ADMIN;

	if (!has_prefix(name, "security."))
		return 0;
	if (!strcmp(name, "security.capability")) {
		if (value && !is_capability(value, size))
			return -EINVAL;
		cap = CAP_SETFCAP;
	}
	return capable(cap) ? 0 : -EPERM;
}

/* ---- of an inode ---- */

long xattr_get(struct inode *inode, const char *name, void *buf, size_t size)
{
	long ret = may_access(inode, name, MAY_READ);

	if (ret)
		return ret;
	if (!inode->ops->getxattr)
		return -EOPNOTSUPP;
	if (is_empty_name(name))
		return -EINVAL;
	mutex_lock(&inode->lock);
	ret = inode->ops->getxattr(inode, name, buf, size);
	mutex_unlock(&inode->lock);
	return ret;
}

static int change(struct inode *inode, const char *name, const void *value, size_t size, u32 flags)
{
	int err;

	mutex_lock(&inode->lock);
	err = may_access(inode, name, MAY_WRITE);
	if (!err)
		err = may_set_security(name, value, size);
	if (!err && !inode->ops->setxattr)
		err = -EOPNOTSUPP;
	if (!err && is_empty_name(name))
		err = -EINVAL;
	if (!err)
		err = inode->ops->setxattr(inode, name, value, size, flags);
	mutex_unlock(&inode->lock);
	return err;
}

int xattr_set(struct inode *inode, const char *name, const void *value, size_t size, u32 flags)
{
	return change(inode, name, value, size, flags);
}

int xattr_remove(struct inode *inode, const char *name)
{
	return change(inode, name, NULL, 0, XATTR_REPLACE);
}

long xattr_list(struct inode *inode, char *buf, size_t size)
{
	long ret;

	if (!inode->ops->listxattr)
		return 0; /* an empty list is no error */
	mutex_lock(&inode->lock);
	ret = inode->ops->listxattr(inode, buf, size, capable(CAP_SYS_ADMIN));
	mutex_unlock(&inode->lock);
	return ret;
}

/* ---- a set in memory ---- */

static struct xattr *find(const struct rb_tree *set, const char *name)
{
	struct rb_node *node = set->root;

	while (node) {
		struct xattr *x = RB_ENTRY(node, struct xattr, node);
		int order = strcmp(name, x->data);

		if (!order)
			return x;
		node = order < 0 ? node->left : node->right;
	}
	return NULL;
}

static void insert(struct rb_tree *set, struct xattr *x)
{
	struct rb_node **link = &set->root, *parent = NULL;

	while (*link) {
		parent = *link;
		link = strcmp(x->data, RB_ENTRY(parent, struct xattr, node)->data) < 0
			       ? &parent->left
			       : &parent->right;
	}
	rb_link(&x->node, parent, link);
	rb_insert_fixup(set, &x->node);
}

long xattrs_get(const struct rb_tree *set, const char *name, void *buf, size_t size)
{
	const struct xattr *x = find(set, name);

	if (!x)
		return -ENODATA;
	if (!size)
		return x->size;
	if (size < x->size)
		return -ERANGE;
	memcpy(buf, x->data + x->name_len + 1, x->size);
	return x->size;
}

static struct xattr *create(const char *name, const void *value, size_t size)
{
	size_t len = strlen(name);
	struct xattr *x = kmalloc(sizeof(*x) + len + 1 + size, 0);

	if (!x)
		return NULL;
	x->size = (u32)size;
	x->name_len = (u32)len;
	memcpy(x->data, name, len + 1);
	memcpy(x->data + len + 1, value, size);
	return x;
}

int xattrs_set(struct rb_tree *set, const char *name, const void *value, size_t size, u32 flags,
	       bool *replaced, size_t *old_size)
{
	struct xattr *old = find(set, name), *x = NULL;

	if (old && (flags & XATTR_CREATE))
		return -EEXIST;
	if (!old && (flags & XATTR_REPLACE))
		return -ENODATA;
	if (value) {
		x = create(name, value, size);
		if (!x)
			return -ENOMEM;
	}
	/* No failure past this point. */
	*replaced = old != NULL;
	if (old) {
		*old_size = old->size;
		rb_erase(set, &old->node);
		kfree(old);
	}
	if (x)
		insert(set, x);
	return 0;
}

long xattrs_list(const struct rb_tree *set, char *buf, size_t size, bool all)
{
	struct rb_node *node;
	size_t len = 0;

	for (node = rb_first(set); node; node = rb_next(node)) {
		const struct xattr *x = RB_ENTRY(node, struct xattr, node);

		if (!all && has_prefix(x->data, "trusted."))
			continue;
		if (size) {
			if (size - len < x->name_len + 1)
				return -ERANGE;
			memcpy(buf + len, x->data, x->name_len + 1);
		}
		len += x->name_len + 1;
	}
	return (long)len;
}

u64 xattrs_space(const char *name, size_t size)
{
	return sizeof(struct xattr) + strlen(name) + 1 + size;
}

u64 xattrs_free(struct rb_tree *set, u64 (*space)(const char *name, size_t size))
{
	struct rb_node *node;
	u64 sum = 0;

	while ((node = rb_first(set))) {
		struct xattr *x = RB_ENTRY(node, struct xattr, node);

		sum += space(x->data, x->size);
		rb_erase(set, node);
		kfree(x);
	}
	return sum;
}
