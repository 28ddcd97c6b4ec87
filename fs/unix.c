/* SPDX-License-Identifier: MIT */
/*
 * AF_UNIX: sockets, their names, and connections between them. What flows is in
 * unix_queue.c, handles on the way in unix_scm.c; the structures in unix_priv.h.
 *
 *   IDLE --listen--> LISTEN
 *   IDLE --connect, socketpair; accept's new socket is born so--> CONNECTED
 *
 * Names: a path's socket is found by its inode, an abstract name by its bytes;
 * both in one hash table. Source: man unix(7), connect(2), accept(2).
 */
#include <fs/unix.h>

#include <arch/uaccess.h>
#include <fs/path.h>
#include <fs/seq.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_fcntl.h>
#include <kernel/abi/linux_poll.h>
#include <kernel/lib/format.h>
#include <kernel/lib/hash.h>
#include <kernel/lib/string.h>
#include <kernel/task/task.h>
#include <mm/kmalloc.h>
#include <mm/slab.h>
#include <security/cred.h>
#include <security/random.h>

#include "unix_priv.h"

#define NAME_BUCKETS 256u
#define PATH_AT      ((u32)offsetof(struct linux_sockaddr_un, sun_path))
#define AUTOBIND_MAX 0xfffffu /* five hex digits */

static struct slab_cache *unix_cache;
static struct spinlock names_lock = SPINLOCK_INIT(RANK_SOCKET_NAMES, "unix_names");
static struct list_head names[NAME_BUCKETS]; /* [names_lock] of unix_sock.name_link */
static struct spinlock all_lock = SPINLOCK_INIT(RANK_SOCKET_NAMES, "unix_all");
static struct list_head all_sockets = LIST_HEAD_INIT(all_sockets); /* [all_lock] */
static u32 nr_sockets;                       /* [all_lock] */
static u64 names_key[2];                     /* [i] */
static const struct socket_ops stream_ops, packet_ops;

/* ---- life ---- */

static int unix_alloc(u32 type, struct unix_sock **out)
{
	struct unix_sock *sk = slab_alloc(unix_cache, MEM_ZERO);

	if (!sk)
		return -ENOMEM;
	socket_setup(&sk->sock, type == SOCK_STREAM ? &stream_ops : &packet_ops, AF_UNIX, type);
	spin_init(&sk->lock, RANK_SOCKET, "unix");
	mutex_init(&sk->read_lock, RANK_SOCKET_READ, "unix_read");
	waitq_init(&sk->readable, "unix_readable");
	waitq_init(&sk->writable, "unix_writable");
	list_init(&sk->queue);
	list_init(&sk->pending);
	list_init(&sk->pending_link);
	list_init(&sk->name_link);
	list_init(&sk->inflight_link);
	list_init(&sk->gc_link);
	sk->peer_cred = (struct linux_ucred){ 0, UINT32_MAX, UINT32_MAX };
	spin_lock(&all_lock);
	list_add_tail(&sk->all_link, &all_sockets);
	nr_sockets++;
	spin_unlock(&all_lock);
	*out = sk;
	return 0;
}

static int unix_create(u32 type, int protocol, struct socket **out)
{
	struct unix_sock *sk;
	int err;

	if (protocol && protocol != AF_UNIX)
		return -EPROTONOSUPPORT;
	if (type == SOCK_RAW)
		type = SOCK_DGRAM; /* as BSD had it */
	if (type != SOCK_STREAM && type != SOCK_DGRAM && type != SOCK_SEQPACKET)
		return -ESOCKTNOSUPPORT;
	err = unix_alloc(type, &sk);
	if (!err)
		*out = &sk->sock;
	return err;
}

static void unix_destroy(struct socket *sock)
{
	struct unix_sock *sk = unix_of(sock);

	spin_lock(&all_lock);
	list_del(&sk->all_link);
	nr_sockets--;
	spin_unlock(&all_lock);
	ASSERT(list_empty(&sk->queue) && !sk->peer && !sk->inflight);
	if (sk->addr)
		unix_addr_put(sk->addr);
	slab_free(unix_cache, sk);
}

