/* SPDX-License-Identifier: MIT */
/*
 * The feature table: leaf, register and bit of each (Intel SDM vol. 2 "CPUID",
 * tables 3-10 and 3-11, leaves 7 and 80000001h), with the name /proc/cpuinfo
 * has for it.
 */
#include "cpuid.h"

#include <arch/cpu.h>
#include <kernel/lib/string.h>

enum { EAX, EBX, ECX, EDX };

static const struct {
	u32 leaf;
	u8 sub, reg, bit;
	const char *name;
} table[NR_CPU_FEATURES] = {
	[CPU_FPU] = { 1, 0, EDX, 0, "fpu" },
	[CPU_TSC] = { 1, 0, EDX, 4, "tsc" },
	[CPU_MCE] = { 1, 0, EDX, 7, "mce" },
	[CPU_APIC] = { 1, 0, EDX, 9, "apic" },
	[CPU_SEP] = { 1, 0, EDX, 11, "sep" },
	[CPU_PGE] = { 1, 0, EDX, 13, "pge" },
	[CPU_CMOV] = { 1, 0, EDX, 15, "cmov" },
	[CPU_PAT] = { 1, 0, EDX, 16, "pat" },
	[CPU_MMX] = { 1, 0, EDX, 23, "mmx" },
	[CPU_FXSR] = { 1, 0, EDX, 24, "fxsr" },
	[CPU_SSE] = { 1, 0, EDX, 25, "sse" },
	[CPU_SSE2] = { 1, 0, EDX, 26, "sse2" },
	[CPU_HT] = { 1, 0, EDX, 28, "ht" },
	[CPU_SSE3] = { 1, 0, ECX, 0, "pni" },
	[CPU_PCLMULQDQ] = { 1, 0, ECX, 1, "pclmulqdq" },
	[CPU_SSSE3] = { 1, 0, ECX, 9, "ssse3" },
	[CPU_FMA] = { 1, 0, ECX, 12, "fma" },
	[CPU_CX16] = { 1, 0, ECX, 13, "cx16" },
	[CPU_PCID] = { 1, 0, ECX, 17, "pcid" },
	[CPU_SSE4_1] = { 1, 0, ECX, 19, "sse4_1" },
	[CPU_SSE4_2] = { 1, 0, ECX, 20, "sse4_2" },
	[CPU_X2APIC] = { 1, 0, ECX, 21, "x2apic" },
	[CPU_MOVBE] = { 1, 0, ECX, 22, "movbe" },
	[CPU_POPCNT] = { 1, 0, ECX, 23, "popcnt" },
	[CPU_TSC_DEADLINE] = { 1, 0, ECX, 24, "tsc_deadline_timer" },
	[CPU_AES] = { 1, 0, ECX, 25, "aes" },
	[CPU_XSAVE] = { 1, 0, ECX, 26, "xsave" },
	[CPU_AVX] = { 1, 0, ECX, 28, "avx" },
	[CPU_F16C] = { 1, 0, ECX, 29, "f16c" },
	[CPU_RDRAND] = { 1, 0, ECX, 30, "rdrand" },
	[CPU_HYPERVISOR] = { 1, 0, ECX, 31, "hypervisor" },
	[CPU_FSGSBASE] = { 7, 0, EBX, 0, "fsgsbase" },
	[CPU_BMI1] = { 7, 0, EBX, 3, "bmi1" },
	[CPU_AVX2] = { 7, 0, EBX, 5, "avx2" },
	[CPU_SMEP] = { 7, 0, EBX, 7, "smep" },
	[CPU_BMI2] = { 7, 0, EBX, 8, "bmi2" },
	[CPU_ERMS] = { 7, 0, EBX, 9, "erms" },
	[CPU_INVPCID] = { 7, 0, EBX, 10, "invpcid" },
	[CPU_AVX512F] = { 7, 0, EBX, 16, "avx512f" },
	[CPU_RDSEED] = { 7, 0, EBX, 18, "rdseed" },
	[CPU_ADX] = { 7, 0, EBX, 19, "adx" },
	[CPU_SMAP] = { 7, 0, EBX, 20, "smap" },
	[CPU_SHA_NI] = { 7, 0, EBX, 29, "sha_ni" },
	[CPU_UMIP] = { 7, 0, ECX, 2, "umip" },
	[CPU_PKU] = { 7, 0, ECX, 3, "pku" },
	[CPU_FSRM] = { 7, 0, EDX, 4, "fsrm" },
	[CPU_SYSCALL] = { 0x80000001, 0, EDX, 11, "syscall" },
	[CPU_NX] = { 0x80000001, 0, EDX, 20, "nx" },
	[CPU_PDPE1GB] = { 0x80000001, 0, EDX, 26, "pdpe1gb" },
	[CPU_RDTSCP] = { 0x80000001, 0, EDX, 27, "rdtscp" },
	[CPU_LM] = { 0x80000001, 0, EDX, 29, "lm" },
	[CPU_LAHF_LM] = { 0x80000001, 0, ECX, 0, "lahf_lm" },
	[CPU_ABM] = { 0x80000001, 0, ECX, 5, "abm" },
	[CPU_XSAVEOPT] = { 0xd, 1, EAX, 0, "xsaveopt" },
	[CPU_CONSTANT_TSC] = { 0x80000007, 0, EDX, 8, "constant_tsc" },
	[CPU_ARAT] = { 6, 0, EAX, 2, "arat" },
};

