/* SPDX-License-Identifier: MIT */
#include <kernel/lib/parse.h>

#include "test.h"

#include <kernel/abi/errno.h>
#include <string.h>

static void u64_case(const char *s, int err, u64 want)
{
	u64 v = 77;

	if (!CHECK_EQ(parse_u64(s, strlen(s), &v), err) || !CHECK_EQ(v, err ? 77 : want))
		test_note("text \"%s\"", s);
}

static void size_case(const char *s, int err, u64 want)
{
	u64 v = 77;

	if (!CHECK_EQ(parse_size(s, strlen(s), &v), err) || !CHECK_EQ(v, err ? 77 : want))
		test_note("text \"%s\"", s);
}

TEST(parse_numbers)
{
	u64_case("0", 0, 0);
	u64_case("010", 0, 10);
	u64_case("0x10", 0, 16);
	u64_case("0XfF", 0, 255);
	u64_case("18446744073709551615", 0, UINT64_MAX);
	u64_case("18446744073709551616", -ERANGE, 0);
	u64_case("99999999999999999999999", -ERANGE, 0);
	u64_case("0xffffffffffffffff", 0, UINT64_MAX);
	u64_case("0x10000000000000000", -ERANGE, 0);
	u64_case("", -EINVAL, 0);
	u64_case("0x", -EINVAL, 0);
	u64_case("-1", -EINVAL, 0);
	u64_case(" 1", -EINVAL, 0);
	u64_case("1a", -EINVAL, 0);
}

TEST(parse_sizes)
{
	size_case("4096", 0, 4096);
	size_case("64M", 0, 64ull << 20);
	size_case("1k", 0, 1024);
	size_case("0x2G", 0, 2ull << 30);
	size_case("16777215T", 0, 16777215ull << 40);
	size_case("16777216T", -ERANGE, 0);
	size_case("M", -EINVAL, 0);
	size_case("1MM", -EINVAL, 0);
	size_case("", -EINVAL, 0);
}

TEST(parse_switches)
{
	bool b = false;

	CHECK(parse_bool("yes", 3, &b) == 0 && b);
	CHECK(parse_bool("off", 3, &b) == 0 && !b);
	CHECK(parse_bool("1", 1, &b) == 0 && b);
	CHECK(parse_bool("false", 5, &b) == 0 && !b);
	CHECK_EQ(parse_bool("ye", 2, &b), -EINVAL);
	CHECK_EQ(parse_bool("", 0, &b), -EINVAL);
}
