/* SPDX-License-Identifier: MIT */
/* /proc: tasks and the kernel's state as text. Man proc(5). */
#pragma once

/** procfs_init - the type "proc" */
void procfs_init(void);
