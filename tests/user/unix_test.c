/* SPDX-License-Identifier: MIT */
/*
 * unix_test.c - AF_UNIX: pairs, connections, datagrams, names, what poll and the options say, handles and identities
 * sent along, collection of unreachable sockets, and wrong arguments (man unix(7), socket(7), send(2), recv(2)).
 */
#include "ktap.h"

#include <poll.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

#define BAD ((void *)8)

static void make_pair(int fd[2], int type)
{
	REQUIRE_EQ(sys(SYS_socketpair, AF_UNIX, type, 0, fd), 0);
}

static int events_of(int fd)
{
	struct pollfd p = { fd, POLLIN | POLLOUT | POLLRDHUP | POLLPRI, 0 };

	CHECK(sys(SYS_poll, &p, 1, 0) >= 0);
	return p.revents;
}

static socklen_t path_addr(struct sockaddr_un *addr, const char *path)
{
	memset(addr, 0, sizeof(*addr));
	addr->sun_family = AF_UNIX;
	strcpy(addr->sun_path, path);
	return offsetof(struct sockaddr_un, sun_path) + strlen(path) + 1;
}

/* An abstract name of this process. */
static socklen_t own_addr(struct sockaddr_un *addr, const char *word)
{
	memset(addr, 0, sizeof(*addr));
	addr->sun_family = AF_UNIX;
	return offsetof(struct sockaddr_un, sun_path) + 1 +
	       sprintf(addr->sun_path + 1, "unix_test.%d.%s", (int)getpid(), word);
}

static int listener(int type, const struct sockaddr_un *addr, socklen_t len, int backlog)
{
	int fd = sys(SYS_socket, AF_UNIX, type, 0);

	REQUIRE(fd >= 0);
	REQUIRE_EQ(sys(SYS_bind, fd, addr, len), 0);
	REQUIRE_EQ(sys(SYS_listen, fd, backlog), 0);
	return fd;
}

/* One message of @text with @n descriptors. */
static long send_fds(int sock, const char *text, const int *fds, int n)
{
	char control[CMSG_SPACE(sizeof(int) * 300)] = { 0 };
	struct iovec iov = { (char *)text, strlen(text) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
			      .msg_controllen = CMSG_SPACE(sizeof(int) * n) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int) * n);
	memcpy(CMSG_DATA(c), fds, sizeof(int) * n);
	return sys(SYS_sendmsg, sock, &msg, 0);
}

/* Return: bytes; *n in: room for descriptors, out: how many came. */
static long recv_fds(int sock, char *text, size_t size, int *fds, int *n, int flags, int *out_flags)
{
	char control[CMSG_SPACE(sizeof(int) * 300)] = { 0 };
	struct iovec iov = { text, size };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
			      .msg_controllen = *n ? CMSG_LEN(sizeof(int) * *n) : 0 };
	struct cmsghdr *c;
	long ret = sys(SYS_recvmsg, sock, &msg, flags);

	*n = 0;
	if (out_flags)
		*out_flags = msg.msg_flags;
	if (ret < 0)
		return ret;
	c = CMSG_FIRSTHDR(&msg);
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS) {
		*n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(fds, CMSG_DATA(c), *n * sizeof(int));
	}
	return ret;
}

/* ---- socketpair and streams ---- */

CASE(socket_arguments)
{
	int fd[2];

	CHECK_EQ(sys(SYS_socket, 45, SOCK_STREAM, 0), -EAFNOSUPPORT);
	CHECK_EQ(sys(SYS_socket, -1, SOCK_STREAM, 0), -EAFNOSUPPORT);
	CHECK_EQ(sys(SYS_socket, 1000, SOCK_STREAM, 0), -EAFNOSUPPORT);
	CHECK_EQ(sys(SYS_socket, AF_UNIX, 0, 0), -ESOCKTNOSUPPORT);
	CHECK_EQ(sys(SYS_socket, AF_UNIX, SOCK_RDM, 0), -ESOCKTNOSUPPORT);
	CHECK_EQ(sys(SYS_socket, AF_UNIX, 15, 0), -EINVAL);
	CHECK_EQ(sys(SYS_socket, AF_UNIX, SOCK_STREAM | 0x100, 0), -EINVAL);
	CHECK_EQ(sys(SYS_socket, AF_UNIX, SOCK_STREAM, 2), -EPROTONOSUPPORT);
	CHECK_EQ(sys(SYS_socketpair, AF_UNIX, SOCK_STREAM | 0x100, 0, fd), -EINVAL);
	CHECK_EQ(sys(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, BAD), -EFAULT);
	CHECK_EQ(sys(SYS_socketpair, 45, SOCK_STREAM, 0, fd), -EAFNOSUPPORT);
	fd[0] = sys(SYS_socket, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 1);
	REQUIRE(fd[0] >= 0);
	CHECK_EQ(sys(SYS_fcntl, fd[0], F_GETFD), FD_CLOEXEC);
	CHECK_EQ(sys(SYS_fcntl, fd[0], F_GETFL), O_RDWR | O_NONBLOCK);
}

CASE(not_a_socket)
{
	struct sockaddr_un addr;
	socklen_t len = sizeof(addr);
	struct msghdr msg = { 0 };
	int fd = open("/", O_RDONLY), value = 0, path = open("/", O_PATH);
	char c = 0;

	CHECK_EQ(sys(SYS_getpeername, fd, &addr, &len), -ENOTSOCK);
	CHECK_EQ(sys(SYS_getsockname, fd, &addr, &len), -ENOTSOCK);
	CHECK_EQ(sys(SYS_bind, fd, &addr, len), -ENOTSOCK);
	CHECK_EQ(sys(SYS_connect, fd, &addr, len), -ENOTSOCK);
	CHECK_EQ(sys(SYS_listen, fd, 1), -ENOTSOCK);
	CHECK_EQ(sys(SYS_accept, fd, 0, 0), -ENOTSOCK);
	CHECK_EQ(sys(SYS_shutdown, fd, 0), -ENOTSOCK);
	CHECK_EQ(sys(SYS_sendto, fd, &c, 1, 0, 0, 0), -ENOTSOCK);
	CHECK_EQ(sys(SYS_recvfrom, fd, &c, 1, 0, 0, 0), -ENOTSOCK);
	CHECK_EQ(sys(SYS_sendmsg, fd, &msg, 0), -ENOTSOCK);
	CHECK_EQ(sys(SYS_recvmsg, fd, &msg, 0), -ENOTSOCK);
	CHECK_EQ(sys(SYS_sendmmsg, fd, &msg, 1, 0), -ENOTSOCK);
	CHECK_EQ(sys(SYS_recvmmsg, fd, &msg, 1, 0, 0), -ENOTSOCK);
	CHECK_EQ(sys(SYS_setsockopt, fd, SOL_SOCKET, SO_SNDBUF, &value, 4), -ENOTSOCK);
	CHECK_EQ(sys(SYS_getsockopt, fd, SOL_SOCKET, SO_SNDBUF, &value, &len), -ENOTSOCK);
	CHECK_EQ(sys(SYS_getpeername, 77, &addr, &len), -EBADF);
	CHECK_EQ(sys(SYS_listen, -1, 1), -EBADF);
	CHECK_EQ(sys(SYS_listen, path, 1), -EBADF);
}

