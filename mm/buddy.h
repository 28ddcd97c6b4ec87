/* SPDX-License-Identifier: MIT */
/*
 * [pure] Buddy allocator over a flat array of frames: free blocks of 2^order
 * frames, aligned to their size, in a list per order. The caller locks.
 */
#pragma once

#include <mm/frame.h>

struct buddy {
	struct frame *map;   /* frame of pfn p is map + p */
	u8 zone;             /* stamped on heads; only equals merge */
	u32 nonempty;        /* bit o: list o has a block */
	u64 nr_free;         /* frames in all lists */
	u64 nr_blocks[PMM_MAX_ORDER + 1];
	struct list_head lists[PMM_MAX_ORDER + 1];
};

void buddy_init(struct buddy *b, struct frame *map, u8 zone);

/** buddy_alloc - a block of 2^@order frames; NULL: none. Its flags are 0. */
struct frame *buddy_alloc(struct buddy *b, u32 order);

/** buddy_free - give back a block; merges with free buddies of the same zone.
 * All frames of the PMM_MAX_ORDER block around it must have been set. */
void buddy_free(struct buddy *b, struct frame *frame, u32 order);

/** buddy_add_fresh - a whole PMM_MAX_ORDER block of which only the head is set;
 * the others are when the block is first taken */
void buddy_add_fresh(struct buddy *b, struct frame *frame);

/** buddy_take - take the free block headed by @frame, of this zone, off its list */
void buddy_take(struct buddy *b, struct frame *frame);

/** buddy_free_range - buddy_free() of [start, end) pfns in the largest blocks */
void buddy_free_range(struct buddy *b, u64 start, u64 end);
