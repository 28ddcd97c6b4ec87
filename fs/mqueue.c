/* SPDX-License-Identifier: MIT */
/*
 * POSIX message queues: named, outside of any tree, opened as files. A queue lives as
 * long as its name or a file of it. Its messages stand in a list, the most urgent first
 * and within one priority the oldest; who must wait waits for any change.
 *
 *   registry_lock (names)
 *   └ queue->lock
 */
#include <fs/mqueue.h>

#include <arch/uaccess.h>
#include <fs/file.h>
#include <fs/inode.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_fcntl.h>
#include <kernel/abi/linux_poll.h>
#include <kernel/abi/linux_stat.h>
#include <kernel/core/mutex.h>
#include <kernel/lib/format.h>
#include <kernel/lib/string.h>
#include <kernel/task/task.h>
#include <mm/kmalloc.h>
#include <security/cred.h>

#define NAME_LIMIT 255u
#define HARD_MAX_MESSAGES 65536
#define HARD_MAX_SIZE (16 << 20)

u32 mqueue_max_messages = MQ_DEFAULT_MESSAGES, mqueue_max_size = MQ_DEFAULT_SIZE;
u32 mqueue_max_queues = 256;

struct mq_msg {
	struct list_head link;
	u32 prio;
	size_t len;
	u8 text[];
};

/* Lock key: i immutable, r registry_lock, q lock. */
struct mqueue {
	struct list_head link;     /* [r] queues; not linked: unlinked */
	struct refcount refs;      /* its name, its files */
	char *name;                /* [i] */
	u32 uid, gid, mode;        /* [i] */
	u64 charged;               /* [i] bytes of RLIMIT_MSGQUEUE */
	struct mutex lock;         /* RANK_MQUEUE */
	struct list_head messages; /* [q] struct mq_msg */
	u64 nr, bytes;             /* [q]; read racily by poll */
	u64 max, msg_size;         /* [i] */
	u32 nr_receivers;          /* [q] who waits for a message: no notification then */
	u32 changes;               /* [a] */
	struct waitq wait;
	struct task *notify;       /* [q] referenced; NULL: nobody */
	struct file *notify_file;  /* [q] by which it asked; not referenced */
	struct linux_sigevent event; /* [q] */
};

static struct list_head queues = LIST_HEAD_INIT(queues);
static struct mutex registry_lock = MUTEX_INIT(registry_lock, RANK_MQUEUE_NAMES, "mqueue_names");
static u32 nr_queues;      /* [registry_lock] */
static u64 charged_total;  /* [registry_lock] of all users but root */

static const struct file_ops mqueue_fops;

static struct mqueue *queue_of(const struct file *file)
{
	return file->ops == &mqueue_fops ? file->priv : NULL;
}

/* ---- messages ---- */

int mqueue_msg_alloc(const void __user *text, size_t len, u32 prio, struct mq_msg **out)
{
	struct mq_msg *msg = kmalloc(sizeof(*msg) + len, 0);

	if (!msg)
		return -ENOMEM;
	msg->prio = prio;
	msg->len = len;
	if (copy_from_user(msg->text, text, len)) {
		kfree(msg);
		return -EFAULT;
	}
	*out = msg;
	return 0;
}

void mqueue_msg_free(struct mq_msg *msg)
{
	kfree(msg);
}

long mqueue_msg_copy(const struct mq_msg *msg, void __user *text, u32 __user *prio)
{
	if (copy_to_user(text, msg->text, msg->len) || (prio && user_write_u32(prio, msg->prio)))
		return -EFAULT;
	return (long)msg->len;
}

/* ---- queues ---- */

static void unset_notify_locked(struct mqueue *queue)
{
	if (queue->notify)
		task_put(queue->notify);
	queue->notify = NULL;
	queue->notify_file = NULL;
}

static void queue_put(struct mqueue *queue)
{
	if (!refcount_put(&queue->refs))
		return;
	while (!list_empty(&queue->messages)) {
		struct mq_msg *msg = LIST_FIRST_ENTRY(&queue->messages, struct mq_msg, link);

		list_del(&msg->link);
		kfree(msg);
	}
	if (queue->notify)
		task_put(queue->notify);
	mutex_lock(&registry_lock);
	nr_queues--;
	charged_total -= queue->charged;
	mutex_unlock(&registry_lock);
	kfree(queue->name);
	kfree(queue);
}

