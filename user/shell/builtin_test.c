/* SPDX-License-Identifier: MIT */
/*
 * test and [ (POSIX.1-2017 XCU, test): by the number of arguments up to four,
 * as POSIX has it, beyond that with -a, -o, ! and parentheses by precedence.
 */
#include "builtin.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shell.h"

struct test {
	char **argv;
	int at, end;
	jmp_buf wrong;
};

static bool either(struct test *t);

static __noreturn void wrong(struct test *t, const char *what, const char *why)
{
	shell_error("test: %s: %s", what, why);
	longjmp(t->wrong, 1);
}

static long long number(struct test *t, const char *s)
{
	long long n;
	char *end;

	errno = 0;
	n = strtoll(s, &end, 10);
	while (*end == ' ' || *end == '\t')
		end++;
	if (*end || end == s || errno)
		wrong(t, s, "not a number");
	return n;
}

static bool is_unary(const char *s)
{
	return s[0] == '-' && s[1] && !s[2] && strchr("bcdefghLknprsStuwxzOG", s[1]);
}

static const char *const binaries[] = { "=", "==", "!=", "<", ">", "-eq", "-ne",
					"-gt", "-ge", "-lt", "-le", "-nt", "-ot", "-ef" };

static bool is_binary(const char *s)
{
	for (size_t i = 0; i < ARRAY_SIZE(binaries); i++)
		if (strcmp(s, binaries[i]) == 0)
			return true;
	return false;
}

static bool of_file(char op, const char *path)
{
	struct stat st;

	if ((op == 'L' || op == 'h' ? lstat(path, &st) : stat(path, &st)) < 0)
		return false;
	switch (op) {
	case 'b':
		return S_ISBLK(st.st_mode);
	case 'c':
		return S_ISCHR(st.st_mode);
	case 'd':
		return S_ISDIR(st.st_mode);
	case 'f':
		return S_ISREG(st.st_mode);
	case 'p':
		return S_ISFIFO(st.st_mode);
	case 'S':
		return S_ISSOCK(st.st_mode);
	case 'L':
	case 'h':
		return S_ISLNK(st.st_mode);
	case 'g':
		return st.st_mode & S_ISGID;
	case 'u':
		return st.st_mode & S_ISUID;
	case 'k':
		return st.st_mode & S_ISVTX;
	case 's':
		return st.st_size > 0;
	case 'O':
		return st.st_uid == geteuid();
	case 'G':
		return st.st_gid == getegid();
	default:
		return true; /* -e */
	}
}

static bool unary(struct test *t, char op, const char *arg)
{
	switch (op) {
	case 'n':
		return *arg;
	case 'z':
		return !*arg;
	case 't':
		return isatty((int)number(t, arg));
	case 'r':
		return faccessat(AT_FDCWD, arg, R_OK, AT_EACCESS) == 0;
	case 'w':
		return faccessat(AT_FDCWD, arg, W_OK, AT_EACCESS) == 0;
	case 'x':
		return faccessat(AT_FDCWD, arg, X_OK, AT_EACCESS) == 0;
	default:
		return of_file(op, arg);
	}
}

/* -nt, -ot, -ef. */
static bool files(const char *a, const char *op, const char *b)
{
	struct stat sa, sb;
	bool has_a = stat(a, &sa) == 0, has_b = stat(b, &sb) == 0;
	long long diff;

	if (op[1] == 'e')
		return has_a && has_b && sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino;
	if (!has_a || !has_b)
		return op[1] == 'n' ? has_a && !has_b : has_b && !has_a;
	diff = (sa.st_mtim.tv_sec - sb.st_mtim.tv_sec) * 1000000000ll + sa.st_mtim.tv_nsec -
	       sb.st_mtim.tv_nsec;
	return op[1] == 'n' ? diff > 0 : diff < 0;
}

static bool binary(struct test *t, const char *a, const char *op, const char *b)
{
	long long na, nb;

	if (op[0] == '=')
		return strcmp(a, b) == 0;
	if (op[0] == '!')
		return strcmp(a, b) != 0;
	if (op[0] == '<' || op[0] == '>')
		return op[0] == '<' ? strcmp(a, b) < 0 : strcmp(a, b) > 0;
	if (strcmp(op, "-nt") == 0 || strcmp(op, "-ot") == 0 || strcmp(op, "-ef") == 0)
		return files(a, op, b);
	na = number(t, a);
	nb = number(t, b);
	if (strcmp(op, "-eq") == 0)
		return na == nb;
	if (strcmp(op, "-ne") == 0)
		return na != nb;
	if (op[1] == 'g')
		return op[2] == 't' ? na > nb : na >= nb;
	return op[2] == 't' ? na < nb : na <= nb;
}

static bool primary(struct test *t)
{
	int left = t->end - t->at;
	char **v = t->argv + t->at;
	bool yes;

	if (left <= 0)
		wrong(t, t->argv[t->end - 1], "an argument is missing behind it");
	if (left >= 3 && is_binary(v[1])) {
		t->at += 3;
		return binary(t, v[0], v[1], v[2]);
	}
	if (left >= 2 && strcmp(v[0], "!") == 0) {
		t->at++;
		return !primary(t);
	}
	if (left >= 3 && strcmp(v[0], "(") == 0) {
		t->at++;
		yes = either(t);
		if (t->at >= t->end || strcmp(t->argv[t->at], ")"))
			wrong(t, "(", "no ) to it");
		t->at++;
		return yes;
	}
	if (left >= 2 && is_unary(v[0])) {
		t->at += 2;
		return unary(t, v[0][1], v[1]);
	}
	t->at++;
	return *v[0];
}

static bool both(struct test *t)
{
	bool yes = primary(t);

	while (t->at < t->end && strcmp(t->argv[t->at], "-a") == 0) {
		t->at++;
		yes &= primary(t);
	}
	return yes;
}

static bool either(struct test *t)
{
	bool yes = both(t);

	while (t->at < t->end && strcmp(t->argv[t->at], "-o") == 0) {
		t->at++;
		yes |= both(t);
	}
	return yes;
}

/* Up to four arguments mean what their number says, whatever they look like. */
static bool by_count(struct test *t)
{
	char **v = t->argv + t->at;
	int n = t->end - t->at;

	if (n == 0)
		return false;
	if (n == 1) {
		t->at++;
		return *v[0];
	}
	if (n == 2 && strcmp(v[0], "!") == 0) {
		t->at += 2;
		return !*v[1];
	}
	if (n == 3 && is_binary(v[1])) {
		t->at += 3;
		return binary(t, v[0], v[1], v[2]);
	}
	if ((n == 3 || n == 4) && strcmp(v[0], "!") == 0) {
		t->at++;
		return !by_count(t);
	}
	return either(t);
}

int builtin_test(int argc, char **argv)
{
	struct test t = { .argv = argv, .at = 1, .end = argc };
	bool yes;

	if (argv[0][0] == '[') {
		if (strcmp(argv[argc - 1], "]")) {
			shell_error("[: ] is missing");
			return 2;
		}
		t.end--;
	}
	if (setjmp(t.wrong))
		return 2;
	yes = by_count(&t);
	if (t.at < t.end)
		wrong(&t, argv[t.at], "not expected here");
	return !yes;
}
