/* SPDX-License-Identifier: MIT */
/* Variables (contract in var.h). */
#include "var.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "getopts.h"
#include "parse.h"
#include "path.h"
#include "print.h"
#include "shell.h"

#define BUCKETS 64u /* a power of two */

struct saved {
	struct saved *next;
	struct var old; /* name and value copied; name is not looked up by it */
};

struct scope {
	struct scope *prev;
	struct saved *saved;
};

static struct var *buckets[BUCKETS];
static struct scope *scopes;
static char line_text[16];

static struct var **find(const char *name)
{
	u32 hash = 5381;
	struct var **cell;

	for (const char *s = name; *s; s++)
		hash = hash * 33 + (unsigned char)*s;
	for (cell = &buckets[hash % BUCKETS]; *cell; cell = &(*cell)->next)
		if (strcmp((*cell)->name, name) == 0)
			break;
	return cell;
}

static struct var *make(const char *name)
{
	struct var **cell = find(name);

	if (!*cell) {
		*cell = shell_alloc(sizeof(**cell));
		(*cell)->name = shell_strdup(name);
	}
	return *cell;
}

const char *var_get(const char *name)
{
	struct var *v;

	if (strcmp(name, "LINENO") == 0) {
		snprintf(line_text, sizeof(line_text), "%u", shell.line);
		return line_text;
	}
	v = *find(name);
	return v ? v->value : NULL;
}

bool var_is_readonly(const char *name)
{
	struct var *v = *find(name);

	return v && v->readonly;
}

static void changed(const char *name)
{
	if (strcmp(name, "PATH") == 0)
		path_forget();
	else if (strcmp(name, "OPTIND") == 0)
		getopts_reset();
}

void var_set(const char *name, const char *value)
{
	struct var *v = make(name);
	char *copy;

	if (v->readonly)
		shell_fail(2, "%s: is read only", name);
	copy = value ? shell_strdup(value) : NULL;
	free(v->value);
	v->value = copy;
	v->exported |= shell_opt(OPT_ALLEXPORT);
	changed(name);
}

static void drop(struct var **cell)
{
	struct var *v = *cell;

	*cell = v->next;
	free(v->name);
	free(v->value);
	free(v);
}

void var_unset(const char *name)
{
	struct var **cell = find(name);

	if (!*cell)
		return;
	if ((*cell)->readonly)
		shell_fail(2, "%s: is read only", name);
	drop(cell);
	changed(name);
}

void var_export(const char *name)
{
	make(name)->exported = true;
}

void var_readonly(const char *name)
{
	make(name)->readonly = true;
}

void var_init(char **env)
{
	char dir[4096];

	for (; *env; env++) {
		const char *equals = strchr(*env, '=');
		char *name;

		if (!equals || !parse_is_name(*env, (size_t)(equals - *env)))
			continue;
		name = pool_strndup(&shell.temp, *env, (size_t)(equals - *env));
		var_set(name, equals + 1);
		var_export(name);
	}
	var_set("IFS", " \t\n");
	var_set("OPTIND", "1");
	var_set("PS2", "> ");
	var_set("PS4", "+ ");
	snprintf(dir, sizeof(dir), "%d", (int)getppid());
	var_set("PPID", dir);
	if (!var_get("PATH"))
		var_set("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
	path_set_pwd();
}

/* ---- lists ---- */

static int by_name(const void *a, const void *b)
{
	return strcmp((*(struct var *const *)a)->name, (*(struct var *const *)b)->name);
}

/* All of them in order, on shell.temp; NULL at the end. */
static struct var **sorted(void)
{
	struct var **list;
	size_t n = 0;

	for (size_t i = 0; i < BUCKETS; i++)
		for (struct var *v = buckets[i]; v; v = v->next)
			n++;
	list = pool_alloc(&shell.temp, (n + 1) * sizeof(*list));
	n = 0;
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct var *v = buckets[i]; v; v = v->next)
			list[n++] = v;
	qsort(list, n, sizeof(*list), by_name);
	return list;
}

void var_print(const char *prefix, bool exported, bool readonly)
{
	for (struct var **v = sorted(); *v; v++) {
		struct text line;

		if ((exported && !(*v)->exported) || (readonly && !(*v)->readonly) ||
		    (!*prefix && !(*v)->value))
			continue;
		text_init(&line, &shell.temp);
		text_printf(&line, "%s%s", prefix, (*v)->name);
		if ((*v)->value) {
			text_char(&line, '=');
			print_quoted(&line, (*v)->value, strlen((*v)->value));
		}
		puts(text_get(&line));
	}
}

char **var_environ(void)
{
	struct var **list = sorted();
	char **env;
	size_t n = 0;

	for (struct var **v = list; *v; v++)
		n++;
	env = pool_alloc(&shell.temp, (n + 1) * sizeof(*env));
	n = 0;
	for (struct var **v = list; *v; v++) {
		struct text t;

		if (!(*v)->exported || !(*v)->value)
			continue;
		text_init(&t, &shell.temp);
		text_printf(&t, "%s=%s", (*v)->name, (*v)->value);
		env[n++] = text_get(&t);
	}
	return env;
}

char **var_names(const char *prefix)
{
	struct var **list = sorted();
	size_t n = 0, len = strlen(prefix);
	char **names;

	while (list[n])
		n++;
	names = pool_alloc(&shell.temp, (n + 1) * sizeof(*names));
	n = 0;
	for (; *list; list++)
		if (strncmp((*list)->name, prefix, len) == 0 && (*list)->value)
			names[n++] = pool_strdup(&shell.temp, (*list)->name);
	return names;
}

/* ---- scopes ---- */

void var_scope_begin(void)
{
	struct scope *s = shell_alloc(sizeof(*s));

	s->prev = scopes;
	scopes = s;
}

bool var_local(const char *name)
{
	struct var *v = *find(name);
	struct saved *s;

	if (!scopes)
		return false;
	for (s = scopes->saved; s; s = s->next)
		if (strcmp(s->old.name, name) == 0)
			return true;
	s = shell_alloc(sizeof(*s));
	if (v)
		s->old = *v;
	s->old.name = shell_strdup(name);
	s->old.value = v && v->value ? shell_strdup(v->value) : NULL;
	s->old.next = v; /* only whether there was one */
	s->next = scopes->saved;
	scopes->saved = s;
	return true;
}

static void put_back(struct saved *s)
{
	struct var **cell = find(s->old.name);

	if (*cell)
		drop(cell);
	if (s->old.next) {
		struct var *v = make(s->old.name);

		v->value = s->old.value;
		v->exported = s->old.exported;
		v->readonly = s->old.readonly;
	}
	changed(s->old.name);
	free(s->old.name);
	free(s);
}

void var_scope_end(void)
{
	struct scope *scope = scopes;

	while (scope->saved) {
		struct saved *s = scope->saved;

		scope->saved = s->next;
		put_back(s);
	}
	scopes = scope->prev;
	free(scope);
}

int var_scope_depth(void)
{
	int depth = 0;

	for (struct scope *s = scopes; s; s = s->prev)
		depth++;
	return depth;
}

void var_scope_unwind(int depth)
{
	while (var_scope_depth() > depth)
		var_scope_end();
}
