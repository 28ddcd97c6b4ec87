/* SPDX-License-Identifier: MIT */
/* pledge at the entry of calls. */
#pragma once

#include <kernel/lib/types.h>

struct trapframe;

/**
 * pledge_enter - do current's promises permit the call?
 * @nr, @args: old forms rewritten. @gate: what kernel/syscall.tbl says of it.
 * Return: true: go on; false: it is not made, and ends with -ENOSYS or with its thread.
 */
bool pledge_enter(u64 nr, u64 gate, const u64 args[6]);

/** pledge_init - the entry path's own table, before the first user program */
void pledge_init(void);

/* By Linux's number, old forms too: promises of which any permits the call whatever its
 * arguments; 0: look closer. What syscall_entry.asm tests. */
extern u64 pledge_quick[];
