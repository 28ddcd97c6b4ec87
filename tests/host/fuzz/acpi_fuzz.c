/* SPDX-License-Identifier: MIT */
/*
 * The input is physical memory: its first 1 KiB from 0, the rest from 0xe0000.
 * Byte sums are mended first, or nearly no mutation would get past them.
 */
#include "fuzz.h"

#include "../../../arch/x86_64/acpi_tables.h"

#include <stdlib.h>
#include <string.h>

#define LOW  1024u
#define HIGH 0xe0000u

struct memory {
	u8 *data;
	size_t len;
};

static const void *read_memory(void *ctx, paddr_t pa, u64 len)
{
	struct memory *m = ctx;
	u64 at = pa < LOW ? pa : pa - HIGH + LOW;
	u64 end = pa < LOW ? MIN(m->len, (size_t)LOW) : m->len;

	if (pa >= LOW && pa < HIGH)
		return NULL;
	return at <= end && len <= end - at ? m->data + at : NULL;
}

/* Make [p, p + len) sum to 0 by its byte @at. */
static void mend(u8 *p, size_t len, size_t at)
{
	u8 sum = 0;

	for (size_t i = 0; i < len; i++)
		sum = (u8)(sum + p[i]);
	p[at] = (u8)(p[at] - sum);
}

static void mend_all(struct memory *m)
{
	static const char sigs[][5] = { "XSDT", "RSDT", "APIC", "SRAT", "SLIT", "HPET", "FACP",
					"DSDT" };

	for (size_t i = 0; i + 36 <= m->len; i += 16) {
		u8 *p = m->data + i;
		u32 len;

		if (!memcmp(p, "RSD PTR ", 8)) {
			mend(p, 20, 8);
			mend(p, 36, 32);
		}
		memcpy(&len, p + 4, 4);
		for (size_t k = 0; k < ARRAY_SIZE(sigs); k++)
			if (!memcmp(p, sigs[k], 4) && len >= 36 && len <= m->len - i)
				mend(p, len, 9);
	}
}

static void check(const struct acpi_info *info)
{
	FUZZ_ASSERT(info->n_cpus <= ACPI_CPUS_MAX && info->n_ioapics <= ACPI_IOAPICS_MAX);
	FUZZ_ASSERT(info->n_overrides <= ACPI_OVERRIDES_MAX && info->n_nmis <= ACPI_NMIS_MAX);
	FUZZ_ASSERT(info->n_mems <= ACPI_MEMS_MAX && info->n_nodes <= ACPI_NODES_MAX);
	for (u32 i = 0; i < info->n_mems; i++)
		FUZZ_ASSERT(info->mems[i].base + info->mems[i].len > info->mems[i].base);
}

int acpi_fuzz(const u8 *data, size_t len)
{
	static struct acpi_info info;
	struct memory m = { malloc(len ? len : 1), len };
	struct phys_reader reader = { read_memory, &m };
	const char *why = NULL;
	u8 typ[2];
	int err;

	memcpy(m.data, data, len);
	mend_all(&m);
	err = acpi_parse(&reader, 0, &info, &why);
	FUZZ_ASSERT(err ? why && *why : !why);
	check(&info);
	if (!err && info.has_fadt && !acpi_find_s5(&reader, info.fadt.dsdt, typ))
		FUZZ_ASSERT(typ[0] <= 7 && typ[1] <= 7);
	free(m.data);
	return err;
}
