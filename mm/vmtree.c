/* SPDX-License-Identifier: MIT */
/*
 * [pure] Regions in a red-black tree, each node with the largest gap of its
 * subtree. Invariant between calls, for every region r:
 *
 *   r.gap     = floor(r) - end of the region before (0 if negative)
 *   r.max_gap = max(r.gap, left.max_gap, right.max_gap)
 *
 * The red-black code knows nothing of this. Its rotations change the subtrees
 * of nodes on the way from the place of the change up to the root, and of their
 * children (a rotated-down node becomes a child of one on the way), so after it
 * mend() recomputes both, from below.
 */
#include <mm/vmtree.h>

static inline struct region *entry(struct rb_node *n)
{
	return RB_ENTRY_OR_NULL(n, struct region, node);
}

static inline u64 max_gap_of(const struct rb_node *n)
{
	return n ? RB_ENTRY(n, const struct region, node)->max_gap : 0;
}

static inline u64 floor_of(const struct region *r)
{
	if (!(r->flags & REGION_GROWSDOWN))
		return r->start;
	return r->start > VM_GUARD_GAP ? r->start - VM_GUARD_GAP : 0;
}

static inline u64 gap_of(const struct region *r)
{
	struct region *prev = vmtree_prev(r);
	u64 below = prev ? prev->end : 0, floor = floor_of(r);

	return floor > below ? floor - below : 0;
}

static inline u64 subtree_gap(const struct region *r)
{
	u64 left = max_gap_of(r->node.left), right = max_gap_of(r->node.right);
	u64 most = left > right ? left : right;

	return r->gap > most ? r->gap : most;
}

static inline void recompute(struct rb_node *n)
{
	if (n)
		entry(n)->max_gap = subtree_gap(entry(n));
}

/* After rotations at or above @n. */
static void mend(struct rb_node *n)
{
	for (; n; n = rb_parent(n)) {
		recompute(n->left);
		recompute(n->right);
		recompute(n);
	}
}

/* @r's gap may have changed; no rotations. */
static void update(struct region *r)
{
	u64 gap = gap_of(r);

	if (gap == r->gap)
		return;
	r->gap = gap;
	while (r) {
		u64 most = subtree_gap(r);

		if (most == r->max_gap)
			return;
		r->max_gap = most;
		r = entry(rb_parent(&r->node));
	}
}

struct region *vmtree_last(const struct vmtree *t)
{
	return entry(rb_last(&t->tree));
}

struct region *vmtree_find(const struct vmtree *t, u64 va)
{
	struct rb_node *n = t->tree.root;
	struct region *best = NULL;

	while (n) {
		struct region *r = entry(n);

		if (r->end > va) {
			best = r;
			if (r->start <= va)
				break;
			n = n->left;
		} else {
			n = n->right;
		}
	}
	return best;
}

static void link_at(struct vmtree *t, struct region *r, struct rb_node *parent,
		    struct rb_node **link)
{
	struct region *next;

	rb_link(&r->node, parent, link);
	rb_insert_fixup(&t->tree, &r->node);
	r->gap = gap_of(r);
	mend(&r->node);
	next = vmtree_next(r);
	if (next)
		update(next);
}

void vmtree_insert(struct vmtree *t, struct region *r)
{
	struct rb_node **link = &t->tree.root, *parent = NULL;

	while (*link) {
		parent = *link;
		link = r->start < entry(parent)->start ? &parent->left : &parent->right;
	}
	link_at(t, r, parent, link);
}

void vmtree_append(struct vmtree *t, struct region *r)
{
	struct rb_node *last = rb_last(&t->tree);

	link_at(t, r, last, last ? &last->right : &t->tree.root);
}

void vmtree_remove(struct vmtree *t, struct region *r)
{
	struct region *next = vmtree_next(r);
	struct rb_node *n = &r->node, *deepest;

	/* With two children the next node takes n's place: what it leaves behind is
	 * the deepest change. */
	if (n->left && n->right)
		deepest = rb_parent(&next->node) == n ? &next->node : rb_parent(&next->node);
	else
		deepest = rb_parent(n);
	rb_erase(&t->tree, n);
	mend(deepest);
	if (next)
		update(next);
}

void vmtree_resize(struct vmtree *t, struct region *r, u64 start, u64 end)
{
	struct region *next;
	bool tail = end != r->end;

	(void)t;
	r->start = start;
	r->end = end;
	update(r);
	if (!tail)
		return;
	next = vmtree_next(r);
	if (next)
		update(next);
}

/* Subtrees are visited from the right; only the gaps that @low or @high cut can
 * be tried in vain. Depth: at most 2 log2 of the number of regions. */
static u64 place(struct rb_node *n, u64 len, u64 low, u64 high)
{
	while (n && max_gap_of(n) >= len) {
		struct region *r = entry(n);
		u64 top = floor_of(r), bottom = top - r->gap, found;

		if (r->end < high && r->end + len <= high) {
			found = place(n->right, len, low, high);
			if (found)
				return found;
		}
		top = top < high ? top : high;
		bottom = bottom > low ? bottom : low;
		if (r->gap >= len && top >= bottom && top - bottom >= len)
			return top - len;
		n = n->left;
	}
	return 0;
}

u64 vmtree_place(const struct vmtree *t, u64 len, u64 low, u64 high)
{
	struct region *last = vmtree_last(t);
	u64 bottom = last && last->end > low ? last->end : low;

	if (bottom < high && high - bottom >= len)
		return high - len;
	return place(t->tree.root, len, low, high);
}
