/* SPDX-License-Identifier: MIT */
/*
 * Segments: flat 64-bit code and data of both rings, and one TSS per CPU that
 * only names stacks. Each CPU has its own table, in its struct cpu.
 * Sources: Intel SDM vol. 3 §3.4.5 (descriptors), §7.2.3 (TSS descriptor).
 */
#include "cpu_priv.h"

#include <kernel/abi/vdso.h>

#include "msr.h"
#include "regs.h"

#define DESC_CODE_KERNEL 0x00af9b000000ffffull /* L=1, present, ring 0 */
#define DESC_DATA_KERNEL 0x00cf93000000ffffull
#define DESC_DATA_USER   0x00cff3000000ffffull
#define DESC_CODE_USER   0x00affb000000ffffull
#define DESC_TSS         0x0000890000000000ull /* available 64-bit TSS, present */
#define DESC_LIMIT_USER  0x0000f10000000000ull /* data, read-only, present, limit in bytes */

struct table_register {
	u16 limit;
	u64 base;
} __packed;

static void gdt_fill(struct cpu_local *local)
{
	u64 tss = (u64)(uintptr_t)&local->tss;

	local->gdt[KERNEL_CS / 8] = DESC_CODE_KERNEL;
	local->gdt[KERNEL_SS / 8] = DESC_DATA_KERNEL;
	/* USER32_CS stays absent: there is no compatibility mode. */
	local->gdt[USER_SS / 8] = DESC_DATA_USER;
	local->gdt[USER_CS / 8] = DESC_CODE_USER;
	local->gdt[TSS_SEL / 8] = DESC_TSS | (sizeof(struct tss) - 1) | (tss & 0xffffff) << 16 |
				  (tss >> 24 & 0xff) << 56;
	local->gdt[TSS_SEL / 8 + 1] = tss >> 32;
}

void gdt_set_number(struct cpu *cpu)
{
	u64 limit = (u64)cpu->node << VDSO_CPU_NODE_SHIFT | cpu->id;

	static_assert(NR_CPUS <= BIT(VDSO_CPU_NODE_SHIFT), "fits");
	cpu_local(cpu)->gdt[VDSO_CPU_SELECTOR / 8] =
		DESC_LIMIT_USER | (limit & 0xffff) | (limit >> 16 & 0xf) << 48;
}

static void ist_fill(struct cpu *cpu, u64 ist_base)
{
	struct cpu_local *local = cpu_local(cpu);

	local->ist_base = ist_base;
	for (u32 i = 0; i < IST_COUNT; i++) {
		/* 16 bytes: the CPU aligns the stack it starts to that. */
		u64 top = ist_base + (i + 1) * IST_STACK_SIZE - 16;

		*(struct cpu **)(uintptr_t)top = cpu;
		local->tss.ist[IST_NMI + i - 1] = top;
	}
}

void gdt_init_cpu(struct cpu *cpu, u64 ist_base)
{
	struct cpu_local *local = cpu_local(cpu);
	struct table_register gdtr = { sizeof(local->gdt) - 1, (u64)(uintptr_t)local->gdt };

	gdt_fill(local);
	gdt_set_number(cpu);
	ist_fill(cpu, ist_base);
	local->tss.iomap = sizeof(struct tss);
	__asm__ volatile("lgdt %0\n\t"
			 "pushq %1\n\t"
			 "leaq 1f(%%rip), %%rax\n\t"
			 "pushq %%rax\n\t"
			 "lretq\n"
			 "1:\tmovl %2, %%eax\n\t"
			 "movl %%eax, %%ss\n\t"
			 "xorl %%eax, %%eax\n\t"
			 "movl %%eax, %%ds\n\t"
			 "movl %%eax, %%es\n\t"
			 "movl %%eax, %%fs\n\t"
			 "movl %%eax, %%gs"
			 :
			 : "m"(gdtr), "i"(KERNEL_CS), "i"(KERNEL_SS)
			 : "rax", "memory");
	__asm__ volatile("ltr %w0" ::"r"(TSS_SEL) : "memory");
	cpu->self = cpu;
	msr_write(MSR_GS_BASE, (u64)(uintptr_t)cpu);
	msr_write(MSR_KERNEL_GS_BASE, 0);
}
