/* SPDX-License-Identifier: MIT */
/*
 * [pure] Arithmetic of the fair class. A thread of nice n has the weight
 * 1024 / 1.25^n, so one nice step is about 10 % of CPU time between two threads
 * (man sched(7)). Virtual run time is real time scaled by 1024 / weight; it
 * wraps after centuries and is compared by signed difference all the same.
 */
#pragma once

#include <kernel/lib/types.h>

#define CFS_NICE_0_WEIGHT 1024u
#define CFS_IDLE_WEIGHT   3u

#define CFS_LATENCY_NS     8000000ull /* each of few runnable threads runs once in it */
#define CFS_MIN_SLICE_NS   1000000ull
#define CFS_WAKE_GRAIN_NS  1000000ull /* a woken thread must be behind by more */
#define CFS_SLEEP_BONUS_NS 4000000ull /* a sleeper comes back at most this early */

/* round(1024 / 1.25^nice) for nice -20..19 */
static inline u32 cfs_weight(int nice)
{
	static const u32 weights[40] = {
		88818, 71054, 56843, 45475, 36380, 29104, 23283, 18626, 14901, 11921,
		9537,  7629,  6104,  4883,  3906,  3125,  2500,  2000,  1600,  1280,
		1024,  819,   655,   524,   419,   336,   268,   215,   172,   137,
		110,   88,    70,    56,    45,    36,    29,    23,    18,    15,
	};

	return weights[nice + 20];
}

/** cfs_scale - real @delta_ns as virtual time of a thread of @weight. Deltas are
 * below 2^53 ns (104 days) between two accountings: the product fits. */
static inline u64 cfs_scale(ns_t delta_ns, u32 weight)
{
	return weight == CFS_NICE_0_WEIGHT ? delta_ns : delta_ns * CFS_NICE_0_WEIGHT / weight;
}

static inline bool cfs_before(u64 a, u64 b)
{
	return (s64)(a - b) < 0;
}

static inline u64 cfs_max(u64 a, u64 b)
{
	return cfs_before(a, b) ? b : a;
}

/** cfs_slice - how long a thread of @weight runs when all have @total weight */
static inline ns_t cfs_slice(u32 weight, u64 total)
{
	ns_t slice = total > weight ? CFS_LATENCY_NS * weight / total : CFS_LATENCY_NS;

	return slice < CFS_MIN_SLICE_NS ? CFS_MIN_SLICE_NS : slice;
}

/** cfs_place - virtual time of a thread that comes into a queue at @min
 * A sleeper may not have saved up more than the bonus; a new thread starts one
 * slice behind, so that forking gains nothing. */
static inline u64 cfs_place(u64 vruntime, u64 min, bool fresh, u32 weight)
{
	if (fresh)
		return cfs_max(vruntime, min + cfs_scale(CFS_MIN_SLICE_NS, weight));
	return cfs_max(vruntime, min - CFS_SLEEP_BONUS_NS);
}
