/* SPDX-License-Identifier: MIT */
/*
 * Names: the cache of (parent, name) -> inode, negative answers too.
 *
 *   hash[] --> dentry --hash_next--> dentry      singly linked: readers take no lock
 *                |  parent (referenced)
 *                v
 *             dentry of the folder --> ... --> root of the superblock
 *
 * The cache holds one reference on each dentry that is hashed; those that only
 * the cache holds go when there are more than the limit, oldest first, second
 * chance for those used since. A key is (parent, name), so moving a folder
 * leaves everything below it right. A dentry that lost its name (unlinked) is
 * DENTRY_DEAD, unhashed, and lives on for its holders.
 */
#pragma once

#include <arch/atomic.h>
#include <fs/inode.h>
#include <fs/unveil_cover.h>
#include <kernel/core/refcount.h>
#include <kernel/core/spinlock.h>
#include <kernel/lib/list.h>
#include <kernel/lib/types.h>

#define DENTRY_INLINE 40

enum dentry_flags {
	DENTRY_HASHED = 1,  /* [h] */
	DENTRY_DEAD = 2,    /* [t] the name is gone */
	DENTRY_MOUNTED = 4, /* [t] something is mounted on it, in some mount */
	DENTRY_USED = 8,    /* [a] hit since the last look of the evictor */
	DENTRY_CHAINED = 16, /* [t] was hashed once: readers may stand on it */
	DENTRY_UNVEILED = 32, /* [t] some unveil set has a place for it; never taken back */
	DENTRY_LINK = 64,    /* [a] a symbolic link; set with the inode */
};

/* Lock key: i immutable   h its hash stripe   t dentry_tree_lock   a atomic
 * d lock of the folder's inode (as well as h or t to write). */
struct dentry {
	struct refcount refs;
	u32 flags;                   /* [a] enum dentry_flags */
	u64 hash;                    /* [h][t] of parent and name; 0 while those change */
	struct dentry *hash_next;    /* [h] */
	struct dentry *parent;       /* [t][d] referenced; itself at a root */
	struct inode *inode;         /* [a] NULL: no such file; set once */
	struct superblock *sb;       /* [i] */
	u64 search;                  /* [a] dentry_modes when everybody might search it */
	u32 name_len;                /* [t][d] */
	char *name;                  /* [t][d] inline_name, or allocated; NUL-ended */
	char inline_name[DENTRY_INLINE]; /* zero-filled to words */
	struct list_head lru;        /* [t] while hashed; then of those to be freed */
	struct list_head children;   /* [t] hashed ones */
	struct list_head sibling;    /* [t] while hashed */
};

/* Parents, names, LRU, children and the mount tree. RANK_DENTRY; no hash
 * stripe is taken inside. */
extern struct spinlock dentry_tree_lock;

void dentry_init(void);

/** dentry_alloc_root - root of @sb; takes over the reference on @inode, also when
 * it fails. NULL: out of memory. */
struct dentry *dentry_alloc_root(struct superblock *sb, struct inode *inode);
static inline void dentry_get(struct dentry *dentry)
{
	refcount_get(&dentry->refs);
}
void dentry_release(struct dentry *dentry); /* the last reference is gone */
static inline void dentry_put(struct dentry *dentry)
{
	if (unlikely(refcount_put(&dentry->refs)))
		dentry_release(dentry);
}

/*
 * The hash of (parent, name): products folded with a secret drawn at boot, a word
 * of the name at a time; the last word has the length in its free top byte.
 * Names are read in whole words: 7 bytes past their end must be readable.
 */
extern u64 dentry_secret[2];

static inline u64 dentry_hash_mix(u64 hash, u64 word)
{
	unsigned __int128 p = (unsigned __int128)(hash ^ word) * dentry_secret[1];

	return (u64)p ^ (u64)(p >> 64);
}

static inline u64 dentry_hash_start(const struct dentry *parent)
{
	return (u64)(uintptr_t)parent ^ dentry_secret[0];
}

static inline u64 dentry_name_word(const char *s)
{
	u64 word;

	__builtin_memcpy(&word, s, 8);
	return word;
}

/** dentry_hash - of @name below @parent */
u64 dentry_hash(const struct dentry *parent, const struct fs_name *name);

/* Both are readable in whole words. */
static inline bool dentry_name_equal(const char *a, const char *b, u32 len)
{
	u32 i = 0;

	for (; i + 8 <= len; i += 8)
		if (dentry_name_word(a + i) != dentry_name_word(b + i))
			return false;
	return !((dentry_name_word(a + i) ^ dentry_name_word(b + i)) & (BIT(8 * (len - i)) - 1));
}

/* Nonzero bits mark zero bytes; the lowest one is exact. */
static inline u64 dentry_zero_bytes(u64 word)
{
	return (word - 0x0101010101010101ull) & ~word & 0x8080808080808080ull;
}

/** dentry_scan_tail - length of the component at @s (up to '/' or NUL), its hash, and its
 * last word as names are kept: with zeros behind it */
