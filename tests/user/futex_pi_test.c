/* SPDX-License-Identifier: MIT */
/*
 * futex_pi_test.c - futexes with priority inheritance and futex_waitv. Source: man futex(2),
 * pthread_mutexattr_setprotocol(3), pthread_mutexattr_setrobust(3); uapi linux/futex.h.
 */
#include "ktap.h"

#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>

enum { LOCK_PI = 6, UNLOCK_PI = 7, TRYLOCK_PI = 8, LOCK_PI2 = 13, PRIVATE = 128, REALTIME = 256 };
#define WAITERS 0x80000000u
#define OWNER_DIED 0x40000000u

static uint32_t word;
static volatile int step;

static long futex(uint32_t *w, int op, const struct timespec *t)
{
	return sys(SYS_futex, w, op, 0, t, 0, 0);
}

static void wait_step(int n)
{
	while (__atomic_load_n(&step, __ATOMIC_ACQUIRE) < n)
		sleep_ms(1);
}

CASE(without_contention)
{
	uint32_t tid = (uint32_t)sys(SYS_gettid);

	CHECK_EQ(futex(&word, LOCK_PI, NULL), 0);
	CHECK_EQ(word, tid);
	CHECK_EQ(futex(&word, LOCK_PI, NULL), -EDEADLK);
	CHECK_EQ(futex(&word, TRYLOCK_PI, NULL), -EDEADLK);
	CHECK_EQ(futex(&word, UNLOCK_PI, NULL), 0);
	CHECK_EQ(word, 0);
	CHECK_EQ(futex(&word, UNLOCK_PI, NULL), -EPERM);
	CHECK_EQ(futex(&word, TRYLOCK_PI | PRIVATE, NULL), 0);
	CHECK_EQ(futex(&word, UNLOCK_PI | PRIVATE, NULL), 0);
	word = 0x3ffffff;	/* nobody's number */
	CHECK_EQ(futex(&word, LOCK_PI, NULL), -ESRCH);
	CHECK_EQ(futex((uint32_t *)((char *)&word + 1), LOCK_PI, NULL), -EINVAL);
	CHECK_EQ(futex((uint32_t *)8, LOCK_PI, NULL), -EFAULT);
	CHECK_EQ(futex((uint32_t *)8, UNLOCK_PI, NULL), -EFAULT);
}

static void *holder(void *arg UNUSED)
{
	CHECK_EQ(futex(&word, LOCK_PI | PRIVATE, NULL), 0);
	__atomic_store_n(&step, 1, __ATOMIC_RELEASE);
	wait_step(2);
	sleep_ms(30);
	CHECK(word & WAITERS);
	CHECK_EQ(futex(&word, UNLOCK_PI | PRIVATE, NULL), 0);
	return NULL;
}

CASE(handed_over)
{
	pthread_t t;

	REQUIRE(pthread_create(&t, NULL, holder, NULL) == 0);
	wait_step(1);
	CHECK_EQ(futex(&word, TRYLOCK_PI | PRIVATE, NULL), -EAGAIN);
	step = 2;
	CHECK_EQ(futex(&word, LOCK_PI | PRIVATE, NULL), 0);
	CHECK_EQ(word & ~WAITERS, sys(SYS_gettid));
	pthread_join(t, NULL);
	CHECK_EQ(futex(&word, UNLOCK_PI | PRIVATE, NULL), 0);
	CHECK_EQ(word, 0);
}

CASE(time_outs)
{
	struct timespec t, bad = { 0, -1 };
	pthread_t thread;

	REQUIRE(pthread_create(&thread, NULL, holder, NULL) == 0);
	wait_step(1);
	clock_gettime(CLOCK_REALTIME, &t);
	t.tv_nsec += 10000000;
	if (t.tv_nsec >= 1000000000) {
		t.tv_sec++;
		t.tv_nsec -= 1000000000;
	}
	CHECK_EQ(futex(&word, LOCK_PI | PRIVATE, &t), -ETIMEDOUT);
	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec = 0;
	CHECK_EQ(futex(&word, LOCK_PI2 | PRIVATE, &t), -ETIMEDOUT);
	CHECK_EQ(futex(&word, LOCK_PI | PRIVATE, &bad), -EINVAL);
	step = 2;
	CHECK_EQ(futex(&word, LOCK_PI | PRIVATE, NULL), 0);
	CHECK_EQ(futex(&word, UNLOCK_PI | PRIVATE, NULL), 0);
	pthread_join(thread, NULL);
}

