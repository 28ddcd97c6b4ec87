/* SPDX-License-Identifier: MIT */
/* System V message queues. Man msgop(2), msgctl(2). */
#pragma once

#include <ipc/sysv.h>
#include <kernel/core/waitq.h>

struct msg_queue {
	struct sysv_object sysv;   /* first */
	struct list_head messages; /* [t] struct msg, oldest first; t: msg_table.lock */
	struct waitq wait;
	u32 changes;               /* [a] grows with each change */
	u64 bytes, nr, max_bytes;  /* [t] */
	s64 stime, rtime;          /* [t] */
	s32 spid, rpid;            /* [t] last sender and receiver */
};

static inline struct msg_queue *msg_queue_of(struct sysv_object *obj)
{
	return container_of(obj, struct msg_queue, sysv);
}

struct msg; /* a message on its way */

__must_check int msg_get(s32 key, int flags);
/** msg_alloc - a message of @len bytes of user memory. Return: 0; -EFAULT; -ENOMEM. */
__must_check int msg_alloc(s64 type, const void __user *text, size_t len, struct msg **out);
/** msg_send - takes @msg over when it returns 0 */
__must_check int msg_send(s32 id, struct msg *msg, int flags);
/** msg_receive - *out is the caller's; @len: room it has */
__must_check int msg_receive(s32 id, s64 type, size_t len, int flags, struct msg **out);
/** msg_copy_out - type and at most @len bytes to user memory. Return: bytes; -EFAULT. */
__must_check long msg_copy_out(const struct msg *msg, s64 __user *type, void __user *text,
			       size_t len);
void msg_free(struct msg *msg);
/** msg_changed - wake who waits. Lock held. msg_remove - IPC_RMID. Lock held. */
void msg_changed(struct msg_queue *queue);
void msg_remove(struct msg_queue *queue);
