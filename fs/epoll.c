/* SPDX-License-Identifier: MIT */
/*
 * epoll(7). An item stands for one (file, descriptor number) pair. Its waiters
 * stand in the file's wait queues for as long as it is watched; a wake-up puts
 * the item on the ready list, so waiting costs what has news, not what is
 * watched.
 *
 *   wake of a file's queue -> item_wake(): item on ep->ready, a sleeper woken
 *   epoll_wait: pop an item, ask its file what holds now, report it;
 *               level-triggered ones go back to the list's end
 *
 * The list says "may have news": only asking the file tells. So waiting never
 * loses anything by popping first and asking then: news in between put the item
 * on the list again.
 *
 * An item holds no reference to its file: when the last descriptor is closed
 * the file goes, and file_release() takes its items out (epoll_file_released).
 * Until that is done the file's methods may be called.
 *
 * Epolls may watch epolls, MAX_NEST above each other. `height` is 0 for one that
 * watches none, and greater than that of all it watches; it only grows. Locks of
 * one kind are ranked by it, as a wake-up climbs and a look descends.
 */
#include <fs/epoll.h>

#include <arch/uaccess.h>
#include <fs/file.h>
#include <fs/inode.h>
#include <fs/seq.h>
#include <kernel/abi/errno.h>
#include <kernel/abi/linux_fcntl.h>
#include <kernel/sched/sched.h>
#include <kernel/task/task.h>
#include <mm/kmalloc.h>
#include <mm/slab.h>

#define MAX_NEST    4u /* as Linux: EP_MAX_NESTS */
#define MAX_WATCHED 8u /* times one epoll: a wake-up climbs every path */
#define MAX_ITEMS   (1u << 20) /* in all epolls: 256 MiB */

/* What an event mask keeps when EPOLLONESHOT has spent it. */
#define PRIVATE_BITS (EPOLLWAKEUP | EPOLLONESHOT | EPOLLET | EPOLLEXCLUSIVE)
#define EXCLUSIVE_OK \
	(EPOLLIN | EPOLLOUT | EPOLLERR | EPOLLHUP | EPOLLWAKEUP | EPOLLET | EPOLLEXCLUSIVE)

/* One of the wait queues an item is told by. */
struct item_waiter {
	struct waiter waiter;
	struct epoll_item *item;
	struct item_waiter *next;
};

#define INLINE_WAITERS 2u /* no file has more today */

/* Lock key: i immutable, l ep->lock, r ep->ready_lock, w watch_lock, a atomic. */
struct epoll_item {
	struct rb_node node;          /* [l] ep->items */
	struct list_head ready_link;  /* [r] */
	struct list_head file_link;   /* [w] file->watches; nested ones under nest_lock too */
	struct epoll *ep;             /* [i] */
	struct file *file;            /* [i] not referenced */
	s32 fd;                       /* [i] */
	u32 events;                   /* [a] written under l */
	u64 data;                     /* [l] */
	u32 nr_waiters;               /* [l] */
	struct item_waiter first[INLINE_WAITERS]; /* [l] */
	struct item_waiter *more;     /* [l] */
};

struct epoll {
	struct refcount refs;         /* the file, and who takes items out meanwhile */
	struct mutex lock;            /* RANK_EPOLL - height */
	struct rb_tree items;         /* [lock] */
	struct spinlock ready_lock;   /* RANK_EPOLL_READY, irq-safe */
	struct list_head ready;       /* [r] */
	struct waitq wait;            /* RANK_EPOLL_WAIT: threads in epoll_wait */
	struct waitq poll_wait;       /* RANK_EPOLL_POLL + height: who polls this epoll */
	struct file *file;            /* [i] whose priv this is */
	u32 height;                   /* [nest_lock] */
	u32 walk_height;              /* [nest_lock] of the walk numbered: */
	u64 walk;                     /* [nest_lock] */
};

static struct slab_cache *item_cache;
static u32 nr_items; /* atomic */

