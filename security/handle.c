/* SPDX-License-Identifier: MIT */
/*
 * Handle tables (contract in handle.h): an array of slots and a bitmap of the
 * numbers in use. Invariants:
 *   - bit fd of `used` is set  <=>  slot fd is reserved or names an object;
 *   - every number below `low` is in use, so the lowest free one is found from
 *     there on;
 *   - `slots` and `used` are replaced only under the lock; the only thread of
 *     the only user of a table may read them without it, so who makes another's
 *     table larger leaves it the old array (`retired`);
 *   - `nr_nodes` counts the slots with a place in the derivation tree; while it is
 *     0 security/cap.c has no part in anything here.
 */
#include <security/handle.h>

#include <kernel/abi/errno.h>
#include <kernel/lib/bitmap.h>
#include <kernel/lib/string.h>
#include <mm/kmalloc.h>
#include <security/cap.h>
#include <security/task_hooks.h>

#include "handle_priv.h"

#define TABLE_MIN 64u /* one word of the bitmap */

/* An array that its owner may still be reading. */
struct retired_slots {
	struct retired_slots *next;
	struct handle *slots;
};

static u64 live_handles; /* atomic; debug builds only */

static void live_add(s64 n)
{
	if (CONFIG_DEBUG)
		atomic_add_relaxed(&live_handles, (u64)n);
}

u64 handle_live(void)
{
	return atomic_load_relaxed(&live_handles);
}

static struct handle_table *table_current(void)
{
	return task_hook_handles();
}

static struct handle_table *table_alloc(u32 size, s32 owner)
{
	struct handle_table *table = kzalloc(sizeof(*table), 0);

	if (!table)
		return NULL;
	refcount_init(&table->refs);
	spin_init(&table->lock, RANK_HANDLES, "handles");
	table->size = size;
	table->owner = owner;
	table->slots = kcalloc(size, sizeof(struct handle), 0);
	table->used = kcalloc(size / 64, sizeof(u64), 0);
	if (table->slots && table->used)
		return table;
	kfree(table->slots);
	kfree(table->used);
	kfree(table);
	return NULL;
}

struct handle_table *handle_table_create(s32 owner)
{
	return table_alloc(TABLE_MIN, owner);
}

void handle_table_get(struct handle_table *table)
{
	refcount_get(&table->refs);
}

/* Drop what a slot held, after it was taken out of the table. */
static void slot_release(const struct handle *slot)
{
	struct kobject *obj = slot->object;

	if (!obj)
		return;
	live_add(-1);
	if (unlikely(slot->node))
		cap_node_closed(slot->node);
	if (obj->ops->closed)
		obj->ops->closed(obj);
	kobject_put(obj);
}

/* Empty slot @fd and free its number. Returns what it held. Lock held. */
static struct handle slot_take_locked(struct handle_table *table, u32 fd)
{
	struct handle *slot = &table->slots[fd], old = *slot;

	if (unlikely(old.node))
		table->nr_nodes--;
	*slot = (struct handle){ .generation = old.generation + 1 };
	table->used[fd / 64] &= ~BIT(fd % 64);
	table->low = MIN(table->low, fd);
	return old;
}

static bool slot_open(const struct handle_table *table, u32 fd)
{
	return fd < table->size && table->slots[fd].object;
}

/* The lowest number in use from @fd on, or the table's size. Lock held. */
static u32 next_used_locked(const struct handle_table *table, u32 fd)
{
	while (fd < table->size) {
		u64 used = table->used[fd / 64] & (~0ull << fd % 64);

		if (used)
			return (fd & ~63u) + (u32)__builtin_ctzll(used);
		fd = (fd | 63) + 1;
	}
	return table->size;
}

/* Close every handle for which @drop is true. */
static void table_sweep(struct handle_table *table, u32 first, u32 last,
			bool (*drop)(const struct handle *slot))
{
	for (u32 fd = first;; fd++) {
		struct handle old = { 0 };
		bool more;

		spin_lock(&table->lock);
		fd = next_used_locked(table, fd);
		more = fd < table->size && fd <= last;
		if (more && slot_open(table, fd) && drop(&table->slots[fd]))
			old = slot_take_locked(table, fd);
		spin_unlock(&table->lock);
		if (!more)
			return;
		slot_release(&old);
	}
}

