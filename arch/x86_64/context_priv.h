/* SPDX-License-Identifier: MIT */
/* context.asm's side of context.c. */
#pragma once

#include <kernel/lib/types.h>

struct thread;

struct thread *context_switch_stack(u64 *save_rsp, u64 load_rsp, struct thread *prev);
void context_start_kernel(void);
void context_start_user(void);
__noreturn void context_start_failed(void);
