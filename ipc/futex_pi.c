/* SPDX-License-Identifier: MIT */
/*
 * Futexes with priority inheritance (man futex(2), FUTEX_LOCK_PI). The word holds the
 * owner's number; the kernel comes in when somebody has to wait. Then there is a lock
 * here, with its owner and those who wait, the most urgent first; the owner runs at the
 * priority of the first of them, and so does whoever the owner waits for, and so on.
 * Who unlocks, or ends, hands the lock over: the word says so before the new owner runs.
 *
 * All of it is under one mutex: user words are exchanged under it, which may fault, and
 * a lock nobody waits for never comes here. A waiter takes the mutex before it goes, so
 * that who wakes it may use its record, on its stack, until then.
 *
 * Condition variables with such a mutex: FUTEX_WAIT_REQUEUE_PI waits for one word, in
 * a list of its own, and wakes up owning another: FUTEX_CMP_REQUEUE_PI makes it a
 * waiter of that lock, or its owner at once.
 *
 *   in the list --requeue--> waiter of the lock --hand_over--> owner
 *        |  \--requeue, nobody has the lock------------------^
 *        +--signal, time-out--> gone (from the lock: give_up())
 */
#include <ipc/futex.h>

#include <arch/uaccess.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_futex.h>
#include <kernel/core/mutex.h>
#include <kernel/core/sched_hooks.h>
#include <kernel/task/task.h>
#include <mm/kmalloc.h>
#include <mm/object.h>

#include "futex_priv.h"

#define CHAIN_MAX 1024u /* owners that wait for owners; longer ones are not followed */

static struct mutex pi_mutex = MUTEX_INIT(pi_mutex, RANK_FUTEX_PI, "futex_pi");

/* All under pi_mutex, but what is said. */
struct pi_lock {
	struct list_head link;      /* pi_locks */
	struct pi_lock *next_owned; /* of the owner: thread->pi_owned */
	struct futex_key key;
	u32 __user *uaddr;          /* where the owner, or its heirs, see the word: current's
	                               address is used, this one only when the owner ends */
	struct thread *owner;       /* referenced */
	struct list_head waiters;   /* struct pi_waiter, by priority, then age */
};

struct pi_waiter {
	struct list_head link;
	struct pi_lock *lock;
	struct thread *thread;
	u32 __user *uaddr;          /* the word in the waiter's space */
	u8 prio;
	bool done;                  /* [atomic] it owns the lock */
};

static struct list_head pi_locks = LIST_HEAD_INIT(pi_locks);

static struct pi_lock *find_lock(const struct futex_key *key)
{
	struct pi_lock *lock;

	LIST_FOR_EACH(lock, &pi_locks, link)
		if (futex_key_equal(&lock->key, key))
			return lock;
	return NULL;
}

static struct pi_waiter *first_waiter(const struct pi_lock *lock)
{
	return LIST_FIRST_ENTRY(&lock->waiters, struct pi_waiter, link);
}

/* ---- priorities ---- */

static void insert_waiter(struct pi_lock *lock, struct pi_waiter *w)
{
	struct list_head *at = &lock->waiters;
	struct pi_waiter *other;

	LIST_FOR_EACH(other, &lock->waiters, link)
		if (other->prio < w->prio) {
			at = &other->link;
			break;
		}
	list_add_tail(&w->link, at); /* before @at */
}

/* What @thread inherits: the highest that waits for a lock of it. */
static u8 inherited(const struct thread *thread)
{
	u8 prio = 0;

	for (const struct pi_lock *lock = thread->pi_owned; lock; lock = lock->next_owned) {
		const struct pi_waiter *w = first_waiter(lock);

		if (w)
			prio = MAX(prio, w->prio);
	}
	return prio;
}

/* @thread's waiters have changed: its priority, and along the chain of owners. */
static void adjust(struct thread *thread)
{
	for (u32 i = 0; i < CHAIN_MAX; i++) {
		struct pi_waiter *w = thread->pi_waiting;
		u8 prio = sched_boost(thread, inherited(thread));

		if (!w || w->prio == prio)
			return;
		list_del(&w->link);
		w->prio = prio;
		insert_waiter(w->lock, w);
		thread = w->lock->owner;
	}
}

/* Would @thread, waiting for @owner, wait for itself? */
static bool closes_a_ring(const struct thread *owner, const struct thread *thread)
{
	for (u32 i = 0; i < CHAIN_MAX; i++) {
		if (owner == thread)
			return true;
		if (!owner->pi_waiting)
			return false;
		owner = owner->pi_waiting->lock->owner;
	}
	return true;
}

/* ---- owners ---- */

