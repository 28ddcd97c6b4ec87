/* SPDX-License-Identifier: MIT */
/*
 * [pure] Multiboot2 information, as GRUB passes it on BIOS and on UEFI: a list
 * of tags, each of which must lie in the list and be as long as its type asks.
 * What there may be several of is taken in the order of the list; of single
 * things the last one counts. The EFI memory map goes before the plain one that
 * GRUB derives from it, since it tells more.
 * Sources: Multiboot2 specification 2.0, §3.6; UEFI specification 2.10, §7.2.3.
 */
#include <boot/boot_info.h>
#include <kernel/abi/errno.h>
#include <kernel/lib/string.h>

#define INFO_HEAD 8u /* total size, reserved */
#define TAG_HEAD  8u /* type, size */
#define TAG_ALIGN 8u

enum tag_type {
	TAG_END = 0, TAG_CMDLINE = 1, TAG_LOADER = 2, TAG_MODULE = 3, TAG_MEMORY_MAP = 6,
	TAG_FRAMEBUFFER = 8, TAG_EFI_32 = 11, TAG_EFI_64 = 12, TAG_RSDP_OLD = 14, TAG_RSDP_NEW = 15,
	TAG_EFI_MEMORY_MAP = 17, TAG_EFI_NOT_TERMINATED = 18,
};

struct module_tag {
	u32 start, end;
};
static_assert(sizeof(struct module_tag) == 8, "Multiboot2 format");

/* Head of both memory maps. */
struct map_tag {
	u32 entry_len, version;
};
static_assert(sizeof(struct map_tag) == 8, "Multiboot2 format");

struct map_entry {
	u64 base, len;
	u32 type, reserved;
};
static_assert(sizeof(struct map_entry) == 24, "Multiboot2 format");

struct efi_entry {
	u32 type, pad;
	u64 base, virt, pages, attributes;
};
static_assert(sizeof(struct efi_entry) == 40, "UEFI format");

struct framebuffer_tag {
	u64 base;
	u32 pitch, width, height;
	u8 bits, kind;
	u16 reserved;
	struct boot_colour red, green, blue; /* of kind RGB only */
	u8 pad[2];
};
static_assert(sizeof(struct framebuffer_tag) == 32, "Multiboot2 format");
static_assert(offsetof(struct framebuffer_tag, red) == 24, "Multiboot2 format");
enum { FRAMEBUFFER_RGB = 1, FRAMEBUFFER_TEXT = 2 };

/* What lies behind a tag's head. */
struct body {
	const u8 *p; /* NULL: no such tag */
	u64 len;
};

struct walk {
	struct boot_info *out;
	const struct phys_reader *mem;
	const char **why;
	struct body map, efi_map;
	paddr_t rsdp_old, rsdp_new;
};

static int fail(const struct walk *w, int err, const char *reason)
{
	*w->why = reason;
	return err;
}

static bool is_text(struct body b)
{
	return b.len && !b.p[b.len - 1];
}

static int read_cmdline(struct walk *w, struct body b)
{
	if (!is_text(b))
		return fail(w, -EINVAL, "Multiboot2 command line has no end");
	if (str_copy(w->out->cmdline, (const char *)b.p, BOOT_CMDLINE_MAX) < 0)
		return fail(w, -E2BIG, "boot command line is longer than 2047 bytes");
	return 0;
}

static void read_loader(struct walk *w, struct body b)
{
	char *name = w->out->loader;
	size_t i = 0;

	for (; i < b.len && i < BOOT_LOADER_MAX - 1 && b.p[i]; i++)
		name[i] = b.p[i] >= ' ' && b.p[i] <= '~' ? (char)b.p[i] : '?';
	if (i)
		name[i] = '\0';
}

static int read_module(struct walk *w, struct body b)
{
	struct boot_info *out = w->out;
	struct module_tag m;

	if (b.len < sizeof(m))
		return fail(w, -EINVAL, "Multiboot2 module tag is too short");
	memcpy(&m, b.p, sizeof(m));
	if (m.end < m.start)
		return fail(w, -EINVAL, "Multiboot2 module ends before it begins");
	if (m.end > m.start && !phys_read(w->mem, m.start, m.end - m.start))
		return fail(w, -EFAULT, "Multiboot2 module lies outside of memory");
	if (out->n_modules == BOOT_MODULES_MAX)
		return fail(w, -E2BIG, "Multiboot2 information has more than 8 modules");
	out->modules[out->n_modules++] = (struct boot_module){ m.start, m.end - m.start };
	return 0;
}

