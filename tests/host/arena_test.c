/* SPDX-License-Identifier: MIT */
/* Address arena against an array of pages. */
#include "test.h"

#include <kernel/lib/string.h>
#include <mm/arena.h>

enum { PAGES = 256, BASE = 16 };

static u16 owner[PAGES]; /* 0 free, else length of the range there */
static struct arena_node pool[PAGES + 1];
static struct arena_node *spare;

static void give(struct arena_node *n)
{
	while (n) {
		struct arena_node *next = n->next;

		n->next = spare;
		spare = n;
		n = next;
	}
}

static u32 first_fit(u32 len)
{
	for (u32 at = 0; at + len <= PAGES; at++) {
		u32 i = 0;

		while (i < len && !owner[at + i])
			i++;
		if (i == len)
			return BASE + at;
	}
	return 0;
}

static u32 chain_len(void)
{
	u32 n = 0;

	for (struct arena_node *s = spare; s; s = s->next)
		n++;
	return n;
}

TEST(arena_random)
{
	struct arena a;
	u32 nodes;

	memset(owner, 0, sizeof(owner));
	spare = NULL;
	arena_init(&a, &pool[0], BASE, PAGES);
	for (u32 i = 1; i <= PAGES; i++) {
		pool[i].next = NULL;
		give(&pool[i]);
	}
	nodes = chain_len();
	for (u32 step = 0; step < 20000; step++) {
		u32 at = (u32)test_rand_below(PAGES);

		if (owner[at] && (at == 0 || owner[at - 1] != owner[at] ||
				  arena_used_len(&a, BASE + at))) {
			u32 len = (u32)arena_used_len(&a, BASE + at);

			if (!len)
				continue;
			CHECK_EQ(len, owner[at]);
			memset(&owner[at], 0, len * sizeof(owner[0]));
			give(arena_free(&a, BASE + at));
			CHECK_EQ(arena_used_len(&a, BASE + at), 0);
		} else if (spare) {
			u32 len = 1 + (u32)test_rand_below(24), want = first_fit(len);
			struct arena_node *n = spare;

			spare = n->next;
			n->next = NULL;
			CHECK_EQ(arena_alloc(&a, n, len), want);
			if (!want) {
				give(n);
				continue;
			}
			for (u32 i = 0; i < len; i++)
				owner[want - BASE + i] = (u16)len;
		}
	}
	for (u32 at = 0; at < PAGES; at++)
		if (arena_used_len(&a, BASE + at))
			give(arena_free(&a, BASE + at));
	CHECK_EQ(chain_len(), nodes); /* one node describes all that is free again */
	CHECK_EQ(arena_alloc(&a, spare, PAGES), BASE);
}
