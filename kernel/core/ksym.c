/* SPDX-License-Identifier: MIT */
/* Binary search in the table that tools/gen_ksym.py made. */
#include <kernel/core/ksym.h>

#include <arch/sections.h>
#include <kernel/lib/format.h>

extern const u64 ksym_base;
extern const u32 ksym_count;
extern const u32 ksym_offsets[];
extern const u32 ksym_name_at[];
extern const char ksym_names[];

const char *ksym_lookup(u64 addr, u64 *offset)
{
	u32 low = 0, high = ksym_count;
	u64 at = addr - ksym_base;

	if (!ksym_count || addr < ksym_base || addr >= (u64)(uintptr_t)__text_end)
		return NULL;
	while (high - low > 1) { /* ksym_offsets[low] <= at < ksym_offsets[high] */
		u32 mid = low + (high - low) / 2;

		if (ksym_offsets[mid] <= at)
			low = mid;
		else
			high = mid;
	}
	*offset = at - ksym_offsets[low];
	return &ksym_names[ksym_name_at[low]];
}

const char *ksym_format(char *buf, size_t size, u64 addr)
{
	u64 offset;
	const char *name = ksym_lookup(addr, &offset);

	if (name)
		snprintf(buf, size, "%s+0x%llx", name, (unsigned long long)offset);
	else
		snprintf(buf, size, "0x%016llx", (unsigned long long)addr);
	return buf;
}
