/* SPDX-License-Identifier: MIT */
/*
 * Changing names: create, link, remove, rename, and open, which may create.
 * Each walks to the folder of the last name, locks it, looks the name up under
 * the lock, checks, and lets the file system act.
 *
 *   rename_mutex (moves between folders: ancestry stays true while checked)
 *     inode locks of one folder or of two in address order
 *
 * Errors come in Linux's order: man open(2), rename(2), unlink(2), rmdir(2),
 * link(2), mkdir(2), mknod(2), symlink(2).
 */
#include <fs/path.h>

#include <fs/dentry.h>
#include <fs/file.h>
#include <fs/fs_context.h>
#include <fs/inotify.h>
#include <fs/mount.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_fcntl.h>
#include <kernel/abi/linux_misc.h>
#include <kernel/lib/string.h>
#include <kernel/task/task.h>
#include <mm/kmalloc.h>
#include <security/cred.h>

static struct mutex rename_mutex = MUTEX_INIT(rename_mutex, RANK_RENAME, "rename");

/* ---- checks ---- */

static int may_create(struct walk *walk)
{
	struct inode *dir = walk->cur.dentry->inode;

	if (mount_read_only(walk->cur.mount))
		return -EROFS;
	if (walk->cur.dentry->flags & DENTRY_DEAD)
		return -ENOENT;
	return inode_permission(dir, walk->cred, MAY_WRITE | MAY_EXEC);
}

static int may_delete(struct walk *walk, struct dentry *victim, bool want_dir)
{
	struct inode *dir = walk->cur.dentry->inode, *inode = victim->inode;
	const struct cred *cred = walk->cred;
	int err = may_create(walk);

	if (err)
		return err;
	/* Sticky folders: only who owns the file or the folder. */
	if ((dir->mode & S_ISVTX) && cred->fsuid != inode->uid && cred->fsuid != dir->uid &&
	    !cred_capable(cred, CAP_FOWNER))
		return -EPERM;
	if (want_dir && !inode_is_dir(inode))
		return -ENOTDIR;
	if (!want_dir && inode_is_dir(inode))
		return -EISDIR;
	if (victim->flags & DENTRY_MOUNTED)
		return -EBUSY;
	return 0;
}

/* ---- a new name ---- */

/* Walk to the folder of a name that is to be made, and lock it.
 * *out: the name there, negative. On success the caller ends both. */
static int begin_create(struct walk *walk, int dirfd, const char *path, u32 access, bool dir,
			struct dentry **out)
{
	struct inode *folder;
	int err = walk_begin(walk, dirfd, path, LOOKUP_ACCESS(access));

	if (err)
		return err;
	err = walk_parent(walk);
	if (!err && walk->type != LAST_NORMAL)
		err = -EEXIST;
	if (!err)
		err = walk_allowed_last(walk); /* unlocked: a refusal is told with its path */
	if (err)
		goto err_walk;
	folder = walk->cur.dentry->inode;
	mutex_lock(&folder->lock);
	err = dentry_lookup_locked(walk->cur.dentry, &walk->last, walk->last_hash, out);
	if (err)
		goto err_unlock;
	if (dentry_inode(*out))
		err = -EEXIST;
	else if (walk->slash && !dir)
		err = -ENOENT;
	else
		err = may_create(walk);
	if (!err)
		return 0;
	dentry_put(*out);
err_unlock:
	mutex_unlock(&folder->lock);
err_walk:
	walk_end(walk);
	return err;
}

static void end_create(struct walk *walk, struct dentry *dentry)
{
	mutex_unlock(&walk->cur.dentry->inode->lock);
	dentry_put(dentry);
	walk_end(walk);
}

static int create_locked(struct inode *dir, struct dentry *dentry, const struct fs_name *name,
			 u32 mode, u64 rdev)
{
	struct inode *inode;
	int err;

	if (!dir->ops->create)
		return S_ISREG(mode) ? -EACCES : -EPERM;
	err = dir->ops->create(dir, name, mode, rdev, &inode);
	if (!err)
		dentry_instantiate(dentry, inode);
	return err;
}

