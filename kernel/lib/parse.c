/* SPDX-License-Identifier: MIT */
/* [pure] Numbers and switches in text. */
#include <kernel/lib/parse.h>

#include <kernel/abi/errno.h>
#include <kernel/lib/string.h>

static unsigned digit(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 99;
}

int parse_u64(const char *s, size_t len, u64 *out)
{
	unsigned base = 10;
	u64 v = 0;

	if (len > 2 && s[0] == '0' && (s[1] | 0x20) == 'x') {
		base = 16;
		s += 2;
		len -= 2;
	}
	if (!len)
		return -EINVAL;
	for (; len; len--, s++) {
		unsigned d = digit(*s);

		if (d >= base)
			return -EINVAL;
		if (__builtin_mul_overflow(v, base, &v) || __builtin_add_overflow(v, d, &v))
			return -ERANGE;
	}
	*out = v;
	return 0;
}

static unsigned suffix_shift(char c)
{
	switch (c | 0x20) {
	case 'k':
		return 10;
	case 'm':
		return 20;
	case 'g':
		return 30;
	case 't':
		return 40;
	default:
		return 0;
	}
}

int parse_size(const char *s, size_t len, u64 *out)
{
	unsigned shift = len ? suffix_shift(s[len - 1]) : 0;
	u64 v;
	int err = parse_u64(s, shift ? len - 1 : len, &v);

	if (err)
		return err;
	if (v > UINT64_MAX >> shift)
		return -ERANGE;
	*out = v << shift;
	return 0;
}

int parse_bool(const char *s, size_t len, bool *out)
{
	static const char words[][6] = {
		"0", "1", "n", "y", "no", "yes", "off", "on", "false", "true",
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strlen(words[i]) == len && !memcmp(words[i], s, len)) {
			*out = i & 1;
			return 0;
		}
	}
	return -EINVAL;
}