static inline u32 dentry_scan_tail(const struct dentry *parent, const char *s, u64 *hash, u64 *tail)
{
	u64 h = dentry_hash_start(parent), word, end;
	u32 len = 0, bits;

	for (;;) {
		word = dentry_name_word(s + len);
		end = dentry_zero_bytes(word) | dentry_zero_bytes(word ^ 0x2f2f2f2f2f2f2f2full);
		if (end)
			break;
		h = dentry_hash_mix(h, word);
		len += 8;
	}
	bits = (u32)__builtin_ctzll(end) & ~7u;
	len += bits / 8;
	word &= BIT(bits) - 1;
	*tail = word;
	*hash = dentry_hash_mix(h, word | (u64)len << 56);
	return len;
}

/** dentry_scan - the same without the word */
static inline u32 dentry_scan(const struct dentry *parent, const char *s, u64 *hash)
{
	u64 tail;

	return dentry_scan_tail(parent, s, hash, &tail);
}

/** dentry_find - cached name with a reference. NULL: none, or one that was moved
 * this moment: whoever must know for sure asks again with the folder locked. */
struct dentry *dentry_find(struct dentry *parent, const struct fs_name *name, u64 hash);
/** dentry_lookup - cached or asked of the file system; the folder locked by the
 * caller. *out: referenced, perhaps negative. Return: 0; -ENOMEM; -errno */
__must_check int dentry_lookup_locked(struct dentry *parent, const struct fs_name *name,
				      u64 hash, struct dentry **out);
/** dentry_lookup - the same, taking the folder's lock when the cache misses */
__must_check int dentry_lookup_missed(struct dentry *parent, const struct fs_name *name,
				      u64 hash, struct dentry **out);
__must_check static inline int dentry_lookup(struct dentry *parent, const struct fs_name *name,
					     u64 hash, struct dentry **out)
{
	if (likely(!(parent->sb->flags & SB_UNCACHED))) {
		*out = dentry_find(parent, name, hash);
		if (likely(*out != NULL))
			return 0;
	}
	return dentry_lookup_missed(parent, name, hash, out);
}

/* Grows when some folder may be searched by fewer (inode_set_mode()): until then one that
 * everybody may search (x for owner, group and others) stays so. Never 0. */
extern u64 dentry_modes; /* atomic */

static inline void dentry_modes_changed(void)
{
	(void)atomic_fetch_add(&dentry_modes, 1);
}

/* What dentry_descend() is given, and where it got to. */
struct descent {
	struct dentry *at;         /* a folder that stays meanwhile; then: referenced */
	const char *rest;          /* the names below it; then: what is left of them */
	const struct unveil *veil; /* NULL: the whole tree is there */
	struct unveil_cover cover; /* of at */
	bool whole;                /* the last name too */
	bool follow;               /* not if that is a link */
	struct dentry *stale;      /* out, when it failed: the caller's to put; or NULL */
};

/**
 * dentry_descend - go down as many names as lie in the cache below folders that
 * everybody may search, with no reference and no lock on the way
 * It stops before links, mounts, ".", "..", names that are not there, and a last name
 * with slashes behind it.
 * Return: false: a name moved this moment; nothing but @descent->stale was changed.
 */
__must_check bool dentry_descend(struct descent *descent);

/** dentry_instantiate - a negative dentry becomes @inode's (reference taken over) */
void dentry_instantiate(struct dentry *dentry, struct inode *inode);
/** dentry_alloc_unnamed - of a file without a name in @parent's folder, shown as "#123
 * (deleted)". Takes over the reference on @inode, also when it fails. NULL: no memory. */
struct dentry *dentry_alloc_unnamed(struct dentry *parent, struct inode *inode);
/** dentry_kill - its name was removed; cached names below it go too */
void dentry_kill(struct dentry *dentry);
/** dentry_move - now called @name below @parent; @new_name from dentry_new_name(),
 * consumed. Both folders locked. */
struct dentry_name;
struct dentry_name *dentry_new_name(const struct fs_name *name);
void dentry_free_name(struct dentry_name *name);
void dentry_move(struct dentry *dentry, struct dentry *parent, struct dentry_name *new_name);
/** dentry_parent - with a reference */
struct dentry *dentry_parent(struct dentry *dentry);
/** dentry_copy_name - the name it has now, into @buf (NAME_MAX + 1) */
struct fs_name dentry_copy_name(const struct dentry *dentry, char *buf);
/** dentry_is_below - is @dentry @top or below it */
bool dentry_is_below(struct dentry *dentry, struct dentry *top);

static inline struct inode *dentry_inode(const struct dentry *dentry)
{
	return atomic_load_acquire(&dentry->inode);
}

/** dentry_count_negative - a look-up ended at a name that is known not to be there */
void dentry_count_negative(void);

/** dentry_cache_shrink - evict what nobody uses until @keep are left */
void dentry_cache_shrink(u32 keep);
/** dentry_cache_drop - everything of @sb that nobody uses (unmounting) */
void dentry_cache_drop(struct superblock *sb);
void dentry_cache_set_limit(u32 limit);

/* Since boot, but for the last two. A hit on a negative name counts in both. */
struct dentry_stats {
	u64 hits, negative_hits, misses, evictions;
	u32 cached, limit;
};
void dentry_stats(struct dentry_stats *out);
