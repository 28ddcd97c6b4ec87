/* SPDX-License-Identifier: MIT */
/* New threads and processes out of current. */
#pragma once

#include <kernel/lib/types.h>

struct clone_request {
	u64 flags;      /* CLONE_*, low byte: exit signal */
	u64 stack;      /* stack pointer, 0: the caller's */
	u64 parent_tid; /* user address, CLONE_PARENT_SETTID */
	u64 pidfd;      /* user address, CLONE_PIDFD */
	u64 child_tid;  /* user address, CLONE_CHILD_SETTID, CLONE_CHILD_CLEARTID */
	u64 tls;        /* FS base, CLONE_SETTLS */
};

/**
 * task_clone - clone(2) of current, whose registers the child goes on with
 * Return: the child's tid; -EINVAL flags; -EAGAIN no number, RLIMIT_NPROC;
 * -ENOMEM; -EPERM tls; -ERESTARTNOINTR a signal came first.
 */
__must_check long task_clone(const struct clone_request *req);
