/* SPDX-License-Identifier: MIT */
/*
 * [pure] Format of x86-64 page tables, 4-level (Intel SDM vol. 3 §4.5).
 *
 *   63  62..52  51..12   11 10    9     8 7  6 5 4   3   2 1 0
 *   NX    0     address   - KEPT  NOREF G PS D A PCD PWT U W P
 *
 * NOREF and KEPT are ours (ignored by the CPU). KEPT with P clear: a page of
 * a PROT_NONE region; it is out of reach but still owned by the entry.
 */
#pragma once

#include <kernel/lib/types.h>

#define PTE_P     BIT(0)
#define PTE_W     BIT(1)
#define PTE_U     BIT(2)
#define PTE_PWT   BIT(3)
#define PTE_PCD   BIT(4)
#define PTE_A     BIT(5)
#define PTE_D     BIT(6)
#define PTE_PS    BIT(7)
#define PTE_G     BIT(8)
#define PTE_NOREF BIT(9)
#define PTE_KEPT  BIT(10)
#define PTE_NX    BIT(63)
#define PTE_ADDR  0x000ffffffffff000ull

#define PT_ENTRIES 512u
#define PT_SHIFT(level) (12 + 9 * (level))       /* of an entry at @level, 0: 4 KiB */
#define PT_SPAN(level)  (1ull << PT_SHIFT(level)) /* bytes an entry shows */

static inline u32 pt_index(u64 va, u32 level)
{
	return (u32)(va >> PT_SHIFT(level)) & (PT_ENTRIES - 1);
}

/* Where tables are found: the direct map, or a host test's array. NULL: no memory. */
struct table_reader {
	const u64 *(*table)(void *ctx, u64 pa);
	void *ctx;
};

/**
 * pagetable_lookup - follow @va from the table at @root
 * @rights: P W U NX as all levels together give them
 * Return: level of the entry in *entry (0, 1, 2), or -1 when nothing is there.
 */
int pagetable_lookup(const struct table_reader *reader, u64 root, u64 va, u64 *entry, u64 *rights);

/** pagetable_count_wx - entries below [@first, @last] of @root that are both writable
 * and executable */
u64 pagetable_count_wx(const struct table_reader *reader, u64 root, u32 first, u32 last);
