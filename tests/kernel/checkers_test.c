/* SPDX-License-Identifier: MIT */
/* The proof that the compiler-made checkers fire, each in its own build. */
#include <arch/mmu.h>
#include <kernel/core/kasan.h>
#include <kernel/core/ktest.h>
#include <kernel/core/refcount.h>
#include <kernel/core/stackguard.h>
#include <kernel/core/ubsan.h>
#include <mm/kmalloc.h>

KTEST(ubsan, reports_shift_and_overflow)
{
	volatile u32 width = 40;
	volatile s32 big = 0x7fffffff;
	u32 before = ubsan_reports();

	if (!CONFIG_UBSAN)
		KSKIP("ubsan profile only");
	ubsan_expect(2);
	width = 1u << width;
	big = big + 1;
	KCHECK_EQ(ubsan_reports() - before, 2);
	ubsan_expect(0);
}

#if CONFIG_KASAN
KTEST(kasan, reports_overrun_and_use_after_free)
{
	u32 before = kasan_reports();
	volatile char *p = kmalloc(40, 0);
	volatile char got;

	KREQUIRE(p);
	kasan_expect(2);
	p[40] = 1;
	kfree((const void *)(uintptr_t)p);
	got = p[8];
	(void)got;
	KCHECK_EQ(kasan_reports() - before, 2);
	kasan_expect(0);
}

KTEST(kasan, reports_second_free)
{
	u32 before = kasan_reports();
	void *p = kmalloc(40, 0);

	KREQUIRE(p);
	kfree(p);
	kasan_expect(1);
	kfree(p);
	KCHECK_EQ(kasan_reports() - before, 1);
	kasan_expect(0);
}

/* The assembly that the compiler does not see: whole pages, the end of big blocks. */
KTEST(kasan, reports_pages)
{
	u32 before = kasan_reports();
	u8 *p = kmalloc(PAGE_SIZE + 24, 0);

	KREQUIRE(p);
	kasan_expect(3);
	*(volatile u8 *)(p + PAGE_SIZE + 24) = 1;
	page_clear(p + PAGE_SIZE);
	page_copy(p, p + PAGE_SIZE);
	KCHECK_EQ(kasan_reports() - before, 3);
	kasan_expect(0);
	kfree(p);
}
#endif

/* ---- always on ---- */

/* Whether the guard stands between a frame's characters and its return address. */
static __noinline bool frame_has_guard(void)
{
	char text[16];
	const volatile u64 *at = (const volatile u64 *)(uintptr_t)text;
	const u64 *end = __builtin_frame_address(0);

	__asm__ volatile("" : : "r"(text) : "memory");
	for (; at < end; at++)
		if (*at == __stack_chk_guard)
			return true;
	return false;
}

KTEST(stackguard, frames_are_guarded)
{
	KCHECK(frame_has_guard());
	KCHECK(__stack_chk_guard != 0x00ff0a0d57ac4b00ull);
	KCHECK_EQ(__stack_chk_guard & 0xff, 0);
}

/* More references than can be counted: the object stays, whatever is dropped. */
KTEST(refcount, saturates)
{
	struct refcount refs;
	u32 last = 0;

	refcount_init(&refs);
	refs.n = 0x7fffffff;
	refcount_get(&refs);
	refcount_get(&refs);
	for (u32 i = 0; i < 100; i++)
		last += refcount_put(&refs);
	KCHECK_EQ(last, 0);
	KCHECK(refs.n < 0);
	KCHECK(refcount_get_unless_zero(&refs));
	refs.n = 0;
	KCHECK(!refcount_get_unless_zero(&refs));
	refcount_init(&refs);
	refcount_get(&refs);
	KCHECK(!refcount_put(&refs));
	KCHECK(refcount_put(&refs));
}
