; SPDX-License-Identifier: MIT
;
; Entry by the Xen PVH boot protocol, which QEMU's -kernel speaks for an ELF
; with this note. The loader leaves: 32-bit protected mode, flat segments,
; paging off, interrupts off, EBX = physical address of the start info.
; Source: Xen docs/misc/pvh.pandoc; xen/include/public/elfnote.h (18 is
; XEN_ELFNOTE_PHYS32_ENTRY).

%include "boot/boot.inc"

global pvh_entry
extern long_mode_enter, boot_entry_cycles

section .note.pvh note alloc noexec nowrite align=4
	dd .desc - .name
	dd .end - .desc
	dd 18
.name:	db "Xen", 0
.desc:	dd pvh_entry
.end:

section .boot.text progbits alloc exec nowrite align=16
bits 32
pvh_entry:
	SAVE_ENTRY_TIME
	mov	edi, LOADER_PVH
	jmp	long_mode_enter
