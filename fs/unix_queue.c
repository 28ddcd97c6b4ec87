/* SPDX-License-Identifier: MIT */
/*
 * Messages of AF_UNIX sockets: sending to the receiver's queue, reading from it.
 * A message is copied in before the receiver's lock is taken and queued as a
 * whole; readers copy out under read_lock. A stream is messages without borders.
 *
 * Who finds no room leaves word how far the queue must sink (a quarter of his
 * buffer, so that one wake-up pays for many messages); the reader that gets it
 * there wakes all who wait. Source: man unix(7), send(2), recv(2).
 */
#include "unix_priv.h"

#include <fs/file.h>
#include <kernel/abi/errno.h>
#include <kernel/lib/string.h>
#include <kernel/task/task.h>
#include <mm/kmalloc.h>
#include <mm/pmm.h>
#include <security/cred.h>

#define CHUNK_MAX  (8 * PAGE_SIZE) /* one allocation: more is split */
#define CHARGE_MIN 256u            /* small messages: bounds their number too */

static struct waitq dgram_room = WAITQ_INIT(dgram_room);

void unix_wake(struct waitq *wq)
{
	/* Releasing the lock was a full fence, so an empty look is final. */
	if (!waitq_empty(wq))
		waitq_wake_all(wq);
}

/* ---- messages ---- */

static void free_chunks(struct unix_chunk *chunk)
{
	while (chunk) {
		struct unix_chunk *next = chunk->next;

		kfree(chunk);
		chunk = next;
	}
}

/* Its rights were taken or are dropped with it. */
static void free_message(struct unix_msg *m)
{
	unix_rights_drop(m->rights);
	if (m->from)
		unix_addr_put(m->from);
	free_chunks(m->more);
	kfree(m);
}

void unix_free_messages(struct list_head *list)
{
	while (!list_empty(list)) {
		struct unix_msg *m = LIST_FIRST_ENTRY(list, struct unix_msg, link);

		list_del(&m->link);
		free_message(m);
	}
}

static int copy_more(struct iov_iter *it, size_t len, struct unix_chunk **tail)
{
	while (len) {
		size_t n = MIN(len, CHUNK_MAX - sizeof(struct unix_chunk));
		struct unix_chunk *chunk = NULL;

		if (pmm_has_room(PMM_SLAB))
			chunk = kmalloc(sizeof(*chunk) + n, 0);

		if (!chunk)
			return -ENOBUFS;
		chunk->next = NULL;
		chunk->len = (u32)n;
		*tail = chunk;
		tail = &chunk->next;
		if (iov_iter_copy_from(it, chunk->data, n) != n)
			return -EFAULT;
		len -= n;
	}
	return 0;
}

/* Return: 0; -ENOBUFS; -EFAULT. scm->rights move into it on success. */
static int make_message(struct iov_iter *it, size_t len, struct unix_scm *scm,
			struct unix_msg **out)
{
	size_t head = MIN(len, CHUNK_MAX - sizeof(struct unix_msg));
	struct unix_msg *m = pmm_has_room(PMM_SLAB) ? kmalloc(sizeof(*m) + head, 0) : NULL;
	int err = 0;

	if (!m)
		return -ENOBUFS;
	m->len = (u32)len;
	m->pos = 0;
	m->head_len = (u32)head;
	m->charge = MAX((u32)(sizeof(*m) + len), CHARGE_MIN);
	m->cred = scm->cred;
	m->rights = NULL;
	m->from = NULL;
	m->more = NULL;
	if (unlikely(iov_iter_copy_from(it, m->data, head) != head))
		err = -EFAULT;
	else if (unlikely(len > head))
		err = copy_more(it, len - head, &m->more);
	if (err) {
		free_message(m);
		return err;
	}
	m->rights = scm->rights;
	scm->rights = NULL;
	*out = m;
	return 0;
}

/* Bytes [pos, pos+len) of @m out. Return: bytes, short at a fault. */
static size_t copy_out(const struct unix_msg *m, u32 pos, struct iov_iter *it, size_t len)
{
	const struct unix_chunk *chunk = m->more;
	size_t done = 0, base = m->head_len;

	if (pos < m->head_len) {
		done = MIN(len, m->head_len - (size_t)pos);
		if (iov_iter_copy_to(it, m->data + pos, done) != done)
			return 0;
	}
	for (; done < len; base += chunk->len, chunk = chunk->next) {
		size_t at = pos + done - base, n;

		if (at >= chunk->len)
			continue;
		n = MIN(len - done, chunk->len - at);
		if (iov_iter_copy_to(it, chunk->data + at, n) != n)
			break;
		done += n;
	}
	return done;
}

