/* SPDX-License-Identifier: MIT */
/* Futexes, Linux's ABI; keys are (space, address) or (object, offset). */
#pragma once

#include <kernel/lib/types.h>

struct futex_args {
	u32 __user *uaddr, *uaddr2;
	int op;          /* FUTEX_* with flags */
	u32 val, val2, val3;
	ns_t deadline_ns; /* monotonic, or NS_FOREVER */
};

/** futex_call - futex(2) with its time-out decoded. Return: as futex(2). */
long futex_call(const struct futex_args *args);

/** futex_wake_user - wake up to @n waiters of current's word @uaddr (exit paths).
 * Return: how many; -EFAULT, -EINVAL. */
long futex_wake_user(u32 __user *uaddr, u32 n);
/** futex_exit_robust - mark and wake current's robust list (bounded walk) */
void futex_exit_robust(void);
