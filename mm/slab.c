/* SPDX-License-Identifier: MIT */
/*
 * Object caches.
 *
 *   per CPU    list of free objects, of any slab    push and pop, interrupts off
 *      | batch
 *   per node   slabs with free objects ("partial")  node->lock
 *      | slab
 *   pmm        2^order frames: | struct slab | object | object | ... |
 *
 * Every frame of a slab has FRAME_SLAB and owner = the struct slab, so an
 * object finds its slab, and kfree() its cache. A slab with no live object goes
 * back to pmm, but for one per node that is kept for the next allocation.
 *
 * Debug builds lay objects out as
 *
 *   | object, poisoned while free | red zone | link |
 *
 * and check poison on allocation, the red zone on free: a write after free or
 * past the end, and a second free, are found at the next call.
 *
 * Locks: node->lock (SLAB, irq-safe) -> zone lock (ZONE), in pmm.
 */
#include <mm/slab.h>

#include <arch/irq.h>
#include <arch/percpu.h>
#include <kernel/core/faultinject.h>
#include <kernel/core/kasan.h>
#include <kernel/core/spinlock.h>
#include <kernel/lib/string.h>
#include <mm/numa.h>

#include "slab_priv.h"

#define SLAB_MAX_CACHES 96u
#define POISON_FREE 0x6b
#define ZONE_LIVE   0x5ca1ab1e0badf00dull
#define ZONE_FREE   0xdeadbeef5ca1ab1eull
#define REDZONE     (CONFIG_DEBUG ? 16u : 0u) /* red zone and link word */

/* Lock key: n node->lock. Lives at the start of its frames. */
struct slab {
	struct slab_cache *cache; /* [n] immutable while live */
	struct list_head link;    /* [n] node->partial while it has free objects */
	void *free;               /* [n] first free object */
	u32 inuse;                /* [n] objects handed out, per-CPU lists included */
	node_t node;              /* [n] immutable */
};

struct slab_node {
	struct spinlock lock;     /* RANK_SLAB, irq-safe */
	struct list_head partial; /* [n] slabs with a free object */
	u64 inuse;                /* [n] objects handed out */
	u64 slabs;                /* [n] */
	u32 empty;                /* [n] slabs of partial with inuse == 0 */
};

/* Lock key: i immutable after slab_create(). */
struct slab_cache {
	const char *name; /* [i] */
	u32 size;         /* [i] of an object as asked for */
	u32 stride;       /* [i] from one object to the next */
	u32 first;        /* [i] offset of the first object */
	u32 link;         /* [i] offset in a free object of the pointer to the next */
	u32 per_slab;     /* [i] */
	u32 order;        /* [i] */
	u32 index;        /* [i] in slab_caches and in each CPU's table */
	u32 batch;        /* [i] objects moved at a time */
	struct slab_node node[NR_NODES];
};

/* Own CPU, interrupts off. */
struct slab_cpu {
	void *free; /* first of the list, next to be handed out */
	void *last; /* kasan build: its end */
	u32 n;
};
struct slab_cpus {
	struct slab_cpu c[SLAB_MAX_CACHES];
};
static DEFINE_PERCPU(struct slab_cpus, slab_cpus);

static struct slab_cache slab_caches[SLAB_MAX_CACHES];
static u32 nr_caches; /* [create_lock], read by anyone */
static struct spinlock create_lock = SPINLOCK_INIT(RANK_SLAB, "slab_create");

static inline void **link_of(const struct slab_cache *cache, void *object)
{
	return (void **)(void *)((char *)object + cache->link);
}

static inline u64 *zone_of(const struct slab_cache *cache, void *object)
{
	return (u64 *)(void *)((char *)object + cache->link - sizeof(u64));
}

static inline struct slab *slab_of(const void *object)
{
	return virt_to_frame(object)->owner;
}

/* ---- Debug layout ------------------------------------------------------- */

static void debug_freed(struct slab_cache *cache, void *object)
{
	if (CONFIG_KASAN)
		return; /* the shadow does the same, at once */
	memset(object, POISON_FREE, cache->size);
	*zone_of(cache, object) = ZONE_FREE;
}

