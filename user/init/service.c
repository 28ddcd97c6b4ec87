/* SPDX-License-Identifier: MIT */
/*
 * The services of process 1 and their ways from state to state (service.h). Nothing
 * here waits: supervise.c calls when a child has ended or a time has come.
 *
 * What a service leaves behind in its session's first process group ends with it, so
 * that the next one finds the world as the first did. A terminal's service keeps its
 * jobs, which are groups of their own anyway; its terminal is given back to its first
 * settings before each start: whoever died may have left it raw.
 */
#include "service.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "broker.h"
#include "child.h"
#include "init.h"

#define NO_PROCESS_MS 1000 /* until fork is tried again */

struct service_paths service_paths;
struct service *services[SERVICES_MAX];
size_t n_services;

u64 service_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (u64)ts.tv_sec * 1000 + (u64)ts.tv_nsec / 1000000;
}

const char *service_state_name(enum service_state state)
{
	static const char *const names[] = {
		[SERVICE_BROKEN] = "broken",     [SERVICE_WAITING] = "waiting",
		[SERVICE_RUNNING] = "running",   [SERVICE_STOPPING] = "stopping",
		[SERVICE_STOPPED] = "stopped",   [SERVICE_FINISHED] = "finished",
		[SERVICE_FAILED] = "failed",
	};

	return names[state];
}

/* ---- the table ---- */

struct service *service_find(const char *name)
{
	for (size_t i = 0; i < n_services; i++)
		if (strcmp(services[i]->name, name) == 0)
			return services[i];
	return NULL;
}

struct service *service_add(const char *name)
{
	struct service *s = n_services < SERVICES_MAX ? calloc(1, sizeof(*s)) : NULL;

	if (!s) {
		init_say("%s: no room for another service", name);
		return NULL;
	}
	snprintf(s->name, sizeof(s->name), "%s", name);
	s->state = SERVICE_BROKEN;
	s->serve[0] = s->serve[1] = s->pulse = -1;
	logfile_init(&s->log);
	services[n_services++] = s;
	return s;
}

void service_remove(struct service *s)
{
	size_t i = 0;

	while (services[i] != s)
		i++;
	memmove(&services[i], &services[i + 1], (n_services - i - 1) * sizeof(services[0]));
	n_services--;
	broker_close(s);
	logfile_close(&s->log);
	free(s->m);
	free(s);
}

/* ---- needs ---- */

static void break_it(struct service *s, const char *fault)
{
	char why[sizeof(s->why)];

	if (s->m && s->m->needs_line)
		snprintf(why, sizeof(why), "line %u: %s", s->m->needs_line, fault);
	else
		snprintf(why, sizeof(why), "%s", fault);
	if (s->state == SERVICE_BROKEN && strcmp(why, s->why) == 0)
		return; /* told before */
	s->state = SERVICE_BROKEN;
	memcpy(s->why, why, sizeof(why));
	init_say("%s: %s", s->where, s->why);
}

void service_judge(void)
{
	static char *const no_needs[] = { NULL };
	static struct order_item items[SERVICES_MAX];

	for (size_t i = 0; i < n_services; i++) {
		struct service *s = services[i];

		items[i] = (struct order_item){ s->name, s->m ? s->m->needs : no_needs, "" };
		if (!s->m) /* load.c has told why */
			snprintf(items[i].fault, sizeof(items[i].fault), "%.150s", s->why);
	}
	order_check(items, n_services);
	for (size_t i = 0; i < n_services; i++) {
		struct service *s = services[i];

		if (!s->m || s->state == SERVICE_RUNNING || s->state == SERVICE_STOPPING)
			continue;
		if (items[i].fault[0]) {
			break_it(s, items[i].fault);
		} else if (s->state == SERVICE_BROKEN) {
			s->state = SERVICE_WAITING;
			s->due_ms = 0;
		}
	}
}

/* What it needs and does not run yet, NULL: nothing. One that had a task and has done
 * it is as good as one that runs. */
static const char *missing_need(const struct service *s)
{
	for (size_t i = 0; s->m->needs[i]; i++) {
		const struct service *need = service_find(s->m->needs[i]);

		if (!need || (need->state != SERVICE_RUNNING &&
			      (need->state != SERVICE_FINISHED || need->status)))
			return s->m->needs[i];
	}
	return NULL;
}

