/* SPDX-License-Identifier: MIT */
/*
 * Address spaces: regions and their changes. What a page fault does is in
 * fault.c, mremap and fork in remap.c, memory objects in object.c.
 *
 * Invariants under as->lock:
 *   1. regions do not overlap; neighbours that say the same are one region (but
 *      where joining them would need memory, it is not tried again);
 *   2. page tables show nothing outside of regions;
 *   3. a region with an object is in obj->mappings.
 *
 * Calls check first, then reserve nodes, then change; what may sleep for
 * another's lock (dropping files and objects) happens after unlocking.
 *
 * Locks: as->lock (ASPACE) -> obj->lock (OBJECT, for its list) -> slab, pmm.
 */
#include <mm/aspace.h>

#include <arch/uaccess.h>
#include <kernel/abi/channel.h>
#include <kernel/abi/errno.h>
#include <kernel/lib/string.h>
#include <mm/lease.h>
#include <mm/pmm.h>
#include <mm/slab.h>

#include "aspace_priv.h"

static struct slab_cache *aspace_cache, *region_cache;
static u32 nr_live; /* atomic */
static u64 last_id; /* atomic */

void aspace_init(void)
{
	aspace_cache = slab_create("aspace", sizeof(struct aspace), 64);
	region_cache = slab_create("region", sizeof(struct region), 8);
	PANIC_ON(!aspace_cache || !region_cache, "aspace: no memory for caches");
	vmobject_init();
}

struct aspace *aspace_create(void)
{
	struct aspace *as = slab_alloc(aspace_cache, MEM_ZERO);

	if (!as)
		return NULL;
	if (mmu_space_init(&as->mmu)) {
		slab_free(aspace_cache, as);
		return NULL;
	}
	refcount_init(&as->refs);
	mutex_init(&as->lock, RANK_ASPACE, "aspace");
	as->mmap_top = USER_END;
	as->id = atomic_fetch_add(&last_id, 1ull) + 1;
	atomic_add_relaxed(&nr_live, 1u);
	return as;
}

void aspace_get(struct aspace *as)
{
	refcount_get(&as->refs);
}

/* Nobody runs in it or can find it, except through obj->mappings. */
static void destroy(struct aspace *as)
{
	struct dead_regions dead = { NULL };
	struct mmu_batch batch;
	struct region *r;

	mmu_space_detach(&as->mmu);
	aspace_lock(as);
	mmu_batch_begin(&batch, &as->mmu);
	while ((r = vmtree_last(&as->regions))) {
		mmu_unmap(&batch, r->start, r->end);
		region_detach(r, &dead);
	}
	mmu_batch_flush(&batch);
	aspace_unlock(as);
	dead_free(&dead);
	mmu_space_fini(&as->mmu);
	slab_free(aspace_cache, as);
	(void)atomic_fetch_sub(&nr_live, 1u);
}

void aspace_put(struct aspace *as)
{
	if (refcount_put(&as->refs))
		destroy(as);
}

u32 aspace_live(void)
{
	return atomic_load_relaxed(&nr_live);
}

/* ---- Out of memory ------------------------------------------------------ */

#define REGIONS_PER_PAGE (PAGE_SIZE / sizeof(struct region))

u64 aspace_weight(const struct aspace *as)
{
	return atomic_load_relaxed(&as->mmu.entries) + atomic_load_relaxed(&as->mmu.table_pages) +
	       atomic_load_relaxed(&as->nr_regions) / REGIONS_PER_PAGE;
}

bool aspace_reap(struct aspace *as)
{
	struct mmu_batch batch;
	struct region *r;

	if (!mutex_trylock(&as->lock))
		return false;
	atomic_store_relaxed(&as->reaped, true);
	mmu_batch_begin(&batch, &as->mmu);
	for (r = vmtree_first(&as->regions); r; r = vmtree_next(r))
		mmu_unmap(&batch, r->start, r->end);
	mmu_batch_flush(&batch);
	aspace_unlock(as);
	return true;
}

/* ---- Regions ------------------------------------------------------------ */

struct region *region_alloc(struct aspace *as)
{
	struct region *r = slab_alloc(region_cache, MEM_ZERO);

	if (r)
		r->as = as;
	return r;
}

void region_free_unused(struct region *r)
{
	if (r)
		slab_free(region_cache, r);
}

