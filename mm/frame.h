/* SPDX-License-Identifier: MIT */
/*
 * struct frame: what is known of each 4 KiB of physical memory. Apart from
 * pmm.h so that the [pure] buddy core compiles on the host.
 */
#pragma once

#include <kernel/lib/list.h>
#include <kernel/lib/types.h>

#define PMM_MAX_ORDER 10u
#define PMM_BLOCK_FRAMES (1u << PMM_MAX_ORDER)

enum frame_flags {
	FRAME_FREE = 1,     /* head of a free block of frame->order */
	FRAME_RESERVED = 2, /* not memory, or the kernel's own image */
	FRAME_SLAB = 4,     /* owner is a slab */
	FRAME_CACHE = 8,    /* page of a memory object: owner, index */
	FRAME_DIRTY = 16,   /* page of a memory object, newer than its store */
	FRAME_TABLE = 32,   /* page table; index counts its entries in use */
	FRAME_TAIL = 64,    /* not the first of an allocated block */
	FRAME_FRESH = 128,  /* head of a free block whose other frames were never set */
	FRAME_BAD = 256,    /* memtest.c read something else than it wrote */
	FRAME_BAD_INSIDE = 512, /* head of a block with such a frame, while the test runs */
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
	s32 refs;             /* [a] references; 0 while free */
	u8 order;             /* [z][o] of the block this is the head of */
	u8 zone;              /* [z] of a head: index into the zone table */
	u16 flags;            /* [o][z] */
};
static_assert(sizeof(struct frame) == 24, "one per 4 KiB: 0.6 %");
