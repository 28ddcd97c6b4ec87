/* SPDX-License-Identifier: MIT */
/*
 * [pure] ELF header checks. After elf_check_phdrs() every address and sum in
 * the plan and in each PT_LOAD is below ELF_USER_END and has not wrapped, so
 * the mapper needs no overflow checks of its own.
 */
#include <kernel/lib/elf.h>

#include <kernel/abi/errno.h>

#define PAGE 4096ull
/* End of what Linux gives a 64-bit program: 47 bits less a guard page. */
#define ELF_USER_END ((1ull << 47) - PAGE)

#define CLASS_64      2 /* e_ident[4] */
#define DATA_LSB      1 /* e_ident[5] */
#define MACHINE_X86_64 62

int elf_check(const struct elf64_ehdr *eh, u64 file_size)
{
	const u8 *id = eh->e_ident;
	u64 table;

	if (id[0] != 0x7f || id[1] != 'E' || id[2] != 'L' || id[3] != 'F')
		return -ENOEXEC;
	if (id[4] != CLASS_64 || id[5] != DATA_LSB || eh->e_machine != MACHINE_X86_64)
		return -ENOEXEC;
	if (eh->e_type != ELF_ET_EXEC && eh->e_type != ELF_ET_DYN)
		return -ENOEXEC;
	if (eh->e_phentsize != sizeof(struct elf64_phdr) || !eh->e_phnum)
		return -ENOEXEC;
	table = (u64)eh->e_phnum * sizeof(struct elf64_phdr);
	if (table > ELF_PHDRS_MAX || table > file_size || eh->e_phoff > file_size - table)
		return -ENOEXEC;
	return 0;
}

static int check_load(const struct elf64_phdr *ph)
{
	if (ph->p_filesz > ph->p_memsz)
		return -ENOEXEC;
	if (ph->p_memsz > ELF_USER_END || ph->p_vaddr > ELF_USER_END - ph->p_memsz)
		return -ENOEXEC;
	if (ph->p_offset > INT64_MAX - PAGE - ph->p_filesz)
		return -ENOEXEC;
	/* Pages of the file can only be mapped where the page offsets agree. */
	if (ph->p_filesz && (ph->p_offset ^ ph->p_vaddr) % PAGE)
		return -ENOEXEC;
	return 0;
}

static void add_load(const struct elf64_ehdr *eh, const struct elf64_phdr *ph,
		     struct elf_plan *out)
{
	u64 table = (u64)eh->e_phnum * sizeof(*ph);
	u64 end = ph->p_vaddr + ph->p_memsz;

	out->start = MIN(out->start, ALIGN_DOWN(ph->p_vaddr, PAGE));
	out->end = MAX(out->end, ALIGN_UP(end, PAGE));
	out->brk = MAX(out->brk, end);
	/* An alignment that is no power of two is ignored, as on Linux. */
	if (!(ph->p_align & (ph->p_align - 1)))
		out->align = MAX(out->align, ph->p_align);
	if (eh->e_phoff >= ph->p_offset && ph->p_filesz >= table &&
	    eh->e_phoff - ph->p_offset <= ph->p_filesz - table)
		out->phdrs_va = ph->p_vaddr + (eh->e_phoff - ph->p_offset);
}

/* The first PT_INTERP counts. */
static int set_interp(const struct elf64_phdr *ph, struct elf_plan *out)
{
	if (out->has_interp)
		return 0;
	if (ph->p_filesz < 2 || ph->p_filesz > ELF_INTERP_MAX ||
	    ph->p_offset > INT64_MAX - ph->p_filesz)
		return -ENOEXEC;
	out->has_interp = true;
	out->interp_offset = ph->p_offset;
	out->interp_len = ph->p_filesz;
	return 0;
}

int elf_check_phdrs(const struct elf64_ehdr *eh, const struct elf64_phdr *ph,
		    struct elf_plan *out)
{
	int err = 0;

	*out = (struct elf_plan){
		.dyn = eh->e_type == ELF_ET_DYN,
		.entry = eh->e_entry,
		.start = UINT64_MAX,
		.align = PAGE,
	};
	for (unsigned i = 0; i < eh->e_phnum && !err; i++, ph++) {
		switch (ph->p_type) {
		case ELF_PT_LOAD:
			if (!ph->p_memsz)
				break; /* maps nothing */
			err = check_load(ph);
			if (!err)
				add_load(eh, ph, out);
			break;
		case ELF_PT_INTERP:
			err = set_interp(ph, out);
			break;
		case ELF_PT_GNU_STACK:
			out->exec_stack = ph->p_flags & ELF_PF_X;
			break;
		}
	}
	if (err)
		return err;
	/* A biased image needs room for the span and its alignment. */
	if (!out->end || out->align > ELF_USER_END / 2 || out->entry >= ELF_USER_END)
		return -ENOEXEC;
	return 0;
}
