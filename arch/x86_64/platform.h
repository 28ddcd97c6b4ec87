/* SPDX-License-Identifier: MIT */
/* What the firmware says about the machine, kept for the whole run. */
#pragma once

#include "acpi_tables.h"

struct boot_info;

/** platform_read_acpi - parse the tables while the boot map shows all low memory */
void platform_read_acpi(const struct phys_reader *mem, const struct boot_info *info);

/** platform_acpi - the parsed tables, NULL when there are none */
const struct acpi_info *platform_acpi(void);

/** platform_sleep_type - SLP_TYPa/b of S5. False: not found. */
bool platform_sleep_type(u8 typ[2]);

/** machine_init - map the registers that machine_stop() will need */
void machine_init(void);
