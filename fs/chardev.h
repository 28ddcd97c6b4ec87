/* SPDX-License-Identifier: MIT */
/*
 * Character devices by number. A node of any file system (devtmpfs, or made by
 * mknod in tmpfs) opens the same driver: file_open() calls chardev_open().
 */
#pragma once

#include <kernel/lib/list.h>
#include <kernel/lib/types.h>

struct file;
struct file_ops;
struct inode;
struct seq;

/* Numbers: Linux's Documentation/admin-guide/devices.txt. */
enum chardev_major {
	MAJOR_MEM = 1,
	MAJOR_TTY = 4,
	MAJOR_TTYAUX = 5,
	MAJOR_PTS = 136,
};

/* Minors [minor, minor + count) of major. Static, registered once, for ever. */
struct chardev {
	u32 major, minor, count;
	const char *name;           /* in devtmpfs when count is 1, and /proc/devices */
	u32 mode;                   /* of the node in devtmpfs; 0: no node */
	const struct file_ops *fops;
	/** open - after file->ops = fops; may set file->priv; NULL: nothing to do */
	int (*open)(struct inode *inode, struct file *file);
	struct list_head link;      /* of chardev.c */
};

/** chardev_register - while booting, before user programs run */
void chardev_register(struct chardev *dev);

/** chardev_open - open S_IFCHR @inode by its rdev. Return: 0; -EACCES on a mount
 * with MS_NODEV; -ENXIO no such device; what the driver says. */
__must_check int chardev_open(struct inode *inode, struct file *file);

/** chardev_at - the n-th registered, NULL past the end (devfs, /proc/devices) */
const struct chardev *chardev_at(u32 n);
