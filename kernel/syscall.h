/* SPDX-License-Identifier: MIT */
/*
 * System call dispatch. The entry (arch/x86_64/syscall_entry.asm) looks the
 * number up in syscall_slot_of[] and jumps through syscall_table[]; what is
 * legacy, unknown, native or watched goes through upcall_syscall_slow().
 * Handlers are `long sys_name(typed arguments)`, prototypes generated from
 * kernel/syscall.tbl into build/gen/kernel/syscall_protos.h.
 */
#pragma once

#include <kernel/lib/types.h>

typedef long (*syscall_fn_t)(u64 a0, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5);

#define SYSCALL_SLOTS      256
#define SYSCALL_LINUX_MAX  512
#define SYSCALL_NATIVE_BASE 1024

extern const syscall_fn_t syscall_table[SYSCALL_SLOTS];
extern const syscall_fn_t syscall_native_table[SYSCALL_SLOTS];
extern const u8 syscall_slot_of[SYSCALL_LINUX_MAX]; /* 0: legacy or unknown */
