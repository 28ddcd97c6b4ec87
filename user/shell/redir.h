/* SPDX-License-Identifier: MIT */
/*
 * Redirections. What a descriptor was is kept at 10 or above, close-on-exec,
 * until it is put back; levels nest, and an error that ends a command puts all
 * of them back.
 */
#pragma once

#include "ast.h"

/* Begin a level and apply @redirs. On failure it is said, and the level is ended.
 * @keep: for exec and children: nothing will be put back. */
bool redir_begin(const struct redir *redirs, bool keep);
void redir_end(void);
/* Where standard error was before the innermost level: for traces. */
int redir_outer_stderr(void);
/* End every level. */
void redir_unwind(void);
