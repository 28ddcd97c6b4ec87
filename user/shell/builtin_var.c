/* SPDX-License-Identifier: MIT */
/* Builtins on variables, options, parameters and aliases. */
#include "builtin.h"

#include <stdio.h>
#include <string.h>

#include "func.h"
#include "parse.h"
#include "print.h"
#include "shell.h"
#include "var.h"

/* `name` or `name=value` to its parts. Return: false: no name, and said. */
static bool split(char **argv, const char *arg, char **name, const char **value)
{
	const char *equals = strchr(arg, '=');
	size_t len = equals ? (size_t)(equals - arg) : strlen(arg);

	if (!parse_is_name(arg, len)) {
		shell_error("%s: %s: bad variable name", argv[0], arg);
		builtin_misused = true;
		return false;
	}
	*name = pool_strndup(&shell.temp, arg, len);
	*value = equals ? equals + 1 : NULL;
	return true;
}

int builtin_export(int argc, char **argv)
{
	bool readonly = argv[0][0] == 'r';
	struct builtin_opts o = { .argv = argv, .at = 1 };
	const char *value;
	char *name;
	int c;

	while ((c = builtin_opt(&o, "p")))
		if (c == '?')
			return 2;
	if (o.at >= argc)
		var_print(readonly ? "readonly " : "export ", !readonly, readonly);
	for (int i = o.at; i < argc; i++) {
		if (!split(argv, argv[i], &name, &value))
			return 2;
		if (value)
			var_set(name, value);
		if (readonly)
			var_readonly(name);
		else
			var_export(name);
	}
	return 0;
}

int builtin_local(int argc, char **argv)
{
	const char *value;
	char *name;

	for (int i = 1; i < argc; i++) {
		if (!split(argv, argv[i], &name, &value))
			return 2;
		if (!shell.function_depth || !var_local(name)) {
			shell_error("local: not in a function");
			return 2;
		}
		if (value)
			var_set(name, value);
	}
	return 0;
}

int builtin_unset(int argc, char **argv)
{
	struct builtin_opts o = { .argv = argv, .at = 1 };
	bool functions = false;
	int c;

	while ((c = builtin_opt(&o, "fv"))) {
		if (c == '?')
			return 2;
		functions = c == 'f';
	}
	for (int i = o.at; i < argc; i++) {
		if (functions) {
			func_unset(argv[i]);
		} else if (!parse_is_name(argv[i], strlen(argv[i]))) {
			shell_error("unset: %s: bad variable name", argv[i]);
			builtin_misused = true;
			return 2;
		} else {
			var_unset(argv[i]);
		}
	}
	return 0;
}

/* ---- set ---- */

static void print_options(bool as_commands)
{
	for (int i = 0; i < OPT_COUNT; i++) {
		enum shell_option o = (enum shell_option)i;

		if (as_commands)
			printf("set %co %s\n", shell_opt(o) ? '-' : '+', shell_option_name(o));
		else
			printf("%-15s %s\n", shell_option_name(o), shell_opt(o) ? "on" : "off");
	}
}

int builtin_set_options(char **argv, bool *operands)
{
	int at = 1;

	*operands = false;
	for (; argv[at] && (*argv[at] == '-' || *argv[at] == '+') && argv[at][1]; at++) {
		bool on = *argv[at] == '-';

		if (strcmp(argv[at], "--") == 0) {
			*operands = true;
			return at + 1;
		}
		for (const char *s = argv[at] + 1; *s; s++) {
			if (*s != 'o' && (*s == 'i' || *s == 's' || !shell_set_letter(*s, on))) {
				shell_error("%c%c: no such option", on ? '-' : '+', *s);
				return -1;
			}
			if (*s != 'o')
				continue;
			if (!argv[at + 1]) {
				print_options(!on);
			} else if (!shell_set_name(argv[++at], on)) {
				shell_error("%s: no such option", argv[at]);
				return -1;
			}
			break;
		}
	}
	if (argv[at] && strcmp(argv[at], "-") == 0) {
		shell_set_letter('x', false);
		shell_set_letter('v', false);
		at++;
		*operands = argv[at] != NULL;
	}
	*operands |= argv[at] != NULL;
	return at;
}

int builtin_set(int argc, char **argv)
{
	bool operands;
	int at;

	if (argc == 1) {
		var_print("", false, false);
		return 0;
	}
	at = builtin_set_options(argv, &operands);
	if (at < 0) {
		builtin_misused = true;
		return 2;
	}
	if (operands)
		shell_set_params(argv + at, argc - at);
	return 0;
}

int builtin_shift(int argc, char **argv)
{
	long n = 1;
	char **copy;

	if (argc > 1 && !builtin_number(argv[1], &n))
		return builtin_usage(argv);
	if (n > shell.params.argc) {
		shell_error("shift: can't shift that many");
		builtin_misused = true;
		return 2;
	}
	copy = pool_alloc(&shell.temp, ((size_t)shell.params.argc + 1) * sizeof(*copy));
	for (int i = (int)n; i < shell.params.argc; i++)
		copy[i - n] = pool_strdup(&shell.temp, shell.params.argv[i]);
	shell_set_params(copy, shell.params.argc - (int)n);
	return 0;
}

/* ---- aliases ---- */

static void print_alias(const char *name)
{
	const char *text = alias_find(name);
	struct text t;

	text_init(&t, &shell.temp);
	print_quoted(&t, text, strlen(text));
	printf("%s=%s\n", name, text_get(&t));
}

int builtin_alias(int argc, char **argv)
{
	int status = 0;

	if (argc == 1)
		for (const char *name = alias_next(NULL); name; name = alias_next(name))
			print_alias(name);
	for (int i = 1; i < argc; i++) {
		const char *equals = strchr(argv[i] + (*argv[i] == '='), '=');

		if (equals) {
			alias_define(pool_strndup(&shell.temp, argv[i], (size_t)(equals - argv[i])),
				     equals + 1);
		} else if (alias_find(argv[i])) {
			print_alias(argv[i]);
		} else {
			shell_error("alias: %s: not found", argv[i]);
			status = 1;
		}
	}
	return status;
}

int builtin_unalias(int argc, char **argv)
{
	struct builtin_opts o = { .argv = argv, .at = 1 };
	int c, status = 0;

	while ((c = builtin_opt(&o, "a"))) {
		if (c == '?')
			return 2;
		alias_remove_all();
	}
	for (int i = o.at; i < argc; i++) {
		if (!alias_remove(argv[i])) {
			shell_error("unalias: %s: not found", argv[i]);
			status = 1;
		}
	}
	return status;
}
