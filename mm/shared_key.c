/* SPDX-License-Identifier: MIT */
/* Shared memory by what it is instead of where it is mapped: for futexes. */
#include "aspace_priv.h"

bool aspace_shared_object(struct aspace *as, u64 va, struct vmobject **obj, u64 *offset)
{
	struct region *r;
	bool found;

	aspace_lock(as);
	r = vmtree_find(&as->regions, va);
	found = r && va >= r->start && r->object &&
		(r->flags & (REGION_SHARED | REGION_REVOKED)) == REGION_SHARED;
	if (found) {
		*obj = r->object;
		vmobject_get(r->object);
		*offset = r->offset + (va - r->start);
	}
	aspace_unlock(as);
	return found;
}
