/* SPDX-License-Identifier: MIT */
/*
 * exsh, the shell of Exo-OS: a POSIX shell (POSIX.1-2017 XCU §2) with a line
 * editor and job control.
 *
 *   exsh [-il] [-abCefhmnuvx] [-o option] [FILE [ARG...]]
 *   exsh -c COMMANDS [NAME [ARG...]]
 *   exsh -s [ARG...]           commands from standard input
 *
 * Interactive when standard input and error are terminals and no FILE or -c is
 * given. A name that begins with - (or -l) makes a login shell: it reads
 * /etc/profile and ~/.profile. Interactive shells read $ENV.
 */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "builtin.h"
#include "eval.h"
#include "expand.h"
#include "func.h"
#include "history.h"
#include "input.h"
#include "job.h"
#include "parse.h"
#include "redir.h"
#include "shell.h"
#include "trap.h"
#include "var.h"

struct start {
	bool login;
	const char *commands; /* -c */
	int fd;               /* else */
	bool stdin_shared;
};

static const char *find_alias(void *ctx, const char *name)
{
	(void)ctx;
	return alias_find(name);
}

static void run_tree(struct tree *tree)
{
	parse_tree_get(tree); /* a function it defines may be redefined by it */
	eval_node(tree->root);
	parse_tree_put(tree);
	parse_tree_put(tree);
}

static bool is_over(void)
{
	return shell.skip != SKIP_NONE;
}

/* Commands from @in until its end, or until one leaves by `return`, `break`, ... */
static int run_input(struct input *in)
{
	const struct parse_hooks hooks = { .line = input_line, .alias = find_alias, .ctx = in };
	struct parser p;
	unsigned line = shell.line;
	enum parse_result result;
	bool any = false;

	parse_init(&p, &hooks);
	while (!is_over()) {
		struct tree *tree;

		result = parse_command(&p, &tree);
		if (result == PARSE_END)
			break;
		if (result == PARSE_ERROR) {
			shell.line = p.line;
			input_end(in);
			shell_fail(2, "%s", p.error);
		}
		any |= tree->root != NULL;
		run_tree(tree);
	}
	input_end(in);
	shell.line = line;
	return any ? shell.status : (shell.status = 0);
}

int shell_run_text(const char *text)
{
	struct input in = { .text = text, .fd = -1 };

	return run_input(&in);
}

int shell_run_file(int fd)
{
	struct input in = { .fd = fd };
	int status = run_input(&in);

	close(fd);
	return status;
}

/* ---- interactive ---- */

/* Everything that a command which ended in the middle has left. */
static void clean_up(void)
{
	shell.skip = SKIP_NONE;
	shell.loop_depth = shell.function_depth = shell.source_depth = shell.untested = 0;
	redir_unwind();
	eval_unwind();
	var_scope_unwind(0);
	pool_release(&shell.temp, (struct pool_mark){ NULL, 0 });
	trap_take_interrupt();
}

static bool leave_with_stopped_jobs(void)
{
	static bool warned;

	if (!job_count_stopped() || warned)
		return true;
	warned = true;
	shell_error("there are stopped jobs (see `jobs`); Ctrl-D again ends them");
	return false;
}

static void run_interactive(void)
{
	static struct input in;
	static struct parser p;
	static const struct parse_hooks hooks = { .line = input_line, .alias = find_alias,
						  .ctx = &in };
	jmp_buf top;

	in = (struct input){ .fd = STDIN_FILENO, .prompt = true };
	parse_init(&p, &hooks);
	shell.top = &top;
	for (;;) {
		struct tree *tree;
		enum parse_result result;

		if (setjmp(top)) {
			clean_up();
			p.bottom.text = ""; /* what stood behind it on the line is void */
		}
		p.at_end = false;
		result = parse_command(&p, &tree);
		if (result == PARSE_END) {
			if (!leave_with_stopped_jobs())
				continue;
			fputs("exit\n", stderr);
			shell_exit(shell.status);
		}
		if (result == PARSE_ERROR) {
			shell.status = 2;
			shell_error("%s", p.error);
			continue;
		}
		run_tree(tree);
		shell.skip = SKIP_NONE;
	}
}

/* ---- start ---- */

/* Run the file @name if it is there; an error in it does not end the shell. */
static void run_profile(const char *name)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC), high;
	jmp_buf top, *outer = shell.top;

	if (fd < 0)
		return;
	high = fcntl(fd, F_DUPFD_CLOEXEC, 10);
	close(fd);
	if (setjmp(top) == 0) {
		shell.top = &top;
		shell.source_depth++;
		shell_run_file(high);
		shell.source_depth--;
	} else {
		close(high);
		clean_up();
	}
	shell.skip = SKIP_NONE;
	shell.top = outer;
}

