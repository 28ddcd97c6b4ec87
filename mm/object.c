/* SPDX-License-Identifier: MIT */
/*
 * Memory objects. Invariants, under obj->lock:
 *   1. every frame in obj->tree has FRAME_CACHE, owner = obj, its index, and one
 *      reference of the tree's own;
 *   2. after the size shrank no page past it is in the tree.
 *
 * Unmapping everywhere goes against the lock order, since a mapping's space has
 * the outer lock. So obj->lock only picks the next space not seen in this
 * pass, and is dropped before that space is locked:
 *
 *   obj->lock: new size; no new page past it can be entered
 *   repeat  obj->lock: a region not stamped with this pass; its space, referenced
 *           as->lock:  unmap the range in all its regions of obj
 *
 * Locks: as->lock (ASPACE) -> obj->lock (OBJECT) -> page tables, pmm.
 * User copies happen with neither held: the page is kept by a reference.
 */
#include <mm/object.h>

#include <arch/uaccess.h>
#include <kernel/abi/errno.h>
#include <kernel/lib/string.h>
#include <mm/aspace.h>
#include <mm/pmm.h>
#include <mm/slab.h>

#include "aspace_priv.h"

static struct slab_cache *object_cache, *node_cache;

void vmobject_init(void)
{
	object_cache = slab_create("vmobject", sizeof(struct vmobject), 64);
	node_cache = slab_create("pagetree_node", sizeof(struct pagetree_node), 8);
	PANIC_ON(!object_cache || !node_cache, "vmobject: no memory for caches");
}

static struct pagetree_node *node_alloc(void)
{
	return slab_alloc(node_cache, MEM_ZERO);
}

static void node_free(struct pagetree_node *node)
{
	slab_free(node_cache, node);
}

static const struct pagetree_ops tree_ops = { node_alloc, node_free };

struct vmobject *vmobject_create(const struct vmobject_ops *ops, u64 size, void *owner)
{
	struct vmobject *obj = slab_alloc(object_cache, MEM_ZERO);

	if (!obj)
		return NULL;
	obj->ops = ops;
	obj->size = size;
	obj->owner = owner;
	refcount_init(&obj->refs);
	mutex_init(&obj->lock, RANK_OBJECT, "vmobject");
	list_init(&obj->mappings);
	return obj;
}

struct vmobject *vmobject_create_device(paddr_t pa, u64 size, void *owner)
{
	struct vmobject *obj = vmobject_create(NULL, size, owner);

	if (obj) {
		obj->flags = VMOBJECT_DEVICE;
		obj->device_pa = pa;
	}
	return obj;
}

void vmobject_get(struct vmobject *obj)
{
	refcount_get(&obj->refs);
}

static int charge(struct vmobject *obj)
{
	return obj->ops && obj->ops->charge ? obj->ops->charge(obj, 1) : 0;
}

static void uncharge(struct vmobject *obj)
{
	if (obj->ops && obj->ops->charge)
		(void)obj->ops->charge(obj, -1);
}

/* The page leaves the object; who else holds a reference keeps plain memory. */
static void drop_page(struct vmobject *obj, struct frame *frame)
{
	(void)atomic_fetch_and(&frame->flags, (u16)~(FRAME_CACHE | FRAME_DIRTY));
	obj->nr_pages--;
	uncharge(obj);
	pmm_account(frame, PMM_CACHE, -1);
	frame_put(frame);
}

static void drop_pages(struct vmobject *obj, u64 start, u64 end)
{
	struct frame *frame;

	while ((frame = pagetree_next(&obj->tree, &start)) && start < end) {
		(void)pagetree_remove(&obj->tree, &tree_ops, start);
		drop_page(obj, frame);
	}
}

void vmobject_put(struct vmobject *obj)
{
	if (!refcount_put(&obj->refs))
		return;
	drop_pages(obj, 0, ~0ull);
	if (obj->ops && obj->ops->release)
		obj->ops->release(obj);
	slab_free(object_cache, obj);
}

/* ---- Pages -------------------------------------------------------------- */

