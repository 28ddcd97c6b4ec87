/* SPDX-License-Identifier: MIT */
/*
 * The memory devices (major 1). Man null(4), full(4), random(4); kmsg's form
 * is that of Linux's Documentation/ABI/testing/dev-kmsg.
 */
#include <fs/mem.h>

#include <arch/uaccess.h>
#include <fs/chardev.h>
#include <fs/file.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_fcntl.h>
#include <kernel/abi/linux_poll.h>
#include <kernel/core/log.h>
#include <kernel/lib/format.h>
#include <kernel/lib/parse.h>
#include <kernel/lib/string.h>
#include <kernel/task/task.h>
#include <kernel/time/clock.h>
#include <mm/kmalloc.h>
#include <mm/object.h>
#include <security/cred.h>
#include <security/random.h>

#define MEM_MAJOR   1
#define PIECE       (64u << 10) /* between two looks for signals */
#define ZERO_SIZE   (1ull << 47) /* of a mapping of /dev/zero: all there is */
#define RANDOM_BITS 256 /* what the pool claims to hold */

/* ioctl(2) numbers of random(4). */
#define RNDGETENTCNT   0x80045200u
#define RNDADDTOENTCNT 0x40045201u
#define RNDADDENTROPY  0x40085203u

/* All of these may be sought, and it means nothing. */
static s64 seek_nowhere(__unused struct file *file, __unused s64 off, __unused int whence)
{
	return 0;
}

/* Long reads end early at a signal. Bytes done so far, or -ERESTARTSYS. */
static bool must_stop(size_t left)
{
	sched_point();
	return left && signal_pending();
}

/* ---- null, zero, full ---- */

static long null_read(__unused struct file *file, __unused struct iov_iter *it, __unused u64 *pos)
{
	return 0;
}

static long null_write(__unused struct file *file, struct iov_iter *it, __unused u64 *pos)
{
	size_t len = it->left;

	iov_iter_advance(it, len);
	return (long)len;
}

static long zero_read(__unused struct file *file, struct iov_iter *it, __unused u64 *pos)
{
	size_t done = 0;

	while (it->left) {
		size_t want = MIN(it->left, (size_t)PIECE);
		size_t n = iov_iter_clear(it, want);

		done += n;
		if (n < want)
			return done ? (long)done : -EFAULT;
		if (must_stop(it->left))
			break;
	}
	return (long)done;
}

static int zero_mmap(__unused struct file *file, struct vmobject **out)
{
	*out = vmobject_create(NULL, ZERO_SIZE, NULL);
	return *out ? 0 : -ENOMEM;
}

static long full_write(__unused struct file *file, struct iov_iter *it, __unused u64 *pos)
{
	return it->left ? -ENOSPC : 0;
}

/* ---- random, urandom ---- */

static long random_read(__unused struct file *file, struct iov_iter *it, __unused u64 *pos)
{
	u8 bytes[256];
	size_t done = 0;

	while (it->left) {
		size_t want = MIN(it->left, sizeof(bytes)), n;

		random_bytes(bytes, want);
		n = iov_iter_copy_to(it, bytes, want);
		done += n;
		if (n < want) {
			done = done ? done : (size_t)-EFAULT;
			break;
		}
		if (done % 4096 == 0 && must_stop(it->left))
			break;
	}
	memset(bytes, 0, sizeof(bytes));
	return (long)done;
}

static long random_write(__unused struct file *file, struct iov_iter *it, __unused u64 *pos)
{
	u8 bytes[256];
	size_t done = 0;

	while (it->left) {
		size_t want = MIN(it->left, sizeof(bytes));
		size_t n = iov_iter_copy_from(it, bytes, want);

		random_mix(bytes, n);
		done += n;
		if (n < want)
			return done ? (long)done : -EFAULT;
		if (done % PIECE == 0 && must_stop(it->left))
			break;
	}
	return (long)done;
}

