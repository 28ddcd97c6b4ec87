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
#define MOUNT_FLAGS (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME)

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
	int err;

	PANIC_ON(!type, "fs: there is no tmpfs for the root");
	err = type->mount(type, "mode=755", &sb);
	PANIC_ON(err, "fs: cannot make the root file system: error %d", -err);
	dentry_get(sb->root);
	root_mount = mount_alloc(sb, sb->root, "tmpfs", 0);
	PANIC_ON(!root_mount, "fs: no memory for the root mount");
	attach(root_mount, NULL);
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

static int mount_attach_checked(struct mount *mount, const struct path *where)
{
	bool dir = inode_is_dir(path_inode(where));
	int err = 0;

	mutex_lock(&mount_mutex);
	if (!where->mount->attached || (where->dentry->flags & DENTRY_DEAD))
		err = -ENOENT;
	else if (dir != inode_is_dir(mount->root->inode))
		err = -ENOTDIR;
	else
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

int mount_bind(const struct path *from, const struct path *where)
{
	struct mount *mount;

	superblock_get(from->mount->sb);
	dentry_get(from->dentry);
	mount = mount_alloc(from->mount->sb, from->dentry, from->mount->source,
			    from->mount->flags);
	if (!mount)
		return -ENOMEM;
	return mount_attach_checked(mount, where);
}

int mount_remount(const struct path *where, u32 flags)
{
	if (where->dentry != where->mount->root)
		return -EINVAL;
	mutex_lock(&mount_mutex);
	spin_lock(&dentry_tree_lock);
	where->mount->flags = flags & MOUNT_FLAGS;
	spin_unlock(&dentry_tree_lock);
	mutex_unlock(&mount_mutex);
	return 0;
}

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
	if (!mount->parent || (in_use(mount) && !(flags & MNT_DETACH)))
		return -EBUSY;
	spin_lock(&dentry_tree_lock);
	if ((flags & MNT_EXPIRE) && !expired(mount))
		err = -EAGAIN;
	spin_unlock(&dentry_tree_lock);
	return err;
}

int mount_remove(const struct path *where, u32 flags)
{
	struct mount *mount = where->mount;
	int err;

	mutex_lock(&mount_mutex);
	err = may_remove(where, flags);
	if (err) {
		mutex_unlock(&mount_mutex);
		return err;
	}
	spin_lock(&dentry_tree_lock);
	list_del(&mount->link);
	mount->attached = false;
	if (!is_mounted_on(mount->mountpoint))
		(void)atomic_fetch_and(&mount->mountpoint->flags, ~(u32)DENTRY_MOUNTED);
	spin_unlock(&dentry_tree_lock);
	mutex_unlock(&mount_mutex);
	mount_put(mount);
	return 0;
}

/* ---- /proc/mounts ---- */

static void show_options(struct seq *seq, const struct mount *mount)
{
	seq_puts(seq, mount->flags & MS_RDONLY ? "ro" : "rw");
	if (mount->flags & MS_NOSUID)
		seq_puts(seq, ",nosuid");
	if (mount->flags & MS_NODEV)
		seq_puts(seq, ",nodev");
	if (mount->flags & MS_NOEXEC)
		seq_puts(seq, ",noexec");
	seq_puts(seq, mount->flags & MS_NOATIME ? ",noatime" : ",relatime");
}

static void show_super_options(struct seq *seq, const struct mount *mount)
{
	char buf[64];

	buf[0] = 0;
	if (mount->sb->options)
		mount->sb->options(mount->sb, buf, sizeof(buf));
	seq_puts(seq, buf);
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

/* Where @mount is seen from @root, or NULL when it is not below it. */
static const char *mount_place(struct mount *mount, const struct path *root, char *buf)
{
	struct path top = { mount, mount->root };
	bool unreachable;
	char *place = path_string(&top, root, buf, PATH_MAX, &unreachable);

	return unreachable ? NULL : place;
}

static void show_line(struct seq *seq, const struct mount *mount, const char *place)
{
	show_field(seq, mount->source);
	seq_putc(seq, ' ');
	show_field(seq, place);
	seq_printf(seq, " %s ", mount->sb->type->name);
	show_options(seq, mount);
	show_super_options(seq, mount);
	seq_puts(seq, " 0 0\n");
}

static void show_info_line(struct seq *seq, const struct mount *mount, const char *place)
{
	u64 dev = mount->sb->dev;

	seq_printf(seq, "%u %u %u:%u / ", mount->id, mount->parent ? mount->parent->id : 0,
		   linux_dev_major(dev), linux_dev_minor(dev));
	show_field(seq, place);
	seq_putc(seq, ' ');
	show_options(seq, mount);
	seq_printf(seq, " - %s ", mount->sb->type->name);
	show_field(seq, mount->source);
	seq_puts(seq, mount->flags & MS_RDONLY ? " ro" : " rw");
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
