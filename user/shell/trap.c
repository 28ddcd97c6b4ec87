/* SPDX-License-Identifier: MIT */
/* Signals and traps (contract in trap.h). */
#include "trap.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "shell.h"

static const char *const names[TRAP_SIGNALS] = {
	[0] = "EXIT", [SIGHUP] = "HUP", [SIGINT] = "INT", [SIGQUIT] = "QUIT", [SIGILL] = "ILL",
	[SIGTRAP] = "TRAP", [SIGABRT] = "ABRT", [SIGBUS] = "BUS", [SIGFPE] = "FPE",
	[SIGKILL] = "KILL", [SIGUSR1] = "USR1", [SIGSEGV] = "SEGV", [SIGUSR2] = "USR2",
	[SIGPIPE] = "PIPE", [SIGALRM] = "ALRM", [SIGTERM] = "TERM", [16] = "STKFLT",
	[SIGCHLD] = "CHLD", [SIGCONT] = "CONT", [SIGSTOP] = "STOP", [SIGTSTP] = "TSTP",
	[SIGTTIN] = "TTIN", [SIGTTOU] = "TTOU", [SIGURG] = "URG", [SIGXCPU] = "XCPU",
	[SIGXFSZ] = "XFSZ", [SIGVTALRM] = "VTALRM", [SIGPROF] = "PROF", [SIGWINCH] = "WINCH",
	[SIGIO] = "IO", [SIGPWR] = "PWR", [SIGSYS] = "SYS",
};

static char *actions[TRAP_SIGNALS];          /* NULL: default; "": ignored */
static bool ignored_at_start[TRAP_SIGNALS];
static volatile sig_atomic_t came[TRAP_SIGNALS], any_came, interrupted;
static bool running_exit;

static void on_signal(int sig)
{
	if (actions[sig]) {
		came[sig] = 1;
		any_came = 1;
	} else if (sig == SIGINT) {
		interrupted = 1;
	} /* CHLD, WINCH: that a call was interrupted is enough */
}

void trap_init(void)
{
	for (int sig = 1; sig < TRAP_SIGNALS; sig++) {
		struct sigaction sa;

		ignored_at_start[sig] = sigaction(sig, NULL, &sa) == 0 &&
					sa.sa_handler == SIG_IGN;
	}
}

static void set_handler(int sig, void (*handler)(int sig))
{
	struct sigaction sa = { .sa_handler = handler };

	sigemptyset(&sa.sa_mask);
	sigaction(sig, &sa, NULL); /* KILL and STOP stay as they are */
}

static bool is_job_signal(int sig)
{
	return sig == SIGTSTP || sig == SIGTTIN || sig == SIGTTOU;
}

static void apply(int sig)
{
	bool prompt = shell_opt(OPT_INTERACTIVE) && !shell.in_child;

	if (actions[sig])
		set_handler(sig, *actions[sig] ? on_signal : SIG_IGN);
	else if (sig == SIGCHLD || (prompt && (sig == SIGINT || sig == SIGWINCH)))
		set_handler(sig, on_signal);
	else if (prompt && (sig == SIGQUIT || sig == SIGTERM))
		set_handler(sig, SIG_IGN);
	else if (!shell.in_child && shell_opt(OPT_MONITOR) && is_job_signal(sig))
		set_handler(sig, SIG_IGN);
	else
		set_handler(sig, ignored_at_start[sig] ? SIG_IGN : SIG_DFL);
}

void trap_apply_all(void)
{
	for (int sig = 1; sig < TRAP_SIGNALS; sig++)
		if (sig < 32 || actions[sig])
			apply(sig);
}

bool trap_set(int sig, const char *action)
{
	if (sig && ignored_at_start[sig] && !shell_opt(OPT_INTERACTIVE))
		return true; /* said nothing, changed nothing */
	if (sig == SIGKILL || sig == SIGSTOP)
		return false;
	free(actions[sig]);
	actions[sig] = action ? shell_strdup(action) : NULL;
	if (sig)
		apply(sig);
	return true;
}

const char *trap_get(int sig)
{
	return actions[sig];
}

void trap_child(bool detached)
{
	interrupted = any_came = 0;
	for (int sig = 0; sig < TRAP_SIGNALS; sig++) {
		came[sig] = 0;
		if (actions[sig] && *actions[sig]) {
			free(actions[sig]);
			actions[sig] = NULL;
			if (sig >= 32)
				apply(sig);
		}
	}
	trap_apply_all();
	if (detached) {
		set_handler(SIGINT, SIG_IGN);
		set_handler(SIGQUIT, SIG_IGN);
	}
}

bool trap_pending(void)
{
	return any_came || interrupted;
}

void trap_interrupt(void)
{
	interrupted = 1;
}

bool trap_take_interrupt(void)
{
	bool was = interrupted;

	interrupted = 0;
	return was;
}

static void run_action(const char *action)
{
	enum shell_skip skip = shell.skip;
	char *copy = shell_strdup(action); /* the action may set another */
	int status = shell.status;

	shell.skip = SKIP_NONE;
	shell_run_text(copy);
	free(copy);
	if (shell.skip == SKIP_NONE) {
		shell.skip = skip;
		shell.status = status;
	}
}

void trap_run_pending(void)
{
	if (likely(!any_came && !interrupted))
		return;
	if (trap_take_interrupt() && shell.top && !shell.in_child)
		shell_abort(128 + SIGINT);
	while (any_came) {
		any_came = 0;
		for (int sig = 1; sig < TRAP_SIGNALS; sig++) {
			if (!came[sig])
				continue;
			came[sig] = 0;
			if (actions[sig] && *actions[sig])
				run_action(actions[sig]);
		}
	}
}

void trap_run_exit(void)
{
	char *action = actions[0];

	if (!action || running_exit)
		return;
	running_exit = true;
	actions[0] = NULL;
	shell.top = NULL; /* an error in it ends it, and the shell */
	run_action(action);
	free(action);
}

int trap_number(const char *name, bool exit)
{
	char *end;
	long n;

	if (*name >= '0' && *name <= '9') {
		n = strtol(name, &end, 10);
		return *end || n >= TRAP_SIGNALS || (!n && !exit) ? -1 : (int)n;
	}
	if (strncasecmp(name, "SIG", 3) == 0)
		name += 3;
	for (int sig = exit ? 0 : 1; sig < TRAP_SIGNALS; sig++)
		if (names[sig] && strcasecmp(names[sig], name) == 0)
			return sig;
	return -1;
}

const char *trap_name(int sig)
{
	return sig >= 0 && sig < TRAP_SIGNALS ? names[sig] : NULL;
}
