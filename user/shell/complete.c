/* SPDX-License-Identifier: MIT */
/*
 * Completion (contract in complete.h). The word is found by a scan from the
 * start of the line that knows quotes and operators, not by the parser: the
 * line is not finished.
 */
#include "complete.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "builtin.h"
#include "field.h"
#include "func.h"
#include "line.h"
#include "path.h"
#include "shell.h"
#include "term.h"
#include "var.h"

#define LIST_ASK 200u /* more than these are counted, not listed */

struct found {
	size_t start;        /* of the word in the line, behind an opening quote */
	bool command;        /* a command's name stands here */
	char quote;          /* the quote it is in, or 0 */
	struct text word;    /* without its quotes */
	struct field_list names; /* what it could become */
	size_t base;         /* bytes of the word that names do not repeat: a directory */
};

/* ---- the word ---- */

static bool opens_command(const char *word)
{
	static const char *const words[] = { "if", "then", "else", "elif", "while", "until", "do",
					     "!", "{", "exec", "command" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strcmp(words[i], word) == 0)
			return true;
	return strchr(word, '=') != NULL;
}

static void begin_word(struct found *f, size_t at, bool command)
{
	f->start = at;
	f->command = command;
	text_init(&f->word, &shell.temp);
}

static void find_word(struct found *f, const struct line *l)
{
	begin_word(f, 0, true);
	f->quote = 0;
	for (size_t i = 0; i < l->at; i++) {
		char c = l->s[i];

		if (f->quote) {
			if (c == f->quote)
				f->quote = 0;
			else
				text_char(&f->word, c);
		} else if (c == '\\' && i + 1 < l->at) {
			text_char(&f->word, l->s[++i]);
		} else if (c == '"' || c == '\'') {
			f->quote = c;
			if (!f->word.len)
				f->start = i + 1;
		} else if (c == ' ' || c == '\t') {
			bool was = f->word.len == 0 && f->command;

			begin_word(f, i + 1,
				   was || (f->command && opens_command(text_get(&f->word))));
		} else if (strchr(";|&(`\n", c)) {
			begin_word(f, i + 1, true);
		} else if (c == '<' || c == '>') {
			begin_word(f, i + 1, false);
		} else {
			text_char(&f->word, c);
		}
	}
}

/* ---- what it could be ---- */

static void add_name(struct found *f, const char *name, const char *prefix)
{
	if (strncmp(name, prefix, strlen(prefix)) == 0)
		field_add(&f->names, pool_strdup(&shell.temp, name));
}

static void add_programs(struct found *f, const char *prefix)
{
	const char *path = var_get("PATH");
	char dir[PATH_MAX];

	while (path_next(&path, dir, sizeof(dir))) {
		DIR *d = opendir(*dir ? dir : ".");
		struct dirent *entry;

		while (d && (entry = readdir(d)))
			if (entry->d_name[0] != '.' && entry->d_type != DT_DIR)
				add_name(f, entry->d_name, prefix);
		if (d)
			closedir(d);
	}
}

static void add_commands(struct found *f, const char *prefix)
{
	for (size_t i = 0; i < builtin_count; i++)
		add_name(f, builtins[i].name, prefix);
	for (const char *name = func_next(NULL); name; name = func_next(name))
		add_name(f, name, prefix);
	for (const char *name = alias_next(NULL); name; name = alias_next(name))
		add_name(f, name, prefix);
	add_programs(f, prefix);
}

static void add_variables(struct found *f, const char *prefix)
{
	for (char **name = var_names(prefix); *name; name++)
		field_add(&f->names, *name);
}

