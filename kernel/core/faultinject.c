/* SPDX-License-Identifier: MIT */
/*
 * Fault injection: one counter for the machine, so that a test is repeatable
 * however its threads are spread over CPUs.
 */
#include <kernel/core/faultinject.h>

#include <kernel/core/sched_hooks.h>

u32 faultinject_left;

u32 faultinject_arm(u32 nth)
{
	return atomic_xchg(&faultinject_left, nth);
}

bool faultinject_hit(void)
{
	u32 left = atomic_load_relaxed(&faultinject_left);

	if (!sched_fail_alloc())
		return false;
	while (left)
		if (atomic_cmpxchg(&faultinject_left, &left, left - 1))
			return left == 1;
	return false;
}
