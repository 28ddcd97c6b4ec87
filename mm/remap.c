/* SPDX-License-Identifier: MIT */
/*
 * Address spaces as a whole or moved: fork and mremap(2).
 */
#include <arch/uaccess.h>
#include <kernel/abi/errno.h>
#include <kernel/lib/string.h>
#include <mm/pmm.h>

#include "aspace_priv.h"

/* ---- fork --------------------------------------------------------------- */

/* @r in @child, with its pages: private ones are shared read-only until written,
 * shared ones are faulted in again from the object. */
static int fork_region(struct aspace *child, const struct region *r, struct mmu_batch *batch)
{
	struct region *copy;

	if (r->flags & (REGION_DONTFORK | REGION_RING))
		return 0;
	copy = region_alloc(child);
	if (!copy)
		return -ENOMEM;
	region_copy_of(copy, r);
	copy->flags &= ~(u32)REGION_LOCKED; /* locks are not inherited: mlock(2) */
	region_append(copy);
	if (r->flags & (REGION_SHARED | REGION_WIPEONFORK))
		return 0;
	return mmu_copy(&child->mmu, batch, r->start, r->end, true);
}

static void copy_limits(struct aspace *to, const struct aspace *from)
{
	to->brk_start = from->brk_start;
	to->brk = from->brk;
	to->stack_top = from->stack_top;
	to->mmap_top = from->mmap_top;
	to->arg_start = from->arg_start;
	to->arg_end = from->arg_end;
	to->env_start = from->env_start;
	to->env_end = from->env_end;
	to->code_start = from->code_start;
	to->code_end = from->code_end;
	to->no_large = from->no_large;
	memcpy(to->auxv, from->auxv, sizeof(to->auxv));
}

int aspace_fork(struct aspace *as, struct aspace **out)
{
	struct aspace *child = aspace_create();
	struct mmu_batch batch;
	struct region *r;
	int err = 0;

	if (!child)
		return -ENOMEM;
	/* The child's too: a truncation may find it through an object's mappings. */
	mutex_lock_pair(&as->lock, &child->lock);
	copy_limits(child, as);
	mmu_batch_begin(&batch, &as->mmu);
	for (r = vmtree_first(&as->regions); r && !err; r = vmtree_next(r))
		err = fork_region(child, r, &batch);
	mmu_batch_flush(&batch);
	child->resident = child->mmu.entries;
	mutex_unlock_pair(&as->lock, &child->lock);
	if (err) {
		aspace_put(child);
		return err;
	}
	*out = child;
	return 0;
}

/* ---- mremap ------------------------------------------------------------- */

struct remap {
	u64 addr, old_len, new_len; /* bytes, whole pages */
	u64 new_addr;
	u32 flags;
	u64 rlimit_as;
};

static int check_args(struct remap *m)
{
	if (m->flags & ~(u32)(MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP))
		return -EINVAL;
	if ((m->flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) && !(m->flags & MREMAP_MAYMOVE))
		return -EINVAL;
	if ((m->flags & MREMAP_DONTUNMAP) && m->old_len != m->new_len)
		return -EINVAL;
	if (!IS_ALIGNED(m->addr, PAGE_SIZE) || !m->new_len || m->new_len > USER_END ||
	    m->old_len > USER_END || m->addr > USER_END)
		return -EINVAL;
	if (!(m->flags & MREMAP_FIXED))
		return 0;
	if (!IS_ALIGNED(m->new_addr, PAGE_SIZE) || m->new_addr > USER_END - m->new_len)
		return -EINVAL;
	if (m->new_addr < m->addr + m->old_len && m->addr < m->new_addr + m->new_len)
		return -EINVAL;
	return m->new_addr < USER_START ? -EPERM : 0;
}

/* Room right behind @r for it to end at @end? */
static bool can_grow(struct region *r, u64 end)
{
	struct region *next = vmtree_next(r);
	u64 guard = next && (next->flags & REGION_GROWSDOWN) ? VM_GUARD_GAP : 0;

	return end <= USER_END && end > r->end && (!next || next->start >= end + guard);
}

