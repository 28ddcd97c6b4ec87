/* SPDX-License-Identifier: MIT */
/*
 * The inode cache: the dentry cache's scheme (fs/dentry.c) with (superblock, key)
 * in place of (parent, name). A hit hashes, walks a chain and takes a reference,
 * under no lock; what a walk does not find is looked for once more with the stripe
 * locked, since an inode that changed its key may have led the walk astray.
 *
 *   list_lock   or   a hash stripe     one of them at a time
 *
 * The count of references goes from the cache's 1 to 0 in one step when an inode is
 * evicted, and finders take none on a count of 0. Who evicts holds the superblock
 * until the inode is gone; an unmount takes the rest out itself (inode_cache_drop).
 * Names hold their inodes: as long as the dentry cache knows one, it is in use.
 */
#include <fs/inode_cache.h>

#include <arch/smp.h>
#include <fs/chain.h>
#include <kernel/core/cmdline.h>
#include <kernel/core/spinlock.h>
#include <mm/kmalloc.h>
#include <mm/slab.h>
#include <security/random.h>

#define STRIPES     16u
#define MIN_LIMIT   16u
#define MIN_BUCKETS 256u
#define MAX_BUCKETS (1u << 18)
#define MAX_STEPS   1000u /* of a reader: more, and it was led astray */
#define EVICT_BATCH 16u
#define EVICT_LOOKS (4 * EVICT_BATCH) /* an insertion looks at no more */
#define RETIRE_BATCH 64u  /* inodes freed after one wait for readers */

enum cached_flags {
	CACHED_HASHED = 1,
	CACHED_USED = 2,    /* found since the last look of the evictor */
	CACHED_CHAINED = 4, /* was hashed once: readers may stand on it */
};

static struct cached_inode **buckets; /* [i]; the heads [stripe] */
static u64 bucket_mask;               /* [i] their number - 1 */
static u64 secret[2];                 /* [i] */
static struct spinlock stripes[STRIPES];
static struct spinlock list_lock = SPINLOCK_INIT(RANK_INODE_CACHE, "inode_cache");
static struct list_head lru = LIST_HEAD_INIT(lru);         /* [list_lock] oldest first */
static struct list_head retired = LIST_HEAD_INIT(retired); /* [list_lock] */
static u32 nr_cached, nr_retired;                          /* [list_lock] */
static u32 limit;                                          /* [list_lock] */
static u64 walk_misses, lock_hits, evictions;              /* [a] */
static DEFINE_PERCPU(u64, readers);                        /* fs/chain.h */

void inode_cache_init(void)
{
	u32 n = MIN_BUCKETS;

	for (u32 i = 0; i < STRIPES; i++)
		spin_init(&stripes[i], RANK_INODE_CACHE, "inode_hash");
	limit = MAX(boot_options.inodes, MIN_LIMIT);
	while (n < limit && n < MAX_BUCKETS)
		n *= 2;
	bucket_mask = n - 1;
	buckets = kcalloc(n, sizeof(struct cached_inode *), MEM_ZERO);
	PANIC_ON(!buckets, "fs: no memory for the inode cache");
	secret[0] = random_u64();
	secret[1] = random_u64() | 1;
}

/* Two rounds: a key may be a pointer, whose low bits say little. */
static u64 hash_of(const struct superblock *sb, u64 key)
{
	unsigned __int128 p = (unsigned __int128)(key ^ secret[0]) * secret[1];
	u64 hash = (u64)p ^ (u64)(p >> 64) ^ (u64)(uintptr_t)sb;

	p = (unsigned __int128)hash * secret[1];
	return (u64)p ^ (u64)(p >> 64);
}

static struct cached_inode **bucket_of(u64 hash)
{
	return &buckets[hash & bucket_mask];
}

static struct spinlock *stripe_of(u64 hash)
{
	return &stripes[hash % STRIPES];
}

/* ---- finding ---- */

static bool is_match(const struct cached_inode *ci, const struct superblock *sb, u64 key)
{
	return atomic_load_relaxed(&ci->key) == key && ci->inode.sb == sb;
}

static struct cached_inode *walk_chain(struct superblock *sb, u64 key, u64 hash)
{
	struct cached_inode *ci = atomic_load_acquire(bucket_of(hash));

	for (u32 steps = 0; ci && steps < MAX_STEPS; steps++) {
		if (is_match(ci, sb, key))
			return refcount_get_unless_zero(&ci->inode.refs) ? ci : NULL;
		ci = atomic_load_acquire(&ci->hash_next);
	}
	return NULL;
}

