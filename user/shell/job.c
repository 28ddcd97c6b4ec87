/* SPDX-License-Identifier: MIT */
/*
 * Child processes and job control (contract in job.h).
 *
 *   new --fork--> RUNNING --signal--> STOPPED --job_continue--> RUNNING
 *                    |                                     |
 *                    +------------- all ended -------------+--> DONE, told, forgotten
 *
 * Waiting: all signals are blocked, waitpid(WNOHANG) looks, sigsuspend() sleeps;
 * SIGCHLD has a handler, so no end of a child is missed between the two.
 */
#include "job.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "print.h"
#include "shell.h"
#include "trap.h"

struct proc {
	pid_t pid;
	int status; /* as waitpid() gave it */
	enum job_state state;
};

struct job {
	struct job *next; /* by number */
	int number;       /* 0: never went to the background */
	unsigned order;   /* the higher, the more current */
	pid_t pgid;       /* 0: no job control */
	struct proc *procs;
	size_t n_procs;
	char *text;
	bool changed;     /* to be told at the prompt */
	bool has_modes;
	struct termios modes; /* the terminal's when it stopped */
};

static struct job *jobs;
static unsigned last_order;
static int terminal = -1;
static pid_t own_pgid, first_pgid; /* ours; the terminal's when we came */
static struct termios own_modes;

/* ---- the table ---- */

struct job *job_new(const struct node *n)
{
	struct job *job = shell_alloc(sizeof(*job)), **cell = &jobs;
	struct text t;

	if (n && shell_opt(OPT_MONITOR)) {
		text_init(&t, &shell.temp);
		print_node(&t, n);
		job->text = shell_strdup(text_get(&t));
	}
	while (*cell)
		cell = &(*cell)->next;
	*cell = job;
	return job;
}

static void drop(struct job *job)
{
	struct job **cell = &jobs;

	while (*cell != job)
		cell = &(*cell)->next;
	*cell = job->next;
	free(job->procs);
	free(job->text);
	free(job);
}

enum job_state job_state(const struct job *job)
{
	enum job_state state = JOB_DONE;

	for (size_t i = 0; i < job->n_procs; i++) {
		if (job->procs[i].state == JOB_RUNNING)
			return JOB_RUNNING;
		if (job->procs[i].state == JOB_STOPPED)
			state = JOB_STOPPED;
	}
	return state;
}

static int exit_code(int status)
{
	if (WIFSTOPPED(status))
		return 128 + WSTOPSIG(status);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int job_status(const struct job *job)
{
	int code = 0;

	if (!job->n_procs)
		return 0;
	if (job_state(job) == JOB_STOPPED || !shell_opt(OPT_PIPEFAIL))
		return exit_code(job->procs[job->n_procs - 1].status);
	for (size_t i = 0; i < job->n_procs; i++)
		if (exit_code(job->procs[i].status))
			code = exit_code(job->procs[i].status);
	return code;
}

static void record(pid_t pid, int status)
{
	for (struct job *job = jobs; job; job = job->next)
		for (size_t i = 0; i < job->n_procs; i++) {
			struct proc *p = &job->procs[i];

			if (p->pid != pid || p->state == JOB_DONE)
				continue;
			if (WIFCONTINUED(status)) {
				p->state = JOB_RUNNING;
			} else {
				p->status = status;
				p->state = WIFSTOPPED(status) ? JOB_STOPPED : JOB_DONE;
			}
			job->changed = true;
			if (p->state == JOB_STOPPED)
				job->order = ++last_order;
			return;
		}
}

/* Take one change of a child. Return: false: there is none now. *none: no children. */
static bool collect(bool *none)
{
	int status;
	pid_t pid = waitpid(-1, &status, WNOHANG | WUNTRACED | WCONTINUED);

	*none = pid < 0 && errno == ECHILD;
	if (pid > 0)
		record(pid, status);
	return pid > 0;
}

static bool settled(const struct job *job)
{
	if (job)
		return job_state(job) != JOB_RUNNING;
	for (job = jobs; job; job = job->next)
		if (job_state(job) == JOB_RUNNING)
			return false;
	return true;
}

/* Until @job (NULL: every one) runs no more. Return: false: a trap is due, if @traps. */
static bool wait_settled(const struct job *job, bool traps)
{
	bool none = false, done = true;
	sigset_t all, old;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &old);
	while (!settled(job) && !none) {
		if (collect(&none) || none)
			continue;
		if (traps && trap_pending()) {
			done = false;
			break;
		}
		sigsuspend(&old);
	}
	sigprocmask(SIG_SETMASK, &old, NULL);
	return done;
}

