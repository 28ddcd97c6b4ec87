/* SPDX-License-Identifier: MIT */
/*
 * Drawing the terminal. A framebuffer's pixels are written and never read: what
 * is on the screen is remembered in `drawn`, and a cell that is there already is
 * passed over. Sources: Multiboot2 2.0 §3.6.12 (framebuffer); IBM VGA XGA
 * Technical Reference (text memory, cursor registers of the CRT controller);
 * BIOS data area: IBM PS/2 and PC BIOS Interface Technical Reference.
 */
#include <arch/screen.h>

#include <arch/mmu.h>
#include <kernel/core/log.h>
#include <kernel/core/panic.h>
#include <kernel/core/spinlock.h>
#include <kernel/lib/string.h>
#include <kernel/lib/term.h>
#include <mm/kva.h>

#include "font.h"
#include "io.h"

#define SCROLL_BACK 400u /* lines */
#define SCALE_LINES 1000u /* above each such number of lines a pixel gets larger */
#define REPLACEMENT 0xfffdu

#define VGA_TEXT_PA   0xb8000u
#define VGA_COLS      80u
#define VGA_ROWS      25u
#define CRTC_INDEX    0x3d4
#define CRTC_DATA     0x3d5
#define CRTC_CURSOR_HIGH 0x0e
#define CRTC_CURSOR_LOW  0x0f
#define BOOT_MAP_END (4ull << 30) /* of the direct map while the boot tables stand */
#define BDA_VIDEO_MODE 0x449u /* 2 and 3: text of 80 x 25 */

/* Lock key: i immutable once screen_ready   l screen_lock   a atomic */
static struct spinlock screen_lock = SPINLOCK_INIT(RANK_SCREEN, "screen");
static struct boot_screen at;    /* [i] what we draw on */
static volatile u8 *memory;      /* [i] its first byte, in the direct map; not cached */
static u32 scale;                /* [i] pixels of a pixel of the font */
static u32 pixels[16];           /* [i] the colours, as the framebuffer wants them */
static struct term term;         /* [l] */
static u32 *drawn;               /* [l] rows * cols: the cells on the screen */
static bool screen_ready;        /* [a] */
static bool lazy;                /* [a] */
static bool changed;             /* [a] there is something to draw */

/* Before there is a terminal only a panic draws: from the top of the screen on, as
 * far as there is room. One CPU, no lock. */
static u32 cols, rows;           /* [i] characters; 0: nothing to draw on */
static u32 early_x, early_y;
static bool early_begun, early_escape;

bool screen_present(void)
{
	return atomic_load_acquire(&screen_ready);
}

static irqflags_t lock_take(void)
{
	/* In a panic the lock may be held for ever, and nobody else runs. */
	return panic_in_progress() ? irq_save() : spin_lock_irq(&screen_lock);
}

static void lock_drop(irqflags_t flags)
{
	if (panic_in_progress())
		irq_restore(flags);
	else
		spin_unlock_irq(&screen_lock, flags);
}

/* ---- pixels ---- */

static u32 pixel_of(u32 rgb)
{
	u32 red = rgb >> 16, green = rgb >> 8 & 0xff, blue = rgb & 0xff;

	return red >> (8 - at.red.len) << at.red.at | green >> (8 - at.green.len) << at.green.at |
	       blue >> (8 - at.blue.len) << at.blue.at;
}

static void make_palette(void)
{
	/* VGA's, in ECMA-48's order. */
	static const u32 rgb[16] = {
		0x000000, 0xaa0000, 0x00aa00, 0xaa5500, 0x0000aa, 0xaa00aa, 0x00aaaa, 0xaaaaaa,
		0x555555, 0xff5555, 0x55ff55, 0xffff55, 0x5555ff, 0xff55ff, 0x55ffff, 0xffffff,
	};

	for (u32 i = 0; i < 16; i++)
		pixels[i] = pixel_of(rgb[i]);
}

static void put_pixel(volatile u8 *p, u32 pixel, u32 bytes)
{
	if (bytes == 4) {
		*(volatile u32 *)p = pixel;
	} else {
		for (u32 i = 0; i < bytes; i++)
			p[i] = (u8)(pixel >> 8 * i);
	}
}