void service_note(const struct service *s, char *buf, size_t size)
{
	const char *need;
	u64 now = service_now_ms();

	buf[0] = '\0';
	if (s->state == SERVICE_BROKEN)
		snprintf(buf, size, "%s", s->why);
	if (s->state == SERVICE_FAILED)
		snprintf(buf, size, "%u short runs in a row", s->restart.short_runs);
	if (s->state != SERVICE_WAITING)
		return;
	need = missing_need(s);
	if (need)
		snprintf(buf, size, "waits for %s", need);
	else if (s->due_ms > now)
		snprintf(buf, size, "again in %llu ms", (unsigned long long)(s->due_ms - now));
}

/* ---- starting ---- */

static void reset_terminal(struct service *s)
{
	int fd = s->m->tty ? open(s->m->tty, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC) : -1;

	if (fd < 0)
		return;
	if (!s->has_modes && tcgetattr(fd, &s->modes) == 0) {
		s->modes.c_iflag |= IUTF8; /* erase takes characters, not bytes */
		s->has_modes = true;
	}
	if (s->has_modes)
		tcsetattr(fd, TCSANOW, &s->modes);
	close(fd);
}

static void start(struct service *s)
{
	int err = 0;

	reset_terminal(s);
	if (!s->m->tty)
		err = logfile_open(&s->log, service_paths.logs, s->name);
	if (err)
		init_say("%s: no log: %s", s->name, strerror(-err));
	broker_prepare(s);
	s->started_ms = service_now_ms();
	s->pid = fork();
	if (s->pid == 0)
		child_run(s->m, s->log.to, s->serve[1]);
	if (s->pid < 0) {
		init_say("no process for %s: %s", s->name, strerror(errno));
		s->due_ms = s->started_ms + NO_PROCESS_MS;
		return;
	}
	s->state = SERVICE_RUNNING;
	s->starts++;
	logfile_note(&s->log, "started, process %d", (int)s->pid);
	broker_pulse_start(s);
}

static bool is_due(const struct service *s, u64 now)
{
	return s->state == SERVICE_WAITING && s->due_ms <= now && !missing_need(s);
}

/* When something is to be done for it, ~0: only when something happens. */
static u64 due_of(const struct service *s)
{
	if (s->state == SERVICE_RUNNING)
		return s->pulse < 0 ? ~0ull : s->pulse_due_ms;
	if (s->state == SERVICE_STOPPING || (s->state == SERVICE_WAITING && !missing_need(s)))
		return s->due_ms;
	return ~0ull;
}

static void kill_overdue(struct service *s, u64 now)
{
	if (s->state == SERVICE_STOPPING && s->due_ms <= now) {
		kill(-s->pid, SIGKILL);
		s->due_ms = ~0ull;
	}
	if (s->state == SERVICE_RUNNING && !broker_pulse_check(s, now)) {
		logfile_note(&s->log, "has missed its heartbeat");
		kill(-s->pid, SIGKILL);
		broker_pulse_end(s);
	}
}

int service_start_due(void)
{
	u64 now = service_now_ms(), next = ~0ull;
	bool more = true;

	while (more) { /* one that has started may be what another needs */
		more = false;
		for (size_t i = 0; i < n_services; i++) {
			if (!is_due(services[i], now))
				continue;
			start(services[i]);
			more |= services[i]->state == SERVICE_RUNNING;
		}
	}
	for (size_t i = 0; i < n_services; i++) {
		kill_overdue(services[i], now);
		next = MIN(next, due_of(services[i]));
	}
	return next == ~0ull ? -1 : (int)(MAX(next, now + 1) - now);
}

/* ---- ends ---- */

static const char *what_then(enum service_state state)
{
	return state == SERVICE_WAITING ? "; starting another" :
	       state == SERVICE_FAILED ? "; given up after too many short runs" : "";
}

