/* SPDX-License-Identifier: MIT */
/* The images of make_samples.py: memory from 0xe0000 behind 1 KiB of low memory. */
#include "../../arch/x86_64/acpi_tables.h"

#include "test.h"

#include <kernel/abi/errno.h>
#include <string.h>

#define LOW  1024u
#define HIGH 0xe0000u

struct memory {
	u8 *data;
	size_t len;
};

static struct acpi_info info;

static const void *read_memory(void *ctx, paddr_t pa, u64 len)
{
	struct memory *m = ctx;
	u64 at = pa < LOW ? pa : pa - HIGH + LOW;
	u64 end = pa < LOW ? LOW : m->len;

	if (pa >= LOW && pa < HIGH)
		return NULL;
	return at <= end && len <= end - at ? m->data + at : NULL;
}

static struct memory load(const char *path)
{
	struct memory m;

	m.data = test_read_file(path, &m.len);
	REQUIRE(m.data);
	return m;
}

static int parse(struct memory *m, paddr_t rsdp)
{
	const char *why = NULL;
	int err = acpi_parse(&(struct phys_reader){ read_memory, m }, rsdp, &info, &why);

	CHECK(err ? why != NULL : why == NULL);
	return err;
}

/* Where in memory the bytes @text first are. */
static u8 *find(const struct memory *m, const char *text)
{
	for (size_t i = 0; i + 4 <= m->len; i++)
		if (!memcmp(m->data + i, text, 4))
			return m->data + i;
	REQUIRE(!"found");
	return NULL;
}

static void mend(u8 *table)
{
	u32 len;
	u8 sum = 0;

	memcpy(&len, table + 4, 4);
	for (u32 i = 0; i < len; i++)
		sum = (u8)(sum + table[i]);
	table[9] = (u8)(table[9] - sum);
}

static void check_madt(void)
{
	static const u32 ids[] = { 0, 1, 2, 3, 300 };

	CHECK_EQ(info.lapic_pa, 0xfee00000);
	CHECK(info.has_8259);
	CHECK_EQ(info.n_cpus, 5);
	for (u32 i = 0; i < 5; i++) {
		CHECK_EQ(info.cpus[i].apic_id, ids[i]);
		CHECK_EQ(info.cpus[i].uid, ids[i]);
		CHECK_EQ(info.cpus[i].enabled, ids[i] != 3);
		CHECK_EQ(info.cpus[i].x2apic, ids[i] == 300);
	}
	CHECK_EQ(info.n_ioapics, 2);
	CHECK_EQ(info.ioapics[1].id, 6);
	CHECK_EQ(info.ioapics[1].pa, 0xfec01000);
	CHECK_EQ(info.ioapics[1].gsi_base, 24);
	CHECK_EQ(info.n_overrides, 3);
	CHECK_EQ(info.overrides[0].gsi, 2);
	CHECK(!info.overrides[0].level && !info.overrides[0].active_low);
	CHECK(info.overrides[1].level && !info.overrides[1].active_low);
	CHECK(info.overrides[2].level && info.overrides[2].active_low);
	CHECK_EQ(info.overrides[2].irq, 5);
	CHECK_EQ(info.n_nmis, 3);
	CHECK(info.nmis[0].is_gsi && info.nmis[0].gsi == 23 && info.nmis[0].level);
	CHECK(info.nmis[1].uid == ACPI_ALL_CPUS && info.nmis[1].lint == 1);
	CHECK(info.nmis[2].uid == 300 && info.nmis[2].lint == 1 && !info.nmis[2].active_low);
}

