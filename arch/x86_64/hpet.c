/* SPDX-License-Identifier: MIT */
/*
 * The HPET's main counter. Registers: IA-PC HPET Specification 1.0a §2.3.
 * The low half is enough here and reads in one access.
 */
#include "refclock.h"

#include <mm/kva.h>

#include "platform.h"

#define HPET_CAPABILITIES 0x00 /* upper half: period in femtoseconds */
#define HPET_CONFIG       0x10
#define HPET_COUNTER      0xf0
#define CONFIG_ENABLE     BIT(0)
#define PERIOD_MAX_FS     0x05f5e100u /* §2.3.4: 100 ns */

static volatile u32 *hpet;

static u64 hpet_read(void)
{
	return hpet[HPET_COUNTER / 4];
}

void hpet_refclock(struct refclock *out)
{
	const struct acpi_info *acpi = platform_acpi();
	u32 period_fs;

	*out = (struct refclock){ .name = "HPET" };
	if (!acpi || !acpi->has_hpet)
		return;
	hpet = kva_map_device(acpi->hpet_pa, 0x400);
	if (!hpet)
		return;
	period_fs = hpet[HPET_CAPABILITIES / 4 + 1];
	if (!period_fs || period_fs > PERIOD_MAX_FS)
		return;
	hpet[HPET_CONFIG / 4] |= CONFIG_ENABLE;
	out->hz = 1000000000000000ull / period_fs;
	out->mask = UINT32_MAX;
	out->read = hpet_read;
}
