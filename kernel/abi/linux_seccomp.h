/* SPDX-License-Identifier: MIT */
/*
 * Linux x86_64: seccomp(2) and the classic BPF programs it takes.
 * Sources: man seccomp(2), bpf(4); uapi linux/seccomp.h, linux/filter.h,
 * linux/bpf_common.h, linux/audit.h.
 */
#pragma once

#include <kernel/lib/types.h>

#define SECCOMP_MODE_DISABLED 0
#define SECCOMP_MODE_STRICT   1
#define SECCOMP_MODE_FILTER   2

#define SECCOMP_SET_MODE_STRICT  0
#define SECCOMP_SET_MODE_FILTER  1
#define SECCOMP_GET_ACTION_AVAIL 2
#define SECCOMP_GET_NOTIF_SIZES  3

#define SECCOMP_FILTER_FLAG_TSYNC              0x01u
#define SECCOMP_FILTER_FLAG_LOG                0x02u
#define SECCOMP_FILTER_FLAG_SPEC_ALLOW         0x04u
#define SECCOMP_FILTER_FLAG_NEW_LISTENER       0x08u
#define SECCOMP_FILTER_FLAG_TSYNC_ESRCH        0x10u
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV 0x20u

/* What a filter returns; as signed numbers the lowest wins. */
#define SECCOMP_RET_KILL_PROCESS 0x80000000u
#define SECCOMP_RET_KILL_THREAD  0x00000000u
#define SECCOMP_RET_TRAP         0x00030000u
#define SECCOMP_RET_ERRNO        0x00050000u
#define SECCOMP_RET_USER_NOTIF   0x7fc00000u
#define SECCOMP_RET_TRACE        0x7ff00000u
#define SECCOMP_RET_LOG          0x7ffc0000u
#define SECCOMP_RET_ALLOW        0x7fff0000u
#define SECCOMP_RET_ACTION_FULL  0xffff0000u
#define SECCOMP_RET_DATA         0x0000ffffu

#define AUDIT_ARCH_X86_64 0xc000003eu

struct linux_seccomp_data {
	s32 nr;
	u32 arch;
	u64 instruction_pointer;
	u64 args[6];
};
static_assert(sizeof(struct linux_seccomp_data) == 64, "Linux ABI");

/* User notification: a call of a filtered thread, told to who holds the listener. */
struct linux_seccomp_notif {
	u64 id;
	u32 pid, flags;
	struct linux_seccomp_data data;
};
static_assert(sizeof(struct linux_seccomp_notif) == 80, "Linux ABI");

struct linux_seccomp_notif_resp {
	u64 id;
	s64 val;
	s32 error; /* 0 or -errno */
	u32 flags;
};
static_assert(sizeof(struct linux_seccomp_notif_resp) == 24, "Linux ABI");

struct linux_seccomp_notif_addfd {
	u64 id;
	u32 flags, srcfd, newfd, newfd_flags;
};
static_assert(sizeof(struct linux_seccomp_notif_addfd) == 24, "Linux ABI");

struct linux_seccomp_notif_sizes {
	u16 notif, resp, data;
};
static_assert(sizeof(struct linux_seccomp_notif_sizes) == 6, "Linux ABI");

#define SECCOMP_USER_NOTIF_FLAG_CONTINUE 1u
#define SECCOMP_ADDFD_FLAG_SETFD 1u
#define SECCOMP_ADDFD_FLAG_SEND  2u

#define SECCOMP_IOCTL_NOTIF_RECV  0xc0502100u
#define SECCOMP_IOCTL_NOTIF_SEND  0xc0182101u
#define SECCOMP_IOCTL_NOTIF_ID_VALID 0x40082102u
#define SECCOMP_IOCTL_NOTIF_ADDFD 0x40182103u

struct linux_sock_filter {
	u16 code;
	u8 jt, jf;
	u32 k;
};
static_assert(sizeof(struct linux_sock_filter) == 8, "Linux ABI");

struct linux_sock_fprog {
	u16 len; /* instructions */
	u16 pad0[3];
	u64 filter;
};
static_assert(sizeof(struct linux_sock_fprog) == 16, "Linux ABI");

#define BPF_MAXINSNS 4096
#define BPF_MEMWORDS 16

/* Opcodes: class | size and mode, or operation and source. */
#define BPF_LD   0x00
#define BPF_LDX  0x01
#define BPF_ST   0x02
#define BPF_STX  0x03
#define BPF_ALU  0x04
#define BPF_JMP  0x05
#define BPF_RET  0x06
#define BPF_MISC 0x07

#define BPF_W   0x00
#define BPF_IMM 0x00
#define BPF_ABS 0x20
#define BPF_MEM 0x60
#define BPF_LEN 0x80

#define BPF_ADD 0x00
#define BPF_SUB 0x10
#define BPF_MUL 0x20
#define BPF_DIV 0x30
#define BPF_OR  0x40
#define BPF_AND 0x50
#define BPF_LSH 0x60
#define BPF_RSH 0x70
#define BPF_NEG 0x80
#define BPF_XOR 0xa0

#define BPF_JA   0x00
#define BPF_JEQ  0x10
#define BPF_JGT  0x20
#define BPF_JGE  0x30
#define BPF_JSET 0x40

#define BPF_K 0x00
#define BPF_X 0x08
#define BPF_A 0x10

#define BPF_TAX 0x00
#define BPF_TXA 0x80
