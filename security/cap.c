/* SPDX-License-Identifier: MIT */
/*
 * The derivation tree (contract and drawing in cap.h). One mutex holds it together:
 * granting and revoking are rare, and nobody else comes here. Life of a node:
 *
 *   cap_grant        in a slot        close        mappings left? else freed
 *   copy of a node   on its way  -->  in a slot, or dropped
 *   revoked          out of the tree at once; freed when slot, copy and mappings
 *                    have let go
 *
 * Invariants, under cap_lock: a node that is not revoked is in its parent's list of
 * children, or is a root; a slot's node names that slot (table, fd); only nodes with a
 * slot have children. So the walk of a revocation sees each handle exactly once, and
 * what is being copied either is beside its original before the walk, or is made after
 * it and finds the original dead.
 */
#include <security/cap.h>

#include <kernel/abi/errno.h>
#include <kernel/core/mutex.h>
#include <mm/kmalloc.h>
#include <mm/lease.h>
#include <security/task_hooks.h>

#include "handle_priv.h"

/* Lock key: i immutable, c cap_lock. */
struct cap_node {
	struct vm_lease lease;      /* its references are the node's */
	u64 id;                     /* [i] */
	u32 type, rights;           /* [c] of the handle */
	struct cap_node *parent;    /* [c] NULL: a root */
	struct list_head children;  /* [c] by link */
	struct list_head link;      /* [c] in parent->children; of a revoked one: cap_revoke()'s */
	struct handle_table *table; /* [c] NULL: no slot */
	u32 fd;                     /* [c] */
	bool revoked;               /* [c] */
	bool closed;                /* [c] only mappings are left */
	u64 listed;                 /* [c] last cap_list() that saw it */
	struct cap_node *spare;     /* in a list of spares */
};

static struct mutex tree_lock = MUTEX_INIT(tree_lock, RANK_CAPS, "caps");
static u64 next_id = 1;       /* [a] */
static u64 revocations;       /* [tree_lock] */
static u64 listings;          /* [tree_lock] */

void cap_lock(void)
{
	mutex_lock(&tree_lock);
}

void cap_unlock(void)
{
	mutex_unlock(&tree_lock);
}

/* ---- nodes ---- */

static struct cap_node *node_of(struct vm_lease *lease)
{
	return container_of(lease, struct cap_node, lease);
}

static void unlink_locked(struct cap_node *node)
{
	list_del(&node->link);
	node->parent = NULL;
}

static void node_release(struct vm_lease *lease)
{
	struct cap_node *node = node_of(lease);

	cap_lock();
	if (!node->revoked)
		unlink_locked(node);
	cap_unlock();
	kfree(node);
}

static struct cap_node *node_alloc(void)
{
	struct cap_node *node = kzalloc(sizeof(*node), 0);

	if (!node)
		return NULL;
	vm_lease_init(&node->lease, node_release);
	node->id = atomic_fetch_add(&next_id, 1ull);
	list_init(&node->children);
	list_init(&node->link);
	return node;
}

static void node_put(struct cap_node *node)
{
	if (node)
		vm_lease_put(&node->lease);
}

static void adopt_locked(struct cap_node *parent, struct cap_node *node)
{
	node->parent = parent;
	if (parent)
		list_add_tail(&node->link, &parent->children);
}

/* @node becomes what a copy of @of has: a sibling, as dead as that. */
static void copy_locked(struct cap_node *node, const struct cap_node *of)
{
	node->type = of->type;
	node->rights = of->rights;
	node->revoked = of->revoked;
	if (!of->revoked)
		adopt_locked(of->parent, node);
}

void cap_node_closed(struct cap_node *node)
{
	cap_lock();
	while (!list_empty(&node->children)) {
		struct cap_node *child = LIST_FIRST_ENTRY(&node->children, struct cap_node, link);

		list_del(&child->link);
		adopt_locked(node->parent, child);
	}
	node->table = NULL;
	node->closed = true;
	cap_unlock();
	node_put(node);
}

/* ---- copies ---- */

int cap_copy_get(int fd, u32 rights, struct handle_copy *out)
{
	struct handle_table *table = task_hook_handles();
	struct cap_node *spare = node_alloc();
	struct handle *slot;
	int err;

	if (!spare)
		return -ENOMEM;
	*out = (struct handle_copy){ NULL, 0, NULL };
	cap_lock();
	spin_lock(&table->lock);
	err = handle_table_check_locked(table, fd, rights, &slot);
	if (!err) {
		kobject_get(slot->object);
		*out = (struct handle_copy){ slot->object, slot->rights, NULL };
		if (slot->node && slot->node->parent) {
			copy_locked(spare, slot->node);
			out->node = spare;
			spare = NULL;
		}
	}
	spin_unlock(&table->lock);
	cap_unlock();
	node_put(spare);
	return err;
}

int cap_copy_again(const struct handle_copy *copy, struct handle_copy *out)
{
	struct cap_node *node = node_alloc();

	if (!node)
		return -ENOMEM;
	cap_lock();
	copy_locked(node, copy->node);
	cap_unlock();
	kobject_get(copy->object);
	*out = (struct handle_copy){ copy->object, copy->rights, node };
	return 0;
}

