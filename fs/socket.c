/* SPDX-License-Identifier: MIT */
/*
 * Sockets in general: the table of families, the file around a socket, options
 * of SOL_SOCKET that mean the same everywhere. Source: man socket(7), cmsg(3).
 */
#include <fs/socket.h>

#include <arch/uaccess.h>
#include <fs/file.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_fcntl.h>
#include <kernel/abi/linux_signal.h>
#include <kernel/abi/linux_time.h>
#include <kernel/lib/string.h>
#include <kernel/task/task.h>
#include <kernel/time/clock.h>
#include <security/cred.h>

#define BUF_MIN_SEND 4608u /* Linux's SOCK_MIN_SNDBUF, SOCK_MIN_RCVBUF */
#define BUF_MIN_RECV 2304u

static const struct socket_family *families[AF_MAX]; /* written at boot */
static struct superblock socket_sb = { .refs = { 1 }, .magic = SOCKFS_MAGIC };
static const struct file_ops socket_fops;

/* ---- life ---- */

static int socket_setattr(struct inode *inode, const struct inode_attr *attr)
{
	inode_apply_attr(inode, attr);
	return 0;
}

/* Through /proc/PID/fd: a socket has one file only. */
static int socket_reopen(__unused struct inode *inode, __unused struct file *file)
{
	return -ENXIO;
}

static void socket_inode_release(struct inode *inode)
{
	struct socket *sock = container_of(inode, struct socket, inode);

	sock->ops->destroy(sock);
}

static const struct inode_ops socket_inode_ops = {
	.setattr = socket_setattr,
	.open = socket_reopen,
	.release = socket_inode_release,
};

void socket_init(void)
{
	superblock_init(&socket_sb, NULL, SOCKFS_MAGIC);
}

void socket_register(const struct socket_family *family)
{
	families[family->family] = family;
}

int socket_create(int family, int type, int protocol, struct socket **out)
{
	if (family < 0 || family >= AF_MAX)
		return -EAFNOSUPPORT;
	if (type < 0 || type >= SOCK_MAX)
		return -EINVAL;
	if (!families[family])
		return -EAFNOSUPPORT;
	return families[family]->create((u32)type, protocol, out);
}

void socket_setup(struct socket *sock, const struct socket_ops *ops, u16 family, u32 type)
{
	inode_init(&sock->inode, &socket_sb, &socket_inode_ops, &socket_fops, S_IFSOCK | 0777);
	inode_own(&sock->inode, NULL);
	sock->ops = ops;
	sock->family = family;
	sock->type = (u16)type;
	sock->sndbuf = SOCKET_BUF_DEFAULT;
	sock->rcvbuf = SOCKET_BUF_DEFAULT;
	sock->send_timeout_ns = NS_FOREVER;
	sock->recv_timeout_ns = NS_FOREVER;
}

int socket_file(struct socket *sock, u32 flags, struct file **out)
{
	struct file *file = file_alloc(&sock->inode, &socket_fops, O_RDWR | (flags & O_NONBLOCK));

	if (!file)
		return -ENOMEM;
	file->priv = sock;
	atomic_store_release(&sock->file, file);
	socket_put(sock); /* the file holds the inode */
	*out = file;
	return 0;
}

void socket_discard(struct socket *sock)
{
	sock->ops->release(sock);
	socket_put(sock);
}

struct socket *socket_from_file(const struct file *file)
{
	return file->ops == &socket_fops ? file->priv : NULL;
}

/* ---- what families share ---- */

int socket_take_error(struct socket *sock)
{
	if (likely(!atomic_load_relaxed(&sock->error)))
		return 0;
	return -atomic_xchg(&sock->error, 0);
}

ns_t socket_deadline(ns_t timeout_ns)
{
	ns_t now;

	if (timeout_ns == NS_FOREVER)
		return NS_FOREVER;
	now = uptime_ns();
	return timeout_ns < NS_FOREVER - now ? now + timeout_ns : NS_FOREVER;
}

int socket_wait_error(int err, ns_t timeout_ns)
{
	if (err == -ETIMEDOUT)
		return -EAGAIN;
	return err == -ERESTARTSYS && timeout_ns != NS_FOREVER ? -EINTR : err;
}

int socket_broken_pipe(u32 msg_flags)
{
	struct linux_siginfo info = { .si_signo = SIGPIPE, .si_code = SI_USER };

	if (!(msg_flags & MSG_NOSIGNAL)) {
		info.rt.si_pid = current_task()->pid;
		info.rt.si_uid = cred_current()->uid;
		(void)signal_send_thread(current, &info);
	}
	return -EPIPE;
}

