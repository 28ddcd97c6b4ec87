/* SPDX-License-Identifier: MIT */
/*
 * The name cache. A hit: hash the component, one striped spinlock, compare.
 * Chains are singly linked and names never change while hashed, so a later
 * version can read them without the lock.
 *
 *   dir inode lock  (misses, creation, removal, renames)
 *     dentry_tree_lock   or   a hash stripe     one of them at a time
 *
 * The hash (dentry.h) is weaker than SipHash, and need not be stronger: the
 * cache is bounded, so the worst that chosen collisions could do is a chain as
 * long as the limit.
 */
#include <fs/dentry.h>

#include <kernel/abi/errno.h>
#include <kernel/lib/string.h>
#include <mm/kmalloc.h>
#include <mm/slab.h>
#include <security/random.h>

#define BUCKET_BITS 11
#define STRIPES     64u
#define DEFAULT_LIMIT 2048u
#define EVICT_BATCH 16u

struct spinlock dentry_tree_lock = SPINLOCK_INIT(RANK_DENTRY, "dentry_tree");

static struct dentry *buckets[1u << BUCKET_BITS]; /* [stripe] */
static struct spinlock stripes[STRIPES];
static struct slab_cache *dentry_cache;
u64 dentry_secret[2];

/* [dentry_tree_lock] */
static struct list_head lru = LIST_HEAD_INIT(lru); /* oldest first */
static u32 nr_cached;
static u32 limit = DEFAULT_LIMIT;
static u64 misses;                /* [a] */
static DEFINE_PERCPU(u64, dentry_hits);

struct dentry_name {
	u32 len;
	char *text;                     /* NULL: fits inline */
	char inline_text[DENTRY_INLINE];
};

void dentry_init(void)
{
	for (u32 i = 0; i < STRIPES; i++)
		spin_init(&stripes[i], RANK_DENTRY, "dentry_hash");
	dentry_cache = slab_create("dentry", sizeof(struct dentry), 64);
	PANIC_ON(!dentry_cache, "fs: no memory for the name cache");
	dentry_secret[0] = random_u64();
	dentry_secret[1] = random_u64() | 1;
}

/* ---- hash ---- */

u64 dentry_hash(const struct dentry *parent, const struct fs_name *name)
{
	u64 hash = dentry_hash_start(parent);
	u32 i = 0;

	for (; i + 8 <= name->len; i += 8)
		hash = dentry_hash_mix(hash, dentry_name_word(name->str + i));
	return dentry_hash_mix(hash, (dentry_name_word(name->str + i) &
				      (BIT(8 * (name->len - i)) - 1)) |
					     (u64)name->len << 56);
}

static inline struct dentry **bucket_of(u64 hash)
{
	return &buckets[hash >> (64 - BUCKET_BITS)];
}

static inline struct spinlock *stripe_of(u64 hash)
{
	return &stripes[(hash >> (64 - BUCKET_BITS)) % STRIPES];
}

/* ---- life ---- */

static struct dentry *dentry_alloc(struct dentry *parent, const struct fs_name *name,
				   struct inode *inode)
{
	struct dentry *dentry = slab_alloc(dentry_cache, 0);

	if (!dentry)
		return NULL;
	refcount_init(&dentry->refs);
	dentry->flags = 0;
	dentry->hash_next = NULL;
	dentry->inode = inode;
	dentry->name_len = name->len;
	dentry->name = dentry->inline_name;
	memset(dentry->inline_name, 0, DENTRY_INLINE);
	if (name->len > DENTRY_INLINE - 8) {
		/* Comparing reads whole words: 7 bytes more, and zero. */
		dentry->name = kzalloc((size_t)name->len + 8, 0);
		if (!dentry->name) {
			slab_free(dentry_cache, dentry);
			return NULL;
		}
	}
	memcpy(dentry->name, name->str, name->len);
	list_init(&dentry->lru);
	list_init(&dentry->children);
	list_init(&dentry->sibling);
	dentry->parent = parent ? parent : dentry;
	if (parent) {
		dentry_get(parent);
		dentry->sb = parent->sb;
	}
	return dentry;
}