/* Two locks taken crosswise: one of the two is told. */
static uint32_t other_word;
static long ring[2];

static void *crosswise(void *arg UNUSED)
{
	futex(&other_word, LOCK_PI | PRIVATE, NULL);
	step = 1;
	ring[1] = futex(&word, LOCK_PI | PRIVATE, NULL);
	if (ring[1] == 0)
		futex(&word, UNLOCK_PI | PRIVATE, NULL);
	futex(&other_word, UNLOCK_PI | PRIVATE, NULL);
	return NULL;
}

CASE(ring_is_found)
{
	pthread_t t;

	CHECK_EQ(futex(&word, LOCK_PI | PRIVATE, NULL), 0);
	REQUIRE(pthread_create(&t, NULL, crosswise, NULL) == 0);
	wait_step(1);
	sleep_ms(20);
	ring[0] = futex(&other_word, LOCK_PI | PRIVATE, NULL);
	if (ring[0] == 0)
		futex(&other_word, UNLOCK_PI | PRIVATE, NULL);
	futex(&word, UNLOCK_PI | PRIVATE, NULL);
	pthread_join(t, NULL);
	CHECK((ring[0] == -EDEADLK && ring[1] == 0) || (ring[1] == -EDEADLK && ring[0] == 0));
}

/* The owner ends: the waiter gets the lock, marked. In shared memory, between processes. */
CASE(owner_ends)
{
	uint32_t *shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid;

	IN_CHILD(pid) {
		CHECK_EQ(futex(shared, LOCK_PI, NULL), 0);
		shared[1] = 1;
		sleep_ms(50);
	}
	while (!*(volatile uint32_t *)&shared[1])
		sleep_ms(1);
	CHECK_EQ(futex(shared, LOCK_PI, NULL), 0);
	CHECK_EQ(shared[0] & 0x3fffffff, getpid());
	CHECK(shared[0] & OWNER_DIED);
	CHECK_EXIT(pid, 0);
	CHECK_EQ(futex(shared, UNLOCK_PI, NULL), 0);
}

static void nothing(int sig UNUSED)
{
}

static long signalled = 1;

static void *waits_and_is_signalled(void *arg UNUSED)
{
	step = 2;
	signalled = futex(&word, LOCK_PI | PRIVATE, NULL);
	futex(&word, UNLOCK_PI | PRIVATE, NULL);
	return NULL;
}

/* A signal runs its handler; the wait goes on. */
CASE(signals_do_not_end_the_wait)
{
	struct sigaction sa = { .sa_handler = nothing };
	pthread_t t;

	sigaction(SIGUSR1, &sa, NULL);
	CHECK_EQ(futex(&word, LOCK_PI | PRIVATE, NULL), 0);
	REQUIRE(pthread_create(&t, NULL, waits_and_is_signalled, NULL) == 0);
	wait_step(2);
	for (int i = 0; i < 5; i++) {
		sleep_ms(5);
		pthread_kill(t, SIGUSR1);
	}
	CHECK_EQ(signalled, 1);
	CHECK_EQ(futex(&word, UNLOCK_PI | PRIVATE, NULL), 0);
	pthread_join(t, NULL);
	CHECK_EQ(signalled, 0);
}

/* The C library's mutexes. */
static pthread_mutex_t mutex;
static long counter;

static void *count(void *arg UNUSED)
{
	for (int i = 0; i < 2000; i++) {
		pthread_mutex_lock(&mutex);
		counter++;
		if (i % 64 == 0)
			sched_yield();
		pthread_mutex_unlock(&mutex);
	}
	return NULL;
}

CASE(pi_mutexes_of_the_library)
{
	pthread_mutexattr_t attr;
	pthread_t t[4];

	pthread_mutexattr_init(&attr);
	REQUIRE(pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_INHERIT) == 0);
	REQUIRE(pthread_mutex_init(&mutex, &attr) == 0);
	for (unsigned i = 0; i < COUNT(t); i++)
		REQUIRE(pthread_create(&t[i], NULL, count, NULL) == 0);
	for (unsigned i = 0; i < COUNT(t); i++)
		pthread_join(t[i], NULL);
	CHECK_EQ(counter, 8000);
}

