/* SPDX-License-Identifier: MIT */
/*
 * [pure] Patterns of a memory test by moving inversions: fill all memory with a
 * pattern; go through it, compare each word and write its inverse; go through it
 * and compare with that. What is written depends on the address, so that lines of
 * it that touch or are broken show too.
 */
#pragma once

#include <kernel/lib/types.h>

enum memtest_pattern {
	MEMTEST_ADDRESS, /* each word holds where it lies */
	MEMTEST_STRIPES, /* 0101... */
	MEMTEST_NOISE,   /* a hash of where it lies */
	NR_MEMTEST_PATTERNS
};

/** memtest_word - what @pattern says the word at @pa holds */
u64 memtest_word(enum memtest_pattern pattern, paddr_t pa);

/** memtest_fill - @n words at @p, whose physical address is @pa */
void memtest_fill(u64 *p, size_t n, paddr_t pa, enum memtest_pattern pattern);

/** memtest_check - compare from word @from on with the pattern, or with its inverse;
 * @rewrite: write the other one where it was right. Return: the first wrong word, or @n.
 * Go on from behind it; it was not written. */
size_t memtest_check(u64 *p, size_t from, size_t n, paddr_t pa, enum memtest_pattern pattern,
		     bool inverse, bool rewrite);
