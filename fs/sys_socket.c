/* SPDX-License-Identifier: MIT */
/*
 * The socket calls: arguments in, a struct socket_msg or an address to the
 * family, results out. Source: man socket(2), bind(2), accept(2), send(2),
 * recv(2), sendmmsg(2), recvmmsg(2), getsockopt(2).
 */
#include <kernel/syscall_protos.h>

#include <arch/uaccess.h>
#include <fs/file.h>
#include <fs/socket.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_fcntl.h>
#include <kernel/abi/linux_time.h>
#include <kernel/lib/string.h>
#include <kernel/sched/sched.h>
#include <kernel/task/task.h>
#include <kernel/time/clock.h>
#include <mm/kmalloc.h>

#include "sys_priv.h"

#define CONTROL_MAX (16u << 10) /* of one message; Linux: net.core.optmem_max */
#define MMSG_MAX    1024u

/* current's descriptor as a socket, with the file's flags. */
struct target_socket {
	struct handle_ref ref;
	struct file *file;
	struct socket *sock;
};

static int socket_at(int fd, u32 rights, struct target_socket *out)
{
	int err = file_from_handle(fd, 0, &out->ref, &out->file);

	if (err)
		return err;
	out->sock = socket_from_file(out->file);
	if (!out->sock)
		err = out->file->flags & O_PATH ? -EBADF : -ENOTSOCK;
	else if ((out->ref.rights & rights) != rights)
		err = -EACCES;
	if (err)
		handle_put(&out->ref);
	return err;
}

static bool nonblock(const struct target_socket *target)
{
	return target->file->flags & O_NONBLOCK;
}

/* ---- addresses ---- */

static int address_in(struct socket_addr *addr, const void __user *uaddr, int len)
{
	if (len < 0 || len > LINUX_SOCKADDR_MAX)
		return -EINVAL;
	addr->len = (u32)len;
	addr->family = AF_UNSPEC;
	return copy_from_user(addr->bytes, uaddr, addr->len);
}

/* Cut to the room there is; its real length is told. */
static int address_out(const struct socket_addr *addr, vaddr_t uaddr, u32 __user *ulen)
{
	u32 room;

	if (user_read_u32(&room, ulen))
		return -EFAULT;
	if ((s32)room < 0)
		return -EINVAL;
	if (copy_to_user((void __user *)uaddr, addr->bytes, MIN(room, addr->len)))
		return -EFAULT;
	return user_write_u32(ulen, addr->len);
}

/* ---- making ---- */

static int flags_check(int type)
{
	return type & ~(SOCK_TYPE_MASK | SOCK_CLOEXEC | SOCK_NONBLOCK) ? -EINVAL : 0;
}

static u32 handle_flags_of(int type)
{
	return type & SOCK_CLOEXEC ? HANDLE_CLOEXEC : 0;
}

/* A file around @sock, whose reference is taken over whatever comes. */
static int file_around(struct socket *sock, int type, struct file **out)
{
	int err = socket_file(sock, (u32)type & SOCK_NONBLOCK, out);

	if (err)
		socket_discard(sock);
	return err;
}

long sys_socket(int family, int type, int protocol)
{
	struct socket *sock;
	struct file *file;
	int err = flags_check(type);

	if (!err)
		err = socket_create(family, type & SOCK_TYPE_MASK, protocol, &sock);
	if (!err)
		err = file_around(sock, type, &file);
	if (err)
		return err;
	err = handle_open(&file->object, file_rights(O_RDWR), handle_flags_of(type));
	if (err < 0)
		file_put(file);
	return err;
}

static int make_pair(int family, int type, int protocol, struct file *out[2])
{
	struct socket *a, *b;
	int err = socket_create(family, type & SOCK_TYPE_MASK, protocol, &a);

	if (err)
		return err;
	err = socket_create(family, type & SOCK_TYPE_MASK, protocol, &b);
	if (err) {
		socket_discard(a);
		return err;
	}
	err = a->ops->pair ? a->ops->pair(a, b) : -EOPNOTSUPP;
	if (err) {
		socket_discard(a);
		socket_discard(b);
		return err;
	}
	err = file_around(a, type, &out[0]);
	if (err) {
		socket_discard(b);
		return err;
	}
	err = file_around(b, type, &out[1]);
	if (err)
		file_put(out[0]);
	return err;
}

