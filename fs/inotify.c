/* SPDX-License-Identifier: MIT */
/*
 * inotify(7).
 *
 *   inode->watches --> watch --next--> watch      of several instances
 *                        |  by_wd                 one instance's, by descriptor
 *                        v
 *                     instance --> queue of events, read in order
 *
 *   watch_lock              all watches, and who counts for which user
 *     instance->lock        its queue
 *
 * The watches of an inode together hold one reference on it, so that a watched
 * file stays the same inode when no cache remembers it. When that one is the last
 * and the file has no name any more it is gone: inotify_put_inode().
 * A watch that is being made while another holder drops its reference may miss
 * that moment; then the file lives until the instance is closed, as if held open.
 *
 * What is told and in which order was compared with Linux 6's.
 */
#include <fs/inotify.h>

#include <arch/uaccess.h>
#include <fs/dentry.h>
#include <fs/file.h>
#include <fs/inode.h>
#include <fs/seq.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_dirent.h>
#include <kernel/abi/linux_fcntl.h>
#include <kernel/abi/linux_poll.h>
#include <kernel/abi/linux_tty.h>
#include <kernel/lib/rbtree.h>
#include <kernel/lib/string.h>
#include <mm/kmalloc.h>
#include <mm/pmm.h>
#include <security/cred.h>

/* As Linux: a hundredth of memory, at a kilobyte a watched inode. */
#define WATCH_COST   1024u
#define MIN_WATCHES  8192u
#define MAX_WATCHES  1048576u

#define NAME_ALIGN   sizeof(struct linux_inotify_event)
#define WATCH_KINDS  (IN_ONESHOT | IN_EXCL_UNLINK)

struct event {
	struct list_head link; /* [q] */
	s32 wd;
	u32 mask, cookie, name_len; /* without NUL */
	char name[];
};

struct user_count {
	struct list_head link; /* [w] */
	u32 uid;
	u32 instances, watches; /* [w] */
};

/* Lock key: i immutable, w watch_lock, q lock. */
struct instance {
	struct rb_tree watches;    /* [w] by descriptor */
	s32 last_wd;               /* [w] */
	struct user_count *user;   /* [i] */
	struct spinlock lock;      /* RANK_INOTIFY */
	struct list_head events;   /* [q] */
	u32 nr_events, max_events; /* [q], [i] */
	u32 bytes;                 /* [q] what reading all of them gives */
	struct waitq wait;
	struct event overflow;     /* [q] linked when events were lost */
};

struct watch {
	struct rb_node by_wd;      /* [w] */
	struct list_head all;      /* [w] all_watches, or those to be freed */
	struct watch *next;        /* [w] of the same inode */
	struct instance *instance; /* [i] */
	struct inode *inode;       /* [i] */
	s32 wd;                    /* [i] */
	u32 mask;                  /* [w] events and WATCH_KINDS */
	bool last;                 /* the inode's last: the reference goes with it */
};

u32 inotify_watching;
u32 inotify_max_queued_events = 16384;
u32 inotify_max_user_instances = 128;
u32 inotify_max_user_watches;

static struct spinlock watch_lock = SPINLOCK_INIT(RANK_INOTIFY_WATCHES, "inotify_watches");
static struct list_head all_watches = LIST_HEAD_INIT(all_watches); /* [watch_lock] */
static struct list_head users = LIST_HEAD_INIT(users);             /* [watch_lock] */
static u32 next_cookie; /* [a] */

static const struct file_ops inotify_fops;

void inotify_init(void)
{
	struct pmm_stats stats;
	u64 n;

	pmm_stats(NODE_ANY, &stats);
	n = stats.total * PAGE_SIZE / 100 / WATCH_COST;
	inotify_max_user_watches = (u32)MIN(MAX(n, (u64)MIN_WATCHES), (u64)MAX_WATCHES);
}

/* ---- the queue ---- */

static u32 name_room(u32 len)
{
	return len ? (u32)ALIGN_UP(len + 1, NAME_ALIGN) : 0;
}

static u32 event_bytes(const struct event *e)
{
	return (u32)sizeof(struct linux_inotify_event) + name_room(e->name_len);
}

/* Twice the same in a row is told once. */
static bool is_same(const struct event *e, s32 wd, u32 mask, const struct fs_name *name)
{
	return !(e->mask & IN_IGNORED) && e->wd == wd && e->mask == mask &&
	       e->name_len == name->len && !memcmp(e->name, name->str, name->len);
}

static void queue_locked(struct instance *in, struct event *e)
{
	list_add_tail(&e->link, &in->events);
	in->nr_events++;
	in->bytes += event_bytes(e);
}

