/* SPDX-License-Identifier: MIT */
/*
 * The log ring: records back to back in a power-of-two byte ring; positions
 * are free-running byte offsets, so a reader notices that it was overtaken.
 *
 *   begin ............ end          begin grows as old records are overwritten
 *   [head|text][head|text]          head = struct log_record
 */
#include <kernel/core/log.h>

#include <arch/irq.h>
#include <arch/screen.h>
#include <arch/serial.h>
#include <kernel/core/cmdline.h>
#include <kernel/core/spinlock.h>
#include <kernel/lib/format.h>
#include <kernel/lib/string.h>

#define LOG_SIZE (64u << 10)

struct log_record {
	u64 time_ns;
	u16 len; /* of the text */
	u8 level;
};

static char ring[LOG_SIZE];    /* [log_lock] */
static u64 ring_begin, ring_end; /* [log_lock] */
static struct spinlock log_lock = SPINLOCK_INIT(RANK_LOG, "log");
static enum log_level console_level = LOG_INFO; /* atomic */
static bool panic_mode;                         /* atomic */
static ns_t (*clock_now)(void);                 /* atomic; NULL: no clock yet */

static irqflags_t log_lock_take(void)
{
	irqflags_t flags = irq_save();

	if (!atomic_load_relaxed(&panic_mode))
		spin_lock(&log_lock);
	return flags;
}

static void log_lock_drop(irqflags_t flags)
{
	if (!atomic_load_relaxed(&panic_mode))
		spin_unlock(&log_lock);
	irq_restore(flags);
}

static void ring_put(u64 pos, const void *src, size_t len)
{
	size_t first = MIN(len, LOG_SIZE - pos % LOG_SIZE);

	memcpy(&ring[pos % LOG_SIZE], src, first);
	memcpy(ring, (const char *)src + first, len - first);
}

static void ring_get(u64 pos, void *dst, size_t len)
{
	size_t first = MIN(len, LOG_SIZE - pos % LOG_SIZE);

	memcpy(dst, &ring[pos % LOG_SIZE], first);
	memcpy((char *)dst + first, ring, len - first);
}

static void ring_append(const struct log_record *rec, const char *text)
{
	u64 need = sizeof(*rec) + rec->len;
	irqflags_t flags = log_lock_take();

	while (ring_end + need - ring_begin > LOG_SIZE) {
		struct log_record old;

		ring_get(ring_begin, &old, sizeof(old));
		ring_begin += sizeof(old) + old.len;
	}
	ring_put(ring_end, rec, sizeof(*rec));
	ring_put(ring_end + sizeof(*rec), text, rec->len);
	ring_end += need;
	log_lock_drop(flags);
}

/* "[seconds.micros] " in front of @text, into @line. */
static int format_line(char *line, size_t size, const struct log_record *rec, const char *text)
{
	static const char *const word[] = { "EMERG: ", "ALERT: ", "CRIT: ", "ERROR: ", "WARN: ",
					    "", "", "" };

	return snprintf(line, size, "[%5llu.%06llu] %s%.*s\n",
			(unsigned long long)(rec->time_ns / 1000000000ull),
			(unsigned long long)(rec->time_ns % 1000000000ull / 1000),
			word[rec->level & 7], (int)rec->len, text);
}

void log_console_write(const char *buf, size_t len)
{
	if (boot_options.consoles & BIT(CONSOLE_SERIAL) || !screen_present())
		serial_write_polled(0, buf, len);
	if (boot_options.consoles & BIT(CONSOLE_SCREEN))
		screen_log(buf, len);
}

void log_replay(void (*write)(const char *buf, size_t len))
{
	struct log_entry e;
	u64 pos = log_begin();
	char line[LOG_LINE + 32];

	if (!(boot_options.consoles & BIT(CONSOLE_SCREEN)))
		return;
	while (log_next(&pos, &e)) {
		struct log_record rec = { e.time_ns, (u16)e.len, (u8)e.level };
		int len = format_line(line, sizeof(line), &rec, e.text);

		if (e.level <= log_level())
			write(line, MIN((size_t)len, sizeof(line) - 1));
	}
}

/* A record is one line, whatever a program put into its name or a path: nobody forges
 * records, nor sends the console's control sequences. */
static void make_plain(char *text)
{
	for (u8 *c = (u8 *)text; *c; c++)
		if ((*c < ' ' && *c != '\t') || *c == 0x7f)
			*c = '?';
}

void log_vwrite(enum log_level level, const char *fmt, va_list ap)
{
	char text[LOG_LINE], line[LOG_LINE + 32];
	struct log_record rec = { .level = (u8)level };
	ns_t (*now)(void) = atomic_load_acquire(&clock_now);
	int len = vsnprintf(text, sizeof(text), fmt, ap);

	make_plain(text);
	rec.time_ns = now ? now() : 0;
	rec.len = (u16)MIN((size_t)MAX(len, 0), sizeof(text) - 1);
	ring_append(&rec, text);
	if (level > atomic_load_relaxed(&console_level) && !atomic_load_relaxed(&panic_mode))
		return;
	len = format_line(line, sizeof(line), &rec, text);
	log_console_write(line, MIN((size_t)len, sizeof(line) - 1));
}

void log_write(enum log_level level, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_vwrite(level, fmt, ap);
	va_end(ap);
}

void log_set_level(enum log_level level)
{
	atomic_store_relaxed(&console_level, level);
}

enum log_level log_level(void)
{
	return atomic_load_relaxed(&console_level);
}

void log_panic_mode(void)
{
	atomic_store_relaxed(&panic_mode, true);
}

void log_set_clock(ns_t (*now)(void))
{
	atomic_store_release(&clock_now, now);
}

u64 log_end(void)
{
	return atomic_load_relaxed(&ring_end);
}

u64 log_begin(void)
{
	return atomic_load_relaxed(&ring_begin);
}

size_t log_read(u64 *pos, char *buf, size_t size)
{
	size_t done = 0;
	irqflags_t flags = log_lock_take();

	if (*pos < ring_begin)
		*pos = ring_begin;
	while (*pos < ring_end) {
		struct log_record rec;
		char text[LOG_LINE], line[LOG_LINE + 40];
		int len;

		ring_get(*pos, &rec, sizeof(rec));
		ring_get(*pos + sizeof(rec), text, rec.len);
		len = snprintf(line, sizeof(line), "<%u>", rec.level);
		len += format_line(line + len, sizeof(line) - (size_t)len, &rec, text);
		if (done + (size_t)len > size)
			break;
		memcpy(buf + done, line, (size_t)len);
		done += (size_t)len;
		*pos += sizeof(rec) + rec.len;
	}
	log_lock_drop(flags);
	return done;
}

bool log_next(u64 *pos, struct log_entry *out)
{
	irqflags_t flags = log_lock_take();
	struct log_record rec;
	bool found;

	if (*pos < ring_begin)
		*pos = ring_begin;
	found = *pos < ring_end;
	if (found) {
		ring_get(*pos, &rec, sizeof(rec));
		ring_get(*pos + sizeof(rec), out->text, rec.len);
		*pos += sizeof(rec) + rec.len;
		out->time_ns = rec.time_ns;
		out->level = (enum log_level)rec.level;
		out->len = rec.len;
	}
	log_lock_drop(flags);
	return found;
}
