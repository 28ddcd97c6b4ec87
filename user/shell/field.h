/* SPDX-License-Identifier: MIT */
/*
 * Text on its way through expansion: each byte with where it came from, which
 * decides whether it may split fields or be part of a pattern.
 */
#pragma once

#include "expand.h"

enum field_flag {
	FIELD_PLAIN,  /* as written: pattern characters count */
	FIELD_SPLIT,  /* from an expansion: splits too */
	FIELD_QUOTED, /* stands for itself */
	FIELD_NULL,   /* no byte: "" makes a field even when it is empty */
	FIELD_BREAK,  /* no byte: between the elements of $@ */
};

struct field_buf {
	struct text bytes, flags; /* of equal length */
};

void field_init(struct field_buf *b);
void field_put(struct field_buf *b, const char *s, size_t len, enum field_flag flag);
void field_mark(struct field_buf *b, enum field_flag flag);
/* One string of it; breaks become blanks. */
char *field_join(struct field_buf *b);
/* One pattern of it: quoted bytes are escaped. */
char *field_pattern(const struct field_buf *b);
/* The fields, with pathname expansion; added to @out. */
struct field_list {
	char **v;
	size_t n, cap;
};
void field_split(const struct field_buf *b, struct field_list *out);
void field_add(struct field_list *list, char *s);

/* glob.c: the names that match @pattern, in order, added to @out. Return: how many. */
size_t glob_expand(const char *pattern, struct field_list *out);