static void run_profiles(bool login)
{
	struct text t;

	if (login) {
		text_init(&t, &shell.temp);
		run_profile("/etc/profile");
		if (var_get("HOME")) {
			text_printf(&t, "%s/.profile", var_get("HOME"));
			run_profile(text_get(&t));
		}
	}
	if (shell_opt(OPT_INTERACTIVE) && var_get("ENV"))
		run_profile(expand_text(var_get("ENV")));
}

static __noreturn void bad_usage(void)
{
	fputs("usage: exsh [-il] [-abCefhmnuvx] [-o option] [-c COMMANDS [NAME] | FILE | -s] "
	      "[ARG...]\n", stderr);
	_exit(2);
}

/* Take c, i, l, s out of the option words, which `set` does not know. */
static void own_letters(char **argv, struct start *start, bool *has_commands, bool *interactive)
{
	for (int i = 1; argv[i] && (*argv[i] == '-' || *argv[i] == '+') && argv[i][1]; i++) {
		char *to = argv[i] + 1;

		if (strcmp(argv[i], "--") == 0)
			return;
		for (const char *s = argv[i] + 1; *s; s++) {
			if (*s == 'c')
				*has_commands = true;
			else if (*s == 'i')
				*interactive = true;
			else if (*s == 'l')
				start->login = true;
			else if (*s == 's')
				shell.options[OPT_STDIN] = true;
			else
				*to++ = *s;
		}
		*to = '\0';
		if (argv[i][1] && strchr(argv[i] + 1, 'o'))
			i++;
	}
}

static bool is_empty_option(const char *arg)
{
	return arg && (*arg == '-' || *arg == '+') && !arg[1];
}

/* Without the option words that own_letters() emptied. */
static char **squeeze(char **argv)
{
	char **to = argv + 1;

	for (char **from = argv + 1; *from; from++) {
		if (is_empty_option(*from))
			continue;
		if (**from != '-' && **from != '+') {
			while (*from)
				*to++ = *from++;
			break;
		}
		*to++ = *from;
		if (strcmp(*from, "--") == 0) {
			while (*++from)
				*to++ = *from;
			break;
		}
		if (strchr(*from, 'o') && from[1])
			*to++ = *++from;
	}
	*to = NULL;
	return argv;
}

static int open_script(const char *name)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC), high;

	if (fd < 0) {
		fprintf(stderr, "exsh: %s: %s\n", name, strerror(errno));
		_exit(errno == ENOENT ? 127 : 126);
	}
	high = fcntl(fd, F_DUPFD_CLOEXEC, 10);
	close(fd);
	return high;
}

static bool parse_arguments(char **argv, struct start *start)
{
	bool has_commands = false, interactive = false, operands;
	int at;

	start->login |= argv[0][0] == '-';
	own_letters(argv, start, &has_commands, &interactive);
	at = builtin_set_options(squeeze(argv), &operands);
	if (at < 0)
		bad_usage();
	shell.arg0 = argv[0];
	if (has_commands) {
		if (!argv[at])
			bad_usage();
		start->commands = argv[at++];
		if (argv[at])
			shell.arg0 = argv[at++];
	} else if (argv[at] && !shell_opt(OPT_STDIN)) {
		shell.arg0 = argv[at];
		start->fd = open_script(argv[at++]);
	} else {
		shell.options[OPT_STDIN] = true;
		start->stdin_shared = true;
		interactive |= isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
	}
	for (int n = 0;; n++)
		if (!argv[at + n]) {
			shell_set_params(argv + at, n);
			return interactive;
		}
}

int main(int argc, char **argv, char **env)
{
	struct start start = { .fd = STDIN_FILENO };
	struct input in;
	bool interactive;

	(void)argc;
	setlocale(LC_CTYPE, "C.UTF-8");
	shell.pid = getpid();
	shell.arg0 = "exsh";
	shell.line = 1;
	trap_init();
	var_init(env);
	interactive = parse_arguments(argv, &start);
	if (interactive)
		shell.options[OPT_INTERACTIVE] = true;
	trap_apply_all();
	if (interactive && !start.commands && start.fd == STDIN_FILENO) {
		shell.options[OPT_EMACS] = true;
		job_monitor(true);
		run_profiles(start.login);
		history_load();
		run_interactive();
	}
	run_profiles(start.login);
	in = (struct input){ .text = start.commands, .fd = start.fd,
			     .shared = start.stdin_shared };
	run_input(&in);
	shell_exit(shell.status);
}
