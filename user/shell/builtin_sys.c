/* SPDX-License-Identifier: MIT */
/* Builtins on what the kernel keeps for a process: directory, masks, limits, times. */
#include "builtin.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/times.h>
#include <unistd.h>

#include "path.h"
#include "shell.h"
#include "var.h"

/* ---- cd, pwd ---- */

/* @dir as seen from @base, without "." and with ".." taking a name away: the logical
 * path (POSIX.1-2017 XCU, cd, step 8). */
static char *logical(const char *base, const char *dir)
{
	struct text t;
	const char *s;

	text_init(&t, &shell.temp);
	if (*dir != '/') {
		text_str(&t, base);
		text_char(&t, '/');
	}
	text_str(&t, dir);
	s = text_get(&t);
	text_init(&t, &shell.temp);
	while (*s) {
		size_t len = strcspn(s, "/");

		if (len == 2 && s[0] == '.' && s[1] == '.') {
			while (t.len && t.s[--t.len] != '/')
				;
		} else if (len && !(len == 1 && *s == '.')) {
			text_char(&t, '/');
			text_add(&t, s, len);
		}
		s += len + (s[len] == '/');
	}
	return t.len ? text_get(&t) : pool_strdup(&shell.temp, "/");
}

static int go_to(const char *dir, bool physical)
{
	const char *pwd = var_get("PWD"), *target = dir;
	char here[PATH_MAX];

	if (!physical && pwd && *pwd == '/')
		target = logical(pwd, dir);
	if (chdir(target) < 0 && (target == dir || chdir(dir) < 0))
		return -1;
	var_set("OLDPWD", pwd ? pwd : "");
	if (!physical && target != dir)
		var_set("PWD", target);
	else if (getcwd(here, sizeof(here)))
		var_set("PWD", here);
	return 0;
}

/* Along CDPATH, where it applies. */
static int search(const char *dir, bool physical, bool *told)
{
	const char *list = var_get("CDPATH");
	bool relative = strcmp(dir, ".") && strcmp(dir, "..") && strncmp(dir, "./", 2) &&
			strncmp(dir, "../", 3) && *dir != '/';
	char prefix[PATH_MAX];

	while (relative && list && *list && path_next(&list, prefix, sizeof(prefix))) {
		struct text t;

		text_init(&t, &shell.temp);
		text_printf(&t, "%s%s", prefix, dir);
		if (go_to(text_get(&t), physical) == 0) {
			*told |= *prefix && strcmp(prefix, "./") != 0;
			return 0;
		}
	}
	return go_to(dir, physical);
}

static bool dir_opts(char **argv, struct builtin_opts *o, bool *physical)
{
	int c;

	*physical = false;
	while ((c = builtin_opt(o, "LP"))) {
		if (c == '?')
			return false;
		*physical = c == 'P';
	}
	(void)argv;
	return true;
}

int builtin_cd(int argc, char **argv)
{
	struct builtin_opts o = { .argv = argv, .at = 1 };
	bool physical, tell = false;
	const char *dir;

	if (!dir_opts(argv, &o, &physical))
		return 2;
	dir = o.at < argc ? argv[o.at] : var_get("HOME");
	if (dir && strcmp(dir, "-") == 0) {
		dir = var_get("OLDPWD");
		tell = true;
	}
	if (!dir) {
		shell_error("cd: %s not set", tell ? "OLDPWD" : "HOME");
		return 1;
	}
	dir = pool_strdup(&shell.temp, dir); /* it may lie in what go_to() sets */
	if (search(dir, physical, &tell) < 0) {
		shell_error("cd: %s: %s", dir, strerror(errno));
		return 2;
	}
	if (tell)
		puts(var_get("PWD"));
	return 0;
}

int builtin_pwd(int argc, char **argv)
{
	struct builtin_opts o = { .argv = argv, .at = 1 };
	const char *pwd = var_get("PWD");
	char here[PATH_MAX];
	bool physical;

	(void)argc;
	if (!dir_opts(argv, &o, &physical))
		return 2;
	if (!physical && pwd && *pwd == '/') {
		puts(pwd);
		return 0;
	}
	if (!getcwd(here, sizeof(here))) {
		shell_error("pwd: %s", strerror(errno));
		return 1;
	}
	puts(here);
	return 0;
}

/* ---- umask ---- */

static void print_symbolic(unsigned mask)
{
	for (int i = 2; i >= 0; i--) {
		unsigned bits = ~mask >> (3 * i) & 7;

		printf("%c=%s%s%s%c", "ogu"[i], bits & 4 ? "r" : "", bits & 2 ? "w" : "",
		       bits & 1 ? "x" : "", i ? ',' : '\n');
	}
}

/* One clause of a symbolic mode on the permissions @perm. Return: behind it, or NULL. */
static const char *symbolic(const char *s, unsigned *perm)
{
	unsigned who = 0, bits = 0;
	char op;

	for (; *s && strchr("ugoa", *s); s++)
		who |= *s == 'u' ? 0700 : *s == 'g' ? 070 : *s == 'o' ? 07 : 0777;
	if (!*s || !strchr("+-=", *s))
		return NULL;
	op = *s++;
	for (; *s && strchr("rwx", *s); s++)
		bits |= *s == 'r' ? 0444 : *s == 'w' ? 0222 : 0111;
	who = who ? who : 0777;
	if (op == '-')
		*perm &= ~(who & bits);
	else
		*perm = (op == '=' ? *perm & ~who : *perm) | (who & bits);
	return s;
}

