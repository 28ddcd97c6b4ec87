/* SPDX-License-Identifier: MIT */
/*
 * thread_test.c - threads: raw clone with the flags of glibc and musl, CLEARTID, and what the C library builds on it
 * (join, mutex, condition, semaphore, thread-local storage, cancellation). Built against both libraries.
 */
#include "ktap.h"
#include "raw_clone.h"

#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <sys/mman.h>

enum { ARCH_GET_FS = 0x1003 };	/* asm/prctl.h, which musl has not */

/* ---- raw clone ------------------------------------------------------------------------------------------------ */

struct raw_thread {
	int ctid, ptid, tid_seen, pid_seen;
	unsigned long tls_seen;
	uint64_t fs_word;
	uint64_t tls[64];		/* a thread pointer block: word 0 points at itself, as both libraries have it */
	char stack[32768] __attribute__((aligned(16)));
};

static int raw_body(void *arg)
{
	struct raw_thread *t = arg;

	t->tid_seen = (int)sys(SYS_gettid);
	t->pid_seen = (int)sys(SYS_getpid);
	sys(SYS_arch_prctl, ARCH_GET_FS, &t->tls_seen);
	__asm__ volatile("mov %%fs:0, %0" : "=r"(t->fs_word));
	return 0;
}

static void run_raw(unsigned long flags)
{
	static struct raw_thread t;
	struct timespec limit = { 20, 0 };
	long tid;

	memset(&t, 0, sizeof(t));
	t.tls[0] = (uint64_t)t.tls;
	t.ctid = -1;
	tid = raw_clone(flags, t.stack + sizeof(t.stack), &t.ptid, &t.ctid, t.tls, raw_body, &t);
	REQUIRE(tid > 0);
	CHECK_EQ(t.ptid, tid);
	/* Its end clears the word and wakes the futex there (a shared wake; a private wait would not be woken). */
	while (__atomic_load_n(&t.ctid, __ATOMIC_ACQUIRE)) {
		long ret = sys(SYS_futex, &t.ctid, 0, (long)-1, &limit, NULL, 0);

		if (!CHECK(ret == 0 || ret == -EAGAIN || ret == -EINTR))
			return;
	}
	CHECK_EQ(t.tid_seen, tid);
	CHECK_EQ(t.pid_seen, getpid());
	CHECK_EQ(t.tls_seen, t.tls);
	CHECK_EQ(t.fs_word, t.tls);
	CHECK_EQ(sys(SYS_wait4, tid, NULL, 0x40000000, NULL), -ECHILD);	/* a thread is no child */
}

CASE(raw_clone_of_glibc)
{
	run_raw(CLONE_FLAGS_GLIBC);
}

CASE(raw_clone_of_musl)
{
	run_raw(CLONE_FLAGS_MUSL);
}

CASE(clone3_absent_or_valid)
{
	long ret = sys(435, NULL, 0);

	/* ENOSYS makes glibc fall back to clone; any other refusal of a good call would kill it. */
	CHECK(ret == -ENOSYS || ret == -EINVAL);
}

/* struct clone_args, all 88 bytes of it. */
struct clone3_args {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size;
	uint64_t cgroup;
};

/* clone3 on a stack of its own cannot return into C: the child leaves at once by exit(@code). */
static long clone3_exit(struct clone3_args *args, size_t size, long code)
{
	long ret;

	__asm__ volatile("syscall\n\t"
			 "test %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "mov %[code], %%rdi\n\t"
			 "mov $60, %%eax\n\t"
			 "syscall\n"
			 "1:"
			 : "=a"(ret)
			 : "a"(435L), "D"(args), "S"(size), [code] "r"(code)
			 : "rcx", "r11", "memory");
	return ret;
}

CASE(clone3_forms)
{
	static char stack[16384] __attribute__((aligned(16)));
	struct clone3_args args = { .exit_signal = SIGCHLD };
	struct timespec limit = { 20, 0 };
	int ptid = 0, ctid = -1;
	uint64_t wide[12] = { 0 };
	long ret;

	ret = clone3_exit(&args, sizeof(args), 5);	/* as fork */
	if (ret == -ENOSYS)
		SKIP("no clone3");
	CHECK_EXIT((pid_t)ret, 5);
	ret = clone3_exit(&args, 64, 6);	/* the first published size */
	CHECK_EXIT((pid_t)ret, 6);
	wide[4] = SIGCHLD;
	ret = clone3_exit((struct clone3_args *)wide, sizeof(wide), 7);	/* longer, but zero there */
	CHECK_EXIT((pid_t)ret, 7);
	args = (struct clone3_args){
		.flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM |
			 CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID,
		.stack = (uint64_t)stack, .stack_size = sizeof(stack),
		.parent_tid = (uint64_t)&ptid, .child_tid = (uint64_t)&ctid,
	};
	ret = clone3_exit(&args, sizeof(args), 0);
	REQUIRE(ret > 0);
	CHECK_EQ(ptid, ret);
	while (__atomic_load_n(&ctid, __ATOMIC_ACQUIRE))
		sys(SYS_futex, &ctid, 0, (long)-1, &limit, NULL, 0);
}