static void queue(struct instance *in, s32 wd, u32 mask, u32 cookie, const struct fs_name *name)
{
	struct list_head *last;
	struct event *e = NULL;

	spin_lock(&in->lock);
	last = list_last(&in->events);
	if (last && is_same(LIST_ENTRY(last, struct event, link), wd, mask, name)) {
		spin_unlock(&in->lock);
		return;
	}
	if (in->nr_events < in->max_events)
		e = kmalloc(sizeof(*e) + name->len, MEM_NOWAIT);
	if (e) {
		e->wd = wd;
		e->mask = mask;
		e->cookie = cookie;
		e->name_len = name->len;
		memcpy(e->name, name->str, name->len);
		queue_locked(in, e);
	} else if (!list_linked(&in->overflow.link)) {
		queue_locked(in, &in->overflow);
	}
	spin_unlock(&in->lock);
	waitq_wake_poll(&in->wait, POLLIN | POLLRDNORM);
}

/* ---- watches ---- */

/* Out of everything but @gone, which is freed when no lock is held. */
static void unlink_watch(struct watch *watch, struct list_head *gone)
{
	struct watch **link = &watch->inode->watches;

	while (*link != watch)
		link = &(*link)->next;
	atomic_store_relaxed(link, watch->next);
	watch->last = !watch->inode->watches;
	rb_erase(&watch->instance->watches, &watch->by_wd);
	watch->instance->user->watches--;
	list_move_tail(&watch->all, gone);
	(void)atomic_fetch_sub(&inotify_watching, 1);
}

static const struct fs_name no_name = { "", 0 };

static void end_watch(struct watch *watch, struct list_head *gone)
{
	queue(watch->instance, watch->wd, IN_IGNORED, 0, &no_name);
	unlink_watch(watch, gone);
}

static void free_watches(struct list_head *gone)
{
	struct list_head *link;

	while ((link = list_pop(gone))) {
		struct watch *watch = LIST_ENTRY(link, struct watch, all);

		if (watch->last)
			inode_put(watch->inode);
		kfree(watch);
	}
}

/* @child: it happened to something in the folder @inode, @unlinked already. */
static void tell(struct inode *inode, u32 event, u32 cookie, const struct fs_name *name,
		 bool unlinked)
{
	struct list_head gone = LIST_HEAD_INIT(gone);
	struct watch *watch, *next;

	spin_lock(&watch_lock);
	for (watch = inode->watches; watch; watch = next) {
		next = watch->next;
		if (!(watch->mask & event & IN_ALL_EVENTS) ||
		    (unlinked && (watch->mask & IN_EXCL_UNLINK)))
			continue;
		queue(watch->instance, watch->wd, event, cookie, name);
		if (watch->mask & IN_ONESHOT)
			end_watch(watch, &gone);
	}
	spin_unlock(&watch_lock);
	free_watches(&gone);
}

static bool is_watched(const struct inode *inode)
{
	return atomic_load_relaxed(&inode->watches) != NULL;
}

void inotify_tell_inode(struct inode *inode, u32 event)
{
	/* Linux tells of no folder here, as ever. */
	if (inode_is_dir(inode) && !(event & (IN_MOVE_SELF | IN_DELETE_SELF)))
		event |= IN_ISDIR;
	if (is_watched(inode))
		tell(inode, event, 0, &no_name, false);
}

void inotify_tell_name(struct inode *dir, u32 event, const struct fs_name *name, bool is_dir)
{
	if (is_watched(dir))
		tell(dir, event | (is_dir ? IN_ISDIR : 0), 0, name, false);
}

/* The name may change and the parent go while we look: both are copied. */
static void tell_parent(struct dentry *dentry, u32 event)
{
	char text[NAME_MAX + 1];
	struct fs_name name = { text, 0 };
	struct dentry *parent;
	bool watched;

	spin_lock(&dentry_tree_lock);
	parent = dentry->parent;
	watched = parent != dentry && is_watched(parent->inode);
	if (watched) {
		dentry_get(parent);
		name.len = MIN(dentry->name_len, (u32)NAME_MAX);
		memcpy(text, dentry->name, name.len);
	}
	spin_unlock(&dentry_tree_lock);
	if (!watched)
		return;
	tell(parent->inode, event, 0, &name, dentry->flags & DENTRY_DEAD);
	dentry_put(parent);
}

void inotify_tell_dentry(struct dentry *dentry, u32 event)
{
	struct inode *inode = dentry_inode(dentry);

	if (!inode)
		return;
	tell_parent(dentry, event | (inode_is_dir(inode) ? IN_ISDIR : 0));
	inotify_tell_inode(inode, event);
}

