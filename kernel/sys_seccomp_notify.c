/* SPDX-License-Identifier: MIT */
/*
 * User notification of seccomp(2): a filter's verdict SECCOMP_RET_USER_NOTIF puts the call
 * into the listener's list and its thread to sleep; the supervisor takes it (RECV), may give
 * descriptors to the thread (ADDFD), and answers (SEND).
 *
 *   ASKED --RECV--> SENT --SEND, ADDFD with SEND, close of the listener--> REPLIED
 *     ^               |
 *     +--RECV failed to copy
 *
 * A call is on its thread's stack and in notify->calls, both ends of every change under
 * notify->lock; a signal takes it out of the list. Ids are not used twice, so an answer
 * that comes too late meets none. What the supervisor reads in the thread's memory may
 * change under its eyes, as on Linux: it is for emulating calls, no check to rely on.
 * Sources: man seccomp_unotify(2).
 */
#include <kernel/sys_seccomp_notify.h>

#include <arch/uaccess.h>
#include <fs/file.h>
#include <fs/inode.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_fcntl.h>
#include <kernel/abi/linux_poll.h>
#include <kernel/abi/linux_seccomp.h>
#include <kernel/lib/string.h>
#include <kernel/task/task.h>
#include <kernel/time/clock.h>
#include <mm/kmalloc.h>
#include <security/handle.h>
#include <security/random.h>
#include <security/seccomp.h>

#define KILLABLE_POLL_NS (20 * NS_PER_MS)
#define ID_VALID_WRONG_DIR 0x80082102u /* ID_VALID as headers had it before Linux 5.17 */
/* ADDFD's structure may grow: the size in the number is the caller's. */
#define IOC_SIZE_MASK  0x3fff0000u
#define IOC_SIZE_SHIFT 16

enum call_state { CALL_ASKED, CALL_SENT, CALL_REPLIED };

/* Lock key: l notify->lock */
struct call {
	struct list_head link;    /* [l] */
	u64 id;                   /* [i] */
	s32 tid;                  /* [i] */
	enum call_state state;    /* [l] */
	bool news;                /* [l][a] replied, or a descriptor is to be taken */
	struct linux_seccomp_data data; /* [i] */
	struct list_head gifts;   /* [l] */
	s64 val;                  /* [l] the answer */
	s32 error;                /* [l] */
	u32 flags;                /* [l] */
	struct waitq wait;
};

/* A descriptor on its way; on the supervisor's stack. */
struct gift {
	struct list_head link;    /* [l] of call->gifts until taken */
	struct kobject *object;   /* [i] referenced by the supervisor */
	u32 rights, flags, newfd, newfd_flags; /* [i] */
	bool taken;               /* [l] by the thread, which will say done */
	bool done;                /* [l][a] */
	long result;              /* [l] */
	struct waitq wait;
};

/* ---- the thread that asks ---- */

static long install(const struct gift *gift)
{
	u32 flags = gift->newfd_flags & O_CLOEXEC ? HANDLE_CLOEXEC : 0;
	long fd, to;

	kobject_get(gift->object);
	fd = handle_open(gift->object, gift->rights, flags);
	if (fd < 0) {
		kobject_put(gift->object);
		return fd;
	}
	if (!(gift->flags & SECCOMP_ADDFD_FLAG_SETFD) || fd == (long)gift->newfd)
		return fd;
	to = handle_dup_to((int)fd, (int)gift->newfd, flags);
	(void)!handle_close((int)fd);
	return to;
}

static void reply_locked(struct call *call, s64 val, s32 error, u32 flags)
{
	call->state = CALL_REPLIED;
	call->val = val;
	call->error = error;
	call->flags = flags;
	atomic_store_release(&call->news, true);
	waitq_wake_all(&call->wait);
}

