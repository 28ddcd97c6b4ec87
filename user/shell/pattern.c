/* SPDX-License-Identifier: MIT */
/* [pure] Shell patterns (contract in pattern.h). */
#include "pattern.h"

#include <ctype.h>
#include <string.h>

#define RAW_BYTE 0x80000000u /* a byte that belongs to no character */

size_t pattern_utf8(const char *s, u32 *c)
{
	u8 first = (u8)*s;
	size_t len = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 :
		     first < 0xf5 ? 4 : 0;
	u32 value = len < 2 ? first : first & (0x7fu >> len);

	for (size_t i = 1; i < len; i++) {
		if (((u8)s[i] & 0xc0) != 0x80)
			len = 0;
		value = value << 6 | ((u8)s[i] & 0x3f);
	}
	*c = len ? value : RAW_BYTE | first;
	return len ? len : 1;
}

static bool in_class(const char *name, size_t len, u32 c)
{
	static const struct {
		const char *name;
		int (*is)(int c);
	} classes[] = {
		{ "alnum", isalnum }, { "alpha", isalpha }, { "blank", isblank },
		{ "cntrl", iscntrl }, { "digit", isdigit }, { "graph", isgraph },
		{ "lower", islower }, { "print", isprint }, { "punct", ispunct },
		{ "space", isspace }, { "upper", isupper }, { "xdigit", isxdigit },
	};

	for (size_t i = 0; i < ARRAY_SIZE(classes); i++)
		if (strlen(classes[i].name) == len && !memcmp(classes[i].name, name, len))
			return c < 128 && classes[i].is((int)c);
	return false;
}

/* One end of a range, or a single character. Moves *p behind it. */
static u32 bracket_char(const char **p)
{
	u32 c;

	if (**p == '[' && ((*p)[1] == '.' || (*p)[1] == '=')) {
		const char close[3] = { (*p)[1], ']', '\0' };
		const char *end = strstr(*p + 2, close);

		if (end && end > *p + 2) {
			pattern_utf8(*p + 2, &c);
			*p = end + 2;
			return c;
		}
	}
	if (**p == '\\' && (*p)[1])
		++*p;
	*p += pattern_utf8(*p, &c);
	return c;
}

/* @p is behind '['. Return: behind ']', or NULL: no bracket expression. */
static const char *bracket(const char *p, u32 c, bool *match)
{
	bool negate = *p == '!' || *p == '^', found = false, first = true;

	p += negate;
	for (; first || *p != ']'; first = false) {
		const char *end = *p == '[' && p[1] == ':' ? strstr(p + 2, ":]") : NULL;
		u32 low, high;

		if (!*p)
			return NULL;
		if (end) {
			found |= in_class(p + 2, (size_t)(end - p - 2), c);
			p = end + 2;
			continue;
		}
		low = high = bracket_char(&p);
		if (*p == '-' && p[1] && p[1] != ']') {
			p++;
			high = bracket_char(&p);
		}
		found |= c >= low && c <= high;
	}
	*match = found != negate;
	return p + 1;
}

/* One pattern character other than * against @c. Return: behind it; NULL: differs. */
static const char *match_one(const char *p, u32 c)
{
	const char *end;
	bool match;
	u32 want;

	if (*p == '?')
		return p + 1;
	if (*p == '[') {
		end = bracket(p + 1, c, &match);
		if (end)
			return match ? end : NULL;
	}
	if (*p == '\\' && p[1])
		p++;
	end = p + pattern_utf8(p, &want);
	return want == c ? end : NULL;
}

bool pattern_match(const char *p, const char *s)
{
	const char *star = NULL, *from = NULL; /* the last * and where its rest was tried */

	while (*s) {
		const char *next;
		size_t len;
		u32 c;

		if (*p == '*') {
			star = ++p;
			from = s;
			continue;
		}
		len = pattern_utf8(s, &c);
		next = *p ? match_one(p, c) : NULL;
		if (next) {
			p = next;
			s += len;
		} else if (star) {
			p = star;
			from += pattern_utf8(from, &c);
			s = from;
		} else {
			return false;
		}
	}
	while (*p == '*')
		p++;
	return !*p;
}

bool pattern_is_magic(const char *p)
{
	for (; *p; p++) {
		if (*p == '\\' && p[1])
			p++;
		else if (*p == '*' || *p == '?' || (*p == '[' && strchr(p, ']')))
			return true;
	}
	return false;
}
