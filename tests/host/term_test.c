/* SPDX-License-Identifier: MIT */
/* A screen of 10 x 4 with 3 lines of scroll-back: what is written, what is seen. */
#include <kernel/lib/term.h>

#include "test.h"

#include <string.h>

#define COLS 10u
#define ROWS 4u
#define LINES 7u

static struct term tm;
static u32 cells[LINES * COLS], kept[ROWS * COLS];

static void fresh(void)
{
	term_init(&tm, COLS, ROWS, LINES, cells, kept);
}

static void put(const char *text)
{
	term_write(&tm, (const u8 *)text, strlen(text));
}

/* The rows, joined by |, without the spaces at their ends; not ASCII shows as #. */
static const char *seen(void)
{
	static char text[ROWS * (COLS + 1) + 1];
	size_t n = 0;

	for (u32 y = 0; y < ROWS; y++) {
		const u32 *row = term_row(&tm, y);
		u32 end = COLS;

		while (end && term_cell_char(row[end - 1]) == ' ')
			end--;
		for (u32 x = 0; x < end; x++) {
			u32 c = term_cell_char(row[x]);

			text[n++] = c < 0x80 ? (char)c : '#';
		}
		text[n++] = y + 1 < ROWS ? '|' : 0;
	}
	return text;
}

static void shows(const char *write, const char *want)
{
	fresh();
	put(write);
	if (!CHECK_STR(seen(), want))
		test_note("written: %s", write);
}

static void cursor_is(u32 x, u32 y)
{
	u32 gx, gy;

	CHECK(term_cursor_at(&tm, &gx, &gy));
	CHECK_EQ(gx, x);
	CHECK_EQ(gy, y);
}

TEST(term_text)
{
	shows("hello\r\nyou", "hello|you||");
	shows("0123456789abc", "0123456789|abc||");
	shows("0123456789\r\nx", "0123456789|x||"); /* the wrap waits for a character */
	shows("a\r\nb\r\nc\r\nd\r\ne", "b|c|d|e");
	shows("ab\bc\tT\td", "ac      Td|||");
}

TEST(term_wrap_off)
{
	shows("\033[?7l0123456789abc", "012345678c|||");
	cursor_is(9, 0);
	shows("\033[?7l0123456789\033[?7hab", "012345678a|b||");
}

TEST(term_cursor_moves)
{
	shows("\033[2;3Hx\033[Ay\033[5Dz\033[4;10Hq", "z  y|  x||         q");
	shows("\033[99;99Hx\033[Hy", "y|||         x");
	shows("\033[3dx\033[5Gy", "||x   y|");
	shows("abc\033[sdef\033[ux", "abcxef|||");
	shows("abc\0337\033[1;31m\r\n\0338x", "abcx|||");
	shows("a\033[2Bb\033[Ec\033[2Fd", "a|d| b|c");
	shows("\033[2;3Hab\033[6n", "|  ab||");
	CHECK_EQ(tm.reply_len, 6);
	CHECK_MEM(tm.reply, "\033[2;5R", 6);
}

TEST(term_erase)
{
	shows("abcdef\033[3G\033[K", "ab|||");
	shows("abcdef\033[3G\033[1K", "   def|||");
	shows("abcdef\033[2K\rx", "x|||");
	shows("a\r\nb\r\nc\033[2;1H\033[J", "a|||");
	shows("a\r\nb\r\nc\033[2;1H\033[1J", "||c|");
	shows("a\r\nb\033[2Jx", "| x||");
	shows("abcdef\033[2G\033[2X", "a  def|||");
	shows("abcdef\033[2G\033[2P", "adef|||");
	shows("abcdef\033[2G\033[2@", "a  bcdef|||");
	shows("abc\033[4h\rx\033[4ly", "xybc|||");
}

TEST(term_regions)
{
	shows("a\r\nb\r\nc\r\nd\033[2;3r\033[3;1H\nx", "a|c|x|d");
	shows("a\r\nb\r\nc\r\nd\033[2;3r\033[2;1H\033Mx", "a|x|b|d");
	shows("a\r\nb\r\nc\r\nd\033[2H\033[L", "a||b|c");
	shows("a\r\nb\r\nc\r\nd\033[2H\033[M", "a|c|d|");
	shows("a\r\nb\r\nc\r\nd\033[H\033[2M", "c|d||");
	CHECK_EQ(tm.history, 0); /* deleted is not scrolled off */
	shows("a\r\nb\r\nc\r\nd\033[2S", "c|d||");
	CHECK_EQ(tm.history, 2);
	shows("a\r\nb\r\nc\r\nd\033[T", "|a|b|c");
	shows("\033[2;3r\033[?6h\033[1;1Hx\033[9;1Hy", "|x|y|");
	shows("\033[3;3r\033[9;1Hx", "|||x"); /* one line is no region */
}

