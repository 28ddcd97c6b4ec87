/* SPDX-License-Identifier: MIT */
/*
 * Device files: a driver registers a range of numbers, opening a node with one
 * of them gives the driver's operations.
 */
#pragma once

#include <kernel/lib/types.h>

struct file;
struct file_ops;
struct inode;

struct chardev {
	const char *name;          /* /proc/devices */
	u32 major, minor, nr_minors;
	const struct file_ops *ops; /* NULL: open sets file->ops */
	/** open - NULL: nothing to do. @minor: of the node */
	int (*open)(struct file *file, u32 minor);
};

/** chardev_register - @dev is static; the kernel's own ranges do not overlap */
void chardev_register(const struct chardev *dev);
/** chardev_at - n-th registered, NULL past the end */
const struct chardev *chardev_at(u32 n);

/** special_open - open method for device nodes, FIFOs and sockets; nothing for
 * other files. -ENXIO: no driver. */
__must_check int special_open(struct inode *inode, struct file *file);
/** special_release - what special_open() may have hung on @inode */
void special_release(struct inode *inode);
