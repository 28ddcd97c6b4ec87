/* SPDX-License-Identifier: MIT */
/*
 * [pure] The inside of a word: quoting (POSIX.1-2017 XCU §2.2) and the forms
 * that begin with $ or ` (§2.6). One reader serves all places where text has
 * parts; `enum place` says what ends it there and which quotes count.
 */
#include "parse_priv.h"

#include <string.h>

enum place {
	PLACE_WORD,         /* up to a blank or an operator */
	PLACE_DQUOTE,       /* "..." */
	PLACE_BRACE,        /* ${x-...} */
	PLACE_BRACE_QUOTED, /* "${x-...}" */
	PLACE_HERE,         /* here-document */
	PLACE_ARITH,        /* $((...)) */
};

struct builder {
	struct parser *p;
	struct word *word;
	struct part **tail;
	struct text text; /* being collected */
	bool quoted, open;
};

static void read_parts(struct builder *b, enum place place);

static void begin(struct builder *b, struct parser *p)
{
	b->p = p;
	b->word = pool_alloc(p->pool, sizeof(*b->word));
	b->tail = &b->word->parts;
	b->open = false;
}

static struct part *add_part(struct builder *b, enum part_kind kind, bool quoted)
{
	struct part *part = pool_alloc(b->p->pool, sizeof(*part));

	part->kind = kind;
	part->quoted = quoted;
	*b->tail = part;
	b->tail = &part->next;
	return part;
}

/* What was collected becomes a part. */
static void flush(struct builder *b)
{
	struct part *part;

	if (!b->open)
		return;
	part = add_part(b, PART_TEXT, b->quoted);
	part->text = text_get(&b->text);
	part->len = b->text.len;
	b->open = false;
}

/* From here on text is of this kind; an empty quoted piece counts as one. */
static void open_text(struct builder *b, bool quoted)
{
	if (b->open && b->quoted == quoted)
		return;
	flush(b);
	text_init(&b->text, b->p->pool);
	b->quoted = quoted;
	b->open = true;
}

static void put(struct builder *b, int c, bool quoted)
{
	open_text(b, quoted);
	text_char(&b->text, (char)c);
}

struct word *word_literal(struct parser *p, const char *text, size_t len, bool quoted)
{
	struct builder b;

	begin(&b, p);
	open_text(&b, quoted);
	text_add(&b.text, text, len);
	flush(&b);
	return b.word;
}

static bool in_quotes(enum place place)
{
	return place != PLACE_WORD && place != PLACE_BRACE;
}

static struct word *read_word(struct parser *p, enum place place)
{
	struct builder b;

	begin(&b, p);
	read_parts(&b, place);
	flush(&b);
	return b.word;
}

/* ---- $ and ` ---- */

static bool is_name_byte(int c, bool first)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
	       (!first && c >= '0' && c <= '9');
}

static bool is_special(int c)
{
	return c > 0 && strchr("@*#?-$!", c);
}

/* $name, $1, $@; in braces also $10. Return: NULL when none stands here. */
static const char *read_param_name(struct parser *p, bool braces)
{
	struct text name;
	int c = lex_peek(p);

	text_init(&name, p->pool);
	if (is_name_byte(c, true)) {
		for (; is_name_byte(c, false); c = lex_peek(p))
			text_char(&name, (char)lex_get(p));
	} else if (c >= '0' && c <= '9') {
		do {
			text_char(&name, (char)lex_get(p));
			c = lex_peek(p);
		} while (braces && c >= '0' && c <= '9');
	} else if (is_special(c)) {
		text_char(&name, (char)lex_get(p));
	} else {
		return NULL;
	}
	return text_get(&name);
}

static void expect_brace(struct parser *p)
{
	if (lex_get(p) != '}')
		parse_fail(p, "bad substitution: no } where it belongs");
}

static bool doubled(struct parser *p, int c)
{
	if (lex_peek(p) != c)
		return false;
	lex_get(p);
	return true;
}

static enum param_op read_param_op(struct parser *p, struct part *part)
{
	int c = lex_get(p);

	if (c == ':') {
		part->colon = true;
		c = lex_get(p);
	}
	switch (c) {
	case '-':
		return PARAM_DEFAULT;
	case '=':
		return PARAM_ASSIGN;
	case '?':
		return PARAM_ERROR;
	case '+':
		return PARAM_OTHER;
	case '%':
		if (!part->colon)
			return doubled(p, '%') ? PARAM_SUFFIX_LONG : PARAM_SUFFIX;
		break;
	case '#':
		if (!part->colon)
			return doubled(p, '#') ? PARAM_PREFIX_LONG : PARAM_PREFIX;
		break;
	default:
		break;
	}
	parse_fail(p, c < 0 ? "${ without }" : "bad substitution");
}

/* Behind "${#": the length of something, unless # is the parameter itself. */
static bool read_length(struct parser *p, struct part *part)
{
	int c = lex_peek(p);

	if (c == '}' || (c > 0 && strchr("-=?+%:", c) && p->frame->text[1] != '}'))
		return false; /* ${#}, ${#-w} */
	part->text = read_param_name(p, true);
	if (!part->text)
		return false;
	part->op = PARAM_LENGTH;
	expect_brace(p);
	return true;
}

static void read_braces(struct builder *b, bool quoted)
{
	struct parser *p = b->p;
	struct part *part;
	bool pattern;

	flush(b);
	part = add_part(b, PART_PARAM, quoted);
	if (lex_peek(p) == '#') {
		lex_get(p);
		if (read_length(p, part))
			return;
		part->text = "#";
	} else {
		part->text = read_param_name(p, true);
	}
	if (!part->text)
		parse_fail(p, "bad substitution");
	if (lex_peek(p) == '}') {
		lex_get(p);
		return;
	}
	part->op = read_param_op(p, part);
	pattern = part->op >= PARAM_SUFFIX; /* its quotes are its own */
	part->arg = read_word(p, quoted && !pattern ? PLACE_BRACE_QUOTED : PLACE_BRACE);
	expect_brace(p);
}

