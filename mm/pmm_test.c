/* SPDX-License-Identifier: MIT */
/* Frames, slabs, kernel addresses: in the running kernel. */
#include <arch/atomic.h>
#include <arch/mmu.h>
#include <kernel/core/ktest.h>
#include <kernel/lib/string.h>
#include <kernel/sched/sched.h>
#include <kernel/task/thread.h>
#include <kernel/time/clock.h>
#include <mm/kmalloc.h>
#include <mm/kva.h>
#include <mm/numa.h>
#include <mm/pmm.h>
#include <mm/slab.h>

KTEST(pmm, orders)
{
	for (u32 order = 0; order <= PMM_MAX_ORDER; order++) {
		struct frame *frame = pmm_alloc(order, MEM_ZERO, NODE_ANY);
		const u64 *words;

		KREQUIRE(frame);
		KCHECK_EQ(frame_to_pfn(frame) & ((1u << order) - 1), 0);
		KCHECK_EQ(frame_refs(frame), 1);
		words = frame_to_virt(frame);
		for (u64 i = 0; i < (PAGE_SIZE << order) / 8; i += 61)
			KCHECK_EQ(words[i], 0);
		pmm_free(frame, order);
	}
	KCHECK(!pmm_alloc(PMM_MAX_ORDER + 1, 0, NODE_ANY));
}

KTEST(pmm, flags_and_references)
{
	struct frame *low = pmm_alloc(0, MEM_DMA, NODE_ANY);
	struct frame *dma32 = pmm_alloc(2, MEM_DMA32, NODE_ANY);

	KREQUIRE(low && dma32);
	KCHECK(frame_to_pfn(low) < (16u << 20) >> PAGE_SHIFT);
	KCHECK(frame_to_pfn(dma32) < (4ull << 30) >> PAGE_SHIFT);
	KCHECK(pfn_to_frame(frame_to_pfn(low)) == low);
	KCHECK(!pfn_to_frame(PHYS_MAX >> PAGE_SHIFT));
	frame_get(low);
	KCHECK_EQ(frame_refs(low), 2);
	frame_put(low);
	frame_put(low);
	frame_put(dma32);
}

/* Take everything there is; then failing is a NULL, and all comes back. */
KTEST(pmm, exhaustion)
{
	struct list_head all = LIST_HEAD_INIT(all);
	struct list_head *link;
	struct pmm_stats before, after;
	struct frame *frame;
	u64 n = 0;

	pmm_drain();
	pmm_stats(NODE_ANY, &before);
	while ((frame = pmm_alloc(0, MEM_NOWAIT, NODE_ANY))) {
		list_add(&frame->link, &all);
		n++;
	}
	KCHECK(n + 4096 > before.free);
	KCHECK(!kmalloc(3 << 20, MEM_NOWAIT));
	while ((link = list_pop(&all)))
		pmm_free(LIST_ENTRY(link, struct frame, link), 0);
	pmm_drain();
	pmm_stats(NODE_ANY, &after);
	KCHECK_EQ(after.free, before.free);
	KCHECK(after.free <= after.total);
}

KTEST(pmm, nodes_add_up)
{
	struct pmm_stats all, node;
	u64 total = 0, free = 0;

	pmm_drain();
	pmm_stats(NODE_ANY, &all);
	for (node_t n = 0; n < numa_node_count(); n++) {
		pmm_stats(n, &node);
		total += node.total;
		free += node.free;
		KCHECK_EQ(numa_fallback(n, 0), n);
		KCHECK(numa_fallback(n, numa_node_count()) == NR_NODES);
		if (node.free > 64) {
			struct frame *frame = pmm_alloc(0, MEM_NODE_ONLY, n);

			KREQUIRE(frame);
			KCHECK_EQ(frame->zone / 4, n);
			pmm_free(frame, 0);
		}
	}
	KCHECK_EQ(total, all.total);
	KCHECK_EQ(free, all.free);
}

KTEST(slab, random_objects)
{
	static void *live[512];
	static u32 sizes[512];
	u64 before = slab_live_objects();

	memset(live, 0, sizeof(live));
	for (u32 step = 0; step < 20000; step++) {
		u32 i = (u32)(ktest_random() % 512);

		if (live[i]) {
			u8 *bytes = live[i];

			KCHECK(bytes[0] == (u8)i && bytes[sizes[i] - 1] == (u8)i);
			kfree(live[i]);
			live[i] = NULL;
			continue;
		}
		sizes[i] = 1 + (u32)(ktest_random() % (step % 16 ? 2100 : 20000));
		live[i] = kmalloc(sizes[i], 0);
		KREQUIRE(live[i]);
		KCHECK(IS_ALIGNED((u64)live[i], sizes[i] > 2048 ? PAGE_SIZE : 16));
		memset(live[i], (int)i, sizes[i]);
	}
	for (u32 i = 0; i < 512; i++)
		kfree(live[i]);
	KCHECK_EQ(slab_live_objects(), before);
}

