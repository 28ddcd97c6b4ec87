/* SPDX-License-Identifier: MIT */
/*
 * futex_test.c - futex(202): the operations that glibc and musl use (WAIT, WAKE, WAIT_BITSET, private and shared,
 * relative and absolute timeouts), their errors, and that no wake-up gets lost. Source: man futex(2).
 */
#include "ktap.h"

#include <pthread.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/time.h>

enum {
	WAIT = 0, WAKE = 1, REQUEUE = 3, CMP_REQUEUE = 4, WAKE_OP = 5, LOCK_PI = 6, UNLOCK_PI = 7, TRYLOCK_PI = 8,
	WAIT_BITSET = 9, WAKE_BITSET = 10, PRIVATE = 128, CLOCK_RT = 256,
};

static long futex(void *addr, int op, uint32_t val, const void *timeout, void *addr2, uint32_t val3)
{
	return sys(SYS_futex, addr, op, (unsigned long)val, timeout, addr2, (unsigned long)val3);
}

static volatile sig_atomic_t signals_seen;

static void count_signal(int sig UNUSED)
{
	signals_seen++;
}

static uint32_t *shared_page(void)
{
	void *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	REQUIRE(p != MAP_FAILED);
	return p;
}

/* Wakes @count waiters, however long they take to get there. */
static void wake_all(uint32_t *addr, int op, int count)
{
	int tries;

	for (tries = 0; count > 0 && tries < 5000; tries++) {
		long n = futex(addr, op, count, NULL, NULL, ~0u);

		if (!CHECK(n >= 0))
			return;
		count -= (int)n;
		if (count > 0)
			sleep_ms(2);
	}
	CHECK_EQ(count, 0);
}

CASE(value_differs)
{
	uint32_t word = 5;

	CHECK_EQ(futex(&word, WAIT, 4, NULL, NULL, 0), -EAGAIN);
	CHECK_EQ(futex(&word, WAIT | PRIVATE, 4, NULL, NULL, 0), -EAGAIN);
	CHECK_EQ(futex(&word, WAIT_BITSET | PRIVATE, 4, NULL, NULL, ~0u), -EAGAIN);
	CHECK_EQ(futex(&word, WAIT_BITSET | CLOCK_RT, 4, NULL, NULL, 1), -EAGAIN);
	CHECK_EQ(word, 5);
}

CASE(nobody_to_wake)
{
	uint32_t word = 0;

	CHECK_EQ(futex(&word, WAKE, 1, NULL, NULL, 0), 0);
	CHECK_EQ(futex(&word, WAKE | PRIVATE, INT32_MAX, NULL, NULL, 0), 0);
	CHECK_EQ(futex(&word, WAKE_BITSET | PRIVATE, 1, NULL, NULL, 4), 0);
}

CASE(relative_timeout)
{
	struct timespec t = { 0, 30000000 };
	uint32_t word = 0;
	int64_t start = now_ns();

	CHECK_EQ(futex(&word, WAIT | PRIVATE, 0, &t, NULL, 0), -ETIMEDOUT);
	CHECK(now_ns() - start >= 30000000);
	t.tv_nsec = 0;
	CHECK_EQ(futex(&word, WAIT, 0, &t, NULL, 0), -ETIMEDOUT);
}

CASE(absolute_timeout)
{
	struct timespec t;
	uint32_t word = 0;
	int64_t until = now_ns() + 30000000;

	t = (struct timespec){ until / 1000000000, until % 1000000000 };
	CHECK_EQ(futex(&word, WAIT_BITSET | PRIVATE, 0, &t, NULL, ~0u), -ETIMEDOUT);
	CHECK(now_ns() >= until);
	CHECK_EQ(futex(&word, WAIT_BITSET, 0, &t, NULL, ~0u), -ETIMEDOUT);	/* past */
	sys(SYS_clock_gettime, CLOCK_REALTIME, &t);
	until = t.tv_sec * 1000000000 + t.tv_nsec + 30000000;
	t = (struct timespec){ until / 1000000000, until % 1000000000 };
	CHECK_EQ(futex(&word, WAIT_BITSET | PRIVATE | CLOCK_RT, 0, &t, NULL, ~0u), -ETIMEDOUT);
	sys(SYS_clock_gettime, CLOCK_REALTIME, &t);
	CHECK(t.tv_sec * 1000000000 + t.tv_nsec >= until);
}

