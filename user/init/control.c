/* SPDX-License-Identifier: MIT */
/* The control socket (contract in control.h). Nobody who connects can hold us up: no
 * descriptor blocks, and when all places are taken the longest silent one loses his. */
#include "control.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "init.h"
#include "load.h"
#include "service.h"

#define REQUEST_MAX 128

static int listen_fd = -1;
static int peers[CONTROL_PEERS] = { [0 ... CONTROL_PEERS - 1] = -1 }; /* oldest first */

void control_open(void)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };

	snprintf(name.sun_path, sizeof(name.sun_path), "%s", service_paths.socket);
	unlink(name.sun_path);
	listen_fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (listen_fd < 0 || bind(listen_fd, (struct sockaddr *)&name, sizeof(name)) ||
	    chmod(name.sun_path, 0600) || listen(listen_fd, CONTROL_PEERS))
		init_say("%s: %s", name.sun_path, strerror(errno));
}

void control_fds(struct pollfd *fds)
{
	fds[0] = (struct pollfd){ .fd = listen_fd, .events = POLLIN };
	for (size_t i = 0; i < CONTROL_PEERS; i++)
		fds[i + 1] = (struct pollfd){ .fd = peers[i], .events = POLLIN };
}

/* ---- answers ---- */

struct answer {
	size_t len;
	char text[CONTROL_ANSWER];
};

static __printf(2, 3) void say(struct answer *a, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(a->text + a->len, sizeof(a->text) - a->len, fmt, ap);
	va_end(ap);
	a->len = MIN(a->len + (size_t)n, sizeof(a->text) - 1);
}

static void say_service(struct answer *a, const struct service *s)
{
	bool alive = s->state == SERVICE_RUNNING || s->state == SERVICE_STOPPING;
	char note[192], last[24] = "-";

	if (s->has_ended && WIFSIGNALED(s->status))
		snprintf(last, sizeof(last), "signal %d", WTERMSIG(s->status));
	else if (s->has_ended)
		snprintf(last, sizeof(last), "exit %d", WEXITSTATUS(s->status));
	service_note(s, note, sizeof(note));
	for (char *c = note; *c; c++)
		if (*c == '\t' || *c == '\n')
			*c = ' ';
	say(a, "%s\t%s\t%d\t%llu\t%u\t%s\t%.160s\t%s\n", s->name, service_state_name(s->state),
	    alive ? (int)s->pid : 0,
	    alive ? (unsigned long long)(service_now_ms() - s->started_ms) : 0ull, s->starts, last,
	    s->m ? s->m->exec : "-", note);
}

static void say_all(struct answer *a)
{
	for (size_t i = 0; i < n_services; i++)
		say_service(a, services[i]);
}

static const char *nothing(__attribute__((unused)) struct service *s)
{
	return NULL;
}

static void obey_one(struct answer *a, const char *verb, const char *name)
{
	static const struct {
		const char *verb;
		const char *(*act)(struct service *s);
	} rows[] = {
		{ "status", nothing }, { "start", service_go }, { "stop", service_stop },
		{ "restart", service_restart },
	};
	struct service *s = service_find(name);
	const char *why;
	size_t i = 0;

	while (i < ARRAY_SIZE(rows) && strcmp(rows[i].verb, verb) != 0)
		i++;
	if (i == ARRAY_SIZE(rows)) {
		say(a, "error no request '%s'\n", verb);
		return;
	}
	if (!s) {
		say(a, "error no service '%s'\n", name);
		return;
	}
	why = rows[i].act(s);
	if (why) {
		say(a, "error %s\n", why);
		return;
	}
	say(a, "ok\n");
	say_service(a, s);
}

static void obey(struct answer *a, char *request, bool consoles)
{
	char *verb = strtok(request, " \n"), *name = strtok(NULL, " \n");

	if (!verb) {
		say(a, "error an empty request\n");
	} else if (name) {
		obey_one(a, verb, name);
	} else if (strcmp(verb, "list") == 0 || strcmp(verb, "reload") == 0) {
		if (verb[0] == 'r')
			load_manifests(consoles);
		say(a, "ok\n");
		say_all(a);
	} else {
		say(a, "error no request '%s' without a name\n", verb);
	}
}

/* ---- peers ---- */

static void drop_peer(size_t i)
{
	if (peers[i] >= 0)
		close(peers[i]);
	memmove(&peers[i], &peers[i + 1], (CONTROL_PEERS - i - 1) * sizeof(peers[0]));
	peers[CONTROL_PEERS - 1] = -1;
}

static void accept_peer(void)
{
	int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	size_t i = 0;

	if (fd < 0)
		return;
	if (peers[CONTROL_PEERS - 1] >= 0)
		drop_peer(0);
	while (peers[i] >= 0)
		i++;
	peers[i] = fd;
}

/* Return: false when this peer is done with. */
static bool serve_peer(int fd, bool consoles)
{
	static struct answer answer;
	char request[REQUEST_MAX + 1];
	ssize_t n = recv(fd, request, REQUEST_MAX, MSG_TRUNC);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (n == 0)
		return false;
	answer.len = 0;
	if (n > REQUEST_MAX || memchr(request, '\0', (size_t)n)) {
		say(&answer, "error no request of ours\n");
	} else {
		request[n] = '\0';
		obey(&answer, request, consoles);
	}
	return send(fd, answer.text, answer.len, MSG_NOSIGNAL) >= 0;
}

void control_serve(const struct pollfd *fds, bool consoles)
{
	/* From behind: those before stay where fds[] has them. */
	for (size_t i = CONTROL_PEERS; i-- > 0;)
		if (fds[i + 1].fd >= 0 && fds[i + 1].revents && !serve_peer(peers[i], consoles))
			drop_peer(i);
	if (fds[0].revents)
		accept_peer();
}
