/* SPDX-License-Identifier: MIT */
/*
 * The agent: runs one program at a time for the host at the other end of the
 * control port, and carries bytes between the port and three pipes.
 *
 * One poll() loop owns everything; no descriptor in it ever blocks, so no
 * order of a slow program and a slow host can stop the two:
 *
 *   port --STDIN--> in[] (CTL_WINDOW bytes) --> pipe 0     CREDIT when taken
 *   pipe 1, pipe 2 --> port's transmit queue --> port      read only into room
 *   SIGCHLD --> handler writes to wake[] --> reap
 *
 * in[] cannot overflow: the host owes credit for each byte in it.
 * Life of a program:
 *
 *   IDLE    --RUN: program_start()-->            RUNNING
 *   RUNNING --it ended: reap()-->                DRAINING  pipes read until empty
 *   DRAINING --both pipes closed: program_end()--> IDLE    EXIT sent
 *
 * DRAINING does not wait for a grandchild that keeps a pipe open: it takes what
 * is in the pipe, at most PIPE_MAX bytes. What the program left behind in its
 * process group is then killed, so that the files fetched next stay as they are.
 */
#include "init.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "archive.h"
#include "port.h"

#define PIPE_MAX (1u << 20) /* /proc/sys/fs/pipe-max-size of Linux */

enum program_state { PROGRAM_IDLE, PROGRAM_RUNNING, PROGRAM_DRAINING };

struct program {
	enum program_state state;
	pid_t pid;
	int status;
	int in_fd;      /* -1: closed */
	int out_fd[2];  /* standard output, standard error; -1: closed */
	bool in_eof;    /* the host will send no more */
	bool in_broken; /* the program closed its input; to be told by CREDIT 0 */
	u32 credit;     /* bytes taken and not yet told */
	u32 late;       /* bytes read after it ended */
	size_t in_start, in_end; /* in[in_start, in_end) waits for the pipe */
	u8 in[CTL_WINDOW];
};

struct agent {
	struct port port;
	struct program prog;
	bool off; /* OFF was received */
};

static struct agent agent;
static int wake[2]; /* the handler's pipe */

