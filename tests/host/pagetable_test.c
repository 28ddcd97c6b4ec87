/* SPDX-License-Identifier: MIT */
/* Walking page tables that lie in an array. */
#include "test.h"

#include <arch/x86_64/pagetable.h>
#include <kernel/lib/string.h>

enum { TABLES = 8 };
static u64 memory[TABLES][PT_ENTRIES];

static const u64 *table(void *ctx, u64 pa)
{
	(void)ctx;
	return pa / 4096 < TABLES && !(pa % 4096) ? memory[pa / 4096] : NULL;
}

static const struct table_reader reader = { table, NULL };

#define T(n) ((u64)(n) * 4096)

/* root 0 -> 1 -> 2 -> 3, with 4 KiB, 2 MiB and 1 GiB entries. */
static void setup(void)
{
	memset(memory, 0, sizeof(memory));
	memory[0][5] = T(1) | PTE_P | PTE_W | PTE_U;
	memory[1][6] = T(2) | PTE_P | PTE_W | PTE_U;
	memory[1][7] = 0x40000000 | PTE_P | PTE_PS | PTE_W | PTE_NX;
	memory[2][8] = T(3) | PTE_P | PTE_W;
	memory[2][9] = 0x200000 | PTE_P | PTE_PS;
	memory[3][10] = 0x123000 | PTE_P | PTE_W | PTE_U | PTE_NX;
	memory[3][11] = 0x124000 | PTE_KEPT;
}

static u64 va(u64 i3, u64 i2, u64 i1, u64 i0)
{
	return i3 << 39 | i2 << 30 | i1 << 21 | i0 << 12;
}

TEST(pagetable_lookup_levels_and_rights)
{
	u64 e, rights;

	setup();
	CHECK_EQ(pagetable_lookup(&reader, 0, va(5, 6, 8, 10), &e, &rights), 0);
	CHECK_EQ(e & PTE_ADDR, 0x123000);
	CHECK_EQ(rights, (s64)(PTE_P | PTE_W | PTE_NX)); /* no U one level up */
	CHECK_EQ(pagetable_lookup(&reader, 0, va(5, 6, 9, 77), &e, &rights), 1);
	CHECK(!(rights & (PTE_W | PTE_NX)));
	CHECK_EQ(pagetable_lookup(&reader, 0, va(5, 7, 1, 2), &e, &rights), 2);
	CHECK(rights & PTE_NX);
	CHECK_EQ(pagetable_lookup(&reader, 0, va(5, 6, 8, 11), &e, &rights), 0);
	CHECK(!(rights & PTE_P));
	CHECK_EQ(pagetable_lookup(&reader, 0, va(5, 6, 8, 12), &e, &rights), -1);
	CHECK_EQ(pagetable_lookup(&reader, 0, va(4, 0, 0, 0), &e, &rights), -1);
	memory[0][9] = T(200) | PTE_P; /* leads out of memory */
	CHECK_EQ(pagetable_lookup(&reader, 0, va(9, 0, 0, 0), &e, &rights), -1);
}

TEST(pagetable_finds_write_and_execute)
{
	setup();
	CHECK_EQ(pagetable_count_wx(&reader, 0, 0, PT_ENTRIES - 1), 0);
	memory[3][12] = 0x125000 | PTE_P | PTE_W;
	CHECK_EQ(pagetable_count_wx(&reader, 0, 0, PT_ENTRIES - 1), 1);
	memory[2][8] &= ~PTE_W;
	CHECK_EQ(pagetable_count_wx(&reader, 0, 0, PT_ENTRIES - 1), 0);
	memory[1][7] &= ~PTE_NX;
	CHECK_EQ(pagetable_count_wx(&reader, 0, 0, PT_ENTRIES - 1), 1);
	CHECK_EQ(pagetable_count_wx(&reader, 0, 256, PT_ENTRIES - 1), 0);
}