bool cap_node_arrive_locked(struct cap_node *node, struct handle_table *table, u32 fd)
{
	if (node->revoked)
		return false;
	node->table = table;
	node->fd = fd;
	return true;
}

void cap_copy_limit(struct handle_copy *copy, u32 rights)
{
	copy->rights &= rights;
	if (!copy->node)
		return;
	cap_lock();
	copy->node->rights = copy->rights;
	cap_unlock();
}

int cap_spares_add(struct cap_spares *spares, u32 n)
{
	while (spares->n < n) {
		struct cap_node *node = node_alloc();

		if (!node)
			return -ENOMEM;
		node->spare = spares->first;
		spares->first = node;
		spares->n++;
	}
	return 0;
}

static struct cap_node *spare_take(struct cap_spares *spares)
{
	struct cap_node *node = spares->first;

	spares->first = node->spare;
	spares->n--;
	return node;
}

void cap_spares_free(struct cap_spares *spares)
{
	while (spares->n)
		node_put(spare_take(spares));
}

struct cap_node *cap_node_copy_locked(const struct cap_node *of, struct cap_spares *spares,
				      struct handle_table *table, u32 fd)
{
	struct cap_node *node;

	if (!of->parent)
		return NULL;
	node = spare_take(spares);
	copy_locked(node, of);
	(void)!cap_node_arrive_locked(node, table, fd); /* what is in a slot lives */
	return node;
}

/* ---- granting ---- */

/* The parent, current's @fd: it gets a node if it has none, *root then. */
static int source_locked(int fd, u32 rights, struct cap_node **root, struct cap_node **parent,
			 struct kobject **object)
{
	struct handle_table *table = task_hook_handles();
	struct handle *slot;
	int err;

	spin_lock(&table->lock);
	err = handle_table_check_locked(table, fd, RIGHT_GRANT, &slot);
	if (!err && (rights & ~slot->rights))
		err = -EACCES;
	if (!err) {
		if (!slot->node) {
			(*root)->type = slot->object->type;
			(*root)->rights = slot->rights;
			(void)!cap_node_arrive_locked(*root, table, (u32)fd);
			handle_table_set_node_locked(table, slot, *root);
			*root = NULL;
		}
		*parent = slot->node;
		*object = slot->object;
		kobject_get(slot->object);
	}
	spin_unlock(&table->lock);
	return err;
}

static int grant_locked(struct handle_table *table, u32 to, int fd, u32 rights,
			struct cap_node **root, struct cap_node *node)
{
	struct cap_node *parent;
	struct kobject *object;
	int err = source_locked(fd, rights, root, &parent, &object);

	if (err)
		return err;
	node->type = object->type;
	node->rights = rights;
	adopt_locked(parent, node);
	(void)!cap_node_arrive_locked(node, table, to);
	spin_lock(&table->lock);
	handle_table_fill_locked(table, to, object, rights, 0, node);
	spin_unlock(&table->lock);
	return 0;
}

int cap_grant(struct handle_table *table, u32 limit, int fd, u32 rights)
{
	struct cap_node *root = node_alloc(), *node = node_alloc();
	int to = root && node ? handle_table_reserve(table, 0, limit) : -ENOMEM, err = 0;

	if (to >= 0) {
		cap_lock();
		err = grant_locked(table, (u32)to, fd, rights, &root, node);
		cap_unlock();
	}
	node_put(root);
	if (to < 0 || err)
		node_put(node);
	if (err)
		handle_table_unreserve(table, (u32)to);
	return err ? err : to;
}

/* ---- revoking ---- */

/* @node, which has no children any more, dies. Those whose mappings are to be ended
 * go to @dead with a reference. */
static void kill_locked(struct cap_node *node, struct list_head *dead)
{
	struct handle_table *table = node->table;
	bool ours = false;

	unlink_locked(node);
	node->revoked = true;
	if (table) {
		struct handle *slot;

		spin_lock(&table->lock);
		slot = &table->slots[node->fd];
		ours = slot->node == node; /* else it is being closed */
		if (ours) {
			handle_table_revoke_locked(table, slot);
			atomic_store_relaxed(&table->revocation, revocations);
		}
		spin_unlock(&table->lock);
		node->table = NULL;
	}
	/* The slot's reference, or one more, unless the last one is just gone. */
	if (ours || refcount_get_unless_zero(&node->lease.refs))
		list_add_tail(&node->link, dead);
}

static long kill_below_locked(struct cap_node *top, struct list_head *dead)
{
	struct cap_node *node = top;
	long count = 0;

	for (;;) {
		struct cap_node *parent = node->parent;

		if (!list_empty(&node->children)) {
			node = LIST_FIRST_ENTRY(&node->children, struct cap_node, link);
			continue;
		}
		if (node == top)
			return count;
		count += !node->closed;
		kill_locked(node, dead);
		node = parent;
	}
}

