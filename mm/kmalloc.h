/* SPDX-License-Identifier: MIT */
/*
 * Memory of any size: size classes over slab up to half a page, whole frames
 * (power-of-two blocks) above. kfree() needs no size.
 */
#pragma once

#include <mm/pmm.h>

/** kmalloc - at least @size bytes, 16-byte aligned (page-aligned from one page
 * on); NULL when out of memory or @size is over 4 MiB. flags as pmm_alloc. */
void *kmalloc(size_t size, unsigned flags);

static inline void *kzalloc(size_t size, unsigned flags)
{
	return kmalloc(size, flags | MEM_ZERO);
}

/** kcalloc - n * size, NULL on overflow */
void *kcalloc(size_t n, size_t size, unsigned flags);

/** kfree - NULL is fine */
void kfree(const void *ptr);

/** kstrdup - copy of a NUL-terminated string */
char *kstrdup(const char *s, unsigned flags);
