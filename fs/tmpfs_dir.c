/* SPDX-License-Identifier: MIT */
/*
 * tmpfs: folders.
 *
 *   names  rb tree by (hash, length, bytes) --\
 *   order  rb tree by sequence number ---------+--> struct entry -> inode
 *
 * Both are trees, so a folder of a million names is no slower at its end than at
 * its beginning. An entry's sequence number is its position for readdir: it is
 * never given twice in one folder, so a listing that goes on after others have
 * removed or added names neither repeats nor skips the rest.
 *
 * Each entry holds a reference on its inode: what has a name lives. `live`
 * of a folder counts its entries and says DEAD once it was removed; both by
 * one compare-exchange, so a folder is never removed while a name is added.
 */
#include "tmpfs_priv.h"

#include <fs/dentry.h>
#include <fs/file.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_dirent.h>
#include <kernel/abi/linux_fcntl.h>
#include <kernel/lib/string.h>
#include <mm/kmalloc.h>

#define DIR_DEAD   0x80000000u
#define FIRST_SEQ  2u                 /* 0 and 1 are "." and ".." */

struct entry {
	struct rb_node by_name, by_seq;
	u64 hash, seq;
	struct inode *inode; /* referenced */
	u32 len;
	char name[];
};

void tmpfs_dir_init(struct tmpfs_inode *ti)
{
	ti->next_seq = FIRST_SEQ;
	ti->inode.nlink = 2;
}

static void free_entry(struct entry *entry)
{
	inode_put(entry->inode);
	kfree(entry);
}

/*
 * Only unmounting frees a folder that still has names. Its subfolders are
 * taken apart from the top down, so that no recursion goes deeper than one
 * level: each one's entries are moved to the list being freed.
 */
void tmpfs_dir_free(struct tmpfs_inode *top)
{
	struct rb_node *node;

	while ((node = rb_first(&top->order))) {
		struct entry *entry = RB_ENTRY(node, struct entry, by_seq);
		struct tmpfs_inode *ti = tmpfs_of(entry->inode);

		rb_erase(&top->order, node);
		if (S_ISDIR(entry->inode->mode) && refcount_read(&entry->inode->refs) == 1) {
			struct rb_node *sub;

			while ((sub = rb_first(&ti->order))) {
				struct rb_node **link = &top->order.root, *parent = NULL;

				rb_erase(&ti->order, sub);
				while (*link) {
					parent = *link;
					link = &parent->right;
				}
				rb_link(sub, parent, link);
				rb_insert_fixup(&top->order, sub);
			}
		}
		free_entry(entry);
	}
}

static inline u64 word_at(const char *s)
{
	u64 word;

	__builtin_memcpy(&word, s, sizeof(word));
	return word;
}

static inline u64 hash_mix(u64 hash, u64 word)
{
	unsigned __int128 p = (unsigned __int128)(hash ^ word) * 0x9e3779b97f4a7c15ull;

	return (u64)p ^ (u64)(p >> 64);
}

/* Words, of which the last overlaps the one before. A balanced tree needs no secret:
 * equal hashes cost comparisons, no more. */
static u64 name_hash(const struct fs_name *name)
{
	u64 hash = name->len, last = 0;
	u32 at = 0;

	if (likely(name->len >= 8)) {
		for (; at + 8 < name->len; at += 8)
			hash = hash_mix(hash, word_at(name->str + at));
		return hash_mix(hash, word_at(name->str + name->len - 8));
	}
	while (at < name->len)
		last = last << 8 | (u8)name->str[at++];
	return hash_mix(hash, last);
}

static int entry_compare(const struct entry *entry, const struct fs_name *name, u64 hash)
{
	if (hash != entry->hash)
		return hash < entry->hash ? -1 : 1;
	if (name->len != entry->len)
		return name->len < entry->len ? -1 : 1;
	return memcmp(name->str, entry->name, name->len);
}

static struct entry *find_entry(struct tmpfs_inode *dir, const struct fs_name *name)
{
	u64 hash = name_hash(name);
	struct rb_node *node = dir->names.root;

	while (node) {
		struct entry *entry = RB_ENTRY(node, struct entry, by_name);
		int order = entry_compare(entry, name, hash);

		if (!order)
			return entry;
		node = order < 0 ? node->left : node->right;
	}
	return NULL;
}

