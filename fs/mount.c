/* SPDX-License-Identifier: MIT */
/*
 * The mount tree and the file system types. Mounts are few and rarely change:
 * one list, searched under dentry_tree_lock only at names that are mounted on.
 */
#include <fs/mount.h>

#include <fs/dentry.h>
#include <fs/path.h>
#include <fs/seq.h>
#include <fs/tmpfs.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_misc.h>
#include <kernel/lib/string.h>
#include <mm/kmalloc.h>

#define MAX_TYPES 16u
/* What a mount remembers of MS_*. */
#define ATIME_FLAGS (MS_NOATIME | MS_NODIRATIME | MS_RELATIME | MS_STRICTATIME)
#define MOUNT_FLAGS (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME | MS_NODIRATIME)

static const struct fs_type *types[MAX_TYPES];
static u32 nr_types;

static struct mutex mount_mutex = MUTEX_INIT(mount_mutex, RANK_MOUNT, "mount");
static struct list_head mounts = LIST_HEAD_INIT(mounts); /* [mount_mutex, dentry_tree_lock] */
static struct mount *root_mount;
static u32 next_id = 1; /* [mount_mutex] */

void fs_type_register(const struct fs_type *type)
{
	PANIC_ON(nr_types == MAX_TYPES, "fs: more than %u file system types", MAX_TYPES);
	types[nr_types++] = type;
}

const struct fs_type *fs_type_at(u32 n)
{
	return n < nr_types ? types[n] : NULL;
}

const struct fs_type *fs_type_find(const char *name)
{
	for (u32 i = 0; i < nr_types; i++)
		if (!strcmp(types[i]->name, name))
			return types[i];
	return NULL;
}

/* ---- life ---- */

/* Takes over the references on @sb and @root, also when it fails. */
static struct mount *mount_alloc(struct superblock *sb, struct dentry *root, const char *source,
				 u32 flags)
{
	struct mount *mount = kzalloc(sizeof(*mount), 0);

	if (mount)
		mount->source = kstrdup(source, 0);
	if (!mount || !mount->source) {
		kfree(mount);
		dentry_put(root);
		superblock_put(sb);
		return NULL;
	}
	refcount_init(&mount->refs);
	mount->sb = sb;
	mount->root = root;
	mount->flags = flags & MOUNT_FLAGS;
	list_init(&mount->link);
	return mount;
}

void mount_release(struct mount *mount)
{
	do {
		struct mount *parent = mount->parent;

		if (mount->mountpoint)
			dentry_put(mount->mountpoint);
		dentry_put(mount->root);
		superblock_put(mount->sb);
		kfree(mount->source);
		kfree(mount);
		mount = parent;
	} while (mount && refcount_put(&mount->refs));
}

/* Takes over the reference on @mount; both locks' rule: mutex held by caller. */
static void attach(struct mount *mount, const struct path *where)
{
	mount->id = next_id++;
	if (where) {
		mount_get(where->mount);
		dentry_get(where->dentry);
	}
	spin_lock(&dentry_tree_lock);
	if (where) {
		mount->parent = where->mount;
		mount->mountpoint = where->dentry;
		(void)atomic_fetch_or(&where->dentry->flags, (u32)DENTRY_MOUNTED);
	}
	mount->attached = true;
	list_add_tail(&mount->link, &mounts);
	spin_unlock(&dentry_tree_lock);
}

void mount_init(void)
{
	const struct fs_type *type = fs_type_find("tmpfs");
	struct superblock *sb;
	struct mount *base;
	int err;

	PANIC_ON(!type, "fs: there is no tmpfs for the root");
	err = type->mount(type, "mode=755", &sb);
	PANIC_ON(err, "fs: cannot make the root file system: error %d", -err);
	/* As on Linux there is an empty file system below the root, so that the root is
	 * mounted on something and can be changed: pivot_root(2). */
	dentry_get(sb->root);
	base = mount_alloc(sb, sb->root, "rootfs", 0);
	err = type->mount(type, "mode=755", &sb);
	PANIC_ON(err || !base, "fs: cannot make the root file system: error %d", -err);
	dentry_get(sb->root);
	root_mount = mount_alloc(sb, sb->root, "tmpfs", 0);
	PANIC_ON(!root_mount, "fs: no memory for the root mount");
	attach(base, NULL);
	attach(root_mount, &(struct path){ base, base->root });
}

