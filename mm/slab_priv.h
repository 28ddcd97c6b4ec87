/* SPDX-License-Identifier: MIT */
/* Shared by slab.c and kmalloc.c. */
#pragma once

#include <kernel/lib/types.h>

/** slab_free_object - free to whatever cache @object is of */
void slab_free_object(const void *object);
u32 slab_object_size(const void *object);

/** kmalloc_init - the size classes, from slab_init() */
void kmalloc_init(void);
