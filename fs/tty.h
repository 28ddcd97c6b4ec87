/* SPDX-License-Identifier: MIT */
/* Terminals: /dev/tty, the console and the serial lines. */
#pragma once

/** tty_init - drivers and their device numbers */
void tty_init(void);
