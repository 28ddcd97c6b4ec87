/* SPDX-License-Identifier: MIT */
/* ACPI's power management timer: 3.579545 MHz, 24 bits at least (ACPI 6.5 §4.8.2.1). */
#include "refclock.h"

#include "io.h"
#include "platform.h"

static u16 pmtimer_port;

static u64 pmtimer_read(void)
{
	return inl(pmtimer_port);
}

void pmtimer_refclock(struct refclock *out)
{
	const struct acpi_info *acpi = platform_acpi();

	*out = (struct refclock){ .name = "ACPI timer" };
	if (!acpi || !acpi->has_fadt || acpi->fadt.pm_timer.space != ACPI_SPACE_IO ||
	    !acpi->fadt.pm_timer.address)
		return;
	pmtimer_port = (u16)acpi->fadt.pm_timer.address;
	out->hz = 3579545;
	out->mask = 0xffffff;
	out->read = pmtimer_read;
}
