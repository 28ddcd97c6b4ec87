/* SPDX-License-Identifier: MIT */
/*
 * Other CPUs: start, and interrupts to them.
 */
#pragma once

#include <kernel/config.h>
#include <kernel/lib/types.h>

struct cpumask {
	u64 bits[(NR_CPUS + 63) / 64];
};

/** smp_start_cpus - INIT-SIPI-SIPI to every enabled CPU of the MADT, at most
 * @max CPUs in all; each ends in upcall_cpu_online(). Logs those that do not come. */
void smp_start_cpus(u32 max);

/** smp_send_resched - make @cpu look at its run queue soon. Any context. */
void smp_send_resched(cpu_t cpu);

/**
 * smp_call - run fn(arg) on every CPU of @mask but this one, interrupts off
 * there, and wait until all have returned.
 * Context: interrupts on, or off when no other CPU may wait for this one;
 * while waiting this CPU serves calls of others (no deadlock of two callers).
 */
void smp_call(const struct cpumask *mask, void (*fn)(void *arg), void *arg);

/** smp_stop_others - NMI: every other CPU stops for good. For panics.
 * smp_log_stopped - where each was, one trace a CPU. */
void smp_stop_others(void);
void smp_log_stopped(void);