void region_copy_of(struct region *new, const struct region *r)
{
	new->start = r->start;
	new->end = r->end;
	new->prot = r->prot;
	new->max_prot = r->max_prot;
	new->flags = r->flags;
	new->offset = r->offset;
	new->object = r->object;
	new->file = r->file;
	new->policy = r->policy;
	new->lease = r->lease;
	if (unlikely(r->lease)) {
		vm_lease_get(r->lease);
		list_init(&new->lease_link);
	}
	if (r->object)
		vmobject_get(r->object);
	if (r->file)
		aspace_file_get(r->file);
}

static void region_added(struct region *r)
{
	struct aspace *as = r->as;

	as->nr_regions++;
	as->mapped_bytes += r->end - r->start;
	if (r->flags & REGION_LOCKED)
		as->locked_bytes += r->end - r->start;
	if (r->object) {
		mutex_lock(&r->object->lock);
		/* Sealed after this mapping was permitted (fs/tmpfs_seal.c). */
		if ((r->object->flags & VMOBJECT_SEALED) && (r->flags & REGION_SHARED)) {
			r->prot &= ~(u32)PROT_WRITE;
			r->max_prot &= ~(u32)PROT_WRITE;
		}
		list_add(&r->object_link, &r->object->mappings);
		mutex_unlock(&r->object->lock);
	}
	if (unlikely(r->lease) && !(r->flags & REGION_REVOKED))
		vm_lease_list(r);
}

void region_insert(struct region *r)
{
	vmtree_insert(&r->as->regions, r);
	region_added(r);
}

void region_append(struct region *r)
{
	vmtree_append(&r->as->regions, r);
	region_added(r);
}

void region_detach(struct region *r, struct dead_regions *dead)
{
	struct aspace *as = r->as;

	vmtree_remove(&as->regions, r);
	as->nr_regions--;
	as->mapped_bytes -= r->end - r->start;
	if (r->flags & REGION_LOCKED)
		as->locked_bytes -= r->end - r->start;
	if (r->object) {
		mutex_lock(&r->object->lock);
		list_del(&r->object_link);
		mutex_unlock(&r->object->lock);
	}
	if (unlikely(r->lease))
		vm_lease_unlist(r);
	r->next_dead = dead->first;
	dead->first = r;
}

void dead_free(struct dead_regions *dead)
{
	struct region *r;

	while ((r = dead->first)) {
		dead->first = r->next_dead;
		if (r->object)
			vmobject_put(r->object);
		if (r->file)
			aspace_file_put(r->file);
		if (r->lease)
			vm_lease_put(r->lease);
		slab_free(region_cache, r);
	}
}

void region_resize(struct region *r, u64 start, u64 end)
{
	u64 change = (end - start) - (r->end - r->start);

	if (r->object)
		r->offset += start - r->start;
	r->as->mapped_bytes += change;
	if (r->flags & REGION_LOCKED)
		r->as->locked_bytes += change;
	vmtree_resize(&r->as->regions, r, start, end);
}

/* Whether @b, right behind @a, may become part of it. */
static bool mergeable(const struct region *a, const struct region *b)
{
	return a->end == b->start && a->prot == b->prot && a->flags == b->flags &&
	       a->max_prot == b->max_prot && a->object == b->object && a->file == b->file &&
	       mempolicy_same(a->policy, b->policy) &&
	       a->lease == b->lease && !(a->flags & REGION_GROWSDOWN) &&
	       (!a->object || a->offset + (a->end - a->start) == b->offset);
}

struct region *merge_locked(struct region *r, struct dead_regions *dead)
{
	struct region *prev = vmtree_prev(r), *next = vmtree_next(r);
	u64 end;

	if (prev && mergeable(prev, r)) {
		end = r->end;
		region_detach(r, dead);
		region_resize(prev, prev->start, end);
		r = prev;
	}
	if (next && mergeable(r, next)) {
		end = next->end;
		region_detach(next, dead);
		region_resize(r, r->start, end);
	}
	return r;
}

/* Something is about to change at @addr: no large page may lie across it. */
static int split_large(struct aspace *as, u64 addr)
{
	if (!as->mmu.large || IS_ALIGNED(addr, LARGE_PAGE_SIZE))
		return 0;
	return mmu_split(&as->mmu, addr);
}

