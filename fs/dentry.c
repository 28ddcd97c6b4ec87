/* SPDX-License-Identifier: MIT */
/*
 * The name cache. A hit: hash the component, walk its chain, compare, take a
 * reference; no lock.
 *
 *   dir inode lock  (misses, creation, removal, renames)
 *     dentry_tree_lock   or   a hash stripe     one of them at a time
 *
 * Readers of chains: a dentry leaves its chain with hash_next as it was, so who
 * stands on it goes on. Its memory is freed when nobody can stand there (fs/chain.h).
 * A reader reads nothing but dentries, so long names, which lie elsewhere, are
 * looked up with the stripe locked. What it found it takes a
 * reference on and then looks at the hash again, which is 0 while the rest of the
 * key changes. A dentry that is moved may take a reader along to another chain,
 * where it finds nothing: that is believed only when it was asked with the folder
 * and the stripe locked.
 *
 * The hash (dentry.h) is weaker than SipHash, and need not be stronger: it has a
 * secret, and the cache is bounded, so the worst that chosen collisions could do
 * is a chain as long as the limit. An insertion looks at EVICT_LOOKS dentries at
 * most, however many are in use.
 */
#include <fs/dentry.h>

#include <arch/smp.h>
#include <fs/unveil.h>
#include <fs/chain.h>
#include <kernel/abi/errno.h>
#include <kernel/core/cmdline.h>
#include <kernel/lib/format.h>
#include <kernel/lib/string.h>
#include <mm/kmalloc.h>
#include <mm/slab.h>
#include <security/random.h>

#define STRIPES     64u
#define MIN_LIMIT   16u
#define MIN_BUCKETS 256u
#define MAX_BUCKETS (1u << 18) /* 2 MiB of heads */
#define MAX_STEPS   1000u      /* of a reader: more, and it was led astray */
#define EVICT_BATCH 16u
#define EVICT_LOOKS (4 * EVICT_BATCH)
#define RETIRE_BATCH 128u      /* dentries freed after one wait for readers */

struct spinlock dentry_tree_lock = SPINLOCK_INIT(RANK_DENTRY, "dentry_tree");

static struct dentry **buckets; /* [i]; the heads [stripe] */
static u64 bucket_mask;         /* [i] their number - 1 */
static struct spinlock stripes[STRIPES];
static struct slab_cache *dentry_cache;
u64 dentry_secret[2];
u64 dentry_modes = 1;

/* [dentry_tree_lock] */
static struct list_head lru = LIST_HEAD_INIT(lru); /* oldest first */
static u32 nr_cached;
static u32 limit;
static u64 misses, negative_hits, evictions; /* [a] */
static u64 walk_misses, lock_hits;  /* [a] */
static DEFINE_PERCPU(u64, readers); /* odd: this CPU walks a chain; grows by 2 a walk */

static struct spinlock retired_lock = SPINLOCK_INIT(RANK_DENTRY, "dentry_retired");
static struct list_head retired = LIST_HEAD_INIT(retired); /* [retired_lock] by lru */
static u32 nr_retired;              /* [retired_lock] */

struct dentry_name {
	u32 len;
	char *text;                     /* NULL: fits inline */
	char inline_text[DENTRY_INLINE];
};

/* As many heads as names. */
static void alloc_buckets(void)
{
	u32 n = MIN_BUCKETS;

	while (n < limit && n < MAX_BUCKETS)
		n *= 2;
	bucket_mask = n - 1;
	buckets = kcalloc(n, sizeof(*buckets), MEM_ZERO);
}

void dentry_init(void)
{
	for (u32 i = 0; i < STRIPES; i++)
		spin_init(&stripes[i], RANK_DENTRY, "dentry_hash");
	dentry_cache = slab_create("dentry", sizeof(struct dentry), 64);
	limit = MAX(boot_options.dentries, MIN_LIMIT);
	alloc_buckets();
	PANIC_ON(!dentry_cache || !buckets, "fs: no memory for the name cache");
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
	return &buckets[hash & bucket_mask];
}

static inline struct spinlock *stripe_of(u64 hash)
{
	return &stripes[hash % STRIPES];
}

/* ---- life ---- */

static u32 type_flags(const struct inode *inode)
{
	return inode && S_ISLNK(inode->mode) ? DENTRY_LINK : 0;
}

