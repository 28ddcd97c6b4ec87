/* SPDX-License-Identifier: MIT */
/*
 * Files in memory.
 *
 *   folder:  names  rb tree by (hash, length, bytes) --\
 *            order  rb tree by sequence number ---------+--> struct entry -> inode
 *   file:    inode.object    symlink: target text
 *
 * An entry's sequence number is its position for readdir: it is never given
 * twice in one folder, so a listing that goes on after others have removed or
 * added names neither repeats nor skips the rest.
 *
 * Each entry holds a reference on its inode: what has a name lives. `live`
 * of a folder counts its entries and says DEAD once it was removed; both by
 * one compare-exchange, so a folder is never removed while a name is added.
 *
 * Every page an object of a file takes or gives back is counted against the
 * limit by object_charge(), whether a write, a fault or a punch made the change.
 */
#include <fs/tmpfs.h>

#include <fs/chardev.h>
#include <fs/dentry.h>
#include <fs/file.h>
#include <fs/mount.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_dirent.h>
#include <kernel/abi/linux_fcntl.h>
#include <kernel/abi/linux_signal.h>
#include <kernel/lib/format.h>
#include <kernel/lib/hash.h>
#include <kernel/lib/parse.h>
#include <kernel/lib/rbtree.h>
#include <kernel/lib/string.h>
#include <kernel/task/task.h>
#include <mm/kmalloc.h>
#include <mm/object.h>
#include <mm/slab.h>

#define DIR_DEAD   0x80000000u
#define FIRST_SEQ  2u                 /* 0 and 1 are "." and ".." */
#define MAX_BYTES  0x7fffffffffffffffull /* Linux's MAX_LFS_FILESIZE */

struct tmpfs_super {
	struct superblock sb;
	u64 max_pages;  /* [i] 0: no limit */
	u64 used_pages; /* [a] */
	u64 nr_inodes;  /* [a] */
};

struct entry {
	struct rb_node by_name, by_seq;
	u64 hash, seq;
	struct inode *inode; /* referenced */
	u32 len;
	char name[];
};

struct tmpfs_inode {
	struct inode inode;
	struct rb_tree names, order;    /* [n] folders */
	u64 next_seq;                   /* [n] */
	u32 live;                       /* [a] entries, | DIR_DEAD */
	u32 target_len;
	char *target;                   /* [i] symlinks; the name of a memfd */
};

static struct slab_cache *inode_cache;
static const struct inode_ops tmpfs_inode_ops;
static const struct file_ops tmpfs_file_ops, tmpfs_dir_ops, special_ops;

static struct tmpfs_inode *tmpfs_of(struct inode *inode)
{
	return container_of(inode, struct tmpfs_inode, inode);
}

static struct tmpfs_super *super_of(struct superblock *sb)
{
	return container_of(sb, struct tmpfs_super, sb);
}

/* ---- inodes ---- */

/* Also when memory itself is short: nobody can take a file's pages back. */
static int object_charge(struct vmobject *obj, s64 pages)
{
	struct inode *inode = obj->owner;
	struct tmpfs_super *ts = super_of(inode->sb);
	u64 used = atomic_fetch_add(&ts->used_pages, (u64)pages) + (u64)pages;

	if (pages < 0 || ((!ts->max_pages || used <= ts->max_pages) && pmm_has_room(PMM_CACHE)))
		return 0;
	(void)atomic_fetch_sub(&ts->used_pages, (u64)pages);
	return -ENOSPC;
}

static const struct vmobject_ops object_ops = { .charge = object_charge };

static struct inode *tmpfs_new(struct superblock *sb, const struct inode *dir, u32 mode, u64 rdev)
{
	struct tmpfs_inode *ti = slab_alloc(inode_cache, MEM_ZERO);
	const struct file_ops *fops = &special_ops;

