/* SPDX-License-Identifier: MIT */
/*
 * PCI configuration space, segment 0, the first 256 bytes of each function (PCI
 * Local Bus Specification 3.0, §3.2.2.3.2, ch. 6; §6.7, §6.8 capabilities, MSI, MSI-X).
 */
#pragma once

#include <kernel/lib/types.h>

struct irq_message;

#define PCI_COMMAND        0x04
#define PCI_COMMAND_MEMORY 0x0002u
#define PCI_COMMAND_MASTER 0x0004u
#define PCI_COMMAND_NO_INTX 0x0400u
#define PCI_BAR0           0x10
#define PCI_CAPABILITIES   0x34
#define PCI_INTERRUPT      0x3c

/* Bus, device, function in bits 15..8, 7..3, 2..0. */
u32 pci_read(u16 function, u32 offset);
void pci_write(u16 function, u32 offset, u32 value);

/** pci_next - the function after *function; begin with *function = -1. False: none. */
bool pci_next(s32 *function);
/** pci_class - class, subclass, interface */
u32 pci_class(u16 function);
/** pci_find - the function of class code @class (class, subclass, interface) after
 * *function; begin with *function = -1. False: none. */
bool pci_find(u32 class, s32 *function);

/** pci_bar_memory - where memory BAR @bar lies. 0: it is none, or not placed. */
paddr_t pci_bar_memory(u16 function, u32 bar);

/** pci_send_message - let @function interrupt by @message, the first of its MSI-X table
 * or its MSI. Return: 0; -ENODEV it has neither; -ENOMEM. */
int pci_send_message(u16 function, const struct irq_message *message) __must_check;