/* RNDADDENTROPY: { int bits; int size; u8 buf[size]; } */
static long add_entropy(u64 arg)
{
	u32 head[2];
	struct iov_iter it;
	long n;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (copy_from_user(head, (const void __user *)(uintptr_t)arg, sizeof(head)))
		return -EFAULT;
	if ((s32)head[0] < 0 || (s32)head[1] < 0)
		return -EINVAL;
	iov_iter_init_user(&it, arg + sizeof(head), head[1]);
	n = random_write(NULL, &it, NULL);
	return n < 0 ? n : 0;
}

static long random_ioctl(__unused struct file *file, u32 cmd, u64 arg)
{
	switch (cmd) {
	case RNDGETENTCNT:
		return user_write_u32((void __user *)(uintptr_t)arg, RANDOM_BITS);
	case RNDADDTOENTCNT: /* the count is no account: nothing to add to */
		return capable(CAP_SYS_ADMIN) ? 0 : -EPERM;
	case RNDADDENTROPY:
		return add_entropy(arg);
	default:
		return -EINVAL;
	}
}

/* ---- kmsg: a record a read; file->priv is the position in the log ---- */

#define KMSG_POLL_NS (100 * NS_PER_MS)
#define KMSG_MAX     (LOG_LINE * 4 + 64)

static struct waitq kmsg_wait = WAITQ_INIT(kmsg_wait);

static u64 kmsg_pos(const struct file *file)
{
	return (u64)(uintptr_t)file->priv;
}

static void kmsg_set_pos(struct file *file, u64 pos)
{
	file->priv = (void *)(uintptr_t)pos;
}

/* "level,sequence,microseconds,-;text\n", odd bytes as \xNN. */
static size_t kmsg_format(char *buf, u64 pos, const struct log_entry *entry)
{
	size_t n = (size_t)snprintf(buf, KMSG_MAX, "%u,%llu,%llu,-;", entry->level,
				    (unsigned long long)pos,
				    (unsigned long long)(entry->time_ns / NS_PER_US));

	for (u32 i = 0; i < entry->len; i++) {
		u8 c = (u8)entry->text[i];

		if (c < ' ' || c >= 127 || c == '\\')
			n += (size_t)snprintf(buf + n, KMSG_MAX - n, "\\x%02x", c);
		else
			buf[n++] = (char)c;
	}
	buf[n++] = '\n';
	return n;
}

/* The log is written in any context and wakes nobody: who waits looks again. */
static int kmsg_wait_news(struct file *file)
{
	while (kmsg_pos(file) >= log_end()) {
		int err;

		if (file->flags & O_NONBLOCK)
			return -EAGAIN;
		err = WAITQ_WAIT(&kmsg_wait, kmsg_pos(file) < log_end(), true,
				 uptime_ns() + KMSG_POLL_NS);
		if (err && err != -ETIMEDOUT)
			return err;
	}
	return 0;
}

static long kmsg_read(struct file *file, struct iov_iter *it, __unused u64 *pos)
{
	struct log_entry entry;
	u64 at;
	char *buf;
	size_t n;
	int err = kmsg_wait_news(file);

	if (err)
		return err;
	at = kmsg_pos(file);
	if (!log_next(&at, &entry))
		return -EAGAIN;
	buf = kmalloc(KMSG_MAX, 0);
	if (!buf)
		return -ENOMEM;
	n = kmsg_format(buf, MAX(kmsg_pos(file), log_begin()), &entry);
	if (n > it->left)
		err = -EINVAL;
	else if (iov_iter_copy_to(it, buf, n) != n)
		err = -EFAULT;
	else
		kmsg_set_pos(file, at);
	kfree(buf);
	return err ? err : (long)n;
}

