/* SPDX-License-Identifier: MIT */
/*
 * Frame of the host unit tests. A test is
 *
 *   TEST(rbtree_insert)
 *   {
 *           CHECK(cond);
 *           CHECK_EQ(got, wanted);
 *   }
 *
 * in any file tests/host/NAME_test.c; all are linked into one binary, which
 * runs them in the order of their names and prints KTAP. A failed CHECK is
 * printed and the test goes on; REQUIRE ends it. Random tests draw from
 * test_rand(), whose seed depends on the run's seed (printed first, set by
 * SEED=n) and the test's name, so one test alone repeats what it did.
 *
 * No libc header comes in here: [pure] headers declare some of the same names.
 */
#pragma once

#include <kernel/lib/types.h>

struct test_case {
	const char *name;
	void (*run)(void);
	struct test_case *next;
};

void test_register(struct test_case *t);

#define TEST(id)                                                              \
	static void test_##id(void);                                          \
	__attribute__((constructor)) static void test_register_##id(void)     \
	{                                                                     \
		static struct test_case t = { #id, test_##id, NULL };         \
		test_register(&t);                                            \
	}                                                                     \
	static void test_##id(void)

/* Record the outcome of one check; returns @ok. */
bool test_check(bool ok, const char *file, int line, const char *expr);
bool test_check_eq(s64 got, s64 want, const char *file, int line, const char *expr);
bool test_check_str(const char *got, const char *want, const char *file, int line,
		    const char *expr);
bool test_check_mem(const void *got, const void *want, size_t len, const char *file, int line,
		    const char *expr);
/* End the running test here, as it is or as skipped. */
__noreturn void test_stop(void);
__noreturn void test_skip(const char *reason);

#define CHECK(cond) test_check(!!(cond), __FILE__, __LINE__, #cond)
#define CHECK_EQ(got, want) \
	test_check_eq((s64)(got), (s64)(want), __FILE__, __LINE__, #got " == " #want)
#define CHECK_STR(got, want) \
	test_check_str(got, want, __FILE__, __LINE__, #got " == " #want)
#define CHECK_MEM(got, want, len) \
	test_check_mem(got, want, len, __FILE__, __LINE__, #got " == " #want)
#define REQUIRE(cond)                 \
	do {                          \
		if (!CHECK(cond))     \
			test_stop();  \
	} while (0)
#define SKIP(reason) test_skip(reason)

/* A line of the report: "# text". */
void test_note(const char *fmt, ...) __printf(1, 2);

u64 test_rand(void);
/* Uniform enough in [0, n). */
u64 test_rand_below(u64 n);
void test_rand_fill(void *mem, size_t len);

/* malloc that cannot fail and bytes of a file; both end with the test. */
void *test_alloc(size_t len);
/* NULL if it cannot be read. */
u8 *test_read_file(const char *path, size_t *len);
