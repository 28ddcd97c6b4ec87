/* SPDX-License-Identifier: MIT */
/* [pure] The terminal of term.h: parser of ECMA-48 control functions, and the grid. */
#include <kernel/lib/term.h>

#include <kernel/lib/string.h>

#define REPLACEMENT 0xfffdu
#define ESC 0x1b
#define PARAM_MAX 9999u

enum state {
	STATE_GROUND,
	STATE_ESCAPE,       /* after ESC */
	STATE_INTERMEDIATE, /* ESC and a byte of 20h..2Fh */
	STATE_CSI,          /* parameters of a control sequence */
	STATE_CSI_IGNORE,   /* one we cannot hold: to its end */
	STATE_STRING,       /* OSC, DCS and others: to BEL or ST */
	STATE_STRING_ESC,   /* ESC in it: ST if a backslash follows */
};

static const struct term_pen default_pen = { .fg = 7 };

/* ---- the grid ---- */

static u32 *slot(const struct term *t, u32 y)
{
	return t->cells + (size_t)((t->top + y) % t->lines) * t->cols;
}

static void mark(struct term *t, u32 y)
{
	t->dirty[y / 64] |= BIT(y % 64);
}

static void mark_all(struct term *t)
{
	for (u32 y = 0; y < t->rows; y++)
		mark(t, y);
}

static u32 cell_of(const struct term_pen *pen, u32 c)
{
	u32 fg = pen->bold && pen->fg < 8 ? pen->fg + 8u : pen->fg;

	return c | fg << TERM_FG_SHIFT | (u32)pen->bg << TERM_BG_SHIFT |
	       (pen->underline ? (u32)TERM_UNDERLINE : 0) |
	       (pen->reversed ? (u32)TERM_REVERSED : 0);
}

/* Erased cells have the background in force and nothing else. */
static u32 blank(const struct term *t)
{
	struct term_pen pen = default_pen;

	pen.bg = t->c.pen.bg;
	return cell_of(&pen, ' ');
}

static void erase(struct term *t, u32 y, u32 from, u32 to)
{
	u32 *row = slot(t, y), cell = blank(t);

	for (u32 x = from; x < to; x++)
		row[x] = cell;
	mark(t, y);
}

static void erase_rows(struct term *t, u32 from, u32 to)
{
	for (u32 y = from; y < to; y++)
		erase(t, y, 0, t->cols);
}

static void copy_row(struct term *t, u32 to, u32 from)
{
	memcpy(slot(t, to), slot(t, from), t->cols * sizeof(u32));
	mark(t, to);
}

/* Rows [top, bottom) move up by @n; those on top go, of a whole main screen into
 * the scroll-back. */
static void scroll_up(struct term *t, u32 top, u32 bottom, u32 n)
{
	n = MIN(n, bottom - top);
	if (top == 0 && bottom == t->rows && !t->alternate) {
		t->top = (t->top + n) % t->lines;
		t->history = MIN(t->history + n, t->lines - t->rows);
		if (t->view) /* the reader stays where he reads */
			t->view = MIN(t->view + n, t->history);
		mark_all(t);
	} else {
		for (u32 y = top; y + n < bottom; y++)
			copy_row(t, y, y + n);
	}
	erase_rows(t, bottom - n, bottom);
}

static void scroll_down(struct term *t, u32 top, u32 bottom, u32 n)
{
	n = MIN(n, bottom - top);
	for (u32 y = bottom; y-- > top + n;)
		copy_row(t, y, y - n);
	erase_rows(t, top, top + n);
}

/* ---- the cursor ---- */

static void go_to(struct term *t, u32 x, u32 y)
{
	mark(t, t->c.y);
	t->c.x = MIN(x, t->cols - 1);
	t->c.y = MIN(y, t->rows - 1);
	t->wrap_next = false;
	mark(t, t->c.y);
}