static struct dentry *dentry_alloc(struct dentry *parent, const struct fs_name *name,
				   struct inode *inode)
{
	struct dentry *dentry = slab_alloc(dentry_cache, 0);

	if (!dentry)
		return NULL;
	refcount_init(&dentry->refs);
	dentry->flags = type_flags(inode);
	dentry->search = 0;
	dentry->hash = 0;
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

static void free_retired(void)
{
	struct list_head mine = LIST_HEAD_INIT(mine);
	struct list_head *link;

	spin_lock(&retired_lock);
	list_splice_tail(&retired, &mine);
	nr_retired = 0;
	spin_unlock(&retired_lock);
	if (list_empty(&mine))
		return;
	chain_wait_readers(&readers);
	while ((link = list_pop(&mine)))
		slab_free(dentry_cache, LIST_ENTRY(link, struct dentry, lru));
}

static void retire(struct dentry *dentry)
{
	u32 n;

	if (nr_cpus_online == 1 || !(dentry->flags & DENTRY_CHAINED)) {
		slab_free(dentry_cache, dentry);
		return;
	}
	spin_lock(&retired_lock);
	list_add_tail(&dentry->lru, &retired);
	n = ++nr_retired;
	spin_unlock(&retired_lock);
	if (n >= RETIRE_BATCH)
		free_retired();
}

/* Return: the parent, whose reference passes to the caller; NULL at a root. */
static struct dentry *dentry_free(struct dentry *dentry)
{
	struct dentry *parent = dentry->parent == dentry ? NULL : dentry->parent;

	inode_put(dentry->inode);
	if (dentry->name != dentry->inline_name)
		kfree(dentry->name);
	retire(dentry);
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

static inline bool name_equal(const struct dentry *dentry, const struct fs_name *name)
{
	return dentry->name_len == name->len &&
	       dentry_name_equal(dentry->name, name->str, name->len);
}

/* Short names only, whose text is in the dentry. */
static inline bool is_short_match(const struct dentry *dentry, const struct dentry *parent,
				  const struct fs_name *name, u64 hash)
{
	return dentry->hash == hash && dentry->parent == parent && dentry->name_len == name->len &&
	       dentry_name_equal(dentry->inline_name, name->str, name->len);
}

static inline void mark_used(struct dentry *dentry)
{
	if (!(dentry->flags & DENTRY_USED))
		(void)atomic_fetch_or(&dentry->flags, (u32)DENTRY_USED);
}

/* Return: as dentry_find(). *stale: not what was looked for after all, but referenced. */
static inline struct dentry *walk_chain(struct dentry *parent, const struct fs_name *name,
					u64 hash, struct dentry **stale)
{
	struct dentry *dentry = atomic_load_acquire(bucket_of(hash));

	for (u32 steps = 0; dentry; dentry = atomic_load_acquire(&dentry->hash_next)) {
		if (unlikely(!is_short_match(dentry, parent, name, hash))) {
			if (++steps == MAX_STEPS)
				return NULL;
			continue;
		}
		if (!refcount_get_unless_zero(&dentry->refs))
			return NULL; /* being evicted */
		/* The locked increment was a fence. Pairs with that in dentry_move(). */
		if (likely(atomic_load_relaxed(&dentry->hash) == hash))
			return dentry;
		*stale = dentry;
		return NULL;
	}
	return NULL;
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
		return dentry;
	}
	return NULL;
}

static __noinline struct dentry *find_exact(struct dentry *parent, const struct fs_name *name,
					    u64 hash)
{
	struct spinlock *stripe = stripe_of(hash);
	struct dentry *dentry;

	spin_lock(stripe);
	dentry = find_locked(parent, name, hash);
	spin_unlock(stripe);
	if (dentry) {
		mark_used(dentry);
		atomic_add_relaxed(&lock_hits, 1);
	}
	return dentry;
}

static __noinline struct dentry *find_missed(struct dentry *stale)
{
	atomic_add_relaxed(&walk_misses, 1);
	if (stale)
		dentry_put(stale);
	return NULL;
}

struct dentry *dentry_find(struct dentry *parent, const struct fs_name *name, u64 hash)
{
	struct dentry *dentry, *stale = NULL;
	u64 *word;

