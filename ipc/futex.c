/* SPDX-License-Identifier: MIT */
/*
 * Futexes: waiters in a hash table by the word they wait for.
 *
 *   waiter                              waker (user code, then here)
 *   lock bucket, count itself           change the word
 *   read the word: another value? out   full fence
 *   enter the list, unlock, sleep       nobody counted in the bucket? done
 *                                       lock bucket, wake those of the key
 *
 * The count goes up by a locked instruction before the word is read, so one of
 * the two sees the other: either the waiter the new value or the waker the
 * waiter. A waiter's bucket pointer is its state: NULL once it was woken, which
 * the waker writes last, so that the waiter, whose stack holds all this, cannot
 * be gone before; see wake_awake() for one that has yet to fall asleep.
 *
 * A key holds a pointer: the space (its threads live as long as they wait) or
 * the object, to which each waiter has a reference.
 *
 * Locks: as->lock (ASPACE) alone, for the key; then bucket (FUTEX), two in
 * address order -> run queue. User memory is read under a bucket's lock only
 * without faulting; faults are resolved outside and all is tried again.
 */
#include <ipc/futex.h>

#include <arch/uaccess.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_futex.h>
#include <kernel/core/sched_hooks.h>
#include <kernel/core/spinlock.h>
#include <kernel/lib/list.h>
#include <kernel/task/task.h>
#include <mm/aspace.h>
#include <mm/kmalloc.h>
#include <mm/object.h>

#include "futex_priv.h"

#define NR_BUCKETS 256u /* by 8 bits of a hash */

/* Lock key: b bucket->lock, a atomic. */
struct futex_bucket {
	struct spinlock lock;     /* RANK_FUTEX */
	u32 nr_waiters;           /* [b][a] in the list, or about to enter it */
	struct list_head waiters; /* [b] oldest first */
} __aligned(64);

struct futex_waiter {
	struct list_head link;       /* [b] */
	struct futex_bucket *bucket; /* [a] changed under its lock; NULL: woken */
	struct futex_key key;        /* [b] a requeue changes it */
	struct thread *thread;
	u32 bitset;
};

#define BUCKET(n) \
	[n] = { .lock = SPINLOCK_INIT(RANK_FUTEX, "futex"), \
		.waiters = { &buckets[n].waiters, &buckets[n].waiters } }
#define BUCKETS4(n)  BUCKET(n), BUCKET((n) + 1), BUCKET((n) + 2), BUCKET((n) + 3)
#define BUCKETS16(n) BUCKETS4(n), BUCKETS4((n) + 4), BUCKETS4((n) + 8), BUCKETS4((n) + 12)
#define BUCKETS64(n) BUCKETS16(n), BUCKETS16((n) + 16), BUCKETS16((n) + 32), BUCKETS16((n) + 48)

static struct futex_bucket buckets[NR_BUCKETS] = {
	BUCKETS64(0), BUCKETS64(64), BUCKETS64(128), BUCKETS64(192),
};

int futex_key_get(u32 __user *uaddr, bool private, struct futex_key *key)
{
	u64 va = (u64)(uintptr_t)uaddr;

	if (unlikely(va & 3))
		return -EINVAL;
	if (unlikely(!user_range_ok(uaddr, sizeof(*uaddr))))
		return -EFAULT;
	*key = (struct futex_key){ current->task->as, va, NULL };
	if (private)
		return 0;
	if (aspace_shared_object(current->task->as, va, &key->object, &key->offset))
		key->base = key->object;
	return 0;
}

void futex_key_put(struct futex_key *key)
{
	if (key->object)
		vmobject_put(key->object);
}

static inline struct futex_bucket *bucket_at(const void *base, u64 offset)
{
	/* One multiplication is enough for what nobody chooses: its top bits count. */
	u64 hash = ((u64)(uintptr_t)base ^ offset) * 0x9e3779b97f4a7c15ull;

	return &buckets[hash >> 56];
}

static struct futex_bucket *bucket_of(const struct futex_key *key)
{
	return bucket_at(key->base, key->offset);
}

/* ---- Waiting ------------------------------------------------------------ */

static void enter_locked(struct futex_bucket *bucket, struct futex_waiter *w)
{
	list_add_tail(&w->link, &bucket->waiters);
	/* Pairs with the acquire in still_waiting(), after a requeue. */
	atomic_store_release(&w->bucket, bucket);
}

