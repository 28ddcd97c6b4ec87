/* SPDX-License-Identifier: MIT */
/*
 * procfs: the file system part. Names are looked up anew each time
 * (SB_UNCACHED) and get an inode of their own, which holds a reference on its
 * task; numbers are made of what the inode stands for, so they stay the same.
 * What files say is in proc_pid.c and proc_sys.c.
 */
#include <fs/procfs.h>

#include "proc_priv.h"

#include <fs/dentry.h>
#include <fs/file.h>
#include <fs/mount.h>
#include <fs/path.h>
#include <kernel/abi/errno.h>
#include <kernel/lib/format.h>
#include <kernel/lib/hash.h>
#include <kernel/lib/string.h>
#include <mm/kmalloc.h>
#include <security/cred.h>

#define STORE_MAX   255u
#define FIRST_CHILD 2u          /* positions in a folder: ".", "..", the table, */
#define FIRST_NUMBER 0x10000u   /* then the numbers */
#define ROOT_INO    1u          /* as Linux */

static const struct proc_entry root_entry = {
	.name = "/", .mode = S_IFDIR | 0555, .children = proc_root_children, .numbers = &proc_pids,
};

static struct proc_tree proc_tree = { .root = &root_entry, .magic = PROC_SUPER_MAGIC };
static struct mutex proc_mutex = MUTEX_INIT(proc_mutex, RANK_FS_CONTEXT, "procfs");

static const struct inode_ops dir_ops, file_ops, text_link_ops, magic_ops, magic_text_ops;
static const struct file_ops dir_fops, file_fops;

static struct proc_tree *tree_of(struct superblock *sb)
{
	return container_of(sb, struct proc_tree, sb);
}

struct proc_inode *proc_of(struct inode *inode)
{
	return container_of(inode, struct proc_inode, inode);
}

bool proc_may_access(struct task *task)
{
	const struct cred *me = cred_current();
	struct cred *it;
	bool same;

	if (task == current_task() || cred_capable(me, CAP_SYS_PTRACE))
		return true;
	it = task_cred(task);
	same = me->fsuid == it->uid && me->fsuid == it->euid && me->fsuid == it->suid &&
	       me->fsgid == it->gid && me->fsgid == it->egid && me->fsgid == it->sgid;
	cred_put(it);
	return same && task->dumpable;
}

/* ---- inodes ---- */

static const struct inode_ops *ops_of(const struct proc_entry *entry)
{
	if (S_ISDIR(entry->mode))
		return &dir_ops;
	if (!S_ISLNK(entry->mode))
		return &file_ops;
	if (!entry->follow)
		return &text_link_ops;
	return entry->readlink ? &magic_text_ops : &magic_ops;
}

static u64 number_of(const struct proc_inode *pi)
{
	u64 key = (u64)(uintptr_t)pi->entry;

	if (!strcmp(pi->entry->name, "/"))
		return ROOT_INO;
	key = hash_u64(key ^ (pi->task ? (u64)pi->task->pid << 44 : 0));
	return hash_u64(key ^ (u64)pi->tid << 32 ^ (u32)(pi->fd + 1)) >> 16;
}

/* A process's files are its user's; root's when it may not be looked into. */
static void set_owner(struct proc_inode *pi)
{
	struct cred *cred;

	pi->inode.uid = 0;
	pi->inode.gid = 0;
	if (!pi->task || !pi->task->dumpable)
		return;
	cred = task_cred(pi->task);
	pi->inode.uid = cred->euid;
	pi->inode.gid = cred->egid;
	cred_put(cred);
}

/* @like: task, tid and fd to take over (with a reference of its own). */
static struct inode *new_inode(struct superblock *sb, const struct proc_entry *entry,
			       const struct proc_inode *like)
{
	struct proc_inode *pi = kzalloc(sizeof(*pi), 0);

	if (!pi)
		return NULL;
	pi->entry = entry;
	pi->task = like ? like->task : NULL;
	pi->tid = like ? like->tid : 0;
	pi->fd = like ? like->fd : -1;
	if (pi->task)
		task_get(pi->task);
	inode_init(&pi->inode, sb, ops_of(entry),
		   S_ISDIR(entry->mode) ? &dir_fops : entry->fops ? entry->fops : &file_fops,
		   entry->mode);
	pi->inode.ino = number_of(pi);
	set_owner(pi);
	if (S_ISDIR(entry->mode))
		pi->inode.nlink = 2;
	else if (S_ISREG(entry->mode))
		pi->inode.size = tree_of(sb)->file_size;
	return &pi->inode;
}

static void proc_release(struct inode *inode)
{
	struct proc_inode *pi = proc_of(inode);

	if (pi->task)
		task_put(pi->task);
	kfree(pi);
}