struct dentry *dentry_alloc_root(struct superblock *sb, struct inode *inode)
{
	struct dentry *root = dentry_alloc(NULL, &(struct fs_name){ "/", 1 }, inode);

	if (root)
		root->sb = sb;
	else
		inode_put(inode);
	return root;
}

/* Return: the parent, whose reference passes to the caller; NULL at a root. */
static struct dentry *dentry_free(struct dentry *dentry)
{
	struct dentry *parent = dentry->parent == dentry ? NULL : dentry->parent;

	inode_put(dentry->inode);
	if (dentry->name != dentry->inline_name)
		kfree(dentry->name);
	slab_free(dentry_cache, dentry);
	return parent;
}

void dentry_release(struct dentry *dentry)
{
	/* Freeing one drops its parent: a loop, since depth has no bound. */
	do {
		dentry = dentry_free(dentry);
	} while (dentry && refcount_put(&dentry->refs));
}

/* ---- look-up ---- */

/* Both are readable in whole words, ours with zeros at the end. */
static inline bool name_equal(const struct dentry *dentry, const struct fs_name *name)
{
	u32 i = 0;

	if (dentry->name_len != name->len)
		return false;
	for (; i + 8 <= name->len; i += 8)
		if (dentry_name_word(dentry->name + i) != dentry_name_word(name->str + i))
			return false;
	return !((dentry_name_word(dentry->name + i) ^ dentry_name_word(name->str + i)) &
		 (BIT(8 * (name->len - i)) - 1));
}

static inline struct dentry *find_locked(struct dentry *parent, const struct fs_name *name,
					 u64 hash)
{
	struct dentry *dentry;

	for (dentry = *bucket_of(hash); dentry; dentry = dentry->hash_next) {
		if (unlikely(dentry->hash != hash || dentry->parent != parent ||
			     !name_equal(dentry, name)))
			continue;
		if (!refcount_get_unless_zero(&dentry->refs))
			continue; /* being evicted */
		if (!(dentry->flags & DENTRY_USED))
			(void)atomic_fetch_or(&dentry->flags, (u32)DENTRY_USED);
		return dentry;
	}
	return NULL;
}

struct dentry *dentry_find(struct dentry *parent, const struct fs_name *name, u64 hash)
{
	struct spinlock *stripe = stripe_of(hash);
	struct dentry *dentry;

	spin_lock(stripe);
	dentry = find_locked(parent, name, hash);
	spin_unlock(stripe);
	if (dentry)
		++*percpu_ptr(dentry_hits);
	return dentry;
}

/* ---- the cache's own reference: hashed, in the LRU, child of its parent ---- */

static void cache_insert(struct dentry *dentry, u64 hash)
{
	struct spinlock *stripe = stripe_of(hash);
	bool over;

	dentry_get(dentry);
	spin_lock(&dentry_tree_lock);
	dentry->hash = hash;
	(void)atomic_fetch_or(&dentry->flags, (u32)DENTRY_HASHED);
	list_add_tail(&dentry->lru, &lru);
	list_add_tail(&dentry->sibling, &dentry->parent->children);
	over = ++nr_cached > limit;
	spin_unlock(&dentry_tree_lock);

	spin_lock(stripe);
	dentry->hash_next = *bucket_of(hash);
	atomic_store_release(bucket_of(hash), dentry);
	spin_unlock(stripe);
	if (over)
		dentry_cache_shrink(limit - MIN(limit, EVICT_BATCH));
}

/* Under dentry_tree_lock. Return: false when somebody else did it. */
static bool cache_detach_locked(struct dentry *dentry)
{
	if (!(atomic_fetch_and(&dentry->flags, ~(u32)DENTRY_HASHED) & DENTRY_HASHED))
		return false;
	list_del(&dentry->lru);
	list_del(&dentry->sibling);
	nr_cached--;
	return true;
}

