/* SPDX-License-Identifier: MIT */
/* One fuzz entry, -DFUZZ_ENTRY=NAME_fuzz, as a libFuzzer program. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t len);

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	FUZZ_ENTRY(data, len);
	return 0;
}
