/* SPDX-License-Identifier: MIT */
/*
 * [pure] Radix tree of pages. Invariants: a node has at least one item below
 * it; the root node of height h covers the indices below 64^h. The tree grows
 * by putting a node above the root and shrinks when nodes become empty or the
 * root leads only to its first slot.
 */
#include <mm/pagetree.h>

#include <kernel/abi/errno.h>

/* Take out the levels that pagetree_set() put in and left empty, and those that
 * hold only slot 0. */
static void shrink(struct pagetree *t, const struct pagetree_ops *ops)
{
	while (t->height) {
		struct pagetree_node *root = t->root;

		if (root && (root->used > 1 || (root->used && !root->slot[0])))
			return;
		t->root = root ? root->slot[0] : NULL;
		t->height = t->root ? t->height - 1 : 0;
		if (root)
			ops->free(root);
	}
}

/* Free the nodes on the way to @index that hold nothing. */
static void prune(struct pagetree *t, const struct pagetree_ops *ops, u64 index)
{
	struct pagetree_node *path[PAGETREE_MAX_HEIGHT];
	void *at = t->root;
	u32 level = t->height;

	for (; at && level > 0; level--) {
		path[level - 1] = at;
		at = path[level - 1]->slot[pagetree_slot(index, level - 1)];
	}
	for (; level < t->height && !path[level]->used; level++) {
		ops->free(path[level]);
		if (level + 1 == t->height) {
			t->root = NULL;
		} else {
			path[level + 1]->slot[pagetree_slot(index, level + 1)] = NULL;
			path[level + 1]->used--;
		}
	}
	shrink(t, ops);
}

int pagetree_set(struct pagetree *t, const struct pagetree_ops *ops, u64 index, void *item)
{
	void **slot = &t->root;
	struct pagetree_node *node = NULL;
	u32 level;

	if (!t->root) /* an empty tree takes any height */
		while (!pagetree_covers(t->height, index))
			t->height++;
	while (!pagetree_covers(t->height, index)) {
		node = ops->alloc();
		if (!node)
			goto err_prune;
		node->slot[0] = t->root;
		node->used = 1;
		t->root = node;
		t->height++;
	}
	node = NULL;
	for (level = t->height; level > 0; level--) {
		if (!*slot) {
			*slot = ops->alloc();
			if (!*slot)
				goto err_prune;
			if (node)
				node->used++;
		}
		node = *slot;
		slot = &node->slot[pagetree_slot(index, level - 1)];
	}
	*slot = item;
	if (node)
		node->used++;
	return 0;

err_prune:
	prune(t, ops, index);
	return -ENOMEM;
}

void pagetree_replace(struct pagetree *t, u64 index, void *item)
{
	void **slot = &t->root;

	for (u32 level = t->height; level > 0; level--)
		slot = &((struct pagetree_node *)*slot)->slot[pagetree_slot(index, level - 1)];
	*slot = item;
}

void *pagetree_remove(struct pagetree *t, const struct pagetree_ops *ops, u64 index)
{
	struct pagetree_node *node = NULL;
	void **slot = &t->root, *item;

	if (!pagetree_covers(t->height, index))
		return NULL;
	for (u32 level = t->height; *slot && level > 0; level--) {
		node = *slot;
		slot = &node->slot[pagetree_slot(index, level - 1)];
	}
	item = *slot;
	if (!item)
		return NULL;
	*slot = NULL;
	if (node)
		node->used--;
	prune(t, ops, index);
	return item;
}

void *pagetree_next(const struct pagetree *t, u64 *index)
{
	u64 at = *index;

	while (pagetree_covers(t->height, at)) {
		void *n = t->root;
		u32 level = t->height;

		for (; n && level > 0; level--)
			n = ((struct pagetree_node *)n)->slot[pagetree_slot(at, level - 1)];
		if (n) {
			*index = at;
			return n;
		}
		/* The empty subtree at @level ends here; go on behind it. */
		if (level >= t->height || level * PAGETREE_SHIFT >= 64)
			return NULL;
		at = ((at >> (level * PAGETREE_SHIFT)) + 1) << (level * PAGETREE_SHIFT);
		if (!at)
			return NULL;
	}
	return NULL;
}