int split_locked(struct aspace *as, u64 addr)
{
	struct region *r = vmtree_find(&as->regions, addr), *upper;

	if (!r || r->start >= addr)
		return 0;
	if (as->nr_regions >= ASPACE_MAX_REGIONS || split_large(as, addr))
		return -ENOMEM;
	upper = region_alloc(as);
	if (!upper)
		return -ENOMEM;
	region_copy_of(upper, r);
	if (r->object)
		upper->offset += addr - r->start;
	upper->start = addr;
	upper->flags &= ~(u32)REGION_GROWSDOWN;
	region_resize(r, r->start, addr);
	region_insert(upper);
	return 0;
}

/* ---- munmap ------------------------------------------------------------- */

/* The part [start, end) of @r goes; no split is needed. Return: the region behind. */
static struct region *cut(struct region *r, u64 start, u64 end, struct mmu_batch *batch,
			  struct dead_regions *dead)
{
	struct region *next = vmtree_next(r);

	start = MAX(start, r->start);
	end = MIN(end, r->end);
	mmu_unmap(batch, start, end);
	if (start == r->start && end == r->end)
		region_detach(r, dead);
	else if (start == r->start)
		region_resize(r, end, r->end);
	else
		region_resize(r, r->start, start);
	return next;
}

int unmap_locked(struct aspace *as, u64 start, u64 end, struct dead_regions *dead)
{
	struct region *r = vmtree_find(&as->regions, start);
	struct mmu_batch batch;

	if (!r || r->start >= end)
		return 0;
	if (unlikely(as->mmu.large) && (split_large(as, start) || split_large(as, end)))
		return -ENOMEM;
	if (r->start < start && r->end > end) {
		int err = split_locked(as, end);

		if (err)
			return err;
	}
	/* No failure past this point. */
	mmu_batch_begin(&batch, &as->mmu);
	while (r && r->start < end)
		r = cut(r, start, end, &batch, dead);
	mmu_batch_flush(&batch);
	return 0;
}

static bool range_bad(u64 addr, u64 len)
{
	return !IS_ALIGNED(addr, PAGE_SIZE) || !len || len > USER_END || addr > USER_END ||
	       ALIGN_UP(len, PAGE_SIZE) > USER_END - addr;
}

int aspace_unmap(struct aspace *as, u64 addr, u64 len)
{
	struct dead_regions dead = { NULL };
	int err;

	if (range_bad(addr, len))
		return -EINVAL;
	aspace_lock(as);
	err = unmap_locked(as, addr, pages_end(addr, len), &dead);
	aspace_unlock(as);
	dead_free(&dead);
	return err;
}

/* ---- mmap --------------------------------------------------------------- */

static bool is_free(struct aspace *as, u64 start, u64 end)
{
	struct region *r = vmtree_find(&as->regions, start);
	u64 guard = r && (r->flags & REGION_GROWSDOWN) ? VM_GUARD_GAP : 0;

	return !r || r->start >= end + guard;
}

static bool in_window(const struct aspace *as, u64 start, u64 end)
{
	return unlikely(as->window) && start < RING_WINDOW_END && end > RING_WINDOW_START;
}

/* The highest hole below @high that is not in the window. */
static u64 place_below(struct aspace *as, u64 len, u64 high)
{
	u64 addr = vmtree_place(&as->regions, len, as->window ? RING_WINDOW_END : USER_START, high);

	if (unlikely(!addr && as->window))
		addr = vmtree_place(&as->regions, len, USER_START, RING_WINDOW_START);
	return addr;
}

u64 place_locked(struct aspace *as, u64 hint, u64 len, u32 map_flags)
{
	u64 high = map_flags & MAP_32BIT ? 0x80000000ull : as->mmap_top, addr;

	hint = ALIGN_UP(hint, PAGE_SIZE);
	if (hint && hint >= USER_START && len <= USER_END && hint <= USER_END - len &&
	    is_free(as, hint, hint + len) && !in_window(as, hint, hint + len))
		return hint;
	addr = place_below(as, len, high);
	if (!addr && !(map_flags & MAP_32BIT)) /* above the stack, as Linux's bottom-up try */
		addr = place_below(as, len, USER_END);
	return addr;
}

/* Where @len bytes of private memory may have large pages; 0: nowhere. */
static u64 place_large(struct aspace *as, u64 len)
{
	u64 slack = LARGE_PAGE_SIZE - PAGE_SIZE;
	u64 addr = place_below(as, len + slack, as->mmap_top);

	return addr ? ALIGN_UP(addr, LARGE_PAGE_SIZE) : 0;
}

