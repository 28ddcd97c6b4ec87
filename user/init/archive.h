/* SPDX-License-Identifier: MIT */
/*
 * A file or a tree as a cpio newc archive, written piece by piece. Links and
 * device nodes are kept as such; a file with several names is written once for
 * each. Sockets are left out. Nothing outside the tree is followed to.
 */
#pragma once

#include <kernel/lib/types.h>

/* Takes the next bytes of the archive; 0 or -errno, which ends the walk. */
typedef int archive_sink(void *ctx, const void *data, size_t len);

/**
 * archive_write - write @path, which becomes ".", and all below it
 * Return: 0; -errno of what could not be read or written; -EFBIG a file above 4 GiB;
 * -ENAMETOOLONG a path longer than PATH_MAX.
 */
int archive_write(const char *path, archive_sink *sink, void *ctx);