CASE(clone3_errors)
{
	struct clone3_args good = { .exit_signal = SIGCHLD }, args = good;
	uint64_t wide[12] = { 0 };

	if (clone3_exit(NULL, 64, 0) == -ENOSYS)
		SKIP("no clone3");
	CHECK_EQ(clone3_exit(NULL, sizeof(args), 0), -EFAULT);
	CHECK_EQ(clone3_exit(&args, 56, 0), -EINVAL);
	CHECK_EQ(clone3_exit(&args, PAGE + 1, 0), -E2BIG);
	wide[4] = SIGCHLD;
	wide[11] = 1;	/* a field that we do not know */
	CHECK_EQ(clone3_exit((struct clone3_args *)wide, sizeof(wide), 0), -E2BIG);
	args.exit_signal = 65;
	CHECK_EQ(clone3_exit(&args, sizeof(args), 0), -EINVAL);
	args.exit_signal = 0x100 | SIGCHLD;
	CHECK_EQ(clone3_exit(&args, sizeof(args), 0), -EINVAL);
	args = good;
	args.flags = SIGCHLD;	/* no signal in the flags here */
	CHECK_EQ(clone3_exit(&args, sizeof(args), 0), -EINVAL);
	args.flags = CLONE_DETACHED;
	CHECK_EQ(clone3_exit(&args, sizeof(args), 0), -EINVAL);
	args.flags = CLONE_THREAD;
	CHECK_EQ(clone3_exit(&args, sizeof(args), 0), -EINVAL);
	args = good;
	args.stack = 0x10000;	/* a stack without a size, */
	CHECK_EQ(clone3_exit(&args, sizeof(args), 0), -EINVAL);
	args.stack = 0;
	args.stack_size = PAGE;	/* and a size without a stack */
	CHECK_EQ(clone3_exit(&args, sizeof(args), 0), -EINVAL);
}

/* ---- create, join --------------------------------------------------------------------------------------------- */

static void *return_argument(void *arg)
{
	return (char *)arg + 1;
}

CASE(create_and_join)
{
	pthread_t t[16];
	void *result;
	long i, round;

	for (round = 0; round < 10; round++) {
		for (i = 0; i < 16; i++)
			REQUIRE_EQ(pthread_create(&t[i], NULL, return_argument, (void *)(i * 10)), 0);
		for (i = 15; i >= 0; i--) {
			CHECK_EQ(pthread_join(t[i], &result), 0);
			CHECK_EQ((long)result, i * 10 + 1);
		}
	}
}

static int detached_done;

