/* SPDX-License-Identifier: MIT */
/*
 * The table of character device numbers. Drivers register while the machine
 * starts, so look-ups need no lock.
 */
#include <fs/chardev.h>

#include <fs/file.h>
#include <fs/inode.h>
#include <fs/pipe.h>
#include <kernel/abi/errno.h>

#define MAX_CHARDEVS 32u

static const struct chardev *table[MAX_CHARDEVS];
static u32 nr_chardevs;

void chardev_register(const struct chardev *dev)
{
	PANIC_ON(nr_chardevs == MAX_CHARDEVS, "fs: more than %u device drivers", MAX_CHARDEVS);
	table[nr_chardevs++] = dev;
}

const struct chardev *chardev_at(u32 n)
{
	return n < nr_chardevs ? table[n] : NULL;
}

static int chardev_open(struct inode *inode, struct file *file)
{
	u32 major = linux_dev_major(inode->rdev), minor = linux_dev_minor(inode->rdev);

	for (u32 i = 0; i < nr_chardevs; i++) {
		const struct chardev *dev = table[i];

		if (dev->major != major || minor < dev->minor ||
		    minor - dev->minor >= dev->nr_minors)
			continue;
		if (dev->ops)
			file->ops = dev->ops;
		return dev->open ? dev->open(file, minor) : 0;
	}
	return -ENXIO;
}

int special_open(struct inode *inode, struct file *file)
{
	switch (inode->mode & S_IFMT) {
	case S_IFCHR:
		return chardev_open(inode, file);
	case S_IFIFO:
		return pipe_open_fifo(inode, file);
	case S_IFBLK:
	case S_IFSOCK:
		return -ENXIO;
	default:
		return 0;
	}
}

void special_release(struct inode *inode)
{
	if (S_ISFIFO(inode->mode))
		pipe_release_fifo(inode);
}
