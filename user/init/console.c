/* SPDX-License-Identifier: MIT */
/*
 * The console half of init: one login-less shell on /dev/console.
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
#include <string.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BACKOFF_MAX_S 32
#define LOG_LEVEL_SET 8 /* syslog(2): SYSLOG_ACTION_CONSOLE_LEVEL */

static void stop_everything(int how, const char *what)
{
	init_say("%s", what);
	kill(-1, SIGTERM);
	nanosleep(&(struct timespec){ .tv_nsec = 200 * 1000 * 1000 }, NULL);
	kill(-1, SIGKILL);
	init_stop(how);
}

/* In the child: a session of its own with the console as its terminal. */
static __noreturn void exec_shell(void)
{
	static char name[] = "-sh"; /* '-': a login shell, which reads /etc/profile */
	char *argv[] = { name, NULL };
	int fd;

	init_reset_signals();
	setsid();
	fd = open("/dev/console", O_RDWR);
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

static pid_t start_shell(void)
{
	pid_t pid = fork();

	if (pid == 0)
		exec_shell();
	if (pid < 0)
		init_say("no process for the shell: %s", strerror(errno));
	return pid;
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

/* Collects every child that has ended. True when @shell was among them. */
static bool reap(pid_t shell)
{
	bool shell_ended = false;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid != shell)
			continue;
		tell_end(status);
		shell_ended = true;
	}
	return shell_ended;
}

static time_t now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
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
	time_t wait_s = 0, started_s = 0, due_s = 0;
	pid_t shell = -1;
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

	for (;;) {
		struct timespec limit = { .tv_sec = 1 };

		if (shell < 0 && now_s() >= due_s) {
			started_s = now_s();
			shell = start_shell();
			due_s = started_s + 1; /* when there was no process to have */
		}
		/* A child that ended before the wait leaves SIGCHLD pending. The
		 * limit matters only while a new shell is due. */
		obey(sigtimedwait(&set, NULL, shell < 0 ? &limit : NULL));
		if (!reap(shell))
			continue;
		shell = -1;
		wait_s = now_s() - started_s > 1 ? 0 : MIN(2 * wait_s + 1, BACKOFF_MAX_S);
		due_s = now_s() + wait_s;
	}
}
