/* SPDX-License-Identifier: MIT */
/* Between smp.c, smp_call.c, the trampoline and the interrupt code. */
#pragma once

#include <arch/smp.h>
#include <kernel/lib/types.h>

struct cpu;
struct trapframe;

/* What a starting processor finds by its APIC id (boot/ap_trampoline.asm). */
struct ap_boot {
	struct cpu *cpu;
	u64 stack_top;
	u32 apic_id;
	u32 reserved;
};

/** smp_save_percpu - keep .percpu as it is before anything has run */
void smp_save_percpu(void);

/** ap_start - C entry of another CPU, on its own stack, interrupts off */
__noreturn void ap_start(struct cpu *cpu);

/** smp_call_irq - serve the call request to this CPU; VECTOR_CALL, and waiting */
void smp_call_irq(void);

/** smp_nmi - NMI came: stops this CPU for good when smp_stop_others() sent it.
 * Return: false: it was not for that. */
bool smp_nmi(const struct trapframe *tf);

/* ap_trampoline.asm, long_mode.asm */
extern const char ap_trampoline[], ap_trampoline_end[], ap_efer[];
extern u64 ap_kernel_cr3;
extern struct ap_boot *ap_table;
extern u32 ap_table_len;
extern char boot_efer_bits[]; /* at its physical address */
