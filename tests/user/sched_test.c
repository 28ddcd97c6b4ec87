/* SPDX-License-Identifier: MIT */
/*
 * sched_test.c - scheduling classes, affinity, intervals. As root or not: what needs privilege is tried only with it.
 */
#include "ktap.h"

#include <limits.h>

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

struct attr {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
	uint8_t more[80];
};

CASE(attr_is_told)
{
	struct attr a;

	memset(&a, 0xff, sizeof(a));
	CHECK_EQ(sys(SYS_sched_getattr, 0, &a, 48, 0), 0);
	CHECK_EQ(a.size, 48);
	CHECK_EQ(a.policy, SCHED_OTHER);
	CHECK_EQ(a.flags, 0);
	CHECK_EQ(a.nice, 20 - sys(SYS_getpriority, 0, 0));
	CHECK_EQ(a.priority, 0);
	CHECK_EQ(a.more[0], 0xff);
	CHECK_EQ(sys(SYS_sched_getattr, 0, &a, sizeof(a), 0), 0);
	CHECK(a.size >= 56 && a.size < sizeof(a));
	CHECK_EQ(sys(SYS_sched_getattr, 0, &a, 47, 0), -EINVAL);
	CHECK_EQ(sys(SYS_sched_getattr, 0, &a, 4097, 0), -EINVAL);
	CHECK_EQ(sys(SYS_sched_getattr, 0, &a, 48, 1), -EINVAL);
	CHECK_EQ(sys(SYS_sched_getattr, -1, &a, 48, 0), -EINVAL);
	CHECK_EQ(sys(SYS_sched_getattr, 0x3fffffff, &a, 48, 0), -ESRCH);
	CHECK_EQ(sys(SYS_sched_getattr, 0, NULL, 48, 0), -EINVAL);
	CHECK_EQ(sys(SYS_sched_getattr, 0, 1, 48, 0), -EFAULT);
}

CASE(attr_is_set)
{
	struct attr a = { .size = 48, .nice = 3 };

	CHECK_EQ(sys(SYS_sched_setattr, 0, &a, 0), 0);
	CHECK_EQ(sys(SYS_getpriority, 0, 0), 17);
	a.nice = 50;
	CHECK_EQ(sys(SYS_sched_setattr, 0, &a, 0), 0);
	CHECK_EQ(sys(SYS_getpriority, 0, 0), 1);
	a.size = sizeof(a);
	CHECK_EQ(sys(SYS_sched_setattr, 0, &a, 0), 0);
	a.more[20] = 1;
	CHECK_EQ(sys(SYS_sched_setattr, 0, &a, 0), -E2BIG);
	CHECK(a.size >= 56 && a.size < sizeof(a));
	a.size = 47;
	CHECK_EQ(sys(SYS_sched_setattr, 0, &a, 0), -E2BIG);
	a.size = 48;
	a.policy = 9;
	CHECK_EQ(sys(SYS_sched_setattr, 0, &a, 0), -EINVAL);
	a.policy = -1u;
	CHECK_EQ(sys(SYS_sched_setattr, 0, &a, 0), -EINVAL);
	a.policy = SCHED_OTHER;
	a.flags = 0x1000;
	CHECK_EQ(sys(SYS_sched_setattr, 0, &a, 0), -EINVAL);
	a.flags = 0x18;		/* keep policy and parameters */
	a.policy = SCHED_FIFO;
	CHECK_EQ(sys(SYS_sched_setattr, 0, &a, 0), 0);
	CHECK_EQ(sys(SYS_sched_getscheduler, 0), SCHED_OTHER);
	a.flags = 0;
	a.policy = SCHED_OTHER;
	a.priority = 5;
	CHECK_EQ(sys(SYS_sched_setattr, 0, &a, 0), -EINVAL);
	CHECK_EQ(sys(SYS_sched_setattr, 0, NULL, 0), -EINVAL);
	CHECK_EQ(sys(SYS_sched_setattr, 0, &a, 1), -EINVAL);
	CHECK_EQ(sys(SYS_sched_setattr, 0, 1, 0), -EFAULT);
}

CASE(reset_on_fork)
{
	struct attr a = { .size = 48, .policy = SCHED_FIFO, .priority = 5, .flags = 1 };
	pid_t pid;

	if (geteuid() != 0 || sys(SYS_sched_setattr, 0, &a, 0) == -EPERM)
		SKIP("not privileged");
	CHECK_EQ(sys(SYS_sched_getscheduler, 0), SCHED_FIFO | 0x40000000);
	IN_CHILD(pid) {
		CHECK_EQ(sys(SYS_sched_getscheduler, 0), SCHED_OTHER);
		CHECK_EQ(sys(SYS_getpriority, 0, 0), 20);
	}
	CHECK_EXIT(pid, 0);
	CHECK_EQ(set_scheduler(0, SCHED_RR | 0x40000000, 3), 0);
	CHECK_EQ(sys(SYS_sched_getattr, 0, &a, 48, 0), 0);
	CHECK_EQ(a.flags, 1);
	CHECK_EQ(a.policy, SCHED_RR);
	CHECK_EQ(a.priority, 3);
	CHECK_EQ(set_scheduler(0, SCHED_OTHER, 0), 0);
	CHECK_EQ(sys(SYS_sched_getscheduler, 0), SCHED_OTHER);
}

