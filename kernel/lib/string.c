/* SPDX-License-Identifier: MIT */
/*
 * [pure] Memory and string functions (ISO C11 7.24) in plain C.
 *
 * Bulk loops move 8-byte words, four at a time; x86-64 takes them unaligned.
 * Pages are copied and cleared by arch/ itself. The compiler must not see a
 * loop here, recognise memcpy and emit a call of memcpy: see NO_IDIOM.
 */
#define STRING_IMPLEMENTATION
#include <kernel/lib/string.h>

#include <kernel/abi/errno.h>

/* gcc finds the idioms in its loop distribution, clang in its builtins. */
#ifdef __clang__
#define NO_IDIOM __attribute__((no_builtin))
#else
#define NO_IDIOM
#pragma GCC optimize("no-tree-loop-distribute-patterns")
#endif

/* A word at any address that may stand for objects of any type. */
typedef u64 word_t __attribute__((may_alias, aligned(1)));
#define WORD sizeof(word_t)

/* Upwards: right for dst <= src, and wherever the ranges are disjoint. */
NO_IDIOM static void copy_up(u8 *d, const u8 *s, size_t len)
{
	for (; len >= 4 * WORD; len -= 4 * WORD) {
		word_t a = ((const word_t *)s)[0], b = ((const word_t *)s)[1];
		word_t c = ((const word_t *)s)[2], e = ((const word_t *)s)[3];

		((word_t *)d)[0] = a;
		((word_t *)d)[1] = b;
		((word_t *)d)[2] = c;
		((word_t *)d)[3] = e;
		s += 4 * WORD;
		d += 4 * WORD;
	}
	for (; len >= WORD; len -= WORD) {
		*(word_t *)d = *(const word_t *)s;
		s += WORD;
		d += WORD;
	}
	while (len--)
		*d++ = *s++;
}

/* Downwards, from the ends: right for dst > src. */
NO_IDIOM static void copy_down(u8 *d, const u8 *s, size_t len)
{
	d += len;
	s += len;
	for (; len >= WORD; len -= WORD) {
		d -= WORD;
		s -= WORD;
		*(word_t *)d = *(const word_t *)s;
	}
	while (len--)
		*--d = *--s;
}

NO_IDIOM void *memcpy(void *restrict dst, const void *restrict src, size_t len)
{
	copy_up(dst, src, len);
	return dst;
}

NO_IDIOM void *memmove(void *dst, const void *src, size_t len)
{
	/* One comparison: dst below src wraps to a huge distance. */
	if ((uintptr_t)dst - (uintptr_t)src >= len)
		copy_up(dst, src, len);
	else
		copy_down(dst, src, len);
	return dst;
}

NO_IDIOM void *memset(void *dst, int byte, size_t len)
{
	u8 *d = dst;
	word_t w = (u8)byte * 0x0101010101010101ull;

	for (; len >= 4 * WORD; len -= 4 * WORD) {
		((word_t *)d)[0] = w;
		((word_t *)d)[1] = w;
		((word_t *)d)[2] = w;
		((word_t *)d)[3] = w;
		d += 4 * WORD;
	}
	for (; len >= WORD; len -= WORD) {
		*(word_t *)d = w;
		d += WORD;
	}
	while (len--)
		*d++ = (u8)byte;
	return dst;
}

NO_IDIOM int memcmp(const void *a, const void *b, size_t len)
{
	const u8 *x = a, *y = b;

	/* Equal words first; the byte loop finds where they differ. */
	for (; len >= WORD && *(const word_t *)x == *(const word_t *)y; len -= WORD) {
		x += WORD;
		y += WORD;
	}
	for (; len; len--, x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}

NO_IDIOM void *memchr(const void *mem, int byte, size_t len)
{
	const u8 *m = mem;

	for (; len; len--, m++)
		if (*m == (u8)byte)
			return (void *)(uintptr_t)m;
	return NULL;
}

NO_IDIOM size_t strlen(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

NO_IDIOM size_t strnlen(const char *s, size_t max)
{
	size_t n = 0;

	while (n < max && s[n])
		n++;
	return n;
}

int strcmp(const char *a, const char *b)
{
	for (; *a && *a == *b; a++)
		b++;
	return (u8)*a - (u8)*b;
}

int strncmp(const char *a, const char *b, size_t max)
{
	for (; max; max--, a++, b++)
		if (*a != *b || !*a)
			return (u8)*a - (u8)*b;
	return 0;
}

char *strchr(const char *s, int c)
{
	for (;; s++) {
		if (*s == (char)c)
			return (char *)(uintptr_t)s;
		if (!*s)
			return NULL;
	}
}

char *strrchr(const char *s, int c)
{
	const char *found = NULL;

	for (;; s++) {
		if (*s == (char)c)
			found = s;
		if (!*s)
			return (char *)(uintptr_t)found;
	}
}

long str_copy(char *dst, const char *src, size_t size)
{
	size_t n = strnlen(src, size);
	bool cut = n == size;

	if (cut)
		n = size - 1;
	memcpy(dst, src, n);
	dst[n] = '\0';
	return cut ? -E2BIG : (long)n;
}

bool str_starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}
