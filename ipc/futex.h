/* SPDX-License-Identifier: MIT */
/* Futexes, Linux's ABI; keys are (space, address) or (object, offset). */
#pragma once

#include <kernel/lib/types.h>

/** futex_wake_user - wake up to @n waiters of current's word @uaddr (exit paths).
 * Return: how many; -EFAULT, -EINVAL. */
long futex_wake_user(u32 __user *uaddr, u32 n);
/** futex_exit_robust - mark and wake current's robust list (bounded walk) */
void futex_exit_robust(void);
