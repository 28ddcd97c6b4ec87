/* SPDX-License-Identifier: MIT */
/*
 * stress_test.c - short storms of the expensive calls, several processes at once, each result checked: what races,
 * leaks or loses wake-ups tends to show here. A few seconds under emulation; make torture repeats it for hours.
 */
#define KTAP_HAS_HELPER
#include "ktap.h"

#include <pthread.h>
#include <sys/mman.h>
#include <sys/time.h>

static int ktap_helper(int argc, char **argv)
{
	return argc > 2 ? atoi(argv[2]) : 99;
}

/* Runs @body in @n processes at once; each gets its number. */
static void in_parallel(int n, void (*body)(int))
{
	pid_t pid[16];
	int i;

	for (i = 0; i < n; i++)
		IN_CHILD(pid[i]) {
			body(i);
		}
	for (i = 0; i < n; i++)
		CHECK_EXIT(pid[i], 0);
}

/* ---- processes ------------------------------------------------------------------------------------------------ */

static void fork_body(int me)
{
	pid_t pid[8];
	int i, k;

	for (k = 0; k < 6; k++) {
		for (i = 0; i < 8; i++)
			IN_CHILD(pid[i]) {
				_exit(me * 8 + i);
			}
		for (i = 7; i >= 0; i--)
			CHECK_EXIT(pid[i], me * 8 + i);
	}
	CHECK_EQ(sys(SYS_wait4, -1, NULL, 0, NULL), -ECHILD);
}

CASE(fork_storm)
{
	in_parallel(4, fork_body);
}

static void exec_body(int me)
{
	char code[8];
	char *argv[] = { (char *)"n", (char *)"@exit", code, NULL }, *envp[] = { NULL };
	volatile int i;		/* vfork returns twice */
	pid_t pid;

	for (i = 0; i < 8; i++) {
		snprintf(code, sizeof(code), "%d", me * 20 + i);
		pid = i % 2 ? fork() : vfork();
		if (pid == 0) {
			sys(SYS_execve, ktap_self, argv, envp);
			_exit(255);
		}
		CHECK_EXIT(pid, me * 20 + i);
	}
}

CASE(exec_storm)
{
	in_parallel(4, exec_body);
}

/* A tree: each process makes two more, six levels down; the sum of exit codes tells if any got lost. */
static int tree(int depth)
{
	pid_t left, right;
	int sum = 1;

	if (depth == 0)
		return 1;
	left = ktap_fork();
	if (left == 0)
		_exit(tree(depth - 1));
	right = ktap_fork();
	if (right == 0)
		_exit(tree(depth - 1));
	sum += WEXITSTATUS(child_status(left));
	return sum + WEXITSTATUS(child_status(right));
}

CASE(process_tree)
{
	CHECK_EQ(tree(5), 63);
}

/* Killed at any moment of their lives. */
CASE(kill_storm)
{
	pid_t pid;
	int i;

	for (i = 0; i < 30; i++) {
		pid = ktap_fork();
		if (pid == 0)
			for (;;) {
				pid_t inner = fork();
				void *p = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE,
					       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

				if (inner == 0)
					_exit(0);
				memset(p, 1, 16 * PAGE);
				munmap(p, 16 * PAGE);
				if (inner > 0)
					child_status(inner);
			}
		if (i % 3)
			sleep_ms(i % 5);
		CHECK_EQ(kill(pid, SIGKILL), 0);
		CHECK_KILLED(pid, SIGKILL);
	}
}

/* ---- pipes ---------------------------------------------------------------------------------------------------- */

/* A ring of processes: a token goes round, each adds one. */
CASE(pipe_ring)
{
	enum { NODES = 8, ROUNDS = 100 };
	int fd[NODES][2], i, k, token = 0;
	pid_t pid[NODES - 1];

	for (i = 0; i < NODES; i++)
		REQUIRE_EQ(pipe(fd[i]), 0);
	for (i = 0; i < NODES - 1; i++)
		IN_CHILD(pid[i]) {
			for (k = 0; k < ROUNDS; k++) {
				CHECK_EQ(read(fd[i][0], &token, sizeof(token)), sizeof(token));
				token++;
				CHECK_EQ(write(fd[i + 1][1], &token, sizeof(token)), sizeof(token));
			}
		}
	for (k = 0; k < ROUNDS; k++) {
		CHECK_EQ(write(fd[0][1], &token, sizeof(token)), sizeof(token));
		CHECK_EQ(read(fd[NODES - 1][0], &token, sizeof(token)), sizeof(token));
	}
	CHECK_EQ(token, (NODES - 1) * ROUNDS);
	for (i = 0; i < NODES - 1; i++)
		CHECK_EXIT(pid[i], 0);
}

