/* SPDX-License-Identifier: MIT */
/*
 * What process 1 keeps running: the services of /etc/exo/services (manifest.h),
 * above all the console's shell. Where no manifest gives the console to
 * anybody, it goes to /bin/sh, so that a broken image can be repaired.
 *
 * All signals that matter are blocked and read from a signalfd, so nothing
 * here runs in a handler:
 *
 *   SIGCHLD            reap; a service's end starts it anew, as it asks
 *   SIGUSR1            halt        (what busybox's halt, poweroff and reboot
 *   SIGUSR2            power off    send to process 1)
 *   SIGTERM, SIGINT    reboot      (SIGINT is Ctrl-Alt-Del)
 *
 *   STOPPED --start()--> RUNNING --it ended: ended()--> STOPPED, due later
 *                           |                             or FINISHED (respawn)
 *
 * A service that ends within a second is started again later and later, so
 * that a broken one does not fill the log. A terminal is given back to its
 * first settings before each start: whoever died may have left it raw.
 */
#include "init.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "manifest.h"
#include "port.h"

#define SERVICES_DIR  "/etc/exo/services"
#define SUFFIX        ".svc"
#define MAX_SERVICES  32u
#define BACKOFF_MAX_S 32
#define HELLO_WAIT_MS 1000
#define LOG_LEVEL_SET 8 /* syslog(2): SYSLOG_ACTION_CONSOLE_LEVEL */

enum service_state { SERVICE_STOPPED, SERVICE_RUNNING, SERVICE_FINISHED };

struct service {
	char name[64];
	struct manifest m;
	enum service_state state;
	pid_t pid;
	time_t started_s, due_s, wait_s;
	bool has_modes;
	struct termios modes; /* its terminal's, before anybody used it */
};

static struct service *services[MAX_SERVICES];
static size_t n_services;

static void stop_everything(int how, const char *what)
{
	init_say("%s", what);
	kill(-1, SIGTERM);
	nanosleep(&(struct timespec){ .tv_nsec = 200 * 1000 * 1000 }, NULL);
	kill(-1, SIGKILL);
	init_stop(how);
}

static time_t now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

/* ---- reading the manifests ---- */

static const char *const fallback_text = "exec /bin/sh\nname -sh\ndir /root\ntty /dev/console\n";

static void add(const char *name, const char *where, const char *text, size_t len)
{
	struct service *s = calloc(1, sizeof(*s));
	struct manifest_error error;

	if (!s || n_services == MAX_SERVICES) {
		init_say("%s: no room for another service", where);
		free(s);
		return;
	}
	if (!manifest_parse(&s->m, text, len, &error)) {
		if (error.line)
			init_say("%s:%u: %s", where, error.line, error.text);
		else
			init_say("%s: %s", where, error.text);
		free(s);
		return;
	}
	snprintf(s->name, sizeof(s->name), "%s", name);
	services[n_services++] = s;
}

static void read_manifest(const char *file)
{
	char path[sizeof(SERVICES_DIR) + 256], name[64], text[MANIFEST_MAX_LEN + 2];
	size_t len = 0;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), SERVICES_DIR "/%s", file);
	snprintf(name, sizeof(name), "%.*s",
		 (int)MIN(strlen(file) - strlen(SUFFIX), sizeof(name) - 1), file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		init_say("%s: %s", path, strerror(errno));
		return;
	}
	while (len < sizeof(text) && (n = read(fd, text + len, sizeof(text) - len)) > 0)
		len += (size_t)n;
	close(fd);
	add(name, path, text, len);
}

static int is_manifest(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return len > strlen(SUFFIX) && strcmp(entry->d_name + len - strlen(SUFFIX), SUFFIX) == 0;
}

static bool somebody_has_console(void)
{
	for (size_t i = 0; i < n_services; i++)
		if (services[i]->m.tty && strcmp(services[i]->m.tty, "/dev/console") == 0)
			return true;
	return false;
}

/* What has /dev/console runs on each other console of the kernel's too: a line of
 * /proc/consoles (proc(5)) is a name and flags, of which C marks /dev/console. */
