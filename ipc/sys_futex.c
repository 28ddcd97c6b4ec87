/* SPDX-License-Identifier: MIT */
/*
 * futex(2): arguments. Waits go on after
 * a signal as on Linux: without a time-out the call is restarted whole, with
 * one restart_syscall(2) goes on to the same deadline.
 */
#include <kernel/syscall_protos.h>

#include <ipc/futex.h>
#include <kernel/abi/linux_futex.h>
#include <kernel/sys_util.h>
#include <kernel/task/task.h>
#include <mm/kmalloc.h>

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

/* The first of the two knows the wall clock only. */
static long sys_lock_pi(u32 __user *uaddr, int op, unsigned long timeout)
{
	bool wall = (op & FUTEX_CMD_MASK) == FUTEX_LOCK_PI || (op & FUTEX_CLOCK_REALTIME);
	ns_t deadline_ns = NS_FOREVER;
	int err;

	if (timeout) {
		err = timespec_copy_ns((const struct linux_timespec __user *)timeout,
					&deadline_ns);
		if (err)
			return err;
		if (wall)
			deadline_ns = deadline_of_wall(deadline_ns);
	}
	return futex_lock_pi(uaddr, op & FUTEX_PRIVATE_FLAG, true, deadline_ns);
}

/* The time-out is absolute, by either clock. */
static long sys_wait_requeue_pi(u32 __user *uaddr, int op, u32 val, unsigned long timeout,
				vaddr_t uaddr2)
{
	ns_t deadline_ns = NS_FOREVER;
	int err;

	if (timeout) {
		err = timespec_copy_ns((const struct linux_timespec __user *)timeout,
					&deadline_ns);
		if (err)
			return err;
		if (op & FUTEX_CLOCK_REALTIME)
			deadline_ns = deadline_of_wall(deadline_ns);
	}
	return futex_wait_requeue_pi(uaddr, op & FUTEX_PRIVATE_FLAG, val, deadline_ns,
				     (u32 __user *)uaddr2);
}

static long sys_requeue_pi(u32 __user *uaddr, bool private, u32 nr_wake, u32 nr_requeue,
			   vaddr_t uaddr2, u32 expected)
{
	if (nr_wake != 1 || (s32)nr_requeue < 0)
		return -EINVAL;
	return futex_requeue_pi(uaddr, (u32 __user *)uaddr2, private, nr_requeue, expected);
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
	if (op & FUTEX_CLOCK_REALTIME && cmd != FUTEX_WAIT_BITSET && cmd != FUTEX_LOCK_PI2 &&
	    cmd != FUTEX_WAIT_REQUEUE_PI)
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
	case FUTEX_LOCK_PI:
	case FUTEX_LOCK_PI2:
		return sys_lock_pi(uaddr, op, timeout);
	case FUTEX_TRYLOCK_PI:
		return futex_lock_pi(uaddr, private, false, NS_FOREVER);
	case FUTEX_UNLOCK_PI:
		return futex_unlock_pi(uaddr, private);
	case FUTEX_WAIT_REQUEUE_PI:
		return sys_wait_requeue_pi(uaddr, op, val, timeout, uaddr2);
	case FUTEX_CMP_REQUEUE_PI:
		return sys_requeue_pi(uaddr, private, val, (u32)timeout, uaddr2, val3);
	case FUTEX_WAKE_OP:
		return futex_wake_op(uaddr, (u32 __user *)uaddr2, private, val, (u32)timeout, val3);
	}
	return -ENOSYS;
}

static int waitv_items(const struct linux_futex_waitv __user *uwaiters, u32 nr,
		       struct futex_wait_item *items)
{
	for (u32 i = 0; i < nr; i++) {
		struct linux_futex_waitv v;

		if (copy_from_user(&v, uwaiters + i, sizeof(v)))
			return -EFAULT;
		if ((v.flags & ~(u32)FUTEX2_PRIVATE) != FUTEX2_SIZE_U32 || v.reserved)
			return -EINVAL;
		items[i] = (struct futex_wait_item){ (u32 __user *)(uintptr_t)v.uaddr, (u32)v.val,
						     v.flags & FUTEX2_PRIVATE };
	}
	return 0;
}

long sys_futex_waitv(const struct linux_futex_waitv __user *waiters, unsigned int nr,
		     unsigned int flags, const struct linux_timespec __user *timeout, int clock)
{
	struct futex_wait_item *items;
	ns_t deadline_ns = NS_FOREVER;
	long ret;

	if (flags || !nr || nr > FUTEX_WAITV_MAX || !waiters)
		return -EINVAL;
	if (timeout) {
		if (clock != CLOCK_MONOTONIC && clock != CLOCK_REALTIME)
			return -EINVAL;
		ret = timespec_copy_ns(timeout, &deadline_ns);
		if (ret)
			return ret;
		if (clock == CLOCK_REALTIME)
			deadline_ns = deadline_of_wall(deadline_ns);
	}
	items = kmalloc(nr * sizeof(*items), 0);
	if (!items)
		return -ENOMEM;
	ret = waitv_items(waiters, nr, items);
	if (!ret)
		ret = futex_wait_several(items, nr, deadline_ns);
	kfree(items);
	return ret;
}
