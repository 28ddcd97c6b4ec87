/* SPDX-License-Identifier: MIT */
/*
 * [pure] The line being edited: UTF-8 bytes, a cursor that stands between
 * characters, and the text that was last deleted. Bytes that are no UTF-8 are
 * characters of their own. A line holds LINE_MAX_LEN bytes; more is not taken.
 */
#pragma once

#include <kernel/lib/types.h>

#define LINE_MAX_LEN 65536u

struct line {
	char *s; /* always ended by NUL */
	size_t len, cap, at;
	char *cut; /* for line_paste(); NULL: nothing */
};

void line_init(struct line *l);
void line_fini(struct line *l);
void line_set(struct line *l, const char *text);
/* Before the cursor. Return: false: full. */
bool line_insert(struct line *l, const char *s, size_t len);
bool line_left(struct line *l);
bool line_right(struct line *l);
void line_word_left(struct line *l);
void line_word_right(struct line *l);
/* Delete from the cursor to @to, and remember it when @keep. The cursor ends between. */
void line_delete_to(struct line *l, size_t to, bool keep);
/* Swap the characters around the cursor. */
void line_swap(struct line *l);
void line_paste(struct line *l);
