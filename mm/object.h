/* SPDX-License-Identifier: MIT */
/*
 * Memory objects: numbered pages that spaces map and that reads and writes go
 * through: tmpfs file contents, shared anonymous memory, files cached from a
 * server, ring memory, device ranges. Private anonymous memory has no object:
 * its frames are known by the page tables alone.
 *
 *   file / ring / shm  ->  struct vmobject  ->  frames by page index
 *                               ^   mappings list: every region that shows it
 *   region [va, end) -----------+   (truncation and revocation unmap through it)
 */
#pragma once

#include <kernel/core/mutex.h>
#include <kernel/core/refcount.h>
#include <kernel/lib/list.h>
#include <kernel/lib/types.h>
#include <mm/mempolicy.h>
#include <mm/pagetree.h>

struct frame;
struct vmobject;

struct vmobject_ops {
	/**
	 * fill - supply page @index, which the object does not hold yet
	 * Return: 0 and a frame with one reference in *out (the object takes
	 * it); -ENOMEM; -EIO. May sleep; obj->lock held. NULL: a zeroed frame.
	 */
	int (*fill)(struct vmobject *obj, u64 index, struct frame **out);
	/**
	 * charge - @pages more (fewer when negative, then it succeeds) are held
	 * Return: 0; -ENOSPC the owner's limit. obj->lock held. NULL: no limit.
	 */
	int (*charge)(struct vmobject *obj, s64 pages);
	/** release - the last reference is gone, pages are freed: owner's part */
	void (*release)(struct vmobject *obj);
};

enum vmobject_flags {
	VMOBJECT_NO_LIMIT = 1, /* size does not bound faults (none yet) */
	VMOBJECT_DEVICE = 2,   /* pages are [device_pa, +size), uncached, no frames */
	VMOBJECT_REVOKED = 4,  /* faults give SIGBUS */
	VMOBJECT_SEALED = 8,   /* no shared mapping of it may be written, now or later */
};

/* Lock key: i immutable, l obj->lock, m map_lock. */
struct vmobject {
	const struct vmobject_ops *ops; /* [i] NULL: anonymous shared memory */
	struct refcount refs;
	u32 flags;                      /* [l] */
	u64 size;                       /* [l] bytes; faults past the last page: SIGBUS */
	struct mutex lock;              /* RANK_OBJECT */
	struct pagetree tree;           /* [l] page index -> struct frame */
	u64 nr_pages;                   /* [l] held now */
	struct list_head mappings;      /* [l] regions, by region->object_link */
	paddr_t device_pa;              /* [i] */
	void *owner;                    /* [i] inode, channel, ... */
	u32 pass;                       /* [l] number of the last walk of mappings */
	struct mempolicy policy;        /* [l] of pages that are made */
};

/** vmobject_init - the caches behind objects; from aspace_init() */
void vmobject_init(void);

/** vmobject_create - empty; @size in bytes. NULL when out of memory. */
struct vmobject *vmobject_create(const struct vmobject_ops *ops, u64 size, void *owner);
/** vmobject_create_device - shows [@pa, @pa + @size), page-aligned, uncached */
struct vmobject *vmobject_create_device(paddr_t pa, u64 size, void *owner);
void vmobject_get(struct vmobject *obj);
void vmobject_put(struct vmobject *obj);

/** vmobject_page - page @index with a reference for the caller
 * @create: supply it when absent, else *out = NULL for a hole
 * Return: 0; -EFAULT past the end (SIGBUS for a fault); -ENOMEM; -ENOSPC; -EIO. Sleeps. */
__must_check int vmobject_page(struct vmobject *obj, u64 index, bool create, struct frame **out);

/** vmobject_present - those of @n pages from @index on that the object holds now,
 * each with a reference, else NULL; never sleeps for a page. Return: how many. */
u32 vmobject_present(struct vmobject *obj, u64 index, u32 n, struct frame **out);

/** vmobject_read/write - between the object and user memory; holes read as zero
 * @size bounds reads. Writes do not extend: the caller set the size first.
 * Return: bytes copied (short at the first fault); -EFAULT when none; -ENOMEM. */
__must_check long vmobject_read(struct vmobject *obj, u64 off, void __user *buf, size_t len);
__must_check long vmobject_write(struct vmobject *obj, u64 off, const void __user *buf, size_t len);
/** vmobject_read_kernel/write_kernel - the same with kernel memory */
__must_check long vmobject_read_kernel(struct vmobject *obj, u64 off, void *buf, size_t len);
__must_check long vmobject_write_kernel(struct vmobject *obj, u64 off, const void *buf, size_t len);

/** vmobject_resize - new size in bytes; shrinking frees pages past the end,
 * unmaps them everywhere and clears the rest of the last page. Resizes and
 * punches of one object are serialised by the caller (inode lock). */
void vmobject_resize(struct vmobject *obj, u64 size);

/** vmobject_punch - free whole pages in [start, end) bytes, clear parts */
void vmobject_punch(struct vmobject *obj, u64 start, u64 end);

/** vmobject_revoke - from now on faults give SIGBUS; all mappings are taken away */
void vmobject_revoke(struct vmobject *obj);

/** vmobject_set_policy - where pages made from now on come from */
void vmobject_set_policy(struct vmobject *obj, struct mempolicy policy);

/** vmobject_migrate - move page @index to @node, whoever shows it
 * Return: the node it is on then; -ENOENT no page; -EBUSY in use; -ENOMEM none there. */
__must_check int vmobject_migrate(struct vmobject *obj, u64 index, node_t node);

/** vmobject_seal - VMOBJECT_SEALED. Return: false: a shared mapping may write it. */
__must_check bool vmobject_seal(struct vmobject *obj);

/** vmobject_seek - offset of the next data (@hole false) or hole from @off on;
 * the size when there is none */
u64 vmobject_seek(struct vmobject *obj, u64 off, bool hole);
