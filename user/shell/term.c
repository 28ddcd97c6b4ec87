/* SPDX-License-Identifier: MIT */
/*
 * The terminal under the line editor (contract in term.h).
 *
 * Places are counted from the row where the prompt's last line begins. What
 * is appended at the end is written as it is; any other change draws the line
 * anew from its first row.
 */
#include "term.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

#include "line.h"
#include "pattern.h"
#include "shell.h"

#define ESCAPE_WAIT_MS 100 /* an Esc alone, or the start of a key's sequence */
#define REPORT_WAIT_MS 400
#define DEFAULT_COLUMNS 80
#define CTRL_KEY(c) ((c) & 31)

struct place {
	int row, col;
};

static struct termios cooked;
static unsigned char queue[1024];
static size_t queue_at, queue_len;
static int columns;
static char *prompt;       /* its last line */
static char *shown;        /* the line on the screen, and where its cursor is */
static size_t shown_at;
static struct place cursor;
static bool asked;

void term_write(const char *s, size_t len)
{
	while (len) {
		ssize_t n = write(STDERR_FILENO, s, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		s += n;
		len -= (size_t)n;
	}
}

static void put(const char *s)
{
	term_write(s, strlen(s));
}

void term_beep(void)
{
	put("\a");
}

/* ---- bytes ---- */

static bool wait_input(int timeout_ms)
{
	struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };

	return queue_at < queue_len || poll(&p, 1, timeout_ms) > 0;
}

bool term_has_input(void)
{
	return wait_input(0);
}

/* The next byte; -1: end of input; -2: a signal came. */
static int next_byte(void)
{
	if (queue_at == queue_len) {
		ssize_t n = read(STDIN_FILENO, queue, sizeof(queue));

		if (n <= 0)
			return n < 0 && errno == EINTR ? -2 : -1;
		queue_at = 0;
		queue_len = (size_t)n;
	}
	return queue[queue_at++];
}

/* ---- size ---- */

/* Read the answer "ESC [ row ; col R". What was typed before it stays in the queue. */
static bool read_report(int *row, int *col)
{
	unsigned char bytes[sizeof(queue)];
	size_t len = queue_len - queue_at;

	memcpy(bytes, queue + queue_at, len);
	while (len < sizeof(bytes) - 1) {
		struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };
		char *start;
		int used = 0;

		bytes[len] = '\0';
		start = memmem(bytes, len, "\033[", 2);
		if (start && sscanf(start, "\033[%d;%dR%n", row, col, &used) == 2 && used) {
			size_t before = (size_t)(start - (char *)bytes);

			memcpy(queue, bytes, before);
			memcpy(queue + before, start + used, len - before - (size_t)used);
			queue_at = 0;
			queue_len = len - (size_t)used;
			return true;
		}
		if (poll(&p, 1, REPORT_WAIT_MS) <= 0)
			break;
		ssize_t n = read(STDIN_FILENO, bytes + len, sizeof(bytes) - 1 - len);
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	memcpy(queue, bytes, len);
	queue_at = 0;
	queue_len = len;
	return false;
}

/* A serial line knows no size: its terminal is asked, once, and the kernel told. */
static void ask_size(struct winsize *w)
{
	int row = 0, col = 0;

	asked = true;
	put("\0337\033[999;999H\033[6n\0338");
	if (!read_report(&row, &col) || row < 2 || col < 2)
		return;
	w->ws_row = (unsigned short)row;
	w->ws_col = (unsigned short)col;
	ioctl(STDIN_FILENO, TIOCSWINSZ, w);
}

static void learn_size(void)
{
	struct winsize w = { .ws_col = 0 };

	ioctl(STDIN_FILENO, TIOCGWINSZ, &w);
	if (!w.ws_col && !asked)
		ask_size(&w);
	columns = w.ws_col > 1 ? w.ws_col : DEFAULT_COLUMNS;
}

int term_columns(void)
{
	return columns;
}

/* ---- taking and giving back ---- */

bool term_begin(void)
{
	struct termios raw;

	if (tcgetattr(STDIN_FILENO, &cooked) < 0)
		return false;
	raw = cooked;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG | IEXTEN);
	raw.c_iflag &= ~(tcflag_t)(ICRNL | INLCR | IGNCR | IXON | ISTRIP);
	raw.c_oflag |= OPOST | ONLCR;
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
	learn_size();
	put("\033[?2004h"); /* pasted text comes between marks */
	return true;
}

