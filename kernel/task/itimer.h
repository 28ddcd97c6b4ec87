/* SPDX-License-Identifier: MIT */
/* setitimer(2), alarm(2) and RLIMIT_CPU of a process. */
#pragma once

#include <kernel/lib/types.h>

struct task;

struct itimer_state {
	ns_t left_ns, interval_ns; /* 0: not armed; no repetition */
};

/** itimer_get - current's timer @which (ITIMER_*) */
void itimer_get(int which, struct itimer_state *out);
/** itimer_set - replace it; @old: what it was, may be NULL */
void itimer_set(int which, const struct itimer_state *new, struct itimer_state *old);

/** itimer_cpu_tick - from the timer interrupt, while a thread with cpu_tick runs */
void itimer_cpu_tick(struct task *task);
/** itimer_limit_changed - RLIMIT_CPU of @task, or a CPU-time timer, was set */
void itimer_limit_changed(struct task *task);
