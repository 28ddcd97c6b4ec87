/* SPDX-License-Identifier: MIT */
/*
 * overlay: listing. A folder's merged list is made when somebody begins to read it
 * (and again after a rewind), and kept with the open file: positions are places in
 * that list, so a listing neither repeats nor skips what is there all the time.
 *
 *   layers, uppermost first --readdir--> rb tree by name: the first one counts,
 *                                        whiteouts too: they hide what is below
 *                       --> the list, in the order found, whiteouts left out
 */
#include "overlay_priv.h"

#include <fs/file.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_fcntl.h>
#include <kernel/lib/rbtree.h>
#include <kernel/lib/string.h>
#include <mm/kmalloc.h>

#define FIRST_POS 2u /* 0 and 1 are "." and ".." */

struct entry {
	struct rb_node node;
	struct entry *next;
	u64 ino;
	u32 len;
	u8 dtype;
	bool upper;    /* its number has to be asked for */
	bool whiteout;
	char name[];   /* with the 8 bytes that dentry_hash() may read */
};

/* Entries are linked as found; at[] once all are there. */
struct list {
	struct rb_tree names;
	struct entry *first, **last;
	u32 nr;
	struct entry **at;
};

/* ---- gathering ---- */

struct gather {
	struct dir_sink sink;
	struct list *list;
	bool upper;
	int err;
};

static void list_free(struct list *list)
{
	struct entry *entry, *next;

	if (!list)
		return;
	for (entry = list->first; entry; entry = next) {
		next = entry->next;
		kfree(entry);
	}
	kfree(list->at);
	kfree(list);
}

static struct list *list_alloc(void)
{
	struct list *list = kzalloc(sizeof(*list), 0);

	if (list)
		list->last = &list->first;
	return list;
}

static int compare(const struct entry *entry, const char *name, size_t len)
{
	if (len != entry->len)
		return len < entry->len ? -1 : 1;
	return memcmp(name, entry->name, len);
}

static bool add_entry(struct dir_sink *sink, const char *name, size_t len, u64 ino, u8 dtype,
		      __unused u64 next_pos)
{
	struct gather *g = container_of(sink, struct gather, sink);
	struct rb_node **link = &g->list->names.root, *parent = NULL;
	struct entry *entry;

	if (name[0] == '.' && (len == 1 || (len == 2 && name[1] == '.')))
		return true;
	while (*link) {
		int order;

		parent = *link;
		order = compare(RB_ENTRY(parent, struct entry, node), name, len);
		if (!order)
			return true; /* a layer above has it */
		link = order < 0 ? &parent->left : &parent->right;
	}
	entry = kzalloc(sizeof(*entry) + len + 9, 0);
	if (!entry) {
		g->err = -ENOMEM;
		return false;
	}
	entry->ino = ino;
	entry->len = (u32)len;
	entry->dtype = dtype;
	entry->upper = g->upper;
	memcpy(entry->name, name, len);
	rb_link(&entry->node, parent, link);
	rb_insert_fixup(&g->list->names, &entry->node);
	*g->list->last = entry;
	g->list->last = &entry->next;
	return true;
}

/* A listing of one layer's folder, all of it, through a file of its own. */
static int read_layer(struct dentry *dir, struct gather *g)
{
	struct file *file;
	int err = file_open(dir->inode, NULL, O_RDONLY | O_DIRECTORY, &file);

	if (err)
		return err;
	if (!file->ops->readdir) {
		file_put(file);
		return -ENOTDIR;
	}
	file->dentry = dir; /* for "..": not its own, so not put with it */
	err = file->ops->readdir(file, &g->sink); /* ours alone: no need of pos_lock */
	file->dentry = NULL;
	file_put(file);
	return err ? err : g->err;
}

/* Which of those found since @from are whiteouts. Folders with xattr whiteouts say so. */
static int mark_whiteouts(const struct ovl_super *os, struct dentry *dir, struct entry *from)
{
	char opaque = 0;
	bool files = ovl_xattr_get(os, dir->inode, "opaque", &opaque, 1) == 1 && opaque == 'x';

	for (struct entry *entry = from; entry; entry = entry->next) {
		struct fs_name name = { entry->name, entry->len };
		struct dentry *dentry;
		int err;

		if (entry->dtype != DT_CHR && !(files && entry->dtype == DT_REG))
			continue;
		err = ovl_layer_lookup(dir, &name, &dentry);
		if (err)
			return err;
		if (!dentry)
			continue;
		entry->whiteout = ovl_is_whiteout(os, dentry_inode(dentry));
		dentry_put(dentry);
	}
	return 0;
}

static int gather_layer(const struct ovl_super *os, struct dentry *dir, struct list *list,
			bool upper)
{
	struct gather g = { .sink = { add_entry }, .list = list, .upper = upper };
	struct entry **from = list->last;
	int err = read_layer(dir, &g);

	return err ? err : mark_whiteouts(os, dir, *from);
}