	if (!ti)
		return NULL;
	if (S_ISREG(mode)) {
		fops = &tmpfs_file_ops;
		ti->inode.object = vmobject_create(&object_ops, 0, &ti->inode);
		if (!ti->inode.object) {
			slab_free(inode_cache, ti);
			return NULL;
		}
	} else if (S_ISDIR(mode)) {
		fops = &tmpfs_dir_ops;
		ti->next_seq = FIRST_SEQ;
	}
	inode_init(&ti->inode, sb, &tmpfs_inode_ops, fops, mode);
	inode_own(&ti->inode, dir);
	ti->inode.rdev = rdev;
	if (S_ISDIR(mode))
		ti->inode.nlink = 2;
	atomic_add_relaxed(&super_of(sb)->nr_inodes, 1);
	return &ti->inode;
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
static void free_entries(struct tmpfs_inode *top)
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

static void tmpfs_release(struct inode *inode)
{
	struct tmpfs_inode *ti = tmpfs_of(inode);
	struct tmpfs_super *ts = super_of(inode->sb);

	if (inode->object) {
		/* A sleeper on a futex may still hold it: it must not charge any more. */
		if (refcount_read(&inode->object->refs) > 1)
			vmobject_resize(inode->object, 0);
		vmobject_put(inode->object);
	}
	if (S_ISDIR(inode->mode))
		free_entries(ti);
	special_release(inode);
	kfree(ti->target);
	(void)atomic_fetch_sub(&ts->nr_inodes, 1);
	slab_free(inode_cache, ti);
}

/* ---- folders ---- */

static u64 name_hash(const struct fs_name *name)
{
	static const u64 key[2]; /* a balanced tree needs no secret */

	return hash_bytes(name->str, name->len, key);
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

static int tmpfs_lookup(struct inode *dir, const struct fs_name *name, struct inode **out)
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

static int tmpfs_create(struct inode *dir, const struct fs_name *name, u32 mode, u64 rdev,
			struct inode **out)
{
	struct inode *inode = tmpfs_new(dir->sb, dir, mode, rdev);
	int err;

	if (!inode)
		return -ENOSPC;
	err = add_name(dir, name, inode);
	if (err)
		inode_put(inode);
	else
		*out = inode;
	return err;
}

static int tmpfs_symlink(struct inode *dir, const struct fs_name *name, const char *target,
			 struct inode **out)
{
	struct inode *inode = tmpfs_new(dir->sb, dir, S_IFLNK | 0777, 0);
	struct tmpfs_inode *ti;
	int err = -ENOSPC;

	if (!inode)
		return err;
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

static long tmpfs_readlink(struct inode *inode, char *buf, size_t size)
{
	struct tmpfs_inode *ti = tmpfs_of(inode);
	size_t len = MIN(size, (size_t)ti->target_len);

	memcpy(buf, ti->target, len);
	return (long)len;
}

static int tmpfs_link(struct inode *dir, const struct fs_name *name, struct inode *inode)
{
	u32 old = atomic_load_relaxed(&inode->nlink);
	int err;

	/* A file whose last name went stays without one. */
	do {
		if (old == 0)
			return -ENOENT;
		if (old == 0x7fffffff)
			return -EMLINK;
	} while (!atomic_cmpxchg(&inode->nlink, &old, old + 1));
	err = add_name(dir, name, inode);
	if (err)
		(void)atomic_fetch_sub(&inode->nlink, 1);
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
	} else {
		(void)atomic_fetch_sub(&inode->nlink, 1);
	}
	inode_touch_changed(inode);
}

static int tmpfs_unlink(struct inode *dir, const struct fs_name *name, struct inode *inode)
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

static int tmpfs_rename(struct inode *from_dir, const struct fs_name *from, struct inode *inode,
			struct inode *to_dir, const struct fs_name *to, struct inode *target,
			bool exchange)
{
	struct tmpfs_inode *fd = tmpfs_of(from_dir), *td = tmpfs_of(to_dir);
	struct entry *old = find_entry(fd, from), *new = find_entry(td, to), *fresh;
	int err;

	if (!old || (target && !new))
		return -ENOENT;
	if (exchange)
		return rename_exchange(from_dir, old, to_dir, new);
	fresh = alloc_entry(to);
	if (!fresh)
		return -ENOSPC;
	err = live_add(td);
	if (!err && target && inode_is_dir(target) && !live_kill(tmpfs_of(target))) {
		live_sub(td);
		err = -ENOTEMPTY;
	}
	if (err) {
		kfree(fresh);
		return err;
	}
	/* No failure past this point. */
	if (target) {
		erase_entry(td, new);
		live_sub(td);
		drop_link(to_dir, target);
		free_entry(new);
	}
	insert_entry(td, fresh, inode);
	erase_entry(fd, old);
	live_sub(fd);
	free_entry(old);
	if (inode_is_dir(inode) && from_dir != to_dir) {
		(void)atomic_fetch_sub(&from_dir->nlink, 1);
		atomic_add_relaxed(&to_dir->nlink, 1);
	}
	inode_touch_changed(inode);
	return 0;
}

static int tmpfs_setattr(struct inode *inode, const struct inode_attr *attr)
{
	if (attr->valid & ATTR_SIZE) {
		if (attr->size > MAX_BYTES)
			return -EFBIG;
		vmobject_resize(inode->object, attr->size);
	}
	inode_apply_attr(inode, attr);
	return 0;
}

static const struct inode_ops tmpfs_inode_ops = {
	.lookup = tmpfs_lookup,
	.create = tmpfs_create,
	.symlink = tmpfs_symlink,
	.link = tmpfs_link,
	.unlink = tmpfs_unlink,
	.rename = tmpfs_rename,
	.readlink = tmpfs_readlink,
	.setattr = tmpfs_setattr,
	.open = special_open,
	.release = tmpfs_release,
};

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

	if (!emit_dots(file, sink))
		return 0;
	mutex_lock(&inode->lock);
	for (node = entry_from(dir, file->pos); node; node = rb_next(node)) {
		struct entry *entry = RB_ENTRY(node, struct entry, by_seq);

		if (!sink->emit(sink, entry->name, entry->len, entry->inode->ino,
				(u8)((entry->inode->mode & S_IFMT) >> 12), entry->seq + 1))
			break;
		file->pos = entry->seq + 1;
	}
	inode_touch_accessed(inode);
	mutex_unlock(&inode->lock);
	return 0;
}

static const struct file_ops tmpfs_dir_ops = {
	.readdir = tmpfs_readdir,
	.seek = file_seek_dir,
};
static const struct file_ops special_ops = { .read = NULL }; /* special_open() replaces it */

/* ---- files ---- */

static long read_piece(struct vmobject *obj, u64 pos, struct iov_iter *it, size_t max)
{
	u64 base;
	size_t len = MIN(max, iov_iter_segment(it, &base));
	void *buf = (void *)(uintptr_t)base;
	long n = it->kernel ? vmobject_read_kernel(obj, pos, buf, len)
			    : vmobject_read(obj, pos, buf, len);

	if (n > 0)
		iov_iter_advance(it, (size_t)n);
	return n;
}

static long tmpfs_read(struct file *file, struct iov_iter *it, u64 *pos)
{
	struct inode *inode = file->inode;
	u64 size = inode_size(inode), at = *pos;
	long n = 0;

	while (it->left && at < size) {
		n = read_piece(inode->object, at, it, (size_t)MIN((u64)it->left, size - at));
		if (n <= 0)
			break;
		at += (u64)n;
	}
	if (!(file->flags & O_NOATIME))
		inode_touch_accessed(inode);
	if (at == *pos)
		return n < 0 ? n : 0;
	n = (long)(at - *pos);
	*pos = at;
	return n;
}

static long write_piece(struct vmobject *obj, u64 pos, struct iov_iter *it, size_t max)
{
	u64 base;
	size_t len = MIN(max, iov_iter_segment(it, &base));
	void *buf = (void *)(uintptr_t)base;
	long n = it->kernel ? vmobject_write_kernel(obj, pos, buf, len)
			    : vmobject_write(obj, pos, buf, len);

	if (n > 0)
		iov_iter_advance(it, (size_t)n);
	return n;
}

/* How much of a write at @pos the limits allow. Return: > 0; -EFBIG; -ENOSPC */
static long write_limit(struct inode *inode, u64 pos, size_t len)
{
	struct tmpfs_super *ts = super_of(inode->sb);
	u64 max_size = MIN(task_rlimit(RLIMIT_FSIZE), MAX_BYTES);
	u64 pages, room;

	if (unlikely(pos + len > max_size)) {
		if (pos >= max_size) {
			if (max_size < MAX_BYTES)
				signal_send_kernel(current_task(), SIGXFSZ);
			return -EFBIG;
		}
		len = (size_t)(max_size - pos);
	}
	pages = (pos + len + PAGE_SIZE - 1) / PAGE_SIZE - pos / PAGE_SIZE;
	room = atomic_load_relaxed(&ts->used_pages);
	room = ts->max_pages > room ? ts->max_pages - room : 0;
	if (likely(!ts->max_pages || pages <= room))
		return (long)len;
	if (vmobject_seek(inode->object, pos, true) >= pos + len)
		return (long)len; /* all there already */
	room = room * PAGE_SIZE;
	return room ? (long)MIN((u64)len, room) : -ENOSPC;
}

static long write_locked(struct inode *inode, struct iov_iter *it, u64 pos)
{
	struct vmobject *obj = inode->object;
	u64 old_size = obj->size, at = pos;
	long n = write_limit(inode, pos, it->left);
	u64 end;

	if (n < 0)
		return n;
	end = pos + (u64)n;
	inode_drop_setid(inode);
	if (end > old_size)
		vmobject_resize(obj, end);
	while (at < end) {
		n = write_piece(obj, at, it, (size_t)(end - at));
		if (n <= 0)
			break;
		at += (u64)n;
	}
	if (at < end && end > old_size)
		vmobject_resize(obj, MAX(at, old_size));
	if (at == pos)
		return n == -ENOMEM ? -ENOSPC : n;
	inode_touch_modified(inode);
	return (long)(at - pos);
}

static long tmpfs_write(struct file *file, struct iov_iter *it, u64 *pos)
{
	struct inode *inode = file->inode;
	long n;

	if (!it->left)
		return 0;
	mutex_lock(&inode->lock);
	if ((file->flags & O_APPEND) || it->append)
		*pos = inode->object->size;
	n = write_locked(inode, it, *pos);
	mutex_unlock(&inode->lock);
	if (n > 0)
		*pos += (u64)n;
	return n;
}

static s64 tmpfs_seek(struct file *file, s64 off, int whence)
{
	struct inode *inode = file->inode;
	u64 size = inode_size(inode), at;

	if (whence != SEEK_DATA && whence != SEEK_HOLE)
		return file_seek(file, off, whence, size);
	if (off < 0 || (u64)off >= size)
		return -ENXIO;
	at = vmobject_seek(inode->object, (u64)off, whence == SEEK_HOLE);
	if (whence == SEEK_DATA && at >= size)
		return -ENXIO;
	file->pos = at;
	return (s64)at;
}

static int tmpfs_mmap(struct file *file, struct vmobject **out)
{
	vmobject_get(file->inode->object);
	*out = file->inode->object;
	return 0;
}

static int tmpfs_fsync(__unused struct file *file)
{
	return 0; /* memory is all the storage there is */
}

/* Pages for [off, end) that are within the size. */
static int fill_range(struct inode *inode, u64 off, u64 end)
{
	int err = 0;

	for (u64 i = off / PAGE_SIZE; !err && i * PAGE_SIZE < end; i++) {
		struct frame *frame;

		err = vmobject_page(inode->object, i, true, &frame);
		if (!err)
			frame_put(frame);
		sched_point();
	}
	return err == -ENOMEM ? -ENOSPC : err;
}

static int tmpfs_fallocate(struct file *file, u32 mode, u64 off, u64 len)
{
	struct inode *inode = file->inode;
	u64 end = off + len;
	bool keep = mode & FALLOC_FL_KEEP_SIZE;
	u64 size, old_size;
	int err = 0;

	mutex_lock(&inode->lock);
	old_size = inode->object->size;
	size = keep ? old_size : MAX(old_size, end);
	if (mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE))
		vmobject_punch(inode->object, off, MIN(end, old_size));
	if (size > old_size && size > task_rlimit(RLIMIT_FSIZE))
		err = -EFBIG;
	if (!err && size > old_size)
		vmobject_resize(inode->object, size);
	if (!err && !(mode & FALLOC_FL_PUNCH_HOLE))
		err = fill_range(inode, off, MIN(end, size));
	if (err && size > old_size)
		vmobject_resize(inode->object, old_size);
	if (!err)
		inode_touch_modified(inode);
	mutex_unlock(&inode->lock);
	return err;
}

