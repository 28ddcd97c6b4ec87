/* SPDX-License-Identifier: MIT */
/*
 * One-shot kernel timers at absolute monotonic times: a queue per CPU, its
 * first deadline armed in hardware (tickless).
 */
#pragma once

#include <arch/percpu.h>
#include <kernel/lib/types.h>
#include <kernel/time/timer_queue.h>

/* Lock key: q lock of the queue of ->cpu, a atomic. */
struct timer {
	struct timer_entry entry;        /* [q] */
	void (*fn)(struct timer *timer); /* [i] interrupt context, no timer lock held;
	                                    may re-arm itself */
	struct cpu *cpu;                 /* [q][a] whose queue, NULL when idle */
	bool running;                    /* [a] fn is being called */
};

/** timer_init_cpu - this CPU's queue; before its first timer */
void timer_init_cpu(void);

void timer_init(struct timer *timer, void (*fn)(struct timer *timer));
/** timer_start - arm for @deadline_ns on this CPU; re-arms if armed. Any context;
 * two callers must not start one timer at once. */
void timer_start(struct timer *timer, ns_t deadline_ns);
/** timer_cancel - true when it was armed. On return fn does not run any more
 * anywhere (waits for it; so not from fn, nor under a lock that fn takes). */
bool timer_cancel(struct timer *timer);
/** timer_stop - as timer_cancel but does not wait: fn may be about to run */
bool timer_stop(struct timer *timer);

/** timer_first - the first deadline of @cpu's queue, NS_FOREVER: none (/proc) */
ns_t timer_first(struct cpu *cpu);

/** timer_run_expired - from upcall_timer(); timer_rearm - program the hardware for
 * the sooner of the queue and the scheduler's slice end @slice_deadline_ns
 * (NS_FOREVER: none). Both: interrupts off. */
void timer_run_expired(void);
void timer_rearm(ns_t slice_deadline_ns);
/** timer_arm_sooner - the hardware shall not fire later than @deadline_ns; what is
 * armed for an earlier time stays (a needless interrupt is cheaper than the
 * register). Interrupts off. */
void timer_arm_sooner(ns_t deadline_ns);
