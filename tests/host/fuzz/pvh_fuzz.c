/* SPDX-License-Identifier: MIT */
/* The input is physical memory from 0; the start info lies at its beginning. */
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

int pvh_fuzz(const u8 *data, size_t len)
{
	static struct boot_info info;
	struct memory m = { data, len };
	struct phys_reader reader = { read_memory, &m };
	const char *why = NULL;
	int err = pvh_parse(&reader, 0, &info, &why);

	FUZZ_ASSERT(err ? why && *why : !why);
	FUZZ_ASSERT(info.n_ranges <= BOOT_RANGES_MAX && info.n_modules <= BOOT_MODULES_MAX);
	if (err)
		return err;
	FUZZ_ASSERT(memchr(info.cmdline, 0, sizeof(info.cmdline)));
	for (u32 i = 0; i < info.n_ranges; i++) {
		const struct boot_range *r = &info.ranges[i];

		FUZZ_ASSERT(r->len && r->base + r->len > r->base);
		FUZZ_ASSERT(!i || r->base >= r[-1].base);
	}
	return 0;
}
