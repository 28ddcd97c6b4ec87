/* SPDX-License-Identifier: MIT */
/*
 * Control messages of AF_UNIX: handles (SCM_RIGHTS) and identities
 * (SCM_CREDENTIALS); and the collection of sockets that only handles in their
 * own queues keep alive.
 *
 * Each handle to a socket that is on its way counts in sock->inflight. A socket
 * all of whose file's references are such handles (a candidate) is reachable
 * only by reading some queue. unix_gc() takes from each candidate's count the
 * handles that lie in queues of candidates; who has some left is reached from
 * outside, and so is all in its queue, and so on. The rest is garbage: their
 * queues are emptied, which drops the last references.
 *
 * That is exact: a candidate's counts change only by unix_gc_lock's holders, who
 * put a handle under way (counted before it is queued) or take one off (not
 * counted any more before its user can close it); handles being carried between
 * a queue and a process are in no queue, so they reach from outside.
 *
 * Dropping handles may close sockets with queues with handles and so on: they
 * go to a list that one thread empties, so no stack grows.
 * Source: man unix(7), cmsg(3).
 */
#include "unix_priv.h"

#include <arch/uaccess.h>
#include <fs/file.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_resource.h>
#include <kernel/lib/hash.h>
#include <kernel/lib/string.h>
#include <kernel/task/task.h>
#include <mm/kmalloc.h>
#include <security/cred.h>
#include <security/pledge.h>

#define USER_BUCKETS 64u

enum gc_state { GC_NONE, GC_CANDIDATE, GC_REACHED };

static struct mutex unix_gc_lock = MUTEX_INIT(unix_gc_lock, RANK_SOCKET_GC, "unix_gc");
/* Sockets with a handle in flight. */
static struct list_head inflight_socks = LIST_HEAD_INIT(inflight_socks); /* [unix_gc_lock] */
static u32 nr_inflight_socks; /* [unix_gc_lock] read racily */
static u32 inflight_of_user[USER_BUCKETS]; /* [a] by hash of uid: who collides, shares */

static struct spinlock drop_lock = SPINLOCK_INIT(RANK_SOCKET, "unix_drop");
static struct unix_rights *drop_list; /* [drop_lock] */
static bool dropping;                 /* [drop_lock] somebody empties the list */
static bool collecting;               /* [drop_lock] somebody runs unix_gc() */
static bool gc_wanted;                /* [drop_lock] again, when both are done */

/* ---- in flight ---- */

static struct unix_sock *sock_of(struct kobject *object)
{
	struct file *file = file_from_object(object);
	struct socket *sock = file ? socket_from_file(file) : NULL;

	return sock && sock->family == AF_UNIX ? unix_of(sock) : NULL;
}

static u32 *user_count(u32 uid)
{
	return &inflight_of_user[hash_u64(uid) % USER_BUCKETS];
}

static void count_sock(struct unix_sock *sk, bool up)
{
	assert_mutex_held(&unix_gc_lock);
	if (up && !sk->inflight++) {
		list_add_tail(&sk->inflight_link, &inflight_socks);
		atomic_store_relaxed(&nr_inflight_socks, nr_inflight_socks + 1);
	} else if (!up && !--sk->inflight) {
		list_del(&sk->inflight_link);
		atomic_store_relaxed(&nr_inflight_socks, nr_inflight_socks - 1);
	}
}

static void count_rights_locked(struct unix_rights *rights, bool up)
{
	for (u32 i = 0; i < rights->n; i++) {
		struct unix_sock *sk = sock_of(rights->handle[i].object);

		if (sk)
			count_sock(sk, up);
	}
	rights->inflight = up;
	if (up)
		(void)atomic_fetch_add(user_count(rights->uid), rights->n);
	else
		(void)atomic_fetch_sub(user_count(rights->uid), rights->n);
}

static void count_rights(struct unix_rights *rights, bool up)
{
	mutex_lock(&unix_gc_lock);
	count_rights_locked(rights, up);
	mutex_unlock(&unix_gc_lock);
}

static void put_handles(struct unix_rights *rights)
{
	for (u32 i = 0; i < rights->n; i++)
		handle_copy_put(&rights->handle[i]);
	kfree(rights);
}

/* *gc: the list is empty, and sockets were closed meanwhile. */
static struct unix_rights *next_drop(bool *gc)
{
	struct unix_rights *rights;

	spin_lock(&drop_lock);
	rights = drop_list;
	if (rights)
		drop_list = rights->next;
	else
		dropping = false;
	*gc = !rights && gc_wanted && !collecting;
	spin_unlock(&drop_lock);
	return rights;
}

