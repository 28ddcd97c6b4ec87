/* SPDX-License-Identifier: MIT */
/*
 * Scalar types and compiler shorthands, for every layer and for user space.
 * A typedef here is a scalar with a meaning; structures have none.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

typedef u64 paddr_t; /* physical address, bytes */
typedef u64 vaddr_t; /* virtual address, bytes */
typedef u64 pfn_t;   /* physical frame number: paddr >> 12 */
typedef u32 cpu_t;   /* logical CPU, 0 .. NR_CPUS-1 */
typedef u32 node_t;  /* NUMA node, 0 .. NR_NODES-1 */
typedef u64 ns_t;    /* nanoseconds */

/* A pointer into the calling process: only uaccess may follow it. */
#ifdef __CHECKER__
#define __user __attribute__((noderef, address_space(1)))
#else
#define __user
#endif

#define __must_check __attribute__((warn_unused_result))
#define __packed     __attribute__((packed))
#define __aligned(n) __attribute__((aligned(n)))
#define __section(s) __attribute__((section(s)))
#define __used       __attribute__((used))
#define __noreturn   __attribute__((noreturn))
#define __noinline   __attribute__((noinline))
#define __cold       __attribute__((cold))
#define __weak       __attribute__((weak))
#define __printf(f, a) __attribute__((format(printf, f, a)))

#if !__STDC_HOSTED__ /* libc headers have fields of that name */
#define __unused     __attribute__((unused))
#define __always_inline inline __attribute__((always_inline))
#endif

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#ifndef static_assert
#define static_assert _Static_assert
#endif

#define BIT(n)        (1ull << (n))
/* What the compiler cannot see, since NULL may be an address to it (Makefile). */
#define ASSUME(cond) ((cond) ? (void)0 : __builtin_unreachable())
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define ALIGN_DOWN(x, a) ((x) & ~((__typeof__(x))(a) - 1))
#define ALIGN_UP(x, a)   ALIGN_DOWN((x) + ((__typeof__(x))(a) - 1), a)
#define IS_ALIGNED(x, a) (((x) & ((__typeof__(x))(a) - 1)) == 0)

#define container_of(ptr, type, member) \
	((type *)(void *)((char *)(uintptr_t)(ptr) - offsetof(type, member)))

#define MIN(a, b)                           \
	({                                  \
		__typeof__(a) min_a_ = (a); \
		__typeof__(b) min_b_ = (b); \
		min_a_ < min_b_ ? min_a_ : min_b_; \
	})
#define MAX(a, b)                           \
	({                                  \
		__typeof__(a) max_a_ = (a); \
		__typeof__(b) max_b_ = (b); \
		max_a_ > max_b_ ? max_a_ : max_b_; \
	})