static const struct file_ops tmpfs_file_ops = {
	.read = tmpfs_read,
	.write = tmpfs_write,
	.seek = tmpfs_seek,
	.mmap = tmpfs_mmap,
	.fsync = tmpfs_fsync,
	.fallocate = tmpfs_fallocate,
};

/* ---- superblocks ---- */

static void tmpfs_statfs(struct superblock *sb, struct linux_statfs *st)
{
	struct tmpfs_super *ts = super_of(sb);
	u64 used = atomic_load_relaxed(&ts->used_pages);

	if (!ts->max_pages)
		return;
	st->f_blocks = ts->max_pages;
	st->f_bfree = ts->max_pages > used ? ts->max_pages - used : 0;
	st->f_bavail = st->f_bfree;
	st->f_files = ts->max_pages;
	st->f_ffree = ts->max_pages - MIN(ts->max_pages, atomic_load_relaxed(&ts->nr_inodes));
}

static void tmpfs_options(struct superblock *sb, char *buf, size_t size)
{
	if (super_of(sb)->max_pages)
		snprintf(buf, size, ",size=%lluk",
			 (unsigned long long)super_of(sb)->max_pages * (PAGE_SIZE / 1024));
}

static void tmpfs_super_release(struct superblock *sb)
{
	kfree(super_of(sb));
}

