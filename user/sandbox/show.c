/* SPDX-License-Identifier: MIT */
/*
 * Both sources are lines of words: /proc/PID/sandbox has "KEY VALUE", /dev/kmsg
 * "LEVEL,NUMBER,MICROSECONDS,-;TEXT" (Linux's Documentation/ABI/testing/dev-kmsg), of which
 * those whose text begins with "audit: KIND: " are the record.
 */
#include "show.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void put_json(const char *text, size_t len)
{
	putchar('"');
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c < ' ' || c == 0x7f)
			printf("\\u%04x", c);
		else
			printf(c == '"' || c == '\\' ? "\\%c" : "%c", c);
	}
	putchar('"');
}

/* ---- a process ---- */

/* One "KEY VALUE" as a member; "unveil locked" and "unveil PERMS PATH" apart. */
static void put_member(const char *line, bool *rules)
{
	const char *space = strchrnul(line, ' '), *value = *space ? space + 1 : space;

	if (strcmp(line, "unveil locked") == 0) {
		printf(", \"unveil_locked\": true");
		return;
	}
	if (strncmp(line, "unveil ", 7) == 0) {
		printf(*rules ? ", " : ", \"unveil\": [");
		*rules = true;
		put_json(value, strlen(value));
		return;
	}
	printf(", ");
	put_json(line, (size_t)(space - line));
	printf(": ");
	put_json(value, strlen(value));
}

int show_process(const char *pid, bool json)
{
	char path[64], *line = NULL;
	size_t size = 0;
	ssize_t len;
	bool rules = false;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%s/sandbox", pid);
	file = fopen(path, "re");
	if (!file)
		die(1, "process %s: %s", pid, strerror(errno == ENOENT ? ESRCH : errno));
	if (json) {
		printf("{\"pid\": ");
		put_json(pid, strlen(pid));
	}
	while ((len = getline(&line, &size, file)) > 0) {
		if (!json) {
			fputs(line, stdout);
			continue;
		}
		if (line[len - 1] == '\n')
			line[len - 1] = '\0';
		put_member(line, &rules); /* the rules are its last lines */
	}
	if (json)
		printf("%s}\n", rules ? "]" : "");
	free(line);
	fclose(file);
	return 0;
}

/* ---- the record ---- */

static void put_record(const char *record, bool json)
{
	const char *text = strchr(record, ';'), *kind, *end;
	unsigned long long us = 0;

	if (!text || strncmp(text + 1, "audit: ", 7) != 0 ||
	    sscanf(record, "%*u,%*u,%llu", &us) != 1)
		return;
	kind = text + 8;
	text = strstr(kind, ": ");
	if (!text)
		return;
	end = strchrnul(text, '\n');
	if (json) {
		printf("{\"time_us\": %llu, \"kind\": ", us);
		put_json(kind, (size_t)(text - kind));
		printf(", \"text\": ");
		put_json(text + 2, (size_t)(end - text - 2));
		printf("}\n");
	} else {
		printf("[%5llu.%06llu] %.*s\n", us / 1000000, us % 1000000, (int)(end - kind),
		       kind);
	}
	fflush(stdout);
}

int show_audit(bool json, bool follow)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_CLOEXEC | (follow ? 0 : O_NONBLOCK));
	char record[2048];
	ssize_t n;

	if (fd < 0)
		die(1, "/dev/kmsg: %s", strerror(errno));
	/* EPIPE: the log has gone on without us, and reading goes on at its oldest. */
	while ((n = read(fd, record, sizeof(record) - 1)) > 0 || (n < 0 && errno == EPIPE)) {
		if (n < 0)
			continue;
		record[n] = '\0';
		put_record(record, json);
	}
	close(fd);
	return 0;
}
