/* SPDX-License-Identifier: MIT */
/*
 * [pure] Memory that is given back all at once: commands as parsed, and what
 * expansion makes on its way. A mark lets nested work give back its own part.
 * `struct text` is a byte string that grows on a pool and always ends in NUL.
 * When memory is out, the process says so and ends with status 2: init starts
 * another shell, and a script cannot go on with half a command.
 */
#pragma once

#include <kernel/lib/types.h>

struct pool_chunk;

struct pool {
	struct pool_chunk *last; /* newest; NULL: nothing was ever taken */
};

struct pool_mark {
	struct pool_chunk *chunk;
	size_t used;
};

/* Zeroed, aligned for anything. Never NULL. */
void *pool_alloc(struct pool *a, size_t len);
char *pool_strndup(struct pool *a, const char *s, size_t len);
char *pool_strdup(struct pool *a, const char *s);
struct pool_mark pool_mark(const struct pool *a);
/* Give back what was taken after @mark. */
void pool_release(struct pool *a, struct pool_mark mark);
void pool_free(struct pool *a);

struct text {
	struct pool *pool;
	char *s; /* NULL until the first byte: text_str() is never NULL */
	size_t len, cap;
};

void text_init(struct text *t, struct pool *a);
void text_char(struct text *t, char c);
void text_add(struct text *t, const char *s, size_t len);
void text_str(struct text *t, const char *s);
__printf(2, 3) void text_printf(struct text *t, const char *fmt, ...);
/* The bytes so far, with a NUL behind them. */
char *text_get(struct text *t);
