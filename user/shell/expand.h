/* SPDX-License-Identifier: MIT */
/*
 * Word expansion (POSIX.1-2017 XCU §2.6): tilde, parameters, commands,
 * arithmetic; then field splitting, pathnames, quote removal. Results lie on
 * shell.temp. Errors end the command by shell_fail().
 */
#pragma once

#include "ast.h"

struct expand_args {
	char **argv; /* NULL at the end */
	int argc;
};

/* All the fields of @words. @assigns: words like name=value are not split, as for export. */
void expand_args(const struct word *words, bool assigns, struct expand_args *out);
/* @w as one field: no splitting, no pathnames. @assign: tildes also behind colons. */
char *expand_one(const struct word *w, bool assign);
/* @w as a pattern for pattern_match(): what was quoted is escaped. */
char *expand_pattern(const struct word *w);
/* The value of parameter @name (also 1, @, #, ...), or NULL. */
const char *expand_param(const char *name);
/* The parts of @text as between double quotes: prompts. */
char *expand_text(const char *text);
/* The value of an arithmetic expression. */
s64 expand_arith(const char *text);
