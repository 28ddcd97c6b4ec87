/* SPDX-License-Identifier: MIT */
/*
 * [pure] DEFLATE and gzip decoder.
 *
 * Input goes through a 64-bit buffer that holds at least 56 valid bits after
 * refill() unless the input ends; a length-distance pair takes at most
 * 15 + 5 + 15 + 13 = 48, so one refill a symbol is enough. Output goes to a
 * circular window that is handed to the sink each time it is full. Codes up
 * to INFLATE_FAST_BITS bits decode by one table look-up, longer ones bit by
 * bit. Whatever the input, each step consumes input or ends, tables are
 * indexed by checked values only, and no distance reaches before the start.
 */
#include <kernel/lib/inflate.h>

#include <kernel/abi/errno.h>
#include <kernel/lib/crc32.h>
#include <kernel/lib/string.h>

#define N_LIT   288 /* literals and lengths; 286 and 287 are never valid */
#define N_DIST  30
#define END     256
#define MAX_LEN 15

static void refill(struct inflate *st)
{
	if (st->len - st->pos >= 8) {
		u64 w;

		/* Bits above n_bits are ORed again with the same later. */
		memcpy(&w, st->src + st->pos, 8);
		st->bits |= w << st->n_bits;
		st->pos += (63 - st->n_bits) / 8;
		st->n_bits |= 56;
		return;
	}
	while (st->n_bits < 56 && st->pos < st->len) {
		st->bits |= (u64)st->src[st->pos++] << st->n_bits;
		st->n_bits += 8;
	}
}

static void drop(struct inflate *st, unsigned n)
{
	st->bits >>= n;
	st->n_bits -= n;
}

/* Take @n <= 16 bits; -EINVAL at the end of the input. */
static int take(struct inflate *st, unsigned n)
{
	int v = (int)(st->bits & (BIT(n) - 1));

	if (n > st->n_bits)
		return -EINVAL;
	drop(st, n);
	return v;
}

/* Give whole bytes that were read ahead back, forget the rest of this byte. */
static void to_byte(struct inflate *st)
{
	st->pos -= st->n_bits / 8;
	st->bits = 0;
	st->n_bits = 0;
}

static int flush(struct inflate *st)
{
	size_t n = st->window_pos;

	st->window_pos = 0;
	if (!n)
		return 0;
	st->crc = crc32_update(st->crc, st->window, n);
	return st->sink(st->ctx, st->window, n);
}

static unsigned reverse(unsigned code, unsigned len)
{
	unsigned r = 0;

	for (; len; len--, code >>= 1)
		r = r << 1 | (code & 1);
	return r;
}

/*
 * Build @c from the code length of each symbol. A code that is
 * over-subscribed is refused; one that leaves bit patterns unused is refused
 * unless it has no more than one code, of one bit. (RFC 1951 3.2.2, 3.2.7)
 */
static int build(struct inflate_code *c, const u8 *lengths, unsigned n)
{
	u16 offset[MAX_LEN + 2];
	unsigned code = 0, used = 0, at = 0;
	int left = 1;

	memset(c, 0, sizeof(*c));
	for (unsigned i = 0; i < n; i++)
		c->count[lengths[i]]++;
	c->count[0] = 0;
	offset[1] = 0;
	for (unsigned len = 1; len <= MAX_LEN; len++) {
		left = (left << 1) - c->count[len];
		if (left < 0)
			return -EINVAL;
		used += c->count[len];
		offset[len + 1] = (u16)(offset[len] + c->count[len]);
	}
	if (left > 0 && (used > 1 || used != c->count[1]))
		return -EINVAL;
	for (unsigned i = 0; i < n; i++)
		if (lengths[i])
			c->symbol[offset[lengths[i]]++] = (u16)i;

	/* Every value of the next bits that begins with a short code. */
	for (unsigned len = 1; len <= INFLATE_FAST_BITS; len++, code <<= 1)
		for (unsigned i = 0; i < c->count[len]; i++, code++, at++)
			for (unsigned b = reverse(code, len); b < BIT(INFLATE_FAST_BITS);
			     b += 1u << len)
				c->fast[b] = (u16)(c->symbol[at] << 4 | len);
	return 0;
}

/* A code longer than the table: walk the canonical code bit by bit. */
static int decode_long(struct inflate *st, const struct inflate_code *c)
{
	unsigned code = 0, first = 0, index = 0;

	for (unsigned len = 1; len <= MAX_LEN && len <= st->n_bits; len++) {
		code |= st->bits >> (len - 1) & 1;
		if (code - first < c->count[len]) {
			drop(st, len);
			return c->symbol[index + code - first];
		}
		index += c->count[len];
		first = (first + c->count[len]) << 1;
		code <<= 1;
	}
	return -EINVAL;
}

