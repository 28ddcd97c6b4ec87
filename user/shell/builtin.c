/* SPDX-License-Identifier: MIT */
/* The table of builtins, and their options (contract in builtin.h). */
#include "builtin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "getopts.h"
#include "shell.h"

bool builtin_misused;

/* In order of name. */
const struct builtin builtins[] = {
	{ ".", builtin_dot, true, false, "file", "run the commands of a file here" },
	{ ":", builtin_colon, true, false, "[word...]", "do nothing, well" },
	{ "[", builtin_test, false, false, "expression ]", "test" },
	{ "alias", builtin_alias, false, false, "[name[=text]...]", "give a command another name" },
	{ "bg", builtin_fg, false, false, "[%job...]", "let a stopped job go on behind you" },
	{ "break", builtin_break, true, false, "[n]", "leave a loop" },
	{ "cd", builtin_cd, false, false, "[-L|-P] [dir|-]", "go to another directory" },
	{ "command", builtin_command, false, false, "[-p] [-v|-V] name [arg...]",
	  "run a command, not a function; say what a name is" },
	{ "continue", builtin_break, true, false, "[n]", "go on with a loop's next turn" },
	{ "echo", builtin_echo, false, false, "[-n] [word...]", "print words" },
	{ "eval", builtin_eval, true, false, "[word...]", "run words as a command" },
	{ "exec", builtin_exec, true, false, "[program [arg...]]",
	  "become a program, or keep redirections" },
	{ "exit", builtin_exit, true, false, "[status]", "end the shell" },
	{ "export", builtin_export, true, true, "[-p] [name[=value]...]",
	  "give variables to programs" },
	{ "false", builtin_false, false, false, "", "fail" },
	{ "fg", builtin_fg, false, false, "[%job]", "bring a job before you" },
	{ "getopts", getopts_builtin, false, false, "letters name [arg...]", "read options" },
	{ "hash", builtin_hash, false, false, "[-r] [name...]", "where programs were found" },
	{ "help", builtin_help, false, false, "[name]", "this" },
	{ "history", builtin_history, false, false, "[-c] [n]", "the lines typed before" },
	{ "jobs", builtin_jobs, false, false, "[-l|-p] [%job...]", "what runs or is stopped" },
	{ "kill", builtin_kill, false, false, "[-s signal|-signal] pid|%job... | -l",
	  "send a signal" },
	{ "local", builtin_local, false, true, "[name[=value]...]",
	  "variables that a function's end puts back" },
	{ "printf", builtin_printf, false, false, "format [arg...]", "print by a format" },
	{ "pwd", builtin_pwd, false, false, "[-L|-P]", "where you are" },
	{ "read", builtin_read, false, false, "[-r] [-p prompt] name...", "read a line" },
	{ "readonly", builtin_export, true, true, "[-p] [name[=value]...]",
	  "variables that do not change any more" },
	{ "return", builtin_return, true, false, "[status]", "leave a function or `.` file" },
	{ "set", builtin_set, true, false, "[-abCefhmnuvx] [-o name] [--] [word...]",
	  "options and parameters" },
	{ "shift", builtin_shift, true, false, "[n]", "drop the first parameters" },
	{ "test", builtin_test, false, false, "expression", "compare, and ask about files" },
	{ "times", builtin_times, true, false, "", "CPU time used by the shell and its children" },
	{ "trap", builtin_trap, true, false, "[action] [signal...]", "what to do at a signal" },
	{ "true", builtin_colon, false, false, "", "succeed" },
	{ "type", builtin_type, false, false, "name...", "what a name would run" },
	{ "ulimit", builtin_ulimit, false, false, "[-HSa] [-cdfklmnpqrstuvwx [limit]]",
	  "limits of resources" },
	{ "umask", builtin_umask, false, false, "[-S] [mask]", "permissions new files do not get" },
	{ "unalias", builtin_unalias, false, false, "-a | name...", "forget aliases" },
	{ "unset", builtin_unset, true, false, "[-f|-v] name...", "forget variables or functions" },
	{ "wait", builtin_wait, false, false, "[pid|%job...]", "wait for jobs to end" },
};

const size_t builtin_count = ARRAY_SIZE(builtins);

static int by_name(const void *name, const void *row)
{
	return strcmp(name, ((const struct builtin *)row)->name);
}

const struct builtin *builtin_find(const char *name)
{
	return bsearch(name, builtins, ARRAY_SIZE(builtins), sizeof(builtins[0]), by_name);
}

int builtin_usage(char **argv)
{
	const struct builtin *b = builtin_find(argv[0]);

	shell_error("usage: %s %s", argv[0], b ? b->usage : "");
	builtin_misused = true;
	return 2;
}

int builtin_opt(struct builtin_opts *o, const char *letters)
{
	const char *found;

	if (!o->rest || !*o->rest) {
		const char *arg = o->argv[o->at];

		if (!arg || arg[0] != '-' || !arg[1])
			return 0;
		o->at++;
		if (strcmp(arg, "--") == 0)
			return 0;
		o->rest = arg + 1;
	}
	found = *o->rest == ':' ? NULL : strchr(letters, *o->rest);
	if (!found) {
		builtin_usage(o->argv);
		return '?';
	}
	o->rest++;
	if (found[1] == ':') {
		union {
			const char *in;
			char *out;
		} rest = { .in = o->rest }; /* argv's own bytes */

		o->arg = *o->rest ? rest.out : o->argv[o->at];
		if (!*o->rest && o->arg)
			o->at++;
		o->rest = "";
		if (!o->arg) {
			builtin_usage(o->argv);
			return '?';
		}
	}
	return *found;
}

bool builtin_number(const char *s, long *n)
{
	char *end;

	if (*s < '0' || *s > '9')
		return false;
	*n = strtol(s, &end, 10);
	return !*end && *n <= 0x7fffffff;
}
