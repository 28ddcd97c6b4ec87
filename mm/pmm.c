/* SPDX-License-Identifier: MIT */
/*
 * Physical memory after boot: which zone serves a request, and the counts.
 *
 *   pmm_alloc -> pcp.c (single frames, own node, no lock)
 *             -> zones: node by distance, NORMAL before DMA32 before DMA
 *             -> every per-CPU cache given back, once more
 *             -> a process is killed (mm/oom.h), again
 *             -> NULL
 *
 * A zone keeps a small reserve for requests that cannot wait, and a bigger
 * part of DMA and DMA32 for those that need such addresses. pmm_boot.c fills
 * the zones, numa.c sorts frames to their nodes.
 */
#include <mm/pmm.h>

#include <arch/irq.h>
#include <arch/smp.h>
#include <kernel/core/faultinject.h>
#include <kernel/core/kasan.h>
#include <mm/kva.h>
#include <mm/numa.h>
#include <mm/oom.h>
#include <mm/slab.h>

#include "pmm_priv.h"

struct zone pmm_zones[NR_ZONE_INDEXES];
struct pfn_ranges pmm_spans;
static u64 pmm_frames; /* in all zones */

/* Changes of what memory is used for, summed over CPUs. */
struct pmm_counts {
	s64 used[NR_NODES][NR_PMM_USES];
};
static DEFINE_PERCPU(struct pmm_counts, pmm_counts);

void pmm_account(const struct frame *frame, enum pmm_use use, s64 frames)
{
	/* Atomic: an interrupt may count between load and store. */
	atomic_add_relaxed(&percpu_ptr(pmm_counts)->used[ZONE_NODE(frame->zone)][use], frames);
}

node_t frame_node(const struct frame *frame)
{
	return ZONE_NODE(frame->zone);
}

struct frame *pfn_to_frame(pfn_t pfn)
{
	for (u32 i = 0; i < pmm_spans.n; i++)
		if (pfn >= pmm_spans.r[i].start && pfn < pmm_spans.r[i].end)
			return frame_of(pfn);
	return NULL;
}

u64 pmm_span(void)
{
	return pmm_spans.r[pmm_spans.n - 1].end << PAGE_SHIFT;
}

void pmm_zone_reserves(void)
{
	pmm_frames = 0;
	for (u32 i = 0; i < NR_ZONE_INDEXES; i++) {
		struct zone *zone = &pmm_zones[i];

		pmm_frames += zone->total;
		zone->reserve = MIN(zone->total / 64, 1024ull);
	}
}

struct frame *pmm_block_alloc(struct zone *zone, u32 order, bool deep)
{
	struct frame *frame = NULL;
	irqflags_t flags;

	if (!atomic_load_relaxed(&zone->buddy.nr_free)) /* no lock for empty zones */
		return NULL;
	flags = spin_lock_irq(&zone->lock);
	if (deep || zone->buddy.nr_free >= zone->reserve + (1ull << order))
		frame = buddy_alloc(&zone->buddy, order);
	spin_unlock_irq(&zone->lock, flags);
	return frame;
}

void pmm_block_free(struct frame *frame, u32 order)
{
	struct zone *zone = &pmm_zones[frame->zone];
	irqflags_t flags = spin_lock_irq(&zone->lock);

	buddy_free(&zone->buddy, frame, order);
	spin_unlock_irq(&zone->lock, flags);
}

static struct frame *alloc_from_zones(u32 order, unsigned flags, node_t node, bool deep)
{
	u32 best = flags & MEM_DMA ? ZONE_DMA : flags & MEM_DMA32 ? ZONE_DMA32 : ZONE_NORMAL;
	struct frame *frame;
	node_t from;

	for (u32 n = 0; (from = numa_fallback(node, n)) < NR_NODES; n++) {
		for (u32 kind = best + 1; kind-- > 0;) {
			frame = pmm_block_alloc(&pmm_zones[ZONE_INDEX(from, kind)], order, deep);
			if (frame)
				return frame;
		}
		if (flags & MEM_NODE_ONLY)
			break;
	}
	return NULL;
}

/* Everything but the per-CPU fast path. */
static __noinline struct frame *alloc_slow(u32 order, unsigned flags, node_t node)
{
	struct frame *frame = alloc_from_zones(order, flags, node, flags & MEM_NOWAIT);
	u32 tries = 0;

	if (frame || (flags & (MEM_NOWAIT | MEM_TRY)))
		return frame;
	if (!irq_enabled())
		return alloc_from_zones(order, flags, node, true);
	do {
		if (tries % 16 == 0)
			pmm_drain();
		frame = alloc_from_zones(order, flags, node, oom_may_dig());
	} while (!frame && oom_relieve(order, tries++));
	return frame;
}

struct frame *pmm_alloc(unsigned order, unsigned flags, node_t node)
{
	struct frame *frame = NULL;

	if (order > PMM_MAX_ORDER || faultinject_should_fail())
		return NULL;
	if (node == NODE_ANY)
		node = this_cpu()->node;
	if (order == 0 && !(flags & (MEM_DMA | MEM_DMA32)))
		frame = pcp_alloc(node);
	if (!frame) {
		frame = alloc_slow(order, flags, node);
		if (!frame)
			return NULL;
		for (u32 i = 1; i < 1u << order; i++)
			frame[i].flags = FRAME_TAIL;
	}
	frame->flags = 0;
	frame->order = (u8)order;
	atomic_store_relaxed(&frame->refs, 1);
	kasan_unpoison(frame_to_virt(frame), PAGE_SIZE << order);
	if (flags & MEM_ZERO)
		for (u32 i = 0; i < 1u << order; i++)
			page_clear((char *)frame_to_virt(frame) + i * PAGE_SIZE);
	return frame;
}

