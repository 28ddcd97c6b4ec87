/* SPDX-License-Identifier: MIT */
/*
 * ELF images into a new address space, and the space's lay-out:
 *
 *   above the stack      vDSO, + random
 *   USER_END - random    stack, downwards, as far as RLIMIT_STACK
 *   below, - random      mappings, downwards: interpreter, libraries, mmap
 *   2/3 of the range     position-independent programs, + random
 *   as linked            other programs; heap behind either, + random to 32 MiB
 *
 * Source: System V gABI ch. 5; Linux's choices where programs notice.
 */
#include <kernel/task/exec.h>

#include <arch/uaccess.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_mman.h>
#include <kernel/lib/elf.h>
#include <kernel/lib/string.h>
#include <kernel/task/fs_hooks.h>
#include <kernel/task/task.h>
#include <kernel/time/vdso.h>
#include <mm/aspace.h>
#include <mm/kmalloc.h>
#include <mm/object.h>
#include <security/random.h>

#define STACK_RANDOM_PAGES (1ull << 22) /* 16 GiB */
#define MMAP_RANDOM_PAGES  (1ull << 28)
#define BRK_RANDOM_PAGES   (1ull << 13) /* 32 MiB: the ring window lies above */
#define STACK_MIN          (128ull << 10)
#define STACK_MAP_MAX      (8ull << 20) /* mapped at once; faults extend it to the limit */
#define MMAP_GAP_MIN       (128ull << 20)
#define VDSO_PAGES_MAX     2ull /* with the page of numbers */
#define DYN_BASE           ALIGN_DOWN(USER_END / 3 * 2, PAGE_SIZE)

struct image {
	struct file *file;
	struct vmobject *object;
	struct elf64_ehdr eh;
	struct elf64_phdr *ph;
	struct elf_plan plan;
};

static u64 random_pages(bool randomise, u64 n)
{
	return randomise ? random_u64() % n * PAGE_SIZE : 0;
}

static void image_close(struct image *image)
{
	if (image->object)
		vmobject_put(image->object);
	kfree(image->ph);
}

static int read_exactly(struct file *file, u64 pos, void *buf, size_t len)
{
	long n = fs_hook_file_read(file, pos, buf, len);

	if (n < 0)
		return (int)n;
	return (size_t)n == len ? 0 : -ENOEXEC;
}

static int image_open(struct image *image, struct file *file)
{
	size_t len;
	int err;

	*image = (struct image){ .file = file };
	err = read_exactly(file, 0, &image->eh, sizeof(image->eh));
	if (!err)
		err = elf_check(&image->eh, fs_hook_file_size(file));
	if (err)
		return err;
	len = (size_t)image->eh.e_phnum * sizeof(*image->ph);
	image->ph = kmalloc(len, 0);
	if (!image->ph)
		return -ENOMEM;
	err = read_exactly(file, image->eh.e_phoff, image->ph, len);
	if (!err)
		err = elf_check_phdrs(&image->eh, image->ph, &image->plan);
	if (!err)
		err = fs_hook_file_map(file, &image->object);
	return err;
}

static u32 prot_of(const struct elf64_phdr *ph)
{
	return (ph->p_flags & ELF_PF_R ? PROT_READ : 0) |
	       (ph->p_flags & ELF_PF_W ? PROT_WRITE : 0) |
	       (ph->p_flags & ELF_PF_X ? PROT_EXEC : 0);
}

static int map_fixed(struct aspace *as, u64 start, u64 end, u32 prot, const struct image *image,
		     u64 offset)
{
	struct map_request req = {
		.addr = start,
		.len = end - start,
		.prot = prot,
		.max_prot = PROT_READ | PROT_WRITE | PROT_EXEC,
		.map_flags = MAP_PRIVATE | MAP_FIXED | (image ? 0 : MAP_ANONYMOUS),
		.object = image ? image->object : NULL,
		.file = image ? image->file : NULL,
		.offset = offset,
		.rlimit_as = task_rlimit(RLIMIT_AS),
	};
	u64 got;

	return start < end ? aspace_map(as, &req, &got) : 0;
}

