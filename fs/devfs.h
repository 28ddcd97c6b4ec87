/* SPDX-License-Identifier: MIT */
/* devtmpfs: a tmpfs, the same one at each mount, with nodes for every driver. */
#pragma once

/** devfs_init - register the file system type and the drivers that need no device:
 * memory, terminals, serial lines. After file_init() and tmpfs. */
void devfs_init(void);
