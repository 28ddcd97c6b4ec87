/* SPDX-License-Identifier: MIT */
/*
 * The kernel's own map: built once at boot, W^X, no execute but for .text,
 * global; later only the KVA window changes.
 *
 *   root (static)  [256..]  direct map, KVA, frame array, (KASAN shadow), image
 *
 * The loader's tables, which show everything writable and executable, are left
 * behind by mmu_boot_load(); application processors start on them, in
 * boot/ap_trampoline.asm, and leave them in mmu_init_cpu().
 */
#include <arch/mmu.h>

#include <arch/sections.h>
#include <kernel/abi/errno.h>
#include <kernel/core/panic.h>
#include <kernel/core/spinlock.h>
#include <kernel/lib/string.h>
#include <mm/pmm.h>

#include "mmu_priv.h"
#include "msr.h"
#include "regs.h"

u64 mmu_kernel_root[PT_ENTRIES] __aligned(4096);

u64 mmu_pte_nx;
static bool have_1g;
static struct spinlock kernel_map_lock = SPINLOCK_INIT(RANK_KVA, "kernel_map");

/* Intel SDM vol. 2 "CPUID", leaf 80000001h EDX: bit 26 1-GiB pages. */
static void read_features(void)
{
	u32 eax = 0x80000001, ebx, ecx = 0, edx;

	__asm__("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
	have_1g = edx & BIT(26);
	mmu_pte_nx = msr_read(MSR_EFER) & EFER_NXE ? PTE_NX : 0;
}

static u64 *table_at(u64 entry)
{
	return phys_to_virt(entry & PTE_ADDR);
}

/* The table below *@slot, made by @table when there is none. */
static u64 *boot_table(u64 *slot, paddr_t (*table)(void))
{
	if (!(*slot & PTE_P))
		*slot = table() | PTE_P | PTE_W | PTE_A;
	return table_at(*slot);
}

static u32 fitting_level(vaddr_t va, paddr_t pa, u64 len)
{
	for (u32 level = have_1g ? 2 : 1; level > 0; level--)
		if (len >= PT_SPAN(level) && IS_ALIGNED(va | pa, PT_SPAN(level)))
			return level;
	return 0;
}

void mmu_boot_map(vaddr_t va, paddr_t pa, u64 len, u32 prot, paddr_t (*table)(void))
{
	if (!mmu_kernel_root[511])
		read_features();
	while (len) {
		u32 level = fitting_level(va, pa, len), at = 3;
		u64 *slot = &mmu_kernel_root[pt_index(va, 3)], step;

		for (;;) {
			bool page = at < 3 && (*slot & PTE_P) && (!at || (*slot & PTE_PS));

			if (page) /* shown already, maybe by a larger page */
				break;
			if (at == level && !(*slot & PTE_P)) {
				*slot = mmu_pte(pa >> PAGE_SHIFT, prot) | (level ? PTE_PS : 0);
				break;
			}
			if (at == level) /* a table: its holes are filled with smaller pages */
				level--;
			slot = &boot_table(slot, table)[pt_index(va, --at)];
		}
		step = MIN(PT_SPAN(at) - (va & (PT_SPAN(at) - 1)), len);
		va += step;
		pa += step;
		len -= step;
	}
}

static void map_section(char *start, char *end, u32 prot, paddr_t (*table)(void))
{
	paddr_t pa = virt_to_phys(start);

	mmu_boot_map((vaddr_t)start, pa, ALIGN_UP((u64)end, PAGE_SIZE) - (u64)start, prot, table);
}

void mmu_boot_load(paddr_t (*table)(void))
{
	map_section(__text_start, __text_end, MMU_READ | MMU_EXEC, table);
	map_section(__rodata_start, __rodata_end, MMU_READ, table);
	map_section(__data_start, __data_end, MMU_READ | MMU_WRITE, table);
	map_section(__bss_start, __bss_end, MMU_READ | MMU_WRITE, table);
	(void)boot_table(&mmu_kernel_root[pt_index(KVA_BASE, 3)], table);
	mmu_init_cpu();
}

void mmu_init(void)
{
	PANIC_ON(mmu_kernel_wx_pages(), "mmu: the kernel map has pages to write and execute");
}

/* ---- Windows ------------------------------------------------------------ */

/* A table for the kernel's windows; no sleeping under kernel_map_lock. */
static u64 *window_table(u64 *slot)
{
	struct frame *frame;

	if (*slot & PTE_P)
		return table_at(*slot);
	frame = pmm_alloc(0, MEM_ZERO | MEM_NOWAIT, NODE_ANY);
	if (!frame)
		return NULL;
	frame->flags |= FRAME_TABLE;
	frame->index = 0;
	pmm_account(frame, PMM_TABLES, 1);
	*slot = frame_to_pfn(frame) << PAGE_SHIFT | PTE_P | PTE_W | PTE_A;
	return table_at(*slot);
}

/* The entry of @va; NULL: a table is missing (and @create: no memory). */
static u64 *window_slot(vaddr_t va, bool create)
{
	u64 *slot = &mmu_kernel_root[pt_index(va, 3)];

	for (u32 level = 3; level > 0; level--) {
		u64 *table = create ? window_table(slot) : *slot & PTE_P ? table_at(*slot) : NULL;

		if (!table)
			return NULL;
		slot = &table[pt_index(va, level - 1)];
	}
	return slot;
}

static void window_clear(vaddr_t start, vaddr_t end)
{
	for (vaddr_t va = start; va < end; va += PAGE_SIZE) {
		u64 *slot = window_slot(va, false);

		if (slot)
			*slot = 0;
	}
}

int mmu_map_kernel(vaddr_t va, paddr_t pa, u64 len, u32 prot)
{
	irqflags_t flags = spin_lock_irq(&kernel_map_lock);
	u64 done = 0;

	for (; done < len; done += PAGE_SIZE) {
		u64 *slot = window_slot(va + done, true);

		if (!slot)
			break;
		ASSERT(!*slot);
		*slot = mmu_pte((pa + done) >> PAGE_SHIFT, prot);
	}
	if (done < len)
		window_clear(va, va + done);
	spin_unlock_irq(&kernel_map_lock, flags);
	return done < len ? -ENOMEM : 0;
}

void mmu_unmap_kernel(vaddr_t va, u64 len)
{
	irqflags_t flags = spin_lock_irq(&kernel_map_lock);

	window_clear(va, va + len);
	spin_unlock_irq(&kernel_map_lock, flags);
	tlb_flush_kernel(va, va + len);
}

/* ---- Looking ------------------------------------------------------------ */

static const u64 *read_table(__unused void *ctx, u64 pa)
{
	return phys_to_virt(pa);
}

static const struct table_reader direct_reader = { read_table, NULL };

bool mmu_query_kernel(vaddr_t va, struct mmu_entry *out)
{
	u64 entry, rights, piece;
	int level = pagetable_lookup(&direct_reader, virt_to_phys(mmu_kernel_root), va, &entry,
				     &rights);

	if (level < 0)
		return false;
	piece = va & (PT_SPAN((u32)level) - 1);
	*out = (struct mmu_entry){
		.pfn = ((entry & PTE_ADDR & ~(PT_SPAN((u32)level) - 1)) + piece) >> PAGE_SHIFT,
		.prot = MMU_READ | (rights & PTE_W ? MMU_WRITE : 0) |
			(rights & PTE_NX ? 0 : MMU_EXEC) | (entry & PTE_PCD ? MMU_DEVICE : 0),
		.dirty = entry & PTE_D,
		.accessed = entry & PTE_A,
		.large = level > 0,
	};
	return true;
}

u64 mmu_kernel_wx_pages(void)
{
	if (!mmu_pte_nx)
		return 0;
	return pagetable_count_wx(&direct_reader, virt_to_phys(mmu_kernel_root), PT_ENTRIES / 2,
				  PT_ENTRIES - 1);
}
