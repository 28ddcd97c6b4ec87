/* SPDX-License-Identifier: MIT */
/* Small conversions that the files of system calls share. */
#pragma once

#include <arch/uaccess.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_time.h>
#include <kernel/core/waitq.h>
#include <kernel/lib/types.h>
#include <kernel/time/clock.h>

/* 292 years: later times are as good as this one. */
#define TIME_MAX_SEC 9223372036ull

static inline struct linux_timespec timespec_of(ns_t ns)
{
	return (struct linux_timespec){ (s64)(ns / NS_PER_SEC), (s64)(ns % NS_PER_SEC) };
}

static inline struct linux_timeval timeval_of(ns_t ns)
{
	return (struct linux_timeval){ (s64)(ns / NS_PER_SEC),
				       (s64)(ns % NS_PER_SEC / NS_PER_US) };
}

/** timespec_ns - *out, clamped far below NS_FOREVER. Return: 0; -EINVAL. */
__must_check static inline int timespec_ns(const struct linux_timespec *ts, ns_t *out)
{
	if (ts->tv_sec < 0 || (u64)ts->tv_nsec >= NS_PER_SEC)
		return -EINVAL;
	*out = (u64)ts->tv_sec >= TIME_MAX_SEC
		       ? TIME_MAX_SEC * NS_PER_SEC
		       : (u64)ts->tv_sec * NS_PER_SEC + (u64)ts->tv_nsec;
	return 0;
}

/** timespec_copy_ns - the same from user memory; also -EFAULT */
__must_check static inline int timespec_copy_ns(const struct linux_timespec __user *uts, ns_t *out)
{
	struct linux_timespec ts;
	int err = copy_from_user(&ts, uts, sizeof(ts));

	return err ? err : timespec_ns(&ts, out);
}

/** deadline_after - @ns from now as a monotonic deadline */
static inline ns_t deadline_after(ns_t ns)
{
	ns_t now = uptime_ns();

	return ns < NS_FOREVER - 1 - now ? now + ns : NS_FOREVER - 1;
}

/** deadline_of_wall - monotonic deadline of wall clock time @ns */
static inline ns_t deadline_of_wall(ns_t ns)
{
	ns_t offset = clock_wall_offset_ns();

	return ns > offset ? ns - offset : 0;
}
