/* SPDX-License-Identifier: MIT */
/*
 * Signals and `trap`. A handler only notes that a signal came; its action runs
 * between commands. What was ignored when a script's shell began stays so
 * (POSIX.1-2017 XCU §2.11).
 */
#pragma once

#include <kernel/lib/types.h>

#define TRAP_SIGNALS 65 /* 0 is EXIT */

/* Learn what was inherited, before anything else. */
void trap_init(void);
/* Set every signal as options and traps ask for: interactive or not, job control. */
void trap_apply_all(void);
/* @action: NULL: default; "": ignore. Return: false: the signal cannot be trapped. */
bool trap_set(int sig, const char *action);
const char *trap_get(int sig);
/* In a subshell: traps go, what is ignored stays. @detached: & without job control. */
void trap_child(bool detached);
/* A trapped signal or Ctrl-C waits to be acted on. */
bool trap_pending(void);
/* Act on them. An interrupt at the prompt's shell ends the command: shell_abort(). */
void trap_run_pending(void);
/* As if Ctrl-C had come to the shell: it came to the program in front. */
void trap_interrupt(void);
/* Forget a Ctrl-C. Return: there was one. */
bool trap_take_interrupt(void);
void trap_run_exit(void);
/* "INT" or "SIGINT" or "2" to its number, -1: none such. @exit: EXIT is 0. */
int trap_number(const char *name, bool exit);
/* "INT", or NULL. */
const char *trap_name(int sig);