static void on_child(int sig)
{
	int saved = errno;

	(void)sig;
	if (write(wake[1], "", 1) < 0)
		errno = saved; /* a full pipe has woken the loop already */
	errno = saved;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void put_error(struct agent *a, const char *what, int err)
{
	char text[200];
	int n = snprintf(text, sizeof(text), "%.150s: %s", what, strerror(err));

	port_put(&a->port, CTL_ERROR, text, MIN((size_t)n, sizeof(text) - 1));
}

/* ---- starting a program ---- */

struct command {
	char **argv, **envp;
	char *cwd;
};

/* Splits a RUN payload: 0, -EINVAL, -ENOMEM. The vectors are one block at argv,
 * the caller's to free also after an error; the strings stay in @data. */
static int command_parse(struct command *c, u8 *data, size_t len)
{
	struct ctl_run run;
	char *s = (char *)data + sizeof(run), *end = (char *)data + len;
	size_t n, count;

	c->argv = NULL;
	if (len <= sizeof(run) || data[len - 1] != '\0')
		return -EINVAL;
	memcpy(&run, data, sizeof(run));
	/* Each string takes a byte at least, which bounds both counts. */
	if (run.argc == 0 || run.argc > len || run.envc > len || run.flags || run.zero)
		return -EINVAL;
	count = (size_t)run.argc + run.envc;
	c->argv = calloc(count + 2, sizeof(*c->argv));
	if (!c->argv)
		return -ENOMEM;
	c->envp = c->argv + run.argc + 1;
	for (n = 0; s < end && n < count; n++) {
		c->argv[n < run.argc ? n : n + 1] = s;
		s += strlen(s) + 1;
	}
	c->cwd = s;
	return n == count && s < end && s + strlen(s) + 1 == end ? 0 : -EINVAL;
}

/* In the child. What goes wrong here is the program's own word on its standard
 * error and 126 or 127, as env(1) has it. */
static __noreturn void command_exec(const struct command *c, const int fds[3])
{
	const char *what = c->argv[0];

	init_reset_signals();
	setpgid(0, 0);
	for (int i = 0; i < 3; i++)
		dup2(fds[i], i); /* clears CLOEXEC; no pipe end is 0, 1 or 2 */
	if (chdir(c->cwd) == 0) {
		environ = c->envp;
		execvp(c->argv[0], c->argv);
	} else {
		what = c->cwd;
	}
	dprintf(STDERR_FILENO, "exo: %s: %s\n", what, strerror(errno));
	_exit(errno == ENOENT && what == c->argv[0] ? 127 : 126);
}

/* Three pipes: the program's ends in @theirs, ours, non-blocking, in @ours. */
static int make_pipes(int theirs[3], int ours[3])
{
	int p[2];

	for (int i = 0; i < 3; i++)
		theirs[i] = ours[i] = -1;
	for (int i = 0; i < 3; i++) {
		if (pipe2(p, O_CLOEXEC) < 0)
			return -errno;
		theirs[i] = p[i == 0 ? 0 : 1];
		ours[i] = p[i == 0 ? 1 : 0];
		if (fcntl(ours[i], F_SETFL, O_NONBLOCK) < 0)
			return -errno;
	}
	return 0;
}

static int program_start(struct agent *a, const struct command *c)
{
	struct program *g = &a->prog;
	int theirs[3], ours[3];
	int err = make_pipes(theirs, ours);
	pid_t pid = -1;

	if (!err) {
		pid = fork();
		if (pid == 0)
			command_exec(c, theirs);
		if (pid < 0)
			err = -errno;
	}
	for (int i = 0; i < 3; i++)
		close_fd(&theirs[i]);
	if (err) {
		for (int i = 0; i < 3; i++)
			close_fd(&ours[i]);
		return err;
	}
	setpgid(pid, pid); /* also here: a SIGNAL may come before the child has run */
	memset(g, 0, offsetof(struct program, in));
	g->state = PROGRAM_RUNNING;
	g->pid = pid;
	g->in_fd = ours[0];
	g->out_fd[0] = ours[1];
	g->out_fd[1] = ours[2];
	return 0;
}

/* ---- frames from the host ---- */

static void on_run(struct agent *a, u8 *data, size_t len)
{
	struct command c;
	int err;

	if (a->prog.state != PROGRAM_IDLE) {
		put_error(a, "RUN", EBUSY);
		return;
	}
	err = command_parse(&c, data, len);
	if (!err)
		err = program_start(a, &c);
	free(c.argv);
	if (err)
		put_error(a, "RUN", -err);
}

static int on_stdin(struct program *g, const u8 *data, size_t len)
{
	size_t used = g->in_end - g->in_start;

	if (g->state != PROGRAM_RUNNING || g->in_fd < 0)
		return 0;
	if (len > CTL_WINDOW - used)
		return -EPROTO;
	if (len > CTL_WINDOW - g->in_end) {
		memmove(g->in, g->in + g->in_start, used);
		g->in_start = 0;
		g->in_end = used;
	}
	memcpy(g->in + g->in_end, data, len);
	g->in_end += len;
	if (len == 0)
		g->in_eof = true;
	if (g->in_eof && g->in_start == g->in_end)
		close_fd(&g->in_fd);
	return 0;
}

static int on_signal(struct program *g, const u8 *data, size_t len)
{
	u32 sig;

	if (len != sizeof(sig))
		return -EPROTO;
	memcpy(&sig, data, sizeof(sig));
	if (g->state == PROGRAM_RUNNING && sig > 0 && sig < 65)
		kill(-g->pid, (int)sig);
	return 0;
}

struct file_sink {
	struct port *port;
	u8 *at; /* where the next byte of the frame goes */
	size_t room, len;
};

static int file_flush(struct file_sink *s)
{
	if (s->len)
		port_commit(s->port, CTL_FILE, s->len);
	s->len = s->room = 0;
	return port_flush(s->port);
}

static int file_put(void *ctx, const void *data, size_t len)
{
	const u8 *from = data;
	struct file_sink *s = ctx;
	int err = 0;

	while (len && !err) {
		size_t n;

		if (s->room == 0)
			s->at = port_room(s->port, &s->room);
		n = MIN(len, s->room - s->len);
		memcpy(s->at + s->len, from, n);
		s->len += n;
		from += n;
		len -= n;
		if (s->len == s->room)
			err = file_flush(s);
	}
	return err;
}

/* The only command that is answered in one go: nothing else runs meanwhile. */
static int on_get(struct agent *a, const u8 *data, size_t len)
{
	struct file_sink sink = { .port = &a->port };
	char path[4096];
	int err, port_err;

	if (a->prog.state != PROGRAM_IDLE || len >= sizeof(path)) {
		put_error(a, "GET", len >= sizeof(path) ? ENAMETOOLONG : EBUSY);
		return 0;
	}
	memcpy(path, data, len);
	path[len] = '\0';
	port_err = port_flush(&a->port);
	if (port_err)
		return port_err;
	err = archive_write(path, file_put, &sink);
	port_err = file_flush(&sink);
	if (err)
		put_error(a, path, -err);
	else
		port_put(&a->port, CTL_FILE, NULL, 0);
	return port_err;
}

static int on_frame(void *ctx, u8 kind, u8 *data, size_t len)
{
	struct agent *a = ctx;

	switch (kind) {
	case CTL_RUN:
		on_run(a, data, len);
		return 0;
	case CTL_STDIN:
		return on_stdin(&a->prog, data, len);
	case CTL_SIGNAL:
		return on_signal(&a->prog, data, len);
	case CTL_GET:
		return on_get(a, data, len);
	case CTL_OFF:
		a->off = true;
		return 0;
	}
	return -EPROTO;
}

/* ---- between the pipes and the port ---- */

static void input_broken(struct program *g)
{
	close_fd(&g->in_fd);
	g->in_broken = true;
}

static void pump_input(struct program *g)
{
	ssize_t n;

	if (g->in_start == g->in_end) { /* polled for its error only */
		input_broken(g);
		return;
	}
	n = write(g->in_fd, g->in + g->in_start, g->in_end - g->in_start);
	if (n < 0) {
		if (errno != EAGAIN && errno != EINTR)
			input_broken(g);
		return;
	}
	g->in_start += (size_t)n;
	g->credit += (u32)n;
	if (g->in_start == g->in_end) {
		g->in_start = g->in_end = 0;
		if (g->in_eof)
			close_fd(&g->in_fd);
	}
}

/* One read from standard output (0) or error (1) into the transmit queue.
 * After the program's end an empty pipe is a finished one. */
static void pump_output(struct agent *a, int which)
{
	struct program *g = &a->prog;
	size_t room;
	u8 *at = port_room(&a->port, &room);
	ssize_t n;

	if (room == 0)
		return;
	n = read(g->out_fd[which], at, room);
	if (n > 0) {
		port_commit(&a->port, which ? CTL_STDERR : CTL_STDOUT, (size_t)n);
		if (g->state == PROGRAM_DRAINING)
			g->late += (u32)n;
		if (g->late > PIPE_MAX)
			close_fd(&g->out_fd[which]);
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR) ||
		   g->state == PROGRAM_DRAINING) {
		close_fd(&g->out_fd[which]);
	}
}