static __noinline struct frame *alloc_by_policy(struct vmobject *obj, u64 index)
{
	struct mempolicy policy = obj->policy;

	if (!policy.mode)
		policy = mempolicy_current(&index);
	return mempolicy_alloc(policy, index, 0, MEM_ZERO, pmm_alloc);
}

/* A frame with the content of page @index. */
static int make_page(struct vmobject *obj, u64 index, struct frame **out)
{
	if (obj->ops && obj->ops->fill)
		return obj->ops->fill(obj, index, out);
	*out = mempolicy_used() ? alloc_by_policy(obj, index) : pmm_alloc(0, MEM_ZERO, NODE_ANY);
	return *out ? 0 : -ENOMEM;
}

static int supply(struct vmobject *obj, u64 index, struct frame **out)
{
	struct frame *frame;
	int err = charge(obj);

	if (err)
		return err;
	err = make_page(obj, index, &frame);
	if (err)
		goto err_charge;
	err = pagetree_set(&obj->tree, &tree_ops, index, frame);
	if (err)
		goto err_frame;
	frame->owner = obj;
	frame->index = index;
	(void)atomic_fetch_or(&frame->flags, (u16)FRAME_CACHE);
	pmm_account(frame, PMM_CACHE, 1);
	obj->nr_pages++;
	*out = frame;
	return 0;

err_frame:
	frame_put(frame);
err_charge:
	uncharge(obj);
	return err;
}

static inline int page_locked(struct vmobject *obj, u64 index, bool create, struct frame **out)
{
	struct frame *frame;

	if (obj->flags & (VMOBJECT_REVOKED | VMOBJECT_DEVICE))
		return -EFAULT;
	if (!(obj->flags & VMOBJECT_NO_LIMIT) && index >= (obj->size + PAGE_SIZE - 1) >> PAGE_SHIFT)
		return -EFAULT;
	frame = pagetree_get(&obj->tree, index);
	if (!frame && create) {
		int err = supply(obj, index, &frame);

		if (err)
			return err;
	}
	if (frame)
		frame_get(frame);
	*out = frame;
	return 0;
}

int vmobject_page(struct vmobject *obj, u64 index, bool create, struct frame **out)
{
	int err;

	mutex_lock(&obj->lock);
	err = page_locked(obj, index, create, out);
	mutex_unlock(&obj->lock);
	return err;
}

u32 vmobject_present(struct vmobject *obj, u64 index, u32 n, struct frame **out)
{
	u32 found = 0;

	mutex_lock(&obj->lock);
	for (u32 i = 0; i < n; i++) {
		if (page_locked(obj, index + i, false, &out[i]))
			out[i] = NULL;
		found += out[i] != NULL;
	}
	mutex_unlock(&obj->lock);
	return found;
}

/* ---- Reading and writing ------------------------------------------------ */

#define GATHER 16u /* pages looked up in one hold of the lock */

/* One piece of a transfer: within one page, @buf user or kernel memory. */
struct piece {
	char *mem; /* NULL: a hole */
	u64 buf, len;
};

/* Return: bytes not copied. */
static __always_inline size_t copy_piece(const struct piece *p, bool user, bool write)
{
	void *kbuf = (void *)p->buf;
	void __user *ubuf = (void __user *)p->buf;

	if (user && write)
		return user_copy_in(p->mem, ubuf, p->len);
	if (user)
		return p->mem ? user_copy_out(ubuf, p->mem, p->len) : user_clear(ubuf, p->len);
	if (write)
		memcpy(p->mem, kbuf, p->len);
	else if (p->mem)
		memcpy(kbuf, p->mem, p->len);
	else
		memset(kbuf, 0, p->len);
	return 0;
}

/* Up to @n pages from @index on that are there, side by side in the tree, each with
 * a reference. Return: how many. */