void inotify_tell_close(struct file *file)
{
	bool wrote = (file->flags & O_ACCMODE) != O_RDONLY;

	inotify_tell_dentry(file->dentry, wrote ? IN_CLOSE_WRITE : IN_CLOSE_NOWRITE);
}

void inotify_tell_attr(struct dentry *dentry, const struct inode_attr *attr)
{
	u32 times = attr->valid & (ATTR_ATIME | ATTR_MTIME), event = 0;

	if (attr->valid & (ATTR_MODE | ATTR_UID | ATTR_GID))
		event |= IN_ATTRIB;
	if (attr->valid & ATTR_SIZE)
		event |= IN_MODIFY;
	if (times == (ATTR_ATIME | ATTR_MTIME))
		event |= IN_ATTRIB;
	else if (times)
		event |= times == ATTR_ATIME ? IN_ACCESS : IN_MODIFY;
	if (event)
		inotify_tell_dentry(dentry, event);
}

void inotify_move(struct inode *inode, struct inode *from_dir, const struct fs_name *from,
		  struct inode *to_dir, const struct fs_name *to, struct inode *target)
{
	u32 dir = inode_is_dir(inode) ? IN_ISDIR : 0, cookie;

	if (!inotify_anyone())
		return;
	cookie = atomic_fetch_add(&next_cookie, 1) + 1;
	if (is_watched(from_dir))
		tell(from_dir, IN_MOVED_FROM | dir, cookie, from, false);
	if (is_watched(to_dir))
		tell(to_dir, IN_MOVED_TO | dir, cookie, to, false);
	if (target)
		inotify_tell_inode(target, IN_ATTRIB);
	inotify_tell_inode(inode, IN_MOVE_SELF);
}

/* ---- the end of files ---- */

static void end_deleted(struct inode *inode, struct list_head *gone)
{
	while (inode->watches) {
		struct watch *watch = inode->watches;

		if (watch->mask & IN_DELETE_SELF)
			queue(watch->instance, watch->wd, IN_DELETE_SELF, 0, &no_name);
		end_watch(watch, gone);
	}
}

bool inotify_put_inode(struct inode *inode)
{
	struct list_head gone = LIST_HEAD_INIT(gone);
	struct list_head *link;
	bool last;

	spin_lock(&watch_lock);
	last = refcount_put(&inode->refs);
	if (!last && inode->watches && refcount_read(&inode->refs) == 1 &&
	    !atomic_load_relaxed(&inode->nlink)) {
		end_deleted(inode, &gone);
		last = refcount_put(&inode->refs); /* that of the watches */
	}
	spin_unlock(&watch_lock);
	while ((link = list_pop(&gone)))
		kfree(LIST_ENTRY(link, struct watch, all));
	return last;
}

void inotify_super_gone(struct superblock *sb)
{
	struct list_head gone = LIST_HEAD_INIT(gone);
	struct list_head *link, *next;

	if (!inotify_anyone())
		return;
	spin_lock(&watch_lock);
	for (link = all_watches.next; link != &all_watches; link = next) {
		struct watch *watch = LIST_ENTRY(link, struct watch, all);

		next = link->next;
		if (watch->inode->sb != sb)
			continue;
		queue(watch->instance, watch->wd, IN_UNMOUNT, 0, &no_name);
		end_watch(watch, &gone);
	}
	spin_unlock(&watch_lock);
	free_watches(&gone);
}

/* ---- adding and removing ---- */

static struct watch *find_wd(const struct instance *in, s32 wd)
{
	struct rb_node *node = in->watches.root;

	while (node) {
		struct watch *watch = RB_ENTRY(node, struct watch, by_wd);

		if (watch->wd == wd)
			return watch;
		node = wd < watch->wd ? node->left : node->right;
	}
	return NULL;
}

/* The first whose descriptor is at least @wd. */
static struct watch *next_wd(const struct instance *in, s32 wd)
{
	struct rb_node *node = in->watches.root;
	struct watch *best = NULL;

	while (node) {
		struct watch *watch = RB_ENTRY(node, struct watch, by_wd);

		if (watch->wd >= wd)
			best = watch;
		node = watch->wd >= wd ? node->left : node->right;
	}
	return best;
}