/* All that changes which epoll watches which. */
static struct mutex nest_lock = MUTEX_INIT(nest_lock, RANK_EPOLL_NEST, "epoll_nest");
static u64 nest_walks; /* [nest_lock] */
/* The items of every file. */
static struct spinlock watch_lock = SPINLOCK_INIT(RANK_EPOLL_WATCH, "epoll_watch");

static const struct file_ops epoll_fops;

void epoll_init(void)
{
	item_cache = slab_create("epoll_item", sizeof(struct epoll_item), 8);
	PANIC_ON(!item_cache, "fs: no memory for epoll");
}

struct epoll *epoll_of(const struct file *file)
{
	return file->ops == &epoll_fops ? file->priv : NULL;
}

/* ---- the ready list ---- */

static inline bool has_ready(const struct epoll *ep)
{
	return atomic_load_relaxed(&ep->ready.next) != &ep->ready;
}

static void push(struct epoll_item *item, bool front)
{
	struct epoll *ep = item->ep;
	irqflags_t flags = spin_lock_irq(&ep->ready_lock);

	if (list_linked(&item->ready_link))
		; /* news came meanwhile */
	else if (front)
		list_add(&item->ready_link, &ep->ready);
	else
		list_add_tail(&item->ready_link, &ep->ready);
	spin_unlock_irq(&ep->ready_lock, flags);
}

/* The first item, taken off; NULL at the end, or at @stop. */
static struct epoll_item *pop(struct epoll *ep, const struct epoll_item *stop)
{
	irqflags_t flags = spin_lock_irq(&ep->ready_lock);
	struct epoll_item *item = LIST_FIRST_ENTRY(&ep->ready, struct epoll_item, ready_link);

	if (item == stop)
		item = NULL;
	if (item)
		list_del(&item->ready_link);
	spin_unlock_irq(&ep->ready_lock, flags);
	return item;
}

/* There is something on the list: one sleeper is enough to fetch it. */
static inline void wake_sleeper(struct epoll *ep)
{
	/* Pairs with the fence in waitq_prepare(); unlocking is none. */
	atomic_fence();
	if (!waitq_empty(&ep->wait))
		waitq_wake_one(&ep->wait);
}

static void item_news(struct epoll_item *item)
{
	push(item, false);
	wake_sleeper(item->ep);
	if (!waitq_empty(&item->ep->poll_wait))
		waitq_wake_all(&item->ep->poll_wait);
}

/* Under the lock of the file's queue, perhaps in an interrupt. */
static bool item_wake(struct waiter *waiter)
{
	struct epoll_item *item = container_of(waiter, struct item_waiter, waiter)->item;
	u32 events = atomic_load_relaxed(&item->events), news = waiter->wq->news;

	if (!(events & ~PRIVATE_BITS) || (news && !(news & events)))
		return false;
	item_news(item);
	return true;
}

/* ---- items ---- */

struct item_table {
	struct poll_table table;
	struct epoll_item *item;
};

static void register_waiter(struct poll_table *table, struct waitq *wq)
{
	struct epoll_item *item = container_of(table, struct item_table, table)->item;
	struct item_waiter *w;

	if (item->nr_waiters < INLINE_WAITERS) {
		w = &item->first[item->nr_waiters++];
	} else {
		w = kmalloc(sizeof(*w), 0);
		if (!w) {
			table->error = -ENOMEM;
			return;
		}
		w->next = item->more;
		item->more = w;
	}
	w->item = item;
	w->waiter = (struct waiter){ .wake = item_wake,
				     .exclusive = item->events & EPOLLEXCLUSIVE };
	waitq_add(wq, &w->waiter);
}

static void unregister(struct epoll_item *item)
{
	for (u32 i = 0; i < item->nr_waiters; i++)
		waitq_remove(&item->first[i].waiter);
	while (item->more) {
		struct item_waiter *w = item->more;

		waitq_remove(&w->waiter);
		item->more = w->next;
		kfree(w);
	}
}

/* What of an item's events holds now. */
static inline u32 item_poll(const struct epoll_item *item)
{
	return file_poll(item->file, NULL) & item->events;
}

