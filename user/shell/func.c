/* SPDX-License-Identifier: MIT */
/* Functions and aliases (contract in func.h), in lists ordered by name. */
#include "func.h"

#include <stdlib.h>
#include <string.h>

#include "parse.h"
#include "shell.h"

struct entry {
	struct entry *next;
	char *name;
	char *text;            /* alias */
	const struct node *body; /* function, on @tree, which we hold */
	struct tree *tree;
};

static struct entry *functions, *aliases;

/* Where @name is or belongs. */
static struct entry **find(struct entry **list, const char *name)
{
	while (*list && strcmp((*list)->name, name) < 0)
		list = &(*list)->next;
	return list;
}

static struct entry *get(struct entry **list, const char *name)
{
	struct entry *e = *find(list, name);

	return e && strcmp(e->name, name) == 0 ? e : NULL;
}

static struct entry *make(struct entry **list, const char *name)
{
	struct entry **cell = find(list, name), *e = get(list, name);

	if (e)
		return e;
	e = shell_alloc(sizeof(*e));
	e->name = shell_strdup(name);
	e->next = *cell;
	*cell = e;
	return e;
}

static void drop(struct entry **cell)
{
	struct entry *e = *cell;

	*cell = e->next;
	if (e->tree)
		parse_tree_put(e->tree);
	free(e->name);
	free(e->text);
	free(e);
}

static const char *next(struct entry *list, const char *after)
{
	while (list && after && strcmp(list->name, after) <= 0)
		list = list->next;
	return list ? list->name : NULL;
}

const struct node *func_find(const char *name)
{
	struct entry *e = get(&functions, name);

	return e ? e->body : NULL;
}

void func_define(const struct node *n)
{
	struct entry *e = make(&functions, n->function.name);

	parse_tree_get(n->function.tree);
	if (e->tree)
		parse_tree_put(e->tree);
	e->tree = n->function.tree;
	e->body = n->function.body;
}

void func_unset(const char *name)
{
	if (get(&functions, name))
		drop(find(&functions, name));
}

const char *func_next(const char *after)
{
	return next(functions, after);
}

const char *alias_find(const char *name)
{
	struct entry *e = get(&aliases, name);

	return e ? e->text : NULL;
}

void alias_define(const char *name, const char *text)
{
	struct entry *e = make(&aliases, name);

	free(e->text);
	e->text = shell_strdup(text);
}

bool alias_remove(const char *name)
{
	if (!get(&aliases, name))
		return false;
	drop(find(&aliases, name));
	return true;
}

void alias_remove_all(void)
{
	while (aliases)
		drop(&aliases);
}

const char *alias_next(const char *after)
{
	return next(aliases, after);
}