static void set_owner(struct pi_lock *lock, struct thread *owner)
{
	thread_get(owner);
	lock->owner = owner;
	lock->next_owned = owner->pi_owned;
	owner->pi_owned = lock;
}

/* The reference is the caller's then. */
static struct thread *unset_owner(struct pi_lock *lock)
{
	struct thread *owner = lock->owner;
	struct pi_lock **at = &owner->pi_owned;

	while (*at != lock)
		at = &(*at)->next_owned;
	*at = lock->next_owned;
	lock->owner = NULL;
	return owner;
}

static struct pi_lock *make_lock(const struct futex_key *key, struct thread *owner,
				 u32 __user *uaddr)
{
	struct pi_lock *lock = kzalloc(sizeof(*lock), 0);

	if (!lock)
		return NULL;
	lock->key = *key;
	if (key->object)
		vmobject_get(key->object);
	lock->uaddr = uaddr;
	list_init(&lock->waiters);
	set_owner(lock, owner);
	list_add_tail(&lock->link, &pi_locks);
	return lock;
}

/* Nobody waits any more: what is left is the word. */
static void drop_lock(struct pi_lock *lock)
{
	thread_put(unset_owner(lock));
	list_del(&lock->link);
	futex_key_put(&lock->key);
	kfree(lock);
}

/* *@uaddr from @old to @new. Return: 0; -EAGAIN it was another; -EFAULT. */
static int exchange(u32 __user *uaddr, u32 old, u32 new)
{
	u32 seen = old;
	int err = user_cmpxchg_u32(uaddr, &seen, new);

	return err ? err : seen == old ? 0 : -EAGAIN;
}

/*
 * The first waiter becomes the owner, by the word too, which current sees at @uaddr.
 * Return: 0; -EAGAIN the word changes under our hands; -EFAULT.
 */
static int hand_over(struct pi_lock *lock, u32 __user *uaddr, u32 word, u32 died)
{
	struct pi_waiter *w = first_waiter(lock);
	struct thread *old = lock->owner;
	bool last = w->link.next == &lock->waiters;
	int err = exchange(uaddr, word,
			   (u32)w->thread->tid | died | (last ? 0 : FUTEX_WAITERS));

	if (err)
		return err;
	list_del(&w->link);
	w->thread->pi_waiting = NULL;
	(void)unset_owner(lock);
	set_owner(lock, w->thread);
	lock->uaddr = w->uaddr;
	adjust(old);
	thread_put(old);
	adjust(w->thread);
	atomic_store_release(&w->done, true);
	(void)sched_wake_sleeper(w->thread);
	if (last)
		drop_lock(lock);
	return 0;
}

/* ---- lock ---- */

/* The owner that the word names, referenced. */
static int find_owner(u32 word, struct thread **out)
{
	struct thread *owner = thread_find((s32)(word & FUTEX_TID_MASK));

	if (!owner)
		return -ESRCH;
	if (owner->task == kernel_task) {
		thread_put(owner);
		return -EPERM;
	}
	*out = owner;
	return 0;
}

/*
 * One try for @thread, by current, who sees the word at @uaddr. Return: 0 it owns it; 1 it
 * has to wait, *out is the lock; -EAGAIN the word has changed: again; -errno.
 */
static int try_lock(u32 __user *uaddr, const struct futex_key *key, const struct thread *thread,
		    bool wait, struct pi_lock **out)
{
	struct pi_lock *lock = find_lock(key);
	struct thread *owner;
	u32 word;
	int err = user_read_u32(&word, uaddr);

	if (err)
		return err;
	if ((word & FUTEX_TID_MASK) == (u32)thread->tid)
		return -EDEADLK;
	if (!lock && !(word & FUTEX_TID_MASK))
		return exchange(uaddr, word, (u32)thread->tid | (word & FUTEX_OWNER_DIED));
	if (!wait)
		return -EWOULDBLOCK;
	if (lock && (word & FUTEX_TID_MASK) != (u32)lock->owner->tid)
		return -EINVAL;
	if (!(word & FUTEX_WAITERS)) {
		err = exchange(uaddr, word, word | FUTEX_WAITERS);
		if (err)
			return err;
	}
	if (!lock) {
		err = find_owner(word, &owner);
		if (err)
			return err;
		lock = make_lock(key, owner, uaddr);
		thread_put(owner);
		if (!lock)
			return -ENOMEM;
	}
	*out = lock;
	return 1;
}

/* Current leaves the queue: a signal or time-out was first. */
static void give_up(struct pi_waiter *w)
{
	struct pi_lock *lock = w->lock;

	list_del(&w->link);
	current->pi_waiting = NULL;
	adjust(lock->owner);
	if (list_empty(&lock->waiters))
		drop_lock(lock);
}

