/* SPDX-License-Identifier: MIT */
/* [pure] The grammar, by recursive descent (POSIX.1-2017 XCU §2.10; contract in parse.h). */
#include "parse.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parse_priv.h"

static struct node *parse_list(struct parser *p, bool compound);
static struct node *parse_and_or(struct parser *p);

void parse_fail(struct parser *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(p->error, sizeof(p->error), fmt, ap);
	va_end(ap);
	longjmp(p->fail, 1);
}

void parse_enter(struct parser *p)
{
	if (++p->depth > PARSE_DEPTH_MAX)
		parse_fail(p, "nested too deep");
}

static __noreturn void unexpected(struct parser *p, struct token t)
{
	parse_fail(p, "syntax error: unexpected %s", lex_token_name(&t));
}

const char *parse_plain(const struct word *w)
{
	const struct part *part = w ? w->parts : NULL;

	return part && !part->next && part->kind == PART_TEXT && !part->quoted ? part->text : NULL;
}

bool parse_is_name(const char *s, size_t len)
{
	if (!len || (*s >= '0' && *s <= '9'))
		return false;
	for (size_t i = 0; i < len; i++)
		if (!((s[i] >= 'a' && s[i] <= 'z') || (s[i] >= 'A' && s[i] <= 'Z') ||
		      (s[i] >= '0' && s[i] <= '9') || s[i] == '_'))
			return false;
	return true;
}

/* ---- reserved words ---- */

static bool is_reserved(struct token t, const char *word)
{
	const char *plain = t.kind == TOKEN_WORD ? parse_plain(t.word) : NULL;

	return plain && strcmp(plain, word) == 0;
}

static bool ends_compound(struct token t)
{
	static const char *const words[] = { "then", "else", "elif", "fi",
					     "do", "done", "esac", "}" };

	if (t.kind == TOKEN_END || t.kind == TOKEN_RPAREN || t.kind == TOKEN_DSEMI ||
	    t.kind == TOKEN_SEMI_AND)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (is_reserved(t, words[i]))
			return true;
	return false;
}

static struct token skip_newlines(struct parser *p)
{
	struct token t;

	while ((t = lex_token(p)).kind == TOKEN_NEWLINE)
		p->in_command = true;
	lex_push_back(p, t);
	return t;
}

/* Whether the alias @name is being read, so that it is a plain word in it. */
static bool alias_in_use(const struct frame *f, const char *name)
{
	for (; f; f = f->prev)
		if (f->alias && strcmp(f->alias, name) == 0)
			return true;
	return false;
}

/* The next token where a command's name may stand: aliases are replaced. */
static struct token command_token(struct parser *p)
{
	for (;;) {
		struct token t = lex_token(p);
		const char *name = t.kind == TOKEN_WORD ? parse_plain(t.word) : NULL;
		const char *text;

		if (!name || alias_in_use(t.frame, name))
			return t;
		text = p->hooks->alias ? p->hooks->alias(p->hooks->ctx, name) : NULL;
		if (!text)
			return t;
		lex_push_alias(p, name, text);
	}
}

static struct token peek_command_token(struct parser *p)
{
	struct token t = command_token(p);

	lex_push_back(p, t);
	return t;
}

static void expect(struct parser *p, const char *word)
{
	struct token t = command_token(p);

	if (!is_reserved(t, word))
		unexpected(p, t);
}

static bool accept_word(struct parser *p, const char *word)
{
	struct token t = command_token(p);

	if (is_reserved(t, word))
		return true;
	lex_push_back(p, t);
	return false;
}

static struct node *new_node(struct parser *p, enum node_kind kind)
{
	struct node *n = pool_alloc(p->pool, sizeof(*n));

	n->kind = kind;
	n->line = p->line;
	return n;
}

/* ---- redirections ---- */

