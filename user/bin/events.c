/* SPDX-License-Identifier: MIT */
/*
 * events - follows what the kernel tells at /dev/events (kernel/abi/event.h): a line, or
 * with --json an object, for each thing that happens.
 */
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <kernel/abi/event.h>
#include <kernel/lib/ring_ops.h>

#define DEVICE "/dev/events"

enum { OK, FAILED, MISUSED };

static const char usage[] =
	"usage: events [--json] [-t TYPE,...] [-n COUNT] [-r SECONDS] [-d SECONDS] [CMD [ARG...]]\n"
	"\n"
	"Follows the kernel's events, with the seconds since boot; root only.\n"
	"-t TYPE,...  only these: lost fork exec exit denied fault oom runtime\n"
	"-n COUNT     ends after so many\n"
	"-r SECONDS   every so often the run time of every process\n"
	"-d SECONDS   ends after so long\n"
	"CMD          is run meanwhile: ends when it has ended\n"
	"--json       an object a line\n";

static const char *const names[EVENT_TYPE_LAST + 1] = {
	[EVENT_LOST] = "lost",     [EVENT_FORK] = "fork",   [EVENT_EXEC] = "exec",
	[EVENT_EXIT] = "exit",     [EVENT_DENIED] = "denied", [EVENT_FAULT] = "fault",
	[EVENT_OOM] = "oom",       [EVENT_RUNTIME] = "runtime",
};
static const char *const deniers[] = { "?", "pledge", "seccomp", "unveil" };

static bool json;
static u32 wanted = ~0u; /* a bit a type */
static unsigned long left = ~0ul; /* to be shown */

static void fail(const char *what)
{
	fprintf(stderr, "events: %s: ", what);
	perror(NULL);
	exit(FAILED);
}

/* ---- telling ---- */

static const char *denier(const struct event *e)
{
	return deniers[e->what < ARRAY_SIZE(deniers) ? e->what : 0];
}

/* What differs from type to type, as words or as members of an object. */
static void put_details(const struct event *e)
{
	unsigned long long a = e->a, b = e->b;

	switch ((enum event_type)e->type) {
	case EVENT_LOST:
		printf(json ? ", \"count\": %llu" : "%llu events", a);
		break;
	case EVENT_FORK:
		printf(json ? ", \"child\": %llu, \"flags\": %llu" : "-> %llu (flags 0x%llx)", a,
		       b);
		break;
	case EVENT_EXEC:
		break;
	case EVENT_EXIT:
		printf(json ? ", \"status\": %llu, \"run_ns\": %llu" : "status 0x%llx, ran %llu ns",
		       a, b);
		break;
	case EVENT_DENIED:
		printf(json ? ", \"by\": \"%s\", \"call\": %llu, \"missing\": %llu" :
			      "by %s, call %llu, missing 0x%llx", denier(e), a, b);
		break;
	case EVENT_FAULT:
		printf(json ? ", \"signal\": %u, \"address\": %llu, \"code\": %lld" :
			      "signal %u, address 0x%llx, code %lld", e->what, a, (long long)b);
		break;
	case EVENT_OOM:
		printf(json ? ", \"kib\": %llu, \"asker\": %llu" :
			      "killed, %llu KiB, asker %llu", a, b);
		break;
	case EVENT_RUNTIME:
		printf(json ? ", \"user_ns\": %llu, \"system_ns\": %llu" :
			      "user %llu ns, system %llu ns", a, b);
		break;
	}
}

/* A program names itself: control characters and quotes are not for the terminal. */
static void clean_name(const struct event *e, char out[17])
{
	memcpy(out, e->comm, 16);
	out[16] = '\0';
	for (char *c = out; *c; c++)
		if (*c < ' ' || *c > '~' || *c == '"' || *c == '\\')
			*c = '?';
}

static void put_event(const struct event *e, u32 number)
{
	const char *type = e->type <= EVENT_TYPE_LAST && names[e->type] ? names[e->type] : "?";
	unsigned long long us = e->time_ns / 1000;
	char name[17];

	if (!left || (e->type < 32 && !(wanted & 1u << e->type)))
		return;
	left--;
	clean_name(e, name);
	if (json)
		printf("{\"number\": %u, \"time\": %llu.%06llu, \"type\": \"%s\", \"pid\": %d, "
		       "\"tid\": %d, \"uid\": %u, \"name\": \"%s\"", number, us / 1000000,
		       us % 1000000, type, e->pid, e->tid, e->uid, name);
	else
		printf("[%5llu.%06llu] %-7s %d (%s) ", us / 1000000, us % 1000000, type, e->pid,
		       name);
	put_details(e);
	puts(json ? "}" : "");
}