CASE(stream_pair)
{
	char buf[32] = { 0 };
	struct stat st[2];
	int fd[2], n = -1;

	make_pair(fd, SOCK_STREAM);
	CHECK_EQ(sys(SYS_write, fd[0], "hello", 5), 5);
	CHECK_EQ(sys(SYS_write, fd[0], " you", 4), 4);
	CHECK_EQ(sys(SYS_ioctl, fd[1], FIONREAD, &n), 0);
	CHECK_EQ(n, 9);
	CHECK_EQ(sys(SYS_recvfrom, fd[1], buf, 3, MSG_PEEK, 0, 0), 3);
	CHECK_EQ(sys(SYS_recvfrom, fd[1], buf, 32, MSG_PEEK, 0, 0), 9);
	CHECK_EQ(sys(SYS_read, fd[1], buf, 3), 3);
	CHECK_EQ(sys(SYS_read, fd[1], buf + 3, 20), 6);
	CHECK_STR(buf, "hello you");
	CHECK_EQ(sys(SYS_write, fd[1], "back", 4), 4);
	CHECK_EQ(sys(SYS_read, fd[0], buf, 20), 4);
	CHECK_EQ(sys(SYS_recvfrom, fd[0], buf, 1, MSG_DONTWAIT, 0, 0), -EAGAIN);
	CHECK_EQ(sys(SYS_read, fd[0], buf, 0), 0);
	CHECK_EQ(sys(SYS_lseek, fd[0], 0, SEEK_SET), -ESPIPE);
	CHECK_EQ(sys(SYS_fstat, fd[0], &st[0]), 0);
	CHECK_EQ(sys(SYS_fstat, fd[1], &st[1]), 0);
	CHECK(S_ISSOCK(st[0].st_mode) && st[0].st_ino != st[1].st_ino && st[0].st_dev == st[1].st_dev);
	CHECK_EQ(st[0].st_mode & 0777, 0777);
}

CASE(stream_end_and_broken_pipe)
{
	char c;
	int fd[2];
	pid_t pid;

	make_pair(fd, SOCK_STREAM);
	sys(SYS_write, fd[0], "x", 1);
	close(fd[0]);
	CHECK_EQ(events_of(fd[1]), POLLIN | POLLOUT | POLLHUP | POLLRDHUP);
	CHECK_EQ(sys(SYS_read, fd[1], &c, 1), 1);
	CHECK_EQ(sys(SYS_read, fd[1], &c, 1), 0);
	CHECK_EQ(sys(SYS_sendto, fd[1], "x", 1, MSG_NOSIGNAL, 0, 0), -EPIPE);
	IN_CHILD(pid) {
		sys(SYS_write, fd[1], "x", 1);
	}
	CHECK_KILLED(pid, SIGPIPE);
	signal(SIGPIPE, SIG_IGN);
	CHECK_EQ(sys(SYS_write, fd[1], "x", 1), -EPIPE);
}

CASE(close_with_unread_data_resets)
{
	int fd[2], error = -1;
	socklen_t len = sizeof(error);
	char c;

	make_pair(fd, SOCK_STREAM);
	sys(SYS_write, fd[0], "x", 1);
	close(fd[1]);
	CHECK(events_of(fd[0]) & POLLERR);
	CHECK_EQ(sys(SYS_read, fd[0], &c, 1), -ECONNRESET);
	CHECK_EQ(sys(SYS_read, fd[0], &c, 1), 0);
	make_pair(fd, SOCK_STREAM);
	sys(SYS_write, fd[0], "x", 1);
	close(fd[1]);
	CHECK_EQ(sys(SYS_getsockopt, fd[0], SOL_SOCKET, SO_ERROR, &error, &len), 0);
	CHECK_EQ(error, ECONNRESET);
	CHECK_EQ(sys(SYS_getsockopt, fd[0], SOL_SOCKET, SO_ERROR, &error, &len), 0);
	CHECK_EQ(error, 0);
}

CASE(shutdown_halves)
{
	char c;
	int fd[2];

	signal(SIGPIPE, SIG_IGN);
	make_pair(fd, SOCK_STREAM);
	sys(SYS_write, fd[0], "x", 1);
	CHECK_EQ(sys(SYS_shutdown, fd[0], SHUT_WR), 0);
	CHECK_EQ(events_of(fd[1]), POLLIN | POLLOUT | POLLRDHUP);
	CHECK_EQ(events_of(fd[0]), POLLOUT);
	CHECK_EQ(sys(SYS_write, fd[0], "x", 1), -EPIPE);
	CHECK_EQ(sys(SYS_read, fd[1], &c, 1), 1);
	CHECK_EQ(sys(SYS_read, fd[1], &c, 1), 0);
	CHECK_EQ(sys(SYS_write, fd[1], "y", 1), 1);
	CHECK_EQ(sys(SYS_read, fd[0], &c, 1), 1);
	CHECK_EQ(sys(SYS_shutdown, fd[1], SHUT_WR), 0);
	CHECK_EQ(events_of(fd[0]), POLLIN | POLLOUT | POLLRDHUP | POLLHUP);
	make_pair(fd, SOCK_STREAM);
	CHECK_EQ(sys(SYS_shutdown, fd[0], SHUT_RD), 0);
	CHECK_EQ(sys(SYS_write, fd[1], "x", 1), -EPIPE);
	CHECK_EQ(sys(SYS_read, fd[0], &c, 1), 0);
	CHECK_EQ(sys(SYS_shutdown, fd[0], 3), -EINVAL);
	CHECK_EQ(sys(SYS_shutdown, fd[0], -1), -EINVAL);
}

CASE(large_transfer_blocks_and_arrives)
{
	static char out[300000], in[300000];
	size_t got = 0;
	int fd[2];
	pid_t pid;

	for (size_t i = 0; i < sizeof(out); i++)
		out[i] = (char)(i * 7 + i / 1000);
	make_pair(fd, SOCK_STREAM);
	IN_CHILD(pid) {
		for (int round = 0; round < 4; round++)
			CHECK_EQ(sys(SYS_write, fd[0], out, sizeof(out)), sizeof(out));
	}
	for (int round = 0; round < 4; round++) {
		for (got = 0; got < sizeof(in);) {
			long n = sys(SYS_read, fd[1], in + got, sizeof(in) - got < 7001 ? sizeof(in) - got : 7001);

			REQUIRE(n > 0);
			got += n;
		}
		CHECK(!memcmp(in, out, sizeof(in)));
	}
	CHECK_EXIT(pid, 0);
	IN_CHILD(pid) {
		CHECK_EQ(sys(SYS_write, fd[0], out, 1000), 1000);
		sleep_ms(20);
		CHECK_EQ(sys(SYS_write, fd[0], out, 1000), 1000);
	}
	CHECK_EQ(sys(SYS_recvfrom, fd[1], in, 2000, MSG_WAITALL, 0, 0), 2000);
	CHECK_EXIT(pid, 0);
}

