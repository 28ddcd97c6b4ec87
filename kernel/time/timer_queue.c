/* SPDX-License-Identifier: MIT */
/*
 * [pure] The timer queue's order. No lock here: kernel/time/timer.c holds its
 * CPU's around every call.
 */
#include <kernel/time/timer_queue.h>

void timer_queue_init(struct timer_queue *queue)
{
	rb_init(&queue->tree);
}

bool timer_queue_insert(struct timer_queue *queue, struct timer_entry *entry)
{
	struct rb_node **link = &queue->tree.root, *parent = NULL;

	while (*link) {
		parent = *link;
		link = entry->deadline_ns <
				       RB_ENTRY(parent, struct timer_entry, node)->deadline_ns
			       ? &parent->left
			       : &parent->right;
	}
	rb_link(&entry->node, parent, link);
	rb_insert_fixup(&queue->tree, &entry->node);
	return rb_first(&queue->tree) == &entry->node;
}

void timer_queue_remove(struct timer_queue *queue, struct timer_entry *entry)
{
	rb_erase(&queue->tree, &entry->node);
}

ns_t timer_queue_first(const struct timer_queue *queue)
{
	struct rb_node *node = rb_first(&queue->tree);

	return node ? RB_ENTRY(node, struct timer_entry, node)->deadline_ns : TIMER_QUEUE_EMPTY;
}

struct timer_entry *timer_queue_pop(struct timer_queue *queue, ns_t now)
{
	struct rb_node *node = rb_first(&queue->tree);
	struct timer_entry *entry = RB_ENTRY_OR_NULL(node, struct timer_entry, node);

	if (!entry || entry->deadline_ns > now)
		return NULL;
	rb_erase(&queue->tree, node);
	return entry;
}
