/* SPDX-License-Identifier: MIT */
/* From files to services (contract in load.h). */
#include "load.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "init.h"
#include "service.h"

#define SUFFIX  ".svc"
#define CONSOLE "/dev/console"

static const char fallback_text[] = "exec /bin/sh\nname -sh\ndir /root\ntty " CONSOLE "\n";

static bool same(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/* From its next start the service goes by @m, which it now owns. */
static void give_manifest(struct service *s, struct manifest *m)
{
	if (!s->m || !same(s->m->tty, m->tty))
		s->has_modes = false;
	free(s->m);
	s->m = m;
}

/* It cannot start any more; but a service with a process keeps what it was started by. */
static void drop_manifest(struct service *s)
{
	if (s->state == SERVICE_RUNNING || s->state == SERVICE_STOPPING)
		return;
	free(s->m);
	s->m = NULL;
	s->state = SERVICE_BROKEN;
}

static __printf(2, 3) void complain(struct service *s, const char *fmt, ...)
{
	va_list ap;

	drop_manifest(s);
	va_start(ap, fmt);
	vsnprintf(s->why, sizeof(s->why), fmt, ap);
	va_end(ap);
	init_say("%s: %s", s->where, s->why);
}

static void parse(struct service *s, const char *text, size_t len, const char *tty)
{
	struct manifest *m = malloc(sizeof(*m));
	struct manifest_error error;

	if (m && manifest_parse(m, text, len, &error)) {
		if (tty)
			m->tty = tty;
		give_manifest(s, m);
		return;
	}
	if (!m)
		complain(s, "no memory");
	else if (error.line)
		complain(s, "line %u: %s", error.line, error.text);
	else
		complain(s, "%s", error.text);
	free(m);
}

static struct service *find_or_add(const char *name, const char *where)
{
	struct service *s = service_find(name);

	if (!s)
		s = service_add(name);
	if (s) {
		s->seen = true;
		s->gone = false;
		snprintf(s->where, sizeof(s->where), "%s", where);
	}
	return s;
}

static bool has_console(const struct service *s)
{
	return s->m && same(s->m->tty, CONSOLE);
}

/* What has /dev/console runs on each other console of the kernel's too: a line of
 * /proc/consoles (proc(5)) is a name and flags, of which C marks /dev/console. */
static void copy_to_consoles(const char *name, const char *where, const char *text, size_t len)
{
	FILE *f = fopen("/proc/consoles", "re");
	char line[128], console[17], flags[17], copy_name[80];

	while (f && fgets(line, sizeof(line), f)) {
		struct service *s;
		char *tty;

		/* "tty1   -W- (EC  p  )    4:1" */
		if (sscanf(line, "%16s %*s (%16[^)])", console, flags) != 2 || strchr(flags, 'C'))
			continue;
		snprintf(copy_name, sizeof(copy_name), "%.40s@%.16s", name, console);
		s = find_or_add(copy_name, where);
		if (!s || asprintf(&tty, "/dev/%s", console) < 0)
			continue;
		parse(s, text, len, tty); /* the name of the terminal stays for ever: a few bytes */
	}
	if (f)
		fclose(f);
}

static void load_text(const char *name, const char *where, const char *text, size_t len,
		      bool consoles)
{
	struct service *s = find_or_add(name, where);

	if (!s)
		return;
	if (!manifest_name_ok(name)) {
		complain(s, "no name for a service");
		return;
	}
	parse(s, text, len, NULL);
	if (consoles && has_console(s))
		copy_to_consoles(name, where, text, len);
}

static void load_file(const char *file, bool consoles)
{
	char path[320], name[60], text[MANIFEST_MAX_LEN + 2];
	size_t len = 0;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%.60s/%.255s", service_paths.manifests, file);
	snprintf(name, sizeof(name), "%.*s",
		 (int)MIN(strlen(file) - strlen(SUFFIX), sizeof(name) - 1), file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		init_say("%s: %s", path, strerror(errno));
		return;
	}
	while (len < sizeof(text) && (n = read(fd, text + len, sizeof(text) - len)) > 0)
		len += (size_t)n;
	close(fd);
	load_text(name, path, text, len, consoles);
}

static int is_manifest(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return len > strlen(SUFFIX) && strcmp(entry->d_name + len - strlen(SUFFIX), SUFFIX) == 0;
}

static bool somebody_has_console(void)
{
	for (size_t i = 0; i < n_services; i++)
		if (has_console(services[i]))
			return true;
	return false;
}

static void remove_unseen(void)
{
	for (size_t i = n_services; i-- > 0;) {
		struct service *s = services[i];

		if (s->seen)
			continue;
		s->gone = true;
		if (s->state == SERVICE_RUNNING || s->state == SERVICE_STOPPING)
			(void)service_stop(s);
		else
			service_remove(s);
	}
}

void load_manifests(bool consoles)
{
	struct dirent **files;
	int n = scandir(service_paths.manifests, &files, is_manifest, alphasort);

	for (size_t i = 0; i < n_services; i++)
		services[i]->seen = false;
	for (int i = 0; i < n; i++) {
		load_file(files[i]->d_name, consoles);
		free(files[i]);
	}
	if (n >= 0)
		free(files);
	if (consoles && !somebody_has_console()) {
		init_say("no service has " CONSOLE ": /bin/sh gets it");
		load_text("console", "built in", fallback_text, strlen(fallback_text), true);
	}
	remove_unseen();
	service_judge();
}