static void debug_alloc(struct slab_cache *cache, void *object)
{
	const u8 *byte = object;

	if (CONFIG_KASAN)
		return;
	for (u32 i = 0; i < cache->size; i++)
		if (unlikely(byte[i] != POISON_FREE)) {
			bug_report("slab: %s object %p was written to at offset %u while free",
				   cache->name, object, i);
			break;
		}
	if (*zone_of(cache, object) != ZONE_FREE)
		bug_report("slab: %s object %p: red zone overwritten while free", cache->name,
			   object);
	*zone_of(cache, object) = ZONE_LIVE;
}

/* False: do not put it on a list. */
static bool debug_free(struct slab_cache *cache, void *object)
{
	struct frame *frame = virt_to_frame(object);
	u64 zone;

	if (!(frame->flags & FRAME_SLAB) || slab_of(object)->cache != cache) {
		bug_report("slab: %p freed to %s is not of that cache", object, cache->name);
		return false;
	}
	if (CONFIG_KASAN)
		return !kasan_freed_twice(object);
	zone = *zone_of(cache, object);
	if (zone == ZONE_FREE) {
		bug_report("slab: %s object %p freed twice", cache->name, object);
		return false;
	}
	if (zone != ZONE_LIVE)
		bug_report("slab: %s object %p was written to past its end", cache->name, object);
	debug_freed(cache, object);
	return true;
}

/* ---- Slabs -------------------------------------------------------------- */

static struct slab *slab_grow(struct slab_cache *cache, unsigned flags, node_t node)
{
	struct frame *frame = pmm_alloc(cache->order, flags & ~MEM_ZERO, node);
	struct slab *slab;
	char *object;

	if (!frame)
		return NULL;
	slab = frame_to_virt(frame);
	*slab = (struct slab){ .cache = cache, .node = frame->zone / 4u };
	for (u32 i = 0; i < 1u << cache->order; i++) {
		frame[i].owner = slab;
		frame[i].flags |= FRAME_SLAB;
	}
	pmm_account(frame, PMM_SLAB, 1 << cache->order);
	/* Linked in reverse, so that the first object is handed out first. */
	object = (char *)slab + cache->first + cache->per_slab * cache->stride;
	for (u32 i = 0; i < cache->per_slab; i++) {
		object -= cache->stride;
		if (CONFIG_DEBUG)
			debug_freed(cache, object);
		*link_of(cache, object) = slab->free;
		slab->free = object;
		kasan_poison(object, cache->size, KASAN_FREED);
		if (CONFIG_DEBUG) /* the red zone; the link behind it stays ours */
			kasan_poison(object + cache->size, 8, KASAN_REDZONE);
	}
	return slab;
}

static void slab_release(struct slab *slab)
{
	struct frame *frame = virt_to_frame(slab);
	u32 order = slab->cache->order;

	for (u32 i = 1; i < 1u << order; i++)
		frame[i].flags = FRAME_TAIL;
	frame->flags = 0;
	pmm_account(frame, PMM_SLAB, -(1 << order));
	pmm_free(frame, order);
}

/* One object back to its slab. Return: the slab, if it is to be released. */
static struct slab *put_object(struct slab_node *node, struct slab *slab, void *object)
{
	struct slab_cache *cache = slab->cache;

	if (!slab->free)
		list_add(&slab->link, &node->partial);
	*link_of(cache, object) = slab->free;
	slab->free = object;
	node->inuse--;
	if (--slab->inuse)
		return NULL;
	if (!node->empty) {
		node->empty = 1;
		list_move_tail(&slab->link, &node->partial);
		return NULL;
	}
	list_del(&slab->link);
	node->slabs--;
	return slab;
}

/*
 * The youngest is handed out first, being warm; in the kasan build last, so
 * that who still uses it meets its poison and not its next owner.
 */
static inline void push_free(struct slab_cache *cache, struct slab_cpu *c, void *object)
{
	if (CONFIG_KASAN && c->free) {
		*link_of(cache, object) = NULL;
		*link_of(cache, c->last) = object;
	} else {
		*link_of(cache, object) = c->free;
		c->free = object;
	}
	c->last = object;
	c->n++;
}

