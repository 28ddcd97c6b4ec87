/* SPDX-License-Identifier: MIT */
/* [pure] What the parsers of all loaders share: the list of memory ranges. */
#include <boot/boot_info.h>

#include <kernel/abi/errno.h>
#include <kernel/lib/sort.h>

int boot_info_add_range(struct boot_info *info, paddr_t base, u64 len, u32 type)
{
	struct boot_range *last = info->n_ranges ? &info->ranges[info->n_ranges - 1] : NULL;

	if (!len)
		return 0;
	if (base + len < base)
		return -EINVAL;
	/* EFI maps have hundreds of pieces, most of them neighbours of one kind. */
	if (last && last->type == type && last->base + last->len == base) {
		last->len += len;
		return 0;
	}
	if (info->n_ranges == BOOT_RANGES_MAX)
		return -E2BIG;
	info->ranges[info->n_ranges++] = (struct boot_range){ base, len, type };
	return 0;
}

static int by_base(const void *a, const void *b)
{
	const struct boot_range *x = a, *y = b;

	return x->base < y->base ? -1 : x->base > y->base;
}

void boot_info_sort_ranges(struct boot_info *info)
{
	sort(info->ranges, info->n_ranges, sizeof(info->ranges[0]), by_base);
}