/* Numbers go up, so that late events of an old watch are not taken for a new one's. */
static void insert_wd(struct instance *in, struct watch *new)
{
	struct rb_node **link = &in->watches.root, *parent = NULL;

	do {
		in->last_wd = in->last_wd == INT32_MAX ? 1 : in->last_wd + 1;
	} while (find_wd(in, in->last_wd));
	new->wd = in->last_wd;
	while (*link) {
		parent = *link;
		link = new->wd < RB_ENTRY(parent, struct watch, by_wd)->wd ? &parent->left
									   : &parent->right;
	}
	rb_link(&new->by_wd, parent, link);
	rb_insert_fixup(&in->watches, &new->by_wd);
}

static void link_watch(struct instance *in, struct watch *new, struct inode *inode)
{
	new->instance = in;
	new->inode = inode;
	insert_wd(in, new);
	in->user->watches++;
	list_add_tail(&new->all, &all_watches);
	if (!inode->watches)
		inode_get(inode);
	new->next = inode->watches;
	atomic_store_relaxed(&inode->watches, new);
	(void)atomic_fetch_add(&inotify_watching, 1);
}

static struct watch *find_inode(const struct instance *in, const struct inode *inode)
{
	struct watch *watch = inode->watches;

	while (watch && watch->instance != in)
		watch = watch->next;
	return watch;
}

int inotify_add(struct file *file, struct inode *inode, u32 mask)
{
	struct watch *new = kzalloc(sizeof(*new), 0), *old;
	struct instance *in = file->priv;
	u32 kept = mask & (IN_ALL_EVENTS | WATCH_KINDS);
	int ret;

	if (!new)
		return -ENOMEM;
	spin_lock(&watch_lock);
	old = find_inode(in, inode);
	if (old && (mask & IN_MASK_CREATE)) {
		ret = -EEXIST;
	} else if (old) {
		old->mask = mask & IN_MASK_ADD ? old->mask | kept : kept;
		ret = old->wd;
	} else if (in->user->watches >= inotify_max_user_watches) {
		ret = -ENOSPC;
	} else {
		new->mask = kept;
		link_watch(in, new, inode);
		ret = new->wd;
		new = NULL;
	}
	spin_unlock(&watch_lock);
	kfree(new);
	return ret;
}

int inotify_remove(struct file *file, s32 wd)
{
	struct list_head gone = LIST_HEAD_INIT(gone);
	struct watch *watch;

	spin_lock(&watch_lock);
	watch = find_wd(file->priv, wd);
	if (watch)
		end_watch(watch, &gone);
	spin_unlock(&watch_lock);
	free_watches(&gone);
	return watch ? 0 : -EINVAL;
}

/* ---- the file ---- */

static struct event *next_event(struct instance *in)
{
	struct list_head *link = list_first(&in->events);

	return link ? LIST_ENTRY(link, struct event, link) : NULL;
}

/* Return: 0 and the first event, taken out, when it fits @room; -EAGAIN; -EINVAL */
static int take_event(struct instance *in, size_t room, struct event **out)
{
	struct event *e;
	int err = 0;

	spin_lock(&in->lock);
	e = next_event(in);
	if (!e) {
		err = -EAGAIN;
	} else if (event_bytes(e) > room) {
		err = -EINVAL;
	} else {
		list_del(&e->link);
		list_init(&e->link);
		in->nr_events--;
		in->bytes -= event_bytes(e);
	}
	spin_unlock(&in->lock);
	*out = e;
	return err;
}

static bool give_event(const struct event *e, struct iov_iter *it)
{
	u32 room = name_room(e->name_len);
	struct linux_inotify_event head = { e->wd, e->mask, e->cookie, room };

	return iov_iter_copy_to(it, &head, sizeof(head)) == sizeof(head) &&
	       iov_iter_copy_to(it, e->name, e->name_len) == e->name_len &&
	       iov_iter_clear(it, room - e->name_len) == room - e->name_len;
}

static bool has_events(struct instance *in)
{
	return atomic_load_relaxed(&in->events.next) != &in->events;
}

static long inotify_read(struct file *file, struct iov_iter *it, __unused u64 *pos)
{
	struct instance *in = file->priv;
	size_t want = it->left;
	struct event *e;
	int err;

	for (;;) {
		err = take_event(in, it->left, &e);
		if (!err) {
			bool ok = give_event(e, it);

			if (e != &in->overflow)
				kfree(e);
			if (ok)
				continue;
			return -EFAULT;
		}
		if (it->left != want)
			return (long)(want - it->left);
		if (err != -EAGAIN || (file->flags & O_NONBLOCK))
			return err;
		err = WAITQ_WAIT(&in->wait, has_events(in), true, NS_FOREVER);
		if (err)
			return err;
	}
}

