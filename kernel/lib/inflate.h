/* SPDX-License-Identifier: MIT */
/*
 * gzip decoder (RFC 1951, RFC 1952) from memory to a sink. All its state is
 * in struct inflate, about 38 KiB, which the caller provides.
 */
#pragma once

#include <kernel/lib/types.h>

#define INFLATE_WINDOW    32768u
#define INFLATE_MAX_CODES 288u
#define INFLATE_FAST_BITS 10

/* A canonical Huffman code. */
struct inflate_code {
	u16 fast[1 << INFLATE_FAST_BITS]; /* next bits -> symbol << 4 | length; 0: longer */
	u16 count[16];                    /* codes of each length */
	u16 symbol[INFLATE_MAX_CODES];    /* in the order of the codes */
};

struct inflate {
	/* input */
	const u8 *src;
	size_t len, pos;
	u64 bits;       /* read ahead, next bit lowest; above n_bits undefined */
	unsigned n_bits;
	/* output */
	int (*sink)(void *ctx, const u8 *data, size_t len);
	void *ctx;
	size_t window_pos;
	u64 total;      /* bytes of this member */
	u32 crc;
	/* result */
	size_t consumed;
	/* work */
	struct inflate_code lit, dist;
	u8 lengths[320];
	u8 window[INFLATE_WINDOW];
};

/**
 * gzip_decode - decode the gzip member at @src, and those that follow it
 * @sink: called with the output in order, pieces of at most 32 KiB; what it
 *        returns other than 0 ends the decoding
 * st->consumed says where the last whole member ends: what follows there is
 * not gzip.
 * Return: 0; -EINVAL malformed, cut off, wrong CRC or size; @sink's error.
 */
int gzip_decode(struct inflate *st, const u8 *src, size_t src_len,
		int (*sink)(void *ctx, const u8 *data, size_t len), void *ctx) __must_check;

/** gzip_is - does @src begin like a gzip member? */
static inline bool gzip_is(const u8 *src, size_t len)
{
	return len >= 2 && src[0] == 0x1f && src[1] == 0x8b;
}
