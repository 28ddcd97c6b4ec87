/* SPDX-License-Identifier: MIT */
/*
 * [pure] ACPI table parser. Every table is read through the caller's reader as
 * a whole, after its length was checked, and its byte sum must be 0; then every
 * record must lie in the table and be as long as its type asks. Section numbers
 * are those of ACPI 6.5.
 */
#include "acpi_tables.h"

#include <kernel/abi/errno.h>
#include <kernel/lib/string.h>

#define HEADER_LEN 36u          /* §5.2.6 */
#define TABLE_MAX  (16u << 20)  /* real DSDTs stay below 1 MiB */
#define ROOT_ENTRIES_MAX 1024u

struct table {
	const u8 *p;
	u32 len;
};

static u16 get16(const u8 *p)
{
	return (u16)(p[0] | p[1] << 8);
}

static u32 get32(const u8 *p)
{
	return get16(p) | (u32)get16(p + 2) << 16;
}

static u64 get64(const u8 *p)
{
	return get32(p) | (u64)get32(p + 4) << 32;
}

static bool sum_is_0(const u8 *p, u64 len)
{
	u8 sum = 0;

	while (len--)
		sum = (u8)(sum + *p++);
	return sum == 0;
}

static int read_table(const struct phys_reader *mem, paddr_t pa, struct table *out)
{
	const u8 *p = phys_read(mem, pa, HEADER_LEN);
	u32 len;

	if (!p)
		return -EFAULT;
	len = get32(p + 4);
	if (len < HEADER_LEN || len > TABLE_MAX)
		return -EINVAL;
	p = phys_read(mem, pa, len);
	if (!p)
		return -EFAULT;
	if (!sum_is_0(p, len))
		return -EINVAL;
	*out = (struct table){ p, len };
	return 0;
}

/* ---- RSDP and root table ---- */

/* §5.2.5.3: 20 bytes, from revision 2 on 36 with a sum of their own. */
static int check_rsdp(const struct phys_reader *mem, paddr_t pa, const u8 **out)
{
	const u8 *p = phys_read(mem, pa, 20);

	if (!p)
		return -EFAULT;
	if (memcmp(p, "RSD PTR ", 8) || !sum_is_0(p, 20))
		return -EINVAL;
	if (p[15] >= 2) {
		p = phys_read(mem, pa, 36);
		if (!p)
			return -EFAULT;
		if (!sum_is_0(p, 36))
			return -EINVAL;
	}
	*out = p;
	return 0;
}

static paddr_t search_range(const struct phys_reader *mem, paddr_t pa, paddr_t end)
{
	const u8 *rsdp;

	for (; pa < end; pa += 16)
		if (!check_rsdp(mem, pa, &rsdp))
			return pa;
	return 0;
}

/* §5.2.5.1: the first KiB of the extended BIOS data area, then the BIOS. */
static paddr_t search_rsdp(const struct phys_reader *mem)
{
	const u8 *ebda = phys_read(mem, 0x40e, 2);
	paddr_t pa = ebda ? (paddr_t)get16(ebda) << 4 : 0;
	paddr_t found = pa ? search_range(mem, pa, pa + 1024) : 0;

	return found ? found : search_range(mem, 0xe0000, 0x100000);
}

/* The root table, and the size of its entries: XSDT if it is sound, else RSDT. */
static int read_root(const struct phys_reader *mem, paddr_t rsdp, struct table *root,
		     u32 *entry_len)
{
	const u8 *p;
	int err = check_rsdp(mem, rsdp, &p);

	if (err)
		return err;
	*entry_len = 8;
	if (p[15] >= 2 && get64(p + 24) && !read_table(mem, get64(p + 24), root) &&
	    !memcmp(root->p, "XSDT", 4))
		return 0;
	*entry_len = 4;
	err = read_table(mem, get32(p + 16), root);
	if (!err && memcmp(root->p, "RSDT", 4))
		err = -EINVAL;
	return err;
}

static u32 root_entries(const struct table *root, u32 entry_len)
{
	return MIN((root->len - HEADER_LEN) / entry_len, ROOT_ENTRIES_MAX);
}

