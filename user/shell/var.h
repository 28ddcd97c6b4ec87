/* SPDX-License-Identifier: MIT */
/*
 * Variables, the environment, and aliases' and functions' like: names with
 * values. A scope (a function's call, the assignments before a command)
 * remembers what it changed and puts it back.
 */
#pragma once

#include <kernel/lib/types.h>

struct text;

struct var {
	struct var *next;
	char *name;
	char *value; /* NULL: marked, but not set */
	bool exported, readonly;
};

void var_init(char **env);
/* The value, or NULL when not set. */
const char *var_get(const char *name);
/* Sets @name; a read-only one ends the command by shell_fail(). NULL: only marked. */
void var_set(const char *name, const char *value);
void var_unset(const char *name);
void var_export(const char *name);
void var_readonly(const char *name);
bool var_is_readonly(const char *name);
/* "export x='y'" for each; @exported or @readonly ones, or with NULL names all set. */
void var_print(const char *prefix, bool exported, bool readonly);
/* environ for a program, on shell.temp. */
char **var_environ(void);
/* Names that begin with @prefix, in order; NULL at the end. On shell.temp. */
char **var_names(const char *prefix);

void var_scope_begin(void);
void var_scope_end(void);
/* From here to the scope's end @name is its own. False: no scope is open. */
bool var_local(const char *name);
int var_scope_depth(void);
/* End scopes until @depth are open: after an error. */
void var_scope_unwind(int depth);