/* Without pi_mutex. Return: 0 @w owns the lock; -ETIMEDOUT; -ERESTARTSYS. */
static int sleep_until_done(struct pi_waiter *w, ns_t deadline_ns)
{
	int err = 0;

	while (!err && !atomic_load_acquire(&w->done)) {
		sched_mark_asleep(true);
		if (!atomic_load_acquire(&w->done))
			err = sched_block(deadline_ns);
		sched_mark_awake();
	}
	return err;
}

static void start_waiting(struct pi_lock *lock, struct pi_waiter *w)
{
	w->lock = lock;
	w->prio = sched_priority(w->thread);
	insert_waiter(lock, w);
	w->thread->pi_waiting = w;
	adjust(lock->owner);
}

/* pi_mutex is held before and after. */
static int wait_for(struct pi_lock *lock, u32 __user *uaddr, ns_t deadline_ns)
{
	struct pi_waiter w = { .thread = current, .uaddr = uaddr };
	int err;

	if (closes_a_ring(lock->owner, current)) {
		if (list_empty(&lock->waiters))
			drop_lock(lock);
		return -EDEADLK;
	}
	start_waiting(lock, &w);
	mutex_unlock(&pi_mutex);
	err = sleep_until_done(&w, deadline_ns);
	mutex_lock(&pi_mutex);
	if (w.done)
		return 0;
	give_up(&w);
	return err == -ETIMEDOUT ? err : -ERESTARTNOINTR;
}

long futex_lock_pi(u32 __user *uaddr, bool private, bool wait, ns_t deadline_ns)
{
	struct pi_lock *lock = NULL;
	struct futex_key key;
	int ret = futex_key_get(uaddr, private, &key);

	if (ret)
		return ret;
	mutex_lock(&pi_mutex);
	do {
		ret = try_lock(uaddr, &key, current, wait, &lock);
	} while (ret == -EAGAIN && wait);
	if (ret == 1)
		ret = wait_for(lock, uaddr, deadline_ns);
	mutex_unlock(&pi_mutex);
	futex_key_put(&key);
	return ret;
}

/* ---- unlock, the end of an owner ---- */

static int try_unlock(u32 __user *uaddr, const struct futex_key *key)
{
	struct pi_lock *lock = find_lock(key);
	u32 word;
	int err = user_read_u32(&word, uaddr);

	if (err)
		return err;
	if ((word & FUTEX_TID_MASK) != (u32)current->tid)
		return -EPERM;
	if (!lock)
		return exchange(uaddr, word, 0);
	if (lock->owner != current)
		return -EINVAL;
	return hand_over(lock, uaddr, word, 0);
}

long futex_unlock_pi(u32 __user *uaddr, bool private)
{
	struct futex_key key;
	int ret = futex_key_get(uaddr, private, &key);

	if (ret)
		return ret;
	mutex_lock(&pi_mutex);
	do {
		ret = try_unlock(uaddr, &key);
	} while (ret == -EAGAIN);
	mutex_unlock(&pi_mutex);
	futex_key_put(&key);
	return ret;
}

/* The word cannot be reached any more: the waiters learn that from their call. */
static void abandon(struct pi_lock *lock)
{
	while (!list_empty(&lock->waiters)) {
		struct pi_waiter *w = first_waiter(lock);
		bool last = w->link.next == &lock->waiters;

		list_del(&w->link);
		w->thread->pi_waiting = NULL;
		atomic_store_release(&w->done, true);
		(void)sched_wake_sleeper(w->thread);
		if (last)
			break;
	}
	drop_lock(lock);
}

void futex_exit_pi(void)
{
	struct pi_lock *lock;

	if (likely(!current->pi_owned))
		return;
	mutex_lock(&pi_mutex);
	while ((lock = current->pi_owned)) {
		u32 word;
		int err;

		do {
			err = user_read_u32(&word, lock->uaddr);
			if (!err)
				err = hand_over(lock, lock->uaddr, word, FUTEX_OWNER_DIED);
		} while (err == -EAGAIN);
		if (err)
			abandon(lock);
	}
	mutex_unlock(&pi_mutex);
}

/* ---- waiting for a word, then for a lock ---- */

/* All under pi_mutex. */
struct requeue_waiter {
	struct list_head link; /* requeue_waiters, until it is requeued */
	bool requeued;
	struct futex_key key, lock_key;
	struct pi_waiter pi;
};

static struct list_head requeue_waiters = LIST_HEAD_INIT(requeue_waiters);

