/* SPDX-License-Identifier: MIT */
/*
 * ACPI's facts, read once before the kernel's own map exists (the boot map
 * shows everything below 4 GiB, where firmware puts its tables), and used by
 * acpi_init() when there is memory to map registers with.
 */
#include "platform.h"

#include <arch/acpi.h>
#include <arch/percpu.h>
#include <boot/boot_info.h>
#include <kernel/core/log.h>
#include <kernel/core/panic.h>
#include <mm/numa.h>

#include "cpu_priv.h"
#include "fpu.h"
#include "ioapic.h"
#include "irq_priv.h"
#include "lapic.h"

#define LAPIC_DEFAULT_PA 0xfee00000ull /* Intel SDM vol. 3 §11.4.1 */

static struct acpi_info acpi;  /* written at boot */
static const char *acpi_missing; /* why there is none; NULL: there is */
static u8 sleep_type[2];
static bool sleep_type_known;

void platform_read_acpi(const struct phys_reader *mem, const struct boot_info *info)
{
	if (acpi_parse(mem, info->rsdp, &acpi, &acpi_missing))
		return;
	acpi_missing = NULL;
	sleep_type_known = acpi.has_fadt && !acpi_find_s5(mem, acpi.fadt.dsdt, sleep_type);
}

const struct acpi_info *platform_acpi(void)
{
	return acpi_missing ? NULL : &acpi;
}

bool platform_sleep_type(u8 typ[2])
{
	typ[0] = sleep_type[0];
	typ[1] = sleep_type[1];
	return sleep_type_known;
}

/* Proximity domains -> dense node numbers, in ascending order of domain. */
static u32 domains[NR_NODES];
static u32 nr_domains;

static void domain_add(u32 domain)
{
	u32 i = 0, j;

	while (i < nr_domains && domains[i] < domain)
		i++;
	if ((i < nr_domains && domains[i] == domain) || nr_domains == NR_NODES)
		return;
	for (j = nr_domains++; j > i; j--)
		domains[j] = domains[j - 1];
	domains[i] = domain;
}

static node_t node_of(u32 domain)
{
	for (u32 i = 0; i < nr_domains; i++)
		if (domains[i] == domain)
			return i;
	return 0; /* more domains than we hold: the first node takes them in */
}

static void add_distances(void)
{
	for (u32 from = 0; from < nr_domains; from++)
		for (u32 to = 0; to < nr_domains; to++)
			if (domains[from] < acpi.n_nodes && domains[to] < acpi.n_nodes)
				numa_set_distance(from, to,
						  acpi.distance[domains[from] * acpi.n_nodes +
								domains[to]]);
}

static void init_numa(void)
{
	for (u32 i = 0; i < acpi.n_mems; i++)
		if (!acpi.mems[i].hotplug)
			domain_add(acpi.mems[i].domain);
	for (u32 i = 0; i < acpi.n_cpus; i++)
		if (acpi.cpus[i].has_domain && acpi.cpus[i].enabled)
			domain_add(acpi.cpus[i].domain);
	for (u32 i = 0; i < acpi.n_mems; i++)
		if (!acpi.mems[i].hotplug)
			numa_add_memory(node_of(acpi.mems[i].domain), acpi.mems[i].base,
					acpi.mems[i].len);
	for (u32 i = 0; i < acpi.n_cpus; i++)
		if (acpi.cpus[i].has_domain && acpi.cpus[i].enabled)
			numa_add_cpu(node_of(acpi.cpus[i].domain), acpi.cpus[i].apic_id);
	add_distances();
	this_cpu()->node = numa_node_of_apic(this_cpu()->apic_id);
	gdt_set_number(this_cpu());
}

static void init_interrupts(void)
{
	u32 lines = 0;

	irq_mask_8259();
	lapic_init(acpi.lapic_pa ? acpi.lapic_pa : LAPIC_DEFAULT_PA);
	for (u32 i = 0; i < acpi.n_ioapics; i++)
		lines += ioapic_add(acpi.ioapics[i].pa, acpi.ioapics[i].gsi_base);
	for (u32 i = 0; i < acpi.n_overrides; i++)
		irq_set_override(acpi.overrides[i].irq, acpi.overrides[i].gsi,
				 acpi.overrides[i].active_low, acpi.overrides[i].level);
	if (lines)
		log_info("ioapic: %u with %u lines", acpi.n_ioapics, lines);
	else
		log_err("ioapic: none: no device can interrupt, the console takes no input");
}

void acpi_init(__unused const struct boot_info *info)
{
	fpu_init_cache();
	/* Without the MADT there is no I/O APIC, so no device could be heard. */
	PANIC_ON(acpi_missing, "acpi: the firmware's tables are missing or unusable: %s",
		 acpi_missing);
	log_info("acpi: %u CPUs, %u memory ranges in SRAT%s%s", acpi.n_cpus, acpi.n_mems,
		 acpi.has_hpet ? ", HPET" : "", acpi.has_fadt ? ", FADT" : "");
	if (acpi.ignored)
		log_notice("acpi: a table was left out: %s", acpi.ignored);
	if (acpi.n_dropped)
		log_notice("acpi: %u records beyond our limits", acpi.n_dropped);
	init_numa();
	numa_finish();
	init_interrupts();
	machine_init();
}
