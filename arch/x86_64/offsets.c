/* SPDX-License-Identifier: MIT */
/*
 * What nasm has to know of C structures; tools/gen_offsets.py compiles this
 * file to assembly and makes offsets.inc of it. Never linked.
 */
#include "offsets_mark.h"

#include <arch/percpu.h>
#include <arch/uaccess.h>
#include <kernel/syscall_table.h>
#include <kernel/task/thread.h>

#include "regs.h"
#include "smp_priv.h"
#include "trap.h"

static_assert(offsetof(struct cpu, self) == 0, "this_cpu()");
static_assert(offsetof(struct cpu, thread) == 8, "current_thread()");
static_assert(sizeof(struct trapframe) % 16 == 8, "entries push 8 bytes more for calls");
static_assert(THREAD_WORK_SYSCALL > 0xff, "the low byte alone matters on the way out");

void offsets(void);

void offsets(void)
{
	OFFSET(CPU_CURRENT, struct cpu, thread);
	OFFSET(CPU_KSTACK_TOP, struct cpu, kstack_top);
	OFFSET(CPU_USER_RSP, struct cpu, user_rsp);
	OFFSET(THREAD_WORK, struct thread, work);
	OFFSET(THREAD_SECCOMP, struct thread, seccomp);
	VALUE(WORK_WATCHED, THREAD_WORK_WATCHED);
	VALUE(WORK_SYSCALL, THREAD_WORK_SYSCALL);
	VALUE(WORK_SECCOMP, THREAD_WORK_SECCOMP);
	OFFSET(THREAD_PLEDGE, struct thread, pledge);
	VALUE(WORK_PLEDGE, THREAD_WORK_PLEDGE);

	OFFSET(TF_RBX, struct trapframe, rbx);
	OFFSET(TF_R11, struct trapframe, r11);
	OFFSET(TF_R10, struct trapframe, r10);
	OFFSET(TF_R9, struct trapframe, r9);
	OFFSET(TF_R8, struct trapframe, r8);
	OFFSET(TF_RBP, struct trapframe, rbp);
	OFFSET(TF_RAX, struct trapframe, rax);
	OFFSET(TF_RCX, struct trapframe, rcx);
	OFFSET(TF_RDX, struct trapframe, rdx);
	OFFSET(TF_RSI, struct trapframe, rsi);
	OFFSET(TF_RDI, struct trapframe, rdi);
	OFFSET(TF_VECTOR, struct trapframe, vector);
	OFFSET(TF_RIP, struct trapframe, rip);
	OFFSET(TF_CS, struct trapframe, cs);
	OFFSET(TF_RFLAGS, struct trapframe, rflags);
	OFFSET(TF_RSP, struct trapframe, rsp);
	OFFSET(TF_SS, struct trapframe, ss);
	VALUE(TF_SIZE, sizeof(struct trapframe));

	VALUE(USER_CS, USER_CS);
	VALUE(USER_SS, USER_SS);
	VALUE(USER_END, USER_END);
	VALUE(RFLAGS_USER_MASK, RFLAGS_USER_MASK);
	VALUE(TRAP_STUB_SIZE, TRAP_STUB_SIZE);
	VALUE(VECTOR_SYSCALL, VECTOR_SYSCALL);
	VALUE(SYSCALL_MAP_SIZE, SYSCALL_MAP_SIZE);
	VALUE(SYSCALL_SLOTS, SYSCALL_SLOTS);
	VALUE(SYSCALL_NATIVE_BASE, SYSCALL_NATIVE_BASE);

	VALUE(AP_TABLE_ENTRY, sizeof(struct ap_boot));
	OFFSET(AP_CPU, struct ap_boot, cpu);
	OFFSET(AP_APIC_ID, struct ap_boot, apic_id);
	OFFSET(AP_STACK_TOP, struct ap_boot, stack_top);
}