/* All that is to be taken, outside the lock. */
static void take_gifts(struct seccomp_notify *notify, struct call *call)
{
	struct list_head *link;
	irqflags_t irq;

	irq = spin_lock_irq(&notify->lock);
	atomic_store_relaxed(&call->news, call->state == CALL_REPLIED);
	while ((link = list_pop(&call->gifts))) {
		struct gift *gift = LIST_ENTRY(link, struct gift, link);
		long result;

		gift->taken = true;
		spin_unlock_irq(&notify->lock, irq);
		result = install(gift);
		irq = spin_lock_irq(&notify->lock);
		if ((gift->flags & SECCOMP_ADDFD_FLAG_SEND) && result < 0)
			call->state = CALL_SENT; /* no answer after all */
		else if (gift->flags & SECCOMP_ADDFD_FLAG_SEND)
			reply_locked(call, result, 0, 0);
		gift->result = result;
		atomic_store_release(&gift->done, true);
		waitq_wake_all(&gift->wait); /* its owner takes the lock before it returns */
	}
	spin_unlock_irq(&notify->lock, irq);
}

static bool is_dying(void)
{
	return atomic_load_relaxed(&current->work) & THREAD_WORK_EXIT;
}

/* Until there is news. Return: 0; -ERESTARTSYS: the call is given up. */
static int wait_news(struct seccomp_notify *notify, struct call *call)
{
	for (;;) {
		bool killable = notify->wait_killable &&
				atomic_load_relaxed(&call->state) == CALL_SENT;
		/* There is no sleep that only death ends: look now and then. */
		int err = WAITQ_WAIT(&call->wait, atomic_load_acquire(&call->news), !killable,
				     killable ? uptime_ns() + KILLABLE_POLL_NS : NS_FOREVER);

		if (!err)
			return 0;
		if (err != -ETIMEDOUT && notify->wait_killable &&
		    atomic_load_relaxed(&call->state) == CALL_SENT && !is_dying())
			continue;
		if (err != -ETIMEDOUT || is_dying())
			return -ERESTARTSYS;
	}
}

/* Out of the list; gifts not taken are refused. Return: was it answered? */
static bool withdraw(struct seccomp_notify *notify, struct call *call)
{
	struct list_head *link;
	bool replied;
	irqflags_t irq;

	irq = spin_lock_irq(&notify->lock);
	list_del(&call->link);
	replied = call->state == CALL_REPLIED;
	while ((link = list_pop(&call->gifts))) {
		struct gift *gift = LIST_ENTRY(link, struct gift, link);

		gift->taken = true;
		gift->result = -ESRCH;
		atomic_store_release(&gift->done, true);
		waitq_wake_all(&gift->wait);
	}
	spin_unlock_irq(&notify->lock, irq);
	return replied;
}

/* Return: false: nobody listens. */
static bool post(struct seccomp_notify *notify, struct call *call)
{
	bool open;
	irqflags_t irq;

	irq = spin_lock_irq(&notify->lock);
	open = !notify->closed;
	if (open) {
		call->id = ++notify->next_id;
		list_add_tail(&call->link, &notify->calls);
		waitq_wake_poll(&notify->wait, POLLIN | POLLRDNORM);
	}
	spin_unlock_irq(&notify->lock, irq);
	return open;
}

bool seccomp_notify_ask(struct seccomp_notify *notify, const struct linux_seccomp_data *data,
			u64 *result)
{
	struct call call = { .tid = current->tid, .data = *data };
	int err = 0;

	*result = -(u64)ENOSYS;
	if (!notify)
		return false;
	list_init(&call.gifts);
	waitq_init(&call.wait, "seccomp_call");
	/* Another thread may close the listener, and TSYNC replace the filter. */
	refcount_get(&notify->refs);
	if (post(notify, &call)) {
		do {
			err = wait_news(notify, &call);
			if (!err)
				take_gifts(notify, &call);
		} while (!err && atomic_load_acquire(&call.state) != CALL_REPLIED);
		if (withdraw(notify, &call))
			*result = call.error ? (u64)(s64)call.error : (u64)call.val;
		else
			*result = (u64)(s64)err;
	}
	seccomp_notify_put(notify);
	return call.flags & SECCOMP_USER_NOTIF_FLAG_CONTINUE;
}

