/* SPDX-License-Identifier: MIT */
/*
 * Leases: mappings that can be taken back. A region made through a handle that
 * was granted holds the handle's lease, as do all copies of the region (split,
 * moved, forked); when the handle is revoked they all fault with SIGBUS.
 *
 *   cap_node --> struct vm_lease --regions--> region, region, ... in any space
 *
 * vm_lease_end() takes the regions off the list one by one and marks all of their
 * space with REGION_REVOKED, which fork and split copy. A region that is made
 * from a marked one is not listed any more, so the walk ends; one that is made
 * from a listed one is listed, so none escapes.
 */
#pragma once

#include <kernel/core/mutex.h>
#include <kernel/core/refcount.h>
#include <kernel/lib/list.h>
#include <kernel/lib/types.h>

struct region;

/* Lock key: i immutable, l lock, a atomic. */
struct vm_lease {
	struct refcount refs;     /* the handle, each region */
	struct mutex lock;        /* RANK_OBJECT */
	bool ended;               /* [a] written under l */
	struct list_head regions; /* [l] by region->lease_link */
	void (*release)(struct vm_lease *lease); /* [i] the last reference is gone */
};

/** vm_lease_init - with one reference; it lies in something of the owner's */
void vm_lease_init(struct vm_lease *lease, void (*release)(struct vm_lease *lease));
void vm_lease_get(struct vm_lease *lease);
/** vm_lease_put - may call release, which may sleep */
void vm_lease_put(struct vm_lease *lease);

/** vm_lease_end - no region of @lease shows anything any more, on any CPU.
 * Context: may sleep; takes as->lock (ASPACE) of each space. */
void vm_lease_end(struct vm_lease *lease);

/** vm_lease_list, vm_lease_unlist - @r, which has a lease, comes and goes; as->lock held */
void vm_lease_list(struct region *r);
void vm_lease_unlist(struct region *r);
/** vm_lease_ended - after vm_lease_list(): was it too late for vm_lease_end() to see it? */
bool vm_lease_ended(const struct vm_lease *lease);