CASE(full_stream_is_not_writable)
{
	static char block[4096];
	long ret, total = 0;
	int fd[2];

	make_pair(fd, SOCK_STREAM | SOCK_NONBLOCK);
	while ((ret = sys(SYS_write, fd[0], block, sizeof(block))) > 0)
		total += ret;
	CHECK_EQ(ret, -EAGAIN);
	CHECK(total >= 65536 && total <= 1 << 20);
	CHECK_EQ(events_of(fd[0]), 0);
	while ((ret = sys(SYS_read, fd[1], block, sizeof(block))) > 0)
		total -= ret;
	CHECK_EQ(ret, -EAGAIN);
	CHECK_EQ(total, 0);
	CHECK_EQ(events_of(fd[0]), POLLOUT);
}

CASE(poll_wakes_the_writer)
{
	static char block[4096];
	struct pollfd p;
	int fd[2];
	pid_t pid;

	make_pair(fd, SOCK_STREAM | SOCK_NONBLOCK);
	while (sys(SYS_write, fd[0], block, sizeof(block)) > 0)
		;
	IN_CHILD(pid) {
		sleep_ms(30);
		while (sys(SYS_read, fd[1], block, sizeof(block)) > 0)
			;
	}
	p = (struct pollfd){ fd[0], POLLOUT, 0 };
	CHECK_EQ(sys(SYS_poll, &p, 1, 10000), 1);
	CHECK_EQ(p.revents, POLLOUT);
	CHECK_EXIT(pid, 0);
}

CASE(timeouts)
{
	static char block[4096];
	struct timeval tv = { 0, 40000 }, bad = { 0, 1000000 }, got;
	socklen_t len = sizeof(got);
	int64_t before;
	int fd[2];

	make_pair(fd, SOCK_STREAM);
	CHECK_EQ(sys(SYS_setsockopt, fd[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)), 0);
	CHECK_EQ(sys(SYS_setsockopt, fd[0], SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)), 0);
	CHECK_EQ(sys(SYS_setsockopt, fd[0], SOL_SOCKET, SO_SNDTIMEO, &bad, sizeof(bad)), -EDOM);
	CHECK_EQ(sys(SYS_setsockopt, fd[0], SOL_SOCKET, SO_SNDTIMEO, &tv, 8), -EINVAL);
	CHECK_EQ(sys(SYS_getsockopt, fd[0], SOL_SOCKET, SO_RCVTIMEO, &got, &len), 0);
	CHECK(len == sizeof(got) && got.tv_sec == 0 && got.tv_usec == 40000);
	before = now_ns();
	CHECK_EQ(sys(SYS_read, fd[0], block, 1), -EAGAIN);
	CHECK(now_ns() - before >= 39000000);
	while (sys(SYS_write, fd[0], block, sizeof(block)) > 0)
		;
	CHECK_EQ(sys(SYS_write, fd[0], block, 1), -EAGAIN);
}

/* ---- names and connections ---- */

CASE(path_names)
{
	struct sockaddr_un addr, got;
	socklen_t len, got_len = sizeof(got);
	struct stat st;
	char buf[8];
	int fd, other, client, conn;

	scratch();
	len = path_addr(&addr, "sock");
	fd = sys(SYS_socket, AF_UNIX, SOCK_STREAM, 0);
	client = sys(SYS_socket, AF_UNIX, SOCK_STREAM, 0);
	other = sys(SYS_socket, AF_UNIX, SOCK_STREAM, 0);
	CHECK_EQ(sys(SYS_connect, client, &addr, len), -ENOENT);
	CHECK_EQ(sys(SYS_listen, fd, 5), -EINVAL);
	CHECK_EQ(sys(SYS_getsockname, fd, &got, &got_len), 0);
	CHECK_EQ(got_len, 2);
	CHECK_EQ(sys(SYS_bind, fd, &addr, len - 1), 0);
	path_addr(&addr, "sick");
	CHECK_EQ(sys(SYS_bind, fd, &addr, len), -EINVAL);
	CHECK_EQ(access("sick", F_OK), -1);
	path_addr(&addr, "sock");
	CHECK_EQ(sys(SYS_bind, other, &addr, len), -EADDRINUSE);
	CHECK(lstat("sock", &st) == 0 && S_ISSOCK(st.st_mode));
	CHECK_EQ(st.st_mode & 0777, 0755);
	CHECK_EQ(sys(SYS_open, "sock", O_RDWR), -ENXIO);
	CHECK_EQ(sys(SYS_connect, client, &addr, len), -ECONNREFUSED);
	CHECK_EQ(sys(SYS_listen, fd, 5), 0);
	CHECK_EQ(sys(SYS_accept4, fd, 0, 0, 0x100), -EINVAL);
	CHECK_EQ(sys(SYS_connect, client, &addr, len), 0);
	CHECK_EQ(sys(SYS_connect, client, &addr, len), -EISCONN);
	CHECK_EQ(events_of(fd), POLLIN);
	got_len = sizeof(got);
	conn = sys(SYS_accept4, fd, &got, &got_len, SOCK_CLOEXEC | SOCK_NONBLOCK);
	REQUIRE(conn >= 0);
	CHECK_EQ(got_len, 2);
	CHECK_EQ(sys(SYS_fcntl, conn, F_GETFD), FD_CLOEXEC);
	CHECK_EQ(sys(SYS_fcntl, conn, F_GETFL), O_RDWR | O_NONBLOCK);
	got_len = sizeof(got);
	CHECK_EQ(sys(SYS_getpeername, client, &got, &got_len), 0);
	CHECK(got_len == len && !memcmp(&got, &addr, len));
	got_len = sizeof(got);
	CHECK_EQ(sys(SYS_getsockname, conn, &got, &got_len), 0);
	CHECK(got_len == len && !memcmp(&got, &addr, len));
	CHECK_EQ(sys(SYS_write, client, "ping", 4), 4);
	CHECK_EQ(sys(SYS_read, conn, buf, 8), 4);
	close(fd);
	CHECK_EQ(sys(SYS_connect, other, &addr, len), -ECONNREFUSED);
	CHECK_EQ(sys(SYS_bind, other, &addr, len), -EADDRINUSE);
	CHECK(unlink("sock") == 0);
	CHECK_EQ(sys(SYS_bind, other, &addr, len), 0);
	REQUIRE(put_file("file", "", 0, 0644));
	len = path_addr(&addr, "file");
	close(client);
	client = sys(SYS_socket, AF_UNIX, SOCK_STREAM, 0);
	CHECK_EQ(sys(SYS_connect, client, &addr, len), -ECONNREFUSED);
	len = path_addr(&addr, "nowhere/sock");
	CHECK_EQ(sys(SYS_bind, client, &addr, len), -ENOENT);
	CHECK_EQ(sys(SYS_connect, client, &addr, len), -ENOENT);
}

