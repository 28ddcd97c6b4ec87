/* SPDX-License-Identifier: MIT */
/*
 * The derivation tree: which handle was granted from which. Only handles that
 * were granted, or granted from, have a node; files of ordinary programs have none.
 *
 *   P (a file that was opened)          cap_grant() makes children,
 *   +-- A in process 7                  copies (dup, fork, SCM_RIGHTS) siblings:
 *   |   +-- B in process 9              revoking P kills A, A', B, C;
 *   +-- A' (dup of A, process 7)        revoking A kills B alone.
 *   +-- C on its way in a message       Closing A makes B a child of P.
 *
 * Revoked handles keep their number until it is closed; every use is EBADF, calls
 * blocked in them end so, mappings made through them give SIGBUS (mm/lease.h).
 * A handle that was closed while a mapping made through it is left keeps its node:
 * the mapping can be taken back as well.
 *
 * Lock order: cap_lock -> table->lock. A node in the tree belongs to a slot (its
 * slot->node points back), a handle_copy, or a mapping; each holds a reference.
 */
#pragma once

#include <kernel/abi/cap.h>
#include <security/handle.h>

struct vm_lease;

/**
 * cap_grant - @fd of current becomes a handle with @rights in @table, its child
 * @limit: on the new number
 * Return: the number; -EBADF; -EACCES it lacks RIGHT_GRANT or some of @rights; -EMFILE;
 * -ENOMEM.
 */
__must_check int cap_grant(struct handle_table *table, u32 limit, int fd, u32 rights);

/** cap_revoke - all that was derived from current's @fd is dead when this returns.
 * Return: how many handles that were; -EBADF. May sleep. */
__must_check long cap_revoke(int fd);

/** cap_list - handles of @table and what they were derived from or is derived from
 * them, in any process; up to @max into @out. Return: how many there are. */
u32 cap_list(struct handle_table *table, struct cap_info *out, u32 max);

/** cap_describe - place of @fd of @table in the tree; *children: how many were granted
 * from it. Return: false: it has none. */
bool cap_describe(struct handle_table *table, int fd, struct cap_info *out, u32 *children);

/** cap_lease - *out, referenced: what a mapping through current's @fd, which named
 * @object, must hold; NULL: nothing, nobody can revoke it. Return: 0; -EBADF. */
__must_check int cap_lease(int fd, const struct kobject *object, struct vm_lease **out);

/* ---- for handle.c: slots with nodes ---- */

/** cap_node_closed - its slot or copy is gone. May sleep. */
void cap_node_closed(struct cap_node *node);
/** cap_copy_get, cap_copy_again - the general case of handle_copy_get() ... */
__must_check int cap_copy_get(int fd, u32 rights, struct handle_copy *out);
__must_check int cap_copy_again(const struct handle_copy *copy, struct handle_copy *out);
/** cap_node_arrive_locked - the node of a copy is now slot @fd's of @table, if it lives;
 * false: it was revoked on its way. cap_lock() and table->lock held. */
__must_check bool cap_node_arrive_locked(struct cap_node *node, struct handle_table *table,
					 u32 fd);

/** cap_copy_limit - @copy keeps at most @rights */
void cap_copy_limit(struct handle_copy *copy, u32 rights);

/* Nodes for a copy of a whole table, made before its locks are taken. */
struct cap_spares {
	struct cap_node *first;
	u32 n;
};
/** cap_spares_add - so that there are @n. Return: 0; -ENOMEM. */
__must_check int cap_spares_add(struct cap_spares *spares, u32 n);
void cap_spares_free(struct cap_spares *spares);
void cap_lock(void);
void cap_unlock(void);
/** cap_node_copy_locked - a node beside @node for slot @fd of @table, from @spares;
 * NULL: @node was not granted, so a copy of it needs none. cap_lock() held. */
struct cap_node *cap_node_copy_locked(const struct cap_node *node, struct cap_spares *spares,
				      struct handle_table *table, u32 fd);
