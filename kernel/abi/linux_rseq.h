/* SPDX-License-Identifier: MIT */
/*
 * Linux x86_64: restartable sequences.
 * Sources: man rseq(2) (libc and librseq pages); uapi linux/rseq.h.
 */
#pragma once

#include <kernel/lib/types.h>

#define RSEQ_FLAG_UNREGISTER      0x1
#define RSEQ_CPU_ID_UNINITIALIZED 0xffffffffu /* -1 */

/* The area of a thread, in its own memory. */
struct linux_rseq {
	u32 cpu_id_start; /* 0 until registered: never out of range */
	u32 cpu_id;
	u64 rseq_cs;      /* user address of a struct linux_rseq_cs, or 0 */
	u32 flags;
	u32 node_id;
	u32 mm_cid;       /* newer than what is told by AT_RSEQ_FEATURE_SIZE */
	u32 pad;
};
static_assert(sizeof(struct linux_rseq) == 32, "Linux ABI");
static_assert(offsetof(struct linux_rseq, rseq_cs) == 8, "Linux ABI");
static_assert(offsetof(struct linux_rseq, node_id) == 20, "Linux ABI");

#define RSEQ_AREA_MIN     32u /* the first published size, aligned to as much */
#define RSEQ_AREA_ALIGN   32u
#define RSEQ_FEATURE_SIZE 24u /* up to node_id */

/* A critical section [start_ip, start_ip + post_commit_offset). */
struct linux_rseq_cs {
	u32 version; /* 0 */
	u32 flags;   /* 0: those there once were are refused since Linux 6.0 */
	u64 start_ip;
	u64 post_commit_offset;
	u64 abort_ip;
};
static_assert(sizeof(struct linux_rseq_cs) == 32, "Linux ABI");
