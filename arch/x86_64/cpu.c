/* SPDX-License-Identifier: MIT */
/*
 * Bringing one CPU into the kernel's state: control registers, system call
 * MSRs, tables; idling; random numbers.
 */
#include <arch/cpu.h>

#include <arch/irq.h>
#include <arch/sections.h>
#include <arch/time.h>

#include "cpu_priv.h"
#include "cpuid.h"
#include "fpu.h"
#include "msr.h"
#include "regs.h"
#include "trap.h"
#include "uaccess_priv.h"

/* Memory types by PAT, PCD and PWT: as after reset, but PWT alone (MMU_COMBINING) is
 * write combining, where it was write-through (Intel SDM vol. 3 §12.12.2, table 12-12). */
#define PAT_WANTED 0x0007040600070106ull

static struct cpu boot_cpu __aligned(64);
static u8 boot_ist[IST_COUNT * IST_STACK_SIZE] __aligned(16);

static u64 cr4_wanted(void)
{
	u64 cr4 = CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT;

	cr4 |= cpu_has(CPU_MCE) ? CR4_MCE : 0;
	cr4 |= cpu_has(CPU_PGE) ? CR4_PGE : 0;
	cr4 |= cpu_has(CPU_UMIP) ? CR4_UMIP : 0;
	cr4 |= cpu_has(CPU_FSGSBASE) ? CR4_FSGSBASE : 0;
	cr4 |= cpu_has(CPU_XSAVE) ? CR4_OSXSAVE : 0;
	cr4 |= cpu_has(CPU_SMEP) ? CR4_SMEP : 0;
	cr4 |= cpu_has(CPU_SMAP) ? CR4_SMAP : 0;
	return cr4;
}

static void syscall_init(void)
{
	msr_write(MSR_EFER, msr_read(MSR_EFER) | EFER_SCE);
	msr_write(MSR_STAR, (u64)USER32_CS << 48 | (u64)KERNEL_CS << 32);
	msr_write(MSR_LSTAR, (u64)(uintptr_t)syscall_entry);
	/* No 32-bit entry: AMD takes CSTAR for those, Intel #UDs. */
	msr_write(MSR_SFMASK, RFLAGS_IF | RFLAGS_DF | RFLAGS_TF | RFLAGS_AC | RFLAGS_NT |
			      RFLAGS_IOPL);
}

void cpu_init_features(void)
{
	u64 cr0 = cr0_read() & ~(CR0_CD | CR0_NW | CR0_EM);

	/* AM: programs may ask for alignment checks (RFLAGS.AC). TS: fpu.c. */
	cr0_write(cr0 | CR0_WP | CR0_NE | CR0_MP | CR0_AM);
	cr4_write(cr4_wanted() | (cr4_read() & CR4_PCIDE));
	if (cpu_has(CPU_PAT))
		msr_write(MSR_PAT, PAT_WANTED);
	syscall_init();
	fpu_init_cpu();
}

void cpu_init_early(void)
{
	boot_cpu.kstack_top = (u64)(uintptr_t)boot_stack_top;
	gdt_init_cpu(&boot_cpu, (u64)(uintptr_t)boot_ist);
	idt_init();
	cpuid_init();
	boot_cpu.apic_id = cpuid_apic_id();
	fpu_init();
	cpu_init_features();
	if (cpu_has(CPU_SMAP))
		uaccess_enable_smap();
	boot_cpu.online = true;
	atomic_store_release(&cpu_table[0], &boot_cpu);
	nr_cpus_online = 1;
}

void cpu_wait_for_interrupt(void)
{
	__asm__ volatile("sti; hlt" ::: "memory");
}

__noreturn void cpu_halt_forever(void)
{
	for (;;)
		__asm__ volatile("cli; hlt" ::: "memory");
}

/* Intel SDM vol. 1 §7.3.17.1: ten tries are enough for RDRAND to answer. */
static bool rdrand(u64 *out)
{
	for (u32 i = 0; i < 10; i++) {
		bool ok;

		__asm__ volatile("rdrand %0" : "=r"(*out), "=@ccc"(ok));
		if (ok)
			return true;
	}
	return false;
}

/* The source behind RDRAND itself; it may have nothing just now. */
static bool rdseed(u64 *out)
{
	bool ok;

	__asm__ volatile("rdseed %0" : "=r"(*out), "=@ccc"(ok));
	return ok;
}

bool cpu_random_u64(u64 *out)
{
	u64 seed;

	if (cpu_has(CPU_RDRAND) && rdrand(out)) {
		if (cpu_has(CPU_RDSEED) && rdseed(&seed))
			*out ^= seed;
		return true;
	}
	/* The time between two reads varies; the multiplier is that of splitmix64,
	 * it only spreads the low bits. */
	for (u32 i = 0; i < 8; i++)
		*out = (*out ^ time_cycles()) * 0xbf58476d1ce4e5b9ull;
	return false;
}
