/* SPDX-License-Identifier: MIT */
/*
 * svc - looks at and steers the services that process 1 keeps. It asks over the socket
 * of user/init/control.h, and reads logs where process 1 writes them.
 */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <user/init/control.h>

enum { OK, FAILED, MISUSED, NOBODY_THERE };
enum { WAIT_MS = 10000, STEP_MS = 10, ANSWER_MS = 10000 };

static const char usage[] =
	"usage: svc [--json] [--run DIR] list\n"
	"       svc [--json] [--run DIR] status NAME\n"
	"       svc [--run DIR] start|stop|restart NAME...\n"
	"       svc [--run DIR] reload\n"
	"       svc [--json] [--run DIR] log [-n LINES] [-f] NAME\n"
	"\n"
	"Services are what process 1 keeps running, by /etc/exo/services/NAME.svc.\n"
	"start, stop, restart   wait until it is so, 10 s at most\n"
	"reload                 reads the manifests again; what runs goes on as it is\n"
	"log                    what NAME wrote to its output and error, with the seconds since\n"
	"                       boot; -n the last LINES only, -f goes on as more comes\n"
	"--json                 for programs\n"
	"--run DIR              where the socket and the logs are (/run)\n"
	"\n"
	"status: 0 done (`status NAME`: it runs), 1 not, 2 usage, 3 process 1 does not answer\n";

static const char *run_dir = "/run";
static bool json;

__attribute__((format(printf, 2, 3), noreturn))
static void die(int status, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("svc: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(status);
}

/* ---- asking ---- */

static int open_socket(void)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	snprintf(name.sun_path, sizeof(name.sun_path), "%.90s/svc", run_dir);
	if (fd < 0 || connect(fd, (struct sockaddr *)&name, sizeof(name)))
		die(NOBODY_THERE, "%s: %s", name.sun_path, strerror(errno));
	return fd;
}

/* The rows of the answer; ends the program when it is none or an error. */
static char *ask(const char *verb, const char *name)
{
	static char answer[CONTROL_ANSWER + 1];
	struct pollfd p = { .fd = open_socket(), .events = POLLIN };
	char request[128];
	int len = snprintf(request, sizeof(request), "%s%s%s", verb, name ? " " : "",
			   name ? name : "");
	ssize_t n = -1;

	if (len >= (int)sizeof(request))
		die(FAILED, "no service '%s'", name);
	if (send(p.fd, request, (size_t)len, MSG_NOSIGNAL) == len && poll(&p, 1, ANSWER_MS) == 1)
		n = recv(p.fd, answer, sizeof(answer) - 1, 0);
	close(p.fd);
	if (n <= 0)
		die(NOBODY_THERE, "process 1 does not answer");
	answer[n] = '\0';
	if (strncmp(answer, "error ", 6) == 0) {
		answer[strcspn(answer, "\n")] = '\0';
		die(FAILED, "%s", answer + 6);
	}
	return answer + 3; /* "ok\n" */
}

struct row {
	const char *name, *state, *program, *last, *note;
	unsigned long pid, ms, starts;
};

/* The next row, cut out of *rows. */
static bool next_row(char **rows, struct row *row)
{
	char *fields[8], *line = strsep(rows, "\n");

	if (!line || !*line)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		fields[i] = strsep(&line, "\t");
		if (!fields[i])
			die(FAILED, "process 1 speaks another language");
	}
	*row = (struct row){
		.name = fields[0], .state = fields[1], .pid = strtoul(fields[2], NULL, 10),
		.ms = strtoul(fields[3], NULL, 10), .starts = strtoul(fields[4], NULL, 10),
		.last = fields[5], .program = fields[6], .note = fields[7],
	};
	return true;
}

static bool is(const struct row *row, const char *state)
{
	return strcmp(row->state, state) == 0;
}

static struct row ask_one(const char *verb, const char *name)
{
	char *rows = ask(verb, name);
	struct row row;

	if (!next_row(&rows, &row))
		die(FAILED, "process 1 speaks another language");
	return row;
}

/* ---- telling ---- */

