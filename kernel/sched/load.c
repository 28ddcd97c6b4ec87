/* SPDX-License-Identifier: MIT */
/*
 * Load averages over 1, 5 and 15 minutes of how many threads run, want to run
 * or sleep uninterruptibly, sampled every 5 s: avg = avg * e + n * (1 - e) with
 * e = exp(-5 s / period), all in 11 bits of fraction (man proc(5), loadavg).
 */
#include "sched_priv.h"

#include <kernel/time/clock.h>
#include <kernel/time/timer.h>

#define LOAD_SHIFT   11
#define LOAD_ONE     (1ull << LOAD_SHIFT)
#define LOAD_PERIOD_NS (5 * NS_PER_SEC)

/* round(2048 * exp(-5/60)), exp(-5/300), exp(-5/900) */
static const u64 load_decay[3] = { 1884, 2014, 2037 };
static u64 load_avg[3]; /* atomic */
static struct timer load_timer;

static u64 count_active(void)
{
	s64 n = 0;
	struct cpu *cpu;

	FOR_EACH_CPU(cpu) {
		struct runq *rq = cpu_runq(cpu->id);

		n += atomic_load_relaxed(&rq->nr_queued);
		n += (s32)atomic_load_relaxed(&rq->nr_blocked);
		n += atomic_load_relaxed(&rq->curr) != rq->idle;
	}
	return n > 0 ? (u64)n : 0;
}

static void load_sample(struct timer *timer)
{
	u64 active = count_active() * LOAD_ONE;

	for (u32 i = 0; i < 3; i++) {
		u64 sum = load_avg[i] * load_decay[i] + active * (LOAD_ONE - load_decay[i]);

		/* Round towards what is approached, so that it is reached. */
		if (active >= load_avg[i])
			sum += LOAD_ONE - 1;
		atomic_store_relaxed(&load_avg[i], sum >> LOAD_SHIFT);
	}
	timer_start(timer, timer->entry.deadline_ns + LOAD_PERIOD_NS);
}

void load_init(void)
{
	timer_init(&load_timer, load_sample);
	timer_start(&load_timer, uptime_ns() + LOAD_PERIOD_NS);
}

void sched_loadavg(u64 out[3])
{
	for (u32 i = 0; i < 3; i++)
		out[i] = atomic_load_relaxed(&load_avg[i]);
}
