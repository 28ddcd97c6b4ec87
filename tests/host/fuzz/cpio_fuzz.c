/* SPDX-License-Identifier: MIT */
#include "fuzz.h"

#include <kernel/lib/cpio.h>

int cpio_fuzz(const u8 *data, size_t len)
{
	struct cpio_iter it;
	struct cpio_entry e;
	size_t last = 0;
	u8 sum = 0;
	int r;

	cpio_init(&it, data, len);
	while ((r = cpio_next(&it, &e)) == 1) {
		FUZZ_ASSERT(it.pos > last && it.pos <= len);
		last = it.pos;
		FUZZ_ASSERT(!e.name[e.name_len]);
		/* Touch all that was promised readable. */
		for (size_t i = 0; i < e.name_len; i++)
			FUZZ_ASSERT(e.name[i]);
		for (size_t i = 0; i < e.size; i++)
			sum = (u8)(sum + e.data[i]);
	}
	FUZZ_ASSERT(r <= 0 && it.pos <= len);
	return sum;
}
