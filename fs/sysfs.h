/* SPDX-License-Identifier: MIT */
/* /sys: the machine as a tree of small files, read-only. Man sysfs(5). */
#pragma once

/** sysfs_init - the type "sysfs" */
void sysfs_init(void);
