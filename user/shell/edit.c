/* SPDX-License-Identifier: MIT */
/* The line editor (contract in edit.h): what each key does to the line. */
#include "edit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "complete.h"
#include "history.h"
#include "job.h"
#include "line.h"
#include "shell.h"
#include "term.h"

#define CTRL(c) ((u32)((c) & 31))
#define BACKSPACE 127

enum verdict { GO_ON, ENTERED, STOPPED, ENDED };

struct editor {
	struct line line;
	size_t entry;  /* in the history; its count: the line being typed */
	char *typed;   /* that line while another is shown */
	unsigned tabs; /* in a row */
	unsigned ends; /* Ctrl-D in a row, under ignoreeof */
};

/* ---- inserting ---- */

/* @key's bytes. Return: how many; 0: it is no character. */
static size_t encode(u32 key, char out[4])
{
	if (key >= KEY_BYTE) {
		out[0] = (char)(key - KEY_BYTE);
		return 1;
	}
	if (key >= KEY_NONE)
		return 0;
	if (key < 0x80) {
		out[0] = (char)key;
		return 1;
	}
	if (key < 0x800) {
		out[0] = (char)(0xc0 | key >> 6);
		out[1] = (char)(0x80 | (key & 63));
		return 2;
	}
	if (key < 0x10000) {
		out[0] = (char)(0xe0 | key >> 12);
		out[1] = (char)(0x80 | (key >> 6 & 63));
		out[2] = (char)(0x80 | (key & 63));
		return 3;
	}
	out[0] = (char)(0xf0 | key >> 18);
	out[1] = (char)(0x80 | (key >> 12 & 63));
	out[2] = (char)(0x80 | (key >> 6 & 63));
	out[3] = (char)(0x80 | (key & 63));
	return 4;
}

static void insert_key(struct editor *e, u32 key)
{
	char bytes[4];
	size_t len = encode(key, bytes);

	if (!len || !line_insert(&e->line, bytes, len))
		term_beep();
}

/* Pasted text is text: no key in it does anything, newlines included. */
static void paste(struct editor *e)
{
	u32 key;

	while ((key = term_key()) != KEY_PASTE_END && key != KEY_END_OF_INPUT)
		if (key == '\r')
			insert_key(e, '\n');
		else if (key && (key < KEY_NONE || key >= KEY_BYTE))
			insert_key(e, key);
	while (e->line.at == e->line.len && e->line.len && e->line.s[e->line.len - 1] == '\n')
		line_delete_to(&e->line, e->line.len - 1, false); /* Enter is the person's */
}

/* ---- deleting ---- */

static void delete_word_left(struct editor *e, bool blanks)
{
	struct line *l = &e->line;
	size_t from = l->at;

	if (blanks) { /* Ctrl-W: up to a blank */
		while (l->at && l->s[l->at - 1] == ' ')
			l->at--;
		while (l->at && l->s[l->at - 1] != ' ')
			l->at--;
	} else {
		line_word_left(l);
	}
	line_delete_to(l, from, true);
}

static void delete_word_right(struct editor *e)
{
	size_t from = e->line.at;

	line_word_right(&e->line);
	line_delete_to(&e->line, from, true);
}

static void delete_char(struct editor *e, bool left)
{
	size_t from = e->line.at;

	if (left ? line_left(&e->line) : line_right(&e->line))
		line_delete_to(&e->line, from, false);
	else
		term_beep();
}

/* ---- history ---- */

static void show_entry(struct editor *e, size_t entry)
{
	if (entry > history_count() || entry == e->entry) {
		term_beep();
		return;
	}
	if (e->entry == history_count()) {
		free(e->typed);
		e->typed = shell_strdup(e->line.s);
	}
	e->entry = entry;
	line_set(&e->line, entry == history_count() ? e->typed : history_get(entry));
}

/* The newest entry before @from with @text in it; the count when there is none. */
static size_t search_back(size_t from, const char *text)
{
	while (from-- > 0)
		if (strstr(history_get(from), text))
			return from;
	return history_count();
}

/* Ctrl-R: what is typed is looked for; Ctrl-R again goes on. Return: the key that ended
 * it and is still to be obeyed. */
static u32 search(struct editor *e)
{
	char *before = shell_strdup(e->line.s), text[128] = "", label[200], bytes[4];
	size_t len = 0, found = history_count(), hit;
	u32 key;

	for (;;) {
		snprintf(label, sizeof(label), "(search `%s'): ", text);
		term_draw(&e->line, label);
		key = term_key();
		if (key == CTRL('r')) {
			hit = search_back(found, text);
		} else if (key == BACKSPACE || key == CTRL('h')) {
			while (len && (text[--len] & 0xc0) == 0x80)
				;
			text[len] = '\0';
			continue;
		} else if (key >= 32 && encode(key, bytes) && len + 4 < sizeof(text)) {
			memcpy(text + len, bytes, encode(key, bytes));
			len += encode(key, bytes);
			text[len] = '\0';
			hit = search_back(MIN(found + 1, history_count()), text);
		} else if (key == KEY_NONE || key == KEY_RESIZED) {
			continue;
		} else {
			break;
		}
		if (hit == history_count() || !len) {
			term_beep();
			continue;
		}
		found = hit;
		line_set(&e->line, history_get(hit));
	}
	if (key == CTRL('g') || key == CTRL('c')) {
		line_set(&e->line, before);
		key = KEY_NONE;
	} else {
		e->entry = found;
	}
	free(e->typed);
	e->typed = before;
	return key;
}