/* A colour within a pixel of @bits, of a depth that can be drawn with. */
static bool colour_fits(struct boot_colour c, u8 bits)
{
	return c.len >= 1 && c.len <= 8 && c.at + c.len <= bits;
}

static bool screen_fits(const struct boot_screen *s)
{
	u32 pixel = s->kind == BOOT_SCREEN_TEXT ? 2 : (s->bits + 7u) / 8;

	if (!s->width || !s->height || s->width > BOOT_SCREEN_MAX || s->height > BOOT_SCREEN_MAX)
		return false;
	if (s->pitch < s->width * pixel || !s->base ||
	    s->base + (u64)s->pitch * s->height < s->base)
		return false;
	if (s->kind == BOOT_SCREEN_TEXT)
		return true;
	return (s->bits == 15 || s->bits == 16 || s->bits == 24 || s->bits == 32) &&
	       colour_fits(s->red, s->bits) && colour_fits(s->green, s->bits) &&
	       colour_fits(s->blue, s->bits);
}

/* One we cannot draw on is as good as none: the machine runs without. */
static void read_framebuffer(struct walk *w, struct body b)
{
	struct framebuffer_tag t;
	struct boot_screen s;

	memset(&t, 0, sizeof(t));
	if (b.len < offsetof(struct framebuffer_tag, red))
		return;
	memcpy(&t, b.p, MIN(b.len, sizeof(t)));
	s = (struct boot_screen){
		.kind = t.kind == FRAMEBUFFER_RGB ? BOOT_SCREEN_RGB : BOOT_SCREEN_TEXT,
		.base = t.base, .pitch = t.pitch, .width = t.width, .height = t.height,
		.bits = t.bits, .red = t.red, .green = t.green, .blue = t.blue,
	};
	if ((t.kind == FRAMEBUFFER_RGB || t.kind == FRAMEBUFFER_TEXT) && screen_fits(&s))
		w->out->screen = s;
}

static int read_tag(struct walk *w, u32 type, paddr_t body_pa, struct body b)
{
	switch (type) {
	case TAG_CMDLINE:
		return read_cmdline(w, b);
	case TAG_LOADER:
		read_loader(w, b);
		return 0;
	case TAG_MODULE:
		return read_module(w, b);
	case TAG_MEMORY_MAP:
		w->map = b;
		return 0;
	case TAG_FRAMEBUFFER:
		read_framebuffer(w, b);
		return 0;
	case TAG_EFI_32:
	case TAG_EFI_64:
		w->out->efi = true;
		return 0;
	case TAG_RSDP_OLD:
		w->rsdp_old = body_pa;
		return 0;
	case TAG_RSDP_NEW:
		w->rsdp_new = body_pa;
		return 0;
	case TAG_EFI_MEMORY_MAP:
		w->efi_map = b;
		w->out->efi = true;
		return 0;
	case TAG_EFI_NOT_TERMINATED:
		return fail(w, -EINVAL, "the loader left EFI's boot services running");
	default:
		return 0; /* for other kernels */
	}
}

/* After an error the list is read on for the screen, on which it will be told. */
static int read_tags(struct walk *w, paddr_t pa, const u8 *info, u64 total)
{
	u64 at = INFO_HEAD;
	int err = 0;

	while (total - at >= TAG_HEAD) {
		struct body body;
		u32 type, size;

		memcpy(&type, info + at, 4);
		memcpy(&size, info + at + 4, 4);
		if (size < TAG_HEAD || size > total - at)
			return err ? err : fail(w, -EINVAL,
						"a Multiboot2 tag reaches beyond the information");
		if (type == TAG_END)
			return err;
		body = (struct body){ info + at + TAG_HEAD, size - TAG_HEAD };
		if (!err)
			err = read_tag(w, type, pa + at + TAG_HEAD, body);
		else if (type == TAG_FRAMEBUFFER)
			read_framebuffer(w, body);
		at = MIN(ALIGN_UP(at + size, (u64)TAG_ALIGN), total);
	}
	return err ? err : fail(w, -EINVAL, "Multiboot2 information has no end tag");
}

/* ---- memory maps ---- */

