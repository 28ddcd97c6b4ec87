/* SPDX-License-Identifier: MIT */
/* Seccomp filters; contract in seccomp.h. Sources: man seccomp(2). */
#include <security/seccomp.h>

#include <arch/atomic.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_poll.h>
#include <kernel/lib/string.h>
#include <mm/kmalloc.h>
#include <security/bpf.h>

#define CHAIN_MAX     32768u /* instructions, all filters of a thread */
#define FILTER_MARKUP 4u     /* what each older filter counts besides */

#define NR_READ         0
#define NR_WRITE        1
#define NR_RT_SIGRETURN 15
#define NR_EXIT         60

struct seccomp_filter seccomp_strict = {
	.allowed = { BIT(NR_READ) | BIT(NR_WRITE) | BIT(NR_RT_SIGRETURN) | BIT(NR_EXIT) },
	.refs = { 1 },
};

/* Which numbers need no run: all filters allow them by number alone. */
static void fill_allowed(struct seccomp_filter *filter)
{
	for (u32 nr = 0; nr < SECCOMP_MAP_SIZE; nr++) {
		u32 result;

		if (filter->below && !seccomp_allows(filter->below, nr))
			continue;
		if (bpf_constant(filter->insns, (s32)nr, &result) &&
		    (result & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ALLOW)
			filter->allowed[nr / 64] |= BIT(nr % 64);
	}
}

int seccomp_filter_create(const struct linux_sock_filter *insns, u32 len,
			  struct seccomp_filter *below, bool log, struct seccomp_filter **out)
{
	size_t size = len * sizeof(*insns);
	struct seccomp_filter *filter;
	u16 *scratch;
	int err;

	if (len == 0 || len > BPF_MAXINSNS)
		return -EINVAL;
	scratch = kmalloc(len * sizeof(*scratch), 0);
	if (!scratch)
		return -ENOMEM;
	err = bpf_check(insns, len, scratch);
	kfree(scratch);
	if (err)
		return err;
	if (len + (below ? below->cost + FILTER_MARKUP : 0) > CHAIN_MAX)
		return -ENOMEM;
	filter = kzalloc(sizeof(*filter) + size, 0);
	if (!filter)
		return -ENOMEM;
	refcount_init(&filter->refs);
	filter->below = below;
	filter->len = len;
	filter->depth = below ? below->depth + 1 : 1;
	filter->cost = len + (below ? below->cost + FILTER_MARKUP : 0);
	filter->log = log;
	memcpy(filter->insns, insns, size);
	fill_allowed(filter);
	seccomp_filter_get(below);
	*out = filter;
	return 0;
}

void seccomp_notify_put(struct seccomp_notify *notify)
{
	if (refcount_put(&notify->refs))
		kfree(notify);
}

/* No thread has the filter any more: who listens is told. */
static void orphan(struct seccomp_notify *notify)
{
	irqflags_t irq;

	irq = spin_lock_irq(&notify->lock);
	notify->orphaned = true;
	waitq_wake_poll(&notify->wait, POLLHUP);
	spin_unlock_irq(&notify->lock, irq);
	seccomp_notify_put(notify);
}

bool seccomp_has_listener(const struct seccomp_filter *filter)
{
	for (; filter; filter = filter->below)
		if (filter->notify && !atomic_load_relaxed(&filter->notify->closed))
			return true;
	return false;
}

void seccomp_filter_put(struct seccomp_filter *filter)
{
	while (filter && refcount_put(&filter->refs)) {
		struct seccomp_filter *below = filter->below;

		if (filter->notify)
			orphan(filter->notify);
		kfree(filter);
		filter = below;
	}
}

bool seccomp_is_ancestor(const struct seccomp_filter *old, const struct seccomp_filter *filter)
{
	if (!old)
		return true;
	for (; filter; filter = filter->below)
		if (filter == old)
			return true;
	return false;
}

u32 seccomp_verdict(const struct seccomp_filter *filter, const struct linux_seccomp_data *data,
		    const struct seccomp_filter **match)
{
	u32 verdict = SECCOMP_RET_ALLOW;

	*match = NULL;
	for (; filter; filter = filter->below) {
		u32 result = bpf_run(filter->insns, data);

		if ((s32)(result & SECCOMP_RET_ACTION_FULL) <
		    (s32)(verdict & SECCOMP_RET_ACTION_FULL)) {
			verdict = result;
			*match = filter;
		}
	}
	return verdict;
}
