/* SPDX-License-Identifier: MIT */
/*
 * [pure] Reading page tables. The hot paths that change them are in mmu.c;
 * this is what checks them, and what host tools and tests share.
 * Source: Intel SDM vol. 3 §4.5.4 (walk), §4.6.1 (rights of all levels combine).
 */
#include "pagetable.h"

/* Rights narrow on the way down: W and U are anded, NX is ored. */
static u64 combine(u64 rights, u64 entry)
{
	return (rights & entry & (PTE_P | PTE_W | PTE_U)) | ((rights | entry) & PTE_NX);
}

int pagetable_lookup(const struct table_reader *reader, u64 root, u64 va, u64 *entry, u64 *rights)
{
	u64 pa = root;

	*rights = PTE_P | PTE_W | PTE_U;
	for (int level = 3; level >= 0; level--) {
		const u64 *table = reader->table(reader->ctx, pa);
		u64 e;

		if (!table)
			return -1;
		e = table[pt_index(va, (u32)level)];
		if (level == 0 ? !e : !(e & PTE_P))
			return -1;
		*rights = combine(*rights, e);
		if (level == 0 || (level < 3 && (e & PTE_PS))) {
			*entry = e;
			return level;
		}
		pa = e & PTE_ADDR;
	}
	return -1;
}

static u64 count_wx(const struct table_reader *reader, u64 pa, int level, u32 first, u32 last,
		    u64 rights)
{
	const u64 *table = reader->table(reader->ctx, pa);
	u64 n = 0;

	for (u32 i = first; table && i <= last; i++) {
		u64 e = table[i], r = combine(rights, e);

		if (!(e & PTE_P))
			continue;
		if (level == 0 || (level < 3 && (e & PTE_PS)))
			n += (r & PTE_W) && !(r & PTE_NX);
		else
			n += count_wx(reader, e & PTE_ADDR, level - 1, 0, PT_ENTRIES - 1, r);
	}
	return n;
}

u64 pagetable_count_wx(const struct table_reader *reader, u64 root, u32 first, u32 last)
{
	return count_wx(reader, root, 3, first, last, PTE_P | PTE_W | PTE_U);
}
