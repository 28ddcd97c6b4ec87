/* SPDX-License-Identifier: MIT */
/* Prompts: variables expanded, and backslash forms as bash and busybox have them. */
#pragma once

/* The prompt in variable @name, on shell.temp. Its bytes that take no column are between
 * \001 and \002. */
const char *prompt_text(const char *name);
