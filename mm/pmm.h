/* SPDX-License-Identifier: MIT */
/*
 * Physical memory: NUMA nodes with zones DMA (below 16 MiB), DMA32 (below
 * 4 GiB) and NORMAL, a buddy allocator in each (orders 0..10), per-CPU caches
 * of single frames above, fall-back in order of node distance.
 *
 * Every frame has a struct frame in one array per contiguous range. A frame
 * in use has refs >= 1; frame_put() of the last reference frees it.
 */
#pragma once

#include <arch/mmu.h>
#include <kernel/core/refcount.h>
#include <kernel/lib/list.h>
#include <kernel/lib/types.h>

struct boot_info;

#define PMM_MAX_ORDER 10u

enum zone_kind { ZONE_DMA, ZONE_DMA32, ZONE_NORMAL, NR_ZONES };

enum frame_flags {
	FRAME_FREE = 1,     /* head of a free block of frame->order */
	FRAME_RESERVED = 2, /* not memory, or the kernel's own image */
	FRAME_SLAB = 4,     /* owner is a slab */
	FRAME_CACHE = 8,    /* page of a memory object: owner, index */
	FRAME_DIRTY = 16,   /* page of a memory object, newer than its store */
	FRAME_TABLE = 32,   /* page table */
	FRAME_TAIL = 64,    /* not the first of an allocated block */
};

/* Lock key: z zone lock while free, o owner of the allocation, a atomic. */
struct frame {
	union {
		struct list_head link;  /* [z] free list; [o] owner's list */
		struct {
			void *owner;    /* [o] slab or memory object */
			u64 index;      /* [o] page index in the object */
		};
	};
	struct refcount refs; /* [a] */
	u8 order;             /* [z][o] of the block this is the head of */
	u8 zone;              /* [i] index into the zone table */
	u16 flags;            /* [o][z] */
};
static_assert(sizeof(struct frame) == 24, "one per 4 KiB: 0.6 %");

enum alloc_flags {
	MEM_ZERO = 1,     /* cleared */
	MEM_NOWAIT = 2,   /* may not sleep or reclaim: spinlocks, interrupts */
	MEM_DMA32 = 4,    /* below 4 GiB */
	MEM_DMA = 8,      /* below 16 MiB */
	MEM_NODE_ONLY = 16, /* no fall-back to other nodes */
};
#define NODE_ANY (~0u)   /* the node of this CPU */

/** pmm_init_early - frames from the boot map; one node, until numa_init()
 * Boot order: pmm_init_early, mmu_init, ACPI, numa_init (moves frames to nodes). */
void pmm_init_early(const struct boot_info *info);

/** pmm_alloc - 2^@order contiguous frames with one reference on the first, or
 * NULL. @node: preferred, NODE_ANY: this CPU's. Interrupt-safe with MEM_NOWAIT. */
struct frame *pmm_alloc(unsigned order, unsigned flags, node_t node);

/** pmm_free - give back a block from pmm_alloc whose count nobody shares */
void pmm_free(struct frame *frame, unsigned order);

/** pmm_alloc_page - one frame as a kernel pointer, NULL if none; pmm_free_page */
void *pmm_alloc_page(unsigned flags);
void pmm_free_page(void *page);

struct frame *pfn_to_frame(pfn_t pfn); /* NULL: no such memory */
pfn_t frame_to_pfn(const struct frame *frame);

static inline void *frame_to_virt(const struct frame *frame)
{
	return phys_to_virt(frame_to_pfn(frame) << PAGE_SHIFT);
}

static inline void frame_get(struct frame *frame)
{
	refcount_get(&frame->refs);
}

/** frame_put - drop one reference; the last one frees the block */
void frame_put(struct frame *frame);

struct pmm_stats {
	u64 total;     /* frames given to the allocator */
	u64 free;      /* in buddy lists and per-CPU caches */
	u64 cache;     /* FRAME_CACHE */
	u64 slab;      /* FRAME_SLAB */
	u64 tables;    /* FRAME_TABLE */
};
/** pmm_stats - of one node, or of all with NODE_ANY; consistent enough for /proc */
void pmm_stats(node_t node, struct pmm_stats *out);

/** pmm_drain - give per-CPU caches back, so that free counts can be compared
 * and boot memory can coalesce. Thread context. */
void pmm_drain(void);

/** pmm_span - one past the highest physical address of memory */
paddr_t pmm_span(void);

/** pmm_free_boot_range - hand over [start, end) that the boot map kept (initrd) */
void pmm_free_boot_range(paddr_t start, paddr_t end);
