/* SPDX-License-Identifier: MIT */
/*
 * Clocks from the TSC: ns = (cycles - base) * mult / 2^32. The product is taken
 * in 128 bits, so nothing overflows within 2^64 ns (584 years); mult's rounding
 * error is below 2^-32 of a nanosecond per cycle.
 *
 * The counter is the same on all CPUs of every machine whose firmware does not
 * write it. Until that was looked at, and where it is not so, the latest time that
 * any CPU saw stands for what lies before it: a thread that moves sees time go on.
 */
#include <kernel/time/clock.h>

#include <arch/atomic.h>
#include <arch/mmu.h>
#include <kernel/abi/vdso.h>
#include <kernel/core/log.h>

/* The page that the vDSO reads too, by itself for that; only the kernel writes. */
static union {
	struct vdso_data data;
	u8 page[PAGE_SIZE];
} clock_page __aligned(PAGE_SIZE);
#define clock (clock_page.data)

static ns_t clock_latest; /* [a] of all CPUs, while they do not agree */

void clock_init(void)
{
	u64 hz = time_init_arch();
	u64 now = time_rtc_seconds();

	clock.base = time_cycles();
	clock.mult = (NS_PER_SEC << 32) / hz;
	unix_time_set(now * NS_PER_SEC);
	log_set_clock(uptime_ns);
	log_info("clock: TSC %llu.%03llu MHz, unix time %llu", (unsigned long long)hz / 1000000,
		 (unsigned long long)hz / 1000 % 1000, (unsigned long long)now);
}

ns_t clock_cycles_to_ns(u64 cycles)
{
	return (u64)((unsigned __int128)cycles * clock.mult >> 32);
}

/* @cycles since clock_init() by this CPU's counter, which may have begun later. */
static __noinline ns_t latest_ns(u64 cycles)
{
	ns_t now = (s64)cycles < 0 ? 0 : clock_cycles_to_ns(cycles);
	ns_t latest = atomic_load_relaxed(&clock_latest);

	while (latest < now)
		if (atomic_cmpxchg(&clock_latest, &latest, now))
			return now;
	return latest;
}

ns_t uptime_ns(void)
{
	u64 cycles = time_cycles() - clock.base;

	if (unlikely(!atomic_load_relaxed(&clock.steady)))
		return latest_ns(cycles);
	return clock_cycles_to_ns(cycles);
}

void clock_cpus_started(void)
{
	if (time_cycles_steady())
		atomic_store_relaxed(&clock.steady, 1u);
	else
		log_warn("clock: the TSCs of the CPUs differ; the time is kept in order by force");
}

const void *clock_user_page(void)
{
	return &clock_page;
}

ns_t clock_wall_offset_ns(void)
{
	return atomic_load_relaxed(&clock.wall);
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
	atomic_store_relaxed(&clock.wall, now - uptime_ns());
}
