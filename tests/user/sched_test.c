/* SPDX-License-Identifier: MIT */
/*
 * sched_test.c - scheduling classes, affinity, intervals. As root or not: what needs privilege is tried only with it.
 */
#include "ktap.h"

#include <sched.h>

static int set_scheduler(int pid, int policy, int priority)
{
	struct sched_param p = { .sched_priority = priority };

	return (int)sys(SYS_sched_setscheduler, pid, policy, &p);
}

CASE(priority_ranges)
{
	CHECK_EQ(sys(SYS_sched_get_priority_min, SCHED_FIFO), 1);
	CHECK_EQ(sys(SYS_sched_get_priority_max, SCHED_FIFO), 99);
	CHECK_EQ(sys(SYS_sched_get_priority_min, SCHED_RR), 1);
	CHECK_EQ(sys(SYS_sched_get_priority_max, SCHED_RR), 99);
	CHECK_EQ(sys(SYS_sched_get_priority_max, SCHED_OTHER), 0);
	CHECK_EQ(sys(SYS_sched_get_priority_min, SCHED_BATCH), 0);
	CHECK_EQ(sys(SYS_sched_get_priority_max, 99), -EINVAL);
	CHECK_EQ(sys(SYS_sched_get_priority_min, -1), -EINVAL);
}

CASE(starts_in_the_fair_class)
{
	struct sched_param p = { .sched_priority = 77 };

	CHECK_EQ(sys(SYS_sched_getscheduler, 0), SCHED_OTHER);
	CHECK_EQ(sys(SYS_sched_getparam, 0, &p), 0);
	CHECK_EQ(p.sched_priority, 0);
}

CASE(scheduler_errors)
{
	CHECK_EQ(set_scheduler(0, SCHED_OTHER, 1), -EINVAL);
	CHECK_EQ(set_scheduler(0, SCHED_FIFO, 0), -EINVAL);
	CHECK_EQ(set_scheduler(0, SCHED_RR, 100), -EINVAL);
	CHECK_EQ(set_scheduler(0, 55, 0), -EINVAL);
	CHECK_EQ(set_scheduler(-1, SCHED_OTHER, 0), -EINVAL);
	CHECK_EQ(set_scheduler(0x3fffffff, SCHED_OTHER, 0), -ESRCH);
	CHECK_EQ(sys(SYS_sched_setscheduler, 0, SCHED_OTHER, NULL), -EINVAL);
	CHECK_EQ(sys(SYS_sched_setscheduler, 0, SCHED_OTHER, 1), -EFAULT);
	CHECK_EQ(sys(SYS_sched_getscheduler, -1), -EINVAL);
	CHECK_EQ(sys(SYS_sched_getscheduler, 0x3fffffff), -ESRCH);
	CHECK_EQ(sys(SYS_sched_getparam, 0, NULL), -EINVAL);
	CHECK_EQ(sys(SYS_sched_setparam, 0, NULL), -EINVAL);
}

CASE(batch_and_back)
{
	CHECK_EQ(set_scheduler(0, SCHED_BATCH, 0), 0);
	CHECK_EQ(sys(SYS_sched_getscheduler, 0), SCHED_BATCH);
	CHECK_EQ(set_scheduler(0, SCHED_OTHER, 0), 0);
	CHECK_EQ(sys(SYS_sched_getscheduler, 0), SCHED_OTHER);
}

CASE(real_time_with_privilege)
{
	struct sched_param p = { .sched_priority = 20 };
	struct timespec t = { -1, -1 };
	pid_t pid;

	if (geteuid() != 0 || set_scheduler(0, SCHED_RR, 10) == -EPERM)
		SKIP("not privileged");
	CHECK_EQ(sys(SYS_sched_getscheduler, 0), SCHED_RR);
	CHECK_EQ(sys(SYS_sched_rr_get_interval, 0, &t), 0);
	CHECK(t.tv_sec == 0 && t.tv_nsec > 0 && t.tv_nsec < 1000000000);
	CHECK_EQ(sys(SYS_sched_setparam, 0, &p), 0);
	p.sched_priority = 0;
	CHECK_EQ(sys(SYS_sched_getparam, 0, &p), 0);
	CHECK_EQ(p.sched_priority, 20);
	IN_CHILD(pid) {
		CHECK_EQ(sys(SYS_sched_getscheduler, 0), SCHED_RR); /* inherited */
	}
	CHECK_EXIT(pid, 0);
	CHECK_EQ(set_scheduler(0, SCHED_FIFO, 5), 0);
	CHECK_EQ(sys(SYS_sched_yield), 0);
	CHECK_EQ(set_scheduler(0, SCHED_OTHER, 0), 0);
}

CASE(affinity)
{
	uint64_t mask[128] = { 0 }, one[128] = { 0 }, none[128] = { 0 };
	long n = sys(SYS_sched_getaffinity, 0, sizeof(mask), mask);
	unsigned cpu = 0, now = ~0u;

	REQUIRE(n > 0 && n % 8 == 0);
	while (!(mask[cpu / 64] >> (cpu % 64) & 1))
		REQUIRE(++cpu < 8 * (unsigned)n);
	one[cpu / 64] = 1ull << (cpu % 64);
	CHECK_EQ(sys(SYS_sched_setaffinity, 0, sizeof(one), one), 0);
	CHECK_EQ(sys(SYS_getcpu, &now, NULL, NULL), 0);
	CHECK_EQ(now, cpu);
	CHECK_EQ(sys(SYS_sched_getaffinity, 0, sizeof(none), none), n);
	CHECK_EQ(none[cpu / 64], one[cpu / 64]);
	memset(none, 0, sizeof(none));
	CHECK_EQ(sys(SYS_sched_setaffinity, 0, sizeof(none), none), -EINVAL);
	CHECK_EQ(sys(SYS_sched_setaffinity, 0, sizeof(mask), mask), 0);
	CHECK_EQ(sys(SYS_sched_getaffinity, 0, 7, mask), -EINVAL);
	CHECK_EQ(sys(SYS_sched_getaffinity, 0x3fffffff, sizeof(mask), mask), -ESRCH);
	CHECK_EQ(sys(SYS_sched_setaffinity, 0, 8, NULL), -EFAULT);
}