static paddr_t root_entry(const struct table *root, u32 entry_len, u32 i)
{
	const u8 *p = root->p + HEADER_LEN + i * entry_len;

	return entry_len == 8 ? get64(p) : get32(p);
}

int acpi_find_table(const struct phys_reader *mem, paddr_t rsdp, const char sig[4], paddr_t *pa,
		    u32 *len)
{
	struct table root, t;
	u32 entry_len;
	int err = read_root(mem, rsdp, &root, &entry_len);
	int result = -ENOENT;

	if (err)
		return err;
	for (u32 i = 0; i < root_entries(&root, entry_len); i++) {
		paddr_t at = root_entry(&root, entry_len, i);
		const u8 *h = phys_read(mem, at, HEADER_LEN);

		if (!at || !h || memcmp(h, sig, 4))
			continue;
		err = read_table(mem, at, &t);
		if (!err) {
			*pa = at;
			*len = t.len;
			return 0;
		}
		result = err; /* broken, unless another one follows */
	}
	return result;
}

/* ---- Records of MADT and SRAT: type, length, body ---- */

/*
 * Call @record for each record from @at on. Each must be as long as @min_len
 * says for its type (0: a type we skip).
 */
static int for_records(const struct table *t, u32 at, const u8 *min_len, u32 n_types,
		       void (*record)(struct acpi_info *out, const u8 *r), struct acpi_info *out)
{
	while (at < t->len) {
		const u8 *r = t->p + at;

		if (t->len - at < 2 || r[1] < 2 || r[1] > t->len - at)
			return -EINVAL;
		if (r[0] < n_types && min_len[r[0]]) {
			if (r[1] < min_len[r[0]])
				return -EINVAL;
			record(out, r);
		}
		at += r[1];
	}
	return 0;
}

/* ---- MADT, §5.2.12 ---- */

#define CPU_ENABLED        BIT(0)
#define CPU_ONLINE_CAPABLE BIT(1)

static struct acpi_cpu *find_cpu(struct acpi_info *out, u32 apic_id)
{
	for (u32 i = 0; i < out->n_cpus; i++)
		if (out->cpus[i].apic_id == apic_id)
			return &out->cpus[i];
	return NULL;
}

/* A CPU may stand in a local APIC and in an x2APIC record: the first counts. */
static void add_cpu(struct acpi_info *out, u32 apic_id, u32 uid, u32 flags, bool x2apic)
{
	if (!(flags & (CPU_ENABLED | CPU_ONLINE_CAPABLE)))
		return;
	if (apic_id == (x2apic ? UINT32_MAX : 0xff) || find_cpu(out, apic_id))
		return;
	if (out->n_cpus == ACPI_CPUS_MAX) {
		out->n_dropped++;
		return;
	}
	out->cpus[out->n_cpus++] = (struct acpi_cpu){
		.apic_id = apic_id,
		.uid = uid,
		.enabled = flags & CPU_ENABLED,
		.x2apic = x2apic,
	};
}

/* MPS INTI flags, Table 5.26: 0 is what the bus does, for ISA high and edge. */
static bool active_low(u16 flags)
{
	return (flags & 3) == 3;
}

static bool is_level(u16 flags)
{
	return (flags >> 2 & 3) == 3;
}

static void add_nmi(struct acpi_info *out, struct acpi_nmi nmi, u16 flags)
{
	if (out->n_nmis == ACPI_NMIS_MAX) {
		out->n_dropped++;
		return;
	}
	nmi.active_low = active_low(flags);
	nmi.level = is_level(flags);
	out->nmis[out->n_nmis++] = nmi;
}

static void add_ioapic(struct acpi_info *out, const u8 *r)
{
	if (out->n_ioapics == ACPI_IOAPICS_MAX) {
		out->n_dropped++;
		return;
	}
	out->ioapics[out->n_ioapics++] = (struct acpi_ioapic){
		.id = r[2],
		.pa = get32(r + 4),
		.gsi_base = get32(r + 8),
	};
}

