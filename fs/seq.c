/* SPDX-License-Identifier: MIT */
/*
 * Text buffers that grow by doubling up to what kmalloc gives (4 MiB).
 */
#include <fs/seq.h>

#include <fs/file.h>
#include <kernel/abi/errno.h>
#include <kernel/lib/format.h>
#include <kernel/lib/string.h>
#include <mm/kmalloc.h>

#define SEQ_FIRST 1024u

static bool seq_room(struct seq *seq, size_t len)
{
	size_t cap = seq->cap ? seq->cap : SEQ_FIRST;
	char *buf;

	if (seq->failed)
		return false;
	if (len <= seq->cap - seq->len)
		return true;
	while (cap - seq->len < len)
		cap *= 2;
	buf = kmalloc(cap, 0);
	if (!buf) {
		seq->failed = true;
		return false;
	}
	memcpy(buf, seq->buf ? seq->buf : "", seq->len);
	kfree(seq->buf);
	seq->buf = buf;
	seq->cap = cap;
	return true;
}

void seq_write(struct seq *seq, const void *data, size_t len)
{
	if (!len || !seq_room(seq, len))
		return;
	memcpy(seq->buf + seq->len, data, len);
	seq->len += len;
}

void seq_puts(struct seq *seq, const char *s)
{
	seq_write(seq, s, strlen(s));
}

void seq_putc(struct seq *seq, char c)
{
	seq_write(seq, &c, 1);
}

static void put_piece(void *ctx, const char *s, size_t n)
{
	seq_write(ctx, s, n);
}

void seq_printf(struct seq *seq, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)format_to(put_piece, seq, fmt, ap);
	va_end(ap);
}

void seq_free(struct seq *seq)
{
	kfree(seq->buf);
	*seq = (struct seq){ .buf = NULL };
}

long seq_read(void **state, int (*show)(struct seq *seq, void *arg), void *arg,
	      struct iov_iter *it, u64 *pos)
{
	struct seq *seq = *state;
	size_t len;
	int err;

	if (!seq || *pos == 0) {
		if (!seq)
			seq = kzalloc(sizeof(*seq), 0);
		if (!seq)
			return -ENOMEM;
		*state = seq;
		seq_free(seq);
		err = show(seq, arg);
		if (!err && seq->failed)
			err = -ENOMEM;
		if (err) {
			seq_release(state);
			return err;
		}
	}
	if (*pos >= seq->len)
		return 0;
	len = MIN(it->left, seq->len - (size_t)*pos);
	if (!len)
		return 0;
	len = iov_iter_copy_to(it, seq->buf + *pos, len);
	*pos += len;
	return len ? (long)len : -EFAULT;
}

void seq_release(void **state)
{
	struct seq *seq = *state;

	*state = NULL;
	if (seq)
		seq_free(seq);
	kfree(seq);
}