/* ---- /proc/net/unix ---- */

struct unix_row {
	s32 refs;
	u32 type;
	bool listening, connected;
	u64 ino;
	struct unix_addr *addr; /* referenced, or NULL */
};

/* As many rows as there is room for. A socket that is just going is left out. */
static u32 gather_rows(struct unix_row *rows, u32 room)
{
	struct unix_sock *sk;
	u32 n = 0;

	spin_lock(&all_lock);
	LIST_FOR_EACH(sk, &all_sockets, all_link) {
		struct unix_row *row = &rows[n];

		if (n == room)
			break;
		row->refs = refcount_read(&sk->sock.inode.refs);
		if (row->refs <= 0)
			continue;
		spin_lock(&sk->lock);
		row->type = sk->sock.type;
		row->listening = sk->state == UNIX_LISTEN;
		row->connected = sk->peer != NULL;
		row->ino = sk->sock.inode.ino;
		row->addr = sk->addr;
		if (row->addr)
			refcount_get(&row->addr->refs);
		spin_unlock(&sk->lock);
		n++;
	}
	spin_unlock(&all_lock);
	return n;
}

/* A name as text: abstract ones begin with '@', and so are further NULs shown. */
static void show_addr(struct seq *seq, const struct unix_addr *addr)
{
	seq_putc(seq, ' ');
	for (u32 i = 0; i + PATH_AT < addr->len; i++) {
		char c = addr->un.sun_path[i];

		if (!c && addr->un.sun_path[0])
			break; /* the end of a path */
		seq_putc(seq, c ? c : '@');
	}
}

int unix_show(struct seq *seq)
{
	u32 room = atomic_load_relaxed(&nr_sockets) + 16, n;
	struct unix_row *rows = kcalloc(room, sizeof(*rows), 0);

	if (!rows)
		return -ENOMEM;
	n = gather_rows(rows, room);
	seq_puts(seq, "Num       RefCount Protocol Flags    Type St Inode Path\n");
	for (u32 i = 0; i < n; i++) {
		/* Addresses in the kernel are nobody's business: always 0. */
		seq_printf(seq, "%016x: %08X %08X %08X %04X %02X %5llu", 0, (u32)rows[i].refs, 0,
			   rows[i].listening ? 0x10000 : 0, rows[i].type,
			   rows[i].connected ? 3 : 1, (unsigned long long)rows[i].ino);
		if (rows[i].addr) {
			show_addr(seq, rows[i].addr);
			unix_addr_put(rows[i].addr);
		}
		seq_putc(seq, '\n');
	}
	kfree(rows);
	return 0;
}

static struct linux_ucred own_cred(void)
{
	const struct cred *cred = cred_current();

	return (struct linux_ucred){ current_task()->pid, cred->euid, cred->egid };
}

struct unix_sock *unix_peer_get(struct unix_sock *sk)
{
	struct unix_sock *peer;

	spin_lock(&sk->lock);
	peer = sk->peer;
	if (peer)
		socket_get(&peer->sock);
	spin_unlock(&sk->lock);
	return peer;
}

/* ---- names ---- */

void unix_addr_put(struct unix_addr *addr)
{
	if (refcount_put(&addr->refs))
		kfree(addr);
}

void unix_addr_copy(const struct unix_addr *addr, struct socket_addr *out)
{
	out->len = addr->len;
	memcpy(out->bytes, &addr->un, addr->len);
}

int unix_addr_check(const struct socket_addr *addr)
{
	return addr->len <= PATH_AT || addr->len > sizeof(struct linux_sockaddr_un) ||
			       addr->family != AF_UNIX ?
		       -EINVAL :
		       0;
}

static bool is_abstract(const struct socket_addr *addr)
{
	return !addr->bytes[PATH_AT];
}