static void read_arith(struct builder *b, bool quoted)
{
	struct part *part;

	flush(b);
	part = add_part(b, PART_ARITH, quoted);
	part->arg = read_word(b->p, PLACE_ARITH);
}

static void read_command(struct builder *b, bool quoted)
{
	struct part *part;

	flush(b);
	part = add_part(b, PART_COMMAND, quoted);
	part->list = parse_substitution(b->p, true);
}

static void read_dollar(struct builder *b, bool quoted)
{
	struct parser *p = b->p;
	int c = lex_peek(p);
	const char *name;

	parse_enter(p);
	if (c == '(') {
		lex_get(p);
		if (lex_peek(p) == '(') {
			lex_get(p);
			read_arith(b, quoted);
		} else {
			read_command(b, quoted);
		}
	} else if (c == '{') {
		lex_get(p);
		read_braces(b, quoted);
	} else if ((name = read_param_name(p, false))) {
		flush(b);
		add_part(b, PART_PARAM, quoted)->text = name;
	} else {
		put(b, '$', quoted);
	}
	parse_leave(p);
}

/* Read @text to its end as if it were the whole input. */
static struct frame seal(struct parser *p, const char *text)
{
	return (struct frame){ .prev = p->frame, .text = text, .sealed = true };
}

/* `...`: backslash counts before \ ` $, and before " inside double quotes. */
static void read_backquotes(struct builder *b, bool quoted, bool in_dquote)
{
	struct parser *p = b->p;
	struct text text;
	struct frame inner;
	struct part *part;
	int c;

	text_init(&text, p->pool);
	while ((c = lex_get(p)) != '`') {
		if (c < 0)
			parse_fail(p, "` without its end");
		if (c == '\\') {
			int next = lex_peek(p);

			if (next == '\\' || next == '`' || next == '$' ||
			    (in_dquote && next == '"'))
				c = lex_get(p);
		}
		text_char(&text, (char)c);
	}
	flush(b);
	part = add_part(b, PART_COMMAND, quoted);
	parse_enter(p);
	inner = seal(p, text_get(&text));
	p->frame = &inner;
	part->list = parse_substitution(p, false);
	p->frame = inner.prev;
	parse_leave(p);
}

/* ---- quotes ---- */

static void read_single(struct builder *b)
{
	int c;

	open_text(b, true);
	while ((c = lex_get_raw(b->p)) != '\'') {
		if (c < 0)
			parse_fail(b->p, "' without its end");
		put(b, c, true);
	}
}

static void read_double(struct builder *b)
{
	struct part **before;

	flush(b);
	before = b->tail;
	parse_enter(b->p);
	read_parts(b, PLACE_DQUOTE);
	parse_leave(b->p);
	if (!b->open && b->tail == before)
		open_text(b, true); /* "" is a part; "$@" alone has none of its own */
}

/* Behind a backslash. */
static void read_escape(struct builder *b, enum place place)
{
	int c = lex_peek(b->p);
	bool counts;

	if (!in_quotes(place)) {
		if (c < 0)
			put(b, '\\', true);
		else
			put(b, lex_get(b->p), true);
		return;
	}
	counts = c == '$' || c == '`' || c == '\\' || (c == '"' && place != PLACE_HERE) ||
		 (c == '}' && place == PLACE_BRACE_QUOTED);
	put(b, counts ? lex_get(b->p) : '\\', true);
}

/* At @c, seen but not read: does the text end? Arithmetic counts in *parens. */
static bool ends(struct parser *p, enum place place, int c, unsigned *parens)
{
	switch (place) {
	case PLACE_WORD:
		return c < 0 || strchr(" \t\n&|;()<>", c);
	case PLACE_DQUOTE:
		if (c < 0)
			parse_fail(p, "\" without its end");
		if (c == '"')
			lex_get(p);
		return c == '"';
	case PLACE_BRACE:
	case PLACE_BRACE_QUOTED:
		if (c < 0)
			parse_fail(p, "${ without }");
		return c == '}';
	case PLACE_HERE:
		return c < 0;
	case PLACE_ARITH:
		if (c < 0)
			parse_fail(p, "$(( without ))");
		*parens += c == '(';
		if (c != ')' || (*parens && (*parens)--))
			return false;
		lex_get(p);
		if (lex_get(p) != ')')
			parse_fail(p, "$(( without )); for a subshell in $( ) write $( ( ");
		return true;
	}
	return true;
}

static void read_parts(struct builder *b, enum place place)
{
	bool quoted = in_quotes(place);
	struct parser *p = b->p;
	unsigned parens = 0;
	int c;

	while (!ends(p, place, c = lex_peek(p), &parens)) {
		lex_get(p);
		if (c == '\\')
			read_escape(b, place);
		else if (c == '$')
			read_dollar(b, quoted);
		else if (c == '`')
			read_backquotes(b, quoted, place == PLACE_DQUOTE);
		else if (c == '\'' && !quoted)
			read_single(b);
		else if (c == '"' && place != PLACE_HERE && place != PLACE_ARITH)
			read_double(b);
		else
			put(b, c, quoted);
	}
}

struct word *word_read(struct parser *p)
{
	p->in_command = true;
	return read_word(p, PLACE_WORD);
}

struct word *word_here(struct parser *p, const char *text)
{
	struct frame inner = seal(p, text);
	struct word *w;

	p->frame = &inner;
	w = read_word(p, PLACE_HERE);
	p->frame = inner.prev;
	return w;
}