#define GRABBERS 8u
static u32 grabbers_done; /* atomic */

/* Takes far more than a batch and gives it back, so that slabs come and go all the time. */
static void grab(__unused void *arg)
{
	static const u32 size = 1900; /* few in a slab: another CPU may take all of a new one */
	void *mine[24];

	for (u32 round = 0; round < 400; round++) {
		for (u32 i = 0; i < ARRAY_SIZE(mine); i++)
			mine[i] = kmalloc(size, 0);
		for (u32 i = 0; i < ARRAY_SIZE(mine); i++)
			kfree(mine[i]);
		sched_point();
	}
	(void)atomic_fetch_add(&grabbers_done, 1u);
}

/* A new slab is everybody's once it is listed: its maker may find it empty. */
KTEST(slab, cpus_take_from_each_other)
{
	atomic_store_relaxed(&grabbers_done, 0u);
	for (u32 i = 0; i < GRABBERS; i++)
		KREQUIRE(thread_create_kernel("slab-test", grab, NULL));
	while (atomic_load_acquire(&grabbers_done) < GRABBERS) {
		sched_mark_asleep(false);
		(void)!sched_block(uptime_ns() + NS_PER_MS);
		sched_mark_awake();
	}
}

KTEST(slab, zero_and_overflow)
{
	char *p = kcalloc(7, 33, 0), *s = kstrdup("exo", 0);

	KREQUIRE(p && s);
	for (u32 i = 0; i < 231; i++)
		KCHECK_EQ(p[i], 0);
	KCHECK(!strcmp(s, "exo"));
	KCHECK(!kcalloc(~0ull / 8, 16, 0));
	KCHECK(!kmalloc((4u << 20) + 1, 0));
	kfree(p);
	kfree(s);
	kfree(NULL);
}

KTEST(kva, stacks_have_guards_and_are_recycled)
{
	vaddr_t a = kstack_alloc(0), b = kstack_alloc(0), again;
	struct mmu_entry entry;

	KREQUIRE(a && b);
	memset((void *)a, 1, KSTACK_SIZE);
	KCHECK(!mmu_query_kernel(a - 1, &entry));
	KCHECK(!mmu_query_kernel(a + KSTACK_SIZE, &entry));
	KREQUIRE(mmu_query_kernel(a, &entry));
	KCHECK_EQ(entry.prot, MMU_READ | MMU_WRITE);
	kstack_free(b);
	again = kstack_alloc(0);
	KCHECK_EQ(again, b);
	kstack_free(a);
	kstack_free(again);
}

KTEST(kva, vmalloc)
{
	char *p = vmalloc(1000000), *q = vmalloc(1);
	struct mmu_entry entry;

	KREQUIRE(p && q);
	for (u32 i = 0; i < 1000000; i += 997)
		KCHECK_EQ(p[i], 0);
	memset(p, 3, 1000000);
	KCHECK(!vmalloc(0));
	vfree(p);
	KCHECK(!mmu_query_kernel((vaddr_t)p, &entry));
	vfree(q);
}

KTEST(mmu, kernel_map_is_write_xor_execute)
{
	struct mmu_entry entry;

	KCHECK_EQ(mmu_kernel_wx_pages(), 0);
	KREQUIRE(mmu_query_kernel((vaddr_t)&mmu_kernel_wx_pages, &entry));
	KCHECK_EQ(entry.prot & (MMU_WRITE | MMU_EXEC), MMU_EXEC);
	KREQUIRE(mmu_query_kernel((vaddr_t)"a string", &entry));
	KCHECK_EQ(entry.prot & (MMU_WRITE | MMU_EXEC), 0);
	KREQUIRE(mmu_query_kernel(DIRECT_MAP_BASE + (1 << 20), &entry));
	KCHECK_EQ(entry.prot & MMU_EXEC, 0);
	KCHECK(!mmu_query_kernel(1 << 20, &entry)); /* the loader's identity map */
}
