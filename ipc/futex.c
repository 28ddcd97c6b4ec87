/* SPDX-License-Identifier: MIT */
/*
 * Futexes. A word's key is (object, offset) where the mapping is shared, else
 * (space, address); waiters hang in a bucket by the key's hash.
 *
 *   waiter                               waker
 *   lock bucket                          write the word (user mode)
 *   read the word: as expected?          lock bucket
 *   queue, mark asleep                   take waiters out, wake them
 *   unlock, sleep                        unlock
 *
 * The bucket lock orders the waiter's read against the waker's look, so either
 * the waiter sees the new value or the waker sees the waiter. The read must not
 * fault under the spinlock: when the page is absent it is touched unlocked and
 * all begins again.
 *
 * A waiter stands on its thread's stack. Whoever takes it out of a bucket does
 * all it does with it under that bucket's lock; the waiter takes the lock once
 * more before it leaves.
 */
#include <ipc/futex.h>

#include <arch/uaccess.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_futex.h>
#include <kernel/lib/hash.h>
#include <kernel/task/task.h>
#include <mm/aspace.h>
#include <mm/object.h>

#define FUTEX_BUCKETS 256u

struct futex_key {
	const void *where; /* space or object */
	u64 offset;        /* address or offset; a word is 4-aligned: bit 0 set in a space */
};

struct futex_bucket {
	struct spinlock lock;     /* RANK_FUTEX */
	struct list_head waiters; /* [lock] */
} __aligned(64);

struct futex_waiter {
	struct list_head link;       /* [bucket->lock] */
	struct futex_bucket *bucket; /* [a] changed by requeue under both locks */
	struct futex_key key;        /* [bucket->lock] */
	struct thread *thread;
	u32 bitset;
	bool woken;                  /* [bucket->lock] */
};

static struct futex_bucket buckets[FUTEX_BUCKETS];

static struct futex_bucket *bucket_of(const struct futex_key *key)
{
	u64 h = hash_u64((u64)(uintptr_t)key->where ^ key->offset);
	struct futex_bucket *b = &buckets[h % FUTEX_BUCKETS];

	return b;
}

/* Static zeros make a good lock but for its rank and an empty list. */
static void bucket_lock(struct futex_bucket *b)
{
	if (unlikely(!atomic_load_acquire(&b->waiters.next))) {
		static struct spinlock init_lock = SPINLOCK_INIT(RANK_FUTEX, "futex_init");

		spin_lock(&init_lock);
		if (!b->waiters.next) {
			spin_init(&b->lock, RANK_FUTEX, "futex");
			b->waiters.prev = &b->waiters;
			atomic_store_release(&b->waiters.next, &b->waiters);
		}
		spin_unlock(&init_lock);
	}
	spin_lock(&b->lock);
}

static void bucket_lock_pair(struct futex_bucket *a, struct futex_bucket *b)
{
	/* Both are initialised by then. */
	bucket_lock(a);
	spin_unlock(&a->lock);
	bucket_lock(b);
	spin_unlock(&b->lock);
	spin_lock_pair(&a->lock, &b->lock);
}

static bool same_key(const struct futex_key *a, const struct futex_key *b)
{
	return a->where == b->where && a->offset == b->offset;
}

/*
 * *obj: a reference that keeps the key from being reused, or NULL. A waiter that
 * was requeued has none on its second object: should that be freed and its
 * address be used again, the worst is a spurious wake-up.
 */
static int make_key(u32 __user *uaddr, bool private, struct futex_key *key, struct vmobject **obj)
{
	u64 va = (u64)(uintptr_t)uaddr, offset;
	struct aspace *as = current_task()->as;

	*obj = NULL;
	if (va % sizeof(u32))
		return -EINVAL;
	if (!user_range_ok(uaddr, sizeof(u32)))
		return -EFAULT;
	if (!private && aspace_shared_object(as, va, obj, &offset))
		*key = (struct futex_key){ *obj, offset };
	else
		*key = (struct futex_key){ as, va | 1 };
	return 0;
}

static void put_object(struct vmobject *obj)
{
	if (obj)
		vmobject_put(obj);
}

/* ---- waking ---- */

static void wake_waiter_locked(struct futex_waiter *w)
{
	list_del(&w->link);
	w->woken = true;
	sched_wake(w->thread, BIT(THREAD_SLEEP));
}