/* Names in the directory that the word names so far, each with / when it is one itself. */
static void add_paths(struct found *f, const char *word)
{
	const char *slash = strrchr(word, '/'), *prefix = slash ? slash + 1 : word;
	const char *home = var_get("HOME");
	struct dirent *entry;
	struct text dir;
	DIR *d;

	text_init(&dir, &shell.temp);
	text_add(&dir, word, (size_t)(prefix - word));
	if (word[0] == '~' && word[1] == '/' && home) {
		text_init(&dir, &shell.temp);
		text_printf(&dir, "%s%.*s", home, (int)(prefix - word - 1), word + 1);
	}
	f->base = (size_t)(prefix - word);
	d = opendir(dir.len ? text_get(&dir) : ".");
	while (d && (entry = readdir(d))) {
		struct text name, full;
		struct stat st;

		if ((entry->d_name[0] == '.' && *prefix != '.') ||
		    strncmp(entry->d_name, prefix, strlen(prefix)))
			continue;
		text_init(&name, &shell.temp);
		text_str(&name, entry->d_name);
		text_init(&full, &shell.temp);
		text_printf(&full, "%s%s", dir.len ? text_get(&dir) : "", entry->d_name);
		if (stat(text_get(&full), &st) == 0 && S_ISDIR(st.st_mode))
			text_char(&name, '/');
		field_add(&f->names, text_get(&name));
	}
	if (d)
		closedir(d);
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void sort_unique(struct field_list *list)
{
	size_t n = 0;

	if (list->n)
		qsort(list->v, list->n, sizeof(*list->v), by_bytes);
	for (size_t i = 0; i < list->n; i++)
		if (!n || strcmp(list->v[n - 1], list->v[i]))
			list->v[n++] = list->v[i];
	list->n = n;
}

/* The variable's name at the end of the word, behind $ or ${; NULL: there is none. */
static const char *variable_part(struct found *f, const char *word)
{
	const char *dollar = f->quote == '\'' ? NULL : strrchr(word, '$');

	if (!dollar)
		return NULL;
	dollar += dollar[1] == '{' ? 2 : 1;
	return dollar[strspn(dollar, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
				     "0123456789")] ? NULL : dollar;
}

static void find_names(struct found *f)
{
	const char *word = text_get(&f->word), *variable = variable_part(f, word);

	f->base = 0;
	if (variable) {
		f->base = (size_t)(variable - word);
		add_variables(f, variable);
	} else if (f->command && !strchr(word, '/')) {
		add_commands(f, word);
	} else {
		add_paths(f, word);
		if (strrchr(word, '=') && !f->names.n) /* --option=path, dd if=path */
			add_paths(f, strrchr(word, '=') + 1);
	}
	sort_unique(&f->names);
}

/* ---- showing and adding ---- */

static void list_names(const struct line *l, const struct field_list *names)
{
	size_t width = 0, per_row, rows;
	struct text out;

	text_init(&out, &shell.temp);
	text_char(&out, '\n');
	for (size_t i = 0; i < names->n; i++)
		width = MAX(width, strlen(names->v[i]) + 2);
	per_row = MAX((size_t)term_columns() / width, (size_t)1);
	rows = (names->n + per_row - 1) / per_row;
	for (size_t row = 0; row < rows; row++) {
		for (size_t i = row; i < names->n; i += rows)
			text_printf(&out, "%-*s", i + rows < names->n ? (int)width : 0,
				    names->v[i]);
		text_char(&out, '\n');
	}
	if (names->n > LIST_ASK) {
		text_init(&out, &shell.temp);
		text_printf(&out, "\n%zu possibilities: type more of it\n", names->n);
	}
	term_leave(l);
	term_write(text_get(&out) + 1, out.len - 1);
}

/* Bytes that all of @names begin with. */
static size_t common(const struct field_list *names)
{
	size_t len = strlen(names->v[0]);

	for (size_t i = 1; i < names->n; i++) {
		size_t n = 0;

		while (n < len && names->v[i][n] == names->v[0][n])
			n++;
		len = n;
	}
	while (len && (names->v[0][len] & 0xc0) == 0x80)
		len--; /* not within a character */
	return len;
}

static void add_quoted(struct line *l, const char *s, size_t len, char quote)
{
	for (size_t i = 0; i < len; i++) {
		bool special = quote == '"' ? strchr("\"$`\\", s[i]) != NULL :
			       !quote && strchr(" \t\n\"'$`\\|&;<>()*?[]#~", s[i]);

		if (special)
			(void)line_insert(l, "\\", 1);
		(void)line_insert(l, s + i, 1);
	}
}

static void insert_rest(struct line *l, struct found *f)
{
	const char *name = f->names.v[0];
	size_t typed = f->word.len - MIN(f->base, f->word.len), len = common(&f->names);

	if (f->names.n == 1 || len > typed) {
		if (len > typed)
			add_quoted(l, name + typed, len - typed, f->quote);
		if (f->names.n == 1 && name[strlen(name) - 1] != '/') {
			if (f->quote)
				(void)line_insert(l, &f->quote, 1);
			(void)line_insert(l, " ", 1);
		}
		return;
	}
	term_beep();
}

void complete_line(struct line *l, bool list)
{
	struct pool_mark mark = pool_mark(&shell.temp);
	struct found f = { .names = { NULL, 0, 0 } };

	find_word(&f, l);
	find_names(&f);
	if (!f.names.n) {
		term_beep();
	} else if (list && f.names.n > 1) {
		list_names(l, &f.names);
		term_prompt_again();
	} else {
		insert_rest(l, &f);
	}
	pool_release(&shell.temp, mark);
}
