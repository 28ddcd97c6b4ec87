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

#define PAGETREE_MAX_HEIGHT 11u /* 64^11 > 2^64 */

static inline u32 pagetree_slot(u64 index, u32 level)
{
	return (u32)(index >> (level * PAGETREE_SHIFT)) & (PAGETREE_SLOTS - 1);
}

static inline bool pagetree_covers(u32 height, u64 index)
{
	return height >= PAGETREE_MAX_HEIGHT || !(index >> (height * PAGETREE_SHIFT));
}

/** pagetree_get - item at @index or NULL */
static inline void *pagetree_get(const struct pagetree *t, u64 index)
{
	void *at = t->root;

	if (!pagetree_covers(t->height, index))
		return NULL;
	for (u32 level = t->height; at && level > 0; level--)
		at = ((struct pagetree_node *)at)->slot[pagetree_slot(index, level - 1)];
	return at;
}

/** pagetree_run - the items from @index on that lie side by side: where, NULLs among
 * them, and *n = how many; NULL: none of those, *n may be too few. */
static inline void *const *pagetree_run(const struct pagetree *t, u64 index, u32 *n)
{
	const struct pagetree_node *node = t->root;
	u32 level = t->height;

	*n = 1;
	if (unlikely(!pagetree_covers(level, index)))
		return NULL;
	if (level == 0)
		return &t->root;
	while (node && --level > 0)
		node = node->slot[pagetree_slot(index, level)];
	*n = PAGETREE_SLOTS - pagetree_slot(index, 0);
	return node ? &node->slot[pagetree_slot(index, 0)] : NULL;
}

/** pagetree_set - put @item, not NULL, at @index, which is empty
 * Return: 0; -ENOMEM, nothing changed. */
__must_check int pagetree_set(struct pagetree *t, const struct pagetree_ops *ops, u64 index,
			      void *item);

/** pagetree_replace - @item, not NULL, instead of the one at @index, which is there */
void pagetree_replace(struct pagetree *t, u64 index, void *item);

/** pagetree_remove - take the item at @index out. Return: it, or NULL. */
void *pagetree_remove(struct pagetree *t, const struct pagetree_ops *ops, u64 index);

/** pagetree_next - the first item at *index or above; *index: where. NULL: none. */
void *pagetree_next(const struct pagetree *t, u64 *index);