static void put_json_string(const char *s)
{
	putchar('"');
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			printf("\\%c", *s);
		else if ((unsigned char)*s < ' ')
			printf("\\u%04x", (unsigned char)*s);
		else
			putchar(*s);
	}
	putchar('"');
}

static void put_json(const struct row *row)
{
	printf("{\"name\": ");
	put_json_string(row->name);
	printf(", \"state\": ");
	put_json_string(row->state);
	printf(", \"pid\": %lu, \"ms\": %lu, \"starts\": %lu, \"last\": ", row->pid, row->ms,
	       row->starts);
	put_json_string(row->last);
	printf(", \"program\": ");
	put_json_string(row->program);
	printf(", \"note\": ");
	put_json_string(row->note);
	printf("}");
}

static void put_time(char *buf, size_t size, const struct row *row)
{
	unsigned long s = row->ms / 1000;

	if (!row->pid)
		snprintf(buf, size, "-");
	else if (s < 100)
		snprintf(buf, size, "%lu.%lu s", s, row->ms % 1000 / 100);
	else if (s < 6000)
		snprintf(buf, size, "%lu min", s / 60);
	else
		snprintf(buf, size, "%lu h", s / 3600);
}

static void put_row(const struct row *row)
{
	char runs[24], pid[24] = "-";

	put_time(runs, sizeof(runs), row);
	if (row->pid)
		snprintf(pid, sizeof(pid), "%lu", row->pid);
	printf("%-16s %-9s %7s %8s %6lu  %-10s %s%s%s%s\n", row->name, row->state, pid, runs,
	       row->starts, row->last, row->program, row->note[0] ? "  (" : "", row->note,
	       row->note[0] ? ")" : "");
}

static void put_head(void)
{
	printf("%-16s %-9s %7s %8s %6s  %-10s %s\n", "NAME", "STATE", "PID", "RUNS", "STARTS",
	       "LAST END", "PROGRAM");
}

static int put_all(char *rows)
{
	const char *comma = "";
	struct row row;

	if (json)
		printf("[");
	else
		put_head();
	while (next_row(&rows, &row)) {
		if (json) {
			printf("%s\n ", comma);
			put_json(&row);
			comma = ",";
		} else {
			put_row(&row);
		}
	}
	if (json)
		printf("\n]\n");
	return OK;
}

static int status(const char *name)
{
	struct row row = ask_one("status", name);

	if (json) {
		put_json(&row);
		putchar('\n');
	} else {
		put_head();
		put_row(&row);
	}
	return is(&row, "running") ? OK : FAILED;
}

/* ---- steering ---- */

static bool is_over(const struct row *row)
{
	return is(row, "finished") || is(row, "failed") || is(row, "broken") || is(row, "stopped");
}

/* Is what was asked for done? @starts: how often it had been started before. */
static bool is_done(const char *verb, const struct row *row, unsigned long starts)
{
	if (strcmp(verb, "stop") == 0)
		return is_over(row);
	if (strcmp(verb, "start") == 0 && is(row, "running"))
		return true;
	return row->starts > starts && (is(row, "running") || is_over(row));
}

static int steer(const char *verb, const char *name)
{
	const struct timespec step = { .tv_nsec = STEP_MS * 1000 * 1000 };
	unsigned long starts = ask_one("status", name).starts;
	struct row row = ask_one(verb, name);

	for (int ms = 0; !is_done(verb, &row, starts); ms += STEP_MS) {
		if (ms >= WAIT_MS) {
			fprintf(stderr, "svc: %s: still %s%s%s\n", name, row.state,
				row.note[0] ? ": " : "", row.note);
			return FAILED;
		}
		nanosleep(&step, NULL);
		row = ask_one("status", name);
	}
	if (is(&row, "failed") && strcmp(verb, "stop") != 0) {
		fprintf(stderr, "svc: %s failed: %s\n", name, row.last);
		return FAILED;
	}
	return OK;
}

/* ---- logs ---- */