/* Several writers and readers on one pipe: every byte arrives once. */
CASE(pipe_crowd)
{
	enum { WRITERS = 3, READERS = 3, BYTES = 30000 };
	long *sums = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0), total = 0;
	pid_t pid[WRITERS + READERS];
	unsigned char buf[777];
	int fd[2], i, k;
	long n;

	REQUIRE_EQ(pipe(fd), 0);
	for (i = 0; i < WRITERS + READERS; i++)
		IN_CHILD(pid[i]) {
			if (i < WRITERS) {
				close(fd[0]);
				memset(buf, i + 1, sizeof(buf));
				for (k = 0; k < BYTES; k += (int)n) {
					n = BYTES - k < 777 ? BYTES - k : 777;
					n = write(fd[1], buf, (size_t)n);
					if (!CHECK(n > 0))
						break;
				}
				_exit(ktap_failures ? 1 : 0);
			}
			close(fd[1]);
			while ((n = read(fd[0], buf, 500)) > 0)
				for (k = 0; k < n; k++)
					sums[i] += buf[k];
			CHECK_EQ(n, 0);
		}
	close(fd[0]);
	close(fd[1]);
	for (i = 0; i < WRITERS + READERS; i++) {
		CHECK_EXIT(pid[i], 0);
		total += sums[i];
	}
	CHECK_EQ(total, (1 + 2 + 3) * BYTES);
}

/* ---- memory --------------------------------------------------------------------------------------------------- */