CASE(abstract_names_and_autobind)
{
	struct sockaddr_un addr, got;
	socklen_t len = own_addr(&addr, "a"), got_len = sizeof(got);
	int fd = listener(SOCK_STREAM, &addr, len, 1), other, dgram;

	other = sys(SYS_socket, AF_UNIX, SOCK_STREAM, 0);
	dgram = sys(SYS_socket, AF_UNIX, SOCK_DGRAM, 0);
	CHECK_EQ(sys(SYS_bind, other, &addr, len), -EADDRINUSE);
	CHECK_EQ(sys(SYS_connect, dgram, &addr, len), -ECONNREFUSED);
	CHECK_EQ(sys(SYS_connect, other, &addr, len - 1), -ECONNREFUSED);
	CHECK_EQ(sys(SYS_connect, other, &addr, len), 0);
	CHECK_EQ(sys(SYS_getpeername, other, &got, &got_len), 0);
	CHECK(got_len == len && !memcmp(&got, &addr, len));
	close(fd);
	fd = listener(SOCK_STREAM, &addr, len, 1);
	addr.sun_family = AF_UNIX;
	CHECK_EQ(sys(SYS_bind, dgram, &addr, 2), 0);
	got_len = sizeof(got);
	CHECK_EQ(sys(SYS_getsockname, dgram, &got, &got_len), 0);
	CHECK_EQ(got_len, 8);
	CHECK(got.sun_path[0] == 0 && strspn(got.sun_path + 1, "0123456789abcdef") >= 5);
}

CASE(bad_addresses)
{
	struct sockaddr_un addr;
	socklen_t len = own_addr(&addr, "b");
	int fd = sys(SYS_socket, AF_UNIX, SOCK_STREAM, 0), n;

	CHECK_EQ(sys(SYS_bind, fd, &addr, 1), -EINVAL);
	CHECK_EQ(sys(SYS_bind, fd, &addr, 0), -EINVAL);
	CHECK_EQ(sys(SYS_bind, fd, &addr, -1), -EINVAL);
	CHECK_EQ(sys(SYS_bind, fd, &addr, 111), -EINVAL);
	CHECK_EQ(sys(SYS_bind, fd, &addr, 1000), -EINVAL);
	CHECK_EQ(sys(SYS_bind, fd, BAD, len), -EFAULT);
	CHECK_EQ(sys(SYS_connect, fd, &addr, 2), -EINVAL);
	CHECK_EQ(sys(SYS_connect, fd, BAD, len), -EFAULT);
	addr.sun_family = AF_INET;
	CHECK_EQ(sys(SYS_bind, fd, &addr, len), -EINVAL);
	CHECK_EQ(sys(SYS_connect, fd, &addr, len), -EINVAL);
	n = sizeof(addr);
	CHECK_EQ(sys(SYS_getpeername, fd, &addr, &n), -ENOTCONN);
	CHECK_EQ(sys(SYS_getsockname, fd, BAD, &n), -EFAULT);
	CHECK_EQ(sys(SYS_getsockname, fd, &addr, BAD), -EFAULT);
	n = -1;
	CHECK_EQ(sys(SYS_getsockname, fd, &addr, &n), -EINVAL);
}

CASE(unconnected_stream)
{
	int fd = sys(SYS_socket, AF_UNIX, SOCK_STREAM, 0);
	struct sockaddr_un addr;
	socklen_t len = own_addr(&addr, "u");
	char c = 0;

	CHECK_EQ(sys(SYS_read, fd, &c, 1), -EINVAL);
	CHECK_EQ(sys(SYS_sendto, fd, &c, 1, MSG_NOSIGNAL, 0, 0), -ENOTCONN);
	CHECK_EQ(sys(SYS_sendto, fd, &c, 1, MSG_NOSIGNAL, &addr, len), -EOPNOTSUPP);
	CHECK_EQ(sys(SYS_accept, fd, 0, 0), -EINVAL);
	CHECK_EQ(events_of(fd), POLLOUT | POLLHUP);
	fd = listener(SOCK_STREAM, &addr, len, 1);
	CHECK_EQ(events_of(fd), 0);
	CHECK_EQ(sys(SYS_connect, fd, &addr, len), -EINVAL);
	CHECK_EQ(sys(SYS_fcntl, fd, F_SETFL, O_NONBLOCK), 0);
	CHECK_EQ(sys(SYS_accept, fd, 0, 0), -EAGAIN);
	fd = sys(SYS_socket, AF_UNIX, SOCK_DGRAM, 0);
	CHECK_EQ(sys(SYS_listen, fd, 1), -EOPNOTSUPP);
	CHECK_EQ(sys(SYS_accept, fd, 0, 0), -EOPNOTSUPP);
}

CASE(backlog)
{
	struct sockaddr_un addr;
	socklen_t len = own_addr(&addr, "q");
	int fd = listener(SOCK_STREAM, &addr, len, 1), client[3], c, n;
	pid_t pid;
	char byte;

	for (n = 0; n < 3; n++)
		client[n] = sys(SYS_socket, AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	CHECK_EQ(sys(SYS_connect, client[0], &addr, len), 0);
	CHECK_EQ(sys(SYS_connect, client[1], &addr, len), 0);
	CHECK_EQ(sys(SYS_connect, client[2], &addr, len), -EAGAIN);
	IN_CHILD(pid) {
		c = sys(SYS_socket, AF_UNIX, SOCK_STREAM, 0);
		CHECK_EQ(sys(SYS_connect, c, &addr, len), 0);
		CHECK_EQ(sys(SYS_write, c, "!", 1), 1);
		CHECK_EQ(sys(SYS_read, c, &byte, 1), 0);
	}
	sleep_ms(20);
	for (n = 0; n < 2; n++)
		CHECK(sys(SYS_accept, fd, 0, 0) >= 0);
	c = sys(SYS_accept, fd, 0, 0);
	REQUIRE(c >= 0);
	CHECK_EQ(sys(SYS_read, c, &byte, 1), 1);
	close(c);
	CHECK_EXIT(pid, 0);
	/* What nobody accepted is reset. */
	CHECK_EQ(sys(SYS_connect, client[2], &addr, len), 0);
	close(fd);
	CHECK_EQ(sys(SYS_read, client[2], &byte, 1), -ECONNRESET);
	CHECK_EQ(sys(SYS_read, client[2], &byte, 1), 0);
}

/* ---- datagrams and packets ---- */

CASE(dgram_pair)
{
	struct iovec iov[2];
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };
	char a[4], b[4];
	int fd[2], n;

	make_pair(fd, SOCK_DGRAM);
	CHECK_EQ(sys(SYS_write, fd[0], "first", 5), 5);
	CHECK_EQ(sys(SYS_write, fd[0], "", 0), 0);
	CHECK_EQ(sys(SYS_write, fd[0], "12345678", 8), 8);
	CHECK_EQ(sys(SYS_ioctl, fd[1], FIONREAD, &n), 0);
	CHECK_EQ(n, 5);
	CHECK_EQ(sys(SYS_recvfrom, fd[1], a, 2, MSG_PEEK | MSG_TRUNC, 0, 0), 5);
	CHECK_EQ(sys(SYS_recvfrom, fd[1], a, 4, 0, 0, 0), 4);
	CHECK(!memcmp(a, "firs", 4));
	CHECK_EQ(sys(SYS_recvfrom, fd[1], a, 4, 0, 0, 0), 0);
	iov[0] = (struct iovec){ a, 4 };
	iov[1] = (struct iovec){ b, 3 };
	CHECK_EQ(sys(SYS_recvmsg, fd[1], &msg, 0), 7);
	CHECK(!memcmp(a, "1234", 4) && !memcmp(b, "567", 3));
	CHECK_EQ(msg.msg_flags, MSG_TRUNC);
	CHECK_EQ(sys(SYS_recvfrom, fd[1], a, 4, MSG_DONTWAIT, 0, 0), -EAGAIN);
	close(fd[1]);
	CHECK_EQ(sys(SYS_write, fd[0], "x", 1), -ECONNREFUSED);
	CHECK_EQ(sys(SYS_write, fd[0], "x", 1), -ENOTCONN);
}