static struct cached_inode *find_locked(struct superblock *sb, u64 key, u64 hash)
{
	struct cached_inode *ci;

	for (ci = *bucket_of(hash); ci; ci = ci->hash_next)
		if (is_match(ci, sb, key) && refcount_get_unless_zero(&ci->inode.refs))
			return ci;
	return NULL;
}

static __noinline struct cached_inode *find_exact(struct superblock *sb, u64 key, u64 hash)
{
	struct spinlock *stripe = stripe_of(hash);
	struct cached_inode *ci;

	atomic_add_relaxed(&walk_misses, 1);
	spin_lock(stripe);
	ci = find_locked(sb, key, hash);
	spin_unlock(stripe);
	if (ci)
		atomic_add_relaxed(&lock_hits, 1);
	return ci;
}

struct inode *inode_cache_find(struct superblock *sb, u64 key)
{
	u64 hash = hash_of(sb, key), *word = chain_read_begin(&readers);
	struct cached_inode *ci = walk_chain(sb, key, hash);

	chain_read_end(word);
	/* The reference is ours: the key cannot be another's now, but may have changed. */
	if (unlikely(ci && !is_match(ci, sb, key))) {
		inode_put(&ci->inode);
		ci = NULL;
	}
	if (!ci)
		ci = find_exact(sb, key, hash);
	if (!ci)
		return NULL;
	if (!(ci->flags & CACHED_USED))
		(void)atomic_fetch_or(&ci->flags, (u32)CACHED_USED);
	return &ci->inode;
}

/* ---- going ---- */

static void free_retired(void)
{
	struct list_head mine = LIST_HEAD_INIT(mine);
	struct list_head *link;

	spin_lock(&list_lock);
	list_splice_tail(&retired, &mine);
	nr_retired = 0;
	spin_unlock(&list_lock);
	if (list_empty(&mine))
		return;
	chain_wait_readers(&readers);
	while ((link = list_pop(&mine))) {
		struct cached_inode *ci = LIST_ENTRY(link, struct cached_inode, lru);

		slab_free(ci->slab, ci);
	}
}

void inode_cache_free(struct cached_inode *ci)
{
	u32 n;

	if (nr_cpus_online == 1 || !(ci->flags & CACHED_CHAINED)) {
		slab_free(ci->slab, ci);
		return;
	}
	spin_lock(&list_lock);
	list_add_tail(&ci->lru, &retired);
	n = ++nr_retired;
	spin_unlock(&list_lock);
	if (n >= RETIRE_BATCH)
		free_retired();
}

/* Under list_lock. Return: false when somebody else did it. */
static bool detach_locked(struct cached_inode *ci)
{
	if (!(atomic_fetch_and(&ci->flags, ~(u32)CACHED_HASHED) & CACHED_HASHED))
		return false;
	list_del(&ci->lru);
	nr_cached--;
	return true;
}

/* After a detach. The chain behind @ci stays as it was, for who stands on it. */
static void chain_remove(struct cached_inode *ci)
{
	u64 hash = hash_of(ci->inode.sb, ci->key);
	struct cached_inode **link;

	spin_lock(stripe_of(hash));
	for (link = bucket_of(hash); *link; link = &(*link)->hash_next) {
		if (*link == ci) {
			atomic_store_release(link, ci->hash_next);
			break;
		}
	}
	spin_unlock(stripe_of(hash));
}

void inode_cache_forget(struct cached_inode *ci)
{
	bool mine;

	spin_lock(&list_lock);
	mine = detach_locked(ci);
	spin_unlock(&list_lock);
	if (!mine)
		return;
	chain_remove(ci);
	inode_put(&ci->inode);
}

/* Up to EVICT_BATCH of the oldest that only the cache holds; each in @gone with a
 * count of 0, for good, and a reference on its superblock. Who is in use, or
 * was found since the last look (unless @keep is 0), goes to the young end. */