void unix_rights_drop(struct unix_rights *rights)
{
	bool mine, gc = false;

	if (likely(!rights))
		return;
	if (rights->inflight)
		count_rights(rights, false);
	spin_lock(&drop_lock);
	rights->next = drop_list;
	drop_list = rights;
	mine = !dropping;
	dropping = true;
	spin_unlock(&drop_lock);
	while (mine && (rights = next_drop(&gc)))
		put_handles(rights);
	if (gc)
		unix_gc();
}

/* ---- sending ---- */

static int check_cred(const struct linux_ucred *claim, struct linux_ucred *out)
{
	const struct cred *cred = cred_current();
	bool own_uid = claim->uid == cred->uid || claim->uid == cred->euid ||
		       claim->uid == cred->suid;
	bool own_gid = claim->gid == cred->gid || claim->gid == cred->egid ||
		       claim->gid == cred->sgid;
	struct task *task;

	if ((claim->pid != current_task()->pid && !cred_capable(cred, CAP_SYS_ADMIN)) ||
	    (!own_uid && !cred_capable(cred, CAP_SETUID)) ||
	    (!own_gid && !cred_capable(cred, CAP_SETGID)))
		return -EPERM;
	if (claim->pid != current_task()->pid) {
		task = task_find(claim->pid);
		if (!task)
			return -ESRCH;
		task_put(task);
	}
	*out = *claim;
	return 0;
}

/* A folder opens a way around what its receiver may see. */
static bool is_folder(struct kobject *object)
{
	return object->type == KOBJECT_FILE && inode_is_dir(file_from_object(object)->inode);
}

/* Add descriptors @fds to scm->rights. */
static int add_rights(const char *data, u32 n, struct unix_scm *scm)
{
	struct unix_rights *rights = scm->rights;

	if (!rights) {
		rights = kmalloc(sizeof(*rights) + SCM_MAX_FD * sizeof(rights->handle[0]), 0);
		if (!rights)
			return -ENOMEM;
		rights->n = 0;
		rights->inflight = false;
		rights->uid = cred_current()->uid;
		scm->rights = rights;
	}
	if (n > SCM_MAX_FD - rights->n)
		return -EINVAL;
	if (n && pledge_require(PLEDGE_SENDFD))
		return -ENOSYS;
	for (u32 i = 0; i < n; i++) {
		struct handle_copy *copy = &rights->handle[rights->n];
		int fd, err;

		memcpy(&fd, data + i * sizeof(fd), sizeof(fd));
		err = handle_copy_get(fd, RIGHT_DUP, copy);
		if (err)
			return err;
		if (unlikely(pledge_current()) && is_folder(copy->object)) {
			handle_copy_put(copy);
			return pledge_violated(0, true);
		}
		rights->n++;
	}
	return 0;
}

static int take_control(const struct linux_cmsghdr *head, const char *data, struct unix_scm *scm)
{
	size_t len = head->cmsg_len - sizeof(*head);
	struct linux_ucred claim;

	if (head->cmsg_level != SOL_SOCKET)
		return 0;
	if (head->cmsg_type == SCM_RIGHTS)
		return add_rights(data, (u32)(len / sizeof(int)), scm);
	if (head->cmsg_type != SCM_CREDENTIALS || len != sizeof(claim))
		return -EINVAL;
	memcpy(&claim, data, sizeof(claim));
	return check_cred(&claim, &scm->cred);
}

static int parse_control(const struct socket_msg *msg, struct unix_scm *scm)
{
	size_t at = 0;
	int err = 0;

	while (!err && msg->control_len - at >= sizeof(struct linux_cmsghdr)) {
		struct linux_cmsghdr head;

		memcpy(&head, msg->control_in + at, sizeof(head));
		if (head.cmsg_len < sizeof(head) || head.cmsg_len > msg->control_len - at)
			return -EINVAL;
		err = take_control(&head, msg->control_in + at + sizeof(head), scm);
		at += MIN(LINUX_CMSG_ALIGN(head.cmsg_len), msg->control_len - at);
	}
	return err;
}

/* Objects that have an owner leave it: ends of channels. */
static int leave(const struct unix_rights *rights)
{
	int err = 0;

	for (u32 i = 0; i < rights->n && !err; i++) {
		struct kobject *object = rights->handle[i].object;

		err = object->ops->leave ? object->ops->leave(object) : 0;
	}
	return err;
}

