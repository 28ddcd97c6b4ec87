/* SPDX-License-Identifier: MIT */
/*
 * From the loader's memory map to zones with free frames:
 *
 *   1. ranges   RAM less everything in use: image, modules, low pages, ...
 *   2. tables   final kernel map: direct map, frame array; its own frames are
 *               cut from the ranges, from the top
 *   3. frames   whole PMM_MAX_ORDER blocks are handed over with one write
 *               each; the others frame by frame
 *
 * The cost is a few thousand instructions and a few hundred per GiB.
 * One node until numa_finish().
 */
#include <mm/pmm.h>

#include <arch/sections.h>
#include <boot/boot_info.h>
#include <kernel/core/log.h>
#include <kernel/lib/string.h>

#include "pmm_priv.h"

/* The loader's page tables reach this far in the direct map. */
#define BOOT_DIRECT_END_PFN ((4ull << 30) >> PAGE_SHIFT)
/* What boot and init need is under 16 MiB; below this nothing useful runs. */
#define MIN_MEMORY_PAGES ((40ull << 20) >> PAGE_SHIFT)
/* Application processors start in real mode below 1 MiB (arch/x86_64/smp.c). */
#define TRAMPOLINE_START 0x8000ull
#define TRAMPOLINE_END   0xa000ull

static struct pfn_ranges usable;

static void insert_at(struct pfn_ranges *set, u32 i, struct pfn_range r)
{
	PANIC_ON(set->n == PMM_MAX_RANGES, "pmm: the memory map has more than %u pieces",
		 PMM_MAX_RANGES);
	memmove(&set->r[i + 1], &set->r[i], (set->n - i) * sizeof(set->r[0]));
	set->r[i] = r;
	set->n++;
}

static void remove_at(struct pfn_ranges *set, u32 i)
{
	set->n--;
	memmove(&set->r[i], &set->r[i + 1], (set->n - i) * sizeof(set->r[0]));
}

/* Union with [start, end): what it touches is swallowed. */
static void ranges_add(struct pfn_ranges *set, pfn_t start, pfn_t end)
{
	u32 i = 0;

	if (start >= end)
		return;
	while (i < set->n && set->r[i].end < start)
		i++;
	while (i < set->n && set->r[i].start <= end) {
		start = MIN(start, set->r[i].start);
		end = MAX(end, set->r[i].end);
		remove_at(set, i);
	}
	insert_at(set, i, (struct pfn_range){ start, end });
}

static void ranges_sub(struct pfn_ranges *set, pfn_t start, pfn_t end)
{
	for (u32 i = 0; i < set->n && start < end;) {
		struct pfn_range r = set->r[i];

		if (r.end <= start || r.start >= end) {
			i++;
			continue;
		}
		remove_at(set, i);
		if (r.start < start)
			insert_at(set, i++, (struct pfn_range){ r.start, start });
		if (r.end > end)
			insert_at(set, i++, (struct pfn_range){ end, r.end });
	}
}

static void sub_bytes(struct pfn_ranges *set, paddr_t start, paddr_t end)
{
	ranges_sub(set, start >> PAGE_SHIFT, (end + PAGE_SIZE - 1) >> PAGE_SHIFT);
}

/* @n frames at a multiple of @n, below @limit, from the top of what is usable; 0: none */
static pfn_t take(u64 n, pfn_t limit)
{
	for (u32 i = usable.n; i-- > 0;) {
		pfn_t end = MIN(usable.r[i].end, limit), start;

		if (end < n)
			continue;
		start = ALIGN_DOWN(end - n, n);
		if (start < usable.r[i].start)
			continue;
		ranges_sub(&usable, start, start + n);
		return start;
	}
	return 0;
}

/* A cleared page for a page table of the kernel map. */
static paddr_t take_table(void)
{
	paddr_t pa = take(1, BOOT_DIRECT_END_PFN) << PAGE_SHIFT;

	PANIC_ON(!pa, "pmm: no memory for the kernel's page tables");
	page_clear(phys_to_virt(pa));
	return pa;
}

