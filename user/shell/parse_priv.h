/* SPDX-License-Identifier: MIT */
/*
 * What the parts of the parser share: lex.c reads bytes and tokens, word.c the
 * inside of words, parse.c the grammar. Substitutions make them call each other.
 */
#pragma once

#include "parse.h"

#define PARSE_DEPTH_MAX 120u /* nesting; a level takes a few hundred bytes of stack */

__printf(2, 3) __noreturn void parse_fail(struct parser *p, const char *fmt, ...);
void parse_enter(struct parser *p);
static inline void parse_leave(struct parser *p)
{
	p->depth--;
}

/* lex.c: -1 is the end. lex_peek() and lex_get() pass over backslash-newline. */
int lex_peek(struct parser *p);
int lex_get(struct parser *p);
int lex_get_raw(struct parser *p);
struct token lex_token(struct parser *p);
void lex_push_back(struct parser *p, struct token t);
/* Put @alias's text before the rest of the input. */
void lex_push_alias(struct parser *p, const char *name, const char *text);
void lex_here_add(struct parser *p, struct redir *r);
const char *lex_token_name(const struct token *t);

/* word.c */
struct word *word_read(struct parser *p);
/* The parts of a here-document's body @text. */
struct word *word_here(struct parser *p, const char *text);
struct word *word_literal(struct parser *p, const char *text, size_t len, bool quoted);

/* parse.c: the inside of $( ) up to its parenthesis, or of ` ` up to the end. */
struct node *parse_substitution(struct parser *p, bool to_paren);