/* The first @n objects of this CPU's list go back to their slabs. */
static void flush(struct slab_cache *cache, struct slab_cpu *c, u32 n)
{
	while (n-- && c->free) {
		void *object = c->free;
		struct slab *slab = slab_of(object), *dead;
		struct slab_node *node = &cache->node[slab->node];

		c->free = *link_of(cache, object);
		c->n--;
		spin_lock(&node->lock);
		dead = put_object(node, slab, object);
		spin_unlock(&node->lock);
		if (dead)
			slab_release(dead);
	}
}

/* Up to a batch from the node's slabs into this CPU's list. */
static void take_batch(struct slab_cache *cache, struct slab_node *node, struct slab_cpu *c)
{
	spin_lock(&node->lock);
	while (c->n < cache->batch && !list_empty(&node->partial)) {
		struct slab *slab = LIST_ENTRY(node->partial.next, struct slab, link);
		void *object = slab->free;

		if (!slab->inuse)
			node->empty--;
		slab->free = *link_of(cache, object);
		slab->inuse++;
		node->inuse++;
		if (!slab->free)
			list_del(&slab->link);
		push_free(cache, c, object);
	}
	spin_unlock(&node->lock);
}

/* This CPU's list is empty: fill it. Interrupts off; may be on for a while. */
static void *alloc_slow(struct slab_cache *cache, unsigned flags, irqflags_t irq)
{
	node_t local = this_cpu()->node;
	struct slab_cpu *c = &percpu_ptr(slab_cpus)->c[cache->index];
	struct slab_node *node = &cache->node[local];
	struct slab *slab;
	void *object;

	take_batch(cache, node, c);
	/* Once listed, a fresh slab is anybody's: other CPUs may empty it before us. */
	while (!c->free) {
		irq_restore(irq);
		slab = slab_grow(cache, flags, local);
		(void)irq_save();
		if (!slab)
			return NULL;
		c = &percpu_ptr(slab_cpus)->c[cache->index];
		node = &cache->node[slab->node];
		spin_lock(&node->lock);
		list_add(&slab->link, &node->partial);
		node->slabs++;
		node->empty++;
		spin_unlock(&node->lock);
		take_batch(cache, node, c);
	}
	object = c->free;
	c->free = *link_of(cache, object);
	c->n--;
	return object;
}

void *slab_alloc(struct slab_cache *cache, unsigned flags)
{
	irqflags_t irq;
	struct slab_cpu *c;
	void *object;

	if (faultinject_should_fail())
		return NULL;
	irq = irq_save();
	c = &percpu_ptr(slab_cpus)->c[cache->index];
	object = c->free;
	if (likely(object)) {
		c->free = *link_of(cache, object);
		c->n--;
	} else {
		object = alloc_slow(cache, flags, irq);
	}
	irq_restore(irq);
	if (unlikely(!object))
		return NULL;
	kasan_unpoison(object, cache->size);
	if (CONFIG_DEBUG)
		debug_alloc(cache, object);
	if (flags & MEM_ZERO)
		memset(object, 0, cache->size);
	return object;
}

void slab_free(struct slab_cache *cache, void *object)
{
	irqflags_t irq;
	struct slab_cpu *c;

	if (CONFIG_DEBUG && !debug_free(cache, object))
		return;
	kasan_poison(object, cache->size, KASAN_FREED);
	irq = irq_save();
	c = &percpu_ptr(slab_cpus)->c[cache->index];
	push_free(cache, c, object);
	if (unlikely(c->n > 2 * cache->batch))
		flush(cache, c, cache->batch);
	irq_restore(irq);
}

void slab_free_object(const void *object)
{
	void *mutable = (void *)(uintptr_t)object;

	slab_free(slab_of(object)->cache, mutable);
}

u32 slab_object_size(const void *object)
{
	return slab_of(object)->cache->size;
}

/* ---- Caches ------------------------------------------------------------- */

/* The smallest order that wastes at most an eighth, at most 32 KiB. */
static u32 choose_order(u32 first, u32 stride)
{
	for (u32 order = 0; order < 3; order++) {
		u32 bytes = (u32)PAGE_SIZE << order;
		u32 n = bytes > first ? (bytes - first) / stride : 0;

		if (n >= 4 && bytes - first - n * stride <= bytes / 8)
			return order;
	}
	return 3;
}

