/* SPDX-License-Identifier: MIT */
/*
 * Growing text buffers, and files whose content is made by a function when
 * they are read from the start (most of /proc).
 */
#pragma once

#include <kernel/lib/types.h>

struct file;
struct file_ops;
struct iov_iter;

struct seq {
	char *buf;
	size_t len, cap;
	bool failed; /* out of memory: the reader gets -ENOMEM */
};

void seq_printf(struct seq *seq, const char *fmt, ...) __printf(2, 3);
void seq_puts(struct seq *seq, const char *s);
void seq_putc(struct seq *seq, char c);
void seq_write(struct seq *seq, const void *data, size_t len);
void seq_free(struct seq *seq);

/** seq_read - give bytes at *pos of text that @show makes at the first read and
 * whenever reading starts at 0 again; kept in *@state (struct seq *, NULL at first)
 * Return: bytes; -ENOMEM; what @show returned. */
__must_check long seq_read(void **state, int (*show)(struct seq *seq, void *arg), void *arg,
			   struct iov_iter *it, u64 *pos);
/** seq_release - free *@state */
void seq_release(void **state);
