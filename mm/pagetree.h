/* SPDX-License-Identifier: MIT */
/*
 * [pure] Radix tree: u64 index -> pointer, 64 to a node, as high as the largest
 * index asks. The single item at index 0 of a small file needs no node.
 */
#pragma once

#include <kernel/lib/types.h>

#define PAGETREE_SHIFT 6u
#define PAGETREE_SLOTS (1u << PAGETREE_SHIFT)

struct pagetree_node {
	void *slot[PAGETREE_SLOTS]; /* nodes, or items in the lowest */
	u32 used;                   /* slots that are not NULL */
};

/* Where nodes come from; alloc gives zeroed ones, or NULL. */
struct pagetree_ops {
	struct pagetree_node *(*alloc)(void);
	void (*free)(struct pagetree_node *node);
};

/* All zero is empty. */
struct pagetree {
	void *root;  /* item if height is 0, else node */
	u32 height;  /* levels of nodes */
};

/** pagetree_get - item at @index or NULL */
void *pagetree_get(const struct pagetree *t, u64 index);

/** pagetree_set - put @item, not NULL, at @index, which is empty
 * Return: 0; -ENOMEM, nothing changed. */
__must_check int pagetree_set(struct pagetree *t, const struct pagetree_ops *ops, u64 index,
			      void *item);

/** pagetree_remove - take the item at @index out. Return: it, or NULL. */
void *pagetree_remove(struct pagetree *t, const struct pagetree_ops *ops, u64 index);

/** pagetree_next - the first item at *index or above; *index: where. NULL: none. */
void *pagetree_next(const struct pagetree *t, u64 *index);
