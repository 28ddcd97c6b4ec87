/* SPDX-License-Identifier: MIT */
/*
 * Failing allocations on purpose (debug builds): the Nth allocation made by
 * threads with fail_alloc set returns NULL, once. The sweep N = 1, 2, ... over
 * an operation must end in clean errors and leave nothing behind.
 */
#pragma once

#include <arch/atomic.h>
#include <kernel/config.h>
#include <kernel/lib/types.h>

extern u32 faultinject_left; /* [a] allocations until one fails; 0: off */

/** faultinject_arm - the @nth counted allocation from now on fails; 0 disarms.
 * Return: how many were still to come: 0 when the failure has happened. */
u32 faultinject_arm(u32 nth);

/** faultinject_hit - count one allocation of current. True: fail it. */
bool faultinject_hit(void);

static inline bool faultinject_should_fail(void)
{
	return CONFIG_DEBUG && unlikely(atomic_load_relaxed(&faultinject_left)) &&
	       faultinject_hit();
}
