/* SPDX-License-Identifier: MIT */
/*
 * The only way to a byte of user memory. Any pointer may be passed: outside
 * the user range, unmapped or unwritable gives -EFAULT. Faults are resolved by
 * demand paging, so these may sleep: no spinlock held, and no mutex of rank
 * ASPACE or inner. SMAP is lifted only inside (Intel SDM vol. 3 §4.6).
 * Each byte is read once: copy, then check the copy.
 */
#pragma once

#include <kernel/lib/types.h>

#define USER_START 0x10000ull          /* lowest mappable address */
#define USER_END   0x7ffffffff000ull   /* one past the highest */

/* Whether [ptr, ptr+len) lies below USER_END without wrapping. */
static inline bool user_range_ok(const void __user *ptr, size_t len)
{
	u64 start = (u64)(uintptr_t)ptr;

	return start <= USER_END && len <= USER_END - start;
}

/** user_field - where a member of a structure of the user's stands: programs may
 * put structures at any address, for which C's own &ptr->member is undefined */
#define user_field(ptr, member) \
	((void __user *)((uintptr_t)(ptr) + offsetof(__typeof__(*(ptr)), member)))

/** user_copy_in, user_copy_out, user_clear - copy, stopping at the first fault
 * Return: the number of bytes NOT copied (0 when all were). */
__must_check size_t user_copy_in(void *dst, const void __user *src, size_t len);
__must_check size_t user_copy_out(void __user *dst, const void *src, size_t len);
__must_check size_t user_clear(void __user *dst, size_t len);

/** copy_from_user, copy_to_user - all or -EFAULT (a prefix may have been written) */
__must_check static inline int copy_from_user(void *dst, const void __user *src, size_t len)
{
	return user_copy_in(dst, src, len) ? -14 /* EFAULT */ : 0;
}

__must_check static inline int copy_to_user(void __user *dst, const void *src, size_t len)
{
	return user_copy_out(dst, src, len) ? -14 /* EFAULT */ : 0;
}

/**
 * user_copy_string - copy a NUL-terminated string of at most @size - 1 bytes
 * Return: its length; -EFAULT; -ENAMETOOLONG when no NUL in @size bytes.
 */
__must_check long user_copy_string(char *dst, const char __user *src, size_t size);

/** user_read_u32/u64, user_write_u32/u64 - one aligned or unaligned word */
__must_check int user_read_u32(u32 *out, const void __user *src);
__must_check int user_read_u64(u64 *out, const void __user *src);
__must_check int user_write_u32(void __user *dst, u32 val);
__must_check int user_write_u64(void __user *dst, u64 val);

/**
 * user_cmpxchg_u32 - atomic compare and exchange on user memory (futex)
 * @old: in: expected; out: what was there
 * Return: 0 (compare @old to see whether it took); -EFAULT.
 */
__must_check int user_cmpxchg_u32(u32 __user *ptr, u32 *old, u32 new);

/**
 * user_read_u32_nofault - as user_read_u32 but never sleeps: -EFAULT when the
 * page is not mapped right now. For use under a spinlock.
 */
__must_check int user_read_u32_nofault(u32 *out, const void __user *src);