int tmpfs_create_super(const struct fs_type *type, u64 magic, u64 max_pages,
		       struct superblock **out)
{
	struct tmpfs_super *ts = kzalloc(sizeof(*ts), 0);
	struct inode *root;

	if (!ts)
		return -ENOMEM;
	superblock_init(&ts->sb, type, magic);
	ts->max_pages = max_pages;
	ts->sb.statfs = tmpfs_statfs;
	ts->sb.options = tmpfs_options;
	ts->sb.release = tmpfs_super_release;
	root = tmpfs_new(&ts->sb, NULL, S_IFDIR | 0755, 0);
	if (root)
		ts->sb.root = dentry_alloc_root(&ts->sb, root);
	if (!ts->sb.root) {
		kfree(ts);
		return -ENOMEM;
	}
	*out = &ts->sb;
	return 0;
}

static u64 half_of_memory(void)
{
	struct pmm_stats stats;

	pmm_stats(NODE_ANY, &stats);
	return MAX(stats.total / 2, 1ull);
}

struct options {
	u64 max_pages;
	u32 mode, uid, gid;
};

static int parse_octal(const char *s, size_t len, u32 *out)
{
	u32 n = 0;

	if (!len || len > 5)
		return -EINVAL;
	for (; len; s++, len--) {
		if (*s < '0' || *s > '7')
			return -EINVAL;
		n = n * 8 + (u32)(*s - '0');
	}
	*out = n & 07777;
	return 0;
}