static u32 node_access(u32 mode)
{
	if (S_ISDIR(mode))
		return PATH_CREATE;
	return (S_ISSOCK(mode) ? PATH_SOCKET : PATH_NODE) | PATH_ASK_CREATE;
}

int name_create(int dirfd, const char *path, u32 mode, u64 rdev)
{
	struct walk walk;
	struct dentry *dentry;
	int err = begin_create(&walk, dirfd, path, node_access(mode), S_ISDIR(mode), &dentry);

	if (err)
		return err;
	mode &= ~fs_context_umask();
	if ((S_ISCHR(mode) || S_ISBLK(mode)) && !cred_capable(walk.cred, CAP_MKNOD))
		err = -EPERM;
	else
		err = create_locked(walk.cur.dentry->inode, dentry, &walk.last, mode, rdev);
	if (!err)
		inotify_name(walk.cur.dentry->inode, IN_CREATE, &walk.last, S_ISDIR(mode));
	end_create(&walk, dentry);
	return err;
}

int name_symlink(const char *target, int dirfd, const char *path)
{
	struct walk walk;
	struct dentry *dentry;
	struct inode *dir, *inode;
	int err = *target ? begin_create(&walk, dirfd, path, PATH_CREATE, false, &dentry) : -ENOENT;

	if (err)
		return err;
	dir = walk.cur.dentry->inode;
	err = -EPERM;
	if (dir->ops->symlink)
		err = dir->ops->symlink(dir, &walk.last, target, &inode);
	if (!err) {
		dentry_instantiate(dentry, inode);
		inotify_name(dir, IN_CREATE, &walk.last, false);
	}
	end_create(&walk, dentry);
	return err;
}

int name_link(const struct path *from, int dirfd, const char *path)
{
	struct walk walk;
	struct dentry *dentry;
	struct inode *dir, *inode = path_inode(from);
	u32 perms = path_perms(from);
	int err = begin_create(&walk, dirfd, path, PATH_CREATE, false, &dentry);

	if (err)
		return err;
	dir = walk.cur.dentry->inode;
	if (walk.cur.mount != from->mount)
		err = -EXDEV;
	else if (walk_perms_last(&walk) & ~perms) /* a second name would give more */
		err = -EACCES;
	else if (inode_is_dir(inode) || !dir->ops->link)
		err = -EPERM;
	else
		err = dir->ops->link(dir, &walk.last, inode);
	if (!err) {
		inode_get(inode);
		dentry_instantiate(dentry, inode);
		inotify_inode(inode, IN_ATTRIB);
		inotify_name(dir, IN_CREATE, &walk.last, false);
	}
	end_create(&walk, dentry);
	return err;
}

/* ---- removal ---- */

static int unlink_type_error(const struct walk *walk, bool dir)
{
	switch (walk->type) {
	case LAST_NORMAL:
		return 0;
	case LAST_DOT:
		return dir ? -EINVAL : -EISDIR;
	case LAST_DOTDOT:
		return dir ? -ENOTEMPTY : -EISDIR;
	case LAST_ROOT:
		return dir ? -EBUSY : -EISDIR;
	}
	return -EINVAL;
}

static int unlink_locked(struct walk *walk, struct dentry *dentry, bool want_dir)
{
	struct inode *dir = walk->cur.dentry->inode, *inode = dentry_inode(dentry);
	int err;

	if (!inode)
		return -ENOENT;
	if (!want_dir && walk->slash)
		return inode_is_dir(inode) ? -EISDIR : -ENOTDIR;
	err = may_delete(walk, dentry, want_dir);
	if (!err && !dir->ops->unlink)
		err = -EPERM;
	if (!err)
		err = dir->ops->unlink(dir, &walk->last, inode);
	if (err)
		return err;
	dentry_kill(dentry);
	if (!want_dir)
		inotify_inode(inode, IN_ATTRIB);
	return 0;
}

