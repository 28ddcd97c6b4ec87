/* SPDX-License-Identifier: MIT */
/*
 * The KVA window: addresses from an arena, each range followed by an unmapped
 * page, so that running past an end faults. Stacks also have one below: the
 * guard of the range before, or the window's first page.
 *
 * Thread stacks are recycled mapped, per CPU and then on a common list linked
 * through their lowest word: a fork does no page-table work. The common list
 * is emptied by pmm_drain().
 *
 * Nodes of the arena come from pages that are never given back: how many there are
 * depends on fragmentation, and slab counts are for finding leaks.
 *
 * Locks: kva_lock (KVA, irq-safe) around the arena and the lists; page tables have
 * their own below, in arch.
 */
#include <mm/kva.h>

#include <arch/irq.h>
#include <arch/mmu.h>
#include <arch/percpu.h>
#include <kernel/core/panic.h>
#include <kernel/core/spinlock.h>
#include <mm/arena.h>
#include <mm/pmm.h>

#define CPU_STACKS 8u
#define STACK_PAGES (KSTACK_SIZE / PAGE_SIZE)

struct kstack_cache {
	u32 n;
	vaddr_t stacks[CPU_STACKS];
};
static DEFINE_PERCPU(struct kstack_cache, kstack_cache);

static struct spinlock kva_lock = SPINLOCK_INIT(RANK_KVA, "kva");
static struct arena arena;           /* [kva_lock] */
static vaddr_t spare_stacks;         /* [kva_lock] list; 0 ends it */
static struct arena_node first_node;
static struct arena_node *spare_nodes; /* [kva_lock] chain */

void kva_init(void)
{
	arena_init(&arena, &first_node, KVA_BASE + PAGE_SIZE, KVA_END - KVA_BASE - PAGE_SIZE);
}

static void free_nodes_locked(struct arena_node *node)
{
	while (node) {
		struct arena_node *next = node->next;

		node->next = spare_nodes;
		spare_nodes = node;
		node = next;
	}
}

/* False: no memory. */
static bool more_nodes(void)
{
	struct arena_node *nodes = pmm_alloc_page(0);
	irqflags_t flags;

	if (!nodes)
		return false;
	flags = spin_lock_irq(&kva_lock);
	for (u32 i = 0; i < PAGE_SIZE / sizeof(*nodes); i++) {
		nodes[i].next = NULL;
		free_nodes_locked(&nodes[i]);
	}
	spin_unlock_irq(&kva_lock, flags);
	return true;
}

/* @len bytes of addresses and a guard page behind; 0: none. */
static vaddr_t range_alloc(u64 len)
{
	struct arena_node *node;
	irqflags_t flags;
	vaddr_t va;

	flags = spin_lock_irq(&kva_lock);
	while (!spare_nodes) {
		spin_unlock_irq(&kva_lock, flags);
		if (!more_nodes())
			return 0;
		flags = spin_lock_irq(&kva_lock);
	}
	node = spare_nodes;
	spare_nodes = node->next;
	node->next = NULL;
	va = arena_alloc(&arena, node, len + PAGE_SIZE);
	if (!va)
		free_nodes_locked(node);
	spin_unlock_irq(&kva_lock, flags);
	return va;
}

static u64 range_len(vaddr_t va)
{
	irqflags_t flags = spin_lock_irq(&kva_lock);
	u64 len = arena_used_len(&arena, va);

	spin_unlock_irq(&kva_lock, flags);
	PANIC_ON(!len, "kva: %p is not an address given out", (void *)va);
	return len - PAGE_SIZE;
}

static void range_free(vaddr_t va)
{
	irqflags_t flags = spin_lock_irq(&kva_lock);

	free_nodes_locked(arena_free(&arena, va));
	spin_unlock_irq(&kva_lock, flags);
}

/* Take the frames of [va, va + len) out of the map and free them. */
static void unmap_frames(vaddr_t va, u64 len)
{
	struct list_head frames = LIST_HEAD_INIT(frames);
	struct list_head *link;

	for (u64 off = 0; off < len; off += PAGE_SIZE) {
		struct mmu_entry entry;

		if (mmu_query_kernel(va + off, &entry))
			list_add(&frame_of(entry.pfn)->link, &frames);
	}
	mmu_unmap_kernel(va, len);
	while ((link = list_pop(&frames)))
		pmm_free(LIST_ENTRY(link, struct frame, link), 0);
}

