/* SPDX-License-Identifier: MIT */
/* The memory behind the address checker (kernel/core/kasan.h). */
#pragma once

#include <kernel/config.h>

/** kasan_shadow_init - make the shadow of all memory and turn the checks on;
 * nothing in other builds than kasan. After mmu_init(), before slab_init(). */
#if CONFIG_KASAN
void kasan_shadow_init(void);
#else
static inline void kasan_shadow_init(void)
{
}
#endif