static void leave_locked(struct futex_bucket *bucket, struct futex_waiter *w)
{
	list_del(&w->link);
	(void)atomic_fetch_sub(&bucket->nr_waiters, 1u);
}

/* False: @w was woken. True: not; it has left if @leave. */
static bool still_waiting(struct futex_waiter *w, bool leave)
{
	struct futex_bucket *bucket;

	/* Pairs with the release in wake_locked(). */
	while ((bucket = atomic_load_acquire(&w->bucket))) {
		bool here;

		spin_lock(&bucket->lock);
		here = bucket == atomic_load_relaxed(&w->bucket);
		if (here && leave) {
			leave_locked(bucket, w);
			w->bucket = NULL;
		}
		spin_unlock(&bucket->lock);
		if (here)
			return true;
	}
	return false;
}

/* Return: 0 woken; -ETIMEDOUT; -ERESTARTSYS. @w is in no list any more. */
static int sleep_until_woken(struct futex_waiter *w, ns_t deadline_ns)
{
	for (;;) {
		int err = 0;

		sched_mark_asleep(true);
		if (atomic_load_acquire(&w->bucket))
			err = sched_block(deadline_ns);
		sched_mark_awake();
		if (!still_waiting(w, err != 0))
			return 0;
		if (err)
			return err;
	}
}

/* Return: 0, @w is in its list; -EAGAIN another value; -EFAULT not mapped now. */
static int enter_if_equal(u32 __user *uaddr, u32 val, struct futex_waiter *w)
{
	struct futex_bucket *bucket = bucket_of(&w->key);
	u32 now;
	int err;

	spin_lock(&bucket->lock);
	/* A full fence; pairs with the one in futex_wake(). */
	(void)atomic_fetch_add(&bucket->nr_waiters, 1u);
	err = user_read_u32_nofault(&now, uaddr);
	if (!err && now != val)
		err = -EAGAIN;
	if (err)
		(void)atomic_fetch_sub(&bucket->nr_waiters, 1u);
	else
		enter_locked(bucket, w);
	spin_unlock(&bucket->lock);
	return err;
}

static __noinline long wait_slow(u32 __user *uaddr, bool private, u32 val, ns_t deadline_ns,
				 u32 bitset)
{
	struct futex_waiter w = { .thread = current, .bitset = bitset };
	int err = futex_key_get(uaddr, private, &w.key);

	if (err)
		return err;
	err = enter_if_equal(uaddr, val, &w);
	if (!err)
		err = sleep_until_woken(&w, deadline_ns);
	futex_key_put(&w.key);
	return err;
}

long futex_wait(u32 __user *uaddr, bool private, u32 val, ns_t deadline_ns, u32 bitset)
{
	u32 now;
	long ret;

	if ((uintptr_t)uaddr & 3)
		return -EINVAL;
	do {
		/* Maps the page, and settles most calls that come too late. */
		if (user_read_u32(&now, uaddr))
			return -EFAULT;
		if (now != val)
			return -EAGAIN;
		ret = wait_slow(uaddr, private, val, deadline_ns, bitset);
	} while (ret == -EFAULT);
	return ret;
}

/* ---- Waiting for several ------------------------------------------------- */

static long first_woken(const struct futex_waiter *w, u32 nr)
{
	for (u32 i = 0; i < nr; i++)
		if (!atomic_load_acquire(&w[i].bucket))
			return i;
	return -1;
}

/* Out of all lists. Return: the one that was woken, or @err. */
static long leave_all(struct futex_waiter *w, u32 nr, long err)
{
	long woken = -1;

	for (u32 i = 0; i < nr; i++)
		if (!still_waiting(&w[i], true) && woken < 0)
			woken = i;
	return woken < 0 ? err : woken;
}

/* Return: 0 in all lists; else in none, and what the call says. */
static long enter_all(const struct futex_wait_item *items, struct futex_waiter *w, u32 nr,
		      bool *entered)
{
	*entered = false;
	for (u32 i = 0; i < nr; i++) {
		int err = enter_if_equal(items[i].uaddr, items[i].val, &w[i]);

		if (err)
			return leave_all(w, i, err);
	}
	*entered = true;
	return 0;
}

