/* SPDX-License-Identifier: MIT */
/*
 * Per-CPU caches of single frames: a stack of pointers that only its CPU
 * touches, interrupts off, so the common allocation takes no lock. It holds
 * frames of the CPU's own node, none of zone DMA, and trades with the zones
 * in batches: a block is taken as a whole and cut here, and frames that lie side
 * by side go back as one block, which spares most of the buddy's splitting and
 * merging.
 */
#include <mm/pmm.h>

#include <arch/irq.h>
#include <mm/numa.h>

#include "pmm_priv.h"

#define PCP_MAX   128u
#define PCP_BATCH_ORDER 5u
#define PCP_BATCH (1u << PCP_BATCH_ORDER)

struct pcp {
	u32 n;
	struct frame *frames[PCP_MAX];
};
static DEFINE_PERCPU(struct pcp, pcp_caches);

/* A block of up to a batch as single frames, lowest on top. */
static void cut_block(struct pcp *pcp, struct zone *zone, u32 order)
{
	struct frame *frame = buddy_alloc(&zone->buddy, order);
	u32 n = 1u << order;

	if (!frame)
		return;
	for (u32 i = n; i-- > 0;) {
		frame[i].zone = frame->zone;
		pcp->frames[pcp->n++] = &frame[i];
	}
}

/* From the highest zone of @node that has some to spare. */
static void refill(struct pcp *pcp, node_t node)
{
	for (u32 kind = ZONE_NORMAL; kind > ZONE_DMA && !pcp->n; kind--) {
		struct zone *zone = &pmm_zones[ZONE_INDEX(node, kind)];

		if (!atomic_load_relaxed(&zone->buddy.nr_free))
			continue;
		spin_lock(&zone->lock);
		for (u32 order = PCP_BATCH_ORDER + 1; order-- > 0 && !pcp->n;)
			if (zone->buddy.nr_free >= zone->reserve + (1ull << order))
				cut_block(pcp, zone, order);
		spin_unlock(&zone->lock);
	}
}

struct frame *pcp_alloc(node_t node)
{
	struct frame *frame = NULL;
	irqflags_t flags;
	struct pcp *pcp;

	if (node != this_cpu()->node)
		return NULL;
	flags = irq_save();
	pcp = percpu_ptr(pcp_caches);
	if (unlikely(!pcp->n))
		refill(pcp, node);
	if (likely(pcp->n))
		frame = pcp->frames[--pcp->n];
	irq_restore(flags);
	return frame;
}

/* How many frames from frames[i] on lie side by side, in one zone. */
static u32 run_length(const struct pcp *pcp, u32 i, u32 end)
{
	u32 n = 1;

	while (i + n < end && pcp->frames[i + n] == pcp->frames[i] + n &&
	       pcp->frames[i + n]->zone == pcp->frames[i]->zone)
		n++;
	return n;
}

/* Give the @n oldest back; the youngest are warm. */
static void flush(struct pcp *pcp, u32 n)
{
	for (u32 i = 0, run; i < n; i += run) {
		struct zone *zone = &pmm_zones[pcp->frames[i]->zone];
		pfn_t pfn = frame_to_pfn(pcp->frames[i]);

		run = run_length(pcp, i, n);
		spin_lock(&zone->lock);
		buddy_free_range(&zone->buddy, pfn, pfn + run);
		spin_unlock(&zone->lock);
	}
	pcp->n -= n;
	for (u32 i = 0; i < pcp->n; i++)
		pcp->frames[i] = pcp->frames[i + n];
}

bool pcp_free(struct frame *frame)
{
	irqflags_t flags;
	struct pcp *pcp;

	if (ZONE_KIND(frame->zone) == ZONE_DMA || ZONE_NODE(frame->zone) != this_cpu()->node)
		return false;
	flags = irq_save();
	pcp = percpu_ptr(pcp_caches);
	if (unlikely(pcp->n == PCP_MAX))
		flush(pcp, PCP_MAX - PCP_BATCH);
	pcp->frames[pcp->n++] = frame;
	irq_restore(flags);
	return true;
}

void pcp_drain_cpu(void)
{
	struct pcp *pcp = percpu_ptr(pcp_caches);

	flush(pcp, pcp->n);
}

u64 pcp_frames(node_t node)
{
	struct cpu *cpu;
	u64 sum = 0;

	FOR_EACH_CPU(cpu)
		if (node == NODE_ANY || cpu->node == node)
			sum += atomic_load_relaxed(&percpu_ptr_of(pcp_caches, cpu)->n);
	return sum;
}