static void *detached_body(void *arg UNUSED)
{
	__atomic_add_fetch(&detached_done, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

CASE(detached)
{
	pthread_attr_t attr;
	pthread_t t;
	int i;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, 65536);
	for (i = 0; i < 20; i++)
		REQUIRE_EQ(pthread_create(&t, &attr, detached_body, NULL), 0);
	for (i = 0; i < 5000 && __atomic_load_n(&detached_done, __ATOMIC_SEQ_CST) < 20; i++)
		sleep_ms(2);
	CHECK_EQ(detached_done, 20);
}

struct identity {
	pid_t pid, tid;
};

static void *tell_identity(void *arg)
{
	struct identity *id = arg;

	id->pid = (pid_t)sys(SYS_getpid);
	id->tid = (pid_t)sys(SYS_gettid);
	return NULL;
}

CASE(identity_of_threads)
{
	struct identity a, b;
	pthread_t ta, tb;
	int i;

	pthread_create(&ta, NULL, tell_identity, &a);
	pthread_create(&tb, NULL, tell_identity, &b);
	pthread_join(ta, NULL);
	pthread_join(tb, NULL);
	CHECK_EQ(a.pid, getpid());
	CHECK_EQ(b.pid, getpid());
	CHECK(a.tid != b.tid || a.tid != getpid());
	CHECK(a.tid != getpid() && b.tid != getpid());
	CHECK_EQ(sys(SYS_gettid), getpid());
	/* A joined thread is gone, or about to be: its word is cleared a moment before its number is free. */
	for (i = 0; i < 2000 && sys(SYS_tgkill, getpid(), a.tid, 0) == 0; i++)
		sleep_ms(1);
	CHECK_EQ(sys(SYS_tgkill, getpid(), a.tid, 0), -ESRCH);
}

/* ---- thread-local storage ------------------------------------------------------------------------------------- */

static __thread int tls_zero;
static __thread int tls_set = 1234;
static __thread char tls_array[300] __attribute__((aligned(64)));

static void *use_tls(void *arg)
{
	long me = (long)arg;
	int i;
	bool ok = tls_zero == 0 && tls_set == 1234 && ((uintptr_t)tls_array & 63) == 0;

	for (i = 0; i < 200; i++) {
		tls_zero = (int)me + i;
		tls_set = -tls_zero;
		memset(tls_array, (int)me, sizeof(tls_array));
		errno = (int)me;
		if (i % 20 == 0)
			sched_yield();
		ok &= tls_zero == (int)me + i && tls_set == -tls_zero && tls_array[299] == (char)me && errno == (int)me;
	}
	return (void *)(long)ok;
}

CASE(thread_local_storage)
{
	pthread_t t[4];
	void *ok;
	long i;

	for (i = 0; i < 4; i++)
		REQUIRE_EQ(pthread_create(&t[i], NULL, use_tls, (void *)(i + 1)), 0);
	CHECK(use_tls((void *)9L) != NULL);
	for (i = 0; i < 4; i++) {
		pthread_join(t[i], &ok);
		CHECK(ok != NULL);
	}
}

static int destructors;

static void count_destructor(void *value)
{
	__atomic_add_fetch(&destructors, (int)(long)value, __ATOMIC_SEQ_CST);
}

static pthread_key_t key;

static void *set_key(void *arg)
{
	pthread_setspecific(key, arg);
	return NULL;
}

CASE(key_destructors)
{
	pthread_t a, b;

	REQUIRE_EQ(pthread_key_create(&key, count_destructor), 0);
	pthread_create(&a, NULL, set_key, (void *)1L);
	pthread_create(&b, NULL, set_key, (void *)10L);
	pthread_join(a, NULL);
	pthread_join(b, NULL);
	CHECK_EQ(destructors, 11);
}

/* ---- synchronisation ------------------------------------------------------------------------------------------ */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static int counter;

static void *add_many(void *arg)
{
	int i, n = *(int *)arg;

	for (i = 0; i < n; i++) {
		pthread_mutex_lock(&mutex);
		counter++;
		pthread_mutex_unlock(&mutex);
	}
	return NULL;
}

CASE(mutex_protects)
{
	int n = 5000, i;
	pthread_t t[4];

	for (i = 0; i < 4; i++)
		REQUIRE_EQ(pthread_create(&t[i], NULL, add_many, &n), 0);
	for (i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	CHECK_EQ(counter, 20000);
}

static struct timespec from_now(clockid_t clock, long ms)
{
	struct timespec t;

	clock_gettime(clock, &t);
	t.tv_nsec += ms * 1000000;
	t.tv_sec += t.tv_nsec / 1000000000;
	t.tv_nsec %= 1000000000;
	return t;
}

CASE(timed_waits_time_out)
{
	struct timespec t = from_now(CLOCK_REALTIME, 20);
	pthread_condattr_t attr;
	pthread_cond_t mono;
	sem_t sem;
	int64_t start = now_ns();

	pthread_mutex_lock(&mutex);
	CHECK_EQ(pthread_cond_timedwait(&cond, &mutex, &t), ETIMEDOUT);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&mono, &attr);
	t = from_now(CLOCK_MONOTONIC, 20);
	CHECK_EQ(pthread_cond_timedwait(&mono, &mutex, &t), ETIMEDOUT);
	CHECK(now_ns() - start >= 30000000);
	t = from_now(CLOCK_REALTIME, 10);
	CHECK_EQ(pthread_mutex_timedlock(&mutex, &t), ETIMEDOUT);
	pthread_mutex_unlock(&mutex);
	sem_init(&sem, 0, 0);
	t = from_now(CLOCK_REALTIME, 10);
	CHECK_ERR(sem_timedwait(&sem, &t), ETIMEDOUT);
}

static int stage;

static void *advance(void *arg UNUSED)
{
	pthread_mutex_lock(&mutex);
	while (stage != 1)
		pthread_cond_wait(&cond, &mutex);
	stage = 2;
	pthread_cond_broadcast(&cond);
	pthread_mutex_unlock(&mutex);
	return NULL;
}

CASE(conditions)
{
	pthread_t t;

	pthread_create(&t, NULL, advance, NULL);
	pthread_mutex_lock(&mutex);
	stage = 1;
	pthread_cond_broadcast(&cond);
	while (stage != 2)
		pthread_cond_wait(&cond, &mutex);
	pthread_mutex_unlock(&mutex);
	CHECK_EQ(pthread_join(t, NULL), 0);
}

static int released;

static void *wait_broadcast(void *arg UNUSED)
{
	pthread_mutex_lock(&mutex);
	stage++;
	while (stage < 100)
		pthread_cond_wait(&cond, &mutex);
	released++;
	pthread_mutex_unlock(&mutex);
	return NULL;
}

CASE(broadcast_wakes_all)
{
	pthread_t t[8];
	int i;

	for (i = 0; i < 8; i++)
		REQUIRE_EQ(pthread_create(&t[i], NULL, wait_broadcast, NULL), 0);
	for (i = 0; i < 8;) {
		pthread_mutex_lock(&mutex);
		i = stage;
		if (i == 8)
			stage = 100;
		pthread_mutex_unlock(&mutex);
		sched_yield();
	}
	pthread_cond_broadcast(&cond);
	for (i = 0; i < 8; i++)
		pthread_join(t[i], NULL);
	CHECK_EQ(released, 8);
}

static sem_t items, room;
static int box[4], box_in, box_out;

static void *produce(void *arg UNUSED)
{
	int i;

	for (i = 1; i <= 500; i++) {
		sem_wait(&room);
		box[box_in++ % 4] = i;
		sem_post(&items);
	}
	return NULL;
}

CASE(semaphores)
{
	pthread_t t;
	long sum = 0;
	int i;

	sem_init(&items, 0, 0);
	sem_init(&room, 0, 4);
	pthread_create(&t, NULL, produce, NULL);
	for (i = 0; i < 500; i++) {
		sem_wait(&items);
		sum += box[box_out++ % 4];
		sem_post(&room);
	}
	pthread_join(t, NULL);
	CHECK_EQ(sum, 500 * 501 / 2);
}

static pthread_barrier_t barrier;
static int arrived;

static void *meet(void *arg UNUSED)
{
	int i, bad = 0;

	for (i = 1; i <= 20; i++) {
		__atomic_add_fetch(&arrived, 1, __ATOMIC_SEQ_CST);
		pthread_barrier_wait(&barrier);
		bad += __atomic_load_n(&arrived, __ATOMIC_SEQ_CST) < i * 3;
		pthread_barrier_wait(&barrier);
	}
	return (void *)(long)bad;
}

CASE(barrier_and_rwlock)
{
	static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
	pthread_t a, b;
	void *bad;

	pthread_barrier_init(&barrier, NULL, 3);
	pthread_create(&a, NULL, meet, NULL);
	pthread_create(&b, NULL, meet, NULL);
	CHECK_EQ((long)meet(NULL), 0);
	pthread_join(a, &bad);
	CHECK_EQ((long)bad, 0);
	pthread_join(b, &bad);
	CHECK_EQ((long)bad, 0);
	CHECK_EQ(pthread_rwlock_rdlock(&lock), 0);
	CHECK_EQ(pthread_rwlock_tryrdlock(&lock), 0);
	CHECK_EQ(pthread_rwlock_trywrlock(&lock), EBUSY);
	pthread_rwlock_unlock(&lock);
	pthread_rwlock_unlock(&lock);
	CHECK_EQ(pthread_rwlock_trywrlock(&lock), 0);
}

CASE(process_shared_mutex)
{
	struct {
		pthread_mutex_t mutex;
		int count;
	} *shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_mutexattr_t attr;
	pid_t pid[3];
	int i, k;

	pthread_mutexattr_init(&attr);
	REQUIRE_EQ(pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED), 0);
	pthread_mutex_init(&shared->mutex, &attr);
	for (i = 0; i < 3; i++)
		IN_CHILD(pid[i]) {
			for (k = 0; k < 1000; k++) {
				pthread_mutex_lock(&shared->mutex);
				shared->count++;
				pthread_mutex_unlock(&shared->mutex);
			}
		}
	for (i = 0; i < 3; i++)
		CHECK_EXIT(pid[i], 0);
	CHECK_EQ(shared->count, 3000);
}

