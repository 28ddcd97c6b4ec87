/* SPDX-License-Identifier: MIT */
/*
 * Where programs are: the search along PATH, remembered by name until PATH
 * changes; and the shell's idea of the working directory.
 */
#pragma once

#include <kernel/lib/types.h>

/* The file that @name means, or NULL: on shell.temp. With a slash it is itself. */
const char *path_find(const char *name);
/* The same along @path and without memory. */
const char *path_find_along(const char *path, const char *name);
void path_forget(void);
/* `hash`: print what is remembered. */
void path_print(void);
/* Set PWD from what was inherited when it is right, else from the kernel. */
void path_set_pwd(void);
/* The next element of the list *@list to @dir (with a slash behind it, or empty), for
 * PATH and CDPATH. Return: false at the end. */
bool path_next(const char **list, char *dir, size_t size);