int name_unlink(int dirfd, const char *path, bool want_dir)
{
	struct walk walk;
	struct dentry *dentry = NULL;
	struct inode *dir;
	int err = walk_begin(&walk, dirfd, path, LOOKUP_ACCESS(PATH_CREATE));

	if (err)
		return err;
	err = walk_parent(&walk);
	if (!err)
		err = unlink_type_error(&walk, want_dir);
	if (!err)
		err = walk_allowed_last(&walk);
	if (err)
		goto out;
	dir = walk.cur.dentry->inode;
	mutex_lock(&dir->lock);
	err = dentry_lookup_locked(walk.cur.dentry, &walk.last, walk.last_hash, &dentry);
	if (!err)
		err = unlink_locked(&walk, dentry, want_dir);
	mutex_unlock(&dir->lock);
	/* Here, unlocked, the file itself may go: freeing a big one takes time. */
	if (dentry)
		dentry_put(dentry);
	if (!err)
		inotify_name(dir, IN_DELETE, &walk.last, want_dir);
out:
	walk_end(&walk);
	return err;
}

/* ---- rename ---- */

struct rename {
	struct walk from, to;
	struct dentry *old, *new;
	u32 flags;
};

static void rename_lock(struct rename *r)
{
	if (r->from.cur.dentry != r->to.cur.dentry)
		mutex_lock(&rename_mutex);
	mutex_lock_pair(&r->from.cur.dentry->inode->lock, &r->to.cur.dentry->inode->lock);
}

static void rename_unlock(struct rename *r)
{
	mutex_unlock_pair(&r->from.cur.dentry->inode->lock, &r->to.cur.dentry->inode->lock);
	if (r->from.cur.dentry != r->to.cur.dentry)
		mutex_unlock(&rename_mutex);
}

/* Both names are looked up: may the one become the other? */
static int rename_check(struct rename *r)
{
	struct inode *inode = dentry_inode(r->old), *target = dentry_inode(r->new);
	bool dir, exchange = r->flags & RENAME_EXCHANGE;
	int err;

	if (!inode)
		return -ENOENT;
	if (target && (r->flags & RENAME_NOREPLACE))
		return -EEXIST;
	if (!target && exchange)
		return -ENOENT;
	dir = inode_is_dir(inode);
	if (!dir && (r->from.slash || (!exchange && r->to.slash)))
		return -ENOTDIR;
	if (exchange && r->to.slash && !inode_is_dir(target))
		return -ENOTDIR;
	if (dir && dentry_is_below(r->to.cur.dentry, r->old))
		return -EINVAL;
	if (target && inode_is_dir(target) && dentry_is_below(r->from.cur.dentry, r->new))
		return exchange ? -EINVAL : -ENOTEMPTY;
	if (inode == target)
		return 0;
	err = may_delete(&r->from, r->old, dir);
	if (!err && !target)
		err = may_create(&r->to);
	else if (!err)
		err = may_delete(&r->to, r->new, exchange ? inode_is_dir(target) : dir);
	/* A folder that changes parents has its ".." written. */
	if (!err && dir && r->from.cur.dentry != r->to.cur.dentry)
		err = inode_permission(inode, r->from.cred, MAY_WRITE);
	if (!err && exchange && inode_is_dir(target) && r->from.cur.dentry != r->to.cur.dentry)
		err = inode_permission(target, r->from.cred, MAY_WRITE);
	return err;
}

int name_move(const struct name_place *from, const struct name_place *to, u32 flags)
{
	struct inode *from_dir = from->dir->inode, *to_dir = to->dir->inode;
	struct inode *inode = dentry_inode(from->dentry), *target = dentry_inode(to->dentry);
	bool exchange = flags & RENAME_EXCHANGE;
	struct dentry_name *to_name, *from_name = NULL;
	int err = -ENOMEM;

	if (inode == target)
		return 0; /* links of one file: nothing happens */
	if (!from_dir->ops->rename)
		return -EPERM;
	to_name = dentry_new_name(&to->name);
	if (exchange)
		from_name = dentry_new_name(&from->name);
	if (!to_name || (exchange && !from_name))
		goto err_names;
	err = from_dir->ops->rename(from_dir, &from->name, inode, to_dir, &to->name, target,
				    flags);
	if (err)
		goto err_names;
	/* No failure past this point. */
	if (exchange)
		dentry_move(to->dentry, from->dir, from_name);
	else
		dentry_kill(to->dentry);
	dentry_move(from->dentry, to->dir, to_name);
	return 0;
err_names:
	dentry_free_name(to_name);
	dentry_free_name(from_name);
	return err;
}