/* The path in @addr, with an end: @buf has LINUX_SUN_PATH + 1 bytes. */
static void path_of_addr(const struct socket_addr *addr, char *buf)
{
	memcpy(buf, addr->bytes + PATH_AT, addr->len - PATH_AT);
	buf[addr->len - PATH_AT] = '\0';
}

static struct list_head *bucket_of_inode(const struct inode *inode)
{
	return &names[hash_u64((u64)(uintptr_t)inode) % NAME_BUCKETS];
}

static struct list_head *bucket_of_bytes(const void *bytes, u32 len)
{
	return &names[hash_bytes(bytes, len, names_key) % NAME_BUCKETS];
}

/* Abstract names of two types may be the same, as on Linux. names_lock held. */
static struct unix_sock *find_abstract(const void *name, u32 len, u32 type)
{
	struct unix_sock *sk;

	assert_spin_held(&names_lock);
	LIST_FOR_EACH(sk, bucket_of_bytes(name, len), name_link)
		if (!sk->bound && sk->sock.type == type && sk->addr->len == len &&
		    !memcmp(&sk->addr->un, name, len))
			return sk;
	return NULL;
}

static struct unix_sock *find_bound(const struct inode *inode)
{
	struct unix_sock *sk;

	assert_spin_held(&names_lock);
	LIST_FOR_EACH(sk, bucket_of_inode(inode), name_link)
		if (sk->bound == inode)
			return sk;
	return NULL;
}

static int find_by_path(const struct socket_addr *addr, u32 type, struct unix_sock **out)
{
	char name[LINUX_SUN_PATH + 1 + 8]; /* 8: names are read in words */
	struct path path;
	struct inode *inode;
	struct unix_sock *sk;
	int err;

	path_of_addr(addr, name);
	err = path_lookup(AT_FDCWD, name, LOOKUP_FOLLOW | LOOKUP_ACCESS(PATH_SOCKET), &path);
	if (err)
		return err;
	inode = path_inode(&path);
	err = inode_permission(inode, cred_current(), MAY_WRITE);
	if (err)
		goto out;
	err = -ECONNREFUSED;
	spin_lock(&names_lock);
	sk = find_bound(inode);
	if (sk) {
		err = sk->sock.type == type ? 0 : -EPROTOTYPE;
		if (!err)
			socket_get(&sk->sock);
	}
	spin_unlock(&names_lock);
	if (!err)
		inode_touch_accessed(inode);
	*out = sk;
out:
	path_put(&path);
	return err;
}

int unix_find(const struct socket_addr *addr, u32 type, struct unix_sock **out)
{
	struct unix_sock *sk;

	if (!is_abstract(addr))
		return find_by_path(addr, type, out);
	spin_lock(&names_lock);
	sk = find_abstract(addr->bytes, addr->len, type);
	if (sk)
		socket_get(&sk->sock);
	spin_unlock(&names_lock);
	*out = sk;
	return sk ? 0 : -ECONNREFUSED;
}

static struct unix_addr *addr_alloc(const struct socket_addr *from)
{
	struct unix_addr *addr = kzalloc(sizeof(*addr), 0);

	if (!addr)
		return NULL;
	refcount_init(&addr->refs);
	addr->len = from->len;
	memcpy(&addr->un, from->bytes, from->len);
	return addr;
}

/* One bind at a time and only one: a name is for ever. */
static int begin_naming(struct unix_sock *sk)
{
	int err = 0;

	spin_lock(&sk->lock);
	if (sk->addr || sk->naming)
		err = -EINVAL;
	else
		sk->naming = true;
	spin_unlock(&sk->lock);
	return err;
}

static void end_naming(struct unix_sock *sk)
{
	spin_lock(&sk->lock);
	sk->naming = false;
	spin_unlock(&sk->lock);
}

static void set_addr(struct unix_sock *sk, struct unix_addr *addr)
{
	spin_lock(&sk->lock);
	sk->addr = addr;
	spin_unlock(&sk->lock);
}

