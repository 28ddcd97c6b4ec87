/* SPDX-License-Identifier: MIT */
/* Chance comes from the cycle counter: no state that CPUs would share. */
#include <kernel/core/jitter.h>

#include <arch/cpu.h>
#include <arch/time.h>

#define LINGER_CYCLES (1ull << 15) /* at most; about 10 us at 3 GHz */

u32 jitter_one_in;

void jitter_linger(void)
{
	u64 start = time_cycles();
	u64 chance = (start ^ (u64)this_cpu()->id << 32) * 0x9e3779b97f4a7c15ull;
	u64 cycles = (chance >> 32) % LINGER_CYCLES;

	if ((chance >> 48) % jitter_one_in)
		return;
	while (time_cycles() - start < cycles)
		cpu_relax();
}
