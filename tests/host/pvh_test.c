/* SPDX-License-Identifier: MIT */
/* The samples of make_samples.py, and what happens when they are damaged. */
#include <boot/boot_info.h>

#include "test.h"

#include <kernel/abi/errno.h>
#include <string.h>

struct memory {
	u8 *data;
	size_t len;
};

static struct boot_info info;

static const void *read_memory(void *ctx, paddr_t pa, u64 len)
{
	struct memory *m = ctx;

	return pa <= m->len && len <= m->len - pa ? m->data + pa : NULL;
}

static int parse(struct memory *m)
{
	const char *why = NULL;
	int err = pvh_parse(&(struct phys_reader){ read_memory, m }, 0, &info, &why);

	CHECK(err ? why != NULL : why == NULL);
	return err;
}

TEST(pvh_version_1)
{
	struct memory m;

	m.data = test_read_file(HOST_SAMPLES "/pvh/v1", &m.len);
	REQUIRE(m.data);
	REQUIRE(parse(&m) == 0);
	CHECK_STR(info.loader, "PVH");
	CHECK_STR(info.cmdline, "loglevel=7 init=/bin/sh");
	CHECK_EQ(info.rsdp, 0xf5a00);
	CHECK_EQ(info.n_modules, 1);
	CHECK_EQ(info.modules[0].base, 0x200);
	CHECK_EQ(info.modules[0].len, 64);
	CHECK_EQ(info.n_ranges, 5); /* the empty one is left out */
	CHECK_EQ(info.ranges[0].base, 0); /* sorted */
	CHECK_EQ(info.ranges[0].type, BOOT_MEM_RAM);
	CHECK_EQ(info.ranges[3].base, 0x100000);
	CHECK_EQ(info.ranges[3].len, 0x7f00000);
}

TEST(pvh_version_0)
{
	struct memory m;

	m.data = test_read_file(HOST_SAMPLES "/pvh/v0", &m.len);
	REQUIRE(m.data);
	REQUIRE(parse(&m) == 0);
	CHECK_EQ(info.n_ranges, 0);
	CHECK_EQ(info.n_modules, 1);
	CHECK_EQ(info.rsdp, 0xf5a00);
}

/* A u32 or u64 of the start info set to @value gives @err. */
static void damage(size_t at, u64 value, size_t size, int err)
{
	struct memory m;

	m.data = test_read_file(HOST_SAMPLES "/pvh/v1", &m.len);
	REQUIRE(m.data);
	memcpy(m.data + at, &value, size);
	if (!CHECK_EQ(parse(&m), err))
		test_note("offset %zu", at);
}

TEST(pvh_malformed)
{
	struct memory short_one = { (u8 *)test_alloc(39), 39 };

	CHECK_EQ(parse(&short_one), -EFAULT);
	damage(0, 0x1badb002, 4, -EINVAL);        /* magic */
	damage(12, 9, 4, -E2BIG);                 /* modules */
	damage(12, 0xffffffff, 4, -E2BIG);
	damage(16, UINT64_MAX - 8, 8, -EFAULT);   /* their list */
	damage(24, 1ull << 40, 8, -EFAULT);       /* command line */
	damage(24, 0, 8, 0);
	damage(40, UINT64_MAX - 8, 8, -EFAULT);   /* memory map */
	damage(48, 0xffffffff, 4, -EFAULT);
	damage(0xa8, UINT64_MAX, 8, -EINVAL);     /* a range that wraps */
	damage(0x88, UINT64_MAX, 8, -EFAULT);     /* a module outside of memory */
}

TEST(pvh_limits)
{
	const size_t n = 130;
	struct memory m = { test_alloc(8192), 8192 };
	u32 head[14] = { 0x336ec578, 1 };

	memset(m.data, 0, m.len);
	head[10] = 64; /* memory map at 64 */
	head[12] = 128;
	memcpy(m.data, head, sizeof(head));
	for (size_t i = 0; i < n; i++) {
		u64 range[3] = { (n - i) << 12, 4096, 1 };

		memcpy(m.data + 64 + 24 * i, range, 24);
	}
	CHECK_EQ(parse(&m), 0);
	CHECK_EQ(info.n_ranges, 128);
	m.data[48] = 129;
	CHECK_EQ(parse(&m), -E2BIG);
	m.data[48] = 1;
	m.data[25] = 0x10; /* command line at 0x1000, 2047 bytes long */
	memset(m.data + 0x1000, 'x', 2047);
	CHECK_EQ(parse(&m), 0);
	CHECK_EQ(strlen(info.cmdline), 2047);
	m.data[0x1000 + 2047] = 'x';
	CHECK_EQ(parse(&m), -E2BIG);
}