CASE(dgram_names)
{
	struct sockaddr_un to, from, got;
	socklen_t to_len = own_addr(&to, "to"), from_len = own_addr(&from, "from"), len = sizeof(got);
	int a = sys(SYS_socket, AF_UNIX, SOCK_DGRAM, 0), b = sys(SYS_socket, AF_UNIX, SOCK_DGRAM, 0);
	int c = sys(SYS_socket, AF_UNIX, SOCK_DGRAM, 0), n;
	struct sockaddr none = { .sa_family = AF_UNSPEC };
	char buf[8];

	CHECK_EQ(sys(SYS_sendto, b, "x", 1, 0, &to, to_len), -ECONNREFUSED);
	CHECK_EQ(sys(SYS_sendto, b, "x", 1, 0, 0, 0), -ENOTCONN);
	CHECK_EQ(sys(SYS_bind, a, &to, to_len), 0);
	CHECK_EQ(sys(SYS_sendto, b, "x", 1, 0, &to, to_len), 1);
	CHECK_EQ(sys(SYS_recvfrom, a, buf, 8, 0, &got, &len), 1);
	CHECK_EQ(len, 0);
	CHECK_EQ(sys(SYS_bind, b, &from, from_len), 0);
	CHECK_EQ(sys(SYS_sendto, b, "yz", 2, 0, &to, to_len), 2);
	len = sizeof(got);
	CHECK_EQ(sys(SYS_recvfrom, a, buf, 8, 0, &got, &len), 2);
	CHECK(len == from_len && !memcmp(&got, &from, len));
	len = 4;
	CHECK_EQ(sys(SYS_sendto, a, "w", 1, 0, &from, from_len), 1);
	CHECK_EQ(sys(SYS_recvfrom, b, buf, 8, 0, &got, &len), 1);
	CHECK_EQ(len, to_len);
	/* Who is connected hears nobody else. */
	CHECK_EQ(sys(SYS_connect, a, &from, from_len), 0);
	CHECK_EQ(sys(SYS_sendto, c, "x", 1, 0, &to, to_len), -EPERM);
	CHECK_EQ(sys(SYS_connect, c, &to, to_len), -EPERM);
	CHECK_EQ(sys(SYS_write, a, "x", 1), 1);
	CHECK_EQ(sys(SYS_connect, a, &none, sizeof(none)), 0);
	CHECK_EQ(sys(SYS_write, a, "x", 1), -ENOTCONN);
	CHECK_EQ(sys(SYS_sendto, c, "x", 1, 0, &to, to_len), 1);
	/* Ten wait, the next but one does not fit. */
	for (n = 0; sys(SYS_sendto, c, "x", 1, MSG_DONTWAIT, &to, to_len) == 1; n++)
		;
	CHECK_EQ(n, 10);
	CHECK_EQ(sys(SYS_sendto, c, "x", 1, MSG_DONTWAIT, &to, to_len), -EAGAIN);
	CHECK_EQ(sys(SYS_read, a, buf, 1), 1);
	CHECK_EQ(sys(SYS_sendto, c, "x", 1, MSG_DONTWAIT, &to, to_len), 1);
}

CASE(dgram_sender_waits)
{
	struct sockaddr_un to;
	socklen_t len = own_addr(&to, "slow");
	int a = sys(SYS_socket, AF_UNIX, SOCK_DGRAM, 0), b = sys(SYS_socket, AF_UNIX, SOCK_DGRAM, 0);
	pid_t pid;
	char c;

	CHECK_EQ(sys(SYS_bind, a, &to, len), 0);
	CHECK_EQ(sys(SYS_connect, b, &to, len), 0);
	IN_CHILD(pid) {
		for (int i = 0; i < 100; i++)
			CHECK_EQ(sys(SYS_write, b, "x", 1), 1);
	}
	sleep_ms(20);
	for (int i = 0; i < 100; i++)
		CHECK_EQ(sys(SYS_read, a, &c, 1), 1);
	CHECK_EXIT(pid, 0);
	while (sys(SYS_sendto, b, "x", 1, MSG_DONTWAIT, 0, 0) == 1)
		;
	CHECK_EQ(events_of(b), 0);
	CHECK_EQ(sys(SYS_read, a, &c, 1), 1);
	CHECK_EQ(events_of(b), POLLOUT);
}

CASE(big_datagrams)
{
	static char out[200000], in[200001];
	int fd[2];

	for (size_t i = 0; i < sizeof(out); i++)
		out[i] = (char)(i * 3 + i / 777);
	make_pair(fd, SOCK_DGRAM);
	CHECK_EQ(sys(SYS_write, fd[0], out, sizeof(out)), sizeof(out));
	CHECK_EQ(sys(SYS_read, fd[1], in, sizeof(in)), sizeof(out));
	CHECK(!memcmp(in, out, sizeof(out)));
	CHECK_EQ(sys(SYS_sendto, fd[0], out, sizeof(out), 0, 0, 0), sizeof(out));
	CHECK_EQ(sys(SYS_read, fd[1], in, 100), 100);
	static char huge[400000];
	CHECK_EQ(sys(SYS_write, fd[0], huge, sizeof(huge)), -EMSGSIZE);
}

CASE(seqpacket)
{
	struct sockaddr_un addr;
	socklen_t len = own_addr(&addr, "p");
	int fd = listener(SOCK_SEQPACKET, &addr, len, 4), client, conn;
	char buf[8];

	signal(SIGPIPE, SIG_IGN);
	client = sys(SYS_socket, AF_UNIX, SOCK_SEQPACKET, 0);
	CHECK_EQ(sys(SYS_write, client, "x", 1), -ENOTCONN);
	CHECK_EQ(sys(SYS_read, client, buf, 1), -ENOTCONN);
	CHECK_EQ(sys(SYS_connect, client, &addr, len), 0);
	conn = sys(SYS_accept, fd, 0, 0);
	REQUIRE(conn >= 0);
	CHECK_EQ(sys(SYS_write, client, "one", 3), 3);
	CHECK_EQ(sys(SYS_write, client, "three", 5), 5);
	CHECK_EQ(sys(SYS_read, conn, buf, 8), 3);
	CHECK_EQ(sys(SYS_read, conn, buf, 2), 2);
	CHECK_EQ(sys(SYS_recvfrom, conn, buf, 8, MSG_DONTWAIT, 0, 0), -EAGAIN);
	close(client);
	CHECK_EQ(sys(SYS_read, conn, buf, 8), 0);
	CHECK_EQ(events_of(conn), POLLIN | POLLOUT | POLLHUP | POLLRDHUP);
	CHECK_EQ(sys(SYS_write, conn, "x", 1), -EPIPE);
}

/* ---- options ---- */

