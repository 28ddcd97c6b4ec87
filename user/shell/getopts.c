/* SPDX-License-Identifier: MIT */
/* getopts (POSIX.1-2017 XCU, getopts). OPTIND says the argument, `letter` the place in it. */
#include "getopts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "builtin.h"
#include "shell.h"
#include "var.h"

static size_t letter; /* 0: at the start of an argument */
static bool setting;

void getopts_reset(void)
{
	if (!setting)
		letter = 0;
}

static void set_index(long index)
{
	char text[24];

	snprintf(text, sizeof(text), "%ld", index);
	setting = true; /* not the user */
	var_set("OPTIND", text);
	setting = false;
}

static int finish(const char *name, long index)
{
	letter = 0;
	set_index(index);
	var_unset("OPTARG");
	var_set(name, "?");
	return 1;
}

/* An unknown option, or one without its argument. */
static void wrong(const char *name, const char *letters, char c, bool argument)
{
	char text[2] = { c, '\0' };

	if (*letters == ':') {
		var_set("OPTARG", text);
		var_set(name, argument ? ":" : "?");
		return;
	}
	fprintf(stderr, argument ? "%s: No arg for -%c option\n" : "%s: Illegal option -%c\n",
		shell.arg0, c);
	var_unset("OPTARG");
	var_set(name, "?");
}

/* @c takes an argument: the rest of this word, or the next. Return: false: none. */
static bool take_argument(char **args, int n, long *index, const char *word)
{
	if (word[letter]) {
		var_set("OPTARG", word + letter);
	} else if (*index <= n) {
		var_set("OPTARG", args[(*index)++ - 1]);
	} else {
		letter = 0;
		return false;
	}
	letter = 0;
	return true;
}

int getopts_builtin(int argc, char **argv)
{
	char **args = argc > 3 ? argv + 3 : shell.params.argv;
	int n = argc > 3 ? argc - 3 : shell.params.argc;
	const char *letters, *word, *found;
	char text[2] = "";
	long index;

	if (argc < 3)
		return builtin_usage(argv);
	letters = argv[1];
	index = atol(var_get("OPTIND") ? var_get("OPTIND") : "1");
	if (index < 1)
		index = 1;
	/* args[index - 1] is being read: index counts it as not yet passed. */
	word = index <= n ? args[index - 1] : NULL;
	if (letter == 0) {
		if (!word || word[0] != '-' || !word[1])
			return finish(argv[2], index);
		if (strcmp(word, "--") == 0)
			return finish(argv[2], index + 1);
		letter = 1;
	}
	if (!word || letter >= strlen(word))
		return finish(argv[2], index);
	text[0] = word[letter++];
	found = text[0] == ':' ? NULL : strchr(letters, text[0]);
	if (found && found[1] == ':') {
		index++;
		if (take_argument(args, n, &index, word))
			var_set(argv[2], text);
		else
			wrong(argv[2], letters, text[0], true);
	} else {
		if (!word[letter]) {
			letter = 0;
			index++;
		}
		if (found) {
			var_unset("OPTARG");
			var_set(argv[2], text);
		} else {
			wrong(argv[2], letters, text[0], false);
		}
	}
	set_index(index);
	return 0;
}