/* ---- the listener ---- */

static struct call *find_locked(struct seccomp_notify *notify, u64 id)
{
	struct call *call;

	LIST_FOR_EACH(call, &notify->calls, link)
		if (call->id == id)
			return call;
	return NULL;
}

static struct call *first_locked(struct seccomp_notify *notify, enum call_state state)
{
	struct call *call;

	LIST_FOR_EACH(call, &notify->calls, link)
		if (call->state == state)
			return call;
	return NULL;
}

/* The oldest call that nobody received; false: there is none. */
static bool take_asked(struct seccomp_notify *notify, struct linux_seccomp_notif *out)
{
	struct call *call;
	irqflags_t irq;

	irq = spin_lock_irq(&notify->lock);
	call = first_locked(notify, CALL_ASKED);
	if (call) {
		*out = (struct linux_seccomp_notif){ .id = call->id, .pid = (u32)call->tid,
						     .data = call->data };
		call->state = CALL_SENT;
		waitq_wake_poll(&notify->wait, POLLOUT | POLLWRNORM);
	}
	spin_unlock_irq(&notify->lock, irq);
	return call;
}

static bool anything_asked(struct seccomp_notify *notify)
{
	bool found;
	irqflags_t irq;

	irq = spin_lock_irq(&notify->lock);
	found = first_locked(notify, CALL_ASKED);
	spin_unlock_irq(&notify->lock, irq);
	return found;
}

static void untake(struct seccomp_notify *notify, u64 id)
{
	struct call *call;
	irqflags_t irq;

	irq = spin_lock_irq(&notify->lock);
	call = find_locked(notify, id);
	if (call && call->state == CALL_SENT) {
		call->state = CALL_ASKED;
		waitq_wake_poll(&notify->wait, POLLIN | POLLRDNORM);
	}
	spin_unlock_irq(&notify->lock, irq);
}

static long receive(struct seccomp_notify *notify, void __user *unotif)
{
	struct linux_seccomp_notif notif;
	const u8 *bytes = (const u8 *)&notif;

	if (copy_from_user(&notif, unotif, sizeof(notif)))
		return -EFAULT;
	for (u32 i = 0; i < sizeof(notif); i++)
		if (bytes[i])
			return -EINVAL;
	while (!take_asked(notify, &notif)) {
		int err = WAITQ_WAIT(&notify->wait, anything_asked(notify), true, NS_FOREVER);

		if (err)
			return err;
	}
	if (!copy_to_user(unotif, &notif, sizeof(notif)))
		return 0;
	untake(notify, notif.id);
	return -EFAULT;
}

/* *call: the one with @id, which waits for an answer. */
static long find_sent_locked(struct seccomp_notify *notify, u64 id, struct call **call)
{
	*call = find_locked(notify, id);
	if (!*call)
		return -ENOENT;
	return (*call)->state == CALL_SENT ? 0 : -EINPROGRESS;
}

static long answer(struct seccomp_notify *notify, const void __user *uresp)
{
	struct linux_seccomp_notif_resp resp;
	struct call *call;
	long err;
	irqflags_t irq;

	if (copy_from_user(&resp, uresp, sizeof(resp)))
		return -EFAULT;
	if (resp.flags & ~SECCOMP_USER_NOTIF_FLAG_CONTINUE)
		return -EINVAL;
	if ((resp.flags & SECCOMP_USER_NOTIF_FLAG_CONTINUE) && (resp.error || resp.val))
		return -EINVAL;
	irq = spin_lock_irq(&notify->lock);
	err = find_sent_locked(notify, resp.id, &call);
	if (!err)
		reply_locked(call, resp.val, resp.error, resp.flags);
	spin_unlock_irq(&notify->lock, irq);
	return err;
}

