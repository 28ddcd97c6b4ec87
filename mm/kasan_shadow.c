/* SPDX-License-Identifier: MIT */
/* Shadow for the address checker: one byte for 8 of physical memory. */
#include <mm/kasan_shadow.h>

#include <kernel/core/kasan.h>
#include <kernel/core/log.h>
#include <kernel/core/panic.h>
#include <mm/pmm.h>

#if CONFIG_KASAN
void kasan_shadow_init(void)
{
	u64 span = pmm_span();
	u64 pages = (span / 8 + PAGE_SIZE - 1) / PAGE_SIZE;

	for (u64 i = 0; i < pages; i++) {
		struct frame *frame = pmm_alloc(0, MEM_ZERO, NODE_ANY);

		PANIC_ON(!frame || mmu_map_kernel(KASAN_SHADOW + i * PAGE_SIZE,
						  frame_to_pfn(frame) << PAGE_SHIFT, PAGE_SIZE,
						  MMU_READ | MMU_WRITE),
			 "kasan: no memory for %llu KiB of shadow", (unsigned long long)pages * 4);
	}
	kasan_enable(span);
	log_info("kasan: %llu KiB of shadow", (unsigned long long)pages * 4);
}
#endif