/* ---- room ---- */

static inline bool queue_full(const struct unix_sock *to, const struct unix_sock *from)
{
	if (atomic_load_relaxed(&to->mem) >= atomic_load_relaxed(&from->sock.sndbuf))
		return true;
	return unix_is_dgram(to) && atomic_load_relaxed(&to->peer) != from &&
	       atomic_load_relaxed(&to->nr) > UNIX_DGRAM_BACKLOG;
}

/* What poll calls writable: a quarter of the buffer is in use at most. */
static bool queue_roomy(const struct unix_sock *to, const struct unix_sock *from)
{
	return atomic_load_relaxed(&to->mem) <= atomic_load_relaxed(&from->sock.sndbuf) / 4 &&
	       !queue_full(to, from);
}

static void want_room_locked(struct unix_sock *to, const struct unix_sock *from)
{
	u32 nr = unix_is_dgram(to) && to->peer != from ? UNIX_DGRAM_BACKLOG : UINT32_MAX;

	to->wanted_mem = MAX(to->wanted ? to->wanted_mem : 0, from->sock.sndbuf / 4);
	to->wanted_nr = MAX(to->wanted ? to->wanted_nr : 0, nr);
	to->wanted = true;
}

struct waitq *unix_room_queue(struct unix_sock *sk)
{
	return unix_is_dgram(sk) ? &dgram_room : &sk->writable;
}

void unix_wake_room_locked(struct unix_sock *sk)
{
	sk->wanted = false;
	atomic_store_relaxed(&sk->room_seq, sk->room_seq + 1);
}

void unix_wake_senders(struct unix_sock *sk)
{
	struct unix_sock *peer;

	if (unix_is_dgram(sk)) {
		unix_wake(&dgram_room);
		return;
	}
	peer = atomic_load_acquire(&sk->peer);
	if (peer)
		unix_wake(&peer->writable);
}

bool unix_writable(struct unix_sock *sk)
{
	struct unix_sock *to = unix_peer_get(sk);
	bool roomy = true;

	if (!to)
		return sk->state != UNIX_LISTEN;
	if (!queue_roomy(to, sk)) {
		spin_lock(&to->lock);
		roomy = to->dead || queue_roomy(to, sk);
		if (!roomy)
			want_room_locked(to, sk);
		spin_unlock(&to->lock);
	}
	socket_put(&to->sock);
	return roomy;
}

/* @m NULL: only look. Return: 0 queued; -EAGAIN no room, then *seq to wait for a
 * change of; -ECONNREFUSED the receiver is gone; -EPIPE one of them was shut; -EPERM
 * it talks to another. */
static int try_push(struct unix_sock *sk, struct unix_sock *to, struct unix_msg *m, u32 *seq)
{
	int err = 0;

	spin_lock(&to->lock);
	if (unlikely(to->dead))
		err = -ECONNREFUSED;
	else if (unlikely(unix_is_dgram(to) && to->peer && to->peer != sk))
		err = -EPERM;
	else if (unlikely((to->shut & SHUT_RECEIVE) || (sk->shut & SHUT_SEND)))
		err = -EPIPE;
	else if (unlikely(queue_full(to, sk)))
		err = -EAGAIN;
	if (likely(!err && m)) {
		list_add_tail(&m->link, &to->queue);
		atomic_store_relaxed(&to->mem, to->mem + m->charge);
		atomic_store_relaxed(&to->bytes, to->bytes + m->len);
		atomic_store_release(&to->nr, to->nr + 1); /* next_message() */
	} else if (err == -EAGAIN) {
		want_room_locked(to, sk);
		*seq = to->room_seq;
	}
	spin_unlock(&to->lock);
	return err;
}

