/* SPDX-License-Identifier: MIT */
/* POSIX message queues. Man mq_overview(7). */
#pragma once

#include <kernel/abi/linux_mqueue.h>
#include <kernel/abi/linux_signal.h>
#include <kernel/lib/types.h>

struct file;
struct mq_msg;

/* What a queue gets whose maker asks for nothing, as on Linux. */
#define MQ_DEFAULT_MESSAGES 10u
#define MQ_DEFAULT_SIZE     8192u

/** mqueue_open - @name without the slash. @attr NULL: the defaults.
 * Return: 0 and *out; -ENOENT, -EEXIST, -EACCES, -EINVAL, -ENOSPC, -EMFILE, -ENOMEM */
__must_check int mqueue_open(const char *name, u32 flags, u32 mode,
			     const struct linux_mq_attr *attr, struct file **out);
__must_check int mqueue_unlink(const char *name);

/** mqueue_msg_alloc - with @len user bytes. Return: 0; -EFAULT; -ENOMEM. */
__must_check int mqueue_msg_alloc(const void __user *text, size_t len, u32 prio,
				  struct mq_msg **out);
void mqueue_msg_free(struct mq_msg *msg);
/** mqueue_msg_copy - to user memory. Return: its length; -EFAULT. */
__must_check long mqueue_msg_copy(const struct mq_msg *msg, void __user *text, u32 __user *prio);

/** mqueue_send - takes @msg over when it returns 0; mqueue_receive - *out is the caller's
 * @file: of a queue, else -EBADF. @deadline_ns: uptime or NS_FOREVER. */
__must_check int mqueue_send(struct file *file, struct mq_msg *msg, size_t len, ns_t deadline_ns);
__must_check int mqueue_receive(struct file *file, size_t room, ns_t deadline_ns,
				struct mq_msg **out);
/** mqueue_notify - @event NULL: no more. -EBUSY somebody has asked already. */
__must_check int mqueue_notify(struct file *file, const struct linux_sigevent *event);
/** mqueue_attr - what it is; @nonblock: set the file's flag before, or NULL */
__must_check int mqueue_attr(struct file *file, const bool *nonblock, struct linux_mq_attr *old);

/* Ceilings for who has no CAP_SYS_RESOURCE: /proc/sys/fs/mqueue. */
extern u32 mqueue_max_messages, mqueue_max_size, mqueue_max_queues; /* /proc/sys/fs/mqueue */