struct mount *mount_root(void)
{
	return root_mount;
}

/* ---- look-up ---- */

static struct mount *mount_at_locked(const struct mount *parent, const struct dentry *dentry)
{
	struct mount *mount, *found = NULL;

	LIST_FOR_EACH(mount, &mounts, link)
		if (mount->parent == parent && mount->mountpoint == dentry)
			found = mount; /* the latest hides earlier ones */
	return found;
}

struct mount *mount_at(struct mount *parent, struct dentry *dentry)
{
	struct mount *found;

	spin_lock(&dentry_tree_lock);
	found = mount_at_locked(parent, dentry);
	if (found) {
		mount_get(found);
		found->crossings++;
	}
	spin_unlock(&dentry_tree_lock);
	return found;
}

static bool is_mounted_on(const struct dentry *dentry)
{
	struct mount *mount;

	LIST_FOR_EACH(mount, &mounts, link)
		if (mount->mountpoint == dentry)
			return true;
	return false;
}

/* ---- change ---- */

/* Whether something can be mounted at @where that is a folder, or none. mount_mutex */
static int check_place(const struct path *where, bool dir)
{
	if (!where->mount->attached || (where->dentry->flags & DENTRY_DEAD))
		return -ENOENT;
	return dir != inode_is_dir(path_inode(where)) ? -ENOTDIR : 0;
}

static int mount_attach_checked(struct mount *mount, const struct path *where)
{
	int err;

	mutex_lock(&mount_mutex);
	err = check_place(where, inode_is_dir(mount->root->inode));
	if (!err)
		attach(mount, where);
	mutex_unlock(&mount_mutex);
	if (err)
		mount_put(mount);
	return err;
}

int mount_add(const struct fs_type *type, const char *source, const char *data, u32 flags,
	      const struct path *where)
{
	struct superblock *sb;
	struct mount *mount;
	int err = type->mount(type, data, &sb);

	if (err)
		return err;
	/* As Linux: not twice on the same place (/proc, /dev are there before init). */
	if (where->mount->sb == sb && where->dentry == where->mount->root) {
		superblock_put(sb);
		return -EBUSY;
	}
	dentry_get(sb->root);
	mount = mount_alloc(sb, sb->root, source, flags);
	if (!mount)
		return -ENOMEM;
	return mount_attach_checked(mount, where);
}

/* ---- binding ---- */

static struct mount *clone(const struct mount *mount, struct dentry *root)
{
	superblock_get(mount->sb);
	dentry_get(root);
	return mount_alloc(mount->sb, root, mount->source, mount->flags);
}

/* Is @mount to be copied now: it is on something copied, and below @from. */
static bool belongs(const struct mount *mount, const struct path *from)
{
	if (mount->copy || mount->unbindable || !mount->parent || !mount->parent->copy)
		return false;
	return mount->parent != from->mount || dentry_is_below(mount->mountpoint, from->dentry);
}

/*
 * Copies of all mounts below @from, whose own copy is made. They are not attached, but
 * in @copies, parents before children; mount->copy of the originals is set. A move may
 * have put parents behind their children in the list, hence the rounds.
 */
static int copy_below(const struct path *from, struct list_head *copies)
{
	struct mount *mount;
	bool found;

	do {
		found = false;
		LIST_FOR_EACH(mount, &mounts, link) {
			if (!belongs(mount, from))
				continue;
			mount->copy = clone(mount, mount->root);
			if (!mount->copy)
				return -ENOMEM;
			list_add_tail(&mount->copy->link, copies);
			found = true;
		}
	} while (found);
	return 0;
}

/* The originals, by the copies in @copies: found again to learn their places. */
static void attach_copies(struct list_head *copies, const struct path *where)
{
	struct list_head *link;

	while ((link = list_pop(copies))) {
		struct mount *copy = LIST_ENTRY(link, struct mount, link), *of, *orig = NULL;

		LIST_FOR_EACH(of, &mounts, link)
			if (of->copy == copy)
				orig = of;
		/* The first is the top: it goes where the caller said. */
		if (!orig->parent || !orig->parent->copy || orig->parent->copy->attached == false)
			attach(copy, where);
		else
			attach(copy, &(struct path){ orig->parent->copy, orig->mountpoint });
	}
}

