/* SPDX-License-Identifier: MIT */
/* Linux's time structures and nanoseconds. What does not fit is NS_FOREVER. */
#pragma once

#include <arch/uaccess.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_time.h>
#include <kernel/core/sched_hooks.h>
#include <kernel/time/clock.h>

static inline bool timespec_valid(const struct linux_timespec *ts)
{
	return ts->tv_sec >= 0 && ts->tv_nsec >= 0 && ts->tv_nsec < (s64)NS_PER_SEC;
}

static inline ns_t ns_of_parts(s64 sec, s64 nsec)
{
	/* 2^64 ns are 18446744073 s and some. */
	if (sec >= 18446744073)
		return NS_FOREVER;
	return (u64)sec * NS_PER_SEC + (u64)nsec;
}

static inline ns_t ns_of_timespec(const struct linux_timespec *ts)
{
	return ns_of_parts(ts->tv_sec, ts->tv_nsec);
}

static inline struct linux_timespec timespec_of_ns(ns_t ns)
{
	return (struct linux_timespec){ (s64)(ns / NS_PER_SEC), (s64)(ns % NS_PER_SEC) };
}

static inline struct linux_timeval timeval_of_ns(ns_t ns)
{
	return (struct linux_timeval){ (s64)(ns / NS_PER_SEC),
				       (s64)(ns % NS_PER_SEC / NS_PER_US) };
}

/** ns_add - a + b, NS_FOREVER when that does not fit */
static inline ns_t ns_add(ns_t a, ns_t b)
{
	return b > NS_FOREVER - a ? NS_FOREVER : a + b;
}

/** timespec_get_user - Return: 0 and nanoseconds; -EFAULT; -EINVAL not normalised */
__must_check static inline int timespec_get_user(const struct linux_timespec __user *uts, ns_t *out)
{
	struct linux_timespec ts;

	if (copy_from_user(&ts, uts, sizeof(ts)))
		return -EFAULT;
	if (!timespec_valid(&ts))
		return -EINVAL;
	*out = ns_of_timespec(&ts);
	return 0;
}

/** clock_wall_deadline - uptime at which the unix time is @wall_ns, as things are now */
static inline ns_t clock_wall_deadline(ns_t wall_ns)
{
	ns_t offset = clock_wall_offset_ns();

	if (wall_ns == NS_FOREVER)
		return NS_FOREVER;
	return wall_ns > offset ? wall_ns - offset : 0;
}
