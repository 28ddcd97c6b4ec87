/* SPDX-License-Identifier: MIT */
/* Counters of the undefined-behaviour checker, for its own test. */
#pragma once

#include <kernel/lib/types.h>

/** ubsan_reports - made so far; ubsan_expect - count the next @n silently */
u32 ubsan_reports(void);
void ubsan_expect(u32 n);
