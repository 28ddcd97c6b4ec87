/* SPDX-License-Identifier: MIT */
/*
 * A service's log: what it writes to its output and error, each line with the time
 * since boot before it, in a file that cannot grow without end: at LOGFILE_MAX bytes it
 * becomes NAME.old, whose predecessor is gone. A service that writes faster than
 * process 1 reads waits in its pipe.
 */
#pragma once

#include <kernel/lib/types.h>

#define LOGFILE_MAX (64u << 10)

struct logfile {
	int file, from, to; /* from, to: the pipe, of which services get `to`; -1: none */
	size_t len;         /* of the file */
	bool in_line;       /* something stands in the last line */
	char path[160];
};

/** logfile_init - of no service yet: nothing open */
void logfile_init(struct logfile *log);
/** logfile_open - DIR/NAME, emptied, and the pipe; nothing if it is open. 0; -errno */
__must_check int logfile_open(struct logfile *log, const char *dir, const char *name);
void logfile_close(struct logfile *log);

/** logfile_pump - write down what the pipe holds, a bounded piece of it */
void logfile_pump(struct logfile *log);
/** logfile_drain - all of it, of a service that has ended */
void logfile_drain(struct logfile *log);
/** logfile_note - process 1's own word, a line with "init: " before it */
__printf(2, 3) void logfile_note(struct logfile *log, const char *fmt, ...);
