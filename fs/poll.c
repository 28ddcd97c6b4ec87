/* SPDX-License-Identifier: MIT */
/*
 * Waiting on several wait queues. A wake-up on any of them sets `triggered`
 * and wakes the thread; the thread marks itself asleep before it reads
 * `triggered`, so no wake-up is lost.
 */
#include <fs/poll.h>

#include <fs/file.h>
#include <kernel/abi/errno.h>
#include <kernel/sched/sched.h>
#include <mm/kmalloc.h>

#define CHUNK_ENTRIES 32u

struct poll_chunk {
	struct poll_chunk *next;
	u32 nr;
	struct poll_entry entries[CHUNK_ENTRIES];
};

static bool poll_wake(struct waiter *waiter)
{
	struct poll_entry *entry = container_of(waiter, struct poll_entry, waiter);

	atomic_store_release(&entry->queue->triggered, true);
	return waitq_wake_thread(waiter);
}

static struct poll_entry *new_entry(struct poll_queue *queue)
{
	struct poll_chunk *chunk = queue->more;

	if (queue->nr < POLL_INLINE)
		return &queue->first[queue->nr++];
	if (!chunk || chunk->nr == CHUNK_ENTRIES) {
		chunk = kmalloc(sizeof(*chunk), 0);
		if (!chunk)
			return NULL;
		chunk->nr = 0;
		chunk->next = queue->more;
		queue->more = chunk;
	}
	return &chunk->entries[chunk->nr++];
}

static void poll_add(struct poll_table *table, struct waitq *wq)
{
	struct poll_queue *queue = container_of(table, struct poll_queue, table);
	struct poll_entry *entry = new_entry(queue);

	if (!entry) {
		table->error = -ENOMEM;
		return;
	}
	entry->queue = queue;
	entry->file = queue->file;
	if (entry->file)
		file_get(entry->file);
	entry->waiter = (struct waiter){ .thread = current, .wake = poll_wake };
	waitq_add(wq, &entry->waiter);
}

void poll_queue_init(struct poll_queue *queue)
{
	queue->table = (struct poll_table){ .add = poll_add };
	queue->file = NULL;
	queue->triggered = false;
	queue->nr = 0;
	queue->more = NULL;
}

int poll_queue_sleep(struct poll_queue *queue, ns_t deadline_ns)
{
	struct waitq own = WAITQ_INIT(own);
	struct waiter waiter;
	int err = 0;

	waitq_prepare(&own, &waiter, true);
	if (!atomic_load_acquire(&queue->triggered))
		err = sched_block(deadline_ns);
	waitq_finish(&waiter);
	if (atomic_xchg(&queue->triggered, false))
		err = 0; /* news first; a signal or the time is seen next round */
	return err;
}

static void entry_fini(struct poll_entry *entry)
{
	waitq_remove(&entry->waiter);
	if (entry->file)
		file_put(entry->file);
}

void poll_queue_fini(struct poll_queue *queue)
{
	for (u32 i = 0; i < queue->nr; i++)
		entry_fini(&queue->first[i]);
	while (queue->more) {
		struct poll_chunk *chunk = queue->more;

		for (u32 i = 0; i < chunk->nr; i++)
			entry_fini(&chunk->entries[i]);
		queue->more = chunk->next;
		kfree(chunk);
	}
}