static void *dies_with_it(void *arg UNUSED)
{
	pthread_mutex_lock(&mutex);
	return NULL;
}

CASE(robust_pi_mutex)
{
	pthread_mutexattr_t attr;
	pthread_t t;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	REQUIRE(pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_INHERIT) == 0);
	REQUIRE(pthread_mutex_init(&mutex, &attr) == 0);
	REQUIRE(pthread_create(&t, NULL, dies_with_it, NULL) == 0);
	pthread_join(t, NULL);
	CHECK_EQ(pthread_mutex_lock(&mutex), EOWNERDEAD);
	CHECK_EQ(pthread_mutex_consistent(&mutex), 0);
	CHECK_EQ(pthread_mutex_unlock(&mutex), 0);
	CHECK_EQ(pthread_mutex_lock(&mutex), 0);
}

/*
 * A low thread holds the lock, a middle one burns the only CPU, a high one waits: only by the
 * inherited priority does the low one get on.
 */
static volatile bool stop_burning, low_has_it;

static void be(int priority)
{
	struct sched_param p = { .sched_priority = priority };
	uint64_t cpu[16] = { 1 };

	sys(SYS_sched_setaffinity, 0, sizeof(cpu), cpu);
	CHECK_EQ(sys(SYS_sched_setscheduler, 0, SCHED_FIFO, &p), 0);
}

static void *low(void *arg UNUSED)
{
	be(10);
	CHECK_EQ(futex(&word, LOCK_PI | PRIVATE, NULL), 0);
	low_has_it = true;
	for (volatile long i = 0; i < 30000000; i++)
		;
	CHECK_EQ(futex(&word, UNLOCK_PI | PRIVATE, NULL), 0);
	return NULL;
}

static void *middle(void *arg UNUSED)
{
	int64_t until = now_ns() + 15000000000;

	be(20);
	while (!stop_burning && now_ns() < until)
		;
	CHECK(stop_burning);
	return NULL;
}

static void *high(void *arg UNUSED)
{
	be(30);
	CHECK_EQ(futex(&word, LOCK_PI | PRIVATE, NULL), 0);
	stop_burning = true;
	CHECK_EQ(futex(&word, UNLOCK_PI | PRIVATE, NULL), 0);
	return NULL;
}

CASE(priority_is_inherited)
{
	struct sched_param p = { .sched_priority = 1 };
	pthread_t l, m, h;

	if (sys(SYS_sched_setscheduler, 0, SCHED_FIFO, &p) != 0)
		SKIP("not privileged");
	p.sched_priority = 0;
	sys(SYS_sched_setscheduler, 0, SCHED_OTHER, &p);
	be(50);
	REQUIRE(pthread_create(&l, NULL, low, NULL) == 0);
	while (!low_has_it)
		sleep_ms(1);
	REQUIRE(pthread_create(&h, NULL, high, NULL) == 0);
	REQUIRE(pthread_create(&m, NULL, middle, NULL) == 0);
	pthread_join(h, NULL);
	pthread_join(m, NULL);
	pthread_join(l, NULL);
}

/* ---- futex_waitv ---- */

struct waitv {
	uint64_t val, uaddr;
	uint32_t flags, reserved;
};

#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif

static uint32_t words[3];

static void *wakes_the_second(void *arg UNUSED)
{
	sleep_ms(30);
	words[1] = 1;
	while (sys(SYS_futex, &words[1], 1 | PRIVATE, 1, 0, 0, 0) != 1)
		sleep_ms(1);
	return NULL;
}

/* ---- a condition with such a mutex: FUTEX_WAIT_REQUEUE_PI, FUTEX_CMP_REQUEUE_PI ---- */

enum { WAIT_REQUEUE_PI = 11, CMP_REQUEUE_PI = 12 };

static uint32_t cond, lock;
static volatile int woken;

static long wait_requeue(uint32_t val, const struct timespec *t, int flags)
{
	return sys(SYS_futex, &cond, WAIT_REQUEUE_PI | PRIVATE | flags, val, t, &lock, 0);
}

static long requeue(uint32_t expected, int wake, int more)
{
	return sys(SYS_futex, &cond, CMP_REQUEUE_PI | PRIVATE, wake, more, &lock, expected);
}