static struct entry *alloc_entry(const struct fs_name *name)
{
	struct entry *entry = kmalloc(sizeof(*entry) + name->len, 0);

	if (!entry)
		return NULL;
	entry->hash = name_hash(name);
	entry->len = name->len;
	memcpy(entry->name, name->str, name->len);
	return entry;
}

static void insert_entry(struct tmpfs_inode *dir, struct entry *entry, struct inode *inode)
{
	struct fs_name name = { entry->name, entry->len };
	struct rb_node **link = &dir->names.root, *parent = NULL;

	while (*link) {
		parent = *link;
		link = entry_compare(RB_ENTRY(parent, struct entry, by_name), &name,
				     entry->hash) < 0 ? &parent->left : &parent->right;
	}
	rb_link(&entry->by_name, parent, link);
	rb_insert_fixup(&dir->names, &entry->by_name);

	/* The newest is always the last. */
	entry->seq = dir->next_seq++;
	parent = NULL;
	link = &dir->order.root;
	while (*link) {
		parent = *link;
		link = &parent->right;
	}
	rb_link(&entry->by_seq, parent, link);
	rb_insert_fixup(&dir->order, &entry->by_seq);

	inode_get(inode);
	entry->inode = inode;
	dir->inode.size += 20; /* as Linux's tmpfs counts */
	inode_touch_modified(&dir->inode);
}

static void erase_entry(struct tmpfs_inode *dir, struct entry *entry)
{
	rb_erase(&dir->names, &entry->by_name);
	rb_erase(&dir->order, &entry->by_seq);
	dir->inode.size -= 20;
	inode_touch_modified(&dir->inode);
}

/* One name more, unless the folder was removed. */
static int live_add(struct tmpfs_inode *dir)
{
	u32 old = atomic_load_relaxed(&dir->live);

	do {
		if (old & DIR_DEAD)
			return -ENOENT;
	} while (!atomic_cmpxchg(&dir->live, &old, old + 1));
	return 0;
}

static void live_sub(struct tmpfs_inode *dir)
{
	(void)atomic_fetch_sub(&dir->live, 1);
}

static bool live_kill(struct tmpfs_inode *dir)
{
	u32 empty = 0;

	return atomic_cmpxchg(&dir->live, &empty, DIR_DEAD);
}

int tmpfs_lookup(struct inode *dir, const struct fs_name *name, struct inode **out)
{
	struct entry *entry = find_entry(tmpfs_of(dir), name);

	if (!entry)
		return -ENOENT;
	inode_get(entry->inode);
	*out = entry->inode;
	return 0;
}

/* Enter @inode; the reference stays the caller's. */
static int add_name(struct inode *dir, const struct fs_name *name, struct inode *inode)
{
	struct entry *entry = alloc_entry(name);
	int err;

	if (!entry)
		return -ENOSPC;
	err = live_add(tmpfs_of(dir));
	if (err) {
		kfree(entry);
		return err;
	}
	insert_entry(tmpfs_of(dir), entry, inode);
	if (inode_is_dir(inode))
		atomic_add_relaxed(&dir->nlink, 1);
	return 0;
}

int tmpfs_create(struct inode *dir, const struct fs_name *name, u32 mode, u64 rdev,
		 struct inode **out)
{
	struct inode *inode;
	int err = tmpfs_new(dir->sb, dir, mode, rdev, &inode);

	if (err)
		return err;
	err = add_name(dir, name, inode);
	if (err)
		inode_put(inode);
	else
		*out = inode;
	return err;
}

int tmpfs_symlink(struct inode *dir, const struct fs_name *name, const char *target,
		  struct inode **out)
{
	struct tmpfs_inode *ti;
	struct inode *inode;
	int err = tmpfs_new(dir->sb, dir, S_IFLNK | 0777, 0, &inode);

	if (err)
		return err;
	err = -ENOSPC;
	ti = tmpfs_of(inode);
	ti->target = kstrdup(target, 0);
	ti->target_len = (u32)strlen(target);
	inode->size = ti->target_len;
	if (ti->target)
		err = add_name(dir, name, inode);
	if (err)
		inode_put(inode);
	else
		*out = inode;
	return err;
}

long tmpfs_readlink(struct inode *inode, char *buf, size_t size)
{
	struct tmpfs_inode *ti = tmpfs_of(inode);
	size_t len = MIN(size, (size_t)ti->target_len);

	memcpy(buf, ti->target, len);
	return (long)len;
}