/* @y counts from the region's top in origin mode, and stays in the region. */
static void address(struct term *t, u32 x, u32 y)
{
	if (t->origin)
		y = MIN(y + t->region_top, t->region_bottom - 1);
	go_to(t, x, y);
}

static void up(struct term *t, u32 n)
{
	u32 limit = t->c.y >= t->region_top ? t->region_top : 0;

	go_to(t, t->c.x, t->c.y - MIN(n, t->c.y - limit));
}

static void down(struct term *t, u32 n)
{
	u32 limit = t->c.y < t->region_bottom ? t->region_bottom : t->rows;

	go_to(t, t->c.x, MIN(t->c.y + n, limit - 1));
}

static void line_feed(struct term *t)
{
	if (t->c.y + 1 == t->region_bottom) {
		scroll_up(t, t->region_top, t->region_bottom, 1);
		t->wrap_next = false;
	} else {
		go_to(t, t->c.x, t->c.y + 1);
	}
}

static void reverse_line_feed(struct term *t)
{
	if (t->c.y == t->region_top)
		scroll_down(t, t->region_top, t->region_bottom, 1);
	else if (t->c.y)
		go_to(t, t->c.x, t->c.y - 1);
}

static void tab(struct term *t)
{
	u32 x = t->c.x + 1;

	while (x < t->cols && !(t->tabs[x / 64] & BIT(x % 64)))
		x++;
	go_to(t, x, t->c.y);
}

static void back_tab(struct term *t)
{
	u32 x = t->c.x;

	for (x -= x > 0; x > 0 && !(t->tabs[x / 64] & BIT(x % 64)); x--)
		;
	go_to(t, x, t->c.y);
}

static void save_cursor(struct term *t)
{
	t->saved = t->c;
}

static void restore_cursor(struct term *t)
{
	u32 y = t->c.y;

	t->c = t->saved;
	mark(t, y);
	go_to(t, t->c.x, t->c.y);
}

/* ---- characters ---- */

/* DEC Special Graphics, 5Fh..7Eh. */
static u32 graphic(u32 c)
{
	static const u16 map[] = {
		0x00a0, 0x25c6, 0x2592, 0x2409, 0x240c, 0x240d, 0x240a, 0x00b0, 0x00b1, 0x2424,
		0x240b, 0x2518, 0x2510, 0x250c, 0x2514, 0x253c, 0x23ba, 0x23bb, 0x2500, 0x23bc,
		0x23bd, 0x251c, 0x2524, 0x2534, 0x252c, 0x2502, 0x2264, 0x2265, 0x03c0, 0x2260,
		0x00a3, 0x00b7,
	};

	static_assert(ARRAY_SIZE(map) == 0x7e - 0x5f + 1, "one for each");
	return c >= 0x5f && c <= 0x7e ? map[c - 0x5f] : c;
}

/* Marks that stand on the character before, and other things without a width. */
static bool no_width(u32 c)
{
	return (c >= 0x300 && c <= 0x36f) || (c >= 0x200b && c <= 0x200f) ||
	       (c >= 0xfe00 && c <= 0xfe0f) || c == 0xfeff;
}

static void put_char(struct term *t, u32 c)
{
	u32 *row;

	if (t->c.graphics[t->c.shift])
		c = graphic(c);
	if (no_width(c))
		return;
	if (t->wrap_next) {
		t->c.x = 0;
		line_feed(t);
		t->wrap_next = false;
	}
	row = slot(t, t->c.y);
	if (t->insert)
		memmove(row + t->c.x + 1, row + t->c.x, (t->cols - 1 - t->c.x) * sizeof(u32));
	row[t->c.x] = cell_of(&t->c.pen, c);
	mark(t, t->c.y);
	if (t->c.x + 1 < t->cols)
		t->c.x++;
	else
		t->wrap_next = t->autowrap;
}

