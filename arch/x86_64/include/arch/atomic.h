/* SPDX-License-Identifier: MIT */
/*
 * Atomic access to naturally aligned scalars. The order stands in the name;
 * what names no order is sequentially consistent (a locked instruction is
 * that on x86 anyway: Intel SDM vol. 3 §8.2, "Memory Ordering").
 */
#pragma once

#include <kernel/lib/types.h>

#define atomic_load_relaxed(p)     __atomic_load_n((p), __ATOMIC_RELAXED)
#define atomic_load_acquire(p)     __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define atomic_store_relaxed(p, v) __atomic_store_n((p), (v), __ATOMIC_RELAXED)
#define atomic_store_release(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)
#define atomic_xchg(p, v)          __atomic_exchange_n((p), (v), __ATOMIC_SEQ_CST)
#define atomic_fetch_add(p, v)     __atomic_fetch_add((p), (v), __ATOMIC_SEQ_CST)
#define atomic_fetch_sub(p, v)     __atomic_fetch_sub((p), (v), __ATOMIC_SEQ_CST)
#define atomic_fetch_or(p, v)      __atomic_fetch_or((p), (v), __ATOMIC_SEQ_CST)
#define atomic_fetch_and(p, v)     __atomic_fetch_and((p), (v), __ATOMIC_SEQ_CST)
#define atomic_add_relaxed(p, v)   ((void)__atomic_fetch_add((p), (v), __ATOMIC_RELAXED))

/* Strong compare and exchange; on failure *old holds what was there. */
#define atomic_cmpxchg(p, old, new)                                        \
	__atomic_compare_exchange_n((p), (old), (new), false, __ATOMIC_SEQ_CST, \
				    __ATOMIC_ACQUIRE)

/* Orders what the compiler makes, for one CPU's eyes; another CPU sees that order
 * too once it had this one interrupted. */
#define atomic_compiler_fence() __atomic_signal_fence(__ATOMIC_SEQ_CST)

/* Full fence: orders an earlier store before a later load. */
#define atomic_fence() __atomic_thread_fence(__ATOMIC_SEQ_CST)
