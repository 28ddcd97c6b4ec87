/* SPDX-License-Identifier: MIT */
/*
 * An ELF program into a fresh address space: its segments, its interpreter's,
 * and the first stack (psABI §3.4.1):
 *
 *   stack_top  | 8 zero bytes                  |
 *              | name it was started by        |
 *              | environment and argument words|  arg_start .. env_end
 *              | "x86_64", 16 random bytes     |
 *              | auxiliary vector              |
 *              | environment pointers, NULL    |
 *              | argument pointers, NULL       |
 *   sp  ->     | argc                          |  16-byte aligned
 *
 * Nothing here touches the running program.
 */
#include <arch/cpu.h>
#include <arch/uaccess.h>
#include <fs/file.h>
#include <fs/fs_context.h>
#include <fs/inode.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_auxv.h>
#include <kernel/abi/linux_fcntl.h>
#include <kernel/abi/linux_mman.h>
#include <kernel/lib/elf.h>
#include <kernel/lib/string.h>
#include <kernel/task/task.h>
#include <mm/aspace.h>
#include <mm/kmalloc.h>
#include <mm/kva.h>
#include <mm/object.h>
#include <security/cred.h>
#include <security/random.h>

#include "exec_priv.h"

#define DYN_BASE      0x555555554000ull /* two thirds of user space, as Linux */
#define DYN_RANDOM    BIT(28)           /* pages */
#define STACK_RANDOM  BIT(22)           /* pages: 16 GiB */
#define MMAP_RANDOM   BIT(28)           /* pages: 1 TiB */
#define BRK_RANDOM    (32ull << 20)     /* bytes: static images keep the ring window free */
#define STACK_GAP_MIN (128ull << 20)
#define STACK_GAP_MAX (USER_END / 6 * 5)
#define STACK_SLACK   (64ull << 10)     /* mapped below the first sp at once */

/* One ELF file on its way into the space. */
struct elf_file {
	struct file *file;
	struct vmobject *object;       /* referenced */
	const struct elf64_ehdr *head; /* the first bytes of the file */
	struct elf64_phdr *phdrs;      /* allocated */
	struct elf_plan plan;
	u64 bias;                      /* where it came to lie minus where it was linked */
};

static u64 random_pages(u64 pages)
{
	return (random_u64() & (pages - 1)) << PAGE_SHIFT;
}

/* Checks the headers and takes what mapping needs. Undone by elf_close(). */
static int elf_open(struct elf_file *elf, struct file *file, const void *head)
{
	size_t size;
	int err;

	*elf = (struct elf_file){ .file = file, .head = head };
	err = elf_check(elf->head, file->inode->size);
	if (err)
		return err;
	if (!file->ops->mmap)
		return -ENOEXEC;
	size = elf->head->e_phnum * sizeof(struct elf64_phdr);
	elf->phdrs = kmalloc(size, 0);
	if (!elf->phdrs)
		return -ENOMEM;
	if (elf->head->e_phoff + size <= EXEC_HEAD_SIZE)
		memcpy(elf->phdrs, (const char *)head + elf->head->e_phoff, size);
	else if (file_read_kernel(file, elf->head->e_phoff, elf->phdrs, size) != (long)size)
		return -ENOEXEC;
	err = elf_check_phdrs(elf->head, elf->phdrs, &elf->plan);
	return err ? err : file->ops->mmap(file, &elf->object);
}

static void elf_close(struct elf_file *elf)
{
	if (elf->object)
		vmobject_put(elf->object);
	kfree(elf->phdrs);
}

static u32 segment_prot(const struct elf64_phdr *ph)
{
	return (ph->p_flags & ELF_PF_R ? PROT_READ : 0u) |
	       (ph->p_flags & ELF_PF_W ? PROT_WRITE : 0u) |
	       (ph->p_flags & ELF_PF_X ? PROT_EXEC : 0u);
}