static u32 glyph_of(u32 c)
{
	u32 low = 0, high = font_nr_chars;

	while (low < high) {
		u32 mid = (low + high) / 2;

		if (font_chars[mid].c == c)
			return font_chars[mid].glyph;
		if (font_chars[mid].c < c)
			low = mid + 1;
		else
			high = mid;
	}
	return c == REPLACEMENT ? 0 : glyph_of(REPLACEMENT);
}

/* One row of a glyph, @scale times as high and wide. */
static void draw_line(volatile u8 *p, u32 bits, u32 fg, u32 bg)
{
	u32 bytes = (at.bits + 7u) / 8;

	for (u32 sy = 0; sy < scale; sy++, p += at.pitch) {
		volatile u8 *q = p;

		for (u32 x = 0; x < FONT_WIDTH; x++)
			for (u32 sx = 0; sx < scale; sx++, q += bytes)
				put_pixel(q, bits << x & 0x80 ? fg : bg, bytes);
	}
}

static void draw_glyph(u32 x, u32 y, u32 cell)
{
	const u8 *glyph = font_glyphs[glyph_of(term_cell_char(cell))];
	u32 fg = pixels[term_cell_fg(cell)], bg = pixels[term_cell_bg(cell)];
	volatile u8 *p = memory + (size_t)y * FONT_HEIGHT * scale * at.pitch +
			 (size_t)x * FONT_WIDTH * scale * ((at.bits + 7u) / 8);

	for (u32 i = 0; i < FONT_HEIGHT; i++, p += at.pitch * scale) {
		bool line = (cell & TERM_UNDERLINE) && i == FONT_HEIGHT - 2;

		draw_line(p, line ? 0xff : glyph[i], fg, bg);
	}
}

/* ---- VGA text ---- */

/* Code page 437, the upper half. */
static const u16 cp437[128] =
	u"\u00c7\u00fc\u00e9\u00e2\u00e4\u00e0\u00e5\u00e7\u00ea\u00eb\u00e8\u00ef\u00ee\u00ec"
	u"\u00c4\u00c5\u00c9\u00e6\u00c6\u00f4\u00f6\u00f2\u00fb\u00f9\u00ff\u00d6\u00dc\u00a2"
	u"\u00a3\u00a5\u20a7\u0192\u00e1\u00ed\u00f3\u00fa\u00f1\u00d1\u00aa\u00ba\u00bf\u2310"
	u"\u00ac\u00bd\u00bc\u00a1\u00ab\u00bb\u2591\u2592\u2593\u2502\u2524\u2561\u2562\u2556"
	u"\u2555\u2563\u2551\u2557\u255d\u255c\u255b\u2510\u2514\u2534\u252c\u251c\u2500\u253c"
	u"\u255e\u255f\u255a\u2554\u2569\u2566\u2560\u2550\u256c\u2567\u2568\u2564\u2565\u2559"
	u"\u2558\u2552\u2553\u256b\u256a\u2518\u250c\u2588\u2584\u258c\u2590\u2580\u03b1\u00df"
	u"\u0393\u03c0\u03a3\u03c3\u00b5\u03c4\u03a6\u0398\u03a9\u03b4\u221e\u03c6\u03b5\u2229"
	u"\u2261\u00b1\u2265\u2264\u2320\u2321\u00f7\u2248\u00b0\u2219\u00b7\u221a\u207f\u00b2"
	u"\u25a0\u00a0";

static u8 cp437_of(u32 c)
{
	if (c >= ' ' && c < 0x7f)
		return (u8)c;
	for (u32 i = 0; i < ARRAY_SIZE(cp437); i++)
		if (cp437[i] == c)
			return (u8)(0x80 + i);
	return '?';
}

/* VGA counts blue, green, red; the top bit of the background would blink. */
static u8 vga_colour(u32 c)
{
	return (u8)((c & 8) | (c & 4) >> 2 | (c & 2) | (c & 1) << 2);
}

static void draw_text(u32 x, u32 y, u32 cell)
{
	u8 attribute = (u8)((vga_colour(term_cell_bg(cell)) & 7) << 4 |
			    vga_colour(term_cell_fg(cell)));
	volatile u8 *p = memory + (size_t)y * at.pitch + 2 * (size_t)x;

	*(volatile u16 *)p = (u16)(attribute << 8 | cp437_of(term_cell_char(cell)));
}

