/* SPDX-License-Identifier: MIT */
/*
 * Page faults. Under as->lock, so that of several threads that fault on one
 * page the first resolves it and the others find it done.
 *
 *   region              page table   access  what happens
 *   ------------------  -----------  ------  -------------------------------------
 *   none, stack above   -            any     stack grows, then as below
 *   none                -            any     SIGSEGV MAPERR
 *   not permitted       -            any     SIGSEGV ACCERR
 *   any                 suffices     any     nothing: another thread was first
 *   private anonymous   empty        read    zero page, read-only
 *   private anonymous   empty        write   cleared frame; a large page where the region
 *                                            holds all of its 2 MiB, nothing is entered
 *                                            there and memory is not short
 *   private of object   empty        read    object's frame read-only, and present
 *                                            ones around it
 *   private of object   empty        write   copy of the object's frame
 *   private             zero page    write   cleared frame
 *   private             frame, 1 ref write   the entry becomes writable
 *   private             large page   write   writable if nobody shares it, else split
 *   private             frame, more  write   copy; the old frame loses a reference
 *   shared              empty        read    object's frame; read-only when a write
 *                                            must be noticed (it has a store)
 *   shared              any          write   object's frame, writable, marked dirty
 *   device              empty        any     the device's page, uncached
 *   object ends before  -            any     SIGBUS ADRERR
 *   revoked (lease.h)   -            any     SIGBUS ADRERR
 *   no memory           -            any     SIGKILL once nobody else can be killed
 *                                            (kernel/task/oom.c)
 *
 * An object page always has its object's reference as well, so "1 ref" is said
 * only of frames that this entry alone holds.
 */
#include <arch/uaccess.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_signal.h>
#include <kernel/lib/string.h>
#include <mm/pmm.h>

#include "aspace_priv.h"

/* Object pages entered by one read fault: an aligned window around it. */
#define AROUND_PAGES 16u

static struct frame *zero_frame(void)
{
	static u8 zero_page[4096] __aligned(4096);

	return virt_to_frame(zero_page);
}

static const struct fault_result resolved = { 0, 0 };

static struct fault_result failure(int err)
{
	switch (err) {
	case -ENOMEM:
		return (struct fault_result){ SIGKILL, 0 };
	case -ENOSPC: /* its owner's limit */
	case -EFAULT: /* past the object's end, or revoked */
	default:      /* its store failed */
		return (struct fault_result){ SIGBUS, BUS_ADRERR };
	}
}

/* Enter @frame, whose reference is taken over; @old leaves the entry. */
static struct fault_result enter(struct region *r, u64 va, struct frame *frame, bool write,
				 struct frame *old)
{
	u32 prot = region_mmu_prot(r->prot) | (write ? MMU_WRITE : 0);

	if (mmu_map(&r->as->mmu, va, frame_to_pfn(frame), prot)) {
		frame_put(frame);
		return failure(-ENOMEM);
	}
	if (old)
		frame_put(old);
	return resolved;
}

static struct fault_result enter_zero_page(struct region *r, u64 va)
{
	if (mmu_map(&r->as->mmu, va, frame_to_pfn(zero_frame()),
		    region_mmu_prot(r->prot) | MMU_NOREF))
		return failure(-ENOMEM);
	return resolved;
}

/* The policies of regions and threads: few have one. */
static __noinline struct frame *alloc_by_policy(struct region *r, u64 va, unsigned order,
						unsigned flags)
{
	struct mempolicy policy = r->policy;
	u64 n = (r->offset + (va - r->start)) >> PAGE_SHIFT >> order;

	if (!policy.mode)
		policy = mempolicy_current(&n);
	return mempolicy_alloc(policy, n, order, flags, order ? pmm_alloc_frames : pmm_alloc);
}

/* A frame of @r's own at @va. */
static inline struct frame *alloc_own(struct region *r, u64 va, unsigned flags)
{
	return mempolicy_used() ? alloc_by_policy(r, va, 0, flags) : pmm_alloc(0, flags, NODE_ANY);
}

static struct fault_result enter_cleared(struct region *r, u64 va)
{
	struct frame *frame = alloc_own(r, va, MEM_ZERO);

	return frame ? enter(r, va, frame, true, NULL) : failure(-ENOMEM);
}

/* May all of the 2 MiB around @va be entered at once? */
static bool fits_large(const struct region *r, u64 va)
{
	u64 start = ALIGN_DOWN(va, LARGE_PAGE_SIZE);

	return start >= r->start && start + LARGE_PAGE_SIZE <= r->end &&
	       !(r->flags & (REGION_NOHUGE | REGION_GROWSDOWN)) && !r->as->no_large &&
	       mmu_large_fits(&r->as->mmu, va);
}