static void control(struct term *t, u8 c)
{
	switch (c) {
	case '\b':
		go_to(t, t->c.x ? t->c.x - 1 : 0, t->c.y);
		break;
	case '\t':
		tab(t);
		break;
	case '\n':
	case '\v':
	case '\f':
		if (t->newline)
			t->c.x = 0;
		line_feed(t);
		break;
	case '\r':
		go_to(t, 0, t->c.y);
		break;
	case 0x0e: /* SO */
	case 0x0f: /* SI */
		t->c.shift = c == 0x0e;
		break;
	}
}

/* ---- replies ---- */

static void reply(struct term *t, const char *text)
{
	size_t len = strlen(text);

	if (t->reply_len + len > TERM_REPLY)
		return; /* nobody reads them */
	memcpy(t->reply + t->reply_len, text, len);
	t->reply_len = (u8)(t->reply_len + len);
}

static char *decimal(char *at, u32 n)
{
	char digits[10];
	u32 i = 0;

	do
		digits[i++] = (char)('0' + n % 10);
	while (n /= 10);
	while (i)
		*at++ = digits[--i];
	return at;
}

static void report(struct term *t, u32 what)
{
	char text[32] = "\033[", *at = text + 2;

	if (what == 5) {
		reply(t, "\033[0n");
	} else if (what == 6) {
		at = decimal(at, t->c.y + 1 - (t->origin ? t->region_top : 0));
		*at++ = ';';
		at = decimal(at, t->c.x + 1);
		*at++ = 'R';
		*at = '\0';
		reply(t, text);
	}
}

/* ---- control sequences ---- */

/* Parameter @i; 0 and a missing one mean @missing. */
static u32 param(const struct term *t, u32 i, u32 missing)
{
	return i < t->n_params && t->params[i] ? t->params[i] : missing;
}

static void insert_chars(struct term *t, u32 n)
{
	u32 *row = slot(t, t->c.y);

	n = MIN(n, t->cols - t->c.x);
	memmove(row + t->c.x + n, row + t->c.x, (t->cols - t->c.x - n) * sizeof(u32));
	erase(t, t->c.y, t->c.x, t->c.x + n);
	t->wrap_next = false;
}

static void delete_chars(struct term *t, u32 n)
{
	u32 *row = slot(t, t->c.y);

	n = MIN(n, t->cols - t->c.x);
	memmove(row + t->c.x, row + t->c.x + n, (t->cols - t->c.x - n) * sizeof(u32));
	erase(t, t->c.y, t->cols - n, t->cols);
	t->wrap_next = false;
}

static void erase_line(struct term *t, u32 how)
{
	if (how == 0)
		erase(t, t->c.y, t->c.x, t->cols);
	else if (how == 1)
		erase(t, t->c.y, 0, t->c.x + 1);
	else if (how == 2)
		erase(t, t->c.y, 0, t->cols);
	t->wrap_next = false;
}

static void erase_display(struct term *t, u32 how)
{
	if (how < 2)
		erase_line(t, how);
	if (how == 0)
		erase_rows(t, t->c.y + 1, t->rows);
	else if (how == 1)
		erase_rows(t, 0, t->c.y);
	else if (how == 2 || how == 3)
		erase_rows(t, 0, t->rows);
	if (how == 3) {
		t->history = t->view = 0;
		mark_all(t);
	}
}

/* Lines are put in or taken out at the cursor, within the region. */
static void move_lines(struct term *t, u32 n, bool in)
{
	if (t->c.y < t->region_top || t->c.y >= t->region_bottom)
		return;
	if (in)
		scroll_down(t, t->c.y, t->region_bottom, n);
	else if (t->c.y == 0 && t->region_bottom == t->rows) /* deleted, not scrolled off */
		for (n = MIN(n, t->rows); n; n--) {
			for (u32 y = 0; y + 1 < t->rows; y++)
				copy_row(t, y, y + 1);
			erase(t, t->rows - 1, 0, t->cols);
		}
	else
		scroll_up(t, t->c.y, t->region_bottom, n);
	go_to(t, 0, t->c.y);
}

