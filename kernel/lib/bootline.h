/* SPDX-License-Identifier: MIT */
/*
 * Splits a boot command line into words `key` and `key=value`. Double quotes
 * keep spaces together around a value (key="a b") or a whole word
 * ("key=a b"); they are taken away there and nowhere else. A quote that is
 * not closed reaches to the end of the line. What `--` means, a word like any
 * other here, is the caller's business.
 */
#pragma once

#include <kernel/lib/types.h>

struct bootline {
	const char *at;
	size_t left;
};

struct bootline_word {
	const char *key; /* ranges of the line, not terminated */
	size_t key_len;
	const char *value; /* NULL: there was no `=` */
	size_t value_len;
};

/** bootline_init - begin with @line, which ends at a NUL or after @max bytes */
void bootline_init(struct bootline *bl, const char *line, size_t max);

/** bootline_next - the next word; false at the end of the line */
bool bootline_next(struct bootline *bl, struct bootline_word *out);

/** bootline_key_is - is @key the key of this word? */
bool bootline_key_is(const struct bootline_word *w, const char *key);
