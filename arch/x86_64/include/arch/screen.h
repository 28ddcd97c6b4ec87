/* SPDX-License-Identifier: MIT */
/*
 * The screen as a terminal (kernel/lib/term.h) on the loader's framebuffer or on
 * VGA's text memory. What is written changes the terminal's cells at once and is
 * drawn at once too, until somebody promises by screen_set_lazy() to call
 * screen_draw(): a screen scrolled ten times is then drawn once.
 */
#pragma once

#include <boot/boot_info.h>
#include <kernel/lib/types.h>

/** screen_init_early - from now on a panic is seen; nothing else is until screen_init()
 * Context: boot CPU, the boot tables stand. @info: may be what was read before an error. */
void screen_init_early(const struct boot_info *info);
/** screen_init - find a screen; without one all below does nothing
 * Context: boot CPU, after kva_init(). */
void screen_init(const struct boot_info *info);
bool screen_present(void);

struct screen_size {
	u32 cols, rows;     /* characters */
	u32 width, height;  /* pixels, 0 where there is only text */
};
struct screen_size screen_size(void);

/** screen_write - bytes for the terminal. Any context. */
void screen_write(const char *buf, size_t len);
/** screen_log - the same for the log's text: its lines end with a line feed alone */
void screen_log(const char *buf, size_t len);
/** screen_look - scroll-back: @lines further into the past, or back when negative */
void screen_look(s32 lines);
/** screen_application_keys - cursor keys are to send ESC O (DECCKM) */
bool screen_application_keys(void);
/** screen_take_reply - reports for the program. Return: bytes, at most TERM_REPLY */
size_t screen_take_reply(u8 *out);

/** screen_set_lazy - from now on somebody draws when screen_changed() says so */
void screen_set_lazy(void);
bool screen_changed(void);
/** screen_draw - bring on the screen what changed, a row under a lock at a time */
void screen_draw(void);
