/* SPDX-License-Identifier: MIT */
/*
 * What pages a space shows, and moving one to another node. A page of the space
 * alone is made read-only first, on every CPU: who writes to it meanwhile faults and
 * waits for as->lock, under which the copy takes its place. A page of an object is
 * taken out of all spaces and copied in the object (vmobject_migrate()).
 */
#include <mm/aspace.h>

#include <kernel/abi/errno.h>
#include <mm/pmm.h>

#include "aspace_priv.h"

bool aspace_next_page(struct aspace *as, u64 va, u64 end, struct page_info *out)
{
	struct mmu_entry entry;
	bool found;

	aspace_lock(as);
	found = mmu_next(&as->mmu, &va, end, &entry);
	if (found) {
		*out = (struct page_info){ .va = va, .pfn = entry.pfn, .prot = entry.prot,
					   .dirty = entry.dirty, .accessed = entry.accessed,
					   .large = entry.large };
		if (!(entry.prot & MMU_NOREF)) {
			const struct frame *frame = frame_of(entry.pfn);

			out->node = frame_node(frame);
			out->users = frame_refs(frame);
			out->object = frame->flags & FRAME_CACHE;
		}
	}
	aspace_unlock(as);
	return found;
}

/* The page in @entry, which this space alone shows, goes to @node. */
static int move_own(struct aspace *as, u64 va, const struct mmu_entry *entry, node_t node)
{
	struct frame *frame = frame_of(entry->pfn), *new;
	struct mmu_batch batch;

	if (entry->large && mmu_split(&as->mmu, va))
		return -ENOMEM;
	new = pmm_alloc(0, MEM_TRY | MEM_NODE_ONLY, node);
	if (!new)
		return -ENOMEM;
	mmu_batch_begin(&batch, &as->mmu);
	mmu_protect(&batch, va, va + PAGE_SIZE, entry->prot & ~(u32)MMU_WRITE);
	mmu_batch_flush(&batch);
	page_copy(frame_to_virt(new), frame_to_virt(frame));
	(void)!mmu_map(&as->mmu, va, frame_to_pfn(new), entry->prot); /* its table is there */
	frame_put(frame);
	return (int)node;
}

/* Return: as aspace_migrate(), or *obj referenced and *index: its page is to be moved. */
static int migrate_locked(struct aspace *as, u64 va, node_t node, bool all,
			  struct vmobject **obj, u64 *index)
{
	struct region *r = vmtree_find(&as->regions, va);
	struct mmu_entry entry;
	struct frame *frame;

	if (!r || r->start > va)
		return -EFAULT;
	if (!mmu_query(&as->mmu, va, &entry))
		return -ENOENT;
	if (entry.prot & MMU_NOREF)
		return -EFAULT;
	frame = frame_of(entry.pfn);
	if (frame_node(frame) == node)
		return (int)node;
	if (!(frame->flags & FRAME_CACHE)) {
		if (frame_refs(frame) != 1)
			return all ? -EBUSY : -EACCES;
		return move_own(as, va, &entry, node);
	}
	if (!r->object) /* mapped before its object let it go */
		return -EBUSY;
	if (frame_refs(frame) > 2 && !all)
		return -EACCES;
	vmobject_get(r->object);
	*obj = r->object;
	*index = (r->offset + (va - r->start)) >> PAGE_SHIFT;
	return 0;
}

int aspace_migrate(struct aspace *as, u64 va, node_t node, bool all)
{
	struct vmobject *obj = NULL;
	u64 index;
	int ret;

	aspace_lock(as);
	ret = migrate_locked(as, va, node, all, &obj, &index);
	aspace_unlock(as);
	if (!obj)
		return ret;
	ret = vmobject_migrate(obj, index, node);
	vmobject_put(obj);
	return ret;
}