void term_end(void)
{
	put("\033[?2004l");
	tcsetattr(STDIN_FILENO, TCSADRAIN, &cooked);
}

/* ---- keys ---- */

/* Behind ESC [ or ESC O. */
static u32 sequence_key(void)
{
	static const struct {
		char final;
		int number; /* before a final ~; 0: any */
		u32 key;
	} keys[] = {
		{ 'A', 0, KEY_UP }, { 'B', 0, KEY_DOWN }, { 'C', 0, KEY_RIGHT },
		{ 'D', 0, KEY_LEFT }, { 'H', 0, KEY_HOME }, { 'F', 0, KEY_END },
		{ '~', 1, KEY_HOME }, { '~', 7, KEY_HOME }, { '~', 4, KEY_END },
		{ '~', 8, KEY_END }, { '~', 3, KEY_DELETE }, { '~', 200, KEY_PASTE },
		{ '~', 201, KEY_PASTE_END },
	};
	int numbers[3] = { 0 }, n = 0, c;

	while (wait_input(ESCAPE_WAIT_MS) && (c = next_byte()) >= 0) {
		if (c >= '0' && c <= '9')
			numbers[n] = MIN(numbers[n], 1000) * 10 + c - '0';
		else if (c == ';')
			n = MIN(n + 1, 2);
		if (c < 0x40 || c > 0x7e)
			continue;
		if ((c == 'C' || c == 'D') && numbers[1] > 1) /* with Ctrl, Alt or Shift */
			return c == 'C' ? KEY_WORD_RIGHT : KEY_WORD_LEFT;
		for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
			if (keys[i].final == c && (c != '~' || keys[i].number == numbers[0]))
				return keys[i].key;
		break;
	}
	return KEY_NONE;
}

static u32 escape_key(void)
{
	int c;

	if (!wait_input(ESCAPE_WAIT_MS) || (c = next_byte()) < 0)
		return KEY_NONE;
	if (c == '[' || c == 'O')
		return sequence_key();
	return KEY_ALT + (u32)c;
}

/* A character of several bytes, the first being @first. */
static u32 wide_key(int first)
{
	size_t len = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;
	char bytes[5] = { (char)first };
	u32 c;

	for (size_t i = 1; i < len; i++) {
		int next = wait_input(ESCAPE_WAIT_MS) ? next_byte() : -1;

		if (next < 0)
			break;
		if ((next & 0xc0) != 0x80) {
			queue_at--; /* it is the next key */
			break;
		}
		bytes[i] = (char)next;
	}
	return pattern_utf8(bytes, &c) == len && len > 1 ? c : KEY_BYTE + (u32)first;
}

u32 term_key(void)
{
	int c = next_byte();

	if (c == -2) {
		int before = columns;

		learn_size();
		return columns != before ? KEY_RESIZED : KEY_NONE;
	}
	if (c < 0)
		return KEY_END_OF_INPUT;
	if (c == CTRL_KEY('['))
		return escape_key();
	return c < 0x80 ? (u32)c : wide_key(c);
}

/* ---- drawing ---- */

static void advance(struct place *p, int width)
{
	if (p->col + width > columns) { /* a wide character does not fit any more */
		p->row++;
		p->col = 0;
	}
	p->col += width;
	if (p->col == columns) {
		p->row++;
		p->col = 0;
	}
}

/* How the character at @s is shown, and how wide. Return: its bytes in the line. */
static size_t render(const char *s, char out[8], int *width)
{
	u32 c;
	size_t len = pattern_utf8(s, &c);

	*width = 1;
	if (c < 32 || c == 127) {
		snprintf(out, 8, "^%c", (int)(c ^ 64));
		*width = 2;
	} else if (c >= 0x80000000u) {
		snprintf(out, 8, "?");
	} else {
		memcpy(out, s, len);
		out[len] = '\0';
		*width = c < 128 ? 1 : wcwidth((wchar_t)c);
		if (*width < 0)
			*width = 1;
	}
	return len;
}