static int map_fixed(struct aspace *as, u64 addr, u64 len, u32 prot, u32 region_flags,
		     const struct elf_file *elf, u64 offset)
{
	struct map_request req = {
		.addr = addr, .len = len, .prot = prot,
		.max_prot = PROT_READ | PROT_WRITE | PROT_EXEC,
		.map_flags = MAP_PRIVATE | MAP_FIXED | (elf ? 0u : MAP_ANONYMOUS),
		.region_flags = region_flags, .object = elf ? elf->object : NULL,
		.offset = offset, .file = elf ? elf->file : NULL,
		.rlimit_as = task_rlimit(RLIMIT_AS),
	};
	u64 got;

	return aspace_map(as, &req, &got);
}

static const u8 zeroes[PAGE_SIZE];

/* What lies behind the file's bytes in a segment: the rest of their last page
 * cleared, whole pages of zeroes beyond. */
static int map_bss(struct aspace *as, const struct elf64_phdr *ph, u64 bias)
{
	u64 start = bias + ph->p_vaddr + ph->p_filesz;
	u64 end = ALIGN_UP(bias + ph->p_vaddr + ph->p_memsz, PAGE_SIZE);
	u64 page = ALIGN_UP(start, PAGE_SIZE);

	/* A segment that cannot be written keeps the file's bytes, as on Linux. */
	if (start < page && ph->p_filesz && (ph->p_flags & ELF_PF_W) &&
	    aspace_access(as, start, (void *)(uintptr_t)zeroes, page - start, true) < 0)
		return -ENOMEM;
	if (!ph->p_filesz)
		page = ALIGN_DOWN(start, PAGE_SIZE);
	return page < end ? map_fixed(as, page, end - page, segment_prot(ph), 0, NULL, 0) : 0;
}

static int map_segment(struct aspace *as, const struct elf_file *elf, const struct elf64_phdr *ph)
{
	u64 skew = ph->p_vaddr & ~PAGE_MASK;
	int err = 0;

	if (ph->p_filesz)
		err = map_fixed(as, elf->bias + ph->p_vaddr - skew, ph->p_filesz + skew,
				segment_prot(ph), 0, elf, ph->p_offset - skew);
	if (!err && ph->p_memsz > ph->p_filesz)
		err = map_bss(as, ph, elf->bias);
	return err;
}

static int map_segments(struct aspace *as, const struct elf_file *elf)
{
	for (u32 i = 0; i < elf->head->e_phnum; i++) {
		int err;

		if (elf->phdrs[i].p_type != ELF_PT_LOAD)
			continue;
		err = map_segment(as, elf, &elf->phdrs[i]);
		if (err)
			return err;
	}
	return 0;
}

/* Choose a place for a program that may lie anywhere, or check a fixed one. */
static int place_program(struct elf_file *elf)
{
	const struct elf_plan *plan = &elf->plan;

	if (plan->dyn)
		elf->bias = ALIGN_UP(DYN_BASE + random_pages(DYN_RANDOM), plan->align) -
			    plan->start;
	if (elf->bias + plan->start < USER_START || elf->bias + plan->end > USER_END ||
	    plan->end <= plan->start)
		return -ENOMEM;
	return 0;
}

/* The interpreter goes where mmap would put it: a reservation finds the place. */
static int place_interpreter(struct aspace *as, struct elf_file *elf)
{
	struct map_request req = {
		.len = elf->plan.end - elf->plan.start + elf->plan.align - PAGE_SIZE,
		.map_flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		.max_prot = PROT_READ | PROT_WRITE | PROT_EXEC,
		.rlimit_as = task_rlimit(RLIMIT_AS),
	};
	u64 got;
	int err;

	if (!elf->plan.dyn)
		return place_program(elf);
	err = aspace_map(as, &req, &got);
	if (err)
		return err;
	elf->bias = ALIGN_UP(got, elf->plan.align) - elf->plan.start;
	return aspace_unmap(as, got, req.len);
}

