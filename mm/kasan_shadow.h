/* SPDX-License-Identifier: MIT */
/* The memory behind the address checker (kernel/core/kasan.h). */
#pragma once

/** kasan_shadow_init - make the shadow of all memory and turn the checks on;
 * nothing in other builds than kasan. After mmu_init(), before slab_init(). */
void kasan_shadow_init(void);
