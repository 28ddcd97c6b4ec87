/* SPDX-License-Identifier: MIT */
/*
 * bench: what one operation costs, warm, on one CPU. One JSON line a row:
 *   {"name": "getppid_raw", "min": 80, "median": 80, "runs": 500}
 *   {"name": "unix_pingpong_rt", "error": "ENOSYS"}
 * The first line proves the clock: a loop of 1000 dec/jnz and 1 more reads 2001.
 *
 *   bench [--wall] [ROW...]     those rows only       bench --list
 *
 * --wall: the clock is that of the machine; the first line tells its frequency,
 * and what needs one CPU stays on CPU 0. Rows named *_2cpu need a second one.
 */
#include "bench.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SAMPLES_MAX 2000u

char bench_self[256];
static u64 sample[SAMPLES_MAX];
static u64 overhead; /* of measuring nothing, taken off each sample */

int ok(long result)
{
	return result < 0 ? -errno : 0;
}

static int pin(pid_t pid, int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(pid, sizeof(set), &set) < 0 ? -ENODEV : 0;
}

int pin_apart(pid_t peer)
{
	int err = pin(0, 0);

	return err ? err : pin(peer, 1);
}

static int compare(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return (x > y) - (x < y);
}

static int op_nothing(void)
{
	return 0;
}

/* Between these two a profile is taken: tools/bench_profile.py finds them by name. */
__attribute__((noinline)) void bench_mark_begin(void);
__attribute__((noinline)) void bench_mark_end(void);

void bench_mark_begin(void)
{
	__asm__ volatile("");
}

void bench_mark_end(void)
{
	__asm__ volatile("");
}

/* All samples of @row, sorted. Return: 0; -errno. */
static int measure(const struct row *row)
{
	unsigned warm = row->samples / 4 + 1;
	int (*volatile op)(void) = row->op;

	for (unsigned i = 0; i < warm + row->samples; i++) {
		u64 begin, ticks;
		int err;

		if (i == warm)
			bench_mark_begin();
		begin = tsc();
		err = op();
		ticks = tsc() - begin - overhead;
		if (err)
			return err;
		if (row->own && !row->own(&ticks))
			return -EIO;
		if (i >= warm)
			sample[i - warm] = ticks;
	}
	bench_mark_end();
	qsort(sample, row->samples, sizeof(sample[0]), compare);
	return 0;
}

static const char *error_name(int err)
{
	return err == -ENOSYS ? "ENOSYS" : err == -ENODEV ? "one CPU" : strerror(-err);
}

static void print_ticks(const char *key, u64 ticks, unsigned per)
{
	if (per == 1)
		printf(", \"%s\": %llu", key, (unsigned long long)ticks);
	else
		printf(", \"%s\": %llu.%02llu", key, (unsigned long long)(ticks / per),
		       (unsigned long long)(ticks % per * 100 / per));
}

static void show(const struct row *row, int err)
{
	printf("{\"name\": \"%s\"", row->name);
	if (err) {
		printf(", \"error\": \"%s\"}\n", error_name(err));
	} else {
		print_ticks("min", sample[0], row->per_sample);
		print_ticks("median", sample[row->samples / 2], row->per_sample);
		printf(", \"runs\": %u}\n", row->samples * row->per_sample);
	}
	fflush(stdout);
}

static int prepare_and_measure(const struct row *row)
{
	int err = row->setup ? row->setup() : 0;

	return err ? err : measure(row);
}

static void run_alone(const struct row *row)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		show(row, prepare_and_measure(row));
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
		show(row, -ECHILD);
}

static void run(const struct row *row)
{
	if (row->alone)
		run_alone(row);
	else
		show(row, prepare_and_measure(row));
	if (row->done)
		row->done();
}

/* A loop of known length: what the clock counts. */
static void prove_clock(void)
{
	u64 least = ~0ull;

	for (int i = 0; i < 20; i++) {
		uint32_t b_lo, b_hi, e_lo, e_hi;
		u64 ticks;

		__asm__ volatile("rdtsc\n\t"
				 "mov %%eax, %0\n\t"
				 "mov %%edx, %1\n\t"
				 "mov $1000, %%ecx\n"
				 "1:	dec %%ecx\n\t"
				 "jnz 1b\n\t"
				 "rdtsc"
				 : "=&r"(b_lo), "=&r"(b_hi), "=&a"(e_lo), "=&d"(e_hi)
				 :
				 : "rcx", "memory");
		/* The two moves and the first RDTSC itself are not the loop's. */
		ticks = ((u64)e_hi << 32 | e_lo) - ((u64)b_hi << 32 | b_lo) - 3;
		least = ticks < least ? ticks : least;
	}
	printf("{\"name\": \"clock\", \"loop\": %llu}\n", (unsigned long long)least);
	fflush(stdout);
}

/* Ticks a second, by the clock that the kernel shows. */
static void tell_frequency(void)
{
	struct timespec begin, now;
	u64 ticks = tsc(), ns;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	do {
		clock_gettime(CLOCK_MONOTONIC, &now);
		ns = (u64)(now.tv_sec - begin.tv_sec) * 1000000000u + (u64)now.tv_nsec -
		     (u64)begin.tv_nsec;
	} while (ns < 100000000u);
	ticks = tsc() - ticks;
	printf("{\"name\": \"clock\", \"hz\": %llu}\n",
	       (unsigned long long)((double)ticks * 1e9 / (double)ns));
	fflush(stdout);
}

static bool wanted(const struct row *row, char **names)
{
	for (char **name = names; *name; name++) {
		if (strcmp(*name, row->name) == 0)
			return true;
	}
	return !*names;
}

static void run_all(const struct row *rows, unsigned nr, char **names)
{
	for (unsigned i = 0; i < nr; i++) {
		if (*names && strcmp(*names, "--list") == 0)
			puts(rows[i].name);
		else if (wanted(&rows[i], names))
			run(&rows[i]);
	}
}

int main(int argc, char **argv)
{
	const struct row nothing = { .op = op_nothing, .samples = 100, .per_sample = 1 };
	bool wall = argc > 1 && strcmp(argv[1], "--wall") == 0;
	char **names = argv + 1 + wall;
	ssize_t len;

	if (argc == 2 && strcmp(argv[1], "--nop") == 0)
		return 0;
	len = readlink("/proc/self/exe", bench_self, sizeof(bench_self) - 1);
	if (len < 0)
		snprintf(bench_self, sizeof(bench_self), "%s", argv[0]);
	if (wall && pin(0, 0) < 0)
		return 1;
	if (measure(&nothing) == 0)
		overhead = sample[0];
	if (wall)
		tell_frequency();
	else if (!*names || strcmp(*names, "--list") != 0)
		prove_clock();
	run_all(rows_task, rows_task_nr, names);
	run_all(rows_mem, rows_mem_nr, names);
	run_all(rows_file, rows_file_nr, names);
	run_all(rows_ring, rows_ring_nr, names);
	run_all(rows_watch, rows_watch_nr, names);
	return 0;
}
