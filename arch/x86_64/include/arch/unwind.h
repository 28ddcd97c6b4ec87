/* SPDX-License-Identifier: MIT */
/*
 * Frame-pointer unwinder that distrusts what it reads: bounds of the stack,
 * alignment, and monotonic frame addresses are checked.
 */
#pragma once

#include <kernel/lib/types.h>

/** unwind - store up to @max return addresses starting at frame pointer @rbp
 * (0: the caller's). Return: how many. Never faults. */
size_t unwind(u64 rbp, u64 *out, size_t max);
