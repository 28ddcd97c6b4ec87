/* SPDX-License-Identifier: MIT */
/*
 * What the processor can do: one bit per feature that this kernel asks about
 * or tells programs of. Found once, on the boot CPU.
 */
#pragma once

#include <kernel/lib/types.h>

struct cpuid_regs {
	u32 eax, ebx, ecx, edx;
};

/* Source: Intel SDM vol. 2 "CPUID"; leaves and bits stand in cpuid.c. */
enum cpu_feature {
	CPU_FPU, CPU_TSC, CPU_MCE, CPU_APIC, CPU_SEP, CPU_PGE, CPU_CMOV, CPU_PAT, CPU_MMX, CPU_FXSR,
	CPU_SSE, CPU_SSE2, CPU_HT, CPU_SSE3, CPU_PCLMULQDQ, CPU_SSSE3, CPU_FMA, CPU_CX16,
	CPU_PCID, CPU_SSE4_1, CPU_SSE4_2, CPU_X2APIC, CPU_MOVBE, CPU_POPCNT, CPU_TSC_DEADLINE,
	CPU_AES, CPU_XSAVE, CPU_AVX, CPU_F16C, CPU_RDRAND, CPU_HYPERVISOR,
	CPU_FSGSBASE, CPU_BMI1, CPU_AVX2, CPU_SMEP, CPU_BMI2, CPU_ERMS, CPU_INVPCID,
	CPU_AVX512F, CPU_RDSEED, CPU_ADX, CPU_SMAP, CPU_SHA_NI, CPU_UMIP, CPU_PKU, CPU_FSRM,
	CPU_SYSCALL, CPU_NX, CPU_PDPE1GB, CPU_RDTSCP, CPU_LM, CPU_LAHF_LM, CPU_ABM,
	CPU_XSAVEOPT, CPU_CONSTANT_TSC, CPU_ARAT,
	NR_CPU_FEATURES
};

/** cpuid - leaf and subleaf; zeros when the leaf is above the maximum */
struct cpuid_regs cpuid(u32 leaf, u32 subleaf);

/** cpuid_init - read the features. cpu_has - ask for one. */
void cpuid_init(void);
extern u64 cpu_features[(NR_CPU_FEATURES + 63) / 64];
static inline bool cpu_has(enum cpu_feature feature)
{
	return cpu_features[feature / 64] & BIT(feature % 64);
}
/** cpu_drop - treat @feature as absent (boot words) */
void cpu_drop(enum cpu_feature feature);

/** cpuid_apic_id - of the CPU that asks, 32 bits where leaf 0Bh tells */
u32 cpuid_apic_id(void);
