/* SPDX-License-Identifier: MIT */
/*
 * The page of numbers below the vDSO: what its functions make the time of.
 * Between us and the vDSO alone; programs know its functions, not this.
 *
 *   uptime = (TSC - base) * mult / 2^32 ns        wall clock = uptime + wall
 */
#pragma once

#include <kernel/lib/types.h>

/* Only `wall` ever changes while programs run, and it is one word: a reader needs
 * no sequence count, two reads of it cannot disagree with each other. */
struct vdso_data {
	u64 base;   /* TSC at uptime 0 */
	u64 mult;   /* ns per cycle, 32.32 fixed point; 0: not calibrated */
	u64 wall;   /* [a] unix time of uptime 0, ns */
	u32 steady; /* [a] the TSCs of all CPUs agree; 0: ask the kernel for the time */
	u32 reserved;
};
static_assert(sizeof(struct vdso_data) == 32, "known to the vDSO");

/* A segment whose limit tells which CPU this is, to whoever asks with LSL: a CPU
 * need not have RDPID or RDTSCP for that. Limits have 20 bits. */
#define VDSO_CPU_SELECTOR   0x0b
#define VDSO_CPU_NODE_SHIFT 12