/* Show at @to what @r shows from m->addr on, and take it away there. */
static int move(struct aspace *as, struct region *r, const struct remap *m, u64 to,
		struct dead_regions *dead)
{
	struct region *new = region_alloc(as);
	struct mmu_batch batch;
	int err;

	if (!new)
		return -ENOMEM;
	region_copy_of(new, r);
	new->start = to;
	new->end = to + m->new_len;
	if (r->object)
		new->offset = r->offset + (m->addr - r->start);
	region_insert(new);
	/* Splits now, so that unmapping the old place cannot fail later. */
	err = split_locked(as, m->addr);
	if (!err)
		err = split_locked(as, m->addr + m->old_len);
	if (!err) {
		mmu_batch_begin(&batch, &as->mmu);
		err = mmu_move(&batch, m->addr, to, MIN(m->old_len, m->new_len));
		mmu_batch_flush(&batch);
	}
	if (err) {
		region_detach(new, dead); /* nothing was moved into it */
		return err;
	}
	/* No failure past this point. */
	if (!(m->flags & MREMAP_DONTUNMAP))
		err = unmap_locked(as, m->addr, m->addr + m->old_len, dead);
	(void)merge_locked(new, dead);
	return err;
}

static int remap_locked(struct aspace *as, struct remap *m, u64 *out, struct dead_regions *dead)
{
	struct region *r = vmtree_find(&as->regions, m->addr);
	u64 end = m->addr + m->old_len, growth;
	int err;

	if (!r || r->start > m->addr)
		return -EFAULT;
	if (!m->old_len && !(r->flags & REGION_SHARED))
		return -EINVAL;
	if (end > r->end)
		return -EFAULT;
	growth = m->new_len > m->old_len ? m->new_len - m->old_len : 0;
	if (as->mapped_bytes + growth > m->rlimit_as)
		return -ENOMEM;
	if (m->flags & MREMAP_FIXED) {
		err = unmap_locked(as, m->new_addr, m->new_addr + m->new_len, dead);
		if (err)
			return err;
	}
	if (m->new_len < m->old_len) { /* the tail goes in any case */
		err = unmap_locked(as, m->addr + m->new_len, end, dead);
		if (err)
			return err;
		m->old_len = m->new_len;
		end = m->addr + m->new_len;
	}
	*out = m->addr;
	if (!(m->flags & (MREMAP_FIXED | MREMAP_DONTUNMAP))) {
		if (m->new_len == m->old_len)
			return 0;
		if (m->old_len && end == r->end && can_grow(r, m->addr + m->new_len)) {
			region_resize(r, r->start, m->addr + m->new_len);
			(void)merge_locked(r, dead);
			return 0;
		}
		if (!(m->flags & MREMAP_MAYMOVE))
			return -ENOMEM;
	}
	/* Unmapping may have replaced the region that holds addr. */
	r = vmtree_find(&as->regions, m->addr);
	if (m->flags & MREMAP_FIXED)
		*out = m->new_addr;
	else
		*out = place_locked(as, m->flags & MREMAP_DONTUNMAP ? m->new_addr : 0, m->new_len,
				    0);
	if (!*out)
		return -ENOMEM;
	return move(as, r, m, *out, dead);
}

int aspace_remap(struct aspace *as, u64 addr, u64 old_len, u64 new_len, u32 flags, u64 new_addr,
		 u64 rlimit_as, u64 *out)
{
	struct remap m = { addr, ALIGN_UP(old_len, PAGE_SIZE), ALIGN_UP(new_len, PAGE_SIZE),
			   new_addr, flags, rlimit_as };
	struct dead_regions dead = { NULL };
	struct region *r;
	bool populate = false;
	int err = check_args(&m);

	if (err)
		return err;
	aspace_lock(as);
	err = remap_locked(as, &m, out, &dead);
	if (!err) {
		r = vmtree_find(&as->regions, *out);
		populate = r && (r->flags & REGION_LOCKED) && (r->prot & PROT_WRITE);
	}
	aspace_unlock(as);
	dead_free(&dead);
	if (populate)
		(void)!aspace_populate(as, *out, ALIGN_UP(new_len, PAGE_SIZE), true);
	return err;
}