/* After a detach: out of its chain. The cache's reference passes to the caller. */
static void chain_remove(struct dentry *dentry)
{
	struct spinlock *stripe = stripe_of(dentry->hash);
	struct dentry **link;

	spin_lock(stripe);
	for (link = bucket_of(dentry->hash); *link; link = &(*link)->hash_next) {
		if (*link == dentry) {
			*link = dentry->hash_next;
			break;
		}
	}
	spin_unlock(stripe);
}

static void cache_remove(struct dentry *dentry)
{
	bool mine;

	spin_lock(&dentry_tree_lock);
	mine = cache_detach_locked(dentry);
	spin_unlock(&dentry_tree_lock);
	if (!mine)
		return;
	chain_remove(dentry);
	dentry_put(dentry);
}

int dentry_lookup_locked(struct dentry *parent, const struct fs_name *name, struct dentry **out)
{
	u64 hash = dentry_hash(parent, name);
	struct inode *dir = parent->inode, *inode = NULL;
	struct dentry *dentry = NULL;
	int err;

	assert_mutex_held(&dir->lock);
	if (!(parent->sb->flags & SB_UNCACHED))
		dentry = dentry_find(parent, name, hash);
	if (dentry) {
		*out = dentry;
		return 0;
	}
	atomic_add_relaxed(&misses, 1);
	err = dir->ops->lookup(dir, name, &inode);
	if (err && err != -ENOENT)
		return err;
	dentry = dentry_alloc(parent, name, inode);
	if (!dentry) {
		inode_put(inode);
		return -ENOMEM;
	}
	/* A folder without a name has nothing below it to remember. */
	if (!(parent->sb->flags & SB_UNCACHED) && !(parent->flags & DENTRY_DEAD))
		cache_insert(dentry, hash);
	*out = dentry;
	return 0;
}

int dentry_lookup_missed(struct dentry *parent, const struct fs_name *name, struct dentry **out)
{
	struct inode *dir = parent->inode;
	int err;

	if (!dir->ops->lookup)
		return -ENOTDIR;
	mutex_lock(&dir->lock);
	err = dentry_lookup_locked(parent, name, out);
	mutex_unlock(&dir->lock);
	return err;
}

/* ---- change ---- */

void dentry_instantiate(struct dentry *dentry, struct inode *inode)
{
	/* Pairs with the acquire in dentry_inode(): the inode is complete. */
	atomic_store_release(&dentry->inode, inode);
}

void dentry_kill(struct dentry *dentry)
{
	struct list_head gone = LIST_HEAD_INIT(gone);
	struct list_head *link;

	cache_remove(dentry);
	spin_lock(&dentry_tree_lock);
	(void)atomic_fetch_or(&dentry->flags, (u32)DENTRY_DEAD);
	while ((link = list_first(&dentry->children))) {
		struct dentry *child = LIST_ENTRY(link, struct dentry, sibling);

		if (cache_detach_locked(child))
			list_add_tail(&child->sibling, &gone);
	}
	spin_unlock(&dentry_tree_lock);
	while ((link = list_pop(&gone))) {
		struct dentry *child = LIST_ENTRY(link, struct dentry, sibling);

		chain_remove(child);
		dentry_put(child);
	}
}

struct dentry_name *dentry_new_name(const struct fs_name *name)
{
	struct dentry_name *copy = kzalloc(sizeof(*copy), 0);

	if (!copy)
		return NULL;
	copy->len = name->len;
	if (name->len > DENTRY_INLINE - 8) {
		copy->text = kzalloc((size_t)name->len + 8, 0);
		if (!copy->text) {
			kfree(copy);
			return NULL;
		}
	}
	memcpy(copy->text ? copy->text : copy->inline_text, name->str, name->len);
	return copy;
}

void dentry_free_name(struct dentry_name *name)
{
	if (name)
		kfree(name->text);
	kfree(name);
}

