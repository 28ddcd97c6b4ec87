/* SPDX-License-Identifier: MIT */
/*
 * Where linker.ld put things. The image lies at virtual KERNEL_BASE + its
 * physical address; .boot alone is linked at its physical address. All limits
 * but those of .bss and .percpu are page-aligned.
 */
#pragma once

#include <arch/mmu.h>
#include <kernel/lib/types.h>

extern char __boot_start[], __boot_end[];     /* physical = virtual; RWX, start only */
extern char __image_start[], __image_end[];   /* virtual, .text to the end of .bss */
extern char __text_start[], __text_end[];     /* R-X */
extern char __rodata_start[], __rodata_end[]; /* R--: .extable .rodata .ktest .ksymtab */
extern char __data_start[], __data_end[];     /* RW-: .data .percpu */
extern char __percpu_start[], __percpu_end[]; /* in .data; 64-byte aligned */
extern char __percpu_initial[];               /* in .bss: .percpu as it was at the start */
extern char __bss_start[], __bss_end[];       /* RW- */

/* Stack of the boot CPU from arch_start() on, KSTACK_SIZE bytes: kernel_main()
 * runs on it and it becomes that of the first thread. */
extern char boot_stack[], boot_stack_top[];

/* The vDSO, a shared object for programs (arch/x86_64/vdso/), in .rodata. */
extern const char vdso_image[], vdso_image_end[];

/* Frames [kernel_pa_start, kernel_pa_end) hold .boot and the image for ever. */
static inline paddr_t kernel_pa_start(void)
{
	return (paddr_t)(uintptr_t)__boot_start;
}

static inline paddr_t kernel_pa_end(void)
{
	return virt_to_phys(__image_end);
}
