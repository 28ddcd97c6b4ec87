; SPDX-License-Identifier: MIT
;
; Exceptions and interrupts: 256 stubs that push error (0 where the CPU pushes
; none) and vector, then one common path that completes struct trapframe.
;
; GS.base is the kernel's whenever C runs. Entries from user mode swap it.
; NMI, #DF, #MC and #DB can hit between an entry and its swapgs, so theirs do
; not trust it: the word above the IST stack's top is the struct cpu, which is
; written to GS.base, and what was there is put back at the end. (A test of the
; old value's sign would not do: with FSGSBASE programs choose it freely.)
;
; Ways back to user mode sanitise what IRETQ could fault on or must not load:
; CS, SS, RFLAGS, and a non-canonical RIP (which #GPs in the kernel).
; Sources: Intel SDM vol. 3 §6.12-6.14; vol. 2 "IRET", "SWAPGS".

%include "offsets.inc"

global trap_stubs, trap_return_user, frame_return_user
extern trap_dispatch, trap_paranoid, trap_bad_rip, upcall_return_to_user

%define MSR_GS_BASE 0xc0000101

; Replaced by clac (0f 01 ca) where there is SMAP; a 3-byte nop until then.
%macro CLAC 0
%%at:	db 0x0f, 0x1f, 0x00
[section .alt_clac]
	dd %%at - $
__?SECT?__
%endmacro

%macro PUSH_REGS 0
	push	-1			; orig_rax
	push	rdi
	push	rsi
	push	rdx
	push	rcx
	push	rax
	push	r8
	push	r9
	push	r10
	push	r11
	push	rbx
	push	rbp
	push	r12
	push	r13
	push	r14
	push	r15
%endmacro

%macro POP_REGS 0
	pop	r15
	pop	r14
	pop	r13
	pop	r12
	pop	rbp
	pop	rbx
	pop	r11
	pop	r10
	pop	r9
	pop	r8
	pop	rax
	pop	rcx
	pop	rdx
	pop	rsi
	pop	rdi
%endmacro

section .alt_clac progbits alloc noexec nowrite align=4
section .text

; Exceptions with an error code: Intel SDM vol. 3 table 6-1.
%define HAS_ERROR(v) ((v) == 8 || ((v) >= 10 && (v) <= 14) || (v) == 17 || (v) == 21 || (v) == 29 || (v) == 30)

align 16
trap_stubs:
%assign v 0
%rep 256
	align	TRAP_STUB_SIZE
%if HAS_ERROR(v) == 0
	push	0
%endif
	push	strict dword v
%if v == 2 || v == 8 || v == 18
	jmp	paranoid_entry
%elif v == 1
	jmp	debug_entry
%else
	jmp	trap_entry
%endif
%assign v v + 1
%endrep

align 16
trap_entry:
	PUSH_REGS
	cld
	CLAC
	test	byte [rsp + TF_CS], 3
	jz	.kernel
	swapgs
.user:
	xor	ebp, ebp		; ends the chain of frame pointers
	mov	rdi, rsp
	sub	rsp, 8			; calls want rsp % 16 == 0
	call	trap_dispatch
	add	rsp, 8
	cli
	jmp	trap_return_user
.kernel:
	mov	rdi, rsp
	sub	rsp, 8
	call	trap_dispatch
	add	rsp, 8
	POP_REGS
	add	rsp, 24			; orig_rax, vector, error
	iretq

; rsp = frame, interrupts off, GS.base the kernel's.
trap_return_user:
	mov	rax, [gs:CPU_CURRENT]
	cmp	byte [rax + THREAD_WORK], 0
	jne	return_work
frame_return_user:
	mov	rax, [rsp + TF_RIP]
	shr	rax, 47
	jnz	return_bad_rip
	mov	rax, [rsp + TF_RFLAGS]
	and	eax, RFLAGS_USER_MASK
	or	eax, 0x202		; interrupts on, bit 1 always set
	mov	[rsp + TF_RFLAGS], rax
	mov	qword [rsp + TF_CS], USER_CS
	mov	qword [rsp + TF_SS], USER_SS
	POP_REGS
	add	rsp, 24
	swapgs
	iretq
return_work:
	mov	rdi, rsp
	sub	rsp, 8
	call	upcall_return_to_user
	add	rsp, 8
	jmp	frame_return_user
return_bad_rip:
	mov	rdi, rsp
	sub	rsp, 8
	call	trap_bad_rip
	add	rsp, 8
	jmp	trap_return_user

; #DB: single-stepping programs come from user mode and go on as other
; exceptions do, on the thread's stack; the rest is paranoid.
debug_entry:
	test	byte [rsp + 24], 3	; vector, error, rip, cs
	jz	paranoid_entry
	swapgs
	push	rax
	mov	rax, rsp		; rax, vector, error, rip, cs, rflags, rsp, ss
	mov	rsp, [gs:CPU_KSTACK_TOP]
%assign i 7
%rep 7
	push	qword [rax + i * 8]
%assign i i - 1
%endrep
	mov	rax, [rax]
	PUSH_REGS
	cld
	CLAC
	jmp	trap_entry.user

paranoid_entry:
	PUSH_REGS
	cld
	CLAC
	mov	ecx, MSR_GS_BASE
	rdmsr
	mov	r12d, eax
	mov	r13d, edx
	mov	rax, [rsp + TF_SIZE]	; struct cpu, above the stack's top
	mov	rdx, rax
	shr	rdx, 32
	wrmsr
	mov	rdi, rsp
	sub	rsp, 8
	call	trap_paranoid
	add	rsp, 8
	mov	ecx, MSR_GS_BASE
	mov	eax, r12d
	mov	edx, r13d
	wrmsr
	POP_REGS
	add	rsp, 24
	iretq