enum { IO_PROCESS = 1, IO_GROUP, IO_USER };
#define IOPRIO(class, level) ((class) << 13 | (level))

CASE(ioprio)
{
	pid_t pid;

	CHECK_EQ(sys(SYS_ioprio_get, IO_PROCESS, 0), 0);
	CHECK_EQ(sys(SYS_ioprio_get, IO_GROUP, 0), IOPRIO(2, 4));
	CHECK_EQ(sys(SYS_ioprio_get, INT_MIN, 0), -EINVAL);
	CHECK_EQ(sys(SYS_ioprio_set, INT_MIN, 0, IOPRIO(2, 4)), -EINVAL);
	CHECK_EQ(sys(SYS_ioprio_set, IO_PROCESS, 0, IOPRIO(2, 6)), 0);
	CHECK_EQ(sys(SYS_ioprio_get, IO_PROCESS, getpid()), IOPRIO(2, 6));
	CHECK_EQ(sys(SYS_ioprio_get, IO_GROUP, 0), IOPRIO(2, 6));
	IN_CHILD(pid) {
		CHECK_EQ(sys(SYS_ioprio_get, IO_PROCESS, 0), IOPRIO(2, 6));
	}
	CHECK_EXIT(pid, 0);
	CHECK_EQ(sys(SYS_ioprio_set, IO_PROCESS, 0, IOPRIO(3, 0)), 0);
	CHECK_EQ(sys(SYS_ioprio_get, IO_PROCESS, 0), IOPRIO(3, 0));
	CHECK_EQ(sys(SYS_ioprio_set, IO_PROCESS, 0, 0), 0);
	CHECK_EQ(sys(SYS_ioprio_set, IO_PROCESS, 0, 1), -EINVAL);
	CHECK_EQ(sys(SYS_ioprio_set, IO_PROCESS, 0, IOPRIO(4, 0)), -EINVAL);
	CHECK_EQ(sys(SYS_ioprio_set, 7, 0, 0), -EINVAL);
	CHECK_EQ(sys(SYS_ioprio_get, 4, 0), -EINVAL);
	CHECK_EQ(sys(SYS_ioprio_get, 0, 0), -EINVAL);
	CHECK_EQ(sys(SYS_ioprio_get, IO_PROCESS, 0x3fffffff), -ESRCH);
	CHECK_EQ(sys(SYS_ioprio_set, IO_PROCESS, 0x3fffffff, 0), -ESRCH);
	if (is_root()) {
		CHECK_EQ(sys(SYS_ioprio_set, IO_PROCESS, 0, IOPRIO(1, 0)), 0);
		REQUIRE(drop_root());
	}
	CHECK_EQ(sys(SYS_ioprio_set, IO_PROCESS, 0, IOPRIO(1, 0)), -EPERM);
	CHECK_EQ(sys(SYS_ioprio_set, IO_PROCESS, 1, IOPRIO(2, 0)), -EPERM);
}

CASE(membarrier)
{
	enum { QUERY = 0, GLOBAL = 1, PRIVATE = 8, REGISTER_PRIVATE = 16, SYNC = 32, REGISTER_SYNC = 64 };
	long known = sys(SYS_membarrier, QUERY, 0, 0);
	pid_t pid;

	REQUIRE(known > 0);
	CHECK_EQ(known & (GLOBAL | PRIVATE | REGISTER_PRIVATE | SYNC | REGISTER_SYNC),
		 GLOBAL | PRIVATE | REGISTER_PRIVATE | SYNC | REGISTER_SYNC);
	CHECK_EQ(sys(SYS_membarrier, PRIVATE, 0, 0), -EPERM);
	CHECK_EQ(sys(SYS_membarrier, REGISTER_PRIVATE, 0, 0), 0);
	for (int i = 0; i < 20; i++)
		CHECK_EQ(sys(SYS_membarrier, PRIVATE, 0, 0), 0);
	CHECK_EQ(sys(SYS_membarrier, SYNC, 0, 0), -EPERM);
	CHECK_EQ(sys(SYS_membarrier, REGISTER_SYNC, 0, 0), 0);
	CHECK_EQ(sys(SYS_membarrier, SYNC, 0, 0), 0);
	CHECK_EQ(sys(SYS_membarrier, GLOBAL, 0, 0), 0);
	CHECK_EQ(sys(SYS_membarrier, GLOBAL, 1, 0), -EINVAL);
	CHECK_EQ(sys(SYS_membarrier, 3, 0, 0), -EINVAL);
	CHECK_EQ(sys(SYS_membarrier, -1, 0, 0), -EINVAL);
	IN_CHILD(pid) {
		CHECK_EQ(sys(SYS_membarrier, PRIVATE, 0, 0), 0);	/* a copy of the space is registered too */
	}
	CHECK_EXIT(pid, 0);
}
