; SPDX-License-Identifier: MIT
;
; Copies to and from user memory that survive any pointer. Every instruction
; that touches user memory has a line in .extable: its address and where to go
; on when the fault cannot be resolved. The lines stand in order of address
; (one file, no reordering), since trap.c searches by halves.
;
; "rep movsq" and a tail of moves: counted per eight bytes, and quick enough
; on CPUs without fast short strings. Kernel memory never faults here.

%include "offsets.inc"

%define EFAULT 14
%define ENAMETOOLONG 36

global uaccess_copy_in, uaccess_copy_out, uaccess_clear, uaccess_string
global uaccess_read_u32, uaccess_read_u64, uaccess_write_u32, uaccess_write_u64
global uaccess_cmpxchg_u32, user_read_u32_nofault, uaccess_read_kernel
global uaccess_nofault_start, uaccess_nofault_end
global user_xsave_nofault, user_xrstor_nofault

section .extable progbits alloc noexec nowrite align=4
section .alt_stac progbits alloc noexec nowrite align=4
section .alt_clac progbits alloc noexec nowrite align=4
section .text

; stac/clac (0f 01 cb / ca) where there is SMAP; a 3-byte nop until then.
%macro STAC 0
%%at:	db 0x0f, 0x1f, 0x00
[section .alt_stac]
	dd %%at - $
__?SECT?__
%endmacro

%macro CLAC 0
%%at:	db 0x0f, 0x1f, 0x00
[section .alt_clac]
	dd %%at - $
__?SECT?__
%endmacro

; FAULTS fixup, instruction...
%macro FAULTS 2+
%%at:	%2
[section .extable]
	dd %%at - $
	dd %1 - $
__?SECT?__
%endmacro

; A branch may be predicted wrongly, and what follows would then read kernel memory and
; leave its mark in the cache (Spectre, variant 1). So a pointer is also masked by the
; flags of its comparison: it becomes 0 when it is not the user's. What begins in user
; memory cannot run on into the kernel's: the hole between faults.
; MASK pointer register, scratch register: after a comparison, "below" is good.
%macro MASK 2
	sbb	%2, %2
	and	%1, %2
%endmacro

; RANGE start register, length register, where to go when it is not user's.
; Clobbers rax, r8.
%macro RANGE 3
	mov	rax, %1
	mov	r8, USER_END
	add	rax, %2
	jc	%3
	cmp	rax, r8
	ja	%3
	cmp	%1, r8
	MASK	%1, r8
%endmacro

; size_t (void *dst rdi, const void *src rsi, size_t len rdx): bytes not copied
align 16
uaccess_copy_in:
	RANGE	rsi, rdx, copy_none
	jmp	copy

align 16
uaccess_copy_out:
	RANGE	rdi, rdx, copy_none
copy:
	STAC
	mov	rcx, rdx
	and	edx, 7
	shr	rcx, 3
	jz	.tail
	FAULTS	.words_fault, rep movsq
.tail:
	test	edx, edx
	jz	.done
	mov	ecx, edx
	FAULTS	.bytes_fault, rep movsb
.done:
	xor	eax, eax
	CLAC
	ret
.words_fault:
	; rcx words and the tail are left; the word may have a good part
	lea	rcx, [rdx + rcx * 8]
	FAULTS	.bytes_fault, rep movsb
.bytes_fault:
	mov	rax, rcx
	CLAC
	ret
copy_none:
	mov	rax, rdx
	ret

; size_t (void *dst rdi, size_t len rsi): bytes not cleared
align 16
uaccess_clear:
	mov	rdx, rsi
	RANGE	rdi, rdx, copy_none
	STAC
	xor	eax, eax
	mov	rcx, rdx
	and	edx, 7
	shr	rcx, 3
	FAULTS	.words_fault, rep stosq
	mov	ecx, edx
	FAULTS	.bytes_fault, rep stosb
	CLAC
	ret
.words_fault:
	lea	rcx, [rdx + rcx * 8]
	FAULTS	.bytes_fault, rep stosb
.bytes_fault:
	mov	rax, rcx
	CLAC
	ret