long cap_revoke(int fd)
{
	struct handle_table *table = task_hook_handles();
	struct list_head dead = LIST_HEAD_INIT(dead);
	struct handle *slot;
	struct cap_node *node = NULL;
	long count = 0;
	u64 number;
	int err;

	cap_lock();
	number = ++revocations;
	spin_lock(&table->lock);
	err = handle_table_check_locked(table, fd, 0, &slot);
	if (!err)
		node = slot->node;
	spin_unlock(&table->lock);
	if (node)
		count = kill_below_locked(node, &dead);
	cap_unlock();
	if (!list_empty(&dead))
		task_hook_interrupt(number);
	while (!list_empty(&dead)) {
		node = LIST_FIRST_ENTRY(&dead, struct cap_node, link);
		list_del(&node->link);
		vm_lease_end(&node->lease);
		node_put(node);
	}
	return err ? err : count;
}

int cap_lease(int fd, const struct kobject *object, struct vm_lease **out)
{
	struct handle_table *table = task_hook_handles();
	struct handle *slot;
	int err;

	*out = NULL;
	if (likely(!atomic_load_relaxed(&table->nr_nodes)))
		return 0;
	cap_lock();
	spin_lock(&table->lock);
	err = handle_table_check_locked(table, fd, 0, &slot);
	if (!err && slot->object == object && slot->node && slot->node->parent) {
		*out = &slot->node->lease;
		vm_lease_get(*out);
	}
	spin_unlock(&table->lock);
	cap_unlock();
	return err;
}

/* ---- telling ---- */

struct listing {
	struct cap_info *out;
	u32 n, max;
};

static void emit(struct listing *l, const struct cap_info *info)
{
	if (l->n < l->max)
		l->out[l->n] = *info;
	l->n++;
}

static void describe_locked(const struct cap_node *node, struct cap_info *out)
{
	*out = (struct cap_info){
		.pid = node->table ? node->table->owner : 0,
		.fd = node->table ? (s32)node->fd : -1,
		.type = node->type,
		.rights = node->rights,
		.flags = node->table ? 0 : node->closed ? CAP_MAPPED : CAP_IN_FLIGHT,
		.id = node->id,
		.parent = node->parent ? node->parent->id : 0,
	};
}

static void emit_node_locked(struct listing *l, struct cap_node *node)
{
	struct cap_info info;

	if (node->listed == listings)
		return;
	node->listed = listings;
	describe_locked(node, &info);
	emit(l, &info);
}

/* Slot @fd, table->lock held. */
static void emit_slot_locked(struct listing *l, struct handle_table *table, u32 fd)
{
	const struct handle *slot = &table->slots[fd];
	struct cap_info info = { .pid = table->owner, .type = slot->object->type };

	if (slot->node) {
		describe_locked(slot->node, &info);
		slot->node->listed = listings;
	}
	info.fd = (s32)fd;
	info.flags = CAP_OWN | (slot->flags & HANDLE_CLOEXEC ? CAP_CLOEXEC : 0) |
		     (slot->flags & HANDLE_REVOKED ? CAP_REVOKED : 0);
	info.rights = slot->flags & HANDLE_REVOKED ? 0 : slot->rights;
	emit(l, &info);
}

/* The node after @node below @top, parents first; NULL: that was the last. */
static struct cap_node *walk_next(struct cap_node *top, struct cap_node *node)
{
	if (!list_empty(&node->children))
		return LIST_FIRST_ENTRY(&node->children, struct cap_node, link);
	while (node != top && node->link.next == &node->parent->children)
		node = node->parent;
	return node == top ? NULL : LIST_ENTRY(node->link.next, struct cap_node, link);
}

static void emit_family_locked(struct listing *l, struct cap_node *of)
{
	for (struct cap_node *node = of->parent; node; node = node->parent)
		emit_node_locked(l, node);
	for (struct cap_node *node = walk_next(of, of); node; node = walk_next(of, node))
		emit_node_locked(l, node);
}

u32 cap_list(struct handle_table *table, struct cap_info *out, u32 max)
{
	struct listing l = { out, 0, max };

	cap_lock();
	listings++;
	spin_lock(&table->lock);
	for (u32 fd = 0; fd < table->size; fd++)
		if (table->slots[fd].object)
			emit_slot_locked(&l, table, fd);
	/* Nodes do not change under cap_lock, and with it they are only looked at. */
	for (u32 fd = 0; fd < table->size && table->nr_nodes; fd++)
		if (table->slots[fd].node)
			emit_family_locked(&l, table->slots[fd].node);
	spin_unlock(&table->lock);
	cap_unlock();
	return l.n;
}

bool cap_describe(struct handle_table *table, int fd, struct cap_info *out, u32 *children)
{
	struct cap_node *node = NULL;
	struct list_head *child;

	if (likely(!atomic_load_relaxed(&table->nr_nodes)))
		return false;
	cap_lock();
	spin_lock(&table->lock);
	if ((u32)fd < table->size)
		node = table->slots[fd].node;
	spin_unlock(&table->lock);
	if (node) {
		describe_locked(node, out);
		*children = 0;
		for (child = node->children.next; child != &node->children; child = child->next)
			++*children;
	}
	cap_unlock();
	return node;
}
