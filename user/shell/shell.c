/* SPDX-License-Identifier: MIT */
/* The state of the shell, its errors and options (contract in shell.h). */
#include "shell.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "history.h"
#include "job.h"
#include "trap.h"

struct shell shell;

static const struct {
	const char *name;
	char letter; /* 0: none */
} options[OPT_COUNT] = {
	[OPT_ALLEXPORT] = { "allexport", 'a' }, [OPT_NOTIFY] = { "notify", 'b' },
	[OPT_NOCLOBBER] = { "noclobber", 'C' }, [OPT_ERREXIT] = { "errexit", 'e' },
	[OPT_NOGLOB] = { "noglob", 'f' }, [OPT_HASHALL] = { "hashall", 'h' },
	[OPT_INTERACTIVE] = { "interactive", 'i' }, [OPT_MONITOR] = { "monitor", 'm' },
	[OPT_NOEXEC] = { "noexec", 'n' }, [OPT_STDIN] = { "stdin", 's' },
	[OPT_NOUNSET] = { "nounset", 'u' }, [OPT_VERBOSE] = { "verbose", 'v' },
	[OPT_XTRACE] = { "xtrace", 'x' }, [OPT_IGNOREEOF] = { "ignoreeof", 0 },
	[OPT_PIPEFAIL] = { "pipefail", 0 }, [OPT_EMACS] = { "emacs", 0 },
};

const char *shell_option_name(enum shell_option o)
{
	return options[o].name;
}

char shell_option_letter(enum shell_option o)
{
	return options[o].letter;
}

static void set_option(enum shell_option o, bool on)
{
	shell.options[o] = on;
	if (o == OPT_MONITOR)
		job_monitor(on);
}

bool shell_set_letter(char letter, bool on)
{
	for (int o = 0; o < OPT_COUNT; o++)
		if (letter && options[o].letter == letter) {
			set_option((enum shell_option)o, on);
			return true;
		}
	return false;
}

bool shell_set_name(const char *name, bool on)
{
	for (int o = 0; o < OPT_COUNT; o++)
		if (strcmp(options[o].name, name) == 0) {
			set_option((enum shell_option)o, on);
			return true;
		}
	return false;
}

static void say(const char *fmt, va_list ap)
{
	fflush(stdout);
	if (shell_opt(OPT_INTERACTIVE))
		fprintf(stderr, "exsh: ");
	else
		fprintf(stderr, "%s: line %u: ", shell.arg0, shell.line);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
}

void shell_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
}

void shell_fail(int status, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
	shell_abort(status);
}

void shell_abort(int status)
{
	shell.status = status;
	if (shell.top && !shell.in_child)
		longjmp(*shell.top, 1);
	shell_exit(status);
}

void shell_exit(int status)
{
	shell.status = status;
	shell.skip = SKIP_NONE;
	trap_run_exit();
	fflush(stdout);
	if (!shell.in_child) {
		history_save();
		job_monitor(false); /* the terminal goes back to whom it was from */
	}
	_exit(shell.status);
}

void shell_free_params(struct shell_params *params)
{
	for (int i = 0; i < params->argc; i++)
		free(params->argv[i]);
	free(params->argv);
	*params = (struct shell_params){ NULL, 0 };
}

void shell_set_params(char *const *argv, int argc)
{
	struct shell_params new = { shell_alloc(((size_t)argc + 1) * sizeof(char *)), argc };

	for (int i = 0; i < argc; i++)
		new.argv[i] = shell_strdup(argv[i]);
	shell_free_params(&shell.params);
	shell.params = new;
}

void *shell_alloc(size_t len)
{
	void *p = calloc(1, len ? len : 1);

	if (!p) {
		fputs("exsh: out of memory\n", stderr);
		_exit(2);
	}
	return p;
}

char *shell_strdup(const char *s)
{
	size_t len = strlen(s);

	return memcpy(shell_alloc(len + 1), s, len);
}