static int rename_commit(struct rename *r)
{
	struct name_place from = { r->from.cur.dentry, r->from.last, r->old };
	struct name_place to = { r->to.cur.dentry, r->to.last, r->new };

	return name_move(&from, &to, r->flags);
}

/* After it was done; both dentries are still ours. */
static void rename_tell(struct rename *r)
{
	struct inode *from_dir = r->from.cur.dentry->inode, *to_dir = r->to.cur.dentry->inode;
	struct inode *inode = dentry_inode(r->old), *other = dentry_inode(r->new);
	bool exchange = r->flags & RENAME_EXCHANGE;

	if (inode == other)
		return;
	inotify_move(inode, from_dir, &r->from.last, to_dir, &r->to.last, exchange ? NULL : other);
	if (exchange)
		inotify_move(other, to_dir, &r->to.last, from_dir, &r->from.last, NULL);
}

/* Both names may be changed, and neither file gets more than unveil gave it. */
static int rename_unveiled(const struct rename *r)
{
	u32 from = walk_perms_last(&r->from), to = walk_perms_last(&r->to);
	int err = walk_allowed_last(&r->from);

	if (!err)
		err = walk_allowed_last(&r->to);
	if (!err && ((to & ~from) || ((r->flags & RENAME_EXCHANGE) && (from & ~to))))
		err = -EACCES;
	return err;
}

static int rename_walk(struct rename *r, int to_fd, const char *to)
{
	int err = walk_parent(&r->from);

	if (err)
		return err;
	err = walk_begin(&r->to, to_fd, to, LOOKUP_ACCESS(PATH_CREATE));
	if (err)
		return err;
	err = walk_parent(&r->to);
	if (!err && r->from.cur.mount != r->to.cur.mount)
		err = -EXDEV;
	if (!err && r->from.type != LAST_NORMAL)
		err = -EBUSY;
	if (!err && r->to.type != LAST_NORMAL)
		err = r->flags & RENAME_NOREPLACE ? -EEXIST : -EBUSY;
	if (!err)
		err = rename_unveiled(r);
	if (err)
		walk_end(&r->to);
	return err;
}

int name_rename(int from_fd, const char *from, int to_fd, const char *to, u32 flags)
{
	struct rename r = { .flags = flags };
	int err = walk_begin(&r.from, from_fd, from, LOOKUP_ACCESS(PATH_READ | PATH_CREATE));

	if (err)
		return err;
	err = rename_walk(&r, to_fd, to);
	if (err)
		goto err_from;
	rename_lock(&r);
	err = dentry_lookup_locked(r.from.cur.dentry, &r.from.last, r.from.last_hash, &r.old);
	if (!err)
		err = dentry_lookup_locked(r.to.cur.dentry, &r.to.last, r.to.last_hash, &r.new);
	if (!err)
		err = rename_check(&r);
	if (!err)
		err = rename_commit(&r);
	rename_unlock(&r);
	if (!err && inotify_anyone())
		rename_tell(&r);
	if (r.old)
		dentry_put(r.old);
	if (r.new)
		dentry_put(r.new);
	walk_end(&r.to);
err_from:
	walk_end(&r.from);
	return err;
}

/* ---- links ---- */

static long magic_text(struct inode *inode, char *buf, size_t size)
{
	struct path to, root;
	bool unreachable;
	char *text, *tmp;
	long len;
	int err = inode->ops->follow(inode, &to);

	if (err)
		return err;
	tmp = kmalloc(PATH_MAX, 0);
	if (!tmp) {
		path_put(&to);
		return -ENOMEM;
	}
	fs_context_get_root(current_task()->fs, &root);
	text = path_string(&to, &root, tmp, PATH_MAX, &unreachable);
	len = text ? (long)strlen(text) : -ENAMETOOLONG;
	if (text)
		memcpy(buf, text, MIN((size_t)len, size));
	if (text && (to.dentry->flags & DENTRY_DEAD) && (size_t)len + 10 <= size) {
		memcpy(buf + len, " (deleted)", 10);
		len += 10;
	}
	path_put(&root);
	path_put(&to);
	kfree(tmp);
	return len < 0 ? len : (long)MIN((size_t)len, size);
}