/* Where @req goes, *out; with MAP_FIXED what is there is unmapped. */
static int choose(struct aspace *as, const struct map_request *req, u64 len, u64 *out,
		  struct dead_regions *dead)
{
	u64 addr = req->addr;

	if (req->window) {
		as->window = true;
		*out = vmtree_place(&as->regions, len, RING_WINDOW_START, RING_WINDOW_END);
		return *out ? 0 : -ENOBUFS;
	}
	if (!(req->map_flags & (MAP_FIXED | MAP_FIXED_NOREPLACE))) {
		if (len >= LARGE_PAGE_SIZE && !addr && !req->object &&
		    !(req->map_flags & (MAP_32BIT | MAP_STACK))) {
			*out = place_large(as, len);
			if (*out)
				return 0;
		}
		*out = place_locked(as, addr, len, req->map_flags);
		return *out ? 0 : -ENOMEM;
	}
	if (!IS_ALIGNED(addr, PAGE_SIZE))
		return -EINVAL;
	if (len > USER_END || addr > USER_END - len)
		return -ENOMEM;
	if (addr < USER_START)
		return -EPERM;
	*out = addr;
	if (req->map_flags & MAP_FIXED_NOREPLACE) {
		struct region *r = vmtree_find(&as->regions, addr);

		return r && r->start < addr + len ? -EEXIST : 0;
	}
	return unmap_locked(as, addr, addr + len, dead);
}

#define HOPELESS_MIN (2ull << 30)

/* A private writable mapping larger than all memory can never be used. Smaller ones
 * are let through on any machine: they hurt when touched, and then somebody is killed. */
static bool hopeless(const struct map_request *req, u64 len)
{
	struct pmm_stats stats;

	if (len < HOPELESS_MIN || (req->map_flags & (MAP_NORESERVE | MAP_SHARED)) ||
	    !(req->prot & PROT_WRITE))
		return false;
	pmm_stats(NODE_ANY, &stats);
	return len >> PAGE_SHIFT > stats.total;
}

static void fill_region(struct region *r, const struct map_request *req, u64 addr, u64 len)
{
	r->start = addr;
	r->end = addr + len;
	r->prot = req->prot & (PROT_READ | PROT_WRITE | PROT_EXEC);
	r->max_prot = req->max_prot;
	r->flags = req->region_flags;
	r->object = req->object;
	r->offset = req->object ? req->offset : 0;
	r->file = req->file;
	r->lease = req->lease;
	if (req->map_flags & MAP_SHARED)
		r->flags |= REGION_SHARED;
	if (req->map_flags & MAP_GROWSDOWN)
		r->flags |= REGION_GROWSDOWN;
	if (req->map_flags & MAP_NORESERVE)
		r->flags |= REGION_NORESERVE;
	if (req->map_flags & MAP_STACK) /* of a thread: it will use a few pages only */
		r->flags |= REGION_NOHUGE;
	if ((req->map_flags & MAP_LOCKED) || r->as->lock_future)
		r->flags |= REGION_LOCKED;
}

/* The common case of private memory next to more of the same: a neighbour grows,
 * and no node is needed. */
static bool grow_neighbour(struct aspace *as, const struct region *new)
{
	struct region *next = vmtree_find(&as->regions, new->end - 1);
	struct region *prev = next ? vmtree_prev(next) : vmtree_last(&as->regions);

	if (next && mergeable(new, next)) {
		if (prev && mergeable(prev, new))
			return false; /* joins two: the general way */
		region_resize(next, new->start, next->end);
		return true;
	}
	if (prev && mergeable(prev, new)) {
		region_resize(prev, prev->start, new->end);
		return true;
	}
	return false;
}

static int map_locked(struct aspace *as, const struct map_request *req, u64 len, u64 *out,
		      struct dead_regions *dead)
{
	struct region want = { .as = as }, *r;
	u64 addr;
	int err;

