; SPDX-License-Identifier: MIT
; entry_test.asm - what a program finds at its entry point: registers, flags, floating-point control, stack layout,
; sections. Sources: psABI 3.4.1 (initial stack and registers), ELF gABI; Linux clears all general registers.

SYS_write equ 1
SYS_exit_group equ 231

AT_NULL   equ 0
AT_PHDR   equ 3
AT_PAGESZ equ 6
AT_ENTRY  equ 9
AT_RANDOM equ 25

	global _start

	section .data
initial: dq	0x1122334455667788

	section .bss
	alignb	4096
zeroes:	resb	16384
sp0:	resq	1			; rsp at entry
mxcsr0:	resd	1
cw0:	resw	1
	alignb	8
flags0:	resq	1
auxv0:	resq	1
number:	resq	1			; cases done
failed:	resq	1
line:	resb	64

	section .rodata
head:	db "KTAP version 1", 10, "1..9", 10
head_len equ $ - head

; A case is its name with a leading blank and a newline; result() prints "ok N" or "not ok N" before it.
%macro NAME 2
%1:	db " ", %2, 10
%1_len equ $ - %1
%endmacro
	NAME	n_regs, "general_registers_are_zero"
	NAME	n_flags, "flags"
	NAME	n_fpu, "floating_point_control"
	NAME	n_align, "stack_is_aligned"
	NAME	n_args, "arguments_end_with_null"
	NAME	n_auxv, "auxiliary_vector"
	NAME	n_random, "random_bytes"
	NAME	n_data, "data_and_bss"
	NAME	n_stack, "stack_is_usable"

	section .text

; RESULT name: al = 1 when the case passed.
%macro RESULT 1
	lea	rsi, [rel %1]
	mov	edx, %1_len
	call	result
%endmacro

_start:
	; Nothing may be changed before it has been looked at: gather all registers into one.
	or	rax, rbx
	or	rax, rcx
	or	rax, rdx
	or	rax, rsi
	or	rax, rdi
	or	rax, rbp
	or	rax, r8
	or	rax, r9
	or	rax, r10
	or	rax, r11
	or	rax, r12
	or	rax, r13
	or	rax, r14
	or	rax, r15
	mov	[rel sp0], rsp
	setz	bl			; the flags of "or"
	pushfq
	pop	qword [rel flags0]
	stmxcsr	[rel mxcsr0]
	fnstcw	[rel cw0]

	mov	eax, SYS_write
	mov	edi, 1
	lea	rsi, [rel head]
	mov	edx, head_len
	syscall

	mov	al, bl
	RESULT	n_regs

	mov	rax, [rel flags0]	; interrupts on, direction, trap, IOPL and NT clear
	and	eax, 0x7700
	cmp	eax, 0x0200
	sete	al
	RESULT	n_flags

	cmp	dword [rel mxcsr0], 0x1f80
	sete	al
	cmp	word [rel cw0], 0x037f
	sete	cl
	and	al, cl
	RESULT	n_fpu

	mov	rax, [rel sp0]
	test	al, 15
	setz	al
	RESULT	n_align

	; argc >= 1, argv[0..argc-1] not NULL, argv[argc] NULL; then skip the environment.
	mov	rbx, [rel sp0]
	mov	rcx, [rbx]
	xor	eax, eax
	test	rcx, rcx
	jle	.args_done
	add	rbx, 8
.arg:	cmp	qword [rbx], 0
	je	.args_done
	add	rbx, 8
	dec	rcx
	jnz	.arg
	cmp	qword [rbx], 0
	sete	al
.args_done:
	RESULT	n_args
	add	rbx, 8
.env:	cmp	qword [rbx], 0
	lea	rbx, [rbx + 8]
	jne	.env
	mov	[rel auxv0], rbx

	mov	edi, AT_PAGESZ
	call	auxv
	cmp	rax, 4096
	sete	bl
	mov	edi, AT_ENTRY
	call	auxv
	lea	rcx, [rel _start]
	cmp	rax, rcx
	sete	al
	and	bl, al
	mov	edi, AT_PHDR
	call	auxv
	test	rax, rax
	setnz	al
	and	al, bl
	RESULT	n_auxv

	mov	edi, AT_RANDOM
	call	auxv
	test	rax, rax
	jz	.random_done
	mov	rcx, [rax]
	or	rcx, [rax + 8]
	setnz	al
.random_done:
	RESULT	n_random

	lea	rdi, [rel zeroes]
	mov	ecx, 16384 / 8
	xor	eax, eax
	repe scasq
	sete	bl
	mov	rax, 0x1122334455667788
	cmp	[rel initial], rax
	sete	al
	and	al, bl
	inc	qword [rel initial]	; both are writable
	inc	byte [rel zeroes + 16383]
	RESULT	n_data

	; 64 KiB below the entry stack pointer, page by page: it grows.
	mov	rcx, 16
	mov	rax, rsp
.touch:	sub	rax, 4096
	mov	[rax], rcx
	dec	rcx
	jnz	.touch
	cmp	qword [rax], 1
	sete	al
	RESULT	n_stack

	xor	edi, edi
	cmp	qword [rel failed], 0
	setne	dil
	mov	eax, SYS_exit_group
	syscall
	hlt

; rdi = type: rax = value, 0 when it is not there.
auxv:
	mov	rdx, [rel auxv0]
.next:	mov	rcx, [rdx]
	mov	rax, [rdx + 8]
	cmp	rcx, rdi
	je	.found
	add	rdx, 16
	cmp	rcx, AT_NULL
	jne	.next
	xor	eax, eax
.found:	ret

; al = passed, rsi/rdx = name: one line, one write. Keeps rbx.
result:
	lea	rdi, [rel line]
	inc	qword [rel number]
	test	al, al
	jnz	.ok
	inc	qword [rel failed]
	mov	dword [rdi], 'not '
	add	rdi, 4
.ok:	mov	word [rdi], 'ok'
	mov	byte [rdi + 2], ' '
	mov	rax, [rel number]	; one digit is enough
	add	al, '0'
	mov	[rdi + 3], al
	add	rdi, 4
	mov	ecx, edx
	cld
	rep movsb
	lea	rsi, [rel line]
	mov	rdx, rdi
	sub	rdx, rsi
	mov	edi, 1
	mov	eax, SYS_write
	syscall
	ret