static void set_region(struct term *t)
{
	u32 top = param(t, 0, 1) - 1, bottom = MIN(param(t, 1, t->rows), t->rows);

	if (top + 1 >= bottom) /* two lines at least */
		return;
	t->region_top = top;
	t->region_bottom = bottom;
	address(t, 0, 0);
}

/* One of 256 colours, or of 24 bits, as the nearest of 16. */
static u8 nearest(u32 r, u32 g, u32 b)
{
	u32 red_green = MAX(r, g), most = MAX(red_green, b), half = most / 2;
	u8 base = (u8)((r > half) | (g > half) << 1 | (b > half) << 2);

	if (most < 64)
		return 0;
	return most > 192 ? base + 8 : base == 7 && most < 128 ? 8 : base;
}

static u8 colour_256(u32 n)
{
	static const u8 level[6] = { 0, 95, 135, 175, 215, 255 };

	if (n < 16)
		return (u8)n;
	if (n < 232)
		return nearest(level[(n - 16) / 36], level[(n - 16) / 6 % 6], level[(n - 16) % 6]);
	n = 8 + 10 * (MIN(n, 255u) - 232);
	return nearest(n, n, n);
}

/* 38 and 48: the colour is told by the parameters behind. Return: how many. */
static u32 long_colour(const struct term *t, u32 i, u8 *out)
{
	u32 kind = i + 1 < t->n_params ? t->params[i + 1] : 0;

	if (kind == 5 && i + 2 < t->n_params) {
		*out = colour_256(t->params[i + 2]);
		return 2;
	}
	if (kind == 2 && i + 4 < t->n_params) {
		*out = nearest(t->params[i + 2], t->params[i + 3], t->params[i + 4]);
		return 4;
	}
	return t->n_params; /* no sense in the rest */
}

static void set_mark(struct term_pen *pen, u32 p)
{
	switch (p) {
	case 0:
		*pen = default_pen;
		break;
	case 1:
		pen->bold = true;
		break;
	case 4:
		pen->underline = true;
		break;
	case 7:
		pen->reversed = true;
		break;
	case 2:
	case 21:
	case 22:
		pen->bold = false;
		break;
	case 24:
		pen->underline = false;
		break;
	case 27:
		pen->reversed = false;
		break;
	case 39:
		pen->fg = default_pen.fg;
		break;
	case 49:
		pen->bg = default_pen.bg;
		break;
	}
}

static void set_pen(struct term *t)
{
	struct term_pen *pen = &t->c.pen;

	for (u32 i = 0; i < MAX(t->n_params, 1u); i++) {
		u32 p = t->n_params ? t->params[i] : 0;

		if (p == 38)
			i += long_colour(t, i, &pen->fg);
		else if (p == 48)
			i += long_colour(t, i, &pen->bg);
		else if (p >= 30 && p <= 37)
			pen->fg = (u8)(p - 30);
		else if (p >= 40 && p <= 47)
			pen->bg = (u8)(p - 40);
		else if (p >= 90 && p <= 97)
			pen->fg = (u8)(p - 90 + 8);
		else if (p >= 100 && p <= 107)
			pen->bg = (u8)(p - 100 + 8);
		else
			set_mark(pen, p);
	}
}

static void use_alternate(struct term *t, bool on)
{
	size_t row_len = t->cols * sizeof(u32);

	if (on == t->alternate)
		return;
	for (u32 y = 0; y < t->rows; y++) {
		u32 *kept = t->kept + (size_t)y * t->cols;

		if (on)
			memcpy(kept, slot(t, y), row_len);
		else
			memcpy(slot(t, y), kept, row_len);
	}
	t->alternate = on;
	t->view = 0;
	if (on)
		erase_rows(t, 0, t->rows);
	mark_all(t);
}

static void use_alternate_and_cursor(struct term *t, bool on)
{
	if (on && !t->alternate)
		t->main_cursor = t->c;
	use_alternate(t, on);
	if (!on) {
		t->c = t->main_cursor;
		go_to(t, t->c.x, t->c.y);
	}
}

