/* SPDX-License-Identifier: MIT */
/* procfs: /proc as proc(5) says, for the programs that parse it. */
#pragma once

/** procfs_init - register the file system type "proc" */
void procfs_init(void);
