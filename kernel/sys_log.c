/* SPDX-License-Identifier: MIT */
/*
 * syslog(2) over the log ring: what dmesg and klogd read. Two positions belong
 * to the whole system: how far action READ has consumed and where CLEAR said
 * that READ_ALL shall begin.
 */
#include <kernel/syscall_protos.h>

#include <arch/atomic.h>
#include <arch/uaccess.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_misc.h>
#include <kernel/core/log.h>
#include <kernel/core/sched_hooks.h>
#include <kernel/time/clock.h>
#include <security/cred.h>

/* As text with times the ring is larger than its 64 KiB, never twice as large. */
#define LOG_TEXT_MAX (128 << 10)
/* The log wakes nobody, since it may be written anywhere: READ looks again. */
#define READ_POLL_NS (100 * NS_PER_MS)
#define CHUNK 512u /* more than one record's text */

static u64 read_pos, clear_pos; /* [a] */
static int saved_level = -1;    /* [a] of CONSOLE_OFF; -1: is on */

/* Bytes of text from @pos on; *end is where they end. */
static size_t text_size(u64 pos, u64 *end)
{
	char chunk[CHUNK];
	size_t total = 0, n;

	while ((n = log_read(&pos, chunk, sizeof(chunk))))
		total += n;
	*end = pos;
	return total;
}

/* The newest whole records in @len bytes. */
static long read_all(char __user *buf, size_t len, bool clear)
{
	u64 pos = atomic_load_relaxed(&clear_pos), end;
	size_t left = text_size(pos, &end), done = 0;
	char chunk[CHUNK];

	while (pos < end) {
		size_t n = log_read(&pos, chunk, sizeof(chunk));

		if (!n)
			break;
		left -= MIN(left, n);
		/* Before what fits, or newer than all that was counted. */
		if (left + n > len || done + n > len)
			continue;
		if (copy_to_user(buf + done, chunk, n))
			return -EFAULT;
		done += n;
	}
	if (clear)
		atomic_store_relaxed(&clear_pos, end);
	return (long)done;
}

/* Up to @len bytes that nobody has read; at least one record is waited for. */
static long read_next(char __user *buf, size_t len)
{
	char chunk[CHUNK];

	for (;;) {
		u64 pos = atomic_load_relaxed(&read_pos), next = pos;
		size_t n = log_read(&next, chunk, MIN(len, sizeof(chunk)));
		int err;

		if (n) {
			/* Another reader may have been first. */
			if (!atomic_cmpxchg(&read_pos, &pos, next))
				continue;
			return copy_to_user(buf, chunk, n) ? -EFAULT : (long)n;
		}
		if (pos < log_end() && len < sizeof(chunk))
			return -EINVAL; /* no record fits */
		sched_mark_asleep(true);
		err = sched_block(uptime_ns() + READ_POLL_NS);
		sched_mark_awake();
		if (err == -ERESTARTSYS)
			return err;
	}
}

static long set_console_level(int level)
{
	/* Linux's level is the first that is not shown. */
	if (level < 1 || level > 8)
		return -EINVAL;
	atomic_store_relaxed(&saved_level, -1);
	log_set_level((enum log_level)(level - 1));
	return 0;
}

static long console_off(void)
{
	if (atomic_load_relaxed(&saved_level) < 0)
		atomic_store_relaxed(&saved_level, (int)log_level());
	log_set_level(LOG_EMERG);
	return 0;
}

static long console_on(void)
{
	int level = atomic_xchg(&saved_level, -1);

	if (level >= 0)
		log_set_level((enum log_level)level);
	return 0;
}

static long size_unread(void)
{
	u64 end;

	return (long)text_size(atomic_load_relaxed(&read_pos), &end);
}

long sys_syslog(int type, void __user *buf, int len)
{
	/* Reading the log as a whole is for everybody, the rest is for root. */
	if (type != SYSLOG_ACTION_READ_ALL && type != SYSLOG_ACTION_SIZE_BUFFER &&
	    !capable(CAP_SYSLOG))
		return -EPERM;
	switch (type) {
	case SYSLOG_ACTION_CLOSE:
	case SYSLOG_ACTION_OPEN:
		return 0;
	case SYSLOG_ACTION_READ:
	case SYSLOG_ACTION_READ_ALL:
	case SYSLOG_ACTION_READ_CLEAR:
		if (!buf || len < 0)
			return -EINVAL;
		if (!len)
			return 0;
		if (type == SYSLOG_ACTION_READ)
			return read_next(buf, (size_t)len);
		return read_all(buf, (size_t)len, type == SYSLOG_ACTION_READ_CLEAR);
	case SYSLOG_ACTION_CLEAR:
		atomic_store_relaxed(&clear_pos, log_end());
		return 0;
	case SYSLOG_ACTION_CONSOLE_OFF:
		return console_off();
	case SYSLOG_ACTION_CONSOLE_ON:
		return console_on();
	case SYSLOG_ACTION_CONSOLE_LEVEL:
		return set_console_level(len);
	case SYSLOG_ACTION_SIZE_UNREAD:
		return size_unread();
	case SYSLOG_ACTION_SIZE_BUFFER:
		return LOG_TEXT_MAX;
	}
	return -EINVAL;
}