static void set_private_mode(struct term *t, u32 p, bool on)
{
	switch (p) {
	case 1:
		t->application_keys = on;
		break;
	case 6:
		t->origin = on;
		address(t, 0, 0);
		break;
	case 7:
		t->autowrap = on;
		t->wrap_next &= on;
		break;
	case 25:
		t->cursor_shown = on;
		mark(t, t->c.y);
		break;
	case 47:
	case 1047:
		use_alternate(t, on);
		break;
	case 1049:
		use_alternate_and_cursor(t, on);
		break;
	}
}

static void set_modes(struct term *t, bool on)
{
	for (u32 i = 0; i < t->n_params; i++) {
		if (t->private == '?')
			set_private_mode(t, t->params[i], on);
		else if (t->params[i] == 4)
			t->insert = on;
		else if (t->params[i] == 20)
			t->newline = on;
	}
}

static void clear_tabs(struct term *t, u32 how)
{
	if (how == 0)
		t->tabs[t->c.x / 64] &= ~BIT(t->c.x % 64);
	else if (how == 3)
		memset(t->tabs, 0, sizeof(t->tabs));
}

static void move_cursor(struct term *t, u8 final)
{
	u32 n = param(t, 0, 1);

	switch (final) {
	case 'A':
		up(t, n);
		break;
	case 'B':
	case 'e':
		down(t, n);
		break;
	case 'C':
	case 'a':
		go_to(t, t->c.x + n, t->c.y);
		break;
	case 'D':
		go_to(t, t->c.x - MIN(n, t->c.x), t->c.y);
		break;
	case 'E':
		t->c.x = 0;
		down(t, n);
		break;
	case 'F':
		t->c.x = 0;
		up(t, n);
		break;
	case 'G':
	case '`':
		go_to(t, n - 1, t->c.y);
		break;
	case 'd':
		address(t, t->c.x, n - 1);
		break;
	case 'H':
	case 'f':
		address(t, param(t, 1, 1) - 1, n - 1);
		break;
	case 'I':
		for (n = MIN(n, t->cols); n; n--)
			tab(t);
		break;
	case 'Z':
		for (n = MIN(n, t->cols); n; n--)
			back_tab(t);
		break;
	}
}

static void edit(struct term *t, u8 final)
{
	u32 n = param(t, 0, 1);

	switch (final) {
	case '@':
		insert_chars(t, n);
		break;
	case 'P':
		delete_chars(t, n);
		break;
	case 'X':
		erase(t, t->c.y, t->c.x, t->c.x + MIN(n, t->cols - t->c.x));
		break;
	case 'J':
		erase_display(t, param(t, 0, 0));
		break;
	case 'K':
		erase_line(t, param(t, 0, 0));
		break;
	case 'L':
	case 'M':
		move_lines(t, n, final == 'L');
		break;
	case 'S':
		scroll_up(t, t->region_top, t->region_bottom, n);
		break;
	case 'T':
		scroll_down(t, t->region_top, t->region_bottom, n);
		break;
	}
}

static void csi_end(struct term *t, u8 final)
{
	if (t->intermediate)
		return; /* none of those is for a screen like this */
	if (t->private) {
		if (final == 'h' || final == 'l')
			set_modes(t, final == 'h');
		else if (final == 'c' && t->private == '>')
			reply(t, "\033[>0;1;0c");
		return;
	}
	move_cursor(t, final);
	edit(t, final);
	switch (final) {
	case 'c':
		if (!param(t, 0, 0))
			reply(t, "\033[?6c"); /* as Linux's console: a VT102 */
		break;
	case 'g':
		clear_tabs(t, param(t, 0, 0));
		break;
	case 'h':
	case 'l':
		set_modes(t, final == 'h');
		break;
	case 'm':
		set_pen(t);
		break;
	case 'n':
		report(t, param(t, 0, 0));
		break;
	case 'r':
		set_region(t);
		break;
	case 's':
		save_cursor(t);
		break;
	case 'u':
		restore_cursor(t);
		break;
	}
}

