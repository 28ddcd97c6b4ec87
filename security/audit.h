/* SPDX-License-Identifier: MIT */
/*
 * The record of what was refused: lines "audit: KIND: ..." of the log, for `dmesg`,
 * `audit` and `exo run --audit`. Who is refused can repeat it without end, so each
 * process may have so many lines a second, and all together some more; how many were
 * left out is said.
 */
#pragma once

#include <kernel/lib/types.h>

/* Lines within the current second. Lock: kernel/sys_audit.c's own. */
struct audit_count {
	ns_t began_ns;
	u32 said;
};

/** audit_admit - may current have one line more? It is counted. Context: thread. */
__must_check bool audit_admit(void);
/** audit_say - one line, if it may; @fmt begins with "audit: KIND: " */
void audit_say(const char *fmt, ...) __printf(1, 2);
