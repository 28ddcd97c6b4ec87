/* SPDX-License-Identifier: MIT */
/*
 * [pure] Address arena. Invariant: the nodes of both trees tile the arena, and
 * no two free ranges touch.
 */
#include <mm/arena.h>

static struct arena_node *entry(struct rb_node *n)
{
	return RB_ENTRY_OR_NULL(n, struct arena_node, node);
}

static int by_start(const struct rb_node *a, const struct rb_node *b)
{
	u64 x = RB_ENTRY(a, const struct arena_node, node)->start;
	u64 y = RB_ENTRY(b, const struct arena_node, node)->start;

	return x < y ? -1 : x > y;
}

void arena_init(struct arena *a, struct arena_node *node, u64 start, u64 len)
{
	rb_init(&a->free);
	rb_init(&a->used);
	node->start = start;
	node->len = len;
	rb_insert(&a->free, &node->node, by_start);
}

u64 arena_alloc(struct arena *a, struct arena_node *node, u64 len)
{
	struct rb_node *n;

	RB_FOR_EACH(n, &a->free) {
		struct arena_node *range = entry(n);

		if (range->len < len)
			continue;
		if (range->len == len) { /* two nodes for one range: keep the caller's */
			struct arena_node old = *range;

			rb_erase(&a->free, &range->node);
			*node = (struct arena_node){ .start = old.start, .len = len,
						     .next = range };
		} else {
			*node = (struct arena_node){ .start = range->start, .len = len };
			range->start += len; /* keeps its place in the order */
			range->len -= len;
		}
		rb_insert(&a->used, &node->node, by_start);
		return node->start;
	}
	return 0;
}

static struct arena_node *find_used(const struct arena *a, u64 start)
{
	struct rb_node *n = a->used.root;

	while (n) {
		struct arena_node *range = entry(n);

		if (range->start == start)
			return range;
		n = start < range->start ? n->left : n->right;
	}
	return NULL;
}

u64 arena_used_len(const struct arena *a, u64 start)
{
	struct arena_node *range = find_used(a, start);

	return range ? range->len : 0;
}

struct arena_node *arena_free(struct arena *a, u64 start)
{
	struct arena_node *range = find_used(a, start), *surplus = range->next, *other;

	rb_erase(&a->used, &range->node);
	range->next = NULL;
	rb_insert(&a->free, &range->node, by_start);
	other = entry(rb_prev(&range->node));
	if (other && other->start + other->len == range->start) {
		rb_erase(&a->free, &range->node);
		other->len += range->len;
		range->next = surplus;
		surplus = range;
		range = other;
	}
	other = entry(rb_next(&range->node));
	if (other && range->start + range->len == other->start) {
		rb_erase(&a->free, &other->node);
		range->len += other->len;
		other->next = surplus;
		surplus = other;
	}
	return surplus;
}
