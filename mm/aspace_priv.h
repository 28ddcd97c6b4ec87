/* SPDX-License-Identifier: MIT */
/* Shared by aspace.c, remap.c, fault.c and object.c. */
#pragma once

#include <kernel/abi/linux_mman.h>
#include <mm/aspace.h>
#include <mm/object.h>

#define ASPACE_MAX_REGIONS 65530u /* Linux's vm.max_map_count */

/* Whether any memory policy was ever set: until then nobody has to look for one. */
static inline bool mempolicy_used(void)
{
	return unlikely(atomic_load_relaxed(&mempolicy_in_use));
}

/** aspace_lock, aspace_unlock - as->lock; unlock makes the page count visible */
static inline void aspace_lock(struct aspace *as)
{
	mutex_lock(&as->lock);
}

static inline void aspace_unlock(struct aspace *as)
{
	atomic_store_relaxed(&as->resident, as->mmu.entries);
	mutex_unlock(&as->lock);
}

/* Regions taken out under the lock; their references are dropped without it,
 * since the last one of a file may take outer locks. */
struct dead_regions {
	struct region *first;
};

/** region_alloc - for @as, all fields but links zero; NULL: no memory */
struct region *region_alloc(struct aspace *as);
/** region_free_unused - one that was never put into a tree and holds nothing */
void region_free_unused(struct region *r);
/** region_copy_of - @new shows what @r shows, with references of its own; not
 * inserted. as->lock of @r's space held. */
void region_copy_of(struct region *new, const struct region *r);
/** region_insert - into @r->as's tree and its object's list; counts bytes */
void region_insert(struct region *r);
/** region_append - the same above all others */
void region_append(struct region *r);
/** region_detach - out of the tree and its object's list; the rest in dead_free() */
void region_detach(struct region *r, struct dead_regions *dead);
void dead_free(struct dead_regions *dead);
/** region_resize - new limits; offset and counts follow */
void region_resize(struct region *r, u64 start, u64 end);

static inline u64 pages_end(u64 addr, u64 len)
{
	return addr + ALIGN_UP(len, PAGE_SIZE);
}

/** unmap_locked - munmap under as->lock; arguments are checked. Return: 0; -ENOMEM
 * with nothing changed. */
__must_check int unmap_locked(struct aspace *as, u64 start, u64 end, struct dead_regions *dead);

/** split_locked - make @addr a border of regions. Return: 0; -ENOMEM. */
__must_check int split_locked(struct aspace *as, u64 addr);

/** merge_locked - join @r with its neighbours where they say the same.
 * Return: the region that is left. */
struct region *merge_locked(struct region *r, struct dead_regions *dead);

/** place_locked - where @len bytes go without MAP_FIXED; 0: nowhere */
u64 place_locked(struct aspace *as, u64 hint, u64 len, u32 map_flags);

/** aspace_unmap_object - take pages of bytes [start, end) of @obj out of @as.
 * @copies: private copies too. Takes as->lock. */
void aspace_unmap_object(struct aspace *as, struct vmobject *obj, u64 start, u64 end, bool copies);

/** aspace_end_lease - take away what regions of @lease show; they fault from now on.
 * Takes as->lock. */
void aspace_end_lease(struct aspace *as, struct vm_lease *lease);

/** fault_locked - aspace_fault() under as->lock; @around: also enter pages nearby */
struct fault_result fault_locked(struct aspace *as, u64 va, enum fault_access access);

/** region_mmu_prot - enum mmu_prot of @prot (PROT_*), without MMU_WRITE */
static inline u32 region_mmu_prot(u32 prot)
{
	return MMU_USER | (prot & (PROT_READ | PROT_WRITE | PROT_EXEC) ? MMU_READ : 0) |
	       (prot & PROT_EXEC ? MMU_EXEC : 0);
}
