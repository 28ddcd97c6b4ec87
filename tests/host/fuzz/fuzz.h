/* SPDX-License-Identifier: MIT */
/*
 * A fuzz entry, tests/host/fuzz/NAME_fuzz.c, defines NAME_fuzz(): run the
 * parser on @data, and abort() if what it returned breaks its contract. Its
 * corpus is made by make_samples.py.
 */
#pragma once

#include <kernel/lib/types.h>

/* Prototypes of all entries. */
#define FUZZ_TARGET(name) int name##_fuzz(const u8 *data, size_t len);
#include "fuzz_table.h"
#undef FUZZ_TARGET

/* In a fuzz entry: what the parser promises. */
#define FUZZ_ASSERT(cond)                 \
	do {                              \
		if (!(cond))              \
			__builtin_trap(); \
	} while (0)