static long wait_all(struct futex_waiter *w, u32 nr, ns_t deadline_ns)
{
	int err = 0;

	while (!err && first_woken(w, nr) < 0) {
		sched_mark_asleep(true);
		if (first_woken(w, nr) < 0)
			err = sched_block(deadline_ns);
		sched_mark_awake();
	}
	return leave_all(w, nr, err);
}

/* Maps the pages. Return: 0; -EFAULT; -EINVAL. */
static int touch_all(const struct futex_wait_item *items, u32 nr)
{
	u32 now;

	for (u32 i = 0; i < nr; i++) {
		if ((uintptr_t)items[i].uaddr & 3)
			return -EINVAL;
		if (user_read_u32(&now, items[i].uaddr))
			return -EFAULT;
	}
	return 0;
}

long futex_wait_several(const struct futex_wait_item *items, u32 nr, ns_t deadline_ns)
{
	struct futex_waiter *w = kzalloc(nr * sizeof(*w), 0);
	u32 keys = 0;
	bool entered;
	long ret = w ? 0 : -ENOMEM;

	for (; !ret && keys < nr; keys++) {
		w[keys].thread = current;
		w[keys].bitset = FUTEX_BITSET_MATCH_ANY;
		ret = futex_key_get(items[keys].uaddr, items[keys].private, &w[keys].key);
		if (ret)
			break;
	}
	if (!ret) {
		do {
			ret = touch_all(items, nr);
			if (ret)
				break;
			ret = enter_all(items, w, nr, &entered);
			if (entered)
				ret = wait_all(w, nr, deadline_ns);
		} while (ret == -EFAULT);
	}
	while (keys--)
		futex_key_put(&w[keys].key);
	kfree(w);
	return ret;
}

/* ---- Waking ------------------------------------------------------------- */

/* @w's thread is awake, and may be about to sleep: told first, it is woken again
 * in case it looked before. It may be gone by then. */
static __noinline void wake_awake(struct futex_waiter *w)
{
	struct thread *thread = w->thread;

	thread_get(thread);
	atomic_store_release(&w->bucket, NULL);
	(void)sched_wake_sleeper(thread);
	thread_put(thread);
}

static inline void wake_locked(struct futex_bucket *bucket, struct futex_waiter *w)
{
	leave_locked(bucket, w);
	/* One that slept waits in still_waiting() for the lock, or for the store. */
	if (likely(sched_wake_sleeper(w->thread)))
		atomic_store_release(&w->bucket, NULL); /* now @w may vanish */
	else
		wake_awake(w);
}

/* As many as Linux: at least one, even if @n is 0, or negative to C library code. */
static u32 wake_key_locked(struct futex_bucket *bucket, const struct futex_key *key, u32 n,
			   u32 bitset)
{
	struct futex_waiter *w, *next;
	u32 woken = 0;

	LIST_FOR_EACH_SAFE(w, next, &bucket->waiters, link) {
		if (!futex_key_equal(&w->key, key) || !(w->bitset & bitset))
			continue;
		wake_locked(bucket, w);
		if ((s32)++woken >= (s32)n)
			break;
	}
	return woken;
}

/* Nobody waits: the common answer. */
static inline bool bucket_idle(const struct futex_bucket *bucket)
{
	/* The caller's change of the word comes before; see enter_if_equal(). */
	atomic_fence();
	return !atomic_load_relaxed(&bucket->nr_waiters);
}

static u32 wake_key(const struct futex_key *key, u32 n, u32 bitset)
{
	struct futex_bucket *bucket = bucket_of(key);
	u32 woken;

	if (bucket_idle(bucket))
		return 0;
	spin_lock(&bucket->lock);
	woken = wake_key_locked(bucket, key, n, bitset);
	spin_unlock(&bucket->lock);
	return woken;
}

static __noinline long wake_slow(u32 __user *uaddr, bool private, u32 n, u32 bitset)
{
	struct futex_key key;
	long ret = futex_key_get(uaddr, private, &key);

	if (ret)
		return ret;
	ret = wake_key(&key, n, bitset);
	futex_key_put(&key);
	return ret;
}

