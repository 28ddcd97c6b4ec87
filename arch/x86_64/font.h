/* SPDX-License-Identifier: MIT */
/* The console's font: a PSF font of Debian's, made C by tools/gen_font.py. */
#pragma once

#include <kernel/lib/types.h>

#define FONT_WIDTH  8u
#define FONT_HEIGHT 16u

struct font_char {
	u16 c, glyph;
};

extern const u8 font_glyphs[][FONT_HEIGHT];
extern const struct font_char font_chars[]; /* by c */
extern const u32 font_nr_chars;
