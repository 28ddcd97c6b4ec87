/* SPDX-License-Identifier: MIT */
/*
 * [pure] printf core (ISO C11 7.21.6.1). Output goes piecewise to a sink, so
 * nothing here has a buffer whose size could be wrong: the longest number is
 * 22 octal digits, padding is put out in pieces.
 */
#include <kernel/lib/format.h>

#include <kernel/lib/string.h>
#include <limits.h>

struct format {
	void (*put)(void *ctx, const char *s, size_t n);
	void *ctx;
	size_t total;
	va_list ap;
};

struct spec {
	bool left, plus, space, alt, zero;
	int width;
	int precision; /* -1: not given */
	int size;      /* bytes of the integer argument */
};

static void emit(struct format *f, const char *s, size_t n)
{
	if (n)
		f->put(f->ctx, s, n);
	f->total += n;
}

static void pad(struct format *f, char c, int n)
{
	char piece[32];

	memset(piece, c, sizeof(piece));
	for (; n > 0; n -= (int)sizeof(piece))
		emit(f, piece, MIN((size_t)n, sizeof(piece)));
}

static void put_text(struct format *f, const struct spec *sp, const char *s, size_t n)
{
	int fill = n < (size_t)sp->width ? sp->width - (int)n : 0;

	if (!sp->left)
		pad(f, ' ', fill);
	emit(f, s, n);
	if (sp->left)
		pad(f, ' ', fill);
}

static void put_number(struct format *f, const struct spec *sp, u64 v, unsigned base,
		       bool upper, const char *prefix)
{
	const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
	char buf[24];
	char *p = buf + sizeof(buf);
	int n_prefix = (int)strlen(prefix);
	int n_digits, zeros, fill;

	/* Zero with precision 0 has no digits at all. */
	for (; v || (p == buf + sizeof(buf) && sp->precision != 0); v /= base)
		*--p = digits[v % base];
	n_digits = (int)(buf + sizeof(buf) - p);
	zeros = MAX(sp->precision - n_digits, 0);
	/* %#o: the precision grows until the first digit is 0. */
	if (sp->alt && base == 8 && !zeros && (!n_digits || *p != '0'))
		zeros = 1;
	fill = MAX(sp->width - n_prefix - zeros - n_digits, 0);
	if (sp->zero && !sp->left && sp->precision < 0) {
		zeros += fill;
		fill = 0;
	}

	if (!sp->left)
		pad(f, ' ', fill);
	emit(f, prefix, (size_t)n_prefix);
	pad(f, '0', zeros);
	emit(f, p, (size_t)n_digits);
	if (sp->left)
		pad(f, ' ', fill);
}

/* Narrow arguments come as int, and are cut here to what was asked for. */
static s64 arg_signed(struct format *f, const struct spec *sp)
{
	switch (sp->size) {
	case 1:
		return (s8)va_arg(f->ap, int);
	case 2:
		return (s16)va_arg(f->ap, int);
	case 4:
		return va_arg(f->ap, int);
	default:
		return va_arg(f->ap, s64);
	}
}

static u64 arg_unsigned(struct format *f, const struct spec *sp)
{
	switch (sp->size) {
	case 1:
		return (u8)va_arg(f->ap, unsigned);
	case 2:
		return (u16)va_arg(f->ap, unsigned);
	case 4:
		return va_arg(f->ap, unsigned);
	default:
		return va_arg(f->ap, u64);
	}
}

static void put_signed(struct format *f, const struct spec *sp)
{
	s64 v = arg_signed(f, sp);
	const char *sign = v < 0 ? "-" : sp->plus ? "+" : sp->space ? " " : "";

	put_number(f, sp, v < 0 ? 0 - (u64)v : (u64)v, 10, false, sign);
}

static void put_string(struct format *f, const struct spec *sp)
{
	const char *s = va_arg(f->ap, const char *);

	if (!s)
		s = "(null)";
	put_text(f, sp, s, strnlen(s, sp->precision < 0 ? SIZE_MAX : (size_t)sp->precision));
}