	if (as->nr_regions >= ASPACE_MAX_REGIONS)
		return -ENOMEM;
	if (as->mapped_bytes + len > req->rlimit_as && !(req->map_flags & MAP_FIXED))
		return -ENOMEM;
	err = choose(as, req, len, &addr, dead);
	if (err)
		return err;
	if (as->mapped_bytes + len > req->rlimit_as)
		return -ENOMEM;
	*out = addr;
	fill_region(&want, req, addr, len);
	if (!req->object && grow_neighbour(as, &want))
		return 0;
	r = region_alloc(as);
	if (!r)
		return -ENOMEM;
	region_copy_of(r, &want);
	region_insert(r);
	if (unlikely(r->lease) && vm_lease_ended(r->lease))
		r->flags |= REGION_REVOKED;
	(void)merge_locked(r, dead);
	return 0;
}

int aspace_map(struct aspace *as, const struct map_request *req, u64 *out)
{
	struct dead_regions dead = { NULL };
	u64 len = ALIGN_UP(req->len, PAGE_SIZE);
	bool populate;
	int err;

	if (!req->len)
		return -EINVAL;
	if (!len || len > USER_END || hopeless(req, len))
		return -ENOMEM;
	aspace_lock(as);
	err = map_locked(as, req, len, out, &dead);
	populate = (req->map_flags & (MAP_POPULATE | MAP_LOCKED)) || as->lock_future;
	aspace_unlock(as);
	dead_free(&dead);
	if (!err && populate) /* as on Linux, failing to is no error */
		(void)!aspace_populate(as, *out, len, req->prot & PROT_WRITE);
	return err;
}

/* ---- mprotect and its kin ----------------------------------------------- */

/* The next region of a walk over [*at, end) that tolerates no hole. */
static struct region *walk_next(struct aspace *as, u64 at)
{
	struct region *r = vmtree_find(&as->regions, at);

	return r && r->start <= at ? r : NULL;
}

/* Change @r's overlap with [start, end); splits as needed. Return: 0; -ENOMEM. */
static int isolate(struct aspace *as, struct region **r, u64 start, u64 end)
{
	if ((*r)->end > end && split_locked(as, end))
		return -ENOMEM;
	if ((*r)->start < start) {
		if (split_locked(as, start))
			return -ENOMEM;
		*r = vmtree_next(*r);
	}
	return 0;
}

static int protect_locked(struct aspace *as, u64 start, u64 end, u32 prot,
			  struct dead_regions *dead)
{
	struct mmu_batch batch;
	int err = 0;

	mmu_batch_begin(&batch, &as->mmu);
	while (start < end && !err) {
		struct region *r = walk_next(as, start);
		u64 stop;

		if (!r) {
			err = -ENOMEM;
			break;
		}
		stop = MIN(r->end, end);
		if ((prot & ~r->max_prot) & (PROT_READ | PROT_WRITE | PROT_EXEC)) {
			err = -EACCES;
		} else if (r->prot != prot) {
			err = isolate(as, &r, start, stop);
			if (!err) {
				r->prot = prot;
				mmu_protect(&batch, start, stop,
					    region_mmu_prot(prot) |
						    (prot & PROT_WRITE ? MMU_WRITE : 0));
				(void)merge_locked(r, dead);
			}
		}
		start = stop;
	}
	mmu_batch_flush(&batch);
	return err;
}

int aspace_protect(struct aspace *as, u64 addr, u64 len, u32 prot)
{
	struct dead_regions dead = { NULL };
	u64 end;
	int err = 0;

	if (!IS_ALIGNED(addr, PAGE_SIZE))
		return -EINVAL;
	if (!len)
		return 0;
	end = pages_end(addr, len);
	if (end <= addr || end > USER_END)
		return -ENOMEM;
	aspace_lock(as);
	if (prot & PROT_GROWSDOWN) {
		struct region *r = vmtree_find(&as->regions, addr);

		if (!r || r->start >= end)
			err = -ENOMEM;
		else if (!(r->flags & REGION_GROWSDOWN))
			err = -EINVAL;
		else
			addr = r->start;
	}
	if (!err)
		err = protect_locked(as, addr, end, prot & (PROT_READ | PROT_WRITE | PROT_EXEC),
				     &dead);
	aspace_unlock(as);
	dead_free(&dead);
	return err;
}