static bool drop_any(__unused const struct handle *slot)
{
	return true;
}

static bool drop_cloexec(const struct handle *slot)
{
	return (slot->flags & HANDLE_CLOEXEC) || slot->object->type == KOBJECT_CHANNEL;
}

static void free_retired(struct retired_slots *retired)
{
	while (retired) {
		struct retired_slots *next = retired->next;

		kfree(retired->slots);
		kfree(retired);
		retired = next;
	}
}

void handle_table_put(struct handle_table *table)
{
	if (!refcount_put(&table->refs))
		return;
	table_sweep(table, 0, ~0u, drop_any);
	free_retired(table->retired);
	kfree(table->slots);
	kfree(table->used);
	kfree(table);
}

u32 handle_table_weight(const struct handle_table *table)
{
	return atomic_load_relaxed(&table->size);
}

void handle_table_exec(struct handle_table *table)
{
	table_sweep(table, 0, ~0u, drop_cloexec);
}

void handle_close_range(u32 first, u32 last)
{
	table_sweep(table_current(), first, last, drop_any);
}

/* Copy slots that may be duplicated into @copy, which is at least as large. @spares: for
 * those with nodes. */
static void table_copy_locked(const struct handle_table *table, struct handle_table *copy,
			      struct cap_spares *spares)
{
	for (u32 word = 0; word < table->size / 64; word++) {
		for (u64 bits = table->used[word]; bits; bits &= bits - 1) {
			u32 fd = word * 64 + (u32)__builtin_ctzll(bits);
			const struct handle *slot = &table->slots[fd];

			if (!slot->object || !(slot->rights & RIGHT_DUP) ||
			    (slot->flags & HANDLE_REVOKED) ||
			    slot->object->type == KOBJECT_CHANNEL)
				continue;
			kobject_get(slot->object);
			copy->slots[fd] = *slot;
			copy->slots[fd].node = NULL;
			if (unlikely(slot->node))
				handle_table_set_node_locked(copy, &copy->slots[fd],
					cap_node_copy_locked(slot->node, spares, copy, fd));
			copy->used[word] |= BIT(fd % 64);
			live_add(1);
		}
	}
}

/* @copy is as @table if it is large enough, and @spares are enough. */
static bool table_copy(struct handle_table *table, struct handle_table *copy,
		       struct cap_spares *spares)
{
	bool nodes = spares->n, fits;

	if (unlikely(nodes))
		cap_lock();
	spin_lock(&table->lock);
	fits = table->size <= copy->size && table->nr_nodes <= spares->n;
	if (fits)
		table_copy_locked(table, copy, spares);
	spin_unlock(&table->lock);
	if (unlikely(nodes))
		cap_unlock();
	return fits;
}

struct handle_table *handle_table_fork(struct handle_table *table, s32 owner)
{
	struct cap_spares spares = { NULL, 0 };
	struct handle_table *copy;

	/* Again when it grew meanwhile. */
	while ((copy = table_alloc(atomic_load_relaxed(&table->size), owner))) {
		u32 nodes = atomic_load_relaxed(&table->nr_nodes);
		bool able = likely(!nodes) || !cap_spares_add(&spares, nodes);

		if (able && table_copy(table, copy, &spares))
			break;
		handle_table_put(copy);
		copy = NULL;
		if (!able)
			break;
	}
	if (unlikely(spares.first))
		cap_spares_free(&spares);
	return copy;
}

static int slot_check(const struct handle *slot, u32 rights, u32 type)
{
	u32 missing = rights & ~slot->rights;

	if (!slot->object || (slot->flags & HANDLE_REVOKED) ||
	    (type && slot->object->type != type))
		return -EBADF;
	if (likely(!missing))
		return 0;
	return missing & (RIGHT_READ | RIGHT_WRITE) ? -EBADF : -EACCES;
}

static inline int slot_get(const struct handle_table *table, int fd, u32 rights, u32 type,
			   struct handle_ref *ref, bool count)
{
	const struct handle *slot;
	int err;

