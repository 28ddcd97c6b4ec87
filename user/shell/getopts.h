/* SPDX-License-Identifier: MIT */
/* The getopts command, which remembers between calls where it stands. */
#pragma once

int getopts_builtin(int argc, char **argv);
/* OPTIND was assigned to: begin anew. */
void getopts_reset(void);