static int read_interp_name(const struct elf_file *elf, char *name)
{
	u64 len = elf->plan.interp_len;

	if (len < 2 || len > ELF_INTERP_MAX ||
	    file_read_kernel(elf->file, elf->plan.interp_offset, name, len) != (long)len ||
	    name[len - 1])
		return -ENOEXEC;
	return 0;
}

static int load_interpreter(struct exec_image *image, const char *name, void *head, u64 *base)
{
	struct elf_file elf = { 0 };
	struct file *file;
	int err = fs_open_exec(AT_FDCWD, name, 0, &file);

	if (err)
		return err;
	memset(head, 0, EXEC_HEAD_SIZE);
	err = file_read_kernel(file, 0, head, EXEC_HEAD_SIZE) < 0 ? -EIO :
								      elf_open(&elf, file, head);
	if (err == -ENOEXEC)
		err = -ELIBBAD;
	if (!err)
		err = place_interpreter(image->as, &elf);
	if (!err)
		err = map_segments(image->as, &elf);
	*base = elf.bias + elf.plan.start;
	image->entry = elf.bias + elf.plan.entry;
	elf_close(&elf);
	file_put(file);
	return err;
}

static int maybe_interpreter(struct exec_image *image, const struct elf_file *elf, u64 *base)
{
	char *buf; /* the name, then the head of the interpreter */
	int err;

	if (!elf->plan.has_interp)
		return 0;
	buf = kmalloc(ELF_INTERP_MAX + EXEC_HEAD_SIZE, 0);
	if (!buf)
		return -ENOMEM;
	err = read_interp_name(elf, buf);
	if (!err)
		err = load_interpreter(image, buf, buf + ELF_INTERP_MAX, base);
	kfree(buf);
	return err;
}

/* Tops of the stack and of the mmap area, before anything is mapped. */
static void place_areas(struct aspace *as)
{
	u64 gap = MIN(MAX(task_rlimit(RLIMIT_STACK), STACK_GAP_MIN), STACK_GAP_MAX);

	as->stack_top = USER_END - PAGE_SIZE - random_pages(STACK_RANDOM);
	as->mmap_top = ALIGN_DOWN(USER_END - (STACK_RANDOM << PAGE_SHIFT) - gap, PAGE_SIZE) -
		       random_pages(MMAP_RANDOM);
}

static void place_brk(struct aspace *as, const struct elf_file *elf)
{
	u64 end = ALIGN_UP(elf->bias + elf->plan.brk, PAGE_SIZE);

	as->code_start = elf->bias + elf->plan.start;
	as->code_end = elf->bias + elf->plan.end;
	as->brk_start = end + ALIGN_DOWN(random_u64() % BRK_RANDOM, PAGE_SIZE);
	as->brk = as->brk_start;
}

static void aux(u64 **at, u64 type, u64 value)
{
	*(*at)++ = type;
	*(*at)++ = value;
}

/* The auxiliary vector into as->auxv. @words: address of "x86_64", then random bytes. */
static u32 fill_auxv(struct aspace *as, const struct exec_image *image, const struct elf_file *elf,
		     u64 interp_base, u64 words, u64 name)
{
	u64 *at = as->auxv;

	aux(&at, AT_HWCAP, cpu_hwcap());
	aux(&at, AT_PAGESZ, PAGE_SIZE);
	aux(&at, AT_CLKTCK, 100);
	if (elf->plan.phdrs_va)
		aux(&at, AT_PHDR, elf->bias + elf->plan.phdrs_va);
	aux(&at, AT_PHENT, sizeof(struct elf64_phdr));
	aux(&at, AT_PHNUM, elf->head->e_phnum);
	aux(&at, AT_BASE, interp_base);
	aux(&at, AT_FLAGS, 0);
	aux(&at, AT_ENTRY, elf->bias + elf->plan.entry);
	aux(&at, AT_UID, image->cred->uid);
	aux(&at, AT_EUID, image->cred->euid);
	aux(&at, AT_GID, image->cred->gid);
	aux(&at, AT_EGID, image->cred->egid);
	aux(&at, AT_SECURE, image->setid);
	aux(&at, AT_RANDOM, words + 8);
	aux(&at, AT_HWCAP2, cpu_has_fsgsbase() ? HWCAP2_FSGSBASE : 0);
	aux(&at, AT_EXECFN, name);
	aux(&at, AT_PLATFORM, words);
	aux(&at, AT_MINSIGSTKSZ, cpu_min_sigstack());
	aux(&at, AT_NULL, 0);
	static_assert(20 * 2 <= ARRAY_SIZE(as->auxv), "room for what is above");
	return (u32)(at - as->auxv);
}

