/* SPDX-License-Identifier: MIT */
/*
 * [pure] Keys to bytes: what a key sends depends on the layout, on the keys held
 * and on the locks; dead keys wait for the letter that they stand on.
 *
 * Keys are numbered as in Linux (input-event-codes.h), which is set 1 of the PC
 * keyboard for all but those behind E0h. The bytes are those of terminfo's
 * "linux" entry.
 */
#pragma once

#include <kernel/lib/types.h>

#define KEYMAP_BYTES 16u /* most that one key gives */

enum key {
	KEY_ESC = 1, KEY_BACKSPACE = 14, KEY_TAB = 15, KEY_ENTER = 28, KEY_LEFTCTRL = 29,
	KEY_LEFTSHIFT = 42, KEY_RIGHTSHIFT = 54, KEY_KPASTERISK = 55, KEY_LEFTALT = 56,
	KEY_SPACE = 57, KEY_CAPSLOCK = 58, KEY_F1 = 59, KEY_F10 = 68, KEY_NUMLOCK = 69,
	KEY_KP7 = 71, KEY_KPDOT = 83, KEY_102ND = 86, KEY_F11 = 87, KEY_F12 = 88,
	KEY_KPENTER = 96, KEY_RIGHTCTRL = 97, KEY_KPSLASH = 98, KEY_RIGHTALT = 100,
	KEY_HOME = 102, KEY_UP, KEY_PAGEUP, KEY_LEFT, KEY_RIGHT, KEY_END, KEY_DOWN,
	KEY_PAGEDOWN, KEY_INSERT, KEY_DELETE,
	KEY_LEFTMETA = 125, KEY_RIGHTMETA, KEY_COMPOSE,
	NR_KEYS
};

enum keymap_action {
	KEYMAP_NOTHING,
	KEYMAP_LOOK_BACK,    /* Shift and Page Up: into the scroll-back */
	KEYMAP_LOOK_FORWARD, /* Shift and Page Down */
	KEYMAP_RESTART,      /* Ctrl, Alt and Delete */
};

struct keymap_layout;

struct keymap {
	const struct keymap_layout *layout;
	u64 held[(NR_KEYS + 63) / 64];
	bool caps, num;
	u16 dead; /* combining character that waits, or 0 */
};

/** keymap_layout - "us", "fr" or "de"; NULL: no such layout */
const struct keymap_layout *keymap_layout(const char *name);

/** keymap_init - no key held, number lock on */
void keymap_init(struct keymap *k, const struct keymap_layout *layout);

/**
 * keymap_key - @key goes down (again, when it repeats) or up
 * @application: DECCKM, cursor keys send ESC O
 * @out: KEYMAP_BYTES of room
 * Return: bytes for the terminal; *action: what else to do.
 */
size_t keymap_key(struct keymap *k, u32 key, bool down, bool application, u8 *out,
		  enum keymap_action *action);

/* A PC keyboard's set 1: prefix bytes so far. */
struct keymap_set1 {
	u8 prefix; /* E0h, E1h and how many of its bytes to skip */
};

/** keymap_set1 - one byte of the keyboard. True: *key went @down or up. */
bool keymap_set1(struct keymap_set1 *s, u8 byte, u32 *key, bool *down);