/* ---- the terminal ---- */

static void give_terminal(pid_t pgid)
{
	if (terminal >= 0)
		tcsetpgrp(terminal, pgid);
}

/* Stops until we are in front, as a job control shell must. */
static void take_terminal(void)
{
	own_pgid = getpgrp();
	while ((first_pgid = tcgetpgrp(terminal)) >= 0 && first_pgid != own_pgid)
		if (kill(-own_pgid, SIGTTIN) < 0)
			return;
}

void job_monitor(bool on)
{
	shell.options[OPT_MONITOR] = on;
	if (shell.in_child)
		return;
	if (!on) {
		if (terminal >= 0 && first_pgid > 0) {
			tcsetpgrp(terminal, first_pgid);
			close(terminal);
			terminal = -1;
		}
		trap_apply_all();
		return;
	}
	if (terminal >= 0)
		return;
	terminal = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10);
	if (terminal < 0 || tcgetpgrp(terminal) < 0) {
		if (terminal >= 0)
			close(terminal);
		terminal = -1;
		if (!shell_opt(OPT_INTERACTIVE))
			return; /* groups without a terminal, as POSIX lets */
		shell_error("no job control: not my terminal");
		shell.options[OPT_MONITOR] = false;
		return;
	}
	take_terminal();
	trap_apply_all();
	setpgid(0, 0);
	own_pgid = getpgrp();
	tcsetpgrp(terminal, own_pgid);
	tcgetattr(terminal, &own_modes);
}

/* ---- processes ---- */

static void child_setup(struct job *job, enum job_mode mode)
{
	bool grouped = shell_opt(OPT_MONITOR) && mode != JOB_SUBSTITUTION;
	bool detached = mode == JOB_BACKGROUND && !grouped;

	if (grouped) {
		setpgid(0, job->pgid);
		if (mode == JOB_FRONT)
			give_terminal(getpgrp()); /* still ignoring SIGTTOU */
	}
	shell.in_child = true;
	shell.options[OPT_MONITOR] = false;
	shell.loop_depth = 0;
	trap_child(detached);
	while (jobs)
		drop(jobs);
	if (detached) {
		int fd = open("/dev/null", O_RDONLY);

		if (fd > 0) {
			dup2(fd, STDIN_FILENO);
			close(fd);
		}
	}
}

static void add_proc(struct job *job, pid_t pid)
{
	struct proc *procs = shell_alloc((job->n_procs + 1) * sizeof(*procs));

	if (job->n_procs)
		memcpy(procs, job->procs, job->n_procs * sizeof(*procs));
	free(job->procs);
	job->procs = procs;
	job->procs[job->n_procs++] = (struct proc){ .pid = pid, .state = JOB_RUNNING };
}

pid_t job_fork(struct job *job, enum job_mode mode)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0) {
		if (!job->n_procs)
			drop(job);
		shell_fail(2, "no process to be had: %s", strerror(errno));
	}
	if (pid == 0) {
		child_setup(job, mode);
		return 0;
	}
	if (shell_opt(OPT_MONITOR) && mode != JOB_SUBSTITUTION) {
		if (!job->pgid)
			job->pgid = pid;
		setpgid(pid, job->pgid); /* parent and child both, so neither races */
		if (mode == JOB_FRONT)
			give_terminal(job->pgid);
	}
	add_proc(job, pid);
	return pid;
}

static void number(struct job *job)
{
	int max = 0;

	for (struct job *j = jobs; j; j = j->next)
		max = MAX(max, j->number);
	if (!job->number)
		job->number = max + 1;
	job->order = ++last_order;
}

