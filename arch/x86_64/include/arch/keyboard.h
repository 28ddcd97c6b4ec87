/* SPDX-License-Identifier: MIT */
/* Keys as they go down and up, numbered as kernel/lib/keymap.h says. */
#pragma once

#include <kernel/lib/types.h>

/* Called in interrupt context; a key that is held repeats `down`. */
typedef void (*keyboard_handler_t)(u32 key, bool down);

/** keyboard_attach - the PS/2 keyboard's keys to @handler, from now on
 * Context: boot, after irq lines can be connected. Return: 0; -ENODEV none; -EBUSY. */
__must_check int keyboard_attach(keyboard_handler_t handler);
