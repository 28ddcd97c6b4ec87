/* SPDX-License-Identifier: MIT */
/*
 * The kernel's address arena for what is not in the direct map: thread stacks
 * with guard pages, device registers, large buffers of scattered frames.
 */
#pragma once

#include <kernel/lib/types.h>

#define KSTACK_SIZE (16u << 10)

void kva_init(void);

/** kstack_alloc - KSTACK_SIZE bytes with an unmapped page below; recycled per
 * CPU. Return: lowest address, 0 when out of memory. */
vaddr_t kstack_alloc(node_t node);
void kstack_free(vaddr_t stack);

/** kstack_drain_cpu - this CPU's spare stacks go to a common list, interrupts off;
 * kstack_drain_finish frees that list. Thread context. */
void kstack_drain_cpu(void);
void kstack_drain_finish(void);

/** kva_map_device - @len bytes of registers at @pa, uncached, NULL if no space */
void *kva_map_device(paddr_t pa, u64 len);
void kva_unmap_device(void *va, u64 len);

/** vmalloc - @size bytes of scattered zeroed frames, page-aligned */
void *vmalloc(size_t size);
void vfree(void *ptr);
