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
 * mend() recomputes both, from below. Above the highest rotation, or with none,
 * nodes change only as far up as their largest gap does.
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

/* The gap of @r when what is before it ends at @below. */
static inline u64 gap_above(const struct region *r, u64 below)
{
	u64 floor = floor_of(r);

	return floor > below ? floor - below : 0;
}

static inline u64 gap_of(const struct region *r)
{
	struct region *prev = vmtree_prev(r);

	return gap_above(r, prev ? prev->end : 0);
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

/* From @n up, as far as something changes. */
static void propagate(struct rb_node *n)
{
	for (; n; n = rb_parent(n)) {
		u64 most = subtree_gap(entry(n));

		if (most == entry(n)->max_gap)
			return;
		entry(n)->max_gap = most;
	}
}

/* After rotations at or above @n, the highest of which has @top. */
static void mend(struct rb_node *n, const struct rb_node *top)
{
	for (; n; n = rb_parent(n)) {
		recompute(n->left);
		recompute(n->right);
		recompute(n);
		if (n == top) {
			propagate(rb_parent(n));
			return;
		}
	}
}

/* @r's gap may have changed; no rotations. */
static void set_gap(struct region *r, u64 gap)
{
	if (gap == r->gap)
		return;
	r->gap = gap;
	propagate(&r->node);
}

static void update(struct region *r)
{
	set_gap(r, gap_of(r));
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
	struct rb_node *top;

	rb_link(&r->node, parent, link);
	top = rb_insert_fixup(&t->tree, &r->node);
	r->gap = gap_of(r);
	if (top) {
		mend(&r->node, top);
	} else { /* still a leaf */
		r->max_gap = r->gap;
		propagate(parent);
	}
	next = vmtree_next(r);
	if (next)
		set_gap(next, gap_above(next, r->end));
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
	struct rb_node *n = &r->node, *deepest, *top;
	bool replaced = n->left && n->right;

	/* With two children the next node takes n's place: what it leaves behind is
	 * the deepest change. */
	if (replaced)
		deepest = rb_parent(&next->node) == n ? &next->node : rb_parent(&next->node);
	else
		deepest = rb_parent(n);
	top = rb_erase(&t->tree, n);
	if (replaced)
		mend(deepest, NULL);
	else if (top)
		mend(deepest, top);
	else
		propagate(deepest);
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
		set_gap(next, gap_above(next, end));
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