static int bind_locked(const struct path *from, const struct path *where, bool recursive)
{
	struct list_head copies = LIST_HEAD_INIT(copies);
	struct list_head *link;
	struct mount *top, *mount;
	int err = check_place(where, inode_is_dir(path_inode(from)));

	if (!err && (!from->mount->attached || from->mount->unbindable))
		err = -EINVAL;
	if (err)
		return err;
	top = clone(from->mount, from->dentry);
	if (!top)
		return -ENOMEM;
	from->mount->copy = top;
	list_add_tail(&top->link, &copies);
	if (recursive)
		err = copy_below(from, &copies);
	if (!err)
		attach_copies(&copies, where);
	LIST_FOR_EACH(mount, &mounts, link)
		mount->copy = NULL;
	while ((link = list_pop(&copies)))
		mount_put(LIST_ENTRY(link, struct mount, link));
	return err;
}

int mount_bind(const struct path *from, const struct path *where, bool recursive)
{
	int err;

	mutex_lock(&mount_mutex);
	err = bind_locked(from, where, recursive);
	mutex_unlock(&mount_mutex);
	return err;
}

/* ---- moving ---- */

static bool is_mount_below(const struct mount *mount, const struct mount *top)
{
	while (mount && mount != top)
		mount = mount->parent;
	return mount != NULL;
}

/* @mount to another place, with what is mounted on it. */
static void replant(struct mount *mount, const struct path *where)
{
	struct path old = { mount->parent, mount->mountpoint };

	path_get(where);
	spin_lock(&dentry_tree_lock);
	mount->parent = where->mount;
	mount->mountpoint = where->dentry;
	(void)atomic_fetch_or(&where->dentry->flags, (u32)DENTRY_MOUNTED);
	if (!is_mounted_on(old.dentry))
		(void)atomic_fetch_and(&old.dentry->flags, ~(u32)DENTRY_MOUNTED);
	/* The latest at one place is the one that is seen. */
	list_move_tail(&mount->link, &mounts);
	spin_unlock(&dentry_tree_lock);
	path_put(&old);
}

int mount_move(const struct path *from, const struct path *where)
{
	struct mount *mount = from->mount;
	int err = -EINVAL;

	mutex_lock(&mount_mutex);
	if (from->dentry != mount->root || !mount->attached || !mount->parent ||
	    !where->mount->attached || inode_is_dir(path_inode(from)) !=
					       inode_is_dir(path_inode(where)))
		goto out;
	err = -ELOOP;
	if (is_mount_below(where->mount, mount))
		goto out;
	err = check_place(where, inode_is_dir(mount->root->inode));
	if (!err)
		replant(mount, where);
out:
	mutex_unlock(&mount_mutex);
	return err;
}

int mount_pivot(const struct path *root, const struct path *new, const struct path *put_old)
{
	struct path top;
	int err = -EINVAL;

	mutex_lock(&mount_mutex);
	if ((new->dentry->flags | put_old->dentry->flags) & DENTRY_DEAD) {
		err = -ENOENT;
		goto out;
	}
	if (new->mount == root->mount || put_old->mount == root->mount) {
		err = -EBUSY;
		goto out;
	}
	if (root->dentry != root->mount->root || !root->mount->parent || !root->mount->attached ||
	    new->dentry != new->mount->root || !new->mount->parent || !new->mount->attached ||
	    !put_old->mount->attached)
		goto out;
	/* What is put away must be reachable from the new root, and that from the old. */
	if (!is_mount_below(put_old->mount, new->mount) ||
	    !is_mount_below(new->mount, root->mount))
		goto out;
	err = 0;
	top = (struct path){ root->mount->parent, root->mount->mountpoint };
	path_get(&top);
	replant(new->mount, &top);
	replant(root->mount, put_old);
	path_put(&top);
out:
	mutex_unlock(&mount_mutex);
	return err;
}

/* ---- settings ---- */

static int remount_super(struct superblock *sb, u32 flags, const char *data)
{
	int err = sb->remount ? sb->remount(sb, data) : 0;

	if (err || !sb->remount)
		return err;
	if (flags & MS_RDONLY)
		(void)atomic_fetch_or(&sb->flags, (u32)SB_RDONLY);
	else
		(void)atomic_fetch_and(&sb->flags, ~(u32)SB_RDONLY);
	return 0;
}

