/* SPDX-License-Identifier: MIT */
/*
 * Memory policies: from which nodes pages of a thread, of a region or of a shared
 * object come. A policy is one word, so that it is compared and copied like a
 * number; all zero says nothing: the next one in that order counts, at last the
 * node of the CPU.
 */
#pragma once

#include <kernel/config.h>
#include <kernel/lib/types.h>

struct frame;

struct mempolicy {
	u8 mode;        /* MPOL_* */
	u8 flags;       /* MEMPOLICY_STATIC, MEMPOLICY_RELATIVE: as asked for */
	u8 home;        /* 1 + the node to begin with, 0: the CPU's */
	u8 unused;
	u16 nodes;      /* in force */
	u16 user_nodes; /* as asked for */
};
static_assert(sizeof(struct mempolicy) == 8 && NR_NODES == 16, "one word");

#define MEMPOLICY_STATIC   1
#define MEMPOLICY_RELATIVE 2

static inline bool mempolicy_same(struct mempolicy a, struct mempolicy b)
{
	return a.mode == b.mode && a.flags == b.flags && a.home == b.home && a.nodes == b.nodes &&
	       a.user_nodes == b.user_nodes;
}

extern bool mempolicy_in_use; /* atomic; only ever becomes true: mempolicy_used() */

/** mempolicy_make - what programs ask for. @mode with MPOL_F_*; @nodes: their mask.
 * Return: 0; -EINVAL. */
__must_check int mempolicy_make(int mode, u64 nodes, struct mempolicy *out);

/** mempolicy_node - @n-th choice of an interleaving policy */
node_t mempolicy_node(struct mempolicy policy, u64 n);

/** mempolicy_count - how many nodes @nodes has */
u32 mempolicy_count(u16 nodes);

/** mempolicy_mode - as get_mempolicy(2) tells it, with MPOL_F_* */
int mempolicy_mode(struct mempolicy policy);

/** mempolicy_memory_nodes - the nodes that have memory */
u16 mempolicy_memory_nodes(void);

/**
 * mempolicy_alloc - 2^@order frames by @alloc (pmm_alloc, pmm_alloc_frames) from where
 * @policy wants them; @n: which page it is, for interleaving
 * Return: NULL: none there (MPOL_BIND), or none at all.
 */
struct frame *mempolicy_alloc(struct mempolicy policy, u64 n, unsigned order, unsigned flags,
			      struct frame *(*alloc)(unsigned order, unsigned flags, node_t node));

/** mempolicy_current - of the running thread, *n for mempolicy_alloc(); defined above
 * mm, in sys_mempolicy.c */
struct mempolicy mempolicy_current(u64 *n);