/* Items are ordered by file, then number: those of one file stand together. */
static int item_cmp(const struct epoll_item *item, const struct file *file, int fd)
{
	if (item->file != file)
		return (uintptr_t)item->file < (uintptr_t)file ? -1 : 1;
	return (item->fd > fd) - (item->fd < fd);
}

/* Where (@file, @fd) is or belongs: *parent and the link. */
static struct rb_node **item_place(struct epoll *ep, const struct file *file, int fd,
				   struct rb_node **parent)
{
	struct rb_node **link = &ep->items.root;

	*parent = NULL;
	while (*link) {
		int cmp = item_cmp(RB_ENTRY(*link, struct epoll_item, node), file, fd);

		if (!cmp)
			break;
		*parent = *link;
		link = cmp > 0 ? &(*link)->left : &(*link)->right;
	}
	return link;
}

static struct epoll_item *item_find(struct epoll *ep, const struct file *file, int fd)
{
	struct rb_node *parent;

	assert_mutex_held(&ep->lock);
	return RB_ENTRY_OR_NULL(*item_place(ep, file, fd, &parent), struct epoll_item, node);
}

static void item_free(struct epoll_item *item)
{
	slab_free(item_cache, item);
	atomic_fetch_sub(&nr_items, 1);
}

static int item_alloc(struct epoll *ep, struct file *file, int fd,
		      const struct linux_epoll_event *event, struct epoll_item **out)
{
	struct epoll_item *item;

	if (atomic_fetch_add(&nr_items, 1) >= MAX_ITEMS) {
		atomic_fetch_sub(&nr_items, 1);
		return -ENOSPC;
	}
	item = slab_alloc(item_cache, MEM_ZERO);
	if (!item) {
		atomic_fetch_sub(&nr_items, 1);
		return -ENOMEM;
	}
	list_init(&item->ready_link);
	list_init(&item->file_link);
	item->ep = ep;
	item->file = file;
	item->fd = fd;
	item->events = event->events;
	item->data = event->data;
	*out = item;
	return 0;
}

static void item_unlink(struct epoll_item *item)
{
	struct epoll *ep = item->ep;
	irqflags_t flags;

	assert_mutex_held(&ep->lock);
	unregister(item);
	/* No wake-up reaches the item any more. */
	flags = spin_lock_irq(&ep->ready_lock);
	list_del(&item->ready_link);
	spin_unlock_irq(&ep->ready_lock, flags);
	rb_erase(&ep->items, &item->node);
	/* Last: once it is off this list the file may go. */
	spin_lock(&watch_lock);
	list_del(&item->file_link);
	spin_unlock(&watch_lock);
}

static void item_destroy(struct epoll_item *item)
{
	item_unlink(item);
	item_free(item);
}

/* ---- epolls that watch epolls ---- */

/*
 * Can @ep have height @need? Walks up all that watch it, which would have to be
 * higher still. -ELOOP: too high, or @target is among them.
 */
static int nest_check(struct epoll *ep, u32 need, const struct epoll *target)
{
	struct epoll_item *item;
	int err = 0;

	if (ep == target || need > MAX_NEST)
		return -ELOOP;
	if (ep->walk == nest_walks && ep->walk_height >= need)
		return 0; /* been here: paths may join */
	ep->walk = nest_walks;
	ep->walk_height = need;
	LIST_FOR_EACH(item, &ep->file->watches, file_link) {
		err = nest_check(item->ep, need + 1, target);
		if (err)
			break;
	}
	return err;
}

/* From the top down, so that ranks rise along every path at any time. */
static void nest_raise(struct epoll *ep, u32 need)
{
	struct epoll_item *item;

	if (ep->height >= need)
		return;
	LIST_FOR_EACH(item, &ep->file->watches, file_link)
		nest_raise(item->ep, need + 1);
	ep->height = need;
	ep->lock.rank = (u8)(RANK_EPOLL - need);
	ep->poll_wait.lock.rank = (u8)(RANK_EPOLL_POLL + need);
}