/* Handles are on their way from now on. */
static int launch(struct unix_scm *scm)
{
	struct unix_rights *rights = scm->rights;
	int err;

	if (!rights->n) {
		kfree(rights);
		scm->rights = NULL;
		return 0;
	}
	if (!capable(CAP_SYS_RESOURCE) &&
	    atomic_load_relaxed(user_count(rights->uid)) > task_rlimit(RLIMIT_NOFILE))
		return -ETOOMANYREFS;
	err = leave(rights);
	if (err)
		return err;
	count_rights(rights, true);
	return 0;
}

int unix_scm_send(const struct socket_msg *msg, struct unix_scm *scm)
{
	const struct cred *cred = cred_current();
	int err = 0;

	scm->cred = (struct linux_ucred){ current_task()->pid, cred->uid, cred->gid };
	scm->rights = NULL;
	if (likely(!msg->control_in))
		return 0;
	err = parse_control(msg, scm);
	if (!err && scm->rights)
		err = launch(scm);
	if (err)
		unix_rights_drop(scm->rights);
	return err;
}

/* ---- receiving ---- */

static int arrive(struct kobject *object, u32 rights)
{
	return object->ops->arrive ? object->ops->arrive(object, rights, current_task()) : 0;
}

/* Into current's table, as many as there is room for. Return: 0; -EFAULT. */
static int install(struct socket_msg *msg, struct unix_rights *rights)
{
	size_t room = msg->control ? msg->control_len - msg->control_used : 0;
	u32 flags = msg->flags & MSG_CMSG_CLOEXEC ? HANDLE_CLOEXEC : 0, done = 0;
	struct linux_cmsghdr head = { sizeof(head), SOL_SOCKET, SCM_RIGHTS };
	u64 at = msg->control + msg->control_used;
	u32 fit = room > sizeof(head) ? (u32)((room - sizeof(head)) / sizeof(int)) : 0;

	if (pledge_require(PLEDGE_RECVFD))
		return -ENOSYS;
	while (done < MIN(fit, rights->n)) {
		u64 slot = at + sizeof(head) + done * sizeof(int);
		int fd = handle_reserve(0);

		if (fd < 0)
			break;
		if (arrive(rights->handle[done].object, rights->handle[done].rights) ||
		    user_write_u32((void __user *)slot, (u32)fd)) {
			handle_unreserve(fd);
			break;
		}
		handle_install_copy(fd, &rights->handle[done], flags);
		done++;
	}
	if (done < rights->n)
		msg->out_flags |= MSG_CTRUNC;
	if (!done)
		return 0;
	head.cmsg_len += done * sizeof(int);
	msg->control_used += MIN(LINUX_CMSG_ALIGN(head.cmsg_len), room);
	return copy_to_user((void __user *)at, &head, sizeof(head));
}

int unix_scm_recv(const struct unix_sock *sk, struct socket_msg *msg, struct unix_scm *scm)
{
	int err = 0;

	if (socket_flag(&sk->sock, SO_PASSCRED))
		err = socket_put_control(msg, SOL_SOCKET, SCM_CREDENTIALS, &scm->cred,
					 sizeof(scm->cred));
	if (!scm->rights)
		return err;
	/* Off the way first: see the head of this file. */
	if (scm->rights->inflight)
		count_rights(scm->rights, false);
	if (!err)
		err = install(msg, scm->rights);
	unix_rights_drop(scm->rights);
	scm->rights = NULL;
	return err;
}

int unix_rights_peek(const struct unix_msg *m, struct unix_rights **out)
{
	/* Only readers take rights out, and one of them is here. */
	struct unix_rights *from = m->rights, *copy;
	int err = 0;

	copy = kmalloc(sizeof(*copy) + from->n * sizeof(copy->handle[0]), 0);
	if (!copy)
		return -ENOMEM;
	*copy = (struct unix_rights){ .uid = from->uid };
	mutex_lock(&unix_gc_lock); /* no candidate may gain a reference meanwhile */
	while (copy->n < from->n && !err) {
		err = handle_copy_again(&from->handle[copy->n], &copy->handle[copy->n]);
		copy->n += !err;
	}
	mutex_unlock(&unix_gc_lock);
	if (err)
		put_handles(copy);
	else
		*out = copy;
	return err;
}

/* ---- garbage ---- */

typedef void (*gc_visit)(struct unix_sock *sk, struct list_head *work);

static void visit_queue(struct unix_sock *sk, gc_visit visit, struct list_head *work)
{
	struct unix_msg *m;

	spin_lock(&sk->lock);
	LIST_FOR_EACH(m, &sk->queue, link) {
		for (u32 i = 0; m->rights && i < m->rights->n; i++) {
			struct unix_sock *child = sock_of(m->rights->handle[i].object);

			if (child)
				visit(child, work);
		}
	}
	spin_unlock(&sk->lock);
}

