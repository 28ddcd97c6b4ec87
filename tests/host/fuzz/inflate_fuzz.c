/* SPDX-License-Identifier: MIT */
#include "fuzz.h"

#include <kernel/lib/inflate.h>

static int sink(void *ctx, const u8 *data, size_t len)
{
	u64 *total = ctx;

	FUZZ_ASSERT(len > 0 && len <= INFLATE_WINDOW && data);
	*total += len;
	return *total > 1 << 20 ? -1 : 0;
}

int inflate_fuzz(const u8 *data, size_t len)
{
	static struct inflate st;
	u64 total = 0;
	int err = gzip_decode(&st, data, len, sink, &total);

	FUZZ_ASSERT(err <= 0 && st.consumed <= len && st.pos <= len);
	return err;
}
