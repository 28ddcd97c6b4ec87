/* SPDX-License-Identifier: MIT */
/* The alternate signal stack of a thread (sigaltstack(2)). */
#include <kernel/task/signal.h>

#include <kernel/abi/errno.h>
#include <kernel/task/thread.h>

bool signal_on_altstack(u64 sp)
{
	const struct thread *t = current;

	/* Disarmed while a handler runs: a nested one starts it anew. */
	if (t->altstack_flags & SS_AUTODISARM)
		return false;
	return sp > t->altstack_sp && sp - t->altstack_sp <= t->altstack_size;
}

void signal_altstack_get(struct linux_stack_t *out, u64 sp)
{
	const struct thread *t = current;

	*out = (struct linux_stack_t){ .ss_sp = t->altstack_sp, .ss_size = t->altstack_size };
	if (!t->altstack_size)
		out->ss_flags = SS_DISABLE;
	else if (signal_on_altstack(sp))
		out->ss_flags = SS_ONSTACK;
	out->ss_flags |= (s32)(t->altstack_flags & SS_AUTODISARM);
}

int signal_altstack_set(const struct linux_stack_t *new, u64 sp)
{
	u32 flags = (u32)new->ss_flags, mode = flags & ~SS_AUTODISARM;
	struct thread *t = current;

	if (signal_on_altstack(sp))
		return -EPERM;
	if (mode != 0 && mode != SS_DISABLE && mode != SS_ONSTACK)
		return -EINVAL;
	if (mode == SS_DISABLE) {
		t->altstack_sp = t->altstack_size = 0;
	} else {
		if (new->ss_size < MINSIGSTKSZ)
			return -ENOMEM;
		t->altstack_sp = new->ss_sp;
		t->altstack_size = new->ss_size;
	}
	t->altstack_flags = flags;
	return 0;
}
