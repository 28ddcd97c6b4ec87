/* SPDX-License-Identifier: MIT */
/*
 * Intrusive red-black tree with its leftmost node at hand. The tree holds no
 * keys: the caller compares, either in a function given to rb_insert() or in
 * its own walk down that ends in rb_link() and rb_insert_fixup().
 *
 *   struct rb_node **link = &tree->root, *parent = NULL;
 *   while (*link) {
 *           parent = *link;
 *           link = key < key_of(parent) ? &parent->left : &parent->right;
 *   }
 *   rb_link(&new->node, parent, link);
 *   rb_insert_fixup(tree, &new->node);
 *
 * A node that is all zero, or was erased, is in no tree: rb_linked() is false.
 */
#pragma once

#include <kernel/lib/types.h>

struct rb_node {
	uintptr_t parent_color; /* parent | RB_BLACK; 0 in no tree */
	union {
		struct {
			struct rb_node *left, *right;
		};
		struct rb_node *child[2];
	};
};

struct rb_tree {
	struct rb_node *root;
	struct rb_node *leftmost;
};

#define RB_BLACK ((uintptr_t)1)

#define RB_ENTRY(node, type, member) container_of(node, type, member)
/* NULL stays NULL: RB_ENTRY_OR_NULL(rb_first(t), struct thread, node). */
#define RB_ENTRY_OR_NULL(node, type, member)                          \
	({                                                            \
		struct rb_node *rb_n_ = (node);                       \
		rb_n_ ? container_of(rb_n_, type, member) : NULL;     \
	})

static inline void rb_init(struct rb_tree *tree)
{
	tree->root = NULL;
	tree->leftmost = NULL;
}

static inline bool rb_empty(const struct rb_tree *tree)
{
	return !tree->root;
}

static inline bool rb_linked(const struct rb_node *node)
{
	return node->parent_color != 0;
}

static inline struct rb_node *rb_parent(const struct rb_node *node)
{
	return (struct rb_node *)(node->parent_color & ~RB_BLACK);
}

/** rb_link - hang @node, red, at *@link, an empty place below @parent */
static inline void rb_link(struct rb_node *node, struct rb_node *parent,
			   struct rb_node **link)
{
	node->parent_color = (uintptr_t)parent;
	node->left = NULL;
	node->right = NULL;
	*link = node;
}

/** rb_insert_first - @node into an empty tree; rb_erase_last - out of a tree of one */
static inline void rb_insert_first(struct rb_tree *tree, struct rb_node *node)
{
	node->parent_color = RB_BLACK;
	node->left = NULL;
	node->right = NULL;
	tree->root = node;
	tree->leftmost = node;
}

static inline void rb_erase_last(struct rb_tree *tree, struct rb_node *node)
{
	rb_init(tree);
	node->parent_color = 0;
}

/** rb_insert_fixup - balance the tree again after rb_link()
 * Return: the top of the highest subtree that was rotated, NULL: none was. */
struct rb_node *rb_insert_fixup(struct rb_tree *tree, struct rb_node *node);

/**
 * rb_insert - insert @node in the order of @cmp
 * @cmp: below, equal or above 0 as memcmp; equals keep the order of insertion
 */
void rb_insert(struct rb_tree *tree, struct rb_node *node,
	       int (*cmp)(const struct rb_node *a, const struct rb_node *b));

/** rb_erase - take @node, which is in @tree, out of it. Return: as rb_insert_fixup() */
struct rb_node *rb_erase(struct rb_tree *tree, struct rb_node *node);

/* The neighbours in order; NULL at the ends. rb_first() costs one load. */
static inline struct rb_node *rb_first(const struct rb_tree *tree)
{
	return tree->leftmost;
}
struct rb_node *rb_last(const struct rb_tree *tree);
struct rb_node *rb_next(const struct rb_node *node);
struct rb_node *rb_prev(const struct rb_node *node);

/* `for` over all nodes in order; the body may not erase. */
#define RB_FOR_EACH(node, tree) \
	for ((node) = rb_first(tree); (node); (node) = rb_next(node))
