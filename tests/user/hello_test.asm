; SPDX-License-Identifier: MIT
; hello_test.asm - the least a program can ask of a kernel: a static ELF, write and exit, no stack used, no library.
; If this one fails, nothing else is worth reading.

SYS_write equ 1
SYS_exit  equ 60

	global _start

	section .rodata
text:	db "KTAP version 1", 10, "1..1", 10, "ok 1 hello", 10
text_len equ $ - text

	section .text
_start:
	mov	eax, SYS_write
	mov	edi, 1
	lea	rsi, [rel text]
	mov	edx, text_len
	syscall
	xor	edi, edi
	cmp	rax, text_len
	setne	dil
	mov	eax, SYS_exit
	syscall
	hlt				; not reached: a privileged instruction kills
