/* SPDX-License-Identifier: MIT */
/*
 * Reference counts that notice misuse: taking the first reference of a dead
 * object, dropping below zero, overflow (2^31 references).
 */
#pragma once

#include <arch/atomic.h>
#include <kernel/core/panic.h>
#include <kernel/lib/types.h>

struct refcount {
	s32 n;
};

static inline void refcount_init(struct refcount *r)
{
	atomic_store_relaxed(&r->n, 1);
}

static inline void refcount_get(struct refcount *r)
{
	s32 old = atomic_fetch_add(&r->n, 1);

	PANIC_ON(old <= 0, "refcount: get on a count of %d", old);
}

/** refcount_get_unless_zero - for look-ups in tables that hold no reference */
__must_check static inline bool refcount_get_unless_zero(struct refcount *r)
{
	s32 old = atomic_load_relaxed(&r->n);

	while (old > 0)
		if (atomic_cmpxchg(&r->n, &old, old + 1))
			return true;
	return false;
}

/** refcount_put - true when this was the last reference: the caller frees */
__must_check static inline bool refcount_put(struct refcount *r)
{
	s32 old = atomic_fetch_sub(&r->n, 1);

	PANIC_ON(old <= 0, "refcount: put on a count of %d", old);
	return old == 1;
}

static inline s32 refcount_read(const struct refcount *r)
{
	return atomic_load_acquire(&r->n);
}
