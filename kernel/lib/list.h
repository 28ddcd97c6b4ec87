/* SPDX-License-Identifier: MIT */
/*
 * Intrusive doubly linked circular list. The head is a link like any other:
 *
 *      +-> head <-> a <-> b <-> c <-+      empty: head <-> head
 *      +----------------------------+
 *
 * list_del() leaves the link pointing at itself, so list_linked() tells
 * whether an initialised element is on a list, and a second list_del() is
 * harmless.
 */
#pragma once

#include <kernel/lib/types.h>

struct list_head {
	struct list_head *next, *prev;
};

#define LIST_HEAD_INIT(name) { &(name), &(name) }

static inline void list_init(struct list_head *l)
{
	l->next = l;
	l->prev = l;
}

static inline bool list_empty(const struct list_head *head)
{
	return head->next == head;
}

/** list_linked - is the initialised element link @l on a list? */
static inline bool list_linked(const struct list_head *l)
{
	return l->next != l;
}

static inline void list_insert_(struct list_head *l, struct list_head *prev,
				struct list_head *next)
{
	l->prev = prev;
	l->next = next;
	prev->next = l;
	next->prev = l;
}

/** list_add - put @l first (or behind the element @head) */
static inline void list_add(struct list_head *l, struct list_head *head)
{
	list_insert_(l, head, head->next);
}

/** list_add_tail - put @l last (or before the element @head) */
static inline void list_add_tail(struct list_head *l, struct list_head *head)
{
	list_insert_(l, head->prev, head);
}

static inline void list_del(struct list_head *l)
{
	l->prev->next = l->next;
	l->next->prev = l->prev;
	list_init(l);
}

static inline void list_move_tail(struct list_head *l, struct list_head *head)
{
	list_del(l);
	list_add_tail(l, head);
}

/** list_splice_tail - append all of @from to @to; @from is empty then */
static inline void list_splice_tail(struct list_head *from, struct list_head *to)
{
	if (list_empty(from))
		return;
	from->next->prev = to->prev;
	to->prev->next = from->next;
	from->prev->next = to;
	to->prev = from->prev;
	list_init(from);
}

static inline struct list_head *list_first(const struct list_head *head)
{
	return list_empty(head) ? NULL : head->next;
}

static inline struct list_head *list_last(const struct list_head *head)
{
	return list_empty(head) ? NULL : head->prev;
}

/** list_pop - take the first link off; NULL if there is none */
static inline struct list_head *list_pop(struct list_head *head)
{
	struct list_head *l = list_first(head);

	if (l)
		list_del(l);
	return l;
}

#define LIST_ENTRY(link, type, member) container_of(link, type, member)

/* The first or last element, NULL if the list is empty. */
#define LIST_FIRST_ENTRY(head, type, member) \
	(list_empty(head) ? NULL : LIST_ENTRY((head)->next, type, member))
#define LIST_LAST_ENTRY(head, type, member) \
	(list_empty(head) ? NULL : LIST_ENTRY((head)->prev, type, member))

/* `for` over the elements; @pos is a pointer to the containing structure. */
#define LIST_FOR_EACH(pos, head, member)                                      \
	for ((pos) = LIST_ENTRY((head)->next, __typeof__(*(pos)), member);    \
	     &(pos)->member != (head);                                        \
	     (pos) = LIST_ENTRY((pos)->member.next, __typeof__(*(pos)), member))

/* The same, and the body may take @pos off the list and free it. */
#define LIST_FOR_EACH_SAFE(pos, tmp, head, member)                            \
	for ((pos) = LIST_ENTRY((head)->next, __typeof__(*(pos)), member),    \
	    (tmp) = LIST_ENTRY((pos)->member.next, __typeof__(*(pos)), member); \
	     &(pos)->member != (head); (pos) = (tmp),                         \
	    (tmp) = LIST_ENTRY((tmp)->member.next, __typeof__(*(pos)), member))