static void add_override(struct acpi_info *out, const u8 *r)
{
	if (out->n_overrides == ACPI_OVERRIDES_MAX) {
		out->n_dropped++;
		return;
	}
	out->overrides[out->n_overrides++] = (struct acpi_override){
		.irq = r[3],
		.gsi = get32(r + 4),
		.active_low = active_low(get16(r + 8)),
		.level = is_level(get16(r + 8)),
	};
}

enum madt_type {
	MADT_LAPIC = 0, MADT_IOAPIC = 1, MADT_OVERRIDE = 2, MADT_NMI = 3, MADT_LAPIC_NMI = 4,
	MADT_LAPIC_PA = 5, MADT_X2APIC = 9, MADT_X2APIC_NMI = 10, MADT_TYPES
};

static void madt_record(struct acpi_info *out, const u8 *r)
{
	switch (r[0]) {
	case MADT_LAPIC:
		add_cpu(out, r[3], r[2], get32(r + 4), false);
		break;
	case MADT_IOAPIC:
		add_ioapic(out, r);
		break;
	case MADT_OVERRIDE:
		add_override(out, r);
		break;
	case MADT_NMI:
		add_nmi(out, (struct acpi_nmi){ .is_gsi = true, .gsi = get32(r + 4) },
			get16(r + 2));
		break;
	case MADT_LAPIC_NMI:
		add_nmi(out, (struct acpi_nmi){ .uid = r[2] == 0xff ? ACPI_ALL_CPUS : r[2],
						.lint = r[5] }, get16(r + 3));
		break;
	case MADT_LAPIC_PA:
		out->lapic_pa = get64(r + 4);
		break;
	case MADT_X2APIC:
		add_cpu(out, get32(r + 4), get32(r + 12), get32(r + 8), true);
		break;
	case MADT_X2APIC_NMI:
		add_nmi(out, (struct acpi_nmi){ .uid = get32(r + 4), .lint = r[8] },
			get16(r + 2));
		break;
	}
}

static int parse_madt(const struct table *t, struct acpi_info *out)
{
	static const u8 min_len[MADT_TYPES] = {
		[MADT_LAPIC] = 8, [MADT_IOAPIC] = 12, [MADT_OVERRIDE] = 10, [MADT_NMI] = 8,
		[MADT_LAPIC_NMI] = 6, [MADT_LAPIC_PA] = 12, [MADT_X2APIC] = 16,
		[MADT_X2APIC_NMI] = 12,
	};

	if (t->len < 44)
		return -EINVAL;
	out->lapic_pa = get32(t->p + 36);
	out->has_8259 = t->p[40] & 1; /* PCAT_COMPAT */
	return for_records(t, 44, min_len, MADT_TYPES, madt_record, out);
}

/* ---- SRAT, §5.2.16 ---- */

#define SRAT_ENABLED  BIT(0)
#define SRAT_HOTPLUG  BIT(1)

static void set_domain(struct acpi_info *out, u32 apic_id, u32 domain, u32 flags)
{
	struct acpi_cpu *cpu = find_cpu(out, apic_id);

	if (!cpu || !(flags & SRAT_ENABLED))
		return;
	cpu->domain = domain;
	cpu->has_domain = true;
}

static void add_mem(struct acpi_info *out, const u8 *r)
{
	u64 base = get64(r + 8), len = get64(r + 16);
	u32 flags = get32(r + 28);

	if (!(flags & SRAT_ENABLED) || !len || base + len < base)
		return;
	if (out->n_mems == ACPI_MEMS_MAX) {
		out->n_dropped++;
		return;
	}
	out->mems[out->n_mems++] = (struct acpi_mem){
		.base = base,
		.len = len,
		.domain = get32(r + 2),
		.hotplug = flags & SRAT_HOTPLUG,
	};
}

enum srat_type { SRAT_LAPIC = 0, SRAT_MEM = 1, SRAT_X2APIC = 2, SRAT_TYPES };

