/* SPDX-License-Identifier: MIT */
/* Builtins on jobs and processes. */
#include "builtin.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "job.h"
#include "shell.h"
#include "trap.h"

static struct job *find(char **argv, const char *spec)
{
	struct job *job = job_by_spec(spec);

	if (!job)
		shell_error("%s: %s: no such job", argv[0], spec);
	return job;
}

int builtin_jobs(int argc, char **argv)
{
	struct builtin_opts o = { .argv = argv, .at = 1 };
	enum job_print how = JOB_PRINT_SHORT;
	int c;

	while ((c = builtin_opt(&o, "lp"))) {
		if (c == '?')
			return 2;
		how = c == 'l' ? JOB_PRINT_LONG : JOB_PRINT_PIDS;
	}
	job_notify();
	if (o.at >= argc)
		for (struct job *job = job_next(NULL); job; job = job_next(job))
			job_print(job, stdout, how);
	for (int i = o.at; i < argc; i++) {
		struct job *job = find(argv, argv[i]);

		if (!job)
			return 1;
		job_print(job, stdout, how);
	}
	job_forget_done();
	return 0;
}

/* fg and bg. */
int builtin_fg(int argc, char **argv)
{
	bool front = argv[0][0] == 'f';
	int status = 0;

	if (!shell_opt(OPT_MONITOR)) {
		shell_error("%s: no job control", argv[0]);
		return 1;
	}
	for (int i = 1; i < MAX(argc, 2); i++) {
		struct job *job = find(argv, argc > 1 ? argv[i] : "%+");

		if (!job)
			return 1;
		if (job_state(job) == JOB_DONE) {
			shell_error("%s: the job has ended", argv[0]);
			return 1;
		}
		if (front) {
			puts(job_text(job));
			fflush(stdout);
			status = job_continue(job, true);
		} else {
			status = job_continue(job, false);
			job_print(job, stdout, JOB_PRINT_SHORT);
		}
	}
	return status;
}

int builtin_wait(int argc, char **argv)
{
	int status = 0;

	if (argc == 1)
		status = job_wait(NULL);
	for (int i = 1; i < argc && status >= 0; i++) {
		struct job *job = job_by_spec(argv[i]);

		status = job ? job_wait(job) : 127;
	}
	if (argc == 1 && status == 0)
		job_forget_done();
	if (status >= 0)
		return status;
	/* The number of the signal is lost in its action; any above 128 will do. */
	trap_run_pending();
	return 128 + SIGINT;
}

/* ---- kill ---- */

static int list_signals(char **argv)
{
	if (!*argv) {
		for (int sig = 1; sig < 32; sig++)
			if (trap_name(sig))
				printf("%2d %s\n", sig, trap_name(sig));
		return 0;
	}
	for (; *argv; argv++) {
		int n = atoi(*argv);

		if (n > 128)
			n -= 128;
		if (**argv >= '0' && **argv <= '9' && trap_name(n))
			puts(trap_name(n));
		else if (trap_number(*argv, false) > 0)
			printf("%d\n", trap_number(*argv, false));
		else
			return 1;
	}
	return 0;
}

static int send_signal(char **argv, const char *target, int sig)
{
	struct job *job = NULL;
	char *end;
	long pid;

	if (*target == '%') {
		job = find(argv, target);
		if (!job)
			return 1;
		pid = job_group(job);
	} else {
		pid = strtol(target, &end, 10);
		if (*end || end == target) {
			shell_error("kill: %s: neither a process nor a %%job", target);
			return 1;
		}
	}
	if (kill((pid_t)pid, sig) < 0) {
		shell_error("kill: %s: %s", target, strerror(errno));
		return 1;
	}
	/* A stopped job could not end. */
	if (job && job_state(job) == JOB_STOPPED && (sig == SIGTERM || sig == SIGHUP))
		kill((pid_t)pid, SIGCONT);
	return 0;
}

int builtin_kill(int argc, char **argv)
{
	int sig = SIGTERM, status = 0, at = 1;

	if (argc > 1 && strcmp(argv[1], "-l") == 0)
		return list_signals(argv + 2);
	if (argc > 2 && (strcmp(argv[1], "-s") == 0 || strcmp(argv[1], "-n") == 0)) {
		sig = strcmp(argv[2], "0") == 0 ? 0 : trap_number(argv[2], false);
		at = 3;
	} else if (argc > 1 && argv[1][0] == '-' && argv[1][1] && strcmp(argv[1], "--")) {
		sig = strcmp(argv[1], "-0") == 0 ? 0 : trap_number(argv[1] + 1, false);
		at = 2;
	}
	if (sig < 0) {
		shell_error("kill: %s: no such signal", argv[at - 1]);
		return 2;
	}
	if (at < argc && strcmp(argv[at], "--") == 0)
		at++;
	if (at >= argc)
		return builtin_usage(argv);
	for (; at < argc; at++)
		status |= send_signal(argv, argv[at], sig);
	return status;
}
