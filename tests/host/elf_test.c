/* SPDX-License-Identifier: MIT */
#include <kernel/lib/elf.h>

#include "test.h"

#include <kernel/abi/errno.h>

/* As gcc links a static program, and a static-PIE. */
static const struct elf64_ehdr static_eh = {
	.e_ident = { 0x7f, 'E', 'L', 'F', 2, 1, 1 }, .e_type = ELF_ET_EXEC, .e_machine = 62,
	.e_version = 1, .e_entry = 0x401100, .e_phoff = 64, .e_ehsize = 64, .e_phentsize = 56,
	.e_phnum = 4,
};
static const struct elf64_phdr static_ph[4] = {
	{ ELF_PT_LOAD, ELF_PF_R, 0, 0x400000, 0, 0x500, 0x500, 4096 },
	{ ELF_PT_LOAD, ELF_PF_R | ELF_PF_X, 0x1000, 0x401000, 0, 0x2345, 0x2345, 4096 },
	{ ELF_PT_LOAD, ELF_PF_R | ELF_PF_W, 0x4e10, 0x405e10, 0, 0x300, 0x1900, 4096 },
	{ ELF_PT_GNU_STACK, ELF_PF_R | ELF_PF_W, 0, 0, 0, 0, 0, 16 },
};

TEST(elf_static)
{
	struct elf_plan plan;

	CHECK_EQ(elf_check(&static_eh, 0x5110), 0);
	CHECK_EQ(elf_check_phdrs(&static_eh, static_ph, &plan), 0);
	CHECK(!plan.dyn && !plan.has_interp && !plan.exec_stack);
	CHECK_EQ(plan.start, 0x400000);
	CHECK_EQ(plan.end, 0x408000);
	CHECK_EQ(plan.brk, 0x407710);
	CHECK_EQ(plan.entry, 0x401100);
	CHECK_EQ(plan.align, 4096);
	CHECK_EQ(plan.phdrs_va, 0x400040);
}

TEST(elf_dynamic)
{
	struct elf64_ehdr eh = static_eh;
	struct elf_plan plan;
	struct elf64_phdr ph[4] = {
		{ ELF_PT_INTERP, ELF_PF_R, 0x318, 0x318, 0, 28, 28, 1 },
		{ ELF_PT_LOAD, ELF_PF_R | ELF_PF_W, 0x2000, 0x202000, 0, 16, 0x4000, 0x200000 },
		{ ELF_PT_LOAD, ELF_PF_R | ELF_PF_X, 0, 0, 0, 0x2000, 0x2000, 3 }, /* order, align */
		{ ELF_PT_GNU_STACK, ELF_PF_R | ELF_PF_W | ELF_PF_X, 0, 0, 0, 0, 0, 16 },
	};

	eh.e_type = ELF_ET_DYN;
	eh.e_entry = 0x1100;
	CHECK_EQ(elf_check_phdrs(&eh, ph, &plan), 0);
	CHECK(plan.dyn && plan.has_interp && plan.exec_stack);
	CHECK_EQ(plan.interp_offset, 0x318);
	CHECK_EQ(plan.interp_len, 28);
	CHECK_EQ(plan.start, 0);
	CHECK_EQ(plan.end, 0x206000);
	CHECK_EQ(plan.align, 0x200000);
	CHECK_EQ(plan.phdrs_va, 64);
	ph[0].p_filesz = 1;
	CHECK_EQ(elf_check_phdrs(&eh, ph, &plan), -ENOEXEC);
	ph[0].p_filesz = 4097;
	CHECK_EQ(elf_check_phdrs(&eh, ph, &plan), -ENOEXEC);
}

#define BAD_HEADER(change)                               \
	do {                                             \
		struct elf64_ehdr eh = static_eh;        \
		change;                                  \
		CHECK_EQ(elf_check(&eh, 4096), -ENOEXEC); \
	} while (0)

TEST(elf_bad_headers)
{
	CHECK_EQ(elf_check(&static_eh, 64 + 4 * 56), 0);
	CHECK_EQ(elf_check(&static_eh, 64 + 4 * 56 - 1), -ENOEXEC);
	CHECK_EQ(elf_check(&static_eh, 0), -ENOEXEC);
	BAD_HEADER(eh.e_ident[0] = '#');
	BAD_HEADER(eh.e_ident[4] = 1);
	BAD_HEADER(eh.e_ident[5] = 2);
	BAD_HEADER(eh.e_machine = 3);
	BAD_HEADER(eh.e_type = 1);
	BAD_HEADER(eh.e_type = 4);
	BAD_HEADER(eh.e_phentsize = 32);
	BAD_HEADER(eh.e_phnum = 0);
	BAD_HEADER(eh.e_phnum = 0xffff);
	BAD_HEADER(eh.e_phoff = 4096 - 4 * 56 + 1);
	BAD_HEADER(eh.e_phoff = UINT64_MAX);
}

#define BAD_LOAD(change)                                                    \
	do {                                                                \
		struct elf64_phdr ph[4];                                    \
		struct elf_plan plan;                                       \
		for (int i_ = 0; i_ < 4; i_++)                              \
			ph[i_] = static_ph[i_];                             \
		change;                                                     \
		CHECK_EQ(elf_check_phdrs(&static_eh, ph, &plan), -ENOEXEC); \
	} while (0)

TEST(elf_bad_segments)
{
	BAD_LOAD(ph[0].p_filesz = 0x501);
	BAD_LOAD(ph[1].p_vaddr = UINT64_MAX - 0xfff);
	BAD_LOAD(ph[1].p_vaddr = 0x7fffffffe000);
	BAD_LOAD(ph[1].p_memsz = UINT64_MAX);
	BAD_LOAD(ph[1].p_offset = UINT64_MAX - 0xfff);
	BAD_LOAD(ph[1].p_offset = 0x1001);
	BAD_LOAD(ph[2].p_align = 1ull << 63);
	BAD_LOAD(ph[0].p_type = ph[1].p_type = ph[2].p_type = 0);
	BAD_LOAD(ph[0].p_memsz = ph[0].p_filesz = ph[1].p_memsz = ph[1].p_filesz =
		 ph[2].p_memsz = ph[2].p_filesz = 0);
}
