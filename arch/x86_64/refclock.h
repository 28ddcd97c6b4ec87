/* SPDX-License-Identifier: MIT */
/*
 * Clocks of known frequency that the TSC is measured against, and the one that
 * says the TSC's frequency outright.
 */
#pragma once

#include <kernel/lib/types.h>

struct refclock {
	const char *name;
	u64 hz;            /* 0: there is none */
	u64 mask;          /* the counter's width: it counts up and wraps */
	u64 (*read)(void);
};

/** hpet_refclock, pit_refclock, pmtimer_refclock - start the clock if it is there */
void hpet_refclock(struct refclock *out);
void pit_refclock(struct refclock *out);
void pmtimer_refclock(struct refclock *out);

/** kvmclock_tsc_hz - what KVM says the TSC's frequency is; 0: not under KVM */
u64 kvmclock_tsc_hz(void);
