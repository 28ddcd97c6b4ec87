/* SPDX-License-Identifier: MIT */
/* What is enforced on a process and what was refused, as text or as lines of JSON. */
#pragma once

#include <stdbool.h>

enum { FAILED = 125 };

/** die - a message on standard error, and the end */
__attribute__((format(printf, 2, 3), noreturn)) void die(int status, const char *format, ...);

/** show_process - /proc/@pid/sandbox; with @json one object. Return: exit status. */
int show_process(const char *pid, bool json);
/** show_audit - the log's audit lines; with @json an object each. With @follow also those
 * to come, and it does not return. Return: exit status. */
int show_audit(bool json, bool follow);