TEST(term_scroll_back)
{
	fresh();
	put("1\r\n2\r\n3\r\n4\r\n5\r\n6\r\n7\r\n8\r\n9");
	CHECK_STR(seen(), "6|7|8|9");
	term_look(&tm, 2);
	CHECK_STR(seen(), "4|5|6|7");
	put("\r\nA"); /* the reader is not carried away */
	CHECK_STR(seen(), "4|5|6|7");
	term_look(&tm, 100);
	CHECK_STR(seen(), "4|5|6|7"); /* the oldest that is kept */
	term_look(&tm, -100);
	CHECK_STR(seen(), "7|8|9|A");
	put("\033[3J");
	CHECK_EQ(tm.history, 0);
}

TEST(term_alternate_screen)
{
	fresh();
	put("main\r\nx\033[?1049h");
	CHECK_STR(seen(), "|||");
	put("\033[Hvi\r\n\n\n\n\n");
	CHECK_EQ(tm.history, 0);
	put("\033[?1049ly");
	CHECK_STR(seen(), "main|xy||");
}

static u32 cell(u32 x)
{
	return term_row(&tm, 0)[x];
}

TEST(term_colours)
{
	fresh();
	put("a\033[31;44mb\033[1mc\033[7md\033[0;4me\033[38;5;196;48;2;0;0;250mf\033[92;100mg\033[39;49mh");
	CHECK_EQ(term_cell_fg(cell(0)), 7);
	CHECK_EQ(term_cell_bg(cell(0)), 0);
	CHECK_EQ(term_cell_fg(cell(1)), 1);
	CHECK_EQ(term_cell_bg(cell(1)), 4);
	CHECK_EQ(term_cell_fg(cell(2)), 9);
	CHECK_EQ(term_cell_fg(cell(3)), 4);
	CHECK_EQ(term_cell_bg(cell(3)), 9);
	CHECK(cell(4) & TERM_UNDERLINE);
	CHECK_EQ(term_cell_fg(cell(5)), 9);
	CHECK_EQ(term_cell_bg(cell(5)), 12);
	CHECK_EQ(term_cell_fg(cell(6)), 10);
	CHECK_EQ(term_cell_bg(cell(6)), 8);
	CHECK_EQ(term_cell_fg(cell(7)), 7);
	CHECK_EQ(term_cell_bg(cell(7)), 0);
	put("\033[42m\033[K");
	CHECK_EQ(term_cell_bg(cell(9)), 2); /* erased with the background in force */
}

TEST(term_utf8)
{
	fresh();
	put("\u00e4\u20ac\U0001f600");
	CHECK_EQ(term_cell_char(cell(0)), 0xe4);
	CHECK_EQ(term_cell_char(cell(1)), 0x20ac);
	CHECK_EQ(term_cell_char(cell(2)), 0x1f600);
	shows("\xc3x\x80\xc0\x80\xed\xa0\x80y\xff", "#x###y#|||"); /* cut, alone, too long, half of two */
	shows("e\u0301x", "ex|||"); /* a mark has no place of its own */
	fresh();
	put("\033(0qx\033(Bq\033)0\016q\017q");
	CHECK_EQ(term_cell_char(cell(0)), 0x2500);
	CHECK_EQ(term_cell_char(cell(1)), 0x2502);
	CHECK_EQ(term_cell_char(cell(2)), 'q');
	CHECK_EQ(term_cell_char(cell(3)), 0x2500);
	CHECK_EQ(term_cell_char(cell(4)), 'q');
}

TEST(term_sequences_cut)
{
	shows("a\033]0;title\ab\033]x\033\\c\033P1$r\033\\d", "abcd|||");
	shows("a\033[12\030b\033[\nmc", "ab|  c||");
	shows("a\033[1;2;3;4;5;6;7;8;9;10;11;12;13;14;15;16;17mb", "ab|||");
	shows("a\033[?1;2$rb\033#8\033[Hx", "xEEEEEEEEE|EEEEEEEEEE|EEEEEEEEEE|EEEEEEEEEE");
	fresh();
	put("\033[c");
	CHECK_MEM(tm.reply, "\033[?6c", 5);
	put("\033c");
	CHECK_STR(seen(), "|||");
}

TEST(term_dirty_rows)
{
	fresh();
	for (u32 y = 0; y < ROWS; y++)
		CHECK(term_take_dirty(&tm, y) && !term_take_dirty(&tm, y));
	put("\033[3Hx");
	CHECK(term_take_dirty(&tm, 0)); /* the cursor was there */
	CHECK(!term_take_dirty(&tm, 1) && term_take_dirty(&tm, 2) && !term_take_dirty(&tm, 3));
}