int mount_remount(const struct path *where, u32 flags, const char *data)
{
	struct mount *mount = where->mount;
	int err = 0;

	if (where->dentry != mount->root)
		return -EINVAL;
	mutex_lock(&mount_mutex);
	if (!mount->attached)
		err = -EINVAL;
	else if (!(flags & MS_BIND))
		err = remount_super(mount->sb, flags, data);
	if (!err) {
		u32 new = flags & MOUNT_FLAGS;

		/* Nothing said about access times: as they were. */
		if (!(flags & ATIME_FLAGS))
			new |= mount->flags & (MS_NOATIME | MS_NODIRATIME);
		spin_lock(&dentry_tree_lock);
		mount->flags = new;
		spin_unlock(&dentry_tree_lock);
	}
	mutex_unlock(&mount_mutex);
	return err;
}

int mount_propagation(const struct path *where, u32 flags)
{
	struct mount *top = where->mount, *mount;

	if (where->dentry != top->root)
		return -EINVAL;
	mutex_lock(&mount_mutex);
	LIST_FOR_EACH(mount, &mounts, link)
		if (mount == top || ((flags & MS_REC) && is_mount_below(mount, top)))
			mount->unbindable = flags & MS_UNBINDABLE;
	mutex_unlock(&mount_mutex);
	return 0;
}

/* ---- removal ---- */

/* The mount list and @where hold two references; all others are users. */
static bool in_use(const struct mount *mount)
{
	return refcount_read(&mount->refs) > 2;
}

/* umount2(2), MNT_EXPIRE: the second call of two with no walk into the mount between
 * them but the second's own. dentry_tree_lock and the mutex held. */
static bool expired(struct mount *mount)
{
	if (mount->expire_at == mount->crossings)
		return true;
	mount->expire_at = mount->crossings + 1;
	return false;
}

static int may_remove(const struct path *where, u32 flags)
{
	struct mount *mount = where->mount;
	int err = 0;

	if (where->dentry != mount->root || !mount->attached)
		return -EINVAL;
	/* The root of all, and what is mounted on it: nothing would be left. */
	if (!mount->parent || !mount->parent->parent || (in_use(mount) && !(flags & MNT_DETACH)))
		return -EBUSY;
	spin_lock(&dentry_tree_lock);
	if ((flags & MNT_EXPIRE) && !expired(mount))
		err = -EAGAIN;
	spin_unlock(&dentry_tree_lock);
	return err;
}

/* @mount and what is mounted below it, into @gone; not in use, or MNT_DETACH. */
static void detach_tree(struct mount *top, struct list_head *gone)
{
	struct list_head *link, *next;

	spin_lock(&dentry_tree_lock);
	for (link = mounts.next; link != &mounts; link = next) {
		struct mount *mount = LIST_ENTRY(link, struct mount, link);

		next = link->next;
		if (!is_mount_below(mount, top))
			continue;
		list_move_tail(&mount->link, gone);
		mount->attached = false;
	}
	for (link = gone->next; link != gone; link = link->next) {
		struct mount *mount = LIST_ENTRY(link, struct mount, link);

		if (!is_mounted_on(mount->mountpoint))
			(void)atomic_fetch_and(&mount->mountpoint->flags, ~(u32)DENTRY_MOUNTED);
	}
	spin_unlock(&dentry_tree_lock);
}

int mount_remove(const struct path *where, u32 flags)
{
	struct list_head gone = LIST_HEAD_INIT(gone);
	struct mount *mount = where->mount;
	struct list_head *link;
	int err;

	mutex_lock(&mount_mutex);
	err = may_remove(where, flags);
	if (err) {
		mutex_unlock(&mount_mutex);
		return err;
	}
	detach_tree(mount, &gone);
	mutex_unlock(&mount_mutex);
	while ((link = list_pop(&gone))) {
		list_init(link);
		mount_put(LIST_ENTRY(link, struct mount, link));
	}
	return 0;
}

/* ---- /proc/mounts ---- */

