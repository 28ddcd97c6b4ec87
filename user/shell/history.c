/* SPDX-License-Identifier: MIT */
/* The history of lines (contract in history.h). In the file a newline within a line is \n,
 * a backslash \\. */
#include "history.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shell.h"
#include "var.h"

#define DEFAULT_SIZE 1000
#define SIZE_MAX_LINES 100000

static char **lines;
static size_t count, capacity;
static bool active; /* only a shell with a prompt has one */

static size_t limit(void)
{
	const char *text = var_get("HISTSIZE");
	long n = text ? atol(text) : DEFAULT_SIZE;

	return n < 1 ? 1 : MIN((size_t)n, (size_t)SIZE_MAX_LINES);
}

static const char *file_name(void)
{
	const char *name = var_get("HISTFILE"), *home = var_get("HOME");
	struct text t;

	if (name)
		return name;
	text_init(&t, &shell.temp);
	text_printf(&t, "%s/.exsh_history", home ? home : "");
	return text_get(&t);
}

static void drop_oldest(size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(lines[i]);
	memmove(lines, lines + n, (count - n) * sizeof(*lines));
	count -= n;
}

static bool push(const char *line)
{
	if (!*line || *line == ' ' || (count && strcmp(lines[count - 1], line) == 0))
		return false;
	if (count >= limit())
		drop_oldest(count - limit() + 1);
	if (count == capacity) {
		char **more = shell_alloc((capacity + 256) * sizeof(*more));

		if (count)
			memcpy(more, lines, count * sizeof(*more));
		free(lines);
		lines = more;
		capacity += 256;
	}
	lines[count++] = shell_strdup(line);
	return true;
}

static void put_line(FILE *f, const char *line)
{
	for (; *line; line++) {
		if (*line == '\n' || *line == '\\')
			fputc('\\', f);
		fputc(*line == '\n' ? 'n' : *line, f);
	}
	fputc('\n', f);
}

/* A line of the file, in place. */
static void decode(char *s)
{
	char *to = s;

	for (; *s && *s != '\n'; s++) {
		if (*s == '\\' && s[1]) {
			s++;
			*to++ = *s == 'n' ? '\n' : *s;
		} else {
			*to++ = *s;
		}
	}
	*to = '\0';
}

void history_load(void)
{
	FILE *f = fopen(file_name(), "re");
	char *line = NULL;
	size_t size = 0;

	active = true;
	if (!f)
		return;
	while (getline(&line, &size, f) > 0) {
		decode(line);
		push(line);
	}
	free(line);
	fclose(f);
}

/* The file holds what its owner typed: nobody else reads it. */
static FILE *open_private(int flags, const char *mode)
{
	int fd = open(file_name(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | flags, 0600);
	FILE *f = fd < 0 ? NULL : fdopen(fd, mode);

	if (fd >= 0 && !f)
		close(fd);
	return f;
}

void history_add(const char *line)
{
	FILE *f;

	if (!push(line))
		return;
	f = open_private(O_APPEND, "a");
	if (!f)
		return;
	put_line(f, line);
	fclose(f);
}

size_t history_count(void)
{
	return count;
}

const char *history_get(size_t i)
{
	return lines[i];
}

void history_clear(void)
{
	drop_oldest(count);
}

void history_save(void)
{
	FILE *f = active ? open_private(O_TRUNC, "w") : NULL;

	if (!f)
		return;
	for (size_t i = 0; i < count; i++)
		put_line(f, lines[i]);
	fclose(f);
}