static int set_flags_locked(struct aspace *as, u64 start, u64 end, u32 set, u32 clear,
			    struct dead_regions *dead)
{
	while (start < end) {
		struct region *r = walk_next(as, start);
		u64 stop, bytes;

		if (!r)
			return -ENOMEM;
		stop = MIN(r->end, end);
		if ((set & REGION_WIPEONFORK) && (r->object || (r->flags & REGION_SHARED)))
			return -EINVAL;
		if (((r->flags | set) & ~clear) != r->flags) {
			if (isolate(as, &r, start, stop))
				return -ENOMEM;
			bytes = r->end - r->start;
			if (r->flags & REGION_LOCKED)
				as->locked_bytes -= bytes;
			r->flags = (r->flags | set) & ~clear;
			if (r->flags & REGION_LOCKED)
				as->locked_bytes += bytes;
			(void)merge_locked(r, dead);
		}
		start = stop;
	}
	return 0;
}

int aspace_set_flags(struct aspace *as, u64 addr, u64 len, u32 set, u32 clear)
{
	struct dead_regions dead = { NULL };
	int err;

	aspace_lock(as);
	err = set_flags_locked(as, addr, pages_end(addr, len), set, clear, &dead);
	aspace_unlock(as);
	dead_free(&dead);
	return err;
}

int aspace_set_all_flags(struct aspace *as, u32 set, u32 clear)
{
	struct dead_regions dead = { NULL };
	struct region *r;
	int err = 0;

	aspace_lock(as);
	for (r = vmtree_first(&as->regions); r && !err; ) {
		u64 end = r->end;

		err = set_flags_locked(as, r->start, end, set, clear, &dead);
		r = vmtree_find(&as->regions, end);
	}
	aspace_unlock(as);
	dead_free(&dead);
	return err;
}

bool aspace_covered(struct aspace *as, u64 addr, u64 len)
{
	u64 end = pages_end(addr, len);
	struct region *r = NULL;

	aspace_lock(as);
	while (addr < end && (r = walk_next(as, addr)))
		addr = r->end;
	aspace_unlock(as);
	return addr >= end;
}

int aspace_discard(struct aspace *as, u64 addr, u64 len)
{
	u64 end = pages_end(addr, len);
	struct mmu_batch batch;
	struct region *r;
	int err = 0;

	aspace_lock(as);
	if (split_large(as, addr) || split_large(as, end)) {
		aspace_unlock(as);
		return -EAGAIN;
	}
	mmu_batch_begin(&batch, &as->mmu);
	for (r = vmtree_find(&as->regions, addr); addr < end; r = vmtree_next(r)) {
		if (!r || r->start > addr)
			err = -ENOMEM;
		if (!r || r->start >= end)
			break;
		if (r->flags & REGION_LOCKED) {
			err = -EINVAL;
			break;
		}
		addr = MAX(addr, r->start);
		mmu_unmap(&batch, addr, MIN(r->end, end));
		addr = r->end;
	}
	mmu_batch_flush(&batch);
	aspace_unlock(as);
	return err;
}

int aspace_present(struct aspace *as, u64 addr, u32 n, u8 *out)
{
	int err = 0;

	aspace_lock(as);
	for (u32 i = 0; i < n && !err; i++) {
		u64 va = addr + i * PAGE_SIZE;
		struct region *r = walk_next(as, va);
		struct mmu_entry entry;
		struct frame *frame;

		if (!r) {
			err = -ENOMEM;
			break;
		}
		out[i] = mmu_query(&as->mmu, va, &entry);
		if (out[i] || !r->object)
			continue;
		if (vmobject_present(r->object, (r->offset + (va - r->start)) >> PAGE_SHIFT, 1,
				     &frame)) {
			out[i] = 1;
			frame_put(frame);
		}
	}
	aspace_unlock(as);
	return err;
}

int aspace_set_policy(struct aspace *as, u64 addr, u64 len, struct mempolicy policy)
{
	u64 end = pages_end(addr, len);
	struct dead_regions dead = { NULL };
	int err = 0;

	aspace_lock(as);
	while (addr < end && !err) {
		struct region *r = walk_next(as, addr);
		u64 stop = r ? MIN(r->end, end) : end;

		err = r ? isolate(as, &r, addr, stop) : -EFAULT;
		if (!err) {
			r->policy = policy;
			if (r->object && (r->flags & REGION_SHARED))
				vmobject_set_policy(r->object, policy);
			(void)merge_locked(r, &dead);
		}
		addr = stop;
	}
	aspace_unlock(as);
	dead_free(&dead);
	return err;
}

/* ---- brk ---------------------------------------------------------------- */