long sys_socketpair(int family, int type, int protocol, int __user *ufds)
{
	struct file *file[2];
	int fd[2], err = flags_check(type);

	if (err)
		return err;
	fd[0] = handle_reserve(0);
	if (fd[0] < 0)
		return fd[0];
	fd[1] = handle_reserve(0);
	err = fd[1];
	if (err < 0)
		goto err_unreserve_first;
	err = copy_to_user(ufds, fd, sizeof(fd));
	if (!err)
		err = make_pair(family, type, protocol, file);
	if (err)
		goto err_unreserve;
	/* No failure past this point. */
	for (u32 i = 0; i < 2; i++)
		handle_install(fd[i], &file[i]->object, file_rights(O_RDWR), handle_flags_of(type));
	return 0;

err_unreserve:
	handle_unreserve(fd[1]);
err_unreserve_first:
	handle_unreserve(fd[0]);
	return err;
}

/* ---- names and connections ---- */

long sys_bind(int fd, const void __user *uaddr, int len)
{
	struct target_socket t;
	struct socket_addr addr;
	int err = socket_at(fd, RIGHT_CONTROL, &t);

	if (err)
		return err;
	err = address_in(&addr, uaddr, len);
	if (!err)
		err = t.sock->ops->bind ? t.sock->ops->bind(t.sock, &addr) : -EOPNOTSUPP;
	handle_put(&t.ref);
	return err;
}

long sys_connect(int fd, const void __user *uaddr, int len)
{
	struct target_socket t;
	struct socket_addr addr;
	int err = socket_at(fd, RIGHT_CONTROL, &t);

	if (err)
		return err;
	err = address_in(&addr, uaddr, len);
	if (!err)
		err = t.sock->ops->connect ? t.sock->ops->connect(t.sock, &addr, nonblock(&t)) :
					     -EOPNOTSUPP;
	handle_put(&t.ref);
	return err;
}

long sys_listen(int fd, int backlog)
{
	struct target_socket t;
	int err = socket_at(fd, RIGHT_CONTROL, &t);

	if (err)
		return err;
	err = -EOPNOTSUPP;
	if (t.sock->ops->listen)
		err = t.sock->ops->listen(t.sock, MIN((u32)backlog, (u32)SOMAXCONN));
	handle_put(&t.ref);
	return err;
}

static int accept_file(const struct target_socket *t, vaddr_t uaddr, u32 __user *ulen, int flags,
		       struct file **out)
{
	struct socket_addr addr;
	struct socket *sock;
	int err = t->sock->ops->accept ? t->sock->ops->accept(t->sock, nonblock(t), &sock) :
					 -EOPNOTSUPP;

	if (err)
		return err;
	if (uaddr) {
		err = sock->ops->get_name(sock, true, &addr);
		err = err ? -ECONNABORTED : address_out(&addr, uaddr, ulen);
		if (err) {
			socket_discard(sock);
			return err;
		}
	}
	return file_around(sock, flags, out);
}

long sys_accept4(int fd, vaddr_t uaddr, u32 __user *ulen, int flags)
{
	struct target_socket t;
	struct file *file;
	int new_fd, err;

	if (flags & ~(SOCK_CLOEXEC | SOCK_NONBLOCK))
		return -EINVAL;
	err = socket_at(fd, RIGHT_READ, &t);
	if (err)
		return err;
	new_fd = handle_reserve(0);
	err = MIN(new_fd, 0);
	if (!err) {
		err = accept_file(&t, uaddr, ulen, flags, &file);
		if (err)
			handle_unreserve(new_fd);
		else
			handle_install(new_fd, &file->object, file_rights(O_RDWR),
				       handle_flags_of(flags));
	}
	handle_put(&t.ref);
	return err ? err : new_fd;
}

static long get_name(int fd, bool peer, vaddr_t uaddr, u32 __user *ulen)
{
	struct target_socket t;
	struct socket_addr addr;
	int err = socket_at(fd, RIGHT_STAT, &t);

	if (err)
		return err;
	err = t.sock->ops->get_name(t.sock, peer, &addr);
	handle_put(&t.ref);
	return err ? err : address_out(&addr, uaddr, ulen);
}

