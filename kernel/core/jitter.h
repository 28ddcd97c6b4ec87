/* SPDX-License-Identifier: MIT */
/*
 * Races made likely on purpose (debug builds, boot word jitter=N): one in N of
 * the places where CPUs hand something over (a lock about to be taken, a lock
 * just released, a thread about to sleep) takes some microseconds longer. What
 * is wrong in such a window then shows within seconds instead of days.
 */
#pragma once

#include <kernel/config.h>
#include <kernel/lib/types.h>

extern u32 jitter_one_in; /* [i] set by the boot line; 0: off */

void jitter_linger(void);

/** jitter - maybe stay here for a while. Any context. */
static inline void jitter(void)
{
	if (CONFIG_DEBUG && unlikely(jitter_one_in))
		jitter_linger();
}
