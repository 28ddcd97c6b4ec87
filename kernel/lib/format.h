/* SPDX-License-Identifier: MIT */
/*
 * The printf core: C99 %d %i %u %x %X %o %c %s %p %% with flags, width,
 * precision and the sizes hh h l ll z j t. No floating point, no %n. %p is
 * 0x and hexadecimal digits. A conversion that is none of these is printed as
 * it stands.
 */
#pragma once

#include <stdarg.h>

#include <kernel/lib/types.h>

/**
 * format_to - format to a sink
 * @put: called with each piece of output, in order; pieces are not empty and
 *       not terminated
 * Return: characters put out (at most INT_MAX).
 */
int format_to(void (*put)(void *ctx, const char *s, size_t n), void *ctx,
	      const char *fmt, va_list ap) __printf(3, 0);

/**
 * vsnprintf, snprintf - format into @buf of @size bytes, as ISO C says
 * Return: the length it would have with room enough, without the NUL.
 */
int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap) __printf(3, 0);
int snprintf(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);