static u32 wake_key_locked(struct futex_bucket *b, const struct futex_key *key, u32 n, u32 bitset)
{
	struct futex_waiter *w, *next;
	u32 woken = 0;

	LIST_FOR_EACH_SAFE(w, next, &b->waiters, link) {
		if (woken >= n)
			break;
		if (!same_key(&w->key, key) || !(w->bitset & bitset))
			continue;
		wake_waiter_locked(w);
		woken++;
	}
	return woken;
}

static long futex_wake(u32 __user *uaddr, bool private, u32 n, u32 bitset)
{
	struct futex_bucket *b;
	struct vmobject *obj;
	struct futex_key key;
	u32 woken;
	int err;

	if (!bitset)
		return -EINVAL;
	err = make_key(uaddr, private, &key, &obj);
	if (err)
		return err;
	b = bucket_of(&key);
	bucket_lock(b);
	woken = wake_key_locked(b, &key, n, bitset);
	spin_unlock(&b->lock);
	put_object(obj);
	return woken;
}

long futex_wake_user(u32 __user *uaddr, u32 n)
{
	return futex_wake(uaddr, false, n, FUTEX_BITSET_MATCH_ANY);
}

/* ---- waiting ---- */

/* Queue @w while *uaddr == @val. Return: 0 queued and marked asleep; -EAGAIN; -EFAULT. */
static int enqueue_if(struct futex_waiter *w, u32 __user *uaddr, u32 val)
{
	for (;;) {
		struct futex_bucket *b = bucket_of(&w->key);
		u32 now;
		int err;

		bucket_lock(b);
		err = user_read_u32_nofault(&now, uaddr);
		if (!err && now == val) {
			w->bucket = b;
			list_add_tail(&w->link, &b->waiters);
			sched_mark_asleep(true);
			spin_unlock(&b->lock);
			return 0;
		}
		spin_unlock(&b->lock);
		if (!err)
			return -EAGAIN;
		if (user_read_u32(&now, uaddr))
			return -EFAULT;
	}
}

static struct futex_bucket *lock_waiter(struct futex_waiter *w)
{
	for (;;) {
		struct futex_bucket *b = atomic_load_acquire(&w->bucket);

		spin_lock(&b->lock);
		if (w->bucket == b)
			return b;
		spin_unlock(&b->lock);
	}
}

/* Return: true when somebody woke it. */
static bool dequeue(struct futex_waiter *w)
{
	struct futex_bucket *b = lock_waiter(w);
	bool woken = w->woken;

	if (!woken)
		list_del(&w->link);
	spin_unlock(&b->lock);
	return woken;
}

static int wait_once(u32 __user *uaddr, bool private, u32 val, u32 bitset, ns_t deadline_ns)
{
	struct futex_waiter w = { .thread = current, .bitset = bitset };
	struct vmobject *obj;
	int err = make_key(uaddr, private, &w.key, &obj);

	if (err)
		return err;
	err = enqueue_if(&w, uaddr, val);
	if (!err) {
		err = sched_block(deadline_ns);
		sched_mark_awake();
		if (dequeue(&w))
			err = 0;
		else if (!err)
			err = -EINTR; /* woken by nobody: the loop below tries again */
	}
	put_object(obj);
	return err;
}

static int futex_wait(u32 __user *uaddr, bool private, u32 val, u32 bitset, ns_t deadline_ns)
{
	int err;

	if (!bitset)
		return -EINVAL;
	do
		err = wait_once(uaddr, private, val, bitset, deadline_ns);
	while (err == -EINTR);
	return err;
}

/* restart_syscall after a stop: the deadline stays what it was. */
static long futex_wait_restart(struct restart_block *block)
{
	u64 *a = block->args;
	int err = futex_wait((u32 __user *)(uintptr_t)a[0], a[1], (u32)a[2], (u32)a[3],
			     block->deadline_ns);

	return err == -ERESTARTSYS ? -ERESTART_RESTARTBLOCK : err;
}

static long wait_call(const struct futex_args *args, bool private, u32 bitset)
{
	int err = futex_wait(args->uaddr, private, args->val, bitset, args->deadline_ns);

	if (err != -ERESTARTSYS || args->deadline_ns == NS_FOREVER)
		return err;
	current->restart = (struct restart_block){
		.fn = futex_wait_restart,
		.deadline_ns = args->deadline_ns,
		.args = { (u64)(uintptr_t)args->uaddr, private, args->val, bitset },
	};
	return -ERESTART_RESTARTBLOCK;
}

/* ---- two words ---- */

