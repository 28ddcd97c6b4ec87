/* SPDX-License-Identifier: MIT */
/*
 * [pure] Arithmetic expressions: C's operators on 64-bit integers with C's
 * precedence, wrapping around (POSIX.1-2017 XCU §2.6.4). Names are looked up
 * and set through hooks; what a name holds may be an expression itself.
 */
#pragma once

#include <kernel/lib/types.h>

struct arith_hooks {
	const char *(*get)(void *ctx, const char *name); /* NULL: not set */
	/* Return: an error's text, or NULL. */
	const char *(*set)(void *ctx, const char *name, s64 value);
	void *ctx;
};

/* Return: NULL and *value, or what is wrong with @text. */
const char *arith_eval(const char *text, const struct arith_hooks *hooks, s64 *value);
