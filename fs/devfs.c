/* SPDX-License-Identifier: MIT */
/*
 * devtmpfs: one tmpfs instance, shown by every mount of the type, with a node
 * for each driver that is there. Programs may add and remove names in it.
 */
#include <fs/devfs.h>

#include <arch/screen.h>
#include <arch/serial.h>
#include <fs/dentry.h>
#include <fs/events.h>
#include <fs/mem.h>
#include <fs/mount.h>
#include <fs/tmpfs.h>
#include <kernel/abi/errno.h>
#include <kernel/core/log.h>
#include <kernel/lib/string.h>

struct node {
	const char *name;
	u32 mode; /* with type */
	u16 major, minor;
	const char *target; /* of links */
};

/* Numbers: Linux's Documentation/admin-guide/devices.txt. ttyS last: may be absent. */
static const struct node nodes[] = {
	{ "null", S_IFCHR | 0666, 1, 3, NULL },
	{ "zero", S_IFCHR | 0666, 1, 5, NULL },
	{ "full", S_IFCHR | 0666, 1, 7, NULL },
	{ "random", S_IFCHR | 0666, 1, 8, NULL },
	{ "urandom", S_IFCHR | 0666, 1, 9, NULL },
	{ "kmsg", S_IFCHR | 0644, 1, 11, NULL },
	{ "events", S_IFCHR | 0600, EVENTS_MAJOR, EVENTS_MINOR, NULL },
	{ "tty", S_IFCHR | 0666, 5, 0, NULL },
	{ "console", S_IFCHR | 0600, 5, 1, NULL },
	{ "ptmx", S_IFCHR | 0666, 5, 2, NULL },
	{ "pts", S_IFDIR | 0755, 0, 0, NULL },
	{ "shm", S_IFDIR | 01777, 0, 0, NULL },
	{ "fd", S_IFLNK, 0, 0, "/proc/self/fd" },
	{ "stdin", S_IFLNK, 0, 0, "/proc/self/fd/0" },
	{ "stdout", S_IFLNK, 0, 0, "/proc/self/fd/1" },
	{ "stderr", S_IFLNK, 0, 0, "/proc/self/fd/2" },
};

static const struct node serial_nodes[NR_SERIAL] = {
	{ "ttyS0", S_IFCHR | 0620, 4, 64, NULL },
	{ "ttyS1", S_IFCHR | 0620, 4, 65, NULL },
};

static const struct node screen_nodes[] = {
	{ "tty0", S_IFCHR | 0620, 4, 0, NULL },
	{ "tty1", S_IFCHR | 0620, 4, 1, NULL },
};

/* Made at the first mount; never freed. */
static struct mutex devfs_mutex = MUTEX_INIT(devfs_mutex, RANK_FS_CONTEXT, "devfs");
static struct superblock *devfs_sb; /* [devfs_mutex] */

static int make_node(struct inode *dir, const struct node *node)
{
	struct fs_name name = { node->name, (u32)strlen(node->name) };
	u64 rdev = node->major ? linux_makedev(node->major, node->minor) : 0;
	struct inode *inode;
	int err;

	mutex_lock(&dir->lock);
	if (node->target)
		err = dir->ops->symlink(dir, &name, node->target, &inode);
	else
		err = dir->ops->create(dir, &name, node->mode, rdev, &inode);
	mutex_unlock(&dir->lock);
	if (err)
		return err;
	inode->uid = 0;
	inode->gid = 0;
	inode_put(inode);
	return 0;
}

static int populate(struct inode *root)
{
	int err = 0;

	for (u32 i = 0; i < ARRAY_SIZE(nodes) && !err; i++)
		err = make_node(root, &nodes[i]);
	for (u32 i = 0; i < NR_SERIAL && !err; i++)
		if (serial_present(i))
			err = make_node(root, &serial_nodes[i]);
	for (u32 i = 0; i < ARRAY_SIZE(screen_nodes) && screen_present() && !err; i++)
		err = make_node(root, &screen_nodes[i]);
	return err;
}

static int devfs_mount(const struct fs_type *type, __unused const char *data,
		       struct superblock **out)
{
	int err = 0;

	mutex_lock(&devfs_mutex);
	if (!devfs_sb) {
		err = tmpfs_create_super(type, TMPFS_MAGIC, 0, out);
		if (err)
			goto out;
		err = populate((*out)->root->inode);
		if (err) {
			superblock_put(*out);
			goto out;
		}
		devfs_sb = *out;
	}
	superblock_get(devfs_sb);
	*out = devfs_sb;
out:
	mutex_unlock(&devfs_mutex);
	return err;
}

static const struct fs_type devfs_type = { "devtmpfs", FS_NODEV, devfs_mount };

void devfs_init(void)
{
	mem_init();
	events_init();
	fs_type_register(&devfs_type);
}
