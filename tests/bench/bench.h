/* SPDX-License-Identifier: MIT */
/*
 * Frame of the benchmark program: a row is a name, what prepares and what ends
 * it, and the operation. Rows that the kernel cannot run say why and the run
 * goes on. Times are TSC ticks; under QEMU's instruction clock (tools/qemu.py,
 * Machine.icount) one tick is one guest instruction.
 */
#pragma once

#include <kernel/lib/types.h>

#include <sys/types.h>

struct row {
	const char *name;    /* as in tests/bench/rows.tsv */
	int (*setup)(void);  /* NULL: none. Return: 0; -errno: the row cannot be run */
	int (*op)(void);     /* Return: 0; -errno ends the row */
	void (*done)(void);  /* NULL: none; also after a failed setup */
	unsigned samples;    /* measured ones, after a quarter as many to warm up */
	unsigned per_sample; /* the operation does that many of what is counted */
	bool (*own)(u64 *ticks); /* not NULL: the op's own measure replaces the clock's */
	bool alone;          /* in a process of its own: what setup does stays; done is not */
};

extern const struct row rows_task[], rows_mem[], rows_file[], rows_ring[], rows_watch[];
extern const unsigned rows_task_nr, rows_mem_nr, rows_file_nr, rows_ring_nr, rows_watch_nr;

/* The path of this program, for rows that execute it ("--nop" makes it end at once). */
extern char bench_self[256];

static inline u64 tsc(void)
{
	uint32_t lo, hi;

	__asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi)::"memory");
	return (u64)hi << 32 | lo;
}

/* A system call without the library's wrapper. Return: result or -errno. */
static inline long raw3(long nr, long a, long b, long c)
{
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "0"(nr), "D"(a), "S"(b), "d"(c)
			 : "rcx", "r11", "memory");
	return ret;
}

/* 0, or -errno of the C library's call that has just failed. */
int ok(long result);

/* Moves this process to CPU 0 and @peer to CPU 1. Return: 0; -ENODEV there is one CPU. */
int pin_apart(pid_t peer);
