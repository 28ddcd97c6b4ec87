/* SPDX-License-Identifier: MIT */
/* Seccomp at the entry of calls, and what prctl(2) asks of it. */
#pragma once

#include <kernel/lib/types.h>

struct trapframe;

/**
 * seccomp_enter - ask current's filters about the call in @tf
 * May end the thread or the process.
 * Return: true: go on with it; false: it is not made, *result is what it returns.
 */
bool seccomp_enter(const struct trapframe *tf, u64 *result);

/** seccomp_prctl_set - PR_SET_SECCOMP: @mode SECCOMP_MODE_*, @prog a user's fprog */
long seccomp_prctl_set(u64 mode, const void __user *prog);
/** seccomp_mode - SECCOMP_MODE_* of current */
long seccomp_mode(void);
