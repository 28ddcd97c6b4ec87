/* SPDX-License-Identifier: MIT */
/* Completion: commands, variables, paths, by where in the line the cursor is. */
#pragma once

#include <stdbool.h>

struct line;

/* Add what is certain to the word before the cursor; @list: show what it could be. */
void complete_line(struct line *l, bool list);
