/* SPDX-License-Identifier: MIT */
/* Addresses of the kernel's functions by name, from the table of the second link. */
#pragma once

#include <kernel/lib/types.h>

/** ksym_lookup - the function that holds @addr, NULL if none is known
 * @offset: bytes into it. Any context, no lock. */
const char *ksym_lookup(u64 addr, u64 *offset);

/** ksym_format - "name+0x12", or the bare address, into @buf; returns @buf */
const char *ksym_format(char *buf, size_t size, u64 addr);