static void *cond_waiter(void *arg UNUSED)
{
	CHECK_EQ(futex(&lock, LOCK_PI | PRIVATE, NULL), 0);
	__atomic_add_fetch(&step, 1, __ATOMIC_RELEASE);
	/* Unlocking and waiting are two calls: the value tells whether something came between. */
	CHECK_EQ(futex(&lock, UNLOCK_PI | PRIVATE, NULL), 0);
	if (CHECK_EQ(wait_requeue(0, NULL, 0), 0)) {
		CHECK_EQ(lock & 0x3fffffff, sys(SYS_gettid));
		woken = woken + 1;	/* the lock is held */
		CHECK_EQ(futex(&lock, UNLOCK_PI | PRIVATE, NULL), 0);
	}
	return NULL;
}

static void start_waiters(pthread_t *threads, int n)
{
	for (int i = 0; i < n; i++)
		REQUIRE(pthread_create(&threads[i], NULL, cond_waiter, NULL) == 0);
	wait_step(n);
	sleep_ms(100);	/* no way to see that they sleep */
}

CASE(requeue_to_a_free_lock)
{
	pthread_t threads[4];
	long n;

	start_waiters(threads, 4);
	CHECK_EQ(requeue(1, 1, 100), -EAGAIN);
	CHECK_EQ(requeue(0, 2, 100), -EINVAL);	/* one and no more is woken */
	CHECK_EQ(requeue(0, 0, 100), -EINVAL);
	CHECK_EQ(requeue(0, 1, -1), -EINVAL);
	n = requeue(0, 1, 0);
	CHECK_EQ(n, 1);
	while (woken < 1)
		sleep_ms(1);
	n = requeue(0, 1, 100);
	CHECK_EQ(n, 3);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	CHECK_EQ(woken, 4);
	CHECK_EQ(lock, 0);
	CHECK_EQ(requeue(0, 1, 100), 0);	/* nobody is left */
}

CASE(requeue_to_a_held_lock)
{
	pthread_t threads[3];

	start_waiters(threads, 3);
	CHECK_EQ(futex(&lock, LOCK_PI | PRIVATE, NULL), 0);
	CHECK_EQ(requeue(0, 1, 100), 3);
	CHECK(lock & WAITERS);
	sleep_ms(20);
	CHECK_EQ(woken, 0);
	CHECK_EQ(futex(&lock, UNLOCK_PI | PRIVATE, NULL), 0);
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	CHECK_EQ(woken, 3);
	CHECK_EQ(lock, 0);
}

static void *timed_waiter(void *arg)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	t.tv_sec += 1;
	__atomic_add_fetch(&step, 1, __ATOMIC_RELEASE);
	*(long *)arg = wait_requeue(0, &t, REALTIME);
	return NULL;
}

CASE(requeue_time_outs_and_errors)
{
	struct timespec past = { 0, 1 }, bad = { 0, -1 };
	pthread_t thread;
	long result = 99;

	CHECK_EQ(wait_requeue(1, NULL, 0), -EAGAIN);
	CHECK_EQ(wait_requeue(0, &past, 0), -ETIMEDOUT);
	CHECK_EQ(wait_requeue(0, &bad, 0), -EINVAL);
	CHECK_EQ(sys(SYS_futex, &cond, WAIT_REQUEUE_PI, 0, NULL, &cond, 0), -EINVAL);
	CHECK_EQ(sys(SYS_futex, &cond, CMP_REQUEUE_PI, 1, 1, &cond, 0), -EINVAL);
	CHECK_EQ(sys(SYS_futex, 8, WAIT_REQUEUE_PI, 0, NULL, &lock, 0), -EFAULT);
	CHECK_EQ(sys(SYS_futex, &cond, WAIT_REQUEUE_PI, 0, NULL, (char *)&lock + 1, 0), -EINVAL);
	/* After it was requeued it may still give up; the lock's owner goes on. */
	CHECK_EQ(futex(&lock, LOCK_PI | PRIVATE, NULL), 0);
	REQUIRE(pthread_create(&thread, NULL, timed_waiter, &result) == 0);
	wait_step(1);
	sleep_ms(100);
	CHECK_EQ(requeue(0, 1, 0), 1);
	pthread_join(thread, NULL);
	CHECK_EQ(result, -ETIMEDOUT);
	CHECK_EQ(futex(&lock, UNLOCK_PI | PRIVATE, NULL), 0);
}

