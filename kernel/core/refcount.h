/* SPDX-License-Identifier: MIT */
/*
 * Reference counts that notice misuse: taking the first reference of a dead object or
 * dropping one too many is the kernel's own mistake and ends in a panic. Overflow, which
 * a program could aim at, saturates: a count that went past 2^31 - 1 is negative, is put
 * back to the middle of the negatives whenever it is touched, and never gets to 0: the
 * object is never freed.
 *
 *   0 (dead)   1 .. 2^31-1 counted   negative: saturated, pulled to REFCOUNT_SATURATED
 */
#pragma once

#include <arch/atomic.h>
#include <kernel/lib/types.h>

#define REFCOUNT_SATURATED (-0x40000000)

struct refcount {
	s32 n;
};

/** refcount_odd - the count was @old <= 0 when it was changed: saturate, or panic */
__cold void refcount_odd(struct refcount *r, s32 old);

static inline void refcount_init(struct refcount *r)
{
	atomic_store_relaxed(&r->n, 1);
}

static inline void refcount_get(struct refcount *r)
{
	s32 old = atomic_fetch_add(&r->n, 1);

	if (unlikely(old <= 0))
		refcount_odd(r, old);
}

/** refcount_get_unless_zero - for look-ups in tables that hold no reference */
__must_check static inline bool refcount_get_unless_zero(struct refcount *r)
{
	s32 old = atomic_load_relaxed(&r->n);

	while (old > 0)
		if (atomic_cmpxchg(&r->n, &old, old + 1))
			return true;
	return old < 0; /* saturated: it is there for ever */
}

/** refcount_put - true when this was the last reference: the caller frees */
__must_check static inline bool refcount_put(struct refcount *r)
{
	s32 old = atomic_fetch_sub(&r->n, 1);

	if (unlikely(old <= 0))
		refcount_odd(r, old);
	return old == 1;
}

static inline s32 refcount_read(const struct refcount *r)
{
	return atomic_load_acquire(&r->n);
}
