/* SPDX-License-Identifier: MIT */
/*
 * Reader of cpio "newc" archives in memory, as Linux takes them for an
 * initramfs: several archives may follow one another, with zero bytes
 * between. The iterator hands out pointers into the archive and copies
 * nothing. Nothing is read outside the range it was given.
 */
#pragma once

#include <kernel/lib/types.h>

struct cpio_iter {
	const u8 *base;
	size_t len;
	size_t pos;     /* of the next header, or of what is not cpio */
	size_t start;   /* of the current archive: alignment counts from here */
	u32 archive;    /* number of the current archive, from 0 */
	bool inside;    /* a header or the trailer must come */
};

struct cpio_entry {
	const char *name; /* NUL-terminated, not empty; as in the archive */
	size_t name_len;
	const u8 *data;   /* of a regular file, or the target of a symlink */
	size_t size;
	u32 mode, uid, gid, nlink, mtime;
	u32 ino, dev_major, dev_minor; /* hard links: same in one archive */
	u32 rdev_major, rdev_minor;
	u32 archive;
};

static inline void cpio_init(struct cpio_iter *it, const void *base, size_t len)
{
	*it = (struct cpio_iter){ .base = base, .len = len };
}

/**
 * cpio_next - the next entry
 * Return: 1 and *@out; 0 at the end: all is read, or it->pos is where, after
 * zeros or a whole archive, something else begins (a compressed archive?);
 * -EINVAL malformed or cut off, @it stays at the bad header.
 */
int cpio_next(struct cpio_iter *it, struct cpio_entry *out) __must_check;
