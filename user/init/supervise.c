/* SPDX-License-Identifier: MIT */
/*
 * The loop of process 1 as the keeper of services (service.h), above all of the
 * console's shell. Where no manifest gives the console to anybody, it goes to /bin/sh,
 * so that a broken image can be repaired.
 *
 * All signals that matter are blocked and read from a signalfd, so nothing here runs in
 * a handler:
 *
 *   SIGCHLD            reap; a service's end starts it anew, as it asks
 *   SIGUSR1            halt        (what busybox's halt, poweroff and reboot
 *   SIGUSR2            power off    send to process 1)
 *   SIGTERM, SIGINT    reboot      (SIGINT is Ctrl-Alt-Del)
 */
#include "supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <user/libexo/service.h>

#include "broker.h"
#include "control.h"
#include "init.h"
#include "load.h"
#include "port.h"
#include "service.h"

#define HELLO_WAIT_MS 1000
#define LOG_LEVEL_SET 8 /* syslog(2): SYSLOG_ACTION_CONSOLE_LEVEL */

/* What the loop polls: signals, the port, names of services, the control socket, logs. */
enum {
	POLL_SIGNALS,
	POLL_PORT,
	POLL_BROKER,
	POLL_CONTROL,
	POLL_LOGS = POLL_CONTROL + (int)CONTROL_FDS,
	POLL_ALL = POLL_LOGS + (int)SERVICES_MAX,
};

static struct pollfd fds[POLL_ALL];

/* ---- the machine's end ---- */

static void stop_everything(int how, const char *what)
{
	init_say("%s", what);
	kill(-1, SIGTERM);
	nanosleep(&(struct timespec){ .tv_nsec = 200 * 1000 * 1000 }, NULL);
	kill(-1, SIGKILL);
	init_stop(how);
}

static void obey(int sig)
{
	if (sig == SIGUSR1)
		stop_everything(RB_HALT_SYSTEM, "halting");
	else if (sig == SIGUSR2)
		stop_everything(RB_POWER_OFF, "powering off");
	else if (sig == SIGTERM || sig == SIGINT)
		stop_everything(RB_AUTOBOOT, "rebooting");
}

static void block_signals(sigset_t *set)
{
	static const int signals[] = { SIGCHLD, SIGUSR1, SIGUSR2, SIGTERM, SIGINT };

	sigemptyset(set);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		sigaddset(set, signals[i]);
	sigprocmask(SIG_BLOCK, set, NULL);
}

/* ---- the host's terminal ---- */

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
	fd = open("/dev/console", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (fd >= 0) {
		ioctl(fd, TIOCSWINSZ, &w);
		close(fd);
	}
	return 0;
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

/* ---- the loop ---- */

static void open_everything(const char *run_dir)
{
	sigset_t set;

	block_signals(&set);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		fds[i] = (struct pollfd){ .fd = -1, .events = POLLIN };
	fds[POLL_SIGNALS].fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (mkdir(run_dir, 0755) < 0 && errno != EEXIST)
		init_say("%s: %s", run_dir, strerror(errno));
	if (mkdir(service_paths.logs, 0755) < 0 && errno != EEXIST)
		init_say("%s: %s", service_paths.logs, strerror(errno));
	control_open();
	broker_open();
	fds[POLL_BROKER].fd = broker_fd();
}

/* Return: a signal that is a request, 0: none. */
static int next_request(void)
{
	struct signalfd_siginfo info;

	while (read(fds[POLL_SIGNALS].fd, &info, sizeof(info)) == sizeof(info))
		if (info.ssi_signo != SIGCHLD)
			return (int)info.ssi_signo;
	return 0;
}

/* One turn: wait for news, and do what follows from it. */
static void turn(bool consoles)
{
	static struct pollfd *const logs = &fds[POLL_LOGS];
	size_t n = n_services;
	int timeout_ms = service_start_due();

	control_fds(&fds[POLL_CONTROL]);
	for (size_t i = 0; i < n; i++)
		logs[i] = (struct pollfd){ .fd = services[i]->log.from, .events = POLLIN };
	if (poll(fds, POLL_LOGS + n, timeout_ms) < 0)
		return;
	/* Before anything can change the table. */
	for (size_t i = 0; i < n; i++)
		if (logs[i].fd >= 0 && logs[i].revents)
			logfile_pump(&services[i]->log);
	service_reap();
	if (fds[POLL_BROKER].fd >= 0 && fds[POLL_BROKER].revents)
		broker_serve();
	control_serve(&fds[POLL_CONTROL], consoles);
}

void supervise_machine(int port_fd)
{
	static struct port port;

	service_paths = (struct service_paths){ "/etc/exo/services", "/run/log", "/run/svc",
						 EXO_SERVICES };
	open_everything("/run");
	fds[POLL_PORT].fd = open_port(&port, port_fd);
	reboot(RB_DISABLE_CAD); /* Ctrl-Alt-Del comes as SIGINT */
	/* Log and shell share COM1: what is only information stays in dmesg now. */
	klogctl(LOG_LEVEL_SET, NULL, 6);
	load_manifests(true);
	for (;;) {
		turn(true);
		obey(next_request());
		if (fds[POLL_PORT].fd >= 0 && fds[POLL_PORT].revents &&
		    (port_receive(&port, set_size, NULL) || port.gone))
			fds[POLL_PORT].fd = -1;
	}
}

static bool anybody_runs(void)
{
	for (size_t i = 0; i < n_services; i++)
		if (services[i]->state == SERVICE_RUNNING || services[i]->state == SERVICE_STOPPING)
			return true;
	return false;
}

int supervise_folder(const char *manifests, const char *run)
{
	static char logs[128], control[128], names[128];
	int sig = 0;

	snprintf(logs, sizeof(logs), "%.100s/log", run);
	snprintf(control, sizeof(control), "%.100s/svc", run);
	snprintf(names, sizeof(names), "%.100s/services", run);
	service_paths = (struct service_paths){ manifests, logs, control, names };
	open_everything(run);
	load_manifests(false);
	while (!sig || anybody_runs()) {
		int now;

		turn(false);
		now = next_request();
		if (now)
			sig = now;
		for (size_t i = 0; sig && i < n_services; i++)
			(void)service_stop(services[i]);
	}
	unlink(control);
	unlink(names);
	return 0;
}
