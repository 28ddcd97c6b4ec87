/* SPDX-License-Identifier: MIT */
/* The line editor: keys as in readline's Emacs mode; `help` lists them. */
#pragma once

#include <stdbool.h>

/* A line from the person at the terminal, with its newline, malloc'd; NULL at the end.
 * *stop: Ctrl-C. Where standard input is no terminal the line is read as it comes. */
char *edit_line(const char *prompt, bool *stop);
