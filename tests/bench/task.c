/* SPDX-License-Identifier: MIT */
/* Rows of calls, processes, threads, signals, futexes and time. */
#include "bench.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* musl-gcc does not see the kernel's headers. Linux: uapi/linux/futex.h. */
#define FUTEX_WAIT         0
#define FUTEX_WAKE         1
#define FUTEX_WAIT_PRIVATE 128
#define FUTEX_WAKE_PRIVATE 129

static char *const nop_argv[] = { (char[]){ "bench" }, (char[]){ "--nop" }, NULL };
static char *const no_env[] = { NULL };
static struct timespec ts;
static pid_t peer;

static void kill_peer(void)
{
	if (peer > 0) {
		kill(peer, SIGKILL);
		waitpid(peer, NULL, 0);
	}
	peer = 0;
}

/* ---- null calls and time ---- */

static int op_getppid_raw(void)
{
	return raw3(SYS_getppid, 0, 0, 0) < 0;
}

static int op_getppid_libc(void)
{
	return syscall(SYS_getppid) < 0;
}

static int op_bad_syscall(void)
{
	return raw3(999, 0, 0, 0) != -ENOSYS;
}

static int op_clock_libc(void)
{
	return clock_gettime(CLOCK_MONOTONIC, &ts);
}

static int op_clock_raw(void)
{
	return (int)raw3(SYS_clock_gettime, CLOCK_MONOTONIC, (long)&ts, 0);
}

static u64 now_ns(void)
{
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (u64)ts.tv_sec * 1000000000u + (u64)ts.tv_nsec;
}

static u64 late_ns;

static bool own_late(u64 *ticks)
{
	*ticks = late_ns;
	return true;
}

static int op_nanosleep_late(void)
{
	const struct timespec ms = { .tv_nsec = 1000000 };
	u64 begin = now_ns();
	int err = ok(nanosleep(&ms, NULL));

	late_ns = now_ns() - begin - 1000000;
	return err;
}

static int timer_fd = -1;

static int setup_timerfd(void)
{
	timer_fd = timerfd_create(CLOCK_MONOTONIC, 0);
	return ok(timer_fd);
}

static int op_timerfd_late(void)
{
	const struct itimerspec ms = { .it_value = { .tv_nsec = 1000000 } };
	u64 begin = now_ns(), count;
	int err = ok(timerfd_settime(timer_fd, 0, &ms, NULL));

	if (!err)
		err = ok(read(timer_fd, &count, sizeof(count)));
	late_ns = now_ns() - begin - 1000000;
	return err;
}

static void done_timerfd(void)
{
	close(timer_fd);
}

/* ---- yield ---- */

static int op_yield(void)
{
	return (int)raw3(SYS_sched_yield, 0, 0, 0);
}

static u32 *turns; /* of the peer, in memory that both see */

static int setup_yield_peer(void)
{
	turns = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (turns == MAP_FAILED)
		return -errno;
	peer = fork();
	if (peer == 0) {
		for (;;) {
			__atomic_fetch_add(turns, 1, __ATOMIC_RELAXED);
			op_yield();
		}
	}
	return ok(peer);
}

/* There and back: a kernel may let a yield go by, which would look like the fastest. */
static int op_yield_peer(void)
{
	u32 before = __atomic_load_n(turns, __ATOMIC_RELAXED);
	int err;

	do {
		err = op_yield();
	} while (!err && __atomic_load_n(turns, __ATOMIC_RELAXED) == before);
	return err;
}

static void done_yield_peer(void)
{
	kill_peer();
	munmap(turns, 4096);
}

/* ---- futex ---- */

struct pair {
	int ping, pong;
	char call[64], reply[64];
};

static struct pair local;
static struct pair *shared;
static pthread_t partner;
static bool stop;

static long futex(int *word, int op, int value)
{
	return syscall(SYS_futex, word, op, value, NULL, NULL, 0);
}

static void set_and_wake(int *word, int value, int op)
{
	__atomic_store_n(word, value, __ATOMIC_SEQ_CST);
	futex(word, op, 1);
}

static void wait_for(int *word, int value, int op)
{
	while (__atomic_load_n(word, __ATOMIC_SEQ_CST) != value)
		futex(word, op, !value);
}

static int op_wake_none(void)
{
	return raw3(SYS_futex, (long)&local.ping, FUTEX_WAKE_PRIVATE, 1) != 0;
}

static int op_wait_eagain(void)
{
	register long timeout __asm__("r10") = 0;
	long ret = SYS_futex;

	__asm__ volatile("syscall"
			 : "+a"(ret)
			 : "D"(&local.ping), "S"((long)FUTEX_WAIT_PRIVATE), "d"(7l), "r"(timeout)
			 : "rcx", "r11", "memory");
	return ret != -EAGAIN;
}

static pid_t partner_tid;

static void *answer_threads(void *arg)
{
	(void)arg;
	__atomic_store_n(&partner_tid, (pid_t)raw3(SYS_gettid, 0, 0, 0), __ATOMIC_RELEASE);
	for (;;) {
		wait_for(&local.ping, 1, FUTEX_WAIT_PRIVATE);
		local.ping = 0;
		if (stop)
			return NULL;
		set_and_wake(&local.pong, 1, FUTEX_WAKE_PRIVATE);
	}
}

static int setup_futex_threads(void)
{
	return -pthread_create(&partner, NULL, answer_threads, NULL);
}

