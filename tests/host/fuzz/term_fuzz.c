/* SPDX-License-Identifier: MIT */
/* The first two bytes are the size of the screen, the rest is written to it. */
#include "fuzz.h"

#include <kernel/lib/term.h>
#include <stdlib.h>

int term_fuzz(const u8 *data, size_t len)
{
	u32 cols = len > 0 ? data[0] % 32 + 1u : 1, rows = len > 1 ? data[1] % 16 + 1u : 1;
	u32 lines = rows + (len > 0 ? data[0] / 32u : 0), x, y;
	/* Blocks of their own, so that the sanitizer sees the first byte outside. */
	u32 *cells = malloc(lines * cols * sizeof(u32)), *kept = malloc(rows * cols * sizeof(u32));
	u8 reply[TERM_REPLY];
	struct term t;

	FUZZ_ASSERT(cells && kept);
	term_init(&t, cols, rows, lines, cells, kept);
	for (size_t i = 2; i < len; i++) {
		term_write(&t, data + i, 1);
		if (data[i] == 'V')
			term_look(&t, (s8)data[i - 1]);
	}
	for (y = 0; y < rows; y++) {
		(void)term_take_dirty(&t, y);
		for (x = 0; x < cols; x++) {
			u32 cell = term_row(&t, y)[x];

			FUZZ_ASSERT(term_cell_char(cell) <= 0x10ffff && term_cell_char(cell) >= 0x20);
		}
	}
	FUZZ_ASSERT(t.c.x < cols && t.c.y < rows && t.history <= lines - rows && t.view <= t.history);
	FUZZ_ASSERT(t.region_top < t.region_bottom && t.region_bottom <= rows);
	FUZZ_ASSERT(!term_cursor_at(&t, &x, &y) || (x < cols && y < rows));
	FUZZ_ASSERT(term_take_reply(&t, reply) <= TERM_REPLY);
	free(cells);
	free(kept);
	return 0;
}
