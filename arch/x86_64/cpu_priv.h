/* SPDX-License-Identifier: MIT */
/*
 * What arch/x86_64 keeps per CPU inside struct cpu.arch, and start-up calls
 * between its files.
 */
#pragma once

#include <arch/percpu.h>
#include <kernel/lib/types.h>

/* Task state segment, 64-bit form (Intel SDM vol. 3 §7.7, figure 7-11). */
struct tss {
	u32 reserved0;
	u64 rsp[3]; /* [0]: stack of entries from user mode */
	u64 reserved1;
	u64 ist[7];
	u64 reserved2;
	u16 reserved3;
	u16 iomap; /* at or past the limit: no port is open to user mode */
} __packed;
static_assert(sizeof(struct tss) == 104, "SDM vol. 3 figure 7-11");

#define GDT_ENTRIES 10

/* Interrupt stack table: NMI, #DF, #MC and #DB get stacks that are good in any
 * state. The word above each one's top holds the struct cpu (entry.asm). */
enum ist_index { IST_NMI = 1, IST_DF, IST_MC, IST_DB };
#define IST_COUNT      4
#define IST_STACK_SIZE 8192u
#define IST_ORDER      3u /* pages of all of one CPU's: 2^3 */

struct cpu_local {
	u64 gdt[GDT_ENTRIES];
	struct tss tss;
	u64 ist_base;        /* lowest address of the IST stacks */
	void *call;          /* [a] smp_call() request waiting, smp.c */
	u64 nmi_count;
	bool stopped;        /* [a] by smp_stop_others() */
} __aligned(8);
static_assert(sizeof(struct cpu_local) <= sizeof(((struct cpu *)0)->arch), "fits");

static inline struct cpu_local *cpu_local(struct cpu *cpu)
{
	return (struct cpu_local *)(void *)cpu->arch;
}

/** gdt_init_cpu - GDT and TSS of @cpu, with IST stacks from @ist_base on; loads
 * them and makes @cpu this_cpu() */
void gdt_init_cpu(struct cpu *cpu, u64 ist_base);

/** gdt_set_number - user mode can ask for @cpu's number and node (kernel/abi/vdso.h) */
void gdt_set_number(struct cpu *cpu);

/** idt_init - fill the table; idt_load - on each CPU */
void idt_init(void);
void idt_load(void);

/** cpu_init_features - control registers and MSRs of this CPU */
void cpu_init_features(void);
