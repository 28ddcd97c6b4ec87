/* SPDX-License-Identifier: MIT */
/*
 * Runtime of -fsanitize=kernel-address, outline form: the compiler calls
 * __asan_load8_noabort(address) and the like; here the shadow is asked. Only
 * the direct map has shadow (all heap memory lies there); stacks and globals
 * are not checked. Not instrumented itself.
 *
 * Shadow memory is 1/8 of the direct map's used part; mm/kasan_shadow.c takes it
 * from the frame allocator and maps it at KASAN_SHADOW.
 */
#include <kernel/core/kasan.h>

#if CONFIG_KASAN

#include <arch/atomic.h>
#include <arch/mmu.h>
#include <kernel/core/ksym.h>
#include <kernel/core/panic.h>

static u64 shadowed;               /* bytes of the direct map with shadow; 0: off */
static u32 report_count, expected; /* atomic */

static u8 *shadow_of(u64 addr)
{
	return (u8 *)(uintptr_t)(KASAN_SHADOW + (addr - DIRECT_MAP_BASE) / 8);
}

static bool has_shadow(u64 addr)
{
	return addr - DIRECT_MAP_BASE < shadowed;
}

void kasan_enable(u64 span)
{
	atomic_store_release(&shadowed, span);
}

void kasan_poison(const void *ptr, size_t len, enum kasan_tag tag)
{
	u64 addr = (u64)(uintptr_t)ptr;

	if (!has_shadow(addr))
		return;
	for (u8 *s = shadow_of(addr), *end = shadow_of(addr + len); s < end; s++)
		*s = (u8)tag;
}

void kasan_unpoison(const void *ptr, size_t len)
{
	u64 addr = (u64)(uintptr_t)ptr;
	u8 *s;

	if (!has_shadow(addr))
		return;
	s = shadow_of(addr);
	for (; len >= 8; len -= 8)
		*s++ = 0;
	if (len)
		*s = (u8)len;
}

u32 kasan_reports(void)
{
	return atomic_load_relaxed(&report_count);
}

void kasan_expect(u32 n)
{
	atomic_store_relaxed(&expected, n);
}

static __noinline void report(u64 addr, size_t len, const char *what, u64 from)
{
	u32 left = atomic_load_relaxed(&expected);
	u8 tag = *shadow_of(addr);
	char name[64];

	atomic_add_relaxed(&report_count, 1);
	if (left) {
		atomic_store_relaxed(&expected, left - 1);
		return;
	}
	bug_report("kasan: %s of %zu bytes at 0x%llx (%s) in %s", what, len,
		   (unsigned long long)addr,
		   tag == KASAN_FREED_PAGE ? "freed page" :
		   tag == KASAN_FREED ? "freed object" : "beyond the object",
		   ksym_format(name, sizeof(name), from));
}

static bool bytes_valid(u64 addr, size_t len)
{
	u64 last = addr + len - 1;
	const u8 *s = shadow_of(addr), *end = shadow_of(last);

	for (; s < end; s++)
		if (*s)
			return false;
	return !*s || (*s < 8 && (last & 7) < *s);
}

static inline void check(u64 addr, size_t len, const char *what, u64 from)
{
	if (!has_shadow(addr) || !len || panic_in_progress())
		return;
	if (unlikely(!bytes_valid(addr, len)))
		report(addr, len, what, from);
}

bool kasan_freed_twice(const void *ptr)
{
	u64 addr = (u64)(uintptr_t)ptr;

	if (!has_shadow(addr) || *shadow_of(addr) != KASAN_FREED)
		return false;
	report(addr, 1, "free", (u64)(uintptr_t)__builtin_return_address(0));
	return true;
}

#define CALLER ((u64)(uintptr_t)__builtin_return_address(0))

#define DEFINE_CHECKS(size)                                   \
	void __asan_load##size##_noabort(u64 addr)            \
	{                                                     \
		check(addr, size, "load", CALLER);            \
	}                                                     \
	void __asan_store##size##_noabort(u64 addr)           \
	{                                                     \
		check(addr, size, "store", CALLER);           \
	}

DEFINE_CHECKS(1)
DEFINE_CHECKS(2)
DEFINE_CHECKS(4)
DEFINE_CHECKS(8)
DEFINE_CHECKS(16)

void __asan_loadN_noabort(u64 addr, size_t len)
{
	check(addr, len, "load", CALLER);
}

void __asan_storeN_noabort(u64 addr, size_t len)
{
	check(addr, len, "store", CALLER);
}

/* Stacks have no shadow: nothing to clean before a function that does not return. */
void __asan_handle_no_return(void)
{
}
#endif
