/* SPDX-License-Identifier: MIT */
#include "fuzz.h"

#include <kernel/lib/bootline.h>
#include <kernel/lib/parse.h>

static bool inside(const char *p, size_t n, const u8 *data, size_t len)
{
	return (const u8 *)p >= data && (const u8 *)p <= data + len &&
	       n <= (size_t)(data + len - (const u8 *)p);
}

int bootline_fuzz(const u8 *data, size_t len)
{
	struct bootline bl;
	struct bootline_word w;
	int sum = 0;

	bootline_init(&bl, (const char *)data, len);
	while (bootline_next(&bl, &w)) {
		u64 v;
		bool b;

		FUZZ_ASSERT(inside(w.key, w.key_len, data, len));
		sum += bootline_key_is(&w, "loglevel");
		if (!w.value)
			continue;
		FUZZ_ASSERT(inside(w.value, w.value_len, data, len));
		sum += parse_u64(w.value, w.value_len, &v);
		sum += parse_size(w.value, w.value_len, &v);
		sum += parse_bool(w.value, w.value_len, &b);
	}
	return sum;
}
