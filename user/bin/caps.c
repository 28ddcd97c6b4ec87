/* SPDX-License-Identifier: MIT */
/*
 * caps - what a process holds: its descriptors with their rights, and the derivation
 * tree of those that were granted, across processes.
 *
 *     caps [--json] [PID]
 *
 * Rights, one letter each: r read, w write, x execute, k seek, c control, t stat, m map,
 * p wait (poll), s signal, l look up below it, g grant, d duplicate. Exit status: 0; 1 no
 * such process or not permitted; 2 usage.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <kernel/abi/cap.h>

enum { NR_CAP_LIST = 1030, NR_PIDFD_OPEN = 434 }; /* kernel/syscall.tbl */

static const char letters[] = "rwxkctmpslgd";
static const char *const type_names[] = { "?",	 "file", "process", "channel",	 "memory",
					  "irq", "mmio", "ioport",  "node quota" };

static struct cap_info *list;
static long nr;

static int compare(const void *a, const void *b)
{
	const struct cap_info *x = a, *y = b;

	return x->pid != y->pid ? (x->pid < y->pid ? -1 : 1) : (x->fd > y->fd) - (x->fd < y->fd);
}

/* The whole list, however much it grows meanwhile. False: errno says why. */
static bool load(int process)
{
	long room = 64;

	do {
		room *= 2;
		free(list);
		list = calloc((size_t)room, sizeof(*list));
		if (!list)
			return false;
		nr = syscall(NR_CAP_LIST, process, list, (size_t)room * sizeof(*list));
	} while (nr > room && room < 65536);
	if (nr > room)
		nr = room;
	if (nr > 0)
		qsort(list, (size_t)nr, sizeof(*list), compare);
	return nr >= 0;
}

static void rights_text(u32 rights, char *out)
{
	for (size_t i = 0; i < sizeof(letters) - 1; i++)
		out[i] = rights & 1u << i ? letters[i] : '-';
	out[sizeof(letters) - 1] = '\0';
}

static const char *type_name(const struct cap_info *c)
{
	return type_names[c->type < sizeof(type_names) / sizeof(type_names[0]) ? c->type : 0];
}

/* What @c names, for people; "" when that is not to be known. */
static void object_text(const struct cap_info *c, char *out, size_t size)
{
	char path[64];
	ssize_t n = -1;

	if (c->fd >= 0) {
		snprintf(path, sizeof(path), "/proc/%d/fd/%d", c->pid, c->fd);
		n = readlink(path, out, size - 1);
	}
	out[n < 0 ? 0 : n] = '\0';
}

static const char *state(const struct cap_info *c)
{
	if (c->flags & CAP_REVOKED)
		return "revoked";
	if (c->flags & CAP_IN_FLIGHT)
		return "on its way";
	if (c->flags & CAP_MAPPED)
		return "closed, still mapped";
	return "";
}

static void print_handle(const struct cap_info *c, int depth)
{
	char rights[sizeof(letters)], object[4096];

	rights_text(c->rights, rights);
	object_text(c, object, sizeof(object));
	if (depth >= 0)
		printf("%*s%s", depth * 4, "", depth ? "`-- " : "");
	if (c->fd < 0)
		printf("(%s) ", state(c));
	else if (depth >= 0)
		printf("%d:%d ", c->pid, c->fd);
	else
		printf("%5d  ", c->fd);
	printf("%s  %s%s%s%s\n", rights, *object ? object : type_name(c),
	       c->flags & CAP_CLOEXEC ? "  cloexec" : "", c->fd >= 0 && *state(c) ? "  " : "",
	       c->fd >= 0 ? state(c) : "");
}

static void print_below(u64 parent, int depth)
{
	for (long i = 0; i < nr; i++)
		if (list[i].id && list[i].parent == parent) {
			print_handle(&list[i], depth);
			print_below(list[i].id, depth + 1);
		}
}

static void print_text(int pid)
{
	long own = 0;
	bool tree = false;

	for (long i = 0; i < nr; i++)
		own += (list[i].flags & CAP_OWN) != 0;
	printf("process %d holds %ld handles\n", pid, own);
	for (long i = 0; i < nr; i++) {
		tree |= list[i].id != 0;
		if (list[i].flags & CAP_OWN)
			print_handle(&list[i], -1);
	}
	printf(tree ? "derivations, PID:FD\n" : "nothing was granted to it or by it\n");
	print_below(0, 0);
}

static void print_string(const char *text)
{
	putchar('"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			printf("\\%c", *text);
		else if ((unsigned char)*text < 0x20)
			printf("\\u%04x", (unsigned char)*text);
		else
			putchar(*text);
	}
	putchar('"');
}

static void print_json(void)
{
	char rights[sizeof(letters)], object[4096];

	puts("[");
	for (long i = 0; i < nr; i++) {
		const struct cap_info *c = &list[i];

		rights_text(c->rights, rights);
		object_text(c, object, sizeof(object));
		printf("{\"pid\": %d, \"fd\": %d, \"type\": \"%s\", \"rights\": \"%s\", "
		       "\"id\": %llu, \"parent\": %llu, \"own\": %s, \"cloexec\": %s, "
		       "\"state\": \"%s\", \"object\": ",
		       c->pid, c->fd, type_name(c), rights, (unsigned long long)c->id,
		       (unsigned long long)c->parent, c->flags & CAP_OWN ? "true" : "false",
		       c->flags & CAP_CLOEXEC ? "true" : "false", state(c));
		print_string(object);
		printf("}%s\n", i + 1 < nr ? "," : "");
	}
	puts("]");
}

int main(int argc, char **argv)
{
	bool json = argc > 1 && strcmp(argv[1], "--json") == 0;
	char **args = argv + 1 + json, *end = NULL;
	int process = CAP_SELF, pid = getpid();

	if (args[0] && args[0][0]) {
		pid = (int)strtol(args[0], &end, 10);
		if (*end || pid <= 0 || args[1]) {
			fprintf(stderr, "usage: caps [--json] [PID]\n");
			return 2;
		}
		process = (int)syscall(NR_PIDFD_OPEN, pid, 0);
	}
	if (process < CAP_SELF || (end && process < 0) || !load(process)) {
		fprintf(stderr, "caps: process %d: %s\n", pid, strerror(errno));
		return 1;
	}
	if (json)
		print_json();
	else
		print_text(pid);
	return fflush(stdout) ? 1 : 0;
}