/* The rest of a file page behind the segment's end is not the file's: as on Linux
 * the whole rest, which ld.so takes as zeroed memory beyond its own end. */
static int clear_tail(struct aspace *as, u64 start, u64 end)
{
	return aspace_clear(as, start, end - start) ? -ENOMEM : 0;
}

static int map_segment(struct aspace *as, const struct image *image,
		       const struct elf64_phdr *ph, u64 bias)
{
	u64 va = ph->p_vaddr + bias, start = ALIGN_DOWN(va, PAGE_SIZE);
	u64 file_end = va + ph->p_filesz, file_map_end = ALIGN_UP(file_end, PAGE_SIZE);
	u64 end = ALIGN_UP(va + ph->p_memsz, PAGE_SIZE);
	u32 prot = prot_of(ph);
	int err;

	if (!ph->p_filesz)
		return map_fixed(as, start, end, prot, NULL, 0);
	err = map_fixed(as, start, file_map_end, prot, image,
			ALIGN_DOWN(ph->p_offset, PAGE_SIZE));
	if (!err && ph->p_memsz > ph->p_filesz && (prot & PROT_WRITE))
		err = clear_tail(as, file_end, file_map_end);
	if (!err)
		err = map_fixed(as, file_map_end, end, prot, NULL, 0);
	return err;
}

static int map_image(struct aspace *as, const struct image *image, u64 bias)
{
	int err = 0;

	for (u32 i = 0; i < image->eh.e_phnum && !err; i++) {
		const struct elf64_phdr *ph = &image->ph[i];

		if (ph->p_type == ELF_PT_LOAD && ph->p_memsz)
			err = map_segment(as, image, ph, bias);
	}
	/* What cannot be placed is no executable of ours. */
	return err == -EINVAL || err == -EPERM ? -ENOEXEC : err;
}

/* A bias that puts the whole span at a place the space chooses. */
static int choose_bias(struct aspace *as, const struct elf_plan *plan, u64 *bias)
{
	u64 len = plan->end - plan->start, base, got;
	struct map_request req = {
		.len = len + plan->align - PAGE_SIZE,
		.prot = PROT_NONE,
		.max_prot = PROT_READ | PROT_WRITE | PROT_EXEC,
		.map_flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		.rlimit_as = RLIM64_INFINITY,
	};
	int err = aspace_map(as, &req, &got);

	if (err)
		return err;
	base = ALIGN_UP(got, plan->align) + plan->start % plan->align;
	*bias = base - plan->start;
	/* Only the place was wanted: holes of the image stay holes. */
	return aspace_unmap(as, got, req.len);
}

/* Reads the interpreter's name and opens it. */
static int open_interp(const struct image *image, struct file **out)
{
	const struct elf_plan *plan = &image->plan;
	char *path = kmalloc(plan->interp_len, 0);
	int err;

	if (!path)
		return -ENOMEM;
	err = read_exactly(image->file, plan->interp_offset, path, plan->interp_len);
	if (!err && path[plan->interp_len - 1] != '\0')
		err = -ENOEXEC;
	if (!err)
		err = fs_hook_open_exec(-100 /* AT_FDCWD; the path is absolute or the cwd's */,
					path, 0, out);
	kfree(path);
	return err;
}

static int load_interp(const struct image *image, struct aspace *as, struct exec_program *out)
{
	struct image interp;
	struct file *file;
	u64 bias = 0;
	int err = open_interp(image, &file);

	if (err)
		return err;
	err = image_open(&interp, file);
	if (err == -ENOEXEC)
		err = -ELIBBAD;
	if (!err && interp.plan.dyn)
		err = choose_bias(as, &interp.plan, &bias);
	if (!err)
		err = map_image(as, &interp, bias);
	if (!err) {
		out->entry = interp.plan.entry + bias;
		out->interp_base = interp.plan.start + bias;
	}
	image_close(&interp);
	fs_hook_file_put(file);
	return err;
}

