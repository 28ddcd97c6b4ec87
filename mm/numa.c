/* SPDX-License-Identifier: MIT */
/*
 * NUMA topology: filled once at boot from what the architecture found in SRAT
 * and SLIT, read-only after numa_finish(). Without tables everything is node 0.
 */
#include <mm/numa.h>

#include <kernel/core/log.h>

#include "pmm_priv.h"

#define NUMA_MAX_MEMORY 64u
#define NUMA_MAX_CPUS   512u
#define LOCAL_DISTANCE  10 /* ACPI 6.5 §5.2.17 */
#define REMOTE_DISTANCE 20

static struct {
	node_t node;
	pfn_t start, end;
} memory[NUMA_MAX_MEMORY];
static u32 nr_memory;

static struct {
	u32 apic_id;
	node_t node;
} cpus[NUMA_MAX_CPUS];
static u32 nr_cpus;

static u32 nr_nodes = 1;
static u8 distances[NR_NODES][NR_NODES]; /* 0: not told */
static u8 fallback[NR_NODES][NR_NODES];

static void saw_node(node_t node)
{
	nr_nodes = MAX(nr_nodes, node + 1);
}

void numa_add_memory(node_t node, u64 base, u64 len)
{
	if (node >= NR_NODES || nr_memory == NUMA_MAX_MEMORY || base + len < base)
		return;
	saw_node(node);
	memory[nr_memory].node = node;
	memory[nr_memory].start = base >> PAGE_SHIFT;
	memory[nr_memory].end = (base + len) >> PAGE_SHIFT;
	nr_memory++;
}

void numa_add_cpu(node_t node, u32 apic_id)
{
	if (node >= NR_NODES || nr_cpus == NUMA_MAX_CPUS)
		return;
	saw_node(node);
	cpus[nr_cpus].apic_id = apic_id;
	cpus[nr_cpus].node = node;
	nr_cpus++;
}

void numa_set_distance(node_t from, node_t to, u8 distance)
{
	if (from < NR_NODES && to < NR_NODES)
		distances[from][to] = distance;
}

u32 numa_node_count(void)
{
	return nr_nodes;
}

node_t numa_node_of_apic(u32 apic_id)
{
	for (u32 i = 0; i < nr_cpus; i++)
		if (cpus[i].apic_id == apic_id)
			return cpus[i].node;
	return 0;
}

u8 numa_distance(node_t from, node_t to)
{
	if (from >= NR_NODES || to >= NR_NODES)
		return 255;
	if (distances[from][to])
		return distances[from][to];
	return from == to ? LOCAL_DISTANCE : REMOTE_DISTANCE;
}

node_t numa_fallback(node_t node, u32 n)
{
	if (n >= nr_nodes)
		return NR_NODES;
	return nr_nodes == 1 ? 0 : fallback[node][n];
}

/* Nodes by distance from @node; equals in numeric order, starting after it, so
 * that overflow of several nodes does not all land on the same one. */
static void sort_fallback(node_t node)
{
	for (u32 i = 0; i < nr_nodes; i++) {
		u8 n = (u8)((node + i) % nr_nodes);
		u32 j = i;

		while (j > 0 &&
		       numa_distance(node, fallback[node][j - 1]) > numa_distance(node, n)) {
			fallback[node][j] = fallback[node][j - 1];
			j--;
		}
		fallback[node][j] = n;
	}
	if (fallback[node][0] != node) /* a broken SLIT: itself first all the same */
		for (u32 i = nr_nodes; i-- > 1;)
			if (fallback[node][i] == node) {
				fallback[node][i] = fallback[node][0];
				fallback[node][0] = (u8)node;
			}
}

/* The node of @pfn, and in *end where that answer stops being right. */
static node_t node_of(pfn_t pfn, pfn_t *end)
{
	node_t node = 0;

	for (u32 i = 0; i < nr_memory; i++) {
		if (pfn >= memory[i].start && pfn < memory[i].end) {
			*end = MIN(*end, memory[i].end);
			node = memory[i].node;
		} else if (memory[i].start > pfn) {
			*end = MIN(*end, memory[i].start);
		}
	}
	return node;
}

static void move_count(u8 from, u8 to, u64 frames)
{
	pmm_zones[from].total -= frames;
	pmm_zones[to].total += frames;
}

/* A block that is not free as a whole, or not of one node. Free frames move to
 * their zones one by one and merge there; frames in use are stamped, so that they
 * are freed to the right one. */
static void move_block(pfn_t start)
{
	for (pfn_t pfn = start; pfn < start + PMM_BLOCK_FRAMES;) {
		struct frame *frame = frame_of(pfn);
		pfn_t stop = pfn + 1;
		u8 from = frame->zone, to;

		if (frame->flags & FRAME_FREE) {
			stop = pfn + (1ull << frame->order);
			buddy_take(&pmm_zones[from].buddy, frame);
			for (; pfn < stop; pfn++) {
				pfn_t end = ~0ull;

				to = ZONE_INDEX(node_of(pfn, &end), zone_kind_of(pfn));
				move_count(from, to, 1);
				frame_of(pfn)->flags = 0;
				buddy_free(&pmm_zones[to].buddy, frame_of(pfn), 0);
			}
		} else {
			pfn_t end = ~0ull;

			to = ZONE_INDEX(node_of(pfn, &end), zone_kind_of(pfn));
			if (!(frame->flags & FRAME_RESERVED))
				move_count(from, to, 1);
			frame->zone = to;
			pfn = stop;
		}
	}
}

static void move_frames(void)
{
	for (u32 s = 0; s < pmm_spans.n; s++) {
		for (pfn_t pfn = pmm_spans.r[s].start; pfn < pmm_spans.r[s].end;
		     pfn += PMM_BLOCK_FRAMES) {
			struct frame *frame = frame_of(pfn);
			pfn_t end = ~0ull;
			node_t node = node_of(pfn, &end);
			u8 to = ZONE_INDEX(node, zone_kind_of(pfn));

			if (end < pfn + PMM_BLOCK_FRAMES) {
				move_block(pfn);
			} else if (!(frame->flags & FRAME_FREE) || frame->order != PMM_MAX_ORDER) {
				if (node) /* everything is on node 0 already */
					move_block(pfn);
			} else if (node) {
				/* One move for the whole block; it stays fresh. */
				bool fresh = frame->flags & FRAME_FRESH;

				frame->flags &= (u16)~FRAME_FRESH;
				move_count(frame->zone, to, PMM_BLOCK_FRAMES);
				buddy_take(&pmm_zones[frame->zone].buddy, frame);
				if (fresh)
					buddy_add_fresh(&pmm_zones[to].buddy, frame);
				else
					buddy_free(&pmm_zones[to].buddy, frame, PMM_MAX_ORDER);
			}
		}
	}
}

/* Boot CPU alone, nothing cached by the others yet: no locks needed. */
void numa_finish(void)
{
	irqflags_t flags;

	for (node_t node = 0; node < nr_nodes; node++)
		sort_fallback(node);
	if (nr_nodes == 1)
		return;
	flags = irq_save();
	pcp_drain_cpu();
	move_frames();
	pmm_zone_reserves();
	irq_restore(flags);
	for (node_t node = 0; node < nr_nodes; node++) {
		struct pmm_stats stats;

		pmm_stats(node, &stats);
		log_info("numa: node %u: %lu MiB", node, stats.total >> 8);
	}
}
