/* SPDX-License-Identifier: MIT */
/* [pure] The line being edited (contract in line.h). */
#include "line.h"

#include <stdlib.h>
#include <string.h>

#include "pattern.h"

void line_init(struct line *l)
{
	*l = (struct line){ .cap = 128 };
	l->s = calloc(1, l->cap);
	if (!l->s)
		abort();
}

void line_fini(struct line *l)
{
	free(l->s);
	free(l->cut);
}

static bool reserve(struct line *l, size_t len)
{
	size_t cap = l->cap;
	char *s;

	if (len >= LINE_MAX_LEN)
		return false;
	while (cap <= len)
		cap *= 2;
	if (cap == l->cap)
		return true;
	s = realloc(l->s, cap);
	if (!s)
		return false;
	l->s = s;
	l->cap = cap;
	return true;
}

bool line_insert(struct line *l, const char *s, size_t len)
{
	if (!reserve(l, l->len + len))
		return false;
	memmove(l->s + l->at + len, l->s + l->at, l->len - l->at + 1);
	memcpy(l->s + l->at, s, len);
	l->len += len;
	l->at += len;
	return true;
}

void line_set(struct line *l, const char *text)
{
	l->len = l->at = 0;
	l->s[0] = '\0';
	(void)line_insert(l, text, strlen(text));
}

bool line_right(struct line *l)
{
	u32 c;

	if (l->at == l->len)
		return false;
	l->at += pattern_utf8(l->s + l->at, &c);
	return true;
}

bool line_left(struct line *l)
{
	size_t from = l->at > 4 ? l->at - 4 : 0, target = l->at;
	u32 c;

	if (!target)
		return false;
	/* The character that ends here: the longest one of up to four bytes. */
	for (l->at = from; l->at < target; l->at++)
		if (l->at + pattern_utf8(l->s + l->at, &c) == target)
			return true;
	l->at = target - 1;
	return true;
}

static bool in_word(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       c == '_' || (c & 0x80);
}

void line_word_left(struct line *l)
{
	while (l->at && !in_word(l->s[l->at - 1]))
		l->at--;
	while (l->at && in_word(l->s[l->at - 1]))
		l->at--;
}

void line_word_right(struct line *l)
{
	while (l->at < l->len && !in_word(l->s[l->at]))
		l->at++;
	while (l->at < l->len && in_word(l->s[l->at]))
		l->at++;
}

void line_delete_to(struct line *l, size_t to, bool keep)
{
	size_t from = MIN(l->at, to), end = MAX(l->at, to);

	if (keep && end > from) {
		free(l->cut);
		l->cut = strndup(l->s + from, end - from);
	}
	memmove(l->s + from, l->s + end, l->len - end + 1);
	l->len -= end - from;
	l->at = from;
}

void line_swap(struct line *l)
{
	size_t middle, start, end;
	char first[8];

	if (l->at == l->len)
		line_left(l);
	middle = l->at;
	if (!line_left(l) || middle == l->len)
		return;
	start = l->at;
	l->at = middle;
	line_right(l);
	end = l->at;
	memcpy(first, l->s + start, middle - start);
	memmove(l->s + start, l->s + middle, end - middle);
	memcpy(l->s + start + (end - middle), first, middle - start);
}

void line_paste(struct line *l)
{
	if (l->cut)
		(void)line_insert(l, l->cut, strlen(l->cut));
}