int socket_put_control(struct socket_msg *msg, int level, int type, const void *data, size_t len)
{
	struct linux_cmsghdr head = { sizeof(head) + len, level, type };
	size_t room = msg->control_len - msg->control_used;
	u64 at = msg->control + msg->control_used;

	if (!msg->control || room < sizeof(head)) {
		msg->out_flags |= MSG_CTRUNC;
		return 0;
	}
	if (room < head.cmsg_len) {
		msg->out_flags |= MSG_CTRUNC;
		head.cmsg_len = room;
	}
	if (copy_to_user((void __user *)at, &head, sizeof(head)) ||
	    copy_to_user((void __user *)(at + sizeof(head)), data, head.cmsg_len - sizeof(head)))
		return -EFAULT;
	msg->control_used += MIN(LINUX_CMSG_ALIGN(sizeof(head) + len), room);
	return 0;
}

/* ---- options ---- */

/* Plain switches: kept, and given back. What they change is the family's. */
#define SWITCHES                                                                        \
	(1u << SO_DEBUG | 1u << SO_REUSEADDR | 1u << SO_DONTROUTE | 1u << SO_BROADCAST | \
	 1u << SO_KEEPALIVE | 1u << SO_OOBINLINE | 1u << SO_REUSEPORT | 1u << SO_PASSCRED)

static bool is_switch(int option)
{
	return option >= 0 && option < 32 && (SWITCHES >> option & 1);
}

static int set_timeout(ns_t *timeout_ns, const void *value, u32 len)
{
	struct linux_timeval tv;
	ns_t ns = 0;

	if (len < sizeof(tv))
		return -EINVAL;
	memcpy(&tv, value, sizeof(tv));
	if (tv.tv_usec < 0 || tv.tv_usec >= 1000000)
		return -EDOM;
	if (tv.tv_sec >= INT64_MAX / (s64)NS_PER_SEC - 1)
		ns = NS_FOREVER;
	else if (tv.tv_sec >= 0)
		ns = (ns_t)(tv.tv_sec * (s64)NS_PER_SEC + tv.tv_usec * 1000);
	if (!tv.tv_sec && !tv.tv_usec)
		ns = NS_FOREVER;
	atomic_store_relaxed(timeout_ns, ns);
	return 0;
}

static int get_timeout(ns_t timeout_ns, void *value)
{
	struct linux_timeval tv = { 0, 0 };

	if (timeout_ns != NS_FOREVER) {
		tv.tv_sec = (s64)(timeout_ns / NS_PER_SEC);
		tv.tv_usec = (s64)(timeout_ns % NS_PER_SEC / 1000);
	}
	memcpy(value, &tv, sizeof(tv));
	return sizeof(tv);
}

/* As Linux: the number doubles, for what bookkeeping costs. */
static void set_buffer(u32 *size, int value, u32 least, bool force)
{
	u32 want = (u32)value;

	if (!force || value < 0)
		want = MIN(want, SOCKET_BUF_DEFAULT);
	want = MIN(want, (u32)INT32_MAX / 2);
	atomic_store_relaxed(size, MAX(want * 2, least));
}

static int set_linger(struct socket *sock, const void *value, u32 len)
{
	if (len < sizeof(sock->linger))
		return -EINVAL;
	memcpy(&sock->linger, value, sizeof(sock->linger));
	sock->linger.l_onoff = !!sock->linger.l_onoff;
	return 0;
}

static int set_generic(struct socket *sock, int option, int on, const void *value, u32 len)
{
	bool force = option == SO_SNDBUFFORCE || option == SO_RCVBUFFORCE;

	if ((force || (option == SO_DEBUG && on)) && !capable(CAP_NET_ADMIN))
		return option == SO_DEBUG ? -EACCES : -EPERM;
	if (is_switch(option)) {
		if (on)
			(void)atomic_fetch_or(&sock->flags, 1u << option);
		else
			(void)atomic_fetch_and(&sock->flags, ~(1u << option));
		return 0;
	}
	switch (option) {
	case SO_SNDBUF:
	case SO_SNDBUFFORCE:
		set_buffer(&sock->sndbuf, on, BUF_MIN_SEND, force);
		return 0;
	case SO_RCVBUF:
	case SO_RCVBUFFORCE:
		set_buffer(&sock->rcvbuf, on, BUF_MIN_RECV, force);
		return 0;
	case SO_RCVTIMEO:
		return set_timeout(&sock->recv_timeout_ns, value, len);
	case SO_SNDTIMEO:
		return set_timeout(&sock->send_timeout_ns, value, len);
	case SO_LINGER:
		return set_linger(sock, value, len);
	default:
		return -ENOPROTOOPT;
	}
}