/* Addresses of the @count words at @text of the buffer that will lie at @base. */
static u64 *word_pointers(u64 *at, const struct exec_args *args, size_t *text, u32 count, u64 base)
{
	for (u32 i = 0; i < count; i++) {
		*at++ = base + *text;
		*text += strlen(args->buf + *text) + 1;
	}
	*at++ = 0;
	return at;
}

/* argc, pointers and auxiliary vector as one block in kernel memory. */
static int write_vectors(struct aspace *as, u64 sp, const struct exec_args *args, u64 base,
			 u32 aux_words, size_t bytes)
{
	u64 *block = bytes <= PAGE_SIZE ? kmalloc(bytes, 0) : vmalloc(bytes), *at = block;
	size_t text = 0;
	long done;

	if (!block)
		return -ENOMEM;
	*at++ = args->argc;
	at = word_pointers(at, args, &text, args->argc, base);
	at = word_pointers(at, args, &text, args->envc, base);
	memcpy(at, as->auxv, aux_words * sizeof(u64));
	done = aspace_access(as, sp, block, bytes, true);
	if (bytes <= PAGE_SIZE)
		kfree(block);
	else
		vfree(block);
	return done == (long)bytes ? 0 : -ENOMEM;
}

static int build_stack(struct exec_image *image, const struct elf_file *elf, u64 interp_base,
		       const struct exec_args *args)
{
	struct aspace *as = image->as;
	u64 base = as->stack_top - 8 - args->len;
	u64 words = ALIGN_DOWN(base - 24, 16);
	struct { char platform[8]; u8 random[16]; } small = { .platform = "x86_64" };
	u32 aux_words = fill_auxv(as, image, elf, interp_base, words, base + args->name_at);
	size_t bytes = (1 + args->argc + 1 + args->envc + 1 + aux_words) * sizeof(u64);
	u32 prot = PROT_READ | PROT_WRITE | (elf->plan.exec_stack ? PROT_EXEC : 0u);
	u64 low;
	int err;

	image->sp = ALIGN_DOWN(words - bytes, 16);
	low = ALIGN_DOWN(image->sp - STACK_SLACK, PAGE_SIZE);
	err = map_fixed(as, low, as->stack_top - low, prot, REGION_STACK | REGION_GROWSDOWN, NULL, 0);
	if (err)
		return err;
	random_bytes(small.random, sizeof(small.random));
	if (aspace_access(as, base, args->buf, args->len, true) != (long)args->len ||
	    aspace_access(as, words, &small, sizeof(small), true) != sizeof(small))
		return -ENOMEM;
	as->arg_start = base;
	as->arg_end = as->env_start = base + args->env_at;
	as->env_end = base + args->name_at;
	return write_vectors(as, image->sp, args, base, aux_words, bytes);
}

int exec_elf_load(struct exec_image *image, const void *head, const struct exec_args *args)
{
	struct elf_file elf;
	u64 interp_base = 0;
	int err = elf_open(&elf, image->file, head);

	if (!err) {
		place_areas(image->as);
		err = place_program(&elf);
	}
	if (!err)
		err = map_segments(image->as, &elf);
	if (!err) {
		place_brk(image->as, &elf);
		image->entry = elf.bias + elf.plan.entry;
		err = maybe_interpreter(image, &elf, &interp_base);
	}
	if (!err)
		err = build_stack(image, &elf, interp_base, args);
	elf_close(&elf);
	return err;
}