static const char *parse_flags(const char *p, struct spec *sp)
{
	for (;; p++) {
		switch (*p) {
		case '-':
			sp->left = true;
			break;
		case '+':
			sp->plus = true;
			break;
		case ' ':
			sp->space = true;
			break;
		case '#':
			sp->alt = true;
			break;
		case '0':
			sp->zero = true;
			break;
		default:
			return p;
		}
	}
}

/* A number or `*`. Beyond 1 MiB nobody means it: such a number stays there. */
static const char *parse_count(struct format *f, const char *p, int *out)
{
	const int max = 1 << 20;

	*out = 0;
	if (*p == '*') {
		*out = va_arg(f->ap, int);
		*out = *out > max ? max : *out < -max ? -max : *out;
		return p + 1;
	}
	for (; *p >= '0' && *p <= '9'; p++)
		*out = MIN(*out * 10 + (*p - '0'), max);
	return p;
}

static const char *parse_size(const char *p, struct spec *sp)
{
	sp->size = 4;
	switch (*p) {
	case 'h':
		sp->size = p[1] == 'h' ? 1 : 2;
		return p + (p[1] == 'h' ? 2 : 1);
	case 'l':
		sp->size = 8;
		return p + (p[1] == 'l' ? 2 : 1);
	case 'z':
	case 'j':
	case 't':
		sp->size = 8;
		return p + 1;
	default:
		return p;
	}
}

static const char *parse_spec(struct format *f, const char *p, struct spec *sp)
{
	*sp = (struct spec){ .precision = -1 };
	p = parse_flags(p, sp);
	p = parse_count(f, p, &sp->width);
	if (sp->width < 0) {
		sp->left = true;
		sp->width = -sp->width;
	}
	if (*p == '.') {
		p = parse_count(f, p + 1, &sp->precision);
		if (sp->precision < 0)
			sp->precision = -1;
	}
	return parse_size(p, sp);
}

/* @p behind a `%`; returns what follows the conversion. */
static const char *convert(struct format *f, const char *p)
{
	const char *start = p - 1;
	struct spec sp;
	u64 v;
	char c;

	p = parse_spec(f, p, &sp);
	switch (*p) {
	case 'd':
	case 'i':
		put_signed(f, &sp);
		break;
	case 'u':
		put_number(f, &sp, arg_unsigned(f, &sp), 10, false, "");
		break;
	case 'o':
		put_number(f, &sp, arg_unsigned(f, &sp), 8, false, "");
		break;
	case 'x':
	case 'X':
		v = arg_unsigned(f, &sp);
		put_number(f, &sp, v, 16, *p == 'X',
			   !sp.alt || !v ? "" : *p == 'X' ? "0X" : "0x");
		break;
	case 'p':
		put_number(f, &sp, (uintptr_t)va_arg(f->ap, void *), 16, false, "0x");
		break;
	case 'c':
		c = (char)va_arg(f->ap, int);
		put_text(f, &sp, &c, 1);
		break;
	case 's':
		put_string(f, &sp);
		break;
	case '%':
		emit(f, "%", 1);
		break;
	default:
		/* Unknown, or the string ends here: show it as it is. */
		emit(f, start, (size_t)(p - start));
		return p;
	}
	return p + 1;
}

int format_to(void (*put)(void *ctx, const char *s, size_t n), void *ctx,
	      const char *fmt, va_list ap)
{
	struct format f = { .put = put, .ctx = ctx };

	va_copy(f.ap, ap);
	while (*fmt) {
		const char *run = fmt;

		while (*fmt && *fmt != '%')
			fmt++;
		emit(&f, run, (size_t)(fmt - run));
		if (*fmt)
			fmt = convert(&f, fmt + 1);
	}
	va_end(f.ap);
	return f.total > INT_MAX ? INT_MAX : (int)f.total;
}

struct buffer {
	char *at;
	size_t room; /* without the place of the NUL */
};

static void buffer_put(void *ctx, const char *s, size_t n)
{
	struct buffer *b = ctx;

	n = MIN(n, b->room);
	memcpy(b->at, s, n);
	b->at += n;
	b->room -= n;
}

int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap)
{
	char none;
	struct buffer b = { size ? buf : &none, size ? size - 1 : 0 };
	int n = format_to(buffer_put, &b, fmt, ap);

	*b.at = '\0';
	return n;
}

int snprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf, size, fmt, ap);
	va_end(ap);
	return n;
}