/* May @ep watch @inner? Makes room for it. nest_lock held. */
static int nest_prepare(struct epoll *ep, struct epoll *inner)
{
	const struct list_head *link;
	u32 watched = 0;
	int err;

	nest_walks++;
	err = nest_check(ep, inner->height + 1, inner);
	if (err)
		return err;
	for (link = inner->file->watches.next; link != &inner->file->watches; link = link->next)
		watched++;
	if (watched >= MAX_WATCHED)
		return -EINVAL;
	nest_raise(ep, inner->height + 1);
	return 0;
}

/* ---- control ---- */

static int add_locked(struct epoll *ep, struct epoll_item *item)
{
	struct item_table t = { { .add = register_waiter }, item };
	struct rb_node *parent, **link;
	u32 bits;

	link = item_place(ep, item->file, item->fd, &parent);
	if (*link)
		return -EEXIST;
	rb_link(&item->node, parent, link);
	rb_insert_fixup(&ep->items, &item->node);
	spin_lock(&watch_lock);
	list_add(&item->file_link, &item->file->watches);
	spin_unlock(&watch_lock);
	bits = file_poll(item->file, &t.table) & item->events;
	if (t.table.error) {
		item_unlink(item);
		return t.table.error;
	}
	if (bits)
		item_news(item);
	return 0;
}

static void begin(struct epoll *ep, const struct file *file)
{
	if (epoll_of(file))
		mutex_lock(&nest_lock);
	mutex_lock(&ep->lock);
}

static void end(struct epoll *ep, const struct file *file)
{
	mutex_unlock(&ep->lock);
	if (epoll_of(file))
		mutex_unlock(&nest_lock);
}

/* Events as they are kept: errors are always told, EPOLLWAKEUP has no effect here. */
static struct linux_epoll_event kept(const struct linux_epoll_event *event)
{
	return (struct linux_epoll_event){
		(event->events & ~EPOLLWAKEUP) | EPOLLERR | EPOLLHUP, event->data
	};
}

static int nest_add(struct epoll *ep, struct epoll *inner, struct epoll_item *item)
{
	int err;

	mutex_lock(&nest_lock);
	err = nest_prepare(ep, inner);
	if (!err) {
		mutex_lock(&ep->lock);
		err = add_locked(ep, item);
		mutex_unlock(&ep->lock);
	}
	mutex_unlock(&nest_lock);
	return err;
}

int epoll_add(struct epoll *ep, struct file *file, int fd, const struct linux_epoll_event *event)
{
	struct linux_epoll_event keep = kept(event);
	struct epoll *inner = epoll_of(file);
	struct epoll_item *item;
	int err;

	if ((event->events & EPOLLEXCLUSIVE) && (inner || (event->events & ~EXCLUSIVE_OK)))
		return -EINVAL;
	err = item_alloc(ep, file, fd, &keep, &item);
	if (err)
		return err;
	if (inner) {
		err = nest_add(ep, inner, item);
	} else {
		mutex_lock(&ep->lock);
		err = add_locked(ep, item);
		mutex_unlock(&ep->lock);
	}
	if (err)
		item_free(item);
	return err;
}

int epoll_modify(struct epoll *ep, struct file *file, int fd,
		 const struct linux_epoll_event *event)
{
	struct linux_epoll_event keep = kept(event);
	struct epoll_item *item;
	int err = 0;

	if (event->events & EPOLLEXCLUSIVE)
		return -EINVAL;
	mutex_lock(&ep->lock);
	item = item_find(ep, file, fd);
	if (!item) {
		err = -ENOENT;
	} else if (item->events & EPOLLEXCLUSIVE) {
		err = -EINVAL;
	} else {
		item->data = keep.data;
		atomic_store_relaxed(&item->events, keep.events);
		/* A wake-up that saw the old events came before this look at the file. */
		atomic_fence();
		if (item_poll(item))
			item_news(item);
	}
	mutex_unlock(&ep->lock);
	return err;
}