static long id_valid(struct seccomp_notify *notify, const void __user *uid)
{
	struct call *call;
	long err;
	u64 id;
	irqflags_t irq;

	if (user_read_u64(&id, uid))
		return -EFAULT;
	irq = spin_lock_irq(&notify->lock);
	err = find_sent_locked(notify, id, &call);
	spin_unlock_irq(&notify->lock, irq);
	return err ? -ENOENT : 0;
}

static long give(struct seccomp_notify *notify, u64 id, struct gift *gift)
{
	struct call *call;
	long err;
	irqflags_t irq;

	irq = spin_lock_irq(&notify->lock);
	err = find_sent_locked(notify, id, &call);
	if (!err && (gift->flags & SECCOMP_ADDFD_FLAG_SEND)) {
		if (list_empty(&call->gifts))
			call->state = CALL_REPLIED;
		else
			err = -EBUSY;
	}
	if (!err) {
		list_add_tail(&gift->link, &call->gifts);
		atomic_store_release(&call->news, true);
		waitq_wake_all(&call->wait);
	}
	spin_unlock_irq(&notify->lock, irq);
	return err;
}

/* A signal came: take it back, unless the thread has it already. */
static bool take_back(struct seccomp_notify *notify, u64 id, struct gift *gift)
{
	struct call *call;
	bool mine;
	irqflags_t irq;

	irq = spin_lock_irq(&notify->lock);
	mine = !gift->taken;
	if (mine) {
		list_del(&gift->link);
		call = find_locked(notify, id);
		if (call && (gift->flags & SECCOMP_ADDFD_FLAG_SEND))
			call->state = CALL_SENT;
	}
	spin_unlock_irq(&notify->lock, irq);
	return mine;
}

static long give_and_wait(struct seccomp_notify *notify, u64 id, struct gift *gift)
{
	long err = give(notify, id, gift);
	irqflags_t irq;

	if (err)
		return err;
	err = WAITQ_WAIT(&gift->wait, atomic_load_acquire(&gift->done), true, NS_FOREVER);
	if (err && take_back(notify, id, gift))
		return err;
	(void)!WAITQ_WAIT(&gift->wait, atomic_load_acquire(&gift->done), false, NS_FOREVER);
	/* Whoever said so touches the gift until it drops the lock. */
	irq = spin_lock_irq(&notify->lock);
	err = gift->result;
	spin_unlock_irq(&notify->lock, irq);
	return err;
}

static long add_fd(struct seccomp_notify *notify, const u8 __user *uadd, size_t size)
{
	struct linux_seccomp_notif_addfd add;
	struct gift gift = { 0 };
	struct handle_ref ref;
	long ret;
	u8 more;

	if (size < sizeof(add) || size >= 4096)
		return -EINVAL;
	if (copy_from_user(&add, uadd, sizeof(add)))
		return -EFAULT;
	for (size_t at = sizeof(add); at < size; at++) {
		if (copy_from_user(&more, uadd + at, 1))
			return -EFAULT;
		if (more)
			return -E2BIG;
	}
	if (add.newfd_flags & ~(u32)O_CLOEXEC)
		return -EINVAL;
	if (add.flags & ~(SECCOMP_ADDFD_FLAG_SETFD | SECCOMP_ADDFD_FLAG_SEND))
		return -EINVAL;
	if (add.newfd && !(add.flags & SECCOMP_ADDFD_FLAG_SETFD))
		return -EINVAL;
	ret = handle_get((int)add.srcfd, RIGHT_DUP, KOBJECT_FILE, &ref);
	if (ret)
		return ret;
	gift.object = ref.object;
	gift.rights = ref.rights;
	gift.flags = add.flags;
	gift.newfd = add.newfd;
	gift.newfd_flags = add.newfd_flags;
	waitq_init(&gift.wait, "seccomp_gift");
	ret = give_and_wait(notify, add.id, &gift);
	handle_put(&ref);
	return ret;
}

