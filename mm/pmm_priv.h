/* SPDX-License-Identifier: MIT */
/*
 * Shared by pmm.c, pmm_boot.c, pcp.c and numa.c.
 */
#pragma once

#include <kernel/core/spinlock.h>
#include <mm/buddy.h>
#include <mm/pmm.h>

/* A zone's index in pmm_zones[]: what struct frame.zone says. */
#define ZONE_INDEX(node, kind) ((u8)((node) * 4 + (u32)(kind)))
#define ZONE_NODE(zone)        ((node_t)((zone) / 4))
#define ZONE_KIND(zone)        ((zone) % 4u)
#define NR_ZONE_INDEXES        (NR_NODES * 4)

#define DMA_END_PFN   ((16ull << 20) >> PAGE_SHIFT)
#define DMA32_END_PFN ((4ull << 30) >> PAGE_SHIFT)

/* Lock key: z lock. */
struct zone {
	struct spinlock lock; /* RANK_ZONE, irq-safe */
	struct buddy buddy;   /* [z] */
	u64 total;            /* [z] frames ever given to this zone */
	u64 reserve;          /* [z] kept for MEM_NOWAIT, and from requests that a higher
	                         zone could serve */
};

extern struct zone pmm_zones[NR_ZONE_INDEXES];

/* Page frame numbers [start, end). */
struct pfn_range {
	pfn_t start, end;
};
#define PMM_MAX_RANGES 320u
struct pfn_ranges {
	u32 n;
	struct pfn_range r[PMM_MAX_RANGES]; /* by start, apart from each other */
};
/* Where frames exist, in whole PMM_MAX_ORDER blocks. [i] after boot. */
extern struct pfn_ranges pmm_spans;

static inline enum zone_kind zone_kind_of(pfn_t pfn)
{
	return pfn < DMA_END_PFN ? ZONE_DMA : pfn < DMA32_END_PFN ? ZONE_DMA32 : ZONE_NORMAL;
}

/** pmm_zone_reserves - set each zone's reserve from its size */
void pmm_zone_reserves(void);

/** pmm_block_alloc - straight from one zone's buddy lists; NULL: none, or only what
 * is reserved and @deep does not allow that. irq-safe. */
struct frame *pmm_block_alloc(struct zone *zone, u32 order, bool deep);
/** pmm_block_free - straight back */
void pmm_block_free(struct frame *frame, u32 order);

/* pcp.c: stacks of single frames of the CPU's own node. */
struct frame *pcp_alloc(node_t node);
/** pcp_free - false: not for this CPU's cache */
bool pcp_free(struct frame *frame);
void pcp_drain_cpu(void);
/** pcp_frames - how many frames of @node (or NODE_ANY) all CPUs hold */
u64 pcp_frames(node_t node);