static int name_abstract(struct unix_sock *sk, struct unix_addr *addr)
{
	int err = 0;

	spin_lock(&names_lock);
	if (find_abstract(&addr->un, addr->len, sk->sock.type)) {
		err = -EADDRINUSE;
	} else {
		set_addr(sk, addr);
		list_add(&sk->name_link, bucket_of_bytes(&addr->un, addr->len));
	}
	spin_unlock(&names_lock);
	return err;
}

/* Make the socket file and find it again: who replaces it meanwhile gets what he
 * made, which is no socket of ours, or an unused one. */
static int make_socket_file(const struct unix_addr *addr, struct inode **out)
{
	char name[LINUX_SUN_PATH + 1 + 8];
	struct path path;
	int err;

	memcpy(name, addr->un.sun_path, addr->len - PATH_AT);
	name[addr->len - PATH_AT] = '\0';
	err = name_create(AT_FDCWD, name, S_IFSOCK | 0777, 0);
	if (err)
		return err == -EEXIST ? -EADDRINUSE : err;
	err = path_lookup(AT_FDCWD, name, LOOKUP_ACCESS(PATH_SOCKET), &path);
	if (err)
		return err;
	*out = path_inode(&path);
	if (S_ISSOCK((*out)->mode))
		inode_get(*out);
	else
		err = -EADDRINUSE;
	path_put(&path);
	return err;
}

static int name_path(struct unix_sock *sk, struct unix_addr *addr)
{
	struct inode *inode;
	int err;

	/* The user may have given no end, or bytes after it. */
	addr->len = PATH_AT + (u32)strnlen(addr->un.sun_path, addr->len - PATH_AT) + 1;
	addr->len = MIN(addr->len, PATH_AT + LINUX_SUN_PATH);
	err = make_socket_file(addr, &inode);
	if (err)
		return err;
	spin_lock(&names_lock);
	if (find_bound(inode)) {
		err = -EADDRINUSE;
	} else {
		set_addr(sk, addr);
		sk->bound = inode;
		list_add(&sk->name_link, bucket_of_inode(inode));
	}
	spin_unlock(&names_lock);
	if (err)
		inode_put(inode);
	return err;
}

static int try_autobind(struct unix_sock *sk)
{
	struct socket_addr name = { .len = PATH_AT + 6, .family = AF_UNIX };
	struct unix_addr *addr = addr_alloc(&name);
	u32 start, n = 0;
	int err;

	if (!addr)
		return -ENOMEM;
	random_bytes(&start, sizeof(start));
	do {
		char digits[6];

		snprintf(digits, sizeof(digits), "%05x", (start + n) & AUTOBIND_MAX);
		memcpy(addr->un.sun_path + 1, digits, 5);
		err = name_abstract(sk, addr);
	} while (err && n++ < AUTOBIND_MAX);
	if (err) {
		unix_addr_put(addr);
		return -ENOSPC;
	}
	return 0;
}

int unix_autobind(struct unix_sock *sk)
{
	int err = begin_naming(sk);

	if (err)
		return 0; /* it has one, or gets one */
	err = try_autobind(sk);
	end_naming(sk);
	return err;
}

static int unix_bind(struct socket *sock, const struct socket_addr *name)
{
	struct unix_sock *sk = unix_of(sock);
	struct unix_addr *addr;
	int err;

	if (name->len == PATH_AT && name->family == AF_UNIX)
		return unix_autobind(sk);
	err = unix_addr_check(name);
	if (!err)
		err = begin_naming(sk);
	if (err)
		return err;
	addr = addr_alloc(name);
	err = -ENOMEM;
	if (addr) {
		err = is_abstract(name) ? name_abstract(sk, addr) : name_path(sk, addr);
		if (err)
			unix_addr_put(addr);
	}
	end_naming(sk);
	return err;
}

