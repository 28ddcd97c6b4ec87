/* SPDX-License-Identifier: MIT */
/* Ours (snprintf is renamed exo_snprintf by host.mk) against the C library's. */
#include <kernel/lib/format.h>

#include "test.h"

#include <limits.h>

/* The library's, by the names that the compiler knows it under. */
#undef snprintf
#undef vsnprintf
int libc_vsnprintf(char *buf, size_t size, const char *fmt, va_list ap) __asm__("vsnprintf");

static void compare(const char *fmt, ...)
{
	char got[300], want[300];
	va_list ap;
	int n_got, n_want;

	va_start(ap, fmt);
	n_want = libc_vsnprintf(want, sizeof(want), fmt, ap);
	va_end(ap);
	va_start(ap, fmt);
	n_got = exo_vsnprintf(got, sizeof(got), fmt, ap);
	va_end(ap);
	if (!CHECK_EQ(n_got, n_want) || !CHECK_STR(got, want))
		test_note("format \"%s\"", fmt);
}

static size_t append(char *fmt, size_t n, const char *s)
{
	while (*s)
		fmt[n++] = *s++;
	fmt[n] = 0;
	return n;
}

static size_t append_number(char *fmt, size_t n, unsigned v)
{
	if (v >= 10)
		fmt[n++] = (char)('0' + v / 10);
	fmt[n++] = (char)('0' + v % 10);
	fmt[n] = 0;
	return n;
}

TEST(format_random_integers)
{
	static const char *const sizes[] = { "hh", "h", "", "l", "ll", "z", "j", "t" };
	static const char conversions[] = "diuxXoc";
	static const s64 values[] = { 0, 1, -1, 7, 8, 255, 256, INT_MAX, INT_MIN, LONG_MAX, LONG_MIN };

	for (int round = 0; round < 50000; round++) {
		char fmt[40] = "<%", conversion[2] = { conversions[test_rand_below(7)], 0 };
		s64 v = test_rand_below(2) ? values[test_rand_below(ARRAY_SIZE(values))]
					   : (s64)(test_rand() >> test_rand_below(64));
		const char *flags = "-+ #0";
		size_t n = 2, size = conversion[0] == 'c' ? 2 : test_rand_below(8);

		for (; *flags; flags++)
			if (!test_rand_below(3))
				n = append(fmt, n, (char[2]){ *flags, 0 });
		if (test_rand_below(2))
			n = append_number(fmt, n, 1 + (unsigned)test_rand_below(40));
		if (conversion[0] == 'c')
			v = 'A' + (v & 15);
		else if (test_rand_below(2))
			n = append_number(fmt, append(fmt, n, "."), (unsigned)test_rand_below(40));
		n = append(fmt, n, sizes[size]);
		n = append(fmt, n, conversion);
		append(fmt, n, ">");
		if (size <= 2)
			compare(fmt, (int)v);
		else
			compare(fmt, v);
	}
}

TEST(format_strings)
{
	compare("%s|%10s|%-10s|%.2s|%10.3s|%-5.1s|%.0s|%%|%.*s|%*s|%-*s|%c",
		"abc", "abc", "abc", "abc", "abcdef", "xyz", "xyz", 2, "pqr", 6, "m", 6, "n", 'z');
	compare("%*s|%.*d|%.d|", -7, "left", -1, 5, 0);
	compare("plain");
	compare("");
	compare("%p", (void *)0xffff800012345678);
	compare("%20p|%-20p|", (void *)0x1000, (void *)0x1000);
}

TEST(format_bounds)
{
	char buf[8] = "#######";
	const char *volatile null = NULL; /* hidden from the format check */

	CHECK_EQ(exo_snprintf(NULL, 0, "%d", 12345), 5);
	CHECK_EQ(exo_snprintf(buf, 4, "%d", 12345), 5);
	CHECK_STR(buf, "123");
	CHECK_EQ(buf[4], '#');
	CHECK_EQ(exo_snprintf(buf, 1, "%s", "x"), 1);
	CHECK_STR(buf, "");
	CHECK_EQ(exo_snprintf(buf, sizeof(buf), "%s", null), 6);
	CHECK_STR(buf, "(null)");
	CHECK_EQ(exo_snprintf(buf, sizeof(buf), "%p", NULL), 3);
	CHECK_STR(buf, "0x0");
}

/* What is no conversion is shown, and takes no argument. */
TEST(format_unknown)
{
	char buf[40];
	const char *volatile fmt = "a %q b %5y % %"; /* hidden from the format check */

	exo_snprintf(buf, sizeof(buf), fmt);
	CHECK_STR(buf, "a %q b %5y %");
}