long futex_wake(u32 __user *uaddr, bool private, u32 n, u32 bitset)
{
	u64 va = (u64)(uintptr_t)uaddr;

	/* Before anything is saved on the stack; errors are the slow path's. */
	if (likely(private && !(va & 3) && va < USER_END) &&
	    bucket_idle(bucket_at(current->task->as, va)))
		return 0;
	return wake_slow(uaddr, private, n, bitset);
}

long futex_wake_user(u32 __user *uaddr, u32 n)
{
	return futex_wake(uaddr, false, n, FUTEX_BITSET_MATCH_ANY);
}

/* ---- Two words ---------------------------------------------------------- */

static int keys_get(u32 __user *uaddr, u32 __user *uaddr2, bool private, struct futex_key *key,
		    struct futex_key *key2)
{
	int err = futex_key_get(uaddr, private, key);

	if (err)
		return err;
	err = futex_key_get(uaddr2, private, key2);
	if (err)
		futex_key_put(key);
	return err;
}

static void move_locked(struct futex_bucket *from, struct futex_bucket *to, struct futex_waiter *w,
			const struct futex_key *key)
{
	struct vmobject *old = w->key.object;

	(void)atomic_fetch_add(&to->nr_waiters, 1u);
	leave_locked(from, w);
	if (key->object)
		vmobject_get(key->object);
	w->key = *key;
	enter_locked(to, w);
	/* Not the last reference: futex_requeue() has one. */
	if (old)
		vmobject_put(old);
}

static u32 requeue_locked(const struct futex_key *key, const struct futex_key *key2, u32 nr_wake,
			  u32 nr_requeue)
{
	struct futex_bucket *from = bucket_of(key), *to = bucket_of(key2);
	struct futex_waiter *w, *next;
	u32 woken = 0, moved = 0;

	LIST_FOR_EACH_SAFE(w, next, &from->waiters, link) {
		if (!futex_key_equal(&w->key, key))
			continue;
		if (woken < nr_wake) {
			wake_locked(from, w);
			woken++;
			continue;
		}
		if (moved >= nr_requeue)
			break;
		moved++;
		/* Onto itself: they stay, and are counted, as on Linux. */
		if (!futex_key_equal(key, key2))
			move_locked(from, to, w, key2);
	}
	return woken + moved;
}

long futex_requeue(u32 __user *uaddr, u32 __user *uaddr2, bool private, u32 nr_wake,
		   u32 nr_requeue, const u32 *expected)
{
	struct futex_key key, key2;
	long ret;

	do {
		struct futex_bucket *from, *to;
		u32 now = 0;

		ret = expected ? user_read_u32(&now, uaddr) : 0;
		if (!ret)
			ret = keys_get(uaddr, uaddr2, private, &key, &key2);
		if (ret)
			return ret;
		from = bucket_of(&key);
		to = bucket_of(&key2);
		spin_lock_pair(&from->lock, &to->lock);
		if (expected)
			ret = user_read_u32_nofault(&now, uaddr);
		if (!ret && expected && now != *expected)
			ret = -EAGAIN;
		if (!ret)
			ret = requeue_locked(&key, &key2, nr_wake, nr_requeue);
		spin_unlock_pair(&from->lock, &to->lock);
		futex_key_put(&key);
		futex_key_put(&key2);
	} while (ret == -EFAULT);
	return ret;
}

/* 12 bits, signed. */
static s32 op_field(u32 op, u32 shift)
{
	return (s32)(op >> shift << 20) >> 20;
}

/* What FUTEX_WAKE_OP makes of @old. Return: false: unknown operation. */
static bool op_apply(u32 op, u32 old, u32 *new)
{
	u32 arg = (u32)op_field(op, 12);

	if (op >> 28 & FUTEX_OP_OPARG_SHIFT)
		arg = 1u << (arg & 31);
	switch (op >> 28 & 7) {
	case FUTEX_OP_SET:
		*new = arg;
		return true;
	case FUTEX_OP_ADD:
		*new = old + arg;
		return true;
	case FUTEX_OP_OR:
		*new = old | arg;
		return true;
	case FUTEX_OP_ANDN:
		*new = old & ~arg;
		return true;
	case FUTEX_OP_XOR:
		*new = old ^ arg;
		return true;
	}
	return false;
}