static void evict_some(u32 keep, struct list_head *gone)
{
	u32 looks = MIN(nr_cached, EVICT_LOOKS), n = 0;

	while (looks-- && n < EVICT_BATCH && nr_cached > keep) {
		struct cached_inode *ci = LIST_ENTRY(lru.next, struct cached_inode, lru);
		struct superblock *sb = ci->inode.sb;
		s32 only_ours = 1;

		if ((keep && (ci->flags & CACHED_USED)) ||
		    !atomic_cmpxchg(&ci->inode.refs.n, &only_ours, 0)) {
			(void)atomic_fetch_and(&ci->flags, ~(u32)CACHED_USED);
			list_move_tail(&ci->lru, &lru);
			continue;
		}
		if (!refcount_get_unless_zero(&sb->refs)) {
			refcount_init(&ci->inode.refs); /* left to inode_cache_drop() */
			list_move_tail(&ci->lru, &lru);
			continue;
		}
		(void)detach_locked(ci);
		list_add_tail(&ci->lru, gone);
		n++;
	}
	atomic_add_relaxed(&evictions, n);
}

static void evict_round(u32 keep)
{
	struct list_head gone = LIST_HEAD_INIT(gone);
	struct list_head *link;

	spin_lock(&list_lock);
	evict_some(keep, &gone);
	spin_unlock(&list_lock);
	while ((link = list_pop(&gone))) {
		struct cached_inode *ci = LIST_ENTRY(link, struct cached_inode, lru);
		struct superblock *sb = ci->inode.sb;

		chain_remove(ci);
		inode_release(&ci->inode);
		superblock_put(sb);
	}
}

void inode_cache_shrink(u32 keep)
{
	u32 before;

	do {
		before = atomic_load_relaxed(&nr_cached);
		for (u32 looks = 0; looks < 2 * before + EVICT_LOOKS; looks += EVICT_BATCH)
			evict_round(keep);
	} while (atomic_load_relaxed(&nr_cached) < before && nr_cached > keep);
	free_retired();
}

/* Nobody looks for inodes of @sb any more: each is met once. */
void inode_cache_drop(struct superblock *sb)
{
	struct list_head gone = LIST_HEAD_INIT(gone);
	struct cached_inode *ci, *next;
	struct list_head *link;

	spin_lock(&list_lock);
	LIST_FOR_EACH_SAFE(ci, next, &lru, lru)
		if (ci->inode.sb == sb && detach_locked(ci))
			list_add_tail(&ci->lru, &gone);
	spin_unlock(&list_lock);
	while ((link = list_pop(&gone))) {
		ci = LIST_ENTRY(link, struct cached_inode, lru);
		chain_remove(ci);
		inode_put(&ci->inode);
	}
	free_retired();
}

/* ---- coming ---- */

void inode_cache_setup(struct cached_inode *ci, struct slab_cache *slab)
{
	ci->slab = slab;
	list_init(&ci->lru);
}

void inode_cache_insert(struct cached_inode *ci, u64 key)
{
	u64 hash = hash_of(ci->inode.sb, key);
	bool over;

	inode_get(&ci->inode);
	spin_lock(stripe_of(hash));
	atomic_store_relaxed(&ci->key, key);
	atomic_store_relaxed(&ci->hash_next, *bucket_of(hash));
	atomic_store_release(bucket_of(hash), ci);
	spin_unlock(stripe_of(hash));

	spin_lock(&list_lock);
	(void)atomic_fetch_or(&ci->flags, (u32)(CACHED_HASHED | CACHED_CHAINED));
	list_add_tail(&ci->lru, &lru);
	over = ++nr_cached > limit;
	spin_unlock(&list_lock);
	if (over)
		evict_round(limit - MIN(limit, EVICT_BATCH));
}

void inode_cache_rekey(struct cached_inode *ci, u64 key)
{
	inode_cache_forget(ci);
	inode_cache_insert(ci, key);
}

/* ---- settings and counts ---- */

void inode_cache_set_limit(u32 n)
{
	spin_lock(&list_lock);
	limit = MAX(n, MIN_LIMIT);
	spin_unlock(&list_lock);
	inode_cache_shrink(limit);
}

void inode_cache_stats(struct inode_cache_stats *out)
{
	u64 walks = 0, missed = atomic_load_relaxed(&walk_misses);
	u64 found = atomic_load_relaxed(&lock_hits);
	struct cpu *cpu;

	FOR_EACH_CPU(cpu)
		walks += atomic_load_relaxed(percpu_ptr_of(readers, cpu)) / 2;
	*out = (struct inode_cache_stats){
		.hits = walks - MIN(walks, missed) + found,
		.misses = missed - MIN(missed, found),
		.evictions = atomic_load_relaxed(&evictions),
	};
	spin_lock(&list_lock);
	out->cached = nr_cached;
	out->limit = limit;
	spin_unlock(&list_lock);
}
