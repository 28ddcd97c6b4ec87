/* SPDX-License-Identifier: MIT */
/* Builtins that say what runs next: loops, functions, files, programs, traps. */
#include "builtin.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "eval.h"
#include "func.h"
#include "job.h"
#include "parse.h"
#include "path.h"
#include "print.h"
#include "shell.h"
#include "trap.h"
#include "var.h"

#define DEFAULT_PATH "/usr/sbin:/usr/bin:/sbin:/bin"

int builtin_colon(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

int builtin_false(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return 1;
}

int builtin_break(int argc, char **argv)
{
	long n = 1;

	if (argc > 1 && (!builtin_number(argv[1], &n) || n < 1))
		return builtin_usage(argv);
	if (!shell.loop_depth)
		return 0;
	shell.skip_count = (int)MIN(n, (long)shell.loop_depth);
	shell.skip = argv[0][0] == 'b' ? SKIP_BREAK : SKIP_CONTINUE;
	return 0;
}

/* The status that `return` and `exit` were given. Return: false: it is none. */
static bool status_arg(char **argv, int *status)
{
	long n;

	*status = shell.status;
	if (!argv[1])
		return true;
	if (!builtin_number(argv[1], &n)) {
		shell_error("%s: %s: not a status", argv[0], argv[1]);
		builtin_misused = true;
		return false;
	}
	*status = (int)(n & 255);
	return true;
}

int builtin_return(int argc, char **argv)
{
	int status;

	(void)argc;
	if (!status_arg(argv, &status))
		return 2;
	if (!shell.source_depth && shell_opt(OPT_INTERACTIVE)) {
		shell_error("return: not in a function");
		return 1;
	}
	shell.status = status;
	shell.skip = SKIP_RETURN; /* outside of functions it ends the script */
	return status;
}

int builtin_exit(int argc, char **argv)
{
	static unsigned warned_at;
	int status;

	(void)argc;
	if (!status_arg(argv, &status))
		return 2;
	if (shell_opt(OPT_INTERACTIVE) && !shell.in_child && job_count_stopped() &&
	    warned_at + 1 != shell.line) {
		warned_at = shell.line;
		shell_error("there are stopped jobs (see `jobs`); `exit` again ends them");
		return 1;
	}
	shell_exit(status);
}

int builtin_eval(int argc, char **argv)
{
	struct text t;

	text_init(&t, &shell.temp);
	for (int i = 1; i < argc; i++) {
		if (i > 1)
			text_char(&t, ' ');
		text_str(&t, argv[i]);
	}
	return shell_run_text(text_get(&t));
}

/* A readable file along PATH, or as named. */
static int open_source(const char *name)
{
	const char *path = var_get("PATH");
	char dir[PATH_MAX];

	if (strchr(name, '/'))
		return open(name, O_RDONLY | O_CLOEXEC);
	while (path_next(&path, dir, sizeof(dir))) {
		struct text t;
		int fd;

		text_init(&t, &shell.temp);
		text_printf(&t, "%s%s", dir, name);
		fd = open(text_get(&t), O_RDONLY | O_CLOEXEC);
		if (fd >= 0)
			return fd;
	}
	return open(name, O_RDONLY | O_CLOEXEC);
}

int builtin_dot(int argc, char **argv)
{
	int fd, high, status;

	if (argc > 1 && strcmp(argv[1], "--") == 0)
		argv++, argc--;
	if (argc < 2)
		return builtin_usage(argv);
	fd = open_source(argv[1]);
	if (fd < 0) {
		shell_error("%s: %s", argv[1], strerror(errno));
		builtin_misused = true;
		return 2;
	}
	high = fcntl(fd, F_DUPFD_CLOEXEC, 10);
	close(fd);
	shell.source_depth++;
	shell.status = 0;
	status = shell_run_file(high);
	shell.source_depth--;
	if (shell.skip == SKIP_RETURN) {
		shell.skip = SKIP_NONE;
		status = shell.status;
	}
	return status;
}

int builtin_exec(int argc, char **argv)
{
	int status;

	if (argc > 1 && strcmp(argv[1], "--") == 0)
		argv++, argc--;
	if (argc < 2)
		return 0;
	if (shell_opt(OPT_INTERACTIVE) && !shell.in_child) {
		bool monitor = shell_opt(OPT_MONITOR);

		job_monitor(false);
		shell.in_child = true; /* signals as a program expects them */
		trap_apply_all();
		status = eval_exec(argv + 1, NULL);
		shell.in_child = false;
		if (monitor)
			job_monitor(true);
		trap_apply_all();
		return status;
	}
	trap_child(false);
	fflush(stdout);
	_exit(eval_exec(argv + 1, NULL));
}

/* ---- names ---- */

static bool is_keyword(const char *name)
{
	static const char *const words[] = { "!", "{", "}", "case", "do", "done", "elif", "else",
		"esac", "fi", "for", "if", "in", "then", "until", "while" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strcmp(words[i], name) == 0)
			return true;
	return false;
}

/* What @name would run. @terse: as `command -v`. Return: 0 or 127. */
static int tell(const char *name, const char *path, bool terse)
{
	const struct builtin *b = builtin_find(name);
	const char *file;

	if (is_keyword(name)) {
		printf(terse ? "%s\n" : "%s is a shell keyword\n", name);
	} else if (alias_find(name)) {
		struct text t;

		text_init(&t, &shell.temp);
		print_quoted(&t, alias_find(name), strlen(alias_find(name)));
		if (terse)
			printf("alias %s=%s\n", name, text_get(&t));
		else
			printf("%s is an alias for %s\n", name, alias_find(name));
	} else if (func_find(name) && !(b && b->special)) {
		printf(terse ? "%s\n" : "%s is a shell function\n", name);
	} else if (b) {
		printf(terse ? "%s\n" : "%s is a %sshell builtin\n", name,
		       b->special ? "special " : "");
	} else {
		file = path_find_along(path, name);
		if (!file || access(file, X_OK) < 0) {
			if (!terse)
				fprintf(stderr, "%s: not found\n", name);
			return 127;
		}
		if (terse)
			puts(file);
		else
			printf("%s is %s\n", name, file);
	}
	return 0;
}

int builtin_command(int argc, char **argv)
{
	struct builtin_opts o = { .argv = argv, .at = 1 };
	const char *path = var_get("PATH");
	bool standard = false, terse = false, verbose = false;
	int c;

	while ((c = builtin_opt(&o, "pvV"))) {
		if (c == '?')
			return 2;
		standard |= c == 'p';
		terse |= c == 'v';
		verbose |= c == 'V';
	}
	if (standard)
		path = DEFAULT_PATH;
	if (o.at >= argc)
		return 0;
	if (terse || verbose)
		return tell(argv[o.at], path ? path : "", terse);
	c = eval_argv(argc - o.at, argv + o.at, false, standard ? path : NULL);
	builtin_misused = false; /* that is what `command` is for */
	return c;
}

int builtin_type(int argc, char **argv)
{
	int status = 0;

	for (int i = 1; i < argc; i++)
		status |= tell(argv[i], var_get("PATH") ? var_get("PATH") : "", false);
	return status;
}

int builtin_hash(int argc, char **argv)
{
	struct builtin_opts o = { .argv = argv, .at = 1 };
	int c, status = 0;

	while ((c = builtin_opt(&o, "r"))) {
		if (c == '?')
			return 2;
		path_forget();
	}
	if (argc == 1)
		path_print();
	for (int i = o.at; i < argc; i++) {
		if (!builtin_find(argv[i]) && !func_find(argv[i]) && !path_find(argv[i])) {
			shell_error("hash: %s: not found", argv[i]);
			status = 1;
		}
	}
	return status;
}

/* ---- trap ---- */

static void print_traps(void)
{
	for (int sig = 0; sig < TRAP_SIGNALS; sig++) {
		struct text t;

		if (!trap_get(sig))
			continue;
		text_init(&t, &shell.temp);
		text_str(&t, "trap -- ");
		print_quoted(&t, trap_get(sig), strlen(trap_get(sig)));
		if (trap_name(sig))
			text_printf(&t, " %s", trap_name(sig));
		else
			text_printf(&t, " %d", sig);
		puts(text_get(&t));
	}
}

int builtin_trap(int argc, char **argv)
{
	const char *action = NULL;
	int at = 1, status = 0;

	if (at < argc && strcmp(argv[at], "--") == 0)
		at++;
	if (at >= argc) {
		print_traps();
		return 0;
	}
	/* A number first: all are conditions, to be reset. */
	if (!(argv[at][0] >= '0' && argv[at][0] <= '9') && at + 1 < argc) {
		action = strcmp(argv[at], "-") == 0 ? NULL : argv[at];
		at++;
	}
	for (; at < argc; at++) {
		int sig = trap_number(argv[at], true);

		if (sig < 0 || !trap_set(sig, action)) {
			shell_error("trap: %s: bad signal", argv[at]);
			status = 1;
		}
	}
	return status;
}
