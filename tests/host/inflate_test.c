/* SPDX-License-Identifier: MIT */
/* Samples packed by zlib (make_samples.py), whole, cut off, and damaged. */
#include <kernel/lib/inflate.h>

#include "test.h"

#include <dirent.h>
#include <kernel/abi/errno.h>
#include <stdio.h>
#include <string.h>

static struct inflate st;

struct output {
	const u8 *want;
	size_t len, pos;
	bool wrong;
};

static int compare_sink(void *ctx, const u8 *data, size_t len)
{
	struct output *o = ctx;

	if (len > o->len - o->pos || memcmp(data, o->want + o->pos, len))
		o->wrong = true;
	else
		o->pos += len;
	return 0;
}

static int decode(const u8 *src, size_t len, struct output *o)
{
	o->pos = 0;
	o->wrong = false;
	return gzip_decode(&st, src, len, compare_sink, o);
}

static void check_sample(const char *name)
{
	char path[512];
	size_t packed_len, step;
	u8 *packed, *damaged;
	struct output o;
	size_t tail = strcmp(name, "trailing") ? 0 : 9;

	snprintf(path, sizeof(path), HOST_SAMPLES "/gzip/%s.gz", name);
	packed = test_read_file(path, &packed_len);
	snprintf(path, sizeof(path), HOST_SAMPLES "/gzip/%s.raw", name);
	o.want = test_read_file(path, &o.len);
	REQUIRE(packed && o.want);

	if (!CHECK_EQ(decode(packed, packed_len, &o), 0) || !CHECK(!o.wrong) ||
	    !CHECK_EQ(o.pos, o.len) || !CHECK_EQ(st.consumed, packed_len - tail))
		test_note("sample %s", name);

	/* Cut off anywhere: an error, or whole members only. */
	step = MAX(packed_len / 150, 1ul);
	for (size_t len = 0; len < packed_len; len += step) {
		u8 *cut = test_alloc(len);
		int err;

		memcpy(cut, packed, len);
		err = decode(cut, len, &o);
		CHECK(!o.wrong);
		CHECK(err ? err == -EINVAL : st.consumed <= len && st.consumed > 0);
	}
	/*
	 * A flipped bit is noticed, or was in padding or a header's text, or
	 * made the magic of a second member something else.
	 */
	damaged = test_alloc(packed_len);
	for (int i = 0; i < 60; i++) {
		size_t at = packed_len - tail;

		memcpy(damaged, packed, packed_len);
		at = at <= 10 ? 0 : 10 + test_rand_below(at - 10);
		damaged[at] ^= (u8)BIT(test_rand_below(8));
		if (!decode(damaged, packed_len, &o))
			CHECK(!o.wrong && (o.pos == o.len || st.consumed < packed_len - tail));
	}
}

TEST(inflate_samples)
{
	DIR *dir = opendir(HOST_SAMPLES "/gzip");
	struct dirent *e;
	int n = 0;

	REQUIRE(dir);
	while ((e = readdir(dir))) {
		char *dot = strrchr(e->d_name, '.');

		if (!dot || strcmp(dot, ".gz"))
			continue;
		*dot = 0;
		check_sample(e->d_name);
		n++;
	}
	closedir(dir);
	CHECK(n >= 10);
}

static int refuse(void *ctx, const u8 *data, size_t len)
{
	(void)ctx;
	(void)data;
	(void)len;
	return -ENOSPC;
}

/* "a" in a fixed block, by hand. */
static const u8 tiny[] = { 0x1f, 0x8b, 8,    0,    0,    0,    0,    0, 0, 3, 0x4b,
			   4,    0,    0x43, 0xbe, 0xb7, 0xe8, 1,    0, 0, 0 };

TEST(inflate_errors)
{
	struct output o = { (const u8 *)"a", 1, 0, false };
	u8 bad[sizeof(tiny)];

	CHECK_EQ(decode(tiny, sizeof(tiny), &o), 0);
	CHECK_EQ(o.pos, 1);
	CHECK_EQ(gzip_decode(&st, tiny, sizeof(tiny), refuse, NULL), -ENOSPC);
	CHECK_EQ(decode(tiny, 0, &o), -EINVAL);
	for (size_t i = 0; i < sizeof(tiny); i++) {
		/* Time, extra flags, system; padding behind the last block. */
		bool free_field = (i >= 4 && i <= 9) || i == 12;

		memcpy(bad, tiny, sizeof(bad));
		bad[i] ^= 0x80;
		CHECK_EQ(decode(bad, sizeof(bad), &o), free_field ? 0 : -EINVAL);
	}
	/* A block of type 3; stored with a wrong complement. */
	memcpy(bad, tiny, sizeof(bad));
	bad[10] = 0x07;
	CHECK_EQ(decode(bad, sizeof(bad), &o), -EINVAL);
	bad[10] = 0x01;
	CHECK_EQ(decode(bad, sizeof(bad), &o), -EINVAL);
}