static void add_for_console(const struct service *s, const char *console)
{
	struct service *copy = malloc(sizeof(*copy));
	char *tty = malloc(64);

	if (!copy || !tty || n_services == MAX_SERVICES) {
		init_say("%s: no room for another service", console);
		free(copy);
		free(tty);
		return;
	}
	*copy = *s;
	snprintf(tty, 64, "/dev/%s", console);
	snprintf(copy->name, sizeof(copy->name), "%.40s@%.16s", s->name, console);
	copy->m.tty = tty;
	services[n_services++] = copy;
}

static void add_other_consoles(void)
{
	FILE *f = fopen("/proc/consoles", "re");
	char line[128], console[17], flags[17];
	size_t n = n_services;

	while (f && fgets(line, sizeof(line), f)) {
		/* "tty1   -W- (EC  p  )    4:1" */
		if (sscanf(line, "%16s %*s (%16[^)])", console, flags) != 2 || strchr(flags, 'C'))
			continue;
		for (size_t i = 0; i < n; i++)
			if (services[i]->m.tty && strcmp(services[i]->m.tty, "/dev/console") == 0)
				add_for_console(services[i], console);
	}
	if (f)
		fclose(f);
}

static void read_manifests(void)
{
	struct dirent **files;
	int n = scandir(SERVICES_DIR, &files, is_manifest, alphasort);

	for (int i = 0; i < n; i++) {
		read_manifest(files[i]->d_name);
		free(files[i]);
	}
	if (n >= 0)
		free(files);
	if (somebody_has_console())
		return;
	init_say("no service has /dev/console: /bin/sh gets it");
	add("console", "built in", fallback_text, strlen(fallback_text));
}

/* ---- starting, in the child ---- */

static int open_console(void)
{
	return open("/dev/console", O_RDWR | O_NOCTTY);
}

static void set_streams(const struct manifest *m)
{
	int in, out;

	if (m->tty) {
		/* The session takes it explicitly: /dev/console is nobody's by open(2). */
		in = out = open(m->tty, O_RDWR | O_NOCTTY);
		if (in < 0)
			init_say("%s: %s", m->tty, strerror(errno));
		else if (ioctl(in, TIOCSCTTY, 0) < 0)
			init_say("%s: no controlling terminal: %s", m->tty, strerror(errno));
	} else {
		in = open("/dev/null", O_RDONLY);
		out = open_console();
	}
	if (in >= 0)
		dup2(in, STDIN_FILENO);
	if (out >= 0) {
		dup2(out, STDOUT_FILENO);
		dup2(out, STDERR_FILENO);
	}
	if (in > STDERR_FILENO)
		close(in);
	if (out > STDERR_FILENO && out != in)
		close(out);
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

static __noreturn void child(const struct service *s)
{
	const struct manifest *m = &s->m;

	init_reset_signals();
	setsid();
	set_streams(m);
	if (chdir(m->dir ? m->dir : "/") < 0 && chdir("/") < 0)
		init_say("chdir: %s", strerror(errno));
	for (size_t i = 0; m->env[i]; i++)
		putenv(m->env[i]);
	run(m, m->exec, false);
	if (m->fallback) {
		init_say("%s: %s: %s instead", m->exec, strerror(errno), m->fallback);
		run(m, m->fallback, true);
	}
	init_say("%s: %s", m->fallback ? m->fallback : m->exec, strerror(errno));
	_exit(127);
}

/* Its terminal as it was in the beginning. */
static void reset_terminal(struct service *s)
{
	int fd = s->m.tty ? open(s->m.tty, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC) : -1;

	if (fd < 0)
		return;
	if (!s->has_modes && tcgetattr(fd, &s->modes) == 0) {
		s->modes.c_iflag |= IUTF8; /* erase takes characters, not bytes */
		s->has_modes = true;
	}
	if (s->has_modes)
		tcsetattr(fd, TCSANOW, &s->modes);
	close(fd);
}

static void start(struct service *s)
{
	reset_terminal(s);
	s->started_s = now_s();
	s->due_s = s->started_s + 1; /* when there is no process to have */
	s->pid = fork();
	if (s->pid == 0)
		child(s);
	if (s->pid > 0)
		s->state = SERVICE_RUNNING;
	else
		init_say("no process for %s: %s", s->name, strerror(errno));
}

/* ---- ends ---- */

static void tell_end(const struct service *s, int status)
{
	const char *then = s->state == SERVICE_FINISHED ? "" : "; starting another";

	if (WIFSIGNALED(status))
		init_say("%s was killed by signal %d%s", s->name, WTERMSIG(status), then);
	else if (WEXITSTATUS(status))
		init_say("%s ended with status %d%s", s->name, WEXITSTATUS(status), then);
	else if (s->m.tty && s->state != SERVICE_FINISHED)
		init_say("%s ended; starting another (poweroff stops the machine)", s->name);
}

static void ended(struct service *s, int status)
{
	bool again = s->m.respawn == RESPAWN_ALWAYS || (s->m.respawn == RESPAWN_FAILURE && status);

	s->state = again ? SERVICE_STOPPED : SERVICE_FINISHED;
	s->wait_s = now_s() - s->started_s > 1 ? 0 : MIN(2 * s->wait_s + 1, BACKOFF_MAX_S);
	s->due_s = now_s() + s->wait_s;
	tell_end(s, status);
}

/* Collects every child that has ended, also those that nobody waits for any more. */
static void reap(void)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (size_t i = 0; i < n_services; i++)
			if (services[i]->state == SERVICE_RUNNING && services[i]->pid == pid)
				ended(services[i], status);
}