static int option(int fd, int which)
{
	int value = -1;
	socklen_t len = sizeof(value);

	CHECK_EQ(sys(SYS_getsockopt, fd, SOL_SOCKET, which, &value, &len), 0);
	CHECK_EQ(len, 4);
	return value;
}

CASE(options)
{
	int fd[2], value = 10000, small = 1;
	socklen_t len = 2;
	uint16_t half = 0;
	struct sockaddr_un addr;

	make_pair(fd, SOCK_STREAM);
	CHECK_EQ(option(fd[0], SO_TYPE), SOCK_STREAM);
	CHECK_EQ(option(fd[0], SO_DOMAIN), AF_UNIX);
	CHECK_EQ(option(fd[0], SO_PROTOCOL), 0);
	CHECK_EQ(option(fd[0], SO_ERROR), 0);
	CHECK_EQ(option(fd[0], SO_ACCEPTCONN), 0);
	CHECK_EQ(option(fd[0], SO_SNDBUF), 212992);
	CHECK_EQ(option(fd[0], SO_RCVBUF), 212992);
	CHECK_EQ(sys(SYS_setsockopt, fd[0], SOL_SOCKET, SO_SNDBUF, &value, 4), 0);
	CHECK_EQ(option(fd[0], SO_SNDBUF), 20000);
	CHECK_EQ(sys(SYS_setsockopt, fd[0], SOL_SOCKET, SO_SNDBUF, &small, 4), 0);
	CHECK_EQ(option(fd[0], SO_SNDBUF), 4608);
	CHECK_EQ(sys(SYS_setsockopt, fd[0], SOL_SOCKET, SO_REUSEADDR, &value, 4), 0);
	CHECK_EQ(option(fd[0], SO_REUSEADDR), 1);
	CHECK_EQ(option(fd[0], SO_PASSCRED), 0);
	CHECK_EQ(sys(SYS_getsockopt, fd[0], SOL_SOCKET, SO_TYPE, &half, &len), 0);
	CHECK(half == SOCK_STREAM && len == 2);
	CHECK_EQ(sys(SYS_setsockopt, fd[0], SOL_SOCKET, SO_TYPE, &value, 4), -ENOPROTOOPT);
	CHECK_EQ(sys(SYS_setsockopt, fd[0], SOL_SOCKET, SO_SNDBUF, &value, 3), -EINVAL);
	CHECK_EQ(sys(SYS_setsockopt, fd[0], SOL_SOCKET, SO_SNDBUF, &value, -1), -EINVAL);
	CHECK_EQ(sys(SYS_setsockopt, fd[0], SOL_SOCKET, SO_SNDBUF, BAD, 4), -EFAULT);
	CHECK_EQ(sys(SYS_setsockopt, fd[0], 6, 1, &value, 4), -EOPNOTSUPP);
	CHECK_EQ(sys(SYS_getsockopt, fd[0], SOL_SOCKET, 12345, &value, &len), -ENOPROTOOPT);
	len = 4;
	CHECK_EQ(sys(SYS_getsockopt, fd[0], SOL_SOCKET, SO_TYPE, BAD, &len), -EFAULT);
	CHECK_EQ(sys(SYS_getsockopt, fd[0], SOL_SOCKET, SO_TYPE, &value, BAD), -EFAULT);
	len = -1;
	CHECK_EQ(sys(SYS_getsockopt, fd[0], SOL_SOCKET, SO_TYPE, &value, &len), -EINVAL);
	len = own_addr(&addr, "o");
	CHECK_EQ(option(listener(SOCK_STREAM, &addr, len, 1), SO_ACCEPTCONN), 1);
}

CASE(peer_credentials)
{
	struct sockaddr_un addr;
	socklen_t len = own_addr(&addr, "c"), size = sizeof(struct ucred);
	int fd = listener(SOCK_STREAM, &addr, len, 4), conn, pair[2];
	struct ucred cred;
	pid_t pid;

	make_pair(pair, SOCK_STREAM);
	CHECK_EQ(sys(SYS_getsockopt, pair[0], SOL_SOCKET, SO_PEERCRED, &cred, &size), 0);
	CHECK(cred.pid == getpid() && cred.uid == geteuid() && cred.gid == getegid());
	IN_CHILD(pid) {
		int client = sys(SYS_socket, AF_UNIX, SOCK_STREAM, 0);

		CHECK_EQ(sys(SYS_getsockopt, client, SOL_SOCKET, SO_PEERCRED, &cred, &size), 0);
		CHECK(cred.pid == 0 && cred.uid == (uid_t)-1 && cred.gid == (gid_t)-1);
		CHECK_EQ(sys(SYS_connect, client, &addr, len), 0);
		CHECK_EQ(sys(SYS_getsockopt, client, SOL_SOCKET, SO_PEERCRED, &cred, &size), 0);
		CHECK_EQ(cred.pid, getppid());
	}
	conn = sys(SYS_accept, fd, 0, 0);
	CHECK_EQ(sys(SYS_getsockopt, conn, SOL_SOCKET, SO_PEERCRED, &cred, &size), 0);
	CHECK_EQ(cred.pid, pid);
	CHECK_EXIT(pid, 0);
}

/* ---- control messages ---- */

CASE(pass_descriptors)
{
	int fd[2], pipe_fd[2], got[4], n = 4, flags;
	char text[8];

	make_pair(fd, SOCK_STREAM);
	REQUIRE_EQ(sys(SYS_pipe2, pipe_fd, 0), 0);
	CHECK_EQ(sys(SYS_write, fd[0], "a", 1), 1);
	CHECK_EQ(send_fds(fd[0], "bc", pipe_fd, 2), 2);
	CHECK_EQ(sys(SYS_write, fd[0], "d", 1), 1);
	close(pipe_fd[0]);
	close(pipe_fd[1]);
	/* A read ends with the message that brought descriptors. */
	CHECK_EQ(recv_fds(fd[1], text, 8, got, &n, MSG_CMSG_CLOEXEC, &flags), 3);
	REQUIRE_EQ(n, 2);
	CHECK_EQ(flags & MSG_CTRUNC, 0);
	CHECK_EQ(sys(SYS_fcntl, got[0], F_GETFD), FD_CLOEXEC);
	CHECK_EQ(sys(SYS_write, got[1], "x", 1), 1);
	CHECK_EQ(sys(SYS_read, got[0], text, 1), 1);
	CHECK_EQ(sys(SYS_write, got[0], "x", 1), -EBADF);
	CHECK_EQ(sys(SYS_read, fd[1], text, 8), 1);
}