/* Why @job ended, when it was by a signal that deserves a word. */
static void tell_signal(const struct job *job)
{
	int status = job->procs[job->n_procs - 1].status;

	if (!WIFSIGNALED(status) || !shell_opt(OPT_INTERACTIVE))
		return;
	if (WTERMSIG(status) == SIGINT) {
		fputc('\n', stderr);
		trap_interrupt(); /* it was meant for the loop around it too */
	} else if (WTERMSIG(status) != SIGPIPE) {
		fprintf(stderr, "%s%s\n", strsignal(WTERMSIG(status)),
			WCOREDUMP(status) ? " (core dumped)" : "");
	}
}

static int end_front(struct job *job)
{
	int status = job_status(job);
	bool clean = job->n_procs && WIFEXITED(job->procs[job->n_procs - 1].status);

	if (job_state(job) == JOB_STOPPED) {
		number(job);
		job->has_modes = terminal >= 0 && tcgetattr(terminal, &job->modes) == 0;
		if (terminal >= 0)
			tcsetattr(terminal, TCSADRAIN, &own_modes);
		fputc('\n', stderr);
		job_print(job, stderr, JOB_PRINT_SHORT);
		if (shell.loop_depth && shell.skip == SKIP_NONE) {
			shell.skip = SKIP_BREAK; /* not its next turn */
			shell.skip_count = shell.loop_depth;
		}
		job->changed = false;
		return status;
	}
	if (job->n_procs && !shell.in_child)
		tell_signal(job);
	if (terminal >= 0) { /* what a program that ended well has set is meant */
		if (clean)
			tcgetattr(terminal, &own_modes);
		else
			tcsetattr(terminal, TCSADRAIN, &own_modes);
	}
	drop(job);
	return status;
}

int job_wait_front(struct job *job)
{
	wait_settled(job, false);
	if (shell_opt(OPT_MONITOR))
		give_terminal(own_pgid);
	return end_front(job);
}

int job_wait_done(struct job *job)
{
	int status;

	wait_settled(job, false);
	status = job_status(job);
	drop(job);
	return status;
}

void job_detach(struct job *job)
{
	shell.background = job->procs[job->n_procs - 1].pid;
	shell.has_background = true;
	number(job);
	if (shell_opt(OPT_INTERACTIVE) && !shell.in_child)
		fprintf(stderr, "[%d] %d\n", job->number, (int)shell.background);
}

int job_continue(struct job *job, bool front)
{
	for (size_t i = 0; i < job->n_procs; i++)
		if (job->procs[i].state == JOB_STOPPED)
			job->procs[i].state = JOB_RUNNING;
	job->changed = false;
	job->order = ++last_order;
	if (front) {
		give_terminal(job->pgid);
		if (job->has_modes)
			tcsetattr(terminal, TCSADRAIN, &job->modes);
	}
	kill(job->pgid ? -job->pgid : job->procs[0].pid, SIGCONT);
	return front ? job_wait_front(job) : 0;
}

int job_wait(struct job *job)
{
	int status;

	if (!wait_settled(job, true))
		return -1;
	if (!job)
		return 0;
	status = job_status(job);
	if (job_state(job) == JOB_DONE)
		drop(job);
	return status;
}

/* ---- telling ---- */

static struct job *current(const struct job *but)
{
	struct job *best = NULL;

	for (struct job *job = jobs; job; job = job->next) {
		bool stopped = job_state(job) == JOB_STOPPED;

		if (!job->number || job == but)
			continue;
		if (!best || (stopped && job_state(best) != JOB_STOPPED) ||
		    (stopped == (job_state(best) == JOB_STOPPED) && job->order > best->order))
			best = job;
	}
	return best;
}

