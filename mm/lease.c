/* SPDX-License-Identifier: MIT */
/* Leases of mappings (contract and the argument why none escapes: lease.h). */
#include <mm/lease.h>

#include "aspace_priv.h"

void vm_lease_init(struct vm_lease *lease, void (*release)(struct vm_lease *lease))
{
	*lease = (struct vm_lease){ .release = release };
	refcount_init(&lease->refs);
	mutex_init(&lease->lock, RANK_OBJECT, "lease");
	list_init(&lease->regions);
}

void vm_lease_get(struct vm_lease *lease)
{
	refcount_get(&lease->refs);
}

void vm_lease_put(struct vm_lease *lease)
{
	if (refcount_put(&lease->refs))
		lease->release(lease);
}

void vm_lease_list(struct region *r)
{
	mutex_lock(&r->lease->lock);
	list_add(&r->lease_link, &r->lease->regions);
	mutex_unlock(&r->lease->lock);
}

bool vm_lease_ended(const struct vm_lease *lease)
{
	return atomic_load_acquire(&lease->ended);
}

void vm_lease_unlist(struct region *r)
{
	mutex_lock(&r->lease->lock);
	list_del(&r->lease_link);
	mutex_unlock(&r->lease->lock);
}

/* The space of a listed region, with a reference, the region off the list; NULL:
 * none is left. */
static struct aspace *next_space(struct vm_lease *lease)
{
	struct aspace *as = NULL;

	mutex_lock(&lease->lock);
	atomic_store_release(&lease->ended, true);
	while (!as && !list_empty(&lease->regions)) {
		struct region *r = LIST_FIRST_ENTRY(&lease->regions, struct region, lease_link);

		list_del(&r->lease_link);
		/* A dying space unmaps itself. */
		if (refcount_get_unless_zero(&r->as->refs))
			as = r->as;
	}
	mutex_unlock(&lease->lock);
	return as;
}

void vm_lease_end(struct vm_lease *lease)
{
	struct aspace *as;

	while ((as = next_space(lease))) {
		aspace_end_lease(as, lease);
		aspace_put(as);
	}
}
