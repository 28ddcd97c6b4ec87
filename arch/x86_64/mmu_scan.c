/* SPDX-License-Identifier: MIT */
/* Finding what a user space has entered, without a look at each page of a hole. */
#include <arch/mmu.h>

#include "pagetable.h"

/* Where the entry that decides about @va ends; *there: it is one of a page. */
static vaddr_t look(const struct mmu_space *space, vaddr_t va, bool *there)
{
	const u64 *table = phys_to_virt(space->root);

	*there = false;
	for (u32 level = 3;; level--) {
		u64 entry = table[pt_index(va, level)];

		*there = entry && (level == 0 || (entry & PTE_PS));
		if (!entry || *there)
			return ALIGN_DOWN(va, PT_SPAN(level)) + PT_SPAN(level);
		table = phys_to_virt(entry & PTE_ADDR);
	}
}

bool mmu_next(struct mmu_space *space, vaddr_t *va, vaddr_t end, struct mmu_entry *out)
{
	bool there;

	while (*va < end) {
		vaddr_t behind = look(space, *va, &there);

		if (there)
			return mmu_query(space, *va, out);
		*va = behind;
	}
	return false;
}
