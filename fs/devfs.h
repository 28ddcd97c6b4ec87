/* SPDX-License-Identifier: MIT */
/* /dev: one tmpfs instance with the nodes of the kernel's own drivers. */
#pragma once

/** devfs_init - the memory devices, and the type "devtmpfs" */
void devfs_init(void);
