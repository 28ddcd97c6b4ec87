/* SPDX-License-Identifier: MIT */
/*
 * In-kernel tests (CONFIG_TESTS): KTEST(suite, name) { KCHECK(...); } in a
 * foo_test.c or tests/kernel/. They run before init, in a thread, with all
 * CPUs up, and report KTAP on the control port. After each one free pages,
 * slab objects, threads and handles must be what they were before.
 */
#pragma once

#include <kernel/lib/types.h>

struct ktest_run;

struct ktest {
	const char *suite;
	const char *name;
	void (*fn)(struct ktest_run *run);
};

struct ktest_run {
	u32 failed;
	bool skipped;
	char why[96];
};

#define KTEST(suite_, name_)                                                     \
	static void ktest_##suite_##_##name_(struct ktest_run *run);             \
	static const struct ktest ktest_rec_##suite_##_##name_                   \
		__section(".ktest") __used __aligned(8) = {                      \
			#suite_, #name_, ktest_##suite_##_##name_ };             \
	static void ktest_##suite_##_##name_(__unused struct ktest_run *run)

void ktest_fail(struct ktest_run *run, const char *file, int line, const char *fmt, ...)
	__printf(4, 5);

#define KCHECK(cond)                                                             \
	do {                                                                     \
		if (!(cond))                                                     \
			ktest_fail(run, __FILE__, __LINE__, "%s", #cond);        \
	} while (0)
#define KCHECK_EQ(a, b)                                                          \
	do {                                                                     \
		long long ka_ = (long long)(a), kb_ = (long long)(b);            \
		if (ka_ != kb_)                                                  \
			ktest_fail(run, __FILE__, __LINE__, "%s is %lld, not %s = %lld", \
				   #a, ka_, #b, kb_);                            \
	} while (0)
/* For what a later KCHECK would fault on. */
#define KREQUIRE(cond)                                                           \
	do {                                                                     \
		if (!(cond)) {                                                   \
			ktest_fail(run, __FILE__, __LINE__, "%s", #cond);        \
			return;                                                  \
		}                                                                \
	} while (0)
#define KSKIP(...) do { ktest_skip(run, __VA_ARGS__); return; } while (0)

void ktest_skip(struct ktest_run *run, const char *fmt, ...) __printf(2, 3);

/** ktest_random - next number of the test's seeded generator */
u64 ktest_random(void);

/** ktest_run_all - every suite whose "suite.name" begins with @filter.
 * Return: number of failed tests. */
u32 ktest_run_all(const char *filter);