static void state_text(const struct job *job, char *out, size_t size)
{
	int status = job->n_procs ? job->procs[job->n_procs - 1].status : 0;
	const char *why = "";

	switch (job_state(job)) {
	case JOB_RUNNING:
		snprintf(out, size, "Running");
		break;
	case JOB_STOPPED:
		for (size_t i = 0; i < job->n_procs; i++)
			if (job->procs[i].state == JOB_STOPPED)
				status = job->procs[i].status;
		if (WSTOPSIG(status) == SIGTTIN)
			why = " (tty input)";
		else if (WSTOPSIG(status) == SIGTTOU)
			why = " (tty output)";
		else if (WSTOPSIG(status) == SIGSTOP)
			why = " (signal)";
		snprintf(out, size, "Stopped%s", why);
		break;
	case JOB_DONE:
		if (WIFSIGNALED(status))
			snprintf(out, size, "%s", strsignal(WTERMSIG(status)));
		else if (WEXITSTATUS(status))
			snprintf(out, size, "Done(%d)", WEXITSTATUS(status));
		else
			snprintf(out, size, "Done");
		break;
	}
}

void job_print(struct job *job, FILE *to, enum job_print how)
{
	const struct job *first = current(NULL);
	char state[48], mark = ' ';

	job->changed = false;
	if (how == JOB_PRINT_PIDS) {
		fprintf(to, "%d\n", (int)(job->pgid ? job->pgid : job->procs[0].pid));
		return;
	}
	if (job == first)
		mark = '+';
	else if (job == current(first))
		mark = '-';
	state_text(job, state, sizeof(state));
	fprintf(to, "[%d]%c  ", job->number, mark);
	if (how == JOB_PRINT_LONG)
		fprintf(to, "%d ", (int)job->procs[0].pid);
	fprintf(to, "%-23s %s%s\n", state, job->text ? job->text : "",
		job_state(job) == JOB_RUNNING ? " &" : "");
}

void job_forget_done(void)
{
	for (struct job *job = jobs, *next; job; job = next) {
		next = job->next;
		if (job_state(job) == JOB_DONE && !job->changed)
			drop(job);
	}
}

void job_notify(void)
{
	bool none;

	while (collect(&none))
		;
	if (!shell_opt(OPT_INTERACTIVE) || shell.in_child)
		return;
	for (struct job *job = jobs; job; job = job->next)
		if (job->number && job->changed && job_state(job) != JOB_RUNNING)
			job_print(job, stderr, JOB_PRINT_SHORT);
	job_forget_done();
}

int job_count_stopped(void)
{
	int n = 0;

	for (struct job *job = jobs; job; job = job->next)
		n += job_state(job) == JOB_STOPPED;
	return n;
}

/* ---- by name ---- */

static struct job *by_text(const char *text)
{
	bool anywhere = *text == '?';

	text += anywhere;
	for (struct job *job = jobs; job; job = job->next)
		if (job->number && job->text &&
		    (anywhere ? strstr(job->text, text) != NULL :
				strncmp(job->text, text, strlen(text)) == 0))
			return job;
	return NULL;
}

static struct job *by_number(const char *digits, bool pid)
{
	char *end;
	long n = strtol(digits, &end, 10);

	for (struct job *job = jobs; job && !*end; job = job->next) {
		if (!pid && job->number == n)
			return job;
		for (size_t i = 0; pid && i < job->n_procs; i++)
			if (job->procs[i].pid == n)
				return job;
	}
	return NULL;
}

struct job *job_by_spec(const char *spec)
{
	if (*spec != '%')
		return by_number(spec, true);
	spec++;
	if (!*spec || strcmp(spec, "+") == 0 || strcmp(spec, "%") == 0)
		return current(NULL);
	if (strcmp(spec, "-") == 0)
		return current(current(NULL));
	return *spec >= '0' && *spec <= '9' ? by_number(spec, false) : by_text(spec);
}

struct job *job_next(struct job *after)
{
	struct job *job = after ? after->next : jobs;

	while (job && !job->number)
		job = job->next;
	return job;
}

pid_t job_group(const struct job *job)
{
	return job->pgid ? -job->pgid : job->procs[0].pid;
}

pid_t job_pid(const struct job *job)
{
	return job->procs[job->n_procs - 1].pid;
}

const char *job_text(const struct job *job)
{
	return job->text ? job->text : "";
}