/* Return: false: not now; a small page will do. */
static bool enter_large(struct region *r, u64 va)
{
	struct frame *frame = mempolicy_used() ?
				      alloc_by_policy(r, va, LARGE_PAGE_ORDER, 0) :
				      pmm_alloc_frames(LARGE_PAGE_ORDER, 0, NODE_ANY);

	if (!frame)
		return false;
	if (!mmu_map_large(&r->as->mmu, ALIGN_DOWN(va, LARGE_PAGE_SIZE), frame_to_pfn(frame),
			   region_mmu_prot(r->prot) | MMU_WRITE))
		return true;
	frame_put_block(frame, LARGE_PAGE_ORDER);
	return false;
}

/* A private copy of @from. @old: its reference in the entry, dropped then. */
static struct fault_result enter_copy(struct region *r, u64 va, struct frame *from,
				      struct frame *old)
{
	struct frame *frame = alloc_own(r, va, 0);

	if (!frame)
		return failure(-ENOMEM);
	page_copy(frame_to_virt(frame), frame_to_virt(from));
	return enter(r, va, frame, true, old);
}

static u64 object_index(const struct region *r, u64 va)
{
	return (r->offset + (va - r->start)) >> PAGE_SHIFT;
}

/* Writes to pages of an object with a store are noticed, to be written back. */
static bool tracks_dirty(const struct vmobject *obj)
{
	return obj->ops && obj->ops->fill;
}

/* Present object pages in the window around @va, where the table is empty. */
static void enter_around(struct region *r, u64 va)
{
	u64 window = AROUND_PAGES * PAGE_SIZE;
	u64 start = MAX(ALIGN_DOWN(va, window), r->start);
	u64 end = MIN(ALIGN_DOWN(va, window) + window, r->end);
	u32 prot = region_mmu_prot(r->prot), n = (u32)((end - start) / PAGE_SIZE);
	struct frame *frames[AROUND_PAGES];
	bool others = vmobject_present(r->object, object_index(r, start), n, frames) > 1;

	for (u32 i = 0; i < n; i++) {
		u64 at = start + i * PAGE_SIZE;
		struct mmu_entry entry;

		if (frames[i] && (!others || mmu_query(&r->as->mmu, at, &entry) ||
				  mmu_map(&r->as->mmu, at, frame_to_pfn(frames[i]), prot)))
			frame_put(frames[i]);
	}
}

static struct fault_result fault_device(struct region *r, u64 va)
{
	struct vmobject *obj = r->object;
	u64 off = object_index(r, va) << PAGE_SHIFT;
	u32 prot = region_mmu_prot(r->prot) | MMU_NOREF | MMU_DEVICE;

	if (r->prot & PROT_WRITE)
		prot |= MMU_WRITE;
	if ((obj->flags & VMOBJECT_REVOKED) || off >= obj->size)
		return failure(-EFAULT);
	if (mmu_map(&r->as->mmu, va, (obj->device_pa + off) >> PAGE_SHIFT, prot))
		return failure(-ENOMEM);
	return resolved;
}

static struct fault_result fault_shared(struct region *r, u64 va, bool write,
					const struct mmu_entry *old)
{
	bool writable = write || ((r->prot & PROT_WRITE) && !tracks_dirty(r->object));
	struct fault_result result;
	struct frame *frame;
	int err = vmobject_page(r->object, object_index(r, va), true, &frame);

	if (err)
		return failure(err);
	if (write)
		(void)atomic_fetch_or(&frame->flags, (u16)FRAME_DIRTY);
	result = enter(r, va, frame, writable, old ? frame_of(old->pfn) : NULL);
	if (!result.signo && !write)
		enter_around(r, va);
	return result;
}

static struct fault_result fault_private_object(struct region *r, u64 va, bool write)
{
	struct fault_result result;
	struct frame *frame;
	int err = vmobject_page(r->object, object_index(r, va), true, &frame);

	if (err)
		return failure(err);
	if (write) {
		result = enter_copy(r, va, frame, NULL);
		frame_put(frame);
		return result;
	}
	result = enter(r, va, frame, false, NULL);
	if (!result.signo)
		enter_around(r, va);
	return result;
}

/* A copy of @from that is not writable. @old: as above. */
static struct fault_result enter_private(struct region *r, u64 va, struct frame *from,
					 struct frame *old)
{
	struct frame *frame = alloc_own(r, va, 0);

	if (!frame)
		return failure(-ENOMEM);
	page_copy(frame_to_virt(frame), frame_to_virt(from));
	return enter(r, va, frame, false, old);
}

/* A write to a private page whose entry is read-only. */
static struct fault_result fault_cow(struct region *r, u64 va, const struct mmu_entry *old)
{
	struct frame *frame = frame_of(old->pfn);