static inline u32 gather_present(struct vmobject *obj, u64 index, u32 n, struct frame **out)
{
	u32 found = 0, run;
	void *const *slot = pagetree_run(&obj->tree, index, &run);

	if (unlikely(!slot || obj->flags & (VMOBJECT_REVOKED | VMOBJECT_DEVICE)))
		return 0;
	for (n = MIN(n, run); found < n && slot[found]; found++) {
		out[found] = slot[found];
		frame_get(out[found]);
	}
	return found;
}

/* Up to @n pages from @index on, each with a reference; a hole is NULL and alone.
 * Return: how many; -errno of the first. Nothing past the size is in the tree. */
static inline int gather(struct vmobject *obj, u64 index, u32 n, bool create, struct frame **out)
{
	int err = 0;
	u32 found;

	mutex_lock(&obj->lock);
	found = gather_present(obj, index, n, out);
	if (unlikely(!found)) {
		err = page_locked(obj, index, create, out);
		found = 1;
	}
	mutex_unlock(&obj->lock);
	return unlikely(err) ? err : (int)found;
}

/* Bytes [off, off+len) of @frame's page, whose reference goes. Return: how many. */
static __always_inline size_t copy_page(struct frame *frame, u64 in_page, u64 buf, size_t len,
					bool user, bool write)
{
	struct piece p = { .mem = NULL, .buf = buf, .len = len };
	size_t left;

	if (!write && unlikely(!frame)) /* a hole, which only reading finds */
		return len - copy_piece(&p, user, write);
	p.mem = (char *)frame_to_virt(frame) + in_page;
	left = copy_piece(&p, user, write);
	if (write && left < len)
		(void)atomic_fetch_or(&frame->flags, (u16)FRAME_DIRTY);
	frame_put(frame);
	return len - left;
}

/* Bytes [off, off+len) lie in the @n pages @frames, whose references go; of more
 * than one none is a hole. Return: bytes copied. */
static __always_inline size_t copy_pages(struct frame **frames, u32 n, u64 off, u64 buf, size_t len,
				bool user, bool write)
{
	u64 in_page = off & (PAGE_SIZE - 1);
	size_t done = 0;
	u32 i = 0;

	do {
		size_t part = MIN(len - done, PAGE_SIZE - in_page);
		size_t copied = copy_page(frames[i++], in_page, buf + done, part, user, write);

		done += copied;
		if (unlikely(copied < part)) {
			while (i < n)
				frame_put(frames[i++]);
			break;
		}
		in_page = 0;
	} while (i < n);
	return done;
}

static __always_inline long transfer_page(struct vmobject *obj, u64 off, u64 buf, size_t len,
					bool user, bool write)
{
	u64 index = off >> PAGE_SHIFT;
	struct frame *frame;
	size_t copied;

	mutex_lock(&obj->lock);
	frame = pagetree_get(&obj->tree, index);
	if (likely(frame && !(obj->flags & (VMOBJECT_REVOKED | VMOBJECT_DEVICE)))) {
		frame_get(frame);
	} else {
		int err = page_locked(obj, index, write, &frame);

		if (unlikely(err)) {
			mutex_unlock(&obj->lock);
			return err == -EFAULT ? 0 : err; /* truncated meanwhile */
		}
	}
	mutex_unlock(&obj->lock);
	copied = copy_page(frame, off & (PAGE_SIZE - 1), buf, len, user, write);
	return likely(copied) ? (long)copied : -EFAULT;
}

static __always_inline long transfer_pages(struct vmobject *obj, u64 off, u64 buf, size_t len,
				      bool user, bool write)
{
	size_t done = 0;

	while (done < len) {
		struct frame *frames[GATHER];
		u64 at = off + done, first = at >> PAGE_SHIFT;
		u64 last = (off + len - 1) >> PAGE_SHIFT;
		int n = gather(obj, first, (u32)MIN(last - first + 1, (u64)GATHER), write, frames);
		size_t want, copied;

		if (unlikely(n < 0)) /* -EFAULT: truncated meanwhile */
			return done || n == -EFAULT ? (long)done : n;
		want = MIN(len - done, (first + (u32)n) * PAGE_SIZE - at);
		copied = copy_pages(frames, (u32)n, at, buf + done, want, user, write);
		done += copied;
		if (unlikely(copied < want))
			return done ? (long)done : -EFAULT;
	}
	return (long)done;
}