static int setup_futex_threads_2cpu(void)
{
	int err;

	partner_tid = 0;
	err = setup_futex_threads();
	if (err)
		return err;
	while (!__atomic_load_n(&partner_tid, __ATOMIC_ACQUIRE))
		raw3(SYS_sched_yield, 0, 0, 0);
	return pin_apart(partner_tid);
}

static void done_futex_threads(void)
{
	stop = true;
	set_and_wake(&local.ping, 1, FUTEX_WAKE_PRIVATE);
	pthread_join(partner, NULL);
	local.ping = local.pong = stop = 0;
}

static int op_futex_threads(void)
{
	set_and_wake(&local.ping, 1, FUTEX_WAKE_PRIVATE);
	wait_for(&local.pong, 1, FUTEX_WAIT_PRIVATE);
	local.pong = 0;
	return 0;
}

static int setup_shm(void)
{
	shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return -errno;
	peer = fork();
	if (peer == 0) {
		for (;;) {
			wait_for(&shared->ping, 1, FUTEX_WAIT);
			shared->ping = 0;
			memcpy(shared->reply, shared->call, sizeof(shared->reply));
			set_and_wake(&shared->pong, 1, FUTEX_WAKE);
		}
	}
	return ok(peer);
}

static int op_shm(void)
{
	shared->call[0]++;
	set_and_wake(&shared->ping, 1, FUTEX_WAKE);
	wait_for(&shared->pong, 1, FUTEX_WAIT);
	shared->pong = 0;
	return 0;
}

static void done_shm(void)
{
	kill_peer();
	munmap(shared, 4096);
}

/* ---- processes ---- */

static int reap(pid_t pid)
{
	return pid < 0 ? -errno : ok(waitpid(pid, NULL, 0));
}

static int op_fork(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return reap(pid);
}

static int op_vfork(void)
{
	pid_t pid = vfork();

	if (pid == 0)
		_exit(0);
	return reap(pid);
}

static int op_fork_exec(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		execve(bench_self, nop_argv, no_env);
		_exit(127);
	}
	return reap(pid);
}

static int op_spawn(void)
{
	pid_t pid;
	int err = posix_spawn(&pid, bench_self, NULL, NULL, nop_argv, no_env);

	return err ? -err : reap(pid);
}

static void *thread_nothing(void *arg)
{
	return arg;
}

static int op_thread(void)
{
	pthread_t thread;
	int err = pthread_create(&thread, NULL, thread_nothing, NULL);

	return err ? -err : -pthread_join(thread, NULL);
}

/* ---- signals ---- */

static void handler(int sig)
{
	(void)sig;
}

static int op_sigaction(void)
{
	const struct sigaction sa = { .sa_handler = handler };

	return ok(sigaction(SIGUSR1, &sa, NULL));
}

static int op_signal_self(void)
{
	return ok(kill(getpid(), SIGUSR1));
}

const struct row rows_task[] = {
	{ .name = "getppid_raw", .op = op_getppid_raw, .samples = 500, .per_sample = 1 },
	{ .name = "getppid_libc", .op = op_getppid_libc, .samples = 500, .per_sample = 1 },
	{ .name = "bad_syscall", .op = op_bad_syscall, .samples = 500, .per_sample = 1 },
	{ .name = "clock_gettime_libc", .op = op_clock_libc, .samples = 500, .per_sample = 1 },
	{ .name = "clock_gettime_raw", .op = op_clock_raw, .samples = 500, .per_sample = 1 },
	{ .name = "yield_alone", .op = op_yield, .samples = 500, .per_sample = 1 },
	{ .name = "yield_2proc_rt", .setup = setup_yield_peer, .op = op_yield_peer,
	  .done = done_yield_peer, .samples = 500, .per_sample = 1 },
	{ .name = "futex_wake_none", .op = op_wake_none, .samples = 500, .per_sample = 1 },
	{ .name = "futex_wait_eagain", .op = op_wait_eagain, .samples = 500, .per_sample = 1 },
	{ .name = "futex_pingpong_rt", .setup = setup_futex_threads, .op = op_futex_threads,
	  .done = done_futex_threads, .samples = 500, .per_sample = 1 },
	{ .name = "futex_pingpong_rt_2cpu", .setup = setup_futex_threads_2cpu,
	  .op = op_futex_threads, .done = done_futex_threads, .samples = 500, .per_sample = 1 },
	{ .name = "ipc_shm_futex_rt", .setup = setup_shm, .op = op_shm, .done = done_shm,
	  .samples = 500, .per_sample = 1 },
	{ .name = "fork_exit_wait", .op = op_fork, .samples = 60, .per_sample = 1 },
	{ .name = "vfork_exit_wait", .op = op_vfork, .samples = 60, .per_sample = 1 },
	{ .name = "fork_exec_wait", .op = op_fork_exec, .samples = 60, .per_sample = 1 },
	{ .name = "spawn_exec_wait", .op = op_spawn, .samples = 60, .per_sample = 1 },
	{ .name = "thread_create_join", .op = op_thread, .samples = 60, .per_sample = 1 },
	{ .name = "sigaction", .op = op_sigaction, .samples = 500, .per_sample = 1 },
	{ .name = "signal_self", .setup = op_sigaction, .op = op_signal_self, .samples = 500,
	  .per_sample = 1 },
	{ .name = "nanosleep_1ms_late", .op = op_nanosleep_late, .samples = 60, .per_sample = 1,
	  .own = own_late },
	{ .name = "timerfd_1ms_late", .setup = setup_timerfd, .op = op_timerfd_late,
	  .done = done_timerfd, .samples = 60, .per_sample = 1, .own = own_late },
};
const unsigned rows_task_nr = sizeof(rows_task) / sizeof(rows_task[0]);
