/* SPDX-License-Identifier: MIT */
/*
 * Readiness. A poll method registers with every wait queue that may change its
 * answer (poll_wait), then returns the POLL* bits that hold now.
 */
#pragma once

#include <kernel/core/waitq.h>
#include <kernel/lib/types.h>

/* NULL table: only look, do not register. */
struct file;

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

/* A thread that waits on several files at once: its waiters, the first few
 * without allocation. */
#define POLL_INLINE 6u

struct poll_queue;
struct poll_entry {
	struct waiter waiter;
	struct poll_queue *queue;
	struct file *file; /* referenced: its wait queue must stay */
};

struct poll_queue {
	struct poll_table table;  /* give this to poll methods */
	struct file *file;        /* the one being asked */
	bool triggered;           /* [a] something woke us since the last sleep */
	u32 nr;
	struct poll_entry first[POLL_INLINE];
	struct poll_chunk *more;
};

void poll_queue_init(struct poll_queue *queue);
/** poll_queue_sleep - until one of the registered queues is woken
 * Return: 0; -ETIMEDOUT; -ERESTARTSYS a signal is pending */
__must_check int poll_queue_sleep(struct poll_queue *queue, ns_t deadline_ns);
void poll_queue_fini(struct poll_queue *queue);