/* ---- cancellation, signals, process-wide effects -------------------------------------------------------------- */

static int cleaned;

static void clean_up(void *arg)
{
	cleaned = *(int *)arg;
}

static void *blocked_in_read(void *arg)
{
	int value = 5;
	char c;

	pthread_cleanup_push(clean_up, &value);
	(void)!read(*(int *)arg, &c, 1);
	pthread_cleanup_pop(0);
	return NULL;
}

CASE(cancel_a_blocked_thread)
{
	void *result = NULL;
	pthread_t t;
	int fd[2];

	REQUIRE_EQ(pipe(fd), 0);
	pthread_create(&t, NULL, blocked_in_read, &fd[0]);
	sleep_ms(10);
	CHECK_EQ(pthread_cancel(t), 0);
	CHECK_EQ(pthread_join(t, &result), 0);
	CHECK(result == PTHREAD_CANCELED);
	CHECK_EQ(cleaned, 5);
}

static pthread_t handled_by;
static volatile sig_atomic_t handled;

static void note_thread(int sig UNUSED)
{
	handled_by = pthread_self();
	handled = 1;
}

static void *wait_handled(void *arg UNUSED)
{
	int i;

	for (i = 0; i < 10000 && !handled; i++)
		sleep_ms(1);
	return NULL;
}