/* Tells the host what it may send; small sums wait for more, or for the queue
 * to run empty, when the host may be waiting for them. */
static void send_credit(struct agent *a)
{
	struct program *g = &a->prog;

	if (g->credit && (g->credit >= CTL_WINDOW / 4 || g->in_start == g->in_end) &&
	    port_put_u32(&a->port, CTL_CREDIT, g->credit))
		g->credit = 0;
	if (g->in_broken && port_put_u32(&a->port, CTL_CREDIT, 0))
		g->in_broken = false;
}

static void reap(struct program *g)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (g->state != PROGRAM_RUNNING || pid != g->pid)
			continue; /* an orphan */
		g->state = PROGRAM_DRAINING;
		g->status = status;
		g->late = 0;
		close_fd(&g->in_fd);
		g->credit = 0;
		g->in_broken = false;
	}
}

static void program_end(struct agent *a)
{
	struct program *g = &a->prog;

	if (g->out_fd[0] >= 0 || g->out_fd[1] >= 0)
		return;
	if (!port_put_u32(&a->port, CTL_EXIT, (u32)g->status))
		return; /* the queue is full: once it has been written */
	kill(-g->pid, SIGKILL);
	g->state = PROGRAM_IDLE;
}

/* ---- the loop ---- */

/* Places in the array that poll() gets. */
enum { AT_PORT, AT_WAKE, AT_STDIN, AT_STDOUT, AT_STDERR, AT_COUNT };

