/* SPDX-License-Identifier: MIT */
/*
 * Numbers of threads, processes, groups and sessions come from one set. A
 * number is in use while anything bears it: a thread, a process that is not
 * waited for yet, a member of the group or session of that number.
 */
#pragma once

#include <kernel/lib/types.h>

#define PID_MAX   32768 /* as Linux's default; /proc/sys/kernel/pid_max */
#define PID_INIT  1
#define PID_FIRST 2     /* first one given; after a wrap 300 */

/** pid_alloc - lowest unused number above the last given, used once.
 * Return: number; -EAGAIN all used; -ENOMEM. Takes TASK_TREE. */
__must_check int pid_alloc(void);
/** pid_reserve - take @pid itself. Return: 0; -EBUSY; -ENOMEM. Takes TASK_TREE. */
__must_check int pid_reserve(s32 pid);
/** pid_use_locked, pid_unuse_locked - one more or one less; task_tree_lock held */
void pid_use_locked(s32 pid);
void pid_unuse_locked(s32 pid);
/** pid_unuse - the same for who does not hold it */
void pid_unuse(s32 pid);
/** pid_last - last number given (/proc/loadavg) */
s32 pid_last(void);
