/* SPDX-License-Identifier: MIT */
/* Field splitting and quote removal (contract in field.h). */
#include "field.h"

#include <string.h>

#include "pattern.h"
#include "shell.h"
#include "var.h"

void field_init(struct field_buf *b)
{
	text_init(&b->bytes, &shell.temp);
	text_init(&b->flags, &shell.temp);
}

void field_put(struct field_buf *b, const char *s, size_t len, enum field_flag flag)
{
	text_add(&b->bytes, s, len);
	for (size_t i = 0; i < len; i++)
		text_char(&b->flags, (char)flag);
}

void field_mark(struct field_buf *b, enum field_flag flag)
{
	text_char(&b->bytes, '\0');
	text_char(&b->flags, (char)flag);
}

char *field_join(struct field_buf *b)
{
	struct text t;

	text_init(&t, &shell.temp);
	for (size_t i = 0; i < b->bytes.len; i++) {
		if (b->flags.s[i] == FIELD_BREAK)
			text_char(&t, ' ');
		else if (b->flags.s[i] != FIELD_NULL)
			text_char(&t, b->bytes.s[i]);
	}
	return text_get(&t);
}

static void put_pattern(struct text *t, char c, enum field_flag flag)
{
	if (flag == FIELD_NULL)
		return;
	if (flag == FIELD_QUOTED && strchr("*?[]\\!-^", c))
		text_char(t, '\\');
	text_char(t, flag == FIELD_BREAK ? ' ' : c);
}

char *field_pattern(const struct field_buf *b)
{
	struct text t;

	text_init(&t, &shell.temp);
	for (size_t i = 0; i < b->bytes.len; i++)
		put_pattern(&t, b->bytes.s[i], (enum field_flag)b->flags.s[i]);
	return text_get(&t);
}

void field_add(struct field_list *list, char *s)
{
	if (list->n + 1 >= list->cap) {
		size_t cap = list->cap ? 2 * list->cap : 16;
		char **v = pool_alloc(&shell.temp, cap * sizeof(*v));

		if (list->n)
			memcpy(v, list->v, list->n * sizeof(*v));
		list->v = v;
		list->cap = cap;
	}
	list->v[list->n++] = s;
	list->v[list->n] = NULL;
}

/* A field while it is collected. */
struct field {
	struct text bytes, pattern;
	bool any;   /* there is one, if empty */
	bool magic; /* an unquoted pattern character */
};

static void begin(struct field *f)
{
	text_init(&f->bytes, &shell.temp);
	text_init(&f->pattern, &shell.temp);
	f->any = f->magic = false;
}

static void end(struct field *f, struct field_list *out)
{
	const char *pattern;

	if (!f->any)
		return;
	pattern = f->magic && !shell_opt(OPT_NOGLOB) ? text_get(&f->pattern) : NULL;
	if (!pattern || !pattern_is_magic(pattern) || !glob_expand(pattern, out))
		field_add(out, text_get(&f->bytes));
	begin(f);
}

static void collect(struct field *f, char c, enum field_flag flag)
{
	f->any = true;
	if (flag == FIELD_NULL)
		return;
	text_char(&f->bytes, c);
	put_pattern(&f->pattern, c, flag);
	f->magic |= flag != FIELD_QUOTED && strchr("*?[", c);
}

void field_split(const struct field_buf *b, struct field_list *out)
{
	const char *ifs = var_get("IFS");
	bool blank_ended = false; /* IFS white space ended a field: one more separator joins it */
	struct field f;

	if (!ifs)
		ifs = " \t\n";
	begin(&f);
	for (size_t i = 0; i < b->bytes.len; i++) {
		enum field_flag flag = (enum field_flag)b->flags.s[i];
		char c = b->bytes.s[i];

		if (flag == FIELD_BREAK) {
			end(&f, out);
			blank_ended = false;
		} else if (flag != FIELD_SPLIT || !strchr(ifs, c) || !c) {
			collect(&f, c, flag);
			blank_ended = false;
		} else if (strchr(" \t\n", c)) {
			blank_ended |= f.any;
			end(&f, out);
		} else if (f.any || !blank_ended) {
			f.any = true;
			end(&f, out);
		} else {
			blank_ended = false;
		}
	}
	end(&f, out);
}
