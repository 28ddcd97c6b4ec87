/* SPDX-License-Identifier: MIT */
/* Running trees. What a command's failure does to those around it is decided here. */
#pragma once

#include "ast.h"

/* Run @n (NULL: nothing). Return: its status, also in shell.status. */
int eval_node(const struct node *n);
/* In a child: run it and exit; a last program replaces the child. */
__noreturn void eval_child(const struct node *n);
/* `command`, and words without a tree: run argv, without functions if so asked.
 * @path: where to look for programs instead of PATH. */
int eval_argv(int argc, char **argv, bool functions, const char *path);
/* Replace this process; returns only the status of why it could not: 126, 127. */
int eval_exec(char **argv, const char *path);
/* Put parameters back after an error that ended the command. */
void eval_unwind(void);