static void put_line(char *line)
{
	char *text = strstr(line, "] ");

	line[strcspn(line, "\n")] = '\0';
	if (!json) {
		puts(line);
		return;
	}
	printf("{\"time\": %.3f, \"text\": ", strtod(line + 1, NULL));
	put_json_string(text ? text + 2 : line);
	puts("}");
}

static unsigned long count_lines(FILE *f)
{
	unsigned long n = 0;
	int c, before = '\n';

	/* Beginnings, since the last line may be without an end yet. */
	for (; f && (c = getc(f)) != EOF; before = c)
		n += before == '\n';
	if (f)
		rewind(f);
	return n;
}

/* The lines of @f but the first *skip. */
static void put_lines(FILE *f, unsigned long *skip)
{
	char *line = NULL;
	size_t size = 0;

	while (f && getline(&line, &size, f) > 0) {
		if (*skip)
			--*skip;
		else
			put_line(line);
	}
	free(line);
}

/* Goes on for ever; a new file of the same name takes the place of the old. */
__attribute__((noreturn))
static void follow(FILE *f, const char *path)
{
	const struct timespec step = { .tv_nsec = 100 * 1000 * 1000 };

	for (;;) {
		struct stat here, there;
		unsigned long none = 0;

		put_lines(f, &none);
		fflush(stdout);
		nanosleep(&step, NULL);
		clearerr(f);
		if (stat(path, &there) || fstat(fileno(f), &here) || here.st_ino == there.st_ino)
			continue;
		put_lines(f, &none);
		f = freopen(path, "r", f);
		if (!f)
			die(FAILED, "%s: %s", path, strerror(errno));
	}
}

static int show_log(int argc, char **argv)
{
	char path[160], old_path[168];
	unsigned long lines = ~0ul, all, skip;
	bool on = false;
	FILE *f, *old;
	int option;

	optind = 0;
	while ((option = getopt(argc, argv, "+n:f")) >= 0) {
		if (option == 'n')
			lines = strtoul(optarg, NULL, 10);
		else if (option == 'f')
			on = true;
		else
			return MISUSED;
	}
	if (argc - optind != 1)
		return MISUSED;
	(void)ask_one("status", argv[optind]);
	snprintf(path, sizeof(path), "%.90s/log/%.60s", run_dir, argv[optind]);
	snprintf(old_path, sizeof(old_path), "%s.old", path);
	f = fopen(path, "re");
	old = fopen(old_path, "re");
	if (!f)
		die(FAILED, "%s has no log: %s", argv[optind], strerror(errno));
	all = count_lines(old) + count_lines(f);
	skip = all > lines ? all - lines : 0;
	put_lines(old, &skip);
	put_lines(f, &skip);
	if (on)
		follow(f, path);
	return OK;
}

/* ---- the command line ---- */

static int obey(int argc, char **argv)
{
	const char *verb = argv[0];
	int worst = OK;

	if (strcmp(verb, "log") == 0)
		return show_log(argc, argv);
	if (strcmp(verb, "list") == 0 || strcmp(verb, "reload") == 0)
		return argc == 1 ? put_all(ask(verb, NULL)) : MISUSED;
	if (strcmp(verb, "status") == 0)
		return argc == 2 ? status(argv[1]) : MISUSED;
	if (argc < 2 || (strcmp(verb, "start") != 0 && strcmp(verb, "stop") != 0 &&
			 strcmp(verb, "restart") != 0))
		return MISUSED;
	for (int i = 1; i < argc; i++) {
		int one = steer(verb, argv[i]);

		worst = one > worst ? one : worst;
	}
	return worst;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "run", required_argument, NULL, 'r' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int option, result = MISUSED;

	while ((option = getopt_long(argc, argv, "+h", options, NULL)) >= 0) {
		if (option == 'j') {
			json = true;
		} else if (option == 'r') {
			run_dir = optarg;
		} else {
			fputs(usage, option == 'h' ? stdout : stderr);
			return option == 'h' ? OK : MISUSED;
		}
	}
	if (optind < argc)
		result = obey(argc - optind, argv + optind);
	if (result == MISUSED)
		fputs(usage, stderr);
	return result;
}