static bool is_gone(const struct proc_inode *pi)
{
	return pi->task && atomic_load_relaxed(&pi->task->state) == TASK_DEAD;
}

/* ---- folders ---- */

/* A name that is a number in its one form, after the prefix: no sign, no zeros in front. */
static bool parse_number(const struct proc_dir *numbers, const struct fs_name *name, u32 *out)
{
	size_t skip = numbers->prefix ? strlen(numbers->prefix) : 0;
	const char *s = name->str + skip;
	size_t len = name->len - skip;
	u32 n = 0;

	if (name->len <= skip || memcmp(name->str, numbers->prefix ? numbers->prefix : "", skip))
		return false;
	if (len > 9 || (s[0] == '0' && len > 1))
		return false;
	for (size_t i = 0; i < len; i++) {
		if (s[i] < '0' || s[i] > '9')
			return false;
		n = n * 10 + (u32)(s[i] - '0');
	}
	*out = n;
	return true;
}

static const struct proc_entry *find_child(const struct proc_entry *children,
					   const struct fs_name *name)
{
	for (; children && children->name; children++)
		if (strlen(children->name) == name->len &&
		    !memcmp(children->name, name->str, name->len))
			return children;
	return NULL;
}

static int proc_lookup(struct inode *inode, const struct fs_name *name, struct inode **out)
{
	struct proc_inode *dir = proc_of(inode);
	const struct proc_entry *entry = find_child(dir->entry->children, name);
	const struct proc_dir *numbers = dir->entry->numbers;
	struct proc_inode found = { .task = dir->task, .tid = dir->tid, .fd = -1 };
	u32 number;

	if (is_gone(dir))
		return -ENOENT;
	if (entry) {
		*out = new_inode(inode->sb, entry, dir);
		return *out ? 0 : -ENOMEM;
	}
	if (!numbers || !parse_number(numbers, name, &number) ||
	    !numbers->find(dir, number, &found))
		return -ENOENT;
	*out = new_inode(inode->sb, numbers->entry, &found);
	if (found.task != dir->task)
		task_put(found.task);
	return *out ? 0 : -ENOMEM;
}

static bool emit_table(struct file *file, struct dir_sink *sink, struct proc_inode *dir)
{
	const struct proc_entry *child = dir->entry->children;
	u64 pos = FIRST_CHILD;

	for (; child && child->name; child++, pos++) {
		struct proc_inode key = { .entry = child, .task = dir->task, .tid = dir->tid,
					  .fd = -1 };

		if (pos < file->pos)
			continue;
		if (!sink->emit(sink, child->name, strlen(child->name), number_of(&key),
				(u8)((child->mode & S_IFMT) >> 12), pos + 1))
			return false;
		file->pos = pos + 1;
	}
	if (file->pos < FIRST_NUMBER)
		file->pos = FIRST_NUMBER;
	return true;
}

static void emit_numbers(struct file *file, struct dir_sink *sink, struct proc_inode *dir)
{
	const struct proc_dir *numbers = dir->entry->numbers;
	u32 number = (u32)(file->pos - FIRST_NUMBER);
	char name[20];

	if (is_gone(dir))
		return;
	while (numbers->next(dir, &number)) {
		struct proc_inode key = { .entry = numbers->entry, .tid = (s32)number, .fd = -1 };
		int len = snprintf(name, sizeof(name), "%s%u",
				   numbers->prefix ? numbers->prefix : "", number);

		if (!sink->emit(sink, name, (size_t)len, number_of(&key),
				(u8)((numbers->entry->mode & S_IFMT) >> 12),
				FIRST_NUMBER + (u64)number + 1))
			return;
		number++;
		file->pos = FIRST_NUMBER + (u64)number;
	}
}

static int proc_readdir(struct file *file, struct dir_sink *sink)
{
	struct proc_inode *dir = proc_of(file->inode);

	for (; file->pos < FIRST_CHILD; file->pos++)
		if (!sink->emit(sink, "..", file->pos + 1, file->inode->ino, S_IFDIR >> 12,
				file->pos + 1))
			return 0;
	if (emit_table(file, sink, dir) && dir->entry->numbers)
		emit_numbers(file, sink, dir);
	return 0;
}

static const struct file_ops dir_fops = { .readdir = proc_readdir, .seek = file_seek_dir };

/* ---- files ---- */

static int check_access(const struct proc_inode *pi)
{
	return pi->entry->guarded && !proc_may_access(pi->task) ? -EACCES : 0;
}

static int proc_open(struct inode *inode, struct file *file)
{
	const struct proc_entry *entry = proc_of(inode)->entry;
	int err = check_access(proc_of(inode));

	return err || !entry->open ? err : entry->open(file);
}

