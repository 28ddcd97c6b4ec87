; SPDX-License-Identifier: MIT
; The first user program of a boot, as init=: reads the TSC in its first instruction and prints it
; in decimal on the console. Under the instruction clock (tools/exo run --icount) that is the
; number of instructions from reset to here. tools/measure.py runs it.
bits 64
default rel
global _start

section .text
_start:
	rdtsc
	shl rdx, 32
	or rax, rdx
	lea rsi, [text.end]
	mov ebx, 10
.digit:
	xor edx, edx
	div rbx
	add dl, '0'
	dec rsi
	mov [rsi], dl
	test rax, rax
	jnz .digit
	mov r12, rsi
	lea rsi, [text]
	mov edx, text.digits - text
	call print
	mov rsi, r12
	lea rdx, [text.end + 1]
	sub rdx, rsi
	call print
	xor edi, edi
	mov eax, 60		; exit: the kernel panics without init, and the machine ends
	syscall

; rsi, rdx: what is to be written
print:
	mov edi, 1
	mov eax, 1
	syscall
	ret

section .data
text:	db "first user instruction at TSC "
.digits: times 20 db 0
.end:	db 10
