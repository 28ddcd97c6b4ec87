/* SPDX-License-Identifier: MIT */
/*
 * /proc/bus/pci/devices: a line a function of segment 0. The first columns are
 * Linux's (place, vendor and device, interrupt line); where Linux goes on with the
 * size of each BAR, which only writing to them tells, we give the class.
 */
#include "proc_priv.h"

#include <arch/pci.h>

static int show_devices(struct seq *seq, __unused struct proc_inode *pi)
{
	s32 f = -1;

	while (pci_next(&f)) {
		u32 id = pci_read((u16)f, 0);

		seq_printf(seq, "%04x\t%04x%04x\t%x\t%06x\n", (u32)f, id & 0xffff, id >> 16,
			   pci_read((u16)f, PCI_INTERRUPT) & 0xff, pci_class((u16)f));
	}
	return 0;
}

const struct proc_entry proc_pci_children[] = {
	{ .name = "devices", .mode = S_IFREG | 0444, .show = show_devices }, { .name = NULL },
};
