/* SPDX-License-Identifier: MIT */
/* [pure] Needs of services (contract in order.h): a search in depth, the way to the
 * service at hand on a stack. */
#include "order.h"

#include <stdio.h>
#include <string.h>

enum mark { MARK_NEW, MARK_ON_WAY, MARK_DONE };

struct walk {
	struct order_item *items;
	size_t n, depth;
	size_t way[ORDER_MAX]; /* of items that are MARK_ON_WAY, each needing the next */
	enum mark marks[ORDER_MAX];
};

static size_t find(const struct walk *w, const char *name)
{
	size_t i = 0;

	while (i < w->n && strcmp(w->items[i].name, name) != 0)
		i++;
	return i;
}

static void append(char *text, size_t size, const char *what)
{
	size_t len = strlen(text);

	snprintf(text + len, size - len, "%s", what);
}

/* way[from..] is a circle: all of them are told, by the same words. */
static void name_circle(struct walk *w, size_t from)
{
	char text[sizeof(w->items[0].fault)] = "a circle of needs: ";

	for (size_t i = from; i < w->depth; i++) {
		append(text, sizeof(text), w->items[w->way[i]].name);
		append(text, sizeof(text), " -> ");
	}
	append(text, sizeof(text), w->items[w->way[from]].name);
	for (size_t i = from; i < w->depth; i++)
		memcpy(w->items[w->way[i]].fault, text, sizeof(text));
}

static void visit(struct walk *w, size_t at);

static void check_need(struct walk *w, struct order_item *item, const char *name)
{
	size_t need = find(w, name), from = 0;

	if (need == w->n) {
		snprintf(item->fault, sizeof(item->fault), "needs '%s', which is no service", name);
		return;
	}
	if (w->marks[need] == MARK_ON_WAY) {
		while (w->way[from] != need)
			from++;
		name_circle(w, from);
		return;
	}
	visit(w, need);
	if (w->items[need].fault[0] && !item->fault[0])
		snprintf(item->fault, sizeof(item->fault), "needs '%s', which cannot start", name);
}

static void visit(struct walk *w, size_t at)
{
	struct order_item *item = &w->items[at];

	if (w->marks[at] != MARK_NEW)
		return;
	w->marks[at] = MARK_ON_WAY;
	w->way[w->depth++] = at;
	for (size_t i = 0; !item->fault[0] && item->needs[i]; i++)
		check_need(w, item, item->needs[i]);
	w->depth--;
	w->marks[at] = MARK_DONE;
}

void order_check(struct order_item *items, size_t n)
{
	struct walk w = { .items = items, .n = n };

	for (size_t i = 0; i < n; i++)
		visit(&w, i);
}