CASE(invalid_arguments)
{
	struct timespec bad = { 0, 1000000000 }, neg = { -1, 0 };
	uint32_t words[2] = { 0, 0 };

	CHECK_EQ(futex((char *)words + 1, WAIT, 0, NULL, NULL, 0), -EINVAL);
	CHECK_EQ(futex((char *)words + 2, WAKE, 1, NULL, NULL, 0), -EINVAL);
	CHECK_EQ(futex(words, WAIT, 0, &bad, NULL, 0), -EINVAL);
	CHECK_EQ(futex(words, WAIT, 0, &neg, NULL, 0), -EINVAL);
	CHECK_EQ(futex(words, WAIT_BITSET, 0, NULL, NULL, 0), -EINVAL);
	CHECK_EQ(futex(words, WAKE_BITSET, 0, NULL, NULL, 0), -EINVAL);
	CHECK_EQ(futex(words, 100, 0, NULL, NULL, 0), -ENOSYS);
	CHECK_EQ(futex(words, WAKE | CLOCK_RT, 0, NULL, NULL, 0), -ENOSYS);
	CHECK_EQ(futex(NULL, WAIT, 0, NULL, NULL, 0), -EFAULT);
	CHECK_EQ(futex((void *)0xffff800000000000, WAIT, 0, NULL, NULL, 0), -EFAULT);
	CHECK_EQ(futex((void *)0x7fff00000000, WAIT, 0, NULL, NULL, 0), -EFAULT);
	CHECK_EQ(futex(words, WAIT, 0, (void *)8, NULL, 0), -EFAULT);
}

CASE(shared_between_processes)
{
	uint32_t *word = shared_page();
	pid_t pid;

	IN_CHILD(pid) {
		while (__atomic_load_n(word, __ATOMIC_ACQUIRE) == 0) {
			long ret = futex(word, WAIT, 0, NULL, NULL, 0);

			CHECK(ret == 0 || ret == -EAGAIN);
		}
	}
	sleep_ms(10);
	__atomic_store_n(word, 1, __ATOMIC_RELEASE);
	futex(word, WAKE, 1, NULL, NULL, 0);
	CHECK_EXIT(pid, 0);
}

/* The key of a shared futex is the file and offset, not the address. */
CASE(shared_through_a_file_at_two_addresses)
{
	uint32_t *here, *there;
	pid_t pid;
	int fd;

	scratch();
	fd = open("futex", O_RDWR | O_CREAT, 0600);
	REQUIRE_EQ(ftruncate(fd, PAGE), 0);
	here = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	there = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	REQUIRE(here != MAP_FAILED && there != MAP_FAILED && here != there);
	IN_CHILD(pid) {
		CHECK_EQ(futex(here + 3, WAIT, 0, NULL, NULL, 0), 0);
	}
	wake_all(there + 3, WAKE, 1);
	CHECK_EXIT(pid, 0);
}

/* After fork the private futex of the child is another one. */
CASE(private_is_per_address_space)
{
	struct timespec t = { 0, 60000000 };
	static uint32_t word;
	pid_t pid;
	int i;

	IN_CHILD(pid) {
		CHECK_EQ(futex(&word, WAIT | PRIVATE, 0, &t, NULL, 0), -ETIMEDOUT);
	}
	for (i = 0; i < 10; i++) {
		CHECK_EQ(futex(&word, WAKE | PRIVATE, 1, NULL, NULL, 0), 0);
		sleep_ms(5);
	}
	CHECK_EXIT(pid, 0);
}

CASE(wake_counts)
{
	enum { WAITERS = 4 };
	uint32_t *word = shared_page();
	pid_t pid[WAITERS];
	int i;

	for (i = 0; i < WAITERS; i++) {
		IN_CHILD(pid[i]) {
			__atomic_add_fetch(word + 1, 1, __ATOMIC_SEQ_CST);
			CHECK_EQ(futex(word, WAIT, 0, NULL, NULL, 0), 0);
			__atomic_add_fetch(word + 2, 1, __ATOMIC_SEQ_CST);
		}
	}
	wake_all(word, WAKE, 1);
	for (i = 0; i < 1000 && __atomic_load_n(word + 2, __ATOMIC_SEQ_CST) < 1; i++)
		sleep_ms(2);
	CHECK_EQ(word[2], 1);	/* one was woken, the others sleep on */
	wake_all(word, WAKE, WAITERS - 1);
	for (i = 0; i < WAITERS; i++)
		CHECK_EXIT(pid[i], 0);
	CHECK_EQ(word[2], WAITERS);
}

CASE(bitset_selects)
{
	uint32_t *word = shared_page();
	pid_t one, two;
	int i;

	IN_CHILD(one) {
		CHECK_EQ(futex(word, WAIT_BITSET, 0, NULL, NULL, 1), 0);
	}
	IN_CHILD(two) {
		CHECK_EQ(futex(word, WAIT_BITSET, 0, NULL, NULL, 2), 0);
	}
	CHECK_EQ(futex(word, WAKE_BITSET, 9, NULL, NULL, 4), 0);
	for (i = 0; i < 5000 && futex(word, WAKE_BITSET, 9, NULL, NULL, 2) == 0; i++)
		sleep_ms(2);
	CHECK_EXIT(two, 0);
	CHECK_EQ(sys(SYS_wait4, one, NULL, WNOHANG, NULL), 0);
	wake_all(word, WAKE, 1);	/* plain WAKE matches any bit */
	CHECK_EXIT(one, 0);
}