	if (unlikely((u32)fd >= atomic_load_acquire(&table->size)))
		return -EBADF;
	slot = &table->slots[fd];
	err = slot_check(slot, rights, type);
	if (unlikely(err))
		return err;
	*ref = (struct handle_ref){ slot->object, slot->rights, count };
	if (count)
		kobject_get(slot->object);
	return 0;
}

/* Apart, so that the path without a lock saves fewer registers. */
static __noinline int get_from_shared(struct handle_table *table, int fd, u32 rights, u32 type,
				      struct handle_ref *ref)
{
	int err;

	spin_lock(&table->lock);
	err = slot_get(table, fd, rights, type, ref, true);
	spin_unlock(&table->lock);
	return err;
}

int handle_get(int fd, u32 rights, u32 type, struct handle_ref *ref)
{
	bool multithreaded;
	struct handle_table *table = task_hook_handles_shared(&multithreaded);

	/* Nobody but the calling thread can change the table? */
	if (likely(!multithreaded && refcount_read(&table->refs) == 1))
		return slot_get(table, fd, rights, type, ref, false);
	return get_from_shared(table, fd, rights, type, ref);
}

/* Lowest free number >= @min below the table's size, or its size. */
static u32 find_free_locked(const struct handle_table *table, u32 min)
{
	u32 fd = MAX(min, table->low);

	while (fd < table->size) {
		u64 free = ~table->used[fd / 64] & (~0ull << fd % 64);

		if (free)
			return (fd & ~63u) + (u32)__builtin_ctzll(free);
		fd = (fd | 63) + 1;
	}
	return table->size;
}

/* Make room for number @fd. Takes no lock on entry. */
static int table_grow(struct handle_table *table, u32 fd)
{
	u32 size = TABLE_MIN;
	struct handle *slots, *old_slots;
	struct retired_slots *retired = NULL;
	bool own = table == table_current();
	u64 *used, *old_used;

	while (size <= fd)
		size *= 2;
	slots = kcalloc(size, sizeof(*slots), 0);
	used = kcalloc(size / 64, sizeof(*used), 0);
	if (!own)
		retired = kmalloc(sizeof(*retired), 0);
	if (!slots || !used || (!own && !retired)) {
		kfree(slots);
		kfree(used);
		kfree(retired);
		return -ENOMEM;
	}
	spin_lock(&table->lock);
	old_slots = slots;
	old_used = used;
	if (table->size < size) {
		memcpy(slots, table->slots, table->size * sizeof(*slots));
		memcpy(used, table->used, table->size / 64 * sizeof(*used));
		old_slots = table->slots;
		old_used = table->used;
		table->slots = slots;
		table->used = used;
		/* Pairs with the acquires of readers without the lock. */
		atomic_store_release(&table->size, size);
		if (retired) {
			*retired = (struct retired_slots){ table->retired, old_slots };
			table->retired = retired;
			retired = NULL;
			old_slots = NULL;
		}
	}
	spin_unlock(&table->lock);
	kfree(retired);
	kfree(old_slots);
	kfree(old_used);
	return 0;
}

static u32 number_limit(void)
{
	return (u32)MIN(task_hook_nofile_limit(), (u64)HANDLE_TABLE_MAX);
}

int handle_table_reserve(struct handle_table *table, int min, u32 limit)
{
	limit = MIN(limit, HANDLE_TABLE_MAX);
	if (min < 0 || (u32)min >= limit)
		return min == 0 ? -EMFILE : -EINVAL;
	for (;;) {
		u32 fd;
		int err;

		spin_lock(&table->lock);
		fd = find_free_locked(table, (u32)min);
		if (fd < limit && fd < table->size) {
			table->used[fd / 64] |= BIT(fd % 64);
			table->slots[fd].flags = HANDLE_RESERVED;
			if (fd == table->low)
				table->low++;
			spin_unlock(&table->lock);
			return (int)fd;
		}
		spin_unlock(&table->lock);
		if (fd >= limit)
			return -EMFILE;
		err = table_grow(table, MAX(fd, (u32)min));
		if (err)
			return err;
	}
}

