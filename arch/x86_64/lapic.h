/* SPDX-License-Identifier: MIT */
/*
 * The local APIC: x2APIC through MSRs where there is one, else xAPIC through
 * its page of registers.
 */
#pragma once

#include <kernel/lib/types.h>

/* Interrupt command, low word (Intel SDM vol. 3 figure 11-12, 11-28). */
#define ICR_FIXED  0x000u
#define ICR_NMI    0x400u
#define ICR_INIT   0x500u
#define ICR_STARTUP 0x600u
#define ICR_ASSERT 0x4000u
#define ICR_LEVEL  0x8000u

/** lapic_init - choose the mode and map registers at @pa (xAPIC); then this CPU.
 * lapic_init_cpu - on each other CPU. */
void lapic_init(paddr_t pa);
void lapic_init_cpu(void);
bool lapic_ready(void);
/** lapic_is_x2apic - the mode that this CPU's own MSR says */
bool lapic_is_x2apic(void);
/** lapic_reaches - can the CPU @apic_id be addressed? xAPIC mode has 8 bits for it. */
bool lapic_reaches(u32 apic_id);

void lapic_eoi(void);
/** lapic_send - @icr, vector included, to the CPU @apic_id. Any context. */
void lapic_send(u32 apic_id, u32 icr);

/** lapic_timer_set - one-shot, @count ticks of the undivided timer clock; 0: stop */
void lapic_timer_set(u32 count);
u32 lapic_timer_left(void);
/** lapic_timer_use_deadline - this CPU's timer goes by the TSC (IA32_TSC_DEADLINE) */
void lapic_timer_use_deadline(void);

/** lapic_error - read and clear the error status */
u32 lapic_error(void);
