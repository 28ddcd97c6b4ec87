/* SPDX-License-Identifier: MIT */
/*
 * [pure] Deadlines in order: a tree of entries by absolute time, earliest at
 * hand. Entries of equal time keep the order of insertion.
 */
#pragma once

#include <kernel/lib/rbtree.h>
#include <kernel/lib/types.h>

#define TIMER_QUEUE_EMPTY (~0ull)

struct timer_entry {
	struct rb_node node;
	ns_t deadline_ns;
};

struct timer_queue {
	struct rb_tree tree;
};

void timer_queue_init(struct timer_queue *queue);

/** timer_queue_insert - Return: true when @entry is the earliest now */
bool timer_queue_insert(struct timer_queue *queue, struct timer_entry *entry);

/** timer_queue_remove - take @entry, which is in @queue, out */
void timer_queue_remove(struct timer_queue *queue, struct timer_entry *entry);

/** timer_queue_first - earliest deadline, TIMER_QUEUE_EMPTY if there is none */
ns_t timer_queue_first(const struct timer_queue *queue);

/** timer_queue_pop - take out the earliest entry if it is due at @now, else NULL */
struct timer_entry *timer_queue_pop(struct timer_queue *queue, ns_t now);
