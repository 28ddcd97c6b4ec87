/* SPDX-License-Identifier: MIT */
/*
 * Caches of objects of one size, per NUMA node with per-CPU free lists above.
 * Debug builds poison free objects and put red zones around live ones; the
 * kasan build marks their shadow.
 */
#pragma once

#include <kernel/lib/types.h>
#include <mm/pmm.h>

struct slab_cache;

/** slab_create - @align a power of two; NULL when out of memory.
 * Caches are static or live for ever; /proc/slabinfo lists them by @name. */
struct slab_cache *slab_create(const char *name, size_t size, size_t align);

/** slab_alloc - NULL when out of memory; flags MEM_ZERO, MEM_NOWAIT */
void *slab_alloc(struct slab_cache *cache, unsigned flags);
void slab_free(struct slab_cache *cache, void *object);

/** slab_live_objects - live in all caches and kmalloc sizes: leak checks */
u64 slab_live_objects(void);

struct slab_info {
	const char *name;
	u64 active, total, object_size, per_slab, pages_per_slab;
};
/** slab_info - of the n-th cache. Return: false past the last. */
bool slab_info(u32 n, struct slab_info *out);

void slab_init(void);

/** slab_drain_cpu - objects in this CPU's lists go back to their slabs.
 * Interrupts off. */
void slab_drain_cpu(void);
/** slab_drain_finish - give back every empty slab */
void slab_drain_finish(void);
