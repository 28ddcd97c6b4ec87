/* SPDX-License-Identifier: MIT */
/*
 * [pure] Xen PVH start info, versions 0 and 1, as QEMU and Xen pass it.
 * Version 0 has no memory map; a loader that speaks it leaves out->n_ranges 0.
 * Source: Xen public header arch-x86/hvm/start_info.h (format description).
 */
#include <boot/boot_info.h>
#include <kernel/abi/errno.h>
#include <kernel/lib/string.h>

#define PVH_MAGIC 0x336ec578u

struct pvh_start_info {
	u32 magic;
	u32 version;
	u32 flags;
	u32 n_modules;
	u64 modules_pa;
	u64 cmdline_pa;
	u64 rsdp_pa;
	/* version 1 and later */
	u64 memmap_pa;
	u32 n_memmap;
	u32 reserved;
};
static_assert(sizeof(struct pvh_start_info) == 56, "PVH format");
#define PVH_V0_LEN offsetof(struct pvh_start_info, memmap_pa)
static_assert(PVH_V0_LEN == 40, "PVH format");

struct pvh_module {
	u64 pa;
	u64 size;
	u64 cmdline_pa;
	u64 reserved;
};
static_assert(sizeof(struct pvh_module) == 32, "PVH format");

struct pvh_memmap {
	u64 pa;
	u64 size;
	u32 type;
	u32 reserved;
};
static_assert(sizeof(struct pvh_memmap) == 24, "PVH format");

static int fail(const char **why, int err, const char *reason)
{
	*why = reason;
	return err;
}

static int read_memmap(const struct phys_reader *mem, const struct pvh_start_info *si,
		       struct boot_info *out, const char **why)
{
	for (u32 i = 0; i < si->n_memmap; i++) {
		struct pvh_memmap e;
		int err;

		if (!phys_copy(mem, &e, si->memmap_pa + (u64)i * sizeof(e), sizeof(e)))
			return fail(why, -EFAULT, "PVH memory map lies outside of memory");
		err = boot_info_add_range(out, e.pa, e.size, e.type);
		if (err)
			return fail(why, err, err == -E2BIG ?
				    "PVH memory map has more than 128 ranges" :
				    "PVH memory map has a range that wraps");
	}
	boot_info_sort_ranges(out);
	return 0;
}

static int read_modules(const struct phys_reader *mem, const struct pvh_start_info *si,
			struct boot_info *out, const char **why)
{
	if (si->n_modules > BOOT_MODULES_MAX)
		return fail(why, -E2BIG, "PVH start info has more than 8 modules");
	for (u32 i = 0; i < si->n_modules; i++) {
		struct pvh_module m;

		if (!phys_copy(mem, &m, si->modules_pa + (u64)i * sizeof(m), sizeof(m)))
			return fail(why, -EFAULT, "PVH module list lies outside of memory");
		if (m.size && !phys_read(mem, m.pa, m.size))
			return fail(why, -EFAULT, "PVH module lies outside of memory");
		out->modules[out->n_modules++] = (struct boot_module){ m.pa, m.size };
	}
	return 0;
}

/* Byte by byte, since nobody says where it ends. */
static int read_cmdline(const struct phys_reader *mem, paddr_t pa, struct boot_info *out,
			const char **why)
{
	if (!pa)
		return 0;
	for (size_t i = 0; i < BOOT_CMDLINE_MAX; i++) {
		const char *c = phys_read(mem, pa + i, 1);

		if (!c)
			return fail(why, -EFAULT, "PVH command line lies outside of memory");
		out->cmdline[i] = *c;
		if (!*c)
			return 0;
	}
	return fail(why, -E2BIG, "boot command line is longer than 2047 bytes");
}

int pvh_parse(const struct phys_reader *mem, paddr_t start_pa, struct boot_info *out,
	      const char **why)
{
	struct pvh_start_info si;
	int err;

	memset(out, 0, sizeof(*out));
	memset(&si, 0, sizeof(si));
	memcpy(out->loader, "PVH", sizeof("PVH"));
	if (!phys_copy(mem, &si, start_pa, PVH_V0_LEN))
		return fail(why, -EFAULT, "PVH start info lies outside of memory");
	if (si.magic != PVH_MAGIC)
		return fail(why, -EINVAL, "PVH start info has a wrong magic number");
	if (si.version >= 1 && !phys_copy(mem, &si, start_pa, sizeof(si)))
		return fail(why, -EFAULT, "PVH start info lies outside of memory");

	out->rsdp = si.rsdp_pa;
	err = read_memmap(mem, &si, out, why);
	if (!err)
		err = read_modules(mem, &si, out, why);
	if (!err)
		err = read_cmdline(mem, si.cmdline_pa, out, why);
	return err;
}
