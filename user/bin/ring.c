/* SPDX-License-Identifier: MIT */
/*
 * ring - shows the ends of channels that a process holds, from /proc/PID/fdinfo: depth, who
 * sleeps, messages, kicks and kicks that were not needed, calls and those handed over.
 */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OK, FAILED, MISUSED };

static const char usage[] = "usage: ring [--json] PID...\n"
			    "\n"
			    "Shows the ends of channels that processes hold: a line, or with --json an\n"
			    "object a line, each.\n";

/* Keys of fdinfo (fs/channel_file.c), in the order of the columns. */
static const struct {
	const char *key, *title;
	int width;
	bool text;
} columns[] = {
	{ "state", "STATE", 7, true },       { "epoch", "EPOCH", 5, false },
	{ "peer", "PEER", 6, false },        { "slots", "SLOTS", 5, false },
	{ "in", "IN", 5, false },            { "out", "OUT", 5, false },
	{ "mapped", "MAP", 3, false },       { "sleeping", "SLEEP", 5, false },
	{ "messages", "MESSAGES", 9, false }, { "kicks", "KICKS", 7, false },
	{ "kicks_avoided", "AVOIDED", 7, false }, { "calls", "CALLS", 9, false },
	{ "handoffs", "HANDED", 9, false },
};
#define NR_COLUMNS (sizeof(columns) / sizeof(columns[0]))

static bool json;

/* The value of "key:\tvalue" in @text into @out, "" if it is not there. */
static void value_of(const char *text, const char *key, char out[24])
{
	size_t len = strlen(key);

	out[0] = 0;
	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, len) == 0 && line[len] == ':') {
			snprintf(out, 24, "%.*s", (int)strcspn(line + len + 2, "\n"), line + len + 2);
			return;
		}
	}
}

static void show(int pid, const char *fd, const char *text)
{
	char value[24];

	printf(json ? "{\"pid\":%d,\"fd\":%s" : "%6d %4s", pid, fd);
	for (size_t i = 0; i < NR_COLUMNS; i++) {
		value_of(text, columns[i].key, value);
		if (json)
			printf(columns[i].text ? ",\"%s\":\"%s\"" : ",\"%s\":%s", columns[i].key,
			       value[0] ? value : "0");
		else
			printf(" %*s", columns[i].width, value);
	}
	puts(json ? "}" : "");
}

/* Whether descriptor @fd of @pid is an end of a channel; its fdinfo into @text. */
static bool read_end(int pid, const char *fd, char *text, size_t size)
{
	char path[320], link[64];
	ssize_t len;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/fd/%s", pid, fd);
	len = readlink(path, link, sizeof(link) - 1);
	if (len < 0)
		return false;
	link[len] = 0;
	if (!strstr(link, "[channel]"))
		return false;
	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%s", pid, fd);
	f = fopen(path, "r");
	if (!f)
		return false;
	text[fread(text, 1, size - 1, f)] = 0;
	fclose(f);
	return true;
}

static int show_process(const char *arg)
{
	char path[64], text[1024], *end;
	long pid = strtol(arg, &end, 10);
	struct dirent *entry;
	DIR *dir;

	if (*end || pid <= 0 || pid > 1 << 30) {
		fprintf(stderr, "ring: %s: not a process number\n", arg);
		return MISUSED;
	}
	snprintf(path, sizeof(path), "/proc/%ld/fd", pid);
	dir = opendir(path);
	if (!dir) {
		fprintf(stderr, "ring: %s: %s\n", arg,
			errno == ENOENT ? "no such process" : strerror(errno));
		return FAILED;
	}
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.' &&
		    read_end((int)pid, entry->d_name, text, sizeof(text)))
			show((int)pid, entry->d_name, text);
	closedir(dir);
	return OK;
}

int main(int argc, char **argv)
{
	int first = 1, status = OK;

	if (argc > 1 && strcmp(argv[1], "--json") == 0) {
		json = true;
		first++;
	}
	if (first >= argc || argv[first][0] == '-') {
		fputs(usage, first < argc && strcmp(argv[first], "--help") == 0 ? stdout : stderr);
		return first < argc && strcmp(argv[first], "--help") == 0 ? OK : MISUSED;
	}
	if (!json) {
		printf("%6s %4s", "PID", "FD");
		for (size_t i = 0; i < NR_COLUMNS; i++)
			printf(" %*s", columns[i].width, columns[i].title);
		puts("");
	}
	for (int i = first; i < argc; i++) {
		int err = show_process(argv[i]);

		status = err > status ? err : status;
	}
	return fflush(stdout) ? FAILED : status;
}
