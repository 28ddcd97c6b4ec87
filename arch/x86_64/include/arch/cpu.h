/* SPDX-License-Identifier: MIT */
/*
 * The processor: pausing, idling, identity. Early start is cpu_init_early()
 * for the boot CPU (GDT, IDT, feature bits, GS.base) and cpu_init_ap() on
 * each other one.
 */
#pragma once

#include <arch/atomic.h>
#include <arch/percpu.h>
#include <kernel/lib/types.h>

static inline void cpu_relax(void)
{
	__asm__ volatile("pause" ::: "memory");
}

/* Keeps the compiler from moving memory accesses across. */
static inline void compiler_barrier(void)
{
	__asm__ volatile("" ::: "memory");
}

/**
 * cpu_wait_for_interrupt - enable interrupts and halt until one has come
 * Context: idle thread, interrupts off (the check for work was made with them
 * off; sti;hlt loses no wake-up, Intel SDM vol. 2 "STI"). Returns with
 * interrupts on.
 */
void cpu_wait_for_interrupt(void);

/** cpu_halt_forever - stop this CPU for good, interrupts off */
__noreturn void cpu_halt_forever(void);

/** cpu_init_early - boot CPU: GDT, TSS, IDT, features, percpu, syscall MSRs */
void cpu_init_early(void);

/** cpu_model - brand string and feature flags for /proc/cpuinfo ("" if none) */
const char *cpu_model(void);
const char *cpu_flags(void);

/** cpu_has_fsgsbase - AT_HWCAP2 bit 1 is told to programs only if so */
bool cpu_has_fsgsbase(void);

/** cpu_hwcap - AT_HWCAP: EDX of CPUID leaf 1, as Linux tells programs */
u32 cpu_hwcap(void);

/** cpu_random_u64 - from RDRAND and RDSEED, or mixed from the TSC where there is none
 * Return: true when the value came from RDRAND. */
bool cpu_random_u64(u64 *out);

enum machine_action { MACHINE_POWER_OFF, MACHINE_REBOOT, MACHINE_HALT };

/**
 * machine_stop - power off, reset or halt the machine; tries every way there
 * is (ACPI S5, reset register, 8042, isa-debug-exit, triple fault)
 */
__noreturn void machine_stop(enum machine_action action);

/** machine_exit - leave an emulator through isa-debug-exit with @code, if there */
void machine_exit(u8 code);