static void collect(const struct boot_info *info)
{
	for (u32 i = 0; i < info->n_ranges; i++) {
		const struct boot_range *r = &info->ranges[i];
		paddr_t start = MIN(r->base, PHYS_MAX), end = MIN(r->base + r->len, PHYS_MAX);

		if (r->type == BOOT_MEM_RAM)
			ranges_add(&usable, ALIGN_UP(start, PAGE_SIZE) >> PAGE_SHIFT,
				   end >> PAGE_SHIFT);
	}
	/* What overlaps something else is that something else. */
	for (u32 i = 0; i < info->n_ranges; i++) {
		const struct boot_range *r = &info->ranges[i];

		if (r->type != BOOT_MEM_RAM)
			sub_bytes(&usable, MIN(r->base, PHYS_MAX), MIN(r->base + r->len, PHYS_MAX));
	}
	for (u32 i = 0; i < usable.n; i++)
		ranges_add(&pmm_spans, ALIGN_DOWN(usable.r[i].start, PMM_BLOCK_FRAMES),
			   ALIGN_UP(usable.r[i].end, PMM_BLOCK_FRAMES));
}

/* What of the RAM is in use before the kernel took over. */
static void keep_out(const struct boot_info *info)
{
	paddr_t self = virt_to_phys(info);

	sub_bytes(&usable, 0, PAGE_SIZE); /* physical 0 stays "none" */
	sub_bytes(&usable, TRAMPOLINE_START, TRAMPOLINE_END);
	sub_bytes(&usable, 0x9f000, 0x100000); /* EBDA, video, ROMs: maps often lie */
	sub_bytes(&usable, kernel_pa_start(), kernel_pa_end());
	sub_bytes(&usable, self, self + sizeof(*info));
	for (u32 i = 0; i < info->n_modules; i++)
		sub_bytes(&usable, info->modules[i].base,
			  info->modules[i].base + info->modules[i].len);
}

/* Its pages and no more: device registers may be its neighbours. */
static void map_screen(const struct boot_screen *screen)
{
	paddr_t start = ALIGN_DOWN(screen->base, PAGE_SIZE);
	paddr_t end = ALIGN_UP(screen->base + (u64)screen->pitch * screen->height, PAGE_SIZE);

	if (screen->kind != BOOT_SCREEN_NONE && end > start && end <= PHYS_MAX)
		mmu_boot_map(DIRECT_MAP_BASE + start, start, end - start,
			     MMU_READ | MMU_WRITE | MMU_COMBINING, take_table);
}

/*
 * Direct map: the screen, RAM and firmware tables, rounded to large pages, which adds bits
 * of reserved areas (ACPI tables often lie right above RAM) and the first MiB.
 */
static void map_direct(const struct boot_info *info)
{
	for (u32 i = 0; i < info->n_ranges; i++) {
		const struct boot_range *r = &info->ranges[i];
		paddr_t start = ALIGN_DOWN(MIN(r->base, PHYS_MAX), LARGE_PAGE_SIZE);
		paddr_t end = ALIGN_UP(MIN(r->base + r->len, PHYS_MAX), LARGE_PAGE_SIZE);

		if (r->type == BOOT_MEM_RAM || r->type == BOOT_MEM_ACPI || r->type == BOOT_MEM_NVS)
			mmu_boot_map(DIRECT_MAP_BASE + start, start, end - start,
				     MMU_READ | MMU_WRITE, take_table);
	}
	map_screen(&info->screen);
}

/* Memory of its own for each piece of a window, in large pages where they fit. */
static void map_backed(vaddr_t va, vaddr_t end)
{
	while (va < end) {
		u64 len = IS_ALIGNED(va, LARGE_PAGE_SIZE) && end - va >= LARGE_PAGE_SIZE ?
				  LARGE_PAGE_SIZE : PAGE_SIZE;
		pfn_t pfn = take(len >> PAGE_SHIFT, ~0ull >> PAGE_SHIFT);

		if (!pfn && len > PAGE_SIZE) {
			len = PAGE_SIZE;
			pfn = take(1, ~0ull >> PAGE_SHIFT);
		}
		PANIC_ON(!pfn, "pmm: no memory for the frame array");
		mmu_boot_map(va, pfn << PAGE_SHIFT, len, MMU_READ | MMU_WRITE, take_table);
		va += len;
	}
}

