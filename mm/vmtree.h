/* SPDX-License-Identifier: MIT */
/*
 * [pure] The regions of an address space, in order of address; each subtree
 * knows its largest hole, so that placing a mapping takes one walk down.
 *
 *      prev        hole          region            floor = start, or a guard gap
 *   |########|..............|##############|       below it for stacks
 *            ^-- gap -------^floor
 */
#pragma once

#include <kernel/lib/list.h>
#include <kernel/lib/rbtree.h>
#include <kernel/lib/types.h>
#include <mm/mempolicy.h>

struct aspace;
struct file;
struct vmobject;
struct vm_lease;

/* Linux's stack_guard_gap: nothing is placed this close below a stack. */
#define VM_GUARD_GAP (256ull << 12)

enum region_flags {
	REGION_SHARED = 1,
	REGION_GROWSDOWN = 2,
	REGION_STACK = 4,
	REGION_HEAP = 8,       /* brk */
	REGION_LOCKED = 16,    /* mlock */
	REGION_DONTFORK = 32,
	REGION_WIPEONFORK = 64,
	REGION_NORESERVE = 128,
	REGION_NOHUGE = 256,
	REGION_VDSO = 512,     /* the kernel's own: names for /proc/PID/maps */
	REGION_VVAR = 1024,
	REGION_REVOKED = 2048, /* its lease has ended: faults give SIGBUS */
	REGION_RING = 4096,    /* of a channel: fork leaves it out whatever madvise said */
};

/* Lock key: a as->lock, o obj->lock. Ranges are page-aligned. */
struct region {
	struct rb_node node;          /* [a] by start */
	u64 start, end;               /* [a] */
	u64 gap;                      /* [a] usable hole right below, see above */
	u64 max_gap;                  /* [a] largest gap in this subtree */
	u32 prot;                     /* [a] PROT_* of the Linux ABI */
	u32 max_prot;                 /* [a] what mprotect may give (file rights) */
	u32 flags;                    /* [a] enum region_flags */
	struct mempolicy policy;      /* [a] of pages that are this space's alone */
	u32 pass;                     /* [o] last walk of obj->mappings that saw it */
	u64 offset;                   /* [a] bytes into the object, of start */
	struct vmobject *object;      /* [a] NULL: anonymous */
	struct file *file;            /* [a] for /proc/maps; NULL: none */
	struct aspace *as;            /* [i] */
	struct list_head object_link; /* [o] obj->mappings */
	struct region *next_dead;     /* [a] taken out, to be freed without the lock */
	struct vm_lease *lease;       /* [i] mm/lease.h; NULL: nobody can take it back */
	struct list_head lease_link;  /* [lease->lock] */
};

struct vmtree {
	struct rb_tree tree; /* struct region, apart from each other */
};

static inline struct region *vmtree_first(const struct vmtree *t)
{
	return RB_ENTRY_OR_NULL(rb_first(&t->tree), struct region, node);
}

static inline struct region *vmtree_next(const struct region *r)
{
	return RB_ENTRY_OR_NULL(rb_next(&r->node), struct region, node);
}

static inline struct region *vmtree_prev(const struct region *r)
{
	return RB_ENTRY_OR_NULL(rb_prev(&r->node), struct region, node);
}

struct region *vmtree_last(const struct vmtree *t);

/** vmtree_find - the first region that ends above @va; NULL: none */
struct region *vmtree_find(const struct vmtree *t, u64 va);

/** vmtree_insert - @r overlaps no other. vmtree_append - and lies above all others. */
void vmtree_insert(struct vmtree *t, struct region *r);
void vmtree_append(struct vmtree *t, struct region *r);
void vmtree_remove(struct vmtree *t, struct region *r);

/** vmtree_resize - new limits for @r, which keeps its place in the order */
void vmtree_resize(struct vmtree *t, struct region *r, u64 start, u64 end);

/** vmtree_place - highest start of a hole of @len bytes within [@low, @high); 0: none */
u64 vmtree_place(const struct vmtree *t, u64 len, u64 low, u64 high);
