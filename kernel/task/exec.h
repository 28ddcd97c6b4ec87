/* SPDX-License-Identifier: MIT */
/* A new program in an old process. */
#pragma once

#include <kernel/lib/types.h>

/**
 * exec_kernel - execve for current with words in kernel memory; for process 1
 * @argv, @envp: NULL-ended
 * Return: 0, current's registers are the new program's; -errno, nothing changed.
 */
__must_check int exec_kernel(const char *path, const char *const *argv, const char *const *envp);
