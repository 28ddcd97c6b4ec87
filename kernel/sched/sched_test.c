/* SPDX-License-Identifier: MIT */
/* The scheduler's promises: fairness, weights, affinity, no wake lost to a time-out. */
#include <kernel/core/ktest.h>

#include <arch/percpu.h>
#include <kernel/abi/linux_sched.h>
#include <kernel/core/waitq.h>
#include <kernel/sched/sched.h>
#include <kernel/task/thread.h>
#include <kernel/time/clock.h>

#define MASK_WORDS ((NR_CPUS + 63) / 64)

static struct waitq test_wq = WAITQ_INIT(test_wq);
static u32 done; /* atomic */

static void pin(struct thread *thread, cpu_t cpu)
{
	u64 mask[MASK_WORDS] = { 0 };

	mask[cpu / 64] |= BIT(cpu % 64);
	(void)!sched_set_affinity(thread, mask);
}

static void finish(void)
{
	atomic_fetch_add(&done, 1);
	waitq_wake_all(&test_wq);
}

static bool wait_done(u32 n)
{
	return !WAITQ_WAIT(&test_wq, atomic_load_acquire(&done) == n, false,
			   uptime_ns() + 30 * NS_PER_SEC);
}

/* A thread that burns time until told to stop, and says how much it got. */
struct burner {
	s8 nice;
	ns_t got_ns;
};
static bool burn_start, burn_stop; /* atomic */

static void burn(void *arg)
{
	struct burner *b = arg;
	ns_t before;

	pin(current, 0);
	(void)!sched_set(current, SCHED_NORMAL, 0, b->nice);
	while (!atomic_load_acquire(&burn_start))
		sched_yield_current();
	before = sched_thread_ns(current);
	while (!atomic_load_acquire(&burn_stop))
		sched_point();
	b->got_ns = sched_thread_ns(current) - before;
	finish();
}

/* A host that stops us for long gives the time to whoever runs: one good try of these. */
#define BURN_TRIES 5

static bool burn_together(struct burner *a, struct burner *b, ns_t for_ns)
{
	atomic_store_relaxed(&done, 0);
	atomic_store_relaxed(&burn_start, false);
	atomic_store_relaxed(&burn_stop, false);
	if (!thread_create_kernel("burn", burn, a) || !thread_create_kernel("burn", burn, b))
		return false;
	(void)!WAITQ_WAIT(&test_wq, false, false, uptime_ns() + 20 * NS_PER_MS);
	atomic_store_release(&burn_start, true);
	(void)!WAITQ_WAIT(&test_wq, false, false, uptime_ns() + for_ns);
	atomic_store_release(&burn_stop, true);
	return wait_done(2);
}

KTEST(sched, equals_share_a_cpu)
{
	struct burner a = { 0 }, b = { 0 };
	bool fair = false;

	for (u32 i = 0; i < BURN_TRIES && !fair; i++) {
		KREQUIRE(burn_together(&a, &b, 200 * NS_PER_MS));
		/* Half each, and a slice more or less. */
		fair = MIN(a.got_ns, b.got_ns) * 100 > (a.got_ns + b.got_ns) * 35;
	}
	KCHECK(fair);
}

KTEST(sched, nice_is_a_weight)
{
	struct burner a = { .nice = 0 }, b = { .nice = 5 };
	bool weighted = false;

	for (u32 i = 0; i < BURN_TRIES && !weighted; i++) {
		KREQUIRE(burn_together(&a, &b, 300 * NS_PER_MS));
		/* 1024 to 336 is about 3 to 1. */
		weighted = a.got_ns > b.got_ns * 2 && a.got_ns < b.got_ns * 5;
	}
	KCHECK(weighted);
}

static void visitor(void *arg)
{
	struct ktest_run *run = arg;
	struct cpu *cpu;

	for (u32 i = 0; i < 20; i++) {
		FOR_EACH_CPU(cpu) {
			pin(current, cpu->id);
			KCHECK_EQ(this_cpu()->id, cpu->id);
		}
	}
	finish();
}

KTEST(sched, affinity_moves_a_thread)
{
	const u64 none[MASK_WORDS] = { 0 };

	atomic_store_relaxed(&done, 0);
	KCHECK(sched_set_affinity(current, none) < 0);
	KREQUIRE(thread_create_kernel("visitor", visitor, run));
	KCHECK(wait_done(1));
}

static u32 bell; /* atomic: rung so many times */

/* Sleeps with time-outs about as long as the wakes are apart. */
static void dozer(__unused void *arg)
{
	for (u32 seen = 0; seen < 500;) {
		ns_t deadline = uptime_ns() + ktest_random() % (100 * NS_PER_US);

		(void)!WAITQ_WAIT(&test_wq, atomic_load_acquire(&bell) > seen, false, deadline);
		seen = atomic_load_acquire(&bell);
	}
	finish();
}

KTEST(sched, wakes_race_with_timeouts)
{
	atomic_store_relaxed(&done, 0);
	atomic_store_relaxed(&bell, 0);
	KREQUIRE(thread_create_kernel("dozer", dozer, NULL));
	KREQUIRE(thread_create_kernel("dozer", dozer, NULL));
	for (u32 i = 0; i < 500; i++) {
		ns_t until = uptime_ns() + ktest_random() % (100 * NS_PER_US);

		atomic_fetch_add(&bell, 1);
		waitq_wake_all(&test_wq);
		while (uptime_ns() < until)
			sched_point();
	}
	KCHECK(wait_done(2));
}

KTEST(sched, settings_are_checked)
{
	KCHECK(sched_set(current, SCHED_FIFO, 0, 0) < 0);
	KCHECK(sched_set(current, SCHED_NORMAL, 1, 0) < 0);
	KCHECK(sched_set(current, SCHED_NORMAL, 0, 20) < 0);
	KCHECK(sched_set(current, 77, 0, 0) < 0);
	KCHECK_EQ(sched_set(current, SCHED_RR, 10, 0), 0);
	KCHECK_EQ(sched_rr_interval_ns(current), 100 * NS_PER_MS);
	KCHECK_EQ(sched_set(current, SCHED_NORMAL, 0, 0), 0);
}
