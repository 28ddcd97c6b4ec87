/* SPDX-License-Identifier: MIT */
/*
 * The console half of init: a login-less shell on each console that
 * /proc/consoles names (screen, serial line), or on /dev/console.
 *
 * All signals that matter are blocked and taken one at a time by
 * sigtimedwait(), so nothing here runs in a handler:
 *
 *   SIGCHLD            reap; the shell's end starts a new one
 *   SIGUSR1            halt        (what busybox's halt, poweroff and reboot
 *   SIGUSR2            power off    send to process 1)
 *   SIGTERM, SIGINT    reboot      (SIGINT is Ctrl-Alt-Del)
 *
 * A shell that ends within a second is started again later and later, so that a
 * broken image does not fill the log.
 */
#include "init.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BACKOFF_MAX_S 32
#define CONSOLES_MAX 4u
#define LOG_LEVEL_SET 8 /* syslog(2): SYSLOG_ACTION_CONSOLE_LEVEL */

static void stop_everything(int how, const char *what)
{
	init_say("%s", what);
	kill(-1, SIGTERM);
	nanosleep(&(struct timespec){ .tv_nsec = 200 * 1000 * 1000 }, NULL);
	kill(-1, SIGKILL);
	init_stop(how);
}

struct shell {
	char device[32];
	pid_t pid;     /* -1: none runs */
	time_t started_s, wait_s, due_s;
};

static struct shell shells[CONSOLES_MAX];
static size_t nr_shells;

static void add_shell(const char *device)
{
	struct shell *s = &shells[nr_shells++];

	snprintf(s->device, sizeof(s->device), "/dev/%s", device);
	s->pid = -1;
}

static void find_consoles(void)
{
	FILE *f = fopen("/proc/consoles", "re");
	char line[128], name[17];

	while (f && nr_shells < CONSOLES_MAX && fgets(line, sizeof(line), f))
		if (sscanf(line, "%16s", name) == 1)
			add_shell(name);
	if (f)
		fclose(f);
	if (!nr_shells)
		add_shell("console");
}

/* In the child: a session of its own with the console as its terminal. */
static __noreturn void exec_shell(const char *device)
{
	static char name[] = "-sh"; /* '-': a login shell, which reads /etc/profile */
	char *argv[] = { name, NULL };
	int fd;

	init_reset_signals();
	setsid();
	fd = open(device, O_RDWR);
	if (fd >= 0) {
		ioctl(fd, TIOCSCTTY, 0); /* without it the shell says "no job control" */
		dup2(fd, STDIN_FILENO);
		dup2(fd, STDOUT_FILENO);
		dup2(fd, STDERR_FILENO);
		if (fd > STDERR_FILENO)
			close(fd);
	}
	if (chdir("/root") < 0 && chdir("/") < 0)
		init_say("chdir: %s", strerror(errno));
	execv("/bin/sh", argv);
	init_say("/bin/sh: %s", strerror(errno));
	_exit(127);
}

static time_t now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

static void start_shell(struct shell *s)
{
	s->started_s = now_s();
	s->due_s = s->started_s + 1; /* when there is no process to have */
	s->pid = fork();
	if (s->pid == 0)
		exec_shell(s->device);
	if (s->pid < 0)
		init_say("no process for the shell: %s", strerror(errno));
}

/* Return: one is due later. */
static bool start_due(void)
{
	bool later = false;

	for (size_t i = 0; i < nr_shells; i++) {
		if (shells[i].pid < 0 && now_s() >= shells[i].due_s)
			start_shell(&shells[i]);
		later |= shells[i].pid < 0;
	}
	return later;
}

static void tell_end(int status)
{
	if (WIFSIGNALED(status))
		init_say("the shell was killed by signal %d; starting another", WTERMSIG(status));
	else if (WEXITSTATUS(status))
		init_say("the shell ended with status %d; starting another", WEXITSTATUS(status));
	else
		init_say("the shell ended; starting another (poweroff stops the machine)");
}

static void shell_ended(struct shell *s, int status)
{
	tell_end(status);
	s->pid = -1;
	s->wait_s = now_s() - s->started_s > 1 ? 0 : MIN(2 * s->wait_s + 1, BACKOFF_MAX_S);
	s->due_s = now_s() + s->wait_s;
}

/* Collects every child that has ended. */
static void reap(void)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (size_t i = 0; i < nr_shells; i++)
			if (shells[i].pid == pid)
				shell_ended(&shells[i], status);
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

void console_serve(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	reboot(RB_DISABLE_CAD); /* Ctrl-Alt-Del comes as SIGINT */
	/* Log and shell share COM1: what is only information stays in dmesg now. */
	klogctl(LOG_LEVEL_SET, NULL, 6);

	find_consoles();
	for (;;) {
		struct timespec limit = { .tv_sec = 1 };
		bool due = start_due();

		/* A child that ended before the wait leaves SIGCHLD pending. The
		 * limit matters only while a new shell is due. */
		obey(sigtimedwait(&set, NULL, due ? &limit : NULL));
		reap();
	}
}