static long listener_ioctl(struct file *file, u32 cmd, u64 arg)
{
	struct seccomp_notify *notify = file->priv;
	void __user *ptr = (void __user *)(uintptr_t)arg;

	switch (cmd) {
	case SECCOMP_IOCTL_NOTIF_RECV:
		return receive(notify, ptr);
	case SECCOMP_IOCTL_NOTIF_SEND:
		return answer(notify, ptr);
	case SECCOMP_IOCTL_NOTIF_ID_VALID:
	case ID_VALID_WRONG_DIR:
		return id_valid(notify, ptr);
	}
	if ((cmd & ~IOC_SIZE_MASK) == (SECCOMP_IOCTL_NOTIF_ADDFD & ~IOC_SIZE_MASK))
		return add_fd(notify, ptr, (cmd & IOC_SIZE_MASK) >> IOC_SIZE_SHIFT);
	return -EINVAL;
}

static u32 listener_poll(struct file *file, struct poll_table *table)
{
	struct seccomp_notify *notify = file->priv;
	u32 ready = 0;
	irqflags_t irq;

	poll_wait(table, &notify->wait);
	irq = spin_lock_irq(&notify->lock);
	if (first_locked(notify, CALL_ASKED))
		ready |= POLLIN | POLLRDNORM;
	if (first_locked(notify, CALL_SENT))
		ready |= POLLOUT | POLLWRNORM;
	if (notify->orphaned)
		ready |= POLLHUP;
	spin_unlock_irq(&notify->lock, irq);
	return ready;
}

/* Who still waits is answered as if there had been no listener. */
static void listener_release(struct file *file)
{
	struct seccomp_notify *notify = file->priv;
	struct call *call;
	irqflags_t irq;

	irq = spin_lock_irq(&notify->lock);
	atomic_store_relaxed(&notify->closed, true);
	LIST_FOR_EACH(call, &notify->calls, link)
		if (call->state != CALL_REPLIED)
			reply_locked(call, 0, -ENOSYS, 0);
	spin_unlock_irq(&notify->lock, irq);
	seccomp_notify_put(notify);
}

static const struct file_ops listener_fops = {
	.ioctl = listener_ioctl,
	.poll = listener_poll,
	.release = listener_release,
	.anon_name = "seccomp notify",
};

static struct seccomp_notify *alloc_notify(bool wait_killable)
{
	struct seccomp_notify *notify = kzalloc(sizeof(*notify), 0);

	if (!notify)
		return NULL;
	refcount_init(&notify->refs);
	spin_init(&notify->lock, RANK_SECCOMP, "seccomp_notify");
	notify->wait_killable = wait_killable;
	notify->next_id = random_u64();
	list_init(&notify->calls);
	waitq_init(&notify->wait, "seccomp_listener");
	return notify;
}

long seccomp_listener_prepare(struct seccomp_listener *listener, bool wait_killable)
{
	listener->fd = handle_reserve(0);
	if (listener->fd < 0)
		return listener->fd;
	listener->notify = alloc_notify(wait_killable);
	if (!listener->notify)
		goto err_fd;
	listener->file = file_alloc(inode_anon(), &listener_fops, O_RDWR);
	if (!listener->file)
		goto err_notify;
	listener->file->priv = listener->notify;
	return 0;
err_notify:
	seccomp_notify_put(listener->notify);
err_fd:
	handle_unreserve(listener->fd);
	return -ENOMEM;
}

long seccomp_listener_install(struct seccomp_listener *listener)
{
	handle_install(listener->fd, &listener->file->object, file_rights(O_RDWR), HANDLE_CLOEXEC);
	return listener->fd;
}

void seccomp_listener_drop(struct seccomp_listener *listener)
{
	handle_unreserve(listener->fd);
	file_put(listener->file);
}
