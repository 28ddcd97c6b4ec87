/* SPDX-License-Identifier: MIT */
/* PCI configuration space through the ports of mechanism #1. */
#include <arch/pci.h>

#include <kernel/core/spinlock.h>

#include "io.h"

#define PORT_ADDRESS 0xcf8
#define PORT_DATA    0xcfc
#define ENABLE       0x80000000u
#define CLASS        0x08
#define HEADER_TYPE  0x0c /* its third byte */
#define MULTIFUNCTION 0x00800000u
#define NOBODY       0xffffffffu
#define FUNCTIONS    0x10000

#define BAR_IO       0x1u
#define BAR_64       0x4u
#define BAR_TYPE     0x6u

/* Two accesses make one. */
static struct spinlock pci_lock = SPINLOCK_INIT(RANK_IRQ, "pci");

u32 pci_read(u16 function, u32 offset)
{
	irqflags_t flags = spin_lock_irq(&pci_lock);
	u32 value;

	outl(PORT_ADDRESS, ENABLE | (u32)function << 8 | (offset & 0xfc));
	value = inl(PORT_DATA);
	spin_unlock_irq(&pci_lock, flags);
	return value;
}

void pci_write(u16 function, u32 offset, u32 value)
{
	irqflags_t flags = spin_lock_irq(&pci_lock);

	outl(PORT_ADDRESS, ENABLE | (u32)function << 8 | (offset & 0xfc));
	outl(PORT_DATA, value);
	spin_unlock_irq(&pci_lock, flags);
}

/* Function 0 tells whether there are others. */
static bool is_alone(u16 f)
{
	u32 type = pci_read(f, HEADER_TYPE);

	return !(f & 7) && (type == NOBODY || !(type & MULTIFUNCTION));
}

bool pci_next(s32 *function)
{
	s32 f = *function;

	do {
		f = f < 0 ? 0 : is_alone((u16)f) ? f + 8 : f + 1;
		if (f >= FUNCTIONS)
			return false;
	} while (pci_read((u16)f, 0) == NOBODY);
	*function = f;
	return true;
}

u32 pci_class(u16 function)
{
	return pci_read(function, CLASS) >> 8;
}

bool pci_find(u32 class, s32 *function)
{
	while (pci_next(function))
		if (pci_class((u16)*function) == class)
			return true;
	return false;
}

paddr_t pci_bar_memory(u16 function, u32 bar)
{
	u32 low = pci_read(function, PCI_BAR0 + 4 * bar);
	u64 high = 0;

	if (low & BAR_IO)
		return 0;
	if ((low & BAR_TYPE) == BAR_64)
		high = pci_read(function, PCI_BAR0 + 4 * bar + 4);
	return high << 32 | (low & ~0xfu);
}