	if (old->prot & MMU_NOREF)
		return enter_cleared(r, va);
	if (unlikely(old->large)) {
		if (mmu_take_large(&r->as->mmu, va))
			return resolved;
		if (mmu_split(&r->as->mmu, va))
			return failure(-ENOMEM);
	}
	if (frame_refs(frame) == 1) {
		(void)!mmu_map(&r->as->mmu, va, old->pfn, /* its table is there */
			       region_mmu_prot(r->prot) | MMU_WRITE);
		return resolved;
	}
	return enter_copy(r, va, frame, frame);
}

/* The region for @va, growing a stack down to it if that is what lies above. */
static struct region *find_region(struct aspace *as, u64 va)
{
	struct region *r = vmtree_find(&as->regions, va), *prev;
	u64 start = ALIGN_DOWN(va, PAGE_SIZE);

	if (!r || va >= r->start)
		return r;
	if (!(r->flags & REGION_GROWSDOWN) || start < USER_START)
		return NULL;
	if (r->end - start > aspace_stack_limit())
		return NULL;
	prev = vmtree_prev(r);
	if (prev && prev->end + VM_GUARD_GAP > start)
		return NULL;
	region_resize(r, start, r->end);
	return r;
}

static bool permitted(const struct region *r, enum fault_access access)
{
	switch (access) {
	case FAULT_READ:
		return r->prot & (PROT_READ | PROT_WRITE | PROT_EXEC);
	case FAULT_WRITE:
		return r->prot & PROT_WRITE;
	case FAULT_EXEC:
		return r->prot & PROT_EXEC;
	}
	return false;
}

struct fault_result fault_locked(struct aspace *as, u64 va, enum fault_access access)
{
	struct region *r = find_region(as, va);
	bool write = access == FAULT_WRITE, there;
	struct mmu_entry entry;

	if (unlikely(as->reaped))
		return failure(-ENOMEM);
	if (!r)
		return (struct fault_result){ SIGSEGV, SEGV_MAPERR };
	if (!permitted(r, access))
		return (struct fault_result){ SIGSEGV, SEGV_ACCERR };
	va = ALIGN_DOWN(va, PAGE_SIZE);
	there = mmu_query(&as->mmu, va, &entry);
	if (there && (write ? entry.prot & MMU_WRITE : entry.prot & MMU_READ))
		return resolved;
	if (r->object && (r->flags & REGION_REVOKED)) /* then nothing is there either */
		return failure(-EFAULT);
	if (r->object && (r->object->flags & VMOBJECT_DEVICE))
		return fault_device(r, va);
	if (r->flags & REGION_SHARED)
		return fault_shared(r, va, write, there ? &entry : NULL);
	if (there)
		return fault_cow(r, va, &entry);
	if (r->object)
		return fault_private_object(r, va, write);
	if (!write)
		return enter_zero_page(r, va);
	if (fits_large(r, va) && enter_large(r, va))
		return resolved;
	return enter_cleared(r, va);
}

struct fault_result aspace_fault(struct aspace *as, u64 va, enum fault_access access)
{
	struct fault_result result;

	aspace_lock(as);
	result = fault_locked(as, va, access);
	aspace_unlock(as);
	return result;
}

int aspace_populate(struct aspace *as, u64 addr, u64 len, bool write)
{
	u64 end = pages_end(addr, len);
	int err = 0;

	for (; addr < end && !err; addr += PAGE_SIZE) {
		struct fault_result result;

		aspace_lock(as); /* page by page: others get their turn */
		result = fault_locked(as, addr, write ? FAULT_WRITE : FAULT_READ);
		aspace_unlock(as);
		if (result.signo)
			err = result.signo == SIGBUS || result.code == SEGV_ACCERR ? -EFAULT :
										     -ENOMEM;
	}
	return err;
}

/*
 * Make the page at @va of a private region that may not be written one of this space
 * alone, still not writable: for who writes through the kernel's mapping (a tracer).
 */
static struct fault_result fault_own(struct region *r, u64 va)
{
	struct fault_result result;
	struct mmu_entry entry;
	struct frame *frame;
	int err;

	if (!mmu_query(&r->as->mmu, va, &entry)) {
		if (!r->object)
			return enter_private(r, va, zero_frame(), NULL);
		err = vmobject_page(r->object, object_index(r, va), true, &frame);
		if (err)
			return failure(err);
		result = enter_private(r, va, frame, NULL);
		frame_put(frame);
		return result;
	}
	frame = frame_of(entry.pfn);
	if (entry.prot & MMU_NOREF)
		return enter_private(r, va, zero_frame(), NULL);
	return frame_refs(frame) == 1 ? resolved : enter_private(r, va, frame, frame);
}