long name_readlink(const struct path *path, char *buf, size_t size)
{
	struct inode *inode = path_inode(path);

	if (!S_ISLNK(inode->mode))
		return -EINVAL;
	inode_touch_accessed(inode);
	if (inode->ops->readlink)
		return inode->ops->readlink(inode, buf, size);
	if (inode->ops->follow)
		return magic_text(inode, buf, size);
	return -EINVAL;
}

/* ---- open ---- */

static u32 open_mask(u32 flags)
{
	static const u8 access[4] = { MAY_READ, MAY_WRITE, MAY_READ | MAY_WRITE,
				      MAY_READ | MAY_WRITE };
	u32 mask = access[flags & O_ACCMODE];

	return flags & O_TRUNC ? mask | MAY_WRITE : mask;
}

static int may_open(const struct path *path, u32 flags, bool created, const struct cred *cred)
{
	struct inode *inode = path_inode(path);
	u32 mask = open_mask(flags);
	u32 type = inode->mode & S_IFMT;

	if ((flags & O_DIRECTORY) == O_DIRECTORY && type != S_IFDIR)
		return -ENOTDIR;
	if (type == S_IFLNK)
		return -ELOOP;
	if (type == S_IFDIR && ((mask & MAY_WRITE) || (flags & O_CREAT)))
		return -EISDIR;
	if ((type == S_IFCHR || type == S_IFBLK) && (path->mount->flags & MS_NODEV))
		return -EACCES;
	if ((mask & MAY_WRITE) && mount_read_only(path->mount) &&
	    (type == S_IFREG || type == S_IFDIR))
		return -EROFS;
	if ((flags & O_NOATIME) && !inode_owner_or_root(inode, cred))
		return -EPERM;
	return created ? 0 : inode_permission(inode, cred, mask);
}

static int open_name_only(const struct path *path, u32 flags, struct file **out)
{
	struct inode *inode = path_inode(path);

	if ((flags & O_DIRECTORY) && !inode_is_dir(inode))
		return -ENOTDIR;
	return file_open(inode, path, flags & (O_PATH | O_DIRECTORY | O_NOFOLLOW), out);
}

/* Takes over @path's references, also when it fails. */
static int open_path(const struct path *path, u32 flags, bool created, const struct cred *cred,
		     struct file **out)
{
	struct inode *inode = path_inode(path);
	int err;

	if (unlikely(flags & O_PATH)) {
		err = open_name_only(path, flags, out);
	} else {
		err = may_open(path, flags, created, cred);
		if (likely(!err))
			err = file_open(inode, path, flags, out);
	}
	if (unlikely(err)) {
		path_put(path);
		return err;
	}
	if (flags & O_PATH)
		return 0;
	inotify_dentry(path->dentry, IN_OPEN);
	if ((flags & O_TRUNC) && S_ISREG(inode->mode) && !created) {
		err = inode_set_attr(inode, &(struct inode_attr){ .valid = ATTR_SIZE | ATTR_OPEN });
		if (err)
			file_put(*out);
		else
			inotify_dentry(path->dentry, IN_MODIFY);
	}
	return err;
}

