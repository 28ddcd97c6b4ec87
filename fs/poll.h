/* SPDX-License-Identifier: MIT */
/*
 * Readiness. A poll method registers with every wait queue that may change its
 * answer (poll_wait), then returns the POLL* bits that hold now.
 */
#pragma once

#include <kernel/core/waitq.h>
#include <kernel/lib/types.h>

/* NULL table: only look, do not register. */
struct poll_table {
	/** add - be woken by @wq; the caller owns the waiter's memory */
	void (*add)(struct poll_table *table, struct waitq *wq);
	int error; /* -ENOMEM when a registration failed */
};

static inline void poll_wait(struct poll_table *table, struct waitq *wq)
{
	if (table)
		table->add(table, wq);
}
