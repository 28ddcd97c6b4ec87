/* SPDX-License-Identifier: MIT */
/* PCI configuration space through the ports of mechanism #1. */
#include <arch/pci.h>

#include <arch/irq.h>
#include <arch/mmu.h>
#include <kernel/abi/errno.h>
#include <kernel/core/spinlock.h>
#include <mm/kva.h>

#include "io.h"

#define PORT_ADDRESS 0xcf8
#define PORT_DATA    0xcfc
#define ENABLE       0x80000000u
#define CLASS        0x08
#define HEADER_TYPE  0x0c /* its third byte */
#define MULTIFUNCTION 0x00800000u
#define NOBODY       0xffffffffu
#define FUNCTIONS    0x10000

#define STATUS_CAPABILITIES 0x00100000u /* of the word that begins with the command */
#define CAPABILITY_MSI   0x05u
#define CAPABILITY_MSIX  0x11u
#define CAPABILITIES_MAX 48u /* as many fit */
#define MSI_ENABLE       0x00010000u
#define MSI_MESSAGES     0x00700000u /* how many it may send */
#define MSI_64           0x00800000u
#define MSIX_ENABLE      0x80000000u
#define MSIX_MASK_ALL    0x40000000u
#define MSIX_BAR         0x7u

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

/* The offset of capability @id, 0: it has none. */
static u32 capability(u16 function, u32 id)
{
	u32 at = pci_read(function, PCI_CAPABILITIES) & 0xfc;

	if (!(pci_read(function, PCI_COMMAND) & STATUS_CAPABILITIES))
		return 0;
	for (u32 i = 0; at >= 0x40 && i < CAPABILITIES_MAX; i++) {
		u32 head = pci_read(function, at);

		if ((head & 0xff) == id)
			return at;
		at = head >> 8 & 0xfc;
	}
	return 0;
}

static int send_msix(u16 function, u32 at, const struct irq_message *message)
{
	u32 table = pci_read(function, at + 4), head = pci_read(function, at);
	paddr_t bar = pci_bar_memory(function, table & MSIX_BAR);
	volatile u32 *entry;

	if (!bar)
		return -ENODEV;
	entry = kva_map_device(bar + (table & ~MSIX_BAR), 16);
	if (!entry)
		return -ENOMEM;
	pci_write(function, at, head | MSIX_ENABLE | MSIX_MASK_ALL);
	entry[0] = (u32)message->address;
	entry[1] = (u32)(message->address >> 32);
	entry[2] = message->data;
	entry[3] = 0; /* not masked */
	pci_write(function, at, (head | MSIX_ENABLE) & ~MSIX_MASK_ALL);
	return 0;
}

static void send_msi(u16 function, u32 at, const struct irq_message *message)
{
	u32 head = pci_read(function, at), data_at = at + (head & MSI_64 ? 12 : 8);

	pci_write(function, at + 4, (u32)message->address);
	if (head & MSI_64)
		pci_write(function, at + 8, (u32)(message->address >> 32));
	pci_write(function, data_at, (pci_read(function, data_at) & 0xffff0000) | message->data);
	pci_write(function, at, (head & ~MSI_MESSAGES) | MSI_ENABLE);
}

int pci_send_message(u16 function, const struct irq_message *message)
{
	u32 msix = capability(function, CAPABILITY_MSIX);
	u32 msi = capability(function, CAPABILITY_MSI);

	if (msix)
		return send_msix(function, msix, message);
	if (!msi)
		return -ENODEV;
	send_msi(function, msi, message);
	return 0;
}