int handle_reserve(int min)
{
	return handle_table_reserve(table_current(), min, number_limit());
}

void handle_table_unreserve(struct handle_table *table, u32 fd)
{
	spin_lock(&table->lock);
	slot_take_locked(table, fd);
	spin_unlock(&table->lock);
}

void handle_unreserve(int fd)
{
	handle_table_unreserve(table_current(), (u32)fd);
}

void handle_table_set_node_locked(struct handle_table *table, struct handle *slot,
				  struct cap_node *node)
{
	u32 had = slot->node != NULL, has = node != NULL;

	slot->node = node;
	atomic_store_relaxed(&table->nr_nodes, table->nr_nodes + has - had);
}

/* The key last: with it the only thread of the owner may use the rest. */
void handle_table_fill_locked(struct handle_table *table, u32 fd, struct kobject *obj, u32 rights,
			      u32 flags, struct cap_node *node)
{
	struct handle *slot = &table->slots[fd];

	ASSERT(slot->flags & HANDLE_RESERVED);
	slot->rights = rights;
	slot->flags = flags;
	if (unlikely(node))
		handle_table_set_node_locked(table, slot, node);
	atomic_store_release(&slot->object, obj);
	atomic_store_release(&slot->key, handle_key(rights, obj->type));
}

int handle_table_check_locked(const struct handle_table *table, int fd, u32 rights,
			      struct handle **slot)
{
	if ((u32)fd >= table->size)
		return -EBADF;
	*slot = &table->slots[fd];
	return slot_check(*slot, rights, 0);
}

void handle_table_revoke_locked(struct handle_table *table, struct handle *slot)
{
	handle_table_set_node_locked(table, slot, NULL);
	atomic_store_relaxed(&slot->flags, slot->flags | HANDLE_REVOKED);
	atomic_store_release(&slot->key, 0u);
}

void handle_install(int fd, struct kobject *obj, u32 rights, u32 flags)
{
	struct handle_table *table = table_current();

	spin_lock(&table->lock);
	handle_table_fill_locked(table, (u32)fd, obj, rights, flags, NULL);
	spin_unlock(&table->lock);
}

int handle_open(struct kobject *obj, u32 rights, u32 flags)
{
	int fd = handle_reserve(0);

	if (fd >= 0)
		handle_install(fd, obj, rights, flags);
	return fd;
}

int handle_close(int fd)
{
	struct handle_table *table = table_current();
	struct handle old;

	spin_lock(&table->lock);
	if (!slot_open(table, (u32)fd)) {
		spin_unlock(&table->lock);
		return -EBADF;
	}
	old = slot_take_locked(table, (u32)fd);
	spin_unlock(&table->lock);
	slot_release(&old);
	return 0;
}

int handle_copy_get(int fd, u32 rights, struct handle_copy *out)
{
	struct handle_ref ref;
	int err;

	/* A handle that has a node is there, so is the count of it. */
	if (unlikely(atomic_load_relaxed(&table_current()->nr_nodes)))
		return cap_copy_get(fd, rights, out);
	err = handle_get(fd, rights, 0, &ref);
	if (err)
		return err;
	*out = (struct handle_copy){ ref.object, ref.rights, NULL };
	if (!ref.counted)
		kobject_get(ref.object);
	return 0;
}

int handle_copy_again(const struct handle_copy *copy, struct handle_copy *out)
{
	if (unlikely(copy->node))
		return cap_copy_again(copy, out);
	*out = *copy;
	kobject_get(out->object);
	return 0;
}

void handle_copy_put(struct handle_copy *copy)
{
	if (!copy->object)
		return;
	if (unlikely(copy->node))
		cap_node_closed(copy->node);
	kobject_put(copy->object);
	copy->object = NULL;
}

/*
 * Put what @copy holds into slot @fd, reserved by current or, to @replace it, whatever is
 * there; all at once, so that other threads see the old handle or the new one.
 * Return: 0, @copy used up; -EBUSY reserved by another thread.
 */
