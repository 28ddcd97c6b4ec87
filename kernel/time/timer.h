/* SPDX-License-Identifier: MIT */
/*
 * One-shot kernel timers at absolute monotonic times: a queue per CPU, its
 * first deadline armed in hardware (tickless).
 */
#pragma once

#include <arch/percpu.h>
#include <kernel/lib/rbtree.h>
#include <kernel/lib/types.h>

struct timer {
	struct rb_node node;
	ns_t deadline_ns;
	void (*fn)(struct timer *timer); /* interrupt context, no timer lock held;
	                                    may re-arm itself */
	struct cpu *cpu;                 /* whose queue, NULL when idle */
	bool running;
};

void timer_init(struct timer *timer, void (*fn)(struct timer *timer));
/** timer_start - arm for @deadline_ns on this CPU; re-arms if armed. Any context. */
void timer_start(struct timer *timer, ns_t deadline_ns);
/** timer_cancel - true when it was armed. On return fn does not run any more
 * anywhere (waits for it; so not from fn, nor under a lock that fn takes). */
bool timer_cancel(struct timer *timer);

/** timer_run_expired - from upcall_timer(); timer_rearm - program the hardware for
 * the sooner of the queue and the scheduler's slice end @slice_ns (NS_FOREVER: none) */
void timer_run_expired(void);
void timer_rearm(ns_t slice_deadline_ns);
