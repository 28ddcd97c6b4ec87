/* SPDX-License-Identifier: MIT */
/* The input is physical memory from 0; the information lies at its beginning. */
#include "fuzz.h"

#include <boot/boot_info.h>
#include <string.h>

struct memory {
	const u8 *data;
	size_t len;
};

static const void *read_memory(void *ctx, paddr_t pa, u64 len)
{
	struct memory *m = ctx;

	return pa <= m->len && len <= m->len - pa ? m->data + pa : NULL;
}

/* What a screen driver relies on. */
static void check_screen(const struct boot_screen *s)
{
	if (s->kind == BOOT_SCREEN_NONE)
		return;
	FUZZ_ASSERT(s->width && s->width <= BOOT_SCREEN_MAX);
	FUZZ_ASSERT(s->height && s->height <= BOOT_SCREEN_MAX);
	FUZZ_ASSERT(s->base + (u64)s->pitch * s->height >= s->base);
	if (s->kind == BOOT_SCREEN_TEXT) {
		FUZZ_ASSERT(s->pitch >= 2 * s->width);
		return;
	}
	FUZZ_ASSERT(s->bits >= 15 && s->bits <= 32);
	FUZZ_ASSERT(s->pitch >= s->width * ((s->bits + 7u) / 8));
	FUZZ_ASSERT(s->red.len && s->red.len <= 8 && s->red.at + s->red.len <= s->bits);
	FUZZ_ASSERT(s->green.len && s->green.len <= 8 && s->green.at + s->green.len <= s->bits);
	FUZZ_ASSERT(s->blue.len && s->blue.len <= 8 && s->blue.at + s->blue.len <= s->bits);
}

int multiboot2_fuzz(const u8 *data, size_t len)
{
	static struct boot_info info;
	struct memory m = { data, len };
	struct phys_reader reader = { read_memory, &m };
	const char *why = NULL;
	int err = multiboot2_parse(&reader, 0, &info, &why);

	FUZZ_ASSERT(err ? why && *why : !why);
	FUZZ_ASSERT(info.n_ranges <= BOOT_RANGES_MAX && info.n_modules <= BOOT_MODULES_MAX);
	check_screen(&info.screen); /* an error is told on it */
	if (err)
		return err;
	FUZZ_ASSERT(memchr(info.cmdline, 0, sizeof(info.cmdline)));
	FUZZ_ASSERT(memchr(info.loader, 0, sizeof(info.loader)));
	for (u32 i = 0; i < info.n_modules; i++)
		FUZZ_ASSERT(!info.modules[i].len ||
			    read_memory(&m, info.modules[i].base, info.modules[i].len));
	for (u32 i = 0; i < info.n_ranges; i++) {
		const struct boot_range *r = &info.ranges[i];

		FUZZ_ASSERT(r->len && r->base + r->len > r->base);
		FUZZ_ASSERT(!i || r->base >= r[-1].base);
	}
	return 0;
}