int tmpfs_tmpfile(struct inode *dir, u32 mode, struct inode **out)
{
	int err = tmpfs_new(dir->sb, dir, mode, 0, out);

	if (!err)
		(*out)->nlink = 0;
	return err;
}

/* A file whose last name went stays without one, unless it never had any. */
static int count_link(struct inode *inode)
{
	u32 old = atomic_load_relaxed(&inode->nlink);

	do {
		if (old == 0 && !(atomic_load_relaxed(&inode->flags) & INODE_LINKABLE))
			return -ENOENT;
		if (old == 0x7fffffff)
			return -EMLINK;
	} while (!atomic_cmpxchg(&inode->nlink, &old, old + 1));
	if (old == 0)
		(void)atomic_fetch_and(&inode->flags, ~(u32)INODE_LINKABLE);
	return 0;
}

/* Only names beyond the first take room: the first came with the inode. */
static u64 link_space(const struct inode *inode)
{
	return atomic_load_relaxed(&inode->nlink) ? TMPFS_INODE_SPACE : 0;
}

int tmpfs_link(struct inode *dir, const struct fs_name *name, struct inode *inode)
{
	struct tmpfs_super *ts = tmpfs_super_of(dir->sb);
	u64 space = link_space(inode);
	int err;

	if (!tmpfs_space_take(ts, space))
		return -ENOSPC;
	err = count_link(inode);
	if (!err) {
		err = add_name(dir, name, inode);
		if (err)
			(void)atomic_fetch_sub(&inode->nlink, 1);
	}
	if (err)
		tmpfs_space_give(ts, space);
	else
		inode_touch_changed(inode);
	return err;
}

/* A name of @inode has gone from @dir. */
static void drop_link(struct inode *dir, struct inode *inode)
{
	if (inode_is_dir(inode)) {
		(void)atomic_fetch_sub(&dir->nlink, 1);
		atomic_store_relaxed(&inode->nlink, 0);
	} else if (atomic_fetch_sub(&inode->nlink, 1) > 1) {
		tmpfs_space_give(tmpfs_super_of(dir->sb), TMPFS_INODE_SPACE);
	}
	inode_touch_changed(inode);
}

int tmpfs_unlink(struct inode *dir, const struct fs_name *name, struct inode *inode)
{
	struct tmpfs_inode *td = tmpfs_of(dir);
	struct entry *entry = find_entry(td, name);

	if (!entry)
		return -ENOENT;
	if (inode_is_dir(inode) && !live_kill(tmpfs_of(inode)))
		return -ENOTEMPTY;
	/* No failure past this point. */
	erase_entry(td, entry);
	live_sub(td);
	drop_link(dir, inode);
	free_entry(entry); /* the caller's dentry still holds the inode */
	return 0;
}

static int rename_exchange(struct inode *from_dir, struct entry *a, struct inode *to_dir,
			   struct entry *b)
{
	struct inode *tmp = a->inode;

	a->inode = b->inode;
	b->inode = tmp;
	if (from_dir != to_dir && inode_is_dir(a->inode) != inode_is_dir(b->inode)) {
		struct inode *gets = inode_is_dir(a->inode) ? from_dir : to_dir;
		struct inode *loses = gets == from_dir ? to_dir : from_dir;

		atomic_add_relaxed(&gets->nlink, 1);
		(void)atomic_fetch_sub(&loses->nlink, 1);
	}
	inode_touch_modified(from_dir);
	inode_touch_modified(to_dir);
	inode_touch_changed(a->inode);
	inode_touch_changed(b->inode);
	return 0;
}

/* What a rename needs beside the two entries that are there. */
struct rename_new {
	struct entry *entry, *whiteout;
	struct inode *whiteout_inode;
};

static void rename_new_free(struct rename_new *n)
{
	kfree(n->entry);
	kfree(n->whiteout);
	inode_put(n->whiteout_inode);
}

