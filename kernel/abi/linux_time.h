/* SPDX-License-Identifier: MIT */
/*
 * Linux x86_64: times, clocks, interval timers, utimensat's special values.
 * Sources: man clock_gettime(2), getitimer(2), times(2), utimensat(2);
 * uapi linux/time.h, linux/time_types.h, linux/times.h.
 */
#pragma once

#include <kernel/lib/types.h>

struct linux_timespec {
	s64 tv_sec;
	s64 tv_nsec;
};
static_assert(sizeof(struct linux_timespec) == 16, "Linux ABI");

struct linux_timeval {
	s64 tv_sec;
	s64 tv_usec;
};
static_assert(sizeof(struct linux_timeval) == 16, "Linux ABI");

struct linux_timezone {
	s32 tz_minuteswest;
	s32 tz_dsttime;
};
static_assert(sizeof(struct linux_timezone) == 8, "Linux ABI");

struct linux_itimerval {
	struct linux_timeval it_interval;
	struct linux_timeval it_value;
};
static_assert(sizeof(struct linux_itimerval) == 32, "Linux ABI");

struct linux_itimerspec {
	struct linux_timespec it_interval;
	struct linux_timespec it_value;
};
static_assert(sizeof(struct linux_itimerspec) == 32, "Linux ABI");

/* times(2): in ticks of 1/LINUX_USER_HZ s, which AT_CLKTCK tells */
struct linux_tms {
	s64 tms_utime;
	s64 tms_stime;
	s64 tms_cutime;
	s64 tms_cstime;
};
static_assert(sizeof(struct linux_tms) == 32, "Linux ABI");

#define LINUX_USER_HZ 100

struct linux_utimbuf {
	s64 actime;
	s64 modtime;
};
static_assert(sizeof(struct linux_utimbuf) == 16, "Linux ABI");

#define CLOCK_REALTIME           0
#define CLOCK_MONOTONIC          1
#define CLOCK_PROCESS_CPUTIME_ID 2
#define CLOCK_THREAD_CPUTIME_ID  3
#define CLOCK_MONOTONIC_RAW      4
#define CLOCK_REALTIME_COARSE    5
#define CLOCK_MONOTONIC_COARSE   6
#define CLOCK_BOOTTIME           7
#define CLOCK_REALTIME_ALARM     8
#define CLOCK_BOOTTIME_ALARM     9
#define CLOCK_TAI                11

#define TIMER_ABSTIME 0x01

#define ITIMER_REAL    0
#define ITIMER_VIRTUAL 1
#define ITIMER_PROF    2

/* adjtimex(2) */
struct linux_timex {
	u32 modes; /* ADJ_*: what to set; 0: only tell */
	u32 pad0;
	s64 offset;
	s64 freq;
	s64 maxerror;
	s64 esterror;
	s32 status;
	u32 pad1;
	s64 constant;
	s64 precision;
	s64 tolerance;
	struct linux_timeval time;
	s64 tick;
	s64 ppsfreq;
	s64 jitter;
	s32 shift;
	u32 pad2;
	s64 stabil;
	s64 jitcnt, calcnt, errcnt, stbcnt;
	s32 tai;
	u32 pad3[11];
};
static_assert(sizeof(struct linux_timex) == 208, "Linux ABI");
#define ADJ_OFFSET_SS_READ 0xa001
#define STA_UNSYNC         0x0040
#define TIME_ERROR         5

/* utimensat(2), in tv_nsec */
#define UTIME_NOW  ((1l << 30) - 1l)
#define UTIME_OMIT ((1l << 30) - 2l)

/* timerfd(2) */
#define TFD_TIMER_ABSTIME       1
#define TFD_TIMER_CANCEL_ON_SET 2
#define TFD_CLOEXEC             02000000
#define TFD_NONBLOCK            00004000