static int add_range(struct walk *w, u64 base, u64 len, u32 type)
{
	int err = boot_info_add_range(w->out, base, len, type);

	if (err)
		*w->why = err == -E2BIG ? "the memory map has more than 128 ranges" :
					  "the memory map has a range that wraps";
	return err;
}

static int add_plain(struct walk *w, const u8 *p)
{
	struct map_entry e;

	memcpy(&e, p, sizeof(e));
	return add_range(w, e.base, e.len, e.type);
}

/* EFI memory types and attributes, UEFI 2.10 §7.2.1 and §7.2.3. */
enum efi_type {
	EFI_LOADER_CODE = 1, EFI_LOADER_DATA = 2, EFI_BOOT_CODE = 3, EFI_BOOT_DATA = 4,
	EFI_CONVENTIONAL = 7, EFI_UNUSABLE = 8, EFI_ACPI_RECLAIM = 9, EFI_ACPI_NVS = 10,
	EFI_PERSISTENT = 14,
};
#define EFI_WRITE_BACK       BIT(3)
#define EFI_SPECIFIC_PURPOSE BIT(18)

static u32 efi_kind(const struct efi_entry *e)
{
	switch (e->type) {
	case EFI_LOADER_CODE:
	case EFI_LOADER_DATA:
	case EFI_BOOT_CODE: /* the boot services are gone */
	case EFI_BOOT_DATA:
	case EFI_CONVENTIONAL:
		/* Memory that cannot be cached, or is kept for somebody, is not ours. */
		if (!(e->attributes & EFI_WRITE_BACK) || (e->attributes & EFI_SPECIFIC_PURPOSE))
			return BOOT_MEM_RESERVED;
		return BOOT_MEM_RAM;
	case EFI_UNUSABLE:
		return BOOT_MEM_BAD;
	case EFI_ACPI_RECLAIM:
		return BOOT_MEM_ACPI;
	case EFI_ACPI_NVS:
		return BOOT_MEM_NVS;
	case EFI_PERSISTENT:
		return BOOT_MEM_PMEM;
	default:
		return BOOT_MEM_RESERVED; /* runtime services, devices, what is not known */
	}
}

static int add_efi(struct walk *w, const u8 *p)
{
	struct efi_entry e;

	memcpy(&e, p, sizeof(e));
	if (e.pages > ~0ull >> 12)
		return fail(w, -EINVAL, "the memory map has a range that wraps");
	return add_range(w, e.base, e.pages << 12, efi_kind(&e));
}

static int read_map(struct walk *w, struct body b, u32 min_len,
		    int (*add)(struct walk *w, const u8 *p))
{
	struct map_tag head;
	int err = 0;

	if (b.len < sizeof(head))
		return fail(w, -EINVAL, "Multiboot2 memory map tag is too short");
	memcpy(&head, b.p, sizeof(head));
	if (head.entry_len < min_len)
		return fail(w, -EINVAL, "Multiboot2 memory map has entries that are too short");
	for (u64 at = sizeof(head); b.len - at >= head.entry_len && !err; at += head.entry_len)
		err = add(w, b.p + at);
	return err;
}

static int read_maps(struct walk *w)
{
	int err = 0;

	if (w->efi_map.p)
		err = read_map(w, w->efi_map, sizeof(struct efi_entry), add_efi);
	else if (w->map.p)
		err = read_map(w, w->map, sizeof(struct map_entry), add_plain);
	boot_info_sort_ranges(w->out);
	return err;
}

int multiboot2_parse(const struct phys_reader *mem, paddr_t start_pa, struct boot_info *out,
		     const char **why)
{
	struct walk w = { .out = out, .mem = mem, .why = why };
	const u8 *info;
	u32 total;
	int err;

	memset(out, 0, sizeof(*out));
	memcpy(out->loader, "Multiboot2", sizeof("Multiboot2"));
	if (!phys_copy(mem, &total, start_pa, sizeof(total)))
		return fail(&w, -EFAULT, "Multiboot2 information lies outside of memory");
	if (total < INFO_HEAD)
		return fail(&w, -EINVAL, "Multiboot2 information is too short");
	info = phys_read(mem, start_pa, total);
	if (!info)
		return fail(&w, -EFAULT, "Multiboot2 information lies outside of memory");
	err = read_tags(&w, start_pa, info, total);
	if (!err)
		err = read_maps(&w);
	out->rsdp = w.rsdp_new ? w.rsdp_new : w.rsdp_old;
	return err;
}