/* Frames for [va, va + len), entered. False: no memory, nothing entered. */
static bool map_frames(vaddr_t va, u64 len, unsigned flags, node_t node)
{
	for (u64 off = 0; off < len; off += PAGE_SIZE) {
		struct frame *frame = pmm_alloc(0, flags, node);

		if (frame && !mmu_map_kernel(va + off, frame_to_pfn(frame) << PAGE_SHIFT, PAGE_SIZE,
					     MMU_READ | MMU_WRITE))
			continue;
		if (frame)
			pmm_free(frame, 0);
		if (off)
			unmap_frames(va, off);
		return false;
	}
	return true;
}

/* ---- Stacks ------------------------------------------------------------- */

static vaddr_t spare_pop(void)
{
	irqflags_t flags;
	vaddr_t stack;

	if (!atomic_load_relaxed(&spare_stacks))
		return 0;
	flags = spin_lock_irq(&kva_lock);
	stack = spare_stacks;
	if (stack)
		spare_stacks = *(vaddr_t *)stack;
	spin_unlock_irq(&kva_lock, flags);
	return stack;
}

static void spare_push(vaddr_t stack)
{
	irqflags_t flags = spin_lock_irq(&kva_lock);

	*(vaddr_t *)stack = spare_stacks;
	spare_stacks = stack;
	spin_unlock_irq(&kva_lock, flags);
}

vaddr_t kstack_alloc(node_t node)
{
	irqflags_t flags = irq_save();
	struct kstack_cache *cache = percpu_ptr(kstack_cache);
	vaddr_t stack = cache->n ? cache->stacks[--cache->n] : 0;

	irq_restore(flags);
	if (!stack)
		stack = spare_pop();
	if (stack)
		return stack;
	stack = range_alloc(KSTACK_SIZE);
	if (stack && !map_frames(stack, KSTACK_SIZE, 0, node)) {
		range_free(stack);
		return 0;
	}
	return stack;
}

void kstack_free(vaddr_t stack)
{
	irqflags_t flags = irq_save();
	struct kstack_cache *cache = percpu_ptr(kstack_cache);

	if (cache->n < CPU_STACKS)
		cache->stacks[cache->n++] = stack;
	else
		spare_push(stack);
	irq_restore(flags);
}

void kstack_drain_cpu(void)
{
	struct kstack_cache *cache = percpu_ptr(kstack_cache);

	while (cache->n)
		spare_push(cache->stacks[--cache->n]);
}

void kstack_drain_finish(void)
{
	vaddr_t stack;

	while ((stack = spare_pop())) {
		unmap_frames(stack, KSTACK_SIZE);
		range_free(stack);
	}
}

/* ---- Devices and large buffers ------------------------------------------ */

void *kva_map_device(paddr_t pa, u64 len)
{
	u64 off = pa & (PAGE_SIZE - 1);
	u64 size = ALIGN_UP(off + len, PAGE_SIZE);
	vaddr_t va;

	if (!len || size < len)
		return NULL;
	va = range_alloc(size);
	if (!va)
		return NULL;
	if (mmu_map_kernel(va, pa - off, size, MMU_READ | MMU_WRITE | MMU_DEVICE)) {
		range_free(va);
		return NULL;
	}
	return (void *)(va + off);
}

void kva_unmap_device(void *va, u64 len)
{
	vaddr_t start = ALIGN_DOWN((vaddr_t)va, PAGE_SIZE);

	mmu_unmap_kernel(start, ALIGN_UP((vaddr_t)va + len, PAGE_SIZE) - start);
	range_free(start);
}

void *vmalloc(size_t size)
{
	u64 len = ALIGN_UP((u64)size, PAGE_SIZE);
	vaddr_t va;

	if (!size || len < size)
		return NULL;
	va = range_alloc(len);
	if (va && !map_frames(va, len, MEM_ZERO, NODE_ANY)) {
		range_free(va);
		return NULL;
	}
	return (void *)va;
}

void vfree(void *ptr)
{
	vaddr_t va = (vaddr_t)ptr;

	if (!ptr)
		return;
	unmap_frames(va, range_len(va));
	range_free(va);
}
