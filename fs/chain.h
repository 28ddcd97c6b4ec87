/* SPDX-License-Identifier: MIT */
/*
 * Hash chains that are walked without a lock. Each cache has a per-CPU word that
 * is odd while its CPU walks a chain and grows by 2 a walk; a walk is never
 * preempted. What was taken out of its chain may be stood on until
 * chain_wait_readers() has returned: only then is its memory given back.
 */
#pragma once

#include <arch/atomic.h>
#include <arch/percpu.h>
#include <kernel/lib/types.h>

/* @words: address of the DEFINE_PERCPU(u64) of the cache. */
static inline u64 *chain_read_begin(u64 *words)
{
	u64 *word = percpu_ptr(*words);

	/* Pairs with the call in chain_wait_readers(): no fence needed here. */
	atomic_store_relaxed(word, *word + 1);
	atomic_compiler_fence();
	return word;
}

static inline void chain_read_end(u64 *word)
{
	atomic_store_release(word, *word + 1);
}

/** chain_wait_readers - until no CPU walks a chain that it began to before */
void chain_wait_readers(u64 *words);
