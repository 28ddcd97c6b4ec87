/* SPDX-License-Identifier: MIT */
/* Between mmu.c, mmu_boot.c and tlb.c. */
#pragma once

#include <arch/mmu.h>

#include "pagetable.h"

extern u64 mmu_kernel_root[PT_ENTRIES]; /* PML4 of the kernel: upper half of all */

/** mmu_pte - the entry for @pfn with @prot (enum mmu_prot), user or kernel (global) */
u64 mmu_pte(pfn_t pfn, u32 prot);

/** tlb_flush - no CPU uses entries of @space in [start, end) any more. Page tables
 * are changed already. Interrupts on when other CPUs run the space. */
void tlb_flush(struct mmu_space *space, vaddr_t start, vaddr_t end);
/** tlb_flush_kernel - the same for the kernel's half, on every CPU */
void tlb_flush_kernel(vaddr_t start, vaddr_t end);
