/* SPDX-License-Identifier: MIT */
/*
 * ring - shows the channels that a process has: who is at the other end, how full the
 * rings are, who sleeps, and how many wake-ups were needed. From /proc/PID/fdinfo.
 */
#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <kernel/lib/types.h>

enum { OK, FAILED, MISUSED };

static const char usage[] =
	"usage: ring [--json] PID\n"
	"\n"
	"A line for each end of a channel (user/libexo/exo.h) among the descriptors of PID:\n"
	"STATE     open; closed: by the other side; broken: it broke the rules; moving: its end\n"
	"          is on its way to another process\n"
	"PEER      the process at the other end\n"
	"EPOCH     how often an end has changed its owner\n"
	"IN, OUT   messages that wait here, and there, of SLOTS at most\n"
	"MESSAGES  that came here; KICKS, AVOIDED: wake-ups that were needed, and that were not\n"
	"CALLS     from here that found the other side waiting; HANDOFFS: those of them that gave\n"
	"          it the CPU at once\n";

/* What is shown, by its name in fdinfo, in the order of columns. */
static const struct {
	const char *field, *title;
	int width;
	bool is_text;
} columns[] = {
	{ "state", "STATE", 7, true },        { "peer", "PEER", 6, false },
	{ "epoch", "EPOCH", 5, false },       { "slots", "SLOTS", 5, false },
	{ "in", "IN", 5, false },             { "out", "OUT", 5, false },
	{ "mapped", "MAPPED", 6, false },     { "sleeping", "SLEEPS", 6, false },
	{ "messages", "MESSAGES", 10, false }, { "kicks", "KICKS", 8, false },
	{ "kicks_avoided", "AVOIDED", 8, false }, { "calls", "CALLS", 8, false },
	{ "handoffs", "HANDOFFS", 8, false },
};

static bool json;

static void put_head(void)
{
	printf("%4s", "FD");
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
		printf(" %*s", columns[i].width, columns[i].title);
	putchar('\n');
}

/* The value of @field in the text of fdinfo, cut at its end; "" when it is not there. */
static void value_of(const char *text, const char *field, char *out, size_t size)
{
	size_t len = strlen(field);

	out[0] = '\0';
	for (const char *line = text; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, field, len) == 0 && line[len] == ':') {
			line += len + 1;
			line += strspn(line, " \t");
			snprintf(out, size, "%.*s", (int)strcspn(line, "\n"), line);
			return;
		}
	}
}

static void put_end(const char *fd, const char *text, bool first)
{
	char value[32];

	if (json)
		printf("%s\n {\"fd\": %s", first ? "" : ",", fd);
	else
		printf("%4s", fd);
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
		value_of(text, columns[i].field, value, sizeof(value));
		if (!json)
			printf(" %*s", columns[i].width, value);
		else if (columns[i].is_text)
			printf(", \"%s\": \"%s\"", columns[i].field, value);
		else
			printf(", \"%s\": %s", columns[i].field, *value ? value : "null");
	}
	fputs(json ? "}" : "\n", stdout);
}

/* Return: false when descriptor @fd of @pid is no end of a channel, or gone. */
static bool read_end(const char *pid, const char *fd, char *text, size_t size)
{
	char path[320], link[64];
	ssize_t n;
	size_t len;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%.16s/fd/%.255s", pid, fd);
	n = readlink(path, link, sizeof(link) - 1);
	link[n < 0 ? 0 : n] = '\0';
	if (!strstr(link, "[channel]"))
		return false;
	snprintf(path, sizeof(path), "/proc/%.16s/fdinfo/%.255s", pid, fd);
	f = fopen(path, "re");
	if (!f)
		return false;
	len = fread(text, 1, size - 1, f);
	text[len] = '\0';
	fclose(f);
	return len > 0;
}

static int by_number(const struct dirent **a, const struct dirent **b)
{
	return atoi((*a)->d_name) - atoi((*b)->d_name);
}

static int is_number(const struct dirent *entry)
{
	return entry->d_name[0] >= '0' && entry->d_name[0] <= '9';
}

static int show(const char *pid)
{
	struct dirent **entries;
	char path[64], text[1024];
	bool first = true;
	int n;

	snprintf(path, sizeof(path), "/proc/%.16s/fd", pid);
	n = scandir(path, &entries, is_number, by_number);
	if (n < 0) {
		fprintf(stderr, "ring: process %s: %s\n", pid,
			strerror(errno == ENOENT ? ESRCH : errno));
		return FAILED;
	}
	if (json)
		putchar('[');
	else
		put_head();
	for (int i = 0; i < n; i++) {
		if (read_end(pid, entries[i]->d_name, text, sizeof(text))) {
			put_end(entries[i]->d_name, text, first);
			first = false;
		}
		free(entries[i]);
	}
	free(entries);
	if (json)
		puts("\n]");
	return OK;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "h", options, NULL)) >= 0) {
		if (option == 'j') {
			json = true;
		} else {
			fputs(usage, option == 'h' ? stdout : stderr);
			return option == 'h' ? OK : MISUSED;
		}
	}
	if (argc - optind != 1 || strspn(argv[optind], "0123456789") != strlen(argv[optind])) {
		fputs(usage, stderr);
		return MISUSED;
	}
	return show(argv[optind]);
}