static bool redir_kind(enum token_kind token, enum redir_kind *kind)
{
	static const struct {
		enum token_kind token;
		enum redir_kind kind;
	} rows[] = {
		{ TOKEN_LESS, REDIR_IN }, { TOKEN_GREAT, REDIR_OUT },
		{ TOKEN_DGREAT, REDIR_APPEND },
		{ TOKEN_LESS_AND, REDIR_DUP_IN }, { TOKEN_GREAT_AND, REDIR_DUP_OUT },
		{ TOKEN_LESS_GREAT, REDIR_INOUT }, { TOKEN_CLOBBER, REDIR_CLOBBER },
		{ TOKEN_DLESS, REDIR_HERE }, { TOKEN_DLESS_DASH, REDIR_HERE },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].token == token) {
			*kind = rows[i].kind;
			return true;
		}
	return false;
}

/* The delimiter of a here-document: the word without its quotes, unexpanded. */
static void here_delim(struct parser *p, struct redir *r)
{
	struct text delim;

	text_init(&delim, p->pool);
	for (const struct part *part = r->word->parts; part; part = part->next) {
		if (part->kind != PART_TEXT)
			parse_fail(p, "an expansion in a here-document's delimiter");
		r->literal |= part->quoted;
		text_add(&delim, part->text, part->len);
	}
	r->delim = text_get(&delim);
}

/* @t began a redirection. */
static struct redir *parse_redir(struct parser *p, struct token t)
{
	struct redir *r = pool_alloc(p->pool, sizeof(*r));

	r->fd = -1;
	if (t.kind == TOKEN_IO_NUMBER) {
		const char *digits = parse_plain(t.word);

		r->fd = strlen(digits) > 4 ? 99999 : atoi(digits);
		t = lex_token(p);
	}
	if (!redir_kind(t.kind, &r->kind))
		unexpected(p, t);
	if (r->fd < 0)
		r->fd = r->kind == REDIR_OUT || r->kind == REDIR_APPEND ||
			r->kind == REDIR_CLOBBER || r->kind == REDIR_DUP_OUT;
	r->strip_tabs = t.kind == TOKEN_DLESS_DASH;
	t = lex_token(p);
	if (t.kind != TOKEN_WORD)
		unexpected(p, t);
	r->word = t.word;
	if (r->kind == REDIR_HERE) {
		here_delim(p, r);
		r->word = NULL;
		lex_here_add(p, r);
	}
	return r;
}

static bool starts_redir(struct token t)
{
	enum redir_kind kind;

	return t.kind == TOKEN_IO_NUMBER || redir_kind(t.kind, &kind);
}

static void parse_redirs(struct parser *p, struct node *n)
{
	struct redir **tail = &n->redirs;
	struct token t;

	while (starts_redir(t = lex_token(p))) {
		*tail = parse_redir(p, t);
		tail = &(*tail)->next;
	}
	lex_push_back(p, t);
}

/* ---- compound commands ---- */

/* A list up to a word that ends it; at least one command. */
static struct node *compound_list(struct parser *p)
{
	struct node *list = parse_list(p, true);

	if (!list)
		unexpected(p, lex_token(p));
	return list;
}

static struct node *do_group(struct parser *p)
{
	struct node *body;

	expect(p, "do");
	body = compound_list(p);
	expect(p, "done");
	return body;
}

/* Behind `if` or `elif`. */
static struct node *parse_if(struct parser *p)
{
	struct node *n = new_node(p, NODE_IF);

	parse_enter(p);
	n->branch.cond = compound_list(p);
	expect(p, "then");
	n->branch.then = compound_list(p);
	if (accept_word(p, "elif")) {
		n->branch.otherwise = parse_if(p);
	} else {
		if (accept_word(p, "else"))
			n->branch.otherwise = compound_list(p);
		expect(p, "fi");
	}
	parse_leave(p);
	return n;
}

static struct node *parse_loop(struct parser *p, bool until)
{
	struct node *n = new_node(p, NODE_LOOP);

	n->loop.until = until;
	n->loop.cond = compound_list(p);
	n->loop.body = do_group(p);
	return n;
}

