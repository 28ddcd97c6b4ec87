/* SPDX-License-Identifier: MIT */
/* [pure] Trees back to text (contract in print.h). */
#include "print.h"

#include <string.h>

static void print_word(struct text *out, const struct word *w);
static void print_list(struct text *out, const struct node *n);

void print_quoted(struct text *out, const char *s, size_t len)
{
	text_char(out, '\'');
	for (size_t i = 0; i < len; i++) {
		if (s[i] == '\'')
			text_str(out, "'\\''");
		else
			text_char(out, s[i]);
	}
	text_char(out, '\'');
}

/* Unquoted text. A $ that stands for itself could become one that does not. */
static void print_bare(struct text *out, const struct part *part)
{
	for (size_t i = 0; i < part->len; i++) {
		if (part->text[i] == '$' || strchr(" \t\n&|;()<>`\"'\\}", part->text[i]))
			print_quoted(out, &part->text[i], 1);
		else
			text_char(out, part->text[i]);
	}
}

/* Text between double quotes. */
static void print_escaped(struct text *out, const struct part *part, const char *special)
{
	for (size_t i = 0; i < part->len; i++) {
		if (strchr(special, part->text[i]))
			text_char(out, '\\');
		text_char(out, part->text[i]);
	}
}

static void print_param(struct text *out, const struct part *part);

static void print_substitution(struct text *out, const struct part *part)
{
	text_str(out, "$(");
	if (part->list) {
		size_t at = out->len;

		print_list(out, part->list);
		if (out->s[at] == '(') { /* not $(( */
			text_char(out, ' ');
			memmove(out->s + at + 1, out->s + at, out->len - at - 1);
			out->s[at] = ' ';
		}
	}
	text_char(out, ')');
}

/* The parts of @w where everything is quoted already. */
static void print_inside(struct text *out, const struct word *w, const char *special)
{
	for (const struct part *part = w->parts; part; part = part->next) {
		if (part->kind == PART_TEXT)
			print_escaped(out, part, special);
		else if (part->kind == PART_PARAM)
			print_param(out, part);
		else if (part->kind == PART_COMMAND)
			print_substitution(out, part);
		else {
			text_str(out, "$((");
			print_inside(out, part->arg, "$`\\");
			text_str(out, "))");
		}
	}
}

static void print_param(struct text *out, const struct part *part)
{
	static const char *const ops[] = { "", "#", "-", "=", "?", "+", "%", "%%", "#", "##" };

	text_str(out, part->op == PARAM_LENGTH ? "${#" : "${");
	text_str(out, part->text);
	if (part->op > PARAM_LENGTH) {
		if (part->colon)
			text_char(out, ':');
		text_str(out, ops[part->op]);
		if (part->quoted && part->op < PARAM_SUFFIX)
			print_inside(out, part->arg, "$`\"\\}");
		else
			print_word(out, part->arg);
	}
	text_char(out, '}');
}

static void print_part(struct text *out, const struct part *part)
{
	struct word alone = { .parts = NULL };
	struct part copy = *part;

	if (part->kind == PART_TEXT) {
		if (part->quoted)
			print_quoted(out, part->text, part->len);
		else
			print_bare(out, part);
		return;
	}
	copy.next = NULL;
	alone.parts = &copy;
	if (part->quoted)
		text_char(out, '"');
	print_inside(out, &alone, "");
	if (part->quoted)
		text_char(out, '"');
}

static void print_word(struct text *out, const struct word *w)
{
	for (const struct part *part = w->parts; part; part = part->next)
		print_part(out, part);
}

static void print_words(struct text *out, const struct word *w, const char *before)
{
	for (; w; w = w->next) {
		text_str(out, before);
		print_word(out, w);
		before = " ";
	}
}

static void print_redirs(struct text *out, const struct redir *r)
{
	static const char *const signs[] = { "<", ">", ">|", ">>", "<>", "<&", ">&", "<<" };

	for (; r; r = r->next) {
		bool output = r->kind == REDIR_OUT || r->kind == REDIR_CLOBBER ||
			      r->kind == REDIR_APPEND || r->kind == REDIR_DUP_OUT;

		text_char(out, ' ');
		if (r->fd != output)
			text_printf(out, "%d", r->fd);
		text_str(out, signs[r->kind]);
		if (r->kind == REDIR_HERE)
			text_str(out, r->delim);
		else
			print_word(out, r->word);
	}
}