/* ---- escape sequences ---- */

static void reset(struct term *t)
{
	t->c = t->saved = t->main_cursor = (struct term_cursor){ .pen = default_pen };
	t->wrap_next = false;
	t->region_top = 0;
	t->region_bottom = t->rows;
	t->autowrap = t->cursor_shown = true;
	t->insert = t->origin = t->newline = t->application_keys = t->alternate = false;
	t->view = 0;
	for (u32 i = 0; i < ARRAY_SIZE(t->tabs); i++)
		t->tabs[i] = 0x0101010101010101ull;
	erase_rows(t, 0, t->rows);
	mark_all(t);
}

static void escape(struct term *t, u8 c)
{
	t->state = STATE_GROUND;
	switch (c) {
	case '[':
		t->state = STATE_CSI;
		t->n_params = 0;
		t->private = t->intermediate = 0;
		memset(t->params, 0, sizeof(t->params));
		break;
	case ']':
	case 'P':
	case 'X':
	case '^':
	case '_':
		t->state = STATE_STRING;
		break;
	case '7':
		save_cursor(t);
		break;
	case '8':
		restore_cursor(t);
		break;
	case 'D':
		line_feed(t);
		break;
	case 'E':
		t->c.x = 0;
		line_feed(t);
		break;
	case 'H':
		t->tabs[t->c.x / 64] |= BIT(t->c.x % 64);
		break;
	case 'M':
		reverse_line_feed(t);
		break;
	case 'Z':
		reply(t, "\033[?6c");
		break;
	case 'c':
		reset(t);
		break;
	default:
		if (c >= 0x20 && c <= 0x2f) {
			t->intermediate = c;
			t->state = STATE_INTERMEDIATE;
		}
	}
}

static void escape_intermediate(struct term *t, u8 c)
{
	if (c >= 0x20 && c <= 0x2f)
		return;
	t->state = STATE_GROUND;
	if (t->intermediate == '(' || t->intermediate == ')')
		t->c.graphics[t->intermediate == ')'] = c == '0';
	else if (t->intermediate == '#' && c == '8') /* DECALN */
		for (u32 y = 0; y < t->rows; y++) {
			for (u32 x = 0; x < t->cols; x++)
				slot(t, y)[x] = cell_of(&default_pen, 'E');
			mark(t, y);
		}
}

static void csi(struct term *t, u8 c)
{
	if (c >= '0' && c <= '9') {
		u32 *p = &t->params[MAX(t->n_params, 1u) - 1];

		t->n_params = MAX(t->n_params, 1u);
		*p = MIN(*p * 10 + (c - '0'), PARAM_MAX);
	} else if (c == ';' || c == ':') {
		t->n_params = MAX(t->n_params, 1u) + 1;
		if (t->n_params > TERM_PARAMS)
			t->state = STATE_CSI_IGNORE;
	} else if (c >= '<' && c <= '?') {
		t->private = c;
	} else if (c >= 0x20 && c <= 0x2f) {
		t->intermediate = c;
	} else if (c >= 0x40 && c <= 0x7e) {
		t->state = STATE_GROUND;
		csi_end(t, c);
	}
}

/* ---- bytes ---- */

static void utf8_end(struct term *t, u32 c)
{
	bool bad = c < t->utf8_least || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff);

	if (c >= 0xa0 || bad) /* C1 controls written in UTF-8 do nothing */
		put_char(t, bad ? REPLACEMENT : c);
}

