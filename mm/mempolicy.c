/* SPDX-License-Identifier: MIT */
/*
 * Memory policies. Which nodes a program may name are those with memory: there are
 * no cpusets, and nodes do not come or go, so a mask is made once, when it is set.
 * Source: man set_mempolicy(2).
 */
#include <mm/mempolicy.h>

#include <arch/atomic.h>
#include <arch/percpu.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_mempolicy.h>
#include <mm/numa.h>
#include <mm/pmm.h>

bool mempolicy_in_use;

u16 mempolicy_memory_nodes(void)
{
	struct pmm_stats stats;
	u16 nodes = 0;

	for (node_t node = 0; node < numa_node_count(); node++) {
		pmm_stats(node, &stats);
		if (stats.total)
			nodes |= (u16)BIT(node);
	}
	return nodes;
}

u32 mempolicy_count(u16 nodes)
{
	u32 n = 0;

	for (; nodes; nodes &= (u16)(nodes - 1))
		n++;
	return n;
}

/* The @n-th node of @nodes, which is not empty, round and round. */
static node_t nth_node(u16 nodes, u64 n)
{
	for (n %= mempolicy_count(nodes); n; n--)
		nodes &= (u16)(nodes - 1);
	return (node_t)__builtin_ctz(nodes);
}

/* Node i of @nodes means the i-th that there is. */
static u16 relative(u16 nodes, u16 there)
{
	u16 out = 0;

	for (; nodes; nodes &= (u16)(nodes - 1))
		out |= (u16)BIT(nth_node(there, (u64)__builtin_ctz(nodes)));
	return out;
}

/* Modes without nodes. */
static int check_bare(const struct mempolicy *policy)
{
	return policy->user_nodes || policy->flags ? -EINVAL : 0;
}

static int check_mode(int mode)
{
	int flags = mode & (MPOL_F_STATIC_NODES | MPOL_F_RELATIVE_NODES);

	if (mode & MPOL_F_NUMA_BALANCING) /* nothing here moves pages by itself */
		return -EINVAL;
	if (flags == (MPOL_F_STATIC_NODES | MPOL_F_RELATIVE_NODES))
		return -EINVAL;
	mode &= ~flags;
	return mode < 0 || mode >= MPOL_MODES ? -EINVAL : 0;
}

int mempolicy_make(int mode, u64 nodes, struct mempolicy *out)
{
	struct mempolicy policy = { .user_nodes = (u16)nodes };
	u16 there = mempolicy_memory_nodes();
	int err = check_mode(mode);

	if (err)
		return err;
	policy.flags = (mode & MPOL_F_STATIC_NODES ? MEMPOLICY_STATIC : 0) |
		       (mode & MPOL_F_RELATIVE_NODES ? MEMPOLICY_RELATIVE : 0);
	policy.mode = (u8)(mode & ~(MPOL_F_STATIC_NODES | MPOL_F_RELATIVE_NODES));
	if (policy.mode == MPOL_PREFERRED && !nodes)
		policy.mode = MPOL_LOCAL;
	*out = policy;
	if (policy.mode == MPOL_LOCAL)
		return check_bare(&policy);
	if (policy.mode == MPOL_DEFAULT) {
		*out = (struct mempolicy){ 0 };
		return policy.user_nodes ? -EINVAL : 0;
	}
	policy.nodes = policy.flags & MEMPOLICY_RELATIVE ? relative(policy.user_nodes, there)
							 : policy.user_nodes & there;
	if (!policy.nodes)
		return -EINVAL;
	if (policy.mode == MPOL_PREFERRED)
		policy.nodes &= (u16)-policy.nodes;
	*out = policy;
	atomic_store_relaxed(&mempolicy_in_use, true);
	return 0;
}

int mempolicy_mode(struct mempolicy policy)
{
	return policy.mode | (policy.flags & MEMPOLICY_STATIC ? MPOL_F_STATIC_NODES : 0) |
	       (policy.flags & MEMPOLICY_RELATIVE ? MPOL_F_RELATIVE_NODES : 0);
}

node_t mempolicy_node(struct mempolicy policy, u64 n)
{
	return nth_node(policy.nodes, n);
}

/* From those of @nodes that are close to @from first. */
static struct frame *alloc_among(u16 nodes, node_t from, unsigned order, unsigned flags,
				 struct frame *(*alloc)(unsigned, unsigned, node_t))
{
	struct frame *frame = NULL;
	node_t node;

	for (u32 i = 0; !frame && (node = numa_fallback(from, i)) < NR_NODES; i++)
		if (nodes & BIT(node))
			frame = alloc(order, flags | MEM_TRY | MEM_NODE_ONLY, node);
	return frame;
}

struct frame *mempolicy_alloc(struct mempolicy policy, u64 n, unsigned order, unsigned flags,
			      struct frame *(*alloc)(unsigned, unsigned, node_t))
{
	node_t home = policy.home ? policy.home - 1u : this_cpu()->node;
	struct frame *frame = NULL;

	switch (policy.mode) {
	case MPOL_BIND:
		return alloc_among(policy.nodes, home, order, flags, alloc);
	case MPOL_PREFERRED_MANY:
		frame = alloc_among(policy.nodes, home, order, flags, alloc);
		return frame ? frame : alloc(order, flags, home);
	case MPOL_PREFERRED:
	case MPOL_INTERLEAVE:
		return alloc(order, flags, nth_node(policy.nodes, n));
	}
	return alloc(order, flags, NODE_ANY);
}
