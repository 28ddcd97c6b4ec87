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
	int err = multiboot2_parse(&(struct phys_reader){ read_memory, m }, 0, &info, &why);

	CHECK(err ? why != NULL : why == NULL);
	return err;
}

static struct memory load(const char *path)
{
	struct memory m;

	m.data = test_read_file(path, &m.len);
	REQUIRE(m.data);
	return m;
}

static void check_common(void)
{
	CHECK_STR(info.loader, "GRUB 2.06");
	CHECK_STR(info.cmdline, "loglevel=7 init=/bin/sh");
	CHECK_EQ(info.n_modules, 1);
	CHECK_EQ(info.modules[0].base, 0x500);
	CHECK_EQ(info.modules[0].len, 64);
}

/* Where the first tag of @type stands. */
static size_t find_tag(const struct memory *m, u32 type)
{
	size_t at = 8;

	for (;;) {
		u32 head[2];

		memcpy(head, m->data + at, sizeof(head));
		if (head[0] == type)
			return at;
		REQUIRE(head[0] != 0);
		at += (head[1] + 7) & ~7u;
	}
}

TEST(multiboot2_bios)
{
	struct memory m = load(HOST_SAMPLES "/multiboot2/bios");

	REQUIRE(parse(&m) == 0);
	check_common();
	CHECK_EQ(info.n_ranges, 4);
	CHECK_EQ(info.ranges[3].type, BOOT_MEM_ACPI);
	CHECK_EQ(info.rsdp, find_tag(&m, 14) + 8);
	CHECK_EQ(info.screen.kind, BOOT_SCREEN_TEXT);
	CHECK_EQ(info.screen.width, 80);
	CHECK_EQ(info.screen.base, 0xb8000);
}

TEST(multiboot2_efi)
{
	static const struct boot_range want[] = {
		{ 0, 0xa0000, BOOT_MEM_RAM },             /* boot data and free, joined */
		{ 0x100000, 0x700000, BOOT_MEM_RAM },
		{ 0x800000, 0x8000, BOOT_MEM_NVS },
		{ 0x808000, 0xf8000, BOOT_MEM_RAM },      /* loader and boot services, joined */
		{ 0x900000, 0x1100000, BOOT_MEM_RESERVED }, /* specific purpose, runtime */
		{ 0x1a00000, 0x10000, BOOT_MEM_ACPI },
		{ 0x1a10000, 0x1000, BOOT_MEM_BAD },
		{ 0x1b00000, 0x1000, BOOT_MEM_RESERVED }, /* cannot be cached */
		{ 0xfffc0000, 0x40000, BOOT_MEM_RESERVED },
		{ 0x100000000, 0x10000, BOOT_MEM_PMEM },
	};
	struct memory m = load(HOST_SAMPLES "/multiboot2/efi");

	REQUIRE(parse(&m) == 0);
	check_common();
	REQUIRE(CHECK_EQ(info.n_ranges, ARRAY_SIZE(want)));
	for (size_t i = 0; i < ARRAY_SIZE(want); i++) {
		CHECK_EQ(info.ranges[i].base, want[i].base);
		CHECK_EQ(info.ranges[i].len, want[i].len);
		CHECK_EQ(info.ranges[i].type, want[i].type);
	}
	CHECK(info.efi);
	CHECK_EQ(info.rsdp, find_tag(&m, 15) + 8); /* the new one, wherever it stands */
	CHECK_EQ(info.screen.kind, BOOT_SCREEN_RGB);
	CHECK_EQ(info.screen.pitch, 4096);
	CHECK_EQ(info.screen.red.at, 16);
}

TEST(multiboot2_empty)
{
	struct memory m = load(HOST_SAMPLES "/multiboot2/empty");

	REQUIRE(parse(&m) == 0);
	CHECK_STR(info.loader, "Multiboot2");
	CHECK_STR(info.cmdline, "");
	CHECK_EQ(info.n_ranges, 0);
	CHECK_EQ(info.n_modules, 0);
	CHECK_EQ(info.rsdp, 0);
	CHECK_EQ(info.screen.kind, BOOT_SCREEN_NONE);
}

/* @value at @offset of the first tag @type (0: of the information) gives @err. */
static void damage(u32 type, size_t offset, u64 value, size_t size, int err)
{
	struct memory m = load(HOST_SAMPLES "/multiboot2/efi");
	size_t at = offset + (type ? find_tag(&m, type) : 0);

	memcpy(m.data + at, &value, size);
	if (!CHECK_EQ(parse(&m), err))
		test_note("tag %u offset %zu", type, offset);
}

