/* SPDX-License-Identifier: MIT */
/* libexo: services by name (contract in service.h). */
#include "service.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define RETRY_NS  5000000ull /* between two tries to connect */
#define EVENTS    16
#define BATCH     16

/* ---- descriptors over sockets ---- */

union fd_control {
	struct cmsghdr head;
	char room[CMSG_SPACE(sizeof(int))];
};

static int send_end(int sock, const struct sockaddr_un *to, const char *data, size_t len, int fd)
{
	union fd_control control = { .head = { 0 } };
	struct iovec iov = { (void *)(uintptr_t)data, len };
	struct msghdr msg = {
		.msg_name = (void *)(uintptr_t)to, .msg_namelen = sizeof(*to), .msg_iov = &iov,
		.msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control.room),
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	return sendmsg(sock, &msg, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* Return: the descriptor that came with *pass; -errno. */
static int recv_end(int sock, struct exo_pass *pass)
{
	union fd_control control;
	struct iovec iov = { pass, sizeof(*pass) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
			      .msg_controllen = sizeof(control.room) };
	ssize_t n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	struct cmsghdr *c = n < 0 ? NULL : CMSG_FIRSTHDR(&msg);
	int fd;

	if (n < 0)
		return -errno;
	if (n == 0)
		return -EPIPE;
	if (!c || c->cmsg_type != SCM_RIGHTS || c->cmsg_len != CMSG_LEN(sizeof(int)))
		return -EBADMSG; /* no descriptor was free for it */
	memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	if (n == sizeof(*pass))
		return fd;
	close(fd);
	return -EBADMSG;
}

/* ---- clients ---- */

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint64_t deadline_of(uint64_t timeout_ns)
{
	uint64_t now = now_ns();

	return timeout_ns < EXO_FOREVER - now ? now + timeout_ns : EXO_FOREVER;
}

/* 0: it is over. */
static uint64_t left_until(uint64_t deadline)
{
	uint64_t now = now_ns();

	if (deadline == EXO_FOREVER)
		return EXO_FOREVER;
	return now < deadline ? deadline - now : 0;
}

static int hand_over(const char *name, int end)
{
	const char *path = getenv("EXO_SERVICES");
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int err, sock;

	strncpy(to.sun_path, path ? path : EXO_SERVICES, sizeof(to.sun_path) - 1);
	sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (sock < 0)
		return -errno;
	err = send_end(sock, &to, name, strlen(name), end);
	close(sock);
	return err;
}

/* Until somebody greets. */
static int await_greeting(int end, uint64_t deadline)
{
	struct exo_greeting greeting;
	struct ring_slot m;

	for (;;) {
		uint64_t left = left_until(deadline);
		long got = left ? exo_recv(end, &m, 1, left) : -ETIMEDOUT;

		if (got < 0)
			return (int)got;
		if (m.kind == RING_CONTROL) /* it has come to a new owner */
			continue;
		memcpy(&greeting, m.payload, sizeof(greeting));
		return m.len == sizeof(greeting) && greeting.magic == EXO_GREETING ?
		       greeting.error : -EPROTO;
	}
}

static int try_connect(const char *name, uint64_t deadline)
{
	int end[2], err = exo_channel(end, 0);

	if (err)
		return err;
	err = hand_over(name, end[1]);
	close(end[1]);
	if (!err)
		err = await_greeting(end[0], deadline);
	if (!err)
		return end[0];
	close(end[0]);
	return err;
}

int exo_service_connect(const char *name, uint64_t timeout_ns)
{
	const struct timespec pause = { .tv_nsec = RETRY_NS };
	uint64_t deadline = deadline_of(timeout_ns);

	if (!*name || strlen(name) > EXO_SERVICE_NAME)
		return -EINVAL;
	for (;;) {
		int end = try_connect(name, deadline);

		/* It ended before it greeted; or there is a crowd before it. */
		if (end != -EPIPE && end != -EAGAIN)
			return end;
		if (!left_until(deadline))
			return -ETIMEDOUT;
		nanosleep(&pause, NULL);
	}
}

void exo_client_init(struct exo_client *client, const char *name)
{
	*client = (struct exo_client){ .end = -1 };
	strncpy(client->name, name, EXO_SERVICE_NAME);
}

void exo_client_close(struct exo_client *client)
{
	if (client->end >= 0)
		close(client->end);
	client->end = -1;
}

static int ensure_connected(struct exo_client *client, uint64_t deadline)
{
	uint64_t left = left_until(deadline);
	int end;

	if (client->end >= 0)
		return 0;
	end = left ? exo_service_connect(client->name, left) : -ETIMEDOUT;
	if (end < 0)
		return end;
	client->end = end;
	client->connects++;
	return 0;
}

int exo_client_call(struct exo_client *client, struct ring_slot *message, uint64_t timeout_ns,
		    unsigned flags)
{
	const struct ring_slot question = *message;
	uint64_t deadline = deadline_of(timeout_ns);

	for (;;) {
		int err = ensure_connected(client, deadline);
		uint64_t left = left_until(deadline);

		if (err)
			return err;
		*message = question;
		err = left ? exo_call(client->end, message, left) : -ETIMEDOUT;
		if (err != -EPIPE && err != -EPROTO)
			return err;
		exo_client_close(client);
		if (!(flags & EXO_IDEMPOTENT))
			return err;
	}
}

/* ---- services ---- */

struct server {
	exo_answer *answer;
	void *ctx;
	int epoll, listen, heartbeat; /* heartbeat -1: none has come */
};

static int watch(struct server *s, int fd)
{
	struct epoll_event e = { .events = EPOLLIN, .data.fd = fd };

	return epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &e) < 0 ? -errno : 0;
}

static void forget(struct server *s, int fd)
{
	if (fd == s->heartbeat)
		s->heartbeat = -1;
	close(fd);
}

static void greet(struct server *s, int end)
{
	struct exo_greeting greeting = { EXO_GREETING, 0 };
	struct ring_slot m = exo_message(&greeting, sizeof(greeting));

	if (watch(s, end) || exo_send(end, &m, 1, 0) != 1)
		close(end);
}

/* Return: 0; -EPIPE process 1 has taken the name away. */
static int accept_ends(struct server *s)
{
	struct exo_pass pass;
	int end;

	for (int i = 0; i < EVENTS; i++) {
		end = recv_end(s->listen, &pass);
		if (end == -EPIPE)
			return end;
		if (end == -EBADMSG)
			continue;
		if (end < 0)
			break;
		if (pass.kind != EXO_PASS_HEARTBEAT) {
			greet(s, end);
			continue;
		}
		if (s->heartbeat >= 0)
			forget(s, s->heartbeat); /* of the one before us */
		s->heartbeat = end;
		if (watch(s, end))
			forget(s, end);
	}
	return 0;
}

static void serve_end(struct server *s, int end)
{
	struct ring_slot m[BATCH];
	long got = exo_recv(end, m, BATCH, 0);

	if (got < 0 && got != -EAGAIN && got != -EINTR)
		forget(s, end);
	for (long i = 0; i < got; i++) {
		if (m[i].kind != RING_INLINE)
			continue;
		if (end == s->heartbeat) {
			(void)exo_send(end, &m[i], 1, 0);
			continue;
		}
		s->answer(s->ctx, &m[i]);
		/* Who does not wait any more, or never did, gets no answer. */
		(void)exo_reply_only(end, &m[i]);
	}
}

static int turn(struct server *s)
{
	struct epoll_event events[EVENTS];
	int n = epoll_wait(s->epoll, events, EVENTS, -1), err = 0;

	for (int i = 0; i < n; i++)
		if (events[i].data.fd != s->listen)
			serve_end(s, events[i].data.fd);
	/* Last: a number that was closed above may be a new client's. */
	for (int i = 0; i < n && !err; i++)
		if (events[i].data.fd == s->listen)
			err = accept_ends(s);
	return n < 0 && errno != EINTR ? -errno : err;
}

int exo_service_serve(exo_answer *answer, void *ctx)
{
	const char *number = getenv("EXO_SERVE_FD");
	struct server s = { .answer = answer, .ctx = ctx, .heartbeat = -1 };
	int err;

	if (!number)
		return -EBADF;
	s.listen = atoi(number);
	s.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (s.epoll < 0)
		return -errno;
	err = watch(&s, s.listen);
	while (!err)
		err = turn(&s);
	close(s.epoll);
	return err;
}