/* "size=64k" as well as "64K", and per cent of memory. */
static int parse_pages(const char *s, size_t len, u64 *out)
{
	char text[24];
	u64 n;

	if (!len || len >= sizeof(text))
		return -EINVAL;
	memcpy(text, s, len);
	if (text[len - 1] >= 'a' && text[len - 1] <= 'z')
		text[len - 1] = (char)(text[len - 1] - 'a' + 'A');
	if (text[len - 1] == '%') {
		if (parse_u64(text, len - 1, &n) || n > 1000)
			return -EINVAL;
		*out = half_of_memory() * 2 * n / 100;
		return 0;
	}
	if (parse_size(text, len, &n) || n > ~0ull - PAGE_SIZE)
		return -EINVAL;
	*out = (n + PAGE_SIZE - 1) / PAGE_SIZE;
	return 0;
}

static int parse_option(const char *s, size_t len, struct options *opt)
{
	u64 n;

	if (len > 5 && !strncmp(s, "size=", 5))
		return parse_pages(s + 5, len - 5, &opt->max_pages);
	if (len > 10 && !strncmp(s, "nr_blocks=", 10))
		return parse_size(s + 10, len - 10, &opt->max_pages);
	if (len > 5 && !strncmp(s, "mode=", 5))
		return parse_octal(s + 5, len - 5, &opt->mode);
	if (len > 4 && (!strncmp(s, "uid=", 4) || !strncmp(s, "gid=", 4))) {
		if (parse_u64(s + 4, len - 4, &n) || n >= 0xffffffffu)
			return -EINVAL;
		*(s[0] == 'u' ? &opt->uid : &opt->gid) = (u32)n;
		return 0;
	}
	if (len > 10 && !strncmp(s, "nr_inodes=", 10))
		return parse_size(s + 10, len - 10, &n); /* pages bound inodes enough */
	return -EINVAL;
}