/* "<N>text": N is facility * 8 + level. */
static long kmsg_write(__unused struct file *file, struct iov_iter *it, __unused u64 *pos)
{
	char text[LOG_LINE], *start = text, *end;
	size_t len = it->left, n = MIN(len, sizeof(text) - 1);
	u64 prio = LOG_NOTICE;

	if (iov_iter_copy_from(it, text, n) != n)
		return -EFAULT;
	iov_iter_advance(it, it->left);
	text[n] = '\0';
	end = text[0] == '<' ? strchr(text, '>') : NULL;
	if (end && !parse_u64(text + 1, (size_t)(end - text) - 1, &prio))
		start = end + 1;
	n -= (size_t)(start - text);
	while (n && start[n - 1] == '\n')
		n--;
	log_write((enum log_level)(prio & 7), "%.*s", (int)n, start);
	return (long)len;
}

static s64 kmsg_seek(struct file *file, s64 off, int whence)
{
	if (off)
		return -ESPIPE;
	if (whence == SEEK_SET)
		kmsg_set_pos(file, log_begin());
	else if (whence == SEEK_END)
		kmsg_set_pos(file, log_end());
	else
		return -EINVAL;
	return 0;
}

static u32 kmsg_poll(struct file *file, struct poll_table *table)
{
	poll_wait(table, &kmsg_wait);
	return POLLOUT | POLLWRNORM | (kmsg_pos(file) < log_end() ? POLLIN | POLLRDNORM : 0);
}

static int kmsg_open(struct file *file, __unused u32 minor)
{
	if ((file->flags & O_ACCMODE) != O_WRONLY && !capable(CAP_SYSLOG))
		return -EPERM;
	kmsg_set_pos(file, log_begin());
	return 0;
}

/* /proc/kmsg: "<level>[time] text" lines, as syslog(2) gives them (man proc_kmsg(5)).
 * Each reader has a position of its own, where Linux shares one. */
static long kmsg_proc_read(struct file *file, struct iov_iter *it, __unused u64 *pos)
{
	char buf[2 * LOG_LINE];
	u64 at;
	size_t n;
	int err = kmsg_wait_news(file);

	if (err)
		return err;
	at = kmsg_pos(file);
	n = log_read(&at, buf, MIN(it->left, sizeof(buf)));
	if (!n)
		return it->left ? -EINVAL : 0; /* no record fits */
	if (iov_iter_copy_to(it, buf, n) != n)
		return -EFAULT;
	kmsg_set_pos(file, at);
	return (long)n;
}

int kmsg_proc_open(struct file *file)
{
	if (!capable(CAP_SYSLOG))
		return -EPERM;
	kmsg_set_pos(file, log_begin());
	return 0;
}

static u32 kmsg_proc_poll(struct file *file, struct poll_table *table)
{
	poll_wait(table, &kmsg_wait);
	return kmsg_pos(file) < log_end() ? POLLIN | POLLRDNORM : 0;
}

const struct file_ops kmsg_proc_fops = { .read = kmsg_proc_read, .poll = kmsg_proc_poll };

/* ---- the devices ---- */

static const struct file_ops null_fops = {
	.read = null_read, .write = null_write, .seek = seek_nowhere,
};
static const struct file_ops zero_fops = {
	.read = zero_read, .write = null_write, .seek = seek_nowhere, .mmap = zero_mmap,
};
static const struct file_ops full_fops = {
	.read = zero_read, .write = full_write, .seek = seek_nowhere,
};
static const struct file_ops random_fops = {
	.read = random_read, .write = random_write, .ioctl = random_ioctl, .seek = seek_nowhere,
};
static const struct file_ops kmsg_fops = {
	.read = kmsg_read, .write = kmsg_write, .seek = kmsg_seek, .poll = kmsg_poll,
};

static const struct chardev devices[] = {
	{ "mem", MEM_MAJOR, 3, 1, &null_fops, NULL },
	{ "mem", MEM_MAJOR, 5, 1, &zero_fops, NULL },
	{ "mem", MEM_MAJOR, 7, 1, &full_fops, NULL },
	{ "mem", MEM_MAJOR, 8, 2, &random_fops, NULL },
	{ "mem", MEM_MAJOR, 11, 1, &kmsg_fops, kmsg_open },
};

void mem_init(void)
{
	for (u32 i = 0; i < ARRAY_SIZE(devices); i++)
		chardev_register(&devices[i]);
}
