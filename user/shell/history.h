/* SPDX-License-Identifier: MIT */
/*
 * The lines typed before, kept in $HISTFILE (~/.exsh_history) across shells: at
 * most $HISTSIZE (1000). A line is appended to the file when it is entered, so
 * that a killed shell loses none; the file is cut at the end.
 */
#pragma once

#include <stddef.h>

void history_load(void);
/* Remember @line, unless it is empty, begins with a blank or repeats the last. */
void history_add(const char *line);
size_t history_count(void);
/* 0 is the oldest. */
const char *history_get(size_t i);
void history_clear(void);
void history_save(void);