/* Return: 1 true, 0 false, -ENOSYS unknown. */
static int op_compare(u32 op, u32 old)
{
	s32 a = (s32)old, b = op_field(op, 0);

	switch (op >> 24 & 15) {
	case FUTEX_OP_CMP_EQ:
		return a == b;
	case FUTEX_OP_CMP_NE:
		return a != b;
	case FUTEX_OP_CMP_LT:
		return a < b;
	case FUTEX_OP_CMP_LE:
		return a <= b;
	case FUTEX_OP_CMP_GT:
		return a > b;
	case FUTEX_OP_CMP_GE:
		return a >= b;
	}
	return -ENOSYS;
}

/* *@uaddr becomes what @op makes of it, atomically. *@old: what it was. */
static int op_user(u32 __user *uaddr, u32 op, u32 *old)
{
	int err = user_read_u32(old, uaddr);

	while (!err) {
		u32 seen = *old, new = 0;

		if (!op_apply(op, seen, &new))
			return -ENOSYS;
		err = user_cmpxchg_u32(uaddr, old, new);
		if (!err && *old == seen)
			return 0;
	}
	return err;
}

/*
 * The operation is done before any lock is taken: a waiter that enters between
 * it and the wake has seen the new value, and is woken for nothing at worst.
 */
long futex_wake_op(u32 __user *uaddr, u32 __user *uaddr2, bool private, u32 n, u32 n2, u32 op)
{
	struct futex_key key, key2;
	u32 old;
	long ret = keys_get(uaddr, uaddr2, private, &key, &key2);
	int compared;

	if (ret)
		return ret;
	ret = op_user(uaddr2, op, &old);
	if (ret)
		goto out;
	compared = op_compare(op, old);
	ret = compared < 0 ? compared : (long)wake_key(&key, n, FUTEX_BITSET_MATCH_ANY);
	if (compared > 0)
		ret += wake_key(&key2, n2, FUTEX_BITSET_MATCH_ANY);
out:
	futex_key_put(&key);
	futex_key_put(&key2);
	return ret;
}

/* ---- The end of a thread ------------------------------------------------ */

/*
 * A word of the list: if current owns it, the next owner shall learn of its death.
 * Return: 0; -errno the list is not to be trusted any more.
 */
static int release_robust(u32 __user *uaddr, bool pi, bool pending)
{
	u32 tid = (u32)current->tid, word, seen;
	int err;

	if ((uintptr_t)uaddr & 3)
		return -EINVAL;
	err = user_read_u32(&word, uaddr);
	if (err)
		return err;
	/* Unlocked already, but died before the wake of a waiter. */
	if (pending && !pi && !word) {
		(void)!futex_wake_user(uaddr, 1);
		return 0;
	}
	do {
		if ((word & FUTEX_TID_MASK) != tid)
			return 0;
		seen = word;
		err = user_cmpxchg_u32(uaddr, &word, (seen & FUTEX_WAITERS) | FUTEX_OWNER_DIED);
		if (err)
			return err;
	} while (word != seen);
	if (!pi && (seen & FUTEX_WAITERS))
		(void)!futex_wake_user(uaddr, 1);
	return 0;
}

/* Entries are pointers with the PI flag in bit 0. */
static int release_entry(u64 entry, s64 offset, bool pending)
{
	u64 word = (entry & ~1ull) + (u64)offset;

	return release_robust((u32 __user *)(uintptr_t)word, entry & 1, pending);
}

void futex_exit_robust(void)
{
	u64 list = (u64)(uintptr_t)current->robust_list, entry;
	struct linux_robust_list_head head;

	if (!list)
		return;
	current->robust_list = NULL;
	if (copy_from_user(&head, (const void __user *)(uintptr_t)list, sizeof(head)))
		return;
	entry = head.list.next;
	for (u32 i = 0; i < ROBUST_LIST_LIMIT && (entry & ~1ull) != list; i++) {
		u64 next;
		/* Read first: the next owner may change the entry at once. */
		int err = user_read_u64(&next, (const void __user *)(uintptr_t)(entry & ~1ull));

		if (entry != head.list_op_pending && release_entry(entry, head.futex_offset, false))
			return;
		if (err)
			return;
		entry = next;
	}
	if (head.list_op_pending)
		(void)!release_entry(head.list_op_pending, head.futex_offset, true);
}
