/* SPDX-License-Identifier: MIT */
/*
 * Address checker of the kasan build. Each 8 bytes of the direct map have one
 * byte of shadow: 0 all valid, 1..7 only so many, KASAN_* not valid at all.
 * The allocators tell what is valid; the compiler calls a check before each
 * load and store (outline instrumentation).
 */
#pragma once

#include <kernel/config.h>
#include <kernel/lib/types.h>

enum kasan_tag { KASAN_FREED_PAGE = 0xff, KASAN_FREED = 0xfb, KASAN_REDZONE = 0xfc };

#if CONFIG_KASAN
/** kasan_enable - the shadow of the first @span bytes of the direct map is there;
 * before this nothing is checked */
void kasan_enable(u64 span);
/** kasan_poison - [ptr, ptr+len) must not be touched; 8-byte aligned both */
void kasan_poison(const void *ptr, size_t len, enum kasan_tag tag);
/** kasan_unpoison - valid again; @len may be any */
void kasan_unpoison(const void *ptr, size_t len);
/** kasan_freed_twice - report it if @ptr is a freed object already */
bool kasan_freed_twice(const void *ptr);
/** kasan_reports - made so far; kasan_expect - count the next @n silently */
u32 kasan_reports(void);
void kasan_expect(u32 n);

/* What the compiler's instrumentation calls. */
void __asan_load1_noabort(u64 addr);
void __asan_load2_noabort(u64 addr);
void __asan_load4_noabort(u64 addr);
void __asan_load8_noabort(u64 addr);
void __asan_load16_noabort(u64 addr);
void __asan_loadN_noabort(u64 addr, size_t len);
void __asan_store1_noabort(u64 addr);
void __asan_store2_noabort(u64 addr);
void __asan_store4_noabort(u64 addr);
void __asan_store8_noabort(u64 addr);
void __asan_store16_noabort(u64 addr);
void __asan_storeN_noabort(u64 addr, size_t len);
void __asan_handle_no_return(void);

/** kasan_check - what the compiler cannot see: assembly touches [ptr, ptr+len) */
static inline void kasan_check(const void *ptr, size_t len, bool write)
{
	if (write)
		__asan_storeN_noabort((u64)(uintptr_t)ptr, len);
	else
		__asan_loadN_noabort((u64)(uintptr_t)ptr, len);
}
#else
static inline void kasan_check(__unused const void *ptr, __unused size_t len, __unused bool write)
{
}
static inline void kasan_poison(__unused const void *ptr, __unused size_t len,
				__unused enum kasan_tag tag)
{
}
static inline bool kasan_freed_twice(__unused const void *ptr)
{
	return false;
}
static inline void kasan_unpoison(__unused const void *ptr, __unused size_t len)
{
}
#endif