/* In line, so that each of the four below has only what it needs. */
static __always_inline long transfer(struct vmobject *obj, u64 off, u64 buf, size_t len, bool user,
				   bool write)
{
	u64 size = atomic_load_relaxed(&obj->size);

	if (unlikely(off >= size || !len))
		return 0;
	len = MIN((u64)len, size - off);
	if ((off & (PAGE_SIZE - 1)) + len <= PAGE_SIZE)
		return transfer_page(obj, off, buf, len, user, write);
	return transfer_pages(obj, off, buf, len, user, write);
}

long vmobject_read(struct vmobject *obj, u64 off, void __user *buf, size_t len)
{
	return transfer(obj, off, (u64)buf, len, true, false);
}

long vmobject_write(struct vmobject *obj, u64 off, const void __user *buf, size_t len)
{
	return transfer(obj, off, (u64)buf, len, true, true);
}

long vmobject_read_kernel(struct vmobject *obj, u64 off, void *buf, size_t len)
{
	return transfer(obj, off, (u64)buf, len, false, false);
}

long vmobject_write_kernel(struct vmobject *obj, u64 off, const void *buf, size_t len)
{
	return transfer(obj, off, (u64)buf, len, false, true);
}

/* ---- Taking pages away -------------------------------------------------- */

/* A region of a live space that this pass has not seen, as its space with a
 * reference; NULL: none left. */
static struct aspace *next_space(struct vmobject *obj, u32 pass)
{
	struct aspace *as = NULL;
	struct region *r;

	mutex_lock(&obj->lock);
	LIST_FOR_EACH(r, &obj->mappings, object_link) {
		if (r->pass == pass)
			continue;
		r->pass = pass;
		/* A dying space unmaps itself. */
		if (refcount_get_unless_zero(&r->as->refs)) {
			as = r->as;
			break;
		}
	}
	mutex_unlock(&obj->lock);
	return as;
}

/* No mapping shows pages of bytes [start, end) of @obj any more. @copies: private
 * copies of them go as well, as truncation wants. */
static void unmap_everywhere(struct vmobject *obj, u64 start, u64 end, bool copies)
{
	struct aspace *as;
	u32 pass;

	mutex_lock(&obj->lock);
	pass = ++obj->pass;
	mutex_unlock(&obj->lock);
	while ((as = next_space(obj, pass))) {
		aspace_unmap_object(as, obj, start, end, copies);
		aspace_put(as);
	}
}

/* Clear [from, to) bytes of the page they are in, if the object holds it. */
static void clear_part(struct vmobject *obj, u64 from, u64 to)
{
	struct frame *frame = pagetree_get(&obj->tree, from >> PAGE_SHIFT);

	if (frame && from < to) {
		memset((char *)frame_to_virt(frame) + (from & (PAGE_SIZE - 1)), 0, to - from);
		(void)atomic_fetch_or(&frame->flags, (u16)FRAME_DIRTY);
	}
}

void vmobject_resize(struct vmobject *obj, u64 size)
{
	u64 old, first = ALIGN_UP(size, PAGE_SIZE);
	bool mapped;

	mutex_lock(&obj->lock);
	old = obj->size;
	atomic_store_relaxed(&obj->size, size);
	mapped = !list_empty(&obj->mappings);
	mutex_unlock(&obj->lock);
	if (size >= old)
		return;
	if (mapped)
		unmap_everywhere(obj, first, ~0ull, true);
	mutex_lock(&obj->lock);
	drop_pages(obj, first >> PAGE_SHIFT, ~0ull);
	clear_part(obj, size, first);
	mutex_unlock(&obj->lock);
}

