/* SPDX-License-Identifier: MIT */
/*
 * Advisory locks: byte ranges of processes (POSIX) and of open files (OFD),
 * and flock(2). Man fcntl(2), flock(2).
 */
#pragma once

#include <kernel/lib/types.h>

struct file;
struct inode;
struct linux_flock;
struct seq;

/** lock_fcntl - F_GETLK F_SETLK F_SETLKW and their OFD forms on @file
 * Return: 0; -EAGAIN held by another; -EDEADLK; -ERESTARTSYS; -EBADF -EINVAL */
__must_check int lock_fcntl(struct file *file, u32 cmd, struct linux_flock *flock);
/** lock_flock - flock(2) */
__must_check int lock_flock(struct file *file, u32 op);

/** lock_closed - current closed a descriptor of @file: its POSIX locks go */
void lock_closed(struct file *file);
/** lock_release_file - the open file goes: OFD and flock locks */
void lock_release_file(struct file *file);
/** lock_show - /proc/locks: those that are held, the first 1024 */
__must_check int lock_show(struct seq *seq);
/** lock_free_inode - nobody uses @inode any more */
void lock_free_inode(struct inode *inode);
