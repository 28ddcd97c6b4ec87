/* SPDX-License-Identifier: MIT */
/*
 * Under KVM the hypervisor tells how it converts the TSC to nanoseconds:
 * ns = (tsc << shift) * mul >> 32. Only the factor is used.
 * Source: Linux Documentation/virt/kvm/x86/msr.rst, cpuid.rst.
 */
#include "refclock.h"

#include <arch/mmu.h>
#include <kernel/lib/string.h>

#include "cpuid.h"
#include "msr.h"

#define KVM_CPUID           0x40000000
#define KVM_FEATURE_CLOCK2  3
#define MSR_KVM_SYSTEM_TIME 0x4b564d01
#define SYSTEM_TIME_ON      1

struct kvm_time {
	u32 version;
	u32 pad0;
	u64 tsc_timestamp;
	u64 system_time;
	u32 tsc_to_ns_mul;
	s8 tsc_shift;
	u8 flags;
	u8 pad[2];
};
static_assert(sizeof(struct kvm_time) == 32, "KVM's format");

static struct kvm_time time_page __aligned(32);

/* Leaves from 0x40000000 on have a maximum of their own: cpuid() would refuse. */
static struct cpuid_regs hypervisor_leaf(u32 leaf)
{
	struct cpuid_regs r;

	__asm__("cpuid" : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx) : "a"(leaf), "c"(0));
	return r;
}

static bool under_kvm(void)
{
	struct cpuid_regs r;

	if (!cpu_has(CPU_HYPERVISOR))
		return false;
	r = hypervisor_leaf(KVM_CPUID);
	if (memcmp(&r.ebx, "KVMKVMKVM\0\0\0", 12))
		return false;
	return hypervisor_leaf(KVM_CPUID + 1).eax & BIT(KVM_FEATURE_CLOCK2);
}

u64 kvmclock_tsc_hz(void)
{
	u64 hz;

	if (!under_kvm())
		return 0;
	msr_write(MSR_KVM_SYSTEM_TIME, virt_to_phys(&time_page) | SYSTEM_TIME_ON);
	msr_write(MSR_KVM_SYSTEM_TIME, 0);
	if (!time_page.tsc_to_ns_mul)
		return 0;
	hz = (1000000000ull << 32) / time_page.tsc_to_ns_mul;
	return time_page.tsc_shift < 0 ? hz << -time_page.tsc_shift : hz >> time_page.tsc_shift;
}
