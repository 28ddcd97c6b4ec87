/* SPDX-License-Identifier: MIT */
/*
 * AF_UNIX inside. A socket holds what was sent to it: a queue of messages,
 * bounded by the sender's SO_SNDBUF. Two connected sockets hold references on
 * each other until their files are closed.
 *
 *   sk --peer--> other     other->queue: sent by sk, not yet read
 *                          who waits for room there sleeps on sk->writable
 *
 * The peer of a connected STREAM or SEQPACKET socket stays the same until its
 * file is closed, so calls on that file use it without a lock. Senders of
 * datagrams may come and go: they sleep on one queue for all, dgram_room.
 *
 * Lock order:
 *   read_lock (one reader at a time; user copies)
 *     unix_gc_lock (handles in flight)
 *       names lock
 *         sk->lock, pairs by address
 */
#pragma once

#include <fs/socket.h>
#include <kernel/core/mutex.h>
#include <kernel/core/spinlock.h>
#include <kernel/core/waitq.h>
#include <kernel/lib/list.h>
#include <security/handle.h>

#define UNIX_DGRAM_BACKLOG 10u /* messages from others than the peer: Linux's max_dgram_qlen */

enum unix_state { UNIX_IDLE, UNIX_LISTEN, UNIX_CONNECTED };

/* A name, immutable. addr.len counts the family; a path has its NUL. */
struct unix_addr {
	struct refcount refs;
	u32 len;
	struct linux_sockaddr_un un;
};

/* Handles on their way; counted in flight from unix_rights_send() on. */
struct unix_rights {
	struct unix_rights *next; /* in the list of what is to be dropped */
	u32 uid;                  /* whose RLIMIT_NOFILE they count against */
	u32 n;
	bool inflight;
	struct handle_copy handle[];
};

/* Lock key: s lock of the socket it is queued at; the rest is fixed. */
struct unix_msg {
	struct list_head link;      /* [s] */
	u32 len, pos;               /* bytes in all; taken [s] */
	u32 head_len, charge;       /* bytes in data; memory it stands for */
	struct linux_ucred cred;
	struct unix_rights *rights; /* [s] or NULL */
	struct unix_addr *from;     /* datagrams: referenced, or NULL */
	struct unix_chunk *more;    /* after data */
	char data[];
};

struct unix_chunk {
	struct unix_chunk *next;
	u32 len;
	char data[];
};

/* Lock key: i immutable   s lock   g unix_gc_lock   n names lock   a atomic
 * Two letters: either to read, both to write. */
struct unix_sock {
	struct socket sock;        /* first */
	struct spinlock lock;      /* RANK_SOCKET */
	struct mutex read_lock;    /* RANK_SOCKET_READ */
	struct waitq readable, writable;
	enum unix_state state;     /* [s] read racily */
	u32 shut;                  /* [s] enum socket_shut; read racily */
	bool dead;                 /* [s] its file is closed */
	bool naming;               /* [s] a bind is on its way */
	struct unix_sock *peer;    /* [s] referenced */
	struct unix_addr *addr;    /* [s] set once, referenced */
	struct inode *bound;       /* [n] of a path; referenced */
	struct list_head name_link; /* [n] */
	struct list_head all_link; /* of all sockets; all_lock in unix.c */
	struct linux_ucred peer_cred; /* [s] */
	/* what was sent to it */
	struct list_head queue;    /* [s] of unix_msg */
	u32 nr, mem, bytes;        /* [s] messages, charge, unread bytes; read racily */
	bool wanted;               /* [s] somebody waits for room: until */
	u32 wanted_mem, wanted_nr; /* [s] ... mem and nr have sunk this low */
	u32 room_seq;              /* [s] grows when waiters for room are woken; read racily */
	/* listening */
	struct list_head pending;  /* [s] connected, not accepted; referenced */
	struct list_head pending_link; /* [s] of the listener */
	u32 nr_pending, backlog;   /* [s] */
	/* garbage: unix_scm.c */
	u32 inflight, gc_refs;     /* [g] */
	u32 gc_state;              /* [g] */
	struct list_head inflight_link, gc_link; /* [g] */
};

static inline struct unix_sock *unix_of(struct socket *sock)
{
	return container_of(sock, struct unix_sock, sock);
}

static inline bool unix_is_dgram(const struct unix_sock *sk)
{
	return sk->sock.type == SOCK_DGRAM;
}

/* unix.c */
/** unix_find - the socket named @addr, referenced
 * Return: 0; -ECONNREFUSED, -EPROTOTYPE, what the walk says */
__must_check int unix_find(const struct socket_addr *addr, u32 type, struct unix_sock **out);
/** unix_addr_check - Return: 0; -EINVAL no name of AF_UNIX */
__must_check int unix_addr_check(const struct socket_addr *addr);
void unix_addr_put(struct unix_addr *addr);
void unix_addr_copy(const struct unix_addr *addr, struct socket_addr *out);
/** unix_autobind - an abstract name of the kernel's choice, if it has none yet */
__must_check int unix_autobind(struct unix_sock *sk);
/** unix_peer_get - referenced, or NULL */
struct unix_sock *unix_peer_get(struct unix_sock *sk);
/** unix_set_peer - of a datagram socket; takes over the reference on @peer */
void unix_set_peer(struct unix_sock *sk, struct unix_sock *peer);

/* unix_queue.c */
long unix_stream_send(struct socket *sock, struct socket_msg *msg);
long unix_stream_recv(struct socket *sock, struct socket_msg *msg);
long unix_packet_send(struct socket *sock, struct socket_msg *msg);
long unix_packet_recv(struct socket *sock, struct socket_msg *msg);
/** unix_writable - and if not: be woken when it is */
bool unix_writable(struct unix_sock *sk);
/** unix_room_queue - where those sleep who wait to send from @sk */
struct waitq *unix_room_queue(struct unix_sock *sk);
/** unix_wake_room_locked - @sk's waiters for room try again; then call
 * unix_wake_senders() without the lock */
void unix_wake_room_locked(struct unix_sock *sk);
void unix_wake_senders(struct unix_sock *sk);
/** unix_free_messages - a list cut off a queue */
void unix_free_messages(struct list_head *list);
void unix_wake(struct waitq *wq);

/* unix_scm.c: control messages */
struct unix_scm {
	struct linux_ucred cred;
	struct unix_rights *rights;
};
/** unix_scm_send - what current sends along: checked, in flight. scm->rights is
 * the caller's. Return: 0; -EINVAL -EBADF -EPERM -ESRCH -ETOOMANYREFS -ENOMEM */
__must_check int unix_scm_send(const struct socket_msg *msg, struct unix_scm *scm);
/** unix_scm_recv - into current's table and @msg; scm->rights is consumed */
__must_check int unix_scm_recv(const struct unix_sock *sk, struct socket_msg *msg,
			       struct unix_scm *scm);
/** unix_rights_peek - a copy for MSG_PEEK of those of @m; read_lock held
 * Return: 0; -ENOMEM */
__must_check int unix_rights_peek(const struct unix_msg *m, struct unix_rights **out);
/** unix_rights_drop - close what nobody got; NULL is fine */
void unix_rights_drop(struct unix_rights *rights);
/** unix_gc - free sockets that only they themselves reach */
void unix_gc(void);
