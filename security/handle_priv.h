/* SPDX-License-Identifier: MIT */
/* Tables as security/cap.c sees them: also those of others than current. */
#pragma once

#include <security/handle.h>

/** handle_table_reserve - handle_reserve() in @table for numbers below @limit */
__must_check int handle_table_reserve(struct handle_table *table, int min, u32 limit);
void handle_table_unreserve(struct handle_table *table, u32 fd);
/** handle_table_fill_locked - reserved slot @fd gets @object (its reference is taken
 * over), @node and the rest. Its lock held, and cap_lock() when there is a node. */
void handle_table_fill_locked(struct handle_table *table, u32 fd, struct kobject *object,
			      u32 rights, u32 flags, struct cap_node *node);
/** handle_table_check_locked - slot @fd, if it has @rights. Return: 0; -EBADF; -EACCES */
__must_check int handle_table_check_locked(const struct handle_table *table, int fd, u32 rights,
					   struct handle **slot);
/** handle_table_set_node_locked - @node, or NULL, becomes @slot's */
void handle_table_set_node_locked(struct handle_table *table, struct handle *slot,
				  struct cap_node *node);
/** handle_table_revoke_locked - @slot keeps its number and object and loses all else */
void handle_table_revoke_locked(struct handle_table *table, struct handle *slot);