static bool enough_free(void)
{
	u64 sum = 0;

	for (u32 i = 0; i < numa_node_count() * 4; i++) {
		sum += atomic_load_relaxed(&pmm_zones[i].buddy.nr_free);
		if (likely(sum >= pmm_frames / 8))
			return true;
	}
	return false;
}

static u64 used_for(enum pmm_use use)
{
	struct cpu *cpu;
	s64 sum = 0;

	FOR_EACH_CPU(cpu)
		for (node_t n = 0; n < numa_node_count(); n++)
			sum += atomic_load_relaxed(&percpu_ptr_of(pmm_counts, cpu)->used[n][use]);
	return (u64)MAX(sum, (s64)0);
}

bool pmm_has_room(enum pmm_use use)
{
	return enough_free() || used_for(use) < pmm_frames / 4;
}

static inline void free_block(struct frame *frame, u32 order)
{
	ASSERT(!(frame->flags & (FRAME_FREE | FRAME_TAIL | FRAME_RESERVED)));
	ASSERT(frame->order == order);
	atomic_store_relaxed(&frame->refs, 0);
	frame->flags = 0;
	kasan_poison(frame_to_virt(frame), PAGE_SIZE << order, KASAN_FREED_PAGE);
	if (order == 0 && pcp_free(frame))
		return;
	pmm_block_free(frame, order);
}

struct frame *pmm_alloc_frames(unsigned order, unsigned flags, node_t node)
{
	struct frame *frame;

	if (!enough_free())
		return NULL;
	frame = pmm_alloc(order, flags | MEM_TRY | MEM_ZERO, node);
	if (!frame)
		return NULL;
	for (u32 i = 0; i < 1u << order; i++) {
		frame[i].flags = 0;
		frame[i].order = 0;
		frame[i].zone = frame->zone;
		frame[i].refs = 1; /* nobody else knows them */
	}
	return frame;
}

void frame_put_block(struct frame *frame, unsigned order)
{
	u32 n = 1u << order, sole = 0;

	while (sole < n && frame_refs(&frame[sole]) == 1)
		sole++;
	if (sole < n) {
		for (u32 i = 0; i < n; i++)
			frame_put(&frame[i]);
		return;
	}
	for (u32 i = 0; i < n; i++)
		frame[i].refs = 0;
	frame->order = (u8)order;
	free_block(frame, order);
}

void pmm_free(struct frame *frame, unsigned order)
{
	free_block(frame, order);
}

void frame_free(struct frame *frame)
{
	free_block(frame, frame->order);
}

void *pmm_alloc_page(unsigned flags)
{
	struct frame *frame = pmm_alloc(0, flags, NODE_ANY);

	return frame ? frame_to_virt(frame) : NULL;
}

void pmm_free_page(void *page)
{
	pmm_free(virt_to_frame(page), 0);
}

void pmm_stats(node_t node, struct pmm_stats *out)
{
	struct cpu *cpu;

	*out = (struct pmm_stats){ .free = pcp_frames(node) };
	for (u32 i = 0; i < NR_ZONE_INDEXES; i++) {
		if (node != NODE_ANY && ZONE_NODE(i) != node)
			continue;
		out->total += atomic_load_relaxed(&pmm_zones[i].total);
		out->free += atomic_load_relaxed(&pmm_zones[i].buddy.nr_free);
	}
	FOR_EACH_CPU(cpu) {
		struct pmm_counts *counts = percpu_ptr_of(pmm_counts, cpu);

		for (node_t n = 0; n < NR_NODES; n++) {
			if (node != NODE_ANY && n != node)
				continue;
			out->cache += (u64)atomic_load_relaxed(&counts->used[n][PMM_CACHE]);
			out->slab += (u64)atomic_load_relaxed(&counts->used[n][PMM_SLAB]);
			out->tables += (u64)atomic_load_relaxed(&counts->used[n][PMM_TABLES]);
			out->large += (u64)atomic_load_relaxed(&counts->used[n][PMM_LARGE]);
			out->buffers += (u64)atomic_load_relaxed(&counts->used[n][PMM_BUFFERS]);
		}
	}
}

bool pmm_zone_info(u32 i, struct pmm_zone_info *out)
{
	const struct zone *zone;

	if (i >= numa_node_count() * NR_ZONES)
		return false;
	*out = (struct pmm_zone_info){ .node = i / NR_ZONES, .kind = i % NR_ZONES };
	zone = &pmm_zones[ZONE_INDEX(out->node, out->kind)];
	out->total = atomic_load_relaxed(&zone->total);
	out->free = atomic_load_relaxed(&zone->buddy.nr_free);
	out->reserve = zone->reserve;
	for (u32 order = 0; order <= PMM_MAX_ORDER; order++)
		out->blocks[order] = atomic_load_relaxed(&zone->buddy.nr_blocks[order]);
	return true;
}

/* On each CPU, interrupts off. Slabs and tables first: they return frames. */
static void drain_this_cpu(__unused void *arg)
{
	slab_drain_cpu();
	mmu_drain_cpu();
	kstack_drain_cpu();
	pcp_drain_cpu();
}

void pmm_drain(void)
{
	struct cpumask others = { 0 };
	struct cpu *cpu;
	irqflags_t flags;

	FOR_EACH_CPU(cpu)
		if (cpu != this_cpu())
			others.bits[cpu->id / 64] |= BIT(cpu->id % 64);
	smp_call(&others, drain_this_cpu, NULL);
	flags = irq_save();
	drain_this_cpu(NULL);
	irq_restore(flags);
	kstack_drain_finish();
	slab_drain_finish();
	flags = irq_save();
	pcp_drain_cpu(); /* what the two lines before freed */
	irq_restore(flags);
}