int socket_set_option(struct socket *sock, int level, int option, const void *value, u32 len)
{
	int on, err = -ENOPROTOOPT;

	if (level == SOL_SOCKET) {
		if (len < sizeof(on))
			return -EINVAL;
		memcpy(&on, value, sizeof(on));
		err = set_generic(sock, option, on, value, len);
	}
	if (err != -ENOPROTOOPT)
		return err;
	if (sock->ops->set_option)
		return sock->ops->set_option(sock, level, option, value, len);
	return level == SOL_SOCKET ? err : -EOPNOTSUPP;
}

/* Return: whether @option is one of the numbers. */
static bool get_number(struct socket *sock, int option, u32 *out)
{
	switch (option) {
	case SO_TYPE:
		*out = sock->type;
		return true;
	case SO_DOMAIN:
		*out = sock->family;
		return true;
	case SO_PROTOCOL:
		*out = sock->protocol;
		return true;
	case SO_ERROR:
		*out = (u32)-socket_take_error(sock);
		return true;
	case SO_SNDBUF:
		*out = sock->sndbuf;
		return true;
	case SO_RCVBUF:
		*out = sock->rcvbuf;
		return true;
	case SO_RCVLOWAT:
		*out = 1;
		return true;
	default:
		*out = is_switch(option) && socket_flag(sock, (u32)option);
		return is_switch(option);
	}
}

int socket_get_option(struct socket *sock, int level, int option, void *value)
{
	u32 number;

	if (level == SOL_SOCKET && get_number(sock, option, &number)) {
		memcpy(value, &number, sizeof(number));
		return sizeof(number);
	}
	if (level == SOL_SOCKET && option == SO_RCVTIMEO)
		return get_timeout(sock->recv_timeout_ns, value);
	if (level == SOL_SOCKET && option == SO_SNDTIMEO)
		return get_timeout(sock->send_timeout_ns, value);
	if (level == SOL_SOCKET && option == SO_LINGER) {
		memcpy(value, &sock->linger, sizeof(sock->linger));
		return sizeof(sock->linger);
	}
	if (sock->ops->get_option)
		return sock->ops->get_option(sock, level, option, value);
	return level == SOL_SOCKET ? -ENOPROTOOPT : -EOPNOTSUPP;
}

/* ---- as a file ---- */

static inline void msg_init(struct socket_msg *msg, const struct file *file, struct iov_iter *it)
{
	msg->it = it;
	msg->name = NULL;
	msg->flags = file->flags & O_NONBLOCK ? MSG_DONTWAIT : 0;
	msg->out_flags = 0;
	msg->control_in = NULL;
	msg->control = 0;
	msg->control_len = 0;
	msg->control_used = 0;
}

static long socket_read(struct file *file, struct iov_iter *it, __unused u64 *pos)
{
	struct socket *sock = file->priv;
	struct socket_msg msg;

	if (!it->left)
		return 0;
	msg_init(&msg, file, it);
	return sock->ops->recv(sock, &msg);
}

static long socket_write(struct file *file, struct iov_iter *it, __unused u64 *pos)
{
	struct socket *sock = file->priv;
	struct socket_msg msg;

	msg_init(&msg, file, it);
	return sock->ops->send(sock, &msg);
}

static u32 socket_poll(struct file *file, struct poll_table *table)
{
	struct socket *sock = file->priv;

	return sock->ops->poll(sock, table);
}

static long socket_ioctl(struct file *file, u32 cmd, u64 arg)
{
	struct socket *sock = file->priv;

	return sock->ops->ioctl ? sock->ops->ioctl(sock, cmd, arg) : -ENOTTY;
}

static void socket_file_release(struct file *file)
{
	struct socket *sock = file->priv;

	sock->ops->release(sock);
}

static const struct file_ops socket_fops = {
	.read = socket_read,
	.write = socket_write,
	.poll = socket_poll,
	.ioctl = socket_ioctl,
	.release = socket_file_release,
};