/* The last name with O_CREAT: there, made, or a link to go on with (*again). */
static int open_create_last(struct walk *walk, u32 flags, u32 mode, struct path *found,
			    bool *created, bool *again)
{
	struct dentry *parent = walk->cur.dentry, *dentry;
	struct inode *inode;
	int err = dentry_lookup(parent, &walk->last, walk->last_hash, &dentry);

	if (err)
		return err;
	*created = false;
	inode = dentry_inode(dentry);
	if (!inode || !S_ISLNK(inode->mode) || (flags & O_NOFOLLOW))
		err = walk_allowed_last(walk);
	if (err) {
		dentry_put(dentry);
		return err;
	}
	if (!inode) {
		/* Again under the lock: whoever gets it first creates. */
		dentry_put(dentry);
		mutex_lock(&parent->inode->lock);
		err = dentry_lookup_locked(parent, &walk->last, walk->last_hash, &dentry);
		if (!err && !dentry_inode(dentry)) {
			err = may_create(walk);
			if (!err)
				err = create_locked(parent->inode, dentry, &walk->last,
						    S_IFREG | (mode & 07777 & ~fs_context_umask()),
						    0);
			if (err)
				dentry_put(dentry);
			*created = !err;
			if (*created)
				inotify_name(parent->inode, IN_CREATE, &walk->last, false);
		}
		mutex_unlock(&parent->inode->lock);
		if (err)
			return err;
	}
	inode = dentry_inode(dentry);
	if (!*created && (flags & O_EXCL))
		err = -EEXIST;
	else if (S_ISLNK(inode->mode) && !(flags & O_NOFOLLOW))
		err = walk_link(walk, inode);
	*again = !err && S_ISLNK(inode->mode) && !(flags & O_NOFOLLOW);
	if (!err && !*again) {
		/* A name that is mounted on is the mount's root. */
		struct mount *mount = NULL;

		if (dentry->flags & DENTRY_MOUNTED)
			mount = mount_at(walk->cur.mount, dentry);
		if (mount) {
			*found = (struct path){ mount, mount->root };
			dentry_get(mount->root);
		} else {
			*found = (struct path){ walk->cur.mount, dentry };
			path_get(found);
		}
	}
	dentry_put(dentry);
	return err;
}

/* What open(2) with @flags wants with its path. */
static u32 open_access(u32 flags)
{
	u32 access = PATH_READ;

	if (flags & O_PATH)
		return access;
	if ((flags & O_ACCMODE) != O_RDONLY)
		access = (flags & O_ACCMODE) == O_WRONLY ? PATH_WRITE : PATH_READ | PATH_WRITE;
	if (flags & O_TRUNC)
		access |= PATH_WRITE;
	return flags & O_CREAT ? access | PATH_CREATE : access;
}

static int open_create(int dirfd, const char *name, u32 flags, u32 mode, struct file **out)
{
	bool created = false, again = false;
	struct path found;
	struct walk walk;
	int err = walk_begin(&walk, dirfd, name, LOOKUP_ACCESS(open_access(flags)));

	if (err)
		return err;
	do {
		err = walk_parent(&walk);
		if (!err && again && walk.type == LAST_ROOT) {
			/* A magic link led straight there. */
			if (walk.veil)
				err = unveil_check(&walk.cover, walk.access);
			found = walk.cur;
			if (!err)
				path_get(&found);
			break;
		}
		if (!err && (walk.type != LAST_NORMAL || walk.slash))
			err = -EISDIR;
		if (!err)
			err = open_create_last(&walk, flags, mode, &found, &created, &again);
	} while (!err && again);
	if (!err) {
		err = open_path(&found, flags, created, walk.cred, out);
	}
	walk_end(&walk);
	return err;
}

static int open_unnamed(const struct path *folder, u32 flags, u32 mode, const struct cred *cred,
			struct file **out)
{
	struct inode *dir = path_inode(folder), *inode;
	struct path path = { folder->mount, NULL };
	int err;

	if (!dir->ops->tmpfile)
		return -EOPNOTSUPP;
	err = mount_read_only(folder->mount) ? -EROFS : 0;
	if (!err)
		err = inode_permission(dir, cred, MAY_WRITE | MAY_EXEC);
	if (!err && (folder->dentry->flags & DENTRY_DEAD))
		err = -ENOENT;
	if (!err)
		err = dir->ops->tmpfile(dir, S_IFREG | (mode & 07777 & ~fs_context_umask()),
					&inode);
	if (err)
		return err;
	if (!(flags & O_EXCL))
		inode->flags |= INODE_LINKABLE;
	path.dentry = dentry_alloc_unnamed(folder->dentry, inode);
	if (!path.dentry)
		return -ENOMEM;
	mount_get(path.mount);
	/* It is not there for others: neither truncated nor told as a folder. */
	err = open_path(&path, flags & ~(u32)(O_TMPFILE | O_TRUNC), true, cred, out);
	if (!err)
		(*out)->flags |= O_TMPFILE;
	return err;
}

