/* SPDX-License-Identifier: MIT */
/* timerfd: a timer whose expirations are read from a file. */
#pragma once

#include <kernel/abi/linux_time.h>
#include <kernel/lib/types.h>

struct file;
struct timerfd;

/* Times in nanoseconds; value_ns 0: not armed. */
struct timerfd_setting {
	ns_t value_ns, interval_ns;
};

/** timerfd_create - @clock is one that timers may use. Return: 0; -ENOMEM. */
__must_check int timerfd_create(int clock, u32 flags, struct file **out);
/** timerfd_of - NULL when @file is none */
struct timerfd *timerfd_of(const struct file *file);
/** timerfd_get - time left until it expires next, and its interval */
void timerfd_get(struct timerfd *t, struct timerfd_setting *out);
/** timerfd_set - arm or disarm; forgets expirations that were not read
 * @flags: TFD_TIMER_ABSTIME: value_ns is a time of the timer's clock
 * @old: as timerfd_get() tells it just before */
void timerfd_set(struct timerfd *t, u32 flags, const struct timerfd_setting *new,
		 struct timerfd_setting *old);
/** timerfd_wall_clock_set - the wall clock jumped: absolute times of day are elsewhere now */
void timerfd_wall_clock_set(void);