/* The next symbol; -EINVAL no such code or end of the input. */
static inline int decode(struct inflate *st, const struct inflate_code *c)
{
	unsigned e = c->fast[st->bits & (BIT(INFLATE_FAST_BITS) - 1)];

	if (unlikely(!e))
		return decode_long(st, c);
	if (unlikely((e & 15) > st->n_bits))
		return -EINVAL;
	drop(st, e & 15);
	return (int)(e >> 4);
}

/*
 * Append @len bytes from @dist back. Pieces end where source or destination
 * wraps. Copying upwards repeats the bytes just written, as wanted; by words
 * too, unless less than a word lies between.
 */
static int copy_match(struct inflate *st, unsigned len, unsigned dist)
{
	if (dist > st->total)
		return -EINVAL;
	st->total += len;
	while (len) {
		size_t to = st->window_pos;
		size_t from = (to - dist) % INFLATE_WINDOW;
		size_t n = MIN(len, INFLATE_WINDOW - MAX(to, from));
		size_t i = 0;

		if (dist >= 8) {
			for (; i + 8 <= n; i += 8) {
				u64 w;

				memcpy(&w, &st->window[from + i], 8);
				memcpy(&st->window[to + i], &w, 8);
			}
		}
		for (; i < n; i++)
			st->window[to + i] = st->window[from + i];
		len -= (unsigned)n;
		st->window_pos += n;
		if (st->window_pos == INFLATE_WINDOW) {
			int err = flush(st);

			if (err)
				return err;
		}
	}
	return 0;
}

/* The rest of a length or distance symbol. (RFC 1951 3.2.5) */
static int match(struct inflate *st, unsigned symbol)
{
	static const u16 len_base[29] = {
		3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59,
		67, 83, 99, 115, 131, 163, 195, 227, 258,
	};
	static const u8 len_extra[29] = {
		0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4,
		5, 5, 5, 5, 0,
	};
	static const u16 dist_base[N_DIST] = {
		1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513,
		769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577,
	};
	int extra, d, d_extra;

	symbol -= END + 1;
	if (symbol >= ARRAY_SIZE(len_base))
		return -EINVAL;
	extra = take(st, len_extra[symbol]);
	if (extra < 0)
		return extra;
	d = decode(st, &st->dist);
	if (d < 0 || d >= N_DIST)
		return -EINVAL;
	d_extra = take(st, d < 2 ? 0 : (unsigned)d / 2 - 1);
	if (d_extra < 0)
		return d_extra;
	return copy_match(st, len_base[symbol] + (unsigned)extra,
			  dist_base[d] + (unsigned)d_extra);
}

static int compressed_block(struct inflate *st)
{
	for (;;) {
		int symbol, err = 0;

		refill(st);
		symbol = decode(st, &st->lit);
		if (symbol < 0)
			return symbol;
		if (symbol == END)
			return 0;
		if (symbol > END) {
			err = match(st, (unsigned)symbol);
		} else {
			st->window[st->window_pos++] = (u8)symbol;
			st->total++;
			if (st->window_pos == INFLATE_WINDOW)
				err = flush(st);
		}
		if (err)
			return err;
	}
}

static int stored_block(struct inflate *st)
{
	const u8 *p;
	size_t len;

	to_byte(st);
	if (st->len - st->pos < 4)
		return -EINVAL;
	p = st->src + st->pos;
	len = p[0] | (size_t)p[1] << 8;
	if ((len ^ (p[2] | (size_t)p[3] << 8)) != 0xffff)
		return -EINVAL;
	st->pos += 4;
	if (len > st->len - st->pos)
		return -EINVAL;
	st->total += len;
	while (len) {
		size_t n = MIN(len, INFLATE_WINDOW - st->window_pos);

		memcpy(&st->window[st->window_pos], st->src + st->pos, n);
		st->pos += n;
		st->window_pos += n;
		len -= n;
		if (st->window_pos == INFLATE_WINDOW) {
			int err = flush(st);

			if (err)
				return err;
		}
	}
	return 0;
}

/* RFC 1951 3.2.6 */
static int fixed_codes(struct inflate *st)
{
	memset(st->lengths, 8, 144);
	memset(st->lengths + 144, 9, 256 - 144);
	memset(st->lengths + 256, 7, 280 - 256);
	memset(st->lengths + 280, 8, N_LIT - 280);
	if (build(&st->lit, st->lengths, N_LIT))
		return -EINVAL;
	/* 32 of 5 bits; the last two are refused by match(). */
	memset(st->lengths, 5, 32);
	return build(&st->dist, st->lengths, 32);
}

/* The code lengths of @n symbols, themselves coded by st->lit. */
static int read_lengths(struct inflate *st, unsigned n)
{
	unsigned i = 0;

	while (i < n) {
		int symbol, repeat;
		u8 value = 0;

		refill(st);
		symbol = decode(st, &st->lit);
		if (symbol < 0)
			return symbol;
		if (symbol < 16) {
			st->lengths[i++] = (u8)symbol;
			continue;
		}
		if (symbol == 16) {
			if (!i)
				return -EINVAL;
			value = st->lengths[i - 1];
			repeat = take(st, 2) + 3;
		} else if (symbol == 17) {
			repeat = take(st, 3) + 3;
		} else {
			repeat = take(st, 7) + 11;
		}
		/* An error of take() is far below 0, with 11 added too. */
		if (repeat < 3 || (unsigned)repeat > n - i)
			return -EINVAL;
		memset(st->lengths + i, value, (size_t)repeat);
		i += (unsigned)repeat;
	}
	return 0;
}
static_assert(-EINVAL + 11 < 3, "read_lengths() relies on it");

