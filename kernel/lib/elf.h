/* SPDX-License-Identifier: MIT */
/*
 * ELF64 executables for x86-64: formats, and the checks that exec makes
 * before it maps anything. (System V gABI ch. 4 and 5; psABI x86-64 §4.1)
 */
#pragma once

#include <kernel/lib/types.h>

struct elf64_ehdr {
	u8 e_ident[16];
	u16 e_type;
	u16 e_machine;
	u32 e_version;
	u64 e_entry;
	u64 e_phoff;
	u64 e_shoff;
	u32 e_flags;
	u16 e_ehsize;
	u16 e_phentsize;
	u16 e_phnum;
	u16 e_shentsize;
	u16 e_shnum;
	u16 e_shstrndx;
};
static_assert(sizeof(struct elf64_ehdr) == 64, "gABI format");
static_assert(offsetof(struct elf64_ehdr, e_phnum) == 56, "gABI format");

struct elf64_phdr {
	u32 p_type;
	u32 p_flags; /* ELF_PF_* */
	u64 p_offset;
	u64 p_vaddr;
	u64 p_paddr;
	u64 p_filesz;
	u64 p_memsz;
	u64 p_align;
};
static_assert(sizeof(struct elf64_phdr) == 56, "gABI format");

#define ELF_ET_EXEC 2
#define ELF_ET_DYN  3

#define ELF_PT_LOAD      1u
#define ELF_PT_INTERP    3u
#define ELF_PT_GNU_STACK 0x6474e551u

#define ELF_PF_X BIT(0)
#define ELF_PF_W BIT(1)
#define ELF_PF_R BIT(2)

/* The program headers may take this much, and PT_INTERP, as on Linux. */
#define ELF_PHDRS_MAX  65536u
#define ELF_INTERP_MAX 4096u

/* What the program headers ask for. Addresses are as linked, without a bias. */
struct elf_plan {
	bool dyn;          /* ET_DYN: may be loaded at any aligned bias */
	bool has_interp;
	bool exec_stack;   /* PT_GNU_STACK asks for it; absent means no */
	u64 start, end;    /* span of all PT_LOAD, whole pages */
	u64 align;         /* the bias must be a multiple; a power of two >= 4096 */
	u64 entry;
	u64 brk;           /* end of the highest segment in memory, bytes */
	u64 phdrs_va;      /* AT_PHDR; 0 when no segment holds the headers */
	u64 interp_offset; /* in the file, with the NUL that the reader checks */
	u64 interp_len;
};

/**
 * elf_check - can this file be an executable of ours?
 * @file_size: bytes of the file; the program headers must lie within
 * Return: 0; -ENOEXEC.
 */
int elf_check(const struct elf64_ehdr *eh, u64 file_size) __must_check;

/**
 * elf_check_phdrs - check the program headers of @eh and sum them up
 * @eh: has passed elf_check(); @ph: its e_phnum program headers
 * Segments may come in any order, reach beyond the end of the file, and share
 * pages, as Linux allows.
 * Return: 0; -ENOEXEC nothing to load, an impossible segment or interpreter.
 */
int elf_check_phdrs(const struct elf64_ehdr *eh, const struct elf64_phdr *ph,
		    struct elf_plan *out) __must_check;