/* Queue @m, waiting for room. On error @m stays the caller's. */
static int push(struct unix_sock *sk, struct unix_sock *to, struct unix_msg *m, u32 flags)
{
	ns_t timeout_ns = sk->sock.send_timeout_ns, deadline_ns = 0;
	u32 seq;
	int err;

	while (unlikely((err = try_push(sk, to, m, &seq)) == -EAGAIN)) {
		if (flags & MSG_DONTWAIT)
			return err;
		if (!deadline_ns)
			deadline_ns = socket_deadline(timeout_ns);
		err = WAITQ_WAIT(unix_room_queue(sk),
				 atomic_load_relaxed(&to->room_seq) != seq ||
					 (atomic_load_relaxed(&sk->shut) & SHUT_SEND),
				 true, deadline_ns);
		if (err)
			return socket_wait_error(err, timeout_ns);
	}
	if (likely(!err))
		unix_wake(&to->readable);
	return err;
}

/* ---- taking ---- */

/* The next message after @m (NULL: the first). read_lock held, so it stays. */
static struct unix_msg *next_message(struct unix_sock *sk, struct unix_msg *m)
{
	struct list_head *link;

	/* Pairs with the release in try_push(). Senders change what follows the head
	 * of an empty queue only, and readers are here. */
	if (!m)
		return atomic_load_acquire(&sk->nr) ?
			       LIST_ENTRY(sk->queue.next, struct unix_msg, link) :
			       NULL;
	spin_lock(&sk->lock);
	link = m->link.next;
	spin_unlock(&sk->lock);
	return link == &sk->queue ? NULL : container_of(link, struct unix_msg, link);
}

/* @n bytes and the rights of @m, the first, were taken; a message that is used up
 * (@whole: also when not all was read) leaves the queue and is the caller's. */
static bool consume(struct unix_sock *sk, struct unix_msg *m, u32 n, bool whole,
		    struct unix_rights **rights)
{
	bool fire;

	spin_lock(&sk->lock);
	if (unlikely(m->rights)) {
		*rights = m->rights;
		m->rights = NULL;
	}
	n = whole ? m->len - m->pos : n;
	m->pos += n;
	whole = m->pos == m->len;
	atomic_store_relaxed(&sk->bytes, sk->bytes - n);
	if (whole) {
		list_del(&m->link);
		atomic_store_relaxed(&sk->nr, sk->nr - 1);
		atomic_store_relaxed(&sk->mem, sk->mem - m->charge);
	}
	fire = sk->wanted && sk->mem <= sk->wanted_mem && sk->nr <= sk->wanted_nr;
	if (unlikely(fire))
		unix_wake_room_locked(sk);
	spin_unlock(&sk->lock);
	if (unlikely(fire))
		unix_wake_senders(sk);
	return whole;
}

/* Nothing is there: wait, without read_lock. Return: 0 look again; 1 end of data;
 * -EAGAIN -ERESTARTSYS -EINTR, or the pending error. */
static int wait_data(struct unix_sock *sk, u32 flags, ns_t *deadline_ns)
{
	ns_t timeout_ns = sk->sock.recv_timeout_ns;
	int err = socket_take_error(&sk->sock);

	if (err)
		return err;
	/* Of datagram sockets only who would wait is told of the end. */
	if ((sk->shut & SHUT_RECEIVE) && !(unix_is_dgram(sk) && (flags & MSG_DONTWAIT)))
		return atomic_load_relaxed(&sk->nr) ? 0 : 1;
	if (flags & MSG_DONTWAIT)
		return -EAGAIN;
	if (!*deadline_ns)
		*deadline_ns = socket_deadline(timeout_ns);
	mutex_unlock(&sk->read_lock);
	err = WAITQ_WAIT(&sk->readable,
			 atomic_load_relaxed(&sk->nr) || atomic_load_relaxed(&sk->sock.error) ||
				 (atomic_load_relaxed(&sk->shut) & SHUT_RECEIVE),
			 true, *deadline_ns);
	mutex_lock(&sk->read_lock);
	return socket_wait_error(err, timeout_ns);
}

static bool same_cred(const struct linux_ucred *a, const struct linux_ucred *b)
{
	return a->pid == b->pid && a->uid == b->uid && a->gid == b->gid;
}

/* Deliver what came along; the bytes were read, so only faults are told. */
static long finish_recv(struct unix_sock *sk, struct socket_msg *msg, struct unix_scm *scm,
			long ret)
{
	int err = 0;

	if (unlikely(scm->rights || (ret >= 0 && socket_flag(&sk->sock, SO_PASSCRED))))
		err = unix_scm_recv(sk, msg, scm);
	return err && ret >= 0 ? err : ret;
}

