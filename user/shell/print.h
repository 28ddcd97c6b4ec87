/* SPDX-License-Identifier: MIT */
/*
 * [pure] Trees back to text on one line, for `jobs` and `type`. What is printed
 * means the same when it is parsed again, but for here-documents, of which
 * only the beginning is shown.
 */
#pragma once

#include "ast.h"

void print_node(struct text *out, const struct node *n);
/* @s so that the shell reads it as one word. */
void print_quoted(struct text *out, const char *s, size_t len);