/* RFC 1951 3.2.7 */
static int dynamic_codes(struct inflate *st)
{
	static const u8 order[19] = {
		16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
	};
	int n_lit = take(st, 5) + 257;
	int n_dist = take(st, 5) + 1;
	int n_code = take(st, 4) + 4;

	if (n_lit < 257 || n_lit > 286 || n_dist < 1 || n_dist > N_DIST || n_code < 4)
		return -EINVAL;
	memset(st->lengths, 0, sizeof(order));
	for (int i = 0; i < n_code; i++) {
		int len;

		refill(st);
		len = take(st, 3);
		if (len < 0)
			return len;
		st->lengths[order[i]] = (u8)len;
	}
	if (build(&st->lit, st->lengths, sizeof(order)))
		return -EINVAL;
	if (read_lengths(st, (unsigned)(n_lit + n_dist)))
		return -EINVAL;
	if (!st->lengths[END] || build(&st->lit, st->lengths, (unsigned)n_lit))
		return -EINVAL;
	return build(&st->dist, st->lengths + n_lit, (unsigned)n_dist);
}

static int inflate_blocks(struct inflate *st)
{
	int last, err;

	do {
		refill(st);
		last = take(st, 1);
		if (last < 0)
			return last;
		switch (take(st, 2)) {
		case 0:
			err = stored_block(st);
			break;
		case 1:
			err = fixed_codes(st);
			err = err ? err : compressed_block(st);
			break;
		case 2:
			err = dynamic_codes(st);
			err = err ? err : compressed_block(st);
			break;
		default:
			err = -EINVAL;
		}
		if (err)
			return err;
	} while (!last);
	to_byte(st);
	return flush(st);
}

/* Flags of the member header (RFC 1952 2.3.1). */
enum { F_TEXT = 1, F_HCRC = 2, F_EXTRA = 4, F_NAME = 8, F_COMMENT = 16, F_RESERVED = 0xe0 };

static int skip_text(struct inflate *st)
{
	const u8 *nul = memchr(st->src + st->pos, 0, st->len - st->pos);

	if (!nul)
		return -EINVAL;
	st->pos = (size_t)(nul - st->src) + 1;
	return 0;
}

static int member_header(struct inflate *st)
{
	size_t start = st->pos;
	const u8 *h = st->src + start;

	if (st->len - st->pos < 10 || !gzip_is(h, 2) || h[2] != 8 || (h[3] & F_RESERVED))
		return -EINVAL;
	st->pos += 10;
	if (h[3] & F_EXTRA) {
		size_t n;

		if (st->len - st->pos < 2)
			return -EINVAL;
		n = h[10] | (size_t)h[11] << 8;
		st->pos += 2;
		if (n > st->len - st->pos)
			return -EINVAL;
		st->pos += n;
	}
	if ((h[3] & F_NAME) && skip_text(st))
		return -EINVAL;
	if ((h[3] & F_COMMENT) && skip_text(st))
		return -EINVAL;
	if (h[3] & F_HCRC) {
		u32 crc = crc32_update(0, h, st->pos - start);

		if (st->len - st->pos < 2 ||
		    (st->src[st->pos] | st->src[st->pos + 1] << 8) != (int)(crc & 0xffff))
			return -EINVAL;
		st->pos += 2;
	}
	return 0;
}

static int member(struct inflate *st)
{
	u32 trailer[2];
	int err = member_header(st);

	if (err)
		return err;
	st->bits = 0;
	st->n_bits = 0;
	st->window_pos = 0;
	st->total = 0;
	st->crc = 0;
	err = inflate_blocks(st);
	if (err)
		return err;
	if (st->len - st->pos < sizeof(trailer))
		return -EINVAL;
	memcpy(trailer, st->src + st->pos, sizeof(trailer));
	st->pos += sizeof(trailer);
	/* CRC and size modulo 2^32, little endian as we are. */
	return trailer[0] == st->crc && trailer[1] == (u32)st->total ? 0 : -EINVAL;
}

int gzip_decode(struct inflate *st, const u8 *src, size_t src_len,
		int (*sink)(void *ctx, const u8 *data, size_t len), void *ctx)
{
	st->src = src;
	st->len = src_len;
	st->pos = 0;
	st->consumed = 0;
	st->sink = sink;
	st->ctx = ctx;
	do {
		int err = member(st);

		if (err)
			return err;
		st->consumed = st->pos;
	} while (gzip_is(src + st->pos, src_len - st->pos));
	return 0;
}
