/* SPDX-License-Identifier: MIT */
/* Buddy allocator against a bitmap of what is handed out. */
#include "test.h"

#include <kernel/lib/string.h>
#include <mm/buddy.h>

enum { FRAMES = 4 * PMM_BLOCK_FRAMES, LIVE = 400 };

static struct frame map[FRAMES];
static u8 used[FRAMES];

/* Every free block once, aligned, not in use; sums as counted; no free buddies. */
static void check_lists(const struct buddy *b, u64 free_frames)
{
	u64 sum = 0;

	for (u32 o = 0; o <= PMM_MAX_ORDER; o++) {
		struct frame *f;
		u64 n = 0;

		LIST_FOR_EACH(f, &b->lists[o], link) {
			u64 pfn = (u64)(f - map), other = pfn ^ (1ull << o);

			CHECK_EQ(pfn & ((1u << o) - 1), 0);
			CHECK_EQ(f->order, o);
			CHECK(f->flags & FRAME_FREE);
			for (u64 i = 0; i < 1u << o; i++)
				CHECK(!used[pfn + i]);
			if (o < PMM_MAX_ORDER)
				CHECK(!(map[other].flags & FRAME_FREE) || map[other].order != o ||
				      map[other].zone != b->zone);
			n++;
		}
		CHECK_EQ(n, b->nr_blocks[o]);
		CHECK_EQ(!!n, b->nonempty >> o & 1);
		sum += n << o;
	}
	CHECK_EQ(sum, b->nr_free);
	CHECK_EQ(sum, free_frames);
}

static void setup(struct buddy *b)
{
	memset(map, 0x5a, sizeof(map)); /* fresh blocks promise nothing */
	memset(used, 0, sizeof(used));
	buddy_init(b, map, 3);
	for (u32 i = 0; i < FRAMES; i += PMM_BLOCK_FRAMES)
		buddy_add_fresh(b, &map[i]);
}

TEST(buddy_random)
{
	static struct { struct frame *f; u32 order; } live[LIVE];
	struct buddy b;
	u64 free_frames = FRAMES;
	u32 n = 0;

	setup(&b);
	for (u32 step = 0; step < 20000; step++) {
		if (n < LIVE && test_rand_below(5) < 3) {
			u32 order = (u32)test_rand_below(test_rand_below(PMM_MAX_ORDER + 1) + 1);
			struct frame *f = buddy_alloc(&b, order);

			if (!f)
				continue;
			CHECK_EQ((f - map) & ((1 << order) - 1), 0);
			CHECK_EQ(f->flags, 0);
			for (u32 i = 0; i < 1u << order; i++)
				CHECK(!used[f - map + i]++);
			live[n].f = f;
			live[n++].order = order;
			free_frames -= 1u << order;
		} else if (n) {
			u32 i = (u32)test_rand_below(n);

			memset(&used[live[i].f - map], 0, 1u << live[i].order);
			free_frames += 1u << live[i].order;
			buddy_free(&b, live[i].f, live[i].order);
			live[i] = live[--n];
		}
		if (step % 500 == 0)
			check_lists(&b, free_frames);
	}
	while (n--)
		buddy_free(&b, live[n].f, live[n].order);
	memset(used, 0, sizeof(used));
	check_lists(&b, FRAMES);
	CHECK_EQ(b.nr_blocks[PMM_MAX_ORDER], FRAMES / PMM_BLOCK_FRAMES);
}

TEST(buddy_exhaustion)
{
	struct buddy b;
	u32 n = 0;

	setup(&b);
	while (buddy_alloc(&b, 0))
		n++;
	CHECK_EQ(n, FRAMES);
	CHECK_EQ(b.nr_free, 0);
	CHECK_EQ(b.nonempty, 0);
	for (u32 i = 0; i < FRAMES; i++)
		buddy_free(&b, &map[i], 0);
	CHECK_EQ(b.nr_blocks[PMM_MAX_ORDER], FRAMES / PMM_BLOCK_FRAMES);
}

TEST(buddy_zones_do_not_merge)
{
	struct buddy a, b;

	memset(map, 0, sizeof(map));
	memset(used, 0, sizeof(used));
	buddy_init(&a, map, 1);
	buddy_init(&b, map, 2);
	buddy_free_range(&a, 3, 515);
	buddy_free_range(&b, 515, 1024);
	CHECK_EQ(a.nr_free, 512);
	CHECK_EQ(b.nr_free, 509);
	check_lists(&a, 512);
	check_lists(&b, 509);
	CHECK(!buddy_alloc(&a, PMM_MAX_ORDER));
}

TEST(buddy_low_addresses_first_after_boot)
{
	struct buddy b;

	setup(&b);
	CHECK(buddy_alloc(&b, 0) == map);
	CHECK(buddy_alloc(&b, PMM_MAX_ORDER) == map + PMM_BLOCK_FRAMES);
}
