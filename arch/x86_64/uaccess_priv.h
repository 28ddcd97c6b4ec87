/* SPDX-License-Identifier: MIT */
/* uaccess.asm's functions, behind the checks of uaccess.c; and what trap.c and
 * start-up need of them. */
#pragma once

#include <kernel/lib/types.h>

/* Each checks the range first; AC is set (SMAP lifted) only inside. */
size_t uaccess_copy_in(void *dst, const void __user *src, size_t len);
size_t uaccess_copy_out(void __user *dst, const void *src, size_t len);
size_t uaccess_clear(void __user *dst, size_t len);
long uaccess_string(char *dst, const char __user *src, size_t size);
int uaccess_read_u32(u32 *out, const void __user *src);
int uaccess_read_u64(u64 *out, const void __user *src);
int uaccess_write_u32(void __user *dst, u32 val);
int uaccess_write_u64(void __user *dst, u64 val);
int uaccess_cmpxchg_u32(u32 __user *ptr, u32 *old, u32 new);

/* Any kernel address: -EFAULT instead of a panic. For traces. */
int uaccess_read_kernel(u64 *out, const void *src);

/** user_xsave_nofault, user_xrstor_nofault - XSAVE to, XRSTOR from user memory, whose
 * range was checked; never sleep. Return: 0; -EFAULT: a part is not mapped right now,
 * or the CPU does not take the image; the registers are anything then. */
int user_xsave_nofault(void __user *image, u64 features);
int user_xrstor_nofault(const void __user *image, u64 features);

extern const char uaccess_nofault_start[], uaccess_nofault_end[];

/** uaccess_is_nofault - whether a fault at @rip must not be resolved */
static inline bool uaccess_is_nofault(u64 rip)
{
	return rip >= (u64)(uintptr_t)uaccess_nofault_start &&
	       rip < (u64)(uintptr_t)uaccess_nofault_end;
}

/** uaccess_enable_smap - put stac and clac into the text. Before mmu_init()
 * makes it read-only. */
void uaccess_enable_smap(void);
