/* SPDX-License-Identifier: MIT */
/*
 * [pure] Bytes and tokens (POSIX.1-2017 XCU §2.3): lines from the caller,
 * aliases laid over them, operators, and here-documents, whose bodies are
 * fetched when the newline of their line is read.
 */
#include "parse_priv.h"

#include <string.h>

/* The next byte unread, or -1. Frames that are used up go away. */
static int peek_raw(struct parser *p)
{
	for (;;) {
		struct frame *f = p->frame;

		if (*f->text)
			return (unsigned char)*f->text;
		if (f->sealed)
			return -1;
		if (f->prev) {
			p->alias_next |= f->ends_blank;
			p->frame = f->prev;
			continue;
		}
		if (p->at_end)
			return -1;
		f->text = p->hooks->line(p->hooks->ctx, p->in_command);
		if (!f->text) {
			f->text = "";
			p->at_end = true;
		}
	}
}

int lex_get_raw(struct parser *p)
{
	int c = peek_raw(p);

	if (c < 0)
		return c;
	p->frame->text++;
	if (c == '\n')
		p->line++;
	return c;
}

int lex_peek(struct parser *p)
{
	int c;

	while ((c = peek_raw(p)) == '\\' && p->frame->text[1] == '\n') {
		p->frame->text += 2;
		p->line++;
		p->in_command = true;
	}
	return c;
}

int lex_get(struct parser *p)
{
	return lex_peek(p) < 0 ? -1 : lex_get_raw(p);
}

void lex_push_back(struct parser *p, struct token t)
{
	p->token = t;
	p->has_token = true;
}

void lex_push_alias(struct parser *p, const char *name, const char *text)
{
	struct frame *f = pool_alloc(p->pool, sizeof(*f));
	size_t len = strlen(text);

	f->prev = p->frame;
	f->alias = name;
	f->text = pool_strndup(p->pool, text, len);
	f->ends_blank = len && (text[len - 1] == ' ' || text[len - 1] == '\t');
	p->frame = f;
}

/* ---- here-documents ---- */

void lex_here_add(struct parser *p, struct redir *r)
{
	struct redir **cell = pool_alloc(p->pool, 2 * sizeof(*cell));

	/* A list of pointers: r->next is the list of the command's redirections. */
	cell[0] = r;
	*p->here_tail = (struct redir *)(void *)cell;
	p->here_tail = &cell[1];
}

/* One line without its newline to @line. Return: false at the end of input. */
static bool here_line(struct parser *p, struct text *line)
{
	int c;

	text_init(line, p->pool);
	while ((c = lex_get_raw(p)) >= 0 && c != '\n')
		text_char(line, (char)c);
	return c == '\n' || line->len;
}

static void here_body(struct parser *p, struct redir *r)
{
	struct text body, line;

	text_init(&body, p->pool);
	while (here_line(p, &line)) {
		const char *s = text_get(&line);

		if (r->strip_tabs)
			s += strspn(s, "\t");
		if (strcmp(s, r->delim) == 0)
			break;
		text_str(&body, s);
		text_char(&body, '\n');
	}
	r->word = r->literal ? word_literal(p, text_get(&body), body.len, true) :
			       word_here(p, text_get(&body));
}

static void here_bodies(struct parser *p)
{
	while (p->here) {
		struct redir **cell = (struct redir **)(void *)p->here;

		p->here = cell[1];
		if (!p->here)
			p->here_tail = &p->here;
		here_body(p, cell[0]);
	}
}

/* ---- tokens ---- */

static const struct {
	const char *text;
	enum token_kind kind;
} operators[] = { /* longer ones first */
	{ "<<-", TOKEN_DLESS_DASH }, { "&&", TOKEN_AND_IF }, { "||", TOKEN_OR_IF },
	{ ";;", TOKEN_DSEMI }, { ";&", TOKEN_SEMI_AND }, { "<<", TOKEN_DLESS },
	{ ">>", TOKEN_DGREAT }, { "<&", TOKEN_LESS_AND }, { ">&", TOKEN_GREAT_AND },
	{ "<>", TOKEN_LESS_GREAT }, { ">|", TOKEN_CLOBBER }, { "&", TOKEN_AMP },
	{ "|", TOKEN_PIPE }, { ";", TOKEN_SEMI }, { "(", TOKEN_LPAREN }, { ")", TOKEN_RPAREN },
	{ "<", TOKEN_LESS }, { ">", TOKEN_GREAT },
};

const char *lex_token_name(const struct token *t)
{
	const char *plain;

	for (size_t i = 0; i < ARRAY_SIZE(operators); i++)
		if (operators[i].kind == t->kind)
			return operators[i].text;
	if (t->kind == TOKEN_END)
		return "end of input";
	if (t->kind == TOKEN_NEWLINE)
		return "newline";
	plain = parse_plain(t->word);
	return plain ? plain : "word";
}

static bool is_operator_start(int c)
{
	return c > 0 && strchr("&|;()<>", c);
}

/* The longest operator that begins with the next byte, which is one's start. */
static enum token_kind read_operator(struct parser *p)
{
	char text[4] = "";
	size_t len = 0;

	for (;;) {
		enum token_kind kind = TOKEN_END;
		bool longer = false;
		int c;

		text[len++] = (char)lex_get(p);
		c = lex_peek(p);
		for (size_t i = 0; i < ARRAY_SIZE(operators); i++) {
			const char *op = operators[i].text;

			if (strcmp(op, text) == 0)
				kind = operators[i].kind;
			else if (strncmp(op, text, len) == 0 && op[len] == c && c > 0)
				longer = true;
		}
		if (!longer)
			return kind;
	}
}

static void skip_blanks(struct parser *p)
{
	int c;

	while ((c = lex_peek(p)) == ' ' || c == '\t')
		lex_get(p);
	if (c != '#')
		return;
	while ((c = peek_raw(p)) >= 0 && c != '\n')
		lex_get_raw(p);
}

static bool is_io_number(struct parser *p, const struct word *w)
{
	const char *s = parse_plain(w);
	int c = lex_peek(p);

	return s && (c == '<' || c == '>') && *s && s[strspn(s, "0123456789")] == '\0';
}

struct token lex_token(struct parser *p)
{
	struct token t = { .kind = TOKEN_END };
	int c;

	if (p->has_token) {
		p->has_token = false;
		return p->token;
	}
	skip_blanks(p);
	c = lex_peek(p);
	t.line = p->line;
	t.frame = p->frame;
	if (c < 0) {
		here_bodies(p);
	} else if (c == '\n') {
		t.kind = TOKEN_NEWLINE;
		lex_get(p);
		here_bodies(p);
	} else if (is_operator_start(c)) {
		t.kind = read_operator(p);
	} else {
		t.word = word_read(p);
		t.kind = is_io_number(p, t.word) ? TOKEN_IO_NUMBER : TOKEN_WORD;
	}
	return t;
}
