; SPDX-License-Identifier: MIT
;
; Start of an application processor. The SIPI starts it in real mode at page
; 0x8000, where smp.c has copied [ap_trampoline, ap_trampoline_end); from there
; straight into long mode on the boot page tables (which map low memory one to
; one), then to the higher half, where it finds its own struct cpu and stack by
; its APIC id and takes the kernel's tables.
; Sources: Intel SDM vol. 3 §8.4.4 (start-up), §9.8.5 (long mode; protection and
; paging may be switched on by one write of CR0).

%include "boot/boot.inc"
%include "offsets.inc"

global ap_trampoline, ap_trampoline_end, ap_kernel_cr3, ap_table, ap_table_len
extern boot_pml4, boot_efer_bits, ap_start

%define AP_BASE 0x8000			; smp.c asserts it
%define LOW(label) (AP_BASE + (label) - ap_trampoline)

section .rodata
align 16
bits 16
ap_trampoline:
	cli
	cld
	xor	ax, ax
	mov	ds, ax
	o32 lgdt [LOW(ap_gdtr)]
	mov	eax, CR4_PAE
	mov	cr4, eax
	mov	eax, boot_pml4
	mov	cr3, eax
	mov	ecx, MSR_EFER
	mov	eax, [LOW(ap_efer)]
	xor	edx, edx
	wrmsr
	mov	eax, CR0_PG | CR0_WP | CR0_NE | CR0_MP | CR0_PE
	mov	cr0, eax
	jmp	dword 0x10:LOW(ap_long)
bits 64
ap_long:
	mov	eax, 0x18
	mov	ds, eax
	mov	es, eax
	mov	ss, eax
	mov	rax, ap_high
	jmp	rax
align 8
ap_gdt:	dq 0, 0
	dq 0x00af9b000000ffff		; as in long_mode.asm
	dq 0x00cf93000000ffff
ap_gdtr:
	dw ap_gdtr - ap_gdt - 1
	dd LOW(ap_gdt)
align 4
global ap_efer
ap_efer: dd 0				; smp.c writes it into the copy
ap_trampoline_end:

section .text
bits 64
ap_high:
	mov	rax, [ap_kernel_cr3]
	mov	cr3, rax
	; APIC id: leaf 0Bh where it is valid, else leaf 1 (cpuid.c's cpuid_apic_id)
	xor	eax, eax
	cpuid
	cmp	eax, 0xb
	jb	.old
	mov	eax, 0xb
	xor	ecx, ecx
	cpuid
	test	ebx, 0xffff
	jnz	.have_id
.old:	mov	eax, 1
	cpuid
	mov	edx, ebx
	shr	edx, 24
.have_id:
	mov	rsi, [ap_table]
	mov	ecx, [ap_table_len]
.find:	test	ecx, ecx
	jz	.nobody
	cmp	[rsi + AP_APIC_ID], edx
	je	.found
	add	rsi, AP_TABLE_ENTRY
	dec	ecx
	jmp	.find
.found:
	mov	rsp, [rsi + AP_STACK_TOP]
	mov	rdi, [rsi + AP_CPU]
	xor	ebp, ebp
	push	rbp
	push	rbp
	call	ap_start
.nobody:
	cli
	hlt
	jmp	.nobody

section .bss nobits alloc noexec write align=8
ap_kernel_cr3:	resq 1
ap_table:	resq 1
ap_table_len:	resd 1