int epoll_remove(struct epoll *ep, struct file *file, int fd)
{
	struct epoll_item *item;

	begin(ep, file);
	item = item_find(ep, file, fd);
	if (item)
		item_destroy(item);
	end(ep, file);
	return item ? 0 : -ENOENT;
}

/* ---- waiting ---- */

static int put_event(struct linux_epoll_event __user *uevent, u32 events, u64 data)
{
	if (user_write_u32(user_field(uevent, events), events) ||
	    user_write_u64(user_field(uevent, data), data))
		return -EFAULT;
	return 0;
}

/* The only item on the list, if it is to stay there while it has news (level-triggered):
 * it need not be taken off and put back. ep->lock keeps it; others only append. */
static inline struct epoll_item *lone_item(const struct epoll *ep)
{
	struct list_head *first = atomic_load_relaxed(&ep->ready.next);
	struct epoll_item *item = container_of(first, struct epoll_item, ready_link);

	if (first == &ep->ready || atomic_load_relaxed(&ep->ready.prev) != first ||
	    (item->events & (EPOLLET | EPOLLONESHOT)))
		return NULL;
	return item;
}

/* Return: 1, or -EFAULT; 0: it is not so simple. Lock held. */
static inline long report_lone(struct epoll *ep, struct linux_epoll_event __user *uevents)
{
	const struct epoll_item *item = lone_item(ep);
	u32 bits = item ? item_poll(item) : 0;

	return bits ? put_event(uevents, bits, item->data) ?: 1 : 0;
}

static long report_list(struct epoll *ep, struct linux_epoll_event __user *uevents, u32 max)
{
	struct epoll_item *item, *stop = NULL;
	long n = 0;

	while (n < (long)max && (item = pop(ep, stop))) {
		u32 bits = item_poll(item);

		if (!bits)
			continue;
		if (put_event(uevents + n, bits, item->data)) {
			push(item, true);
			n = n ? n : -EFAULT;
			break;
		}
		n++;
		if (item->events & EPOLLONESHOT) {
			atomic_store_relaxed(&item->events, item->events & PRIVATE_BITS);
		} else if (!(item->events & EPOLLET)) {
			push(item, false);
			if (!stop)
				stop = item;
		}
	}
	return n;
}

/* Return: events written; 0 nothing had news after all; -EFAULT. */
static long report(struct epoll *ep, struct linux_epoll_event __user *uevents, u32 max)
{
	long n;

	mutex_lock(&ep->lock);
	n = report_lone(ep, uevents);
	if (!n)
		n = report_list(ep, uevents, max);
	mutex_unlock(&ep->lock);
	/* Somebody may have found the list empty while its items were in our hands. */
	if (has_ready(ep) && !waitq_empty(&ep->wait))
		waitq_wake_one(&ep->wait);
	return n;
}

static int sleep_until_ready(struct epoll *ep, ns_t deadline_ns)
{
	struct waiter waiter;
	int err = 0;

	waitq_prepare(&ep->wait, &waiter, true);
	if (!has_ready(ep))
		err = sched_block(deadline_ns);
	waitq_finish(&waiter);
	return err;
}

long epoll_wait(struct epoll *ep, struct linux_epoll_event __user *uevents, u32 max,
		ns_t deadline_ns)
{
	int err = 0;

	for (;;) {
		if (has_ready(ep)) {
			long n = report(ep, uevents, max);

			if (n)
				return n;
		}
		if (err == -ETIMEDOUT || !deadline_ns)
			return 0;
		/* Never restarted, handler or not (signal(7)). */
		if (err || signal_pending())
			return -EINTR;
		err = sleep_until_ready(ep, deadline_ns);
	}
}

/* ---- the file ---- */

