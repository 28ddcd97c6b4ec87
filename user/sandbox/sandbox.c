/* SPDX-License-Identifier: MIT */
/*
 * sandbox - runs a program under promises and with a view of the tree, for programs that
 * know of neither; and prints what is enforced on a process.
 *
 *     sandbox run [-p PROMISES] [-u PERMS:PATH]... [--] CMD [ARG...]
 *     sandbox PID
 *     pledge -p PROMISES [--] CMD [ARG...]       the same program by other names
 *     unveil PERMS:PATH... -- CMD [ARG...]
 *
 * The promises are made for the program that is executed, so this one's own needs do not
 * count. With a view CMD's own file may be executed besides. Exit status: CMD's; 125
 * something is wrong here; 126, 127 as env(1).
 */
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
enum { FAILED = 125, NOT_EXECUTABLE = 126, NOT_FOUND = 127 };

static const char *self = "sandbox";

__attribute__((format(printf, 2, 3), noreturn))
static void die(int status, const char *format, ...)
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
	"usage: sandbox run [-p PROMISES] [-u PERMS:PATH]... [--] CMD [ARG...]\n"
	"       sandbox PID\n"
	"       pledge -p PROMISES [--] CMD [ARG...]\n"
	"       unveil PERMS:PATH... -- CMD [ARG...]\n"
	"\n"
	"PROMISES  words such as \"stdio rpath\" (OpenBSD's pledge(2)): what CMD may ask of the\n"
	"          kernel. A call outside them ends it by SIGABRT (status 134), or with the\n"
	"          word \"error\" gives it ENOSYS. The log (dmesg) says which call and word.\n"
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

__attribute__((noreturn))
static void run(const char *promises, char **rules, int nr_rules, char **command)
{
	const char *program;
	int i;

	if (!command[0])
		die(FAILED, "no program is named\n%s", usage);
	program = find_program(command[0]);
	for (i = 0; i < nr_rules; i++)
		add_rule(rules[i]);
	/* Its own file at least, and no less than the rules say. */
	if (nr_rules && access(program, X_OK) &&
	    syscall(SYS_UNVEIL, program, access(program, R_OK) == 0 ? "rx" : "x"))
		die(errno == ENOENT ? NOT_FOUND : NOT_EXECUTABLE, "%s: %s", program,
		    strerror(errno));
	if (nr_rules && syscall(SYS_UNVEIL, NULL, NULL))
		die(FAILED, "unveil: %s", strerror(errno));
	if (promises && syscall(SYS_PLEDGE, NULL, promises))
		die(FAILED, "pledge \"%s\": %s", promises,
		    errno == EINVAL ? "no such promise" : strerror(errno));
	execv(program, command);
	die(errno == ENOENT ? NOT_FOUND : NOT_EXECUTABLE, "%s: %s", program, strerror(errno));
}

static int show(const char *pid)
{
	char path[64], buf[4096];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%s/sandbox", pid);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		die(1, "process %s: %s", pid, strerror(errno == ENOENT ? ESRCH : errno));
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		fwrite(buf, 1, (size_t)n, stdout);
	return 0;
}

/* Rules stand as they are, up to "--". */
static void run_unveil(int argc, char **argv)
{
	int n = 0;

	while (n < argc && strcmp(argv[n], "--") != 0)
		n++;
	if (n == argc || n == 0)
		die(FAILED, "want rules, then --\n%s", usage);
	run(NULL, argv, n, argv + n + 1);
}

static void run_options(int argc, char **argv)
{
	char **rules = calloc((size_t)argc + 1, sizeof(*rules));
	const char *promises = NULL;
	int option, n = 0;

	while ((option = getopt(argc, argv, "+p:u:")) >= 0) {
		if (option == 'p')
			promises = optarg;
		else if (option == 'u' && rules)
			rules[n++] = optarg;
		else
			die(FAILED, "%s", usage);
	}
	run(promises, rules, n, argv + optind);
}

int main(int argc, char **argv)
{
	const char *slash = strrchr(argv[0], '/');

	self = slash ? slash + 1 : argv[0];
	if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		fputs(usage, argc < 2 ? stderr : stdout);
		return argc < 2 ? FAILED : 0;
	}
	if (strcmp(self, "unveil") == 0)
		run_unveil(argc - 1, argv + 1);
	if (strcmp(self, "pledge") == 0)
		run_options(argc, argv);
	if (strcmp(argv[1], "run") == 0)
		run_options(argc - 1, argv + 1);
	return show(argv[1]);
}
