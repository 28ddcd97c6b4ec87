/* SPDX-License-Identifier: MIT */
/*
 * Futexes, Linux's ABI; keys are (space, address) or (object, offset).
 * Calls about current's words; @private: no other process shares the word, so
 * its key is known without looking at the mapping. All: thread context, no
 * locks held, may sleep for a page fault. Source: man futex(2).
 */
#pragma once

#include <kernel/lib/types.h>

/** futex_wait - sleep while *@uaddr == @val until a wake whose bits meet @bitset
 * @deadline_ns: uptime, or NS_FOREVER
 * Return: 0; -EAGAIN another value; -ETIMEDOUT; -EFAULT; -EINVAL; -ERESTARTSYS a
 * signal came. */
__must_check long futex_wait(u32 __user *uaddr, bool private, u32 val, ns_t deadline_ns,
			     u32 bitset);

struct futex_wait_item {
	u32 __user *uaddr;
	u32 val;
	bool private;
};

/** futex_wait_several - sleep while all words have their values, until a wake of any
 * Return: the index of one that was woken; else as futex_wait(); -ENOMEM. */
__must_check long futex_wait_several(const struct futex_wait_item *items, u32 nr,
				     ns_t deadline_ns);

/** futex_wake - wake up to @n waiters whose bits meet @bitset.
 * Return: how many; -EFAULT, -EINVAL. */
__must_check long futex_wake(u32 __user *uaddr, bool private, u32 n, u32 bitset);

/** futex_requeue - wake up to @nr_wake waiters of @uaddr, let up to @nr_requeue more
 * wait for @uaddr2 instead
 * @expected: what *@uaddr must be, or NULL
 * Return: how many were woken or moved; -EAGAIN, -EFAULT, -EINVAL. */
__must_check long futex_requeue(u32 __user *uaddr, u32 __user *uaddr2, bool private, u32 nr_wake,
				u32 nr_requeue, const u32 *expected);

/** futex_wake_op - change *@uaddr2 as @op says, wake up to @n waiters of @uaddr and,
 * if the old value compares, up to @n2 of @uaddr2
 * Return: how many; -EFAULT, -EINVAL, -ENOSYS unknown @op. */
__must_check long futex_wake_op(u32 __user *uaddr, u32 __user *uaddr2, bool private, u32 n, u32 n2,
				u32 op);

/** futex_wake_user - wake up to @n waiters of current's word @uaddr (exit paths).
 * Return: how many; -EFAULT, -EINVAL. */
long futex_wake_user(u32 __user *uaddr, u32 n);
/** futex_exit_robust - mark and wake current's robust list (bounded walk) */
void futex_exit_robust(void);

/** futex_lock_pi - FUTEX_LOCK_PI, or FUTEX_TRYLOCK_PI without @wait
 * Return: 0 owned; -EWOULDBLOCK; -ETIMEDOUT; -EDEADLK; -ESRCH the owner is gone; -EPERM,
 * -EINVAL the word names somebody else; -ERESTARTNOINTR a signal came; -EFAULT; -ENOMEM. */
__must_check long futex_lock_pi(u32 __user *uaddr, bool private, bool wait, ns_t deadline_ns);
/** futex_unlock_pi - Return: 0; -EPERM current does not own it; -EINVAL; -EFAULT */
__must_check long futex_unlock_pi(u32 __user *uaddr, bool private);
/** futex_wait_requeue_pi - sleep while *@uaddr == @val until requeued to the lock at
 * @uaddr2, and owning it
 * Return: 0 owned; -EWOULDBLOCK another value, or a signal after it was requeued;
 * -ERESTARTNOINTR a signal before; -ETIMEDOUT; -EINVAL; -EFAULT. */
__must_check long futex_wait_requeue_pi(u32 __user *uaddr, bool private, u32 val, ns_t deadline_ns,
					u32 __user *uaddr2);
/** futex_requeue_pi - let one of those own the lock at @uaddr2, or wait for it, and
 * @nr_requeue more wait, if *@uaddr == @expected
 * Return: how many; -EAGAIN another value; errors of futex_lock_pi(). */
__must_check long futex_requeue_pi(u32 __user *uaddr, u32 __user *uaddr2, bool private,
				   u32 nr_requeue, u32 expected);
/** futex_exit_pi - hand over what current still owns (exit, exec) */
void futex_exit_pi(void);
