/* SPDX-License-Identifier: MIT */
/*
 * The TSC as the kernel's clock, and the local APIC's timer as its alarm; both
 * are measured at boot against a clock of known frequency, for two
 * milliseconds. CPUID 15h is not asked: emulators and some firmware leave
 * numbers there that are wrong.
 */
#include "tsc.h"

#include <arch/atomic.h>
#include <arch/cpu.h>
#include <arch/irq.h>
#include <arch/time.h>
#include <kernel/core/cmdline.h>
#include <kernel/core/log.h>
#include <kernel/core/panic.h>

#include "cpuid.h"
#include "io.h"
#include "lapic.h"
#include "msr.h"
#include "refclock.h"
#include "regs.h"

#define NS_PER_SEC 1000000000ull
#define MEASURE_DIV 500u /* 1/500 s */
#define TIMER_START 0xffffffffu
#define COUNT_MAX   0xf0000000u
#define SAMPLES     5u

/* Written at boot. */
static u64 tsc_hz;
static u64 timer_mult;   /* timer ticks per ns, 32.32 fixed point */
static u64 timer_max_ns; /* longest delay that COUNT_MAX ticks give */
static u64 tsc_mult;     /* TSC cycles per ns, 32.32 */
static bool deadline_mode;

/* All three clocks at (nearly) one time. */
struct sample {
	u64 tsc, ref;
	u32 timer; /* counts down */
};

/* The tightest of a few reads: an interruption between makes a pair worthless. */
static struct sample sample_take(const struct refclock *ref)
{
	struct sample best = { 0 };
	u64 best_width = ~0ull;

	for (u32 i = 0; i < SAMPLES; i++) {
		u64 before = time_cycles();
		u64 r = ref->read();
		u32 timer = lapic_ready() ? lapic_timer_left() : 0;
		u64 width = time_cycles() - before;

		if (width >= best_width)
			continue;
		best_width = width;
		best = (struct sample){ before + width / 2, r, timer };
	}
	return best;
}

static bool find_refclock(struct refclock *ref)
{
	void (*const candidates[])(struct refclock *) = { hpet_refclock, pit_refclock,
							  pmtimer_refclock };

	for (u32 i = 0; i < ARRAY_SIZE(candidates); i++) {
		candidates[i](ref);
		if (ref->hz)
			return true;
	}
	return false;
}

/* Products: 2 ms of a TSC below 2^34 Hz times a clock below 2^27 Hz: under 2^53. */
static u64 measure(const struct refclock *ref, u64 *timer_hz)
{
	u64 want = ref->hz / MEASURE_DIV, passed;
	struct sample a, b;

	if (lapic_ready())
		lapic_timer_set(TIMER_START);
	a = sample_take(ref);
	while (((ref->read() - a.ref) & ref->mask) < want)
		cpu_relax();
	b = sample_take(ref);
	if (lapic_ready())
		lapic_timer_set(0);
	passed = (b.ref - a.ref) & ref->mask;
	*timer_hz = (u64)(a.timer - b.timer) * ref->hz / passed;
	return (b.tsc - a.tsc) * ref->hz / passed;
}

/* With the TSC's frequency known from elsewhere it is the reference itself. */
static u64 tsc_as_ref(void)
{
	return time_cycles();
}

static void timer_setup(u64 timer_hz)
{
	timer_mult = (timer_hz << 32) / NS_PER_SEC;
	timer_max_ns = timer_mult ? ((u64)COUNT_MAX << 32) / timer_mult : 0;
}

u64 time_init_arch(void)
{
	struct refclock ref = { "KVM clock", kvmclock_tsc_hz(), ~0ull, tsc_as_ref };
	u64 timer_hz;

	PANIC_ON(!ref.hz && !find_refclock(&ref),
		 "time: no HPET, PIT or ACPI timer to measure the TSC with");
	tsc_hz = measure(&ref, &timer_hz);
	tsc_mult = (tsc_hz << 32) / NS_PER_SEC;
	timer_setup(timer_hz);
	deadline_mode = boot_options.tsc_deadline && cpu_has(CPU_TSC_DEADLINE) && lapic_ready();
	time_init_cpu();
	log_info("time: TSC %llu kHz, APIC timer %llu kHz%s, by %s",
		 (unsigned long long)(tsc_hz / 1000), (unsigned long long)(timer_hz / 1000),
		 deadline_mode ? " (not used: TSC deadline)" : "", ref.name);
	return tsc_hz;
}

static u64 cycles_of(ns_t ns)
{
	return (u64)((unsigned __int128)ns * tsc_mult >> 32);
}

/*
 * The latest that any CPU read, and whether a CPU read less afterwards. The read
 * of the counter must not pass that of the other's reading: LFENCE (Intel SDM
 * vol. 2 "RDTSC").
 */
static u64 compare_latest; /* [a] */
static bool compare_differs; /* [a] */

static u64 compare_once(void)
{
	u64 latest = atomic_load_acquire(&compare_latest), now;

	__asm__ volatile("lfence" ::: "memory");
	now = time_cycles();
	if (now < latest)
		atomic_store_relaxed(&compare_differs, true);
	while (latest < now && !atomic_cmpxchg(&compare_latest, &latest, now))
		cpu_relax();
	return now;
}

void time_compare(ns_t ns)
{
	u64 start = time_cycles();

	while (compare_once() - start < cycles_of(ns))
		cpu_relax();
}

bool time_cycles_steady(void)
{
	return !atomic_load_relaxed(&compare_differs) && !boot_options.tsc_unsteady;
}

void time_init_cpu(void)
{
	if (deadline_mode)
		lapic_timer_use_deadline();
}

/* Rounded up: a timer that comes too early would only be armed again. */
void time_arm(ns_t delta_ns)
{
	if (!lapic_ready())
		return;
	if (deadline_mode)
		msr_write(MSR_TSC_DEADLINE,
			  delta_ns == ~0ull ? 0 : time_cycles() + cycles_of(delta_ns) + 1);
	else if (delta_ns == ~0ull)
		lapic_timer_set(0);
	else
		lapic_timer_set((u32)(MIN(delta_ns, timer_max_ns) * timer_mult >> 32) + 1);
}

/* Before the TSC is measured: an access to port 0x80 takes about a microsecond
 * on the ISA bus, and not much less anywhere. */
static void delay_by_port(ns_t ns)
{
	for (ns_t i = 0; i < ns; i += 1000)
		outb(0x80, 0);
}

void time_delay_ns(ns_t ns)
{
	u64 start = time_cycles();

	if (!tsc_hz) {
		delay_by_port(ns);
		return;
	}
	while (time_cycles() - start < cycles_of(ns))
		cpu_relax();
}