struct futex_pair {
	struct futex_key key[2];
	struct vmobject *obj[2];
	struct futex_bucket *bucket[2];
};

static int pair_begin(struct futex_pair *p, const struct futex_args *args, bool private)
{
	int err = make_key(args->uaddr, private, &p->key[0], &p->obj[0]);

	if (err)
		return err;
	err = make_key(args->uaddr2, private, &p->key[1], &p->obj[1]);
	if (err) {
		put_object(p->obj[0]);
		return err;
	}
	p->bucket[0] = bucket_of(&p->key[0]);
	p->bucket[1] = bucket_of(&p->key[1]);
	return 0;
}

static void pair_end(struct futex_pair *p)
{
	put_object(p->obj[0]);
	put_object(p->obj[1]);
}

static void move_waiter_locked(struct futex_waiter *w, struct futex_pair *p)
{
	list_move_tail(&w->link, &p->bucket[1]->waiters);
	w->key = p->key[1];
	atomic_store_release(&w->bucket, p->bucket[1]);
}

static u32 requeue_locked(struct futex_pair *p, u32 n)
{
	struct futex_waiter *w, *next;
	struct list_head moved = LIST_HEAD_INIT(moved);
	u32 done = 0;

	LIST_FOR_EACH_SAFE(w, next, &p->bucket[0]->waiters, link) {
		if (done >= n)
			break;
		if (!same_key(&w->key, &p->key[0]))
			continue;
		/* In order, and not met again when both are one bucket. */
		list_move_tail(&w->link, &moved);
		done++;
	}
	LIST_FOR_EACH_SAFE(w, next, &moved, link) {
		move_waiter_locked(w, p);
	}
	return done;
}

static long futex_requeue(const struct futex_args *args, bool private, const u32 *expected)
{
	struct futex_pair p;
	long ret = 0;
	int err;

	if ((s32)args->val < 0 || (s32)args->val2 < 0)
		return -EINVAL;
	err = pair_begin(&p, args, private);
	if (err)
		return err;
	for (;;) {
		u32 now;

		bucket_lock_pair(p.bucket[0], p.bucket[1]);
		err = expected ? user_read_u32_nofault(&now, args->uaddr) : 0;
		if (!err && expected && now != *expected) {
			ret = -EAGAIN;
		} else if (!err) {
			ret = wake_key_locked(p.bucket[0], &p.key[0], args->val,
					      FUTEX_BITSET_MATCH_ANY);
			ret += requeue_locked(&p, args->val2);
		}
		spin_unlock_pair(&p.bucket[0]->lock, &p.bucket[1]->lock);
		if (!err)
			break;
		if (user_read_u32(&now, args->uaddr)) {
			ret = -EFAULT;
			break;
		}
	}
	pair_end(&p);
	return ret;
}

/* The operation of FUTEX_WAKE_OP on *uaddr. Return: 0 and *old; -EFAULT; -ENOSYS. */
static int apply_op(u32 __user *uaddr, u32 op, u32 *old)
{
	u32 kind = op >> 28 & 7, new;
	/* 12-bit fields are signed. */
	u32 arg = (u32)((s32)(op << 8) >> 20);
	int err;

	if (op >> 28 & FUTEX_OP_OPARG_SHIFT)
		arg = 1u << (arg & 31);
	err = user_read_u32(old, uaddr);
	while (!err) {
		u32 seen = *old;

		switch (kind) {
		case FUTEX_OP_SET: new = arg; break;
		case FUTEX_OP_ADD: new = *old + arg; break;
		case FUTEX_OP_OR: new = *old | arg; break;
		case FUTEX_OP_ANDN: new = *old & ~arg; break;
		case FUTEX_OP_XOR: new = *old ^ arg; break;
		default: return -ENOSYS;
		}
		err = user_cmpxchg_u32(uaddr, old, new);
		if (!err && *old == seen)
			break;
	}
	return err;
}

/* Return: 1 or 0; -ENOSYS */
static int compare_op(u32 op, u32 old)
{
	s32 a = (s32)old, b = (s32)(op << 20) >> 20;

	switch (op >> 24 & 15) {
	case FUTEX_OP_CMP_EQ: return a == b;
	case FUTEX_OP_CMP_NE: return a != b;
	case FUTEX_OP_CMP_LT: return a < b;
	case FUTEX_OP_CMP_LE: return a <= b;
	case FUTEX_OP_CMP_GT: return a > b;
	case FUTEX_OP_CMP_GE: return a >= b;
	default: return -ENOSYS;
	}
}

