/* SPDX-License-Identifier: MIT */
/*
 * Runs the tests that test.h registered. usage: host_tests [part of a name]
 * SEED=n repeats a run. Exit status 1 if a test failed.
 */
#include "test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SHOW_MAX 10 /* failed checks printed a test */
#define ALLOCS_MAX 4096

static struct test_case *all; /* by name */
static jmp_buf stop;
static int failed_checks;
static const char *skip_reason;
static u64 rand_state;
static void *allocs[ALLOCS_MAX];
static size_t n_allocs;

void test_register(struct test_case *t)
{
	struct test_case **at = &all;

	while (*at && strcmp((*at)->name, t->name) < 0)
		at = &(*at)->next;
	t->next = *at;
	*at = t;
}

/* True if this failure is to be described. */
static bool count_failure(const char *file, int line)
{
	if (failed_checks++ >= SHOW_MAX)
		return false;
	printf("  # %s:%d: ", file, line);
	return true;
}

bool test_check(bool ok, const char *file, int line, const char *expr)
{
	if (!ok && count_failure(file, line))
		printf("%s does not hold\n", expr);
	return ok;
}

bool test_check_eq(s64 got, s64 want, const char *file, int line, const char *expr)
{
	if (got != want && count_failure(file, line))
		printf("%s: got %lld (0x%llx), want %lld (0x%llx)\n", expr, (long long)got,
		       (long long)got, (long long)want, (long long)want);
	return got == want;
}

bool test_check_str(const char *got, const char *want, const char *file, int line,
		    const char *expr)
{
	bool ok = strcmp(got, want) == 0;

	if (!ok && count_failure(file, line))
		printf("%s: got \"%s\", want \"%s\"\n", expr, got, want);
	return ok;
}

bool test_check_mem(const void *got, const void *want, size_t len, const char *file, int line,
		    const char *expr)
{
	const u8 *g = got, *w = want;
	size_t i = 0;

	while (i < len && g[i] == w[i])
		i++;
	if (i < len && count_failure(file, line))
		printf("%s: byte %zu of %zu: got 0x%02x, want 0x%02x\n", expr, i, len, g[i], w[i]);
	return i == len;
}

void test_stop(void)
{
	longjmp(stop, 1);
}

void test_skip(const char *reason)
{
	skip_reason = reason;
	test_stop();
}

void test_note(const char *fmt, ...)
{
	va_list ap;

	printf("  # ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
}

/* SplitMix64 (Steele, Lea, Flood, 2014). */
u64 test_rand(void)
{
	u64 x = rand_state += 0x9e3779b97f4a7c15ull;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;
	return x ^ x >> 31;
}

u64 test_rand_below(u64 n)
{
	return test_rand() % n;
}

void test_rand_fill(void *mem, size_t len)
{
	u8 *p = mem;

	while (len--)
		*p++ = (u8)test_rand();
}

void *test_alloc(size_t len)
{
	void *p = malloc(len ? len : 1);

	if (!p || n_allocs == ALLOCS_MAX) {
		printf("Bail out! out of memory in a test\n");
		exit(1);
	}
	allocs[n_allocs++] = p;
	return p;
}

u8 *test_read_file(const char *path, size_t *len)
{
	FILE *f = fopen(path, "rb");
	u8 *data;
	long size;

	if (!f)
		return NULL;
	fseek(f, 0, SEEK_END);
	size = ftell(f);
	rewind(f);
	data = test_alloc((size_t)size);
	*len = fread(data, 1, (size_t)size, f);
	fclose(f);
	return *len == (size_t)size ? data : NULL;
}

static u64 name_hash(const char *s)
{
	u64 h = 0xcbf29ce484222325ull; /* FNV-1a */

	while (*s)
		h = (h ^ (u8)*s++) * 0x100000001b3ull;
	return h;
}

static bool run_one(const struct test_case *t, int number, u64 seed)
{
	failed_checks = 0;
	skip_reason = NULL;
	rand_state = seed ^ name_hash(t->name);
	if (!setjmp(stop))
		t->run();
	while (n_allocs)
		free(allocs[--n_allocs]);
	if (failed_checks > SHOW_MAX)
		printf("  # and %d more\n", failed_checks - SHOW_MAX);
	printf("%sok %d %s%s%s\n", failed_checks ? "not " : "", number, t->name,
	       skip_reason && !failed_checks ? " # SKIP " : "",
	       skip_reason && !failed_checks ? skip_reason : "");
	return !failed_checks;
}

int main(int argc, char **argv)
{
	const char *only = argc > 1 ? argv[1] : "";
	const char *seed_text = getenv("SEED");
	u64 seed = seed_text ? strtoull(seed_text, NULL, 0)
			     : (u64)time(NULL) * 0x9e3779b97f4a7c15ull;
	int n = 0, number = 0, n_failed = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (struct test_case *t = all; t; t = t->next)
		n += strstr(t->name, only) != NULL;
	printf("KTAP version 1\n1..%d\n# SEED=0x%llx\n", n, (unsigned long long)seed);
	for (struct test_case *t = all; t; t = t->next)
		if (strstr(t->name, only))
			n_failed += !run_one(t, ++number, seed);
	return n_failed != 0;
}
