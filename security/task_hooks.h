/* SPDX-License-Identifier: MIT */
/*
 * What security/ asks of the running task, which lies above it. Defined in
 * kernel/task/security_hooks.c, as are cred_current() and cred_commit().
 */
#pragma once

#include <kernel/lib/types.h>

struct handle_table;

/** task_hook_handles - the running task's table */
struct handle_table *task_hook_handles(void);
/** task_hook_handles_shared - the same; *multithreaded = whether the task has other
 * live threads */
struct handle_table *task_hook_handles_shared(bool *multithreaded);
/** task_hook_interrupt - calls in tables hit by revocation @number or later look up
 * their descriptors again */
void task_hook_interrupt(u64 number);
/** task_hook_nofile_limit - RLIMIT_NOFILE, soft */
u64 task_hook_nofile_limit(void);
