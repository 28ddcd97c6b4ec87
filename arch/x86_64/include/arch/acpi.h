/* SPDX-License-Identifier: MIT */
/* Firmware's description of the machine. */
#pragma once

struct boot_info;

/**
 * acpi_init - read the ACPI tables: NUMA nodes (numa_add_*, numa_finish), CPUs,
 * interrupt controllers, which are brought up; panics when there are no tables
 * Context: boot CPU, after slab_init() and kva_init().
 */
void acpi_init(const struct boot_info *info);
