/* SPDX-License-Identifier: MIT */
/* Between mmu.c, mmu_boot.c and tlb.c. */
#pragma once

#include <arch/mmu.h>

#include "pagetable.h"

extern u64 mmu_kernel_root[PT_ENTRIES]; /* PML4 of the kernel: upper half of all */

/* PTE_NX; 0 on a CPU without no-execute: what then is executable cannot be helped. */
extern u64 mmu_pte_nx;

#define MMU_PTE_BITS (MMU_READ | MMU_WRITE | MMU_USER | MMU_DEVICE | MMU_NOREF)
static_assert(MMU_PTE_BITS == (PTE_P | PTE_W | PTE_U | PTE_PWT | PTE_PCD | PTE_NOREF),
	      "the generic words are the entry's bits");

/* The entry for @pfn with @prot (enum mmu_prot), user or kernel (global). */
static inline u64 mmu_pte(pfn_t pfn, u32 prot)
{
	u64 pte = pfn << PAGE_SHIFT | PTE_A | (prot & MMU_PTE_BITS);

	if (!(prot & MMU_READ))
		pte |= PTE_KEPT;
	if (!(prot & MMU_EXEC))
		pte |= mmu_pte_nx;
	if (!(prot & MMU_USER))
		pte |= PTE_G;
	return pte;
}

/** tlb_flush - no CPU uses entries of @space in [start, end) any more. Page tables
 * are changed already. Interrupts on when other CPUs run the space. */
void tlb_flush(struct mmu_space *space, vaddr_t start, vaddr_t end);
/** tlb_flush_kernel - the same for the kernel's half, on every CPU */
void tlb_flush_kernel(vaddr_t start, vaddr_t end);