void vmobject_punch(struct vmobject *obj, u64 start, u64 end)
{
	u64 first = ALIGN_UP(start, PAGE_SIZE), last = ALIGN_DOWN(end, PAGE_SIZE);
	bool mapped;

	if (start >= end)
		return;
	mutex_lock(&obj->lock);
	mapped = first < last && !list_empty(&obj->mappings);
	mutex_unlock(&obj->lock);
	if (mapped)
		unmap_everywhere(obj, first, last, false);
	mutex_lock(&obj->lock);
	if (first > last) { /* within one page */
		clear_part(obj, start, end);
	} else {
		clear_part(obj, start, first);
		drop_pages(obj, first >> PAGE_SHIFT, last >> PAGE_SHIFT);
		clear_part(obj, last, end);
	}
	mutex_unlock(&obj->lock);
	if (mapped) /* what was faulted in between the two */
		unmap_everywhere(obj, first, last, false);
}

void vmobject_revoke(struct vmobject *obj)
{
	mutex_lock(&obj->lock);
	obj->flags |= VMOBJECT_REVOKED;
	mutex_unlock(&obj->lock);
	unmap_everywhere(obj, 0, ~0ull, true);
}

void vmobject_set_policy(struct vmobject *obj, struct mempolicy policy)
{
	mutex_lock(&obj->lock);
	obj->policy = policy;
	mutex_unlock(&obj->lock);
}

/* Nobody but the tree has the page of @index: a copy takes its place. */
static int move_page_locked(struct vmobject *obj, u64 index, node_t node)
{
	struct frame *frame = pagetree_get(&obj->tree, index), *new;

	if (!frame)
		return -ENOENT;
	if (frame_node(frame) == node)
		return (int)node;
	if (frame_refs(frame) != 1)
		return -EBUSY;
	new = pmm_alloc(0, MEM_TRY | MEM_NODE_ONLY, node);
	if (!new)
		return -ENOMEM;
	page_copy(frame_to_virt(new), frame_to_virt(frame));
	new->owner = obj;
	new->index = index;
	new->flags = frame->flags & (FRAME_CACHE | FRAME_DIRTY);
	pagetree_replace(&obj->tree, index, new);
	pmm_account(new, PMM_CACHE, 1);
	pmm_account(frame, PMM_CACHE, -1);
	(void)atomic_fetch_and(&frame->flags, (u16)~(FRAME_CACHE | FRAME_DIRTY));
	frame_put(frame);
	return (int)node;
}

int vmobject_migrate(struct vmobject *obj, u64 index, node_t node)
{
	int ret;

	mutex_lock(&obj->lock);
	ret = -ENOENT;
	if (!(obj->flags & (VMOBJECT_REVOKED | VMOBJECT_DEVICE)) &&
	    pagetree_get(&obj->tree, index))
		ret = 0;
	mutex_unlock(&obj->lock);
	if (ret)
		return ret;
	/* Mappings hold references, and so does who copies from or to it. */
	unmap_everywhere(obj, index << PAGE_SHIFT, (index + 1) << PAGE_SHIFT, false);
	mutex_lock(&obj->lock);
	ret = move_page_locked(obj, index, node);
	mutex_unlock(&obj->lock);
	return ret;
}

bool vmobject_seal(struct vmobject *obj)
{
	bool busy = false;
	struct region *r;

	mutex_lock(&obj->lock);
	LIST_FOR_EACH(r, &obj->mappings, object_link)
		busy |= (r->flags & REGION_SHARED) && (r->max_prot & PROT_WRITE);
	if (!busy)
		obj->flags |= VMOBJECT_SEALED;
	mutex_unlock(&obj->lock);
	return !busy;
}

u64 vmobject_seek(struct vmobject *obj, u64 off, bool hole)
{
	u64 index = off >> PAGE_SHIFT, at, size;

	mutex_lock(&obj->lock);
	size = obj->size;
	if (!hole) {
		at = index;
		at = pagetree_next(&obj->tree, &at) ? at << PAGE_SHIFT : size;
	} else {
		while (index << PAGE_SHIFT < size && pagetree_get(&obj->tree, index))
			index++;
		at = index << PAGE_SHIFT;
	}
	mutex_unlock(&obj->lock);
	return MIN(MAX(at, off), size);
}
