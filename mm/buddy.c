/* SPDX-License-Identifier: MIT */
/*
 * [pure] Buddy allocator. Invariants:
 *   1. a free block of order o begins at a multiple of 2^o frames; its head has
 *      FRAME_FREE, the order and the zone; no other frame of it has FRAME_FREE;
 *   2. no two free buddies of one zone and order below the maximum exist.
 * Blocks never grow beyond PMM_MAX_ORDER, so merging looks only at frames of
 * one maximal block: holes and zone borders inside it are frames that are
 * never free, or of another zone.
 *
 * Boot hands over whole maximal blocks "fresh": with only the head written, so
 * that gigabytes cost hundreds of writes instead of millions.
 */
#include <mm/buddy.h>

#include <kernel/lib/string.h>

void buddy_init(struct buddy *b, struct frame *map, u8 zone)
{
	memset(b, 0, sizeof(*b));
	b->map = map;
	b->zone = zone;
	for (u32 o = 0; o <= PMM_MAX_ORDER; o++)
		list_init(&b->lists[o]);
}

/* Low addresses are handed out first after boot: the tail is for new blocks. */
static void push(struct buddy *b, struct frame *frame, u32 order, bool tail)
{
	frame->refs = 0;
	frame->order = (u8)order;
	frame->zone = b->zone;
	if (tail)
		list_add_tail(&frame->link, &b->lists[order]);
	else
		list_add(&frame->link, &b->lists[order]);
	b->nr_blocks[order]++;
	b->nonempty |= 1u << order;
	b->nr_free += 1u << order;
}

void buddy_take(struct buddy *b, struct frame *frame)
{
	u32 order = frame->order;

	list_del(&frame->link);
	if (!--b->nr_blocks[order])
		b->nonempty &= ~(1u << order);
	b->nr_free -= 1u << order;
	if (frame->flags & FRAME_FRESH)
		memset(frame + 1, 0, sizeof(*frame) * (PMM_BLOCK_FRAMES - 1));
	frame->flags = 0;
}

struct frame *buddy_alloc(struct buddy *b, u32 order)
{
	u32 fit = b->nonempty >> order << order;
	struct frame *frame;
	u32 o;

	if (!fit)
		return NULL;
	o = (u32)__builtin_ctz(fit);
	frame = LIST_ENTRY(b->lists[o].next, struct frame, link);
	buddy_take(b, frame);
	while (o > order) { /* give the upper half back */
		o--;
		frame[1u << o].flags = FRAME_FREE;
		push(b, frame + (1u << o), o, false);
	}
	frame->order = (u8)order;
	frame->zone = b->zone;
	return frame;
}

void buddy_free(struct buddy *b, struct frame *frame, u32 order)
{
	u64 pfn = (u64)(frame - b->map);

	while (order < PMM_MAX_ORDER) {
		struct frame *other = b->map + (pfn ^ (1ull << order));

		if (!(other->flags & FRAME_FREE) || other->order != order ||
		    other->zone != b->zone)
			break;
		buddy_take(b, other);
		pfn &= ~(1ull << order);
		order++;
	}
	b->map[pfn].flags = FRAME_FREE;
	push(b, &b->map[pfn], order, false);
}

void buddy_add_fresh(struct buddy *b, struct frame *frame)
{
	frame->flags = FRAME_FREE | FRAME_FRESH;
	push(b, frame, PMM_MAX_ORDER, true);
}

void buddy_free_range(struct buddy *b, u64 start, u64 end)
{
	while (start < end) {
		u32 order = start ? (u32)__builtin_ctzll(start) : PMM_MAX_ORDER;

		order = MIN(order, PMM_MAX_ORDER);
		while (start + (1ull << order) > end)
			order--;
		buddy_free(b, b->map + start, order);
		start += 1ull << order;
	}
}