static u32 epoll_poll(struct file *file, struct poll_table *table)
{
	struct epoll *ep = file->priv;
	struct epoll_item *item;
	u32 bits = 0;

	poll_wait(table, &ep->poll_wait);
	if (!has_ready(ep))
		return 0;
	mutex_lock(&ep->lock);
	while (!bits && (item = pop(ep, NULL))) {
		if (!item_poll(item))
			continue;
		push(item, true);
		bits = POLLIN | POLLRDNORM;
	}
	mutex_unlock(&ep->lock);
	if (bits)
		wake_sleeper(ep); /* as in report() */
	return bits;
}

static void epoll_put(struct epoll *ep)
{
	if (refcount_put(&ep->refs))
		kfree(ep);
}

static void epoll_release(struct file *file)
{
	struct epoll *ep = file->priv;
	struct rb_node *node;

	mutex_lock(&nest_lock);
	mutex_lock(&ep->lock);
	while ((node = rb_first(&ep->items)))
		item_destroy(RB_ENTRY(node, struct epoll_item, node));
	mutex_unlock(&ep->lock);
	mutex_unlock(&nest_lock);
	epoll_put(ep);
}

/* An epoll that watches @file, referenced; NULL: none does. */
static struct epoll *get_watcher(struct file *file)
{
	struct epoll_item *item;
	struct epoll *ep = NULL;

	spin_lock(&watch_lock);
	item = LIST_FIRST_ENTRY(&file->watches, struct epoll_item, file_link);
	if (item) {
		ep = item->ep;
		refcount_get(&ep->refs);
	}
	spin_unlock(&watch_lock);
	return ep;
}

/* The first item of @file in @ep: numbers are not negative. */
static struct epoll_item *first_of_file(struct epoll *ep, const struct file *file)
{
	struct rb_node *node = ep->items.root, *found = NULL;

	while (node) {
		if (item_cmp(RB_ENTRY(node, struct epoll_item, node), file, 0) >= 0) {
			found = node;
			node = node->left;
		} else {
			node = node->right;
		}
	}
	if (!found || RB_ENTRY(found, struct epoll_item, node)->file != file)
		return NULL;
	return RB_ENTRY(found, struct epoll_item, node);
}

void epoll_file_released(struct file *file)
{
	struct epoll_item *item;
	struct epoll *ep;

	while ((ep = get_watcher(file))) {
		begin(ep, file);
		while ((item = first_of_file(ep, file)))
			item_destroy(item);
		end(ep, file);
		epoll_put(ep);
	}
}

static void epoll_fdinfo(struct file *file, struct seq *seq)
{
	struct epoll *ep = file->priv;
	struct rb_node *node;

	mutex_lock(&ep->lock);
	RB_FOR_EACH(node, &ep->items) {
		const struct epoll_item *item = RB_ENTRY(node, struct epoll_item, node);

		seq_printf(seq, "tfd: %8d events: %8x data: %16llx  pos:%llu ino:%llx\n", item->fd,
			   item->events, (unsigned long long)item->data,
			   (unsigned long long)item->file->pos,
			   (unsigned long long)item->file->inode->ino);
	}
	mutex_unlock(&ep->lock);
}

static const struct file_ops epoll_fops = {
	.poll = epoll_poll,
	.release = epoll_release,
	.anon_name = "[eventpoll]",
	.fdinfo = epoll_fdinfo,
};

int epoll_create(struct file **out)
{
	struct epoll *ep = kzalloc(sizeof(*ep), 0);

	if (!ep)
		return -ENOMEM;
	refcount_init(&ep->refs);
	mutex_init(&ep->lock, RANK_EPOLL, "epoll");
	spin_init(&ep->ready_lock, RANK_EPOLL_READY, "epoll_ready");
	list_init(&ep->ready);
	waitq_init(&ep->wait, "epoll_wait");
	ep->wait.lock.rank = RANK_EPOLL_WAIT;
	waitq_init(&ep->poll_wait, "epoll_poll");
	ep->poll_wait.lock.rank = RANK_EPOLL_POLL;
	*out = file_alloc(inode_anon(), &epoll_fops, O_RDWR);
	if (!*out) {
		kfree(ep);
		return -ENOMEM;
	}
	(*out)->priv = ep;
	ep->file = *out;
	return 0;
}