	if (unlikely(name->len > DENTRY_INLINE - 8))
		return find_exact(parent, name, hash);
	word = chain_read_begin(&readers);
	dentry = walk_chain(parent, name, hash, &stale);
	chain_read_end(word);
	if (unlikely(!dentry))
		return find_missed(stale);
	mark_used(dentry);
	return dentry;
}

/* Short names only; @tail: the last word of @name, as dentry_scan_tail() gives it. */
static inline bool is_scanned(const struct dentry *dentry, const struct dentry *parent,
			      const struct fs_name *name, u64 hash, u64 tail)
{
	u32 i = 0;

	if (dentry->hash != hash || dentry->parent != parent || dentry->name_len != name->len)
		return false;
	for (; unlikely(i + 8 <= name->len); i += 8)
		if (dentry_name_word(dentry->inline_name + i) != dentry_name_word(name->str + i))
			return false;
	return dentry_name_word(dentry->inline_name + i) == tail;
}

static inline struct dentry *find_below(const struct dentry *parent, const struct fs_name *name,
					u64 hash, u64 tail)
{
	struct dentry *dentry = atomic_load_acquire(bucket_of(hash));

	for (u32 steps = 0; dentry; dentry = atomic_load_acquire(&dentry->hash_next)) {
		if (likely(is_scanned(dentry, parent, name, hash, tail)))
			return dentry;
		if (++steps == MAX_STEPS)
			break;
	}
	return NULL;
}

/* Flags of a dentry that must be looked at before the walk steps on it. */
#define STEP_FLAGS (DENTRY_USED | DENTRY_MOUNTED | DENTRY_LINK)

/* Whether it may step there by itself all the same. @link: on a link, too. */
static __noinline bool may_step(struct dentry *dentry, bool link)
{
	u32 flags = atomic_load_relaxed(&dentry->flags);

	if ((flags & DENTRY_MOUNTED) || ((flags & DENTRY_LINK) && !link))
		return false;
	mark_used(dentry);
	return true;
}

static inline bool may_all_search(const struct dentry *dentry)
{
	return atomic_load_relaxed(&dentry->search) == atomic_load_acquire(&dentry_modes);
}

/*
 * None of the folders on the way is held: each was the next one's parent when it was
 * stood on, and its memory stays for a reader. What is asked of them, "may everybody
 * search?", stands in the dentry, since the inode may be gone.
 */
static __always_inline bool descend(struct descent *d, const struct unveil *veil)
{
	u64 *word = percpu_ptr(readers), walks = *word, hash = 0, tail;
	struct unveil_cover cover;
	struct dentry *at = d->at, *next;
	bool same = true, held = true;
	struct fs_name name;
	const char *after;

	if (veil)
		cover = d->cover;
	for (name.str = d->rest; *name.str == '/';)
		name.str++;
	atomic_store_relaxed(word, walks + 1); /* as in dentry_find() */
	atomic_compiler_fence();
	for (; *name.str && *name.str != '.' && may_all_search(at); name.str = after) {
		u64 name_hash;

		if (veil && !cover.visible)
			break;
		name.len = dentry_scan_tail(at, name.str, &name_hash, &tail);
		after = name.str + name.len;
		while (*after == '/')
			after++;
		if (name.len > DENTRY_INLINE - 8 ||
		    (!*after && (!d->whole || after != name.str + name.len)))
			break;
		next = find_below(at, &name, name_hash, tail);
		if (unlikely(!next || !dentry_inode(next)))
			break;
		if (unlikely((atomic_load_relaxed(&next->flags) & STEP_FLAGS) != DENTRY_USED) &&
		    !may_step(next, !*after && !d->follow))
			break;
		if (veil)
			unveil_below(veil, at, &name, name_hash, next, &cover);
		at = next;
		hash = name_hash;
		walks += 2;
	}
	if (likely(at != d->at)) {
		held = refcount_get_unless_zero(&at->refs);
		same = held && atomic_load_relaxed(&at->hash) == hash;
	} else {
		dentry_get(at);
	}
	atomic_store_release(word, walks);
	if (unlikely(!same)) {
		d->stale = held ? at : NULL;
		return false;
	}
	d->at = at;
	d->rest = name.str;
	if (veil)
		d->cover = cover;
	return true;
}

static __noinline bool descend_veiled(struct descent *d)
{
	return descend(d, d->veil);
}

bool dentry_descend(struct descent *d)
{
	return unlikely(d->veil != NULL) ? descend_veiled(d) : descend(d, NULL);
}

void dentry_count_negative(void)
{
	atomic_add_relaxed(&negative_hits, 1);
}

static void evict_round(u32 keep);

/* ---- the cache's own reference: hashed, in the LRU, child of its parent ---- */

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
			atomic_store_release(link, dentry->hash_next);
			break;
		}
	}
	spin_unlock(stripe);
}

