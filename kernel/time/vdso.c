/* SPDX-License-Identifier: MIT */
/*
 * The vDSO in address spaces. One object shows pages of the kernel's image, and
 * every program maps it privately:
 *
 *   page 0     [vvar]  the clock's numbers (kernel/abi/vdso.h), read-only for ever:
 *                      what the kernel writes there is seen at once
 *   page 1...  [vdso]  the shared object; who writes to it (mprotect(2)) has a copy
 *
 * Both are plain regions: fork copies them, exec makes them anew, and whoever
 * unmaps or moves them harms itself alone.
 */
#include <kernel/time/vdso.h>

#include <arch/mmu.h>
#include <arch/sections.h>
#include <kernel/abi/linux_mman.h>
#include <kernel/core/panic.h>
#include <kernel/time/clock.h>
#include <mm/aspace.h>
#include <mm/object.h>
#include <mm/pmm.h>

static struct vmobject *object;

static u64 image_len(void)
{
	return (u64)(vdso_image_end - vdso_image);
}

/* Pages of the image: they have a reference of their own and are never freed. */
static int fill(__unused struct vmobject *obj, u64 index, struct frame **out)
{
	const char *page = index ? vdso_image + (index - 1) * PAGE_SIZE : clock_user_page();

	*out = virt_to_frame(page);
	frame_get(*out);
	return 0;
}

static const struct vmobject_ops ops = { .fill = fill };

/* All pages now: programs that come and go leave the count of them as it is. */
void vdso_init(void)
{
	u64 len = PAGE_SIZE + image_len();
	struct frame *frame;

	object = vmobject_create(&ops, len, NULL);
	PANIC_ON(!object, "vdso: no memory for its object");
	for (u64 i = 0; i < len / PAGE_SIZE; i++) {
		PANIC_ON(vmobject_page(object, i, true, &frame), "vdso: no memory for page %llu",
			 (unsigned long long)i);
		frame_put(frame);
	}
}

int vdso_map(struct aspace *as, u64 hint, u64 rlimit_as, u64 *ehdr)
{
	struct map_request req = {
		.addr = hint,
		.len = PAGE_SIZE + image_len(),
		.prot = PROT_READ,
		.max_prot = PROT_READ,
		.map_flags = MAP_PRIVATE,
		.region_flags = REGION_VVAR,
		.object = object,
		.rlimit_as = rlimit_as,
	};
	u64 base;
	int err = aspace_map(as, &req, &base);

	if (err)
		return err;
	/* The image's part of what found a place gets its own rights and name. */
	req.addr = base + PAGE_SIZE;
	req.len = image_len();
	req.prot = PROT_READ | PROT_EXEC;
	req.max_prot = PROT_READ | PROT_WRITE | PROT_EXEC;
	req.map_flags = MAP_PRIVATE | MAP_FIXED;
	req.region_flags = REGION_VDSO;
	req.offset = PAGE_SIZE;
	return aspace_map(as, &req, ehdr);
}