static struct mqueue *find_locked(const char *name)
{
	struct mqueue *queue;

	LIST_FOR_EACH(queue, &queues, link)
		if (!strcmp(queue->name, name))
			return queue;
	return NULL;
}

/* mq_overview(7), "/proc interfaces": ceilings for who may not go over them. */
static int check_attr(u64 *max, u64 *size, const struct linux_mq_attr *attr)
{
	bool free = capable(CAP_SYS_RESOURCE);
	s64 most = free ? HARD_MAX_MESSAGES : mqueue_max_messages;
	s64 longest = free ? HARD_MAX_SIZE : mqueue_max_size;

	*max = MIN(MQ_DEFAULT_MESSAGES, mqueue_max_messages);
	*size = MIN(MQ_DEFAULT_SIZE, mqueue_max_size);
	if (!attr)
		return 0;
	if (attr->mq_maxmsg <= 0 || attr->mq_msgsize <= 0 || attr->mq_maxmsg > most ||
	    attr->mq_msgsize > longest)
		return -EINVAL;
	*max = (u64)attr->mq_maxmsg;
	*size = (u64)attr->mq_msgsize;
	return 0;
}

static int create_locked(const char *name, u32 mode, const struct linux_mq_attr *attr,
			 struct mqueue **out)
{
	struct mqueue *queue;
	u64 max, size, bytes;
	int err = check_attr(&max, &size, attr);

	if (err)
		return err;
	if (nr_queues >= mqueue_max_queues && !capable(CAP_SYS_RESOURCE))
		return -ENOSPC;
	bytes = max * (size + sizeof(struct mq_msg));
	if (charged_total + bytes > task_rlimit(RLIMIT_MSGQUEUE) && !capable(CAP_SYS_RESOURCE))
		return -EMFILE;
	queue = kzalloc(sizeof(*queue), 0);
	if (!queue)
		return -ENOMEM;
	queue->name = kstrdup(name, 0);
	if (!queue->name) {
		kfree(queue);
		return -ENOMEM;
	}
	refcount_init(&queue->refs);
	mutex_init(&queue->lock, RANK_MQUEUE, "mqueue");
	waitq_init(&queue->wait, "mqueue");
	list_init(&queue->messages);
	queue->uid = cred_current()->fsuid;
	queue->gid = cred_current()->fsgid;
	queue->mode = mode & 0777;
	queue->max = max;
	queue->msg_size = size;
	queue->charged = bytes;
	charged_total += bytes;
	nr_queues++;
	list_add_tail(&queue->link, &queues);
	*out = queue;
	return 0;
}

static int check_access(const struct mqueue *queue, u32 flags)
{
	const struct cred *cred = cred_current();
	u32 mode = queue->mode, want = 0;

	if ((flags & O_ACCMODE) != O_WRONLY)
		want |= 4;
	if ((flags & O_ACCMODE) != O_RDONLY)
		want |= 2;
	if (cred->fsuid == queue->uid)
		mode >>= 6;
	else if (cred_in_group(cred, queue->gid))
		mode >>= 3;
	return !(want & ~mode) || cred_capable(cred, CAP_DAC_OVERRIDE) ? 0 : -EACCES;
}

static int open_locked(const char *name, u32 flags, u32 mode, const struct linux_mq_attr *attr,
		       struct mqueue **out)
{
	struct mqueue *queue = find_locked(name);
	int err;

	if (!queue) {
		err = flags & O_CREAT ? create_locked(name, mode, attr, &queue) : -ENOENT;
	} else if ((flags & O_CREAT) && (flags & O_EXCL)) {
		err = -EEXIST;
	} else {
		err = check_access(queue, flags);
	}
	if (err)
		return err;
	refcount_get(&queue->refs);
	*out = queue;
	return 0;
}

int mqueue_open(const char *name, u32 flags, u32 mode, const struct linux_mq_attr *attr,
		struct file **out)
{
	struct mqueue *queue;
	int err;