static struct fault_result fault_forced(struct aspace *as, u64 va)
{
	struct region *r = find_region(as, va);

	/* A copy of the clock's page would stand still. */
	if (r && (r->flags & REGION_VVAR))
		return (struct fault_result){ SIGSEGV, SEGV_ACCERR };
	if (r && !(r->prot & PROT_WRITE) && !(r->flags & (REGION_SHARED | REGION_REVOKED)) &&
	    permitted(r, FAULT_READ) && !(r->object && (r->object->flags & VMOBJECT_DEVICE)))
		return fault_own(r, ALIGN_DOWN(va, PAGE_SIZE));
	return fault_locked(as, va, FAULT_WRITE);
}

enum pin_why { PIN_READ, PIN_WRITE, PIN_FORCE };

/* The frame behind @va with a reference, made ready for @why; NULL: no access. */
static struct frame *pin(struct aspace *as, u64 va, enum pin_why why)
{
	struct frame *frame = NULL;
	struct fault_result result;
	struct mmu_entry entry;
	bool there;

	aspace_lock(as);
	/* What the CPU would let the program do without a fault needs none here. */
	there = why != PIN_FORCE && mmu_query(&as->mmu, va, &entry) &&
		entry.prot & (why == PIN_WRITE ? MMU_WRITE : MMU_READ);
	if (!there) {
		result = why == PIN_FORCE ? fault_forced(as, va) :
			 fault_locked(as, va, why == PIN_WRITE ? FAULT_WRITE : FAULT_READ);
		there = !result.signo && mmu_query(&as->mmu, va, &entry);
	}
	if (there && !(entry.prot & MMU_DEVICE)) {
		frame = frame_of(entry.pfn);
		frame_get(frame); /* the zero page is part of the image: it has one too */
	}
	aspace_unlock(as);
	return frame;
}

/* @buf NULL: zeros are written. */
static long access(struct aspace *as, u64 va, char *buf, size_t len, enum pin_why why)
{
	size_t done = 0;

	while (done < len && va + done < USER_END) {
		u64 in_page = (va + done) & (PAGE_SIZE - 1);
		size_t n = MIN(len - done, PAGE_SIZE - in_page);
		struct frame *frame = pin(as, va + done, why);
		char *mem;

		if (!frame)
			break;
		mem = (char *)frame_to_virt(frame) + in_page;
		if (!buf)
			memset(mem, 0, n);
		else if (why != PIN_READ)
			memcpy(mem, buf + done, n);
		else
			memcpy(buf + done, mem, n);
		frame_put(frame);
		done += n;
	}
	return (long)done;
}

long aspace_access(struct aspace *as, u64 va, void *buf, size_t len, bool write)
{
	return access(as, va, buf, len, write ? PIN_WRITE : PIN_READ);
}

#define PIN_RUN 16u /* pages looked up in one hold of the lock */

/* Up to @n pages from @va on, the first of them made ready if need be. Return: how many. */
static u32 pin_run(struct aspace *as, u64 va, u32 n, bool write, struct frame **out)
{
	u32 found;

	aspace_lock(as);
	found = mmu_pin(&as->mmu, va, n, write, out);
	aspace_unlock(as);
	if (likely(found))
		return found;
	out[0] = pin(as, va, write ? PIN_WRITE : PIN_READ);
	return out[0] ? 1 : 0;
}

size_t aspace_copy_user(struct aspace *as, u64 va, void __user *user, size_t len, bool write)
{
	u64 in_page = va & (PAGE_SIZE - 1);
	struct frame *frames[PIN_RUN];
	size_t done = 0, left = 0;
	u32 n = 0;

	len = MIN(len, PIN_RUN * PAGE_SIZE - in_page);
	len = MIN(len, va < USER_END ? USER_END - va : 0);
	if (likely(len))
		n = pin_run(as, va, (u32)((in_page + len + PAGE_SIZE - 1) >> PAGE_SHIFT), write,
			    frames);
	for (u32 i = 0; i < n; i++) {
		size_t part = MIN(len - done, PAGE_SIZE - in_page);
		char *mem = (char *)frame_to_virt(frames[i]) + in_page;
		char __user *at = (char __user *)user + done;

		if (likely(!left)) { /* else the reference alone goes */
			left = write ? user_copy_in(mem, at, part) : user_copy_out(at, mem, part);
			done += part - left;
		}
		frame_put(frames[i]);
		in_page = 0;
	}
	return done;
}

long aspace_poke(struct aspace *as, u64 va, void *buf, size_t len)
{
	return access(as, va, buf, len, PIN_FORCE);
}

int aspace_clear(struct aspace *as, u64 va, size_t len)
{
	return access(as, va, NULL, len, PIN_WRITE) == (long)len ? 0 : -EFAULT;
}