static int slot_put(struct handle_table *table, u32 fd, struct handle_copy *copy, u32 flags,
		    bool replace)
{
	struct handle old, new = { copy->object, copy->rights, flags, 0, 0, copy->node };
	bool tree = copy->node != NULL;
	struct handle *slot;

	if (unlikely(tree))
		cap_lock();
	spin_lock(&table->lock);
	slot = &table->slots[fd];
	old = *slot;
	if (replace && !old.object && (old.flags & HANDLE_RESERVED)) {
		spin_unlock(&table->lock);
		if (unlikely(tree))
			cap_unlock();
		return -EBUSY;
	}
	new.generation = old.generation + replace;
	new.key = handle_key(new.rights, new.object->type);
	if (unlikely(tree) && !cap_node_arrive_locked(new.node, table, fd)) {
		new.flags |= HANDLE_REVOKED; /* on its way */
		new.key = 0;
		new.node = NULL;
	}
	handle_table_set_node_locked(table, slot, new.node);
	*slot = new;
	table->used[fd / 64] |= BIT(fd % 64);
	spin_unlock(&table->lock);
	if (unlikely(tree)) {
		cap_unlock();
		if (!new.node)
			cap_node_closed(copy->node);
	}
	copy->object = NULL;
	live_add(1);
	slot_release(&old);
	return 0;
}

void handle_install_copy(int fd, struct handle_copy *copy, u32 flags)
{
	if (unlikely(copy->node))
		(void)!slot_put(table_current(), (u32)fd, copy, flags, false);
	else
		handle_install(fd, copy->object, copy->rights, flags);
	copy->object = NULL;
}

int handle_open_copy(int min, struct handle_copy *copy, u32 flags)
{
	int fd = handle_reserve(min);

	if (fd >= 0)
		handle_install_copy(fd, copy, flags);
	else
		handle_copy_put(copy);
	return fd;
}

int handle_dup(int fd, int min, u32 flags)
{
	struct handle_copy copy;
	int err = handle_copy_get(fd, RIGHT_DUP, &copy);

	return err ? err : handle_open_copy(min, &copy, flags);
}

int handle_dup_to(int fd, int newfd, u32 flags)
{
	struct handle_table *table = table_current();
	struct handle_copy copy;
	int err;

	if (fd == newfd)
		return -EINVAL;
	if ((u32)newfd >= number_limit())
		return -EBADF;
	err = handle_copy_get(fd, RIGHT_DUP, &copy);
	if (err)
		return err;
	if ((u32)newfd >= atomic_load_relaxed(&table->size))
		err = table_grow(table, (u32)newfd);
	if (!err)
		err = slot_put(table, (u32)newfd, &copy, flags, true);
	if (err)
		handle_copy_put(&copy);
	return err ? err : newfd;
}

int handle_get_flags(int fd)
{
	struct handle_table *table = table_current();
	int flags = -EBADF;

	spin_lock(&table->lock);
	if (slot_open(table, (u32)fd))
		flags = (int)(table->slots[fd].flags & HANDLE_CLOEXEC);
	spin_unlock(&table->lock);
	return flags;
}

int handle_set_flags(int fd, u32 flags)
{
	struct handle_table *table = table_current();
	int err = -EBADF;

	spin_lock(&table->lock);
	if (slot_open(table, (u32)fd)) {
		struct handle *slot = &table->slots[fd];

		slot->flags = (slot->flags & ~(u32)HANDLE_CLOEXEC) | (flags & HANDLE_CLOEXEC);
		err = 0;
	}
	spin_unlock(&table->lock);
	return err;
}

int handle_table_next(struct handle_table *table, int fd, struct handle_ref *ref, u32 *flags)
{
	int found = -1;

	spin_lock(&table->lock);
	for (u32 i = (u32)MAX(fd, 0); i < table->size; i++) {
		const struct handle *slot = &table->slots[i];

		if (!slot->object || (slot->flags & HANDLE_REVOKED))
			continue;
		kobject_get(slot->object);
		*ref = (struct handle_ref){ slot->object, slot->rights, true };
		*flags = slot->flags;
		found = (int)i;
		break;
	}
	spin_unlock(&table->lock);
	return found;
}