static void srat_record(struct acpi_info *out, const u8 *r)
{
	switch (r[0]) {
	case SRAT_LAPIC:
		/* The upper 24 bits of the domain lie elsewhere. */
		set_domain(out, r[3], r[2] | (u32)r[9] << 8 | (u32)r[10] << 16 | (u32)r[11] << 24,
			   get32(r + 4));
		break;
	case SRAT_MEM:
		add_mem(out, r);
		break;
	case SRAT_X2APIC:
		set_domain(out, get32(r + 8), get32(r + 4), get32(r + 12));
		break;
	}
}

static int parse_srat(const struct table *t, struct acpi_info *out)
{
	static const u8 min_len[SRAT_TYPES] = {
		[SRAT_LAPIC] = 16, [SRAT_MEM] = 40, [SRAT_X2APIC] = 24,
	};

	return t->len < 48 ? -EINVAL
			   : for_records(t, 48, min_len, SRAT_TYPES, srat_record, out);
}

/* ---- SLIT, §5.2.17 ---- */

static int parse_slit(const struct table *t, struct acpi_info *out)
{
	const u8 *d = t->p + 44;
	u64 n;

	if (t->len < 44)
		return -EINVAL;
	n = get64(t->p + 36);
	if (!n || n > ACPI_NODES_MAX || t->len - 44 < n * n)
		return -EINVAL;
	/* 10 is the distance to oneself; nothing is nearer. */
	for (u64 i = 0; i < n * n; i++)
		if (d[i] < 10 || (i % (n + 1) == 0 && d[i] != 10))
			return -EINVAL;
	memcpy(out->distance, d, n * n);
	out->n_nodes = (u32)n;
	return 0;
}

/* ---- HPET (IA-PC HPET specification 1.0a, §3.2.4) ---- */

static int parse_hpet(const struct table *t, struct acpi_info *out)
{
	if (t->len < 56 || t->p[40] != ACPI_SPACE_MEMORY || !get64(t->p + 44))
		return -EINVAL;
	out->has_hpet = true;
	out->hpet_pa = get64(t->p + 44);
	out->hpet_number = t->p[52];
	out->hpet_min_tick = get16(t->p + 53);
	return 0;
}

/* ---- FADT, §5.2.9: it grew, so what lies beyond its length reads as 0 ---- */

static struct acpi_gas gas_at(const u8 *f)
{
	return (struct acpi_gas){ .space = f[0], .width = f[1], .address = get64(f + 4) };
}

/* The extended register if it is given, else the old I/O port. */
static struct acpi_gas reg_at(const u8 *f, u32 port_at, u32 gas_offset, u8 width)
{
	struct acpi_gas gas = gas_at(f + gas_offset);

	if (!gas.address)
		gas = (struct acpi_gas){ ACPI_SPACE_IO, width, get32(f + port_at) };
	return gas;
}

static int parse_fadt(const struct table *t, struct acpi_info *out)
{
	struct acpi_fadt *fadt = &out->fadt;
	u8 f[268] = { 0 };

	if (t->len < 116)
		return -EINVAL;
	memcpy(f, t->p, MIN(t->len, sizeof(f)));
	*fadt = (struct acpi_fadt){
		.revision = f[8],
		.sci_irq = get16(f + 46),
		.smi_cmd = get32(f + 48),
		.acpi_enable = f[52],
		.century = f[108],
		.boot_arch = get16(f + 109),
		.flags = get32(f + 112),
		.reset_reg = gas_at(f + 116),
		.reset_value = f[128],
		.pm1a_cnt = reg_at(f, 64, 172, 16),
		.pm1b_cnt = reg_at(f, 68, 184, 16),
		.pm_timer = reg_at(f, 76, 208, 32),
		.sleep_control = gas_at(f + 244),
		.dsdt = get64(f + 140) ? get64(f + 140) : get32(f + 40),
	};
	if (!fadt->reset_reg.address)
		fadt->flags &= ~(u32)ACPI_FADT_RESET_REG;
	out->has_fadt = true;
	return 0;
}

/* ---- All of them ---- */