static void poll_prepare(struct agent *a, struct pollfd fds[AT_COUNT])
{
	struct program *g = &a->prog;
	bool active = g->state != PROGRAM_IDLE;
	size_t room;

	port_room(&a->port, &room);
	fds[AT_PORT] = (struct pollfd){ .fd = a->port.fd, .events = POLLIN };
	if (port_tx_pending(&a->port))
		fds[AT_PORT].events |= POLLOUT;
	fds[AT_WAKE] = (struct pollfd){ .fd = wake[0], .events = POLLIN };
	fds[AT_STDIN] = (struct pollfd){ .fd = active ? g->in_fd : -1 };
	if (g->in_start != g->in_end)
		fds[AT_STDIN].events = POLLOUT;
	for (int i = 0; i < 2; i++) {
		fds[AT_STDOUT + i] = (struct pollfd){ .fd = active && room ? g->out_fd[i] : -1,
						     .events = POLLIN };
	}
}

static int handle_events(struct agent *a, const struct pollfd fds[AT_COUNT])
{
	struct program *g = &a->prog;
	bool draining = g->state == PROGRAM_DRAINING;
	u8 drop[64];
	int err = 0;

	if (fds[AT_WAKE].revents) {
		while (read(wake[0], drop, sizeof(drop)) > 0)
			;
		reap(g);
	}
	if (g->in_fd >= 0 && fds[AT_STDIN].revents)
		pump_input(g);
	for (int i = 0; i < 2; i++) {
		if (g->out_fd[i] >= 0 && (draining || fds[AT_STDOUT + i].revents))
			pump_output(a, i);
	}
	send_credit(a);
	if (draining)
		program_end(a);
	if (port_tx_pending(&a->port))
		err = port_send(&a->port);
	if (!err && (fds[AT_PORT].revents & ~POLLOUT))
		err = port_receive(&a->port, on_frame, a);
	return err;
}

static int serve(struct agent *a)
{
	while (!a->off && !a->port.gone) {
		struct pollfd fds[AT_COUNT];
		/* What is left in the pipes is read without waiting for more. */
		bool busy = a->prog.state == PROGRAM_DRAINING && !port_tx_pending(&a->port);
		int err;

		poll_prepare(a, fds);
		if (poll(fds, AT_COUNT, busy ? 0 : -1) < 0) {
			if (errno != EINTR)
				return -errno;
			continue; /* revents are not valid */
		}
		err = handle_events(a, fds);
		if (err)
			return err;
	}
	return 0;
}

int agent_serve(int fd)
{
	struct sigaction sa = { .sa_handler = on_child, .sa_flags = SA_RESTART | SA_NOCLDSTOP };
	struct agent *a = &agent;
	int err = port_init(&a->port, fd);

	if (err)
		return err;
	if (pipe2(wake, O_CLOEXEC | O_NONBLOCK) < 0 || sigaction(SIGCHLD, &sa, NULL) < 0)
		return -errno;
	signal(SIGPIPE, SIG_IGN);
	a->prog.in_fd = a->prog.out_fd[0] = a->prog.out_fd[1] = -1;
	port_put_u32(&a->port, CTL_HELLO, CTL_VERSION);
	err = serve(a);
	if (a->prog.state != PROGRAM_IDLE)
		kill(-a->prog.pid, SIGKILL);
	return err;
}
