/* SPDX-License-Identifier: MIT */
/*
 * sandbox - runs a program under promises and with a view of the tree, for programs that
 * know of neither; and prints what is enforced on a process.
 *
 *     sandbox run [-p PROMISES] [-e EXECPROMISES] [-u PERMS:PATH]... [--] CMD [ARG...]
 *     sandbox [--json] PID
 *     pledge -p PROMISES [-e EXECPROMISES] [--] CMD [ARG...]    the same program by other names
 *     unveil PERMS:PATH... -- CMD [ARG...]
 *     audit [-f] [--json]
 *
 * The promises are made for the program that is executed, so this one's own needs do not
 * count. With a view CMD's own file may be executed besides. Exit status: CMD's; 125
 * something is wrong here; 126, 127 as env(1).
 */
#include "show.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { SYS_PLEDGE = 1025, SYS_UNVEIL = 1026 };	/* kernel/syscall.tbl */
enum { NOT_EXECUTABLE = 126, NOT_FOUND = 127 };

static const char *self = "sandbox";

void die(int status, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fprintf(stderr, "%s: ", self);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(status);
}

static const char usage[] =
	"usage: sandbox run [-p PROMISES] [-e EXECPROMISES] [-u PERMS:PATH]... [--] CMD [ARG...]\n"
	"       sandbox [--json] PID      what is enforced on a process\n"
	"       pledge -p PROMISES [-e EXECPROMISES] [--] CMD [ARG...]\n"
	"       unveil PERMS:PATH... -- CMD [ARG...]\n"
	"       audit [-f] [--json]       what was refused so far; -f: and from now on\n"
	"\n"
	"PROMISES  words such as \"stdio rpath\" (OpenBSD's pledge(2)): what CMD may ask of the\n"
	"          kernel. A call outside them ends it by SIGABRT (status 134), or with the\n"
	"          word \"error\" gives it ENOSYS. The log (dmesg) says which call and word.\n"
	"EXECPROMISES  the same for the programs that CMD executes; without -e they have CMD's.\n"
	"PERMS     letters of rwxc: read, write, execute, create and remove. What is not\n"
	"          below any PATH does not exist for CMD.\n";

/* "rw:/tmp" -> the kernel's rule. */
static void add_rule(const char *text)
{
	const char *colon = strchr(text, ':');
	char perms[8];

	if (!colon || colon - text >= (long)sizeof(perms))
		die(FAILED, "%s: want PERMS:PATH, such as r:/etc", text);
	memcpy(perms, text, (size_t)(colon - text));
	perms[colon - text] = '\0';
	if (syscall(SYS_UNVEIL, colon + 1, perms))
		die(FAILED, "unveil %s: %s", text, strerror(errno));
}

/* As execvp(3) would, so that the file is known before the tree is hidden. */
static const char *find_program(const char *name)
{
	static char found[PATH_MAX];
	const char *path = getenv("PATH");

	if (strchr(name, '/'))
		return name;
	for (path = path ? path : "/bin:/usr/bin"; *path;) {
		size_t len = strcspn(path, ":");

		if (snprintf(found, sizeof(found), "%.*s%s%s", (int)len, path, len ? "/" : "",
			     name) < (int)sizeof(found) && access(found, X_OK) == 0)
			return found;
		path += len + (path[len] == ':');
	}
	die(NOT_FOUND, "%s: not found", name);
}

/* @later: of what CMD executes; NULL: as CMD's. */
static void promise(const char *promises, const char *later)
{
	size_t size = strlen(promises) + (later ? strlen(later) : 0) + 2;
	char *words = malloc(size);

	if (!words)
		die(FAILED, "no memory");
	snprintf(words, size, "%s%s%s", promises, later ? ";" : "", later ? later : "");
	if (syscall(SYS_PLEDGE, NULL, words))
		die(FAILED, "pledge \"%s\": %s", words,
		    errno == EINVAL ? "no such promise" : strerror(errno));
	free(words);
}

struct limits {
	const char *promises, *later; /* NULL: none */
	char **rules;
	int nr_rules;
};

__attribute__((noreturn))
static void run(const struct limits *limits, char **command)
{
	const char *program;
	int i;

	if (!command[0])
		die(FAILED, "no program is named\n%s", usage);
	program = find_program(command[0]);
	for (i = 0; i < limits->nr_rules; i++)
		add_rule(limits->rules[i]);
	/* Its own file at least, and no less than the rules say. */
	if (limits->nr_rules && access(program, X_OK) &&
	    syscall(SYS_UNVEIL, program, access(program, R_OK) == 0 ? "rx" : "x"))
		die(errno == ENOENT ? NOT_FOUND : NOT_EXECUTABLE, "%s: %s", program,
		    strerror(errno));
	if (limits->nr_rules && syscall(SYS_UNVEIL, NULL, NULL))
		die(FAILED, "unveil: %s", strerror(errno));
	if (limits->promises)
		promise(limits->promises, limits->later);
	execv(program, command);
	die(errno == ENOENT ? NOT_FOUND : NOT_EXECUTABLE, "%s: %s", program, strerror(errno));
}

/* Rules stand as they are, up to "--". */
static void run_unveil(int argc, char **argv)
{
	int n = 0;

	while (n < argc && strcmp(argv[n], "--") != 0)
		n++;
	if (n == argc || n == 0)
		die(FAILED, "want rules, then --\n%s", usage);
	run(&(struct limits){ .rules = argv, .nr_rules = n }, argv + n + 1);
}

static void run_options(int argc, char **argv)
{
	struct limits limits = { .rules = calloc((size_t)argc + 1, sizeof(char *)) };
	int option;

	while ((option = getopt(argc, argv, "+p:e:u:")) >= 0) {
		if (option == 'p')
			limits.promises = optarg;
		else if (option == 'e')
			limits.later = optarg;
		else if (option == 'u' && limits.rules)
			limits.rules[limits.nr_rules++] = optarg;
		else
			die(FAILED, "%s", usage);
	}
	if (limits.later && !limits.promises)
		die(FAILED, "-e wants -p\n%s", usage);
	run(&limits, argv + optind);
}

/* sandbox [--json] PID; audit [-f] [--json] */
static int print(int argc, char **argv, bool audit)
{
	bool json = false, follow = false;
	const char *pid = NULL;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--json") == 0)
			json = true;
		else if (audit && strcmp(argv[i], "-f") == 0)
			follow = true;
		else if (!audit && !pid && argv[i][0] != '-')
			pid = argv[i];
		else
			die(FAILED, "%s", usage);
	}
	if (audit)
		return show_audit(json, follow);
	if (!pid)
		die(FAILED, "%s", usage);
	return show_process(pid, json);
}

int main(int argc, char **argv)
{
	const char *slash = strrchr(argv[0], '/');
	bool audit;

	self = slash ? slash + 1 : argv[0];
	audit = strcmp(self, "audit") == 0;
	if ((argc < 2 && !audit) ||
	    (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0))) {
		fputs(usage, argc < 2 ? stderr : stdout);
		return argc < 2 ? FAILED : 0;
	}
	if (strcmp(self, "unveil") == 0)
		run_unveil(argc - 1, argv + 1);
	if (strcmp(self, "pledge") == 0)
		run_options(argc, argv);
	if (!audit && strcmp(argv[1], "run") == 0)
		run_options(argc - 1, argv + 1);
	return print(argc, argv, audit);
}
