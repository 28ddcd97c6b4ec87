/* SPDX-License-Identifier: MIT */
/*
 * [pure] Address ranges given out and taken back, first fit. Each range, free or
 * used, is one node, and the nodes are the caller's:
 *
 *   | used | free      | used | used | free ... |
 *
 * An allocation brings a node along; freeing gives surplus nodes back when
 * neighbours merge. So nothing here allocates, and freeing cannot fail.
 */
#pragma once

#include <kernel/lib/rbtree.h>
#include <kernel/lib/types.h>

struct arena_node {
	struct rb_node node;
	u64 start, len;
	struct arena_node *next; /* chain of surplus nodes */
};

/* The caller locks. */
struct arena {
	struct rb_tree free, used; /* by start */
};

/** arena_init - all of [start, start + len) is free, described by @node */
void arena_init(struct arena *a, struct arena_node *node, u64 start, u64 len);

/** arena_alloc - @len bytes; @node then belongs to the arena. Return: start; 0 none,
 * and @node stays the caller's. */
u64 arena_alloc(struct arena *a, struct arena_node *node, u64 len);

/** arena_used_len - of the range that was given out at @start, 0: none was */
u64 arena_used_len(const struct arena *a, u64 start);

/** arena_free - take the range at @start back. Return: chain of nodes that are the
 * caller's again (may be NULL). @start must be in use. */
struct arena_node *arena_free(struct arena *a, u64 start);
