; SPDX-License-Identifier: MIT
;
; SYSCALL: the way in and out that programs take most. 57 instructions around
; the handler, the program's SYSCALL counted.
;
; The CPU leaves rip in rcx, rflags in r11, masks rflags by SFMASK (interrupts
; off) and keeps the user's rsp and GS.base. Arguments: rdi rsi rdx r10 r8 r9.
; Handlers keep rbp and r12..r15 as the psABI says, so on the fast way out only
; the others are loaded again. SYSRET is right only for a frame that is exactly
; what SYSCALL left: its rip is canonical then (else SYSRET faults in ring 0
; with the user's stack, CVE-2012-0217; the last page below the hole cannot be
; mapped, so rip cannot run into it) and its flags are the program's. Whoever
; wants to look at a frame calls context_frame(), which changes
; trapframe.vector; such frames go out by IRETQ (entry.asm).
; Source: Intel SDM vol. 2 "SYSCALL", "SYSRET".

%include "offsets.inc"

global syscall_entry
extern syscall_table, syscall_native_table, syscall_slot_of, syscall_legacy
extern upcall_syscall_slow, trap_return_user, pledge_quick

section .text
align 64
syscall_entry:
	swapgs
	mov	[gs:CPU_USER_RSP], rsp
	mov	rsp, [gs:CPU_KSTACK_TOP]
	push	USER_SS
	push	qword [gs:CPU_USER_RSP]
	push	r11
	push	USER_CS
	push	rcx
	push	0			; error
	push	VECTOR_SYSCALL
	push	rax			; orig_rax
	push	rdi
	push	rsi
	push	rdx
	push	rcx
	push	-38			; rax: ENOSYS, as a tracer sees it
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
	sub	rsp, 8			; calls want rsp % 16 == 0
	xor	ebp, ebp		; ends the chain of frame pointers
	mov	rbx, [gs:CPU_CURRENT]
	sti
	cmp	rax, SYSCALL_MAP_SIZE
	jae	.native
	movzx	r11d, byte [syscall_slot_of + rax]
	test	r11d, r11d
	jz	.legacy
	test	dword [rbx + THREAD_WORK], WORK_WATCHED
	jnz	.watched
.call:
	mov	rcx, r10
	call	[syscall_table + r11 * 8]
.out:
	cli
	cmp	byte [rbx + THREAD_WORK], 0
	jne	.full
	cmp	dword [rsp + 8 + TF_VECTOR], VECTOR_SYSCALL
	jne	.full
	mov	rbp, [rsp + 8 + TF_RBP]
	mov	rbx, [rsp + 8 + TF_RBX]
	mov	r11, [rsp + 8 + TF_R11]
	mov	r10, [rsp + 8 + TF_R10]
	mov	r9, [rsp + 8 + TF_R9]
	mov	r8, [rsp + 8 + TF_R8]
	mov	rcx, [rsp + 8 + TF_RCX]
	mov	rdx, [rsp + 8 + TF_RDX]
	mov	rsi, [rsp + 8 + TF_RSI]
	mov	rdi, [rsp + 8 + TF_RDI]
	mov	rsp, [rsp + 8 + TF_RSP]
	swapgs
	o64 sysret
.native:				; calls of our own
	lea	r11, [rax - SYSCALL_NATIVE_BASE]
	cmp	r11, SYSCALL_SLOTS
	jae	.slow
	test	dword [rbx + THREAD_WORK], WORK_WATCHED
	jnz	.slow
	mov	rcx, r10
	call	[syscall_native_table + r11 * 8]
	jmp	.out
.legacy:				; open, stat, ...: by stubs that reorder arguments
	test	dword [rbx + THREAD_WORK], WORK_WATCHED
	jnz	.watched
.call_legacy:
	mov	r11, [syscall_legacy + rax * 8]
	test	r11, r11
	jz	.slow
	mov	rcx, r10
	call	r11
	jmp	.out
.watched:				; what number alone decides is decided here
	test	dword [rbx + THREAD_WORK], WORK_SYSCALL
	jnz	.slow
	test	dword [rbx + THREAD_WORK], WORK_SECCOMP
	jz	.promised
	mov	rcx, [rbx + THREAD_SECCOMP]
	bt	[rcx], rax		; seccomp_filter.allowed
	jnc	.slow
	test	dword [rbx + THREAD_WORK], WORK_PLEDGE
	jz	.allowed
.promised:
	mov	rcx, [rbx + THREAD_PLEDGE]
	test	[pledge_quick + rax * 8], rcx
	jz	.slow
.allowed:
	test	r11d, r11d		; its slot: 0, an old form
	jnz	.call
	jmp	.call_legacy
.slow:
	lea	rdi, [rsp + 8]
	call	upcall_syscall_slow
	jmp	.out
.full:
	mov	[rsp + 8 + TF_RAX], rax
	add	rsp, 8
	jmp	trap_return_user
