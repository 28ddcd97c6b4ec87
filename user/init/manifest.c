/* SPDX-License-Identifier: MIT */
/* [pure] A service's manifest (contract in manifest.h). Words are cut out in place. */
#include "manifest.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define LINE_WORDS (MANIFEST_WORDS + 2)

struct reader {
	struct manifest *m;
	struct manifest_error *error;
	char *words[LINE_WORDS + 1]; /* of the line: key first; NULL at the end */
	size_t n_words, n_args, n_env;
	bool has_respawn;
};

static __printf(2, 3) bool fail(struct reader *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(r->error->text, sizeof(r->error->text), fmt, ap);
	va_end(ap);
	return false;
}

/* A word at *from, unquoted in place; *from goes behind it. Return: NULL: no end quote. */
static char *cut_word(char **from)
{
	char *word = *from, *to = *from, *s = *from;
	bool quoted = false;

	for (; *s && (quoted || !strchr(" \t", *s)); s++) {
		if (*s == '"') {
			quoted = !quoted;
			continue;
		}
		if (quoted && *s == '\\' && (s[1] == '"' || s[1] == '\\'))
			s++;
		*to++ = *s;
	}
	*from = *s ? s + 1 : s;
	*to = '\0';
	return quoted ? NULL : word;
}

static bool cut_line(struct reader *r, char *line)
{
	r->n_words = 0;
	for (;;) {
		line += strspn(line, " \t");
		if (!*line || *line == '#')
			break;
		if (r->n_words == LINE_WORDS)
			return fail(r, "more than %u words", LINE_WORDS);
		r->words[r->n_words] = cut_word(&line);
		if (!r->words[r->n_words++])
			return fail(r, "a \" without its end");
	}
	r->words[r->n_words] = NULL;
	return true;
}

/* The one word of a key that may be said once. */
static bool set_once(struct reader *r, const char **field, bool is_path)
{
	if (*field)
		return fail(r, "'%s' a second time", r->words[0]);
	if (r->n_words != 2)
		return fail(r, "'%s' wants one word", r->words[0]);
	if (is_path && r->words[1][0] != '/')
		return fail(r, "'%s' is not an absolute path", r->words[1]);
	*field = r->words[1];
	return true;
}

static bool add_words(struct reader *r, char **list, size_t *n)
{
	if (r->n_words < 2)
		return fail(r, "'%s' wants at least one word", r->words[0]);
	for (size_t i = 1; i < r->n_words; i++) {
		if (*n == MANIFEST_WORDS)
			return fail(r, "more than %u words of '%s'", MANIFEST_WORDS, r->words[0]);
		list[(*n)++] = r->words[i];
	}
	return true;
}

static bool set_env(struct reader *r)
{
	for (size_t i = 1; i < r->n_words; i++) {
		const char *equals = strchr(r->words[i], '=');

		if (!equals || equals == r->words[i])
			return fail(r, "'%s' is not NAME=VALUE", r->words[i]);
	}
	return add_words(r, r->m->env, &r->n_env);
}

static bool set_respawn(struct reader *r)
{
	static const char *const names[] = { "always", "failure", "never" };
	const char *word = NULL;

	if (r->has_respawn)
		return fail(r, "'respawn' a second time");
	if (!set_once(r, &word, false))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(word, names[i]) == 0) {
			r->m->respawn = (enum manifest_respawn)i;
			r->has_respawn = true;
			return true;
		}
	}
	return fail(r, "respawn is always, failure or never, not '%s'", word);
}

static bool obey_line(struct reader *r)
{
	struct manifest *m = r->m;
	const char *key = r->words[0];

	if (strcmp(key, "exec") == 0)
		return set_once(r, &m->exec, true);
	if (strcmp(key, "fallback") == 0)
		return set_once(r, &m->fallback, true);
	if (strcmp(key, "name") == 0)
		return set_once(r, &m->name, false);
	if (strcmp(key, "dir") == 0)
		return set_once(r, &m->dir, true);
	if (strcmp(key, "tty") == 0)
		return set_once(r, &m->tty, true);
	if (strcmp(key, "args") == 0)
		return add_words(r, m->args, &r->n_args);
	if (strcmp(key, "env") == 0)
		return set_env(r);
	if (strcmp(key, "respawn") == 0)
		return set_respawn(r);
	return fail(r, "no key '%s'", key);
}

bool manifest_parse(struct manifest *m, const char *text, size_t len, struct manifest_error *error)
{
	struct reader r = { .m = m, .error = error };
	char *line = m->text;

	memset(m, 0, sizeof(*m));
	memset(error, 0, sizeof(*error));
	if (len > MANIFEST_MAX_LEN)
		return fail(&r, "longer than %u bytes", MANIFEST_MAX_LEN);
	if (memchr(text, 0, len))
		return fail(&r, "not a text");
	memcpy(m->text, text, len);
	while (*line) {
		char *end = line + strcspn(line, "\n");
		char *next = *end ? end + 1 : end;

		*end = '\0';
		error->line++;
		if (!cut_line(&r, line) || (r.n_words && !obey_line(&r)))
			return false;
		line = next;
	}
	error->line = 0;
	return m->exec ? true : fail(&r, "no 'exec': nothing to start");
}