static int unix_get_name(struct socket *sock, bool peer, struct socket_addr *out)
{
	struct unix_sock *sk = unix_of(sock), *of = sk;

	if (peer) {
		of = unix_peer_get(sk);
		if (!of)
			return -ENOTCONN;
	}
	out->len = sizeof(out->family);
	out->family = AF_UNIX;
	spin_lock(&of->lock);
	if (of->addr)
		unix_addr_copy(of->addr, out);
	spin_unlock(&of->lock);
	if (peer)
		socket_put(&of->sock);
	return 0;
}

static void forget_name(struct unix_sock *sk)
{
	struct inode *inode;

	spin_lock(&names_lock);
	if (list_linked(&sk->name_link))
		list_del(&sk->name_link);
	inode = sk->bound;
	sk->bound = NULL;
	spin_unlock(&names_lock);
	if (inode)
		inode_put(inode);
}

/* ---- connections ---- */

/* Both know each other; both locks are held. */
static void join_locked(struct unix_sock *a, struct unix_sock *b)
{
	socket_get(&a->sock);
	socket_get(&b->sock);
	atomic_store_release(&a->peer, b);
	atomic_store_release(&b->peer, a);
	if (!unix_is_dgram(a)) {
		atomic_store_release(&a->state, UNIX_CONNECTED);
		atomic_store_release(&b->state, UNIX_CONNECTED);
	}
}

static int unix_pair(struct socket *sa, struct socket *sb)
{
	struct unix_sock *a = unix_of(sa), *b = unix_of(sb);

	spin_lock_pair(&a->lock, &b->lock);
	a->peer_cred = own_cred();
	b->peer_cred = a->peer_cred;
	join_locked(a, b);
	spin_unlock_pair(&a->lock, &b->lock);
	return 0;
}

static int unix_listen(struct socket *sock, u32 backlog)
{
	struct unix_sock *sk = unix_of(sock);
	int err = 0;

	if (unix_is_dgram(sk))
		return -EOPNOTSUPP;
	spin_lock(&sk->lock);
	if (!sk->addr || sk->state == UNIX_CONNECTED) {
		err = -EINVAL;
	} else {
		sk->backlog = backlog;
		sk->peer_cred = own_cred();
		atomic_store_release(&sk->state, UNIX_LISTEN);
		unix_wake_room_locked(sk);
	}
	spin_unlock(&sk->lock);
	unix_wake(&sk->writable);
	return err;
}

/* Make @born the other end of @sk and have @listener keep it for accept.
 * Return: 0; -EAGAIN no room, then *seq; -ECONNREFUSED; -EISCONN; -EINVAL */
static int try_connect(struct unix_sock *sk, struct unix_sock *listener, struct unix_sock *born,
		       u32 *seq)
{
	int err = 0;

	spin_lock_pair(&listener->lock, &sk->lock);
	*seq = listener->room_seq;
	if (listener->dead || listener->state != UNIX_LISTEN || (listener->shut & SHUT_RECEIVE))
		err = -ECONNREFUSED;
	else if (sk->state != UNIX_IDLE)
		err = sk->state == UNIX_CONNECTED ? -EISCONN : -EINVAL;
	else if (listener->nr_pending > listener->backlog)
		err = -EAGAIN;
	if (err)
		goto out;
	born->addr = listener->addr;
	refcount_get(&born->addr->refs);
	born->peer_cred = own_cred();
	born->sock.flags = listener->sock.flags & (1u << SO_PASSCRED);
	sk->peer_cred = listener->peer_cred;
	join_locked(sk, born); /* nobody else knows @born: its lock is not needed */
	list_add_tail(&born->pending_link, &listener->pending);
	atomic_store_relaxed(&listener->nr_pending, listener->nr_pending + 1);
out:
	spin_unlock_pair(&listener->lock, &sk->lock);
	return err;
}

static int connect_to(struct unix_sock *sk, const struct socket_addr *addr,
		      struct unix_sock *born, bool nonblock)
{
	ns_t timeout_ns = sk->sock.send_timeout_ns, deadline_ns = socket_deadline(timeout_ns);
	struct unix_sock *listener;
	u32 seq;
	int err = unix_find(addr, sk->sock.type, &listener);

