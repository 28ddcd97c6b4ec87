/* SPDX-License-Identifier: MIT */
/* Functions and aliases: names with a tree, names with a text. */
#pragma once

#include "ast.h"

const struct node *func_find(const char *name);
void func_define(const struct node *n);
void func_unset(const char *name);
/* The name after @after (NULL: the first), or NULL. */
const char *func_next(const char *after);

const char *alias_find(const char *name);
void alias_define(const char *name, const char *text);
bool alias_remove(const char *name);
void alias_remove_all(void);
const char *alias_next(const char *after);