struct slab_cache *slab_create(const char *name, size_t size, size_t align)
{
	irqflags_t irq = spin_lock_irq(&create_lock);
	struct slab_cache *cache = nr_caches < SLAB_MAX_CACHES ? &slab_caches[nr_caches] : NULL;

	align = MAX(align, sizeof(void *));
	size = ALIGN_UP(MAX(size, sizeof(void *)), sizeof(void *));
	if (cache && size <= PAGE_SIZE * 4) {
		cache->name = name;
		cache->size = (u32)size;
		cache->stride = (u32)ALIGN_UP(size + REDZONE, align);
		cache->first = (u32)ALIGN_UP(sizeof(struct slab), align);
		cache->link = CONFIG_DEBUG ? (u32)size + 8 : 0;
		cache->order = choose_order(cache->first, cache->stride);
		cache->per_slab = (u32)((PAGE_SIZE << cache->order) - cache->first) / cache->stride;
		cache->batch = size <= 256 ? 32 : size <= 1024 ? 16 : 6;
		cache->index = nr_caches;
		for (node_t n = 0; n < NR_NODES; n++) {
			spin_init(&cache->node[n].lock, RANK_SLAB, name);
			list_init(&cache->node[n].partial);
		}
		atomic_store_release(&nr_caches, nr_caches + 1);
	} else {
		cache = NULL;
	}
	spin_unlock_irq(&create_lock, irq);
	return cache;
}

void slab_drain_cpu(void)
{
	u32 n = atomic_load_acquire(&nr_caches);

	for (u32 i = 0; i < n; i++) {
		struct slab_cpu *c = &percpu_ptr(slab_cpus)->c[i];

		flush(&slab_caches[i], c, c->n);
	}
}

static void drop_empty(struct slab_node *node)
{
	irqflags_t irq = spin_lock_irq(&node->lock);
	struct slab *slab = NULL, *s;

	LIST_FOR_EACH(s, &node->partial, link)
		if (!s->inuse)
			slab = s;
	if (slab) { /* there is at most one */
		list_del(&slab->link);
		node->empty = 0;
		node->slabs--;
	}
	spin_unlock_irq(&node->lock, irq);
	if (slab)
		slab_release(slab);
}

void slab_drain_finish(void)
{
	u32 n = atomic_load_acquire(&nr_caches);

	for (u32 i = 0; i < n; i++)
		for (node_t node = 0; node < numa_node_count(); node++)
			if (atomic_load_relaxed(&slab_caches[i].node[node].empty))
				drop_empty(&slab_caches[i].node[node]);
}

static u64 cache_live(const struct slab_cache *cache)
{
	struct cpu *cpu;
	u64 live = 0;

	for (node_t node = 0; node < NR_NODES; node++)
		live += atomic_load_relaxed(&cache->node[node].inuse);
	FOR_EACH_CPU(cpu)
		live -= atomic_load_relaxed(&percpu_ptr_of(slab_cpus, cpu)->c[cache->index].n);
	return live;
}

u64 slab_live_objects(void)
{
	u32 n = atomic_load_acquire(&nr_caches);
	u64 live = 0;

	for (u32 i = 0; i < n; i++)
		live += cache_live(&slab_caches[i]);
	return live;
}

bool slab_info(u32 n, struct slab_info *out)
{
	const struct slab_cache *cache = &slab_caches[n];
	u64 slabs = 0;

	if (n >= atomic_load_acquire(&nr_caches))
		return false;
	for (node_t node = 0; node < NR_NODES; node++)
		slabs += atomic_load_relaxed(&cache->node[node].slabs);
	*out = (struct slab_info){
		.name = cache->name,
		.active = cache_live(cache),
		.total = slabs * cache->per_slab,
		.object_size = cache->size,
		.per_slab = cache->per_slab,
		.pages_per_slab = 1u << cache->order,
	};
	return true;
}

void slab_init(void)
{
	kmalloc_init();
}