static void start_timer(long usec)
{
	struct itimerval it = { { 0, usec }, { 0, usec } };

	CHECK_EQ(sys(SYS_setitimer, ITIMER_REAL, &it, NULL), 0);
}

CASE(interrupted_by_a_handler)
{
	struct sigaction sa = { .sa_handler = count_signal };
	uint32_t word = 0;

	sigaction(SIGALRM, &sa, NULL);
	start_timer(20000);
	CHECK_EQ(futex(&word, WAIT | PRIVATE, 0, NULL, NULL, 0), -EINTR);
	CHECK(signals_seen >= 1);
}

static uint32_t restart_word;

static void wake_on_third(int sig UNUSED)
{
	if (++signals_seen >= 3) {
		restart_word = 1;
		futex(&restart_word, WAKE | PRIVATE, 1, NULL, NULL, 0);
	}
}

CASE(restarted_with_sa_restart)
{
	struct sigaction sa = { .sa_handler = wake_on_third, .sa_flags = SA_RESTART };

	sigaction(SIGALRM, &sa, NULL);
	start_timer(10000);
	/* The third handler runs while the caller is off the queue: the restart then sees the new value. */
	CHECK_EQ(futex(&restart_word, WAIT | PRIVATE, 0, NULL, NULL, 0), -EAGAIN);
	CHECK(signals_seen >= 3);
}

/* Two threads hand a token to and fro: a lost wake-up would hang here. */
struct ping {
	uint32_t turn;
	int rounds, me;
};

static void pass_token(uint32_t *turn, int me, int rounds, int op_private)
{
	int i;

	for (i = 0; i < rounds; i++) {
		while (__atomic_load_n(turn, __ATOMIC_ACQUIRE) != (uint32_t)me) {
			long ret = futex(turn, WAIT | op_private, (uint32_t)!me, NULL, NULL, 0);

			if (!CHECK(ret == 0 || ret == -EAGAIN))
				return;
		}
		__atomic_store_n(turn, (uint32_t)!me, __ATOMIC_RELEASE);
		futex(turn, WAKE | op_private, 1, NULL, NULL, 0);
	}
}

static uint32_t token;

static void *token_thread(void *arg UNUSED)
{
	pass_token(&token, 1, 1000, PRIVATE);
	return NULL;
}

CASE(token_between_threads)
{
	pthread_t t;

	REQUIRE_EQ(pthread_create(&t, NULL, token_thread, NULL), 0);
	pass_token(&token, 0, 1000, PRIVATE);
	CHECK_EQ(pthread_join(t, NULL), 0);
}

CASE(token_between_processes)
{
	uint32_t *turn = shared_page();
	pid_t pid;

	IN_CHILD(pid) {
		pass_token(turn, 1, 1000, 0);
	}
	pass_token(turn, 0, 1000, 0);
	CHECK_EXIT(pid, 0);
}

/* Neither library needs these for ordinary use: absent is allowed, wrong is not. */
CASE(requeue)
{
	uint32_t *word = shared_page();
	long ret;
	pid_t pid;
	int i;

	ret = futex(word, CMP_REQUEUE, 1, (void *)1, word + 1, 7);
	if (ret == -ENOSYS)
		SKIP("no FUTEX_CMP_REQUEUE");
	CHECK_EQ(ret, -EAGAIN);
	IN_CHILD(pid) {
		CHECK_EQ(futex(word, WAIT, 0, NULL, NULL, 0), 0);
	}
	for (i = 0; i < 5000; i++) {
		ret = futex(word, CMP_REQUEUE, 0, (void *)1, word + 1, 0);
		if (ret != 0)
			break;
		sleep_ms(2);
	}
	CHECK_EQ(ret, 1);
	CHECK_EQ(futex(word, WAKE, 1, NULL, NULL, 0), 0);
	CHECK_EQ(futex(word + 1, WAKE, 1, NULL, NULL, 0), 1);
	CHECK_EXIT(pid, 0);
}

CASE(priority_inheritance_lock)
{
	uint32_t word = 0;
	long ret = futex(&word, LOCK_PI | PRIVATE, 0, NULL, NULL, 0);

	if (ret == -ENOSYS)
		SKIP("no FUTEX_LOCK_PI");
	CHECK_EQ(ret, 0);
	CHECK_EQ(word, sys(SYS_gettid));
	CHECK_EQ(futex(&word, LOCK_PI | PRIVATE, 0, NULL, NULL, 0), -EDEADLK);
	CHECK_EQ(futex(&word, UNLOCK_PI | PRIVATE, 0, NULL, NULL, 0), 0);
	CHECK_EQ(word, 0);
	CHECK_EQ(futex(&word, UNLOCK_PI | PRIVATE, 0, NULL, NULL, 0), -EPERM);
}