static void insert_requeue_waiter(struct requeue_waiter *w)
{
	struct list_head *at = &requeue_waiters;
	struct requeue_waiter *other;

	w->pi.prio = sched_priority(current);
	LIST_FOR_EACH(other, &requeue_waiters, link)
		if (other->pi.prio < w->pi.prio) {
			at = &other->link;
			break;
		}
	list_add_tail(&w->link, at);
}

/* pi_mutex is held before and after. Return: as futex_wait_requeue_pi(). */
static int wait_requeue(struct requeue_waiter *w, ns_t deadline_ns)
{
	int err;

	insert_requeue_waiter(w);
	mutex_unlock(&pi_mutex);
	err = sleep_until_done(&w->pi, deadline_ns);
	mutex_lock(&pi_mutex);
	if (w->pi.done)
		return 0;
	if (w->requeued) {
		give_up(&w->pi);
		/* The call cannot begin again: the word has changed. */
		return err == -ETIMEDOUT ? err : -EWOULDBLOCK;
	}
	list_del(&w->link);
	return err == -ETIMEDOUT ? err : -ERESTARTNOINTR;
}

long futex_wait_requeue_pi(u32 __user *uaddr, bool private, u32 val, ns_t deadline_ns,
			   u32 __user *uaddr2)
{
	struct requeue_waiter w = { .pi = { .thread = current, .uaddr = uaddr2 } };
	int ret = futex_key_get(uaddr, private, &w.key);
	u32 now;

	if (ret)
		return ret;
	ret = futex_key_get(uaddr2, private, &w.lock_key);
	if (ret) {
		futex_key_put(&w.key);
		return ret;
	}
	mutex_lock(&pi_mutex);
	if (futex_key_equal(&w.key, &w.lock_key))
		ret = -EINVAL;
	else
		ret = user_read_u32(&now, uaddr);
	if (!ret && now != val)
		ret = -EWOULDBLOCK;
	if (!ret)
		ret = wait_requeue(&w, deadline_ns);
	mutex_unlock(&pi_mutex);
	futex_key_put(&w.key);
	futex_key_put(&w.lock_key);
	return ret;
}

static struct requeue_waiter *find_requeue_waiter(const struct futex_key *key)
{
	struct requeue_waiter *w;

	LIST_FOR_EACH(w, &requeue_waiters, link)
		if (futex_key_equal(&w->key, key))
			return w;
	return NULL;
}

/* @w, out of the list, owns the lock or waits for it. Return: 0; -errno, as it was. */
static int requeue_one(struct requeue_waiter *w, u32 __user *uaddr2, const struct futex_key *key2)
{
	struct pi_lock *lock = NULL;
	int ret;

	if (!futex_key_equal(&w->lock_key, key2))
		return -EINVAL;
	do {
		ret = try_lock(uaddr2, key2, w->pi.thread, true, &lock);
	} while (ret == -EAGAIN);
	if (ret < 0)
		return ret;
	if (ret == 1 && closes_a_ring(lock->owner, w->pi.thread)) {
		if (list_empty(&lock->waiters))
			drop_lock(lock);
		return -EDEADLK;
	}
	list_del(&w->link);
	w->requeued = true;
	if (ret == 1) {
		start_waiting(lock, &w->pi);
		return 0;
	}
	atomic_store_release(&w->pi.done, true);
	(void)sched_wake_sleeper(w->pi.thread);
	return 0;
}

static int requeue(u32 __user *uaddr, const struct futex_key *key, u32 __user *uaddr2,
		   const struct futex_key *key2, u32 nr, u32 expected)
{
	struct requeue_waiter *w;
	u32 now, n = 0;
	int err = user_read_u32(&now, uaddr);

	if (!err && now != expected)
		err = -EAGAIN;
	while (!err && n < nr && (w = find_requeue_waiter(key))) {
		err = requeue_one(w, uaddr2, key2);
		n += !err;
	}
	return err ? err : (int)n;
}

long futex_requeue_pi(u32 __user *uaddr, u32 __user *uaddr2, bool private, u32 nr_requeue,
		      u32 expected)
{
	struct futex_key key, key2;
	int ret = futex_key_get(uaddr, private, &key);

	if (ret)
		return ret;
	ret = futex_key_get(uaddr2, private, &key2);
	if (ret) {
		futex_key_put(&key);
		return ret;
	}
	mutex_lock(&pi_mutex);
	if (futex_key_equal(&key, &key2))
		ret = -EINVAL;
	else /* one is to be woken, and if it cannot get the lock it is requeued too */
		ret = requeue(uaddr, &key, uaddr2, &key2, nr_requeue + 1, expected);
	mutex_unlock(&pi_mutex);
	futex_key_put(&key);
	futex_key_put(&key2);
	return ret;
}