static bool brk_locked(struct aspace *as, u64 brk, struct dead_regions *dead)
{
	u64 old = ALIGN_UP(as->brk, PAGE_SIZE), new = ALIGN_UP(brk, PAGE_SIZE);
	struct map_request req = {
		.prot = PROT_READ | PROT_WRITE, .max_prot = 7,
		.map_flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE,
		.region_flags = REGION_HEAP, .rlimit_as = ~0ull,
	};
	u64 out;

	if (new == old)
		return true;
	if (new < old)
		return !unmap_locked(as, new, old, dead);
	if (new > USER_END || !is_free(as, old, new + PAGE_SIZE) || in_window(as, old, new))
		return false;
	req.addr = old;
	req.len = new - old;
	return !hopeless(&req, req.len) && !map_locked(as, &req, req.len, &out, dead);
}

u64 aspace_brk(struct aspace *as, u64 brk, u64 rlimit_data)
{
	struct dead_regions dead = { NULL };
	u64 result;

	aspace_lock(as);
	/* The last page of all: rounded up, it would be 0. */
	if (brk >= as->brk_start && brk <= USER_END && brk - as->brk_start <= rlimit_data &&
	    brk_locked(as, brk, &dead))
		as->brk = brk;
	result = as->brk;
	aspace_unlock(as);
	dead_free(&dead);
	return result;
}

/* ---- Looking in from outside -------------------------------------------- */

void aspace_unmap_object(struct aspace *as, struct vmobject *obj, u64 start, u64 end, bool copies)
{
	struct mmu_batch batch;
	struct region *r;

	aspace_lock(as);
	mmu_batch_begin(&batch, &as->mmu);
	for (r = vmtree_first(&as->regions); r; r = vmtree_next(r)) {
		u64 from, to;

		if (r->object != obj || r->offset >= end ||
		    r->offset + (r->end - r->start) <= start)
			continue;
		from = start > r->offset ? r->start + (start - r->offset) : r->start;
		to = end - r->offset < r->end - r->start ? r->start + (end - r->offset) : r->end;
		if (copies || (r->flags & REGION_SHARED)) {
			mmu_unmap(&batch, from, to);
			continue;
		}
		for (; from < to; from += PAGE_SIZE) { /* the object's own pages only */
			struct mmu_entry entry;

			if (mmu_query(&as->mmu, from, &entry) && !(entry.prot & MMU_NOREF) &&
			    (frame_of(entry.pfn)->flags & FRAME_CACHE))
				mmu_unmap(&batch, from, from + PAGE_SIZE);
		}
	}
	mmu_batch_flush(&batch);
	aspace_unlock(as);
}

void aspace_end_lease(struct aspace *as, struct vm_lease *lease)
{
	struct mmu_batch batch;
	struct region *r;

	aspace_lock(as);
	mmu_batch_begin(&batch, &as->mmu);
	for (r = vmtree_first(&as->regions); r; r = vmtree_next(r)) {
		if (r->lease != lease || (r->flags & REGION_REVOKED))
			continue;
		r->flags |= REGION_REVOKED;
		mmu_unmap(&batch, r->start, r->end);
	}
	mmu_batch_flush(&batch);
	aspace_unlock(as);
}

bool aspace_region_at(struct aspace *as, u64 va, struct region_info *out)
{
	struct region *r;

	aspace_lock(as);
	r = vmtree_find(&as->regions, va);
	if (r) {
		*out = (struct region_info){
			.start = r->start, .end = r->end, .offset = r->offset, .prot = r->prot,
			.max_prot = r->max_prot, .flags = r->flags, .file = r->file,
			.policy = r->policy, .object = r->object != NULL,
		};
		if (r->file)
			aspace_file_get(r->file);
	}
	aspace_unlock(as);
	return r != NULL;
}

struct vmobject *aspace_object_at(struct aspace *as, u64 va, u64 *offset, u64 *end)
{
	struct vmobject *obj = NULL;
	struct region *r;

	aspace_lock(as);
	r = walk_next(as, va);
	if (r && r->object && (r->prot & PROT_WRITE) &&
	    (r->flags & (REGION_SHARED | REGION_REVOKED)) == REGION_SHARED) {
		obj = r->object;
		vmobject_get(obj);
		*offset = r->offset + (va - r->start);
		*end = r->end;
	}
	aspace_unlock(as);
	return obj;
}