/*
 * The chain comes first: who takes it from LRU and parent may do so at once, and looks
 * for it in its chain. The folder is locked, so nobody takes it away by its name.
 */
static void cache_insert(struct dentry *dentry, u64 hash)
{
	struct spinlock *stripe = stripe_of(hash);
	bool dead, over = false;

	dentry_get(dentry);
	(void)atomic_fetch_or(&dentry->flags, (u32)DENTRY_CHAINED);
	atomic_store_release(&dentry->hash, hash); /* the rest of the key is there */
	spin_lock(stripe);
	atomic_store_relaxed(&dentry->hash_next, *bucket_of(hash));
	atomic_store_release(bucket_of(hash), dentry);
	spin_unlock(stripe);

	spin_lock(&dentry_tree_lock);
	dead = dentry->parent->flags & DENTRY_DEAD; /* removed since its lookup */
	if (!dead) {
		(void)atomic_fetch_or(&dentry->flags, (u32)DENTRY_HASHED);
		list_add_tail(&dentry->lru, &lru);
		list_add_tail(&dentry->sibling, &dentry->parent->children);
		over = ++nr_cached > limit;
	}
	spin_unlock(&dentry_tree_lock);
	if (unlikely(dead)) {
		chain_remove(dentry);
		dentry_put(dentry);
	}
	if (over)
		evict_round(limit - MIN(limit, EVICT_BATCH));
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

int dentry_lookup_locked(struct dentry *parent, const struct fs_name *name, u64 hash,
			 struct dentry **out)
{
	struct inode *dir = parent->inode, *inode = NULL;
	struct dentry *dentry = NULL;
	int err;

	assert_mutex_held(&dir->lock);
	if (!(parent->sb->flags & SB_UNCACHED))
		dentry = find_exact(parent, name, hash);
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

int dentry_lookup_missed(struct dentry *parent, const struct fs_name *name, u64 hash,
			 struct dentry **out)
{
	struct inode *dir = parent->inode;
	int err;

	if (!dir->ops->lookup)
		return -ENOTDIR;
	mutex_lock(&dir->lock);
	err = dentry_lookup_locked(parent, name, hash, out);
	mutex_unlock(&dir->lock);
	return err;
}

struct dentry *dentry_alloc_unnamed(struct dentry *parent, struct inode *inode)
{
	char text[32];
	int len = snprintf(text, sizeof(text), "#%llu", (unsigned long long)inode->ino);
	struct dentry *dentry = dentry_alloc(parent, &(struct fs_name){ text, (u32)len }, inode);

	if (dentry)
		dentry->flags |= DENTRY_DEAD;
	else
		inode_put(inode);
	return dentry;
}

/* ---- change ---- */

void dentry_instantiate(struct dentry *dentry, struct inode *inode)
{
	(void)atomic_fetch_or(&dentry->flags, type_flags(inode));
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
	(void)atomic_xchg(&dentry->hash, 0); /* a reader may stand on it still */
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

struct fs_name dentry_copy_name(const struct dentry *dentry, char *buf)
{
	struct fs_name name = { buf, 0 };

	spin_lock(&dentry_tree_lock);
	name.len = dentry->name_len;
	memcpy(buf, dentry->name, name.len);
	spin_unlock(&dentry_tree_lock);
	buf[name.len] = '\0';
	return name;
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
 * Look at EVICT_LOOKS dentries from the old end of the LRU, and take out up to
 * EVICT_BATCH of those that only the cache holds; who was used since the last look
 * (unless @keep is 0) and who is in use goes to the young end. The count goes from
 * the cache's 1 to 0 in one step, and finders take no reference on a count of 0: so
 * nobody holds what is evicted. Each of @gone comes with a reference on its file
 * system, which the inode needs when it goes.
 */
static u32 evict_some(u32 keep, struct list_head *gone)
{
	u32 looks = MIN(nr_cached, EVICT_LOOKS), n = 0;

	while (looks-- && n < EVICT_BATCH && nr_cached > keep) {
		struct dentry *dentry = LIST_ENTRY(lru.next, struct dentry, lru);
		s32 only_ours = 1;

		if ((keep && (dentry->flags & DENTRY_USED)) ||
		    !atomic_cmpxchg(&dentry->refs.n, &only_ours, 0)) {
			(void)atomic_fetch_and(&dentry->flags, ~(u32)DENTRY_USED);
			list_move_tail(&dentry->lru, &lru);
			continue;
		}
		/* An unmount that is under way takes its own names out. */
		if (!refcount_get_unless_zero(&dentry->sb->refs)) {
			refcount_init(&dentry->refs);
			list_move_tail(&dentry->lru, &lru);
			continue;
		}
		(void)cache_detach_locked(dentry);
		list_add_tail(&dentry->lru, gone);
		n++;
	}
	return n;
}

static void evict_round(u32 keep)
{
	struct list_head gone = LIST_HEAD_INIT(gone);
	struct list_head *link;
	u32 n;

	spin_lock(&dentry_tree_lock);
	n = evict_some(keep, &gone);
	spin_unlock(&dentry_tree_lock);
	atomic_add_relaxed(&evictions, n);
	while ((link = list_pop(&gone))) {
		struct dentry *dentry = LIST_ENTRY(link, struct dentry, lru);
		struct superblock *sb = dentry->sb;

		chain_remove(dentry);
		dentry_release(dentry);
		superblock_put(sb);
	}
}

/* Each is looked at twice, since the first look forgives its use; and what goes may
 * free its parent, which was looked at before. */
void dentry_cache_shrink(u32 keep)
{
	u32 before;

	do {
		before = atomic_load_relaxed(&nr_cached);
		for (u32 looks = 0; looks < 2 * before + EVICT_LOOKS; looks += EVICT_BATCH)
			evict_round(keep);
	} while (atomic_load_relaxed(&nr_cached) < before && nr_cached > keep);
	free_retired();
}

/* One step of the walk that takes names out from the leaves upwards. The reference on
 * @at is the walk's. Return: where it goes on, referenced; NULL at the end. */
static struct dentry *drop_step(struct dentry *at, struct dentry *root)
{
	struct dentry *next = NULL;
	struct list_head *link;
	bool mine = false;

	spin_lock(&dentry_tree_lock);
	link = list_first(&at->children);
	if (link) {
		next = LIST_ENTRY(link, struct dentry, sibling);
	} else if (at != root) {
		next = at->parent;
		mine = cache_detach_locked(at);
	}
	if (next)
		dentry_get(next);
	spin_unlock(&dentry_tree_lock);
	if (mine) {
		chain_remove(at);
		dentry_put(at);
	}
	dentry_put(at);
	return next;
}

void dentry_cache_drop(struct superblock *sb)
{
	struct dentry *at = sb->root;

	dentry_get(at);
	while (at)
		at = drop_step(at, sb->root);
}

void dentry_cache_set_limit(u32 n)
{
	spin_lock(&dentry_tree_lock);
	limit = MAX(n, MIN_LIMIT);
	spin_unlock(&dentry_tree_lock);
	dentry_cache_shrink(limit);
}

void dentry_stats(struct dentry_stats *out)
{
	struct cpu *cpu;

	*out = (struct dentry_stats){
		.misses = atomic_load_relaxed(&misses),
		.negative_hits = atomic_load_relaxed(&negative_hits),
		.evictions = atomic_load_relaxed(&evictions),
	};
	FOR_EACH_CPU(cpu)
		out->hits += atomic_load_relaxed(percpu_ptr_of(readers, cpu)) / 2;
	out->hits += atomic_load_relaxed(&lock_hits);
	out->hits -= MIN(out->hits, atomic_load_relaxed(&walk_misses));
	spin_lock(&dentry_tree_lock);
	out->cached = nr_cached;
	out->limit = limit;
	spin_unlock(&dentry_tree_lock);
}
