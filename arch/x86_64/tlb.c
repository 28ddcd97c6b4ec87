/* SPDX-License-Identifier: MIT */
/*
 * Which CPU has which space loaded, and shootdown of stale translations.
 *
 *   activate(space)                 change and flush
 *     set own bit in active           change the entry
 *     (locked: full fence)            full fence
 *     load CR3                        read active
 *     walk                            send to the CPUs seen
 *
 * Either the flusher sees the bit, or the loading CPU's walks see the changed
 * entry (Dekker's pattern). A CPU that runs a kernel thread keeps the space it
 * had and its bit, so it gets the calls until it loads another.
 *
 * Global entries are the kernel's only; a CR3 load drops all others (Intel SDM
 * vol. 3 §4.10.4.1). INVLPG drops all paging-structure caches as well.
 */
#include <arch/mmu.h>

#include <arch/atomic.h>
#include <arch/irq.h>
#include <arch/smp.h>
#include <kernel/core/panic.h>

#include "mmu_priv.h"
#include "regs.h"

/* From so many pages on a CR3 load is cheaper than invalidating each. */
#define INVLPG_MAX 32u

static inline void invlpg(vaddr_t va)
{
	__asm__ volatile("invlpg (%0)" ::"r"(va) : "memory");
}

static void load_root(struct mmu_space *space)
{
	cr3_write(space ? space->root : virt_to_phys(mmu_kernel_root));
}

void mmu_activate(struct mmu_space *space)
{
	struct cpu *cpu = this_cpu();
	struct mmu_space *old = cpu->space;
	u64 bit = BIT(cpu->id % 64);

	if (old == space)
		return;
	if (space)
		(void)atomic_fetch_or(&space->active[cpu->id / 64], bit);
	atomic_store_relaxed(&cpu->space, space);
	load_root(space);
	if (old)
		(void)atomic_fetch_and(&old->active[cpu->id / 64], ~bit);
}

void mmu_init_cpu(void)
{
	cr4_write(cr4_read() | CR4_PGE);
	load_root(NULL);
}

struct flush {
	struct mmu_space *space; /* NULL: kernel half */
	vaddr_t start, end;
};

static void flush_local(const struct flush *f)
{
	if (f->end - f->start <= INVLPG_MAX * PAGE_SIZE) {
		for (vaddr_t va = f->start; va < f->end; va += PAGE_SIZE)
			invlpg(va);
	} else if (f->space) {
		cr3_write(cr3_read());
	} else { /* global entries go only by toggling PGE (SDM vol. 3 §4.10.4.1) */
		u64 cr4 = cr4_read();

		cr4_write(cr4 & ~CR4_PGE);
		cr4_write(cr4);
	}
}

static void flush_call(void *arg)
{
	const struct flush *f = arg;

	if (!f->space || this_cpu()->space == f->space)
		flush_local(f);
}

void tlb_flush(struct mmu_space *space, vaddr_t start, vaddr_t end)
{
	struct flush f = { space, start, end };
	struct cpumask others;
	cpu_t self = this_cpu()->id;
	u64 any = 0;

	atomic_fence(); /* see the head */
	for (u32 i = 0; i < ARRAY_SIZE(others.bits); i++) {
		others.bits[i] = atomic_load_relaxed(&space->active[i]);
		if (i == self / 64)
			others.bits[i] &= ~BIT(self % 64);
		any |= others.bits[i];
	}
	if (this_cpu()->space == space)
		flush_local(&f);
	if (unlikely(any))
		smp_call(&others, flush_call, &f);
}

static struct cpumask all_others(void)
{
	struct cpumask mask = { 0 };
	struct cpu *cpu;

	FOR_EACH_CPU(cpu)
		if (cpu != this_cpu())
			mask.bits[cpu->id / 64] |= BIT(cpu->id % 64);
	return mask;
}

void tlb_flush_kernel(vaddr_t start, vaddr_t end)
{
	struct flush f = { NULL, start, end };
	struct cpumask others = all_others();

	flush_local(&f);
	smp_call(&others, flush_call, &f);
}

static void detach_call(void *arg)
{
	if (this_cpu()->space == arg)
		mmu_activate(NULL);
}

void mmu_space_detach(struct mmu_space *space)
{
	struct cpumask others;
	cpu_t self = this_cpu()->id;
	irqflags_t flags = irq_save();
	u64 any = 0;

	detach_call(space);
	irq_restore(flags);
	for (u32 i = 0; i < ARRAY_SIZE(others.bits); i++) {
		others.bits[i] = atomic_load_acquire(&space->active[i]);
		if (i == self / 64)
			others.bits[i] &= ~BIT(self % 64);
		any |= others.bits[i];
	}
	if (any)
		smp_call(&others, detach_call, space);
}
