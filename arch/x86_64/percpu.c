/* SPDX-License-Identifier: MIT */
/* The table of CPUs; entries are published by cpu.c and smp.c. */
#include <arch/percpu.h>

struct cpu *cpu_table[NR_CPUS];
u32 nr_cpus_online;
