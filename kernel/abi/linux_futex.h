/* SPDX-License-Identifier: MIT */
/*
 * Linux x86_64: futex(2) operations and robust lists.
 * Sources: man futex(2), get_robust_list(2); uapi linux/futex.h.
 */
#pragma once

#include <kernel/lib/types.h>

#define FUTEX_WAIT            0
#define FUTEX_WAKE            1
#define FUTEX_FD              2
#define FUTEX_REQUEUE         3
#define FUTEX_CMP_REQUEUE     4
#define FUTEX_WAKE_OP         5
#define FUTEX_LOCK_PI         6
#define FUTEX_UNLOCK_PI       7
#define FUTEX_TRYLOCK_PI      8
#define FUTEX_WAIT_BITSET     9
#define FUTEX_WAKE_BITSET     10
#define FUTEX_WAIT_REQUEUE_PI 11
#define FUTEX_CMP_REQUEUE_PI  12
#define FUTEX_LOCK_PI2        13

#define FUTEX_PRIVATE_FLAG   128
#define FUTEX_CLOCK_REALTIME 256
#define FUTEX_CMD_MASK       (~(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME))

#define FUTEX_BITSET_MATCH_ANY 0xffffffffu

/* FUTEX_WAKE_OP: bits 28-31 op, 24-27 cmp, 12-23 oparg, 0-11 cmparg */
#define FUTEX_OP_SET  0
#define FUTEX_OP_ADD  1
#define FUTEX_OP_OR   2
#define FUTEX_OP_ANDN 3
#define FUTEX_OP_XOR  4
#define FUTEX_OP_OPARG_SHIFT 8
#define FUTEX_OP_CMP_EQ 0
#define FUTEX_OP_CMP_NE 1
#define FUTEX_OP_CMP_LT 2
#define FUTEX_OP_CMP_LE 3
#define FUTEX_OP_CMP_GT 4
#define FUTEX_OP_CMP_GE 5

/* The futex word of a PI or robust mutex */
#define FUTEX_WAITERS    0x80000000u
#define FUTEX_OWNER_DIED 0x40000000u
#define FUTEX_TID_MASK   0x3fffffffu

struct linux_robust_list {
	u64 next; /* user pointer; bit 0 set: a PI mutex */
};
static_assert(sizeof(struct linux_robust_list) == 8, "Linux ABI");

struct linux_robust_list_head {
	struct linux_robust_list list; /* circular, ends at its own address */
	s64 futex_offset;              /* from a list entry to its futex word */
	u64 list_op_pending;
};
static_assert(sizeof(struct linux_robust_list_head) == 24, "Linux ABI");

/* futex_waitv(2) */
#define FUTEX_WAITV_MAX 128
#define FUTEX2_SIZE_U32 0x02
#define FUTEX2_PRIVATE  128

struct linux_futex_waitv {
	u64 val;
	u64 uaddr;
	u32 flags; /* FUTEX2_* */
	u32 reserved;
};
static_assert(sizeof(struct linux_futex_waitv) == 24, "Linux ABI");

#define ROBUST_LIST_LIMIT 2048
