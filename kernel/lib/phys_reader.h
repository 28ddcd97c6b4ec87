/* SPDX-License-Identifier: MIT */
/*
 * How [pure] parsers of firmware tables see physical memory. On the machine
 * it is the direct map, in host tests a buffer.
 */
#pragma once

#include <kernel/lib/types.h>

struct phys_reader {
	/*
	 * @len readable bytes at @pa, at any alignment, which stay where they
	 * are while the parser runs; NULL: not all readable.
	 */
	const void *(*read)(void *ctx, paddr_t pa, u64 len);
	void *ctx;
};

/** phys_read - NULL too when [pa, pa + len) wraps */
static inline const void *phys_read(const struct phys_reader *r, paddr_t pa, u64 len)
{
	return pa + len < pa ? NULL : r->read(r->ctx, pa, len);
}

/** phys_copy - copy @len bytes out: formats are not aligned. False: unreadable. */
static inline bool phys_copy(const struct phys_reader *r, void *dst, paddr_t pa, size_t len)
{
	const void *p = phys_read(r, pa, len);

	if (p)
		__builtin_memcpy(dst, p, len);
	return p != NULL;
}
