/* SPDX-License-Identifier: MIT */
/* Random bytes: ChaCha20 (RFC 8439) per CPU, keyed from RDRAND, TSC jitter and
 * boot data; fast key erasure. */
#pragma once

#include <kernel/lib/types.h>

void random_init(void);
/** random_bytes - any context, never waits */
void random_bytes(void *buf, size_t len);
u64 random_u64(void);
/** random_mix - add entropy (interrupt timings, writes to /dev/urandom) */
void random_mix(const void *buf, size_t len);
