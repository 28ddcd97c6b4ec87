/* SPDX-License-Identifier: MIT */
/*
 * From the assembly entry to kernel_main(): CPU state and COM1 first, so that
 * everything that can go wrong from here on can be said.
 */
#include "start.h"

#include <arch/cpu.h>
#include <arch/mmu.h>
#include <arch/screen.h>
#include <arch/sections.h>
#include <arch/serial.h>
#include <arch/time.h>
#include <boot/boot_info.h>
#include <kernel/abi/errno.h>
#include <kernel/core/panic.h>
#include <kernel/upcall.h>

#include "platform.h"
#include "smp_priv.h"

/* Physical memory that the boot tables show. */
#define BOOT_MAP_END (4ull << 30)

static struct boot_info boot_info;
static u64 entry_cycles;

u64 time_entry_cycles(void)
{
	return entry_cycles;
}

static const void *boot_read(__unused void *ctx, paddr_t pa, u64 len)
{
	return pa + len <= BOOT_MAP_END ? phys_to_virt(pa) : NULL;
}

static int parse(const struct phys_reader *mem, u32 loader, paddr_t start_pa, const char **why)
{
	switch (loader) {
	case LOADER_PVH:
		return pvh_parse(mem, start_pa, &boot_info, why);
	case LOADER_MULTIBOOT2:
		return multiboot2_parse(mem, start_pa, &boot_info, why);
	default:
		*why = "an unknown loader";
		return -EINVAL;
	}
}

__noreturn void arch_start(u32 loader, paddr_t start_pa, u64 cycles)
{
	static const struct phys_reader mem = { boot_read, NULL };
	const char *why;
	int err;

	entry_cycles = cycles;
	serial_init_early();
	cpu_init_early();
	smp_save_percpu();
	err = parse(&mem, loader, start_pa, &why);
	screen_init_early(&boot_info);
	if (err)
		panic("cannot start: what the loader passed is unusable: %s", why);
	platform_read_acpi(&mem, &boot_info);
	kernel_main(&boot_info);
}
