/* SPDX-License-Identifier: MIT */
/* Between smp.c, the trampoline and the interrupt code. */
#pragma once

#include <arch/smp.h>
#include <kernel/lib/types.h>

struct cpu;

/* What a starting processor finds by its APIC id (boot/ap_trampoline.asm). */
struct ap_boot {
	struct cpu *cpu;
	u64 stack_top;
	u32 apic_id;
	u32 reserved;
};

/** smp_call_irq - serve call requests to this CPU; VECTOR_CALL and waiting */
void smp_call_irq(void);

/** smp_nmi - NMI came: stops this CPU when smp_stop_others() sent it.
 * Return: false: it was not for that. */
struct trapframe;
bool smp_nmi(const struct trapframe *tf);