static uint32_t next(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

/* Random mappings in a window of 64 pages against a model of what each page must hold. */
static void mmap_body(int me)
{
	enum { PAGES = 64 };
	uint32_t seed = 12345 + (uint32_t)me * 777;
	uint8_t model[PAGES];	/* 0: unmapped, 1: read-only, 2: writable */
	uint8_t value[PAGES];
	int i, k, first, n, what;
	char *base = mmap(NULL, PAGES * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *p;

	REQUIRE(base != MAP_FAILED);
	memset(model, 0, sizeof(model));
	for (i = 0; i < 400; i++) {
		first = (int)(next(&seed) % PAGES);
		n = 1 + (int)(next(&seed) % 8);
		n = first + n > PAGES ? PAGES - first : n;
		what = (int)(next(&seed) % 5);
		p = base + (unsigned long)first * PAGE;
		if (what == 0) {
			CHECK(mmap(p, (size_t)n * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
				   -1, 0) == p);
			memset(model + first, 2, (size_t)n);
			memset(value + first, 0, (size_t)n);
		} else if (what == 1) {
			CHECK(mmap(p, (size_t)n * PAGE, PROT_NONE,
				   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == p);
			memset(model + first, 0, (size_t)n);
		} else if (what == 2) {
			for (k = first; k < first + n; k++)
				if (model[k] == 2)
					base[(unsigned long)k * PAGE + (unsigned long)k * 3] =
						(char)(value[k] = (uint8_t)(i | 1));
		} else if (what == 3) {
			for (k = first; k < first + n; k++)
				if (model[k]) {
					model[k] = (uint8_t)(1 + next(&seed) % 2);
					CHECK_EQ(mprotect(base + (unsigned long)k * PAGE, PAGE, model[k] == 2 ?
							  PROT_READ | PROT_WRITE : PROT_READ), 0);
				}
		} else if (sys(SYS_madvise, p, n * PAGE, MADV_DONTNEED) == 0) {
			memset(value + first, 0, (size_t)n);
		}
		for (k = 0; k < PAGES; k++)
			if (model[k] && (uint8_t)base[(unsigned long)k * PAGE + (unsigned long)k * 3] != value[k]) {
				CHECK_EQ(base[(unsigned long)k * PAGE + (unsigned long)k * 3], value[k]);
				_exit(1);
			}
	}
}

CASE(mmap_storm)
{
	in_parallel(4, mmap_body);
}

/* The same in 12 MiB, where large pages come and are cut: by every call that changes a part, by fork and by writes. */
enum { BIG = 3072 };
static uint8_t big_model[BIG];	/* 0: unmapped, 1: read-only, 2: writable */
static uint32_t big_value[BIG];

static long big_wrong(const char *base)
{
	long k, wrong = 0;

	for (k = 0; k < BIG; k++)
		if (big_model[k])
			wrong += *(const uint32_t *)(base + k * (long)PAGE + k % 1000 * 4) != big_value[k];
	return wrong;
}

static void big_write(char *base, int first, int n, uint32_t value)
{
	int k;

	for (k = first; k < first + n; k++)
		if (big_model[k] == 2)
			*(uint32_t *)(base + (long)k * (long)PAGE + k % 1000 * 4) = big_value[k] = value + (uint32_t)k;
}

static void big_step(char *base, uint32_t *seed, int i)
{
	int first = (int)(next(seed) % BIG), what = (int)(next(seed) % 8), k, to;
	int n = 1 + (int)(next(seed) % (next(seed) % 2 ? 16 : 1200));
	const int anon = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
	char *p = base + (long)first * (long)PAGE;
	pid_t pid;

	n = first + n > BIG ? BIG - first : n;
	if (what == 0) {
		CHECK(mmap(p, (size_t)n * PAGE, PROT_READ | PROT_WRITE, anon, -1, 0) == p);
		memset(big_model + first, 2, (size_t)n);
		memset(big_value + first, 0, (size_t)n * 4);
	} else if (what == 1 && n < 600) {
		CHECK_EQ(munmap(p, (size_t)n * PAGE), 0);
		memset(big_model + first, 0, (size_t)n);
	} else if (what == 2) {
		for (k = first; k < first + n && big_model[k]; k++)
			;
		n = k - first;
		k = 1 + i % 2;
		if (n)
			CHECK_EQ(mprotect(p, (size_t)n * PAGE, k == 2 ? PROT_READ | PROT_WRITE : PROT_READ), 0);
		memset(big_model + first, k, (size_t)n);
	} else if (what == 3) {
		sys(SYS_madvise, p, n * PAGE, MADV_DONTNEED);	/* holes: done all the same */
		memset(big_value + first, 0, (size_t)n * 4);
	} else if (what == 4) {
		IN_CHILD(pid) {
			CHECK_EQ(big_wrong(base), 0);
			big_write(base, first, n, 77);
			CHECK_EQ(big_wrong(base), 0);
		}
		big_write(base, first, n / 2, (uint32_t)i << 12);
		CHECK_EXIT(pid, 0);
	} else if (what == 5 && first >= 1536) {
		for (k = first; k < first + n && k < first + 1000 && big_model[k] == big_model[first]; k++)
			;
		n = big_model[first] ? k - first : 0;
		to = (int)(next(seed) % 500);
		if (n && mremap(p, (size_t)n * PAGE, (size_t)n * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
				base + (long)to * (long)PAGE) != MAP_FAILED) {
			memcpy(big_model + to, big_model + first, (size_t)n);
			/* The value's place within the page goes by its number: write it anew. */
			memset(big_model + first, 0, (size_t)n);
			for (k = 0; k < n; k++) {
				CHECK_EQ(*(uint32_t *)(base + (to + k) * (long)PAGE + (first + k) % 1000 * 4),
					 big_value[first + k]);
				if (big_model[to + k] == 2)
					memset(base + (to + k) * (long)PAGE, 0, PAGE);
				big_value[to + k] = 0;
				if (big_model[to + k] == 1)
					big_model[to + k] = 3;
			}
			for (k = to; k < to + n; k++)
				if (big_model[k] == 3) {
					CHECK_EQ(munmap(base + k * (long)PAGE, PAGE), 0);
					big_model[k] = 0;
				}
		}
	} else {
		big_write(base, first, n, (uint32_t)i << 12);
	}
}

static void big_body(int me)
{
	char *base = mmap(NULL, BIG * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	uint32_t seed = 4711 + (uint32_t)me;
	int i;

	REQUIRE(base != MAP_FAILED);
	CHECK_EQ(munmap(base, BIG * PAGE), 0);
	for (i = 0; i < 150 && !ktap_failures; i++) {
		big_step(base, &seed, i);
		if (i % 4 == 0 && !CHECK_EQ(big_wrong(base), 0))
			NOTE("step %d", i);
	}
	CHECK_EQ(big_wrong(base), 0);
}

CASE(large_page_storm)
{
	in_parallel(2, big_body);
}

/* Copy-on-write under several writers: each generation sees its own values. */
CASE(copy_on_write_storm)
{
	enum { PAGES = 128 };
	uint32_t *p = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint32_t wrong = 0;
	pid_t pid[4];
	int i, k, round;

	for (round = 0; round < 5; round++) {
		for (k = 0; k < PAGES; k++)
			p[k * 1024] = (uint32_t)(round * 1000 + k);
		for (i = 0; i < 4; i++)
			IN_CHILD(pid[i]) {
				for (k = i; k < PAGES; k += 2)
					p[k * 1024] += (uint32_t)(100000 * (i + 1));
				for (k = 0; k < PAGES; k++)
					wrong += p[k * 1024] != (uint32_t)(round * 1000 + k) +
						 (k >= i && (k - i) % 2 == 0 ? (uint32_t)(100000 * (i + 1)) : 0);
				CHECK_EQ(wrong, 0);
			}
		for (k = 0; k < PAGES; k++)
			wrong += p[k * 1024] != (uint32_t)(round * 1000 + k);
		for (i = 0; i < 4; i++)
			CHECK_EXIT(pid[i], 0);
	}
	CHECK_EQ(wrong, 0);
}

/* Threads fault on the same pages while one of them maps and unmaps: shootdowns must be complete. */
static char *volatile shared_pages;
static volatile int stop_faulting;

static void *fault_thread(void *arg)
{
	uint32_t seed = (uint32_t)(long)arg;
	long bad = 0;

	while (!stop_faulting) {
		volatile uint32_t *at =
			(uint32_t *)(shared_pages + (unsigned long)(next(&seed) % 16) * PAGE) +
			(long)arg;
		uint32_t v = next(&seed) | 1, seen;

		*at = v;
		seen = *at;
		bad += seen != v && seen != 0;	/* zero: thrown away by DONTNEED in between */
	}
	return (void *)bad;
}

CASE(threads_fault_while_pages_go)
{
	pthread_t t[3];
	void *bad;
	long i;

	shared_pages = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (i = 0; i < 3; i++)
		REQUIRE_EQ(pthread_create(&t[i], NULL, fault_thread, (void *)(i + 1)), 0);
	for (i = 0; i < 300; i++) {
		CHECK_EQ(sys(SYS_madvise, shared_pages + (i % 16) * (long)PAGE, PAGE, MADV_DONTNEED), 0);
		if (i % 8 == 0)
			sys(SYS_sched_yield);
	}
	stop_faulting = 1;
	for (i = 0; i < 3; i++) {
		pthread_join(t[i], &bad);
		CHECK_EQ((long)bad, 0);
	}
}

/* ---- signals and futexes -------------------------------------------------------------------------------------- */

static volatile sig_atomic_t caught;

static void catch(int sig UNUSED)
{
	caught++;
}

/* Two processes exchange real-time signals, none may get lost. */
CASE(signal_ping_pong)
{
	struct sigaction sa = { .sa_handler = catch };
	uint64_t rt = 1UL << (40 - 1);
	pid_t pid, parent = getpid();
	int i;

	sigaction(40, &sa, NULL);
	sys(SYS_rt_sigprocmask, SIG_BLOCK, &rt, NULL, 8);
	IN_CHILD(pid) {
		for (i = 0; i < 300; i++) {
			CHECK_EQ(sys(SYS_rt_sigtimedwait, &rt, NULL, NULL, 8), 40);
			CHECK_EQ(sys(SYS_kill, parent, 40), 0);
		}
	}
	for (i = 0; i < 300; i++) {
		CHECK_EQ(sys(SYS_kill, pid, 40), 0);
		CHECK_EQ(sys(SYS_rt_sigtimedwait, &rt, NULL, NULL, 8), 40);
	}
	CHECK_EXIT(pid, 0);
	CHECK_EQ(caught, 0);
}

static pthread_mutex_t locks[4] = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER,
				    PTHREAD_MUTEX_INITIALIZER };
static int guarded[4];

static void *lock_thread(void *arg)
{
	uint32_t seed = (uint32_t)(long)arg * 99;
	int i, k;

	for (i = 0; i < 1500; i++) {
		k = (int)(next(&seed) % 4);
		pthread_mutex_lock(&locks[k]);
		guarded[k]++;
		if (i % 64 == 0)
			sys(SYS_sched_yield);	/* others pile up on the futex */
		pthread_mutex_unlock(&locks[k]);
	}
	return NULL;
}

CASE(futex_storm)
{
	pthread_t t[6];
	long i;

	for (i = 0; i < 6; i++)
		REQUIRE_EQ(pthread_create(&t[i], NULL, lock_thread, (void *)(i + 1)), 0);
	for (i = 0; i < 6; i++)
		pthread_join(t[i], NULL);
	CHECK_EQ(guarded[0] + guarded[1] + guarded[2] + guarded[3], 9000);
}

static void *short_life(void *arg)
{
	return arg;
}

static void thread_body(int me)
{
	pthread_t t[4];
	void *result;
	long i, k;

	(void)me;
	for (k = 0; k < 20; k++) {
		for (i = 0; i < 4; i++)
			REQUIRE_EQ(pthread_create(&t[i], NULL, short_life, (void *)i), 0);
		for (i = 0; i < 4; i++) {
			CHECK_EQ(pthread_join(t[i], &result), 0);
			CHECK_EQ((long)result, i);
		}
	}
}

CASE(thread_storm)
{
	in_parallel(3, thread_body);
}

/* ---- files ---------------------------------------------------------------------------------------------------- */

static void file_body(int me)
{
	char name[32], other[32], block[1500], back[1500];
	int fd, i;

	for (i = 0; i < 60; i++) {
		snprintf(name, sizeof(name), "f%d.%d", me, i % 5);
		snprintf(other, sizeof(other), "g%d.%d", me, i % 3);
		fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
		if (!CHECK(fd >= 0))
			return;
		memset(block, i, sizeof(block));
		CHECK_EQ(pwrite(fd, block, sizeof(block), i * 1000), sizeof(block));
		CHECK_EQ(rename(name, other), 0);
		CHECK_EQ(pread(fd, back, sizeof(back), i * 1000), sizeof(back));
		CHECK(memcmp(block, back, sizeof(back)) == 0);
		close(fd);
		if (i % 4 == 0)
			CHECK_EQ(unlink(other), 0);
	}
}

CASE(file_storm)
{
	scratch();
	in_parallel(4, file_body);
}

/* The tick that counts CPU time strikes while descriptors and names change hands. */
CASE(cpu_timer_over_files)
{
	struct itimerval it = { { 0, 1000 }, { 0, 1000 } };
	int64_t end = now_ns() + 400 * 1000000LL;
	int fd;

	scratch();
	signal(SIGPROF, SIG_IGN);
	REQUIRE_EQ(setitimer(ITIMER_PROF, &it, NULL), 0);
	while (now_ns() < end) {
		fd = open("f", O_RDWR | O_CREAT, 0600);
		if (!CHECK(fd >= 0))
			return;
		CHECK_EQ(dup2(fd, 40), 40);
		CHECK_EQ(unlink("f"), 0);
		close(fd);
		close(40);
	}
}

/* ---- nothing is left behind ----------------------------------------------------------------------------------- */

static long free_kib(void)
{
	char text[2048];
	const char *at;
	int fd = open("/proc/meminfo", O_RDONLY);
	ssize_t n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;

	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = 0;
	at = strstr(text, "MemFree:");
	return at ? strtol(at + 8, NULL, 10) : -1;
}

static void once_all(void)
{
	in_parallel(2, fork_body);
	in_parallel(2, exec_body);
	in_parallel(2, mmap_body);
	in_parallel(2, thread_body);
}

/* On Exo-OS nothing else runs, so free memory must come back; on a busy Linux the number says nothing. */
CASE(memory_comes_back)
{
	long before, after;
	int i;

	if (free_kib() < 0)
		SKIP("no /proc/meminfo");
	once_all();	/* caches and pools take their size */
	before = free_kib();
	for (i = 0; i < 2; i++)
		once_all();
	after = free_kib();
	NOTE("free before %ld KiB, after %ld KiB", before, after);
	if (on_exo())
		CHECK(before - after < 1024);
}