TEST(multiboot2_malformed)
{
	struct memory short_one = { (u8 *)test_alloc(3), 3 };

	CHECK_EQ(parse(&short_one), -EFAULT);
	damage(0, 0, 7, 4, -EINVAL);              /* total size */
	damage(0, 0, 0xffffffff, 4, -EFAULT);
	damage(0, 0, 32, 4, -EINVAL);             /* cut in a tag */
	damage(0, 0, 8, 4, -EINVAL);              /* no end tag */
	damage(1, 4, 7, 4, -EINVAL);              /* a tag shorter than its head */
	damage(1, 4, 0xfffffff8, 4, -EINVAL);
	damage(1, 4, 12, 4, -EINVAL);             /* text without an end */
	damage(3, 4, 12, 4, -EINVAL);             /* module */
	damage(3, 8, 0x541, 4, -EINVAL);
	damage(3, 12, 0xffffffff, 4, -EFAULT);
	damage(6, 8, 1, 4, 0);                    /* not looked at: there is EFI's */
	damage(17, 4, 12, 4, -EINVAL);
	damage(17, 8, 39, 4, -EINVAL);            /* entry size */
	damage(17, 8, 0, 4, -EINVAL);
	damage(17, 8, 0xffffffff, 4, 0);          /* no entry fits: none */
	damage(17, 16 + 24, 1ull << 52, 8, -EINVAL); /* pages that wrap */
	damage(17, 16 + 24, (1ull << 52) - 1, 8, 0);
	damage(17, 64 + 24, (1ull << 52) - 1, 8, -EINVAL);
	damage(99, 0, 18, 4, -EINVAL);            /* boot services still run */
}

/* A framebuffer we cannot use is left alone, and the rest is read. */
static void bad_screen(size_t offset, u64 value, size_t size)
{
	struct memory m = load(HOST_SAMPLES "/multiboot2/efi");

	memcpy(m.data + find_tag(&m, 8) + offset, &value, size);
	CHECK_EQ(parse(&m), 0);
	if (!CHECK_EQ(info.screen.kind, BOOT_SCREEN_NONE))
		test_note("offset %zu", offset);
	check_common();
}

TEST(multiboot2_screen)
{
	bad_screen(8, 0, 8);             /* address */
	bad_screen(8, UINT64_MAX - 4096, 8);
	bad_screen(16, 4095, 4);         /* pitch */
	bad_screen(20, 0, 4);            /* width */
	bad_screen(20, 0x40000001, 4);   /* times 4 it would wrap */
	bad_screen(24, 0, 4);
	bad_screen(24, 16385, 4);
	bad_screen(28, 8, 1);            /* bits */
	bad_screen(29, 0, 1);            /* palette */
	bad_screen(29, 3, 1);
	bad_screen(32, 25, 1);           /* red at */
	bad_screen(33, 0, 1);
	bad_screen(35, 9, 1);
}

/* The tag of the screen comes last and is read all the same; the first error counts. */
TEST(multiboot2_screen_after_error)
{
	struct memory m = load(HOST_SAMPLES "/multiboot2/efi");
	const char *why = NULL;
	u32 start = 0x7ffffff0;

	m.data[find_tag(&m, 1) + 8 + 23] = 'x'; /* no NUL */
	memcpy(m.data + find_tag(&m, 3) + 12, &start, 4);
	CHECK_EQ(multiboot2_parse(&(struct phys_reader){ read_memory, &m }, 0, &info, &why), -EINVAL);
	CHECK_STR(why, "Multiboot2 command line has no end");
	CHECK_EQ(info.screen.kind, BOOT_SCREEN_RGB);
	CHECK_EQ(info.screen.width, 1024);
}

TEST(multiboot2_limits)
{
	struct memory m = { test_alloc(8192), 8192 };
	u32 head[] = { 8 + 16 + 129 * 24 + 8, 0, 6, 16 + 129 * 24, 24, 0 };

	memset(m.data, 0, m.len);
	memcpy(m.data, head, sizeof(head));
	m.data[24 + 129 * 24 + 4] = 8; /* end tag */
	for (size_t i = 0; i < 129; i++) {
		u64 range[3] = { i << 13, 4096, 1 };

		memcpy(m.data + 24 + 24 * i, range, 24);
	}
	CHECK_EQ(parse(&m), -E2BIG);
	memset(m.data + 24 + 24 * 7, 0, 24); /* an empty one */
	CHECK_EQ(parse(&m), 0);
	CHECK_EQ(info.n_ranges, 128);
}
