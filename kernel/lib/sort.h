/* SPDX-License-Identifier: MIT */
/* Sorting in place. */
#pragma once

#include <kernel/lib/types.h>

/**
 * sort - sort @n elements of @size bytes at @base
 * @cmp: below, equal or above 0 as memcmp
 * O(n log n) always, no recursion, not stable.
 */
void sort(void *base, size_t n, size_t size, int (*cmp)(const void *a, const void *b));
