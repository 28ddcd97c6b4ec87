/* SPDX-License-Identifier: MIT */
/*
 * Clocks from the TSC: ns = (cycles - base) * mult / 2^32. The product is taken
 * in 128 bits, so nothing overflows within 2^64 ns (584 years); mult's rounding
 * error is below 2^-32 of a nanosecond per cycle.
 *
 * The counter is taken to be the same on all CPUs (it is on every machine whose
 * firmware does not write it); a thread that moves sees time go on.
 */
#include <kernel/time/clock.h>

#include <arch/atomic.h>
#include <kernel/core/log.h>

static u64 clock_base;      /* TSC at clock_init() */
static u64 clock_mult;      /* ns per cycle, 32.32 fixed point; 0: not calibrated */
static ns_t clock_wall;     /* atomic: unix time of uptime 0 */

void clock_init(void)
{
	u64 hz = time_init_arch();
	u64 now = time_rtc_seconds();

	clock_base = time_cycles();
	clock_mult = (NS_PER_SEC << 32) / hz;
	unix_time_set(now * NS_PER_SEC);
	log_set_clock(uptime_ns);
	log_info("clock: TSC %llu.%03llu MHz, unix time %llu", (unsigned long long)hz / 1000000,
		 (unsigned long long)hz / 1000 % 1000, (unsigned long long)now);
}

ns_t clock_cycles_to_ns(u64 cycles)
{
	return (u64)((unsigned __int128)cycles * clock_mult >> 32);
}

ns_t uptime_ns(void)
{
	return clock_cycles_to_ns(time_cycles() - clock_base);
}

ns_t clock_wall_offset_ns(void)
{
	return atomic_load_relaxed(&clock_wall);
}

ns_t unix_time_ns(void)
{
	return uptime_ns() + clock_wall_offset_ns();
}

u64 unix_timestamp(void)
{
	return unix_time_ns() / NS_PER_SEC;
}

void unix_time_set(ns_t now)
{
	atomic_store_relaxed(&clock_wall, now - uptime_ns());
}
