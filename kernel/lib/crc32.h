/* SPDX-License-Identifier: MIT */
/* The CRC-32 of Ethernet, gzip and zip (ISO 3309; RFC 1952 section 8). */
#pragma once

#include <kernel/lib/types.h>

/** crc32_update - the CRC of what gave @crc, then @data; @crc of nothing is 0 */
u32 crc32_update(u32 crc, const void *data, size_t len);