static void check_numa(void)
{
	CHECK(info.cpus[0].has_domain && info.cpus[0].domain == 0);
	CHECK(info.cpus[2].has_domain && info.cpus[2].domain == 1);
	CHECK(!info.cpus[3].has_domain);
	CHECK(info.cpus[4].has_domain && info.cpus[4].domain == 0x10203);
	CHECK_EQ(info.n_mems, 4);
	CHECK_EQ(info.mems[1].base, 0x100000);
	CHECK_EQ(info.mems[1].len, 0x7ff00000);
	CHECK_EQ(info.mems[2].domain, 1);
	CHECK(!info.mems[2].hotplug && info.mems[3].hotplug);
	CHECK_EQ(info.n_nodes, 2);
	CHECK_EQ(info.distance[1], 20);
	CHECK_EQ(info.distance[2], 21);
}

static void check_rest(struct memory *m)
{
	const struct acpi_fadt *f = &info.fadt;
	u8 typ[2] = { 99, 99 };

	CHECK(info.has_hpet && info.hpet_pa == 0xfed00000 && info.hpet_min_tick == 128);
	CHECK(info.has_fadt);
	CHECK_EQ(f->sci_irq, 9);
	CHECK_EQ(f->smi_cmd, 0xb2);
	CHECK_EQ(f->acpi_enable, 2);
	CHECK_EQ(f->century, 0x32);
	CHECK_EQ(f->boot_arch, ACPI_BOOT_8042);
	CHECK(f->pm1a_cnt.space == ACPI_SPACE_IO && f->pm1a_cnt.address == 0x604);
	CHECK_EQ(f->pm1b_cnt.address, 0);
	CHECK(f->pm_timer.address == 0x608 && (f->flags & ACPI_FADT_TIMER_32BIT));
	CHECK_EQ(acpi_find_s5(&(struct phys_reader){ read_memory, m }, f->dsdt, typ), 0);
	CHECK(typ[0] == 5 && typ[1] == 7);
	CHECK(info.ignored == NULL);
	CHECK_EQ(info.n_dropped, 0);
}

TEST(acpi_xsdt)
{
	struct memory m = load(HOST_SAMPLES "/acpi/xsdt");

	REQUIRE(parse(&m, 0) == 0);
	CHECK_EQ(info.rsdp, 0xe0010);
	check_madt();
	check_numa();
	check_rest(&m);
	CHECK(info.fadt.flags & ACPI_FADT_RESET_REG);
	CHECK(info.fadt.reset_reg.address == 0xcf9 && info.fadt.reset_value == 0xf);
	CHECK_EQ(info.fadt.sleep_control.address, 0xfea00000);
}

TEST(acpi_rsdt)
{
	struct memory m = load(HOST_SAMPLES "/acpi/rsdt");

	REQUIRE(parse(&m, 0xe0010) == 0);
	check_madt();
	check_numa();
	check_rest(&m);
}

TEST(acpi_old_fadt)
{
	struct memory m = load(HOST_SAMPLES "/acpi/old_fadt");

	REQUIRE(parse(&m, 0) == 0);
	check_rest(&m);
	/* It promises a reset register, but is too short to have one. */
	CHECK(!(info.fadt.flags & ACPI_FADT_RESET_REG));
}

TEST(acpi_find_any_table)
{
	struct memory m = load(HOST_SAMPLES "/acpi/xsdt");
	struct phys_reader r = { read_memory, &m };
	paddr_t pa = 0;
	u32 len = 0;

	CHECK_EQ(acpi_find_table(&r, 0xe0010, "HPET", &pa, &len), 0);
	CHECK_EQ(len, 56);
	CHECK(!memcmp(read_memory(&m, pa, 4), "HPET", 4));
	CHECK_EQ(acpi_find_table(&r, 0xe0010, "MCFG", &pa, &len), -ENOENT);
	find(&m, "HPET")[20] ^= 1;
	CHECK_EQ(acpi_find_table(&r, 0xe0010, "HPET", &pa, &len), -EINVAL);
}

