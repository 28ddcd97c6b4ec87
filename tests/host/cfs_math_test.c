/* SPDX-License-Identifier: MIT */
/* The fair class's arithmetic. */
#include <kernel/sched/cfs_math.h>

#include "test.h"

TEST(cfs_weights_step_by_a_quarter)
{
	CHECK_EQ(cfs_weight(0), CFS_NICE_0_WEIGHT);
	for (int nice = -20; nice < 19; nice++) {
		u64 w = cfs_weight(nice), next = cfs_weight(nice + 1);

		/* w / next == 1.25, to the rounding of two whole numbers */
		CHECK(next < w);
		CHECK(4 * w + 4 >= 5 * (next - 1) && 4 * w <= 5 * (next + 1) + 4);
	}
}

TEST(cfs_scale_is_inverse_to_weight)
{
	CHECK_EQ(cfs_scale(1000, CFS_NICE_0_WEIGHT), 1000);
	CHECK_EQ(cfs_scale(1000, 2 * CFS_NICE_0_WEIGHT), 500);
	CHECK_EQ(cfs_scale(3, CFS_IDLE_WEIGHT), 1024);
}

TEST(cfs_time_wraps)
{
	u64 end = ~0ull - 5;

	CHECK(cfs_before(end, end + 10));
	CHECK(!cfs_before(end + 10, end));
	CHECK_EQ(cfs_max(end, end + 10), end + 10);
}

TEST(cfs_slices)
{
	CHECK_EQ(cfs_slice(1024, 1024), CFS_LATENCY_NS);
	CHECK_EQ(cfs_slice(1024, 2048), CFS_LATENCY_NS / 2);
	CHECK_EQ(cfs_slice(15, 1000000), CFS_MIN_SLICE_NS);
}

TEST(cfs_placement)
{
	u64 min = 1000000000ull;

	/* Slept long: the bonus and no more. Slept shortly: what it had. */
	CHECK_EQ(cfs_place(0, min, false, 1024), min - CFS_SLEEP_BONUS_NS);
	CHECK_EQ(cfs_place(min - 1, min, false, 1024), min - 1);
	CHECK_EQ(cfs_place(min, min, true, 1024), min + CFS_MIN_SLICE_NS);
}