long sys_getsockname(int fd, vaddr_t uaddr, u32 __user *ulen)
{
	return get_name(fd, false, uaddr, ulen);
}

long sys_getpeername(int fd, vaddr_t uaddr, u32 __user *ulen)
{
	return get_name(fd, true, uaddr, ulen);
}

long sys_shutdown(int fd, int how)
{
	struct target_socket t;
	int err = socket_at(fd, RIGHT_CONTROL, &t);

	if (err)
		return err;
	err = -EINVAL;
	if (how >= SHUT_RD && how <= SHUT_RDWR) /* 0 1 2 are the bits 1 2 3 */
		err = t.sock->ops->shutdown ? t.sock->ops->shutdown(t.sock, (u32)how + 1) :
					      -EOPNOTSUPP;
	handle_put(&t.ref);
	return err;
}

/* ---- messages ---- */

static void msg_setup(struct socket_msg *msg, const struct target_socket *t, struct iov_iter *it,
		      u32 flags)
{
	*msg = (struct socket_msg){ .it = it, .flags = flags };
	if (nonblock(t))
		msg->flags |= MSG_DONTWAIT;
}

long sys_sendto(int fd, const void __user *buf, size_t len, int flags, const void __user *uaddr,
		int addrlen)
{
	struct target_socket t;
	struct socket_addr addr;
	struct socket_msg msg;
	struct iov_iter it;
	long ret;

	if (unlikely(!user_range_ok(buf, len)))
		return -EFAULT;
	ret = socket_at(fd, RIGHT_WRITE, &t);
	if (ret)
		return ret;
	iov_iter_init_user(&it, (u64)(uintptr_t)buf, MIN(len, LINUX_MAX_RW_COUNT));
	msg_setup(&msg, &t, &it, (u32)flags);
	if (uaddr) {
		ret = address_in(&addr, uaddr, addrlen);
		msg.name = addrlen ? &addr : NULL;
	}
	if (!ret)
		ret = t.sock->ops->send(t.sock, &msg);
	handle_put(&t.ref);
	return ret;
}

long sys_recvfrom(int fd, void __user *buf, size_t len, int flags, vaddr_t uaddr,
		  u32 __user *uaddrlen)
{
	struct target_socket t;
	struct socket_addr addr = { .len = 0 };
	struct socket_msg msg;
	struct iov_iter it;
	long ret;

	if (unlikely(!user_range_ok(buf, len)))
		return -EFAULT;
	ret = socket_at(fd, RIGHT_READ, &t);
	if (ret)
		return ret;
	iov_iter_init_user(&it, (u64)(uintptr_t)buf, MIN(len, LINUX_MAX_RW_COUNT));
	msg_setup(&msg, &t, &it, (u32)flags);
	if (uaddr)
		msg.name = &addr;
	ret = t.sock->ops->recv(t.sock, &msg);
	handle_put(&t.ref);
	if (ret >= 0 && uaddr) {
		int err = address_out(&addr, uaddr, uaddrlen);

		if (err)
			return err;
	}
	return ret;
}

static int header_in(struct linux_msghdr *head, vaddr_t umsg, struct vector *v)
{
	if (copy_from_user(head, (const void __user *)umsg, sizeof(*head)))
		return -EFAULT;
	if (!head->msg_name)
		head->msg_namelen = 0;
	if (head->msg_namelen < 0)
		return -EINVAL;
	head->msg_namelen = MIN(head->msg_namelen, LINUX_SOCKADDR_MAX);
	if (head->msg_iovlen > UIO_MAXIOV)
		return -EMSGSIZE;
	return vector_get(v, (const void __user *)head->msg_iov, (int)head->msg_iovlen);
}

/* The sender's control messages, copied once. *out NULL: none. */
static int control_in(const struct linux_msghdr *head, char **out)
{
	*out = NULL;
	if (head->msg_controllen > CONTROL_MAX)
		return -ENOBUFS;
	if (!head->msg_control || !head->msg_controllen)
		return 0;
	*out = kmalloc(head->msg_controllen, 0);
	if (!*out)
		return -ENOBUFS;
	if (!copy_from_user(*out, (const void __user *)head->msg_control, head->msg_controllen))
		return 0;
	kfree(*out);
	return -EFAULT;
}

