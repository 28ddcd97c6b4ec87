/* SPDX-License-Identifier: MIT */
/* The shell's parser, patterns and arithmetic on any bytes. What parses is printed, and what
 * is printed must parse to what prints the same. */
#include <stdlib.h>
#include <string.h>

#include <user/shell/arith.h>
#include <user/shell/parse.h>
#include <user/shell/pattern.h>
#include <user/shell/print.h>

#include "fuzz.h"

struct lines {
	const char *rest;
	char *line;
};

static const char *next_line(void *ctx, bool more)
{
	struct lines *in = ctx;
	size_t len = strcspn(in->rest, "\n");

	(void)more;
	if (!*in->rest)
		return NULL;
	len += in->rest[len] == '\n';
	free(in->line);
	in->line = strndup(in->rest, len);
	in->rest += len;
	return in->line;
}

static const char *find_alias(void *ctx, const char *name)
{
	(void)ctx;
	if (strcmp(name, "a") == 0)
		return "b c";
	return strcmp(name, "b") == 0 ? "a " : NULL;
}

static bool has_here(const char *text)
{
	return strstr(text, "<<") != NULL;
}

/* The commands of @text, printed to @out. Return: all of it parsed. */
static bool parse_all(const char *text, struct text *out, bool aliases)
{
	struct lines in = { text, NULL };
	const struct parse_hooks hooks = { next_line, aliases ? find_alias : NULL, &in };
	enum parse_result result;
	struct tree *tree;
	struct parser p;
	bool good = true;

	parse_init(&p, &hooks);
	while ((result = parse_command(&p, &tree)) != PARSE_END) {
		if (result == PARSE_ERROR) {
			FUZZ_ASSERT(p.error[0]);
			good = false;
			continue;
		}
		if (tree->root) {
			print_node(out, tree->root);
			text_char(out, '\n');
		}
		parse_tree_put(tree);
	}
	free(in.line);
	return good;
}

static const char *get(void *ctx, const char *name)
{
	(void)ctx;
	return *name == 'x' ? "x+1" : NULL;
}

static const char *set(void *ctx, const char *name, s64 value)
{
	(void)ctx;
	(void)value;
	return *name == 'r' ? "read only" : NULL;
}

int shell_fuzz(const u8 *data, size_t len)
{
	static const struct arith_hooks hooks = { get, set, NULL };
	struct pool a = { NULL };
	struct text first, second, third;
	char *text = strndup((const char *)data, len), *bar;
	s64 value;

	text_init(&first, &a);
	text_init(&second, &a);
	text_init(&third, &a);
	(void)parse_all(text, &first, true);
	if (!has_here(text_get(&first))) {
		FUZZ_ASSERT(parse_all(text_get(&first), &second, false));
		FUZZ_ASSERT(parse_all(text_get(&second), &third, false));
		FUZZ_ASSERT(strcmp(text_get(&second), text_get(&third)) == 0);
	}
	(void)arith_eval(text, &hooks, &value);
	bar = strchr(text, '\n');
	if (bar && len < 400) {
		*bar = '\0';
		(void)pattern_match(text, bar + 1);
		FUZZ_ASSERT(pattern_match("*", bar + 1));
	}
	free(text);
	pool_free(&a);
	return 0;
}