/* names_lock held. */
static int gather_all(struct ovl_inode *dir, struct list *list)
{
	const struct ovl_super *os = ovl_super_of_inode(dir);
	/* Elsewhere the upper layer's numbers are the overlay's. */
	bool ask = !ovl_is_pure(dir) || (dir->flags & OVL_IMPURE);
	int err = 0;

	if (ovl_upper(dir))
		err = gather_layer(os, dir->upper_dir, list, ask);
	for (u32 i = 0; !err && i < dir->lower.nr; i++)
		err = gather_layer(os, ovl_stack_at(&dir->lower, i), list, false);
	return err;
}

/* ---- for those who change names ---- */

int ovl_is_empty(struct ovl_inode *dir)
{
	struct list *list = list_alloc();
	int err = list ? gather_all(dir, list) : -ENOMEM;

	for (struct entry *entry = list ? list->first : NULL; !err && entry; entry = entry->next)
		if (!entry->whiteout)
			err = -ENOTEMPTY;
	list_free(list);
	return err;
}

int ovl_clear_whiteouts(struct ovl_inode *dir)
{
	struct list *list = list_alloc();
	int err = list ? gather_layer(ovl_super_of_inode(dir), dir->upper_dir, list, false)
		       : -ENOMEM;

	for (struct entry *entry = list ? list->first : NULL; !err && entry; entry = entry->next)
		if (entry->whiteout)
			err = ovl_layer_unlink(dir->upper_dir,
					       &(struct fs_name){ entry->name, entry->len });
	list_free(list);
	return err;
}

/* ---- readdir ---- */

static int index_list(struct list *list)
{
	struct entry *entry;
	u32 n = 0;

	for (entry = list->first; entry; entry = entry->next)
		list->nr += !entry->whiteout;
	list->at = kcalloc(MAX(list->nr, 1u), sizeof(struct entry *), 0);
	if (!list->at)
		return -ENOMEM;
	for (entry = list->first; entry; entry = entry->next)
		if (!entry->whiteout)
			list->at[n++] = entry;
	return 0;
}

static int make_list(struct file *file)
{
	struct ovl_inode *dir = ovl_of(file->inode);
	struct ovl_super *os = ovl_super_of_inode(dir);
	struct list *list = list_alloc();
	int err;

	if (!list)
		return -ENOMEM;
	mutex_lock(&os->names_lock);
	err = gather_all(dir, list);
	mutex_unlock(&os->names_lock);
	if (!err)
		err = index_list(list);
	if (err) {
		list_free(list);
		return err;
	}
	list_free(file->priv);
	file->priv = list;
	return 0;
}

/* What stat(2) would say; what the list says when it has gone meanwhile. */
static u64 entry_ino(struct file *file, const struct entry *entry)
{
	struct fs_name name = { entry->name, entry->len };
	struct dentry *dentry;
	u64 ino = entry->ino;

	if (!entry->upper ||
	    dentry_lookup(file->dentry, &name, dentry_hash(file->dentry, &name), &dentry))
		return ino;
	if (dentry_inode(dentry))
		ino = dentry_inode(dentry)->ino;
	dentry_put(dentry);
	return ino;
}

static bool emit_dots(struct file *file, struct dir_sink *sink)
{
	if (file->pos == 0) {
		if (!sink->emit(sink, ".", 1, file->inode->ino, DT_DIR, 1))
			return false;
		file->pos = 1;
	}
	if (file->pos == 1) {
		struct dentry *parent = dentry_parent(file->dentry);
		u64 ino = parent->inode->ino;

		dentry_put(parent);
		if (!sink->emit(sink, "..", 2, ino, DT_DIR, FIRST_POS))
			return false;
		file->pos = FIRST_POS;
	}
	return true;
}

/* The caller holds pos_lock, which keeps file->priv too. */
static int ovl_readdir(struct file *file, struct dir_sink *sink)
{
	const struct list *list;

	if (!file->priv || file->pos == 0) {
		int err = make_list(file);

		if (err)
			return err;
	}
	list = file->priv;
	if (!emit_dots(file, sink))
		return 0;
	while (file->pos - FIRST_POS < list->nr) {
		const struct entry *entry = list->at[file->pos - FIRST_POS];

		if (!sink->emit(sink, entry->name, entry->len, entry_ino(file, entry),
				entry->dtype, file->pos + 1))
			break;
		file->pos++;
	}
	return 0;
}

static void ovl_dir_release(struct file *file)
{
	list_free(file->priv);
}

const struct file_ops ovl_dir_ops = {
	.readdir = ovl_readdir,
	.seek = file_seek_dir,
	.release = ovl_dir_release,
};