/* `>f if` runs a program named if: before its redirection it would be the word. */
static bool looks_reserved(const struct word *w)
{
	static const char words[] = " ! { } case do done elif else esac fi for if in then until "
				    "while ";
	const struct part *part = w ? w->parts : NULL;
	const char *found;

	if (!part || part->next || part->kind != PART_TEXT || part->quoted || !part->len)
		return false;
	found = strstr(words, part->text);
	return found && found[-1] == ' ' && found[part->len] == ' ';
}

static void print_simple(struct text *out, const struct node *n)
{
	const struct word *words = n->simple.words;
	const char *before = "";

	for (const struct assign *a = n->simple.assigns; a; a = a->next) {
		text_printf(out, "%s%s=", before, a->name);
		print_word(out, a->value);
		before = " ";
	}
	if (!n->simple.assigns && looks_reserved(words)) {
		print_quoted(out, words->parts->text, words->parts->len);
		words = words->next;
		before = " ";
	}
	print_words(out, words, before);
}

static void print_pipe(struct text *out, const struct node *n)
{
	if (n->pipe.negate)
		text_str(out, "! ");
	for (const struct node *c = n->pipe.first; c; c = c->next) {
		print_node(out, c);
		if (c->next)
			text_str(out, " | ");
	}
}

/* Commands with what stands between them; nothing behind the last but &. */
static void print_list(struct text *out, const struct node *n)
{
	if (n->kind != NODE_LIST) {
		print_node(out, n);
		return;
	}
	for (const struct node *c = n->list.first; c; c = c->next) {
		print_node(out, c);
		if (c->background)
			text_str(out, c->next ? " & " : " &");
		else if (c->next)
			text_str(out, "; ");
	}
}

/* A list before a reserved word. */
static void print_body(struct text *out, const char *before, const struct node *n)
{
	text_str(out, before);
	text_char(out, ' ');
	print_list(out, n);
	text_str(out, out->s[out->len - 1] == '&' ? " " : "; ");
}

static void print_if(struct text *out, const struct node *n)
{
	print_body(out, "if", n->branch.cond);
	print_body(out, "then", n->branch.then);
	for (n = n->branch.otherwise; n && n->kind == NODE_IF; n = n->branch.otherwise) {
		print_body(out, "elif", n->branch.cond);
		print_body(out, "then", n->branch.then);
	}
	if (n)
		print_body(out, "else", n);
	text_str(out, "fi");
}

static void print_case(struct text *out, const struct node *n)
{
	text_str(out, "case ");
	print_word(out, n->choice.word);
	text_str(out, " in ");
	for (const struct case_item *item = n->choice.items; item; item = item->next) {
		const char *before = "(";

		for (const struct word *w = item->patterns; w; w = w->next) {
			text_str(out, before);
			print_word(out, w);
			before = "|";
		}
		text_str(out, ") ");
		if (item->body)
			print_list(out, item->body);
		text_str(out, item->falls_through ? " ;& " : " ;; ");
	}
	text_str(out, "esac");
}

static void print_for(struct text *out, const struct node *n)
{
	text_printf(out, "for %s", n->each.name);
	if (n->each.has_in)
		print_words(out, n->each.words, " in ");
	if (n->each.has_in && !n->each.words)
		text_str(out, " in");
	text_str(out, "; ");
	print_body(out, "do", n->each.body);
	text_str(out, "done");
}

void print_node(struct text *out, const struct node *n)
{
	switch (n->kind) {
	case NODE_SIMPLE:
		print_simple(out, n);
		break;
	case NODE_PIPE:
		print_pipe(out, n);
		break;
	case NODE_AND:
	case NODE_OR:
		print_node(out, n->binary.left);
		text_str(out, n->kind == NODE_AND ? " && " : " || ");
		print_node(out, n->binary.right);
		break;
	case NODE_LIST:
		print_list(out, n);
		break;
	case NODE_SUBSHELL:
		text_char(out, '(');
		print_list(out, n->body.list);
		text_char(out, ')');
		break;
	case NODE_GROUP:
		print_body(out, "{", n->body.list);
		text_char(out, '}');
		break;
	case NODE_IF:
		print_if(out, n);
		break;
	case NODE_LOOP:
		print_body(out, n->loop.until ? "until" : "while", n->loop.cond);
		print_body(out, "do", n->loop.body);
		text_str(out, "done");
		break;
	case NODE_FOR:
		print_for(out, n);
		break;
	case NODE_CASE:
		print_case(out, n);
		break;
	case NODE_FUNCTION:
		text_printf(out, "%s() ", n->function.name);
		print_node(out, n->function.body);
		break;
	}
	print_redirs(out, n->redirs);
}
