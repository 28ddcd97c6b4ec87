/* SPDX-License-Identifier: MIT */
/*
 * The terminal under the line editor: keys in, a prompt and a line out. Only
 * ANSI X3.64 / ECMA-48 sequences that every terminal knows; nothing is looked
 * up. A terminal that has no size is asked for the place of its last corner.
 */
#pragma once

#include <kernel/lib/types.h>

struct line;

enum term_key { /* above every character */
	KEY_NONE = 0x110000, KEY_END_OF_INPUT, KEY_UP, KEY_DOWN, KEY_LEFT, KEY_RIGHT, KEY_HOME,
	KEY_END, KEY_DELETE, KEY_WORD_LEFT, KEY_WORD_RIGHT, KEY_PASTE, KEY_PASTE_END, KEY_RESIZED,
	KEY_ALT, /* + the letter */
	KEY_BYTE = KEY_ALT + 256, /* + a byte that is no UTF-8 */
};

/* Take the terminal for a line, and give it back as it was. Return: false: it is none. */
bool term_begin(void);
void term_end(void);
/* The next key; a character is its code point. Waits. */
u32 term_key(void);
/* Keys wait already: drawing can wait until they are read. */
bool term_has_input(void);
int term_columns(void);

/* A new prompt at the cursor. */
void term_prompt(const char *prompt);
/* The same prompt once more, after something was written below the line. */
void term_prompt_again(void);
/* Show the line behind the prompt @label (NULL: the one given to term_prompt()). */
void term_draw(const struct line *l, const char *label);
/* Leave the line: the cursor goes below it. */
void term_leave(const struct line *l);
void term_clear(void);
void term_write(const char *s, size_t len);
void term_beep(void);