	if (err)
		return err;
	while ((err = try_connect(sk, listener, born, &seq)) == -EAGAIN && !nonblock) {
		err = WAITQ_WAIT(&listener->writable,
				 atomic_load_relaxed(&listener->room_seq) != seq, true,
				 deadline_ns);
		if (err) {
			err = socket_wait_error(err, timeout_ns);
			break;
		}
	}
	if (!err) {
		unix_wake(&listener->readable);
		unix_wake(&sk->writable);
	}
	socket_put(&listener->sock);
	return err;
}

static int unix_connect(struct socket *sock, const struct socket_addr *addr, bool nonblock)
{
	struct unix_sock *sk = unix_of(sock), *born;
	int err = unix_addr_check(addr);

	if (!err && socket_flag(sock, SO_PASSCRED))
		err = unix_autobind(sk);
	if (!err)
		err = unix_alloc(sk->sock.type, &born);
	if (err)
		return err;
	err = connect_to(sk, addr, born, nonblock);
	if (err)
		socket_put(&born->sock);
	return err;
}

void unix_set_peer(struct unix_sock *sk, struct unix_sock *peer)
{
	struct unix_sock *old;
	struct list_head dropped = LIST_HEAD_INIT(dropped);

	mutex_lock(&sk->read_lock); /* a reader's message may not vanish */
	spin_lock(&sk->lock);
	old = sk->peer;
	atomic_store_release(&sk->peer, peer);
	if (old && old != peer) { /* what others sent is not the new one's */
		list_splice_tail(&sk->queue, &dropped);
		sk->nr = sk->mem = sk->bytes = 0;
		unix_wake_room_locked(sk);
	}
	spin_unlock(&sk->lock);
	mutex_unlock(&sk->read_lock);
	if (!old)
		return;
	unix_wake_senders(sk);
	unix_free_messages(&dropped);
	socket_put(&old->sock);
}

static int dgram_connect(struct socket *sock, const struct socket_addr *addr)
{
	struct unix_sock *sk = unix_of(sock), *peer = NULL;
	int err;

	if (addr->len < sizeof(addr->family))
		return -EINVAL;
	if (addr->family != AF_UNSPEC) {
		err = unix_addr_check(addr);
		if (!err && socket_flag(sock, SO_PASSCRED))
			err = unix_autobind(sk);
		if (!err)
			err = unix_find(addr, sk->sock.type, &peer);
		if (err)
			return err;
		if (peer->peer && peer->peer != sk) {
			socket_put(&peer->sock);
			return -EPERM;
		}
	}
	unix_set_peer(sk, peer);
	return 0;
}

static int packet_connect(struct socket *sock, const struct socket_addr *addr, bool nonblock)
{
	return sock->type == SOCK_DGRAM ? dgram_connect(sock, addr) :
					  unix_connect(sock, addr, nonblock);
}

static struct unix_sock *take_pending(struct unix_sock *sk)
{
	struct unix_sock *born = NULL;

	spin_lock(&sk->lock);
	if (!list_empty(&sk->pending)) {
		born = LIST_FIRST_ENTRY(&sk->pending, struct unix_sock, pending_link);
		list_del(&born->pending_link);
		atomic_store_relaxed(&sk->nr_pending, sk->nr_pending - 1);
		unix_wake_room_locked(sk);
	}
	spin_unlock(&sk->lock);
	if (born)
		unix_wake(&sk->writable);
	return born;
}

