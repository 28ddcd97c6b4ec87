/* SPDX-License-Identifier: MIT */
/* [pure] Pools and growing strings (contract in pool.h). */
#include "pool.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_BYTES 4000u
#define ALIGNMENT   16u
#define TEXT_FIRST  32u

struct pool_chunk {
	struct pool_chunk *prev;
	size_t size, used;
	_Alignas(ALIGNMENT) char bytes[];
};

static __noreturn void out_of_memory(void)
{
	fputs("exsh: out of memory\n", stderr);
	exit(2);
}

static struct pool_chunk *new_chunk(struct pool *a, size_t len)
{
	size_t size = MAX(len, (size_t)CHUNK_BYTES);
	struct pool_chunk *c = malloc(sizeof(*c) + size);

	if (!c)
		out_of_memory();
	c->prev = a->last;
	c->size = size;
	c->used = 0;
	a->last = c;
	return c;
}

void *pool_alloc(struct pool *a, size_t len)
{
	struct pool_chunk *c = a->last;
	void *p;

	if (len > SIZE_MAX / 2)
		out_of_memory();
	len = ALIGN_UP(len, ALIGNMENT);
	if (!c || c->size - c->used < len)
		c = new_chunk(a, len);
	p = c->bytes + c->used;
	c->used += len;
	return memset(p, 0, len);
}

char *pool_strndup(struct pool *a, const char *s, size_t len)
{
	char *copy = pool_alloc(a, len + 1);

	memcpy(copy, s, len);
	return copy;
}

char *pool_strdup(struct pool *a, const char *s)
{
	return pool_strndup(a, s, strlen(s));
}

struct pool_mark pool_mark(const struct pool *a)
{
	return (struct pool_mark){ a->last, a->last ? a->last->used : 0 };
}

void pool_release(struct pool *a, struct pool_mark mark)
{
	while (a->last != mark.chunk) {
		struct pool_chunk *c = a->last;

		a->last = c->prev;
		free(c);
	}
	if (a->last)
		a->last->used = mark.used;
}

void pool_free(struct pool *a)
{
	pool_release(a, (struct pool_mark){ NULL, 0 });
}

void text_init(struct text *t, struct pool *a)
{
	*t = (struct text){ .pool = a };
}

/* Room for @more bytes and the NUL. The old bytes stay behind in the pool. */
static void reserve(struct text *t, size_t more)
{
	size_t cap = MAX(t->cap, (size_t)TEXT_FIRST);
	char *s;

	if (t->len + more < t->cap)
		return;
	while (cap <= t->len + more)
		cap *= 2;
	s = pool_alloc(t->pool, cap);
	if (t->len)
		memcpy(s, t->s, t->len);
	t->s = s;
	t->cap = cap;
}

void text_add(struct text *t, const char *s, size_t len)
{
	reserve(t, len);
	memcpy(t->s + t->len, s, len);
	t->len += len;
	t->s[t->len] = '\0';
}

void text_char(struct text *t, char c)
{
	text_add(t, &c, 1);
}

void text_str(struct text *t, const char *s)
{
	text_add(t, s, strlen(s));
}

void text_printf(struct text *t, const char *fmt, ...)
{
	va_list ap, again;
	int len;

	va_start(ap, fmt);
	va_copy(again, ap);
	len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (len > 0) {
		reserve(t, (size_t)len);
		vsnprintf(t->s + t->len, (size_t)len + 1, fmt, again);
		t->len += (size_t)len;
	}
	va_end(again);
}

char *text_get(struct text *t)
{
	reserve(t, 0);
	t->s[t->len] = '\0';
	return t->s;
}