/* ---- following ---- */

/* Shows what there is. */
static void drain(struct ring_rx *rx)
{
	struct ring_slot slot;
	struct event event;
	int got;

	while ((got = ring_pop(rx, &slot)) > 0) {
		ring_release(rx);
		memcpy(&event, slot.payload, sizeof(event));
		put_event(&event, slot.tag);
	}
	fflush(stdout);
	if (got < 0) {
		fputs("events: the ring is broken\n", stderr);
		exit(FAILED);
	}
}

static void ask_runtimes(int fd, struct ring_rx *rx)
{
	int pid = 0;

	do {
		if (ioctl(fd, EVENT_IOC_RUNTIME, &pid) < 0)
			fail("run times");
		drain(rx);
	} while (pid);
}

static u64 now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (u64)ts.tv_sec * 1000 + (u64)ts.tv_nsec / 1000000;
}

struct plan {
	u64 end_ms, every_ms; /* ~0: never; 0: never */
	pid_t child;          /* 0: none */
	int status;           /* the program's */
};

static bool child_has_ended(struct plan *plan)
{
	int status;

	if (!plan->child || waitpid(plan->child, &status, WNOHANG) != plan->child)
		return false;
	plan->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	return true;
}

/* Until which moment is there nothing to do but to listen? A child's end comes as an event
 * shortly before it can be waited for. */
static int pause_ms(const struct plan *plan, u64 next_ms)
{
	u64 now = now_ms(), until = MIN(next_ms, plan->end_ms), most = plan->child ? 100 : 60000;

	return until <= now ? 0 : (int)MIN(until - now, most);
}

static void follow(int fd, struct ring_rx *rx, struct plan *plan)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	u64 next_ms = plan->every_ms ? now_ms() : ~0ull;

	while (left && now_ms() < plan->end_ms) {
		u64 now = now_ms();
		bool ended = child_has_ended(plan);

		if (now >= next_ms) {
			ask_runtimes(fd, rx);
			next_ms = now + plan->every_ms;
		}
		drain(rx);
		if (ended)
			return;
		if (poll(&p, 1, pause_ms(plan, next_ms)) > 0 && (p.revents & POLLERR)) {
			fputs("events: the ring is broken\n", stderr);
			exit(FAILED);
		}
	}
	drain(rx);
}

static pid_t start_program(char **argv)
{
	pid_t pid = fork();

	if (pid < 0)
		fail("fork");
	if (pid)
		return pid;
	execvp(argv[0], argv);
	perror(argv[0]);
	_exit(127);
}

/* ---- the command line ---- */

static bool set_types(char *text)
{
	wanted = 0;
	for (char *word = strtok(text, ","); word; word = strtok(NULL, ",")) {
		u32 i = 1;

		while (i <= EVENT_TYPE_LAST && strcmp(names[i], word) != 0)
			i++;
		if (i > EVENT_TYPE_LAST)
			return false;
		wanted |= 1u << i;
	}
	return wanted != 0;
}

/* Return: -1 with nothing more to do, else the status to end with. */
static int read_options(int argc, char **argv, struct plan *plan)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "+ht:n:r:d:", options, NULL)) >= 0) {
		if (option == 'j') {
			json = true;
		} else if (option == 'n') {
			left = strtoul(optarg, NULL, 10);
		} else if (option == 'r') {
			plan->every_ms = (u64)(strtod(optarg, NULL) * 1000);
		} else if (option == 'd') {
			plan->end_ms = now_ms() + (u64)(strtod(optarg, NULL) * 1000);
		} else if (option == 't' && set_types(optarg)) {
			continue;
		} else {
			fputs(usage, option == 'h' ? stdout : stderr);
			return option == 'h' ? OK : MISUSED;
		}
	}
	return -1;
}

int main(int argc, char **argv)
{
	struct plan plan = { .end_ms = ~0ull };
	int fd, status = read_options(argc, argv, &plan);
	struct ring_rx rx;
	void *ring;

	if (status >= 0)
		return status;
	fd = open(DEVICE, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		fail(DEVICE);
	ring = mmap(NULL, EVENT_MAP_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (ring == MAP_FAILED)
		fail(DEVICE);
	ring_rx_init(&rx, ring, EVENT_SLOTS);
	if (optind < argc)
		plan.child = start_program(argv + optind);
	follow(fd, &rx, &plan);
	return plan.status;
}
