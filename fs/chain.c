/* SPDX-License-Identifier: MIT */
/* Waiting for those who walk hash chains without a lock. */
#include <fs/chain.h>

#include <arch/cpu.h>
#include <arch/smp.h>
#include <kernel/lib/string.h>

static void nothing(__unused void *arg)
{
}

/*
 * The call is a full fence on every CPU: a walk that begins later sees what was
 * taken out before; one that had begun is seen here as an odd word, and ends soon.
 */
void chain_wait_readers(u64 *words)
{
	struct cpumask all;
	struct cpu *cpu;

	memset(&all, 0xff, sizeof(all));
	smp_call(&all, nothing, NULL);
	FOR_EACH_CPU(cpu) {
		u64 *word = percpu_ptr_of(*words, cpu), was = atomic_load_acquire(word);

		while ((was & 1) && atomic_load_acquire(word) == was)
			cpu_relax();
	}
}