static void for_words(struct parser *p, struct node *n)
{
	struct word **tail = &n->each.words;
	struct token t;

	n->each.has_in = true;
	while ((t = lex_token(p)).kind == TOKEN_WORD) {
		*tail = t.word;
		tail = &t.word->next;
	}
	if (t.kind != TOKEN_SEMI && t.kind != TOKEN_NEWLINE)
		unexpected(p, t);
}

static struct node *parse_for(struct parser *p)
{
	struct node *n = new_node(p, NODE_FOR);
	struct token t = lex_token(p);
	const char *name = t.kind == TOKEN_WORD ? parse_plain(t.word) : NULL;

	if (!name || !parse_is_name(name, strlen(name)))
		unexpected(p, t);
	n->each.name = name;
	t = lex_token(p);
	if (t.kind == TOKEN_NEWLINE) {
		skip_newlines(p);
		t = lex_token(p);
	}
	if (is_reserved(t, "in"))
		for_words(p, n);
	else if (t.kind != TOKEN_SEMI)
		lex_push_back(p, t);
	skip_newlines(p);
	n->each.body = do_group(p);
	return n;
}

/* `(a|b) list ;;`. Return: NULL at esac. */
static struct case_item *parse_case_item(struct parser *p)
{
	struct case_item *item;
	struct word **tail;
	struct token t;

	skip_newlines(p);
	t = lex_token(p);
	if (is_reserved(t, "esac"))
		return NULL;
	item = pool_alloc(p->pool, sizeof(*item));
	tail = &item->patterns;
	if (t.kind == TOKEN_LPAREN)
		t = lex_token(p);
	for (;;) {
		if (t.kind != TOKEN_WORD)
			unexpected(p, t);
		*tail = t.word;
		tail = &t.word->next;
		t = lex_token(p);
		if (t.kind != TOKEN_PIPE)
			break;
		t = lex_token(p);
	}
	if (t.kind != TOKEN_RPAREN)
		unexpected(p, t);
	item->body = parse_list(p, true);
	t = lex_token(p);
	item->falls_through = t.kind == TOKEN_SEMI_AND;
	if (is_reserved(t, "esac"))
		lex_push_back(p, t);
	else if (t.kind != TOKEN_DSEMI && t.kind != TOKEN_SEMI_AND)
		unexpected(p, t);
	return item;
}

static struct node *parse_case(struct parser *p)
{
	struct node *n = new_node(p, NODE_CASE);
	struct case_item **tail = &n->choice.items;
	struct token t = lex_token(p);

	if (t.kind != TOKEN_WORD)
		unexpected(p, t);
	n->choice.word = t.word;
	skip_newlines(p);
	t = lex_token(p);
	if (!is_reserved(t, "in"))
		unexpected(p, t);
	while ((*tail = parse_case_item(p)))
		tail = &(*tail)->next;
	return n;
}

static struct node *parse_group(struct parser *p, enum node_kind kind)
{
	struct node *n = new_node(p, kind);
	struct token t;

	n->body.list = compound_list(p);
	if (kind == NODE_GROUP) {
		expect(p, "}");
		return n;
	}
	t = lex_token(p);
	if (t.kind != TOKEN_RPAREN)
		unexpected(p, t);
	return n;
}

/* A compound command that begins with @t, or NULL. */
static struct node *parse_compound(struct parser *p, struct token t)
{
	if (t.kind == TOKEN_LPAREN)
		return parse_group(p, NODE_SUBSHELL);
	if (is_reserved(t, "{"))
		return parse_group(p, NODE_GROUP);
	if (is_reserved(t, "if"))
		return parse_if(p);
	if (is_reserved(t, "while") || is_reserved(t, "until"))
		return parse_loop(p, is_reserved(t, "until"));
	if (is_reserved(t, "for"))
		return parse_for(p);
	if (is_reserved(t, "case"))
		return parse_case(p);
	return NULL;
}