/* ---- keys ---- */

static void move(struct editor *e, u32 key)
{
	struct line *l = &e->line;

	switch (key) {
	case CTRL('a'):
	case KEY_HOME:
		l->at = 0;
		break;
	case CTRL('e'):
	case KEY_END:
		l->at = l->len;
		break;
	case CTRL('b'):
	case KEY_LEFT:
		line_left(l);
		break;
	case CTRL('f'):
	case KEY_RIGHT:
		line_right(l);
		break;
	case KEY_ALT + 'b':
	case KEY_WORD_LEFT:
		line_word_left(l);
		break;
	case KEY_ALT + 'f':
	case KEY_WORD_RIGHT:
		line_word_right(l);
		break;
	default:
		break;
	}
}

/* Keys that change the line. Return: false: @key is none of them. */
static bool change(struct editor *e, u32 key)
{
	struct line *l = &e->line;

	switch (key) {
	case CTRL('h'):
	case BACKSPACE:
		delete_char(e, true);
		return true;
	case KEY_DELETE:
		delete_char(e, false);
		return true;
	case CTRL('k'):
		line_delete_to(l, l->len, true);
		return true;
	case CTRL('u'):
		line_delete_to(l, 0, true);
		return true;
	case CTRL('w'):
		delete_word_left(e, true);
		return true;
	case KEY_ALT + BACKSPACE:
	case KEY_ALT + CTRL('h'):
		delete_word_left(e, false);
		return true;
	case KEY_ALT + 'd':
		delete_word_right(e);
		return true;
	case CTRL('y'):
		line_paste(l);
		return true;
	case CTRL('t'):
		line_swap(l);
		return true;
	case CTRL('v'):
		insert_key(e, term_key());
		return true;
	case KEY_PASTE:
		paste(e);
		return true;
	default:
		return false;
	}
}

static enum verdict end_of_file(struct editor *e)
{
	if (e->line.len) {
		delete_char(e, false);
		return GO_ON;
	}
	if (shell_opt(OPT_IGNOREEOF) && ++e->ends < 10) {
		term_write("\nUse exit to leave the shell.\n", 30);
		term_prompt_again();
		return GO_ON;
	}
	return ENDED;
}

static enum verdict obey(struct editor *e, u32 key)
{
	e->tabs = key == '\t' ? e->tabs + 1 : 0;
	switch (key) {
	case '\r':
	case '\n':
		return ENTERED;
	case CTRL('c'):
		return STOPPED;
	case CTRL('d'):
		return end_of_file(e);
	case KEY_END_OF_INPUT:
		return ENDED;
	case '\t':
		complete_line(&e->line, e->tabs > 1);
		return GO_ON;
	case CTRL('l'):
		term_clear();
		return GO_ON;
	case CTRL('p'):
	case KEY_UP:
		show_entry(e, e->entry ? e->entry - 1 : e->entry);
		return GO_ON;
	case CTRL('n'):
	case KEY_DOWN:
		show_entry(e, e->entry + 1);
		return GO_ON;
	case KEY_ALT + '<':
		show_entry(e, 0);
		return GO_ON;
	case CTRL('r'):
		key = search(e);
		return key == KEY_NONE ? GO_ON : obey(e, key);
	default:
		break;
	}
	if (change(e, key))
		return GO_ON;
	if ((key >= 32 && key < KEY_NONE) || key >= KEY_BYTE)
		insert_key(e, key);
	else
		move(e, key);
	return GO_ON;
}

static enum verdict edit(struct editor *e, const char *prompt)
{
	enum verdict verdict = GO_ON;

	term_prompt(prompt);
	while (verdict == GO_ON) {
		verdict = obey(e, term_key());
		if (verdict == GO_ON && !term_has_input())
			term_draw(&e->line, NULL);
	}
	if (verdict == ENTERED)
		term_draw(&e->line, NULL);
	return verdict;
}

/* Not a terminal, though interactive: `exsh -i` with a pipe. */
static char *plain_line(const char *prompt)
{
	char *line = NULL, *own;
	size_t size = 0;

	fputs(prompt, stderr);
	if (getline(&line, &size, stdin) <= 0) {
		free(line);
		return NULL;
	}
	own = shell_strdup(line);
	free(line);
	return own;
}

char *edit_line(const char *prompt, bool *stop)
{
	struct editor e = { .entry = history_count() };
	enum verdict verdict;
	char *line = NULL;

	if (!term_begin())
		return plain_line(prompt);
	line_init(&e.line);
	verdict = edit(&e, prompt);
	if (verdict == STOPPED) {
		term_write("^C", 2);
		*stop = true;
	}
	if (verdict == ENTERED) {
		term_leave(&e.line);
		history_add(e.line.s);
		line = shell_alloc(e.line.len + 2);
		memcpy(line, e.line.s, e.line.len);
		line[e.line.len] = '\n';
	} else {
		term_write("\n", 1);
	}
	term_end();
	line_fini(&e.line);
	free(e.typed);
	return line;
}