CASE(descriptors_nobody_takes_are_closed)
{
	int fd[2], pipe_fd[2], got[4], n, flags;
	char text[8];

	make_pair(fd, SOCK_DGRAM);
	REQUIRE_EQ(sys(SYS_pipe2, pipe_fd, 0), 0);
	CHECK_EQ(send_fds(fd[0], "m", pipe_fd + 1, 1), 1);
	CHECK_EQ(send_fds(fd[0], "m", (int[]){ pipe_fd[1], pipe_fd[1], pipe_fd[1] }, 3), 1);
	CHECK_EQ(send_fds(fd[0], "m", pipe_fd + 1, 1), 1);
	close(pipe_fd[1]);
	CHECK_EQ(sys(SYS_read, fd[1], text, 8), 1);
	n = 1;
	CHECK_EQ(recv_fds(fd[1], text, 8, got, &n, MSG_PEEK, &flags), 1);
	CHECK_EQ(n, 1);
	CHECK_EQ(flags & MSG_CTRUNC, MSG_CTRUNC);
	close(got[0]);
	n = 2;
	CHECK_EQ(recv_fds(fd[1], text, 8, got, &n, 0, &flags), 1);
	CHECK_EQ(n, 2);
	CHECK_EQ(flags & MSG_CTRUNC, MSG_CTRUNC);
	close(got[0]);
	close(got[1]);
	CHECK_EQ(events_of(pipe_fd[0]), 0);
	close(fd[1]);	/* with the last one still in it */
	CHECK_EQ(events_of(pipe_fd[0]), POLLHUP);
}

CASE(bad_control_messages)
{
	char control[64] __attribute__((aligned(8))) = { 0 };
	struct iovec iov = { (char[]){ "x" }, 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control };
	struct cmsghdr *c = (struct cmsghdr *)control;
	int fd[2], many[300], n;

	make_pair(fd, SOCK_STREAM);
	for (n = 0; n < 300; n++)
		many[n] = fd[0];
	CHECK_EQ(send_fds(fd[0], "x", (int[]){ 999 }, 1), -EBADF);
	CHECK_EQ(send_fds(fd[0], "x", many, 254), -EINVAL);
	CHECK_EQ(send_fds(fd[0], "x", many, 253), 1);
	msg.msg_controllen = sizeof(control);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = 15;
	CHECK_EQ(sys(SYS_sendmsg, fd[0], &msg, 0), -EINVAL);
	c->cmsg_len = 65;
	CHECK_EQ(sys(SYS_sendmsg, fd[0], &msg, 0), -EINVAL);
	c->cmsg_len = -1;
	CHECK_EQ(sys(SYS_sendmsg, fd[0], &msg, 0), -EINVAL);
	c->cmsg_len = 20;
	c->cmsg_type = 77;
	CHECK_EQ(sys(SYS_sendmsg, fd[0], &msg, 0), -EINVAL);
	msg.msg_control = BAD;
	CHECK_EQ(sys(SYS_sendmsg, fd[0], &msg, 0), -EFAULT);
	msg.msg_controllen = 1u << 31;
	CHECK_EQ(sys(SYS_sendmsg, fd[0], &msg, 0), -ENOBUFS);
}

