/* SPDX-License-Identifier: MIT */
/* What acpi.c tells irq.c while booting. */
#pragma once

#include <kernel/lib/types.h>

/** irq_set_override - ISA interrupt @irq is wired to @gsi */
void irq_set_override(u8 irq, u32 gsi, bool active_low, bool level);
/** irq_mask_8259 - silence the old controllers */
void irq_mask_8259(void);