static int unix_accept(struct socket *sock, bool nonblock, struct socket **out)
{
	struct unix_sock *sk = unix_of(sock), *born;
	ns_t timeout_ns = sock->recv_timeout_ns, deadline_ns = socket_deadline(timeout_ns);

	if (unix_is_dgram(sk))
		return -EOPNOTSUPP;
	if (atomic_load_acquire(&sk->state) != UNIX_LISTEN)
		return -EINVAL;
	while (!(born = take_pending(sk))) {
		int err;

		if (sk->shut & SHUT_RECEIVE)
			return -EINVAL;
		if (nonblock)
			return -EAGAIN;
		err = WAITQ_WAIT(&sk->readable,
				 atomic_load_relaxed(&sk->nr_pending) ||
					 (atomic_load_relaxed(&sk->shut) & SHUT_RECEIVE),
				 true, deadline_ns);
		if (err)
			return socket_wait_error(err, timeout_ns);
	}
	*out = &born->sock;
	return 0;
}

/* ---- endings ---- */

/* @how of @sk is over; wakes everybody whom that concerns. */
static void cut(struct unix_sock *sk, u32 how, s32 error)
{
	spin_lock(&sk->lock);
	atomic_store_relaxed(&sk->shut, sk->shut | how);
	if (error)
		atomic_store_relaxed(&sk->sock.error, error);
	unix_wake_room_locked(sk);
	spin_unlock(&sk->lock);
	unix_wake(&sk->readable);
	unix_wake(&sk->writable);
	unix_wake_senders(sk);
}

static int unix_shutdown(struct socket *sock, u32 how)
{
	struct unix_sock *sk = unix_of(sock), *peer;
	u32 other = (how & SHUT_RECEIVE ? SHUT_SEND : 0u) | (how & SHUT_SEND ? SHUT_RECEIVE : 0u);

	cut(sk, how, 0);
	peer = unix_is_dgram(sk) ? NULL : unix_peer_get(sk);
	if (peer) {
		cut(peer, other, 0);
		socket_put(&peer->sock);
	}
	return 0;
}

/* Take everything from a dying socket. @born: what nobody accepted. */
static struct unix_sock *bury(struct unix_sock *sk, struct list_head *messages,
			      struct list_head *born)
{
	struct unix_sock *peer;

	spin_lock(&sk->lock);
	sk->dead = true;
	atomic_store_relaxed(&sk->shut, SHUT_RECEIVE | SHUT_SEND);
	list_splice_tail(&sk->queue, messages);
	list_splice_tail(&sk->pending, born);
	sk->nr = sk->mem = sk->bytes = sk->nr_pending = 0;
	unix_wake_room_locked(sk);
	peer = sk->peer;
	spin_unlock(&sk->lock);
	unix_wake(&sk->readable);
	unix_wake(&sk->writable);
	unix_wake_senders(sk);
	return peer;
}

static void release(struct unix_sock *sk, bool unaccepted)
{
	struct unix_sock *peer;
	struct list_head messages = LIST_HEAD_INIT(messages);
	struct list_head born = LIST_HEAD_INIT(born);

	forget_name(sk);
	peer = bury(sk, &messages, &born);
	if (peer && !unix_is_dgram(sk))
		cut(peer, SHUT_RECEIVE | SHUT_SEND,
		    unaccepted || !list_empty(&messages) ? ECONNRESET : 0);
	while (!list_empty(&born)) {
		struct unix_sock *child = LIST_FIRST_ENTRY(&born, struct unix_sock, pending_link);

		list_del(&child->pending_link);
		release(child, true); /* once: it does not listen */
		socket_put(&child->sock);
	}
	unix_free_messages(&messages);
	spin_lock(&sk->lock);
	sk->peer = NULL;
	spin_unlock(&sk->lock);
	if (peer)
		socket_put(&peer->sock);
}

static void unix_release(struct socket *sock)
{
	release(unix_of(sock), false);
	unix_gc();
}

/* ---- asking ---- */

