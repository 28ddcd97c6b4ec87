; SPDX-License-Identifier: MIT
;
; Header and entry of the Multiboot2 protocol, by which GRUB starts us on BIOS
; and on UEFI. On UEFI too it ends the boot services and enters here, since no
; tag asks for anything else. The loader leaves: 32-bit protected mode, flat
; segments, paging off, interrupts off, EAX = magic, EBX = physical address of
; the information. Source: Multiboot2 specification 2.0, §3.1 and §3.2.

%include "boot/boot.inc"

global multiboot2_entry
extern long_mode_enter, boot_entry_cycles

%define HEADER_MAGIC 0xe85250d6
%define LOADER_MAGIC 0x36d76289
%define ARCH_I386 0

%define TAG_END 0
%define TAG_INFORMATION_REQUEST 1
%define TAG_ENTRY_ADDRESS 3
%define TAG_FRAMEBUFFER 5
%define TAG_MODULE_ALIGN 6
%define OPTIONAL 1

; What the parser cannot do without (multiboot2_parse.c): the memory map.
%define INFO_MEMORY_MAP 6

; The header lies in the first 32 KiB of the file: first section, 8-byte aligned.
section .boot.multiboot progbits alloc exec nowrite align=8
header:
	dd HEADER_MAGIC
	dd ARCH_I386
	dd header_end - header
	dd -(HEADER_MAGIC + ARCH_I386 + (header_end - header))
align 8, db 0
	dw TAG_INFORMATION_REQUEST, 0
	dd 12
	dd INFO_MEMORY_MAP
align 8, db 0
	dw TAG_ENTRY_ADDRESS, 0
	dd 12
	dd multiboot2_entry
align 8, db 0
	dw TAG_FRAMEBUFFER, OPTIONAL
	dd 20
	dd 1024, 768, 32		; GRUB's "auto", where there is no such mode
align 8, db 0
	dw TAG_MODULE_ALIGN, 0
	dd 8
align 8, db 0
	dw TAG_END, 0
	dd 8
header_end:

section .boot.text progbits alloc exec nowrite align=16
bits 32
multiboot2_entry:
	mov	ecx, eax		; rdtsc takes it
	SAVE_ENTRY_TIME
	mov	edi, LOADER_MULTIBOOT2
	cmp	ecx, LOADER_MAGIC
	je	long_mode_enter
	xor	edi, edi		; nobody we know: arch_start() says so
	jmp	long_mode_enter
