/* SPDX-License-Identifier: MIT */
/*
 * [pure] A terminal: bytes in, a grid of cells out. It understands UTF-8 and
 * what terminfo's "linux" entry uses, so what vi, less and top send: ECMA-48
 * cursor movement, erasing, insertion, deletion, scrolling regions, 16 colours
 * (more are mapped to those), the alternate screen, reports.
 *
 *   lines  +---------------------+  slots of a ring of `lines` rows of cells
 *          | scroll-back ...     |  `history` of them hold what went off the top
 *   top -> | row 0 of the screen |
 *          | ...                 |
 *          | row rows-1          |
 *          +---------------------+
 *
 * Whoever draws asks which rows changed (term_take_dirty) and draws term_row().
 * The caller holds a lock. Sources: ECMA-48 5th edition (1991); DEC VT220
 * Programmer Reference; man console_codes(4).
 */
#pragma once

#include <kernel/lib/types.h>

#define TERM_COLS_MAX 512u
#define TERM_ROWS_MAX 256u
#define TERM_PARAMS   16u
#define TERM_REPLY    64u

/* A cell: character in bits 0..20, then colours and marks. */
#define TERM_CHAR_MASK 0x1fffffu
#define TERM_FG_SHIFT  21u /* 4 bits: 0..7 ECMA-48's colours, 8..15 the bright ones */
#define TERM_BG_SHIFT  25u
#define TERM_UNDERLINE BIT(29)
#define TERM_REVERSED  BIT(30)

static inline u32 term_cell_char(u32 cell)
{
	return cell & TERM_CHAR_MASK;
}

static inline u32 term_cell_fg(u32 cell)
{
	return cell >> (cell & TERM_REVERSED ? TERM_BG_SHIFT : TERM_FG_SHIFT) & 15;
}

static inline u32 term_cell_bg(u32 cell)
{
	return cell >> (cell & TERM_REVERSED ? TERM_FG_SHIFT : TERM_BG_SHIFT) & 15;
}

/* What a character is written with. */
struct term_pen {
	u8 fg, bg; /* 0..7, fg 8..15 when asked for by 90..97 */
	bool bold, underline, reversed;
};

/* What DECSC keeps and DECRC brings back. */
struct term_cursor {
	u32 x, y;
	struct term_pen pen;
	bool graphics[2]; /* G0, G1 are the line drawing set */
	u8 shift;         /* which of them is in use */
};

struct term {
	u32 cols, rows, lines;
	u32 *cells;      /* lines * cols */
	u32 *kept;       /* rows * cols: the main screen while the alternate one shows */
	u32 top;         /* slot of row 0 */
	u32 history;     /* rows of scroll-back that hold something */
	u32 view;        /* how far back the reader looks; 0: at the screen */
	struct term_cursor c, saved, main_cursor;
	bool wrap_next;  /* the last column is written: the next character wraps first */
	u32 region_top, region_bottom; /* rows that scroll: [top, bottom) */
	bool autowrap, insert, origin, cursor_shown, newline, alternate;
	bool application_keys; /* DECCKM: the keyboard sends ESC O, not ESC [ */
	u8 state, private, intermediate;
	u32 params[TERM_PARAMS], n_params;
	u32 utf8, utf8_least; /* character so far; smallest it may be */
	u8 utf8_left;
	u8 reply_len;
	u8 reply[TERM_REPLY]; /* for the program: reports */
	u64 tabs[TERM_COLS_MAX / 64];
	u64 dirty[TERM_ROWS_MAX / 64]; /* rows to be drawn again */
};

/** term_init - an empty screen; @cells of @lines * @cols and @kept of @rows * @cols
 * belong to it. @lines: at least @rows */
void term_init(struct term *t, u32 cols, u32 rows, u32 lines, u32 *cells, u32 *kept);

/** term_write - any bytes */
void term_write(struct term *t, const u8 *buf, size_t len);

/** term_look - the reader goes @lines back (or forward, when negative) */
void term_look(struct term *t, s32 lines);

/** term_row - the cells of row @y as the reader sees them */
const u32 *term_row(const struct term *t, u32 y);
/** term_cursor_at - where the cursor is shown. False: nowhere. */
bool term_cursor_at(const struct term *t, u32 *x, u32 *y);
/** term_take_dirty - must row @y be drawn again? It counts as drawn then. */
bool term_take_dirty(struct term *t, u32 y);
/** term_take_reply - what the program is to read. Return: bytes, at most TERM_REPLY */
size_t term_take_reply(struct term *t, u8 *out);
