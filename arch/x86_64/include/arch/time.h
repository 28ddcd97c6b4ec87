/* SPDX-License-Identifier: MIT */
/*
 * The hardware's clocks: a cycle counter that only grows, one one-shot
 * deadline a CPU, and the battery clock.
 */
#pragma once

#include <kernel/lib/types.h>

/** time_cycles - the TSC (Intel SDM vol. 3 §18.17) */
static inline u64 time_cycles(void)
{
	u32 lo, hi;

	__asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi));
	return (u64)hi << 32 | lo;
}

/** time_entry_cycles - the TSC at the first instruction of the image */
u64 time_entry_cycles(void);

/** time_cycles_steady - whether the CPUs that were started read one and the same
 * counter, as far as reading it while they started could tell (smp.c) */
bool time_cycles_steady(void);

/** time_init_arch - find and calibrate TSC and APIC timer, a few milliseconds
 * Return: TSC frequency in Hz. PANIC_ON when no clock can be found. */
u64 time_init_arch(void);

/**
 * time_arm - interrupt this CPU in @delta_ns (0: at once; ~0: never). The
 * interrupt calls upcall_timer(). Replaces what was armed before.
 * Context: interrupts off.
 */
void time_arm(ns_t delta_ns);

/** time_rtc_seconds - battery clock as seconds since 1970 UTC, 0 if none */
u64 time_rtc_seconds(void);

/** time_delay_ns - busy wait, for devices only */
void time_delay_ns(ns_t ns);
