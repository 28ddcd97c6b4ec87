; SPDX-License-Identifier: MIT
;
; The switch itself, and the first instructions of new threads.

global context_switch_stack, context_start_kernel, context_start_user
extern upcall_thread_start, context_start_failed, trap_return_user

section .text

; struct thread *(u64 *save_rsp rdi, u64 load_rsp rsi, struct thread *prev rdx)
; Only what the psABI (§3.2.1) lets a caller expect kept is saved.
align 16
context_switch_stack:
	push	rbp
	push	rbx
	push	r12
	push	r13
	push	r14
	push	r15
	mov	[rdi], rsp
	mov	rsp, rsi
	pop	r15
	pop	r14
	pop	r13
	pop	r12
	pop	rbx
	pop	rbp
	mov	rax, rdx
	ret

; First run of a kernel thread; context_init_kernel() put fn in r12, arg in r13.
; rax: the thread that ran before. rsp % 16 == 0.
context_start_kernel:
	mov	rdi, rax
	call	upcall_thread_start
	sti
	mov	rdi, r13
	call	r12
	call	context_start_failed

; First run of a user thread: its frame lies above. rsp % 16 == 0, 8 bytes pad.
context_start_user:
	mov	rdi, rax
	call	upcall_thread_start
	cli
	add	rsp, 8
	jmp	trap_return_user
