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

#include <arch/atomic.h>
#include <arch/mmu.h>
#include <kernel/core/panic.h>
#include <kernel/lib/types.h>
#include <mm/frame.h>

struct boot_info;

enum zone_kind { ZONE_DMA, ZONE_DMA32, ZONE_NORMAL, NR_ZONES };

/* What memory is used for, counted by whoever takes and returns it. */
enum pmm_use { PMM_CACHE, PMM_SLAB, PMM_TABLES, PMM_BUFFERS, PMM_LARGE, NR_PMM_USES };

enum alloc_flags {
	MEM_ZERO = 1,     /* cleared */
	MEM_NOWAIT = 2,   /* may not sleep or reclaim: spinlocks, interrupts */
	MEM_DMA32 = 4,    /* below 4 GiB */
	MEM_DMA = 8,      /* below 16 MiB */
	MEM_NODE_ONLY = 16, /* no fall-back to other nodes */
	MEM_TRY = 32,       /* only what is at hand: nobody is killed for it */
};
#define NODE_ANY (~0u)   /* the node of this CPU */

/** pmm_init_early - frames from the boot map; one node, until numa_finish().
 * Needs the loader's first GiB in the boot direct map. Panics with a sentence
 * when there is too little memory. Boot order: pmm_init_early, mmu_init,
 * slab_init, kva_init, ACPI, numa_finish (moves frames to nodes). */
void pmm_init_early(const struct boot_info *info);

/** pmm_alloc - 2^@order contiguous frames with one reference on the first, or
 * NULL. @node: preferred, NODE_ANY: this CPU's. Interrupt-safe with MEM_NOWAIT;
 * without it, it may wait for a process to be killed (mm/oom.h). */
struct frame *pmm_alloc(unsigned order, unsigned flags, node_t node);

/** pmm_alloc_frames - the same, cleared, as 2^@order frames with one reference each; only
 * if memory is not short. frame_put_block() is their frame_put(), in one block if
 * nobody else has one of them. */
struct frame *pmm_alloc_frames(unsigned order, unsigned flags, node_t node);
void frame_put_block(struct frame *frame, unsigned order);

/** pmm_free - give back a block from pmm_alloc whose count nobody shares */
void pmm_free(struct frame *frame, unsigned order);

/** pmm_alloc_page - one frame as a kernel pointer, NULL if none; pmm_free_page */
void *pmm_alloc_page(unsigned flags);
void pmm_free_page(void *page);

/* The frame array is flat over all physical memory and mapped where there is
 * some; so this is right only for a pfn known to be memory. */
static inline struct frame *frame_of(pfn_t pfn)
{
	return (struct frame *)FRAMES_BASE + pfn;
}

/** pfn_to_frame - for numbers from outside: NULL when there is no such memory */
struct frame *pfn_to_frame(pfn_t pfn);

static inline pfn_t frame_to_pfn(const struct frame *frame)
{
	return (pfn_t)(frame - (const struct frame *)FRAMES_BASE);
}

/** frame_node - where @frame, which is in use, is */
node_t frame_node(const struct frame *frame);

static inline void *frame_to_virt(const struct frame *frame)
{
	return phys_to_virt(frame_to_pfn(frame) << PAGE_SHIFT);
}

/** virt_to_frame - frame of an address of the direct map */
static inline struct frame *virt_to_frame(const void *va)
{
	return frame_of(virt_to_phys(va) >> PAGE_SHIFT);
}

static inline void frame_get(struct frame *frame)
{
	s32 old = atomic_fetch_add(&frame->refs, 1);

	PANIC_ON(old <= 0, "frame: get on a count of %d", old);
}

static inline s32 frame_refs(const struct frame *frame)
{
	return atomic_load_acquire(&frame->refs);
}

/** frame_free - give back the block of @frame, whose last reference is gone */
void frame_free(struct frame *frame);

/** frame_put - drop one reference; the last one frees the block */
static inline void frame_put(struct frame *frame)
{
	s32 old = atomic_fetch_sub(&frame->refs, 1);

	PANIC_ON(old <= 0, "frame: put on a count of %d", old);
	if (old == 1)
		frame_free(frame);
}

/** pmm_account - @frames more (or fewer) of @frame's node serve @use */
void pmm_account(const struct frame *frame, enum pmm_use use, s64 frames);

/** pmm_span - bytes from physical 0 to the end of the last memory there is */
u64 pmm_span(void);

/** pmm_has_room - may @use take more, as what a user can pile up and no kill brings
 * back (files in memory, bytes in pipes and sockets)? Not when it holds a quarter of
 * all memory and less than an eighth is free: the rest of the system lives on that. */
bool pmm_has_room(enum pmm_use use);

struct pmm_stats {
	u64 total;     /* frames given to the allocator */
	u64 free;      /* in buddy lists and per-CPU caches */
	u64 cache;     /* FRAME_CACHE */
	u64 slab;      /* FRAME_SLAB, and larger blocks of kmalloc() */
	u64 tables;    /* FRAME_TABLE */
	u64 buffers;   /* bytes in pipes */
	u64 large;     /* shown by large entries */
};
/** pmm_stats - of one node, or of all with NODE_ANY; consistent enough for /proc */
void pmm_stats(node_t node, struct pmm_stats *out);

/* One zone, for /proc; counts may be of slightly different moments. */
struct pmm_zone_info {
	node_t node;
	enum zone_kind kind;
	u64 total, free, reserve; /* frames; per-CPU caches are not free here */
	u64 blocks[PMM_MAX_ORDER + 1]; /* free ones of each order */
};
/** pmm_zone_info - the @i-th zone, which may be empty. Return: false: there is none. */
bool pmm_zone_info(u32 i, struct pmm_zone_info *out);

/** pmm_drain - give all per-CPU caches back (frames, slab objects, page tables,
 * stacks) and empty slabs, so that free counts can be compared. Thread context,
 * interrupts on, no spinlock. */
void pmm_drain(void);

/** pmm_span - one past the highest physical address of memory */
paddr_t pmm_span(void);

/** pmm_free_boot_range - hand over [start, end) that the boot map kept (initrd) */
void pmm_free_boot_range(paddr_t start, paddr_t end);
