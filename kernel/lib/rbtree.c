/* SPDX-License-Identifier: MIT */
/*
 * [pure] Red-black tree. Invariants between calls:
 *   1. the root is black, no red node has a red child;
 *   2. every path from a node down to a missing child passes the same number
 *      of black nodes, so the height is at most 2 log2(n + 1);
 *   3. tree->leftmost is the node without a left child on the left edge.
 * Left and right are child[0] and child[1], so each mirrored pair of cases is
 * written once, with a direction. Source: Cormen et al., ch. 13.
 */
#include <kernel/lib/rbtree.h>

static bool is_red(const struct rb_node *n)
{
	return n && !(n->parent_color & RB_BLACK);
}

static void set_black(struct rb_node *n)
{
	n->parent_color |= RB_BLACK;
}

static void set_red(struct rb_node *n)
{
	n->parent_color &= ~RB_BLACK;
}

static void set_parent(struct rb_node *n, struct rb_node *parent)
{
	n->parent_color = (uintptr_t)parent | (n->parent_color & RB_BLACK);
}

/* Which child of @parent is @n? */
static int side(const struct rb_node *parent, const struct rb_node *n)
{
	return parent->right == n;
}

/* Put @n (NULL allowed) where @old hangs; @old itself is left alone. */
static void replace(struct rb_tree *tree, struct rb_node *old, struct rb_node *n)
{
	struct rb_node *parent = rb_parent(old);

	if (!parent)
		tree->root = n;
	else
		parent->child[side(parent, old)] = n;
	if (n)
		set_parent(n, parent);
}

/*
 * @n goes down towards @dir, its other child comes up (dir = 0, left):
 *        n                 c
 *       / \               / \
 *      x   c     -->     n   z
 *         / \           / \
 *        y   z         x   y
 */
static void rotate(struct rb_tree *tree, struct rb_node *n, int dir)
{
	struct rb_node *c = n->child[!dir];

	n->child[!dir] = c->child[dir];
	if (c->child[dir])
		set_parent(c->child[dir], n);
	replace(tree, n, c);
	c->child[dir] = n;
	set_parent(n, c);
}

struct rb_node *rb_insert_fixup(struct rb_tree *tree, struct rb_node *node)
{
	struct rb_node *parent = rb_parent(node), *top = NULL;

	if (!parent) {
		tree->leftmost = node;
		set_black(node);
		return NULL;
	}
	if (parent == tree->leftmost && parent->left == node)
		tree->leftmost = node;

	/* Only fault: @node and its parent may both be red. */
	while ((parent = rb_parent(node)) && is_red(parent)) {
		struct rb_node *grand = rb_parent(parent); /* the root is black */
		int dir = side(grand, parent);
		struct rb_node *uncle = grand->child[!dir];

		if (is_red(uncle)) { /* push the red up */
			set_black(parent);
			set_black(uncle);
			set_red(grand);
			node = grand;
			continue;
		}
		if (node == parent->child[!dir]) { /* make it the outer case */
			rotate(tree, parent, dir);
			node = parent;
			parent = rb_parent(node);
		}
		set_black(parent);
		set_red(grand);
		rotate(tree, grand, !dir);
		top = parent;
		break;
	}
	set_black(tree->root);
	return top;
}

void rb_insert(struct rb_tree *tree, struct rb_node *node,
	       int (*cmp)(const struct rb_node *a, const struct rb_node *b))
{
	struct rb_node **link = &tree->root, *parent = NULL;

	while (*link) {
		parent = *link;
		link = &parent->child[cmp(node, parent) >= 0];
	}
	rb_link(node, parent, link);
	rb_insert_fixup(tree, node);
}

/*
 * The subtree @x (may be empty) below @parent is one black node short. Either
 * pass the lack up, or mend it by rotations; a red @x mends it by its colour.
 * Return: the top of what was rotated, or NULL.
 */
static struct rb_node *erase_fixup(struct rb_tree *tree, struct rb_node *x,
				   struct rb_node *parent)
{
	struct rb_node *top = NULL;

	while (parent && !is_red(x)) {
		/* The sibling exists: its side is one black node longer. */
		int dir = parent->left != x;
		struct rb_node *sibling = parent->child[!dir];

		if (is_red(sibling)) {
			set_black(sibling);
			set_red(parent);
			rotate(tree, parent, dir);
			top = sibling;
			sibling = parent->child[!dir];
		}
		if (!is_red(sibling->left) && !is_red(sibling->right)) {
			set_red(sibling);
			x = parent;
			parent = rb_parent(x);
			continue;
		}
		if (!is_red(sibling->child[!dir])) {
			set_black(sibling->child[dir]);
			set_red(sibling);
			rotate(tree, sibling, !dir);
			sibling = parent->child[!dir];
		}
		if (is_red(parent))
			set_red(sibling);
		else
			set_black(sibling);
		set_black(parent);
		set_black(sibling->child[!dir]);
		rotate(tree, parent, dir);
		return top ? top : sibling;
	}
	if (x)
		set_black(x);
	return top;
}

struct rb_node *rb_erase(struct rb_tree *tree, struct rb_node *node)
{
	struct rb_node *top = NULL;
	struct rb_node *x;      /* what moves up into the gap, or NULL */
	struct rb_node *parent; /* above the gap */
	bool lost_black;

	if (tree->root == node && !node->left && !node->right) { /* the only one */
		rb_init(tree);
		node->parent_color = 0;
		return NULL;
	}
	if (tree->leftmost == node)
		tree->leftmost = rb_next(node);

	if (!node->left || !node->right) {
		x = node->left ? node->left : node->right;
		parent = rb_parent(node);
		lost_black = !is_red(node);
		replace(tree, node, x);
	} else {
		/* Its successor, which has no left child, takes its place. */
		struct rb_node *next = node->right;

		while (next->left)
			next = next->left;
		x = next->right;
		lost_black = !is_red(next);
		parent = next;
		if (next != node->right) {
			parent = rb_parent(next);
			replace(tree, next, x);
			next->right = node->right;
			set_parent(next->right, next);
		}
		next->left = node->left;
		set_parent(next->left, next);
		replace(tree, node, next);
		next->parent_color = node->parent_color;
	}
	node->parent_color = 0;
	if (lost_black)
		top = erase_fixup(tree, x, parent);
	return top;
}

static struct rb_node *edge(struct rb_node *n, int dir)
{
	while (n && n->child[dir])
		n = n->child[dir];
	return n;
}

/* The neighbour towards @dir: down that side, or up until we come from the other. */
static struct rb_node *neighbour(const struct rb_node *node, int dir)
{
	struct rb_node *parent;

	if (node->child[dir])
		return edge(node->child[dir], !dir);
	while ((parent = rb_parent(node)) && parent->child[dir] == node)
		node = parent;
	return parent;
}

struct rb_node *rb_last(const struct rb_tree *tree)
{
	return edge(tree->root, 1);
}

struct rb_node *rb_next(const struct rb_node *node)
{
	return neighbour(node, 1);
}

struct rb_node *rb_prev(const struct rb_node *node)
{
	return neighbour(node, 0);
}