/* O_TMPFILE: a file in the folder @name, without a name. */
static int open_tmpfile(int dirfd, const char *name, u32 flags, u32 mode, struct file **out)
{
	struct path folder;
	u32 lookup = LOOKUP_ACCESS(open_access(flags | O_CREAT));
	int err = path_lookup(dirfd, name, lookup | LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &folder);

	if (err)
		return err;
	err = open_unnamed(&folder, flags, mode, cred_current(), out);
	path_put(&folder);
	return err;
}

int name_open(int dirfd, const char *name, u32 flags, u32 mode, struct file **out)
{
	u32 lookup = LOOKUP_ACCESS(open_access(flags));
	struct path path;
	int err;

	if ((flags & O_TMPFILE) == O_TMPFILE && !(flags & O_PATH))
		return open_tmpfile(dirfd, name, flags, mode, out);
	if ((flags & O_CREAT) && !(flags & O_PATH))
		return open_create(dirfd, name, flags, mode, out);
	if (!(flags & O_NOFOLLOW))
		lookup |= LOOKUP_FOLLOW;
	if (flags & O_DIRECTORY)
		lookup |= LOOKUP_DIRECTORY;
	err = path_lookup(dirfd, name, lookup, &path);
	if (err)
		return err;
	return open_path(&path, flags, false, cred_current(), out);
}

int fs_open(int dirfd, const char *path, u32 flags, u32 mode, struct file **out)
{
	struct path_name name;
	int err = path_name_kernel(&name, path);

	if (err)
		return err;
	err = name_open(dirfd, name.str, flags, mode, out);
	path_name_put(&name);
	return err;
}

static int open_exec_path(const struct path *path, struct file **out)
{
	struct inode *inode = path_inode(path);
	int err;

	if (S_ISLNK(inode->mode))
		return -ELOOP;
	if (!S_ISREG(inode->mode) || (path->mount->flags & MS_NOEXEC))
		return -EACCES;
	err = inode_permission(inode, cred_current(), MAY_EXEC);
	if (!err)
		err = inode_deny_write(inode);
	if (err)
		return err;
	err = file_open(inode, path, O_RDONLY, out);
	if (err) {
		inode_allow_write(inode);
		return err;
	}
	(*out)->kflags |= FILE_EXEC;
	inotify_dentry(path->dentry, IN_OPEN);
	return 0;
}

int fs_open_exec(int dirfd, const char *pathname, u32 at_flags, struct file **out)
{
	u32 lookup = at_flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW;
	struct path_name name;
	struct path path;
	int err = path_name_kernel(&name, pathname);

	if (err)
		return err;
	if (at_flags & AT_EMPTY_PATH)
		lookup |= LOOKUP_EMPTY;
	err = path_lookup(dirfd, name.str, lookup | LOOKUP_ACCESS(PATH_EXEC), &path);
	path_name_put(&name);
	if (err)
		return err;
	err = open_exec_path(&path, out);
	if (err)
		path_put(&path);
	return err;
}

bool fs_setid(struct file *file, u32 *euid, u32 *egid)
{
	struct inode *inode = file->inode;
	bool changed = false;

	if (file->mount && (file->mount->flags & MS_NOSUID))
		return false;
	if (likely(!(inode->mode & (S_ISUID | S_ISGID))))
		return false;
	/* Bits and owners of one moment: chown takes the bits away with the owner it changes,
	 * and the old bits with the new owner would make anybody root. */
	mutex_lock(&inode->lock);
	if (inode->mode & S_ISUID) {
		*euid = inode->uid;
		changed = true;
	}
	/* Without group x the bit is not setgid (mandatory locks, once). */
	if ((inode->mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP)) {
		*egid = inode->gid;
		changed = true;
	}
	mutex_unlock(&inode->lock);
	return changed;
}
