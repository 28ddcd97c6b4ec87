/* SPDX-License-Identifier: MIT */
/* Random archives, written by a plain writer, read back. */
#include <kernel/lib/cpio.h>

#include "test.h"

#include <kernel/abi/errno.h>
#include <stdio.h>
#include <string.h>

#define MAX_ENTRIES 12

static u8 buf[65536];
static size_t len;

struct model {
	char name[48];
	u32 f[13];
	u8 data[300];
	u32 archive;
};

static void pad4(size_t start)
{
	while ((len - start) % 4)
		buf[len++] = 0;
}

static void put_entry(const char *name, const u32 f[13], const u8 *data, size_t start)
{
	len += (size_t)sprintf((char *)buf + len, "07070%d", 1 + (int)test_rand_below(2));
	for (int i = 0; i < 13; i++)
		len += (size_t)sprintf((char *)buf + len, test_rand_below(2) ? "%08x" : "%08X", f[i]);
	memcpy(buf + len, name, f[11]);
	len += f[11];
	pad4(start);
	memcpy(buf + len, data, f[6]);
	len += f[6];
	pad4(start);
}

static int write_archives(struct model *m, int n_archives)
{
	int n = 0;

	len = test_rand_below(3) ? 0 : test_rand_below(9);
	memset(buf, 0, len);
	for (int a = 0; a < n_archives; a++) {
		size_t start = len;
		u32 end[13] = { 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 11, 0 };

		for (u64 k = test_rand_below(5); k && n < MAX_ENTRIES; k--, n++) {
			snprintf(m[n].name, sizeof(m[n].name), "%.*s/%d",
				 (int)test_rand_below(30), "some/directory/with/a/long/name", n);
			test_rand_fill(m[n].f, sizeof(m[n].f));
			m[n].f[6] = (u32)test_rand_below(sizeof(m[n].data));
			m[n].f[11] = (u32)strlen(m[n].name) + 1;
			test_rand_fill(m[n].data, sizeof(m[n].data));
			m[n].archive = (u32)a;
			put_entry(m[n].name, m[n].f, m[n].data, start);
		}
		put_entry("TRAILER!!!", end, buf, start);
		for (u64 k = test_rand_below(600); k; k--)
			buf[len++] = 0;
	}
	return n;
}

static void check_entry(const struct cpio_entry *e, const struct model *m)
{
	const u32 got[13] = { e->ino, e->mode, e->uid, e->gid, e->nlink, e->mtime, (u32)e->size,
			      e->dev_major, e->dev_minor, e->rdev_major, e->rdev_minor,
			      (u32)e->name_len + 1, m->f[12] };

	CHECK_STR(e->name, m->name);
	CHECK_MEM(got, m->f, sizeof(got));
	CHECK_EQ(e->archive, m->archive);
	if (e->size == m->f[6])
		CHECK_MEM(e->data, m->data, e->size);
}

TEST(cpio_random)
{
	static struct model m[MAX_ENTRIES];

	for (int round = 0; round < 500; round++) {
		int n = write_archives(m, 1 + (int)test_rand_below(3)), i = 0, r;
		struct cpio_iter it;
		struct cpio_entry e;
		u8 *copy = test_alloc(len);

		memcpy(copy, buf, len);
		cpio_init(&it, copy, len);
		while ((r = cpio_next(&it, &e)) == 1)
			if (CHECK(i < n))
				check_entry(&e, &m[i++]);
		CHECK_EQ(r, 0);
		CHECK_EQ(i, n);
		CHECK_EQ(it.pos, len);
	}
}

static int count(const void *data, size_t n, size_t *pos)
{
	struct cpio_iter it;
	struct cpio_entry e;
	int entries = 0, r;

	cpio_init(&it, data, n);
	while ((r = cpio_next(&it, &e)) == 1)
		entries++;
	*pos = it.pos;
	return r ? r : entries;
}

TEST(cpio_edges)
{
	u32 f[13] = { 0, 0100644, 0, 0, 1, 0, 3, 0, 0, 0, 0, 2, 0 };
	u32 end[13] = { [11] = 11 };
	size_t pos, whole;

	CHECK_EQ(count("", 0, &pos), 0);
	CHECK_EQ(count("\0\0\0\0", 4, &pos), 0);
	CHECK_EQ(pos, 4);
	CHECK_EQ(count("\0\0\x1f\x8b", 4, &pos), 0); /* the caller's business */
	CHECK_EQ(pos, 2);

	len = 0;
	put_entry("a", f, (const u8 *)"xyz", 0);
	CHECK_EQ(count(buf, len, &pos), -EINVAL); /* no trailer */
	put_entry("TRAILER!!!", end, buf, 0);
	whole = len;
	CHECK_EQ(count(buf, whole, &pos), 1);
	/* Everything shorter is cut off; only the last padding may be missing. */
	for (len = 1; len < whole - 3; len++) {
		u8 *cut = test_alloc(len);

		memcpy(cut, buf, len);
		CHECK_EQ(count(cut, len, &pos), -EINVAL);
	}
	memcpy(buf + whole, "\0\0\x1f\x8b", 4);
	CHECK_EQ(count(buf, whole + 4, &pos), 1);
	CHECK_EQ(pos, whole + 2);
	buf[5] = '7'; /* the old portable format */
	CHECK_EQ(count(buf, whole, &pos), -EINVAL);
	buf[5] = '1';
	buf[20] = 'g';
	CHECK_EQ(count(buf, whole, &pos), -EINVAL);
}