static int rename_new_alloc(struct rename_new *n, struct inode *from_dir,
			    const struct fs_name *from, const struct fs_name *to, u32 flags)
{
	int err = 0;

	*n = (struct rename_new){ .entry = alloc_entry(to) };
	if (flags & RENAME_WHITEOUT) {
		n->whiteout = alloc_entry(from);
		err = tmpfs_new(from_dir->sb, from_dir, S_IFCHR, 0, &n->whiteout_inode);
	}
	if (!err && (!n->entry || ((flags & RENAME_WHITEOUT) && !n->whiteout)))
		err = -ENOSPC;
	if (err)
		rename_new_free(n);
	return err;
}

/* The name that is to be overwritten keeps its folder from being removed; an
 * overwritten folder must be empty, and stays so. */
static int rename_reserve(struct tmpfs_inode *td, struct inode *target)
{
	int err = live_add(td);

	if (!err && target && inode_is_dir(target) && !live_kill(tmpfs_of(target))) {
		live_sub(td);
		err = -ENOTEMPTY;
	}
	return err;
}

int tmpfs_rename(struct inode *from_dir, const struct fs_name *from, struct inode *inode,
		 struct inode *to_dir, const struct fs_name *to, struct inode *target, u32 flags)
{
	struct tmpfs_inode *fd = tmpfs_of(from_dir), *td = tmpfs_of(to_dir);
	struct entry *old = find_entry(fd, from), *new = find_entry(td, to);
	struct rename_new fresh;
	int err;

	if (!old || (target && !new))
		return -ENOENT;
	if (flags & RENAME_EXCHANGE)
		return rename_exchange(from_dir, old, to_dir, new);
	err = rename_new_alloc(&fresh, from_dir, from, to, flags);
	if (err)
		return err;
	err = rename_reserve(td, target);
	if (err) {
		rename_new_free(&fresh);
		return err;
	}
	/* No failure past this point. */
	if (target) {
		erase_entry(td, new);
		live_sub(td);
		drop_link(to_dir, target);
		free_entry(new);
	}
	insert_entry(td, fresh.entry, inode);
	erase_entry(fd, old);
	free_entry(old);
	if (fresh.whiteout) {
		insert_entry(fd, fresh.whiteout, fresh.whiteout_inode);
		inode_put(fresh.whiteout_inode);
	} else {
		live_sub(fd);
	}
	if (inode_is_dir(inode) && from_dir != to_dir) {
		(void)atomic_fetch_sub(&from_dir->nlink, 1);
		atomic_add_relaxed(&to_dir->nlink, 1);
	}
	inode_touch_changed(inode);
	return 0;
}

/* First entry whose sequence number is at least @seq. */
static struct rb_node *entry_from(struct tmpfs_inode *dir, u64 seq)
{
	struct rb_node *node = dir->order.root, *best = NULL;

	while (node) {
		if (RB_ENTRY(node, struct entry, by_seq)->seq >= seq) {
			best = node;
			node = node->left;
		} else {
			node = node->right;
		}
	}
	return best;
}

static bool emit_dots(struct file *file, struct dir_sink *sink)
{
	u64 ino = file->inode->ino;

	if (file->pos == 0) {
		if (!sink->emit(sink, ".", 1, ino, DT_DIR, 1))
			return false;
		file->pos = 1;
	}
	if (file->pos == 1) {
		struct dentry *parent = dentry_parent(file->dentry);

		ino = parent->inode->ino;
		dentry_put(parent);
		if (!sink->emit(sink, "..", 2, ino, DT_DIR, FIRST_SEQ))
			return false;
		file->pos = FIRST_SEQ;
	}
	return true;
}

static int tmpfs_readdir(struct file *file, struct dir_sink *sink)
{
	struct inode *inode = file->inode;
	struct tmpfs_inode *dir = tmpfs_of(inode);
	struct rb_node *node;
	u64 pos;

	if (!emit_dots(file, sink))
		return 0;
	pos = file->pos;
	mutex_lock(&inode->lock);
	for (node = entry_from(dir, file->pos); node; node = rb_next(node)) {
		struct entry *entry = RB_ENTRY(node, struct entry, by_seq);

		if (!sink->emit(sink, entry->name, entry->len, entry->inode->ino,
				(u8)((entry->inode->mode & S_IFMT) >> 12), entry->seq + 1))
			break;
		pos = entry->seq + 1;
	}
	file->pos = pos;
	inode_touch_accessed(inode);
	mutex_unlock(&inode->lock);
	return 0;
}

const struct file_ops tmpfs_dir_ops = {
	.readdir = tmpfs_readdir,
	.seek = file_seek_dir,
};
