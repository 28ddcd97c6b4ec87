/* SPDX-License-Identifier: MIT */
/* Random insertions and removals against a flat array, with all invariants. */
#include <kernel/lib/rbtree.h>

#include "test.h"

#define N 300

struct item {
	struct rb_node node;
	int key;
	int born; /* order of insertion */
	bool in;
};

static struct item *item(const struct rb_node *n)
{
	return RB_ENTRY(n, struct item, node);
}

static int by_key(const struct rb_node *a, const struct rb_node *b)
{
	return item(a)->key - item(b)->key;
}

/* Black nodes down each path below and with @n. */
static int check_node(const struct rb_node *n, const struct rb_node *parent)
{
	bool red;
	int left, right;

	if (!n)
		return 0;
	red = !(n->parent_color & RB_BLACK);
	CHECK(rb_parent(n) == parent);
	CHECK(!red || (parent && (parent->parent_color & RB_BLACK)));
	left = check_node(n->left, n);
	right = check_node(n->right, n);
	CHECK_EQ(left, right);
	return left + !red;
}

static void check_tree(const struct rb_tree *tree, const struct item *items)
{
	const struct rb_node *n, *prev = NULL;
	int count = 0, want = 0;

	check_node(tree->root, NULL);
	RB_FOR_EACH(n, tree) {
		CHECK(item(n)->in);
		CHECK(rb_prev(n) == prev);
		if (prev)
			CHECK(item(prev)->key < item(n)->key ||
			      (item(prev)->key == item(n)->key && item(prev)->born < item(n)->born));
		prev = n;
		count++;
	}
	CHECK(rb_last(tree) == prev);
	for (int i = 0; i < N; i++) {
		want += items[i].in;
		CHECK_EQ(rb_linked(&items[i].node), items[i].in);
	}
	CHECK_EQ(count, want);
	CHECK_EQ(rb_empty(tree), want == 0);
}

/* The other way in: a walk of the caller's own. */
static void insert_by_link(struct rb_tree *tree, struct item *it)
{
	struct rb_node **link = &tree->root, *parent = NULL;

	while (*link) {
		parent = *link;
		link = it->key < item(parent)->key ? &parent->left : &parent->right;
	}
	rb_link(&it->node, parent, link);
	rb_insert_fixup(tree, &it->node);
}

TEST(rbtree_random)
{
	struct item *items = test_alloc(N * sizeof(*items));
	struct rb_tree tree;
	int births = 0;

	for (int i = 0; i < N; i++)
		items[i] = (struct item){ 0 };
	rb_init(&tree);
	for (int round = 0; round < 6000; round++) {
		/* Phases that fill and phases that empty the tree. */
		struct item *it = &items[test_rand_below(N)];
		bool fill = round / 1000 % 2 == 0;

		if (it->in && (!fill || !test_rand_below(4))) {
			rb_erase(&tree, &it->node);
			it->in = false;
		} else if (!it->in && (fill || !test_rand_below(4))) {
			it->key = (int)test_rand_below(round % 2 ? 20 : 100000);
			it->born = births++;
			it->in = true;
			if (round % 3)
				rb_insert(&tree, &it->node, by_key);
			else
				insert_by_link(&tree, it);
		}
		if (round % 5 == 0)
			check_tree(&tree, items);
	}
	while (!rb_empty(&tree)) {
		struct item *it = RB_ENTRY_OR_NULL(rb_first(&tree), struct item, node);

		rb_erase(&tree, &it->node);
		it->in = false;
	}
	check_tree(&tree, items);
}

TEST(rbtree_height)
{
	const int n = 4096;
	struct item *items = test_alloc((size_t)n * sizeof(*items));
	struct rb_tree tree;
	int deepest = 0;

	rb_init(&tree);
	for (int i = 0; i < n; i++) { /* the worst order for a plain tree */
		items[i] = (struct item){ .key = i };
		rb_insert(&tree, &items[i].node, by_key);
	}
	for (int i = 0; i < n; i++) {
		int depth = 1;

		for (struct rb_node *p = rb_parent(&items[i].node); p; p = rb_parent(p))
			depth++;
		deepest = MAX(deepest, depth);
	}
	CHECK(deepest <= 24); /* 2 log2(n) */
}