static bool parse_mask(const char *s, unsigned *mask)
{
	unsigned perm = ~*mask & 0777;
	char *end;

	if (*s >= '0' && *s <= '9') {
		*mask = (unsigned)strtoul(s, &end, 8);
		return !*end && *mask <= 0777;
	}
	do {
		s = symbolic(s, &perm);
	} while (s && *s++ == ',');
	*mask = ~perm & 0777;
	return s && !s[-1];
}

int builtin_umask(int argc, char **argv)
{
	struct builtin_opts o = { .argv = argv, .at = 1 };
	unsigned mask = umask(0);
	bool in_letters = false;
	int c;

	umask(mask);
	while ((c = builtin_opt(&o, "S"))) {
		if (c == '?')
			return 2;
		in_letters = true;
	}
	if (o.at >= argc) {
		if (in_letters)
			print_symbolic(mask);
		else
			printf("%04o\n", mask);
		return 0;
	}
	if (!parse_mask(argv[o.at], &mask)) {
		shell_error("umask: %s: not a mask", argv[o.at]);
		return 2;
	}
	umask(mask);
	return 0;
}

/* ---- ulimit ---- */

static const struct {
	char letter;
	int resource;
	unsigned unit;
	const char *text;
} limits[] = {
	{ 't', RLIMIT_CPU, 1, "CPU time (seconds)" },
	{ 'f', RLIMIT_FSIZE, 512, "file size (blocks of 512)" },
	{ 'd', RLIMIT_DATA, 1024, "data (KiB)" },
	{ 's', RLIMIT_STACK, 1024, "stack (KiB)" },
	{ 'c', RLIMIT_CORE, 512, "core file (blocks of 512)" },
	{ 'm', RLIMIT_RSS, 1024, "resident memory (KiB)" },
	{ 'l', RLIMIT_MEMLOCK, 1024, "locked memory (KiB)" },
	{ 'u', RLIMIT_NPROC, 1, "processes" },
	{ 'n', RLIMIT_NOFILE, 1, "open files" },
	{ 'v', RLIMIT_AS, 1024, "address space (KiB)" },
	{ 'x', RLIMIT_LOCKS, 1, "file locks" },
	{ 'i', RLIMIT_SIGPENDING, 1, "pending signals" },
	{ 'q', RLIMIT_MSGQUEUE, 1, "message queues (bytes)" },
	{ 'e', RLIMIT_NICE, 1, "nice" },
	{ 'r', RLIMIT_RTPRIO, 1, "real-time priority" },
};

static void print_limit(size_t i, bool hard)
{
	struct rlimit r;
	rlim_t value;

	if (getrlimit(limits[i].resource, &r) < 0)
		return;
	value = hard ? r.rlim_max : r.rlim_cur;
	if (value == RLIM_INFINITY)
		puts("unlimited");
	else
		printf("%llu\n", (unsigned long long)value / limits[i].unit);
}

static int set_limit(size_t i, const char *text, bool hard, bool soft)
{
	struct rlimit r;
	rlim_t value = RLIM_INFINITY;
	long n;

	if (getrlimit(limits[i].resource, &r) < 0)
		return 1;
	if (strcmp(text, "unlimited")) {
		if (!builtin_number(text, &n)) {
			shell_error("ulimit: %s: not a limit", text);
			return 2;
		}
		value = (rlim_t)n * limits[i].unit;
	}
	if (hard)
		r.rlim_max = value;
	if (soft)
		r.rlim_cur = value;
	if (setrlimit(limits[i].resource, &r) < 0) {
		shell_error("ulimit: %s", strerror(errno));
		return 1;
	}
	return 0;
}

int builtin_ulimit(int argc, char **argv)
{
	struct builtin_opts o = { .argv = argv, .at = 1 };
	bool hard = false, soft = false, all = false;
	size_t which = 1; /* -f */
	int c;

	while ((c = builtin_opt(&o, "HSatfdscmlunvxiqer"))) {
		if (c == '?')
			return 2;
		hard |= c == 'H';
		soft |= c == 'S';
		all |= c == 'a';
		for (size_t i = 0; i < ARRAY_SIZE(limits); i++)
			if (limits[i].letter == c)
				which = i;
	}
	if (all) {
		for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
			printf("-%c: %-28s", limits[i].letter, limits[i].text);
			print_limit(i, hard && !soft);
		}
		return 0;
	}
	if (o.at < argc)
		return set_limit(which, argv[o.at], hard || !soft, soft || !hard);
	print_limit(which, hard && !soft);
	return 0;
}

/* ---- times ---- */

static void print_time(clock_t ticks, char end)
{
	long per_s = sysconf(_SC_CLK_TCK);
	double s = (double)ticks / (double)per_s;

	printf("%dm%.6fs%c", (int)(s / 60), s - 60 * (int)(s / 60), end);
}

int builtin_times(int argc, char **argv)
{
	struct tms t;

	(void)argc;
	(void)argv;
	if (times(&t) == (clock_t)-1)
		return 1;
	print_time(t.tms_utime, ' ');
	print_time(t.tms_stime, '\n');
	print_time(t.tms_cutime, ' ');
	print_time(t.tms_cstime, '\n');
	return 0;
}
