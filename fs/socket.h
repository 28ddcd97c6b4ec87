/* SPDX-License-Identifier: MIT */
/*
 * Sockets: a thin layer between the calls and the address families. A struct
 * socket is its own nameless inode (fstat shows S_IFSOCK); one open file names
 * it, or none yet while a connection waits to be accepted.
 *
 *   handle -> struct file --priv--> struct socket (inode first) --ops--> family
 */
#pragma once

#include <fs/inode.h>
#include <fs/poll.h>
#include <kernel/abi/linux_socket.h>
#include <kernel/lib/types.h>

struct file;
struct iov_iter;
struct socket;

/* An address as the user gives it; len counts the family too. */
struct socket_addr {
	u32 len;
	union {
		u16 family;
		char bytes[LINUX_SOCKADDR_MAX];
	};
};

/* One message on its way between a call and a family. */
struct socket_msg {
	struct iov_iter *it;
	struct socket_addr *name;  /* send: where to; recv: filled in; or NULL */
	u32 flags;                 /* MSG_*, DONTWAIT also for O_NONBLOCK files */
	u32 out_flags;             /* recv: MSG_TRUNC, MSG_CTRUNC */
	const char *control_in;    /* send: control messages, in the kernel */
	u64 control;               /* recv: where they go, in user memory */
	size_t control_len;        /* send: bytes there are; recv: room */
	size_t control_used;       /* recv */
};

enum socket_shut { SHUT_RECEIVE = 1, SHUT_SEND = 2 };

/* NULL members: -EOPNOTSUPP. */
struct socket_ops {
	int (*bind)(struct socket *sock, const struct socket_addr *addr);
	int (*listen)(struct socket *sock, u32 backlog);
	/** accept - *out: a connected socket without a file, its reference the caller's */
	int (*accept)(struct socket *sock, bool nonblock, struct socket **out);
	int (*connect)(struct socket *sock, const struct socket_addr *addr, bool nonblock);
	int (*pair)(struct socket *a, struct socket *b);
	int (*get_name)(struct socket *sock, bool peer, struct socket_addr *out);
	long (*send)(struct socket *sock, struct socket_msg *msg);
	long (*recv)(struct socket *sock, struct socket_msg *msg);
	/** shutdown - @how: enum socket_shut bits */
	int (*shutdown)(struct socket *sock, u32 how);
	/** set_option, get_option - what the general layer does not know; *value has
	 * @len bytes, at most SOCKET_OPTION_MAX. Return: 0 or the length; -ENOPROTOOPT */
	int (*set_option)(struct socket *sock, int level, int option, const void *value, u32 len);
	int (*get_option)(struct socket *sock, int level, int option, void *value);
	u32 (*poll)(struct socket *sock, struct poll_table *table);
	long (*ioctl)(struct socket *sock, u32 cmd, u64 arg);
	/** release - no file names it any more: cut connections. May sleep. */
	void (*release)(struct socket *sock);
	/** destroy - last reference: free */
	void (*destroy)(struct socket *sock);
};

#define SOCKET_OPTION_MAX 64u
#define SOCKET_BUF_DEFAULT 212992u /* as Linux's wmem_default and wmem_max */

/* Lock key: i immutable   a atomic. */
struct socket {
	struct inode inode;          /* first; its references are the socket's */
	const struct socket_ops *ops; /* [i] */
	struct file *file;           /* [a] not referenced: set once, it holds the inode */
	u16 family, type;            /* [i] */
	u32 protocol;                /* [i] */
	u32 flags;                   /* [a] BIT(SO_*) of plain switches, SO_* < 32 */
	s32 error;                   /* [a] pending, positive; who reports it clears it */
	u32 sndbuf, rcvbuf;          /* [a] */
	ns_t send_timeout_ns, recv_timeout_ns; /* [a] NS_FOREVER: none */
	struct linux_linger linger;  /* [a] */
};

struct socket_family {
	u16 family;
	int (*create)(u32 type, int protocol, struct socket **out);
};

void socket_init(void);
/** socket_register - at boot; @family stays */
void socket_register(const struct socket_family *family);

/** socket_create - Return: 0; -EAFNOSUPPORT, -EINVAL, what the family says */
__must_check int socket_create(int family, int type, int protocol, struct socket **out);
/** socket_setup - a family's new socket, zeroed memory, one reference */
void socket_setup(struct socket *sock, const struct socket_ops *ops, u16 family, u32 type);
/** socket_file - the file that names it; takes over the caller's reference, which
 * the caller keeps when memory is out. @flags: O_NONBLOCK */
__must_check int socket_file(struct socket *sock, u32 flags, struct file **out);
/** socket_discard - a socket that got no file: release it and drop the reference */
void socket_discard(struct socket *sock);
/** socket_from_file - NULL when @file is none */
struct socket *socket_from_file(const struct file *file);

static inline void socket_get(struct socket *sock)
{
	inode_get(&sock->inode);
}
static inline void socket_put(struct socket *sock)
{
	inode_put(&sock->inode);
}

static inline bool socket_flag(const struct socket *sock, u32 option)
{
	return atomic_load_relaxed(&sock->flags) >> option & 1;
}

/** socket_take_error - the pending error as 0 or -errno; it is reported once */
int socket_take_error(struct socket *sock);
/** socket_deadline - when a call with @timeout_ns that starts now gives up */
ns_t socket_deadline(ns_t timeout_ns);
/** socket_wait_error - of a wait: -EAGAIN after the time, and a call with a time
 * limit is not restarted */
int socket_wait_error(int err, ns_t timeout_ns);
/** socket_broken_pipe - SIGPIPE unless MSG_NOSIGNAL. Return: -EPIPE */
int socket_broken_pipe(u32 msg_flags);
/** socket_put_control - one control message to the receiver; cut and MSG_CTRUNC
 * when there is no room, -EFAULT */
__must_check int socket_put_control(struct socket_msg *msg, int level, int type, const void *data,
				    size_t len);
/** socket_set_option, socket_get_option - SOL_SOCKET's, then the family's */
__must_check int socket_set_option(struct socket *sock, int level, int option, const void *value,
				   u32 len);
__must_check int socket_get_option(struct socket *sock, int level, int option, void *value);
