/* SPDX-License-Identifier: MIT */
/* Between entry.asm, trap.c, irq.c and the fix-up table. */
#pragma once

#include <arch/context.h>
#include <kernel/lib/types.h>

#define TRAP_STUB_SIZE 16 /* bytes from one stub to the next */
extern const char trap_stubs[];

/** trap_dispatch - every exception and interrupt. Interrupts off on entry. */
void trap_dispatch(struct trapframe *tf);
/** trap_paranoid - NMI, #DF, #MC, and #DB in the kernel, on their own stacks */
void trap_paranoid(struct trapframe *tf);
/** trap_bad_rip - a frame would return to a non-canonical address */
void trap_bad_rip(struct trapframe *tf);

/** irq_dispatch - vectors from 0x20 on */
void irq_dispatch(struct trapframe *tf);

/** extable_fixup - where to go on after a fault at @rip; 0: no entry */
u64 extable_fixup(u64 rip);
/** extable_sorted - as the search needs it; for the test */
bool extable_sorted(void);

/** syscall_entry - LSTAR */
void syscall_entry(void);

/** frame_from_user - whether @tf was pushed in user mode */
static inline bool frame_from_user(const struct trapframe *tf)
{
	return tf->cs & 3;
}
