/* SPDX-License-Identifier: MIT */
/* I/O APICs: one redirection entry per global system interrupt. */
#pragma once

#include <kernel/lib/types.h>

/** ioapic_add - map the one at @pa that serves GSIs from @gsi_base on; masks all.
 * Return: how many lines it has, 0 when it could not be mapped. */
u32 ioapic_add(paddr_t pa, u32 gsi_base);

/** ioapic_route - deliver @gsi as @vector to CPU @apic_id; stays masked
 * Return: 0; -ENODEV no I/O APIC has it. */
__must_check int ioapic_route(u32 gsi, u8 vector, u32 apic_id, bool active_low, bool level);

/** ioapic_set_mask - hold back or let through @gsi, which has been routed */
void ioapic_set_mask(u32 gsi, bool masked);
