/* SPDX-License-Identifier: MIT */
/* The C side of boot/boot.inc. */
#pragma once

#include <kernel/lib/types.h>

enum boot_loader { LOADER_PVH = 1, LOADER_MULTIBOOT2 = 2 };

/** arch_start - from long_mode.asm, on the boot stack, interrupts off;
 * @cycles: the TSC at the entry */
__noreturn void arch_start(u32 loader, paddr_t start_pa, u64 cycles);