/* ---- simple commands ---- */

/* `name=value` becomes an assignment. Return: NULL when @w is none. */
static struct assign *as_assign(struct parser *p, struct word *w)
{
	struct part *part = w->parts;
	const char *equals;
	struct assign *a;
	size_t len;

	if (!part || part->kind != PART_TEXT || part->quoted)
		return NULL;
	equals = memchr(part->text, '=', part->len);
	if (!equals || !parse_is_name(part->text, (size_t)(equals - part->text)))
		return NULL;
	a = pool_alloc(p->pool, sizeof(*a));
	len = (size_t)(equals - part->text);
	a->name = pool_strndup(p->pool, part->text, len);
	part->text += len + 1;
	part->len -= len + 1;
	if (!part->len)
		w->parts = part->next;
	a->value = w;
	return a;
}

/* Behind `name (`. */
static struct node *parse_function(struct parser *p, const char *name)
{
	struct node *n = new_node(p, NODE_FUNCTION);
	struct token t = lex_token(p);

	if (t.kind != TOKEN_RPAREN)
		unexpected(p, t);
	skip_newlines(p);
	t = command_token(p);
	n->function.name = name;
	n->function.tree = p->tree;
	n->function.body = parse_compound(p, t);
	if (!n->function.body)
		unexpected(p, t);
	parse_redirs(p, n->function.body);
	return n;
}

struct simple_tails {
	struct assign **assign;
	struct word **word;
	struct redir **redir;
};

/* One element of a simple command. Return: false: @t is not one. */
static bool simple_element(struct parser *p, struct node *n, struct simple_tails *at,
			   struct token t)
{
	struct assign *a;

	if (starts_redir(t)) {
		*at->redir = parse_redir(p, t);
		at->redir = &(*at->redir)->next;
		return true;
	}
	if (t.kind != TOKEN_WORD)
		return false;
	a = n->simple.words ? NULL : as_assign(p, t.word);
	if (a) {
		*at->assign = a;
		at->assign = &a->next;
	} else {
		*at->word = t.word;
		at->word = &t.word->next;
	}
	return true;
}

static const char *function_name(const struct node *n, struct token t)
{
	const struct word *w = n->simple.words;
	const char *name = w && !w->next ? parse_plain(w) : NULL;

	if (t.kind != TOKEN_LPAREN || n->redirs || n->simple.assigns || !name ||
	    !parse_is_name(name, strlen(name)))
		return NULL;
	return name;
}

static struct node *parse_simple(struct parser *p, struct token t)
{
	struct node *n = new_node(p, NODE_SIMPLE);
	struct simple_tails at = { &n->simple.assigns, &n->simple.words, &n->redirs };
	bool any = false;
	const char *name;

	n->line = t.line;
	p->alias_next = false;
	while (simple_element(p, n, &at, t)) {
		any = true;
		if (n->simple.words && !p->alias_next) {
			t = lex_token(p);
			if (!p->alias_next || t.kind != TOKEN_WORD)
				continue;
			lex_push_back(p, t); /* an alias ended in a blank before it */
		}
		p->alias_next = false;
		t = command_token(p);
	}
	name = function_name(n, t);
	if (name)
		return parse_function(p, name);
	if (!any)
		unexpected(p, t);
	lex_push_back(p, t);
	return n;
}

/* ---- lists ---- */

static struct node *parse_one(struct parser *p)
{
	struct token t = command_token(p);
	struct node *n;

	parse_enter(p);
	if (ends_compound(t))
		unexpected(p, t);
	n = parse_compound(p, t);
	if (n)
		parse_redirs(p, n);
	else
		n = parse_simple(p, t);
	parse_leave(p);
	return n;
}

static struct node *parse_pipeline(struct parser *p)
{
	struct node *n = new_node(p, NODE_PIPE), **tail = &n->pipe.first;
	struct token t;