/* ---- streams ---- */

long unix_stream_send(struct socket *sock, struct socket_msg *msg)
{
	struct unix_sock *sk = unix_of(sock), *to = atomic_load_acquire(&sk->peer);
	struct iov_iter *it = msg->it;
	struct unix_scm scm;
	size_t done = 0;
	int err = unix_scm_send(msg, &scm);

	if (unlikely(err))
		return err;
	if (unlikely((msg->flags & MSG_OOB) || msg->name))
		err = msg->name && to ? -EISCONN : -EOPNOTSUPP;
	else if (unlikely(!to))
		err = -ENOTCONN;
	else if (unlikely(sk->shut & SHUT_SEND))
		err = -EPIPE;
	while (!err && it->left) {
		size_t n = MIN(it->left, CHUNK_MAX - sizeof(struct unix_msg));
		struct unix_msg *m;
		u32 seq;

		if (unlikely((msg->flags & MSG_DONTWAIT) && queue_full(to, sk)))
			err = try_push(sk, to, NULL, &seq); /* not worth copying */
		if (likely(!err))
			err = make_message(it, n, &scm, &m);
		if (unlikely(err))
			break;
		err = push(sk, to, m, msg->flags);
		if (err)
			free_message(m);
		else
			done += n;
	}
	unix_rights_drop(scm.rights);
	if (done)
		return (long)done;
	if (err == -EPIPE || err == -ECONNREFUSED)
		return socket_broken_pipe(msg->flags);
	return err;
}

/* Bytes of one message, @m. *stop: nothing after it may follow in this call. */
static long take_stream(struct unix_sock *sk, struct unix_msg *m, struct socket_msg *msg,
			struct unix_scm *scm, bool *stop)
{
	u32 n = (u32)MIN(msg->it->left, (size_t)(m->len - m->pos));
	int err = 0;

	if (unlikely(copy_out(m, m->pos, msg->it, n) != n))
		return -EFAULT;
	if (unlikely(msg->flags & MSG_PEEK)) {
		if (m->rights)
			err = unix_rights_peek(m, &scm->rights);
		*stop = scm->rights;
		return err ? err : (long)n;
	}
	if (consume(sk, m, n, false, &scm->rights))
		free_message(m);
	else
		*stop = true;
	*stop |= scm->rights != NULL;
	return n;
}

/* read_lock held. Return: bytes; -errno when there are none. */
static long recv_stream(struct unix_sock *sk, struct socket_msg *msg, struct unix_scm *scm)
{
	size_t done = 0, target = msg->flags & MSG_WAITALL ? msg->it->left : 1;
	bool stop = false, first = true;
	struct unix_msg *m = NULL;
	ns_t deadline_ns = 0;
	long n = 0;

	do {
		m = next_message(sk, msg->flags & MSG_PEEK ? m : NULL);
		if (!m) {
			if (done >= target || (done && (msg->flags & MSG_PEEK)))
				break;
			n = wait_data(sk, msg->flags, &deadline_ns);
			if (n)
				break;
			continue;
		}
		/* Bytes of two senders are told apart for who asked for names. */
		if (!first && socket_flag(&sk->sock, SO_PASSCRED) &&
		    !same_cred(&scm->cred, &m->cred))
			break;
		scm->cred = m->cred;
		first = false;
		n = take_stream(sk, m, msg, scm, &stop);
		if (n < 0)
			break;
		done += (size_t)n;
	} while (msg->it->left && !stop);
	if (done)
		return (long)done;
	return n < 0 ? n : 0;
}

long unix_stream_recv(struct socket *sock, struct socket_msg *msg)
{
	struct unix_sock *sk = unix_of(sock);
	struct unix_scm scm = { .rights = NULL };
	long ret;

	if (unlikely(msg->flags & MSG_OOB))
		return -EINVAL;
	if (unlikely(atomic_load_acquire(&sk->state) != UNIX_CONNECTED))
		return -EINVAL;
	mutex_lock(&sk->read_lock);
	ret = recv_stream(sk, msg, &scm);
	mutex_unlock(&sk->read_lock);
	return finish_recv(sk, msg, &scm, ret);
}

