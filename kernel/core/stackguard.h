/* SPDX-License-Identifier: MIT */
/*
 * The word that compilers put between a frame's arrays of characters and its return
 * address, and look at before they return (-fstack-protector).
 */
#pragma once

#include <kernel/lib/types.h>

/* By these names compilers know them. */
extern u64 __stack_chk_guard;
__noreturn void __stack_chk_fail(void);

/** stackguard_init - a value that nobody knows. From a function that never returns, before
 * other CPUs run: frames that are open would end in a panic. */
void stackguard_init(u64 value);