static long send_one(const struct target_socket *t, vaddr_t umsg, u32 flags)
{
	struct linux_msghdr head;
	struct socket_addr addr;
	struct socket_msg msg;
	struct vector v;
	char *control;
	long ret = header_in(&head, umsg, &v);

	if (ret)
		return ret;
	msg_setup(&msg, t, &v.it, flags);
	if (head.msg_namelen) {
		ret = address_in(&addr, (const void __user *)head.msg_name, head.msg_namelen);
		if (!ret)
			ret = pledge_require(PLEDGE_INET | PLEDGE_UNIX | PLEDGE_DNS);
		msg.name = &addr;
	}
	if (!ret)
		ret = control_in(&head, &control);
	if (!ret) {
		msg.control_in = control;
		msg.control_len = control ? head.msg_controllen : 0;
		ret = t->sock->ops->send(t->sock, &msg);
		kfree(control);
	}
	vector_put(&v);
	return ret;
}

/* What recvmsg tells beside the bytes. */
static int header_out(vaddr_t umsg, const struct linux_msghdr *head, const struct socket_msg *msg)
{
	struct linux_msghdr __user *uhead = (struct linux_msghdr __user *)umsg;

	if (head->msg_name) {
		u32 n = MIN((u32)head->msg_namelen, msg->name->len);

		if (copy_to_user((void __user *)head->msg_name, msg->name->bytes, n) ||
		    user_write_u32(user_field(uhead, msg_namelen), msg->name->len))
			return -EFAULT;
	}
	if (user_write_u32(user_field(uhead, msg_flags), msg->out_flags))
		return -EFAULT;
	return user_write_u64(user_field(uhead, msg_controllen), msg->control_used);
}

static long recv_one(const struct target_socket *t, vaddr_t umsg, u32 flags)
{
	struct socket_addr addr = { .len = 0 };
	struct linux_msghdr head;
	struct socket_msg msg;
	struct vector v;
	long ret = header_in(&head, umsg, &v);

	if (ret)
		return ret;
	msg_setup(&msg, t, &v.it, flags);
	msg.name = &addr;
	msg.control = head.msg_control;
	msg.control_len = head.msg_control ? head.msg_controllen : 0;
	msg.out_flags = flags & MSG_CMSG_CLOEXEC;
	ret = t->sock->ops->recv(t->sock, &msg);
	vector_put(&v);
	if (ret >= 0) {
		int err = header_out(umsg, &head, &msg);

		if (err)
			return err;
	}
	return ret;
}

long sys_sendmsg(int fd, vaddr_t umsg, int flags)
{
	struct target_socket t;
	long ret;

	if ((u32)flags & MSG_CMSG_COMPAT)
		return -EINVAL;
	ret = socket_at(fd, RIGHT_WRITE, &t);
	if (ret)
		return ret;
	ret = send_one(&t, umsg, (u32)flags);
	handle_put(&t.ref);
	return ret;
}

long sys_recvmsg(int fd, vaddr_t umsg, int flags)
{
	struct target_socket t;
	long ret;

	if ((u32)flags & MSG_CMSG_COMPAT)
		return -EINVAL;
	ret = socket_at(fd, RIGHT_READ, &t);
	if (ret)
		return ret;
	ret = recv_one(&t, umsg, (u32)flags);
	handle_put(&t.ref);
	return ret;
}

static vaddr_t nth_message(vaddr_t umsgs, u32 n)
{
	return umsgs + n * sizeof(struct linux_mmsghdr);
}

static int put_length(vaddr_t umsg, long len)
{
	struct linux_mmsghdr __user *u = (struct linux_mmsghdr __user *)umsg;

	return user_write_u32(user_field(u, msg_len), (u32)len);
}

long sys_sendmmsg(int fd, vaddr_t umsgs, unsigned int count, int flags)
{
	struct target_socket t;
	long ret;
	u32 done = 0;

	if ((u32)flags & MSG_CMSG_COMPAT)
		return -EINVAL;
	ret = socket_at(fd, RIGHT_WRITE, &t);
	if (ret)
		return ret;
	count = MIN(count, MMSG_MAX);
	while (done < count) {
		vaddr_t umsg = nth_message(umsgs, done);

		ret = send_one(&t, umsg, (u32)flags);
		if (ret >= 0)
			ret = put_length(umsg, ret);
		if (ret)
			break;
		done++;
		if (signal_pending())
			break;
		sched_point();
	}
	handle_put(&t.ref);
	return done ? (long)done : ret;
}

