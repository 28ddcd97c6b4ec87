/* SPDX-License-Identifier: MIT */
/* Guarded stack frames; contract in stackguard.h. */
#include <kernel/core/stackguard.h>

#include <kernel/core/panic.h>

u64 __stack_chk_guard = 0x00ff0a0d57ac4b00ull;

void stackguard_init(u64 value)
{
	/* A NUL first: a string that runs over cannot contain it (Cowan et al., 1998). */
	__stack_chk_guard = value & ~(u64)0xff;
}

void __stack_chk_fail(void)
{
	panic("stack: a frame was overrun, seen on return from %p", __builtin_return_address(0));
}
