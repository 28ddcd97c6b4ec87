/* SPDX-License-Identifier: MIT */
/* Radix tree against a sorted array; also with an allocator that fails. */
#include "test.h"

#include <kernel/lib/string.h>
#include <mm/pagetree.h>

#include <stdlib.h>

enum { ITEMS = 500 };

static struct { u64 index; bool there; } item[ITEMS];
static s64 nodes;
static u32 fail_in; /* 0: never */

static struct pagetree_node *node_alloc(void)
{
	if (fail_in && !--fail_in)
		return NULL;
	nodes++;
	return calloc(1, sizeof(struct pagetree_node));
}

static void node_free(struct pagetree_node *node)
{
	for (u32 i = 0; i < PAGETREE_SLOTS; i++)
		CHECK(!node->slot[i] || node->used == 1); /* a root handing down slot 0 */
	nodes--;
	free(node);
}

static const struct pagetree_ops ops = { node_alloc, node_free };

static u64 random_index(void)
{
	static const u32 bits[] = { 0, 4, 8, 14, 30, 52, 64 };
	u32 n = bits[test_rand_below(7)];

	return n == 64 ? test_rand() : test_rand() & (((u64)1 << n) - 1);
}

static void check_all(const struct pagetree *t)
{
	u64 at = test_rand_below(2) ? 0 : random_index(), got = at, want = 0;
	bool any = false;

	for (u32 i = 0; i < ITEMS; i++) {
		CHECK(pagetree_get(t, item[i].index) ==
		      (item[i].there ? (void *)&item[i] : NULL));
		if (item[i].there && item[i].index >= at && (!any || item[i].index < want)) {
			want = item[i].index;
			any = true;
		}
	}
	CHECK_EQ(pagetree_next(t, &got) != NULL, any);
	if (any)
		CHECK_EQ(got, want);
}

TEST(pagetree_random)
{
	struct pagetree t = { NULL, 0 };
	u32 failures = 0;

	nodes = 0;
	for (u32 i = 0; i < ITEMS; i++) { /* distinct indices */
		bool again = true;

		item[i].there = false;
		while (again) {
			item[i].index = i == 0 ? ~0ull : i == 1 ? 0 : random_index() + i * 64;
			again = false;
			for (u32 j = 0; j < i; j++)
				again |= item[j].index == item[i].index;
		}
	}
	for (u32 step = 0; step < 20000; step++) {
		u32 i = (u32)test_rand_below(ITEMS);
		s64 before = nodes;

		if (item[i].there) {
			CHECK(pagetree_remove(&t, &ops, item[i].index) == &item[i]);
			item[i].there = false;
		} else {
			fail_in = test_rand_below(4) ? 0 : 1 + (u32)test_rand_below(4);
			if (pagetree_set(&t, &ops, item[i].index, &item[i])) {
				CHECK_EQ(nodes, before); /* nothing changed */
				failures++;
			} else {
				item[i].there = true;
			}
			fail_in = 0;
		}
		if (step % 100 == 0)
			check_all(&t);
	}
	CHECK(failures > 100);
	for (u32 i = 0; i < ITEMS; i++)
		if (item[i].there)
			CHECK(pagetree_remove(&t, &ops, item[i].index) == &item[i]);
	CHECK_EQ(nodes, 0);
	CHECK(!t.root && !t.height);
}

TEST(pagetree_single_page_needs_no_node)
{
	struct pagetree t = { NULL, 0 };
	u64 at = 0;
	int x;

	nodes = 0;
	CHECK_EQ(pagetree_set(&t, &ops, 0, &x), 0);
	CHECK_EQ(nodes, 0);
	CHECK(pagetree_get(&t, 0) == &x);
	CHECK(!pagetree_get(&t, 1));
	CHECK(pagetree_next(&t, &at) == &x);
	at = 1;
	CHECK(!pagetree_next(&t, &at));
	CHECK(pagetree_remove(&t, &ops, 0) == &x);
	CHECK(!t.root);
}