CASE(signal_to_one_thread)
{
	pthread_t t;

	signal(SIGUSR1, note_thread);
	pthread_create(&t, NULL, wait_handled, NULL);
	CHECK_EQ(pthread_kill(t, SIGUSR1), 0);
	pthread_join(t, NULL);
	CHECK(handled);
	CHECK(pthread_equal(handled_by, t));
}

/* A process-wide signal goes to the thread that does not block it. */
CASE(process_signal_finds_the_open_thread)
{
	sigset_t usr1;
	pthread_t t;

	signal(SIGUSR1, note_thread);
	pthread_create(&t, NULL, wait_handled, NULL);
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &usr1, NULL);
	kill(getpid(), SIGUSR1);
	pthread_join(t, NULL);
	CHECK(handled);
	CHECK(pthread_equal(handled_by, t));
}

static void *do_chdir(void *arg UNUSED)
{
	return (void *)(long)(chdir("/") == 0 && umask(077) == 022);
}

CASE(directory_and_umask_are_shared)
{
	char cwd[64];
	void *ok;
	pthread_t t;

	scratch();
	pthread_create(&t, NULL, do_chdir, NULL);
	pthread_join(t, &ok);
	CHECK(ok != NULL);
	CHECK(getcwd(cwd, sizeof(cwd)) != NULL);
	CHECK_STR(cwd, "/");
	CHECK_EQ(umask(022), 077);
}

static void *fork_and_count(void *arg UNUSED)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(sys(SYS_gettid) == sys(SYS_getpid) ? 6 : 7);	/* alone, and first of its process */
	return (void *)(long)WEXITSTATUS(child_status(pid));
}

CASE(fork_in_a_thread)
{
	pthread_t t;
	void *code;

	pthread_create(&t, NULL, fork_and_count, NULL);
	pthread_join(t, &code);
	CHECK_EQ((long)code, 6);
}

static int once_count;

static void once_body(void)
{
	sleep_ms(5);
	once_count++;
}

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void *call_once(void *arg UNUSED)
{
	pthread_once(&once, once_body);
	return (void *)(long)once_count;
}

CASE(once_only)
{
	pthread_t t[4];
	void *seen;
	int i;

	for (i = 0; i < 4; i++)
		pthread_create(&t[i], NULL, call_once, NULL);
	for (i = 0; i < 4; i++) {
		pthread_join(t[i], &seen);
		CHECK_EQ((long)seen, 1);
	}
}

static void *churn_heap(void *arg)
{
	unsigned seed = (unsigned)(long)arg;
	char *kept[32] = { NULL };
	long bad = 0;
	int i, k;

	for (i = 0; i < 600; i++) {
		k = (int)((seed = seed * 1103515245 + 12345) >> 16) % 32;
		if (kept[k])
			bad += kept[k][0] != (char)k;
		free(kept[k]);
		kept[k] = malloc(1 + (seed >> 8) % (i % 50 ? 2000 : 200000));
		if (kept[k])
			kept[k][0] = (char)k;
		else
			bad++;
	}
	for (k = 0; k < 32; k++)
		free(kept[k]);
	return (void *)bad;
}

/* glibc gives each thread an arena: 128 MiB reserved, trimmed, made accessible in pieces. */
CASE(heap_in_threads)
{
	pthread_t t[4];
	void *bad;
	long i;

	for (i = 0; i < 4; i++)
		REQUIRE_EQ(pthread_create(&t[i], NULL, churn_heap, (void *)(i + 1)), 0);
	for (i = 0; i < 4; i++) {
		pthread_join(t[i], &bad);
		CHECK_EQ((long)bad, 0);
	}
}
