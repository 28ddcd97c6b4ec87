/* SPDX-License-Identifier: MIT */
/*
 * Last words and invariants. ASSERT is for the programmer's own invariants
 * (debug builds); PANIC_ON always checks, where going on would corrupt.
 * Nothing that a user, a server or a device sends may reach either.
 */
#pragma once

#include <kernel/config.h>
#include <kernel/lib/types.h>

struct trapframe;

/** panic - one sentence of cause, then everything known; stops the machine as
 * the boot word panic=halt|reboot|exit says */
__noreturn __cold void panic(const char *fmt, ...) __printf(1, 2);

/** panic_at - the same for an exception at @tf */
__noreturn __cold void panic_at(const struct trapframe *tf, const char *fmt, ...) __printf(2, 3);

/** panic_in_progress - lock checks and waiting stop then */
bool panic_in_progress(void);

/** bug_report - log "BUG: ..." with a trace, count it, go on (debug checkers);
 * a test run with a BUG line fails */
__cold void bug_report(const char *fmt, ...) __printf(1, 2);

#define PANIC_ON(cond, ...)                 \
	do {                                \
		if (unlikely(cond))         \
			panic(__VA_ARGS__); \
	} while (0)

#define ASSERT(cond)                                                        \
	do {                                                                \
		if (CONFIG_DEBUG && unlikely(!(cond)))                      \
			panic("%s:%d: assertion failed: %s", __FILE__, __LINE__, #cond); \
	} while (0)