static u32 unix_poll(struct socket *sock, struct poll_table *table)
{
	struct unix_sock *sk = unix_of(sock);
	u32 mask = 0, shut;

	poll_wait(table, &sk->readable);
	poll_wait(table, &sk->writable);
	if (unix_is_dgram(sk))
		poll_wait(table, unix_room_queue(sk));
	shut = atomic_load_relaxed(&sk->shut);
	if (atomic_load_relaxed(&sock->error))
		mask |= POLLERR;
	if (shut == (SHUT_RECEIVE | SHUT_SEND))
		mask |= POLLHUP;
	if (shut & SHUT_RECEIVE)
		mask |= POLLRDHUP | POLLIN | POLLRDNORM;
	if (atomic_load_relaxed(&sk->nr) || atomic_load_relaxed(&sk->nr_pending))
		mask |= POLLIN | POLLRDNORM;
	if (!unix_is_dgram(sk) && atomic_load_relaxed(&sk->state) == UNIX_IDLE)
		mask |= POLLHUP;
	if (unix_writable(sk))
		mask |= POLLOUT | POLLWRNORM | POLLWRBAND;
	return mask;
}

static u32 first_packet_len(struct unix_sock *sk)
{
	u32 len = 0;

	spin_lock(&sk->lock);
	if (!list_empty(&sk->queue))
		len = LIST_FIRST_ENTRY(&sk->queue, struct unix_msg, link)->len;
	spin_unlock(&sk->lock);
	return len;
}

static long unix_ioctl(struct socket *sock, u32 cmd, u64 arg)
{
	struct unix_sock *sk = unix_of(sock), *peer;
	u32 n = 0;

	if (cmd != SIOCINQ && cmd != SIOCOUTQ)
		return -ENOTTY;
	if (cmd == SIOCINQ) {
		if (sk->state == UNIX_LISTEN)
			return -EINVAL;
		n = unix_is_dgram(sk) ? first_packet_len(sk) : atomic_load_relaxed(&sk->bytes);
	} else {
		peer = unix_peer_get(sk);
		if (peer) {
			n = atomic_load_relaxed(&peer->mem);
			socket_put(&peer->sock);
		}
	}
	return user_write_u32((void __user *)(uintptr_t)arg, n);
}

static int unix_get_option(struct socket *sock, int level, int option, void *value)
{
	struct unix_sock *sk = unix_of(sock);
	u32 listening = sk->state == UNIX_LISTEN;

	if (level != SOL_SOCKET)
		return -EOPNOTSUPP;
	if (option == SO_ACCEPTCONN) {
		memcpy(value, &listening, sizeof(listening));
		return sizeof(listening);
	}
	if (option != SO_PEERCRED)
		return -ENOPROTOOPT;
	spin_lock(&sk->lock);
	memcpy(value, &sk->peer_cred, sizeof(sk->peer_cred));
	spin_unlock(&sk->lock);
	return sizeof(sk->peer_cred);
}

static const struct socket_ops stream_ops = {
	.bind = unix_bind,
	.listen = unix_listen,
	.accept = unix_accept,
	.connect = unix_connect,
	.pair = unix_pair,
	.get_name = unix_get_name,
	.send = unix_stream_send,
	.recv = unix_stream_recv,
	.shutdown = unix_shutdown,
	.get_option = unix_get_option,
	.poll = unix_poll,
	.ioctl = unix_ioctl,
	.release = unix_release,
	.destroy = unix_destroy,
};

static const struct socket_ops packet_ops = {
	.bind = unix_bind,
	.listen = unix_listen,
	.accept = unix_accept,
	.connect = packet_connect,
	.pair = unix_pair,
	.get_name = unix_get_name,
	.send = unix_packet_send,
	.recv = unix_packet_recv,
	.shutdown = unix_shutdown,
	.get_option = unix_get_option,
	.poll = unix_poll,
	.ioctl = unix_ioctl,
	.release = unix_release,
	.destroy = unix_destroy,
};

void unix_init(void)
{
	static const struct socket_family family = { .family = AF_UNIX, .create = unix_create };

	unix_cache = slab_create("unix", sizeof(struct unix_sock), 64);
	PANIC_ON(!unix_cache, "fs: no memory for AF_UNIX");
	random_bytes(names_key, sizeof(names_key));
	for (u32 i = 0; i < NAME_BUCKETS; i++)
		list_init(&names[i]);
	socket_register(&family);
}
