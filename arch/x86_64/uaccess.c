/* SPDX-License-Identifier: MIT */
/*
 * User memory: the checks of the debug and kasan builds around uaccess.asm,
 * the fix-up table, and SMAP's instructions.
 */
#include <arch/uaccess.h>

#include <kernel/core/kasan.h>
#include <kernel/core/lockdep.h>
#include <kernel/lib/string.h>

#include "trap.h"
#include "uaccess_priv.h"

size_t user_copy_in(void *dst, const void __user *src, size_t len)
{
	if (CONFIG_DEBUG)
		lockdep_user_copy();
	kasan_check(dst, len, true);
	return uaccess_copy_in(dst, src, len);
}

size_t user_copy_out(void __user *dst, const void *src, size_t len)
{
	if (CONFIG_DEBUG)
		lockdep_user_copy();
	kasan_check(src, len, false);
	return uaccess_copy_out(dst, src, len);
}

size_t user_clear(void __user *dst, size_t len)
{
	if (CONFIG_DEBUG)
		lockdep_user_copy();
	return uaccess_clear(dst, len);
}

long user_copy_string(char *dst, const char __user *src, size_t size)
{
	if (CONFIG_DEBUG)
		lockdep_user_copy();
	kasan_check(dst, size, true);
	return uaccess_string(dst, src, size);
}

int user_read_u32(u32 *out, const void __user *src)
{
	if (CONFIG_DEBUG)
		lockdep_user_copy();
	return uaccess_read_u32(out, src);
}

int user_read_u64(u64 *out, const void __user *src)
{
	if (CONFIG_DEBUG)
		lockdep_user_copy();
	return uaccess_read_u64(out, src);
}

int user_write_u32(void __user *dst, u32 val)
{
	if (CONFIG_DEBUG)
		lockdep_user_copy();
	return uaccess_write_u32(dst, val);
}

int user_write_u64(void __user *dst, u64 val)
{
	if (CONFIG_DEBUG)
		lockdep_user_copy();
	return uaccess_write_u64(dst, val);
}

int user_cmpxchg_u32(u32 __user *ptr, u32 *old, u32 new)
{
	if (CONFIG_DEBUG)
		lockdep_user_copy();
	return uaccess_cmpxchg_u32(ptr, old, new);
}

/* One line of .extable: distances from the fields themselves. */
struct extable_entry {
	s32 insn;
	s32 fixup;
};

extern const struct extable_entry __extable_start[], __extable_end[];
extern const s32 __alt_stac_start[], __alt_stac_end[];
extern const s32 __alt_clac_start[], __alt_clac_end[];

static u64 extable_insn(const struct extable_entry *e)
{
	return (u64)(uintptr_t)&e->insn + (u64)(s64)e->insn;
}

u64 extable_fixup(u64 rip)
{
	const struct extable_entry *low = __extable_start, *high = __extable_end;

	while (low < high) {
		const struct extable_entry *mid = low + (high - low) / 2;

		if (extable_insn(mid) == rip)
			return (u64)(uintptr_t)&mid->fixup + (u64)(s64)mid->fixup;
		if (extable_insn(mid) < rip)
			low = mid + 1;
		else
			high = mid;
	}
	return 0;
}

bool extable_sorted(void)
{
	for (const struct extable_entry *e = __extable_start + 1; e < __extable_end; e++)
		if (extable_insn(e) <= extable_insn(e - 1))
			return false;
	return true;
}

static void patch(const s32 *start, const s32 *end, const u8 insn[3])
{
	for (const s32 *at = start; at < end; at++)
		memcpy((void *)((uintptr_t)at + (uintptr_t)(s64)*at), insn, 3);
}

void uaccess_enable_smap(void)
{
	static const u8 stac[3] = { 0x0f, 0x01, 0xcb }, clac[3] = { 0x0f, 0x01, 0xca };

	patch(__alt_stac_start, __alt_stac_end, stac);
	patch(__alt_clac_start, __alt_clac_end, clac);
}