/* The connection after @born (NULL: the first) that waits for accept at @sk. Only
 * connects may be going on there, at the list's other end: who could accept or
 * close would hold a reference, and @sk were no candidate. */
static struct unix_sock *next_pending(struct unix_sock *sk, struct unix_sock *born)
{
	struct list_head *link;

	spin_lock(&sk->lock);
	link = born ? born->pending_link.next : sk->pending.next;
	spin_unlock(&sk->lock);
	return link == &sk->pending ? NULL : LIST_ENTRY(link, struct unix_sock, pending_link);
}

/* All sockets to which handles lie in @sk's queue, or in those of its connections. */
static void visit_children(struct unix_sock *sk, gc_visit visit, struct list_head *work)
{
	visit_queue(sk, visit, work);
	for (struct unix_sock *born = NULL; (born = next_pending(sk, born));)
		visit_queue(born, visit, work);
}

static void visit_uncount(struct unix_sock *child, __unused struct list_head *work)
{
	if (child->gc_state == GC_CANDIDATE)
		child->gc_refs--;
}

static void reach(struct unix_sock *sk, struct list_head *work)
{
	if (sk->gc_state != GC_CANDIDATE)
		return;
	sk->gc_state = GC_REACHED;
	list_add_tail(&sk->gc_link, work);
}

/* Who leaves GC_CANDIDATE behind is garbage. */
static void mark(void)
{
	struct list_head work = LIST_HEAD_INIT(work);
	struct unix_sock *sk;

	LIST_FOR_EACH(sk, &inflight_socks, inflight_link) {
		u32 refs = (u32)refcount_read(&sk->sock.file->object.refs);

		sk->gc_refs = sk->inflight;
		sk->gc_state = refs == sk->inflight ? GC_CANDIDATE : GC_NONE;
	}
	LIST_FOR_EACH(sk, &inflight_socks, inflight_link)
		if (sk->gc_state == GC_CANDIDATE)
			visit_children(sk, visit_uncount, NULL);
	LIST_FOR_EACH(sk, &inflight_socks, inflight_link)
		if (sk->gc_refs)
			reach(sk, &work);
	while (!list_empty(&work)) {
		sk = LIST_FIRST_ENTRY(&work, struct unix_sock, gc_link);
		list_del(&sk->gc_link);
		visit_children(sk, reach, &work);
	}
}

static void take_queue(struct unix_sock *sk, struct list_head *messages)
{
	struct unix_msg *m;

	spin_lock(&sk->lock);
	LIST_FOR_EACH(m, &sk->queue, link)
		if (m->rights)
			count_rights_locked(m->rights, false);
	list_splice_tail(&sk->queue, messages);
	sk->nr = sk->mem = sk->bytes = 0;
	spin_unlock(&sk->lock);
}

/* Empty the queues of garbage. Counting shortens the list of sockets in flight, so
 * garbage is gathered first; its references are in @messages from then on. */
static void sweep(struct list_head *messages)
{
	struct list_head garbage = LIST_HEAD_INIT(garbage);
	struct unix_sock *sk, *born;

	LIST_FOR_EACH(sk, &inflight_socks, inflight_link)
		if (sk->gc_state == GC_CANDIDATE)
			list_add_tail(&sk->gc_link, &garbage);
	while (!list_empty(&garbage)) {
		sk = LIST_FIRST_ENTRY(&garbage, struct unix_sock, gc_link);
		list_del(&sk->gc_link);
		take_queue(sk, messages);
		for (born = NULL; (born = next_pending(sk, born));)
			take_queue(born, messages);
	}
}

static void collect(void)
{
	struct list_head messages = LIST_HEAD_INIT(messages);

	mutex_lock(&unix_gc_lock);
	mark();
	sweep(&messages);
	mutex_unlock(&unix_gc_lock);
	unix_free_messages(&messages);
}

/* One collects for all, and not once for each socket of a list being dropped: who
 * comes meanwhile asks for another round. */
static bool gc_begin(void)
{
	bool mine;

	spin_lock(&drop_lock);
	mine = !collecting && !dropping;
	collecting |= mine;
	gc_wanted = !mine;
	spin_unlock(&drop_lock);
	return mine;
}

static bool gc_again(void)
{
	bool again;

	spin_lock(&drop_lock);
	again = gc_wanted && !dropping; /* else who drops sees to it */
	if (again)
		gc_wanted = false;
	else
		collecting = false;
	spin_unlock(&drop_lock);
	return again;
}

void unix_gc(void)
{
	if (likely(!atomic_load_relaxed(&nr_inflight_socks)) || !gc_begin())
		return;
	do
		collect();
	while (gc_again());
}