/*
 * The word is changed before the buckets are locked: a waiter that comes in
 * between has seen the new value, and waking it is a spurious wake-up, which
 * futex(2) permits.
 */
static long futex_wake_op(const struct futex_args *args, bool private)
{
	struct futex_pair p;
	u32 old = 0;
	int also, err = pair_begin(&p, args, private);
	long ret;

	if (err)
		return err;
	also = compare_op(args->val3, 0) == -ENOSYS ? -ENOSYS : 0;
	if (!also)
		also = apply_op(args->uaddr2, args->val3, &old);
	if (!also)
		also = compare_op(args->val3, old);
	if (also < 0) {
		pair_end(&p);
		return also;
	}
	bucket_lock_pair(p.bucket[0], p.bucket[1]);
	ret = wake_key_locked(p.bucket[0], &p.key[0], args->val, FUTEX_BITSET_MATCH_ANY);
	if (also)
		ret += wake_key_locked(p.bucket[1], &p.key[1], args->val2,
				       FUTEX_BITSET_MATCH_ANY);
	spin_unlock_pair(&p.bucket[0]->lock, &p.bucket[1]->lock);
	pair_end(&p);
	return ret;
}

long futex_call(const struct futex_args *args)
{
	bool private = args->op & FUTEX_PRIVATE_FLAG;
	int cmd = args->op & FUTEX_CMD_MASK;

	if ((args->op & FUTEX_CLOCK_REALTIME) && cmd != FUTEX_WAIT && cmd != FUTEX_WAIT_BITSET)
		return -ENOSYS;
	switch (cmd) {
	case FUTEX_WAIT:
		return wait_call(args, private, FUTEX_BITSET_MATCH_ANY);
	case FUTEX_WAIT_BITSET:
		return wait_call(args, private, args->val3);
	case FUTEX_WAKE:
		return futex_wake(args->uaddr, private, args->val, FUTEX_BITSET_MATCH_ANY);
	case FUTEX_WAKE_BITSET:
		return futex_wake(args->uaddr, private, args->val, args->val3);
	case FUTEX_REQUEUE:
		return futex_requeue(args, private, NULL);
	case FUTEX_CMP_REQUEUE:
		return futex_requeue(args, private, &args->val3);
	case FUTEX_WAKE_OP:
		return futex_wake_op(args, private);
	default: /* priority inheritance and FUTEX_FD */
		return -ENOSYS;
	}
}

/* ---- robust lists (get_robust_list(2)) ---- */

/* The thread died holding the lock at @uaddr, if it did: hand it on. */
static void robust_death(u32 __user *uaddr, bool pending)
{
	u32 val, old;

	if ((u64)(uintptr_t)uaddr % sizeof(u32) || user_read_u32(&val, uaddr))
		return;
	for (;;) {
		/* Between taking 0 and writing its tid, or after releasing: a waiter
		 * may be left without a waker. */
		if (pending && !val) {
			(void)!futex_wake_user(uaddr, 1);
			return;
		}
		if ((val & FUTEX_TID_MASK) != (u32)current->tid)
			return;
		old = val;
		if (user_cmpxchg_u32(uaddr, &val, (old & FUTEX_WAITERS) | FUTEX_OWNER_DIED))
			return;
		if (val == old)
			break;
	}
	if (old & FUTEX_WAITERS)
		(void)!futex_wake_user(uaddr, 1);
}

static u32 __user *robust_word(u64 entry, s64 offset)
{
	return (u32 __user *)(uintptr_t)((entry & ~1ull) + (u64)offset);
}

void futex_exit_robust(void)
{
	struct linux_robust_list_head head;
	u64 list = (u64)(uintptr_t)current->robust_list, entry;

	if (!list || copy_from_user(&head, current->robust_list, sizeof(head)))
		return;
	current->robust_list = NULL;
	entry = head.list.next;
	for (u32 i = 0; (entry & ~1ull) != list && i < ROBUST_LIST_LIMIT; i++) {
		u64 next;
		/* Read before the word is released: its owner may reuse the entry. */
		int err = user_read_u64(&next, (void __user *)(uintptr_t)(entry & ~1ull));

		if (entry != head.list_op_pending)
			robust_death(robust_word(entry, head.futex_offset), false);
		if (err)
			return;
		entry = next;
		sched_point();
	}
	if (head.list_op_pending)
		robust_death(robust_word(head.list_op_pending, head.futex_offset), true);
}
