/* SPDX-License-Identifier: MIT */
/* Reference counts that ran over or under; contract in refcount.h. */
#include <kernel/core/refcount.h>

#include <kernel/core/log.h>
#include <kernel/core/panic.h>

void refcount_odd(struct refcount *r, s32 old)
{
	static bool told;

	PANIC_ON(old == 0, "refcount: a reference too many was dropped, or one of nothing taken");
	atomic_store_relaxed(&r->n, REFCOUNT_SATURATED);
	if (!atomic_xchg(&told, true))
		log_notice("refcount: one saturated; its object stays for ever");
}
