/* SPDX-License-Identifier: MIT */
/* Model-specific registers: numbers (Intel SDM vol. 4 table 2-2) and access. */
#pragma once

#include <kernel/lib/types.h>

#define MSR_APIC_BASE      0x1b
#define MSR_PAT            0x277
#define MSR_TSC_DEADLINE   0x6e0
#define MSR_X2APIC         0x800 /* + register offset / 16 */
#define MSR_EFER           0xc0000080
#define MSR_STAR           0xc0000081
#define MSR_LSTAR          0xc0000082
#define MSR_CSTAR          0xc0000083
#define MSR_SFMASK         0xc0000084
#define MSR_FS_BASE        0xc0000100
#define MSR_GS_BASE        0xc0000101
#define MSR_KERNEL_GS_BASE 0xc0000102
#define MSR_TSC_AUX        0xc0000103

#define EFER_SCE BIT(0)
#define EFER_LME BIT(8)
#define EFER_LMA BIT(10)
#define EFER_NXE BIT(11)

#define APIC_BASE_X2APIC BIT(10) /* Intel SDM vol. 3 §11.12.1 */
#define APIC_BASE_ENABLE BIT(11)
#define APIC_BASE_ADDR   0x0000fffffffff000ull

static inline u64 msr_read(u32 msr)
{
	u32 lo, hi;

	__asm__ volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr) : "memory");
	return (u64)hi << 32 | lo;
}

static inline void msr_write(u32 msr, u64 val)
{
	__asm__ volatile("wrmsr" ::"a"((u32)val), "d"((u32)(val >> 32)), "c"(msr) : "memory");
}