static void crtc_write(u8 index, u8 val)
{
	outb(CRTC_INDEX, index);
	outb(CRTC_DATA, val);
}

static void place_vga_cursor(void)
{
	u32 x, y, pos = VGA_COLS * VGA_ROWS; /* out of sight */

	if (term_cursor_at(&term, &x, &y))
		pos = y * VGA_COLS + x;
	crtc_write(CRTC_CURSOR_HIGH, (u8)(pos >> 8));
	crtc_write(CRTC_CURSOR_LOW, (u8)pos);
}

/* ---- a panic's report without a terminal ---- */

#define EARLY_BLANK ((u32)' ' | 7u << TERM_FG_SHIFT)

static void draw_cell(u32 x, u32 y, u32 cell)
{
	if (at.kind == BOOT_SCREEN_RGB)
		draw_glyph(x, y, cell);
	else
		draw_text(x, y, cell);
}

static void early_clear(void)
{
	for (u32 y = 0; y < rows; y++)
		for (u32 x = 0; x < cols; x++)
			draw_cell(x, y, EARLY_BLANK);
	early_begun = true;
}

static void early_put(char c)
{
	if (early_escape) { /* colours, which end with a letter */
		early_escape = c < 'A' || c == '[';
		return;
	}
	early_escape = c == '\033';
	if (c == '\n' || early_x == cols) {
		early_x = 0;
		early_y++;
	}
	if (early_y < rows && c >= ' ')
		draw_cell(early_x++, early_y, (EARLY_BLANK & ~TERM_CHAR_MASK) | (u8)c);
}

static void early_write(const char *buf, size_t len)
{
	if (!cols || !panic_in_progress())
		return;
	if (!early_begun)
		early_clear();
	for (size_t i = 0; i < len; i++)
		early_put(buf[i]);
}

/* ---- cells ---- */

static void draw_row_locked(u32 y)
{
	const u32 *row = term_row(&term, y);
	u32 *have = drawn + (size_t)y * term.cols, cx, cy;
	bool cursor = at.kind == BOOT_SCREEN_RGB && term_cursor_at(&term, &cx, &cy) && cy == y;

	for (u32 x = 0; x < term.cols; x++) {
		u32 cell = row[x] ^ (cursor && x == cx ? (u32)TERM_REVERSED : 0);

		if (cell == have[x])
			continue;
		have[x] = cell;
		draw_cell(x, y, cell);
	}
}

void screen_draw(void)
{
	irqflags_t flags;

	if (!screen_present())
		return;
	atomic_store_relaxed(&changed, false);
	for (u32 y = 0; y < term.rows; y++) {
		flags = lock_take();
		if (term_take_dirty(&term, y))
			draw_row_locked(y);
		lock_drop(flags);
	}
	if (at.kind == BOOT_SCREEN_TEXT) {
		flags = lock_take();
		place_vga_cursor();
		lock_drop(flags);
	}
}

static void note_change(void)
{
	atomic_store_relaxed(&changed, true);
	/* The report of a panic is long: it is drawn when it is whole. */
	if (!atomic_load_relaxed(&lazy) && !panic_in_progress())
		screen_draw();
}

void screen_set_lazy(void)
{
	atomic_store_relaxed(&lazy, true);
}

bool screen_changed(void)
{
	return atomic_load_relaxed(&changed);
}

void screen_write(const char *buf, size_t len)
{
	irqflags_t flags;

	if (!screen_present() || !len)
		return;
	flags = lock_take();
	term_write(&term, (const u8 *)buf, len);
	lock_drop(flags);
	note_change();
}

void screen_log(const char *buf, size_t len)
{
	irqflags_t flags;
	bool newline;

	if (!screen_present()) {
		early_write(buf, len);
		return;
	}
	flags = lock_take();
	/* Last words stand on a clean screen. */
	if (panic_in_progress() && (term.view || term.alternate))
		term_write(&term, (const u8 *)"\033c", 2);
	newline = term.newline;
	term.newline = true;
	term_write(&term, (const u8 *)buf, len);
	term.newline = newline;
	lock_drop(flags);
	note_change();
}