/* The time limit is looked at between messages only: man recvmmsg(2), BUGS. */
static long recv_many(const struct target_socket *t, vaddr_t umsgs, u32 count, u32 flags,
		      ns_t deadline_ns)
{
	u32 done = 0;
	long ret = socket_take_error(t->sock);

	while (!ret && done < count) {
		vaddr_t umsg = nth_message(umsgs, done);

		ret = recv_one(t, umsg, flags & ~MSG_WAITFORONE);
		if (ret >= 0)
			ret = put_length(umsg, ret);
		if (ret)
			break;
		done++;
		if (flags & MSG_WAITFORONE)
			flags |= MSG_DONTWAIT;
		if (signal_pending() || (deadline_ns != NS_FOREVER && uptime_ns() >= deadline_ns))
			break;
		sched_point();
	}
	/* The next call tells what ended this one. */
	if (done && ret && ret != -EAGAIN && ret != -ERESTARTSYS && ret != -EINTR)
		atomic_store_relaxed(&t->sock->error, (s32)-ret);
	return done ? (long)done : ret;
}

static int timeout_in(const struct linux_timespec __user *utime, ns_t *deadline_ns)
{
	struct linux_timespec ts;

	*deadline_ns = NS_FOREVER;
	if (!utime)
		return 0;
	if (copy_from_user(&ts, utime, sizeof(ts)))
		return -EFAULT;
	if (ts.tv_sec < 0 || ts.tv_nsec < 0 || ts.tv_nsec >= 1000000000)
		return -EINVAL;
	if (ts.tv_sec < INT64_MAX / 1000000000 - 1)
		*deadline_ns = socket_deadline((ns_t)(ts.tv_sec * 1000000000 + ts.tv_nsec));
	return 0;
}

long sys_recvmmsg(int fd, vaddr_t umsgs, unsigned int count, int flags,
		  struct linux_timespec __user *utime)
{
	struct target_socket t;
	ns_t deadline_ns;
	long ret;

	if ((u32)flags & MSG_CMSG_COMPAT)
		return -EINVAL;
	ret = timeout_in(utime, &deadline_ns);
	if (!ret)
		ret = socket_at(fd, RIGHT_READ, &t);
	if (ret)
		return ret;
	ret = recv_many(&t, umsgs, MIN(count, MMSG_MAX), (u32)flags, deadline_ns);
	handle_put(&t.ref);
	if (ret > 0 && deadline_ns != NS_FOREVER) {
		ns_t now = uptime_ns(), left = deadline_ns > now ? deadline_ns - now : 0;
		struct linux_timespec ts = { (s64)(left / 1000000000), (s64)(left % 1000000000) };

		if (copy_to_user(utime, &ts, sizeof(ts)))
			return -EFAULT;
	}
	return ret;
}

/* ---- options ---- */

long sys_setsockopt(int fd, int level, int option, const void __user *uvalue, int len)
{
	char value[SOCKET_OPTION_MAX] = { 0 };
	struct target_socket t;
	int err;

	if (len < 0)
		return -EINVAL;
	err = socket_at(fd, RIGHT_CONTROL, &t);
	if (err)
		return err;
	len = MIN(len, (int)sizeof(value));
	err = copy_from_user(value, uvalue, (u32)len);
	if (!err)
		err = socket_set_option(t.sock, level, option, value, (u32)len);
	handle_put(&t.ref);
	return err;
}

long sys_getsockopt(int fd, int level, int option, vaddr_t uvalue, u32 __user *ulen)
{
	char value[SOCKET_OPTION_MAX];
	struct target_socket t;
	u32 room;
	int ret = socket_at(fd, RIGHT_STAT, &t);

	if (ret)
		return ret;
	ret = user_read_u32(&room, ulen);
	if (!ret && (s32)room < 0)
		ret = -EINVAL;
	if (!ret)
		ret = socket_get_option(t.sock, level, option, value);
	handle_put(&t.ref);
	if (ret < 0)
		return ret;
	room = MIN(room, (u32)ret);
	if (copy_to_user((void __user *)uvalue, value, room))
		return -EFAULT;
	return user_write_u32(ulen, room);
}