	if ((flags & O_ACCMODE) == O_ACCMODE)
		return -EINVAL;
	if (!*name)
		return -ENOENT;
	if (strchr(name, '/'))
		return -EACCES;
	if (strlen(name) > NAME_LIMIT)
		return -ENAMETOOLONG;
	mutex_lock(&registry_lock);
	err = open_locked(name, flags, mode, attr, &queue);
	mutex_unlock(&registry_lock);
	if (err)
		return err;
	*out = file_alloc(inode_anon(), &mqueue_fops, flags & (O_ACCMODE | O_NONBLOCK));
	if (!*out) {
		queue_put(queue);
		return -ENOMEM;
	}
	(*out)->priv = queue;
	return 0;
}

int mqueue_unlink(const char *name)
{
	const struct cred *cred = cred_current();
	struct mqueue *queue;
	int err = 0;

	if (strchr(name, '/') || !*name)
		return *name ? -EACCES : -ENOENT;
	mutex_lock(&registry_lock);
	queue = find_locked(name);
	if (!queue)
		err = -ENOENT;
	else if (cred->fsuid != queue->uid && !cred_capable(cred, CAP_FOWNER))
		err = -EPERM; /* the folder of queues is a sticky one */
	else
		list_del(&queue->link);
	mutex_unlock(&registry_lock);
	if (!err)
		queue_put(queue);
	return err;
}

/* ---- moving messages ---- */

static void changed_locked(struct mqueue *queue, u32 news)
{
	atomic_fetch_add(&queue->changes, 1u);
	waitq_wake_poll(&queue->wait, news);
}

/* Sleeps until the queue changes; the lock is held before and after. */
static int wait_for_change(struct mqueue *queue, const struct file *file, ns_t deadline_ns)
{
	u32 seen = atomic_load_relaxed(&queue->changes);
	int err;

	if (file->flags & O_NONBLOCK)
		return -EAGAIN;
	mutex_unlock(&queue->lock);
	err = WAITQ_WAIT(&queue->wait, atomic_load_acquire(&queue->changes) != seen, true,
			 deadline_ns);
	mutex_lock(&queue->lock);
	return err;
}

static void insert_locked(struct mqueue *queue, struct mq_msg *msg)
{
	struct list_head *at = &queue->messages;
	struct mq_msg *other;

	LIST_FOR_EACH(other, &queue->messages, link)
		if (other->prio < msg->prio) {
			at = &other->link;
			break;
		}
	list_add_tail(&msg->link, at); /* before @at */
	queue->nr++;
	queue->bytes += msg->len;
}

/* The queue was empty and nobody waits: whoever asked is told, once (mq_notify(3)). */
static void notify_locked(struct mqueue *queue)
{
	struct linux_siginfo info;

	if (!queue->notify)
		return;
	if (queue->event.sigev_notify == SIGEV_SIGNAL) {
		signal_user_info(&info, queue->event.sigev_signo, SI_MESGQ);
		info.rt.si_value = queue->event.sigev_value;
		(void)signal_send_task(queue->notify, &info);
	}
	unset_notify_locked(queue);
}

int mqueue_send(struct file *file, struct mq_msg *msg, size_t len, ns_t deadline_ns)
{
	struct mqueue *queue = queue_of(file);
	int err = 0;

	if (!queue || (file->flags & O_ACCMODE) == O_RDONLY)
		return -EBADF;
	if (len > queue->msg_size)
		return -EMSGSIZE;
	mutex_lock(&queue->lock);
	while (!err && queue->nr == queue->max)
		err = wait_for_change(queue, file, deadline_ns);
	if (!err) {
		bool news = !queue->nr && !queue->nr_receivers;

		insert_locked(queue, msg);
		changed_locked(queue, POLLIN | POLLRDNORM);
		if (news)
			notify_locked(queue);
	}
	mutex_unlock(&queue->lock);
	return err;
}

