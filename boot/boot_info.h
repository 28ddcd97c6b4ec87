/* SPDX-License-Identifier: MIT */
/*
 * What a loader tells the kernel, independent of the loader. Filled by
 * pvh_parse.c (and a parser per further loader); everything is copied, so the
 * loader's memory may be reused, except for the modules themselves.
 */
#pragma once

#include <kernel/lib/phys_reader.h>

#define BOOT_RANGES_MAX  128u
#define BOOT_MODULES_MAX 8u
#define BOOT_CMDLINE_MAX 2048u /* with the NUL */

/* ACPI's address range types (ACPI 6.5 §15.4); loaders use the same numbers. */
enum boot_mem_type {
	BOOT_MEM_RAM = 1,
	BOOT_MEM_RESERVED = 2,
	BOOT_MEM_ACPI = 3, /* reclaimable once the tables are read */
	BOOT_MEM_NVS = 4,
	BOOT_MEM_BAD = 5,
	BOOT_MEM_PMEM = 7,
};

struct boot_range {
	paddr_t base;
	u64 len;  /* above 0; base + len does not wrap */
	u32 type; /* enum boot_mem_type; an unknown one is as good as reserved */
};

struct boot_module {
	paddr_t base;
	u64 len;
};

struct boot_info {
	const char *loader; /* its name, for the log */
	u32 n_ranges;       /* 0: the loader gave no memory map */
	u32 n_modules;      /* the first one is the initrd */
	paddr_t rsdp;       /* 0: not given, search for it */
	struct boot_range ranges[BOOT_RANGES_MAX]; /* by base; may overlap */
	struct boot_module modules[BOOT_MODULES_MAX];
	char cmdline[BOOT_CMDLINE_MAX]; /* "" if there is none */
};

/**
 * pvh_parse - the start info of the Xen PVH boot protocol -> *@out
 * @start_pa: what the loader left in %ebx
 * @why: on failure, one sentence for the log
 * Return: 0; -EFAULT something lies outside of memory; -EINVAL malformed;
 * -E2BIG more ranges, modules or command line than we hold.
 */
int pvh_parse(const struct phys_reader *mem, paddr_t start_pa, struct boot_info *out,
	      const char **why) __must_check;