static u32 inotify_poll(struct file *file, struct poll_table *table)
{
	struct instance *in = file->priv;

	poll_wait(table, &in->wait);
	return has_events(in) ? POLLIN | POLLRDNORM : 0;
}

static long inotify_ioctl(struct file *file, u32 cmd, u64 arg)
{
	struct instance *in = file->priv;

	if (cmd != FIONREAD)
		return -ENOTTY;
	return user_write_u32((void __user *)(uintptr_t)arg, atomic_load_relaxed(&in->bytes));
}

/* A line for each watch; the text may need memory, so one watch at a time. */
static void inotify_fdinfo(struct file *file, struct seq *seq)
{
	struct instance *in = file->priv;
	s32 wd = 0;

	for (;;) {
		struct watch *watch;
		u64 ino = 0, dev = 0;
		u32 mask = 0;

		spin_lock(&watch_lock);
		watch = next_wd(in, wd);
		if (watch) {
			wd = watch->wd;
			mask = watch->mask;
			ino = watch->inode->ino;
			dev = watch->inode->sb->dev;
		}
		spin_unlock(&watch_lock);
		if (!watch || seq->failed)
			return;
		seq_printf(seq, "inotify wd:%x ino:%llx sdev:%x mask:%x ignored_mask:0\n", wd,
			   (unsigned long long)ino,
			   linux_dev_major(dev) << 20 | linux_dev_minor(dev), mask);
		if (wd == INT32_MAX)
			return;
		wd++;
	}
}

/* With watch_lock. The last instance of a user takes the count with it. */
static struct user_count *drop_user(struct user_count *user)
{
	if (--user->instances)
		return NULL;
	list_del(&user->link);
	return user;
}

static void inotify_release(struct file *file)
{
	struct list_head gone = LIST_HEAD_INIT(gone);
	struct instance *in = file->priv;
	struct user_count *user;
	struct rb_node *node;
	struct event *e;

	spin_lock(&watch_lock);
	while ((node = rb_first(&in->watches)))
		unlink_watch(RB_ENTRY(node, struct watch, by_wd), &gone);
	user = drop_user(in->user);
	spin_unlock(&watch_lock);
	free_watches(&gone);
	/* No watch, no news: the queue is ours. */
	while (!take_event(in, SIZE_MAX, &e))
		if (e != &in->overflow)
			kfree(e);
	kfree(user);
	kfree(in);
}

static const struct file_ops inotify_fops = {
	.read = inotify_read,
	.poll = inotify_poll,
	.ioctl = inotify_ioctl,
	.release = inotify_release,
	.anon_name = "inotify",
	.fdinfo = inotify_fdinfo,
};

bool inotify_is(const struct file *file)
{
	return file->ops == &inotify_fops;
}

/* Count one instance more for current's user. @fresh is used when it has none yet,
 * else freed. Return: NULL: it has too many. */
static struct user_count *count_user(struct user_count *fresh)
{
	u32 uid = cred_current()->euid;
	struct user_count *user, *found = NULL;

	spin_lock(&watch_lock);
	LIST_FOR_EACH(user, &users, link)
		if (user->uid == uid)
			found = user;
	if (!found && inotify_max_user_instances) {
		fresh->uid = uid;
		list_add_tail(&fresh->link, &users);
		found = fresh;
		fresh = NULL;
	}
	if (found && found->instances >= inotify_max_user_instances)
		found = NULL;
	if (found)
		found->instances++;
	spin_unlock(&watch_lock);
	kfree(fresh);
	return found;
}

int inotify_create(u32 flags, struct file **out)
{
	struct user_count *fresh = kzalloc(sizeof(*fresh), 0);
	struct instance *in = kzalloc(sizeof(*in), 0);
	int err = -ENOMEM;

	if (!fresh || !in) {
		kfree(fresh);
		goto err_free;
	}
	in->user = count_user(fresh);
	err = -EMFILE;
	if (!in->user)
		goto err_free;
	spin_init(&in->lock, RANK_INOTIFY, "inotify");
	list_init(&in->events);
	waitq_init(&in->wait, "inotify");
	in->max_events = inotify_max_queued_events;
	in->overflow.wd = -1;
	in->overflow.mask = IN_Q_OVERFLOW;
	list_init(&in->overflow.link);
	*out = file_alloc(inode_anon(), &inotify_fops, O_RDONLY | (flags & IN_NONBLOCK));
	if (*out) {
		(*out)->priv = in;
		return 0;
	}
	err = -ENOMEM;
	spin_lock(&watch_lock);
	fresh = drop_user(in->user);
	spin_unlock(&watch_lock);
	kfree(fresh);
err_free:
	kfree(in);
	return err;
}
