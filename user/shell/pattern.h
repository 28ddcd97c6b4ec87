/* SPDX-License-Identifier: MIT */
/*
 * [pure] Shell patterns on UTF-8 text (POSIX.1-2017 XCU §2.13): * ? [...], a
 * backslash takes the meaning from what follows. A byte that is no UTF-8 is a
 * character of its own. Matching takes at most |pattern| * |text| steps.
 */
#pragma once

#include <kernel/lib/types.h>

bool pattern_match(const char *pattern, const char *text);
/* Is there anything in @pattern but characters that stand for themselves? */
bool pattern_is_magic(const char *pattern);
/* One character of UTF-8 to *c. Return: its bytes, at least 1; @s is not at its end. */
size_t pattern_utf8(const char *s, u32 *c);
