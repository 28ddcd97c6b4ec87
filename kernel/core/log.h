/* SPDX-License-Identifier: MIT */
/*
 * The kernel log: leveled records in a ring that dmesg reads (syslog(2)),
 * mirrored to the consoles (COM1, the screen) up to the level of the boot word
 * loglevel=. Works from the first instruction of kernel_main() on, in any context.
 */
#pragma once

#include <kernel/lib/types.h>
#include <stdarg.h>

/* syslog(2)'s levels. Anything of LOG_WARN or above fails a test run unless
 * the test expects it, so use LOG_NOTICE for what is merely remarkable. */
enum log_level {
	LOG_EMERG,
	LOG_ALERT,
	LOG_CRIT,
	LOG_ERR,
	LOG_WARN,
	LOG_NOTICE,
	LOG_INFO,
	LOG_DEBUG,
};

/** log_write - one record: "subsystem: text" without a newline at the end */
void log_write(enum log_level level, const char *fmt, ...) __printf(2, 3);
void log_vwrite(enum log_level level, const char *fmt, va_list ap);

#define log_err(...)    log_write(LOG_ERR, __VA_ARGS__)
#define log_warn(...)   log_write(LOG_WARN, __VA_ARGS__)
#define log_notice(...) log_write(LOG_NOTICE, __VA_ARGS__)
#define log_info(...)   log_write(LOG_INFO, __VA_ARGS__)
#define log_debug(...)  log_write(LOG_DEBUG, __VA_ARGS__)

/** log_set_level - what reaches COM1 from now on (boot word loglevel=) */
void log_set_level(enum log_level level);
enum log_level log_level(void);

/** log_set_clock - stamp records with @now(); 0 before. Called by clock_init(). */
void log_set_clock(ns_t (*now)(void));

/** log_read - copy text "<level>[seconds] record\n" from ring position *pos on
 * into @buf. Return: bytes; 0 at the end. *pos moves on; a position that was
 * overwritten jumps to the oldest record. */
size_t log_read(u64 *pos, char *buf, size_t len);

#define LOG_LINE 240u /* longest text of a record; the rest is cut */

struct log_entry {
	u64 time_ns;
	enum log_level level;
	u32 len;
	char text[LOG_LINE]; /* not terminated */
};
/** log_next - the record at *pos, which moves on as in log_read(). False: none yet. */
__must_check bool log_next(u64 *pos, struct log_entry *out);
/** log_end, log_begin - ring positions of the next and of the oldest record */
u64 log_end(void);
u64 log_begin(void);

/** log_console_write - text of no record, to all consoles. Any context. */
void log_console_write(const char *buf, size_t len);
/** log_replay - what consoles have seen so far, to one that was not there */
void log_replay(void (*write)(const char *buf, size_t len));

/** log_panic_mode - no lock from here on, everything to COM1 */
void log_panic_mode(void);
