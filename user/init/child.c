/* SPDX-License-Identifier: MIT */
/*
 * Making a service's process (contract in child.h). In this order, since each step
 * takes away what the one before it needed: session and streams; handles, opened with
 * process 1's rights; every other descriptor closed; CPUs, nice value, directory;
 * the view of the tree; promises, which hold from exec on.
 */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "init.h"
#include "manifest.h"

enum { SYS_PLEDGE = 1025, SYS_UNVEIL = 1026 }; /* kernel/syscall.tbl */
enum { REFUSED = 126, NOT_FOUND = 127 };

#define ABOVE_GRANTED 64 /* where handles lie until all are open */

static __noreturn void refuse(const char *what)
{
	init_say("%s: %s", what, strerror(errno));
	_exit(REFUSED);
}

static int open_tty(const char *tty)
{
	/* The session takes it explicitly: /dev/console is nobody's by open(2). */
	int fd = open(tty, O_RDWR | O_NOCTTY);

	if (fd < 0)
		init_say("%s: %s", tty, strerror(errno));
	else if (ioctl(fd, TIOCSCTTY, 0) < 0)
		init_say("%s: no controlling terminal: %s", tty, strerror(errno));
	return fd;
}

static void set_streams(const struct manifest *m, int log_fd)
{
	int in = m->tty ? open_tty(m->tty) : open("/dev/null", O_RDONLY);
	int out = m->tty ? in : log_fd;

	if (out >= 0) {
		dup2(out, STDOUT_FILENO);
		dup2(out, STDERR_FILENO);
	}
	if (in >= 0 && in != STDIN_FILENO)
		dup2(in, STDIN_FILENO);
	if (in > STDERR_FILENO)
		close(in);
}

/* @fd at a number above all that are granted. */
static int move_up(int fd, const char *what)
{
	int high = fcntl(fd, F_DUPFD, ABOVE_GRANTED);

	if (high < 0)
		refuse(what);
	close(fd);
	return high;
}

static int open_handle(const struct manifest_handle *h)
{
	static const int modes[] = {
		[MANIFEST_READ] = O_RDONLY, [MANIFEST_WRITE] = O_WRONLY, [MANIFEST_BOTH] = O_RDWR,
	};
	int fd = open(h->path, modes[h->mode] | O_NOCTTY);

	if (fd < 0)
		refuse(h->path);
	return move_up(fd, h->path);
}

static u32 place(int from, int fd, const char *what)
{
	if (dup2(from, fd) < 0)
		refuse(what);
	return 1u << fd;
}

static u32 place_serve(const struct manifest *m, int from)
{
	char number[16];

	snprintf(number, sizeof(number), "%d", m->serve_fd);
	setenv("EXO_SERVE_FD", number, 1);
	return place(from, m->serve_fd, "serve");
}

/* Its handles at their numbers, and nothing else but the streams. */
static void set_handles(const struct manifest *m, int serve_fd)
{
	int fds[MANIFEST_HANDLES];
	u32 granted = 7;

	if (serve_fd >= 0)
		serve_fd = move_up(serve_fd, "serve");
	for (unsigned i = 0; i < m->n_handles; i++)
		fds[i] = open_handle(&m->handles[i]);
	for (unsigned i = 0; i < m->n_handles; i++)
		granted |= place(fds[i], m->handles[i].fd, m->handles[i].path);
	if (serve_fd >= 0)
		granted |= place_serve(m, serve_fd);
	for (int fd = 0; fd <= MANIFEST_MAX_FD; fd++)
		if (!(granted & 1u << fd))
			close(fd);
	if (syscall(SYS_close_range, MANIFEST_MAX_FD + 1, ~0u, 0))
		refuse("close_range");
}

static void set_scheduling(const struct manifest *m)
{
	u64 any = 0;

	for (size_t i = 0; i < ARRAY_SIZE(m->cpus); i++)
		any |= m->cpus[i];
	if (any && syscall(SYS_sched_setaffinity, 0, sizeof(m->cpus), m->cpus) < 0)
		refuse("cpus");
	if (m->nice && setpriority(PRIO_PROCESS, 0, m->nice) < 0)
		refuse("nice");
}

static void unveil(const char *path, const char *perms)
{
	if (syscall(SYS_UNVEIL, path, perms))
		refuse(path ? path : "unveil");
}

static void set_view(const struct manifest *m)
{
	const char *own[] = { m->exec, m->fallback };

	if (!m->unveil[0])
		return;
	for (size_t i = 0; m->unveil[i]; i++) {
		const char *colon = strchr(m->unveil[i], ':');
		char perms[8] = "";

		memcpy(perms, m->unveil[i], (size_t)(colon - m->unveil[i]));
		unveil(colon + 1, perms);
	}
	/* Its own program at least, and no less than the rules say. */
	for (size_t i = 0; i < ARRAY_SIZE(own); i++)
		if (own[i] && access(own[i], X_OK) &&
		    syscall(SYS_UNVEIL, own[i], "rx") && errno != ENOENT)
			refuse(own[i]);
	unveil(NULL, NULL);
}

static void run(const struct manifest *m, const char *program, bool is_fallback)
{
	const char *slash = strrchr(program, '/');
	char name[64];
	char *argv[MANIFEST_WORDS + 2] = { name };
	bool login = m->name && m->name[0] == '-';

	/* The fallback is another program: of the arguments only "login" is for it too. */
	if (is_fallback || !m->name)
		snprintf(name, sizeof(name), "%s%s", login ? "-" : "", slash + 1);
	else
		snprintf(name, sizeof(name), "%s", m->name);
	for (size_t i = 0; !is_fallback && m->args[i]; i++)
		argv[i + 1] = m->args[i];
	execv(program, argv);
}

void child_run(const struct manifest *m, int log_fd, int serve_fd)
{
	init_reset_signals();
	setsid();
	set_streams(m, log_fd);
	set_handles(m, serve_fd);
	set_scheduling(m);
	if (chdir(m->dir ? m->dir : "/") < 0 && chdir("/") < 0)
		init_say("chdir: %s", strerror(errno));
	for (size_t i = 0; m->env[i]; i++)
		putenv(m->env[i]);
	set_view(m);
	if (m->pledge && syscall(SYS_PLEDGE, NULL, m->pledge)) {
		init_say("pledge '%s': %s", m->pledge,
			 errno == EINVAL ? "no such promise" : strerror(errno));
		_exit(REFUSED);
	}
	run(m, m->exec, false);
	if (m->fallback) {
		init_say("%s: %s: %s instead", m->exec, strerror(errno), m->fallback);
		run(m, m->fallback, true);
	}
	init_say("%s: %s", m->fallback ? m->fallback : m->exec, strerror(errno));
	_exit(errno == ENOENT ? NOT_FOUND : REFUSED);
}
