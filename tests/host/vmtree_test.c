/* SPDX-License-Identifier: MIT */
/* Tree of regions against an array of pages. */
#include "test.h"

#include <kernel/lib/string.h>
#include <mm/vmtree.h>

enum { PAGES = 2048, REGIONS = 300 };
#define P(n) ((u64)(n) << 12)

static struct region pool[REGIONS];
static u8 page[PAGES];

/* Highest run of @len free pages in [low, high), guard gaps kept. */
static u64 naive_place(u32 len, u32 low, u32 high)
{
	static u8 taken[PAGES];

	memcpy(taken, page, sizeof(taken));
	for (u32 i = 0; i < REGIONS; i++) {
		u32 start = (u32)(pool[i].start >> 12);

		if (!pool[i].end || !(pool[i].flags & REGION_GROWSDOWN))
			continue;
		for (u32 g = 1; g <= 256 && g <= start && !page[start - g]; g++)
			taken[start - g] = 1;
	}
	for (u32 at = high; at >= low + len; at--) {
		u32 i = 1;

		while (i <= len && !taken[at - i])
			i++;
		if (i > len)
			return P(at - len);
	}
	return 0;
}

static u64 check_node(struct rb_node *n)
{
	struct region *r = RB_ENTRY(n, struct region, node), *prev = vmtree_prev(r);
	u64 below = prev ? prev->end : 0, floor = r->start, most, left, right;

	if (r->flags & REGION_GROWSDOWN)
		floor = floor > VM_GUARD_GAP ? floor - VM_GUARD_GAP : 0;
	CHECK_EQ(r->gap, floor > below ? floor - below : 0);
	left = n->left ? check_node(n->left) : 0;
	right = n->right ? check_node(n->right) : 0;
	most = r->gap > left ? r->gap : left;
	most = most > right ? most : right;
	CHECK_EQ(r->max_gap, most);
	return most;
}

static void fill(struct region *r, u8 v)
{
	memset(&page[r->start >> 12], v, (r->end - r->start) >> 12);
}

static void insert_random(struct vmtree *t, struct region *r)
{
	u32 at = 1 + (u32)test_rand_below(PAGES - 20), len = 1 + (u32)test_rand_below(12);

	for (u32 i = 0; i < len; i++)
		if (page[at + i])
			return;
	memset(r, 0, sizeof(*r));
	r->start = P(at);
	r->end = P(at + len);
	r->flags = test_rand_below(20) ? 0 : REGION_GROWSDOWN;
	fill(r, 1);
	vmtree_insert(t, r);
}

/* Shrink, or grow into free neighbouring pages. */
static void resize_random(struct vmtree *t, struct region *r)
{
	u64 start = r->start, end = r->end;

	if (test_rand_below(2)) {
		while (start > P(1) && !page[(start >> 12) - 1] && test_rand_below(4))
			start -= P(1);
		while (end < P(PAGES) && !page[end >> 12] && test_rand_below(4))
			end += P(1);
	} else if (end - start > P(2)) {
		start += P(test_rand_below(2));
		end -= P(test_rand_below(2));
	}
	fill(r, 0);
	vmtree_resize(t, r, start, end);
	fill(r, 1);
}

static void check_queries(const struct vmtree *t)
{
	for (u32 q = 0; q < 20; q++) {
		u32 len = 1 + (u32)test_rand_below(test_rand_below(8) ? 16 : 1000);
		u32 low = 1 + (u32)test_rand_below(PAGES / 2);
		u32 high = low + (u32)test_rand_below(PAGES - low);
		u64 va = test_rand_below(P(PAGES));
		struct region *r = vmtree_find(t, va), *want = NULL;

		CHECK_EQ(vmtree_place(t, P(len), P(low), P(high)), naive_place(len, low, high));
		for (u32 i = 0; i < REGIONS; i++)
			if (pool[i].end > va && (!want || pool[i].start < want->start))
				want = &pool[i];
		CHECK(r == want);
	}
}

TEST(vmtree_random)
{
	struct vmtree t;

	rb_init(&t.tree);
	memset(pool, 0, sizeof(pool));
	memset(page, 0, sizeof(page));
	for (u32 step = 0; step < 6000; step++) {
		struct region *r = &pool[test_rand_below(REGIONS)];

		if (!r->end) {
			insert_random(&t, r);
		} else if (test_rand_below(3)) {
			resize_random(&t, r);
		} else {
			fill(r, 0);
			vmtree_remove(&t, r);
			memset(r, 0, sizeof(*r));
		}
		if (step % 20 == 0 && t.tree.root)
			check_node(t.tree.root);
		if (step % 60 == 0)
			check_queries(&t);
	}
}

TEST(vmtree_append_in_order)
{
	struct vmtree t;

	rb_init(&t.tree);
	memset(pool, 0, sizeof(pool));
	memset(page, 0, sizeof(page));
	for (u32 i = 0; i < REGIONS; i++) {
		pool[i].start = P(4 + i * 5);
		pool[i].end = P(7 + i * 5);
		vmtree_append(&t, &pool[i]);
		fill(&pool[i], 1);
	}
	check_node(t.tree.root);
	check_queries(&t);
	CHECK(vmtree_first(&t) == pool);
	CHECK(vmtree_last(&t) == pool + REGIONS - 1);
}
