/* SPDX-License-Identifier: MIT */
/*
 * NUMA topology from ACPI SRAT and SLIT: nodes, their memory, CPUs and
 * distances (10 = local). Without tables there is one node 0.
 */
#pragma once

#include <kernel/config.h>
#include <kernel/lib/types.h>

struct acpi_numa; /* arch/x86_64/acpi_tables.h: parsed SRAT and SLIT */

/** numa_add_memory, numa_add_cpu, numa_set_distance - the architecture tells
 * what the tables say, before numa_finish(). Node numbers here are proximity
 * domains already made dense, 0..NR_NODES-1. */
void numa_add_memory(node_t node, u64 base, u64 len);
void numa_add_cpu(node_t node, u32 apic_id);
void numa_set_distance(node_t from, node_t to, u8 distance);
/** numa_finish - sort fall-back orders and move frames to their nodes' zones */
void numa_finish(void);

u32 numa_node_count(void);
node_t numa_node_of_apic(u32 apic_id);
u8 numa_distance(node_t from, node_t to);
/** numa_fallback - the n-th closest node of @node, itself first; NR_NODES at the end */
node_t numa_fallback(node_t node, u32 n);