u64 cpu_features[(NR_CPU_FEATURES + 63) / 64]; /* written while booting */
static char model[49];
static char flags[NR_CPU_FEATURES * 12];

struct cpuid_regs cpuid(u32 leaf, u32 subleaf)
{
	struct cpuid_regs r;

	__asm__("cpuid" : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
		: "a"(leaf & 0x80000000), "c"(0));
	/* Above the maximum CPUs answer with another leaf's words. */
	if (leaf > r.eax)
		return (struct cpuid_regs){ 0 };
	__asm__("cpuid" : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
		: "a"(leaf), "c"(subleaf));
	return r;
}

void cpu_drop(enum cpu_feature f)
{
	cpu_features[f / 64] &= ~BIT(f % 64);
}

static void model_init(void)
{
	for (u32 i = 0; i < 3; i++) {
		struct cpuid_regs r = cpuid(0x80000002 + i, 0);

		memcpy(model + i * sizeof(r), &r, sizeof(r));
	}
}

const char *cpu_model(void)
{
	return model;
}

const char *cpu_flags(void)
{
	size_t at = 0;

	if (flags[0])
		return flags;
	for (u32 f = 0; f < NR_CPU_FEATURES && at < sizeof(flags) - 24; f++) {
		if (!cpu_has(f))
			continue;
		if (at)
			flags[at++] = ' ';
		at += (size_t)str_copy(flags + at, table[f].name, sizeof(flags) - at);
	}
	return flags;
}

void cpuid_init(void)
{
	for (u32 f = 0; f < NR_CPU_FEATURES; f++) {
		struct cpuid_regs r = cpuid(table[f].leaf, table[f].sub);
		const u32 words[4] = { r.eax, r.ebx, r.ecx, r.edx };

		if (words[table[f].reg] >> table[f].bit & 1)
			cpu_features[f / 64] |= BIT(f % 64);
	}
	/* AVX-512 needs AVX's state format, both need XSAVE. */
	if (!cpu_has(CPU_XSAVE))
		cpu_drop(CPU_AVX);
	if (!cpu_has(CPU_AVX))
		cpu_drop(CPU_AVX512F);
	model_init();
}

u32 cpuid_apic_id(void)
{
	struct cpuid_regs r = cpuid(0xb, 0);

	if (r.ebx & 0xffff) /* logical processors at this level: 0 where it is not valid */
		return r.edx;
	return cpuid(1, 0).ebx >> 24;
}

bool cpu_has_fsgsbase(void)
{
	return cpu_has(CPU_FSGSBASE);
}