static int parse_options(const char *data, struct options *opt)
{
	int err = 0;

	while (*data && !err) {
		const char *comma = strchr(data, ',');
		size_t len = comma ? (size_t)(comma - data) : strlen(data);

		if (len)
			err = parse_option(data, len, opt);
		data += len + (comma != NULL);
	}
	return err;
}

static int tmpfs_mount(const struct fs_type *type, const char *data, struct superblock **out)
{
	bool ram = !strcmp(type->name, "ramfs");
	struct options opt = { .max_pages = ram ? 0 : half_of_memory(), .mode = 01777 };
	int err;

	if (ram)
		opt.mode = 0755;
	err = parse_options(data, &opt);
	if (!err)
		err = tmpfs_create_super(type, ram ? RAMFS_MAGIC : TMPFS_MAGIC, opt.max_pages, out);
	if (!err) {
		struct inode *root = (*out)->root->inode;

		root->mode = S_IFDIR | opt.mode;
		root->uid = opt.uid;
		root->gid = opt.gid;
	}
	return err;
}

static const struct fs_type tmpfs_type = { "tmpfs", FS_NODEV, tmpfs_mount };
static const struct fs_type ramfs_type = { "ramfs", FS_NODEV, tmpfs_mount };

static struct superblock *memfd_super;

struct inode *tmpfs_memfd(const char *name)
{
	struct inode *inode = tmpfs_new(memfd_super, NULL, S_IFREG | 0777, 0);

	if (!inode)
		return NULL;
	inode->nlink = 0;
	tmpfs_of(inode)->target = kstrdup(name, 0);
	if (tmpfs_of(inode)->target)
		return inode;
	inode_put(inode);
	return NULL;
}

const char *tmpfs_memfd_name(struct inode *inode)
{
	return tmpfs_of(inode)->target;
}

void tmpfs_init(void)
{
	int err;

	inode_cache = slab_create("tmpfs_inode", sizeof(struct tmpfs_inode), 64);
	PANIC_ON(!inode_cache, "tmpfs: no memory for inodes");
	fs_type_register(&tmpfs_type);
	fs_type_register(&ramfs_type);
	err = tmpfs_create_super(&tmpfs_type, TMPFS_MAGIC, half_of_memory(), &memfd_super);
	PANIC_ON(err, "tmpfs: no memory for the file system of memfds");
}
