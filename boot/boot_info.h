/* SPDX-License-Identifier: MIT */
/*
 * What a loader tells the kernel, independent of the loader. Filled by
 * pvh_parse.c or multiboot2_parse.c; everything is copied, so the loader's
 * memory may be reused, except for the modules themselves. The RSDP may lie in
 * that memory too: it is read before anything is allocated.
 */
#pragma once

#include <kernel/lib/phys_reader.h>

#define BOOT_RANGES_MAX  128u
#define BOOT_MODULES_MAX 8u
#define BOOT_CMDLINE_MAX 2048u /* with the NUL */
#define BOOT_LOADER_MAX  64u
#define BOOT_SCREEN_MAX  16384u /* pixels in a line, lines */

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

enum boot_screen_kind {
	BOOT_SCREEN_NONE, /* the loader speaks of none */
	BOOT_SCREEN_RGB,
	BOOT_SCREEN_TEXT, /* VGA's: width and height in characters, 2 bytes each */
};

/* Where a colour lies in a pixel: @len bits, 1..8, from bit @at on. */
struct boot_colour {
	u8 at, len;
};

/* Checked: pixels of 2..4 bytes fit in a line, colours in a pixel, lines in memory. */
struct boot_screen {
	enum boot_screen_kind kind;
	paddr_t base;
	u32 pitch, width, height; /* pitch: bytes from line to line */
	u8 bits;                  /* of a pixel: 15, 16, 24 or 32 */
	struct boot_colour red, green, blue;
};

struct boot_info {
	char loader[BOOT_LOADER_MAX]; /* its name, for the log: printable */
	u32 n_ranges;       /* 0: the loader gave no memory map */
	u32 n_modules;      /* the first one is the initrd */
	paddr_t rsdp;       /* 0: not given, search for it */
	bool efi;           /* started by UEFI: nothing of a BIOS is there */
	struct boot_screen screen;
	struct boot_range ranges[BOOT_RANGES_MAX]; /* by base; may overlap */
	struct boot_module modules[BOOT_MODULES_MAX];
	char cmdline[BOOT_CMDLINE_MAX]; /* "" if there is none */
};

/**
 * pvh_parse - the start info of the Xen PVH boot protocol -> *@out
 * multiboot2_parse - the information of the Multiboot2 protocol -> *@out
 * @start_pa: what the loader left in %ebx
 * @why: on failure, one sentence for the log
 * Return: 0; -EFAULT something lies outside of memory; -EINVAL malformed;
 * -E2BIG more ranges, modules or command line than we hold.
 */
int pvh_parse(const struct phys_reader *mem, paddr_t start_pa, struct boot_info *out,
	      const char **why) __must_check;
int multiboot2_parse(const struct phys_reader *mem, paddr_t start_pa, struct boot_info *out,
		     const char **why) __must_check;

/** boot_info_add_range - one more, joined with the one before where that ends here;
 * an empty one is passed over. Return: 0; -EINVAL it wraps; -E2BIG too many. */
int boot_info_add_range(struct boot_info *info, paddr_t base, u64 len, u32 type) __must_check;
/** boot_info_sort_ranges - once all are there */
void boot_info_sort_ranges(struct boot_info *info);
