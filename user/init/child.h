/* SPDX-License-Identifier: MIT */
/* A service's process from fork to exec: what its manifest says, made so. */
#pragma once

#include <kernel/lib/types.h>

struct manifest;

/**
 * child_run - in the new process: become the service
 * @log_fd: its output and error, when it has no terminal; -1: the console's
 * @serve_fd: where those who connect to it come; -1: none do
 * Exit status, when it cannot: 126 something was refused, 127 no such program; which is
 * said on its error output.
 */
__noreturn void child_run(const struct manifest *m, int log_fd, int serve_fd);