/* @info: in mountinfo, where the file system's own settings come later. */
static void show_options(struct seq *seq, const struct mount *mount, bool info)
{
	bool read_only = info ? (mount->flags & MS_RDONLY) != 0 : mount_read_only(mount);

	seq_puts(seq, read_only ? "ro" : "rw");
	if (mount->flags & MS_NOSUID)
		seq_puts(seq, ",nosuid");
	if (mount->flags & MS_NODEV)
		seq_puts(seq, ",nodev");
	if (mount->flags & MS_NOEXEC)
		seq_puts(seq, ",noexec");
	if (mount->flags & MS_NOATIME)
		seq_puts(seq, ",noatime");
	if (mount->flags & MS_NODIRATIME)
		seq_puts(seq, ",nodiratime");
	if (!(mount->flags & MS_NOATIME))
		seq_puts(seq, ",relatime");
}

/* Blanks and backslashes in a field become octal, as getmntent(3) undoes. */
static void show_field(struct seq *seq, const char *s)
{
	for (; *s; s++) {
		if (strchr(" \t\n\\#", *s))
			seq_printf(seq, "\\%03o", (unsigned)(u8)*s);
		else
			seq_putc(seq, *s);
	}
}

static void show_super_options(struct seq *seq, const struct mount *mount)
{
	char *buf;

	if (!mount->sb->options)
		return;
	buf = kmalloc(PATH_MAX, 0);
	if (!buf) {
		seq->failed = true;
		return;
	}
	buf[0] = 0;
	mount->sb->options(mount->sb, buf, PATH_MAX);
	show_field(seq, buf);
	kfree(buf);
}

/* Where @mount is seen from @root, or NULL when it is not below it. */
static const char *mount_place(struct mount *mount, const struct path *root, char *buf)
{
	struct path top = { mount, mount->root };
	bool unreachable;
	char *place = path_string(&top, root, buf, PATH_MAX, &unreachable);

	return unreachable ? NULL : place;
}

/* Which part of its file system the mount shows: the root's name within it. */
static void show_root(struct seq *seq, const struct mount *mount)
{
	char *buf = kmalloc(PATH_MAX, 0), *at = buf + PATH_MAX - 1;
	const struct dentry *dentry = mount->root;

	if (!buf) {
		seq->failed = true;
		return;
	}
	*at = 0;
	spin_lock(&dentry_tree_lock);
	for (; dentry->parent != dentry; dentry = dentry->parent) {
		if (at - buf <= (long)dentry->name_len)
			break;
		at -= dentry->name_len;
		memcpy(at, dentry->name, dentry->name_len);
		*--at = '/';
	}
	spin_unlock(&dentry_tree_lock);
	show_field(seq, *at ? at : "/");
	kfree(buf);
}

static void show_line(struct seq *seq, const struct mount *mount, const char *place)
{
	show_field(seq, mount->source);
	seq_putc(seq, ' ');
	show_field(seq, place);
	seq_printf(seq, " %s ", mount->sb->type->name);
	show_options(seq, mount, false);
	show_super_options(seq, mount);
	seq_puts(seq, " 0 0\n");
}

static void show_info_line(struct seq *seq, const struct mount *mount, const char *place)
{
	u64 dev = mount->sb->dev;

	seq_printf(seq, "%u %u %u:%u ", mount->id, mount->parent ? mount->parent->id : mount->id,
		   linux_dev_major(dev), linux_dev_minor(dev));
	show_root(seq, mount);
	seq_putc(seq, ' ');
	show_field(seq, place);
	seq_putc(seq, ' ');
	show_options(seq, mount, true);
	seq_printf(seq, "%s - %s ", mount->unbindable ? " unbindable" : "",
		   mount->sb->type->name);
	show_field(seq, mount->source);
	seq_puts(seq, mount->sb->flags & SB_RDONLY ? " ro" : " rw");
	show_super_options(seq, mount);
	seq_putc(seq, '\n');
}

static void show_all(struct seq *seq, const struct path *root,
		     void (*show)(struct seq *, const struct mount *, const char *))
{
	char *buf = kmalloc(PATH_MAX, 0);
	struct mount *mount;

	if (!buf) {
		seq->failed = true;
		return;
	}
	mutex_lock(&mount_mutex);
	LIST_FOR_EACH(mount, &mounts, link) {
		const char *place = mount_place(mount, root, buf);

		if (place)
			show(seq, mount, place);
	}
	mutex_unlock(&mount_mutex);
	kfree(buf);
}

void mount_show(struct seq *seq, const struct path *root)
{
	show_all(seq, root, show_line);
}

void mount_show_info(struct seq *seq, const struct path *root)
{
	show_all(seq, root, show_info_line);
}
