/* SPDX-License-Identifier: MIT */
/*
 * Memory and string functions with the names and meanings of ISO C, plus
 * str_copy(). None accepts NULL with a length above 0.
 */
#pragma once

#include <kernel/lib/types.h>

void *memcpy(void *restrict dst, const void *restrict src, size_t len);
void *memmove(void *dst, const void *src, size_t len);
void *memset(void *dst, int byte, size_t len);
int memcmp(const void *a, const void *b, size_t len);
void *memchr(const void *mem, int byte, size_t len);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t max);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);

/**
 * str_copy - copy the string @src into @dst, always NUL-terminated
 * @size: bytes at @dst, at least 1
 * Return: length of the copy; -E2BIG if it had to be cut to size - 1 bytes.
 */
long str_copy(char *dst, const char *src, size_t size);

/** str_starts - does @s begin with @prefix? */
bool str_starts(const char *s, const char *prefix);

/*
 * -ffreestanding hides from the compiler what these functions do; say it
 * again, so that copies of a known small size become plain moves.
 */
#if !__STDC_HOSTED__ && !defined(STRING_IMPLEMENTATION)
#define memcpy(dst, src, len)  __builtin_memcpy(dst, src, len)
#define memmove(dst, src, len) __builtin_memmove(dst, src, len)
#define memset(dst, byte, len) __builtin_memset(dst, byte, len)
#define memcmp(a, b, len)      __builtin_memcmp(a, b, len)
#define strlen(s)              __builtin_strlen(s)
#endif
