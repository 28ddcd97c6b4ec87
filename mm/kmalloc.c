/* SPDX-License-Identifier: MIT */
/*
 * Memory of any size: a slab cache per size class up to half a page, blocks of
 * frames above. Which of the two an address is stands in its frame.
 */
#include <mm/kmalloc.h>

#include <kernel/core/kasan.h>
#include <kernel/lib/string.h>
#include <mm/slab.h>

#include "slab_priv.h"

#define SLAB_MAX 2048u
#define KMALLOC_MAX (PAGE_SIZE << PMM_MAX_ORDER)

static const struct {
	u16 size;
	const char *name;
} classes[] = {
	{ 16, "kmalloc-16" },	  { 32, "kmalloc-32" },	    { 48, "kmalloc-48" },
	{ 64, "kmalloc-64" },	  { 96, "kmalloc-96" },	    { 128, "kmalloc-128" },
	{ 192, "kmalloc-192" },	  { 256, "kmalloc-256" },   { 384, "kmalloc-384" },
	{ 512, "kmalloc-512" },	  { 768, "kmalloc-768" },   { 1024, "kmalloc-1024" },
	{ 1344, "kmalloc-1344" }, { 2048, "kmalloc-2048" },
};

/* Cache that serves sizes up to 16 * index. [i] after kmalloc_init(). */
static struct slab_cache *cache_for[SLAB_MAX / 16 + 1];

void kmalloc_init(void)
{
	u32 i = 0;

	for (u32 c = 0; c < ARRAY_SIZE(classes); c++) {
		struct slab_cache *cache = slab_create(classes[c].name, classes[c].size, 16);

		PANIC_ON(!cache, "kmalloc: no room for size class %s", classes[c].name);
		for (; i * 16 <= classes[c].size; i++)
			cache_for[i] = cache;
	}
}

static u32 order_for(size_t size)
{
	u32 order = 0;

	while ((PAGE_SIZE << order) < size)
		order++;
	return order;
}

/* What was not asked for is out of bounds. */
static void fence(void *object, size_t room, size_t size)
{
	kasan_poison(object, room, KASAN_REDZONE);
	kasan_unpoison(object, size);
}

void *kmalloc(size_t size, unsigned flags)
{
	struct frame *frame;

	if (likely(size <= SLAB_MAX)) {
		void *object = slab_alloc(cache_for[(size + 15) / 16], flags);

		if (CONFIG_KASAN && object)
			fence(object, slab_object_size(object), size);
		return object;
	}
	if (size > KMALLOC_MAX)
		return NULL;
	frame = pmm_alloc(order_for(size), flags, NODE_ANY);
	if (!frame)
		return NULL;
	pmm_account(frame, PMM_SLAB, 1 << frame->order);
	if (CONFIG_KASAN)
		fence(frame_to_virt(frame), PAGE_SIZE << frame->order, size);
	return frame_to_virt(frame);
}

void *kcalloc(size_t n, size_t size, unsigned flags)
{
	size_t total;

	if (__builtin_mul_overflow(n, size, &total))
		return NULL;
	return kzalloc(total, flags);
}

void kfree(const void *ptr)
{
	struct frame *frame;

	if (!ptr)
		return;
	frame = virt_to_frame(ptr);
	if (frame->flags & FRAME_SLAB) {
		slab_free_object(ptr);
		return;
	}
	PANIC_ON(!IS_ALIGNED((u64)ptr, PAGE_SIZE) || (frame->flags & (FRAME_FREE | FRAME_TAIL)),
		 "kfree: %p was not made by kmalloc", ptr);
	pmm_account(frame, PMM_SLAB, -(1 << frame->order));
	pmm_free(frame, frame->order);
}

char *kstrdup(const char *s, unsigned flags)
{
	size_t len = strlen(s) + 1;
	char *copy = kmalloc(len, flags & ~(unsigned)MEM_ZERO);

	if (copy)
		memcpy(copy, s, len);
	return copy;
}
