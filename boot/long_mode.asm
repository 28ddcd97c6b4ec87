; SPDX-License-Identifier: MIT
;
; From a loader's 32-bit mode to arch_start() in the higher half.
; In: EDI = LOADER_x, EBX = physical address of what the loader passes.
;
; The boot page tables stay: application processors start on them too. With
; 2 MiB pages (every long-mode CPU has those; 1 GiB pages not) they show
;   0                    4 GiB identity, while the code at low addresses runs
;   0xffff800000000000   4 GiB direct map, no execute
;   0xffffffff80000000   1 GiB, the image
; Sequence: Intel SDM vol. 3 §9.8.5 "Initializing IA-32e Mode".

%include "boot/boot.inc"

global long_mode_enter, boot_pml4, boot_efer_bits, boot_stack, boot_stack_top
global boot_entry_cycles
extern arch_start, __bss_start, __bss_end

section .boot.text progbits alloc exec nowrite align=16
bits 32
long_mode_enter:
	cli
	cld
	mov	esp, early_stack_top
	mov	ebp, edi
	push	ebx			; cpuid takes it

	mov	eax, 0x80000000
	cpuid
	cmp	eax, 0x80000001
	jb	no_long_mode
	mov	eax, 0x80000001
	cpuid
	bt	edx, CPUID_EXT_LM
	jnc	no_long_mode
	xor	esi, esi		; upper half of a no-execute entry
	bt	edx, CPUID_EXT_NX
	jnc	.tables
	mov	esi, PTE_NX_HIGH
	or	dword [boot_efer_bits], EFER_NXE

.tables:
	pop	ebx
	mov	dword [boot_pml4], boot_pdpt + (PTE_PRESENT | PTE_WRITE)
	mov	dword [boot_pml4 + 256 * 8], boot_pdpt + (PTE_PRESENT | PTE_WRITE)
	mov	[boot_pml4 + 256 * 8 + 4], esi
	mov	dword [boot_pml4 + 511 * 8], boot_pdpt_high + (PTE_PRESENT | PTE_WRITE)
	mov	dword [boot_pdpt_high + 510 * 8], boot_pd + (PTE_PRESENT | PTE_WRITE)
%assign i 0
%rep 4
	mov	dword [boot_pdpt + i * 8], boot_pd + i * 4096 + (PTE_PRESENT | PTE_WRITE)
%assign i i + 1
%endrep
	xor	ecx, ecx
	mov	eax, PTE_PRESENT | PTE_WRITE | PTE_LARGE
.fill:	mov	[boot_pd + ecx * 8], eax
	add	eax, 2 << 20
	inc	ecx
	cmp	ecx, 4 * 512
	jb	.fill

	mov	eax, CR4_PAE
	mov	cr4, eax
	mov	eax, boot_pml4
	mov	cr3, eax
	mov	ecx, MSR_EFER
	mov	eax, [boot_efer_bits]
	xor	edx, edx
	wrmsr
	mov	eax, CR0_PG | CR0_WP | CR0_NE | CR0_MP | CR0_PE
	mov	cr0, eax
	lgdt	[boot_gdtr]
	jmp	0x10:.long

bits 64
.long:
	mov	eax, 0x18
	mov	ds, eax
	mov	es, eax
	mov	ss, eax
	xor	eax, eax
	mov	fs, eax
	mov	gs, eax
	mov	rax, high_entry
	jmp	rax

bits 32
; A processor without long mode: one sentence on COM1 (0x3f8; line status at
; +5, bit 5 = transmitter empty: 16550 data sheet), then stop.
no_long_mode:
	mov	esi, no_long_mode_text
	mov	ecx, no_long_mode_len
.byte:	mov	edx, 0x3fd
.wait:	in	al, dx
	test	al, 0x20
	jz	.wait
	mov	edx, 0x3f8
	lodsb
	out	dx, al
	loop	.byte
.halt:	cli
	hlt
	jmp	.halt

section .boot.data progbits alloc noexec write align=4096
no_long_mode_text:
	db "exo: this CPU has no 64-bit mode; Exo-OS needs an x86_64 processor.", 13, 10
no_long_mode_len equ $ - no_long_mode_text
align 8
boot_efer_bits:	dd EFER_LME
boot_entry_cycles: dq 0
boot_gdt:			; same selectors as gdt.c
	dq 0, 0
	dq 0x00af9b000000ffff	; 0x10 code, long mode, ring 0 (SDM vol. 3 §3.4.5)
	dq 0x00cf93000000ffff	; 0x18 data
boot_gdtr:
	dw boot_gdtr - boot_gdt - 1
	dq boot_gdt

section .boot.bss nobits alloc noexec write align=4096
boot_pml4:	resb 4096
boot_pdpt:	resb 4096
boot_pdpt_high:	resb 4096
boot_pd:	resb 4 * 4096
early_stack:	resb 256
early_stack_top:

section .text
bits 64
high_entry:
	mov	rdi, __bss_start
	mov	rcx, __bss_end
	sub	rcx, rdi
	shr	ecx, 3
	xor	eax, eax
	rep stosq
	mov	rsp, boot_stack_top
	xor	ecx, ecx
	push	rcx			; ends the chain of frame pointers
	push	rcx
	mov	edi, ebp
	mov	esi, ebx
	mov	rdx, [abs boot_entry_cycles]
	xor	ebp, ebp
	call	arch_start
	ud2

section .bss nobits alloc noexec write align=4096
boot_stack:	resb BOOT_STACK_SIZE
boot_stack_top:
