/* SPDX-License-Identifier: MIT */
/*
 * Registers and selectors: control registers and RFLAGS (Intel SDM vol. 3
 * §2.3, §2.5), exception numbers (vol. 3 §6.3.1), interrupt vectors.
 * Selectors are Linux's, since programs see them in signal frames; SYSCALL and
 * SYSRET fix their order (vol. 2 "SYSRET": STAR[63:48] + 8 is SS, + 16 is CS).
 */
#pragma once

#include <kernel/lib/types.h>

#define KERNEL_CS  0x10
#define KERNEL_SS  0x18
#define USER32_CS  0x23
#define USER_SS    0x2b
#define USER_CS    0x33
#define TSS_SEL    0x40

#define CR0_MP BIT(1)
#define CR0_EM BIT(2)
#define CR0_TS BIT(3)
#define CR0_NE BIT(5)
#define CR0_WP BIT(16)
#define CR0_AM BIT(18)
#define CR0_CD BIT(30)
#define CR0_NW BIT(29)

#define CR4_PAE        BIT(5)
#define CR4_MCE        BIT(6)
#define CR4_PGE        BIT(7)
#define CR4_OSFXSR     BIT(9)
#define CR4_OSXMMEXCPT BIT(10)
#define CR4_UMIP       BIT(11)
#define CR4_FSGSBASE   BIT(16)
#define CR4_PCIDE      BIT(17)
#define CR4_OSXSAVE    BIT(18)
#define CR4_SMEP       BIT(20)
#define CR4_SMAP       BIT(21)

#define RFLAGS_CF   BIT(0)
#define RFLAGS_ONE  BIT(1)
#define RFLAGS_PF   BIT(2)
#define RFLAGS_AF   BIT(4)
#define RFLAGS_ZF   BIT(6)
#define RFLAGS_SF   BIT(7)
#define RFLAGS_TF   BIT(8)
#define RFLAGS_DF   BIT(10)
#define RFLAGS_OF   BIT(11)
#define RFLAGS_IOPL (3ull << 12)
#define RFLAGS_NT   BIT(14)
#define RFLAGS_RF   BIT(16)
#define RFLAGS_AC   BIT(18)
#define RFLAGS_ID   BIT(21)
/* RFLAGS_IF is in <arch/irq.h>. */

/* What a program may choose itself; sigreturn and ptrace take no other bit.
 * entry.asm enforces it on every way back to user mode but SYSRET's, whose
 * flags come from the CPU. */
#define RFLAGS_USER_MASK                                                              \
	(RFLAGS_CF | RFLAGS_PF | RFLAGS_AF | RFLAGS_ZF | RFLAGS_SF | RFLAGS_TF | RFLAGS_DF | \
	 RFLAGS_OF | RFLAGS_RF | RFLAGS_AC | RFLAGS_ID)

enum trap_vector {
	TRAP_DE = 0, TRAP_DB = 1, TRAP_NMI = 2, TRAP_BP = 3, TRAP_OF = 4, TRAP_BR = 5,
	TRAP_UD = 6, TRAP_NM = 7, TRAP_DF = 8, TRAP_TS = 10, TRAP_NP = 11, TRAP_SS = 12,
	TRAP_GP = 13, TRAP_PF = 14, TRAP_MF = 16, TRAP_AC = 17, TRAP_MC = 18, TRAP_XM = 19,
	TRAP_VE = 20, TRAP_CP = 21,
};

/* Page-fault error code (Intel SDM vol. 3 §4.7). */
#define PF_PRESENT BIT(0)
#define PF_WRITE   BIT(1)
#define PF_USER    BIT(2)
#define PF_RSVD    BIT(3)
#define PF_FETCH   BIT(4)

/* Interrupt vectors: 32 lines of the I/O APICs from 0x20 on and upwards (irq.c),
 * the local ones high, since the APIC ranks by number (vol. 3 §11.8.3.1). */
#define VECTOR_IRQ_FIRST 0x20
#define VECTOR_IRQ_END   0xe0
#define VECTOR_RESCHED   0xf0
#define VECTOR_CALL      0xf1
#define VECTOR_TIMER     0xf2
#define VECTOR_ERROR     0xfe
#define VECTOR_SPURIOUS  0xff
/* trapframe.vector of a system call whose frame nobody has looked at: it may
 * return by SYSRET. context_frame() sets 0 instead. */
#define VECTOR_SYSCALL   0x100

static inline u64 cr0_read(void)
{
	u64 v;

	__asm__ volatile("movq %%cr0, %0" : "=r"(v)::"memory");
	return v;
}

static inline void cr0_write(u64 v)
{
	__asm__ volatile("movq %0, %%cr0" ::"r"(v) : "memory");
}

static inline u64 cr2_read(void)
{
	u64 v;

	__asm__ volatile("movq %%cr2, %0" : "=r"(v)::"memory");
	return v;
}

static inline u64 cr3_read(void)
{
	u64 v;

	__asm__ volatile("movq %%cr3, %0" : "=r"(v)::"memory");
	return v;
}

static inline void cr3_write(u64 v)
{
	__asm__ volatile("movq %0, %%cr3" ::"r"(v) : "memory");
}

static inline u64 cr4_read(void)
{
	u64 v;

	__asm__ volatile("movq %%cr4, %0" : "=r"(v)::"memory");
	return v;
}

static inline void cr4_write(u64 v)
{
	__asm__ volatile("movq %0, %%cr4" ::"r"(v) : "memory");
}
