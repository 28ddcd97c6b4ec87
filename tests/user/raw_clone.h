/* SPDX-License-Identifier: MIT */
/*
 * raw_clone.h - clone(56) with a stack of the caller's, as thread libraries do it, without one.
 * The child runs fn(arg) on the new stack and ends with exit(fn's result), the one-thread exit.
 * Without CLONE_SETTLS the child shares the thread pointer: it must not use errno.
 */
#pragma once

#include <stdint.h>

/* What musl and glibc pass (issue "musl 0x7d0f00": CLONE_DETACHED 0x400000 must be ignored). */
enum {
	CLONE_FLAGS_GLIBC = 0x3d0f00,
	CLONE_FLAGS_MUSL = 0x7d0f00,
};

/* @stack: its upper end, 16-byte aligned. Returns the tid, or -errno. */
static inline long raw_clone(unsigned long flags, void *stack, int *ptid, int *ctid, void *tls,
			     int (*fn)(void *), void *arg)
{
	register long r10 __asm__("r10") = (long)ctid;
	register long r8 __asm__("r8") = (long)tls;
	uint64_t *sp = stack;
	long ret;

	*--sp = (uint64_t)arg;
	*--sp = (uint64_t)fn;
	__asm__ volatile("syscall\n\t"
			 "test %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "xor %%ebp, %%ebp\n\t"
			 "pop %%rax\n\t"
			 "pop %%rdi\n\t"
			 "call *%%rax\n\t"
			 "mov %%eax, %%edi\n\t"
			 "mov $60, %%eax\n\t"
			 "syscall\n\t"
			 "hlt\n"
			 "1:"
			 : "=a"(ret)
			 : "a"(56L), "D"(flags), "S"(sp), "d"(ptid), "r"(r10), "r"(r8)
			 : "rcx", "r11", "memory");
	return ret;
}
