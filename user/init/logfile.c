/* SPDX-License-Identifier: MIT */
/* Logs of services (contract in logfile.h). What cannot be written is lost: a full tree
 * must not stop process 1. */
#include "logfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PIECE 8192u /* read at a time: other services wait meanwhile */

void logfile_init(struct logfile *log)
{
	memset(log, 0, sizeof(*log));
	log->file = log->from = log->to = -1;
}

static int open_file(struct logfile *log)
{
	log->file = open(log->path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0640);
	log->len = 0;
	log->in_line = false;
	return log->file < 0 ? -errno : 0;
}

int logfile_open(struct logfile *log, const char *dir, const char *name)
{
	int pipe_fds[2], err;

	if (log->from >= 0)
		return 0;
	snprintf(log->path, sizeof(log->path), "%s/%s", dir, name);
	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return -errno;
	log->from = pipe_fds[0];
	log->to = pipe_fds[1];
	/* Only our end: a service that is ahead of us waits. */
	err = fcntl(log->from, F_SETFL, O_NONBLOCK) < 0 ? -errno : open_file(log);
	if (err)
		logfile_close(log);
	return err;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void logfile_close(struct logfile *log)
{
	close_fd(&log->file);
	close_fd(&log->from);
	close_fd(&log->to);
}

static void put(struct logfile *log, const char *data, size_t len)
{
	ssize_t n = log->file < 0 ? -1 : write(log->file, data, len);

	if (n > 0)
		log->len += (size_t)n;
}

static void begin_line(struct logfile *log)
{
	struct timespec ts;
	char stamp[32];
	int n;

	if (log->len >= LOGFILE_MAX) {
		char old[sizeof(log->path) + 4];

		snprintf(old, sizeof(old), "%s.old", log->path);
		close_fd(&log->file);
		if (rename(log->path, old) < 0)
			unlink(log->path);
		(void)!open_file(log);
	}
	clock_gettime(CLOCK_MONOTONIC, &ts);
	n = snprintf(stamp, sizeof(stamp), "[%5lld.%03ld] ", (long long)ts.tv_sec,
		     ts.tv_nsec / 1000000);
	put(log, stamp, (size_t)n);
	log->in_line = true;
}

static void end_line(struct logfile *log)
{
	put(log, "\n", 1);
	log->in_line = false;
}

static void add(struct logfile *log, const char *data, size_t len)
{
	while (len) {
		const char *end = memchr(data, '\n', len);
		size_t n = end ? (size_t)(end - data) : len;

		/* Also a line without end is cut where the file is full. */
		if (log->in_line && log->len >= LOGFILE_MAX)
			end_line(log);
		if (!log->in_line)
			begin_line(log);
		put(log, data, n);
		if (end) {
			end_line(log);
			n++;
		}
		data += n;
		len -= n;
	}
}

static bool pump_piece(struct logfile *log)
{
	char buf[PIECE];
	ssize_t n = log->from < 0 ? -1 : read(log->from, buf, sizeof(buf));

	if (n > 0)
		add(log, buf, (size_t)n);
	return n > 0;
}

void logfile_pump(struct logfile *log)
{
	(void)pump_piece(log);
}

/* A pipe holds 64 KiB; who still writes into it from elsewhere does not hold us up. */
void logfile_drain(struct logfile *log)
{
	for (int i = 0; i < 16 && pump_piece(log); i++)
		;
}

void logfile_note(struct logfile *log, const char *fmt, ...)
{
	char line[256] = "init: ";
	va_list ap;

	if (log->file < 0)
		return;
	va_start(ap, fmt);
	vsnprintf(line + 6, sizeof(line) - 6, fmt, ap);
	va_end(ap);
	if (log->in_line)
		end_line(log);
	add(log, line, strlen(line));
	end_line(log);
}
