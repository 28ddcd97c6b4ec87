/* SPDX-License-Identifier: MIT */
/* The ChaCha20 block function (RFC 8439 §2.3): key stream for the random pool. */
#pragma once

#include <kernel/lib/types.h>

/**
 * chacha20_block - 64 bytes of key stream as little-endian words
 * @counter: word 12; @nonce: words 13 to 15
 */
void chacha20_block(const u32 key[8], u32 counter, const u32 nonce[3], u32 out[16]);