TEST(acpi_malformed_root)
{
	struct memory m = load(HOST_SAMPLES "/acpi/xsdt");
	u8 *rsdp = m.data + LOW + 0x10;

	CHECK_EQ(parse(&m, 0xe0020), -EINVAL);
	CHECK_EQ(parse(&m, 0x80000), -EFAULT);
	CHECK_EQ(parse(&m, UINT64_MAX - 4), -EFAULT);
	rsdp[33]++;
	CHECK_EQ(parse(&m, 0xe0010), -EINVAL); /* the second sum */
	CHECK_EQ(parse(&m, 0), -ENOENT);
	rsdp[33]--;
	find(&m, "XSDT")[36]++;
	CHECK(parse(&m, 0) < 0); /* there is no RSDT to fall back to */
}

TEST(acpi_malformed_tables)
{
	static const char *const optional[] = { "SRAT", "SLIT", "HPET", "FACP" };
	struct memory m = load(HOST_SAMPLES "/acpi/xsdt");
	u8 *t = find(&m, "APIC");

	for (size_t i = 0; i < ARRAY_SIZE(optional); i++) {
		u8 *p = find(&m, optional[i]);

		p[30] ^= 1;
		CHECK_EQ(parse(&m, 0), 0);
		CHECK(info.ignored != NULL);
		p[30] ^= 1;
	}
	CHECK_EQ(parse(&m, 0), 0);
	CHECK(info.ignored == NULL);

	t[45] = 0; /* a record of length 0 would loop */
	mend(t);
	CHECK_EQ(parse(&m, 0), -EINVAL);
	t[45] = 7; /* shorter than a local APIC record is */
	mend(t);
	CHECK_EQ(parse(&m, 0), -EINVAL);
	t[45] = 255; /* beyond the end */
	mend(t);
	CHECK_EQ(parse(&m, 0), -EINVAL);
	memcpy(t, "XXXX", 4);
	CHECK_EQ(parse(&m, 0), -ENOENT);
	memcpy(t, "APIC\xff\xff\xff\x7f", 8); /* its length */
	CHECK_EQ(parse(&m, 0), -EINVAL);
}

/* A MADT of 600 CPUs alone. */
TEST(acpi_capacity)
{
	const u32 n = 600;
	struct memory m = { test_alloc(LOW + 8192), LOW + 8192 };
	u8 *rsdp = m.data + LOW, *rsdt = rsdp + 64, *madt = rsdp + 128;
	u32 word;

	memset(m.data, 0, m.len);
	memcpy(rsdp, "RSD PTR ", 8);
	word = HIGH + 64;
	memcpy(rsdp + 16, &word, 4);
	for (int i = 0; i < 20; i++)
		if (i != 8)
			rsdp[8] = (u8)(rsdp[8] - rsdp[i]);
	memcpy(rsdt, "RSDT\x28", 5);
	word = HIGH + 128;
	memcpy(rsdt + 36, &word, 4);
	mend(rsdt);
	memcpy(madt, "APIC", 4);
	word = 44 + 8 * n;
	memcpy(madt + 4, &word, 4);
	for (u32 i = 0; i < n; i++)
		memcpy(madt + 44 + 8 * i, (u8[8]){ 0, 8, 0, (u8)i, 1 }, 8);
	mend(madt);
	CHECK_EQ(parse(&m, 0), 0);
	CHECK_EQ(info.n_cpus, 255); /* 0..254, each once */
	CHECK_EQ(info.n_dropped, 0);
	for (u32 i = 0; i < n / 2; i++) {
		u32 id[4] = { 0x1009, 1000 + i, 1, i };

		memcpy(madt + 44 + 16 * i, id, 16);
	}
	mend(madt);
	CHECK_EQ(parse(&m, 0), 0);
	CHECK_EQ(info.n_cpus, 300);
	for (u32 i = 0; i < ACPI_NMIS_MAX + 8; i++)
		memcpy(madt + 44 + 16 * i, (u8[16]){ 3, 16 }, 16);
	mend(madt);
	CHECK_EQ(parse(&m, 0), 0);
	CHECK_EQ(info.n_nmis, ACPI_NMIS_MAX);
	CHECK_EQ(info.n_dropped, 8);
}