; long (char *dst rdi, const char *src rsi, size_t size rdx): length, or -errno.
; Eight bytes at a time, found by (x - 0x01..01) & ~x & 0x80..80, whose lowest
; set bit belongs to the first NUL; single bytes at the end and where a word
; faults. The page at USER_END is never mapped: it ends runaway strings.
align 16
uaccess_string:
	mov	rax, USER_END
	cmp	rsi, rax
	jae	.fault_ac_clear
	MASK	rsi, rax
	mov	r8, 0x0101010101010101
	mov	r9, 0x8080808080808080
	xor	eax, eax		; length so far
	STAC
.word:
	lea	rcx, [rax + 8]
	cmp	rcx, rdx
	ja	.bytes
	FAULTS	.bytes, mov r10, [rsi + rax]
	mov	[rdi + rax], r10
	mov	r11, r10
	not	r10
	sub	r11, r8
	and	r10, r9
	and	r10, r11
	jnz	.end
	mov	rax, rcx
	jmp	.word
.end:
	bsf	r10, r10
	shr	r10d, 3
	add	rax, r10
	CLAC
	ret
.bytes:
	cmp	rax, rdx
	jae	.too_long
	FAULTS	.fault, movzx ecx, byte [rsi + rax]
	mov	[rdi + rax], cl
	test	ecx, ecx
	jz	.out
	inc	rax
	jmp	.bytes
.too_long:
	mov	rax, -ENAMETOOLONG
.out:
	CLAC
	ret
.fault:
	CLAC
.fault_ac_clear:
	mov	rax, -EFAULT
	ret

; WORD_IN register, bytes; int (T *out rdi, const void *src rsi)
%macro WORD_IN 2
	mov	r8, USER_END - %2 + 1
	cmp	rsi, r8
	jae	word_none
	MASK	rsi, r8
	STAC
	FAULTS	word_fault, mov %1, [rsi]
	CLAC
	mov	[rdi], %1
	xor	eax, eax
	ret
%endmacro

; WORD_OUT source register, bytes; int (void *dst rdi, T val rsi)
%macro WORD_OUT 2
	mov	r8, USER_END - %2 + 1
	cmp	rdi, r8
	jae	word_none
	MASK	rdi, r8
	STAC
	FAULTS	word_fault, mov [rdi], %1
	CLAC
	xor	eax, eax
	ret
%endmacro

align 16
uaccess_read_u32:
	WORD_IN	eax, 4
align 16
uaccess_read_u64:
	WORD_IN	rax, 8
align 16
uaccess_write_u32:
	WORD_OUT esi, 4
align 16
uaccess_write_u64:
	WORD_OUT rsi, 8

; int (u32 *ptr rdi, u32 *old rsi, u32 new edx)
align 16
uaccess_cmpxchg_u32:
	mov	r8, USER_END - 4 + 1
	cmp	rdi, r8
	jae	word_none
	MASK	rdi, r8
	mov	eax, [rsi]
	STAC
	FAULTS	word_fault, lock cmpxchg [rdi], edx
	CLAC
	mov	[rsi], eax
	xor	eax, eax
	ret

; From here to the end a fault is never resolved by paging.
uaccess_nofault_start:
align 16
user_read_u32_nofault:
	WORD_IN	eax, 4

; int (void *image rdi, u64 features rsi): the caller checked the range. What is
; wrong with an image or its alignment is a #GP, which ends here as well.
%macro XSTATE 1
	mov	rax, USER_END
	cmp	rdi, rax
	MASK	rdi, rax
	mov	rax, rsi
	mov	rdx, rsi
	shr	rdx, 32
	STAC
	FAULTS	word_fault, %1 [rdi]
	CLAC
	xor	eax, eax
	ret
%endmacro

align 16
user_xsave_nofault:
	XSTATE	xsave64
align 16
user_xrstor_nofault:
	XSTATE	xrstor64

; int (u64 *out rdi, const void *src rsi): any kernel address
align 16
uaccess_read_kernel:
	FAULTS	word_none, mov rax, [rsi]
	mov	[rdi], rax
	xor	eax, eax
	ret
uaccess_nofault_end:

word_fault:
	CLAC
word_none:
	mov	eax, -EFAULT
	ret
