/* SPDX-License-Identifier: MIT */
/* Ours (renamed exo_* by host.mk) against plain loops, at all alignments. */
#include <kernel/lib/string.h>

#include "test.h"

#include <kernel/abi/errno.h>

#define ROOM 200

static u8 a[ROOM], b[ROOM], want[ROOM];

TEST(string_copy_set)
{
	for (int round = 0; round < 20000; round++) {
		size_t len = test_rand_below(120), d = test_rand_below(40), s = test_rand_below(40);
		int byte = (int)test_rand_below(1000);

		test_rand_fill(a, ROOM);
		for (size_t i = 0; i < ROOM; i++)
			b[i] = want[i] = (u8)~a[i];
		for (size_t i = 0; i < len; i++)
			want[d + i] = a[s + i];
		CHECK(memcpy(b + d, a + s, len) == b + d);
		CHECK_MEM(b, want, ROOM);

		for (size_t i = 0; i < ROOM; i++)
			want[i] = a[i];
		for (size_t i = 0; i < len; i++)
			want[d + i] = a[s + i];
		CHECK(memmove(a + d, a + s, len) == a + d);
		CHECK_MEM(a, want, ROOM);

		for (size_t i = 0; i < len; i++)
			want[d + i] = (u8)byte;
		CHECK(memset(a + d, byte, len) == a + d);
		CHECK_MEM(a, want, ROOM);
	}
}

static int sign(int x)
{
	return (x > 0) - (x < 0);
}

TEST(string_compare)
{
	for (int round = 0; round < 20000; round++) {
		size_t len = test_rand_below(60), at = test_rand_below(60), i = 0;

		test_rand_fill(a, 64);
		for (i = 0; i < 64; i++)
			b[i + 3] = a[i];
		b[at + 3] = (u8)test_rand();
		for (i = 0; i < len && a[i] == b[i + 3]; i++)
			;
		CHECK_EQ(sign(memcmp(a, b + 3, len)), i == len ? 0 : a[i] < b[i + 3] ? -1 : 1);
		CHECK_EQ((u8 *)memchr(a, a[at], 64) <= a + at, 1);
		CHECK(memchr(a, a[0], 0) == NULL);
	}
	CHECK_EQ(sign(strcmp("abc", "abd")), -1);
	CHECK_EQ(sign(strcmp("abc", "ab")), 1);
	CHECK_EQ(sign(strcmp("\x80", "\x7f")), 1);
	CHECK_EQ(strcmp("", ""), 0);
	CHECK_EQ(strncmp("abcd", "abce", 3), 0);
	CHECK_EQ(sign(strncmp("abcd", "abce", 4)), -1);
	CHECK_EQ(strncmp("ab", "ab", 100), 0);
}

TEST(string_search)
{
	const char *s = "a/b/c";

	CHECK_EQ(strlen(""), 0);
	CHECK_EQ(strlen(s), 5);
	CHECK_EQ(strnlen(s, 3), 3);
	CHECK_EQ(strnlen(s, 9), 5);
	CHECK(strchr(s, '/') == s + 1);
	CHECK(strrchr(s, '/') == s + 3);
	CHECK(strchr(s, 'x') == NULL);
	CHECK(strrchr(s, 'x') == NULL);
	CHECK(strchr(s, 0) == s + 5);
	CHECK(strrchr(s, 0) == s + 5);
	CHECK(str_starts(s, "a/"));
	CHECK(str_starts(s, ""));
	CHECK(!str_starts("a", "ab"));
}

TEST(string_str_copy)
{
	char buf[4] = "xyz";

	CHECK_EQ(str_copy(buf, "abc", sizeof(buf)), 3);
	CHECK_STR(buf, "abc");
	CHECK_EQ(str_copy(buf, "abcd", sizeof(buf)), -E2BIG);
	CHECK_STR(buf, "abc");
	CHECK_EQ(str_copy(buf, "", sizeof(buf)), 0);
	CHECK_STR(buf, "");
	CHECK_EQ(str_copy(buf, "a", 1), -E2BIG);
	CHECK_STR(buf, "");
}