static void tell_end(struct service *s)
{
	const char *then = what_then(s->state);
	char text[128];

	if (WIFSIGNALED(s->status))
		snprintf(text, sizeof(text), "was killed by signal %d%s",
			 WTERMSIG(s->status), then);
	else if (WEXITSTATUS(s->status))
		snprintf(text, sizeof(text), "ended with status %d%s",
			 WEXITSTATUS(s->status), then);
	else if (s->m->tty && s->state == SERVICE_WAITING)
		snprintf(text, sizeof(text), "ended%s (poweroff stops the machine)", then);
	else
		snprintf(text, sizeof(text), "ended%s", then);
	logfile_note(&s->log, "%s", text);
	/* On the console, what its user sees the effect of, and what will not mend itself. */
	if (s->state == SERVICE_FAILED || (s->m->tty && (s->status || s->state == SERVICE_WAITING)))
		init_say("%s %s", s->name, text);
}

static void stopped(struct service *s)
{
	s->state = s->again ? SERVICE_WAITING : SERVICE_STOPPED;
	s->again = false;
	s->due_ms = 0;
	memset(&s->restart, 0, sizeof(s->restart));
}

static void service_ended(struct service *s, int status)
{
	u64 now = service_now_ms();

	logfile_drain(&s->log);
	s->status = status;
	s->has_ended = true;
	if (s->state == SERVICE_STOPPING) {
		stopped(s);
	} else {
		static const enum service_state states[] = {
			[RESTART_AGAIN] = SERVICE_WAITING,
			[RESTART_FINISHED] = SERVICE_FINISHED,
			[RESTART_GIVEN_UP] = SERVICE_FAILED,
		};

		s->state = states[restart_decide(&s->restart, s->m, status,
						 now - s->started_ms >= RESTART_GOOD_MS)];
		s->due_ms = now + s->restart.wait_ms;
	}
	broker_pulse_end(s);
	if (s->state != SERVICE_WAITING)
		broker_close(s);
	tell_end(s);
	if (s->gone)
		service_remove(s);
}

static struct service *by_pid(pid_t pid)
{
	for (size_t i = 0; i < n_services; i++)
		if ((services[i]->state == SERVICE_RUNNING ||
		     services[i]->state == SERVICE_STOPPING) && services[i]->pid == pid)
			return services[i];
	return NULL;
}

void service_reap(void)
{
	siginfo_t info;

	for (;;) {
		struct service *s;
		int status = 0;

		info.si_pid = 0;
		/* Not taken yet: as long as it is there nobody else has its number. */
		if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || !info.si_pid)
			return;
		s = by_pid(info.si_pid);
		if (s && !s->m->tty)
			kill(-s->pid, SIGKILL);
		if (waitpid(info.si_pid, &status, 0) == info.si_pid && s)
			service_ended(s, status);
	}
}

/* ---- by hand ---- */

const char *service_go(struct service *s)
{
	switch (s->state) {
	case SERVICE_BROKEN:
		return s->why;
	case SERVICE_RUNNING:
		return NULL;
	case SERVICE_STOPPING:
		s->again = true;
		return NULL;
	case SERVICE_WAITING:
	case SERVICE_STOPPED:
	case SERVICE_FINISHED:
	case SERVICE_FAILED:
		break;
	}
	s->state = SERVICE_WAITING;
	s->due_ms = 0;
	memset(&s->restart, 0, sizeof(s->restart));
	return NULL;
}

const char *service_stop(struct service *s)
{
	if (s->state == SERVICE_STOPPING)
		s->again = false;
	if (s->state == SERVICE_WAITING || s->state == SERVICE_FAILED)
		s->state = SERVICE_STOPPED;
	if (s->state == SERVICE_STOPPED)
		broker_close(s);
	if (s->state != SERVICE_RUNNING)
		return s->state == SERVICE_BROKEN ? s->why : NULL;
	s->state = SERVICE_STOPPING;
	s->due_ms = service_now_ms() + s->m->stop_ms;
	logfile_note(&s->log, "asked to stop");
	/* A stopped process must hear it too. */
	kill(-s->pid, SIGTERM);
	kill(-s->pid, SIGCONT);
	return NULL;
}

const char *service_restart(struct service *s)
{
	if (s->state == SERVICE_RUNNING || s->state == SERVICE_STOPPING) {
		(void)service_stop(s);
		s->again = true;
		return NULL;
	}
	return service_go(s);
}
