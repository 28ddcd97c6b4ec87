/* SPDX-License-Identifier: MIT */
/*
 * The one shell of this process: options, parameters, where it stands. Errors
 * that end a command (or the script) go through shell_fail(); `break`, `return`
 * and the like set `skip`, which eval.c looks at between commands.
 */
#pragma once

#include <setjmp.h>
#include <sys/types.h>

#include "pool.h"

enum shell_option {
	OPT_ALLEXPORT, OPT_NOTIFY, OPT_NOCLOBBER, OPT_ERREXIT, OPT_NOGLOB, OPT_HASHALL,
	OPT_INTERACTIVE, OPT_MONITOR, OPT_NOEXEC, OPT_STDIN, OPT_NOUNSET, OPT_VERBOSE,
	OPT_XTRACE, OPT_IGNOREEOF, OPT_PIPEFAIL, OPT_EMACS, OPT_COUNT,
};

enum shell_skip { SKIP_NONE, SKIP_BREAK, SKIP_CONTINUE, SKIP_RETURN };

struct shell_params {
	char **argv; /* "$1" is argv[0]; malloc'd, each and the array */
	int argc;
};

struct shell {
	bool options[OPT_COUNT];
	const char *arg0;           /* $0 */
	struct shell_params params;
	int status;                 /* $? */
	pid_t pid;                  /* $$ */
	bool has_background;
	pid_t background;           /* $! */
	bool in_child;              /* a subshell: errors end it */
	enum shell_skip skip;
	int skip_count;             /* loops that break and continue still leave */
	int loop_depth;
	int source_depth;           /* functions and dot scripts: return has a meaning */
	int function_depth;
	int untested;               /* >0: a failing command is being tested: no errexit */
	unsigned line;              /* $LINENO */
	int substitution_status;    /* of the last $( ) in a command without a name */
	struct pool temp;          /* what expansion makes; marks nest */
	jmp_buf *top;               /* where an interactive shell goes on after an error */
};

extern struct shell shell;

static inline bool shell_opt(enum shell_option o)
{
	return shell.options[o];
}

/* "exsh: line N: ..." on standard error. */
__printf(1, 2) void shell_error(const char *fmt, ...);
/* An error that ends a script: said, then shell_abort(@status). */
__printf(2, 3) __noreturn void shell_fail(int status, const char *fmt, ...);
/* The same without words: back to the prompt, or exit. */
__noreturn void shell_abort(int status);
/* Run the EXIT trap, save the history, end. */
__noreturn void shell_exit(int status);

/* Options by letter or name. Return: false: there is no such option. */
bool shell_set_letter(char letter, bool on);
bool shell_set_name(const char *name, bool on);
const char *shell_option_name(enum shell_option o);
char shell_option_letter(enum shell_option o);

/* Replace "$@" by copies of @argv. */
void shell_set_params(char *const *argv, int argc);
void shell_free_params(struct shell_params *params);

/* malloc that does not fail. */
void *shell_alloc(size_t len);
char *shell_strdup(const char *s);

/* main.c: read commands from @text or @fd up to their end. Return: status. */
int shell_run_text(const char *text);
int shell_run_file(int fd);
