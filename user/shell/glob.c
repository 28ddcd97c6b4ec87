/* SPDX-License-Identifier: MIT */
/*
 * Pathname expansion (POSIX.1-2017 XCU §2.13.3): component by component, so
 * that only directories are read that can match. A leading dot must be matched
 * by a dot.
 */
#include "field.h"

#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "pattern.h"
#include "shell.h"

static void expand_from(char *done, size_t len, const char *rest, struct field_list *out);

/* @pattern without its escapes, into @to. Return: length; 0 when it does not fit. */
static size_t unescape(char *to, size_t size, const char *pattern)
{
	size_t len = 0;

	for (; *pattern; pattern++) {
		if (*pattern == '\\' && pattern[1])
			pattern++;
		if (len + 1 >= size)
			return 0;
		to[len++] = *pattern;
	}
	to[len] = '\0';
	return len;
}

/* A component that names itself: go on behind it when it is there. */
static void step_plain(char *done, size_t len, const char *part, const char *rest,
		       struct field_list *out)
{
	size_t more = unescape(done + len, PATH_MAX - len, part);
	struct stat st;

	if (!more && *part)
		return;
	if (!*rest) {
		if (lstat(done, &st) == 0)
			field_add(out, pool_strdup(&shell.temp, done));
		return;
	}
	expand_from(done, len + more, rest, out);
}

static void step_match(char *done, size_t len, const char *part, const char *rest,
		       struct field_list *out)
{
	bool dots = *part == '.' || (*part == '\\' && part[1] == '.');
	struct dirent *entry;
	DIR *dir;

	done[len] = '\0';
	dir = opendir(len ? done : ".");
	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		size_t name_len = strlen(entry->d_name);

		if ((entry->d_name[0] == '.' && !dots) || len + name_len >= PATH_MAX ||
		    !pattern_match(part, entry->d_name))
			continue;
		memcpy(done + len, entry->d_name, name_len + 1);
		if (*rest)
			expand_from(done, len + name_len, rest, out);
		else
			field_add(out, pool_strdup(&shell.temp, done));
	}
	closedir(dir);
}

/* @done[0..len) is a path so far, @rest what is still a pattern. */
static void expand_from(char *done, size_t len, const char *rest, struct field_list *out)
{
	char part[NAME_MAX * 4 + 2];
	struct stat st;
	size_t n = 0;

	while (*rest == '/') {
		if (len + 1 >= PATH_MAX)
			return;
		done[len++] = *rest++;
	}
	done[len] = '\0';
	if (!*rest) {
		if (stat(done, &st) == 0)
			field_add(out, pool_strdup(&shell.temp, done));
		return;
	}
	while (rest[n] && rest[n] != '/')
		n++;
	if (n >= sizeof(part))
		return;
	memcpy(part, rest, n);
	part[n] = '\0';
	if (pattern_is_magic(part))
		step_match(done, len, part, rest + n, out);
	else
		step_plain(done, len, part, rest + n, out);
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

size_t glob_expand(const char *pattern, struct field_list *out)
{
	size_t before = out->n;
	char done[PATH_MAX];

	expand_from(done, 0, pattern, out);
	if (out->n > before)
		qsort(out->v + before, out->n - before, sizeof(*out->v), by_bytes);
	return out->n - before;
}
