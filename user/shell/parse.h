/* SPDX-License-Identifier: MIT */
/*
 * [pure] Shell language to trees, a complete command at a time, so that what
 * one line defines (aliases, options) holds for the next. It asks its caller
 * for lines and for aliases and knows nothing else. Any bytes may come in: the
 * worst that happens is PARSE_ERROR with a message. Nesting is limited.
 */
#pragma once

#include <setjmp.h>

#include "ast.h"

struct parse_hooks {
	/* The next line, with its newline; NULL at the end. @more: inside a command.
	 * The text must stay as it is until the next call. */
	const char *(*line)(void *ctx, bool more);
	/* What @name is an alias for, or NULL. */
	const char *(*alias)(void *ctx, const char *name);
	void *ctx;
};

enum token_kind {
	TOKEN_END, TOKEN_NEWLINE, TOKEN_WORD, TOKEN_IO_NUMBER,
	TOKEN_AND_IF, TOKEN_OR_IF, TOKEN_DSEMI, TOKEN_SEMI_AND, TOKEN_AMP, TOKEN_PIPE,
	TOKEN_SEMI, TOKEN_LPAREN, TOKEN_RPAREN, TOKEN_LESS, TOKEN_GREAT, TOKEN_DLESS,
	TOKEN_DLESS_DASH, TOKEN_DGREAT, TOKEN_LESS_AND, TOKEN_GREAT_AND, TOKEN_LESS_GREAT,
	TOKEN_CLOBBER,
};

struct token {
	enum token_kind kind;
	struct word *word;          /* WORD, IO_NUMBER */
	const struct frame *frame;  /* where its first byte came from */
	unsigned line;
};

/* Text being read: the caller's line at the bottom, aliases above it. */
struct frame {
	struct frame *prev;
	const char *text;
	const char *alias; /* its name; NULL: none */
	bool ends_blank;   /* the alias: the word behind it may be one too */
	bool sealed;       /* its end is the end of input: here-documents, `...` */
};

struct parser {
	const struct parse_hooks *hooks;
	struct pool *pool;
	struct tree *tree;
	struct frame *frame;
	struct frame bottom;
	struct token token;          /* pushed back, when has_token */
	bool has_token;
	bool at_end;                 /* the caller has no more lines */
	bool in_command;             /* a line asked for now continues one */
	bool alias_next;             /* an alias ended in a blank: the next word may be one */
	struct redir *here, **here_tail; /* here-documents whose bodies come at the newline */
	unsigned line;
	unsigned depth;
	char error[160];
	jmp_buf fail;
};

enum parse_result { PARSE_OK, PARSE_END, PARSE_ERROR };

void parse_init(struct parser *p, const struct parse_hooks *hooks);
/**
 * parse_command - the next complete command
 * @out: on PARSE_OK a tree with one reference; its root is NULL for an empty line
 * Return: PARSE_ERROR: @p->error says why; the rest of the line was dropped.
 */
enum parse_result parse_command(struct parser *p, struct tree **out);
void parse_tree_get(struct tree *t);
void parse_tree_put(struct tree *t);

/* A word without quotes or expansions as text, or NULL. */
const char *parse_plain(const struct word *w);
/* @s is a name: a letter or _, then those and digits. */
bool parse_is_name(const char *s, size_t len);
