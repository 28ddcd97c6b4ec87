/* SPDX-License-Identifier: MIT */
/*
 * futex(2): arguments. Waits go on after
 * a signal as on Linux: without a time-out the call is restarted whole, with
 * one restart_syscall(2) goes on to the same deadline. The operations with
 * priority inheritance answer ENOSYS, which C libraries take for an answer.
 */
#include <kernel/syscall_protos.h>

#include <ipc/futex.h>
#include <kernel/abi/linux_futex.h>
#include <kernel/sys_util.h>
#include <kernel/task/task.h>

static long wait_restart(struct restart_block *block);

static inline long do_wait(u32 __user *uaddr, bool private, u32 val, ns_t deadline_ns, u32 bitset)
{
	long ret = futex_wait(uaddr, private, val, deadline_ns, bitset);

	if (ret != -ERESTARTSYS || deadline_ns == NS_FOREVER)
		return ret;
	current->restart = (struct restart_block){
		.fn = wait_restart,
		.deadline_ns = deadline_ns,
		.args = { (u64)(uintptr_t)uaddr, private, val, bitset },
	};
	return -ERESTART_RESTARTBLOCK;
}

static long wait_restart(struct restart_block *block)
{
	return do_wait((u32 __user *)(uintptr_t)block->args[0], block->args[1],
		       (u32)block->args[2], block->deadline_ns, (u32)block->args[3]);
}

/* FUTEX_WAIT's time-out is relative, FUTEX_WAIT_BITSET's absolute. */
static inline long sys_wait(u32 __user *uaddr, int op, u32 val, unsigned long timeout, u32 bitset)
{
	ns_t deadline_ns = NS_FOREVER;
	int err;

	if (timeout) {
		err = timespec_copy_ns((const struct linux_timespec __user *)timeout,
					&deadline_ns);
		if (err)
			return err;
		if ((op & FUTEX_CMD_MASK) == FUTEX_WAIT)
			deadline_ns = deadline_after(deadline_ns);
		else if (op & FUTEX_CLOCK_REALTIME)
			deadline_ns = deadline_of_wall(deadline_ns);
	}
	if (!bitset)
		return -EINVAL;
	return do_wait(uaddr, op & FUTEX_PRIVATE_FLAG, val, deadline_ns, bitset);
}

static long sys_requeue(u32 __user *uaddr, bool private, u32 val, u32 val2, vaddr_t uaddr2,
			const u32 *expected)
{
	if ((s32)val < 0 || (s32)val2 < 0)
		return -EINVAL;
	return futex_requeue(uaddr, (u32 __user *)uaddr2, private, val, val2, expected);
}

long sys_futex(u32 __user *uaddr, int op, u32 val, unsigned long timeout, vaddr_t uaddr2, u32 val3)
{
	bool private = op & FUTEX_PRIVATE_FLAG;
	int cmd = op & FUTEX_CMD_MASK;

	if (likely(cmd == FUTEX_WAKE && !(op & FUTEX_CLOCK_REALTIME)))
		return futex_wake(uaddr, private, val, FUTEX_BITSET_MATCH_ANY);
	if (op & FUTEX_CLOCK_REALTIME && cmd != FUTEX_WAIT_BITSET)
		return -ENOSYS;
	switch (cmd) {
	case FUTEX_WAIT:
		return sys_wait(uaddr, op, val, timeout, FUTEX_BITSET_MATCH_ANY);
	case FUTEX_WAIT_BITSET:
		return sys_wait(uaddr, op, val, timeout, val3);
	case FUTEX_WAKE_BITSET:
		return val3 ? futex_wake(uaddr, private, val, val3) : -EINVAL;
	case FUTEX_REQUEUE:
		return sys_requeue(uaddr, private, val, (u32)timeout, uaddr2, NULL);
	case FUTEX_CMP_REQUEUE:
		return sys_requeue(uaddr, private, val, (u32)timeout, uaddr2, &val3);
	case FUTEX_WAKE_OP:
		return futex_wake_op(uaddr, (u32 __user *)uaddr2, private, val, (u32)timeout, val3);
	}
	return -ENOSYS;
}