static void map_frames(void)
{
	/* A block's frames fill whole pages (1024 * 24 bytes), so spans share none. */
	for (u32 i = 0; i < pmm_spans.n; i++)
		map_backed((vaddr_t)frame_of(pmm_spans.r[i].start),
			   (vaddr_t)frame_of(pmm_spans.r[i].end));
}

static void zone_give(pfn_t start, pfn_t end)
{
	struct zone *zone = &pmm_zones[ZONE_INDEX(0, zone_kind_of(start))];

	zone->total += end - start;
	buddy_free_range(&zone->buddy, start, end);
}

/* A block that is not free as a whole: set every frame, then free the pieces.
 * @i: first usable range that may reach into it. */
static void init_block(pfn_t start, u32 i)
{
	u8 zone = ZONE_INDEX(0, zone_kind_of(start));
	pfn_t end = start + PMM_BLOCK_FRAMES;

	for (pfn_t pfn = start; pfn < end; pfn++)
		*frame_of(pfn) = (struct frame){ .refs = 1, .zone = zone,
						 .flags = FRAME_RESERVED };
	for (; i < usable.n && usable.r[i].start < end; i++)
		if (usable.r[i].end > start)
			zone_give(MAX(start, usable.r[i].start), MIN(end, usable.r[i].end));
}

static void init_frames(void)
{
	u32 i = 0;

	for (u32 s = 0; s < pmm_spans.n; s++) {
		for (pfn_t pfn = pmm_spans.r[s].start; pfn < pmm_spans.r[s].end;
		     pfn += PMM_BLOCK_FRAMES) {
			struct zone *zone = &pmm_zones[ZONE_INDEX(0, zone_kind_of(pfn))];

			while (i < usable.n && usable.r[i].end <= pfn)
				i++;
			if (i < usable.n && usable.r[i].start <= pfn &&
			    usable.r[i].end >= pfn + PMM_BLOCK_FRAMES) {
				zone->total += PMM_BLOCK_FRAMES;
				buddy_add_fresh(&zone->buddy, frame_of(pfn));
			} else {
				init_block(pfn, i);
			}
		}
	}
}

static u64 count(const struct pfn_ranges *set)
{
	u64 sum = 0;

	for (u32 i = 0; i < set->n; i++)
		sum += set->r[i].end - set->r[i].start;
	return sum;
}

void pmm_init_early(const struct boot_info *info)
{
	u64 ram;

	for (u32 i = 0; i < NR_ZONE_INDEXES; i++) {
		spin_init(&pmm_zones[i].lock, RANK_ZONE, "zone");
		buddy_init(&pmm_zones[i].buddy, frame_of(0), (u8)i);
	}
	PANIC_ON(!info->n_ranges, "pmm: the loader %s gave no memory map", info->loader);
	collect(info);
	ram = count(&usable);
	keep_out(info);
	PANIC_ON(count(&usable) < MIN_MEMORY_PAGES,
		 "pmm: too little memory: %lu MiB, of which %lu are free; Exo-OS needs 64 MiB "
		 "and room for its initrd", ram >> 8, count(&usable) >> 8);
	map_direct(info);
	map_frames();
	mmu_boot_load(take_table);
	init_frames();
	pmm_zone_reserves();
	log_info("pmm: %lu MiB of memory, %lu MiB free", ram >> 8, count(&usable) >> 8);
}

void pmm_free_boot_range(paddr_t start, paddr_t end)
{
	pfn_t pfn = ALIGN_UP(start, PAGE_SIZE) >> PAGE_SHIFT;

	for (; pfn < end >> PAGE_SHIFT; pfn++) {
		struct frame *frame = pfn_to_frame(pfn);
		irqflags_t flags;

		if (!frame || !(frame->flags & FRAME_RESERVED))
			continue;
		frame->flags = 0;
		frame->refs = 0;
		frame->order = 0;
		flags = spin_lock_irq(&pmm_zones[frame->zone].lock);
		pmm_zones[frame->zone].total++;
		buddy_free(&pmm_zones[frame->zone].buddy, frame, 0);
		spin_unlock_irq(&pmm_zones[frame->zone].lock, flags);
	}
}
