/* SPDX-License-Identifier: MIT */
/*
 * I/O APICs. Registers are reached through an index and a data word, so one
 * lock covers each pair of accesses.
 * Source: Intel 82093AA data sheet (1996), §3.1 and §3.2.
 */
#include "ioapic.h"

#include <kernel/abi/errno.h>
#include <kernel/core/log.h>
#include <kernel/core/spinlock.h>
#include <mm/kva.h>

#define IOAPICS_MAX 16u
#define REG_VERSION 1u           /* bits 23..16: highest entry */
#define REG_ENTRY(n) (0x10u + 2 * (n))

#define ENTRY_LOW_ACTIVE BIT(13)
#define ENTRY_LEVEL      BIT(15)
#define ENTRY_MASKED     BIT(16)

struct ioapic {
	volatile u32 *select; /* [0] index, [4] data: 0x00 and 0x10 */
	u32 gsi_base, lines;
};

static struct ioapic ioapics[IOAPICS_MAX]; /* written while booting */
static u32 nr_ioapics;
static struct spinlock ioapic_lock = SPINLOCK_INIT(RANK_IRQ, "ioapic");

static u32 read_locked(const struct ioapic *io, u32 reg)
{
	io->select[0] = reg;
	return io->select[4];
}

static void write_locked(const struct ioapic *io, u32 reg, u32 val)
{
	io->select[0] = reg;
	io->select[4] = val;
}

static const struct ioapic *ioapic_of(u32 gsi)
{
	for (u32 i = 0; i < nr_ioapics; i++)
		if (gsi - ioapics[i].gsi_base < ioapics[i].lines)
			return &ioapics[i];
	return NULL;
}

u32 ioapic_add(paddr_t pa, u32 gsi_base)
{
	struct ioapic *io = &ioapics[nr_ioapics];
	irqflags_t flags;

	if (nr_ioapics == IOAPICS_MAX)
		return 0;
	io->select = kva_map_device(pa, 0x20);
	if (!io->select)
		return 0;
	flags = spin_lock_irq(&ioapic_lock);
	io->gsi_base = gsi_base;
	io->lines = (read_locked(io, REG_VERSION) >> 16 & 0xff) + 1;
	for (u32 i = 0; i < io->lines; i++)
		write_locked(io, REG_ENTRY(i), ENTRY_MASKED);
	spin_unlock_irq(&ioapic_lock, flags);
	nr_ioapics++;
	return io->lines;
}

int ioapic_route(u32 gsi, u8 vector, u32 apic_id, bool active_low, bool level)
{
	const struct ioapic *io = ioapic_of(gsi);
	u32 low = vector | ENTRY_MASKED;
	irqflags_t flags;

	/* An entry's destination has 8 bits without interrupt remapping. */
	if (!io || apic_id > 0xff)
		return -ENODEV;
	low |= active_low ? ENTRY_LOW_ACTIVE : 0;
	low |= level ? ENTRY_LEVEL : 0;
	flags = spin_lock_irq(&ioapic_lock);
	write_locked(io, REG_ENTRY(gsi - io->gsi_base), low);
	write_locked(io, REG_ENTRY(gsi - io->gsi_base) + 1, apic_id << 24);
	spin_unlock_irq(&ioapic_lock, flags);
	return 0;
}

void ioapic_set_mask(u32 gsi, bool masked)
{
	const struct ioapic *io = ioapic_of(gsi);
	irqflags_t flags;
	u32 reg, low;

	if (!io)
		return;
	reg = REG_ENTRY(gsi - io->gsi_base);
	flags = spin_lock_irq(&ioapic_lock);
	low = read_locked(io, reg);
	write_locked(io, reg, masked ? low | ENTRY_MASKED : low & ~(u32)ENTRY_MASKED);
	spin_unlock_irq(&ioapic_lock, flags);
}