static const struct parser {
	char sig[5];
	const char *bad;
	int (*parse)(const struct table *t, struct acpi_info *out);
} parsers[] = {
	/* The MADT first: the SRAT refers to its CPUs. */
	{ "APIC", "ACPI MADT is malformed", parse_madt },
	{ "SRAT", "ACPI SRAT is malformed", parse_srat },
	{ "SLIT", "ACPI SLIT is malformed or larger than 64 nodes", parse_slit },
	{ "HPET", "ACPI HPET table is malformed", parse_hpet },
	{ "FACP", "ACPI FADT is malformed", parse_fadt },
};

static int run_parser(const struct phys_reader *mem, const struct parser *p, struct acpi_info *out)
{
	struct table t;
	paddr_t pa;
	u32 len;
	int err = acpi_find_table(mem, out->rsdp, p->sig, &pa, &len);

	if (!err)
		err = read_table(mem, pa, &t);
	if (!err)
		err = p->parse(&t, out);
	return err;
}

int acpi_parse(const struct phys_reader *mem, paddr_t rsdp, struct acpi_info *out,
	       const char **why)
{
	struct table root;
	u32 entry_len;
	int err;

	memset(out, 0, sizeof(*out));
	out->rsdp = rsdp ? rsdp : search_rsdp(mem);
	if (!out->rsdp) {
		*why = "no ACPI RSDP found";
		return -ENOENT;
	}
	err = read_root(mem, out->rsdp, &root, &entry_len);
	if (err) {
		*why = "ACPI RSDP or root table is unreadable or malformed";
		return err;
	}
	for (u32 i = 0; i < ARRAY_SIZE(parsers); i++) {
		err = run_parser(mem, &parsers[i], out);
		if (err && parsers[i].parse == parse_madt) {
			*why = err == -ENOENT ? "ACPI has no MADT" : parsers[i].bad;
			return err;
		}
		if (err && err != -ENOENT)
			out->ignored = parsers[i].bad;
	}
	return 0;
}

/* ---- \_S5, §7.4.2; encoding §20.2 ---- */

/* One integer of a package: 1 value and its length in @used, or 0. */
static int aml_byte(const u8 *p, u64 left, u8 *value, u64 *used)
{
	if (left >= 1 && (p[0] == 0x00 || p[0] == 0x01 || p[0] == 0xff)) {
		*value = p[0]; /* ZeroOp, OneOp, OnesOp */
		*used = 1;
		return 1;
	}
	if (left >= 2 && p[0] == 0x0a) { /* BytePrefix */
		*value = p[1];
		*used = 2;
		return 1;
	}
	return 0;
}

/* @p behind the name: PackageOp, PkgLength of 1..4 bytes, count, elements. */
static int aml_package(const u8 *p, u64 left, u8 typ[2])
{
	u64 at, used;

	if (left < 2 || p[0] != 0x12)
		return -ENOENT;
	at = 2 + (p[1] >> 6); /* the first byte says how many follow */
	if (left < at + 1 || p[at] < 2)
		return -ENOENT;
	at++;
	if (!aml_byte(p + at, left - at, &typ[0], &used))
		return -ENOENT;
	at += used;
	return aml_byte(p + at, left - at, &typ[1], &used) ? 0 : -ENOENT;
}

int acpi_find_s5(const struct phys_reader *mem, paddr_t table, u8 typ[2])
{
	struct table t;
	int err = read_table(mem, table, &t);

	if (err)
		return err;
	for (u64 i = HEADER_LEN + 1; i + 4 <= t.len; i++) {
		const u8 *p = t.p + i;
		u8 found[2];

		/* NameOp, perhaps a root prefix, then the name. */
		if (memcmp(p, "_S5_", 4) || (p[-1] != 0x08 && (p[-1] != '\\' || p[-2] != 0x08)))
			continue;
		if (aml_package(p + 4, t.len - i - 4, found) || found[0] > 7 || found[1] > 7)
			continue;
		typ[0] = found[0];
		typ[1] = found[1];
		return 0;
	}
	return -ENOENT;
}