/* ---- packets ---- */

/* Whom a packet goes to, referenced. */
static int receiver(struct unix_sock *sk, const struct socket_msg *msg, struct unix_sock **out)
{
	int err;

	if (!unix_is_dgram(sk) && sk->state != UNIX_CONNECTED)
		return -ENOTCONN;
	if (msg->name && unix_is_dgram(sk)) {
		err = unix_addr_check(msg->name);
		return err ? err : unix_find(msg->name, sk->sock.type, out);
	}
	*out = unix_peer_get(sk);
	return *out ? 0 : -ENOTCONN;
}

static void set_sender(struct unix_sock *sk, struct unix_msg *m)
{
	spin_lock(&sk->lock);
	m->from = sk->addr;
	if (m->from)
		refcount_get(&m->from->refs);
	spin_unlock(&sk->lock);
}

static int send_packet(struct unix_sock *sk, struct unix_sock *to, struct socket_msg *msg,
		       struct unix_scm *scm)
{
	struct unix_msg *m;
	int err;

	if (msg->it->left > sk->sock.sndbuf - 32)
		return -EMSGSIZE;
	err = make_message(msg->it, msg->it->left, scm, &m);
	if (err)
		return err;
	set_sender(sk, m);
	err = push(sk, to, m, msg->flags);
	if (err)
		free_message(m);
	if (err == -ECONNREFUSED && !unix_is_dgram(sk))
		err = -EPIPE;
	else if (err == -ECONNREFUSED && !msg->name)
		unix_set_peer(sk, NULL); /* it is gone: connect anew */
	return err;
}

long unix_packet_send(struct socket *sock, struct socket_msg *msg)
{
	struct unix_sock *sk = unix_of(sock), *to;
	size_t len = msg->it->left;
	struct unix_scm scm;
	int err = socket_take_error(sock);

	if (err)
		return err;
	err = unix_scm_send(msg, &scm);
	if (err)
		return err;
	if (msg->flags & MSG_OOB)
		err = -EOPNOTSUPP;
	if (!err && socket_flag(sock, SO_PASSCRED))
		err = unix_autobind(sk);
	if (!err)
		err = receiver(sk, msg, &to);
	if (!err) {
		err = sk->shut & SHUT_SEND ? -EPIPE : send_packet(sk, to, msg, &scm);
		socket_put(&to->sock);
	}
	unix_rights_drop(scm.rights);
	return err ? err : (long)len;
}

/* One packet, read_lock held. Return: its bytes, or -errno. */
static long recv_packet(struct unix_sock *sk, struct socket_msg *msg, struct unix_scm *scm)
{
	struct unix_msg *m;
	ns_t deadline_ns = 0;
	u32 n;
	long ret;

	while (!(m = next_message(sk, NULL))) {
		ret = wait_data(sk, msg->flags, &deadline_ns);
		if (ret)
			return MIN(ret, 0l); /* 1: the end */
	}
	n = (u32)MIN(msg->it->left, (size_t)m->len);
	ret = n;
	if (copy_out(m, 0, msg->it, n) != n)
		ret = -EFAULT;
	else if (msg->flags & MSG_TRUNC)
		ret = m->len;
	if (n < m->len)
		msg->out_flags |= MSG_TRUNC;
	if (msg->name && m->from)
		unix_addr_copy(m->from, msg->name);
	scm->cred = m->cred;
	if (msg->flags & MSG_PEEK) {
		int err = m->rights ? unix_rights_peek(m, &scm->rights) : 0;

		return err ? err : ret;
	}
	(void)consume(sk, m, 0, true, &scm->rights);
	free_message(m);
	return ret;
}

long unix_packet_recv(struct socket *sock, struct socket_msg *msg)
{
	struct unix_sock *sk = unix_of(sock);
	struct unix_scm scm = { .rights = NULL };
	long ret;

	if (msg->flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (!unix_is_dgram(sk) && atomic_load_acquire(&sk->state) != UNIX_CONNECTED)
		return -ENOTCONN;
	mutex_lock(&sk->read_lock);
	ret = recv_packet(sk, msg, &scm);
	mutex_unlock(&sk->read_lock);
	return finish_recv(sk, msg, &scm, ret);
}
