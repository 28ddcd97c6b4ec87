/* SPDX-License-Identifier: MIT */
/*
 * Linux x86_64: ptrace(2), the registers as a tracer sees them.
 * Sources: man ptrace(2); uapi linux/ptrace.h, asm/ptrace-abi.h; <sys/user.h>;
 * uapi linux/elf.h (register sets).
 */
#pragma once

#include <kernel/lib/types.h>

#define PTRACE_TRACEME     0
#define PTRACE_PEEKTEXT    1
#define PTRACE_PEEKDATA    2
#define PTRACE_PEEKUSR     3
#define PTRACE_POKETEXT    4
#define PTRACE_POKEDATA    5
#define PTRACE_POKEUSR     6
#define PTRACE_CONT        7
#define PTRACE_KILL        8
#define PTRACE_SINGLESTEP  9
#define PTRACE_GETREGS     12
#define PTRACE_SETREGS     13
#define PTRACE_GETFPREGS   14
#define PTRACE_SETFPREGS   15
#define PTRACE_ATTACH      16
#define PTRACE_DETACH      17
#define PTRACE_SYSCALL     24
#define PTRACE_ARCH_PRCTL  30
#define PTRACE_SETOPTIONS  0x4200
#define PTRACE_GETEVENTMSG 0x4201
#define PTRACE_GETSIGINFO  0x4202
#define PTRACE_SETSIGINFO  0x4203
#define PTRACE_GETREGSET   0x4204
#define PTRACE_SETREGSET   0x4205
#define PTRACE_SEIZE       0x4206
#define PTRACE_INTERRUPT   0x4207
#define PTRACE_LISTEN      0x4208
#define PTRACE_PEEKSIGINFO 0x4209
#define PTRACE_GETSIGMASK  0x420a
#define PTRACE_SETSIGMASK  0x420b
#define PTRACE_GET_SYSCALL_INFO 0x420e

#define PTRACE_O_TRACESYSGOOD   0x00000001u
#define PTRACE_O_TRACEFORK      0x00000002u
#define PTRACE_O_TRACEVFORK     0x00000004u
#define PTRACE_O_TRACECLONE     0x00000008u
#define PTRACE_O_TRACEEXEC      0x00000010u
#define PTRACE_O_TRACEVFORKDONE 0x00000020u
#define PTRACE_O_TRACEEXIT      0x00000040u
#define PTRACE_O_TRACESECCOMP   0x00000080u
#define PTRACE_O_EXITKILL       0x00100000u
#define PTRACE_O_ALL            0x001000ffu

#define PTRACE_EVENT_FORK       1
#define PTRACE_EVENT_VFORK      2
#define PTRACE_EVENT_CLONE      3
#define PTRACE_EVENT_EXEC       4
#define PTRACE_EVENT_VFORK_DONE 5
#define PTRACE_EVENT_EXIT       6
#define PTRACE_EVENT_SECCOMP    7
#define PTRACE_EVENT_STOP       128

struct linux_user_regs {
	u64 r15, r14, r13, r12, rbp, rbx;
	u64 r11, r10, r9, r8;
	u64 rax, rcx, rdx, rsi, rdi;
	u64 orig_rax;
	u64 rip, cs, eflags, rsp, ss;
	u64 fs_base, gs_base;
	u64 ds, es, fs, gs;
};
static_assert(sizeof(struct linux_user_regs) == 27 * 8, "Linux ABI");

/* struct user, as PTRACE_PEEKUSR addresses it: registers first, debug registers. */
#define LINUX_USER_SIZE     928
#define LINUX_USER_DEBUGREG 848

#define NT_PRSTATUS   1
#define NT_PRFPREG    2
#define NT_X86_XSTATE 0x202

#define PTRACE_SYSCALL_INFO_NONE  0
#define PTRACE_SYSCALL_INFO_ENTRY 1
#define PTRACE_SYSCALL_INFO_EXIT  2

struct linux_ptrace_syscall_info {
	u8 op;
	u8 pad0[3];
	u32 arch; /* AUDIT_ARCH_* */
	u64 instruction_pointer;
	u64 stack_pointer;
	union {
		struct {
			u64 nr;
			u64 args[6];
		} entry;
		struct {
			s64 rval;
			u8 is_error;
		} exit;
	};
};
static_assert(offsetof(struct linux_ptrace_syscall_info, entry) == 24, "Linux ABI");
static_assert(sizeof(struct linux_ptrace_syscall_info) == 80, "Linux ABI");