/* Waiters and requeuers at random: nobody is lost, and the lock holds. */
enum { TURNS = 200 };
static volatile int turns_left = 4 * TURNS, inside;

static void *turn_taker(void *arg UNUSED)
{
	for (int i = 0; i < TURNS;) {
		uint32_t seen = __atomic_load_n(&cond, __ATOMIC_ACQUIRE);
		long ret = wait_requeue(seen, NULL, 0);

		if (ret == -EAGAIN)
			continue;
		if (!CHECK_EQ(ret, 0))
			break;
		CHECK_EQ(__atomic_add_fetch(&inside, 1, __ATOMIC_ACQ_REL), 1);
		__atomic_sub_fetch(&inside, 1, __ATOMIC_ACQ_REL);
		turns_left = turns_left - 1;
		CHECK_EQ(futex(&lock, UNLOCK_PI | PRIVATE, NULL), 0);
		i++;
	}
	return NULL;
}

CASE(requeue_loses_nobody)
{
	struct timespec pause = { 0, 50000 };
	pthread_t threads[4];

	for (int i = 0; i < 4; i++)
		REQUIRE(pthread_create(&threads[i], NULL, turn_taker, NULL) == 0);
	while (__atomic_load_n(&turns_left, __ATOMIC_ACQUIRE) > 0) {
		uint32_t now = __atomic_add_fetch(&cond, 1, __ATOMIC_ACQ_REL);
		long ret = requeue(now, 1, 100);

		if (!CHECK(ret >= 0))
			break;
		sys(SYS_nanosleep, &pause, NULL);	/* else nobody gets to wait for this value */
	}
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	CHECK_EQ(lock, 0);
}

CASE(waitv)
{
	struct waitv v[3];
	struct timespec t;
	pthread_t thread;

	for (int i = 0; i < 3; i++)
		v[i] = (struct waitv){ 0, (uint64_t)&words[i], 2 | 128, 0 };
	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += 20;
	REQUIRE(pthread_create(&thread, NULL, wakes_the_second, NULL) == 0);
	CHECK_EQ(sys(SYS_futex_waitv, v, 3, 0, &t, CLOCK_MONOTONIC), 1);
	pthread_join(thread, NULL);
	CHECK_EQ(sys(SYS_futex_waitv, v, 3, 0, &t, CLOCK_MONOTONIC), -EAGAIN);
	v[1].val = 1;
	t.tv_sec = 0;
	CHECK_EQ(sys(SYS_futex_waitv, v, 3, 0, &t, CLOCK_MONOTONIC), -ETIMEDOUT);
	CHECK_EQ(sys(SYS_futex_waitv, v, 0, 0, &t, CLOCK_MONOTONIC), -EINVAL);
	CHECK_EQ(sys(SYS_futex_waitv, v, 129, 0, &t, CLOCK_MONOTONIC), -EINVAL);
	CHECK_EQ(sys(SYS_futex_waitv, v, 3, 1, &t, CLOCK_MONOTONIC), -EINVAL);
	CHECK_EQ(sys(SYS_futex_waitv, v, 3, 0, &t, CLOCK_BOOTTIME), -EINVAL);
	CHECK_EQ(sys(SYS_futex_waitv, 8, 3, 0, &t, CLOCK_MONOTONIC), -EFAULT);
	CHECK_EQ(sys(SYS_futex_waitv, v, 3, 0, 8, CLOCK_MONOTONIC), -EFAULT);
	v[2].flags = 1 | 128;
	CHECK_EQ(sys(SYS_futex_waitv, v, 3, 0, &t, CLOCK_MONOTONIC), -EINVAL);
	v[2].flags = 2 | 128;
	v[2].reserved = 1;
	CHECK_EQ(sys(SYS_futex_waitv, v, 3, 0, &t, CLOCK_MONOTONIC), -EINVAL);
	v[2].reserved = 0;
	v[2].uaddr = 8;
	CHECK_EQ(sys(SYS_futex_waitv, v, 3, 0, &t, CLOCK_MONOTONIC), -EFAULT);
}