/* Start what is due. Return: milliseconds until the next is, -1: none will be. */
static int start_due(void)
{
	time_t now = now_s(), next = -1;

	for (size_t i = 0; i < n_services; i++) {
		struct service *s = services[i];

		if (s->state == SERVICE_STOPPED && s->due_s <= now)
			start(s);
		if (s->state == SERVICE_STOPPED && (next < 0 || s->due_s < next))
			next = s->due_s;
	}
	return next < 0 ? -1 : (int)MAX(next - now, (time_t)1) * 1000;
}

/* ---- the loop ---- */

static void obey(int sig)
{
	if (sig == SIGUSR1)
		stop_everything(RB_HALT_SYSTEM, "halting");
	else if (sig == SIGUSR2)
		stop_everything(RB_POWER_OFF, "powering off");
	else if (sig == SIGTERM || sig == SIGINT)
		stop_everything(RB_AUTOBOOT, "rebooting");
}

/* The host's terminal has a new size: so has the console. */
static int set_size(__attribute__((unused)) void *ctx, u8 kind, u8 *data, size_t len)
{
	struct winsize w = { .ws_row = 0 };
	u16 size[2];
	int fd;

	if (kind != CTL_WINSIZE || len != sizeof(size))
		return 0;
	memcpy(size, data, sizeof(size));
	w.ws_row = size[0];
	w.ws_col = size[1];
	fd = open_console();
	if (fd >= 0) {
		ioctl(fd, TIOCSWINSZ, &w);
		close(fd);
	}
	return 0;
}

static void block_signals(sigset_t *set)
{
	static const int signals[] = { SIGCHLD, SIGUSR1, SIGUSR2, SIGTERM, SIGINT };

	sigemptyset(set);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		sigaddset(set, signals[i]);
	sigprocmask(SIG_BLOCK, set, NULL);
}

/* Tell the host that we listen, and wait a moment for the first size: the shell asks the
 * terminal itself when it finds none. Return: the descriptor, -1: nobody there. */
static int open_port(struct port *port, int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	if (fd < 0 || port_init(port, fd) || !port_put_u32(port, CTL_HELLO, CTL_VERSION) ||
	    port_flush(port))
		return -1;
	if (poll(&p, 1, HELLO_WAIT_MS) > 0 && port_receive(port, set_size, NULL))
		return -1;
	return fd;
}

void service_serve(int port_fd)
{
	static struct port port;
	struct pollfd fds[2] = { { .fd = -1, .events = POLLIN }, { .fd = -1, .events = POLLIN } };
	sigset_t set;

	block_signals(&set);
	fds[0].fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	fds[1].fd = open_port(&port, port_fd);
	reboot(RB_DISABLE_CAD); /* Ctrl-Alt-Del comes as SIGINT */
	/* Log and shell share COM1: what is only information stays in dmesg now. */
	klogctl(LOG_LEVEL_SET, NULL, 6);
	read_manifests();
	add_other_consoles();
	for (;;) {
		struct signalfd_siginfo info;

		poll(fds, ARRAY_SIZE(fds), start_due());
		while (read(fds[0].fd, &info, sizeof(info)) == sizeof(info))
			obey((int)info.ssi_signo);
		reap();
		if (fds[1].revents && (port_receive(&port, set_size, NULL) || port.gone))
			fds[1].fd = -1;
	}
}