/* ---- robust lists --------------------------------------------------------------------------------------------- */

struct robust_lock {
	struct robust_lock *next;
	uint32_t word;
};

struct robust_head {
	struct robust_lock *first;
	long offset;
	struct robust_lock *pending;
};

enum { WAITERS = 0x80000000u, OWNER_DIED = 0x40000000 };

/* A head with @count locks of @locks in it, all owned by the caller. */
static void own_locks(struct robust_head *head, struct robust_lock *locks, int count, uint32_t bits)
{
	int i;

	head->offset = (long)offsetof(struct robust_lock, word);
	head->pending = NULL;
	for (i = 0; i < count; i++) {
		locks[i].word = (uint32_t)sys(SYS_gettid) | bits;
		locks[i].next = i + 1 < count ? &locks[i + 1] : (struct robust_lock *)head;
	}
	head->first = locks;
	REQUIRE_EQ(sys(SYS_set_robust_list, head, sizeof(*head)), 0);
}

CASE(robust_list_of_the_dead)
{
	struct robust_lock *locks = (struct robust_lock *)shared_page();
	struct robust_head head;
	struct timespec limit = { 20, 0 };
	pid_t pid, waiter;

	IN_CHILD(waiter) {	/* woken by the death of the owner */
		while (!__atomic_load_n(&locks[1].word, __ATOMIC_ACQUIRE))
			sleep_ms(1);
		futex(&locks[1].word, WAIT, locks[1].word, &limit, NULL, 0);
		CHECK(__atomic_load_n(&locks[1].word, __ATOMIC_ACQUIRE) & OWNER_DIED);
	}
	IN_CHILD(pid) {
		own_locks(&head, locks, 3, WAITERS);
		locks[2].word = 12345;	/* another thread's: left alone */
		sleep_ms(100);
		kill(getpid(), SIGKILL);
	}
	CHECK_KILLED(pid, SIGKILL);
	CHECK_EQ(locks[0].word, WAITERS | OWNER_DIED);
	CHECK_EQ(locks[1].word, WAITERS | OWNER_DIED);
	CHECK_EQ(locks[2].word, 12345);
	CHECK_EXIT(waiter, 0);
}

CASE(robust_list_pending_and_broken)
{
	struct robust_lock *locks = (struct robust_lock *)shared_page();
	struct robust_head head;
	pid_t pid;

	IN_CHILD(pid) {	/* taken, but not yet in the list */
		own_locks(&head, locks, 1, 0);
		head.first = (struct robust_lock *)&head;
		head.pending = locks;
	}
	CHECK_EXIT(pid, 0);
	CHECK_EQ(locks[0].word, OWNER_DIED);
	IN_CHILD(pid) {	/* a ring without the head in it must not hold the kernel */
		own_locks(&head, locks, 2, 0);
		locks[1].next = &locks[0];
	}
	CHECK_EXIT(pid, 0);
	IN_CHILD(pid) {
		own_locks(&head, locks, 1, 0);
		locks[0].next = (struct robust_lock *)0x10;	/* ends there, without a signal */
	}
	CHECK_EXIT(pid, 0);
	CHECK_EQ(locks[0].word, OWNER_DIED);
	IN_CHILD(pid)
		CHECK_EQ(sys(SYS_set_robust_list, (void *)0xdead0000, sizeof(head)), 0);
	CHECK_EXIT(pid, 0);
}

CASE(robust_list_told_and_errors)
{
	struct robust_head head = { 0 };
	uint64_t got = 0, size = 0;
	pid_t pid;

	IN_CHILD(pid) {
		head.first = (struct robust_lock *)&head;
		CHECK_EQ(sys(SYS_set_robust_list, &head, sizeof(head)), 0);
		CHECK_EQ(sys(SYS_get_robust_list, 0, &got, &size), 0);
		CHECK_EQ(got, &head);
		CHECK_EQ(size, sizeof(head));
		got = 0;
		CHECK_EQ(sys(SYS_get_robust_list, getpid(), &got, &size), 0);
		CHECK_EQ(got, &head);
		CHECK_EQ(sys(SYS_set_robust_list, &head, sizeof(head) - 1), -EINVAL);
		CHECK_EQ(sys(SYS_get_robust_list, 0x3fffffff, &got, &size), -ESRCH);
		CHECK_EQ(sys(SYS_get_robust_list, 0, NULL, &size), -EFAULT);
		if (!is_root() || drop_root())
			CHECK_EQ(sys(SYS_get_robust_list, 1, &got, &size), -EPERM);
		sys(SYS_set_robust_list, NULL, sizeof(head));
	}
	CHECK_EXIT(pid, 0);
}