/* A byte above 7Fh. */
static void utf8_byte(struct term *t, u8 c)
{
	if ((c & 0xc0) == 0x80) {
		if (!t->utf8_left) {
			put_char(t, REPLACEMENT);
			return;
		}
		t->utf8 = t->utf8 << 6 | (c & 0x3f);
		if (!--t->utf8_left)
			utf8_end(t, t->utf8);
		return;
	}
	if (t->utf8_left) /* the one before was cut short */
		put_char(t, REPLACEMENT);
	t->utf8_left = c >= 0xf8 ? 0 : c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : 1;
	t->utf8_least = t->utf8_left == 3 ? 0x10000 : t->utf8_left == 2 ? 0x800 : 0x80;
	t->utf8 = c & (0x3f >> t->utf8_left);
	if (!t->utf8_left)
		put_char(t, REPLACEMENT);
}

static void ground(struct term *t, u8 c)
{
	if (c >= 0x80) {
		utf8_byte(t, c);
		return;
	}
	if (t->utf8_left) {
		t->utf8_left = 0;
		put_char(t, REPLACEMENT);
	}
	if (c != 0x7f)
		put_char(t, c);
}

static void string(struct term *t, u8 c)
{
	bool end = c == '\a' || (t->state == STATE_STRING_ESC && c == '\\');

	t->state = end ? STATE_GROUND : c == ESC ? STATE_STRING_ESC : STATE_STRING;
}

static void byte(struct term *t, u8 c)
{
	if (t->state == STATE_STRING || t->state == STATE_STRING_ESC) {
		if (c == 0x18 || c == 0x1a)
			t->state = STATE_GROUND;
		else
			string(t, c);
		return;
	}
	if (c < 0x20) { /* controls work within sequences too */
		if (c == ESC)
			t->state = STATE_ESCAPE;
		else if (c == 0x18 || c == 0x1a) /* CAN, SUB */
			t->state = STATE_GROUND;
		else
			control(t, c);
		t->utf8_left = 0;
		return;
	}
	switch ((enum state)t->state) {
	case STATE_GROUND:
		ground(t, c);
		break;
	case STATE_ESCAPE:
		escape(t, c);
		break;
	case STATE_INTERMEDIATE:
		escape_intermediate(t, c);
		break;
	case STATE_CSI:
		csi(t, c);
		break;
	case STATE_CSI_IGNORE:
		if (c >= 0x40 && c <= 0x7e)
			t->state = STATE_GROUND;
		break;
	case STATE_STRING:
	case STATE_STRING_ESC:
		break;
	}
}

void term_write(struct term *t, const u8 *buf, size_t len)
{
	for (size_t i = 0; i < len; i++)
		byte(t, buf[i]);
}

/* ---- outside ---- */

void term_init(struct term *t, u32 cols, u32 rows, u32 lines, u32 *cells, u32 *kept)
{
	memset(t, 0, sizeof(*t));
	t->cols = cols;
	t->rows = rows;
	t->lines = lines;
	t->cells = cells;
	t->kept = kept;
	for (size_t i = 0; i < (size_t)lines * cols; i++)
		cells[i] = cell_of(&default_pen, ' ');
	reset(t);
}

void term_look(struct term *t, s32 lines)
{
	s64 view = (s64)t->view + lines;
	u32 most = t->alternate ? 0 : t->history;

	view = view < 0 ? 0 : MIN(view, (s64)most);
	if (view == t->view)
		return;
	t->view = (u32)view;
	mark_all(t);
}

const u32 *term_row(const struct term *t, u32 y)
{
	return t->cells + (size_t)((t->top + t->lines - t->view + y) % t->lines) * t->cols;
}

bool term_cursor_at(const struct term *t, u32 *x, u32 *y)
{
	*x = t->c.x;
	*y = t->c.y + t->view;
	return t->cursor_shown && *y < t->rows;
}

bool term_take_dirty(struct term *t, u32 y)
{
	bool dirty = t->dirty[y / 64] & BIT(y % 64);

	t->dirty[y / 64] &= ~BIT(y % 64);
	return dirty;
}

size_t term_take_reply(struct term *t, u8 *out)
{
	size_t len = t->reply_len;

	memcpy(out, t->reply, len);
	t->reply_len = 0;
	return len;
}