/* Add what @s shows as to @out (NULL: only count) and move @p behind it. */
static void render_text(const char *s, size_t len, struct text *out, struct place *p)
{
	for (const char *end = s + len; s < end;) {
		char bytes[8];
		int width;

		s += render(s, bytes, &width);
		advance(p, width);
		if (out)
			text_str(out, bytes);
	}
}

/* The prompt without its marks; bytes between them take no column. */
static void render_prompt(const char *s, struct text *out, struct place *p)
{
	bool hidden = false;

	while (*s) {
		if (*s == '\001' || *s == '\002') {
			hidden = *s++ == '\001';
		} else if (hidden || *s == '\033') {
			/* A sequence that nobody marked is skipped by its form. */
			size_t n = 1;

			if (*s == '\033' && s[1] == '[') {
				n = 2 + strspn(s + 2, "0123456789;?");
				n += s[n] != '\0';
			}
			text_add(out, s, n);
			s += n;
		} else {
			char bytes[8];
			int width;

			s += render(s, bytes, &width);
			advance(p, width);
			text_str(out, bytes);
		}
	}
}

static void go(struct text *out, struct place from, struct place to)
{
	if (to.row < from.row)
		text_printf(out, "\033[%dA", from.row - to.row);
	else if (to.row > from.row)
		text_printf(out, "\033[%dB", to.row - from.row);
	text_str(out, "\r");
	if (to.col)
		text_printf(out, "\033[%dC", to.col);
}

static void remember(const struct line *l)
{
	free(shown);
	shown = shell_strdup(l->s);
	shown_at = l->at;
}

/* The cursor waits behind the last column: bring it to where we count it. */
static void finish_row(struct text *out, struct place p)
{
	if (p.col == 0 && p.row > 0)
		text_str(out, "\n\r");
}

/* Only text was added, and at the end. */
static bool draw_appended(const struct line *l, struct text *out)
{
	size_t old = shown ? strlen(shown) : 0;

	if (!shown || shown_at != old || l->at != l->len || l->len < old ||
	    memcmp(shown, l->s, old) != 0)
		return false;
	if (l->len > old) {
		render_text(l->s + old, l->len - old, out, &cursor);
		finish_row(out, cursor);
	}
	return true;
}

static void draw_all(const struct line *l, const char *label, struct text *out)
{
	struct place p = { 0, 0 }, at;

	go(out, cursor, p);
	text_str(out, "\033[J");
	render_prompt(label, out, &p);
	at = p;
	render_text(l->s, l->at, NULL, &at);
	render_text(l->s, l->len, out, &p);
	finish_row(out, p);
	if (l->at != l->len)
		go(out, p, at);
	cursor = at;
}

void term_draw(const struct line *l, const char *label)
{
	struct pool_mark mark = pool_mark(&shell.temp);
	struct text out;

	text_init(&out, &shell.temp);
	if (label || !draw_appended(l, &out))
		draw_all(l, label ? label : prompt, &out);
	term_write(text_get(&out), out.len);
	remember(l);
	if (label)
		shown_at = (size_t)-1; /* the next one with the prompt is drawn whole */
	pool_release(&shell.temp, mark);
}

void term_prompt(const char *text)
{
	struct pool_mark mark = pool_mark(&shell.temp);
	const char *last = strrchr(text, '\n');
	struct line empty = { .s = (char[]){ "" } };
	struct text out;

	last = last ? last + 1 : text;
	term_write(text, (size_t)(last - text));
	free(prompt);
	prompt = shell_strdup(last);
	cursor = (struct place){ 0, 0 };
	text_init(&out, &shell.temp);
	render_prompt(prompt, &out, &cursor);
	finish_row(&out, cursor);
	term_write(text_get(&out), out.len);
	remember(&empty);
	pool_release(&shell.temp, mark);
}

void term_prompt_again(void)
{
	char *same = shell_strdup(prompt);

	term_prompt(same);
	free(same);
}

void term_leave(const struct line *l)
{
	struct line end = *l;

	end.at = end.len;
	if (l->at != l->len)
		term_draw(&end, NULL);
	if (cursor.col || !l->len)
		put("\n");
}

void term_clear(void)
{
	put("\033[H\033[2J");
	cursor = (struct place){ 0, 0 };
	shown_at = (size_t)-1;
}
