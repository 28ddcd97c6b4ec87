/* SPDX-License-Identifier: MIT */
/* The proof that the compiler-made checkers fire, each in its own build. */
#include <arch/mmu.h>
#include <kernel/core/kasan.h>
#include <kernel/core/ktest.h>
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
