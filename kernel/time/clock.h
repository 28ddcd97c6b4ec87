/* SPDX-License-Identifier: MIT */
/* Time since boot and of day, from the TSC; nanoseconds. */
#pragma once

#include <arch/time.h>
#include <kernel/lib/types.h>

#define NS_PER_SEC 1000000000ull
#define NS_PER_MS  1000000ull
#define NS_PER_US  1000ull

/** clock_init - calibrate and read the battery clock */
void clock_init(void);

/** clock_cpus_started - all CPUs run; whether their counters agree is known now */
void clock_cpus_started(void);

/** clock_user_page - the page, struct vdso_data at its start, that the vDSO may read */
const void *clock_user_page(void);

/** uptime_ns - monotonic, starts near 0. Any context; never goes back, on any CPU.
 * 0 before clock_init(). */
ns_t uptime_ns(void);

/** clock_cycles_to_ns - a TSC difference in nanoseconds */
ns_t clock_cycles_to_ns(u64 cycles);

/** unix_time_ns - since 1970 UTC; unix_timestamp - the same in seconds */
ns_t unix_time_ns(void);
u64 unix_timestamp(void);
/** unix_time_set - clock_settime(CLOCK_REALTIME) */
void unix_time_set(ns_t now);
/** clock_wall_offset_ns - unix_time_ns() - uptime_ns(), right now */
ns_t clock_wall_offset_ns(void);