int mqueue_receive(struct file *file, size_t room, ns_t deadline_ns, struct mq_msg **out)
{
	struct mqueue *queue = queue_of(file);
	struct mq_msg *msg;
	int err = 0;

	if (!queue || (file->flags & O_ACCMODE) == O_WRONLY)
		return -EBADF;
	if (room < queue->msg_size)
		return -EMSGSIZE;
	mutex_lock(&queue->lock);
	queue->nr_receivers++;
	while (!err && !queue->nr)
		err = wait_for_change(queue, file, deadline_ns);
	queue->nr_receivers--;
	if (!err) {
		msg = LIST_FIRST_ENTRY(&queue->messages, struct mq_msg, link);
		list_del(&msg->link);
		queue->nr--;
		queue->bytes -= msg->len;
		changed_locked(queue, POLLOUT | POLLWRNORM);
		*out = msg;
	}
	mutex_unlock(&queue->lock);
	return err;
}

int mqueue_notify(struct file *file, const struct linux_sigevent *event)
{
	struct mqueue *queue = queue_of(file);
	int err = 0;

	if (!queue)
		return -EBADF;
	mutex_lock(&queue->lock);
	if (!event) {
		if (queue->notify == current_task())
			unset_notify_locked(queue);
	} else if (queue->notify) {
		err = -EBUSY;
	} else {
		task_get(current_task());
		queue->notify = current_task();
		queue->notify_file = file;
		queue->event = *event;
	}
	mutex_unlock(&queue->lock);
	return err;
}

int mqueue_attr(struct file *file, const bool *nonblock, struct linux_mq_attr *old)
{
	struct mqueue *queue = queue_of(file);

	if (!queue)
		return -EBADF;
	mutex_lock(&queue->lock);
	*old = (struct linux_mq_attr){
		.mq_flags = file->flags & O_NONBLOCK, .mq_maxmsg = (s64)queue->max,
		.mq_msgsize = (s64)queue->msg_size, .mq_curmsgs = (s64)queue->nr,
	};
	if (nonblock && *nonblock)
		atomic_fetch_or(&file->flags, (u32)O_NONBLOCK);
	else if (nonblock)
		atomic_fetch_and(&file->flags, ~(u32)O_NONBLOCK);
	mutex_unlock(&queue->lock);
	return 0;
}

/* ---- the file ---- */

static long mqueue_read(struct file *file, struct iov_iter *it, u64 *pos)
{
	struct mqueue *queue = file->priv;
	char text[96];
	int len = snprintf(text, sizeof(text),
			   "QSIZE:%-10llu NOTIFY:%-5d SIGNO:%-5d NOTIFY_PID:%-6d\n",
			   (unsigned long long)queue->bytes,
			   queue->notify ? queue->event.sigev_notify : 0,
			   queue->notify && queue->event.sigev_notify == SIGEV_SIGNAL
				   ? queue->event.sigev_signo
				   : 0,
			   queue->notify ? queue->notify->pid : 0);
	size_t n;

	if (*pos >= (u64)len)
		return 0;
	n = iov_iter_copy_to(it, text + *pos, MIN((size_t)len - (size_t)*pos, it->left));
	*pos += n;
	return (long)n;
}

static u32 mqueue_poll(struct file *file, struct poll_table *table)
{
	struct mqueue *queue = file->priv;
	u64 nr;

	poll_wait(table, &queue->wait);
	nr = atomic_load_relaxed(&queue->nr);
	return (nr ? POLLIN | POLLRDNORM : 0) | (nr < queue->max ? POLLOUT | POLLWRNORM : 0);
}

/* Closing any descriptor of it ends a process's request to be told (mq_close(3)). */
static void mqueue_closed(struct file *file)
{
	struct mqueue *queue = file->priv;

	mutex_lock(&queue->lock);
	if (queue->notify == current_task())
		unset_notify_locked(queue);
	mutex_unlock(&queue->lock);
}

static void mqueue_release(struct file *file)
{
	struct mqueue *queue = file->priv;

	mutex_lock(&queue->lock);
	if (queue->notify_file == file)
		unset_notify_locked(queue);
	mutex_unlock(&queue->lock);
	queue_put(queue);
}

static const struct file_ops mqueue_fops = {
	.read = mqueue_read, .poll = mqueue_poll, .closed = mqueue_closed,
	.release = mqueue_release, .anon_name = "[mqueue]",
};