static long send_cred(int sock, pid_t pid, uid_t uid, gid_t gid)
{
	char control[CMSG_SPACE(sizeof(struct ucred))] __attribute__((aligned(8))) = { 0 };
	struct iovec iov = { (char[]){ "x" }, 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
			      .msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	struct ucred cred = { pid, uid, gid };

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_CREDENTIALS;
	c->cmsg_len = CMSG_LEN(sizeof(cred));
	memcpy(CMSG_DATA(c), &cred, sizeof(cred));
	return sys(SYS_sendmsg, sock, &msg, 0);
}

CASE(credentials)
{
	char control[CMSG_SPACE(sizeof(struct ucred))] __attribute__((aligned(8))), buf[8];
	struct iovec iov = { buf, 8 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
			      .msg_controllen = sizeof(control) };
	struct ucred cred = { 0 };
	int fd[2], on = 1;
	pid_t pid;

	make_pair(fd, SOCK_STREAM);
	CHECK_EQ(sys(SYS_setsockopt, fd[1], SOL_SOCKET, SO_PASSCRED, &on, 4), 0);
	CHECK_EQ(sys(SYS_write, fd[0], "y", 1), 1);
	CHECK_EQ(sys(SYS_recvmsg, fd[1], &msg, 0), 1);
	REQUIRE(CMSG_FIRSTHDR(&msg) && CMSG_FIRSTHDR(&msg)->cmsg_type == SCM_CREDENTIALS);
	memcpy(&cred, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(cred));
	CHECK(cred.pid == getpid() && cred.uid == getuid() && cred.gid == getgid());
	/* Bytes of two processes do not mix. */
	CHECK_EQ(sys(SYS_write, fd[0], "p", 1), 1);
	IN_CHILD(pid) {
		CHECK_EQ(sys(SYS_write, fd[0], "c", 1), 1);
	}
	CHECK_EXIT(pid, 0);
	msg.msg_controllen = sizeof(control);
	CHECK_EQ(sys(SYS_recvmsg, fd[1], &msg, 0), 1);
	msg.msg_controllen = sizeof(control);
	CHECK_EQ(sys(SYS_recvmsg, fd[1], &msg, 0), 1);
	memcpy(&cred, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(cred));
	CHECK_EQ(cred.pid, pid);
	CHECK_EQ(send_cred(fd[0], getpid(), getuid(), getgid()), 1);
	if (is_root() && !drop_root())
		return;
	CHECK_EQ(send_cred(fd[0], getpid(), getuid(), getgid()), 1);
	CHECK_EQ(send_cred(fd[0], 1, getuid(), getgid()), -EPERM);
	CHECK_EQ(send_cred(fd[0], getpid(), 0, getgid()), -EPERM);
	CHECK_EQ(send_cred(fd[0], getpid(), getuid(), 0), -EPERM);
}

/* Sockets that lie in their own queue, or in each other's, go away: a pipe end in the same queue tells. */
CASE(garbage_is_collected)
{
	struct sockaddr_un addr;
	socklen_t len;
	int fd[2], other[2], pipe_fd[2], lis, client;
	struct pollfd p;

	for (int round = 0; round < 20; round++) {
		REQUIRE_EQ(sys(SYS_pipe2, pipe_fd, 0), 0);
		make_pair(fd, SOCK_STREAM);
		make_pair(other, SOCK_DGRAM);
		if (round % 3 == 0) {	/* in itself */
			CHECK_EQ(send_fds(fd[0], "x", (int[]){ fd[0], fd[1], pipe_fd[1] }, 3), 1);
		} else if (round % 3 == 1) {	/* in each other */
			CHECK_EQ(send_fds(fd[0], "x", (int[]){ other[1], pipe_fd[1] }, 2), 1);
			CHECK_EQ(send_fds(other[0], "x", (int[]){ fd[1], fd[0] }, 2), 1);
		} else {	/* in a connection that nobody accepts */
			/* a name of its own: Linux may still hold the last round's */
			len = own_addr(&addr, (char[]){ 'g', (char)('a' + round), '\0' });
			lis = listener(SOCK_STREAM, &addr, len, 4);
			client = sys(SYS_socket, AF_UNIX, SOCK_STREAM, 0);
			CHECK_EQ(sys(SYS_connect, client, &addr, len), 0);
			CHECK_EQ(send_fds(client, "x", (int[]){ lis, client, pipe_fd[1] }, 3), 1);
			close(lis);
			close(client);
		}
		for (int i = 0; i < 2; i++) {
			close(fd[i]);
			close(other[i]);
		}
		close(pipe_fd[1]);
		/* Linux collects in the background: give it a reason and some time. */
		make_pair(fd, SOCK_STREAM);
		close(fd[0]);
		close(fd[1]);
		p = (struct pollfd){ pipe_fd[0], POLLIN, 0 };
		CHECK_EQ(sys(SYS_poll, &p, 1, 5000), 1);
		CHECK_EQ(p.revents, POLLHUP);
		close(pipe_fd[0]);
	}
}

CASE(reachable_in_flight_survives)
{
	int a[2], b[2], got[2], n = 2;
	char text[4];

	make_pair(a, SOCK_STREAM);
	make_pair(b, SOCK_STREAM);
	CHECK_EQ(send_fds(b[0], "1", (int[]){ a[0], a[1] }, 2), 1);
	CHECK_EQ(sys(SYS_write, a[0], "deep", 4), 4);
	close(a[0]);
	close(a[1]);
	make_pair(a, SOCK_STREAM);	/* closing it looks for garbage */
	close(a[0]);
	close(a[1]);
	CHECK_EQ(recv_fds(b[1], text, 4, got, &n, 0, NULL), 1);
	REQUIRE_EQ(n, 2);
	CHECK_EQ(sys(SYS_read, got[1], text, 4), 4);
	CHECK(!memcmp(text, "deep", 4));
}

CASE(deep_chain_closes)
{
	int fd[2], next[2];

	/* Each socket lies in the queue of the next: closing the last closes 2000. */
	make_pair(fd, SOCK_DGRAM);
	for (int i = 0; i < 2000; i++) {
		make_pair(next, SOCK_DGRAM);
		if (send_fds(next[0], "x", fd, 2) != 1)
			break;	/* older Linux limits the depth, ordinary users their number */
		close(fd[0]);
		close(fd[1]);
		fd[0] = next[0];
		fd[1] = next[1];
	}
	CHECK_EQ(sys(SYS_close, fd[0]), 0);
	CHECK_EQ(sys(SYS_close, fd[1]), 0);
}

CASE(flight_is_limited)
{
	struct rlimit limit = { 64, 64 };
	int fd[2], total = 0;
	long ret = 0;

	if (is_root() && !drop_root())
		return;
	CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	make_pair(fd, SOCK_DGRAM | SOCK_NONBLOCK);
	for (int i = 0; i < 200 && ret >= 0; i++) {
		ret = send_fds(fd[0], "x", (int[]){ fd[0], fd[0], fd[0], fd[0] }, 4);
		total += ret == 1 ? 4 : 0;
	}
	CHECK_EQ(ret, -ETOOMANYREFS);
	CHECK(total >= 60 && total <= 80);
}

/* ---- many messages, wrong pointers ---- */

CASE(mmsg)
{
	struct mmsghdr m[3] = { 0 };
	struct timespec zero = { 0, 0 }, bad = { 0, -1 };
	char buf[3][4] = { "a", "bb", "ccc" };
	struct iovec iov[3];
	int fd[2], i;

	make_pair(fd, SOCK_DGRAM);
	for (i = 0; i < 3; i++) {
		iov[i] = (struct iovec){ buf[i], i + 1 };
		m[i].msg_hdr.msg_iov = &iov[i];
		m[i].msg_hdr.msg_iovlen = 1;
	}
	CHECK_EQ(sys(SYS_sendmmsg, fd[0], m, 3, 0), 3);
	CHECK(m[0].msg_len == 1 && m[2].msg_len == 3);
	CHECK_EQ(sys(SYS_recvmmsg, fd[1], m, 2, 0, 0), 2);
	CHECK(m[1].msg_len == 2);
	CHECK_EQ(sys(SYS_recvmmsg, fd[1], m, 3, MSG_DONTWAIT, 0), 1);
	CHECK_EQ(sys(SYS_recvmmsg, fd[1], m, 3, MSG_DONTWAIT, 0), -EAGAIN);
	CHECK_EQ(sys(SYS_sendmmsg, fd[0], m, 3, 0), 3);
	CHECK_EQ(sys(SYS_recvmmsg, fd[1], m, 3, MSG_WAITFORONE, 0), 3);
	CHECK_EQ(sys(SYS_sendmmsg, fd[0], m, 2, 0), 2);
	CHECK_EQ(sys(SYS_recvmmsg, fd[1], m, 3, 0, &zero), 1);
	CHECK_EQ(sys(SYS_recvmmsg, fd[1], m, 3, 0, &bad), -EINVAL);
	CHECK_EQ(sys(SYS_recvmmsg, fd[1], m, 3, 0, BAD), -EFAULT);
	CHECK_EQ(sys(SYS_sendmmsg, fd[0], BAD, 1, 0), -EFAULT);
	CHECK_EQ(sys(SYS_sendmmsg, fd[0], m, 0, 0), 0);
}

CASE(bad_pointers)
{
	struct iovec iov = { BAD, 4 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	char buf[8];
	int fd[2], n;

	make_pair(fd, SOCK_STREAM);
	CHECK_EQ(sys(SYS_write, fd[0], BAD, 4), -EFAULT);
	CHECK_EQ(sys(SYS_sendto, fd[0], BAD, 4, 0, 0, 0), -EFAULT);
	CHECK_EQ(sys(SYS_sendmsg, fd[0], &msg, 0), -EFAULT);
	CHECK_EQ(sys(SYS_sendmsg, fd[0], BAD, 0), -EFAULT);
	CHECK_EQ(sys(SYS_recvmsg, fd[0], BAD, 0), -EFAULT);
	CHECK_EQ(sys(SYS_write, fd[0], "abcd", 4), 4);
	CHECK_EQ(sys(SYS_read, fd[1], BAD, 4), -EFAULT);
	CHECK_EQ(sys(SYS_recvmsg, fd[1], &msg, 0), -EFAULT);
	CHECK_EQ(sys(SYS_read, fd[1], buf, 8), 4);	/* nothing was lost */
	msg.msg_iovlen = 1025;
	CHECK_EQ(sys(SYS_sendmsg, fd[0], &msg, 0), -EMSGSIZE);
	CHECK_EQ(sys(SYS_recvmsg, fd[0], &msg, 0), -EMSGSIZE);
	msg.msg_iovlen = 1;
	msg.msg_iov = BAD;
	CHECK_EQ(sys(SYS_sendmsg, fd[0], &msg, 0), -EFAULT);
	CHECK_EQ(sys(SYS_ioctl, fd[0], FIONREAD, BAD), -EFAULT);
	n = sizeof(buf);
	CHECK_EQ(sys(SYS_accept, fd[0], buf, &n), -EINVAL);
	make_pair(fd, SOCK_DGRAM);
	CHECK_EQ(sys(SYS_write, fd[0], BAD, 4), -EFAULT);
}

CASE(pingpong_of_processes)
{
	int fd[2];
	pid_t pid;
	char c = 0;

	make_pair(fd, SOCK_STREAM);
	IN_CHILD(pid) {
		close(fd[0]);
		while (sys(SYS_read, fd[1], &c, 1) == 1)
			if (sys(SYS_write, fd[1], &c, 1) != 1)
				break;
	}
	close(fd[1]);
	for (int i = 0; i < 2000; i++) {
		REQUIRE_EQ(sys(SYS_write, fd[0], &c, 1), 1);
		REQUIRE_EQ(sys(SYS_read, fd[0], &c, 1), 1);
	}
	close(fd[0]);
	CHECK_EXIT(pid, 0);
}