void dentry_move(struct dentry *dentry, struct dentry *parent, struct dentry_name *new_name)
{
	struct dentry *old_parent = dentry->parent;
	char *old_text = dentry->name;
	bool cached;

	spin_lock(&dentry_tree_lock);
	cached = cache_detach_locked(dentry);
	spin_unlock(&dentry_tree_lock);
	if (cached)
		chain_remove(dentry);

	/* In no chain, and both folders are locked: nobody finds it by name now. */
	dentry_get(parent);
	spin_lock(&dentry_tree_lock);
	dentry->parent = parent;
	dentry->name_len = new_name->len;
	memcpy(dentry->inline_name, new_name->inline_text, DENTRY_INLINE);
	dentry->name = new_name->text ? new_name->text : dentry->inline_name;
	spin_unlock(&dentry_tree_lock);
	dentry_put(old_parent);
	if (old_text != dentry->inline_name)
		kfree(old_text);
	kfree(new_name);

	cache_insert(dentry, dentry_hash(parent, &(struct fs_name){ dentry->name,
								    dentry->name_len }));
	if (cached)
		dentry_put(dentry); /* the reference of the old place */
}

struct dentry *dentry_parent(struct dentry *dentry)
{
	struct dentry *parent;

	spin_lock(&dentry_tree_lock);
	parent = dentry->parent;
	dentry_get(parent);
	spin_unlock(&dentry_tree_lock);
	return parent;
}

bool dentry_is_below(struct dentry *dentry, struct dentry *top)
{
	bool below = false;

	spin_lock(&dentry_tree_lock);
	for (;;) {
		below = dentry == top;
		if (below || dentry->parent == dentry)
			break;
		dentry = dentry->parent;
	}
	spin_unlock(&dentry_tree_lock);
	return below;
}

/* ---- eviction ---- */

/*
 * Take up to EVICT_BATCH dentries that only the cache holds off the old end of
 * the LRU; those used since the last look get another round. @sb: only its own.
 * The count goes from the cache's 1 to 0 in one step, and finders take no
 * reference on a count of 0: so nobody holds what is evicted.
 */
static u32 evict_some(u32 keep, struct superblock *sb, struct list_head *gone)
{
	u32 looks = nr_cached, n = 0;
	struct list_head *link = lru.next;

	while (looks-- && n < EVICT_BATCH && nr_cached > keep && link != &lru) {
		struct dentry *dentry = LIST_ENTRY(link, struct dentry, lru);
		s32 only_ours = 1;

		link = link->next;
		if (sb && dentry->sb != sb)
			continue;
		if ((keep && (dentry->flags & DENTRY_USED)) ||
		    !atomic_cmpxchg(&dentry->refs.n, &only_ours, 0)) {
			(void)atomic_fetch_and(&dentry->flags, ~(u32)DENTRY_USED);
			if (!sb)
				list_move_tail(&dentry->lru, &lru);
			continue;
		}
		(void)cache_detach_locked(dentry);
		list_add_tail(&dentry->lru, gone);
		n++;
	}
	return n;
}

static void evict(u32 keep, struct superblock *sb)
{
	u32 n;

	do {
		struct list_head gone = LIST_HEAD_INIT(gone);
		struct list_head *link;

		spin_lock(&dentry_tree_lock);
		n = evict_some(keep, sb, &gone);
		spin_unlock(&dentry_tree_lock);
		while ((link = list_pop(&gone))) {
			struct dentry *dentry = LIST_ENTRY(link, struct dentry, lru);

			chain_remove(dentry);
			dentry_release(dentry);
		}
	} while (n);
}

void dentry_cache_shrink(u32 keep)
{
	evict(keep, NULL);
}

void dentry_cache_drop(struct superblock *sb)
{
	evict(0, sb);
}

void dentry_cache_set_limit(u32 n)
{
	spin_lock(&dentry_tree_lock);
	limit = MAX(n, 16u);
	spin_unlock(&dentry_tree_lock);
	evict(limit, NULL);
}

void dentry_stats(struct dentry_stats *out)
{
	struct cpu *cpu;

	*out = (struct dentry_stats){ .misses = atomic_load_relaxed(&misses) };
	FOR_EACH_CPU(cpu)
		out->hits += atomic_load_relaxed(percpu_ptr_of(dentry_hits, cpu));
	spin_lock(&dentry_tree_lock);
	out->cached = nr_cached;
	out->limit = limit;
	spin_unlock(&dentry_tree_lock);
}
