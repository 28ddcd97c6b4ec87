/* SPDX-License-Identifier: MIT */
/*
 * System V message queues: a list under the table's lock; who must wait waits for any
 * change of the queue and looks again.
 */
#include <ipc/msg.h>

#include <arch/uaccess.h>
#include <kernel/abi/errno.h>
#include <kernel/task/task.h>
#include <kernel/time/clock.h>
#include <mm/kmalloc.h>
#include <security/cred.h>

struct msg {
	struct list_head link;
	s64 type;
	size_t len;
	u8 text[];
};

static void queue_free(struct sysv_object *obj)
{
	kfree(msg_queue_of(obj));
}

struct sysv_table msg_table = {
	.lock = MUTEX_INIT(msg_table.lock, RANK_SYSV, "sysv_msg"), .free = queue_free,
};

/* ---- queues ---- */

static int create_queue(__unused void *arg, struct sysv_object **out)
{
	struct msg_queue *queue = kzalloc(sizeof(*queue), 0);

	if (!queue)
		return -ENOMEM;
	list_init(&queue->messages);
	waitq_init(&queue->wait, "msg");
	queue->max_bytes = MSGMNB;
	*out = &queue->sysv;
	return 0;
}

static int any_queue(__unused const struct sysv_object *obj, __unused void *arg)
{
	return 0;
}

int msg_get(s32 key, int flags)
{
	const struct sysv_get get = { key, flags, create_queue, any_queue, NULL };

	return sysv_get(&msg_table, &get);
}

void msg_changed(struct msg_queue *queue)
{
	assert_mutex_held(&msg_table.lock);
	atomic_fetch_add(&queue->changes, 1u);
	waitq_wake_all(&queue->wait);
}

void msg_remove(struct msg_queue *queue)
{
	while (!list_empty(&queue->messages)) {
		struct msg *msg = LIST_FIRST_ENTRY(&queue->messages, struct msg, link);

		list_del(&msg->link);
		msg_free(msg);
	}
	msg_changed(queue);
	sysv_remove(&msg_table, &queue->sysv);
}

/* ---- messages ---- */

int msg_alloc(s64 type, const void __user *text, size_t len, struct msg **out)
{
	struct msg *msg = kmalloc(sizeof(*msg) + len, 0);

	if (!msg)
		return -ENOMEM;
	list_init(&msg->link);
	msg->type = type;
	msg->len = len;
	if (copy_from_user(msg->text, text, len)) {
		kfree(msg);
		return -EFAULT;
	}
	*out = msg;
	return 0;
}

void msg_free(struct msg *msg)
{
	kfree(msg);
}

long msg_copy_out(const struct msg *msg, s64 __user *type, void __user *text, size_t len)
{
	size_t n = MIN(len, msg->len);

	if (user_write_u64(type, (u64)msg->type) || copy_to_user(text, msg->text, n))
		return -EFAULT;
	return (long)n;
}

/* Sleeps until @queue changes; the lock is held before and after. */
static int wait_for_change(struct msg_queue *queue)
{
	u32 seen = atomic_load_relaxed(&queue->changes);
	int err;

	refcount_get(&queue->sysv.refs);
	mutex_unlock(&msg_table.lock);
	err = WAITQ_WAIT(&queue->wait, atomic_load_acquire(&queue->changes) != seen, true,
			 NS_FOREVER);
	mutex_lock(&msg_table.lock);
	if (queue->sysv.removed)
		err = -EIDRM;
	else if (err)
		err = -ERESTARTNOHAND;
	sysv_put(&msg_table, &queue->sysv);
	return err;
}

static bool has_room(const struct msg_queue *queue, size_t len)
{
	return queue->bytes + len <= queue->max_bytes && queue->nr < queue->max_bytes;
}

int msg_send(s32 id, struct msg *msg, int flags)
{
	struct msg_queue *queue;
	struct sysv_object *obj;
	int err = sysv_lock_object(&msg_table, id, &obj);

	if (err)
		return err;
	queue = msg_queue_of(obj);
	err = sysv_permission(obj, 0222);
	while (!err && !has_room(queue, msg->len))
		err = flags & IPC_NOWAIT ? -EAGAIN : wait_for_change(queue);
	if (!err) {
		list_add_tail(&msg->link, &queue->messages);
		queue->bytes += msg->len;
		queue->nr++;
		queue->spid = current_task()->pid;
		queue->stime = (s64)unix_timestamp();
		msg_changed(queue);
	}
	mutex_unlock(&msg_table.lock);
	return err;
}

/* The message that msgrcv's @type means: msgop(2). */
static struct msg *find(struct msg_queue *queue, s64 type, int flags)
{
	struct msg *msg, *best = NULL;

	LIST_FOR_EACH(msg, &queue->messages, link) {
		if (!type || (type > 0 && (msg->type == type) == !(flags & MSG_EXCEPT)))
			return msg;
		/* Negative: the lowest that is not above its amount. */
		if (type < 0 && msg->type <= (type == INT64_MIN ? INT64_MAX : -type) &&
		    (!best || msg->type < best->type))
			best = msg;
	}
	return best;
}

static void take(struct msg_queue *queue, struct msg *msg)
{
	list_del(&msg->link);
	queue->bytes -= msg->len;
	queue->nr--;
	queue->rpid = current_task()->pid;
	queue->rtime = (s64)unix_timestamp();
	msg_changed(queue);
}

int msg_receive(s32 id, s64 type, size_t len, int flags, struct msg **out)
{
	struct msg_queue *queue;
	struct sysv_object *obj;
	struct msg *msg = NULL;
	int err = sysv_lock_object(&msg_table, id, &obj);

	if (err)
		return err;
	queue = msg_queue_of(obj);
	err = sysv_permission(obj, 0444);
	while (!err && !(msg = find(queue, type, flags)))
		err = flags & IPC_NOWAIT ? -ENOMSG : wait_for_change(queue);
	if (!err && msg->len > len && !(flags & MSG_NOERROR))
		err = -E2BIG;
	if (!err) {
		take(queue, msg);
		*out = msg;
	}
	mutex_unlock(&msg_table.lock);
	return err;
}