void screen_look(s32 lines)
{
	irqflags_t flags;

	if (!screen_present())
		return;
	flags = lock_take();
	term_look(&term, lines);
	lock_drop(flags);
	note_change();
}

bool screen_application_keys(void)
{
	return term.application_keys; /* a look that may be old by the time it is used anyway */
}

size_t screen_take_reply(u8 *out)
{
	irqflags_t flags = lock_take();
	size_t n = term_take_reply(&term, out);

	lock_drop(flags);
	return n;
}

struct screen_size screen_size(void)
{
	bool rgb = at.kind == BOOT_SCREEN_RGB;

	return (struct screen_size){ .cols = term.cols, .rows = term.rows,
				     .width = rgb ? at.width : 0, .height = rgb ? at.height : 0 };
}

/* ---- finding one ---- */

static bool crtc_answers(void)
{
	u8 was, read;

	outb(CRTC_INDEX, CRTC_CURSOR_LOW);
	was = inb(CRTC_DATA);
	outb(CRTC_DATA, (u8)(was ^ 0x5a));
	read = inb(CRTC_DATA);
	outb(CRTC_DATA, was);
	return read == (u8)(was ^ 0x5a);
}

/* A loader that speaks of no screen leaves the one that the BIOS has set up; UEFI
 * has none of that kind. */
static bool bios_text_mode(const struct boot_info *info)
{
	const u8 *mode = phys_to_virt(BDA_VIDEO_MODE);

	return !info->efi && (*mode == 2 || *mode == 3) && crtc_answers();
}

static bool choose(const struct boot_info *info)
{
	at = info->screen;
	if (at.kind == BOOT_SCREEN_NONE && bios_text_mode(info))
		at = (struct boot_screen){ .kind = BOOT_SCREEN_TEXT, .base = VGA_TEXT_PA,
					   .pitch = 2 * VGA_COLS, .width = VGA_COLS,
					   .height = VGA_ROWS };
	return at.kind != BOOT_SCREEN_NONE;
}

static void measure(void)
{
	bool text = at.kind == BOOT_SCREEN_TEXT;

	scale = text ? 1 : MAX(1u, at.height / SCALE_LINES);
	cols = MIN(text ? at.width : at.width / (FONT_WIDTH * scale), TERM_COLS_MAX);
	rows = MIN(text ? at.height : at.height / (FONT_HEIGHT * scale), TERM_ROWS_MAX);
	if (!rows)
		cols = 0;
	if (!text)
		make_palette();
}

/* What the direct map shows from the beginning on: the boot tables' 4 GiB, then what
 * pmm_init_early() enters, which is the loader's screen and the first MiB. */
void screen_init_early(const struct boot_info *info)
{
	if (!choose(info) || at.base + (u64)at.pitch * at.height > BOOT_MAP_END)
		return;
	memory = phys_to_virt(at.base);
	measure();
}

static bool prepare(void)
{
	u32 *cells;

	if (at.base + (u64)at.pitch * at.height > PHYS_MAX)
		return false;
	memory = phys_to_virt(at.base);
	measure();
	/* The lines and the scroll-back, the main screen behind the other, what is drawn. */
	cells = cols ? vmalloc((size_t)(3 * rows + SCROLL_BACK) * cols * sizeof(u32)) : NULL;
	if (!cells)
		return false;
	drawn = cells + (size_t)(2 * rows + SCROLL_BACK) * cols;
	memset(drawn, 0xff, (size_t)rows * cols * sizeof(u32)); /* no cell is like that */
	term_init(&term, cols, rows, rows + SCROLL_BACK, cells,
		  cells + (size_t)(rows + SCROLL_BACK) * cols);
	return true;
}

void screen_init(const struct boot_info *info)
{
	if (!choose(info))
		return;
	if (!prepare()) {
		log_notice("screen: no memory for a screen of %u x %u", at.width, at.height);
		return;
	}
	atomic_store_release(&screen_ready, true);
	log_replay(screen_log);
	log_info("screen: %u x %u %s, %u x %u characters", at.width, at.height,
		 at.kind == BOOT_SCREEN_RGB ? "pixels" : "of text", term.cols, term.rows);
}
