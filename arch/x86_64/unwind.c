/* SPDX-License-Identifier: MIT */
/*
 * The frame-pointer unwinder. A frame is two words at rbp: the caller's rbp
 * and the return address (psABI §3.2.2 with -fno-omit-frame-pointer). Nothing
 * is read outside the stacks of this CPU, and every step must go upwards, so
 * a corrupt chain ends the trace and nothing else.
 */
#include <arch/unwind.h>

#include <arch/sections.h>
#include <mm/kva.h>

#include "cpu_priv.h"
#include "uaccess_priv.h"

static bool in_stack(u64 rbp, u64 low, u64 high)
{
	return rbp >= low && rbp <= high - 16;
}

/* Upper end of the stack of this CPU that holds a frame at @rbp; 0: none. */
static u64 stack_end(u64 rbp)
{
	struct cpu *cpu = this_cpu();
	u64 ist = cpu_local(cpu)->ist_base;
	u64 top = cpu->kstack_top;
	u64 boot = (u64)(uintptr_t)boot_stack;

	if (in_stack(rbp, top - KSTACK_SIZE, top))
		return top;
	if (in_stack(rbp, ist, ist + IST_COUNT * IST_STACK_SIZE))
		return ist + IST_COUNT * IST_STACK_SIZE;
	if (in_stack(rbp, boot, boot + KSTACK_SIZE))
		return boot + KSTACK_SIZE;
	return 0;
}

static bool in_text(u64 pc)
{
	return pc >= (u64)(uintptr_t)__text_start && pc < (u64)(uintptr_t)__text_end;
}

size_t unwind(u64 rbp, u64 *out, size_t max)
{
	size_t n = 0;
	u64 end;

	if (!rbp)
		rbp = (u64)(uintptr_t)__builtin_frame_address(0);
	end = stack_end(rbp);
	while (n < max && end && IS_ALIGNED(rbp, 8ull) && in_stack(rbp, 0, end)) {
		u64 next, pc;

		if (uaccess_read_kernel(&next, (void *)(uintptr_t)rbp) ||
		    uaccess_read_kernel(&pc, (void *)(uintptr_t)(rbp + 8)) || !in_text(pc))
			break;
		out[n++] = pc;
		if (next <= rbp)
			break;
		rbp = next;
	}
	return n;
}
