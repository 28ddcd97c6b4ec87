/* SPDX-License-Identifier: MIT */
/*
 * Locks and wait queues under several CPUs, and the proof that the order
 * checker fires.
 */
#include <kernel/core/ktest.h>
#include <kernel/core/mutex.h>
#include <kernel/core/waitq.h>
#include <kernel/task/thread.h>
#include <kernel/time/clock.h>

#define WORKERS 4
#define ROUNDS  1000

static struct spinlock inner = SPINLOCK_INIT(RANK_LOG, "test.inner");
static struct spinlock outer = SPINLOCK_INIT(RANK_FUTEX, "test.outer");
static struct mutex test_mutex = MUTEX_INIT(test_mutex, RANK_FILE_POS, "test.mutex");
static struct spinlock counter_lock = SPINLOCK_INIT(RANK_HANDLES, "test.counter");
static struct waitq done_wq = WAITQ_INIT(done_wq);
static u32 finished;       /* atomic */
static u64 spin_count;     /* [counter_lock] */
static u64 mutex_count;    /* [test_mutex] */

KTEST(lockdep, reports_inversion)
{
	u32 before = lockdep_errors();
	irqflags_t flags;

	if (!CONFIG_DEBUG)
		KSKIP("order is checked in debug builds only");
	lockdep_expect(1);
	flags = spin_lock_irq(&inner);
	spin_lock(&outer); /* RANK_FUTEX under RANK_LOG */
	spin_unlock(&outer);
	spin_unlock_irq(&inner, flags);
	KCHECK_EQ(lockdep_errors() - before, 1);
}

KTEST(lockdep, reports_sleep_under_spinlock)
{
	u32 before = lockdep_errors();

	if (!CONFIG_DEBUG)
		KSKIP("order is checked in debug builds only");
	lockdep_expect(1);
	spin_lock(&outer);
	lockdep_may_sleep("the test");
	spin_unlock(&outer);
	KCHECK_EQ(lockdep_errors() - before, 1);
}

KTEST(lockdep, right_order_is_silent)
{
	u32 before = lockdep_errors();
	irqflags_t flags;

	mutex_lock(&test_mutex);
	spin_lock(&outer);
	flags = spin_lock_irq(&inner);
	spin_unlock_irq(&inner, flags);
	spin_unlock(&outer);
	mutex_unlock(&test_mutex);
	KCHECK_EQ(lockdep_errors() - before, 0);
}

static void worker_done(void)
{
	atomic_fetch_add(&finished, 1);
	waitq_wake_all(&done_wq);
}

static bool run_workers(void (*fn)(void *arg))
{
	u32 started = 0;

	atomic_store_relaxed(&finished, 0);
	for (u32 i = 0; i < WORKERS; i++)
		started += thread_create_kernel("ktest", fn, NULL) != NULL;
	return !WAITQ_WAIT(&done_wq, atomic_load_acquire(&finished) == started, false,
			   uptime_ns() + 20 * NS_PER_SEC) && started == WORKERS;
}

static void spin_worker(__unused void *arg)
{
	for (u32 i = 0; i < ROUNDS; i++) {
		spin_lock(&counter_lock);
		spin_count++;
		spin_unlock(&counter_lock);
	}
	worker_done();
}

KTEST(spinlock, excludes)
{
	spin_count = 0;
	KREQUIRE(run_workers(spin_worker));
	KCHECK_EQ(spin_count, WORKERS * ROUNDS);
}

static void mutex_worker(__unused void *arg)
{
	for (u32 i = 0; i < ROUNDS / 10; i++) {
		u64 seen;

		mutex_lock(&test_mutex);
		seen = mutex_count;
		sched_yield_current(); /* others run and must not get in */
		mutex_count = seen + 1;
		mutex_unlock(&test_mutex);
	}
	worker_done();
}

KTEST(mutex, excludes_while_owner_sleeps)
{
	mutex_count = 0;
	KREQUIRE(run_workers(mutex_worker));
	KCHECK_EQ(mutex_count, WORKERS * ROUNDS / 10);
}

KTEST(mutex, trylock_and_pair)
{
	struct mutex a, b;

	mutex_init(&a, RANK_INODE, "test.a");
	mutex_init(&b, RANK_INODE, "test.b");
	mutex_lock_pair(&a, &b);
	KCHECK(!mutex_trylock(&a));
	KCHECK(!mutex_trylock(&b));
	mutex_unlock_pair(&a, &b);
	mutex_lock_pair(&a, &a);
	mutex_unlock_pair(&a, &a);
	KREQUIRE(mutex_trylock(&a));
	mutex_unlock(&a);
}

static u32 ball;                        /* atomic: whose turn */
static struct waitq ball_wq = WAITQ_INIT(ball_wq);

/* Two threads hand a ball to and fro: any lost wake-up hangs it. */
static void player(void *arg)
{
	u32 me = (u32)(uintptr_t)arg;

	for (u32 i = 0; i < ROUNDS; i++) {
		if (WAITQ_WAIT(&ball_wq, atomic_load_acquire(&ball) == me, false,
			       uptime_ns() + 20 * NS_PER_SEC))
			return; /* the test times out and says so */
		atomic_store_release(&ball, !me);
		waitq_wake_all(&ball_wq);
	}
	worker_done();
}

KTEST(waitq, no_lost_wakeup)
{
	atomic_store_relaxed(&finished, 0);
	atomic_store_relaxed(&ball, 0);
	KREQUIRE(thread_create_kernel("ping", player, (void *)0));
	KREQUIRE(thread_create_kernel("pong", player, (void *)1));
	KCHECK_EQ(WAITQ_WAIT(&done_wq, atomic_load_acquire(&finished) == 2, false,
			     uptime_ns() + 30 * NS_PER_SEC), 0);
}

KTEST(waitq, times_out)
{
	ns_t start = uptime_ns();
	struct waitq wq;

	waitq_init(&wq, "test.timeout");
	KCHECK(WAITQ_WAIT(&wq, false, false, start + 5 * NS_PER_MS) < 0);
	KCHECK(uptime_ns() >= start + 5 * NS_PER_MS);
}
