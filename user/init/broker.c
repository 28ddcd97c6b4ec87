/* SPDX-License-Identifier: MIT */
/*
 * From clients to services (contract in broker.h). Nothing here waits: a client that asks
 * for too much at once is told -EAGAIN, and looks again (exo_service_connect()). Who the
 * client is, is the kernel's word (SCM_CREDENTIALS).
 */
#include "broker.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <user/libexo/service.h>

#include "init.h"
#include "service.h"

#define AT_ONCE       16    /* requests a turn: the rest of process 1 waits meanwhile */
#define FIRST_WAIT_MS 10000 /* for the first heartbeat of a run */
#define PULSE_SLOTS   16

static int request_fd = -1;

void broker_open(void)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int on = 1;

	snprintf(name.sun_path, sizeof(name.sun_path), "%s", service_paths.services);
	unlink(name.sun_path);
	request_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (request_fd < 0 || setsockopt(request_fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) ||
	    bind(request_fd, (struct sockaddr *)&name, sizeof(name)) || chmod(name.sun_path, 0666))
		init_say("%s: %s", name.sun_path, strerror(errno));
}

int broker_fd(void)
{
	return request_fd;
}

/* ---- one request ---- */

struct request {
	char name[EXO_SERVICE_NAME + 2];
	int end; /* -1: none came */
	struct ucred cred;
};

/* Takes the first descriptor, closes all others. */
static void take_ends(struct request *r, const struct cmsghdr *c)
{
	size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

	for (size_t i = 0; i < n; i++) {
		int fd;

		memcpy(&fd, CMSG_DATA(c) + i * sizeof(fd), sizeof(fd));
		if (r->end < 0)
			r->end = fd;
		else
			close(fd);
	}
}

/* Return: false when there is nothing more. */
static bool next_request(struct request *r)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(4 * sizeof(int)) + CMSG_SPACE(sizeof(struct ucred))];
	} control;
	struct iovec iov = { r->name, sizeof(r->name) - 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
			      .msg_controllen = sizeof(control.room) };
	ssize_t n;

	memset(r, 0, sizeof(*r));
	r->end = -1;
	r->cred.uid = (uid_t)-1;
	n = recvmsg(request_fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (n < 0)
		return false;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
			take_ends(r, c);
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_CREDENTIALS)
			memcpy(&r->cred, CMSG_DATA(c), sizeof(r->cred));
	}
	return true;
}

/* What has to be right before its end is sent on. Return: 0; -errno for the client. */
static int judge(const struct request *r, struct service *s)
{
	if (!s || !s->m || !s->m->serve_fd)
		return -ENOENT;
	if (s->m->serve_root && r->cred.uid != 0)
		return -EACCES;
	if (s->state == SERVICE_WAITING)
		broker_prepare(s); /* it has not run yet: who comes is there before it */
	return s->serve[0] < 0 ? -ECONNREFUSED : 0;
}

static int pass_on(int sock, enum exo_pass_kind kind, const struct ucred *cred, int end)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { .head = { 0 } };
	struct exo_pass pass = { kind, cred->uid, cred->pid };
	struct iovec iov = { &pass, sizeof(pass) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
			      .msg_controllen = sizeof(control.room) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &end, sizeof(end));
	return sendmsg(sock, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static void refuse(int end, int error)
{
	struct exo_greeting greeting = { EXO_GREETING, error };
	struct ring_slot m = exo_message(&greeting, sizeof(greeting));

	(void)exo_send(end, &m, 1, 0); /* no end of a channel: nobody to tell */
}

void broker_serve(void)
{
	struct request r;

	for (int i = 0; i < AT_ONCE && next_request(&r); i++) {
		struct service *s = service_find(r.name);
		int err = r.end < 0 ? -EINVAL : judge(&r, s);

		if (r.end < 0)
			continue;
		if (!err)
			err = pass_on(s->serve[0], EXO_PASS_CLIENT, &r.cred, r.end);
		if (err)
			refuse(r.end, err);
		close(r.end);
	}
}

/* ---- a service's own ---- */

void broker_prepare(struct service *s)
{
	if (!s->m->serve_fd || s->serve[0] >= 0)
		return;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, s->serve) < 0) {
		init_say("%s: %s", s->name, strerror(errno));
		s->serve[0] = s->serve[1] = -1;
	}
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void broker_close(struct service *s)
{
	close_fd(&s->serve[0]);
	close_fd(&s->serve[1]);
}

static void ask(struct service *s)
{
	struct ring_slot m;

	s->pulse_number++;
	m = exo_message(&s->pulse_number, sizeof(s->pulse_number));
	(void)exo_send(s->pulse, &m, 1, 0);
}

void broker_pulse_start(struct service *s)
{
	struct ucred self = { getpid(), 0, 0 };
	int end[2], err;

	if (!s->m->heartbeat_ms)
		return;
	err = exo_channel(end, PULSE_SLOTS);
	if (!err) {
		s->pulse = end[0];
		err = pass_on(s->serve[0], EXO_PASS_HEARTBEAT, &self, end[1]);
		close(end[1]);
	}
	if (err) {
		logfile_note(&s->log, "no heartbeat: %s", strerror(-err));
		close_fd(&s->pulse);
		return;
	}
	s->pulse_ever = false;
	s->pulse_due_ms = s->started_ms + s->m->heartbeat_ms;
	ask(s);
}

void broker_pulse_end(struct service *s)
{
	close_fd(&s->pulse);
}

static bool has_answered(struct service *s)
{
	struct ring_slot m;
	u32 number;
	bool found = false;

	while (exo_recv(s->pulse, &m, 1, 0) == 1) {
		memcpy(&number, m.payload, sizeof(number));
		found |= m.kind == RING_INLINE && number == s->pulse_number;
	}
	return found;
}

bool broker_pulse_check(struct service *s, u64 now_ms)
{
	if (s->pulse < 0 || now_ms < s->pulse_due_ms)
		return true;
	s->pulse_due_ms = now_ms + s->m->heartbeat_ms;
	if (has_answered(s)) {
		s->pulse_ever = true;
		ask(s);
		return true;
	}
	return !s->pulse_ever && now_ms - s->started_ms < FIRST_WAIT_MS;
}
