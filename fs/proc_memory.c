/* SPDX-License-Identifier: MIT */
/*
 * procfs: the kernel's own stores: buddyinfo, zoneinfo, timer_list. Forms are Linux
 * 6's, lines of what is not kept here left out.
 */
#include "proc_priv.h"

#include <arch/percpu.h>
#include <kernel/time/clock.h>
#include <kernel/time/timer.h>
#include <mm/pmm.h>

typedef unsigned long long ull; /* for printf */

static const char *const zone_names[NR_ZONES] = { "DMA", "DMA32", "Normal" };

int proc_show_buddyinfo(struct seq *seq, __unused struct proc_inode *pi)
{
	struct pmm_zone_info info;

	for (u32 i = 0; pmm_zone_info(i, &info); i++) {
		if (!info.total)
			continue;
		seq_printf(seq, "Node %u, zone %8s ", info.node, zone_names[info.kind]);
		for (u32 order = 0; order <= PMM_MAX_ORDER; order++)
			seq_printf(seq, "%6llu ", (ull)info.blocks[order]);
		seq_putc(seq, '\n');
	}
	return 0;
}

int proc_show_zoneinfo(struct seq *seq, __unused struct proc_inode *pi)
{
	struct pmm_zone_info info;

	for (u32 i = 0; pmm_zone_info(i, &info); i++) {
		if (!info.total)
			continue;
		seq_printf(seq, "Node %u, zone %8s\n  pages free     %llu\n        min      %llu\n"
			   "        low      %llu\n        high     %llu\n        spanned  %llu\n"
			   "        present  %llu\n        managed  %llu\n", info.node,
			   zone_names[info.kind], (ull)info.free, (ull)info.reserve,
			   (ull)info.reserve, (ull)info.reserve, (ull)info.total, (ull)info.total,
			   (ull)info.total);
	}
	return 0;
}

int proc_show_timer_list(struct seq *seq, __unused struct proc_inode *pi)
{
	struct cpu *cpu;

	seq_printf(seq, "Timer List Version: v0.9\nHRTIMER_MAX_CLOCK_BASES: 1\n"
		   "now at %llu nsecs\n\n", (ull)uptime_ns());
	FOR_EACH_CPU(cpu) {
		ns_t first = timer_first(cpu);

		seq_printf(seq, "cpu: %u\n", cpu->id);
		if (first != NS_FOREVER)
			seq_printf(seq, "  .expires_next   : %llu nsecs\n", (ull)first);
	}
	return 0;
}