	while (accept_word(p, "!"))
		n->pipe.negate = !n->pipe.negate;
	for (;;) {
		*tail = parse_one(p);
		tail = &(*tail)->next;
		t = lex_token(p);
		if (t.kind != TOKEN_PIPE)
			break;
		skip_newlines(p);
	}
	lex_push_back(p, t);
	return n->pipe.negate || n->pipe.first->next ? n : n->pipe.first;
}

static struct node *parse_and_or(struct parser *p)
{
	struct node *left = parse_pipeline(p);

	for (;;) {
		struct token t = lex_token(p);
		struct node *n;

		if (t.kind != TOKEN_AND_IF && t.kind != TOKEN_OR_IF) {
			lex_push_back(p, t);
			return left;
		}
		n = new_node(p, t.kind == TOKEN_AND_IF ? NODE_AND : NODE_OR);
		skip_newlines(p);
		n->binary.left = left;
		n->binary.right = parse_pipeline(p);
		left = n;
	}
}

/* Commands up to what ends them: in a compound command its next word, else the
 * newline. Return: NULL when there is none. */
static struct node *parse_list(struct parser *p, bool compound)
{
	struct node *n = new_node(p, NODE_LIST), **tail = &n->list.first;
	struct token t;

	parse_enter(p);
	for (;;) {
		if (compound)
			skip_newlines(p);
		t = peek_command_token(p);
		if (ends_compound(t) || (!compound && t.kind == TOKEN_NEWLINE))
			break;
		*tail = parse_and_or(p);
		t = lex_token(p);
		(*tail)->background = t.kind == TOKEN_AMP;
		tail = &(*tail)->next;
		if (t.kind != TOKEN_SEMI && t.kind != TOKEN_AMP &&
		    (t.kind != TOKEN_NEWLINE || !compound)) {
			lex_push_back(p, t);
			break;
		}
	}
	parse_leave(p);
	return n->list.first ? n : NULL;
}

struct node *parse_substitution(struct parser *p, bool to_paren)
{
	struct token saved = p->token;
	bool had = p->has_token;
	struct node *list;
	struct token t;

	p->has_token = false;
	list = parse_list(p, true);
	t = lex_token(p);
	if (t.kind != (to_paren ? TOKEN_RPAREN : TOKEN_END))
		unexpected(p, t);
	p->token = saved;
	p->has_token = had;
	return list;
}

/* ---- the whole ---- */

void parse_init(struct parser *p, const struct parse_hooks *hooks)
{
	memset(p, 0, sizeof(*p));
	p->hooks = hooks;
	p->bottom.text = "";
	p->line = 1;
}

void parse_tree_get(struct tree *t)
{
	t->refs++;
}

void parse_tree_put(struct tree *t)
{
	if (--t->refs)
		return;
	pool_free(&t->pool);
	free(t);
}

static struct tree *new_tree(struct parser *p)
{
	struct tree *t = calloc(1, sizeof(*t));

	if (!t) {
		fputs("exsh: out of memory\n", stderr);
		exit(2);
	}
	t->refs = 1;
	p->tree = t;
	p->pool = &t->pool;
	p->frame = &p->bottom;
	p->has_token = p->in_command = p->alias_next = false;
	p->here = NULL;
	p->here_tail = &p->here;
	p->depth = 0;
	return t;
}

enum parse_result parse_command(struct parser *p, struct tree **out)
{
	struct tree *tree = new_tree(p);
	struct token t;

	if (setjmp(p->fail)) {
		p->bottom.text = ""; /* the rest of the line is not trusted */
		parse_tree_put(p->tree);
		return PARSE_ERROR;
	}
	t = peek_command_token(p);
	if (t.kind == TOKEN_END) {
		parse_tree_put(tree);
		return PARSE_END;
	}
	tree->root = parse_list(p, false);
	t = lex_token(p);
	if (t.kind != TOKEN_NEWLINE && t.kind != TOKEN_END)
		unexpected(p, t);
	*out = tree;
	return PARSE_OK;
}