static int show(struct seq *seq, void *arg)
{
	struct proc_inode *pi = arg;

	return is_gone(pi) ? -ESRCH : pi->entry->show(seq, pi);
}

static long proc_read(struct file *file, struct iov_iter *it, u64 *pos)
{
	struct proc_inode *pi = proc_of(file->inode);
	bool at_own = pos == &file->pos; /* read(2) holds pos_lock, pread(2) does not */
	long n;

	if (!pi->entry->show)
		return -EINVAL;
	if (!at_own)
		mutex_lock(&file->pos_lock);
	n = seq_read(&file->priv, show, pi, it, pos);
	if (!at_own)
		mutex_unlock(&file->pos_lock);
	return n;
}

static long proc_write(struct file *file, struct iov_iter *it, __unused u64 *pos)
{
	struct proc_inode *pi = proc_of(file->inode);
	char text[STORE_MAX + 1];
	size_t len = it->left, n = len;
	int err;

	if (!pi->entry->store)
		return -EIO;
	if (len > STORE_MAX)
		return -EINVAL;
	if (iov_iter_copy_from(it, text, len) != len)
		return -EFAULT;
	if (n && text[n - 1] == '\n')
		n--;
	text[n] = '\0';
	err = is_gone(pi) ? -ESRCH : pi->entry->store(pi, text, n);
	return err ? err : (long)len;
}

static s64 proc_seek(struct file *file, s64 off, int whence)
{
	return file_seek(file, off, whence, 0);
}

static void proc_file_release(struct file *file)
{
	seq_release(&file->priv);
}

static const struct file_ops file_fops = {
	.read = proc_read, .write = proc_write, .seek = proc_seek, .release = proc_file_release,
};

/* ---- links ---- */

static long proc_readlink(struct inode *inode, char *buf, size_t size)
{
	struct proc_inode *pi = proc_of(inode);
	int err = is_gone(pi) ? -ENOENT : check_access(pi);

	return err ? err : pi->entry->readlink(pi, buf, size);
}

static int proc_follow(struct inode *inode, struct path *out)
{
	struct proc_inode *pi = proc_of(inode);
	int err = is_gone(pi) ? -ENOENT : check_access(pi);

	return err ? err : pi->entry->follow(pi, out);
}

static const struct inode_ops dir_ops = { .lookup = proc_lookup, .release = proc_release };
/* `>` truncates what it writes to: nothing to do. Owners and modes are made, not kept. */
static int proc_setattr(__unused struct inode *inode, const struct inode_attr *attr)
{
	return attr->valid & (ATTR_MODE | ATTR_UID | ATTR_GID) ? -EPERM : 0;
}

static const struct inode_ops file_ops = {
	.open = proc_open, .setattr = proc_setattr, .release = proc_release,
};
static const struct inode_ops text_link_ops = {
	.readlink = proc_readlink, .release = proc_release,
};
static const struct inode_ops magic_ops = { .follow = proc_follow, .release = proc_release };
static const struct inode_ops magic_text_ops = {
	.readlink = proc_readlink, .follow = proc_follow, .release = proc_release,
};

/* ---- the file systems ---- */

int proc_tree_mount(struct proc_tree *tree, const struct fs_type *type, struct superblock **out)
{
	struct superblock *sb = &tree->sb;
	int err = 0;

	mutex_lock(&proc_mutex);
	if (!sb->root) { /* the first mount makes it, for ever */
		struct inode *root;

		superblock_init(sb, type, tree->magic);
		sb->flags = SB_UNCACHED;
		root = new_inode(sb, tree->root, NULL);
		if (root)
			sb->root = dentry_alloc_root(sb, root);
		err = sb->root ? 0 : -ENOMEM;
	}
	if (!err) {
		superblock_get(sb);
		*out = sb;
	}
	mutex_unlock(&proc_mutex);
	return err;
}

static int proc_mount(const struct fs_type *type, __unused const char *data,
		      struct superblock **out)
{
	return proc_tree_mount(&proc_tree, type, out);
}

static const struct fs_type proc_type = { "proc", FS_NODEV, proc_mount };

void procfs_init(void)
{
	fs_type_register(&proc_type);
}

int procfs_task_from_handle(int fd, struct handle_ref *ref, struct task **task)
{
	struct file *file;
	int err = file_from_handle(fd, RIGHT_READ, ref, &file);
	struct proc_inode *pi;

	if (err)
		return err;
	pi = container_of(file->inode, struct proc_inode, inode);
	if (file->inode->sb != &proc_tree.sb || pi->entry != proc_pids.entry) {
		handle_put(ref);
		return -EBADF;
	}
	*task = pi->task;
	return 0;
}