static int map_stack(struct aspace *as, bool exec)
{
	u64 limit = MIN(MAX(task_rlimit(RLIMIT_STACK), STACK_MIN), STACK_MAP_MAX);
	struct map_request req = {
		.len = ALIGN_UP(limit, PAGE_SIZE),
		.prot = PROT_READ | PROT_WRITE | (exec ? PROT_EXEC : 0),
		.max_prot = PROT_READ | PROT_WRITE | PROT_EXEC,
		.map_flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | MAP_NORESERVE,
		.region_flags = REGION_STACK | REGION_GROWSDOWN,
		.rlimit_as = task_rlimit(RLIMIT_AS),
	};
	u64 got;
	int err;

	req.addr = as->stack_top - req.len;
	err = aspace_map(as, &req, &got);
	return err == -EEXIST ? -ENOMEM : err;
}

/* Somewhere above the stack, within the reach of the page table that shows its top:
 * another one would be made, copied and freed with every process. Among the
 * mappings where that leaves no room. */
static int map_vdso(struct aspace *as, bool randomise, u64 *ehdr)
{
	u64 end = MIN(ALIGN_UP(as->stack_top, LARGE_PAGE_SIZE), USER_END);
	u64 room = (end - as->stack_top) / PAGE_SIZE;
	u64 hint = room > VDSO_PAGES_MAX ? as->stack_top +
		   random_pages(randomise, room - VDSO_PAGES_MAX) : 0;

	return vdso_map(as, hint, task_rlimit(RLIMIT_AS), ehdr);
}

static void lay_out(struct aspace *as, bool randomise)
{
	u64 gap = MAX(MIN(task_rlimit(RLIMIT_STACK), USER_END / 6 * 5), MMAP_GAP_MIN);

	as->stack_top = USER_END - random_pages(randomise, STACK_RANDOM_PAGES);
	as->mmap_top = ALIGN_DOWN(as->stack_top - gap - PAGE_SIZE, PAGE_SIZE) -
		       random_pages(randomise && gap < USER_END / 2, MMAP_RANDOM_PAGES);
}

static void note_code(struct aspace *as, const struct image *image, u64 bias)
{
	as->code_start = ~0ull;
	as->code_end = 0;
	for (u32 i = 0; i < image->eh.e_phnum; i++) {
		const struct elf64_phdr *ph = &image->ph[i];

		if (ph->p_type != ELF_PT_LOAD || !(ph->p_flags & ELF_PF_X))
			continue;
		as->code_start = MIN(as->code_start, ph->p_vaddr + bias);
		as->code_end = MAX(as->code_end, ph->p_vaddr + bias + ph->p_filesz);
	}
	if (!as->code_end)
		as->code_start = 0;
}

static int load(const struct image *image, struct aspace *as, bool randomise,
		struct exec_program *out)
{
	const struct elf_plan *plan = &image->plan;
	u64 bias = 0;
	int err;

	lay_out(as, randomise);
	if (plan->dyn)
		bias = ALIGN_DOWN(DYN_BASE + random_pages(randomise, MMAP_RANDOM_PAGES),
				  plan->align) -
		       ALIGN_DOWN(plan->start, plan->align);
	err = map_image(as, image, bias);
	if (!err)
		err = map_stack(as, plan->exec_stack);
	if (err)
		return err;
	as->brk_start = ALIGN_UP(plan->brk + bias, PAGE_SIZE) +
			random_pages(randomise, BRK_RANDOM_PAGES);
	as->brk = as->brk_start;
	note_code(as, image, bias);
	*out = (struct exec_program){
		.entry = plan->entry + bias,
		.own_entry = plan->entry + bias,
		.phdrs = plan->phdrs_va ? plan->phdrs_va + bias : 0,
		.nr_phdrs = image->eh.e_phnum,
		.exec_stack = plan->exec_stack,
	};
	if (plan->has_interp)
		err = load_interp(image, as, out);
	return err ? err : map_vdso(as, randomise, &out->vdso);
}

int exec_load(struct file *file, struct aspace *as, bool randomise, struct exec_program *out)
{
	struct image image;
	int err = image_open(&image, file);

	if (!err)
		err = load(&image, as, randomise, out);
	image_close(&image);
	return err;
}
