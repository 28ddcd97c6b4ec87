/* SPDX-License-Identifier: MIT */
/*
 * Inodes that have to be found again: file systems whose inodes are made from
 * something else (an overlay's from the inodes of its layers) must give the same
 * inode for the same key as long as anybody uses it, and keep what was costly to
 * make for a while after that. What lives in memory alone (tmpfs) has nothing to
 * find again and is not here.
 *
 *   hash[] --> struct cached_inode --hash_next--> ...     walked without a lock
 *
 * The cache holds one reference on each; those that nobody else uses go when there
 * are more than the limit, oldest first, second chance for those found since.
 * There is no dirty state: nothing here is written back by the kernel yet.
 */
#pragma once

#include <fs/inode.h>
#include <kernel/lib/list.h>
#include <kernel/lib/types.h>

struct slab_cache;

/* Lock key: h hash stripe   l the cache's list lock   a atomic. */
struct cached_inode {
	struct inode inode;           /* first: inode_put() knows no other */
	u64 key;                      /* [h] unique among the inodes of its superblock */
	struct cached_inode *hash_next; /* [h] */
	u32 flags;                    /* [a] inode_cache.c */
	struct slab_cache *slab;      /* where the memory goes, once it is free */
	struct list_head lru;         /* [l] while hashed; then of those to be freed */
};

static inline struct cached_inode *cached_inode_of(struct inode *inode)
{
	return container_of(inode, struct cached_inode, inode);
}

void inode_cache_init(void);

/** inode_cache_setup - @ci is new: in no chain */
void inode_cache_setup(struct cached_inode *ci, struct slab_cache *slab);
/** inode_cache_find - the inode of @sb with @key, referenced; NULL */
struct inode *inode_cache_find(struct superblock *sb, u64 key);
/** inode_cache_insert - @ci is found by @key from now on. The caller sees to it that
 * there is one inode for a key. May evict others. */
void inode_cache_insert(struct cached_inode *ci, u64 key);
/** inode_cache_forget - @ci is not found any more; the caller holds a reference */
void inode_cache_forget(struct cached_inode *ci);
/** inode_cache_rekey - found by another key from now on. Meanwhile by none: the caller
 * keeps others from looking for either. */
void inode_cache_rekey(struct cached_inode *ci, u64 key);
/** inode_cache_free - the end of a release method: give back @ci's memory, when no
 * reader of a chain can stand on it any more */
void inode_cache_free(struct cached_inode *ci);

/** inode_cache_drop - all of @sb that nobody uses (unmounting) */
void inode_cache_drop(struct superblock *sb);
/** inode_cache_shrink - evict what nobody uses until @keep are left */
void inode_cache_shrink(u32 keep);
void inode_cache_set_limit(u32 limit);

/* Since boot, but for the last two. */
struct inode_cache_stats {
	u64 hits, misses, evictions;
	u32 cached, limit;
};
void inode_cache_stats(struct inode_cache_stats *out);
