/* SPDX-License-Identifier: MIT */
/*
 * ACPI's static tables -> plain structures: what CPUs, interrupt controllers,
 * NUMA nodes and timers there are, and how to reset and power off. What exceeds
 * a capacity is counted, not fatal. (ACPI 6.5 ch. 5)
 */
#pragma once

#include <kernel/lib/phys_reader.h>

#define ACPI_CPUS_MAX      512u
#define ACPI_IOAPICS_MAX   16u
#define ACPI_OVERRIDES_MAX 32u
#define ACPI_NMIS_MAX      32u
#define ACPI_MEMS_MAX      64u
#define ACPI_NODES_MAX     64u
#define ACPI_ALL_CPUS      UINT32_MAX /* acpi_nmi.uid */

struct acpi_cpu {
	u32 apic_id;
	u32 uid;
	bool enabled;        /* false: may come later (online capable) */
	bool x2apic;         /* from an x2APIC record */
	bool has_domain;     /* SRAT told the next one */
	u32 domain;          /* proximity domain */
};

struct acpi_ioapic {
	u32 id;
	u32 gsi_base;
	paddr_t pa;
};

/* Signal form of an interrupt; the bus's own default is filled in (ISA: edge, high). */
struct acpi_override {
	u8 irq; /* ISA interrupt */
	bool active_low, level;
	u32 gsi;
};

/* An NMI line: at a local APIC's LINT, or at a GSI. */
struct acpi_nmi {
	bool is_gsi;
	bool active_low, level;
	u8 lint;
	u32 uid; /* ACPI_ALL_CPUS, or of one CPU */
	u32 gsi;
};

struct acpi_mem {
	paddr_t base;
	u64 len; /* above 0, does not wrap */
	u32 domain;
	bool hotplug; /* may be empty now */
};

/* A register somewhere (Generic Address Structure, ACPI 6.5 §5.2.3.2). */
enum acpi_space { ACPI_SPACE_MEMORY = 0, ACPI_SPACE_IO = 1 };
struct acpi_gas {
	u8 space; /* enum acpi_space, or one we do not know */
	u8 width; /* bits */
	u64 address; /* 0: there is none */
};

#define ACPI_FADT_TIMER_32BIT BIT(8)
#define ACPI_FADT_RESET_REG   BIT(10)
#define ACPI_FADT_HW_REDUCED  BIT(20)
#define ACPI_BOOT_8042        BIT(1)
#define ACPI_BOOT_NO_RTC      BIT(5)

struct acpi_fadt {
	u8 revision;
	u8 acpi_enable; /* write to smi_cmd to take ACPI over, if both are not 0 */
	u8 reset_value; /* to reset_reg, if flags has ACPI_FADT_RESET_REG */
	u8 century;     /* RTC index of the century, 0 none */
	u16 sci_irq;
	u16 boot_arch;  /* ACPI_BOOT_*; all devices are there if revision < 3 */
	u32 flags;      /* ACPI_FADT_* */
	u32 smi_cmd;    /* I/O port */
	struct acpi_gas pm1a_cnt, pm1b_cnt, pm_timer, reset_reg;
	struct acpi_gas sleep_control; /* instead of PM1 if ACPI_FADT_HW_REDUCED */
	paddr_t dsdt;
};

struct acpi_info {
	paddr_t rsdp;
	/* MADT */
	paddr_t lapic_pa;
	bool has_8259;
	u32 n_cpus, n_ioapics, n_overrides, n_nmis;
	/* SRAT; n_mems is 0 if there is none */
	u32 n_mems;
	/* SLIT; distance[from * n_nodes + to] */
	u32 n_nodes;
	bool has_hpet, has_fadt;
	u8 hpet_number;
	u16 hpet_min_tick;
	paddr_t hpet_pa;
	u32 n_dropped;       /* records beyond our capacities */
	const char *ignored; /* NULL, or why a table other than the MADT was left out */
	struct acpi_fadt fadt;
	struct acpi_cpu cpus[ACPI_CPUS_MAX];
	struct acpi_ioapic ioapics[ACPI_IOAPICS_MAX];
	struct acpi_override overrides[ACPI_OVERRIDES_MAX];
	struct acpi_nmi nmis[ACPI_NMIS_MAX];
	struct acpi_mem mems[ACPI_MEMS_MAX];
	u8 distance[ACPI_NODES_MAX * ACPI_NODES_MAX];
};

/**
 * acpi_parse - read all tables into *@out
 * @rsdp: from the loader, or 0: search the BIOS area
 * @why: on failure, one sentence for the log
 * Return: 0; -ENOENT no RSDP or no MADT; -EFAULT outside of memory; -EINVAL
 * RSDP, root table or MADT malformed.
 */
int acpi_parse(const struct phys_reader *mem, paddr_t rsdp, struct acpi_info *out,
	       const char **why) __must_check;

/**
 * acpi_find_table - the first table with the signature @sig whose sum is right
 * @rsdp: as in acpi_info.rsdp
 * Return: 0, *@pa, *@len with its header; -ENOENT; -EFAULT; -EINVAL.
 */
int acpi_find_table(const struct phys_reader *mem, paddr_t rsdp, const char sig[4], paddr_t *pa,
		    u32 *len) __must_check;

/**
 * acpi_find_s5 - sleep types for power-off from the package \_S5
 * @table: physical address of the DSDT or an SSDT
 * The byte code is not interpreted: the definition as compilers write it is
 * looked for, so this can miss one that is computed.
 * Return: 0 and @typ (SLP_TYPa, SLP_TYPb); -ENOENT; -EFAULT; -EINVAL.
 */
int acpi_find_s5(const struct phys_reader *mem, paddr_t table, u8 typ[2]) __must_check;
